import { cbc, gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { copyOf, wipe } from '../bytes/bytes.ts';
import { AesCcm } from './ccm.ts';
import { agreementKey, decapsulationKey, encapsulate, ephemeral, ephemeralDh } from './js-agreement.ts';
import { digest, hash, hmac, pbkdf2, prfKey, scrypt } from './js-hash.ts';
import { importPrivateKey, importPublicKey } from './js-keys.ts';
import type { Aead, AeadName, CbcName, CryptoProvider } from './provider.ts';
import { platformRandom } from './random.ts';

/**
 * A provider for every runtime, over @noble/* and `globalThis.crypto.getRandomValues`. Synchronous. It lacks the
 * 3DES, Camellia and ARIA suites, and RSA decryption.
 */
export const jsProvider: CryptoProvider = {
  name: 'js',
  random: platformRandom,
  hash,
  digest,
  hmac,
  prfKey,
  aead,
  hasCbc: (name) => CBC_KEY_LENGTHS[name] !== undefined,
  cbcEncrypt: (name, key, iv, plaintext) => aesCbc(name, key, iv).encrypt(plaintext),
  cbcDecrypt: (name, key, iv, ciphertext) => aesCbc(name, key, iv).decrypt(ciphertext),
  ephemeral,
  agreementKey,
  ephemeralDh,
  decapsulationKey,
  encapsulate,
  importPublicKey,
  importPrivateKey,
  pbkdf2,
  scrypt,
};

const CBC_KEY_LENGTHS: Readonly<Partial<Record<CbcName, number>>> = { 'aes-128-cbc': 16, 'aes-192-cbc': 24, 'aes-256-cbc': 32 };

type OneUse = (
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
) => { encrypt(data: Uint8Array): Uint8Array; decrypt(data: Uint8Array): Uint8Array };

const AEADS: Readonly<Record<AeadName, { readonly keyLength: number; readonly make: (key: Uint8Array) => Aead }>> = {
  'aes-128-gcm': { keyLength: 16, make: (key) => new NobleAead(gcm, key) },
  'aes-256-gcm': { keyLength: 32, make: (key) => new NobleAead(gcm, key) },
  'chacha20-poly1305': { keyLength: 32, make: (key) => new NobleAead(chacha20poly1305, key) },
  'aes-128-ccm': { keyLength: 16, make: (key) => new AesCcm(key, 16) },
  'aes-256-ccm': { keyLength: 32, make: (key) => new AesCcm(key, 16) },
  'aes-128-ccm-8': { keyLength: 16, make: (key) => new AesCcm(key, 8) },
  'aes-256-ccm-8': { keyLength: 32, make: (key) => new AesCcm(key, 8) },
};

function aead(name: AeadName, key: Uint8Array): Aead {
  const { keyLength, make } = AEADS[name];
  if (key.length !== keyLength) throw new RangeError(`a key of ${name} does not have ${key.length} bytes`);
  return make(key);
}

function aesCbc(name: CbcName, key: Uint8Array, iv: Uint8Array): ReturnType<typeof cbc> {
  if (CBC_KEY_LENGTHS[name] !== key.length) throw new RangeError(`no ${name} with a key of ${key.length} bytes`);
  return cbc(key, iv, { disablePadding: true });
}

class NobleAead implements Aead {
  readonly tagLength = 16;
  private readonly cipher: OneUse;
  private readonly key: Uint8Array;

  constructor(cipher: OneUse, key: Uint8Array) {
    this.cipher = cipher;
    this.key = copyOf(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out: Uint8Array, at: number): number {
    const sealed = this.cipher(this.key, nonce, aad).encrypt(plaintext);
    out.set(sealed, at);
    return sealed.length;
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < this.tagLength) return undefined;
    try {
      return this.cipher(this.key, nonce, aad).decrypt(sealed);
    } catch {
      return undefined;
    }
  }

  wipe(): void {
    wipe(this.key);
  }
}

/** Under the name that every default provider has: what `#provider` stands for where there is no node:crypto. */
export { jsProvider as provider };
