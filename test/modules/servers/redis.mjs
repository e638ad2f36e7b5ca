// Redis, which speaks TLS alone here.
import { freePort } from '../../interop/scope.mjs';
import { ACCOUNT, listens, ownCertificates, ownDirectory, programOf, versionOf } from './start.mjs';

export const redis = {
  name: 'Redis',
  install: 'apt-get install redis-server',
  find: () => versionOf('redis-server', ['--version'], /v=(\S+)/),

  prepare(base, pki) {
    const directory = ownDirectory(base, 'redis');
    return { directory, ...ownCertificates(directory, pki) };
  },

  async start(scope, { directory, cert, key, ca }) {
    const port = await freePort();
    const settings = {
      port: 0,
      bind: '127.0.0.1',
      'tls-port': port,
      'tls-cert-file': cert,
      'tls-key-file': key,
      'tls-ca-cert-file': ca,
      'tls-auth-clients': 'optional',
      'tls-protocols': 'TLSv1.2 TLSv1.3',
      dir: directory,
      save: '',
    };
    const program = scope.start(
      programOf('redis-server'),
      Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
      { ...ACCOUNT, cwd: directory },
    );
    await program.says('Ready to accept connections');
    await listens(program, port);
    return { port, pid: program.child.pid, signal: 'SIGKILL' };
  },
};
