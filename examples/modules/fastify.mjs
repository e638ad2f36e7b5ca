// fastify over HTTPS with libssl beneath; needs no files.
//   node examples/modules/fastify.mjs
import { once } from 'node:events';
import * as http from 'node:http';
import { get } from 'node:https';
import { fastify } from 'fastify';
import { createServer } from 'libssl/node';
import { CA_PEM, CERT_PEM, KEY_PEM } from '../port/pki.mjs';

const app = fastify({
  // In place of `https: { cert, key }`.
  serverFactory(handler) {
    const web = http.createServer(handler);
    return createServer({ cert: CERT_PEM, key: KEY_PEM }, (socket) => web.emit('connection', socket));
  },
});
app.get('/', async (request) => ({ hello: 'world', over: request.socket.getProtocol() }));
await app.listen({ port: 0, host: '127.0.0.1' });

const request = get({ host: 'localhost', port: app.server.address().port, ca: CA_PEM, agent: false });
const [response] = await once(request, 'response');
console.log(Buffer.concat(await response.toArray()).toString());

await app.close();
