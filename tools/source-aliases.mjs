// The package's own names (`libssl/…`, `#provider`) mapped to the sources they are built from, so that tests run without a build between.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** @type {{ name: string, exports: Record<string, string | { default: string }>, imports: Record<string, { module?: string, node: string }> }} */
const { name, exports, imports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));

/** @param {string} built a path under dist/ */
const source = (built) => ROOT + built.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts');

/** @type {{ name: string, path: string }[]} */
export const SOURCE_ALIASES = [
  ...Object.entries(imports).map(([key, target]) => ({ name: key, path: source(target.module ?? target.node) })),
  ...Object.entries(exports).flatMap(([key, target]) =>
    typeof target === 'string' ? [] : [{ name: name + key.slice(1), path: source(target.default) }],
  ),
];
