/** The error queue from the inside: how C functions report. ERR_get_error(3) and its kin are in err.ts. */
import { Asn1Error } from '../asn1/asn1-error.ts';
import { PeerAlert, SslError } from '../registry/fatal.ts';
import { REASONS, type Reason } from '../registry/reasons.ts';
import { ERR_LIB_ASN1, ERR_LIB_SSL, ERR_R_ASN1_LIB } from './constants.ts';
import { functionCode } from './function-codes.ts';

export interface ErrorEntry {
  readonly code: number;
  readonly file: string;
  readonly line: number;
  readonly data: string;
  mark: boolean;
}

/** ERR_NUM_ERRORS: when it is full the oldest is lost. */
export const CAPACITY = 16;
export const queue: ErrorEntry[] = [];

// ---- how functions report

/** Puts an error on the queue. `data` says what was wrong with what. */
export function pushError(lib: number, func: string, reason: number, data = ''): void {
  if (queue.length === CAPACITY) queue.shift();
  queue.push({ code: pack(lib, functionCode(func), reason), file: '', line: 0, data, mark: false });
}

export const pushSslError = (func: string, reason: Reason, data?: string): void => pushError(ERR_LIB_SSL, func, REASONS[reason], data);

/**
 * Does what a C function is for. A failure goes to the queue and `failure` is the result; only what C calls undefined behaviour
 * is thrown: a wrong type, a handle after its last free.
 */
export function attempt<T>(func: string, failure: T, work: () => T): T {
  try {
    return work();
  } catch (error) {
    reportError(func, error);
    return failure;
  }
}

export function reportError(func: string, error: unknown): void {
  if (error instanceof Asn1Error) pushError(ERR_LIB_ASN1, func, ERR_R_ASN1_LIB, error.message);
  else if (error instanceof SslError && error.reason !== 'USE_AFTER_FREE') {
    pushError(ERR_LIB_SSL, insideOf(func, error), error.reasonCode, error.message);
  } else throw error;
}

/** The internal function that 1.1.1 names for failures that are looked for by their printed form. */
function insideOf(func: string, error: SslError): string {
  return error instanceof PeerAlert ? 'ssl3_read_bytes' : (RAISED_IN[error.reason] ?? func);
}

const RAISED_IN: Partial<Record<Reason, string>> = {
  CONNECTION_TYPE_NOT_SET: 'SSL_do_handshake',
  CERTIFICATE_VERIFY_FAILED: 'tls_process_server_certificate',
  PEER_DID_NOT_RETURN_A_CERTIFICATE: 'tls_process_client_certificate',
  NO_SHARED_CIPHER: 'tls_early_post_process_client_hello',
  UNSUPPORTED_PROTOCOL: 'tls_early_post_process_client_hello',
  NO_APPLICATION_PROTOCOL: 'tls_handle_alpn',
  BINDER_DOES_NOT_VERIFY: 'tls_psk_do_binder',
  WRONG_VERSION_NUMBER: 'ssl3_get_record',
  DECRYPTION_FAILED_OR_BAD_RECORD_MAC: 'ssl3_get_record',
  UNEXPECTED_EOF_WHILE_READING: 'ssl3_read_n',
  BAD_WRITE_RETRY: 'ssl3_write_pending',
  BAD_SIGNATURE: 'tls_process_cert_verify',
};

/** ERR_PACK(3). */
export const pack = (lib: number, func: number, reason: number): number =>
  (((lib & 0xff) << 24) | ((func & 0xfff) << 12) | (reason & 0xfff)) >>> 0;
