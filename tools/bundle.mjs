// Puts the JavaScript of the package into few files, one for each entry and what they share: a program that imports two hundred and thirty
// modules waits more than twice as long. Types stay as they are. `npm pack` runs it; with a directory it writes there and leaves dist/ alone.
//   node tools/bundle.mjs [DIRECTORY]
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const { exports: entries, bin, imports, dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** `./dist/node/index.js` as `node/index`. */
const names = [...Object.values(entries).map((entry) => entry.default), ...Object.values(bin)]
  .filter((path) => path !== undefined)
  .map((path) => path.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, ''));

const target = process.argv[2] ?? DIST;
const build = await rolldown({
  input: Object.fromEntries([...new Set(names)].map((name) => [name, join(DIST, `${name}.js`)])),
  platform: 'node',
  external: [/^node:/, '#provider', ...Object.keys(dependencies).map((name) => new RegExp(`^${name}/`))],
});
const { output } = await build.generate({ chunkFileNames: 'shared/[name].js' });
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
  writeFileSync(file, part.type === 'chunk' ? part.code : part.source);
}

/** Scripts, and maps that would be of scripts which are not there any more. @param {string} directory */
function removeScripts(directory) {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && /\.js(\.map)?$/.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
}
