import { ATTRIBUTE_OIDS } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { X509_V_FLAG, X509_V_FLAG_POLICY_MASK } from '../registry/x509-flags.ts';
import { constrainedBy, lengthProblem, looksSelfSigned } from './build-path.ts';
import type { Certificate } from './certificate.ts';
import { certificateProblems, isProxy, issuerRole, type Role, timeProblems } from './check-certificate.ts';
import { DANE_FLAG_NO_DANE_EE_NAMECHECKS, DANE_USAGE, type DaneRecords, type TlsaRecord } from './dane.ts';
import { type Flow, settle } from './flow.ts';
import { matchEmail, matchIp } from './hostname.ts';
import type { Name } from './name.ts';
import { constraintProblem } from './name-constraints.ts';
import { policyProblem } from './policy.ts';
import { asksForRevocation, checkRevocation } from './revocation.ts';
import { signatureMeetsLevel } from './strength.ts';
import { suiteBKeyProblem, suiteBProblem } from './suite-b.ts';
import type { Path, Problem, Report, Verification } from './verification.ts';
import type { Listener, VerifyRequest } from './verify.ts';

type Check = (v: Verification, path: Path) => readonly Problem[];

/** Judges a path from end to end, in OpenSSL's order: this list is the whole verification of RFC 5280, 6.1. */
export function* checkPath(
  v: Verification,
  path: Path,
  report: Report,
  listener: Listener | undefined,
  request: VerifyRequest,
): Flow<boolean> {
  if (!(yield* all(BEFORE_REVOCATION, v, path, report))) return false;
  if (asksForRevocation(v, request) && !(yield* checkRevocation(v, path, report, request))) return false;
  if (!(yield* all(BEFORE_SIGNATURES, v, path, report))) return false;
  if (!(yield* checkSignatures(v, path, report, listener)) || !(yield* all(AFTER_SIGNATURES, v, path, report))) return false;
  const byPolicy = checkPolicies(v, path);
  for (const { result, depth, certificate } of byPolicy) if (!(yield* report(result, depth, certificate))) return false;
  const notify = byPolicy.length === 0 && v.has(X509_V_FLAG.NOTIFY_POLICY) && v.has(X509_V_FLAG_POLICY_MASK);
  return !notify || listener === undefined || (yield* listener.policies());
}

/** Reports what checks find, one after the other. */
function* all(checks: readonly Check[], v: Verification, path: Path, report: Report): Flow<boolean> {
  for (const check of checks)
    for (const { result, depth, certificate } of check(v, path)) if (!(yield* report(result, depth, certificate))) return false;
  return true;
}

const NONE: readonly Problem[] = [];

/**
 * What TLSA records say of the leaf alone; undefined where the chain decides. A leaf that a DANE-EE(3) record names needs no chain, and may have
 * expired (RFC 7671, 5.1); the flag of OpenSSL that waives the name as well is honoured. One that no record can name needs none either.
 */
export function* checkLeafByDane(
  v: Verification,
  dane: DaneRecords,
  report: Report,
  listener: Listener | undefined,
): Flow<{ readonly accepted: boolean } | undefined> {
  const matched = dane.match(v.leaf, [DANE_USAGE.DANE_EE], v.provider) !== undefined;
  const hopeless = !matched && !dane.namesAuthorities && dane.match(v.leaf, [DANE_USAGE.PKIX_EE], v.provider) === undefined;
  if (!matched && !hopeless) return undefined;
  const path: Path = { certificates: [v.leaf], trusted: true, signed: true, anchor: undefined, untrustedCount: 1 };
  const named = (dane.flags & DANE_FLAG_NO_DANE_EE_NAMECHECKS) === 0 ? [checkNames] : [];
  const accepted = yield* all([checkLeafKey, checkLeafSuiteB, ...(hopeless ? [noMatch] : named)], v, path, report);
  return { accepted: accepted && (hopeless || listener === undefined || (yield* listener.good(0, v.leaf, undefined))) };
}

const checkLeafSuiteB: Check = (v) => problems(suiteBKeyProblem(v.leaf, v.params.flags), 0, v.leaf);
const noMatch: Check = (v) => problems('DANE_NO_MATCH', 0, v.leaf);

/** The TLSA record that authenticated the peer, and what it matched. */
export interface DaneMatch {
  readonly record: TlsaRecord;
  /** Of the certificate it matched, or that the key in it signed: the last of the chain. */
  readonly depth: number;
  /** Undefined where the record is a key that signed the last certificate of the chain. */
  readonly certificate: Certificate | undefined;
}

