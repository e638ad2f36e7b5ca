// One port, a process for each core, and sessions that any of them resumes: workers share the keys of tickets, and a cache for clients without tickets.
//   node examples/node/many-cores.mjs server.pem key.pem [port] [workers]
// Measure it with any client that resumes: openssl s_time -connect localhost:PORT -reuse
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { decodeSession, encodeSession } from 'libssl';
import { createServer } from 'libssl/node';

/** A ticket's key seals for half a day and opens for a whole one. */
const ROTATION = 12 * 3600 * 1000;
/** Sessions the primary keeps; the oldest goes first. */
const CACHED = 20_000;

const [certFile, keyFile, port = '8443', workers = String(availableParallelism())] = process.argv.slice(2);
if (certFile === undefined || keyFile === undefined) {
  console.error('usage: many-cores.mjs CERT KEY [PORT] [WORKERS]');
  process.exit(2);
}
if (cluster.isPrimary) keep();
else serve();

/** The primary: makes the keys, keeps the cache, and starts a worker anew that dies. */
function keep() {
  const newKey = () => ({ name: randomBytes(16).toString('hex'), key: randomBytes(32).toString('hex') });
  let keys = [newKey()];
  const sessions = new Map();
  setInterval(() => {
    keys = [newKey(), ...keys.slice(0, 1)];
    for (const worker of Object.values(cluster.workers)) worker.send({ keys });
  }, ROTATION).unref();
  cluster.on('message', (worker, { begins, store, find, question }) => {
    if (begins) worker.send({ keys });
    if (store !== undefined) {
      sessions.set(store.id, store.session);
      if (sessions.size > CACHED) sessions.delete(sessions.keys().next().value);
    }
    if (find !== undefined) worker.send({ question, session: sessions.get(find) });
  });
  let ready = 0;
  cluster.on('listening', (_worker, { port: bound }) => {
    if (++ready === Number(workers)) console.log(`${workers} workers at https://localhost:${bound}/`);
  });
  cluster.on('exit', (_worker, code) => {
    if (code !== 0) cluster.fork();
  });
  for (let i = 0; i < Number(workers); i++) cluster.fork();
}

/** A worker: what it needs of the others comes through its pipe to the primary, secrets included, so the pipe is as safe as the process. */
function serve() {
  let keys = [];
  const questions = new Map();
  const asked = { count: 0 };
  process.on('message', (message) => {
    if (message.keys !== undefined)
      keys = message.keys.map(({ name, key }) => ({ name: Buffer.from(name, 'hex'), key: Buffer.from(key, 'hex') }));
    if (!server.listening) server.listen(Number(port), '127.0.0.1');
    questions.get(message.question)?.(message.session);
    questions.delete(message.question);
  });
  const options = {
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    ALPNProtocols: ['http/1.1'],
    ssl: {
      // Without a name the newest key is wanted, to seal with; a ticket under the older one is replaced.
      ticketKeyCallback: (_ssl, name) => {
        const key = name === undefined ? keys[0] : keys.find((one) => one.name.equals(name));
        return key && { ...key, renew: key !== keys[0] };
      },
      newSessionCallback: (_ssl, session) => {
        const { id } = session.data;
        if (id.length > 0)
          process.send({ store: { id: Buffer.from(id).toString('hex'), session: Buffer.from(encodeSession(session)).toString('base64') } });
      },
      getSessionCallback: (_ssl, id) =>
        new Promise((resolve) => {
          const question = ++asked.count;
          questions.set(question, (found) => resolve(found === undefined ? undefined : decodeSession(Buffer.from(found, 'base64'))));
          process.send({ find: Buffer.from(id).toString('hex'), question });
        }),
    },
  };
  const server = createServer(options, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      const body = `worker ${cluster.worker.id}, ${socket.getProtocol()}, resumed: ${socket.isSessionReused()}\n`;
      socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  });
  server.on('tlsClientError', () => undefined);
  process.send({ begins: true });
}
