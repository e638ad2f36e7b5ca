// PostgreSQL: `app` comes with a password, `certuser` with a certificate, and nobody without TLS.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../interop/scope.mjs';
import { ACCOUNT, listens, own, ownCertificates, ownDirectory, programOf, versionOf } from './start.mjs';

const PASSWORD = 'a pass word of app';

export const postgres = {
  name: 'PostgreSQL',
  install: 'apt-get install postgresql',
  find: () => versionOf('postgres', ['--version'], /PostgreSQL\) (\S+)/),

  prepare(base, pki) {
    const directory = ownDirectory(base, 'postgres');
    const data = join(directory, 'data');
    const password = join(directory, 'password');
    writeFileSync(password, PASSWORD);
    own(password);
    execFileSync(programOf('initdb'), ['-D', data, '-U', 'app', '-A', 'scram-sha-256', '--pwfile', password, '--no-sync', '-E', 'UTF8'], {
      ...ACCOUNT,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const { cert, key, ca } = ownCertificates(directory, pki);
    writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all certuser all cert\nhostssl all all all scram-sha-256\n');
    writeFileSync(
      join(data, 'postgresql.auto.conf'),
      `listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
max_connections = 80
ssl = on
ssl_cert_file = '${cert}'
ssl_key_file = '${key}'
ssl_ca_file = '${ca}'
`,
    );
    return { directory, data };
  },

  async start(scope, { directory, data }) {
    const port = await freePort();
    const program = scope.start(programOf('postgres'), ['-D', data, '-p', String(port)], { ...ACCOUNT, cwd: directory });
    await program.says('ready to accept connections');
    await listens(program, port);
    return {
      port,
      user: 'app',
      password: PASSWORD,
      database: 'postgres',
      pid: program.child.pid,
      // Its immediate shutdown: the children go too.
      signal: 'SIGQUIT',
    };
  },
};
