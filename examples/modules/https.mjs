// HTTPS with libssl beneath, server and client; needs no files.
//   node examples/modules/https.mjs
import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { connect, createServer } from 'libssl/node';
import { CA_PEM, CERT_PEM, KEY_PEM } from '../port/pki.mjs';

// The server: `node:http` is given the connections, where `https.createServer` would make its own.
const web = http.createServer((request, response) => response.end(`hello over ${request.socket.getProtocol()}`));
const server = createServer({ cert: CERT_PEM, key: KEY_PEM }, (socket) => web.emit('connection', socket));
server.listen(0, '127.0.0.1');
await once(server, 'listening');

// The client: an agent of `node:https`, the connections of which are ours. It keeps them alive as ever.
let connections = 0;
class Agent extends https.Agent {
  createConnection(options) {
    connections++;
    return connect(options);
  }
}
const agent = new Agent({ keepAlive: true });

let text = '';
for (let i = 0; i < 3; i++) {
  const request = https.get({ host: 'localhost', port: server.address().port, ca: CA_PEM, agent });
  const [response] = await once(request, 'response');
  text = Buffer.concat(await response.toArray()).toString();
}
console.log(`${text}, ${connections} connection for 3 requests`);

agent.destroy();
server.close();
