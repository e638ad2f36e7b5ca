/** PEM and DER readers and writers over BIOs. What is read can be read once: a BIO is a stream. */
import { provider } from '#provider';
import { malformed } from '../asn1/asn1-error.ts';
import { type PemBlock, pemBlocks, pemText } from '../asn1/pem.ts';
import { utf8 } from '../bytes/bytes.ts';
import { dhGroupOf } from '../config/dh-parameters.ts';
import type { DhGroup } from '../crypto/ffdhe.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import { parseCertificate } from '../x509/certificate.ts';
import { parseCrl } from '../x509/crl.ts';
import { parsePrivateKey } from '../x509/private-key.ts';
import { type BIO, BIO_read, BIO_write } from './bio.ts';
import * as c from './constants.ts';
import { attempt, pushError } from './errors.ts';
import { passwordOf, type pem_password_cb } from './password.ts';
import type { EVP_PKEY, SSL_SESSION, X509, X509_CRL } from './types.ts';

export const PEM_read_bio_X509 = (bio: BIO, _x: null = null, _cb: pem_password_cb | null = null, _u: unknown = null): X509 | null =>
  nextBlock('PEM_read_bio_X509', bio, ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'], ({ bytes }) => parseCertificate(bytes));
export const PEM_read_bio_X509_AUX: typeof PEM_read_bio_X509 = PEM_read_bio_X509;

export const PEM_read_bio_X509_CRL = (bio: BIO, _x: null = null, _cb: pem_password_cb | null = null, _u: unknown = null): X509_CRL | null =>
  nextBlock('PEM_read_bio_X509_CRL', bio, ['X509 CRL'], ({ bytes }) => parseCrl(bytes));

const KEY_LABELS = ['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'];

/** An encrypted key asks `cb`, or takes `u` as the password. */
export const PEM_read_bio_PrivateKey = (bio: BIO, _x: null = null, cb: pem_password_cb | null = null, u: unknown = null): EVP_PKEY | null =>
  nextBlock('PEM_read_bio_PrivateKey', bio, KEY_LABELS, (block) => {
    const password = (): Uint8Array => {
      const given = passwordOf(cb, u);
      if (given !== undefined) return given;
      pushError(c.ERR_LIB_PEM, 'PEM_read_bio_PrivateKey', c.PEM_R_BAD_PASSWORD_READ);
      return malformed('no password');
    };
    return provider.importPrivateKey(parsePrivateKey(pemOf(block), password, provider));
  });

/** DHParameter of PKCS#3: a prime and a generator. */
export const PEM_read_bio_DHparams = (bio: BIO, _x: null = null, _cb: pem_password_cb | null = null, _u: unknown = null): DhGroup | null =>
  nextBlock('PEM_read_bio_DHparams', bio, ['DH PARAMETERS'], ({ bytes }) => dhGroupOf(bytes));

export const PEM_read_bio_SSL_SESSION = (
  bio: BIO,
  _x: null = null,
  _cb: pem_password_cb | null = null,
  _u: unknown = null,
): SSL_SESSION | null => nextBlock('PEM_read_bio_SSL_SESSION', bio, ['SSL SESSION PARAMETERS'], ({ bytes }) => decodeSession(bytes));

export const PEM_write_bio_SSL_SESSION = (bio: BIO, session: SSL_SESSION): number =>
  writeText(bio, pemText('SSL SESSION PARAMETERS', encodeSession(session)));
export const PEM_write_bio_X509 = (bio: BIO, x: X509): number => writeText(bio, pemText('CERTIFICATE', x.der));

const writeText = (bio: BIO, text: string): number => (BIO_write(bio, utf8(text)) === text.length ? 1 : 0);

/** The block again as a file of its own, with the headers of a traditionally encrypted key. */
function pemOf({ label, headers, bytes }: PemBlock): string {
  const text = pemText(label, bytes);
  if (headers.size === 0) return text;
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\n`).join('');
  return text.replace('-----\n', `-----\n${lines}\n`);
}

/** Reads lines up to the end of a block with one of these labels; others are skipped, as OpenSSL does. */
function nextBlock<T>(func: string, bio: BIO, labels: readonly string[], parse: (block: PemBlock) => T): T | null {
  for (;;) {
    const text = readBlock(bio);
    if (text === undefined) {
      pushError(c.ERR_LIB_PEM, func, c.PEM_R_NO_START_LINE, `expecting: ${labels[0]}`);
      return null;
    }
    const block = attempt(func, null, () => [...pemBlocks(text)][0] ?? null);
    if (block === null) return null;
    if (labels.includes(block.label)) return attempt<T | null>(func, null, () => parse(block));
  }
}

/** The text of the next block with its two dashed lines. */
function readBlock(bio: BIO): string | undefined {
  let text = '';
  for (;;) {
    const line = readLine(bio);
    if (line === undefined) return undefined;
    if (text === '' && !line.startsWith('-----BEGIN ')) continue;
    text += line;
    if (line.startsWith('-----END ')) return text;
  }
}

function readLine(bio: BIO): string | undefined {
  const byte = new Uint8Array(1);
  let line = '';
  for (;;) {
    if (BIO_read(bio, byte) <= 0) return line === '' ? undefined : line;
    line += String.fromCharCode(byte[0] as number);
    if (byte[0] === 0x0a) return line;
  }
}
