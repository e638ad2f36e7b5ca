/** Files, where the runtime has them. Everything else here is bytes. */

import { isPem } from '../asn1/pem.ts';
import { latin1, utf8 } from '../bytes/bytes.ts';
import { refuse } from '../registry/fatal.ts';
import * as c from './constants.ts';
import { pushError } from './errors.ts';
import { builtin, environment } from './runtime.ts';

interface FileSystem {
  readFileSync(path: string): Uint8Array;
  readdirSync(path: string): readonly string[];
  existsSync(path: string): boolean;
}

const fileSystem = (): FileSystem | undefined => builtin('node:fs') as FileSystem | undefined;

/** A file's bytes; null with a system error on the queue where it cannot be read. */
export function readFile(func: string, path: string): Uint8Array | null {
  const files = fileSystem();
  try {
    if (files !== undefined) return new Uint8Array(files.readFileSync(path));
  } catch {
    // What matters to the caller is that there is no such file.
  }
  pushError(c.ERR_LIB_SYS, func, c.ENOENT, files === undefined ? 'this runtime has no files' : path);
  return null;
}

/** Names in a directory; null where it cannot be read. */
export function readDirectory(func: string, path: string): readonly string[] | null {
  try {
    const names = fileSystem()?.readdirSync(path);
    if (names !== undefined) return names;
  } catch {
    // As above.
  }
  pushError(c.ERR_LIB_SYS, func, c.ENOENT, path);
  return null;
}

/** A certificate bundle of the system: SSL_CERT_FILE, or where distributions keep it. */
export const systemBundle = (): string | undefined =>
  [environment('SSL_CERT_FILE'), ...BUNDLES].find((path) => path !== undefined && fileSystem()?.existsSync(path) === true);

export const systemDirectory = (): string | undefined => environment('SSL_CERT_DIR');

/** OpenSSL's list of transparency logs. */
export const systemLogList = (): string => environment('CTLOG_FILE') ?? '/usr/lib/ssl/ct_log_list.cnf';

const BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** A file's contents, which must be of the type that was said. */
export function checkFileType(bytes: Uint8Array, type: number): Uint8Array {
  if (type !== c.SSL_FILETYPE_PEM && type !== c.SSL_FILETYPE_ASN1) return refuse('BAD_SSL_FILETYPE', String(type));
  if (isPem(bytes) !== (type === c.SSL_FILETYPE_PEM)) refuse('BAD_DATA', type === c.SSL_FILETYPE_PEM ? 'no PEM' : 'no DER');
  return bytes;
}

/** Text of a name in a directory that OpenSSL's hashed look-up would read: eight hexadecimal digits and a number. */
export const looksHashed = (name: string): boolean => /^[0-9a-f]{8}\.\d+$/.test(latin1(utf8(name)));
