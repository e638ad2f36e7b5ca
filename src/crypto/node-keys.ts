import { Buffer } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import { jsPiece } from '#js-pieces';
import { concat, fromHex, sameBytes } from '../bytes/bytes.ts';
import { assertPublicKey, COORDINATE_LENGTH, publicRsa, suits } from './key-rules.ts';
import { digestLength } from './node-hash.ts';
import { base64url, crypto, fromBase64url, once, plain } from './node-runtime.ts';
import { leftPad, stripZeros } from './numbers.ts';
import type { CurveName, MlDsaPrivateSpec, PrivateKey, PrivateKeySpec, PublicKey, PublicKeySpec, SignatureAlgorithm } from './provider.ts';
import type { RsaPrivateSpec } from './rsa.ts';

/** Signatures by node:crypto. What a runtime cannot do, import or algorithm, the js provider's key does. */

export function importPublicKey(spec: PublicKeySpec): PublicKey {
  const name = nameOf(spec);
  const known = recent.get(name);
  if (known !== undefined) return known;
  const key = importAnew(spec);
  for (const oldest of recent.keys()) {
    if (recent.size < RECENT) break;
    recent.delete(oldest);
  }
  recent.set(name, key);
  return key;
}

/**
 * Keys imported lately, by their bytes: a client comes back to its servers, and on Node 20 importing a P-256 key costs as
 * much as verifying with it.
 */
const recent = new Map<string, PublicKey>();
const RECENT = 64;

function nameOf(spec: PublicKeySpec): string {
  switch (spec.kind) {
    case 'rsa':
      return `rsa ${numbers(spec)}`;
    case 'rsa-pss':
      return `rsa-pss ${JSON.stringify(spec.parameters)} ${numbers(spec)}`;
    case 'ec':
      return `${spec.curve} ${latin1(spec.point)}`;
    default:
      return `${spec.kind} ${latin1(spec.key)}`;
  }
}

/** With the length of the first, so that no two keys have one name. */
/** The bytes as characters, by the runtime's own hand. */
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

const numbers = ({ e, n }: { readonly e: Uint8Array; readonly n: Uint8Array }): string => `${e.length} ${latin1(e)}${latin1(n)}`;

function importAnew(spec: PublicKeySpec): PublicKey {
  assertPublicKey(spec);
  const key = orUndefined(() => importSpec(spec));
  // A key that is bad, not just unknown here, is refused by this import.
  if (key === undefined) return jsPiece('keys').importPublicKey(spec);
  return spec.kind === 'rsa' ? new NodeRsaPublicKey(spec, key) : new NodePublicKey(spec, key);
}

export function importPrivateKey(spec: PrivateKeySpec): PrivateKey {
  const key = orUndefined(() => importPrivate(spec));
  return key ?? jsPiece('keys').importPrivateKey(spec);
}

class NodePublicKey implements PublicKey {
  readonly spec: PublicKeySpec;
  protected readonly key: KeyObject;
  private js: PublicKey | undefined;

  constructor(spec: PublicKeySpec, key: KeyObject) {
    this.spec = spec;
    this.key = key;
  }

  verify(algorithm: SignatureAlgorithm, data: Uint8Array, signature: Uint8Array): ReturnType<PublicKey['verify']> {
    if (!suits(this.spec, algorithm)) return false;
    // RFC 8032, 5.2.3: the unused bits of an encoded point are zero. Deno does not look at them in R.
    if (algorithm.kind === 'ed448' && ((signature[56] ?? 0) & 0x7f) !== 0) return false;
    if (isNative(this.spec, algorithm)) {
      const verdict = orUndefined(() => crypto.verify(hashOf(algorithm), data, keyFor(this.key, algorithm), signature));
      // A runtime that throws has given no verdict, so it is left to the other provider.
      if (verdict !== undefined) return verdict;
    }
    this.js ??= jsPiece('keys').importPublicKey(this.spec);
    return this.js.verify(algorithm, data, signature);
  }
}

class NodeRsaPublicKey extends NodePublicKey {
  encrypt(plaintext: Uint8Array): Uint8Array {
    return plain(crypto.publicEncrypt({ key: this.key, padding: crypto.constants.RSA_PKCS1_PADDING }, plaintext));
  }
}

class NodePrivateKey implements PrivateKey {
  readonly publicKey: PublicKeySpec;
  protected readonly key: KeyObject;
  private readonly js: () => PrivateKey;

  constructor(publicKey: PublicKeySpec, key: KeyObject, js: () => PrivateKey) {
    this.publicKey = publicKey;
    this.key = key;
    this.js = js;
  }

  sign(algorithm: SignatureAlgorithm, data: Uint8Array): ReturnType<PrivateKey['sign']> {
    if (!suits(this.publicKey, algorithm))
      throw new RangeError(`an ${this.publicKey.kind} key does not make ${algorithm.kind} signatures with these parameters`);
    if (!isNative(this.publicKey, algorithm)) return this.js().sign(algorithm, data);
    return plain(crypto.sign(hashOf(algorithm), data, keyFor(this.key, algorithm)));
  }
}

