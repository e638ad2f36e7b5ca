// undici, and so `fetch`, with libssl beneath; needs no files.
//   node examples/modules/undici.mjs
import { once } from 'node:events';
import * as http from 'node:http';
import { connect, createServer } from 'libssl/node';
import { Agent, fetch } from 'undici';
import { CA_PEM, CERT_PEM, KEY_PEM } from '../port/pki.mjs';

const web = http.createServer((request, response) => response.end(`hello over ${request.socket.getProtocol()}`));
const server = createServer({ cert: CERT_PEM, key: KEY_PEM }, (socket) => web.emit('connection', socket));
server.listen(0, '127.0.0.1');
await once(server, 'listening');

// undici's agents take a function that connects.
const dispatcher = new Agent({
  connect({ hostname, port }, done) {
    const socket = connect({ host: hostname, port, ca: CA_PEM, ALPNProtocols: ['http/1.1'] }, () => done(null, socket));
    socket.once('error', done);
  },
});

const response = await fetch(`https://localhost:${server.address().port}/`, { dispatcher });
console.log(response.status, await response.text());

await dispatcher.close();
server.close();
