import type { HashName, PublicKeySpec } from '../crypto/provider.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import { signatureAlgorithmOf } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import type { Path, Signed } from './verification.ts';

/** Suite B (RFC 6460, 4): which curves a path may use, with which hash, and in which order, as X509_chain_check_suiteb(3) judges it. */

/** A problem and the certificate it is put down to. */
export interface SuiteBProblem {
  readonly result: X509VerifyResult;
  readonly depth: number;
}

/** What is wrong with a path under these flags; undefined where nothing is, and where they ask for nothing. */
export function suiteBProblem({ certificates, anchor }: Path, flags: number): SuiteBProblem | undefined {
  if (!isAsked(flags)) return undefined;
  let curves = curvesOf(flags);
  for (const [i, certificate] of certificates.entries()) {
    if (certificate.version !== 3) return { result: 'SUITE_B_INVALID_VERSION', depth: i };
    const below = certificates[i - 1];
    const problem = keyProblem(certificate.publicKey, below, curves);
    if (problem !== undefined) return blamed(problem, i, curves.length < curvesOf(flags).length);
    // Once P-384 was met, nothing weaker may stand above it.
    if (isEc(certificate.publicKey, 'P-384')) curves = curves.filter((curve) => curve !== 'P-256');
  }
  const last = certificates.length - 1;
  const top = certificates[last] as Certificate;
  const problem = keyProblem(anchor?.publicKey ?? top.publicKey, top, curves);
  return problem && blamed(problem, last + 1, curves.length < curvesOf(flags).length);
}

/** The same for a certificate that needs no path, of which the key alone counts. */
export const suiteBKeyProblem = ({ publicKey }: Certificate, flags: number): X509VerifyResult | undefined =>
  isAsked(flags) ? keyProblem(publicKey, undefined, curvesOf(flags)) : undefined;

/** The same for a CRL and the key that signed it. */
export const suiteBCrlProblem = (crl: Signed, issuer: Certificate, flags: number): X509VerifyResult | undefined =>
  isAsked(flags) ? keyProblem(issuer.publicKey, crl, curvesOf(flags)) : undefined;

const isAsked = (flags: number): boolean => (flags & X509_V_FLAG.SUITEB_128_LOS) !== 0;

type SuiteBCurve = 'P-256' | 'P-384';

/** The flags are one bit for each curve. */
const curvesOf = (flags: number): readonly SuiteBCurve[] => [
  ...((flags & X509_V_FLAG.SUITEB_128_LOS_ONLY) === 0 ? [] : (['P-256'] as const)),
  ...((flags & X509_V_FLAG.SUITEB_192_LOS) === 0 ? [] : (['P-384'] as const)),
];

/** RFC 6460, 4: the hash goes with the curve of the key that signs. */
const HASH_OF: Readonly<Record<SuiteBCurve, HashName>> = { 'P-256': 'sha256', 'P-384': 'sha384' };

const isEc = (key: PublicKeySpec | undefined, curve: SuiteBCurve): boolean => key?.kind === 'ec' && key.curve === curve;

function keyProblem(
  key: PublicKeySpec | undefined,
  signed: Pick<Signed, 'signatureAlgorithm'> | undefined,
  curves: readonly SuiteBCurve[],
): X509VerifyResult | undefined {
  if (key?.kind !== 'ec') return 'SUITE_B_INVALID_ALGORITHM';
  const { curve } = key;
  if (curve === 'P-521') return 'SUITE_B_INVALID_CURVE';
  const algorithm = signed && signatureAlgorithmOf(signed.signatureAlgorithm);
  if (signed !== undefined && (algorithm?.kind !== 'ecdsa' || algorithm.hash !== HASH_OF[curve]))
    return 'SUITE_B_INVALID_SIGNATURE_ALGORITHM';
  return curves.includes(curve) ? undefined : 'SUITE_B_LOS_NOT_ALLOWED';
}

/** A signature is the fault of the certificate that bears it; of two curves in the wrong order it is said which way round they are. */
function blamed(result: X509VerifyResult, at: number, narrowed: boolean): SuiteBProblem {
  const ofSignature = result === 'SUITE_B_INVALID_SIGNATURE_ALGORITHM' || result === 'SUITE_B_LOS_NOT_ALLOWED';
  const depth = ofSignature && at > 0 ? at - 1 : at;
  return { result: result === 'SUITE_B_LOS_NOT_ALLOWED' && narrowed ? 'SUITE_B_CANNOT_SIGN_P_384_WITH_P_256' : result, depth };
}
