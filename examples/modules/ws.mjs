// WebSockets with libssl beneath, server and client; needs no files.
//   node examples/modules/ws.mjs
import { once } from 'node:events';
import * as http from 'node:http';
import { connect, createServer } from 'libssl/node';
import { WebSocket, WebSocketServer } from 'ws';
import { CA_PEM, CERT_PEM, KEY_PEM } from '../port/pki.mjs';

const web = http.createServer();
new WebSocketServer({ server: web }).on('connection', (socket) => {
  socket.on('message', (text) => socket.send(`${text}, ${text}`));
});
const server = createServer({ cert: CERT_PEM, key: KEY_PEM }, (socket) => web.emit('connection', socket));
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const client = new WebSocket(`wss://localhost:${server.address().port}/`, { ca: CA_PEM, createConnection: connect });
await once(client, 'open');
client.send('hello');
const [answer] = await once(client, 'message');
console.log(String(answer));

client.close();
server.close();
