// A node:tls server in a process of its own, so that a client's CPU time is the client's alone. Whoever sends four bytes gets as many as they say.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as tls from 'node:tls';
import { fileURLToPath } from 'node:url';

/** @returns {Promise<{ port: number, stop: () => void }>} */
export async function serveElsewhere({ cert, key }, ecdhCurve) {
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  child.send({ cert, key, ecdhCurve });
  const [port] = await once(child, 'message');
  return { port, stop: () => child.kill() };
}

function serve({ cert, key, ecdhCurve }) {
  const piece = Buffer.alloc(65_536, 7);
  const server = tls.createServer({ cert, key, ecdhCurve, minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256', noDelay: true });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', async (asked) => {
      for (let left = asked.readUInt32BE(0); left > 0; left -= piece.length)
        if (!socket.write(left < piece.length ? piece.subarray(0, left) : piece)) await once(socket, 'drain');
    });
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  // The benchmark ended, however it did.
  process.once('disconnect', () => process.exit());
}

if (process.argv[2] === 'serve' && process.send !== undefined) process.once('message', serve);
