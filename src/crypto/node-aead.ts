import type { Buffer } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import { copyOf, sameBytes, wipe } from '../bytes/bytes.ts';
import { free } from '../bytes/free.ts';
import { alive } from './key-rules.ts';
import { crypto, memoised, plain, works } from './node-runtime.ts';
import type { Aead, AeadName } from './provider.ts';

interface AeadCipher {
  setAAD(aad: Uint8Array, options?: { readonly plaintextLength: number }): unknown;
  setAuthTag(tag: Uint8Array): unknown;
  getAuthTag(): Buffer;
  update(data: Uint8Array): Buffer;
  final(): Buffer;
}

/** One signature for all AEADs: the declared overloads tell them apart by literal names. */
type MakeAeadCipher = (name: string, key: KeyObject | Uint8Array, nonce: Uint8Array, options: AeadShape['options']) => AeadCipher;
const createCipher = crypto.createCipheriv as unknown as MakeAeadCipher;
const createDecipher = crypto.createDecipheriv as unknown as MakeAeadCipher;

interface AeadShape {
  readonly cipher: string;
  readonly keyLength: number;
  readonly tagLength: number;
  /** For CCM alone: elsewhere 16 bytes are what there is without a word, and for each record a word costs. */
  readonly options: { readonly authTagLength: number } | undefined;
  readonly ccm: boolean;
  /** Where the tag of the record that is being opened stands; for all keys, since opening never waits. */
  readonly tag: Uint8Array;
}

const shape = (cipher: string, keyLength: number, tagLength = 16): AeadShape => {
  const ccm = cipher.endsWith('ccm');
  return { cipher, keyLength, tagLength, options: ccm ? { authTagLength: tagLength } : undefined, ccm, tag: new Uint8Array(tagLength) };
};

const AEADS: Readonly<Record<AeadName, AeadShape>> = {
  'aes-128-gcm': shape('aes-128-gcm', 16),
  'aes-256-gcm': shape('aes-256-gcm', 32),
  'chacha20-poly1305': shape('chacha20-poly1305', 32),
  'aes-128-ccm': shape('aes-128-ccm', 16),
  'aes-256-ccm': shape('aes-256-ccm', 32),
  'aes-128-ccm-8': shape('aes-128-ccm', 16, 8),
  'aes-256-ccm-8': shape('aes-256-ccm', 32, 8),
};

/** Bun has neither ChaCha20-Poly1305 nor CCM here, Deno no CCM. */
export const hasAead: (name: AeadName) => boolean = memoised((name) =>
  works(() => {
    const aead = new NodeAead(name, new Uint8Array(AEADS[name].keyLength));
    const [nonce, aad, text, out] = [new Uint8Array(12), Uint8Array.of(1), Uint8Array.of(2, 3), new Uint8Array(32)];
    const sealed = out.subarray(0, aead.seal(nonce, aad, text, out, 0));
    return sameBytes(aead.open(nonce, aad, sealed) ?? aad, text) && aead.open(nonce, text, sealed) === undefined;
  }),
);

export class NodeAead implements Aead {
  readonly tagLength: number;
  private readonly shape: AeadShape;
  private key: KeyObject | Uint8Array | undefined;
  private uses = 0;

  constructor(name: AeadName, key: Uint8Array) {
    this.shape = AEADS[name];
    if (key.length !== this.shape.keyLength) throw new RangeError(`a key of ${name} does not have ${key.length} bytes`);
    this.tagLength = this.shape.tagLength;
    this.key = USES_AS_BYTES === 0 ? crypto.createSecretKey(key) : copyOf(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out: Uint8Array, at: number): number {
    const { cipher, options, ccm } = this.shape;
    const sealing = createCipher(cipher, this.use(), nonce, options);
    if (ccm) sealing.setAAD(aad, { plaintextLength: plaintext.length });
    else sealing.setAAD(aad);
    const ciphertext = sealing.update(plaintext.length > 0 ? plaintext : NOTHING);
    out.set(ciphertext, at);
    free(ciphertext);
    sealing.final();
    out.set(sealing.getAuthTag(), at + plaintext.length);
    return plaintext.length + this.tagLength;
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - this.tagLength;
    if (length < 0) return undefined;
    const { cipher, options, ccm, tag } = this.shape;
    for (let i = 0; i < tag.length; i++) tag[i] = sealed[length + i] as number;
    const opening = createDecipher(cipher, this.use(), nonce, options);
    opening.setAuthTag(tag);
    if (ccm) opening.setAAD(aad, { plaintextLength: length });
    else opening.setAAD(aad);
    let plaintext: Buffer | undefined;
    try {
      plaintext = opening.update(sealed.subarray(0, length));
      opening.final();
      return plain(plaintext);
    } catch {
      plaintext?.fill(0);
      return undefined;
    }
  }

  wipe(): void {
    if (this.key instanceof Uint8Array) wipe(this.key);
    this.key = undefined;
  }

  private use(): KeyObject | Uint8Array {
    const key = alive(this.key);
    if (!(key instanceof Uint8Array) || this.uses++ < USES_AS_BYTES) return key;
    this.key = crypto.createSecretKey(key);
    wipe(key);
    return this.key;
  }
}

/**
 * How often a key goes as bytes before an object is made of it. The object costs half of what a short record does, and most keys of a
 * handshake seal one or two; used more often, it is the cheaper of the two. Node 24 imports bytes anew for every record, which takes
 * 11 µs, as do 23 and 25 for all we know; Bun and Deno make objects in next to no time.
 */
const USES_AS_BYTES: number = 'Bun' in globalThis || 'Deno' in globalThis || /^2[345]\./.test(process.versions.node) ? 0 : 3;

/** An empty view of some memory: CCM in Node needs an address, even where nothing is there. */
const NOTHING: Uint8Array = new Uint8Array(1).subarray(1);
