import { unlessMalformed } from '../asn1/asn1-error.ts';
import { compareBytes } from '../asn1/der-writer.ts';
import { sameBytes } from '../bytes/bytes.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import { findPath } from './build-path.ts';
import type { Certificate } from './certificate.ts';
import { certificateProblems, isProxy, timeProblems } from './check-certificate.ts';
import { CRL_REASONS, type Crl } from './crl.ts';
import { type DistributionPoint, type DistributionPointName, KEY_USAGE } from './extensions.ts';
import { type Flow, settle } from './flow.ts';
import type { GeneralName } from './general-name.ts';
import type { Name, RelativeName } from './name.ts';
import { verifyOcspResponse } from './ocsp.ts';
import { suiteBCrlProblem } from './suite-b.ts';
import type { Path, Report, Verification } from './verification.ts';
import type { VerifyRequest } from './verify.ts';

/** Whether anybody wants to know about revocation: by CRLs where a flag asks for them, by staples where the caller has them. */
export const asksForRevocation = (v: Verification, request: VerifyRequest): boolean => v.has(X509_V_FLAG.CRL_CHECK) || hasStaples(request);

/** Revocation of the certificates of a path. */
export function* checkRevocation(v: Verification, path: Path, report: Report, request: VerifyRequest): Flow<boolean> {
  const listed = !v.has(X509_V_FLAG.CRL_CHECK) || (yield* checkCrls(v, path, report));
  return listed && (!hasStaples(request) || (yield* checkStaples(v, path, report, request)));
}

const hasStaples = ({ staples, ocspLookup }: VerifyRequest): boolean => (staples ?? ocspLookup) !== undefined;

function* checkCrls(v: Verification, path: Path, report: Report): Flow<boolean> {
  // No list is about proxies: whoever revokes the end entity revokes them, so that is the least to be looked for.
  const first = path.certificates.findIndex((certificate) => !isProxy(certificate));
  const last = v.has(X509_V_FLAG.CRL_CHECK_ALL) ? path.certificates.length - 1 : first;
  for (let i = Math.max(first, 0); i <= last; i++) if (!(yield* checkCertificate(v, path, i, report))) return false;
  return true;
}

/** ReasonFlags 1 to 8 (RFC 5280, 4.2.1.13); a full CRL covers them all. */
const ALL_REASONS = 0x1fe;

/** RFC 5280, 6.3.3: goes through the CRLs in scope until every reason is covered. None at all is a failure, too. */
function* checkCertificate(v: Verification, path: Path, depth: number, report: Report): Flow<boolean> {
  const certificate = path.certificates[depth] as Certificate;
  if (!v.crls.some((crl) => isInForce(v, crl) && crl.issuer.matches(certificate.issuer))) yield* v.fetchCrls(certificate);
  let covered = 0;
  let unusable: { readonly crl: Crl; readonly problem: X509VerifyResult } | undefined;
  for (const crl of bestFirst(v)) {
    const scope = reasonsInScope(v, crl, certificate);
    if (scope === undefined || (scope & ~covered) === 0) continue;
    const problem = yield* crlProblem(v, crl, path, depth);
    if (problem !== undefined) {
      unusable ??= { crl, problem };
      continue;
    }
    const status = statusIn(crl, yield* findDelta(v, crl, path, depth), certificate);
    if (status === 'removed') return true;
    if (status === 'revoked' && !(yield* report('CERT_REVOKED', depth, certificate, crl))) return false;
    covered |= scope;
    if (covered === ALL_REASONS) return true;
  }
  if (unusable === undefined) return yield* report(reasonForNoCrl(v, certificate), depth, certificate);
  if (!(yield* report(unusable.problem, depth, certificate, unusable.crl))) return false;
  // Whoever overrides what is wrong with a list still hears what it says, as in OpenSSL.
  const { crl } = unusable;
  const revoked = unlessMalformed(() => statusIn(crl, undefined, certificate)) === 'revoked';
  return !revoked || (yield* report('CERT_REVOKED', depth, certificate, crl));
}

