/** Failures in the form that Node programs match on: `code`, `library`, `reason`, and Node's own codes for what it checks itself. */
import { EchRejected, PeerAlert, SslError, sentence, TlsFatal } from '../registry/fatal.ts';
import type { Reason } from '../registry/reasons.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { VERIFY_TEXTS } from '../registry/verify-texts.ts';

export interface NodeError extends Error {
  code: string;
}

/** An error with a code and whatever else belongs to it. */
export const withCode = (code: string, message: string, extra: object = {}, Kind: ErrorConstructor = Error): NodeError =>
  Object.assign(new Kind(message), { code, ...extra });

/** OpenSSL 3.2 renamed the alerts that came with SSL 3.0; an error has the name it would have from this runtime's `node:tls`. */
const NEWER_NAMES = newer(process.versions.openssl ?? '');

function newer(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 2);
}

/** ERR_LIB_SSL, where an error code says which library it is from. */
const LIBRARY = 20;

/** A failure of TLS as `node:tls` reports OpenSSL's: the `SslError` itself is its `cause`. */
export function tlsError(error: SslError): NodeError {
  const packed = ((LIBRARY << 23) | error.reasonCode).toString(16).padStart(8, '0').toUpperCase();
  const detail = error.message.slice(sentence(error.reason).length);
  const name = NEWER_NAMES ? error.reason.replace(/^SSLV3_ALERT/, 'SSL/TLS_ALERT') : error.reason;
  const reason = name.toLowerCase().replaceAll('_', ' ');
  return Object.assign(new Error(`error:${packed}:SSL routines::${reason}${detail}`, { cause: error }), {
    code: `ERR_SSL_${name}`,
    library: 'SSL routines',
    reason,
    ...(error instanceof TlsFatal && { alert: error.alert }),
    ...(error instanceof EchRejected && { echRetryConfigs: error.retryConfigs }),
    ...(error instanceof PeerAlert && { alertNumber: error.alertCode }),
  });
}

/** What ended a connection: failures of ours in Node's form, everything else (a reset, an application's callback) as it is. */
export function connectionError(error: unknown): Error {
  if (!(error instanceof SslError)) return error instanceof Error ? error : new Error(String(error));
  const foreign = error instanceof TlsFatal && error.reason === 'INTERNAL_ERROR' && error.cause instanceof Error;
  return foreign ? (error.cause as Error) : tlsError(error);
}

export const isReason = (error: unknown, reason: Reason): boolean => error instanceof SslError && error.reason === reason;

/** Results for which Node has a code; it calls everything else UNSPECIFIED. */
const NODE_CODES: ReadonlySet<X509VerifyResult> = new Set<X509VerifyResult>([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'OUT_OF_MEM',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
]);

/** A result of verification as an error. */
export function verifyError(result: X509VerifyResult, cause?: unknown): NodeError {
  return Object.assign(new Error(VERIFY_TEXTS[result], { cause }), {
    code: NODE_CODES.has(result) ? result : 'UNSPECIFIED',
    verifyResult: result,
  });
}
