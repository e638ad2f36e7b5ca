import { cbc, gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { copyOf, wipe } from '../bytes/bytes.ts';
import { AesCcm } from './ccm.ts';
import { AES_CBC_KEY_LENGTH, alive } from './key-rules.ts';
import type { Aead, AeadName, CbcName } from './provider.ts';

/** Record protection by @noble/ciphers. */

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

export function aead(name: AeadName, key: Uint8Array): Aead {
  const { keyLength, make } = AEADS[name];
  if (key.length !== keyLength) throw new RangeError(`a key of ${name} does not have ${key.length} bytes`);
  return make(key);
}

export const cbcEncrypt = (name: CbcName, key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array =>
  aesCbc(name, key, iv).encrypt(plaintext);

export const cbcDecrypt = (name: CbcName, key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
  aesCbc(name, key, iv).decrypt(ciphertext);

function aesCbc(name: CbcName, key: Uint8Array, iv: Uint8Array): ReturnType<typeof cbc> {
  if (AES_CBC_KEY_LENGTH[name] !== key.length) throw new RangeError(`no ${name} with a key of ${key.length} bytes`);
  return cbc(key, iv, { disablePadding: true });
}

class NobleAead implements Aead {
  readonly tagLength = 16;
  private readonly cipher: OneUse;
  private key: Uint8Array | undefined;

  constructor(cipher: OneUse, key: Uint8Array) {
    this.cipher = cipher;
    this.key = copyOf(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out: Uint8Array, at: number): number {
    const sealed = this.cipher(alive(this.key), nonce, aad).encrypt(plaintext);
    out.set(sealed, at);
    return sealed.length;
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const key = alive(this.key);
    if (sealed.length < this.tagLength) return undefined;
    try {
      return this.cipher(key, nonce, aad).decrypt(sealed);
    } catch {
      return undefined;
    }
  }

  wipe(): void {
    wipe(this.key);
    this.key = undefined;
  }
}