/** Lists in force before others, newer before older. */
function bestFirst(v: Verification): Crl[] {
  const current = (crl: Crl): number => (isInForce(v, crl) ? 1 : 0);
  return [...v.crls].sort((a, b) => current(b) - current(a) || b.thisUpdate - a.thisUpdate);
}

const isInForce = ({ time }: Verification, { thisUpdate, nextUpdate }: Crl): boolean =>
  time === undefined || (thisUpdate <= time && time <= (nextUpdate ?? Number.POSITIVE_INFINITY));

/** What a list and a delta to it say; the delta, being newer, has the last word. */
function statusIn(base: Crl, delta: Crl | undefined, { serialNumber, issuer }: Certificate): 'good' | 'revoked' | 'removed' {
  const changed = delta?.find(serialNumber, issuer);
  if (changed?.reason === CRL_REASONS.removeFromCRL) return 'removed';
  return (changed ?? base.find(serialNumber, issuer)) === undefined ? 'good' : 'revoked';
}

/** A CRL of this issuer that was passed over is worth saying so. */
function reasonForNoCrl(v: Verification, certificate: Certificate): X509VerifyResult {
  return v.crls.some((crl) => crl.issuer.matches(certificate.issuer) && crl.extensions.deltaCRLIndicator === undefined)
    ? 'DIFFERENT_CRL_SCOPE'
    : 'UNABLE_TO_GET_CRL';
}

/** The reasons for which a CRL speaks of a certificate; undefined where it does not at all. */
function reasonsInScope(v: Verification, crl: Crl, certificate: Certificate): number | undefined {
  const { deltaCRLIndicator, issuingDistributionPoint: idp } = crl.extensions;
  if (deltaCRLIndicator !== undefined) return undefined;
  const points = certificate.extensions.cRLDistributionPoints ?? [];
  const own = crl.issuer.matches(certificate.issuer);
  if (idp === undefined) return own ? ALL_REASONS : undefined;
  const extended = v.has(X509_V_FLAG.EXTENDED_CRL_SUPPORT);
  if ((idp.indirect || idp.onlySomeReasons !== undefined) && !extended) return undefined;
  if (!own && !(idp.indirect && points.some((point) => namesIssuer(point.crlIssuer, crl.issuer)))) return undefined;
  const isCa = certificate.extensions.basicConstraints?.ca === true;
  if (idp.onlyAttributeCerts || (idp.onlyUserCerts && isCa) || (idp.onlyCaCerts && !isCa)) return undefined;
  const reasons = (idp.onlySomeReasons ?? ALL_REASONS) & ALL_REASONS;
  const { name } = idp;
  if (name === undefined) return reasons;
  // 6.3.3 (b)(2)(i): the two distribution points must have a name in common.
  const point = points.find((candidate) => sharesName(name, crl.issuer, candidate, certificate.issuer));
  return point && reasons & (point.reasons ?? ALL_REASONS);
}

const namesIssuer = (names: readonly GeneralName[] | undefined, issuer: Name): boolean =>
  names?.some((name) => name.kind === 'directory' && name.value.matches(issuer)) ?? false;

function sharesName(idp: DistributionPointName, crlIssuer: Name, point: DistributionPoint, issuer: Name): boolean {
  if (point.name?.kind === 'relative' || idp.kind === 'relative') {
    return (
      point.name?.kind === 'relative' &&
      idp.kind === 'relative' &&
      point.name.name.length === idp.name.length &&
      crlIssuer.matches(issuer) &&
      sameRelative(point.name.name, idp.name)
    );
  }
  const sought = point.name?.names ?? point.crlIssuer ?? [];
  return idp.names.some((name) => sought.some((other) => sameGeneralName(name, other)));
}

const sameRelative = (a: RelativeName, b: RelativeName): boolean =>
  a.every(({ type, value }, i) => b[i]?.type === type && sameBytes(value, b[i].value));

function sameGeneralName(a: GeneralName, b: GeneralName): boolean {
  if (a.kind === 'directory' && b.kind === 'directory') return a.value.matches(b.value);
  if (a.kind !== b.kind) return false;
  if (a.value instanceof Uint8Array && b.value instanceof Uint8Array) return sameBytes(a.value, b.value);
  return a.value === b.value;
}

