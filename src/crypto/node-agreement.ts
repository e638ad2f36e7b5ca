import { Buffer } from 'node:buffer';
import type { ECDH, KeyObject } from 'node:crypto';
import { jsPiece } from '#js-pieces';
import { concat, fromHex, sameBytes } from '../bytes/bytes.ts';
import { type DhGroup, ffdheGroup, isAcceptableDhValue, isFfdhe, isUsableDhGroup } from './ffdhe.ts';
import { alive, COORDINATE_LENGTH, isUncompressedPoint } from './key-rules.ts';
import { random } from './node-random.ts';
import { base64url, crypto, fromBase64url, memoised, once, plain, works } from './node-runtime.ts';
import { leftPad, stripZeros, toBigInt } from './numbers.ts';
import type { AgreementName, Awaitable, CurveName, DecapsulationKey, EphemeralKey, KemName, StaticCurve } from './provider.ts';

/** Key agreement by node:crypto, each kind of key in the cheapest way the runtime has. */

export function ephemeral(name: AgreementName): Awaitable<EphemeralKey> {
  if (isFfdhe(name)) return dhKey(ffdheGroup(name));
  if (name === 'x25519' || name === 'x448') return hasOkp(name) ? new OkpKey(name) : jsPiece('agreement').ephemeral(name);
  return hasCurve(name) ? new EcKey(name) : jsPiece('agreement').ephemeral(name);
}

export function agreementKey(name: StaticCurve, secret: Uint8Array): EphemeralKey {
  if (name === 'x25519' || name === 'x448')
    return hasOkp(name) ? new OkpKey(name, givenPair(name, secret)) : jsPiece('agreement').agreementKey(name, secret);
  return hasCurve(name) ? new EcKey(name, secret) : jsPiece('agreement').agreementKey(name, secret);
}

export function ephemeralDh(prime: Uint8Array, generator: Uint8Array): Awaitable<EphemeralKey> {
  if (!isUsableDhGroup(prime, generator)) throw new RangeError('not a usable Diffie-Hellman group');
  return dhKey({ prime: stripZeros(prime), generator: stripZeros(generator) });
}

export function decapsulationKey(name: KemName): Awaitable<DecapsulationKey> {
  return hasKem(name) ? new KemKey(name) : jsPiece('kem').decapsulationKey(name);
}

