/** The error queue (ERR_get_error(3)): one ring for the whole program, as C has one for each thread. */
import { Asn1Error } from '../asn1/asn1-error.ts';
import { type Reason, REASONS } from '../registry/reasons.ts';
import { PeerAlert, sentence, SslError } from '../registry/fatal.ts';
import type { BIO } from './bio.ts';
import {
  ERR_LIB_ASN1,
  ERR_LIB_BIO,
  ERR_LIB_PEM,
  ERR_LIB_SSL,
  ERR_LIB_SYS,
  ERR_LIB_X509,
  ERR_R_ASN1_LIB,
  ERR_R_DISABLED,
  ERR_R_INTERNAL_ERROR,
  ERR_R_MALLOC_FAILURE,
  ERR_R_PASSED_NULL_PARAMETER,
  ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED,
} from './constants.ts';
import { functionCode, functionName } from './function-codes.ts';
import { utf8 } from '../bytes/bytes.ts';

export interface ErrorEntry {
  readonly code: number;
  readonly file: string;
  readonly line: number;
  readonly data: string;
  mark: boolean;
}

/** ERR_NUM_ERRORS: when it is full the oldest is lost. */
const CAPACITY = 16;
const queue: ErrorEntry[] = [];

// ---- how functions report

/** Puts an error on the queue. `data` says what was wrong with what. */
export function pushError(lib: number, func: string, reason: number, data = ''): void {
  if (queue.length === CAPACITY) queue.shift();
  queue.push({ code: ERR_PACK(lib, functionCode(func), reason), file: '', line: 0, data, mark: false });
}

export const pushSslError = (func: string, reason: Reason, data?: string): void => pushError(ERR_LIB_SSL, func, reasonNumber(reason), data);

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
    pushError(ERR_LIB_SSL, insideOf(func, error), reasonNumber(error.reason), error.message);
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

/** ERR_R_* stand apart from the reasons of a library. */
const reasonNumber = (reason: Reason): number => {
  if (reason === 'INTERNAL_ERROR') return ERR_R_INTERNAL_ERROR;
  return reason === 'PASSED_NULL_PARAMETER' ? ERR_R_PASSED_NULL_PARAMETER : REASONS[reason];
};

// ---- reading the queue

/** The oldest error, taken off; 0 where there is none. */
export const ERR_get_error = (): number => queue.shift()?.code ?? 0;
export const ERR_peek_error = (): number => queue[0]?.code ?? 0;
export const ERR_peek_last_error = (): number => queue.at(-1)?.code ?? 0;

/** The oldest error with its place and data, taken off. */
export const ERR_get_error_line_data = (): ErrorEntry | null => queue.shift() ?? null;
export const ERR_peek_error_line_data = (): ErrorEntry | null => queue[0] ?? null;
export const ERR_peek_last_error_line_data = (): ErrorEntry | null => queue.at(-1) ?? null;

export function ERR_clear_error(): void {
  queue.length = 0;
}

export function ERR_set_mark(): number {
  const last = queue.at(-1);
  if (last !== undefined) last.mark = true;
  return last === undefined ? 0 : 1;
}

export function ERR_pop_to_mark(): number {
  while (queue.length > 0 && queue.at(-1)?.mark !== true) queue.pop();
  const last = queue.at(-1);
  if (last !== undefined) last.mark = false;
  return last === undefined ? 0 : 1;
}

export function ERR_put_error(lib: number, func: number, reason: number, file = '', line = 0): void {
  if (queue.length === CAPACITY) queue.shift();
  queue.push({ code: ERR_PACK(lib, func, reason), file, line, data: '', mark: false });
}

/** Adds text to the newest error. The count of arguments that C needs comes first. */
export function ERR_add_error_data(_count: number, ...parts: readonly string[]): void {
  const last = queue.pop();
  if (last !== undefined) queue.push({ ...last, data: last.data + parts.join('') });
}

// ---- codes and their texts

export const ERR_PACK = (lib: number, func: number, reason: number): number => (((lib & 0xff) << 24) | ((func & 0xfff) << 12) | (reason & 0xfff)) >>> 0;
export const ERR_GET_LIB = (code: number): number => (code >>> 24) & 0xff;
export const ERR_GET_FUNC = (code: number): number => (code >>> 12) & 0xfff;
export const ERR_GET_REASON = (code: number): number => code & 0xfff;

/** `error:140BA0C3:SSL routines:SSL_new:null ssl ctx`. */
export function ERR_error_string(code: number): string {
  const lib = ERR_lib_error_string(code) ?? `lib(${ERR_GET_LIB(code)})`;
  const func = ERR_func_error_string(code) ?? `func(${ERR_GET_FUNC(code)})`;
  const reason = ERR_reason_error_string(code) ?? `reason(${ERR_GET_REASON(code)})`;
  return `error:${code.toString(16).toUpperCase().padStart(8, '0')}:${lib}:${func}:${reason}`;
}

