import { sameBytes } from '../bytes/bytes.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import type { Certificate } from './certificate.ts';
import { certificateProblems, isProxy, issuerRole, timeProblems } from './check-certificate.ts';
import { DANE_USAGE } from './dane.ts';
import { type Flow, settle } from './flow.ts';
import type { Name } from './name.ts';
import { constraintProblem } from './name-constraints.ts';
import type { BareAnchor, StoreLookup } from './store.ts';
import type { Path, Verification } from './verification.ts';

/**
 * Finds a path from the leaf to something trusted (RFC 5280, 6.1; RFC 4158). Every issuer candidate is tried, trusted ones
 * first, cheap checks before signatures; nothing that cannot be part of a good path is followed. `accept` judges each whole
 * path. Undefined where no path is acceptable. Throws `BudgetExceeded`.
 */
export const findPath = (v: Verification, accept: (path: Path) => Flow<boolean>): Flow<Path | undefined> =>
  new PathBuilder(v, 'sound').extend([v.leaf], accept);

/** The path to report failures on: one that is trusted and signed if there is any, else what OpenSSL would have built. */
export function* pathToReport(v: Verification): Flow<Path> {
  const signed = yield* new PathBuilder(v, 'signed').extend([v.leaf], anyPath);
  return signed ?? (yield* new PathBuilder(v, 'greedy').greedy());
}

/** Most certificates in a path: the leaf, as many intermediates as the depth allows, and the anchor. */
const maxPathLength = (v: Verification): number => v.params.depth + 2;

/** Whether a certificate says it signed itself: names and key identifiers fit. The signature is not looked at. */
export const looksSelfSigned = (certificate: Certificate): boolean => certificate.selfIssued && identifiersFit(certificate, certificate);

/** Where all TLSA records vouch by themselves, the trust store is out of play (RFC 7671, 5.2). */
const usesStore = ({ dane }: Verification): boolean => dane?.enabled !== true || dane.usesPkix;

/** Whether a store's certificate ends a path. One that is not self-signed does with X509_V_FLAG_PARTIAL_CHAIN. */
function isStoreAnchor(v: Verification, certificate: Certificate): boolean {
  if (!usesStore(v)) return false;
  const judged = v.trustIn(certificate);
  if (judged !== undefined) return judged === 'trusted';
  return (v.has(X509_V_FLAG.PARTIAL_CHAIN) || looksSelfSigned(certificate)) && v.store.has(certificate);
}

/** `sound` follows only what a good path may contain; `signed` whatever is signed, and `greedy` whatever comes first, for the sake of a report. */
type Mode = 'sound' | 'signed' | 'greedy';

class PathBuilder {
  private readonly v: Verification;
  private readonly mode: Mode;
  private untrusted: Map<string, Certificate[]> | undefined;
  private readonly candidates: Map<Certificate, readonly Certificate[]> = new Map();

  constructor(v: Verification, mode: Mode) {
    this.v = v;
    this.mode = mode;
  }

  /** Depth first; `path` is the part that stands so far. Recursion is as deep as a path may be long. */
  *extend(path: readonly Certificate[], accept: (path: Path) => Flow<boolean>): Flow<Path | undefined> {
    const { v } = this;
    const top = path[path.length - 1] as Certificate;
    const whole = this.trustedAsItStands(path, top);
    if (whole !== undefined && (yield* accept(whole))) return whole;
    const byAnchor = whole === undefined && this.anchors.length > 0 ? yield* this.signedByKey(path, top, this.anchors, accept) : undefined;
    if (byAnchor !== undefined) return byAnchor;
    const full = path.length >= maxPathLength(v);
    for (const candidate of full ? [] : (this.issuersAtHand(top) ?? (yield* this.lookUpIssuers(top)))) {
      v.budget.spend('candidates');
      if (path.some((lower) => isSameEntity(lower, candidate)) || (this.mode === 'sound' && !this.isSound(candidate, path))) continue;
      const signed = v.isSignedBy(top, candidate);
      // Most providers answer at once; then there is nothing to settle.
      if (!(typeof signed === 'boolean' ? signed : yield* settle(signed))) continue;
      const found = yield* this.extend([...path, candidate], accept);
      if (found !== undefined) return found;
    }
    // As in OpenSSL, a key from a TLSA record is tried where no certificate leads on.
    const keys = daneKeys(v, top);
    return keys.length > 0 ? yield* this.signedByKey(path, top, keys, accept) : undefined;
  }

