import { wipe } from '../bytes/bytes.ts';
import type { CryptoProvider, HashName } from '../crypto/provider.ts';

/** What derived bytes are for (RFC 7292, B.3). */
export const PKCS12_USE = { key: 1, iv: 2, mac: 3 } as const;

/** Bytes that the compression function takes at once, for the hashes in use here. */
const BLOCK: Readonly<Partial<Record<HashName, number>>> = { sha384: 128, sha512: 128 };

/** The key derivation of PKCS #12 (RFC 7292, B.2). `password`: UTF-16, big-endian, with two zero bytes at its end. */
export function pkcs12Kdf(
  provider: CryptoProvider,
  hash: HashName,
  use: number,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Uint8Array {
  const block = BLOCK[hash] ?? 64;
  const saltLength = wholeBlocks(salt.length, block);
  const input = new Uint8Array(block + saltLength + wholeBlocks(password.length, block));
  input.fill(use, 0, block);
  const repeated = input.subarray(block);
  for (let i = 0; i < saltLength; i++) repeated[i] = salt[i % salt.length] as number;
  for (let i = saltLength; i < repeated.length; i++) repeated[i] = password[(i - saltLength) % password.length] as number;
  const out = new Uint8Array(length);
  for (let made = 0; made < length; ) {
    let digest = provider.digest(hash, input);
    for (let i = 1; i < iterations; i++) digest = provider.digest(hash, digest);
    out.set(digest.subarray(0, length - made), made);
    made += digest.length;
    for (let at = 0; at < repeated.length; at += block) addDigest(repeated.subarray(at, at + block), digest);
    wipe(digest);
  }
  wipe(input);
  return out;
}

const wholeBlocks = (length: number, block: number): number => Math.ceil(length / block) * block;

/** B.2, step 6 C: I_j = (I_j + B + 1) mod 2^8v, where B is the digest over and over. */
function addDigest(block: Uint8Array, digest: Uint8Array): void {
  let carry = 1;
  for (let i = block.length - 1; i >= 0; i--) {
    carry += (block[i] as number) + (digest[i % digest.length] as number);
    block[i] = carry & 0xff;
    carry >>= 8;
  }
}
