import { Asn1Error } from '../asn1/asn1-error.ts';
import type { Awaitable, CryptoProvider } from '../crypto/provider.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import type { PurposeName } from '../registry/x509-flags.ts';
import { BudgetExceeded } from './budget.ts';
import { findPath, pathToReport } from './build-path.ts';
import type { Certificate } from './certificate.ts';
import { checkLeafByDane, checkPath, type DaneMatch, matchedByDane } from './check-path.ts';
import type { Crl } from './crl.ts';
import type { DaneRecords } from './dane.ts';
import { type Flow, runFlow, settle } from './flow.ts';
import type { X509Store } from './store.ts';
import { StoreContext } from './store-context.ts';
import { type Path, type Report, Verification } from './verification.ts';
import type { X509VerifyParam } from './verify-params.ts';

export { StoreContext } from './store-context.ts';

export interface VerifyRequest {
  readonly provider: CryptoProvider;
  /** What the peer sent, its own certificate first; the others in any order. */
  readonly chain: readonly Certificate[];
  readonly store: X509Store;
  /** Further intermediates that may help. */
  readonly untrusted?: readonly Certificate[] | undefined;
  /** Merged with the store's parameters and the library's defaults; not changed, but for `peername`. */
  readonly params: X509VerifyParam;
  /** In force where the parameters set no purpose. */
  readonly purpose: PurposeName;
  /** Seconds since 1970; in force unless the parameters fix a time. */
  readonly now: number;
  /** 0 to 5, in force where the parameters set no level; 0 where absent. */
  readonly securityLevel?: number | undefined;
  /**
   * Sees every problem, and every good certificate from the anchor down, and says whether to go on (SSL_CTX_set_verify). With
   * X509_V_FLAG_NOTIFY_POLICY it is called once more at the end, with `context.policiesProcessed`.
   */
  readonly verifyCallback?: ((ok: boolean, context: StoreContext) => Awaitable<boolean>) | undefined;
  /** Passed to the callback as `context.connection`. */
  readonly connection?: unknown;
  /** Finds issuers that neither the peer nor the store has, such as by the AIA extension. They are not trusted. */
  readonly issuerLookup?: ((certificate: Certificate) => Awaitable<readonly Certificate[]>) | undefined;
  /** Finds CRLs for a certificate that is to be looked for in one, where none in force is at hand, such as by its distribution points. */
  readonly crlLookup?: ((certificate: Certificate) => Awaitable<readonly Crl[]>) | undefined;
  /** Finds an OCSP response about a certificate that none was stapled for. One that proves nothing, or none, is passed over. */
  readonly ocspLookup?: ((certificate: Certificate, issuer: Certificate) => Awaitable<Uint8Array | undefined>) | undefined;
  /** CRLs besides the store's. */
  readonly crls?: readonly Crl[] | undefined;
  /**
   * OCSP responses the peer stapled, by the place of their certificate in `chain`. Where this is given at all, certificates
   * that demand a staple (RFC 7633) are held to it.
   */
  readonly staples?: readonly (Uint8Array | undefined)[] | undefined;
  readonly dane?: DaneRecords | undefined;
  /** `webpki` adds what the CA/Browser Forum asks of public servers' certificates. */
  readonly profile?: 'rfc5280' | 'webpki' | undefined;
  /** Whether a domain is a public suffix, for the `webpki` profile to refuse wildcards right below one. */
  readonly isPublicSuffix?: ((domain: string) => boolean) | undefined;
}

export interface VerifyOutcome {
  /** The verdict. A callback may accept what `result` still calls bad, as in OpenSSL: act on this, report `result`. */
  readonly accepted: boolean;
  /** `OK` or the last problem that was not cleared. */
  readonly result: X509VerifyResult;
  /** Where the problem is: 0 is the peer's certificate. */
  readonly depth: number;
  readonly certificate: Certificate | undefined;
  /** The path, leaf first, anchor last; as far as it was built where there is none. */
  readonly chain: readonly Certificate[];
  /** The name in the certificate that matched an expected host. */
  readonly peername: string | undefined;
  readonly dane: DaneMatch | undefined;
}

/**
 * Verifies a certificate chain (RFC 5280, 6; RFC 9525; RFC 6698). Answers at once where the provider, the look-ups and the
 * callback do. A bad chain is an outcome and never thrown; errors of the callback and of look-ups pass through.
 */
export function verifyChain(request: VerifyRequest): Awaitable<VerifyOutcome> {
  const [leaf] = request.chain;
  if (leaf === undefined) return { ...NOTHING, result: 'INVALID_CALL' };
  return runFlow(verify(new Verification(request, leaf), request));
}

const NOTHING: VerifyOutcome = {
  accepted: false,
  result: 'UNSPECIFIED',
  depth: 0,
  certificate: undefined,
  chain: [],
  peername: undefined,
  dane: undefined,
};

