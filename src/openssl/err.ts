/** The error queue (ERR_get_error(3)): one ring for the whole program, as C has one for each thread. */
import { utf8 } from '../bytes/bytes.ts';
import { sentence } from '../registry/fatal.ts';
import { COMMON_REASONS, REASONS, type Reason } from '../registry/reasons.ts';
import type { BIO } from './bio.ts';
import {
  BIO_R_BROKEN_PIPE,
  BIO_R_IN_USE,
  BIO_R_NULL_PARAMETER,
  BIO_R_UNSUPPORTED_METHOD,
  BIO_R_WRITE_TO_READ_ONLY_BIO,
  ENOENT,
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
  PEM_R_BAD_PASSWORD_READ,
  PEM_R_NO_START_LINE,
  X509_R_CERT_ALREADY_IN_HASH_TABLE,
  X509_R_KEY_VALUES_MISMATCH,
} from './constants.ts';
import { CAPACITY, type ErrorEntry, pack, queue } from './errors.ts';
import { functionName } from './function-codes.ts';

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

export const ERR_PACK: (lib: number, func: number, reason: number) => number = pack;
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
  (Object.keys(REASONS) as Reason[]).filter((name) => !COMMON_REASONS.has(name)).map((name) => [REASONS[name], sentence(name)]),
);
