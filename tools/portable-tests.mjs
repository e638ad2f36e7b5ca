// Bundles test files into plain ESM that needs nothing but `node:*`, with our small runner in place of Vitest.
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { ROOT, SOURCE_ALIASES } from './source-aliases.mjs';

const ENTRY = 'portable-tests:entry';
const RUNNER = `${ROOT}tools/test-runner.ts`;
const ALIASES = new Map([...SOURCE_ALIASES.map(({ name, path }) => /** @type {const} */ ([name, path])), ['vitest', RUNNER]]);

/**
 * Writes the bundle and returns the path of the file to run.
 * @param {string[]} files paths from the root
 * @param {string} folder where the bundle goes
 */
export async function bundleTests(files, folder) {
  const bundle = await rolldown({
    input: { tests: ENTRY },
    platform: 'node',
    // The package says that its modules have no side effects; its tests have nothing else.
    treeshake: false,
    cwd: ROOT,
    plugins: [sources(files)],
    transform: { target: 'node20' },
  });
  await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
    sourcemap: true,
    cleanDir: true,
  });
  await bundle.close();
  return `${folder}/tests.mjs`;
}

/**
 * @param {string[]} files
 * @returns {import('rolldown').Plugin}
 */
function sources(files) {
  return {
    name: 'portable-tests',
    resolveId: (id) => (id === ENTRY ? id : ALIASES.get(id)),
    load: (id) => (id === ENTRY ? entry(files) : undefined),
    // A bundled test still finds the data that lies beside its source.
    transform: (code, id) =>
      id.startsWith(ROOT) && !id.includes('node_modules') && code.includes('import.meta.url')
        ? { code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)), map: null }
        : undefined,
  };
}

/** @param {string[]} files */
function entry(files) {
  const loads = files.map((file) => `  [${JSON.stringify(file)}, () => import(${JSON.stringify(ROOT + file)})],\n`);
  return `import { run } from 'vitest';\nawait run([\n${loads.join('')}]);\n`;
}