function* verify(v: Verification, request: VerifyRequest): Flow<VerifyOutcome> {
  const context = new StoreContext(v.params, request.connection);
  context.chain = [v.leaf];
  try {
    if (v.dane?.enabled === true) {
      const byLeaf = yield* checkLeafByDane(v, v.dane, callbackReport(request, context), callbackListener(request, context));
      if (byLeaf !== undefined) return outcome(v, context, byLeaf.accepted, undefined);
    }
    const judge = new PathJudge(v, request);
    const path = (yield* findPath(v, judge.accept)) ?? (yield* pathToReport(v));
    context.chain = path.certificates;
    // With nobody to tell, a path without any fault need not be gone through again.
    const known = judge.faultless === path && request.verifyCallback === undefined;
    const accepted = known || (yield* checkPath(v, path, callbackReport(request, context), callbackListener(request, context), request));
    return outcome(v, context, accepted, path);
  } catch (error) {
    if (!(error instanceof BudgetExceeded || error instanceof Asn1Error || error instanceof RangeError)) throw error;
    // A budget that is used up is final: no callback may talk its way past it.
    return { ...NOTHING, chain: context.chain, certificate: v.leaf };
  }
}

/**
 * Judges candidate paths while one is searched for. What is wrong with the leaf alone is wrong on every path, so it does not
 * count here: the path is still the best there is, and the failure will be reported on it.
 */
class PathJudge {
  /** The path that was accepted with nothing to be said against it. */
  faultless: Path | undefined;
  private readonly v: Verification;
  private readonly request: VerifyRequest;

  constructor(v: Verification, request: VerifyRequest) {
    this.v = v;
    this.request = request;
  }

  readonly accept = (path: Path): Flow<boolean> => this.judge(path);

  private *judge(path: Path): Flow<boolean> {
    let faults = 0;
    // biome-ignore lint/correctness/useYield: it has nothing to wait for
    const report: Report = function* tolerateLeaf(result, depth): Flow<boolean> {
      faults++;
      return depth === 0 && LEAF_PROBLEMS.has(result);
    };
    const accepted = yield* checkPath(this.v, path, report, undefined, this.request);
    if (accepted && faults === 0) this.faultless = path;
    return accepted;
  }
}

/** Results at depth 0 that no other path would change. */
const LEAF_PROBLEMS: ReadonlySet<X509VerifyResult> = new Set<X509VerifyResult>([
  'EE_KEY_TOO_SMALL',
  'INVALID_EXTENSION',
  'UNHANDLED_CRITICAL_EXTENSION',
  'PROXY_CERTIFICATES_NOT_ALLOWED',
  'PROXY_SUBJECT_NAME_VIOLATION',
  'INVALID_CA',
  'INVALID_NON_CA',
  'INVALID_PURPOSE',
  'HOSTNAME_MISMATCH',
  'EMAIL_MISMATCH',
  'IP_ADDRESS_MISMATCH',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'OCSP_VERIFY_NEEDED',
]);

/** Is told what is good, and may object. */
export interface Listener {
  good(depth: number, certificate: Certificate, issuer: Certificate | undefined): Flow<boolean>;
  /** Policies were processed, and are in order (X509_V_FLAG_NOTIFY_POLICY). */
  policies(): Flow<boolean>;
}

function callbackReport({ verifyCallback }: VerifyRequest, context: StoreContext): Report {
  return function* report(result, depth, certificate, crl): Flow<boolean> {
    context.result = result;
    context.depth = depth;
    context.certificate = certificate;
    context.crl = crl;
    return verifyCallback !== undefined && (yield* settle(verifyCallback(false, context)));
  };
}

/** Undefined where nobody is to be asked. */
function callbackListener({ verifyCallback }: VerifyRequest, context: StoreContext): Listener | undefined {
  if (verifyCallback === undefined) return undefined;
  return {
    *good(depth, certificate, issuer): Flow<boolean> {
      context.depth = depth;
      context.certificate = certificate;
      context.issuer = issuer;
      return yield* settle(verifyCallback(true, context));
    },
    *policies(): Flow<boolean> {
      context.certificate = undefined;
      context.policiesProcessed = true;
      return yield* settle(verifyCallback(true, context));
    },
  };
}

function outcome(v: Verification, context: StoreContext, accepted: boolean, path: Path | undefined): VerifyOutcome {
  // A callback that says no without saying why leaves the result as it is in OpenSSL, too: unspecified.
  const result = !accepted && context.result === 'OK' ? 'UNSPECIFIED' : context.result;
  const peername = accepted ? v.matchedHost : undefined;
  const dane = accepted ? matchedByDane(v, path) : undefined;
  const good = accepted && result === 'OK';
  return {
    accepted,
    result,
    depth: good ? 0 : context.depth,
    certificate: good ? v.leaf : context.certificate,
    chain: context.chain,
    peername,
    dane,
  };
}
