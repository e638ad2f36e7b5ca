// Our own s_client and s_server at a terminal, with the peers' programs at the other end.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { SERVER_NAME } from '../certificates.mjs';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

const programs = {
  topic: 'command-line',
  cases(peer, ours) {
    if (!['openssl', 'gnutls'].includes(peer.name)) return [];
    return ours === 'client' ? [{ title: 's_client', run: ourClient }] : [{ title: 's_server', run: ourServer }];
  },
};

const theirs = ({ pki }) => ({ identity: pki.server.p256, ca: pki.ca, serverName: SERVER_NAME });

const start = (scope, ...args) => scope.start(process.execPath, [MAIN, ...args]);

async function ourClient(t) {
  const peer = await t.peer.server(t.scope, theirs(t));
  const address = ['-connect', `127.0.0.1:${peer.port}`, '-servername', SERVER_NAME];
  const client = start(t.scope, 's_client', ...address, '-CAfile', t.pki.ca.certFile, '-verify_return_error', '-tls1_3');
  await client.says('Verify return code: 0 (ok)');
  client.write('from us to you\n');
  await (t.peer.name === 'gnutls' ? client : peer).says('from us to you');
  if (t.peer.name === 'openssl') {
    peer.write('to us from you\n');
    await client.says('to us from you');
  }
  client.write('Q\n');
  assert.equal((await client.exit).code, 0);
}

async function ourServer(t) {
  const { certFile, keyFile } = t.pki.server.p256;
  const server = start(t.scope, 's_server', '-accept', '127.0.0.1:0', '-cert', certFile, '-key', keyFile, '-tls1_3');
  const [, port] = await server.says(/ACCEPT 127\.0\.0\.1:(\d+)/);
  const client = await t.peer.client(t.scope, theirs(t), Number(port));
  // What is typed before the handshake is over waits for its end.
  client.write('to us from you\n');
  await server.says('to us from you');
  server.write('from us to you\n');
  await client.says('from us to you');
  client.program.endInput();
  assert.equal((await client.program.exit).code, 0);
}

export const commands = [programs];
