import { describe, expect, it } from 'vitest';
import {
  type Entity,
  type IssueOptions,
  makeIntermediate,
  makeLeaf,
  makeRoot,
  storeOf,
  verifyNow,
} from '../../test/support/authorities.ts';
import { context } from '../asn1/der-reader.ts';
import { element, integer, oid, sequence } from '../asn1/der-writer.ts';
import { ANY_POLICY, EXTENSION_OIDS } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import type { IssueExtension } from './issue.ts';
import { X509VerifyParam } from './verify-params.ts';

const A = '1.2.3.1';
const B = '1.2.3.2';
const C = '1.2.3.3';

const constraints = (explicit: number | undefined, mapping?: number): IssueExtension => {
  const field = (n: number, value: number | undefined) => (value === undefined ? undefined : element(context(n), Uint8Array.of(value)));
  return { oid: EXTENSION_OIDS.policyConstraints, critical: true, value: sequence(field(0, explicit), field(1, mapping)) };
};
const inhibitAny = (skip: number): IssueExtension => ({ oid: EXTENSION_OIDS.inhibitAnyPolicy, critical: true, value: integer(skip) });
const mapping = (...pairs: readonly (readonly [string, string])[]): IssueExtension => ({
  oid: EXTENSION_OIDS.policyMappings,
  critical: true,
  value: sequence(...pairs.map(([from, to]) => sequence(oid(from), oid(to)))),
});

const root = makeRoot();
const store = storeOf(root);

/** Verifies root -> … -> leaf, with these options from the top down. */
function verdict(
  levels: readonly IssueOptions[],
  acceptable?: readonly string[],
  flags: number = X509_V_FLAG.EXPLICIT_POLICY,
): X509VerifyResult {
  const chain: Entity[] = [];
  let issuer = root;
  for (const [i, options] of levels.entries()) {
    issuer = i === levels.length - 1 ? makeLeaf(issuer, options) : makeIntermediate(issuer, `CA ${i}`, options);
    chain.unshift(issuer);
  }
  const params = new X509VerifyParam();
  params.setPolicies(acceptable);
  return verifyNow(chain, store, { params, flags }).result;
}

const policies = (...list: string[]): IssueOptions => ({ policies: list });

describe('certificate policies', () => {
  it.each<[string, readonly IssueOptions[], readonly string[] | undefined, X509VerifyResult]>([
    ['the same policy all the way', [policies(A), policies(A)], [A], 'OK'],
    ['the same policy, and any will do', [policies(A), policies(A)], undefined, 'OK'],
    ['the same policy, which is not wanted', [policies(A), policies(A)], [B], 'NO_EXPLICIT_POLICY'],
    ['different policies', [policies(A), policies(B)], undefined, 'NO_EXPLICIT_POLICY'],
    ['no policies at all', [{}, {}], undefined, 'NO_EXPLICIT_POLICY'],
    ['a gap in the middle', [policies(A), {}, policies(A)], undefined, 'NO_EXPLICIT_POLICY'],
    ['anyPolicy above', [policies(ANY_POLICY), policies(A)], [A], 'OK'],
    ['anyPolicy in the leaf', [policies(A), policies(ANY_POLICY)], [A], 'OK'],
    ['anyPolicy in the leaf, another wanted', [policies(A), policies(ANY_POLICY)], [B], 'NO_EXPLICIT_POLICY'],
    ['anyPolicy throughout', [policies(ANY_POLICY), policies(ANY_POLICY)], [B], 'OK'],
    [
      'anyPolicy inhibited',
      [{ ...policies(ANY_POLICY), extensions: [inhibitAny(0)] }, policies(ANY_POLICY)],
      undefined,
      'NO_EXPLICIT_POLICY',
    ],
    ['anyPolicy inhibited later', [{ ...policies(ANY_POLICY), extensions: [inhibitAny(1)] }, policies(ANY_POLICY), policies(A)], [A], 'OK'],
    ['a mapping', [{ ...policies(A), extensions: [mapping([A, B])] }, policies(B)], [A], 'OK'],
    ['a mapping, asked for by the name below', [{ ...policies(A), extensions: [mapping([A, B])] }, policies(B)], [B], 'NO_EXPLICIT_POLICY'],
    [
      'a mapping that leaves the old name behind',
      [{ ...policies(A), extensions: [mapping([A, B])] }, policies(A)],
      undefined,
      'NO_EXPLICIT_POLICY',
    ],
    ['a mapping of what anyPolicy covers', [{ ...policies(ANY_POLICY), extensions: [mapping([A, B])] }, policies(B)], [A], 'OK'],
    ['a mapping to two', [{ ...policies(A), extensions: [mapping([A, B], [A, C])] }, policies(C)], [A], 'OK'],
    [
      'two mappings in a row',
      [{ ...policies(A), extensions: [mapping([A, B])] }, { ...policies(B), extensions: [mapping([B, C])] }, policies(C)],
      [A],
      'OK',
    ],
    [
      'mappings inhibited',
      [{ ...policies(A), extensions: [constraints(undefined, 0)] }, { ...policies(A), extensions: [mapping([A, B])] }, policies(B)],
      undefined,
      'NO_EXPLICIT_POLICY',
    ],
    ['anyPolicy mapped', [{ ...policies(A), extensions: [mapping([ANY_POLICY, B])] }, policies(B)], undefined, 'INVALID_POLICY_EXTENSION'],
    ['a policy that is there twice', [policies(A), policies(A, A)], undefined, 'INVALID_POLICY_EXTENSION'],
  ])('%s', (_, levels, acceptable, result) => {
    expect(verdict(levels, acceptable)).toBe(result);
  });

  it('do not matter where nobody asks', () => {
    expect(verdict([{}, {}], undefined, 0)).toBe('OK');
    expect(verdict([policies(A), policies(B)], [C], 0)).toBe('OK');
  });

  it('matter where an authority asks, from as far below it as it says', () => {
    expect(verdict([{ extensions: [constraints(0)] }, {}], undefined, 0)).toBe('NO_EXPLICIT_POLICY');
    expect(verdict([{ ...policies(A), extensions: [constraints(0)] }, policies(A)], undefined, 0)).toBe('OK');
    expect(verdict([{ extensions: [constraints(2)] }, {}], undefined, 0)).toBe('OK');
    expect(verdict([{ extensions: [constraints(2)] }, {}, {}, {}], undefined, 0)).toBe('NO_EXPLICIT_POLICY');
  });

  it('obey the flags', () => {
    const any = [policies(ANY_POLICY), policies(ANY_POLICY)];
    expect(verdict(any, undefined, X509_V_FLAG.EXPLICIT_POLICY | X509_V_FLAG.INHIBIT_ANY)).toBe('NO_EXPLICIT_POLICY');
    const mapped = [{ ...policies(A), extensions: [mapping([A, B])] }, policies(B)];
    expect(verdict(mapped, undefined, X509_V_FLAG.EXPLICIT_POLICY | X509_V_FLAG.INHIBIT_MAP)).toBe('NO_EXPLICIT_POLICY');
  });

  it('cannot be made to multiply: the budget bounds the graph', () => {
    const list = Array.from({ length: 120 }, (_, i) => `1.2.4.${i}`);
    const everyToEvery = list.slice(0, 40).flatMap((from) => list.slice(0, 40).map((to) => [from, to] as const));
    expect(verdict([{ ...policies(...list), extensions: [mapping(...everyToEvery)] }, policies(...list)])).toBe('UNSPECIFIED');
    expect(verdict([policies(...list), policies(...list), policies(...list)])).toBe('OK');
  });
});
