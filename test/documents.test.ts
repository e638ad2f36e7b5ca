import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../', import.meta.url);
const DOCUMENTS = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(new URL('docs', ROOT)).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

/** Words of code that are paths: with `src/` or another folder before them, or a room of `src/` and a file in it. */
function pathsIn(text: string): readonly string[] {
  const rooms = readdirSync(new URL('src', ROOT), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  const roots = ['src', 'test', 'tools', 'examples', 'docs', 'bench', ...rooms];
  return [...text.matchAll(/`([a-z0-9._/-]+\.(?:ts|mjs|json|md|tsv))`/g)].flatMap(([, path = '']) => {
    const [first = '', ...rest] = path.split('/');
    return rest.length > 0 && roots.includes(first) ? [path] : [];
  });
}

const exists = (path: string): boolean => [path, `src/${path}`].some((candidate) => existsSync(new URL(candidate, ROOT)));

describe('the documents name files that exist', () => {
  it.each(DOCUMENTS)('%s', (name) => {
    const text = readFileSync(new URL(name, ROOT), 'utf8');
    expect(pathsIn(text).filter((path) => !exists(path))).toEqual([]);
  });

  it('knows a path when it sees one', () => {
    expect(pathsIn('`src/ssl/ssl.ts`, `handshake/io.ts`, `io.ts` and `other/io.ts`')).toEqual(['src/ssl/ssl.ts', 'handshake/io.ts']);
  });
});

describe('docs/modules.md', () => {
  const names = readdirSync(new URL('examples/modules', ROOT)).flatMap((name) => (name.endsWith('.mjs') ? [name.slice(0, -4)] : []));
  const rows = readFileSync(new URL('docs/modules.md', ROOT), 'utf8').match(/^\| `.*\| (?:its option|register) \|.*$/gm) ?? [];

  it('has a row for each module that has an example, and for no other', () => {
    expect([...new Set(rows.map((row) => /`(.*?)`/.exec(row)?.[1]))].sort()).toEqual(names.sort());
  });

  it('tells of nothing that failed', () => {
    expect(rows.filter((row) => row.includes('**no**'))).toEqual([]);
  });
});