/** What can be said against a CRL itself (RFC 5280, 6.3.3 (a)–(h)). */
function* crlProblem(v: Verification, crl: Crl, path: Path, depth: number): Flow<X509VerifyResult | undefined> {
  if (crl.malformedExtensions.length > 0 || unlessMalformed(() => crl.entries) === undefined) return 'INVALID_EXTENSION';
  // 5.2: a list with a critical extension that is not understood MUST NOT be used to decide anything.
  if (crl.extensionList.some(({ oid, critical }) => critical && !HANDLED.has(oid)) || crl.hasUnknownCriticalEntry)
    return 'UNHANDLED_CRITICAL_CRL_EXTENSION';
  if (v.has(X509_V_FLAG.X509_STRICT) && !keepsProfile(crl)) return 'INVALID_EXTENSION';
  const issuer = yield* findCrlIssuer(v, crl, path, depth);
  if (issuer === undefined) return 'UNABLE_TO_GET_CRL_ISSUER';
  const { keyUsage } = issuer.extensions;
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.cRLSign) === 0) return 'KEYUSAGE_NO_CRL_SIGN';
  if (v.time !== undefined && v.time < crl.thisUpdate) return 'CRL_NOT_YET_VALID';
  if (v.time !== undefined && crl.nextUpdate !== undefined && v.time > crl.nextUpdate) return 'CRL_HAS_EXPIRED';
  if (issuer.publicKey === undefined) return 'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY';
  const suiteB = suiteBCrlProblem(crl, issuer, v.params.flags);
  if (suiteB !== undefined) return suiteB;
  return (yield* settle(v.isSignedBy(crl, issuer))) ? undefined : 'CRL_SIGNATURE_FAILURE';
}

const HANDLED: ReadonlySet<string> = new Set([
  EXTENSION_OIDS.issuingDistributionPoint,
  EXTENSION_OIDS.authorityKeyIdentifier,
  EXTENSION_OIDS.cRLNumber,
  EXTENSION_OIDS.deltaCRLIndicator,
]);

/** What X509_V_FLAG_X509_STRICT adds: the CRL number and the key identifier are a must and not critical (5.2.1, 5.2.3), and so is nextUpdate (5.1.2.5). */
function keepsProfile(crl: Crl): boolean {
  const find = (oid: string): boolean => crl.extensionList.some((extension) => extension.oid === oid && !extension.critical);
  return find(EXTENSION_OIDS.cRLNumber) && find(EXTENSION_OIDS.authorityKeyIdentifier) && crl.nextUpdate !== undefined;
}

/**
 * The certificate whose key signed the list. The issuer above the certificate, or another one of the path; with extended
 * support also one that has a path of its own to an anchor for signing CRLs.
 */
function* findCrlIssuer(v: Verification, crl: Crl, path: Path, depth: number): Flow<Certificate | undefined> {
  const { certificates } = path;
  const above = certificates.slice(Math.min(depth + 1, certificates.length - 1));
  const inPath = above.find((candidate) => mayHaveIssued(candidate, crl));
  if (inPath !== undefined || !v.has(X509_V_FLAG.EXTENDED_CRL_SUPPORT)) return inPath;
  for (const candidate of v.untrusted) {
    if (mayHaveIssued(candidate, crl) && (yield* hasOwnPath(v, candidate, certificates))) return candidate;
  }
  return undefined;
}

function mayHaveIssued(candidate: Certificate, crl: Crl): boolean {
  const sought = crl.extensions.authorityKeyIdentifier?.keyIdentifier;
  const own = candidate.extensions.subjectKeyIdentifier;
  return candidate.subject.matches(crl.issuer) && (sought === undefined || own === undefined || sameBytes(sought, own));
}

/** RFC 5280, 6.3.3 (f): the issuer of an indirect CRL must be vouched for by the same trust anchor as the certificate. */
function* hasOwnPath(v: Verification, candidate: Certificate, certificates: readonly Certificate[]): Flow<boolean> {
  const own = v.forIssuerOfCrl(candidate);
  const problems = [...certificateProblems(own, candidate, 'leaf'), ...timeProblems(own, candidate)];
  if (problems.length > 0 || !own.isStrong(candidate)) return false;
  return (yield* findPath(own, sameAnchor(certificates[certificates.length - 1]))) !== undefined;
}