export function encapsulate(
  name: KemName,
  encapsulationKey: Uint8Array,
): Awaitable<{ readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | undefined> {
  return hasKem(name) ? kemEncapsulate(name, encapsulationKey) : jsPiece('kem').encapsulate(name, encapsulationKey);
}

// ---- X25519 and X448

type OkpName = 'x25519' | 'x448';

const OKP: Readonly<Record<OkpName, { readonly crv: string; readonly length: number; readonly base: number }>> = {
  x25519: { crv: 'X25519', length: 32, base: 9 },
  x448: { crv: 'X448', length: 56, base: 5 },
};

class OkpKey implements EphemeralKey {
  readonly publicKey: Uint8Array;
  private readonly name: OkpName;
  private secret: KeyObject | undefined;

  constructor(name: OkpName, pair: OkpPair = okpMaker(name)(name)) {
    this.name = name;
    this.secret = pair.secret;
    this.publicKey = pair.publicKey;
  }

  agree(peer: Uint8Array): Uint8Array | undefined {
    const secret = alive(this.secret);
    if (peer.length !== OKP[this.name].length) return undefined;
    return agreeOrUndefined(secret, () => importOkp(this.name)(peer));
  }

  wipe(): void {
    this.secret = undefined;
  }
}

interface OkpPair {
  readonly secret: KeyObject;
  readonly publicKey: Uint8Array;
}

/**
 * Node 20 may sleep for good when a pair from generateKeyPairSync is exported as JWK while the collector runs. Its
 * way is to import a random JWK, for which the runtime finds the public key itself; Node 26 does not do that, and
 * there the pair is generated.
 */
const OKP_MAKERS: readonly ((name: OkpName) => OkpPair)[] = [importedPair, generatedPair];

function importedPair(name: OkpName): OkpPair {
  const { crv, length } = OKP[name];
  const d = random(length);
  const x = base64url(new Uint8Array(length));
  const secret = crypto.createPrivateKey({ key: { kty: 'OKP', crv, d: base64url(d), x }, format: 'jwk' });
  d.fill(0);
  return { secret, publicKey: fromBase64url(secret.export({ format: 'jwk' }).x ?? '') };
}

function generatedPair(name: OkpName): OkpPair {
  const { privateKey, publicKey } = undeclared.generateKeyPairSync(name);
  return { secret: privateKey, publicKey: exportRaw(publicKey) };
}

/** PrivateKeyInfo up to the private part (RFC 8410, 7). */
const OKP_PKCS8: Readonly<Record<OkpName, Uint8Array>> = {
  x25519: fromHex('302e020100300506032b656e 0422 0420'),
  x448: fromHex('3046020100300506032b656f 043a 0438'),
};

function givenPair(name: OkpName, secret: Uint8Array): OkpPair {
  const key = crypto.createPrivateKey({ key: Buffer.from(concat(OKP_PKCS8[name], secret)), format: 'der', type: 'pkcs8' });
  return { secret: key, publicKey: fromBase64url(key.export({ format: 'jwk' }).x ?? '') };
}

/** The way whose public key is what the private one makes of the base point: a runtime may keep the JWK's wrong `x`. */
const findOkpMaker: (name: OkpName) => ((name: OkpName) => OkpPair) | null = memoised((name) => {
  const { length, base } = OKP[name];
  const basePoint = new Uint8Array(length);
  basePoint[0] = base;
  const fits = (make: (name: OkpName) => OkpPair): boolean => {
    const key = new OkpKey(name, make(name));
    return sameBytes(key.agree(basePoint) ?? basePoint, key.publicKey);
  };
  return OKP_MAKERS.find((make) => works(() => fits(make))) ?? null;
});

const hasOkp = (name: OkpName): boolean => findOkpMaker(name) !== null;
const okpMaker = (name: OkpName): ((name: OkpName) => OkpPair) => findOkpMaker(name) ?? generatedPair;

/** Raw where the runtime knows it, since that is quickest; JWK elsewhere, since SPKI costs 80 µs on Node 20. */
const importOkp: (name: OkpName) => (bytes: Uint8Array) => KeyObject = memoised((name) => {
  const { crv, length } = OKP[name];
  const raw = (bytes: Uint8Array): KeyObject => importRaw(name, bytes);
  const jwk = (bytes: Uint8Array): KeyObject => crypto.createPublicKey({ key: { kty: 'OKP', crv, x: base64url(bytes) }, format: 'jwk' });
  return works(() => raw(new Uint8Array(length).fill(OKP[name].base)).type === 'public') ? raw : jwk;
});

/** A shared secret with the leading zeros that TLS 1.3 keeps: runtimes differ in whether they do. */
function padded(secret: Uint8Array, length: number): Uint8Array {
  const out = leftPad(secret, length);
  secret.fill(0);
  return out;
}

function agreeOrUndefined(privateKey: KeyObject, importPeer: () => KeyObject): Uint8Array | undefined {
  let secret: Uint8Array;
  try {
    secret = plain(crypto.diffieHellman({ privateKey, publicKey: importPeer() }));
  } catch {
    return undefined;
  }
  // RFC 7748, 6.1, and RFC 9846, 7.4.2: OpenSSL refuses an all-zero result itself; that is not left to every runtime.
  return secret.some((byte) => byte !== 0) ? secret : undefined;
}

// ---- P-256, P-384, P-521

const ECDH_NAME: Readonly<Record<CurveName, string>> = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' };

/** Deno has no P-521. */
const hasCurve: (name: CurveName) => boolean = memoised((name) =>
  works(() => new EcKey(name).agree(new EcKey(name).publicKey) !== undefined),
);

/** The ECDH class takes and gives bare points, which saves the imports. */
class EcKey implements EphemeralKey {
  readonly publicKey: Uint8Array;
  private readonly name: CurveName;
  private ecdh: ECDH | undefined;

  constructor(name: CurveName, secret?: Uint8Array) {
    this.name = name;
    this.ecdh = crypto.createECDH(ECDH_NAME[name]);
    if (secret === undefined) this.ecdh.generateKeys();
    else this.ecdh.setPrivateKey(secret);
    this.publicKey = plain(this.ecdh.getPublicKey());
  }

  agree(peer: Uint8Array): Uint8Array | undefined {
    const ecdh = alive(this.ecdh);
    if (!isUncompressedPoint(this.name, peer)) return undefined;
    try {
      return padded(ecdh.computeSecret(peer), COORDINATE_LENGTH[this.name]);
    } catch {
      return undefined;
    }
  }

  wipe(): void {
    this.ecdh = undefined;
  }
}

// ---- finite fields

/**
 * Key objects, not the DiffieHellman class: that one tests the prime each time it is made, for 230 ms on Node 24.
 * JavaScript's integers stand in where the generator is too large for generateKeyPairSync; on Bun, which cannot do
 * this; and on Deno, which takes exponents as long as the prime, a second's work in the largest group.
 */
function dhKey(group: DhGroup): Awaitable<EphemeralKey> {
  const small = group.generator.length <= 3;
  return small && hasDh() ? new DhKey(group) : jsPiece('agreement').ephemeralDh(group.prime, group.generator);
}

const hasDh: () => boolean = once(() => {
  const group = ffdheGroup('ffdhe2048');
  const [a, b] = [new DhKey(group), new DhKey(group)];
  return a.hasShortExponent() && sameBytes(a.agree(b.publicKey) ?? a.publicKey, b.agree(a.publicKey) ?? b.publicKey);
});

class DhKey implements EphemeralKey {
  readonly publicKey: Uint8Array;
  private readonly group: DhGroup;
  private secret: KeyObject | undefined;

  constructor(group: DhGroup) {
    const { privateKey, publicKey } = undeclared.generateKeyPairSync('dh', {
      prime: Buffer.from(group.prime),
      generator: Number(toBigInt(group.generator)),
    });
    this.group = group;
    this.secret = privateKey;
    this.publicKey = leftPad(dhValue(publicKey.export({ format: 'der', type: 'spki' })), group.prime.length);
  }

  agree(peer: Uint8Array): Uint8Array | undefined {
    const secret = alive(this.secret);
    const { prime } = this.group;
    if (peer.length > prime.length || !isAcceptableDhValue(prime, peer)) return undefined;
    const shared = agreeOrUndefined(secret, () => crypto.createPublicKey({ key: dhSpki(this.group, peer), format: 'der', type: 'spki' }));
    return shared && padded(shared, prime.length);
  }

  /** As RFC 7919, 5.2, allows: what is encoded is then little more than the prime. */
  hasShortExponent(): boolean {
    return alive(this.secret).export({ format: 'der', type: 'pkcs8' }).length < 1.5 * this.group.prime.length;
  }

  wipe(): void {
    this.secret = undefined;
  }
}

/** dhKeyAgreement of PKCS #3, the only form in which a bare value of such a group can be brought in. */
const DH_OID: Uint8Array = fromHex('06092a864886f70d010301');

function dhSpki({ prime, generator }: DhGroup, value: Uint8Array): Buffer {
  const algorithm = der(0x30, DH_OID, der(0x30, derInteger(prime), derInteger(generator)));
  return Buffer.from(der(0x30, algorithm, der(0x03, Uint8Array.of(0), derInteger(value))));
}

/** The public value, which is the last thing in a SubjectPublicKeyInfo, in a bit string after the algorithm. */
function dhValue(spki: Uint8Array): Uint8Array {
  const algorithm = derBody(spki, derBody(spki, 0).start);
  const bits = derBody(spki, algorithm.end);
  return spki.subarray(derBody(spki, bits.start + 1).start);
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  const { length } = body;
  if (length < 0x80) return concat(Uint8Array.of(tag, length), body);
  const octets = length < 0x100 ? [0x81, length] : [0x82, length >>> 8, length];
  return concat(Uint8Array.of(tag, ...octets), body);
}

function derInteger(value: Uint8Array): Uint8Array {
  const digits = stripZeros(value);
  return (digits[0] as number) >= 0x80 ? der(0x02, Uint8Array.of(0), digits) : der(0x02, digits);
}

/** Where the contents of the element at an offset begin and end; only for what the runtime itself has just encoded. */
function derBody(bytes: Uint8Array, at: number): { readonly start: number; readonly end: number } {
  const first = bytes[at + 1] as number;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const start = at + 2 + (first & 0x7f);
  const length = bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  return { start, end: start + length };
}

// ---- ML-KEM

const KEM: Readonly<Record<KemName, { readonly type: string; readonly keyLength: number; readonly ciphertextLength: number }>> = {
  'ML-KEM-768': { type: 'ml-kem-768', keyLength: 1184, ciphertextLength: 1088 },
  'ML-KEM-1024': { type: 'ml-kem-1024', keyLength: 1568, ciphertextLength: 1568 },
};

const hasKem: (name: KemName) => boolean = memoised((name) =>
  works(() => {
    const key = new KemKey(name);
    const sent = kemEncapsulate(name, key.encapsulationKey);
    return sent !== undefined && sameBytes(key.decapsulate(sent.ciphertext) ?? sent.ciphertext, sent.secret);
  }),
);

class KemKey implements DecapsulationKey {
  readonly encapsulationKey: Uint8Array;
  private readonly name: KemName;
  private secret: KeyObject | undefined;

  constructor(name: KemName) {
    const { privateKey, publicKey } = undeclared.generateKeyPairSync(KEM[name].type);
    this.name = name;
    this.secret = privateKey;
    this.encapsulationKey = exportRaw(publicKey);
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array | undefined {
    const secret = alive(this.secret);
    if (undeclared.decapsulate === undefined || ciphertext.length !== KEM[this.name].ciphertextLength) return undefined;
    return plain(undeclared.decapsulate(secret, ciphertext));
  }

  wipe(): void {
    this.secret = undefined;
  }
}

function kemEncapsulate(
  name: KemName,
  encapsulationKey: Uint8Array,
): { readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | undefined {
  const { type, keyLength } = KEM[name];
  if (undeclared.encapsulate === undefined || encapsulationKey.length !== keyLength) return undefined;
  try {
    // The import does the modulus check of FIPS 203, 7.2.
    const { ciphertext, sharedKey } = undeclared.encapsulate(importRaw(type, encapsulationKey));
    return { ciphertext: plain(ciphertext), secret: plain(sharedKey) };
  } catch {
    return undefined;
  }
}

// ---- what the runtime has beyond its declared types

/** What the declared types do not have: KEMs (Node 24.7), raw keys (Node 24, Bun), Diffie-Hellman without encodings. */
interface UndeclaredCrypto {
  readonly encapsulate?: (key: KeyObject) => { readonly sharedKey: Buffer; readonly ciphertext: Buffer };
  readonly decapsulate?: (key: KeyObject, ciphertext: Uint8Array) => Buffer;
  readonly createPublicKey: (raw: {
    readonly key: Uint8Array;
    readonly format: 'raw-public';
    readonly asymmetricKeyType: string;
  }) => KeyObject;
  readonly generateKeyPairSync: (type: string, options?: { readonly prime: Buffer; readonly generator: number }) => KeyPair;
}

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const undeclared = crypto as unknown as UndeclaredCrypto;

const importRaw = (asymmetricKeyType: string, key: Uint8Array): KeyObject =>
  undeclared.createPublicKey({ key, format: 'raw-public', asymmetricKeyType });

const exportRaw = (key: KeyObject): Uint8Array =>
  plain((key as unknown as { export(options: { readonly format: 'raw-public' }): Buffer }).export({ format: 'raw-public' }));
