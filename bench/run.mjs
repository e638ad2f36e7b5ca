// Speed beside node:tls, other TLS stacks in JavaScript and the bare primitives, on the same machine in the same run.
//   npm run bench -- [--quick] [--rounds N] [--only words] [--json FILE] [--svg] [--readme] [--guard | --store]
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeCertificates } from '../test/interop/certificates.mjs';
import { cases } from './cases.mjs';
import { measure, QUICK, THOROUGH } from './measure.mjs';
import { onceRows } from './once.mjs';
import { peer } from './peers.mjs';
import { chart, fallen, markdown, plain, ratiosOf, summary, table } from './report.mjs';
import { measureCertificates } from './x509.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const README = at('../README.md');
const CHART = at('../docs/bench.svg');
const RATIOS = at('./ratios.json');
const [BEGIN, END] = ['<!-- bench -->', '<!-- /bench -->'];

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string' },
    svg: { type: 'boolean' },
    readme: { type: 'boolean' },
    guard: { type: 'boolean' },
    store: { type: 'boolean' },
  },
});
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 7));
const words = flags.only?.toLowerCase().split(',') ?? [];
const chosen = ({ name }) => words.every((word) => name.toLowerCase().includes(word));
/** Where stored ratios differ by runtime. */
const runtime = `node ${process.versions.node.split('.')[0]}`;

const directory = mkdtempSync(join(tmpdir(), 'libssl-bench-'));
const pki = makeCertificates(directory);
rmSync(directory, { recursive: true });

if ((await peer('node-forge')) === undefined) console.log('The other stacks are left out: npm install --prefix bench/peers brings them.');
const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node} (OpenSSL ${process.versions.openssl}), ${process.platform}-${process.arch}`;
console.log(`${machine}; ${rounds} rounds`);

const results = [...(await measured()), ...(await measuredOnce())];
console.log(plain(table(results)));
// Certificates are compared with others than connections are, and in words.
if (words.length === 0) await measureCertificates(rounds);
const caption = `${machine}; medians of ${rounds} interleaved rounds, both ends in one process, verification on`;
if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ machine, rounds, results }, undefined, 2)}\n`);
if (flags.svg || words.length === 0) writeFileSync(CHART, chart(results, caption));
if (flags.readme && existsSync(README)) writeReadme();
const failed = flags.guard ? fallen(ratiosOf(results), stored()[runtime] ?? {}) : [];
for (const one of failed) console.log(`slower than it was: ${one}`);
if (flags.guard && failed.length === 0) console.log('no ratio fell by more than 15 %');
if (flags.store) writeFileSync(RATIOS, `${JSON.stringify({ ...stored(), [runtime]: ratiosOf(results) }, undefined, 2)}\n`);
process.exit(failed.length > 0 ? 1 : 0);

/** The rates, all sides of all rows by turns. */
async function measured() {
  const rows = [];
  for (const { sides, ...row } of cases(pki).filter(chosen)) {
    const works = {};
    for (const [side, make] of Object.entries(sides)) {
      const work = await make();
      if (work !== undefined) works[side] = work;
    }
    rows.push({ ...row, sides: works });
  }
  const rates = await measure(rows, rounds, (line) => console.log(line), flags.quick ? QUICK : THOROUGH);
  return rows.map(({ name, unit }, index) => ({ name, unit, sides: rates[index] }));
}

/** What has one value for each process. */
async function measuredOnce() {
  const setup = { identity: pki.server.p256, ca: pki.ca, group: 'x25519', suite: 'TLS_AES_128_GCM_SHA256', version: 'TLSv1.3' };
  const out = [];
  for (const { name, unit, values } of onceRows(setup, rounds).filter(chosen)) {
    const sides = Object.entries(await values()).map(([side, all]) => [side, { wall: all, cpu: all }]);
    out.push({ name, unit, less: true, sides: Object.fromEntries(sides) });
  }
  return out;
}

function stored() {
  return existsSync(RATIOS) ? JSON.parse(readFileSync(RATIOS, 'utf8')) : {};
}

function writeReadme() {
  const page = readFileSync(README, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  const words = `${machine}. Both ends in one process; medians of ${rounds} interleaved rounds. A handshake counts for both sides, verification and two tickets included.`;
  const block = `${BEGIN}\n\n${words}\n\n${markdown(summary(results))}\n\n${END}`;
  writeFileSync(
    README,
    begin >= 0 && end > begin ? page.slice(0, begin) + block + page.slice(end + END.length) : `${page.trimEnd()}\n\n${block}\n`,
  );
}