/** The record that the leaf satisfies, where there is no path, or that a trusted path does. As in OpenSSL one that vouches by itself comes first. */
export function matchedByDane({ dane, leaf, provider }: Verification, path: Path | undefined): DaneMatch | undefined {
  const certificates = path?.certificates ?? [leaf];
  const at = (depth: number, usage: number): DaneMatch | undefined => {
    const certificate = certificates[depth];
    const record = certificate && dane?.match(certificate, [usage], provider);
    return record && { record, depth, certificate };
  };
  if (path === undefined) return at(0, DANE_USAGE.DANE_EE);
  const last = certificates.length - 1;
  const byKey = path.anchor && dane?.recordOfKey(path.anchor.publicKey);
  if (byKey !== undefined) return { record: byKey, depth: last, certificate: undefined };
  const vouched = (last > 0 ? at(last, DANE_USAGE.DANE_TA) : undefined) ?? at(0, DANE_USAGE.PKIX_EE);
  if (vouched !== undefined) return vouched;
  for (let depth = 1; depth <= last; depth++) {
    const match = at(depth, DANE_USAGE.PKIX_TA);
    if (match !== undefined) return match;
  }
  return undefined;
}

/** What there is to say, if anything. */
const problems = (result: X509VerifyResult | undefined, depth: number, certificate: Certificate | undefined): readonly Problem[] =>
  result === undefined ? NONE : [{ result, depth, certificate }];

const checkLeafKey: Check = (v) => (v.isStrong(v.leaf) ? NONE : problems('EE_KEY_TOO_SMALL', 0, v.leaf));

