import { jsPiece } from '#js-pieces';
import { AES_CBC_KEY_LENGTH } from './key-rules.ts';
import { hasAead, NodeAead } from './node-aead.ts';
import { agreementKey, decapsulationKey, encapsulate, ephemeral, ephemeralDh } from './node-agreement.ts';
import { compressors } from './node-compression.ts';
import { digest, NodeHash, NodeHmac, prfKey } from './node-hash.ts';
import { importPrivateKey, importPublicKey } from './node-keys.ts';
import { random } from './node-random.ts';
import { crypto, memoised, plain, works } from './node-runtime.ts';
import type { CbcName, CryptoProvider } from './provider.ts';

/**
 * A provider over node:crypto for Node, Bun and Deno. Synchronous. Each primitive is tried once, with known values
 * where a wrong answer is conceivable; for what a runtime lacks the piece of `js.ts` stands in, loaded when it is needed. Where there are
 * several ways to one result, the cheapest was measured; `bench/` has the programs.
 */
export const nodeProvider: CryptoProvider = {
  name: 'node',
  get compressors() {
    return compressors();
  },
  random,
  hash: (name) => new NodeHash(crypto.createHash(name)),
  digest,
  hmac: (name, key) => new NodeHmac(name, key),
  prfKey,
  aead: (name, key) => (hasAead(name) ? new NodeAead(name, key) : jsPiece('ciphers').aead(name, key)),
  hasCbc: (name) => hasCbc(name) || AES_CBC_KEY_LENGTH[name] !== undefined,
  cbcEncrypt: (name, key, iv, text) =>
    hasCbc(name) ? runCbc(crypto.createCipheriv, name, key, iv, text) : jsPiece('ciphers').cbcEncrypt(name, key, iv, text),
  cbcDecrypt: (name, key, iv, text) =>
    hasCbc(name) ? runCbc(crypto.createDecipheriv, name, key, iv, text) : jsPiece('ciphers').cbcDecrypt(name, key, iv, text),
  ephemeral,
  agreementKey,
  ephemeralDh,
  decapsulationKey,
  encapsulate,
  importPublicKey,
  importPrivateKey,
  pbkdf2: (hash, password, salt, iterations, length) => plain(crypto.pbkdf2Sync(password, salt, iterations, length, hash)),
  scrypt: (password, salt, { n, r, p }, length) =>
    plain(crypto.scryptSync(password, salt, length, { N: n, r, p, maxmem: 256 * r * (n + p) })),
};

const CBC: Readonly<Record<CbcName, { readonly cipher: string; readonly keyLength: number; readonly block: number }>> = {
  'aes-128-cbc': { cipher: 'aes-128-cbc', keyLength: 16, block: 16 },
  'aes-192-cbc': { cipher: 'aes-192-cbc', keyLength: 24, block: 16 },
  'aes-256-cbc': { cipher: 'aes-256-cbc', keyLength: 32, block: 16 },
  '3des-cbc': { cipher: 'des-ede3-cbc', keyLength: 24, block: 8 },
  'camellia-128-cbc': { cipher: 'camellia-128-cbc', keyLength: 16, block: 16 },
  'camellia-256-cbc': { cipher: 'camellia-256-cbc', keyLength: 32, block: 16 },
  'aria-128-cbc': { cipher: 'aria-128-cbc', keyLength: 16, block: 16 },
  'aria-256-cbc': { cipher: 'aria-256-cbc', keyLength: 32, block: 16 },
};

/** Bun has no Camellia and ARIA, Deno no AES-192 either. */
const hasCbc: (name: CbcName) => boolean = memoised((name) =>
  works(() => {
    const { keyLength, block } = CBC[name];
    return runCbc(crypto.createCipheriv, name, new Uint8Array(keyLength), new Uint8Array(block), new Uint8Array(block)).length === block;
  }),
);

function runCbc(
  make: typeof crypto.createCipheriv | typeof crypto.createDecipheriv,
  name: CbcName,
  key: Uint8Array,
  iv: Uint8Array,
  text: Uint8Array,
): Uint8Array {
  const cipher = make(CBC[name].cipher, crypto.createSecretKey(key), iv).setAutoPadding(false);
  const out = plain(cipher.update(text));
  // Throws where the text is not whole blocks; there is nothing left to come out.
  cipher.final();
  return out;
}

/** Under the name that every default provider has: what `#provider` stands for where there is a node:crypto. */
export { nodeProvider as provider };
