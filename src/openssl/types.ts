/** What C's types are here: pointers are the objects themselves, `NULL` is null. */
import type { PrivateKey } from '../crypto/provider.ts';
import type { CipherSuite } from '../registry/cipher-suites.ts';
import type { SslSession } from '../session/session.ts';
import type { SslContext } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Crl } from '../x509/crl.ts';
import type { Name } from '../x509/name.ts';
import type { X509Store } from '../x509/store.ts';
import type { StoreContext } from '../x509/store-context.ts';
import type { X509VerifyParam } from '../x509/verify-params.ts';

export type SSL = Ssl;
export type SSL_CTX = SslContext;
export type SSL_SESSION = SslSession;
export type SSL_CIPHER = CipherSuite;
export type X509 = Certificate;
export type X509_CRL = Crl;
export type X509_NAME = Name;
export type X509_STORE = X509Store;
export type X509_STORE_CTX = StoreContext;
export type X509_VERIFY_PARAM = X509VerifyParam;
export type EVP_PKEY = PrivateKey;

/** An out-parameter of a function whose result says more than success or failure: C's `&x`. */
export interface Out<T> {
  value: T;
}

/** Something to pass where C passes `&x`. */
export const out = <T>(value: T): Out<T> => ({ value });
