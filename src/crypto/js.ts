import { agreementKey, ephemeral, ephemeralDh } from './js-agreement.ts';
import { aead, cbcDecrypt, cbcEncrypt } from './js-ciphers.ts';
import { digest, hash, hmac, pbkdf2, prfKey, scrypt } from './js-hash.ts';
import { decapsulationKey, encapsulate } from './js-kem.ts';
import { importPrivateKey, importPublicKey } from './js-keys.ts';
import { AES_CBC_KEY_LENGTH } from './key-rules.ts';
import type { CryptoProvider } from './provider.ts';
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
  hasCbc: (name) => AES_CBC_KEY_LENGTH[name] !== undefined,
  cbcEncrypt,
  cbcDecrypt,
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

/** Under the name that every default provider has: what `#provider` stands for where there is no node:crypto. */
export { jsProvider as provider };
