import type { X509VerifyResult } from '../registry/verify-results.ts';
import { X509_V_FLAG, X509_V_FLAG_POLICY_MASK } from '../registry/x509-flags.ts';
import { constrainedBy, countForPathLength, looksSelfSigned } from './build-path.ts';
import type { Certificate } from './certificate.ts';
import { certificateProblems, type Role, timeProblems } from './check-certificate.ts';
import { DANE_FLAG_NO_DANE_EE_NAMECHECKS, DANE_USAGE, type TlsaRecord } from './dane.ts';
import type { Flow } from './flow.ts';
import { matchEmail, matchIp } from './hostname.ts';
import { constraintProblem } from './name-constraints.ts';
import { policyProblem } from './policy.ts';
import { checkRevocation } from './revocation.ts';
import { signatureMeetsLevel } from './strength.ts';
import { suiteBKeyProblem, suiteBProblem } from './suite-b.ts';
import type { Path, Report, Verification } from './verification.ts';
import type { Consent, VerifyRequest } from './verify.ts';

type Check = (v: Verification, path: Path, report: Report) => Flow<boolean>;

/** Judges a path from end to end, in OpenSSL's order: this list is the whole verification of RFC 5280, 6.1. */
export function* checkPath(v: Verification, path: Path, report: Report, consent: Consent, request: VerifyRequest): Flow<boolean> {
  for (const check of BEFORE_SIGNATURES) if (!(yield* check(v, path, report))) return false;
  if (!(yield* checkRevocation(v, path, report, request))) return false;
  if (!(yield* checkSuiteB(v, path, report))) return false;
  if (!(yield* checkSignatures(v, path, report, consent))) return false;
  return (yield* checkNameConstraints(v, path, report)) && (yield* checkPolicies(v, path, report));
}

/**
 * A leaf that a DANE-EE(3) record names needs no chain, and may have expired (RFC 7671, 5.1). Undefined where none does, so
 * that the chain decides. The flag of OpenSSL that waives the name as well is honoured.
 */
export function* checkLeafByDane(v: Verification, report: Report, consent: Consent): Flow<{ readonly accepted: boolean } | undefined> {
  if (v.dane?.match(v.leaf, [DANE_USAGE.DANE_EE], v.provider) === undefined) return undefined;
  const path: Path = { certificates: [v.leaf], trusted: true, anchor: undefined, untrustedCount: 1 };
  const named = (v.dane.flags & DANE_FLAG_NO_DANE_EE_NAMECHECKS) !== 0 || (yield* checkNames(v, path, report));
  const strong = named && (yield* checkLeafKey(v, path, report)) && (yield* checkLeafSuiteB(v, report));
  return { accepted: strong && (yield* consent(0, v.leaf, undefined)) };
}

function* checkLeafSuiteB(v: Verification, report: Report): Flow<boolean> {
  const problem = suiteBKeyProblem(v.leaf, v.params.flags);
  return problem === undefined || (yield* report(problem, 0, v.leaf));
}

/** The TLSA record that a trusted path satisfies, and where. */
export function matchedByDane(
  v: Verification,
  path: Path | undefined,
): { readonly record: TlsaRecord; readonly depth: number } | undefined {
  const { dane, provider } = v;
  if (dane === undefined) return undefined;
  const leafUsages = path === undefined ? [DANE_USAGE.DANE_EE] : [DANE_USAGE.PKIX_EE];
  const byLeaf = dane.match(v.leaf, leafUsages, provider);
  if (byLeaf !== undefined) return { record: byLeaf, depth: 0 };
  const byKey = path?.anchor && dane.recordOfKey(path.anchor.publicKey);
  if (byKey !== undefined) return { record: byKey, depth: -1 };
  for (const [i, certificate] of (path?.certificates ?? []).entries()) {
    const record = i > 0 ? dane.match(certificate, [DANE_USAGE.DANE_TA, DANE_USAGE.PKIX_TA], provider) : undefined;
    if (record !== undefined) return { record, depth: i };
  }
  return undefined;
}

/** Reports a problem where there is one. */
function* all(problems: readonly X509VerifyResult[], depth: number, certificate: Certificate, report: Report): Flow<boolean> {
  for (const problem of problems) if (!(yield* report(problem, depth, certificate))) return false;
  return true;
}

