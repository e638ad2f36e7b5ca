/** Failures in the form that Node programs match on: `code`, `library`, `reason`, and Node's own codes for what it checks itself. */
import { PeerAlert, SslError, sentence, TlsFatal } from '../registry/fatal.ts';
import type { Reason } from '../registry/reasons.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { VERIFY_TEXTS } from '../registry/verify-texts.ts';
import type { Certificate } from '../x509/certificate.ts';
import { addressText } from '../x509/ip-address.ts';

export interface NodeError extends Error {
  code: string;
}

/** An error with a code and whatever else belongs to it. */
export const withCode = (code: string, message: string, extra: object = {}): NodeError =>
  Object.assign(new Error(message), { code, ...extra });

/** ERR_LIB_SSL, where an error code says which library it is from. */
const LIBRARY = 20;

/** A failure of TLS as `node:tls` reports OpenSSL's: the `SslError` itself is its `cause`. */
function tlsError(error: SslError): NodeError {
  const packed = ((LIBRARY << 23) | error.reasonCode).toString(16).padStart(8, '0').toUpperCase();
  const reason = sentence(error.reason);
  const detail = error.message.slice(reason.length);
  return Object.assign(new Error(`error:${packed}:SSL routines::${reason}${detail}`, { cause: error }), {
    code: error.code,
    library: 'SSL routines',
    reason,
    ...(error instanceof TlsFatal && { alert: error.alert }),
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

/** A result of verification as an error; `host` and the certificate say what did not fit where it is the name. */
export function verifyError(result: X509VerifyResult, host: string, leaf: Certificate | undefined, cause?: unknown): NodeError {
  if (leaf !== undefined && (result === 'HOSTNAME_MISMATCH' || result === 'IP_ADDRESS_MISMATCH')) return nameError(result, host, leaf);
  return Object.assign(new Error(VERIFY_TEXTS[result], { cause }), {
    code: NODE_CODES.has(result) ? result : 'UNSPECIFIED',
    verifyResult: result,
  });
}

function nameError(result: X509VerifyResult, host: string, leaf: Certificate): NodeError {
  const names = altNames(leaf);
  const list = names.length === 0 ? 'Cert does not contain a DNS name' : undefined;
  const reason =
    result === 'IP_ADDRESS_MISMATCH'
      ? `IP: ${host} is not in the cert's list: ${names
          .filter((name) => name.startsWith('IP'))
          .map((name) => name.slice(11))
          .join(', ')}`
      : (list ?? `Host: ${host}. is not in the cert's altnames: ${names.join(', ')}`);
  return withCode('ERR_TLS_CERT_ALTNAME_INVALID', `Hostname/IP does not match certificate's altnames: ${reason}`, { reason, host });
}

/** subjectAltName as Node writes it: `DNS:example.com`, `IP Address:192.0.2.1`. */
const altNames = (leaf: Certificate): string[] =>
  (leaf.extensions.subjectAltName ?? []).flatMap((name) => {
    if (name.kind === 'dns') return [`DNS:${name.value}`];
    return name.kind === 'ip' ? [`IP Address:${addressText(name.value)}`] : [];
  });
