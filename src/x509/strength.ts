import type { HashName, PublicKeySpec, SignatureAlgorithm } from '../crypto/provider.ts';
import { type AlgorithmIdentifier, signatureAlgorithmOf } from './algorithms.ts';

/** Bits of security that each of OpenSSL's levels 0 to 5 demands (SSL_CTX_set_security_level(3)). */
const LEVEL_BITS: readonly number[] = [0, 80, 112, 128, 192, 256];

/** The bits a level demands; levels above 5 count as 5. */
const bitsOfLevel = (level: number): number => LEVEL_BITS[Math.max(0, Math.min(level, 5))] ?? 256;

/** Whether a key is strong enough for a level; a key that cannot be read never is, above level 0. */
export function keyMeetsLevel(key: PublicKeySpec | undefined, level: number): boolean {
  return level <= 0 || (key !== undefined && keyBits(key) >= bitsOfLevel(level));
}

/** Whether the digest of a signature is strong enough for a level. */
export function signatureMeetsLevel(identifier: AlgorithmIdentifier, level: number): boolean {
  if (level <= 0) return true;
  const algorithm = signatureAlgorithmOf(identifier);
  return algorithm !== undefined && signatureBits(algorithm) >= bitsOfLevel(level);
}

/** Security bits of a key, by the tables OpenSSL uses (NIST SP 800-57, 5.6.1.1). */
export function keyBits(key: PublicKeySpec): number {
  switch (key.kind) {
    case 'rsa':
    case 'rsa-pss':
      return modulusSecurity(bitLength(key.n));
    case 'ec':
      return ({ 'P-256': 128, 'P-384': 192, 'P-521': 256 } as const)[key.curve];
    default:
      return RAW_KEY_BITS[key.kind];
  }
}

/** Bits of a big-endian number. */
export function bitLength(bytes: Uint8Array): number {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const first = bytes[start];
  return first === undefined ? 0 : (bytes.length - start) * 8 - Math.clz32(first) + 24;
}

const RAW_KEY_BITS = { ed25519: 128, ed448: 224, 'ml-dsa-44': 128, 'ml-dsa-65': 192, 'ml-dsa-87': 256 } as const;

/** Resistance against collisions; SHA-1's and MD5's are what is left of it. */
const HASH_BITS: Readonly<Record<HashName, number>> = {
  md5: 39,
  sha1: 63,
  'md5-sha1': 67,
  sha224: 112,
  sha256: 128,
  sha384: 192,
  sha512: 256,
};

const signatureBits = (algorithm: SignatureAlgorithm): number =>
  'hash' in algorithm ? HASH_BITS[algorithm.hash] : RAW_KEY_BITS[algorithm.kind];

function modulusSecurity(bits: number): number {
  if (bits >= 15_360) return 256;
  if (bits >= 7_680) return 192;
  if (bits >= 3_072) return 128;
  if (bits >= 2_048) return 112;
  return bits >= 1_024 ? 80 : 0;
}
