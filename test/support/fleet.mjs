// Servers on several cores that share sessions: `fork`ed by tests, with `cluster` or `threads`. Each worker has a port of its own, so that a client chooses.
// To the parent go { ports } and, after it said 'rotate', { rotated }.
import cluster from 'node:cluster';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createServer, SessionKeeper, sharedSessions } from '../../dist/node/index.js';

const WORKERS = 2;
const { LIBSSL_FLEET: mode, LIBSSL_FLEET_SERVER: server } = process.env;

if (isMainThread && cluster.isPrimary) keep();
else await serve(isMainThread ? process : parentPort);

function keep() {
  const keeper = new SessionKeeper();
  const ports = [];
  for (let i = 0; i < WORKERS; i++) {
    const worker = mode === 'cluster' ? cluster.fork() : new Worker(new URL(import.meta.url));
    keeper.add(worker);
    worker.on('message', ({ port }) => {
      if (port === undefined) return;
      ports.push(port);
      if (ports.length === WORKERS) process.send({ ports });
    });
  }
  process.on('message', (message) => {
    if (message !== 'rotate') return;
    keeper.rotate();
    process.send({ rotated: keeper.size });
  });
  process.once('disconnect', () => process.exit());
}

async function serve(channel) {
  const { maxEarlyData, ...options } = JSON.parse(server);
  const shared = await sharedSessions(channel);
  const worker = createServer({ ...options, ssl: { ...shared, maxEarlyData } }, (socket) => {
    socket.on('error', () => undefined);
    socket.end(`${socket.earlyData}`);
  });
  worker.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
    const { port } = worker.address();
    if (channel === process) process.send({ port });
    else channel.postMessage({ port });
  });
}