class NodeRsaKey extends NodePrivateKey {
  private readonly length: number;

  constructor(publicKey: PublicKeySpec, key: KeyObject, js: () => PrivateKey, length: number) {
    super(publicKey, key, js);
    this.length = length;
  }

  /**
   * The block is decrypted without its padding, and the padding is judged here without a branch on it (RFC 5246,
   * 7.4.7.1): node:crypto's own PKCS #1 decryption tells good from bad, or is switched off.
   */
  decryptPremaster(ciphertext: Uint8Array, substitute: Uint8Array): Uint8Array {
    const out = substitute.slice();
    // The ciphertext is public; only what comes out of it is not.
    if (ciphertext.length !== this.length) return out;
    const block = orUndefined(() => crypto.privateDecrypt({ key: this.key, padding: crypto.constants.RSA_NO_PADDING }, ciphertext));
    if (block === undefined || block.length !== this.length) return out;
    const start = block.length - out.length;
    let bad = (block[0] as number) | ((block[1] as number) ^ 2) | (block[start - 1] as number);
    for (let i = 2; i < start - 1; i++) bad |= isZero(block[i] as number);
    const take = -isZero(bad);
    for (let i = 0; i < out.length; i++) out[i] = ((block[start + i] as number) & take) | ((out[i] as number) & ~take);
    block.fill(0);
    return out;
  }
}

/** 1 for zero and 0 for 1..255, without a branch. */
const isZero = (byte: number): number => ((byte & 0xff) - 1) >>> 31;

function orUndefined<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}

/** Deno's RSA is not constant-time (RUSTSEC-2023-0071). Elsewhere it is OpenSSL's or BoringSSL's, which blind the base. */
const IN_DENO: boolean = 'Deno' in globalThis;

/** Whether the runtime does what an algorithm asks for. */
function isNative(key: PublicKeySpec, algorithm: SignatureAlgorithm): boolean {
  // node:crypto cannot be told the hash of MGF1 for a plain RSA key: it takes that of the message.
  if (algorithm.kind === 'rsa-pss') return algorithm.hash === algorithm.mgfHash;
  if (algorithm.kind !== 'ecdsa' || key.kind !== 'ec') return true;
  return 2 * digestLength(algorithm.hash) >= COORDINATE_LENGTH[key.curve] || takesShortHashes();
}

/** Deno finds no signature valid whose hash has less than half the bits of the curve. */
const takesShortHashes: () => boolean = once(() => {
  const [hash, data] = ['sha1', Uint8Array.of(1)] as const;
  const key = jsPiece('keys').importPrivateKey({ kind: 'ec', curve: 'P-384', d: Uint8Array.of(1), point: undefined });
  const signature = key.sign({ kind: 'ecdsa', hash }, data);
  return signature instanceof Uint8Array && crypto.verify(hash, data, { key: importSpec(key.publicKey), dsaEncoding: 'der' }, signature);
});

const hashOf = (algorithm: SignatureAlgorithm): string | null => ('hash' in algorithm ? algorithm.hash : null);

type KeyInput = KeyObject | { readonly key: KeyObject; readonly padding: number; readonly saltLength: number };

/** The key as `sign` and `verify` take it: with options for PSS, and alone where the defaults, PKCS #1 and DER, are what is wanted. */
const keyFor = (key: KeyObject, algorithm: SignatureAlgorithm): KeyInput =>
  algorithm.kind === 'rsa-pss' ? { key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength } : key;

// ---- public keys

/** JWK is the cheapest form on every runtime that lacks the raw one, and by far on Node 20. */
function importSpec(spec: PublicKeySpec): KeyObject {
  switch (spec.kind) {
    case 'rsa':
    case 'rsa-pss':
      return crypto.createPublicKey({ key: { kty: 'RSA', ...rsaNumbers({ n: spec.n, e: spec.e }) }, format: 'jwk' });
    case 'ec':
      return crypto.createPublicKey({ key: ecJwk(spec.curve, spec.point), format: 'jwk' });
    case 'ed25519':
    case 'ed448':
      return crypto.createPublicKey({
        key: { kty: 'OKP', crv: spec.kind === 'ed25519' ? 'Ed25519' : 'Ed448', x: base64url(spec.key) },
        format: 'jwk',
      });
    default:
      return crypto.createPublicKey({ key: Buffer.from(concat(ML_DSA_SPKI[spec.kind], spec.key)), format: 'der', type: 'spki' });
  }
}

/** SubjectPublicKeyInfo up to the key (RFC 9881, 4). */
const ML_DSA_SPKI = {
  'ml-dsa-44': fromHex('30820532300b0609608648016503040311 03820521 00'),
  'ml-dsa-65': fromHex('308207b2300b0609608648016503040312 038207a1 00'),
  'ml-dsa-87': fromHex('30820a32300b0609608648016503040313 03820a21 00'),
} as const;

