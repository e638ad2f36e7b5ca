// Where the time goes: a CPU profile of our side of every case, by room of the house.
//   npm run bench:profile -- [--only words] [--docs]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeCertificates } from '../test/interop/certificates.mjs';
import { cases } from './cases.mjs';
import { THOROUGH, warm } from './measure.mjs';

const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const [BEGIN, END] = ['<!-- profile -->', '<!-- /profile -->'];
const PROFILED = 2000;

/** The rooms, as columns; the first that takes a function has it. Native functions are their caller's, but for those of node:crypto. */
const COLUMNS = [
  ['collector', ({ name }) => name === '(garbage collector)'],
  ['native primitives', ({ file, native }) => native && file.startsWith('node:internal/crypto')],
  ['`@noble`', ({ file }) => file.includes('@noble/')],
  ["Node's crypto", ({ file }) => file.startsWith('node:internal/crypto') || file === 'node:internal/encoding' || file === 'node:buffer'],
  ['sockets and streams', ({ file }) => file.startsWith('node:')],
  ['`handshake/`', room('handshake')],
  ['`crypto/`', room('crypto')],
  ['`x509/`, `asn1/`', room('x509', 'asn1')],
  ['`bytes/`, `wire/`, `extensions/`', room('bytes', 'wire', 'extensions')],
  ['`record/`, `bio/`', room('record', 'bio')],
  ['`ssl/`, `config/`, `session/`, `registry/`', room('ssl', 'config', 'session', 'registry')],
  ['`node/`', room('node')],
];

function room(...names) {
  return ({ file }) => names.some((name) => file.includes(`/dist/${name}/`));
}

const { values: flags } = parseArgs({ options: { only: { type: 'string' }, docs: { type: 'boolean' } } });
const words = flags.only?.toLowerCase().split(',') ?? [];

const directory = mkdtempSync(join(tmpdir(), 'libssl-profile-'));
const pki = makeCertificates(directory);
rmSync(directory, { recursive: true });

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: 200 });

const lines = [
  `| share of the time, % | ${COLUMNS.map(([title]) => title).join(' | ')} | other |`,
  `|---|${'--:|'.repeat(COLUMNS.length + 1)}`,
];
for (const { name, batch, sides } of cases(pki)) {
  if (!words.every((word) => name.toLowerCase().includes(word))) continue;
  const shares = await profiled(await sides.libssl(), batch);
  lines.push(`| ${name} | ${shares.map((share) => (share < 0.5 ? '·' : share.toFixed(0))).join(' | ')} |`);
  console.log(lines.at(-1));
}
if (flags.docs) {
  const page = readFileSync(PAGE, 'utf8');
  const runtime = `Node ${process.versions.node}, main thread, idle time left out.`;
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no ${BEGIN} … ${END}`);
  writeFileSync(PAGE, `${page.slice(0, begin)}${BEGIN}\n\n${runtime}\n\n${lines.join('\n')}\n\n${page.slice(end)}`);
}
process.exit();

/** Shares of the columns, and of what no column takes, in percent. */
async function profiled(work, batch) {
  await warm(work, batch, THOROUGH.warmUp);
  await session.post('Profiler.start');
  const begin = performance.now();
  while (performance.now() - begin < PROFILED) {
    await work(batch);
    await new Promise(setImmediate);
  }
  const { profile } = await session.post('Profiler.stop');
  const spent = new Array(COLUMNS.length + 1).fill(0);
  const columns = columnsOf(profile.nodes);
  // Samples are counted, not their times: on a busy machine a long one says that another program had its turn.
  for (const id of profile.samples) {
    const column = columns.get(id);
    if (column !== undefined) spent[column]++;
  }
  const all = spent.reduce((sum, one) => sum + one, 0);
  return spent.map((one) => (100 * one) / all);
}

/** The column of every node of the call tree; idle ones have none. */
function columnsOf(nodes) {
  const callers = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.callFrame.url])));
  return new Map(
    nodes.flatMap(({ id, callFrame: { functionName: name, url } }) => {
      if (name === '(idle)') return [];
      const called = { name, file: url || (callers.get(id) ?? ''), native: url === '' };
      const found = COLUMNS.findIndex(([, takes]) => takes(called));
      return [[id, found < 0 ? COLUMNS.length : found]];
    }),
  );
}
