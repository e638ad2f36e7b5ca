// Runs the portable tests on every runtime we promise: bundles them once, fetches each runtime from the npm registry into the user's cache, and
// prints a table. `npm run runtimes -- --only node26,bun` chooses.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleTests } from './portable-tests.mjs';
import { ROOT } from './source-aliases.mjs';
import { portableTests } from './test-files.mjs';

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {string} version
 * @property {string} spec the npm package that brings it
 * @property {RegExp} program where in node_modules its program lies
 * @property {string[]} args
 */

const NODE = `${process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'}-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/**
 * @param {string} name
 * @param {string} version
 * @returns {Runtime}
 */
const node = (name, version) => ({
  name,
  version,
  spec: `${NODE}@${version}`,
  program: new RegExp(`^${NODE}/bin/node(\\.exe)?$`),
  args: ['--enable-source-maps'],
});

/** The first is the oldest that `engines` allows. */
const RUNTIMES = [
  node('node20', '20.19.0'),
  node('node22', '22.23.3'),
  node('node24', '24.21.0'),
  node('node26', '26.10.0'),
  { name: 'bun', version: '1.4.5', spec: 'bun@1.4.5', program: /^@oven\/bun-[\w-]+\/bin\/bun(\.exe)?$/, args: ['--no-install'] },
  {
    name: 'deno',
    version: '2.9.6',
    spec: 'deno@2.9.6',
    program: /^@deno\/[\w-]+\/deno(\.exe)?$/,
    args: ['run', '--quiet', '--allow-all', '--no-config', '--no-lock', '--no-remote', '--node-modules-dir=none'],
  },
];

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'libssl-runtimes');
const MINUTES = 15;
const HEARTBEAT_SECONDS = 10;

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const chosen = values.only?.split(',');
const unknown = chosen?.filter((name) => !RUNTIMES.some((runtime) => runtime.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(`unknown runtime ${unknown.join(', ')}; there are ${RUNTIMES.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const files = portableTests();
console.log(`bundling ${files.length} test files`);
const bundle = await bundleTests(files, join(ROOT, 'node_modules', '.cache', 'portable-tests'));

const rows = [];
for (const runtime of RUNTIMES.filter(({ name }) => chosen?.includes(name) ?? true)) rows.push(await testOn(runtime));

console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])));
process.exitCode = rows.every(({ passed, failed, ended }) => passed > 0 && failed === 0 && ended === 'ok') ? 0 : 1;

/** @param {Runtime} runtime */
async function testOn(runtime) {
  const { name, version } = runtime;
  const nothing = { name, version, passed: 0, failed: 0, skipped: 0, seconds: 0 };
  let program;
  try {
    program = installed(runtime);
  } catch (error) {
    console.log(`${name} ${version}: ${error}`);
    return { ...nothing, ended: 'not installed' };
  }
  const started = performance.now();
  const { output, ended } = await ran(runtime, program);
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const [passed = 0, failed = 0, skipped = 0] = (/^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(output) ?? []).slice(1).map(Number);
  console.log(
    `${name} ${version}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s${ended === 'ok' ? '' : `, ${ended}`}`,
  );
  if (ended !== 'ok') console.log(output.replace(/^file \d+ of .*\n/gm, ''));
  return { name, version, passed, failed, skipped, seconds, ended };
}

/**
 * @param {Runtime} runtime
 * @param {string} program
 * @returns {Promise<{ output: string, ended: string }>}
 */
function ran({ name, version, args }, program) {
  return new Promise((resolve) => {
    const child = spawn(program, [...args, bundle], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DENO_DIR: join(CACHE, 'deno-dir'), DENO_NO_UPDATE_CHECK: '1', DENO_NO_PACKAGE_JSON: '1', NO_COLOR: '1' },
    });
    let output = '';
    let late = false;
    const heartbeat = setInterval(() => {
      const files = output.match(/^file \d+ of \d+ .*$/gm);
      console.log(`  ${name} ${version}: ${files?.at(-1) ?? 'starting'}`);
    }, HEARTBEAT_SECONDS * 1000);
    const limit = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, MINUTES * 60_000);
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', (error) => (output += String(error)));
    child.on('close', (code, signal) => {
      clearInterval(heartbeat);
      clearTimeout(limit);
      resolve({ output, ended: late ? `stopped after ${MINUTES} minutes` : code === 0 ? 'ok' : `ended with ${code ?? signal}` });
    });
  });
}

/**
 * The path of a runtime's program, fetched if it is not there yet. No install script runs: the program lies ready in a package of its own.
 * @param {Runtime} runtime
 */
function installed(runtime) {
  const folder = join(CACHE, `${runtime.name}-${runtime.version}`);
  const there = working(runtime, folder);
  if (there !== undefined) return there;
  console.log(`fetching ${runtime.spec}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', '--prefix', folder, ...flags, runtime.spec], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  const program = working(runtime, folder);
  if (program === undefined) throw new Error(`${runtime.spec} brought no program that runs here`);
  return program;
}

/**
 * @param {Runtime} runtime
 * @param {string} folder
 */
function working({ program, version }, folder) {
  const modules = join(folder, 'node_modules');
  if (!existsSync(modules)) return undefined;
  const candidates = readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter((path) => program.test(path.replaceAll('\\', '/')));
  return candidates.map((path) => join(modules, path)).find((path) => says(path, version));
}

/**
 * Whether a program starts and is of the version wanted: a broken download or a build for another C library is not.
 * @param {string} program
 * @param {string} version
 */
function says(program, version) {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).includes(version);
  } catch {
    return false;
  }
}
