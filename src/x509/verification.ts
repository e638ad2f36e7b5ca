import { sameBytes } from '../bytes/bytes.ts';
import type { Awaitable, CryptoProvider, PublicKey, PublicKeySpec, SignatureAlgorithm } from '../crypto/provider.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { type PurposeName, X509_PURPOSE, X509_V_FLAG } from '../registry/x509-flags.ts';
import { type AlgorithmIdentifier, importPublicKey, signatureAlgorithmOf, spkiElement } from './algorithms.ts';
import { Budget } from './budget.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import type { DaneRecords } from './dane.ts';
import { type Flow, settle } from './flow.ts';
import { matchHost } from './hostname.ts';
import type { BareAnchor, X509Store } from './store.ts';
import { keyMeetsLevel } from './strength.ts';
import { judgeTrust, trustPurpose } from './trust-settings.ts';
import type { VerifyRequest } from './verify.ts';
import { type VerifyParamRecord, X509VerifyParam } from './verify-params.ts';

/** A chain of certificates, leaf first, that was built and is to be judged. */
export interface Path {
  readonly certificates: readonly Certificate[];
  /** Whether it ends in something trusted. */
  readonly trusted: boolean;
  /** Whether each certificate was found signed by the next when it was built. */
  readonly signed: boolean;
  /** A trusted key that signed the last certificate, where trust is not in a certificate. */
  readonly anchor: BareAnchor | undefined;
  /** How many certificates, from the leaf on, did not come from the store. */
  readonly untrustedCount: number;
}

/** Something that can be said against a certificate of a path. */
export interface Problem {
  readonly result: X509VerifyResult;
  readonly depth: number;
  readonly certificate: Certificate | undefined;
}

/** Hears of a problem; returns whether verification goes on all the same. */
export type Report = (result: X509VerifyResult, depth: number, certificate: Certificate | undefined, crl?: Crl) => Flow<boolean>;

/** Anything signed: certificates, CRLs, OCSP responses. */
export interface Signed {
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/** What was looked up elsewhere: each certificate is asked about once. */
interface LookedUp {
  readonly issuers: Map<Certificate, readonly Certificate[]>;
  readonly crls: Set<Certificate>;
  readonly responses: Map<Certificate, Uint8Array | undefined>;
}

/** What came of a key that was tried on something signed, and what was tried before it. */
interface Trial {
  readonly spki: Uint8Array;
  readonly answer: Awaitable<boolean>;
  readonly before: Trial | undefined;
}

const LIBRARY_DEFAULTS = new X509VerifyParam({ flags: X509_V_FLAG.TRUSTED_FIRST, depth: 100 });

const PURPOSE_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(X509_PURPOSE).map(([name, number]) => [number, name]));

/** Everything one verification shares between its parts: the settled parameters, the budget and what is known already. */
export class Verification {
  readonly provider: CryptoProvider;
  readonly store: X509Store;
  readonly params: X509VerifyParam;
  readonly purpose: PurposeName;
  readonly securityLevel: number;
  /** Seconds since 1970; undefined where time is not checked. */
  readonly time: number | undefined;
  budget: Budget = new Budget();
  readonly leaf: Certificate;
  readonly untrusted: readonly Certificate[];
  crls: readonly Crl[];
  readonly dane: DaneRecords | undefined;
  readonly webpki: boolean;
  readonly isPublicSuffix: ((domain: string) => boolean) | undefined;
  private readonly request: VerifyRequest;
  private host: { readonly name: string | undefined } | undefined;
  private answers: LookedUp | undefined;
  private trials: Map<Signed, Trial> = new Map();

  constructor(request: VerifyRequest, leaf: Certificate) {
    this.request = request;
    this.provider = request.provider;
    this.store = request.store;
    this.params = request.params.clone().inherit(request.store.params).inherit(LIBRARY_DEFAULTS);
    const { flags, checkTime, purpose, authLevel } = this.params.values;
    this.purpose = (PURPOSE_NAMES.get(purpose) as PurposeName | undefined) ?? request.purpose;
    this.securityLevel = authLevel >= 0 ? authLevel : (request.securityLevel ?? 0);
    const time = (flags & X509_V_FLAG.USE_CHECK_TIME) === 0 ? request.now : checkTime;
    this.time = (flags & X509_V_FLAG.NO_CHECK_TIME) === 0 ? time : undefined;
    this.leaf = leaf;
    this.untrusted = [...request.chain.slice(1), ...(request.untrusted ?? [])];
    this.crls = [...(request.crls ?? []), ...request.store.crls];
    this.dane = request.dane;
    this.webpki = request.profile === 'webpki';
    this.isPublicSuffix = request.isPublicSuffix;
  }

  /** The name in the leaf that matches one of the expected hosts; undefined where none does, or none is expected. */
  get matchedHost(): string | undefined {
    this.host ??= { name: findHost(this.leaf, this.params.values) };
    return this.host.name;
  }