function ecJwk(crv: CurveName, point: Uint8Array): { kty: string; crv: string; x: string; y: string } {
  const middle = 1 + COORDINATE_LENGTH[crv];
  return { kty: 'EC', crv, x: base64url(point.subarray(1, middle)), y: base64url(point.subarray(middle)) };
}

/** JWK has the numbers without leading zeros (RFC 7518, 6.3). */
function rsaNumbers<N extends string>(numbers: Readonly<Record<N, Uint8Array>>): Record<N, string> {
  const out = { ...numbers } as unknown as Record<N, string>;
  for (const name in numbers) out[name] = base64url(stripZeros(numbers[name]));
  return out;
}

// ---- private keys

function importPrivate(spec: PrivateKeySpec): PrivateKey {
  const js = (): PrivateKey => jsPiece('keys').importPrivateKey(spec);
  switch (spec.kind) {
    case 'rsa':
    case 'rsa-pss':
      return importRsa(spec, js);
    case 'ec': {
      const d = leftPad(spec.d, COORDINATE_LENGTH[spec.curve]);
      const point = pointOf(spec.curve, d);
      if (spec.point !== undefined && !sameBytes(spec.point, point)) throw new RangeError('an EC private key with another key’s point');
      const key = crypto.createPrivateKey({ key: { ...ecJwk(spec.curve, point), d: base64url(d) }, format: 'jwk' });
      return new NodePrivateKey({ kind: 'ec', curve: spec.curve, point }, key, js);
    }
    case 'ed25519':
    case 'ed448': {
      const key = crypto.createPrivateKey({ key: Buffer.from(concat(EDWARDS_PKCS8[spec.kind], spec.seed)), format: 'der', type: 'pkcs8' });
      const publicKey = fromBase64url(crypto.createPublicKey(key).export({ format: 'jwk' }).x ?? '');
      return new NodePrivateKey({ kind: spec.kind, key: publicKey }, key, js);
    }
    default:
      return importMlDsa(spec, js);
  }
}

/** By its seed, which every runtime takes that knows ML-DSA. A key without one, or with an expanded form to be checked, is left to the other provider. */
function importMlDsa(spec: MlDsaPrivateSpec, js: () => PrivateKey): PrivateKey {
  if (spec.seed === undefined || spec.expanded !== undefined || !signsMlDsa()) return js();
  const key = crypto.createPrivateKey({ key: Buffer.from(concat(ML_DSA_PKCS8[spec.kind], spec.seed)), format: 'der', type: 'pkcs8' });
  const spki = plain(crypto.createPublicKey(key).export({ format: 'der', type: 'spki' }));
  return new NodePrivateKey({ kind: spec.kind, key: spki.slice(ML_DSA_SPKI[spec.kind].length) }, key, js);
}

/** Node 22 imports such keys and then cannot sign with them. */
const signsMlDsa: () => boolean = once(() => {
  const der = Buffer.from(concat(ML_DSA_PKCS8['ml-dsa-44'], new Uint8Array(32)));
  return crypto.sign(null, new Uint8Array(1), crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).length > 0;
});

/** PrivateKeyInfo up to the seed (RFC 9881, 6). */
const ML_DSA_PKCS8 = {
  'ml-dsa-44': fromHex('3034020100300b0609608648016503040311 0422 8020'),
  'ml-dsa-65': fromHex('3034020100300b0609608648016503040312 0422 8020'),
  'ml-dsa-87': fromHex('3034020100300b0609608648016503040313 0422 8020'),
} as const;

/** PrivateKeyInfo up to the seed (RFC 8410, 7). */
const EDWARDS_PKCS8 = {
  ed25519: fromHex('302e020100300506032b6570 0422 0420'),
  ed448: fromHex('3047020100300506032b6571 043b 0439'),
} as const;

const ECDH_NAME: Readonly<Record<CurveName, string>> = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' };

function pointOf(curve: CurveName, d: Uint8Array): Uint8Array {
  const ecdh = crypto.createECDH(ECDH_NAME[curve]);
  ecdh.setPrivateKey(d);
  return plain(ecdh.getPublicKey());
}

function importRsa(spec: RsaPrivateSpec, js: () => PrivateKey): PrivateKey {
  const { n, e, d, p, q, dp, dq, qi } = spec;
  const publicKey = publicRsa(spec);
  assertPublicKey(publicKey);
  const key = crypto.createPrivateKey({ key: { kty: 'RSA', ...rsaNumbers({ n, e, d, p, q, dp, dq, qi }) }, format: 'jwk' });
  const canDecrypt = spec.kind === 'rsa' && !IN_DENO;
  return canDecrypt ? new NodeRsaKey(publicKey, key, js, stripZeros(n).length) : new NodePrivateKey(publicKey, key, js);
}
