// The processes of cores.mjs: `primary` with its workers, and `client`.
import cluster from 'node:cluster';
import { once } from 'node:events';
import * as nodeTls from 'node:tls';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import * as libssl from '../dist/node/index.js';

const AT_ONCE = 8;
/** Of node:tls, whose workers have no keeper. */
const TICKET_KEYS = Buffer.alloc(48, 7);

const { side, way, workers, cert, key, ca } = JSON.parse(process.env.LIBSSL_CORES);

if (!isMainThread) await serve(parentPort, (message) => parentPort.postMessage(message));
else if (cluster.isWorker) await serve(process, (message) => process.send(message));
else if (process.argv[2] === 'primary') keep();
else visit();

function keep() {
  const keeper = new libssl.SessionKeeper();
  const ports = [];
  const children = [];
  for (let i = 0; i < workers; i++) {
    const worker = way === 'cluster' ? cluster.fork() : new Worker(new URL(import.meta.url));
    keeper.add(worker);
    children.push(worker);
    worker.on('message', ({ port }) => {
      if (port !== undefined && ports.push(port) === workers) process.send(ports);
    });
  }
  process.on('message', async () => {
    // Threads are in this process's time.
    const theirs = way === 'cluster' ? await Promise.all(children.map(cpuOf)) : [];
    process.send(theirs.reduce((sum, each) => sum + each, cpu()));
  });
}

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const cpuOf = (worker) =>
  new Promise((resolve) => {
    const hear = ({ spent }) => {
      if (spent === undefined) return;
      worker.off('message', hear);
      resolve(spent);
    };
    worker.on('message', hear);
    worker.send('cpu');
  });

/** Says one byte to everybody. */
async function serve(channel, tell) {
  const { createServer } = side === 'libssl' ? libssl : nodeTls;
  const shared = side === 'libssl' ? { ssl: await libssl.sharedSessions(channel) } : { ticketKeys: TICKET_KEYS };
  const server = createServer({ cert, key, minVersion: 'TLSv1.3', noDelay: true, ...shared }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('x');
  });
  server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));
  channel.on('message', (message) => message === 'cpu' && tell({ spent: cpu() }));
}

/** Makes so many connections, some at once, to all ports by turns. */
function visit() {
  process.on('message', async ({ ports, resumes, count }) => {
    const session = resumes ? (await connection(ports[0])).session : undefined;
    let begun = 0;
    const go = async () => {
      while (begun < count) {
        const { reused } = await connection(ports[begun++ % ports.length], session);
        if (reused !== resumes) throw new Error(resumes ? 'not resumed' : 'resumed');
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, go));
    process.send('done');
  });
  process.send('ready');
}

/** A whole connection, until the server ends it. */
async function connection(port, offered) {
  const socket = nodeTls.connect({ port, host: '127.0.0.1', servername: 'server.example', ca, session: offered });
  let session;
  socket.on('session', (latest) => {
    session = latest;
  });
  await once(socket, 'secureConnect');
  const reused = socket.isSessionReused();
  socket.resume();
  await once(socket, 'close');
  return { reused, session };
}
