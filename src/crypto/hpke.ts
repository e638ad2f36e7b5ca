/** Hybrid Public Key Encryption in its base mode (RFC 9180): who has a public key seals, who has the private one opens. */
import { concat, EMPTY, utf8, wipe } from '../bytes/bytes.ts';
import { build } from '../bytes/writer.ts';
import { chain } from './awaitable.ts';
import type { Aead, AeadName, Awaitable, CryptoProvider, EphemeralKey, HashName, StaticCurve } from './provider.ts';

/** A KEM over Diffie-Hellman (RFC 9180, 7.1). Encapsulated keys have the form and the length of public ones. */
export interface HpkeKem {
  readonly id: number;
  readonly name: string;
  readonly curve: StaticCurve;
  readonly hash: HashName;
  readonly secretLength: number;
  readonly publicLength: number;
  readonly privateLength: number;
  /** The order of a NIST curve's group, and the bits of the first byte below it: a private key is smaller (7.1.3). */
  readonly order?: { readonly bytes: string; readonly mask: number };
}

const P256 = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
const P384 = 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973';
const P521 = `01${'f'.repeat(64)}fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`;

const KEMS: readonly HpkeKem[] = [
  kem(0x0010, 'P-256', 'sha256', 32, 65, 32, { bytes: P256, mask: 0xff }),
  kem(0x0011, 'P-384', 'sha384', 48, 97, 48, { bytes: P384, mask: 0xff }),
  kem(0x0012, 'P-521', 'sha512', 64, 133, 66, { bytes: P521, mask: 0x01 }),
  kem(0x0020, 'x25519', 'sha256', 32, 32, 32),
  kem(0x0021, 'x448', 'sha512', 64, 56, 56),
];

function kem(
  id: number,
  curve: StaticCurve,
  hash: HashName,
  secretLength: number,
  publicLength: number,
  privateLength: number,
  order?: HpkeKem['order'],
): HpkeKem {
  return { id, name: `DHKEM(${curve}, HKDF-${hash})`, curve, hash, secretLength, publicLength, privateLength, ...(order && { order }) };
}

const KDFS: ReadonlyMap<number, HashName> = new Map([
  [0x0001, 'sha256'],
  [0x0002, 'sha384'],
  [0x0003, 'sha512'],
]);

const AEADS: ReadonlyMap<number, { readonly name: AeadName; readonly keyLength: number }> = new Map([
  [0x0001, { name: 'aes-128-gcm', keyLength: 16 }],
  [0x0002, { name: 'aes-256-gcm', keyLength: 32 }],
  [0x0003, { name: 'chacha20-poly1305', keyLength: 32 }],
]);

const NONCE_LENGTH = 12;
/** Every AEAD above has a tag of this length. */
export const HPKE_TAG_LENGTH = 16;

/** The KEM of an id of IANA's registry, if it is built here. */
export const hpkeKem = (id: number): HpkeKem | undefined => KEMS.find((row) => row.id === id);

/** The KEM over a curve. */
export const hpkeKemOf = (curve: StaticCurve): HpkeKem | undefined => KEMS.find((row) => row.curve === curve);

/** KDF and AEAD by their ids in IANA's registries (RFC 9180, 7.2 and 7.3). */
export interface HpkeSymmetric {
  readonly kdf: number;
  readonly aead: number;
}

/** Whether both are built here. */
export const isHpkeSymmetric = ({ kdf, aead }: HpkeSymmetric): boolean => KDFS.has(kdf) && AEADS.has(aead);

/** One direction of a context: each message has its own nonce, in the order they are made (RFC 9180, 5.2). */
export interface HpkeSender {
  /** The encapsulated key, which the other side needs. */
  readonly enc: Uint8Array;
  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  wipe(): void;
}

