// MariaDB: `app` comes with a password over TLS, `certuser` must show a certificate too.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../interop/scope.mjs';
import { ACCOUNT, listens, own, ownCertificates, ownDirectory, programOf, versionOf } from './start.mjs';

const PASSWORD = 'a pass word of app';

export const mariadb = {
  name: 'MariaDB',
  install: 'apt-get install mariadb-server',
  find: () => versionOf('mariadbd', ['--version'], /Ver (\d[\d.]*)/),

  prepare(base, pki) {
    const directory = ownDirectory(base, 'mariadb');
    const data = join(directory, 'data');
    const { cert, key, ca } = ownCertificates(directory, pki);
    execFileSync(
      programOf('mariadb-install-db'),
      ['--no-defaults', `--datadir=${data}`, '--skip-test-db', '--auth-root-authentication-method=normal'],
      { ...ACCOUNT, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const accounts = join(directory, 'accounts.sql');
    writeFileSync(
      accounts,
      `CREATE OR REPLACE USER app@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL;
CREATE OR REPLACE USER certuser@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE X509;
GRANT ALL ON *.* TO app@'%';
`,
    );
    own(accounts);
    return { directory, data, accounts, cert, key, ca };
  },

  async start(scope, { directory, data, accounts, cert, key, ca }) {
    const port = await freePort();
    const program = scope.start(
      programOf('mariadbd'),
      [
        '--no-defaults',
        `--datadir=${data}`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--socket=${join(directory, 'mysql.sock')}`,
        `--pid-file=${join(directory, 'mysql.pid')}`,
        `--init-file=${accounts}`,
        `--ssl-cert=${cert}`,
        `--ssl-key=${key}`,
        `--ssl-ca=${ca}`,
        '--tls-version=TLSv1.2,TLSv1.3',
        '--max-allowed-packet=32M',
        '--innodb-flush-log-at-trx-commit=0',
        '--skip-log-bin',
        '--skip-name-resolve',
      ],
      { ...ACCOUNT, cwd: directory },
    );
    await program.says('ready for connections');
    await listens(program, port);
    return { port, user: 'app', password: PASSWORD, database: 'mysql', pid: program.child.pid, signal: 'SIGKILL' };
  },
};
