// Whether what costs x once costs n times x for n: handshakes and memory from 1 to 10,000 connections, in memory and over TCP, bulk from 1 KB to 1 GB, and a
// message of up to 100 KB in records of one byte. Prints what one costs at each size; level columns are what is wanted. Few are repeated, so that
// code is as warm for them as for many.
//   npm run bench:growth
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemBio, Ssl } from '../dist/index.js';
import { connect, createSecureContext, createServer } from '../dist/node/index.js';
import { makeCertificates } from '../test/interop/certificates.mjs';
import * as ours from './ours.mjs';

const WARM = 2000;
const CONNECTIONS = [1, 10, 100, 1000, 10_000];
const BYTES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const MESSAGES = [1e3, 1e4, 1e5];
/** Connections over TCP that are made at the same time. */
const AT_ONCE = 20;

async function measure() {
  const directory = mkdtempSync(join(tmpdir(), 'libssl-growth-'));
  const pki = makeCertificates(directory);
  rmSync(directory, { recursive: true });
  const identity = pki.server.p256;
  const both = ours.contexts({ identity, ca: pki.ca, group: 'x25519', suite: 'TLS_AES_128_GCM_SHA256', version: 'TLSv1.3' });
  await ours.memoryHandshakes(both)(WARM);

  heading('connections kept open, in memory', 'µs of CPU for each', 'KiB for each');
  for (const count of CONNECTIONS) row(count, await inMemory(both, count));

  heading('connections kept open, over TCP', 'µs of CPU for each', 'KiB for each');
  const tcp = await overTcp({ cert: identity.cert, key: identity.key, ca: pki.ca.cert });
  for (const count of CONNECTIONS) row(count, await tcp.open(count));
  tcp.end();

  heading('bytes sent', 'ns of CPU a byte');
  for (const size of BYTES) row(size, await bulk(both, size));

  heading('bytes of a message in one-byte records', 'ns of CPU a byte');
  const older = ours.contexts({ identity, ca: pki.ca, group: 'x25519:P-256', suite: 'TLS_AES_128_GCM_SHA256', version: 'TLSv1.2' });
  for (const size of MESSAGES) row(size, [reassembly(older, size)]);
}

const heading = (...titles) => console.log(`\n| ${titles.join(' | ')} |\n| ${titles.map(() => '--:').join(' | ')} |`);
const row = (count, cells) => console.log(`| ${count.toLocaleString('en')} | ${cells.join(' | ')} |`);

/** Microseconds of CPU time that this process spent. */
function spent() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function settle() {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
}

/** How often a small number is taken, to come to a larger one. */
const repeats = (count, all) => Math.max(1, Math.ceil(all / count));

/** What a pair costs, and holds where it is many. */
async function inMemory(both, count) {
  const times = repeats(count, 1000);
  let time = 0;
  let memory = 0;
  for (let i = 0; i < times; i++) {
    const kept = [];
    if (count >= 1000) settle();
    const [before, began] = [process.memoryUsage().rss, spent()];
    while (kept.length < count) {
      kept.push(ours.memoryConnection(both));
      if (kept.length % 20 === 0) await new Promise(setImmediate);
    }
    time += spent() - began;
    if (count >= 1000) settle();
    memory = process.memoryUsage().rss - before;
    for (const { client, server } of kept) {
      client.free();
      server.free();
    }
  }
  return [(time / count / times).toFixed(0), kibibytes(memory, count)];
}

/** Memory of few is less than what the collector leaves by chance. */
const kibibytes = (memory, count) => (count < 1000 ? '–' : (memory / 1024 / count).toFixed(1));

