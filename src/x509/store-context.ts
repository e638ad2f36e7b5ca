import { X509_VERIFY_RESULTS, type X509VerifyResult } from '../registry/verify-results.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import type { X509VerifyParam } from './verify-params.ts';

/** What a verify callback is shown, and where it may change the result: X509_STORE_CTX. */
export class StoreContext {
  /** The result so far; a callback that overrides may set another one (X509_STORE_CTX_set_error). */
  result: X509VerifyResult = 'OK';
  /** Depth the callback is about: 0 is the peer's own certificate. */
  depth = 0;
  certificate: Certificate | undefined;
  /** The issuer that signed `certificate`, while signatures are checked. */
  issuer: Certificate | undefined;
  /** The CRL in question, for results about one. */
  crl: Crl | undefined;
  /** Whether the callback is told that policies were processed and are in order, and not about a certificate: C's `ok` is 2 then. */
  policiesProcessed = false;
  /** The path, leaf first, as far as it is known. */
  chain: readonly Certificate[] = [];
  readonly params: X509VerifyParam;
  /** What the caller of the verification passed along: for a TLS connection its handle. */
  readonly connection: unknown;

  constructor(params: X509VerifyParam, connection: unknown) {
    this.params = params;
    this.connection = connection;
  }

  /** The number of `X509_V_ERR_*` (X509_STORE_CTX_get_error). */
  get resultCode(): number {
    return X509_VERIFY_RESULTS[this.result];
  }
}
