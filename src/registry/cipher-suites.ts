import type { AeadName, HashName } from '../crypto/provider.ts';
import { TLS1_3_VERSION } from './versions.ts';

/** A cipher suite (RFC 9846, B.4). */
export interface CipherSuite {
  readonly id: number;
  /** OpenSSL's name; for TLS 1.3 it is IANA's as well. */
  readonly name: string;
  readonly standardName: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly aead: AeadName;
  /** Bytes of the AEAD key. */
  readonly keyLength: number;
  /** The hash of the key schedule and the transcript. */
  readonly hash: HashName;
  /** Strength in bits, for the security level. */
  readonly bits: number;
  /** How many records one key may seal (RFC 9846, 5.5); at that point the key is updated. */
  readonly recordLimit: number;
}

const tls13 = (
  id: number,
  name: string,
  aead: AeadName,
  keyLength: number,
  hash: HashName,
  recordLimit: number,
  bits = 8 * keyLength,
): CipherSuite => ({
  id,
  name,
  standardName: name,
  minVersion: TLS1_3_VERSION,
  maxVersion: TLS1_3_VERSION,
  aead,
  keyLength,
  hash,
  bits,
  recordLimit,
});

/** Every suite that is built, in OpenSSL's order of preference. */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  tls13(0x1302, 'TLS_AES_256_GCM_SHA384', 'aes-256-gcm', 32, 'sha384', 2 ** 24),
  // ChaCha20-Poly1305 has no record limit of its own; 2^48 is a hard stop far below the sequence number's end.
  tls13(0x1303, 'TLS_CHACHA20_POLY1305_SHA256', 'chacha20-poly1305', 32, 'sha256', 2 ** 48),
  tls13(0x1301, 'TLS_AES_128_GCM_SHA256', 'aes-128-gcm', 16, 'sha256', 2 ** 24),
  tls13(0x1304, 'TLS_AES_128_CCM_SHA256', 'aes-128-ccm', 16, 'sha256', 2 ** 23),
  // A tag of 8 bytes gives 64 bits against forgery; OpenSSL counts the suite that way from 3.2 on.
  tls13(0x1305, 'TLS_AES_128_CCM_8_SHA256', 'aes-128-ccm-8', 16, 'sha256', 2 ** 23, 64),
];

const BY_ID: ReadonlyMap<number, CipherSuite> = new Map(CIPHER_SUITES.map((suite) => [suite.id, suite]));
const BY_NAME: ReadonlyMap<string, CipherSuite> = new Map(CIPHER_SUITES.map((suite) => [suite.name, suite]));

export const cipherSuite = (id: number): CipherSuite | undefined => BY_ID.get(id);

export const cipherSuiteByName = (name: string): CipherSuite | undefined => BY_NAME.get(name);

/** The suites offered when none were configured (OpenSSL's TLS_DEFAULT_CIPHERSUITES). */
export const DEFAULT_TLS13_SUITES: readonly number[] = [0x1302, 0x1303, 0x1301];

/** A name for any code point, known or not. */
export const cipherSuiteName = (id: number): string => BY_ID.get(id)?.name ?? `0x${id.toString(16).padStart(4, '0')}`;
