// A server on every core, and sessions that each of them resumes: ticket keys that one process or thread changes and tells the others, and a cache for
// what tickets do not carry, clients without tickets and early data.
//   node examples/node/many-cores.mjs server.pem key.pem [port] [workers] [cluster|threads]
// Threads share a port from Node 22.12 on; before that each has one of its own. Measure it with any client that resumes:
//   openssl s_time -connect localhost:PORT -reuse
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, threadId, Worker } from 'node:worker_threads';
import { createServer, SessionKeeper, sharedSessions } from 'libssl/node';

/** Seconds: a ticket's key seals for half a day, and opens for another half. */
const ROTATION = 12 * 3600;

const [certFile, keyFile, port = '8443', workers = String(availableParallelism()), way = 'cluster'] = process.argv.slice(2);
if (certFile === undefined || keyFile === undefined || !['cluster', 'threads'].includes(way)) {
  console.error('usage: many-cores.mjs CERT KEY [PORT] [WORKERS] [cluster|threads]');
  process.exit(2);
}
if (isMainThread && cluster.isPrimary) keep();
else await serve(isMainThread ? process : parentPort);

/** Keeps keys and sessions, and starts a worker anew that dies. */
function keep() {
  const keeper = new SessionKeeper({ rotation: ROTATION });
  const ports = [];
  const start = () => {
    const worker = way === 'cluster' ? cluster.fork() : new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
    keeper.add(worker);
    worker.on('message', ({ listening }) => {
      if (listening === undefined || ports.push(listening) !== Number(workers)) return;
      console.log(`${workers} workers at ${[...new Set(ports)].map((each) => `https://localhost:${each}/`).join(' and ')}`);
    });
    // A thread says why it ends; a process says it itself.
    worker.on('error', (error) => console.error(error));
    worker.on('exit', (code) => {
      if (code !== 0) start();
    });
  };
  for (let i = 0; i < Number(workers); i++) start();
}

/** What a worker says to the one that keeps. */
function tell(message) {
  if (isMainThread) process.send(message);
  else parentPort.postMessage(message);
}

/** A worker: its settings for sessions come from the one that keeps. */
async function serve(channel) {
  const shared = await sharedSessions(channel);
  const options = { cert: readFileSync(certFile), key: readFileSync(keyFile), ALPNProtocols: ['http/1.1'], ssl: shared };
  const server = createServer(options, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      const body = `worker ${cluster.worker?.id ?? threadId}, ${socket.getProtocol()}, resumed: ${socket.isSessionReused()}\n`;
      socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  });
  server.on('tlsClientError', () => undefined);
  server.on('listening', () => tell({ listening: server.address().port }));
  server.on('error', ({ code }) => code === 'EADDRINUSE' && server.listen(0, '127.0.0.1'));
  server.listen({ port: Number(port), host: '127.0.0.1', reusePort: !isMainThread });
}
