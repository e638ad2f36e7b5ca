// crypto/tls of Go, for what no other peer speaks: Encrypted ClientHello. The program is compiled when it is first needed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./go-program.go', import.meta.url));

/** Since 1.24 servers have it too. */
const find = () => {
  try {
    const [, version, minor] = /go(1\.(\d+)\S*)/.exec(execFileSync('go', ['version'], { encoding: 'utf8' })) ?? [];
    return Number(minor) >= 24 ? version : undefined;
  } catch {
    return undefined;
  }
};

let program;
function compiled() {
  if (program !== undefined) return program;
  const folder = mkdtempSync(join(tmpdir(), 'libssl-go-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  program = join(folder, 'peer');
  execFileSync('go', ['build', '-o', program, SOURCE], { stdio: 'inherit' });
  return program;
}

const start = (scope, setup) => scope.start(compiled(), [JSON.stringify(setup)]);

export const go = {
  name: 'go',
  install: 'Go 1.24 or later, from go.dev',
  roles: ['client', 'server'],
  /** The other topics are for programs that can be told more. */
  topics: ['Encrypted ClientHello'],
  find,
  lacks: () => undefined,

  /** `config` and `privateKey` are of a key of ours; without them it has none. */
  async server(scope, { identity, key, groups }) {
    const running = start(scope, {
      Role: 'server',
      CertFile: identity.certFile,
      KeyFile: identity.keyFile,
      Groups: groups,
      ...(key && { Config: base64(key.config.raw), PrivateKey: base64(key.privateKey) }),
    });
    const [, port] = await running.says(/listening on (\d+)/);
    return Object.assign(running, { port: Number(port) });
  },

  client: (scope, { ca, serverName, list, groups }, port) =>
    start(scope, {
      Role: 'client',
      Port: port,
      ServerName: serverName,
      CaFile: ca.certFile,
      ConfigList: list && base64(list),
      Groups: groups,
    }),
};

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
