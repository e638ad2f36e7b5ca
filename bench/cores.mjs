// Servers on several cores: handshakes a second with one worker and with two, in node:cluster and in node:worker_threads, beside node:tls. Clients are
// node:tls in processes of their own for both sides, which share the cores with the servers: what grows is bounded by what the clients leave.
//   npm run bench:cores [-- --rounds 5]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCertificates } from '../test/interop/certificates.mjs';

const SIDES = ['libssl', 'node:tls'];
const WAYS = ['cluster', 'threads'];
const WORKERS = [1, 2];
const CASES = ['full', 'resumed'];
const CLIENTS = 2;
/** Handshakes of each client: to warm each worker up, and in a round. */
const WARM = { full: 1000, resumed: 500 };
const MEASURED = 250;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);

const directory = mkdtempSync(join(tmpdir(), 'libssl-cores-'));
const { server, ca } = makeCertificates(directory);
rmSync(directory, { recursive: true });
const identity = { cert: server.p256.cert, key: server.p256.key, ca: ca.cert };

/** A program of this folder, in one of its parts. */
function part(name, about) {
  return fork(new URL('./cores-parts.mjs', import.meta.url), [name], {
    env: { ...process.env, LIBSSL_CORES: JSON.stringify({ ...identity, ...about }) },
  });
}
const heard = async (child) => (await once(child, 'message'))[0];
const ask = (child, message) => {
  child.send(message);
  return heard(child);
};

const fleets = [];
for (const way of WAYS)
  for (const workers of WORKERS)
    for (const side of SIDES) {
      const primary = part('primary', { side, way, workers });
      fleets.push({ way, workers, side, primary, ports: await heard(primary), seen: { full: [], resumed: [] } });
    }
const clients = Array.from({ length: CLIENTS }, () => part('client', {}));
await Promise.all(clients.map(heard));

/** Handshakes a second, and microseconds of CPU time that the servers spent for each. */
async function measure({ primary, ports }, name, count) {
  const before = await ask(primary, 'cpu');
  const began = performance.now();
  await Promise.all(clients.map((client) => ask(client, { ports, resumes: name === 'resumed', count })));
  const seconds = (performance.now() - began) / 1000;
  const handshakes = CLIENTS * count;
  return { rate: handshakes / seconds, cpu: ((await ask(primary, 'cpu')) - before) / handshakes };
}

for (const name of CASES) for (const fleet of fleets) await measure(fleet, name, WARM[name] * fleet.workers);
for (let round = 0; round < rounds; round++)
  for (const name of CASES)
    for (const fleet of round % 2 === 0 ? fleets : fleets.toReversed()) fleet.seen[name].push(await measure(fleet, name, MEASURED));

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const found = (side, way, workers, name, what) =>
  median(fleets.find((one) => one.side === side && one.way === way && one.workers === workers).seen[name].map((each) => each[what]));

console.log(`Node ${process.versions.node}; medians of ${rounds} interleaved rounds\n`);
console.log(
  '| | workers | libssl | node:tls | ratio | CPU of the servers for one: libssl | node:tls |\n| --- | --: | --: | --: | --: | --: | --: |',
);
for (const name of CASES)
  for (const way of WAYS)
    for (const workers of WORKERS) {
      const [ours, theirs] = SIDES.map((side) => found(side, way, workers, name, 'rate'));
      const [oursCpu, theirsCpu] = SIDES.map((side) => found(side, way, workers, name, 'cpu'));
      const cells = [
        `${ours.toFixed(0)}/s`,
        `${theirs.toFixed(0)}/s`,
        (ours / theirs).toFixed(2),
        `${oursCpu.toFixed(0)} µs`,
        `${theirsCpu.toFixed(0)} µs`,
      ];
      console.log(`| ${name}, ${way} | ${workers} | ${cells.join(' | ')} |`);
    }
for (const child of [...clients, ...fleets.map(({ primary }) => primary)]) child.kill();
