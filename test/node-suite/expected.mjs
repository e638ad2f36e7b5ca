// What each of Node's tests gives over the library, frozen in `expected-node26.txt` and its like: one line a file, `pass NAME`, `skip NAME` where the test itself
// finds nothing to do, `fail NAME: reason`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** @typedef {{ outcome: 'pass' | 'skip' | 'fail', reason?: string }} Expected */

/** What stands behind a failure that nobody has looked at. */
const UNKNOWN = 'not looked at';

/** @param {string} runtime */
const fileOf = (runtime) => new URL(`expected-${runtime}.txt`, import.meta.url);

/**
 * @param {string} runtime
 * @returns {Map<string, Expected>}
 */
export function expected(runtime) {
  const lines = existsSync(fileOf(runtime)) ? readFileSync(fileOf(runtime), 'utf8').split('\n') : [];
  return new Map(
    lines.flatMap((line) => {
      const [, outcome, name, reason] = /^(pass|skip|fail) ([^:]+)(?:: (.*))?$/.exec(line) ?? [];
      if (name === undefined) return [];
      return [[name, { outcome: /** @type {Expected['outcome']} */ (outcome), ...(reason !== undefined && { reason }) }]];
    }),
  );
}

/**
 * Freezes what a whole run gave. A failure keeps the reason it had.
 * @param {string} runtime
 * @param {ReadonlyMap<string, Expected['outcome']>} outcomes
 */
export function freeze(runtime, outcomes) {
  const before = expected(runtime);
  const lines = [...outcomes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, outcome]) => `${outcome} ${name}${outcome === 'fail' ? `: ${before.get(name)?.reason ?? UNKNOWN}` : ''}`);
  writeFileSync(fileOf(runtime), `${lines.join('\n')}\n`);
}

/** @param {Expected} one */
export const isArgued = ({ outcome, reason = '' }) => outcome !== 'fail' || (reason !== '' && reason !== UNKNOWN);

/** @param {ReadonlyMap<string, Expected>} frozen */
export function countsOf(frozen) {
  const counts = { pass: 0, skip: 0, fail: 0 };
  for (const { outcome } of frozen.values()) counts[outcome]++;
  return counts;
}
