import { describe, expect, it } from 'vitest';
// biome-ignore lint/correctness/useImportExtensions: the module is there under this name; biome sees its declarations only
import { type LimboCase, readLimbo, runCase } from '../../tools/limbo.mjs';

/**
 * C2SP's x509-limbo (with Netflix' BetterTLS), all 4873 cases of the file in test/vectors/x509-limbo. Every case that is not decided as
 * the suite expects stands here with its reason; docs/x509-limbo.md argues them at length.
 */
const DEVIATIONS: ReadonlyMap<string, string> = new Map([
  [
    'rfc5280::ca-as-leaf',
    'its keyUsage has keyCertSign alone, and a TLS server signs its handshake (RFC 9846, 4.4.2.2 demands digitalSignature)',
  ],
]);

/** Milliseconds that are always enough: the whole file takes about five seconds. */
const SUITE_TIME = 120_000;

const testcases = readLimbo(new URL('../vectors/x509-limbo/limbo-dev.json.gz', import.meta.url));

const mismatches = (cases: readonly LimboCase[]): string[] =>
  cases.flatMap((testcase) => {
    const { verdict, detail } = runCase(testcase);
    return verdict === 'skip' || verdict === testcase.expected_result
      ? []
      : [`${testcase.id}: expected ${testcase.expected_result}, got ${verdict} (${detail})`];
  });

const within = (prefix: string): LimboCase[] => testcases.filter(({ id }) => id.startsWith(prefix) && !DEVIATIONS.has(id));

describe('x509-limbo', () => {
  it.each([
    ['bettertls::nameconstraints', 4733],
    ['bettertls::pathbuilding', 36],
    ['rfc5280', 52],
    ['webpki', 24],
    ['pathlen', 6],
    ['pathological', 9],
    ['crl', 2],
    ['cve', 1],
    ['online', 9],
  ])(
    '%s: all %i cases are decided as expected',
    (prefix, count) => {
      const cases = within(`${prefix}::`);
      expect(cases).toHaveLength(count);
      expect(mismatches(cases)).toEqual([]);
    },
    SUITE_TIME,
  );

  it('skips only what is not claimed', () => {
    const skipped = testcases.filter((testcase) => testcase.features.some((feature) => feature.startsWith('pedantic-public-suffix')));
    expect(testcases.filter((testcase) => !testcase.id.startsWith('bettertls') && runCase(testcase).verdict === 'skip')).toEqual(skipped);
  });

  it('deviates where it says so, and is stricter there', () => {
    for (const testcase of testcases.filter(({ id }) => DEVIATIONS.has(id))) {
      expect(testcase.expected_result).toBe('SUCCESS');
      expect(runCase(testcase).verdict).toBe('FAILURE');
    }
  });
});