function* checkLeafKey(v: Verification, _path: Path, report: Report): Flow<boolean> {
  return v.isStrong(v.leaf) || (yield* report('EE_KEY_TOO_SMALL', 0, v.leaf));
}

/** RFC 5280, 6.1: a path ends in a trust anchor, and is not longer than allowed. */
function* checkTrust(v: Verification, path: Path, report: Report): Flow<boolean> {
  const last = path.certificates.length - 1;
  const top = path.certificates[last];
  const refused = path.trusted ? daneProblem(v, path) : trustProblem(v, path);
  return refused === undefined || (yield* report(refused, last, top));
}

const daneProblem = (v: Verification, path: Path): X509VerifyResult | undefined =>
  v.dane?.enabled === true && matchedByDane(v, path) === undefined ? 'DANE_NO_MATCH' : undefined;

function trustProblem(v: Verification, { certificates, untrustedCount }: Path): X509VerifyResult {
  const top = certificates[certificates.length - 1] as Certificate;
  if (certificates.some((certificate) => v.trustIn(certificate) === 'rejected')) return 'CERT_REJECTED';
  if (certificates.length > v.params.depth + 1) return 'CERT_CHAIN_TOO_LONG';
  if (v.dane?.enabled === true && !v.dane.usesPkix) return 'DANE_NO_MATCH';
  if (looksSelfSigned(top)) return certificates.length === 1 ? 'DEPTH_ZERO_SELF_SIGNED_CERT' : 'SELF_SIGNED_CERT_IN_CHAIN';
  return untrustedCount < certificates.length ? 'UNABLE_TO_GET_ISSUER_CERT' : 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';
}

/** Extensions, authority, purpose and path length of each certificate (RFC 5280, 6.1.4 (k)–(o)). */
function* checkExtensions(v: Verification, path: Path, report: Report): Flow<boolean> {
  const { certificates } = path;
  for (const [i, certificate] of certificates.entries()) {
    if (!(yield* all(certificateProblems(v, certificate, roleAt(path, i), certificates.length === 1), i, certificate, report)))
      return false;
    const { pathLength } = certificate.extensions.basicConstraints ?? {};
    const tooLong = i > 0 && pathLength !== undefined && countForPathLength(certificates.slice(0, i)) > pathLength;
    if (tooLong && !(yield* report('PATH_LENGTH_EXCEEDED', i, certificate))) return false;
  }
  return true;
}

function roleAt({ certificates, trusted, anchor }: Path, i: number): Role {
  if (i === 0) return 'leaf';
  return trusted && anchor === undefined && i === certificates.length - 1 ? 'anchor' : 'intermediate';
}

/** Keys of all issuers and digests of all signatures but the anchor's own must meet the security level. */
function* checkStrength(v: Verification, path: Path, report: Report): Flow<boolean> {
  for (const [i, certificate] of path.certificates.entries()) {
    if (i > 0 && !v.isStrong(certificate) && !(yield* report('CA_KEY_TOO_SMALL', i, certificate))) return false;
    const ownSignatureOnly = i === path.certificates.length - 1 && path.anchor === undefined;
    const weak = !ownSignatureOnly && !signatureMeetsLevel(certificate.signatureAlgorithm, v.securityLevel);
    if (weak && !(yield* report('CA_MD_TOO_WEAK', i, certificate))) return false;
  }
  return true;
}

/** The peer is whom the caller means (RFC 9525, 6): one of the hosts, and the mail address, and the IP address. */
function* checkNames(v: Verification, _path: Path, report: Report): Flow<boolean> {
  const { hosts, hostFlags, email, ip } = v.params.values;
  const { leaf } = v;
  const problems: X509VerifyResult[] = [];
  if (hosts.length > 0 && v.matchedHost === undefined) problems.push('HOSTNAME_MISMATCH');
  if (email !== undefined && !matchEmail(leaf, email, hostFlags)) problems.push('EMAIL_MISMATCH');
  if (ip !== undefined && !matchIp(leaf, ip)) problems.push('IP_ADDRESS_MISMATCH');
  return yield* all(problems, 0, leaf, report);
}

