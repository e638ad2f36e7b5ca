import { describe, expect, it } from 'vitest';
import { freshKey, type IssueOptions, makeLeaf, makeRoot, storeOf, verifyNow } from '../../test/support/authorities.ts';
import { makeCrl } from '../../test/support/crls.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';

const { SUITEB_128_LOS, SUITEB_128_LOS_ONLY, SUITEB_192_LOS } = X509_V_FLAG;

type Curve = 'P-256' | 'P-384' | 'P-521';
const HASHES = { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' } as const;
const by = (curve: Curve): IssueOptions => ({ algorithm: { kind: 'ecdsa', hash: HASHES[curve] } });

function judge(curves: readonly [root: Curve, leaf: Curve], flags: number, options: IssueOptions = {}): [string, number] {
  const [rootCurve, leafCurve] = curves;
  const root = makeRoot('Root', { key: freshKey(rootCurve), ...by(rootCurve) });
  const leaf = makeLeaf(root, { key: freshKey(leafCurve), ...by(rootCurve), ...options });
  const { result, depth } = verifyNow([leaf], storeOf(root), { flags });
  return [result, depth];
}

describe('Suite B flags (RFC 6460, 4)', () => {
  it.each<[Curve, Curve, number, string, number]>([
    ['P-256', 'P-256', SUITEB_128_LOS_ONLY, 'OK', 0],
    ['P-384', 'P-256', SUITEB_128_LOS_ONLY, 'SUITE_B_LOS_NOT_ALLOWED', 0],
    ['P-256', 'P-256', SUITEB_128_LOS, 'OK', 0],
    ['P-384', 'P-256', SUITEB_128_LOS, 'OK', 0],
    ['P-384', 'P-384', SUITEB_128_LOS, 'OK', 0],
    ['P-256', 'P-384', SUITEB_128_LOS, 'SUITE_B_CANNOT_SIGN_P_384_WITH_P_256', 0],
    ['P-384', 'P-384', SUITEB_192_LOS, 'OK', 0],
    ['P-384', 'P-256', SUITEB_192_LOS, 'SUITE_B_LOS_NOT_ALLOWED', 0],
    ['P-521', 'P-384', SUITEB_192_LOS, 'SUITE_B_INVALID_CURVE', 1],
    ['P-384', 'P-521', SUITEB_192_LOS, 'SUITE_B_INVALID_CURVE', 0],
  ])('%s over %s under 0x%x: %s', (root, leaf, flags, result, depth) => {
    expect(judge([root, leaf], flags)).toEqual([result, depth]);
    expect(judge([root, leaf], 0)).toEqual(['OK', 0]);
  });

  it('want the hash that goes with the curve of the signing key, and keys of EC', () => {
    expect(judge(['P-256', 'P-256'], SUITEB_128_LOS, by('P-384'))).toEqual(['SUITE_B_INVALID_SIGNATURE_ALGORITHM', 0]);
    expect(judge(['P-256', 'P-256'], SUITEB_128_LOS, { key: freshKey('ed25519') })).toEqual(['SUITE_B_INVALID_ALGORITHM', 0]);
  });

  it('hold for CRLs', () => {
    const root = makeRoot('Root', by('P-256'));
    const leaf = makeLeaf(root, by('P-256'));
    const flags = X509_V_FLAG.CRL_CHECK | SUITEB_128_LOS;
    expect(verifyNow([leaf], storeOf(root), { flags, crls: [makeCrl(root)] }).result).toBe('OK');
    const other = { ...root, key: freshKey('P-384') };
    expect(verifyNow([leaf], storeOf(root), { flags, crls: [makeCrl(other)] }).result).toBe('SUITE_B_INVALID_SIGNATURE_ALGORITHM');
  });
});
