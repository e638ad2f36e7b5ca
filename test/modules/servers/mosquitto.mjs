// mosquitto with two doors: one for everybody, one for those with a certificate.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../interop/scope.mjs';
import { ACCOUNT, listens, ownCertificates, ownDirectory, programOf, versionOf } from './start.mjs';

export const mosquitto = {
  name: 'mosquitto',
  install: 'apt-get install mosquitto',
  find: () => versionOf('mosquitto', ['-h'], /mosquitto version (\S+)/),

  prepare(base, pki) {
    const directory = ownDirectory(base, 'mosquitto');
    return { directory, ...ownCertificates(directory, pki) };
  },

  async start(scope, { directory, cert, key, ca }) {
    const [port, portForCertificates] = [await freePort(), await freePort()];
    const door = (number, more) => `listener ${number} 127.0.0.1
certfile ${cert}
keyfile ${key}
cafile ${ca}
${more}
`;
    const file = join(directory, 'mosquitto.conf');
    writeFileSync(
      file,
      `per_listener_settings true\n${door(port, 'allow_anonymous true')}${door(portForCertificates, 'require_certificate true\nuse_identity_as_username true')}`,
    );
    const program = scope.start(programOf('mosquitto'), ['-c', file], { ...ACCOUNT, cwd: directory });
    await listens(program, port);
    await listens(program, portForCertificates);
    return { port, portForCertificates, pid: program.child.pid, signal: 'SIGKILL' };
  },
};
