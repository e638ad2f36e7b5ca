// Puts the JavaScript of the package into few files, one for each entry and what they share: a program that imports two hundred and thirty
// modules waits more than twice as long. Types stay as they are. `npm pack` runs it; with a directory it writes there and leaves dist/ alone.
//   node tools/bundle.mjs [DIRECTORY]
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { PIECE_FILES } from '../dist/crypto/node-on-demand.js';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const { exports, bin, imports, dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** `./dist/node/index.js` as `node/index`. */
const names = [
  ...Object.values(exports).map((entry) => entry.default),
  ...Object.values(bin),
  ...Object.values(imports).flatMap((conditions) => Object.values(conditions)),
  // Loaded by their paths, beside the file that names them.
  ...Object.values(PIECE_FILES).map((path) => path.replace('./', './dist/crypto/')),
]
  .filter((path) => path !== undefined)
  .map((path) => path.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, ''));

const inputs = [...new Set(names)];

// A file costs a third of a millisecond however small it is. What `index` needs is in one, but for what Node's provider shares with others:
// `index` imports that by another name, and two files must not import each other.
const PROVIDER = 'crypto/node';
const [index, provider, others] = [
  await modulesOf('index'),
  await modulesOf(PROVIDER),
  await modulesOf(...inputs.filter((name) => name !== PROVIDER)),
];
const groups = [
  { name: 'base', test: (/** @type {string} */ id) => provider.has(id) && others.has(id) },
  { name: 'core', test: (/** @type {string} */ id) => index.has(id) },
];

const target = process.argv[2] ?? DIST;
const build = await bundle(inputs);
const { output } = await build.generate({ chunkFileNames: 'shared/[name].js', codeSplitting: { groups } });
if (target === DIST) removeScripts(DIST);
else {
  // Where it stands alone it says itself what package.json says of dist/.
  const own = JSON.stringify({ type: 'module', imports }).replaceAll('./dist/', './');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'package.json'), own);
}
for (const part of output) {
  const file = join(target, part.fileName);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, part.type === 'chunk' ? inAscii(part.code) : part.source);
}

/** @param {string[]} entries */
function bundle(entries) {
  return rolldown({
    input: Object.fromEntries(entries.map((name) => [name, join(DIST, `${name}.js`)])),
    platform: 'node',
    external: [/^node:/, ...Object.keys(imports), ...Object.keys(dependencies).map((name) => new RegExp(`^${name}/`))],
  });
}

/** What entries import, near or far, by the names of the files. @param {string[]} entries */
async function modulesOf(...entries) {
  const { output } = await (await bundle(entries)).generate();
  return new Set(output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : [])));
}

/** Scripts, and maps that would be of scripts which are not there any more. @param {string} directory */
function removeScripts(directory) {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && /\.js(\.map)?$/.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
}

/** V8 keeps a source of nothing but ASCII in one byte for each character, and need not decode it. @param {string} code */
function inAscii(code) {
  return code.replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