  /** What OpenSSL builds: at each step the first candidate, signatures unseen. */
  *greedy(): Flow<Path> {
    const path = [this.v.leaf];
    for (let top = this.v.leaf; ; ) {
      const whole = this.trustedAsItStands(path, top) ?? (yield* this.signedByKey(path, top, this.anchors, anyPath));
      if (whole !== undefined) return whole;
      if (path.length >= maxPathLength(this.v)) break;
      const issuers = this.issuersAtHand(top) ?? (yield* this.lookUpIssuers(top));
      const next: Certificate | undefined = issuers.find((candidate) => !path.some((lower) => isSameEntity(lower, candidate)));
      if (next === undefined) break;
      path.push(next);
      top = next;
    }
    return { certificates: path, trusted: false, signed: false, anchor: undefined, untrustedCount: this.countUntrusted(path) };
  }

  /** The store's keys without certificates; DANE has none of its own but those of its records. */
  private get anchors(): readonly BareAnchor[] {
    return this.v.dane?.enabled === true ? NO_ANCHORS : this.v.store.bareAnchors;
  }

  private trustedAsItStands(path: readonly Certificate[], top: Certificate): Path | undefined {
    const { v } = this;
    const dane = path.length > 1 && v.dane?.match(top, [DANE_USAGE.DANE_TA], v.provider) !== undefined;
    return dane || isStoreAnchor(v, top) ? this.trustedPath(path, undefined) : undefined;
  }

  /** The path under one of these keys that signed its last certificate, where `accept` agrees. */
  private *signedByKey(
    path: readonly Certificate[],
    top: Certificate,
    anchors: readonly BareAnchor[],
    accept: (path: Path) => Flow<boolean>,
  ): Flow<Path | undefined> {
    const { v } = this;
    for (const anchor of anchors) {
      v.budget.spend('candidates');
      if (!anchor.subject.matches(top.issuer) || !(yield* settle(v.isSignedByKey(top, anchor.publicKey)))) continue;
      const whole = this.trustedPath(path, anchor);
      if (yield* accept(whole)) return whole;
    }
    return undefined;
  }

  private trustedPath(path: readonly Certificate[], anchor: BareAnchor | undefined): Path {
    return { certificates: path, trusted: true, signed: this.mode !== 'greedy', anchor, untrustedCount: this.countUntrusted(path) };
  }

  /** The candidates, where nobody has to be asked for them. */
  private issuersAtHand(certificate: Certificate): readonly Certificate[] | undefined {
    const known = this.candidates.get(certificate);
    if (known !== undefined) return known;
    const trusted = this.trustedWith(certificate.issuer);
    const untrusted = this.untrustedBySubject().get(certificate.issuer.key) ?? NO_CERTIFICATES;
    const atHand = trusted.length > 0 || (untrusted.length > 0 && this.lookups.length === 0);
    return atHand ? this.issuersAmong(certificate, trusted, untrusted) : undefined;
  }

  private trustedWith(subject: Name): readonly Certificate[] {
    return usesStore(this.v) ? this.v.store.withSubject(subject) : NO_CERTIFICATES;
  }

  private get lookups(): readonly StoreLookup[] {
    return usesStore(this.v) ? this.v.store.lookups : NO_LOOKUPS;
  }

  /** Asks the store's look-ups, and for want of anything else the request's. */
  private *lookUpIssuers(certificate: Certificate): Flow<readonly Certificate[]> {
    const { v } = this;
    const { issuer } = certificate;
    // What a look-up of the store finds is trusted, and kept: the next verification finds it there.
    for (const lookup of this.lookups) for (const found of yield* settle(lookup(issuer))) v.store.add(found);
    const trusted = this.trustedWith(issuer);
    const sent = this.untrustedBySubject().get(issuer.key) ?? NO_CERTIFICATES;
    const unknown = trusted.length === 0 && sent.length === 0;
    return this.issuersAmong(certificate, trusted, unknown ? yield* v.fetchIssuers(certificate) : sent);
  }

  /** Certificates that have the name sought and whose identifiers do not say otherwise: trusted ones first. */
  private issuersAmong(
    certificate: Certificate,
    trusted: readonly Certificate[],
    untrusted: readonly Certificate[],
  ): readonly Certificate[] {
    const others = untrusted.filter((candidate) => !trusted.some((known) => known.equals(candidate)));
    const fitting = [...trusted, ...others].filter((candidate) => identifiersFit(candidate, certificate));
    const candidates = fitting.length > 1 ? this.ranked(fitting) : fitting;
    this.candidates.set(certificate, candidates);
    return candidates;
  }

  private ranked(candidates: readonly Certificate[]): readonly Certificate[] {
    const sorted = candidates.map((candidate) => ({ candidate, rank: this.preference(candidate) })).sort((a, b) => b.rank - a.rank);
    return sorted.map(({ candidate }) => candidate);
  }

  private preference(candidate: Certificate): number {
    const current = timeProblems(this.v, candidate).length === 0;
    return (this.v.store.has(candidate) ? 2 : 0) + (current ? 1 : 0);
  }