/** RFC 5280, 6.1: a path ends in a trust anchor, and is not longer than allowed. */
function checkTrust(v: Verification, path: Path): readonly Problem[] {
  const last = path.certificates.length - 1;
  return problems(path.trusted ? daneProblem(v, path) : trustProblem(v, path), last, path.certificates[last]);
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
function checkExtensions(v: Verification, path: Path): readonly Problem[] {
  const { certificates } = path;
  const alone = certificates.length === 1;
  const found: Problem[] = [];
  for (let depth = 0; depth < certificates.length; depth++) {
    const certificate = certificates[depth] as Certificate;
    for (const result of certificateProblems(v, certificate, roleAt(path, depth), alone)) found.push({ result, depth, certificate });
    const tooLong = depth > 0 ? lengthProblem(certificate, certificates.slice(0, depth)) : undefined;
    if (tooLong !== undefined) found.push({ result: tooLong, depth, certificate });
  }
  return found;
}

function roleAt({ certificates, trusted, anchor }: Path, i: number): Role {
  const below = certificates[i - 1];
  return below === undefined ? 'leaf' : issuerRole(below, trusted && anchor === undefined && i === certificates.length - 1);
}

/** Keys of all issuers and digests of all signatures but the anchor's own must meet the security level. */
function checkStrength(v: Verification, { certificates, anchor }: Path): readonly Problem[] {
  const found: Problem[] = [];
  for (let depth = 0; depth < certificates.length; depth++) {
    const certificate = certificates[depth] as Certificate;
    if (depth > 0 && !v.isStrong(certificate)) found.push({ result: 'CA_KEY_TOO_SMALL', depth, certificate });
    const ownSignatureOnly = depth === certificates.length - 1 && anchor === undefined;
    if (!ownSignatureOnly && !signatureMeetsLevel(certificate.signatureAlgorithm, v.securityLevel))
      found.push({ result: 'CA_MD_TOO_WEAK', depth, certificate });
  }
  return found;
}

/** The peer is whom the caller means (RFC 9525, 6): one of the hosts, and the mail address, and the IP address. */
function checkNames(v: Verification): readonly Problem[] {
  const { hosts, hostFlags, email, ip } = v.params.values;
  const { leaf } = v;
  const mismatched = (result: X509VerifyResult): Problem => ({ result, depth: 0, certificate: leaf });
  const found: Problem[] = [];
  if (hosts.length > 0 && v.matchedHost === undefined) found.push(mismatched('HOSTNAME_MISMATCH'));
  if (email !== undefined && !matchEmail(leaf, email, hostFlags)) found.push(mismatched('EMAIL_MISMATCH'));
  if (ip !== undefined && !matchIp(leaf, ip)) found.push(mismatched('IP_ADDRESS_MISMATCH'));
  return found;
}

function checkSuiteB(v: Verification, path: Path): readonly Problem[] {
  const problem = suiteBProblem(path, v.params.flags);
  return problem === undefined ? NONE : problems(problem.result, problem.depth, path.certificates[problem.depth]);
}

/** Signatures and validity, from the anchor down (RFC 5280, 6.1.3 (a)(1), (2)). The anchor's own signature proves nothing. */
function* checkSignatures(v: Verification, path: Path, report: Report, listener: Listener | undefined): Flow<boolean> {
  const { certificates, trusted, signed } = path;
  const last = certificates.length - 1;
  for (let i = last; i >= 0; i--) {
    const certificate = certificates[i] as Certificate;
    const issuer = certificates[i + 1] ?? certificate;
    const inQuestion = i < last ? !signed : selfSignatureCounts(v, path);
    if (inQuestion && !(yield* settle(v.isSignedBy(certificate, issuer))) && !(yield* reportSignature(certificate, issuer, i, report)))
      return false;
    const unverified = !trusted && last === 0 && !looksSelfSigned(certificate);
    if (unverified && !(yield* report('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 0, certificate))) return false;
    for (const problem of timeProblems(v, certificate)) if (!(yield* report(problem, i, certificate))) return false;
    if (listener !== undefined && !(yield* listener.good(i, certificate, issuer))) return false;
  }
  return true;
}

/** A key that cannot be read is the issuer's fault, and only then is the signature the certificate's. */
const reportSignature = (certificate: Certificate, issuer: Certificate, depth: number, report: Report): Flow<boolean> =>
  issuer.publicKey === undefined
    ? report('UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY', issuer === certificate ? depth : depth + 1, issuer)
    : report('CERT_SIGNATURE_FAILURE', depth, certificate);

/** A certificate outside the store that claims to have signed itself must at least have done so. */
function selfSignatureCounts(v: Verification, { certificates, trusted, anchor }: Path): boolean {
  const top = certificates[certificates.length - 1] as Certificate;
  return anchor === undefined && looksSelfSigned(top) && (!trusted || v.has(X509_V_FLAG.CHECK_SS_SIGNATURE));
}

/** RFC 3820, 3.4: a proxy is called like its issuer, with one more common name behind it. */
function checkProxyNames(_v: Verification, { certificates }: Path): readonly Problem[] {
  if (!certificates.some(isProxy)) return NONE;
  return certificates.flatMap((certificate, depth) =>
    isProxy(certificate) && !isNamedAfter(certificate.subject, certificate.issuer)
      ? problems('PROXY_SUBJECT_NAME_VIOLATION', depth, certificate)
      : NONE,
  );
}

function isNamedAfter(subject: Name, issuer: Name): boolean {
  const [added, ...more] = subject.rdns[issuer.rdns.length] ?? [];
  return (
    !issuer.empty &&
    subject.rdns.length === issuer.rdns.length + 1 &&
    more.length === 0 &&
    added?.type === ATTRIBUTE_OIDS.CN &&
    subject.isWithin(issuer)
  );
}

/** RFC 5280, 6.1.3 (b), (c): every authority's constraints hold for all certificates below it, the anchor's included. */
function checkNameConstraints(v: Verification, { certificates, anchor }: Path): readonly Problem[] {
  const authorities = [...certificates.map(({ extensions }) => extensions.nameConstraints), anchor?.nameConstraints];
  if (authorities.every((constraints) => constraints === undefined)) return NONE;
  const found: Problem[] = [];
  for (const { certificate, isLeaf } of constrainedBy(certificates).reverse()) {
    const depth = certificates.indexOf(certificate);
    for (const constraints of authorities.slice(depth + 1)) {
      const result = constraints && constraintProblem(certificate, isLeaf, constraints, v.budget);
      if (result !== undefined) found.push({ result, depth, certificate });
    }
  }
  return found;
}

/**
 * Certificate policies (RFC 5280, 6.1.3–6.1.5). OpenSSL leaves them alone unless a flag asks; here an authority's own demand
 * for an explicit policy is obeyed as well, as the RFC has it.
 */
function checkPolicies(v: Verification, path: Path): readonly Problem[] {
  const issued = path.anchor === undefined && path.certificates.length > 1 ? path.certificates.slice(0, -1) : path.certificates;
  const demanded = issued.some(({ extensions }) => extensions.policyConstraints?.requireExplicitPolicy !== undefined);
  if (!v.has(X509_V_FLAG_POLICY_MASK) && !demanded) return NONE;
  const inputs = {
    acceptable: v.params.policies,
    explicit: v.has(X509_V_FLAG.EXPLICIT_POLICY),
    inhibitMapping: v.has(X509_V_FLAG.INHIBIT_MAP),
    inhibitAny: v.has(X509_V_FLAG.INHIBIT_ANY),
  };
  const problem = policyProblem(issued, inputs, v.budget);
  if (problem === undefined) return NONE;
  // That a policy is missing is no single certificate's fault.
  const missing = problem.result === 'NO_EXPLICIT_POLICY';
  return missing ? problems(problem.result, 0, undefined) : problems(problem.result, problem.depth, issued[problem.depth]);
}

const BEFORE_REVOCATION: readonly Check[] = [checkLeafKey, checkTrust, checkExtensions, checkStrength, checkNames];
const BEFORE_SIGNATURES: readonly Check[] = [checkSuiteB];
const AFTER_SIGNATURES: readonly Check[] = [checkProxyNames, checkNameConstraints];
