// Whether what costs x once costs n times x for n: handshakes and memory from 1 to 10,000 connections, bulk from 1 KB to 1 GB.
// Prints what one costs at each size; level columns are what is wanted.
//   npm run bench:growth
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../test/interop/certificates.mjs';
import * as ours from './ours.mjs';

const directory = mkdtempSync(join(tmpdir(), 'libssl-growth-'));
const pki = makeCertificates(directory);
rmSync(directory, { recursive: true });
const both = ours.contexts({
  identity: pki.server.p256,
  ca: pki.ca,
  group: 'x25519',
  suite: 'TLS_AES_128_GCM_SHA256',
  version: 'TLSv1.3',
});

/** Microseconds of CPU time that some work took. */
async function cpu(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

await ours.memoryHandshakes(both)(500);

console.log('connections kept open    µs of CPU for each    KiB for each');
for (const count of [1, 10, 100, 1000, 10_000]) {
  const kept = [];
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const time = await cpu(async () => {
    for (let i = 0; i < count; i++) {
      kept.push(ours.memoryConnection(both));
      if (i % 20 === 0) await new Promise(setImmediate);
    }
  });
  const memory = (process.memoryUsage().rss - before) / 1024 / count;
  console.log(
    String(count).padStart(16),
    (time / count).toFixed(0).padStart(20),
    count < 100 ? '–'.padStart(15) : memory.toFixed(1).padStart(15),
  );
  for (const { client, server } of kept) {
    client.free();
    server.free();
  }
}

console.log('\nbytes sent               ns of CPU a byte');
for (const size of [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]) {
  const piece = new Uint8Array(Math.min(size, 65_536));
  const send = ours.memoryBulk(both, piece);
  const time = await cpu(() => send(Math.ceil(size / piece.length)));
  console.log(size.toLocaleString('en').padStart(16), ((time * 1e3) / size).toFixed(2).padStart(20));
}