  /** What the peer and others sent, each certificate once. */
  private untrustedBySubject(): ReadonlyMap<string, Certificate[]> {
    if (this.untrusted !== undefined) return this.untrusted;
    this.untrusted = new Map();
    for (const certificate of [...this.v.untrusted, ...(this.v.dane?.certificates ?? [])]) {
      const { key } = certificate.subject;
      const same = this.untrusted.get(key);
      if (same === undefined) this.untrusted.set(key, [certificate]);
      else if (!same.some((other) => other.equals(certificate))) same.push(certificate);
    }
    return this.untrusted;
  }

  /** Whatever can be said against an issuer before its signature is checked. */
  private isSound(candidate: Certificate, below: readonly Certificate[]): boolean {
    const { v } = this;
    if (v.trustIn(candidate) === 'rejected') return false;
    const role = issuerRole(below[below.length - 1] as Certificate, isStoreAnchor(v, candidate));
    if (certificateProblems(v, candidate, role).length > 0 || timeProblems(v, candidate).length > 0) return false;
    const { nameConstraints } = candidate.extensions;
    if (!v.isStrong(candidate) || lengthProblem(candidate, below) !== undefined) return false;
    return (
      nameConstraints === undefined ||
      constrainedBy(below).every(
        ({ certificate, isLeaf }) => constraintProblem(certificate, isLeaf, nameConstraints, v.budget) === undefined,
      )
    );
  }

  private countUntrusted(path: readonly Certificate[]): number {
    const first = path.findIndex((certificate) => this.v.store.has(certificate));
    return first < 0 ? path.length : first;
  }
}

/**
 * Whether too much stands below a certificate. Against the length of an authority's paths count intermediates that are not self-issued,
 * without the end entity and its proxies (RFC 5280, 4.2.1.9); against that of a proxy's all the proxies below (RFC 3820, 3.8.1).
 */
export function lengthProblem({ extensions }: Certificate, below: readonly Certificate[]): X509VerifyResult | undefined {
  const { basicConstraints, proxyCertInfo } = extensions;
  if (below.length > (proxyCertInfo?.pathLength ?? Number.POSITIVE_INFINITY)) return 'PROXY_PATH_LENGTH_EXCEEDED';
  if (basicConstraints?.pathLength === undefined) return undefined;
  const proxies = below.filter(isProxy).length;
  const intermediates = below.slice(proxies + 1).filter((certificate) => !certificate.selfIssued);
  return intermediates.length > basicConstraints.pathLength ? 'PATH_LENGTH_EXCEEDED' : undefined;
}

/** The certificates whose names are constrained: not self-issued ones, but for the leaf (RFC 5280, 6.1.3 (b)). */
export const constrainedBy = (below: readonly Certificate[]): { certificate: Certificate; isLeaf: boolean }[] =>
  below.map((certificate, i) => ({ certificate, isLeaf: i === 0 })).filter(({ certificate, isLeaf }) => isLeaf || !certificate.selfIssued);

// biome-ignore lint/correctness/useYield: it has nothing to wait for, but those that judge paths may
function* anyPath(): Flow<boolean> {
  return true;
}

/** The same name with the same key is the same authority, however many certificates it has: entering it twice is a loop. */
const isSameEntity = (a: Certificate, b: Certificate): boolean => sameBytes(a.spki, b.spki) && a.subject.matches(b.subject);

/** RFC 5280, 4.2.1.1: what the certificate says of its issuer's key and certificate, against what that one says of itself. */
function identifiersFit(issuer: Certificate, certificate: Certificate): boolean {
  const sought = certificate.extensions.authorityKeyIdentifier;
  const own = issuer.extensions.subjectKeyIdentifier;
  if (sought?.keyIdentifier !== undefined && own !== undefined && !sameBytes(sought.keyIdentifier, own)) return false;
  if (sought?.serialNumber !== undefined && !sameBytes(withoutSign(sought.serialNumber), issuer.serialNumber)) return false;
  const name = sought?.issuer?.find((general) => general.kind === 'directory');
  return name?.kind !== 'directory' || name.value.matches(issuer.issuer);
}

const withoutSign = (integer: Uint8Array): Uint8Array => (integer.length > 1 && integer[0] === 0 ? integer.subarray(1) : integer);

const NO_ANCHORS: readonly BareAnchor[] = [];
const NO_CERTIFICATES: readonly Certificate[] = [];
const NO_LOOKUPS: readonly StoreLookup[] = [];

/** Keys of `2 1 0` records are anchors under whatever name the issuer has. */
const daneKeys = (v: Verification, top: Certificate): readonly BareAnchor[] =>
  v.dane?.keys.map((publicKey) => ({ subject: top.issuer, publicKey })) ?? NO_ANCHORS;
