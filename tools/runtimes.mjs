// Runs the portable tests on every runtime we promise: bundles them once, fetches each runtime from the npm registry into the user's cache, and
// prints a table. `npm run runtimes -- --only node26,bun` chooses.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleTests } from './portable-tests.mjs';
import { CACHE, installed, RUNTIMES } from './runtime-programs.mjs';
import { ROOT } from './source-aliases.mjs';
import { portableTests } from './test-files.mjs';

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

/** @param {import('./runtime-programs.mjs').Runtime} runtime */
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
 * @param {import('./runtime-programs.mjs').Runtime} runtime
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
