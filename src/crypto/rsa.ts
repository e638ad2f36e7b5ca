import { invert, pow } from '@noble/curves/abstract/modular.js';
import { concat, constantTimeEqual, fromHex, sameBytes, wipe } from '../bytes/bytes.ts';
import { bitLength, toBigInt, toBytes } from './numbers.ts';
import type { HashName, PrivateKeySpec, SignatureAlgorithm } from './provider.ts';

/**
 * RSA signatures (RFC 8017) for providers without a native RSA. Verifying works on public data and is as good
 * as any. Signing is of lower assurance: JavaScript's integers are not constant-time; the base is blinded and the
 * result checked, which takes the value of timing and of faults away, but not every trace of the exponent.
 * Decryption is left out on purpose, since its padding oracle needs constant time.
 */

export type Digest = (hash: HashName, data: Uint8Array) => Uint8Array;
export type RsaAlgorithm = Extract<SignatureAlgorithm, { readonly kind: 'rsa-pkcs1' | 'rsa-pss' }>;
export type RsaPrivateSpec = Extract<PrivateKeySpec, { readonly kind: 'rsa' | 'rsa-pss' }>;

export class RsaPublic {
  private readonly n: bigint;
  private readonly e: bigint;
  private readonly bits: number;
  private readonly length: number;
  private readonly digest: Digest;

  constructor(n: Uint8Array, e: Uint8Array, digest: Digest) {
    this.n = toBigInt(n);
    this.e = toBigInt(e);
    this.bits = bitLength(this.n);
    this.length = Math.ceil(this.bits / 8);
    this.digest = digest;
  }

  verify(algorithm: RsaAlgorithm, data: Uint8Array, signature: Uint8Array): boolean {
    // RFC 8017, 8.1.2 and 8.2.2, step 1: exactly the modulus' length; 5.2.2, step 1: below the modulus.
    if (signature.length !== this.length) return false;
    const s = toBigInt(signature);
    if (s >= this.n) return false;
    const block = toBytes(pow(s, this.e, this.n), this.length);
    const hashed = this.digest(algorithm.hash, data);
    if (algorithm.kind === 'rsa-pss') return verifyPss(algorithm, hashed, block, this.bits - 1, this.digest);
    // The block is built again and compared whole, never parsed: parsers have been talked into accepting forgeries.
    const expected = pkcs1Block(algorithm.hash, hashed, this.length);
    return expected !== undefined && sameBytes(block, expected);
  }
}

/** EME-PKCS1-v1_5 encoding and the public operation (RFC 8017, 7.2.1). */
export function encryptPkcs1(n: Uint8Array, e: Uint8Array, plaintext: Uint8Array, random: (length: number) => Uint8Array): Uint8Array {
  const modulus = toBigInt(n);
  const length = Math.ceil(bitLength(modulus) / 8);
  const padding = length - plaintext.length - 3;
  if (padding < 8) throw new RangeError('an RSA key too small for the message');
  // The padding has no zero byte: one would end it. Replacing them keeps the count fixed, at a bias nobody can use.
  const filler = random(padding).map((byte) => byte || 1);
  const block = concat(Uint8Array.of(0, 2), filler, Uint8Array.of(0), plaintext);
  return toBytes(pow(toBigInt(block), toBigInt(e), modulus), length);
}

export class RsaPrivate {
  private readonly spec: RsaPrivateSpec;
  private readonly n: bigint;
  private readonly bits: number;
  private readonly digest: Digest;
  private readonly random: (length: number) => Uint8Array;

  constructor(spec: RsaPrivateSpec, digest: Digest, random: (length: number) => Uint8Array) {
    this.spec = spec;
    this.n = toBigInt(spec.n);
    this.bits = bitLength(this.n);
    this.digest = digest;
    this.random = random;
    if (toBigInt(spec.p) * toBigInt(spec.q) !== this.n) throw new RangeError('an RSA modulus that is not the product of its primes');
  }

  sign(algorithm: RsaAlgorithm, data: Uint8Array): Uint8Array {
    const length = Math.ceil(this.bits / 8);
    const hashed = this.digest(algorithm.hash, data);
    const block =
      algorithm.kind === 'rsa-pss'
        ? pssBlock(algorithm, hashed, this.random(algorithm.saltLength), this.bits - 1, this.digest)
        : pkcs1Block(algorithm.hash, hashed, length);
    if (block === undefined) throw new RangeError('an RSA key too small for the hash');
    return toBytes(this.power(toBigInt(block)), length);
  }

