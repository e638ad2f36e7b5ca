// Postfix, which takes mail for example.test into one file after STARTTLS, and on a second port with TLS from the first byte.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '../../interop/scope.mjs';
import { listens, own, ownCertificates, programOf, versionOf } from './start.mjs';

const NOBODY = 65_534;

export const postfix = {
  name: 'Postfix',
  install: 'apt-get install postfix',
  find: () => versionOf('postconf', ['-d', 'mail_version'], /= (\S+)/),
  lacks: () => (process.getuid?.() === 0 ? undefined : "Postfix's master starts as root alone"),

  async prepare(base, pki) {
    const directory = mkdtempSync(join(base, 'postfix-'));
    chmodSync(directory, 0o755);
    for (const name of ['queue', 'lib', 'mail', 'etc']) mkdirSync(join(directory, name));
    own(join(directory, 'mail'));
    execFileSync('chown', ['postfix', join(directory, 'lib')]);
    const etc = join(directory, 'etc');
    const { cert, key } = ownCertificates(directory, pki);
    writeFileSync(join(etc, 'main.cf'), mainCf(directory, cert, key));
    const [port, portOfTls] = [await freePort(), await freePort()];
    writeFileSync(join(etc, 'master.cf'), masterCf(port, portOfTls));
    execFileSync(programOf('postfix'), ['-c', etc, 'check'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return { directory, etc, port, portOfTls };
  },

  async start(scope, { directory, etc, port, portOfTls }) {
    const daemons = dirname(programOf('master'));
    const program = scope.start(join(daemons, 'master'), ['-c', etc, '-d'], { env: { MAIL_CONFIG: etc }, detached: true });
    // Its children are of its group, and go with it.
    await listens(program, port);
    return { port, portOfTls, mailbox: join(directory, 'mail', 'inbox'), pid: -program.child.pid, signal: 'SIGKILL' };
  },
};

const mainCf = (directory, cert, key) => `compatibility_level = 3.6
queue_directory = ${directory}/queue
data_directory = ${directory}/lib
maillog_file = ${directory}/log
maillog_file_prefixes = ${directory}
mail_owner = postfix
myhostname = localhost
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_chain_files = ${key}, ${cert}
smtpd_tls_security_level = encrypt
smtpd_tls_received_header = yes
smtpd_tls_session_cache_database =
smtpd_peername_lookup = no
message_size_limit = 33554432
virtual_mailbox_limit = 0
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:inbox
virtual_mailbox_base = ${directory}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:${NOBODY}
virtual_gid_maps = static:${NOBODY}
`;

const masterCf = (port, portOfTls) => `127.0.0.1:${port} inet n - n - 100 smtpd
127.0.0.1:${portOfTls} inet n - n - 100 smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`;