/** Servers in a process of their own, for 10,000 connections are more files than one may have: both processes count. */
async function overTcp({ cert, key, ca }) {
  const server = fork(new URL(import.meta.url), { execArgv: ['--expose-gc'] });
  const asked = async (message) => {
    server.send(message);
    return (await once(server, 'message'))[0];
  };
  const { port } = await asked({ cert, key });
  const secureContext = createSecureContext({ ca, ecdhCurve: 'X25519' });
  const options = { port, host: '127.0.0.1', servername: 'server.example', secureContext };

  /** When the first byte of the server's is there, the tickets before it are, too. */
  const one = () =>
    new Promise((resolve, reject) => {
      const socket = connect(options);
      socket.once('error', reject).once('data', () => resolve(socket));
    });
  const keep = async (kept, count) => {
    while (kept.length < count) kept.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - kept.length) }, one))));
  };
  const state = async () => {
    settle();
    const theirs = await asked('state');
    return { cpu: spent() + theirs.cpu, rss: process.memoryUsage().rss + theirs.rss };
  };
  /** What a connection costs that is opened, and closed again. */
  const open = async (count) => {
    const times = repeats(count, 1000);
    const kept = [];
    const before = await state();
    let memory = 0;
    for (let i = 0; i < times; i++) {
      await keep(kept, count);
      if (count >= 1000) memory = (await state()).rss - before.rss;
      for (const socket of kept.splice(0)) socket.destroy();
    }
    return [(((await state()).cpu - before.cpu) / count / times).toFixed(0), kibibytes(memory, count)];
  };
  await open(1000);
  return { open, end: () => server.kill() };
}

function serve() {
  process.on('message', (message) => {
    if (message === 'state') {
      settle();
      process.send({ cpu: spent(), rss: process.memoryUsage().rss });
      return;
    }
    const server = createServer({ ...message, noDelay: true }, (socket) => {
      socket.on('error', () => undefined);
      socket.write('x');
    });
    server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
  });
  process.on('disconnect', () => process.exit());
}

/** Writes of 64 KiB, or of all there is, both ways by turns. */
async function bulk(both, size) {
  const piece = new Uint8Array(Math.min(size, 65_536));
  const rounds = Math.max(1, 1e7 / size);
  const sends = Array.from({ length: Math.min(rounds, 10) }, () => ours.memoryBulk(both, piece));
  for (const send of sends) await send(20);
  const began = spent();
  for (let i = 0; i < rounds; i++) await sends[i % sends.length](Math.ceil(size / piece.length));
  return [(((spent() - began) * 1e3) / size / rounds).toFixed(2)];
}

/** A client of TLS 1.2 that is sent a certificate of so many bytes, one in each record, but for the last one. */
function reassembly({ client: context, server: serverContext }, size) {
  const flight = serverFlight(context, serverContext);
  const message = new Uint8Array(size);
  message.set([11, 0, 0, 0]);
  new DataView(message.buffer).setUint32(0, (11 << 24) | (size - 4));
  const records = new Uint8Array(6 * (size - 1));
  for (let i = 0; i < size - 1; i++) records.set([22, 3, 3, 0, 1, message[i]], 6 * i);
  const rounds = 1e6 / size;
  let time = 0;
  for (let i = 0; i < rounds; i++) {
    const { client, toClient } = flight();
    toClient.write(records);
    const began = spent();
    client.doHandshake();
    time += spent() - began;
    if (client.want !== 'read') throw new Error('the message was refused');
    client.free();
  }
  return ((time * 1e3) / size / rounds).toFixed(0);
}

/** What makes a client that has read its ServerHello. */
function serverFlight(clientContext, serverContext) {
  return () => {
    const [client, server] = [new Ssl(clientContext).set('serverName', 'server.example'), new Ssl(serverContext)];
    const [toServer, toClient, answer] = [new MemBio(), new MemBio(), new MemBio()];
    client.setBio(toClient, toServer);
    server.setBio(toServer, answer);
    client.doHandshake();
    server.doHandshake();
    const bytes = answer.read(65_536);
    // The first message of the first record, in a record of its own.
    const length = 4 + ((bytes[6] << 16) | (bytes[7] << 8) | bytes[8]);
    toClient.write(Uint8Array.of(22, 3, 3, length >> 8, length & 0xff, ...bytes.subarray(5, 5 + length)));
    client.doHandshake();
    server.free();
    return { client, toClient };
  };
}

if (process.send !== undefined) serve();
else await measure();