/** The same cut to `length - 1` characters, as C's buffer would. */
export const ERR_error_string_n = (code: number, length: number): string => ERR_error_string(code).slice(0, Math.max(0, length - 1));

export const ERR_lib_error_string = (code: number): string | null => LIBRARIES.get(ERR_GET_LIB(code)) ?? null;

export const ERR_func_error_string = (code: number): string | null => functionName(ERR_GET_FUNC(code)) ?? null;

export function ERR_reason_error_string(code: number): string | null {
  const lib = ERR_GET_LIB(code);
  const reason = ERR_GET_REASON(code);
  const ofLibrary = lib === ERR_LIB_SSL ? REASON_TEXTS.get(reason) : OTHER_TEXTS.get(`${lib}.${reason}`);
  return ofLibrary ?? GLOBAL_TEXTS.get(reason) ?? null;
}

/** Prints and empties the queue. */
export function ERR_print_errors(bio: BIO): void {
  ERR_print_errors_cb((line) => bio.write(utf8(line)), null);
}

/** Hands each line to `print`, which stops by answering 0 or less. */
export function ERR_print_errors_cb(print: (line: string, length: number, arg: unknown) => number, arg: unknown): void {
  for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
    const line = `0:${ERR_error_string(entry.code)}:${entry.file}:${entry.line}:${entry.data}\n`;
    if (print(line, line.length, arg) <= 0) return;
  }
}

/** Nothing has to be loaded here. */
export const ERR_load_SSL_strings = (): number => 1;

const LIBRARIES: ReadonlyMap<number, string> = new Map([
  [ERR_LIB_SYS, 'system library'],
  [ERR_LIB_PEM, 'PEM routines'],
  [ERR_LIB_X509, 'x509 certificate routines'],
  [ERR_LIB_ASN1, 'asn1 encoding routines'],
  [ERR_LIB_SSL, 'SSL routines'],
  [ERR_LIB_BIO, 'BIO routines'],
]);

/** Reasons of other libraries that functions here report. */
export const ENOENT = 2;
export const PEM_R_NO_START_LINE = 108;
export const PEM_R_BAD_PASSWORD_READ = 104;
export const X509_R_KEY_VALUES_MISMATCH = 116;
export const X509_R_CERT_ALREADY_IN_HASH_TABLE = 101;
export const BIO_R_UNSUPPORTED_METHOD = 121;
export const BIO_R_NULL_PARAMETER = 115;
export const BIO_R_BROKEN_PIPE = 124;
export const BIO_R_IN_USE = 123;
export const BIO_R_WRITE_TO_READ_ONLY_BIO = 126;

const OTHER_TEXTS: ReadonlyMap<string, string> = new Map([
  [`${ERR_LIB_SYS}.${ENOENT}`, 'No such file or directory'],
  [`${ERR_LIB_PEM}.${PEM_R_NO_START_LINE}`, 'no start line'],
  [`${ERR_LIB_PEM}.${PEM_R_BAD_PASSWORD_READ}`, 'bad password read'],
  [`${ERR_LIB_X509}.${X509_R_KEY_VALUES_MISMATCH}`, 'key values mismatch'],
  [`${ERR_LIB_X509}.${X509_R_CERT_ALREADY_IN_HASH_TABLE}`, 'cert already in hash table'],
  [`${ERR_LIB_BIO}.${BIO_R_UNSUPPORTED_METHOD}`, 'unsupported method'],
  [`${ERR_LIB_BIO}.${BIO_R_NULL_PARAMETER}`, 'null parameter'],
  [`${ERR_LIB_BIO}.${BIO_R_BROKEN_PIPE}`, 'broken pipe'],
  [`${ERR_LIB_BIO}.${BIO_R_IN_USE}`, 'in use'],
  [`${ERR_LIB_BIO}.${BIO_R_WRITE_TO_READ_ONLY_BIO}`, 'write to read only BIO'],
]);

const GLOBAL_TEXTS: ReadonlyMap<number, string> = new Map([
  [ERR_R_ASN1_LIB, 'ASN1 lib'],
  [ERR_R_MALLOC_FAILURE, 'malloc failure'],
  [ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED, 'called a function you should not call'],
  [ERR_R_PASSED_NULL_PARAMETER, 'passed a null parameter'],
  [ERR_R_INTERNAL_ERROR, 'internal error'],
  [ERR_R_DISABLED, 'called a function that was disabled at compile-time'],
]);

const REASON_TEXTS: ReadonlyMap<number, string> = new Map(
  (Object.keys(REASONS) as Reason[])
    .filter((name) => name !== 'INTERNAL_ERROR' && name !== 'PASSED_NULL_PARAMETER')
    .map((name) => [REASONS[name], sentence(name)]),
);
