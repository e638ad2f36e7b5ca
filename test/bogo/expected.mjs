// The tests of the runner that pass, frozen in `expected.txt`: names by family, folded as a shell folds them (`Resume-{Client,Server}-TLS13`).
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { familyOf } from './families.mjs';

const FILE = new URL('expected.txt', import.meta.url);

/**
 * Names with as much put into braces as differs in one of their parts alone; the same names give the same lines.
 * @param {readonly string[]} names
 */
function fold(names) {
  /** @type {string[][][]} Of each line the parts between hyphens, and of each part its alternatives. */
  let lines = names.toSorted().map((name) => name.split('-').map((part) => [part]));
  const longest = Math.max(0, ...lines.map((parts) => parts.length));
  for (let at = longest - 1; at >= 0; at--) {
    /** @type {Map<string, string[][]>} */
    const merged = new Map();
    for (const parts of lines) {
      const key = JSON.stringify(at < parts.length ? parts.with(at, []) : parts);
      const same = merged.get(key);
      if (same === undefined) merged.set(key, parts);
      else same[at]?.push(...(parts[at] ?? []));
    }
    lines = [...merged.values()];
  }
  return lines.map((parts) => parts.map(braced).join('-')).sort();
}

/** @param {readonly string[]} alternatives */
const braced = (alternatives) => (alternatives.length === 1 ? `${alternatives[0]}` : `{${alternatives.toSorted().join(',')}}`);

/**
 * The names a line stands for.
 * @param {string} line
 * @returns {string[]}
 */
function unfold(line) {
  const [, before, alternatives, after] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(line) ?? [];
  if (before === undefined || alternatives === undefined || after === undefined) return [line];
  return unfold(after).flatMap((rest) => alternatives.split(',').map((one) => `${before}${one}${rest}`));
}

/** The frozen names and the revision of the runner that gave them. */
export function expected() {
  const lines = existsSync(FILE) ? readFileSync(FILE, 'utf8').trimEnd().split('\n') : [];
  const revision = /^# revision (\w+)/.exec(lines[0] ?? '')?.[1] ?? 'unknown';
  return { revision, names: new Set(lines.filter((line) => line !== '' && !line.startsWith('#')).flatMap(unfold)) };
}

/**
 * Freezes what passes.
 * @param {string} revision
 * @param {readonly string[]} names
 */
export function freeze(revision, names) {
  /** @type {Map<string, string[]>} */
  const families = new Map();
  for (const name of names) families.set(familyOf(name), [...(families.get(familyOf(name)) ?? []), name]);
  const blocks = [...families]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([family, members]) => [`\n# ${family}: ${members.length}`, ...fold(members)].join('\n'));
  writeFileSync(FILE, `# revision ${revision}\n${blocks.join('\n')}\n`);
  const kept = expected().names;
  if (kept.size !== names.length || names.some((name) => !kept.has(name)))
    throw new Error('expected.txt does not say what was put into it');
}