  /** m^d mod n with a blinded base, by the Chinese remainder theorem, checked before it is given away (RFC 8017, 5.2.1). */
  private power(m: bigint): bigint {
    const { n, spec } = this;
    const [e, p, q] = [toBigInt(spec.e), toBigInt(spec.p), toBigInt(spec.q)];
    const blind = (toBigInt(this.random(spec.n.length + 8)) % (n - 2n)) + 2n;
    const base = (m * pow(blind, e, n)) % n;
    const high = pow(base % p, toBigInt(spec.dp), p);
    const low = pow(base % q, toBigInt(spec.dq), q);
    const h = ((((high - low) * toBigInt(spec.qi)) % p) + p) % p;
    const s = ((low + h * q) * invert(blind, n)) % n;
    if (pow(s, e, n) !== m) throw new Error('an RSA signature that does not verify: a fault, or private numbers that do not fit together');
    return s;
  }
}

/** DigestInfo up to the digest (RFC 8017, 9.2, note 1). MD5 with SHA-1 has none (RFC 4346, 7.4.3). */
const DIGEST_INFO: Readonly<Record<HashName, Uint8Array>> = {
  md5: fromHex('3020300c06082a864886f70d020505000410'),
  sha1: fromHex('3021300906052b0e03021a05000414'),
  sha224: fromHex('302d300d06096086480165030402040500041c'),
  sha256: fromHex('3031300d060960864801650304020105000420'),
  sha384: fromHex('3041300d060960864801650304020205000430'),
  sha512: fromHex('3051300d060960864801650304020305000440'),
  'md5-sha1': new Uint8Array(0),
};

/** 00 01 ff…ff 00 DigestInfo (RFC 8017, 9.2); undefined where fewer than eight bytes of padding are left. */
function pkcs1Block(hash: HashName, hashed: Uint8Array, length: number): Uint8Array | undefined {
  const info = concat(DIGEST_INFO[hash], hashed);
  if (length < info.length + 11) return undefined;
  const block = new Uint8Array(length).fill(0xff);
  block[0] = 0;
  block[1] = 1;
  block[length - info.length - 1] = 0;
  block.set(info, length - info.length);
  return block;
}

type Pss = Extract<RsaAlgorithm, { readonly kind: 'rsa-pss' }>;

/** EMSA-PSS-ENCODE (RFC 8017, 9.1.1). */
function pssBlock(algorithm: Pss, hashed: Uint8Array, salt: Uint8Array, bits: number, digest: Digest): Uint8Array | undefined {
  const length = Math.ceil(bits / 8);
  if (length < hashed.length + salt.length + 2) return undefined;
  const h = digest(algorithm.hash, concat(new Uint8Array(8), hashed, salt));
  const db = new Uint8Array(length - h.length - 1);
  db[db.length - salt.length - 1] = 1;
  db.set(salt, db.length - salt.length);
  xorInto(db, mgf1(algorithm.mgfHash, h, db.length, digest));
  db[0] = (db[0] as number) & (0xff >>> (8 * length - bits));
  wipe(salt);
  return concat(db, h, Uint8Array.of(0xbc));
}

/** EMSA-PSS-VERIFY (RFC 8017, 9.1.2), steps 3 to 14. `block` may be one byte longer than the encoded message. */
function verifyPss(algorithm: Pss, hashed: Uint8Array, block: Uint8Array, bits: number, digest: Digest): boolean {
  const length = Math.ceil(bits / 8);
  const { saltLength } = algorithm;
  if (length < hashed.length + saltLength + 2) return false;
  if (block.length > length && block[0] !== 0) return false;
  const message = block.subarray(block.length - length);
  if (message[length - 1] !== 0xbc) return false;
  const db = message.slice(0, length - hashed.length - 1);
  const h = message.subarray(db.length, length - 1);
  const unused = 8 * length - bits;
  if ((db[0] as number) >>> (8 - unused) !== 0) return false;
  xorInto(db, mgf1(algorithm.mgfHash, h, db.length, digest));
  db[0] = (db[0] as number) & (0xff >>> unused);
  const zeros = db.length - saltLength - 1;
  for (let i = 0; i < zeros; i++) if (db[i] !== 0) return false;
  if (db[zeros] !== 1) return false;
  return constantTimeEqual(h, digest(algorithm.hash, concat(new Uint8Array(8), hashed, db.subarray(zeros + 1))));
}

/** RFC 8017, B.2.1. */
function mgf1(hash: HashName, seed: Uint8Array, length: number, digest: Digest): Uint8Array {
  const out = new Uint8Array(length);
  const input = concat(seed, new Uint8Array(4));
  for (let at = 0, counter = 0; at < length; counter++) {
    input.set([counter >>> 24, counter >>> 16, counter >>> 8, counter], seed.length);
    const part = digest(hash, input);
    out.set(part.subarray(0, length - at), at);
    at += part.length;
  }
  return out;
}

function xorInto(target: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) ^ (mask[i] as number);
}
