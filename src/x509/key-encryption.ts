import { malformed } from '../asn1/asn1-error.ts';
import { type DerReader, readDer, TAG } from '../asn1/der-reader.ts';
import type { PemBlock } from '../asn1/pem.ts';
import { concat, EMPTY, fromHex, wipe } from '../bytes/bytes.ts';
import type { CbcName, CryptoProvider } from '../crypto/provider.ts';
import { readAlgorithm } from './algorithms.ts';
import { decryptCbc, type Password, PasswordCipher, secretOf, usable } from './password-cipher.ts';

/** The PrivateKeyInfo inside an EncryptedPrivateKeyInfo (RFC 5958, 3). */
export function decryptPkcs8(der: Uint8Array, password: Password | undefined, provider: CryptoProvider | undefined): Uint8Array {
  const cipher = new PasswordCipher(password, provider);
  const plain = readDer(der, (r) => readEncrypted(r, cipher));
  cipher.wipe();
  return plain;
}

/** Reads and decrypts an EncryptedPrivateKeyInfo. */
export const readEncrypted = (r: DerReader, cipher: PasswordCipher): Uint8Array =>
  r.inside(TAG.sequence, (x) => cipher.decrypt(readAlgorithm(x), x.contents(TAG.octetString)));

/** The contents of a block with `DEK-Info: cipher,iv` (RFC 1421, 4.6.1.3, as OpenSSL uses it: MD5 and one round). */
export function decryptPem({ headers, bytes }: PemBlock, password: Password | undefined, provider: CryptoProvider | undefined): Uint8Array {
  const [cipherName = '', ivText = ''] = (headers.get('DEK-Info') ?? '').split(',');
  const [name, keyLength, ivLength] = PEM_CIPHERS.get(cipherName.trim()) ?? malformed(`a key encrypted by ${cipherName}`);
  const iv = hexBytes(ivText.trim());
  if (iv.length !== ivLength) malformed('an initialisation vector of the wrong length');
  const secret = secretOf(password);
  const key = bytesToKey(secret, iv.subarray(0, 8), keyLength, usable(provider));
  wipe(secret);
  const plain = decryptCbc(name, key, iv, bytes, usable(provider));
  return plain;
}

const PEM_CIPHERS: ReadonlyMap<string, readonly [name: CbcName, keyLength: number, ivLength: number]> = new Map([
  ['AES-128-CBC', ['aes-128-cbc', 16, 16]],
  ['AES-192-CBC', ['aes-192-cbc', 24, 16]],
  ['AES-256-CBC', ['aes-256-cbc', 32, 16]],
  ['DES-EDE3-CBC', ['3des-cbc', 24, 8]],
  ['CAMELLIA-128-CBC', ['camellia-128-cbc', 16, 16]],
  ['CAMELLIA-256-CBC', ['camellia-256-cbc', 32, 16]],
  ['ARIA-128-CBC', ['aria-128-cbc', 16, 16]],
  ['ARIA-256-CBC', ['aria-256-cbc', 32, 16]],
]);

/** OpenSSL's EVP_BytesToKey with MD5 and one iteration: D_i = MD5(D_(i-1) || password || salt). */
function bytesToKey(secret: Uint8Array, salt: Uint8Array, length: number, provider: CryptoProvider): Uint8Array {
  const parts: Uint8Array[] = [];
  let last: Uint8Array = EMPTY;
  for (let made = 0; made < length; made += last.length) {
    last = provider.digest('md5', concat(last, secret, salt));
    parts.push(last);
  }
  const all = concat(...parts);
  wipe(...parts);
  return all.subarray(0, length);
}

function hexBytes(text: string): Uint8Array {
  try {
    return fromHex(text);
  } catch {
    return malformed('not hexadecimal');
  }
}