const BEFORE_SIGNATURES: readonly Check[] = [checkLeafKey, checkTrust, checkExtensions, checkStrength, checkNames];

function* checkSuiteB(v: Verification, path: Path, report: Report): Flow<boolean> {
  const problem = suiteBProblem(path, v.params.flags);
  return problem === undefined || (yield* report(problem.result, problem.depth, path.certificates[problem.depth]));
}

/** Signatures and validity, from the anchor down (RFC 5280, 6.1.3 (a)(1), (2)). The anchor's own signature proves nothing. */
function* checkSignatures(v: Verification, path: Path, report: Report, consent: Consent): Flow<boolean> {
  const { certificates, trusted } = path;
  const last = certificates.length - 1;
  for (let i = last; i >= 0; i--) {
    const certificate = certificates[i] as Certificate;
    const issuer = i < last ? certificates[i + 1] : undefined;
    if (issuer !== undefined || selfSignatureCounts(v, path)) {
      if (!(yield* checkSignature(v, certificate, issuer ?? certificate, i, report))) return false;
    } else if (!trusted && last === 0 && !looksSelfSigned(certificate)) {
      if (!(yield* report('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 0, certificate))) return false;
    }
    if (!(yield* all(timeProblems(v, certificate), i, certificate, report)) || !(yield* consent(i, certificate, issuer ?? certificate)))
      return false;
  }
  return true;
}

/** A certificate outside the store that claims to have signed itself must at least have done so. */
function selfSignatureCounts(v: Verification, { certificates, trusted, anchor }: Path): boolean {
  const top = certificates[certificates.length - 1] as Certificate;
  return anchor === undefined && looksSelfSigned(top) && (!trusted || v.has(X509_V_FLAG.CHECK_SS_SIGNATURE));
}

function* checkSignature(v: Verification, certificate: Certificate, issuer: Certificate, depth: number, report: Report): Flow<boolean> {
  if (issuer.publicKey === undefined)
    return yield* report('UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY', issuer === certificate ? depth : depth + 1, issuer);
  return (yield* v.isSignedBy(certificate, issuer)) || (yield* report('CERT_SIGNATURE_FAILURE', depth, certificate));
}

/** RFC 5280, 6.1.3 (b), (c): every authority's constraints hold for all certificates below it, the anchor's included. */
function* checkNameConstraints(v: Verification, path: Path, report: Report): Flow<boolean> {
  const { certificates, anchor } = path;
  const authorities = certificates.map((certificate) => certificate.extensions.nameConstraints);
  for (const { certificate, isLeaf } of constrainedBy(certificates).reverse()) {
    const i = certificates.indexOf(certificate);
    for (const constraints of [...authorities.slice(i + 1), anchor?.nameConstraints]) {
      const problem = constraints && constraintProblem(certificate, isLeaf, constraints, v.budget);
      if (problem !== undefined && !(yield* report(problem, i, certificate))) return false;
    }
  }
  return true;
}

/**
 * Certificate policies (RFC 5280, 6.1.3–6.1.5). OpenSSL leaves them alone unless a flag asks; here an authority's own demand
 * for an explicit policy is obeyed as well, as the RFC has it.
 */
function* checkPolicies(v: Verification, path: Path, report: Report): Flow<boolean> {
  const issued = path.anchor === undefined && path.certificates.length > 1 ? path.certificates.slice(0, -1) : path.certificates;
  const demanded = issued.some(({ extensions }) => extensions.policyConstraints?.requireExplicitPolicy !== undefined);
  if (!v.has(X509_V_FLAG_POLICY_MASK) && !demanded) return true;
  const inputs = {
    acceptable: v.params.policies,
    explicit: v.has(X509_V_FLAG.EXPLICIT_POLICY),
    inhibitMapping: v.has(X509_V_FLAG.INHIBIT_MAP),
    inhibitAny: v.has(X509_V_FLAG.INHIBIT_ANY),
  };
  const problem = policyProblem(issued, inputs, v.budget);
  return problem === undefined || (yield* report(problem.result, problem.depth, issued[problem.depth]));
}