const sameAnchor = (anchor: Certificate | undefined): ((path: Path) => Flow<boolean>) =>
  // biome-ignore lint/correctness/useYield: it has nothing to wait for
  function* accept(path: Path): Flow<boolean> {
    const top = path.certificates[path.certificates.length - 1];
    return top !== undefined && anchor !== undefined && top.equals(anchor);
  };

/** A delta that begins at or before the base and is newer than it (RFC 5280, 5.2.4 and 6.3.3 (c)). */
function* findDelta(v: Verification, base: Crl, path: Path, depth: number): Flow<Crl | undefined> {
  const number = base.extensions.cRLNumber;
  if (number === undefined || !v.has(X509_V_FLAG.USE_DELTAS)) return undefined;
  for (const delta of v.crls) {
    const { deltaCRLIndicator, cRLNumber } = delta.extensions;
    if (deltaCRLIndicator === undefined || cRLNumber === undefined || !delta.issuer.matches(base.issuer)) continue;
    const applies = compareNumbers(deltaCRLIndicator, number) <= 0 && compareNumbers(cRLNumber, number) > 0 && sameScope(delta, base);
    if (applies && (yield* crlProblem(v, delta, path, depth)) === undefined) return delta;
  }
  return undefined;
}

const compareNumbers = (a: Uint8Array, b: Uint8Array): number => a.length - b.length || compareBytes(a, b);

/** Issuing distribution point and key identifier must be the same, to the byte. */
function sameScope(a: Crl, b: Crl): boolean {
  return [EXTENSION_OIDS.issuingDistributionPoint, EXTENSION_OIDS.authorityKeyIdentifier].every((oid) => {
    const [x, y] = [a, b].map((crl) => crl.extensionList.find((extension) => extension.oid === oid)?.value);
    return x === undefined || y === undefined ? x === y : sameBytes(x, y);
  });
}

/** TLS extension 5, status_request: the certificate is only good together with a staple (RFC 7633, 4.2.3.1). */
const STATUS_REQUEST = 5;

/**
 * OCSP responses the peer sent along, or that were fetched. A staple counts only when it verifies; one that says "revoked" always
 * counts. A response that was fetched and proves nothing is none: whoever can spoil it can as well withhold it.
 */
function* checkStaples(v: Verification, path: Path, report: Report, { chain, staples }: VerifyRequest): Flow<boolean> {
  for (const [i, certificate] of path.certificates.slice(0, -1).entries()) {
    const issuer = path.certificates[i + 1] as Certificate;
    const place = chain.findIndex((sent) => sent.equals(certificate));
    const staple = staples?.[place];
    const missing = staples !== undefined && staple === undefined ? stapleNeeded(certificate, i) : undefined;
    if (missing !== undefined && !(yield* report(missing, i, certificate))) return false;
    const response = staple ?? (yield* v.fetchOcsp(certificate, issuer));
    if (response === undefined) continue;
    const problem = yield* stapleProblem(v, response, certificate, issuer);
    const proven = staple !== undefined || problem !== 'OCSP_VERIFY_FAILED';
    if (problem !== undefined && proven && !(yield* report(problem, i, certificate))) return false;
  }
  return true;
}

const stapleNeeded = (certificate: Certificate, depth: number): X509VerifyResult | undefined =>
  depth === 0 && certificate.extensions.tlsFeature?.includes(STATUS_REQUEST) === true ? 'OCSP_VERIFY_NEEDED' : undefined;

function* stapleProblem(
  v: Verification,
  staple: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
): Flow<X509VerifyResult | undefined> {
  const { status } = yield* verifyOcspResponse(v, staple, certificate, issuer);
  if (status === 'good') return undefined;
  if (status === 'revoked') return 'CERT_REVOKED';
  return status === 'unknown' ? 'OCSP_CERT_UNKNOWN' : 'OCSP_VERIFY_FAILED';
}
