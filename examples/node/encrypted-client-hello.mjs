// A server that keeps the names of its hosts to itself, and a client that asks for one of them (RFC 9849):
//   node examples/node/encrypted-client-hello.mjs CERTIFICATE KEY CA-FILE
// The certificate is for the host (localhost) and for the public name, which everybody on the way sees.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { EchKeys, echKeyPem, makeEchKey } from 'libssl';
import { connect, createServer } from 'libssl/node';

const [cert, key, ca] = process.argv.slice(2).map((path) => readFileSync(path));

const echKey = makeEchKey({ publicName: 'public.example', maximumNameLength: 64 });
// What goes into the HTTPS record of DNS, as ech="…".
const echConfigList = new EchKeys([echKey]).retryConfigs;

const server = createServer({ cert, key, echKeys: echKeyPem(echKey) }, (socket) => {
  socket.end(`asked for ${socket.servername}, sealed: ${socket.echAccepted}\n`);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const socket = connect({ host: 'localhost', port: server.address().port, ca, echConfigList });
socket.on('error', (error) => {
  // The server had no key for it, but proved to be the public name: what it says now is good for one more try.
  if (error.code === 'ERR_SSL_ECH_REJECTED') console.log('try again with', Buffer.from(error.echRetryConfigs).toString('base64'));
});
for await (const chunk of socket) process.stdout.write(chunk);
server.close();