export interface HpkeRecipient {
  /** The next message; undefined where it does not open, and then the next call tries the same nonce. */
  open(aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  wipe(): void;
}

/**
 * SetupBaseS (RFC 9180, 5.1.1). Undefined where the public key is none of the KEM. `ephemeral` is given only to reproduce known
 * answers.
 */
export function hpkeSender(
  provider: CryptoProvider,
  kem: HpkeKem,
  symmetric: HpkeSymmetric,
  publicKey: Uint8Array,
  info: Uint8Array,
  ephemeral: Awaitable<EphemeralKey> = provider.ephemeral(kem.curve),
): Awaitable<HpkeSender | undefined> {
  return chain(ephemeral, (key) =>
    chain(key.agree(publicKey), (dh) => {
      const enc = key.publicKey;
      key.wipe();
      if (dh === undefined) return undefined;
      const context = keySchedule(provider, kem, symmetric, dh, concat(enc, publicKey), info);
      return { enc, seal: (aad, plaintext) => context.seal(aad, plaintext), wipe: () => context.wipe() };
    }),
  );
}

/** SetupBaseR (RFC 9180, 5.1.1). Undefined where `enc` is no public key of the KEM. */
export function hpkeRecipient(
  provider: CryptoProvider,
  kem: HpkeKem,
  symmetric: HpkeSymmetric,
  privateKey: Uint8Array,
  enc: Uint8Array,
  info: Uint8Array,
): Awaitable<HpkeRecipient | undefined> {
  return chain(provider.agreementKey(kem.curve, privateKey), (key) =>
    chain(key.agree(enc), (dh) => {
      const own = key.publicKey;
      key.wipe();
      return dh && keySchedule(provider, kem, symmetric, dh, concat(enc, own), info);
    }),
  );
}

/** The public half of a private key; undefined where it is none of the KEM. */
export function hpkePublicKey(provider: CryptoProvider, kem: HpkeKem, privateKey: Uint8Array): Awaitable<Uint8Array | undefined> {
  if (privateKey.length !== kem.privateLength || !isBelowOrder(kem, privateKey)) return undefined;
  return chain(provider.agreementKey(kem.curve, privateKey), (key) => {
    const { publicKey } = key;
    key.wipe();
    return publicKey;
  });
}

/** DeriveKeyPair (RFC 9180, 7.1.3): a private key out of as many random bytes as it has itself. */
export function hpkePrivateKey(provider: CryptoProvider, kem: HpkeKem, input: Uint8Array = provider.random(kem.privateLength)): Uint8Array {
  const kdf = new LabeledKdf(provider, kem.hash, kemSuite(kem));
  const prk = kdf.extract(EMPTY, 'dkp_prk', input);
  try {
    if (kem.order === undefined) return kdf.expand(prk, 'sk', EMPTY, kem.privateLength);
    for (let counter = 0; counter < 256; counter++) {
      const candidate = kdf.expand(prk, 'candidate', Uint8Array.of(counter), kem.privateLength);
      candidate[0] = (candidate[0] as number) & kem.order.mask;
      if (isBelowOrder(kem, candidate)) return candidate;
      wipe(candidate);
    }
    throw new RangeError('no private key out of 256 candidates');
  } finally {
    wipe(prk);
  }
}

/** 0 < key < order. The order's own bytes are public, the key is not: no branch depends on where they differ. */
function isBelowOrder({ order }: HpkeKem, key: Uint8Array): boolean {
  if (order === undefined) return true;
  let borrow = 0;
  let any = 0;
  for (let i = key.length - 1; i >= 0; i--) {
    const digit = Number.parseInt(order.bytes.slice(2 * i, 2 * i + 2), 16);
    borrow = ((key[i] as number) - digit - borrow) >>> 31;
    any |= key[i] as number;
  }
  return borrow === 1 && any !== 0;
}

const kemSuite = ({ id }: HpkeKem): Uint8Array => build((w) => w.bytes(utf8('KEM')).u16(id));

/** ExtractAndExpand of the KEM (RFC 9180, 4.1) and KeySchedule in the base mode (5.1). */
function keySchedule(
  provider: CryptoProvider,
  kem: HpkeKem,
  { kdf, aead }: HpkeSymmetric,
  dh: Uint8Array,
  kemContext: Uint8Array,
  info: Uint8Array,
): Context {
  const hash = KDFS.get(kdf);
  const cipher = AEADS.get(aead);
  if (hash === undefined || cipher === undefined) throw new RangeError(`HPKE with KDF ${kdf} and AEAD ${aead}`);
  const inner = new LabeledKdf(provider, kem.hash, kemSuite(kem));
  const prk = inner.extract(EMPTY, 'eae_prk', dh);
  const shared = inner.expand(prk, 'shared_secret', kemContext, kem.secretLength);
  const outer = new LabeledKdf(
    provider,
    hash,
    build((w) => w.bytes(utf8('HPKE')).u16(kem.id).u16(kdf).u16(aead)),
  );
  const bound = concat(Uint8Array.of(MODE_BASE), outer.extract(EMPTY, 'psk_id_hash', EMPTY), outer.extract(EMPTY, 'info_hash', info));
  const secret = outer.extract(shared, 'secret', EMPTY);
  const key = outer.expand(secret, 'key', bound, cipher.keyLength);
  const nonce = outer.expand(secret, 'base_nonce', bound, NONCE_LENGTH);
  const context = new Context(provider.aead(cipher.name, key), nonce);
  wipe(dh, prk, shared, secret, key);
  return context;
}

const MODE_BASE = 0;

/** LabeledExtract and LabeledExpand (RFC 9180, 4). */
class LabeledKdf {
  private readonly provider: CryptoProvider;
  private readonly hash: HashName;
  private readonly suite: Uint8Array;

