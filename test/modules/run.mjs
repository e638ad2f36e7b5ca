// Real modules over libssl/node, and real servers: `npm run modules`. `-- --only pg,ws` chooses modules, `--write` puts the table into
// docs/modules.md, `--runtime bun` has the cases run there (a name of tools/runtime-programs.mjs). Installs nothing: what is missing is said, and
// what needs it is skipped; on CI nothing may be missing.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installed, RUNTIMES } from '../../tools/runtime-programs.mjs';
import { Scope } from '../interop/scope.mjs';
import { makeCertificates } from './certificates.mjs';
import { judged } from './exceptions.mjs';
import { MODULES } from './modules.mjs';
import { versionOf } from './servers/start.mjs';
import { inDocument, optionsOf, tableOf } from './table.mjs';
import { LARGE } from './web.mjs';

const AT_ONCE = 2;
const SECONDS = 240;
const EXAMPLES = fileURLToPath(new URL('../../examples/modules/', import.meta.url));
const DOCUMENT = new URL('../../docs/modules.md', import.meta.url);
const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));
const CURL = {
  name: 'curl',
  install: 'apt-get install curl',
  find: () => versionOf('curl', ['--version'], /^curl (\S+)/),
};

const { values: flags } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'boolean' }, runtime: { type: 'string' } } });
const wanted = flags.only?.split(',');
const modules = MODULES.filter(({ name }) => wanted?.includes(name) ?? true);
const [program, ...args] = runtime(flags.runtime);

const missing = missingParts();
for (const line of missing.values()) console.log(`missing: ${line}`);

const base = mkdtempSync(join(tmpdir(), 'libssl-modules-'));
process.on('exit', () => rmSync(base, { recursive: true, force: true }));
// The servers' account has to find its own directory in here.
chmodSync(base, 0o755);
const pki = certificates();

// Whoever is told to stop takes the servers along.
const scopes = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await Promise.all([...scopes].map((scope) => scope.end()));
    process.exit(1);
  });
}

const results = await all();
process.exitCode = conclude();

/** A program with its arguments, for the cases; examples are Node's. */
function runtime(name) {
  if (name === undefined) return [process.execPath];
  const found = RUNTIMES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`unknown runtime ${name}; there are ${RUNTIMES.map((one) => one.name).join(', ')}`);
  const own = { bun: ['run'], deno: ['run', '--quiet', '--allow-all', '--no-lock'] }[name] ?? [];
  return [installed(found), ...own];
}

/** What is not here, by its name, with how it is had. */
function missingParts() {
  const found = new Map();
  for (const name of modules.map(packageOf))
    if (!existsSync(join(EXAMPLES, 'node_modules', name))) found.set(name, `${name} – npm ci --prefix examples/modules`);
  for (const server of new Set([CURL, ...modules.flatMap(({ server: one }) => one ?? [])])) {
    server.version = server.find();
    if (server.version === undefined) found.set(server.name, `${server.name} – ${server.install}`);
  }
  return found;
}

/** The package that its example needs beside ourselves; examples of what comes with the runtime need us alone. */
function packageOf({ name, builtIn }) {
  return builtIn ? 'libssl' : name;
}

function certificates() {
  const directory = join(base, 'pki');
  mkdirSync(directory);
  const large = join(directory, 'large');
  writeFileSync(large, LARGE);
  return { ...makeCertificates(directory), large };
}