  has(flag: number): boolean {
    return this.params.has(flag);
  }

  /** A verification of another leaf, for the purpose of signing CRLs, out of the same budget. */
  forIssuerOfCrl(leaf: Certificate): Verification {
    const flags = this.params.flags & ~X509_V_FLAG.ALLOW_PROXY_CERTS;
    const params = this.params.clone().assign({ purpose: X509_PURPOSE.crlsign, flags });
    const other = new Verification({ ...this.request, purpose: 'crlsign', dane: undefined, params }, leaf);
    other.budget = this.budget;
    other.trials = this.trials;
    return other;
  }

  /** Looks for issuers of a certificate elsewhere, once. */
  *fetchIssuers(certificate: Certificate): Flow<readonly Certificate[]> {
    const { issuerLookup } = this.request;
    if (issuerLookup === undefined) return [];
    const { issuers } = this.lookedUp;
    const known = issuers.get(certificate);
    if (known !== undefined) return known;
    const found = yield* settle(issuerLookup(certificate));
    issuers.set(certificate, found);
    return found;
  }

  /** Looks for CRLs of a certificate elsewhere, once, and keeps what is found. */
  *fetchCrls(certificate: Certificate): Flow<void> {
    const { crlLookup } = this.request;
    if (crlLookup === undefined || this.lookedUp.crls.has(certificate)) return;
    this.lookedUp.crls.add(certificate);
    this.crls = [...this.crls, ...(yield* settle(crlLookup(certificate)))];
  }

  /** Looks for an OCSP response elsewhere, once. */
  *fetchOcsp(certificate: Certificate, issuer: Certificate): Flow<Uint8Array | undefined> {
    const { ocspLookup } = this.request;
    if (ocspLookup === undefined) return undefined;
    const { responses } = this.lookedUp;
    if (!responses.has(certificate)) responses.set(certificate, yield* settle(ocspLookup(certificate, issuer)));
    return responses.get(certificate);
  }

  private get lookedUp(): LookedUp {
    this.answers ??= { issuers: new Map(), crls: new Set(), responses: new Map() };
    return this.answers;
  }

  /** Whether an issuer's key signed something. Each pair is tried once, and each trial is paid for. */
  isSignedBy(signed: Signed, issuer: Certificate): Awaitable<boolean> {
    const { publicKey } = issuer;
    return publicKey !== undefined && this.isSigned(signed, publicKey, issuer.spki, () => issuer.importKey(this.provider));
  }

  /** The same for a key without a certificate. */
  isSignedByKey(signed: Signed, key: PublicKeySpec): Awaitable<boolean> {
    return this.isSigned(signed, key, spkiElement(key), () => importPublicKey(this.provider, key));
  }

  private isSigned(signed: Signed, key: PublicKeySpec, spki: Uint8Array, load: () => PublicKey | undefined): Awaitable<boolean> {
    const algorithm = signatureAlgorithmOf(signed.signatureAlgorithm);
    if (algorithm === undefined || !fits(key, algorithm)) return false;
    for (let trial = this.trials.get(signed); trial !== undefined; trial = trial.before)
      if (sameBytes(trial.spki, spki)) return trial.answer;
    this.budget.spend('signatures');
    const answer = verifies(load(), algorithm, signed);
    this.trials.set(signed, { spki, answer, before: this.trials.get(signed) });
    return answer;
  }

  /** What the settings of the store's certificate say about trust in it; undefined where there are none. */
  trustIn(certificate: Certificate): 'trusted' | 'rejected' | undefined {
    const settings = this.store.settingsOf(certificate);
    return settings && judgeTrust(settings, trustPurpose(this.params.trust, this.purpose));
  }

  /** Whether a key meets the security level. */
  isStrong(certificate: Certificate): boolean {
    return keyMeetsLevel(certificate.publicKey, this.securityLevel);
  }
}

function findHost(leaf: Certificate, { hosts, hostFlags }: VerifyParamRecord): string | undefined {
  for (const host of hosts) {
    const name = matchHost(leaf, host, hostFlags);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** A primitive that throws instead of answering has not verified anything. */
function verifies(key: PublicKey | undefined, algorithm: SignatureAlgorithm, { tbs, signature }: Signed): Awaitable<boolean> {
  try {
    const answer = key?.verify(algorithm, tbs, signature) ?? false;
    return answer instanceof Promise ? answer.catch(() => false) : answer;
  } catch {
    return false;
  }
}

/** Spares the budget for checks that cannot succeed. */
const fits = (key: PublicKeySpec, algorithm: SignatureAlgorithm): boolean => {
  switch (algorithm.kind) {
    case 'rsa-pkcs1':
      return key.kind === 'rsa';
    case 'rsa-pss':
      return key.kind === 'rsa' || key.kind === 'rsa-pss';
    case 'ecdsa':
      return key.kind === 'ec';
    default:
      return key.kind === algorithm.kind;
  }
};
