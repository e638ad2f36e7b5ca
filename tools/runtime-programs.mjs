// The runtimes we promise, pinned, and where their programs lie: fetched from the npm registry into the user's cache.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

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
export const RUNTIMES = [
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

export const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'libssl-runtimes');

/**
 * The path of a runtime's program, fetched if it is not there yet. No install script runs: the program lies ready in a package of its own.
 * @param {Runtime} runtime
 */
export function installed(runtime) {
  const there = cached(runtime);
  if (there !== undefined) return there;
  const folder = folderOf(runtime);
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
 * The path of a runtime's program, if it was fetched before.
 * @param {Runtime} runtime
 */
export const cached = (runtime) => working(runtime, folderOf(runtime));

/** @param {Runtime} runtime */
const folderOf = ({ name, version }) => join(CACHE, `${name}-${version}`);

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
