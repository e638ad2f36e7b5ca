// An HTTPS server: node:http above, libssl beneath. Run it with a certificate and its key:
//   node examples/node/https-server.mjs server.pem key.pem [port]
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import { createServer } from 'libssl/node';

const [certFile, keyFile, port = '8443'] = process.argv.slice(2);
if (certFile === undefined || keyFile === undefined) {
  console.error('usage: https-server.mjs CERT KEY [PORT]');
  process.exit(2);
}

const web = http.createServer((request, response) => {
  response.end(`${request.method} ${request.url} over ${request.socket.getProtocol()}, ${request.socket.getCipher().name}\n`);
});

const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile), ALPNProtocols: ['http/1.1'] }, (socket) =>
  web.emit('connection', socket),
);
server
  .on('tlsClientError', (error) => console.error(error.message))
  .listen(Number(port), '127.0.0.1', () => console.log(`https://localhost:${server.address().port}/`));
