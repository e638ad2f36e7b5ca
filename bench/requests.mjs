// HTTPS requests: node:http over the streams of a TLS library, both ends in one process.
import { once } from 'node:events';
import * as http from 'node:http';

/** @param {import('node:tls')} tls */
export async function over({ createServer, connect }, { client, server: options }, keepAlive) {
  const web = http.createServer((_request, response) => response.end('hello'));
  const server = createServer({ ...options, noDelay: true }, (socket) => web.emit('connection', socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const agent = new http.Agent({ keepAlive, maxSockets: 1 });
  agent.createConnection = () => connect({ ...client, port, host: '127.0.0.1', noDelay: true });
  const one = () =>
    new Promise((resolve, reject) => {
      const request = http.get({ agent, port, host: '127.0.0.1' }, (response) => response.resume().on('end', resolve));
      request.on('error', reject);
    });
  return async (count) => {
    for (let i = 0; i < count; i++) await one();
  };
}