  constructor(provider: CryptoProvider, hash: HashName, suite: Uint8Array) {
    this.provider = provider;
    this.hash = hash;
    this.suite = suite;
  }

  extract(salt: Uint8Array, label: string, input: Uint8Array): Uint8Array {
    return this.mac(salt, VERSION, this.suite, utf8(label), input);
  }

  expand(prk: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
    const labeled = build((w) => w.u16(length).bytes(VERSION).bytes(this.suite).bytes(utf8(label)).bytes(info));
    const out = new Uint8Array(length);
    let block: Uint8Array = EMPTY;
    for (let at = 0, counter = 1; at < length; counter++) {
      const next = this.mac(prk, block, labeled, Uint8Array.of(counter));
      wipe(block);
      block = next;
      const part = block.subarray(0, length - at);
      out.set(part, at);
      at += part.length;
    }
    wipe(block);
    return out;
  }

  private mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
    const keyed = this.provider.hmac(this.hash, key);
    const tag = keyed.mac(...parts);
    keyed.wipe();
    return tag;
  }
}

const VERSION = utf8('HPKE-v1');

/** Seals or opens messages one after the other. */
class Context implements HpkeRecipient {
  private readonly aead: Aead;
  private readonly base: Uint8Array;
  private sequence = 0;

  constructor(aead: Aead, base: Uint8Array) {
    this.aead = aead;
    this.base = base;
  }

  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const out = new Uint8Array(plaintext.length + this.aead.tagLength);
    this.aead.seal(this.nonce(), aad, plaintext, out, 0);
    this.sequence++;
    return out;
  }

  open(aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < this.aead.tagLength) return undefined;
    const plaintext = this.aead.open(this.nonce(), aad, sealed);
    if (plaintext !== undefined) this.sequence++;
    return plaintext;
  }

  wipe(): void {
    this.aead.wipe();
    wipe(this.base);
  }

  /** ComputeNonce (RFC 9180, 5.2). A handshake has two messages, so that four bytes of the number are plenty. */
  private nonce(): Uint8Array {
    const nonce = new Uint8Array(this.base);
    for (let i = 0; i < 4; i++) nonce[NONCE_LENGTH - 1 - i] = (nonce[NONCE_LENGTH - 1 - i] as number) ^ (this.sequence >>> (8 * i));
    return nonce;
  }
}
