// Talks to programs nobody here wrote, both ways, over loopback. `npm run interop -- --only openssl,suites` chooses cases by words of their
// names, `--list` shows them, `--json FILE` writes the results, `--readme` puts the table into README.md. Installs nothing: what is missing is said.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { authentication } from './cases/authentication.mjs';
import { commands } from './cases/commands.mjs';
import { ech } from './cases/ech.mjs';
import { negotiation } from './cases/negotiation.mjs';
import { sessions } from './cases/sessions.mjs';
import { tls12Extensions } from './cases/tls12-extensions.mjs';
import { tls12Handshakes } from './cases/tls12-handshakes.mjs';
import { tls12Renegotiation } from './cases/tls12-renegotiation.mjs';
import { tls12Sessions } from './cases/tls12-sessions.mjs';
import { tls12Suites } from './cases/tls12-suites.mjs';
import { tls12Traffic } from './cases/tls12-traffic.mjs';
import { BULK, traffic } from './cases/traffic.mjs';
import { makeCertificates } from './certificates.mjs';
import { roles } from './conversation.mjs';
import { PEERS } from './peers/index.mjs';
import { facts, plain, table, writeReadme } from './report.mjs';
import { Scope } from './scope.mjs';

const AT_ONCE = 2;
const SECONDS = 20;
const README = fileURLToPath(new URL('../../README.md', import.meta.url));

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean' },
    json: { type: 'string' },
    readme: { type: 'boolean' },
    verbose: { type: 'boolean' },
  },
});

const missing = PEERS.filter((peer) => {
  peer.version = peer.find();
  return peer.version === undefined;
});
const present = PEERS.filter((peer) => !missing.includes(peer));
const versions = present
  .map((peer) => `${peer.name} ${peer.version}${peer.libssl && !peer.version.includes('(') ? ` (OpenSSL ${peer.libssl})` : ''}`)
  .join(', ');
for (const peer of missing) console.log(`missing: ${peer.name} – ${peer.install}`);

const words = flags.only?.toLowerCase().split(',') ?? [];
const cases = allCases().filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));

if (flags.list) {
  for (const { name, skip } of cases) console.log(skip ? `${name} – skipped: ${skip}` : name);
} else {
  process.exitCode = await run();
}

/** Every case with its name, for every peer that is here, in each role. */
function allCases() {
  return present.flatMap((peer) =>
    roles(peer).flatMap((ours) =>
      [
        ...negotiation,
        ...authentication,
        ...sessions,
        ...traffic,
        ...commands,
        ...tls12Suites,
        ...tls12Handshakes,
        ...tls12Renegotiation,
        ...tls12Extensions,
        ...tls12Sessions,
        ...tls12Traffic,
        ...ech,
      ].flatMap(({ topic, cases: make }) =>
        (peer.topics?.includes(topic) === false ? [] : make(peer, ours)).map((one) => {
          const name = `${peer.name} ${ours === 'client' ? 'server' : 'client'} · ${topic} · ${one.title}`;
          return { ...one, name, peer, ours, topic, skip: one.skip ?? peer.lacks(one.setup ?? {}) };
        }),
      ),
    ),
  );
}

async function run() {
  const base = mkdtempSync(join(tmpdir(), 'libssl-interop-'));
  process.on('exit', () => rmSync(base, { recursive: true, force: true }));
  const pki = makeCertificates(base);
  const bulk = bulkFile(base);
  const started = performance.now();
  const results = [];
  const queue = [...cases];
  const worker = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const result = await runCase(one, { base, pki, bulk });
      results.push(result);
      const mark = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[result.outcome];
      console.log(
        `${mark} ${results.length}/${cases.length} ${one.name}${result.why ? ` – ${result.why}` : ''} (${result.seconds.toFixed(1)} s)`,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return conclude(results, (performance.now() - started) / 1000);
}

async function runCase({ name, peer, ours, topic, title, skip, run: act, seconds: limit = SECONDS }, { base, pki, bulk }) {
  const about = { peer: peer.name, ours, topic, title };
  if (skip) return { ...about, outcome: 'skipped', why: skip, seconds: 0 };
  const scope = new Scope(base);
  const started = performance.now();
  const passed = () => (performance.now() - started) / 1000;
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit} s`)), limit * 1000);
  });
  try {
    const acting = act({ scope, pki, peer, ours, bulk });
    acting.catch(() => undefined);
    await Promise.race([acting, scope.failed, late]);
    return { ...about, outcome: 'passed', seconds: passed() };
  } catch (error) {
    console.log(`---- ${name}\n${error.stack}\n${scope.transcript}\n----`);
    return { ...about, outcome: 'failed', why: String(error.message).split('\n')[0], seconds: passed() };
  } finally {
    clearTimeout(timer);
    await scope.end();
  }
}

/** The file of the large transfers, made when the first case asks for it; a smaller number of bytes is its beginning. */
function bulkFile(base) {
  const path = join(base, 'bulk');
  let made;
  return async (length = BULK) => {
    made ??= randomFile(path, BULK);
    return length === BULK ? made : described(path, made.bytes.subarray(0, length));
  };
}

function randomFile(path, length) {
  const block = randomBytes(1_000_000);
  const bytes = Buffer.concat(Array.from({ length: length / block.length }, () => block));
  writeFileSync(path, bytes);
  return described(path, bytes);
}

function described(path, bytes) {
  return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function conclude(results, seconds) {
  const count = (outcome) => results.filter((one) => one.outcome === outcome).length;
  const order = new Map(cases.map(({ name }, index) => [name, index]));
  const nameOf = ({ peer, ours, topic, title }) => `${peer} ${ours === 'client' ? 'server' : 'client'} · ${topic} · ${title}`;
  results.sort((a, b) => order.get(nameOf(a)) - order.get(nameOf(b)));
  console.log(`\n${versions}; ${seconds.toFixed(0)} s\n\n${plain(table(results))}\n`);
  for (const fact of facts(results)) console.log(fact);
  for (const one of results.filter(({ outcome }) => outcome === 'failed')) console.log(`failed: ${nameOf(one)}: ${one.why}`);
  if (flags.json) writeFileSync(flags.json, JSON.stringify({ versions, seconds, results }, undefined, 2));
  if (flags.readme && existsSync(README)) writeReadme(README, results, versions);
  const absent = process.env['CI'] === 'true' ? missing : [];
  for (const peer of absent) console.log(`failed: ${peer.name} is missing, and on CI every peer must be there: ${peer.install}`);
  console.log(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return count('failed') > 0 || absent.length > 0 ? 1 : 0;
}
