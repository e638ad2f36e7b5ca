// Drives the library with BoringSSL's TLS test runner, which has to be there already:
//   npm run bogo -- --runner DIR [--json] [--write [--revision COMMIT]] [--workers N] [-- -test 'Resume*']
// DIR holds the built `runner.test`; without the option it is $LIBSSL_BOGO_RUNNER. What stands behind the second `--` goes to it as it is. A test that fails, or that
// `expected.txt` has and that does not pass, makes the exit code 1. --write puts the outcome of a whole run into `expected.txt` and docs/conformance.md.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { ROOT, SOURCE_ALIASES } from '../../tools/source-aliases.mjs';
import { expected, freeze } from './expected.mjs';
import { familyOf } from './families.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUTCOMES = /** @type {const} */ ({ PASSED: 'passed', FAILED: 'failed', UNIMPLEMENTED: 'unimplemented' });
const COLUMNS = /** @type {const} */ (['passed', 'failed', 'unimplemented', 'disabled']);

const { values: flags, positionals } = parseArgs({
  options: {
    runner: { type: 'string' },
    json: { type: 'boolean' },
    workers: { type: 'string' },
    quiet: { type: 'boolean' },
    write: { type: 'boolean' },
    revision: { type: 'string' },
  },
  allowPositionals: true,
});
const frozen = expected();
const where = flags.runner ?? process.env.LIBSSL_BOGO_RUNNER;
if (where === undefined) {
  console.log('bogo: neither --runner nor LIBSSL_BOGO_RUNNER names a folder: nothing was run');
  checkCounts();
  process.exit();
}
const runner = resolve(where, 'runner.test');
if (!existsSync(runner)) {
  console.log(`bogo: there is no ${runner}`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'libssl-bogo-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
/** @type {Map<string, (typeof COLUMNS)[number]>} */
const results = new Map();
const shim = await bundleShim();
// A shim that has nothing says the names of all tests in seconds.
await run(
  script('nothing', '#!/bin/sh\ncase "$*" in *-is-handshaker-supported*) echo No ;; *) exit 89 ;; esac\n'),
  ['-include-disabled', ...positionals],
  (_word, name) => results.set(name, 'disabled'),
);
await run(shim, ['-shim-config', `${HERE}config.json`, ...positionals], (word, name, details) => {
  results.set(name, OUTCOMES[word]);
  if (word !== 'FAILED' || flags.quiet) return;
  console.log(`FAILED ${name}\n${details}`);
});
report();

/** One file with a `#!` line, so that a test costs no more than it must. */
async function bundleShim() {
  const aliases = new Map(SOURCE_ALIASES.map(({ name, path }) => [name, path]));
  const bundle = await rolldown({
    input: `${HERE}shim.ts`,
    platform: 'node',
    cwd: ROOT,
    plugins: [{ name: 'own-names', resolveId: (id) => aliases.get(id) }],
    transform: { target: 'node20' },
  });
  await bundle.write({ file: join(folder, 'shim.mjs'), format: 'esm', codeSplitting: false, minify: false });
  await bundle.close();
  // The cache of compiled code is worth half of what a start costs.
  return script(
    'start.mjs',
    `#!${process.execPath}
import module from 'node:module';
module.enableCompileCache?.(${JSON.stringify(join(folder, 'cache'))});
await import('./shim.mjs');
`,
  );
}

/**
 * @param {string} name
 * @param {string} text
 */
function script(name, text) {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/**
 * Runs the runner and tells of each test as it ends.
 * @param {string} shimPath
 * @param {string[]} args
 * @param {(word: keyof typeof OUTCOMES, name: string, details: string) => void} tell
 */
async function run(shimPath, args, tell) {
  const workers = flags.workers ?? String(availableParallelism());
  const child = spawn(
    runner,
    ['-test.timeout', '7200s', '-pipe', '-allow-unimplemented', '-num-workers', workers, '-shim-path', shimPath, ...args],
    { cwd: dirname(runner), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  /** @type {{ word: keyof typeof OUTCOMES, name: string } | undefined} */
  let last;
  let details = '';
  const end = () => last && tell(last.word, last.name, details);
  for await (const line of createInterface({ input: child.stdout })) {
    const [, word, name] = /^(PASSED|FAILED|UNIMPLEMENTED) \((.*)\)$/.exec(line) ?? [];
    if (name === undefined) {
      details += `${line}\n`;
      continue;
    }
    end();
    last = { word: /** @type {keyof typeof OUTCOMES} */ (word), name };
    details = '';
  }
  end();
}

function report() {
  const table = new Map([['total', count()]]);
  for (const [name, outcome] of results) {
    const family = familyOf(name);
    if (!table.has(family)) table.set(family, count());
    for (const row of [table.get(family), table.get('total')]) if (row !== undefined) row[outcome]++;
  }
  const rows = [...table].sort(([a], [b]) => Number(a === 'total') - Number(b === 'total') || a.localeCompare(b));
  console.log(['family'.padEnd(40), ...COLUMNS.map((column) => column.padStart(14))].join(''));
  for (const [family, row] of rows) console.log([family.padEnd(40), ...COLUMNS.map((column) => String(row[column]).padStart(14))].join(''));
  const revision = flags.revision ?? frozen.revision;
  const passing = [...results].flatMap(([name, outcome]) => (outcome === 'passed' ? [name] : []));
  if (flags.write) {
    if (positionals.length > 0) throw new Error('--write wants a whole run');
    writeDocument(revision, rows);
    freeze(revision, passing);
  } else compare(passing);
  const sums = table.get('total') ?? count();
  if (flags.json) console.log(JSON.stringify(sums));
  if (sums.failed > 0) process.exitCode = 1;
}

/**
 * Holds what passes against what is frozen; of a run of some tests only those.
 * @param {string[]} passing
 */
function compare(passing) {
  const passes = new Set(passing);
  const lost = [...frozen.names].filter((name) => !passes.has(name) && (positionals.length === 0 || results.has(name)));
  const gained = passing.filter((name) => !frozen.names.has(name));
  for (const name of lost) console.log(`LOST ${name}: it passed before, and is ${results.get(name) ?? 'not there'} now`);
  if (gained.length > 0) console.log(`${gained.length} tests pass that expected.txt does not have: --write`);
  if (lost.length > 0) process.exitCode = 1;
}

/** Without a runner: docs/conformance.md says as many as are frozen. */
function checkCounts() {
  const stated = Number(/\*\*total\*\* \| (\d+)/.exec(readFileSync(`${ROOT}docs/conformance.md`, 'utf8'))?.[1]);
  const { size } = frozen.names;
  console.log(
    size === 0 ? 'bogo: no results are frozen yet' : `bogo: ${size} tests are frozen as passing, docs/conformance.md says ${stated}`,
  );
  if (size > 0 && size !== stated) process.exitCode = 1;
}

function count() {
  return { passed: 0, failed: 0, unimplemented: 0, disabled: 0 };
}

/**
 * @param {string} revision
 * @param {[string, ReturnType<typeof count>][]} rows
 */
function writeDocument(revision, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  const { DisabledTests: disabled } = JSON.parse(readFileSync(`${HERE}config.json`, 'utf8'));
  const text = [
    `Revision of the runner: ${revision}.`,
    '',
    line(['family', ...COLUMNS]),
    line(['---', ...COLUMNS.map(() => '---:')]),
    ...rows.map(([family, row]) => line([family === 'total' ? '**total**' : family, ...COLUMNS.map((column) => row[column])])),
    '',
    '### What is disabled',
    '',
    line(['tests', 'reason']),
    line(['---', '---']),
    ...Object.entries(disabled).map(([pattern, reason]) => line([`\`${pattern}\``, String(reason)])),
  ].join('\n');
  const path = `${ROOT}docs/conformance.md`;
  const [before, , after] = readFileSync(path, 'utf8').split(/<!-- bogo (?:begins|ends) -->/);
  writeFileSync(path, `${before}<!-- bogo begins -->\n${text}\n<!-- bogo ends -->${after}`);
}
