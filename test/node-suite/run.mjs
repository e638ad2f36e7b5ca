// Runs Node's own tests of tls, https and http2 over libssl/node:
//   npm run node-suite -- --node-checkout DIR [--runtime node26] [--native] [--write] [--seconds 60] [--verbose] [PATTERN …]
// DIR is a checkout of nodejs/node of the runtime's version, of which `test` is used; without the option it is $LIBSSL_NODE_CHECKOUT. Patterns choose tests by name.
// A test that does not give what `expected-RUNTIME.txt` says makes the exit code 1. --write freezes a whole run there and
// puts it into docs/conformance.md, without a checkout what is frozen already; --native runs the tests without the library.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installed, RUNTIMES } from '../../tools/runtime-programs.mjs';
import { ROOT } from '../../tools/source-aliases.mjs';
import { countsOf, expected, freeze, isArgued } from './expected.mjs';
import { runTest, testsOf } from './suite.mjs';

/** Many tests measure time: more at once disturb each other. */
const WORKERS = 2;
/** The runtimes of which results are frozen. */
const FROZEN = ['node20', 'node26'];

const { values: flags, positionals } = parseArgs({
  options: {
    'node-checkout': { type: 'string' },
    runtime: { type: 'string', default: 'node26' },
    seconds: { type: 'string', default: '60' },
    native: { type: 'boolean' },
    write: { type: 'boolean' },
    verbose: { type: 'boolean' },
  },
  allowPositionals: true,
});
const where = flags['node-checkout'] ?? process.env.LIBSSL_NODE_CHECKOUT;
if (where === undefined) {
  console.log('node-suite: neither --node-checkout nor LIBSSL_NODE_CHECKOUT names a checkout of nodejs/node: nothing was run');
  if (flags.write) writePage();
  checkPage();
  process.exit();
}
const checkout = resolve(where);
const runtime = RUNTIMES.find(({ name }) => name === flags.runtime);
if (runtime === undefined || !existsSync(join(checkout, 'test/common'))) {
  console.log(
    runtime === undefined ? `node-suite: no runtime is called ${flags.runtime}` : `node-suite: there is no ${checkout}/test/common`,
  );
  process.exit(2);
}

const program = installed(runtime);
const major = Number.parseInt(runtime.version, 10);
const frozen = expected(runtime.name);
const chosen = testsOf(checkout).filter((name) => positionals.length === 0 || positionals.some((pattern) => name.includes(pattern)));
/** @type {Map<string, 'pass' | 'skip' | 'fail'>} */
const outcomes = new Map();
const queue = [...chosen];
await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
report();

/** @param {number} worker */
async function work(worker) {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const { outcome, output } = await runTest({
      program,
      major,
      checkout,
      name,
      native: flags.native === true,
      seconds: Number(flags.seconds),
      worker,
    });
    outcomes.set(name, outcome);
    const as = frozen.get(name);
    if (flags.native ? outcome === 'fail' : outcome !== as?.outcome)
      console.log(`${outcome.toUpperCase()} ${name}${flags.native ? '' : `: expected ${as?.outcome ?? 'nothing'}`}`);
    if (flags.verbose && outcome === 'fail') console.log(output);
  }
}

function report() {
  const names = [...outcomes.keys()];
  const of = (/** @type {string} */ outcome) => names.filter((name) => outcomes.get(name) === outcome);
  const argued = of('fail').filter((name) => frozen.get(name)?.outcome === 'fail');
  const [passed, skipped, failed] = [of('pass').length, of('skip').length, of('fail').length - argued.length];
  if (flags.native) {
    console.log(`${passed} passed, ${of('fail').length} failed, ${skipped} skipped themselves: ${runtime?.name} without the library`);
    return;
  }
  if (flags.write) {
    if (positionals.length > 0) throw new Error('--write wants a whole run');
    freeze(flags.runtime, outcomes);
    writePage();
  }
  console.log(`${passed} passed, ${failed} failed, ${argued.length} expected to fail, ${skipped} skipped themselves`);
  const unlike = names.filter((name) => outcomes.get(name) !== expected(flags.runtime).get(name)?.outcome);
  const gone = positionals.length > 0 ? [] : [...frozen.keys()].filter((name) => !outcomes.has(name));
  for (const name of gone) console.log(`GONE ${name}: the checkout does not have it`);
  const bare = names.filter((name) => !isArgued(expected(flags.runtime).get(name) ?? { outcome: 'fail' }));
  for (const name of bare) console.log(`expected-${flags.runtime}.txt gives no reason for ${name}`);
  if (unlike.length + gone.length + bare.length > 0) process.exitCode = 1;
}

/** The part of docs/conformance.md that says what is frozen. */
function page() {
  const line = (/** @type {readonly (string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  const results = FROZEN.map((name) => ({ name, tests: expected(name) }));
  /** @type {Map<string, string[]>} */
  const reasons = new Map();
  for (const { name, tests } of results)
    for (const [test, { reason }] of tests)
      if (reason !== undefined) reasons.set(`${test}\0${reason}`, [...(reasons.get(`${test}\0${reason}`) ?? []), name]);
  return [
    line(['runtime', 'passed', 'skipped themselves', 'expected to fail']),
    line(['---', '---:', '---:', '---:']),
    ...results.map(({ name, tests }) => {
      const { pass, skip, fail } = countsOf(tests);
      return line([name, pass, skip, fail]);
    }),
    '',
    line(['test', 'on', 'why it fails']),
    line(['---', '---', '---']),
    ...[...reasons]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, on]) => {
        const [test = '', reason = ''] = key.split('\0');
        return line([`\`${test}\``, on.join(', '), reason]);
      }),
  ].join('\n');
}

function parts() {
  return readFileSync(`${ROOT}docs/conformance.md`, 'utf8').split(/<!-- node-suite (?:begins|ends) -->\n/);
}

function writePage() {
  const [before, , after] = parts();
  writeFileSync(`${ROOT}docs/conformance.md`, `${before}<!-- node-suite begins -->\n${page()}\n<!-- node-suite ends -->\n${after}`);
}

/** Without a checkout: docs/conformance.md says what is frozen. */
function checkPage() {
  const current = parts()[1] === `${page()}\n`;
  console.log(`node-suite: docs/conformance.md ${current ? 'says what is frozen' : 'does not say what is frozen'}`);
  if (!current) process.exitCode = 1;
}
