import { sameBytes } from '../bytes/bytes.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import type { Certificate } from './certificate.ts';
import { certificateProblems, timeProblems } from './check-certificate.ts';
import { DANE_USAGE } from './dane.ts';
import { type Flow, settle } from './flow.ts';
import { constraintProblem } from './name-constraints.ts';
import type { BareAnchor } from './store.ts';
import type { Path, Verification } from './verification.ts';

/**
 * Finds a path from the leaf to something trusted (RFC 5280, 6.1; RFC 4158). Every issuer candidate is tried, trusted ones
 * first, cheap checks before signatures; nothing that cannot be part of a good path is followed. `accept` judges each whole
 * path. Undefined where no path is acceptable. Throws `BudgetExceeded`.
 */
export function* findPath(v: Verification, accept: (path: Path) => Flow<boolean>): Flow<Path | undefined> {
  return yield* new PathBuilder(v, 'sound').extend([v.leaf], accept);
}

/** The path to report failures on: one that is trusted and signed if there is any, else what OpenSSL would have built. */
export function* pathToReport(v: Verification): Flow<Path> {
  const signed = yield* new PathBuilder(v, 'signed').extend([v.leaf], anyPath);
  return signed ?? (yield* new PathBuilder(v, 'signed').greedy());
}

/** Most certificates in a path: the leaf, as many intermediates as the depth allows, and the anchor. */
const maxPathLength = (v: Verification): number => v.params.depth + 2;

/** Whether a certificate says it signed itself: names and key identifiers fit. The signature is not looked at. */
export const looksSelfSigned = (certificate: Certificate): boolean => certificate.selfIssued && identifiersFit(certificate, certificate);

/** Whether a store's certificate ends a path. One that is not self-signed does with X509_V_FLAG_PARTIAL_CHAIN. */
function isStoreAnchor(v: Verification, certificate: Certificate): boolean {
  if (v.dane?.enabled === true && !v.dane.usesPkix) return false;
  const judged = v.trustIn(certificate);
  if (judged !== undefined) return judged === 'trusted';
  return (v.has(X509_V_FLAG.PARTIAL_CHAIN) || looksSelfSigned(certificate)) && v.store.has(certificate);
}

/** `sound` follows only what a good path may contain; `signed` follows whatever is signed, for the sake of a report. */
type Mode = 'sound' | 'signed';

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
    const top = path[path.length - 1] as Certificate;
    for (const whole of yield* this.completions(path, top)) if (yield* accept(whole)) return whole;
    const full = path.length >= maxPathLength(this.v);
    for (const candidate of full ? [] : yield* this.issuers(top)) {
      this.v.budget.spend('candidates');
      if (path.some((lower) => isSameEntity(lower, candidate)) || (this.mode === 'sound' && !this.isSound(candidate, path))) continue;
      if (!(yield* this.v.isSignedBy(top, candidate))) continue;
      const whole = yield* this.extend([...path, candidate], accept);
      if (whole !== undefined) return whole;
    }
    // As in OpenSSL, a key from a TLSA record is tried where no certificate leads on.
    for (const whole of yield* this.signedByKey(path, top, daneKeys(this.v, top))) if (yield* accept(whole)) return whole;
    return undefined;
  }

  /** What OpenSSL builds: at each step the first candidate, signatures unseen. */
  *greedy(): Flow<Path> {
    const path = [this.v.leaf];
    for (let top = this.v.leaf; path.length < maxPathLength(this.v); ) {
      const [whole] = yield* this.completions(path, top);
      if (whole !== undefined) return whole;
      const next: Certificate | undefined = (yield* this.issuers(top)).find(
        (candidate) => !path.some((lower) => isSameEntity(lower, candidate)),
      );
      if (next === undefined) break;
      path.push(next);
      top = next;
    }
    const [whole] = yield* this.completions(path, path[path.length - 1] as Certificate);
    return whole ?? { certificates: path, trusted: false, anchor: undefined, untrustedCount: this.countUntrusted(path) };
  }

  /** The ways in which a path is trusted as it stands. */
  private *completions(path: readonly Certificate[], top: Certificate): Flow<Path[]> {
    const { v } = this;
    const dane = path.length > 1 && v.dane?.match(top, [DANE_USAGE.DANE_TA], v.provider) !== undefined;
    if (dane || isStoreAnchor(v, top)) return [this.trustedPath(path, undefined)];
    return yield* this.signedByKey(path, top, v.dane?.enabled === true ? [] : v.store.bareAnchors);
  }

  private *signedByKey(path: readonly Certificate[], top: Certificate, anchors: readonly BareAnchor[]): Flow<Path[]> {
    const { v } = this;
    const completions: Path[] = [];
    for (const anchor of anchors) {
      v.budget.spend('candidates');
      const named = anchor.subject.matches(top.issuer);
      if (named && (yield* v.isSignedByKey(top, anchor.publicKey))) completions.push(this.trustedPath(path, anchor));
    }
    return completions;
  }

  private trustedPath(path: readonly Certificate[], anchor: BareAnchor | undefined): Path {
    return { certificates: path, trusted: true, anchor, untrustedCount: this.countUntrusted(path) };
  }

  /** Certificates whose subject is the issuer sought and whose identifiers do not say otherwise: trusted ones first. */
  private *issuers(certificate: Certificate): Flow<readonly Certificate[]> {
    const known = this.candidates.get(certificate);
    if (known !== undefined) return known;
    const { v } = this;
    const { issuer } = certificate;
    // What a look-up of the store finds is trusted, and kept: the next verification finds it there.
    if (v.store.withSubject(issuer).length === 0) {
      for (const lookup of v.store.lookups) for (const found of yield* settle(lookup(issuer))) v.store.add(found);
    }
    const untrusted = [...(this.untrustedBySubject().get(issuer.key) ?? [])];
    const unknown = untrusted.length === 0 && v.store.withSubject(issuer).length === 0;
    if (unknown) untrusted.push(...(yield* v.fetchIssuers(certificate)));
    const all = [...v.store.withSubject(issuer), ...untrusted.filter((candidate) => !v.store.has(candidate))];
    const fitting = all.filter((candidate) => identifiersFit(candidate, certificate));
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
    const role = isStoreAnchor(v, candidate) ? 'anchor' : 'intermediate';
    if (certificateProblems(v, candidate, role).length > 0 || timeProblems(v, candidate).length > 0) return false;
    const { basicConstraints, nameConstraints } = candidate.extensions;
    if (!v.isStrong(candidate) || countForPathLength(below) > (basicConstraints?.pathLength ?? Number.POSITIVE_INFINITY)) return false;
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

/** Intermediates that count against a path length: self-issued ones do not, nor does the leaf (RFC 5280, 4.2.1.9). */
export const countForPathLength = (below: readonly Certificate[]): number =>
  below.filter((certificate, i) => i > 0 && !certificate.selfIssued).length;

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

/** Keys of `2 1 0` records are anchors under whatever name the issuer has. */
const daneKeys = (v: Verification, top: Certificate): BareAnchor[] =>
  (v.dane?.keys ?? []).map((publicKey) => ({ subject: top.issuer, publicKey }));