async function all() {
  const done = [];
  const queue = [...modules];
  const worker = async () => {
    for (let module = queue.shift(); module !== undefined; module = queue.shift()) {
      const prepared = {};
      for (const way of ['example', ...(module.option ? ['option'] : []), 'register']) {
        for (const result of await attempt(module, way, prepared)) {
          const line = judged(flags.runtime, { module: module.name, way, ...result });
          done.push(line);
          print(line);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

function print({ module, way, topic, outcome, why, milliseconds }) {
  const mark = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[outcome];
  console.log(`${mark} ${module} · ${way} · ${topic}${why ? ` – ${why}` : ''}${milliseconds === undefined ? '' : ` (${milliseconds} ms)`}`);
}

/** What keeps a module from being tried here. */
function obstacle(module) {
  const absent = [packageOf(module), module.server?.name, CURL.name].find((part) => missing.has(part));
  return absent === undefined ? module.server?.lacks?.() : `${absent} is missing`;
}

/** One module in one way, with a server of its own if it has one. */
async function attempt(module, way, prepared) {
  const why = obstacle(module);
  if (why !== undefined) return [{ topic: 'all', outcome: 'skipped', why }];
  if (way === 'example' && flags.runtime !== undefined) return [];
  const scope = new Scope(base);
  scopes.add(scope);
  try {
    prepared.server ??= await module.server?.prepare(base, pki);
    const server = await module.server?.start(scope, prepared.server);
    if (server !== undefined) scope.onEnd(() => stop(server, scope.programs[0]));
    return way === 'example' ? [await example(scope, module, server)] : await cases(scope, module, way, server);
  } catch (error) {
    return [{ topic: 'all', outcome: 'failed', why: `${error.stack}\n${scope.transcript}` }];
  } finally {
    await scope.end();
    scopes.delete(scope);
  }
}

async function stop({ pid, signal }, { exited, exit }) {
  if (exited) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It was killed by a case, and its end has not been told of yet.
    if (error.code !== 'ESRCH') throw error;
  }
  await exit;
}

async function example(scope, { name, words, says }, server) {
  const child = scope.start(process.execPath, [join(EXAMPLES, `${name}.mjs`), ...(words?.(server, pki) ?? []).map(String)]);
  await ended(scope, child);
  const right = child.exited.code === 0 && says.test(child.output);
  return { topic: 'example', outcome: right ? 'passed' : 'failed', ...(!right && { why: child.output }) };
}

async function cases(scope, { name }, way, server) {
  const about = JSON.stringify({ name, way, server, pki });
  const child = scope.start(program, [...args, CHILD], { env: { LIBSSL_MODULE: about, NO_COLOR: '1' } });
  await ended(scope, child);
  const said = child.output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const found = said.filter(({ topic }) => topic !== undefined);
  const stray = said.filter((line) => line.stray !== undefined).map((line) => line.stray);
  if (!said.at(-1)?.done) stray.push(`the cases did not come to their end\n${child.output}`);
  return [...found, ...stray.map((why) => ({ topic: 'nothing stray', outcome: 'failed', why }))];
}

async function ended(scope, child) {
  const timer = setTimeout(() => child.kill(), 1000 * SECONDS);
  await Promise.race([child.exit, scope.failed]);
  clearTimeout(timer);
}

function conclude() {
  const count = (outcome) => results.filter((one) => one.outcome === outcome).length;
  const table = tableOf(modules, results);
  const whole = wanted === undefined && flags.runtime === undefined && count('skipped') === 0;
  console.log(`\n${versions()}\n\n${table}\n`);
  if (whole && flags.write) write(table);
  const document = readFileSync(DOCUMENT, 'utf8');
  const stale = whole && ![table, optionsOf(MODULES)].every((text) => document.includes(text));
  if (stale) console.log('failed: docs/modules.md says something else: npm run modules -- --write');
  const absent = process.env['CI'] === 'true' ? [...missing.values()] : [];
  for (const line of absent) console.log(`failed: on CI nothing may be missing: ${line}`);
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return count('failed') > 0 || stale || absent.length > 0 ? 1 : 0;
}

function write(table) {
  const document = inDocument(readFileSync(DOCUMENT, 'utf8'), 'options', `\n${optionsOf(MODULES)}\n`);
  writeFileSync(DOCUMENT, inDocument(document, 'seen', `\n${versions()}\n\n${table}\n`));
}

/** What the cases run on. */
function host() {
  const chosen = RUNTIMES.find(({ name }) => name === flags.runtime);
  return chosen === undefined ? `Node ${process.versions.node}` : `${chosen.name} ${chosen.version}`;
}

function versions() {
  const lock = JSON.parse(readFileSync(join(EXAMPLES, 'package-lock.json'), 'utf8'));
  const packages = modules.flatMap(({ name, builtIn }) => (builtIn ? [] : [`${name} ${lock.packages[`node_modules/${name}`].version}`]));
  const servers = [...new Set([...modules.flatMap(({ server }) => server ?? []), CURL])].map(({ name, version }) => `${name} ${version}`);
  return `${host()}; ${[...packages, ...servers].join(', ')}`;
}
