// HTTP/2 with libssl beneath, server and client; needs no files.
//   node examples/modules/http2.mjs
import { once } from 'node:events';
import * as http2 from 'node:http2';
import { connect, createServer } from 'libssl/node';
import { CA_PEM, CERT_PEM, KEY_PEM } from '../port/pki.mjs';

// The server: `http2.createServer` is given the connections, where `http2.createSecureServer` would make its own.
const web = http2.createServer((_request, response) => response.end('hello'));
const server = createServer({ cert: CERT_PEM, key: KEY_PEM, ALPNProtocols: ['h2'] }, (socket) => web.emit('connection', socket));
server.listen(0, '127.0.0.1');
await once(server, 'listening');

// The client.
const socket = connect({ host: 'localhost', port: server.address().port, ca: CA_PEM, ALPNProtocols: ['h2'] });
const session = http2.connect(`https://localhost:${server.address().port}`, { createConnection: () => socket });

const stream = session.request({ ':path': '/' });
const text = Buffer.concat(await stream.toArray()).toString();
console.log(`${text} over ${socket.alpnProtocol}, ${socket.getProtocol()}`);

session.close();
server.close();
