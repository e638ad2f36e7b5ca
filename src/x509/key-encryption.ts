import { malformed } from '../asn1/asn1-error.ts';
import { type DerReader, readDer, TAG } from '../asn1/der-reader.ts';
import type { PemBlock } from '../asn1/pem.ts';
import { concat, copyOf, EMPTY, fromHex, utf8, wipe } from '../bytes/bytes.ts';
import type { CbcName, CryptoProvider, HashName } from '../crypto/provider.ts';
import { ENCRYPTION_OIDS } from '../registry/oids.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';

/** Where the password of an encrypted key comes from; called only when one is needed. */
export type Password = () => Uint8Array | string;

/** The PrivateKeyInfo inside an EncryptedPrivateKeyInfo (RFC 5958, 3), by PBES2 (RFC 8018, 6.2). */
export function decryptPkcs8(der: Uint8Array, password: Password | undefined, provider: CryptoProvider | undefined): Uint8Array {
  const [algorithm, ciphertext] = readDer(der, (r) =>
    r.inside(TAG.sequence, (x) => [readAlgorithm(x), x.contents(TAG.octetString)] as const),
  );
  if (algorithm.oid !== ENCRYPTION_OIDS.pbes2 || algorithm.parameters === undefined)
    malformed('a key encrypted by something else than PBES2');
  const { derivation, cipher, iv } = readDer(algorithm.parameters, readPbes2);
  const secret = secretOf(password);
  const [name, keyLength] = cipher;
  const key = deriveKey(derivation, secret, keyLength, usable(provider));
  const plain = decryptCbc(name, key, iv, ciphertext, usable(provider));
  wipe(secret, key);
  return plain;
}

/** The contents of a block with `DEK-Info: cipher,iv` (RFC 1421, 4.6.1.3, as OpenSSL uses it: MD5 and one round). */
export function decryptPem({ headers, bytes }: PemBlock, password: Password | undefined, provider: CryptoProvider | undefined): Uint8Array {
  const [cipherName = '', ivText = ''] = (headers.get('DEK-Info') ?? '').split(',');
  const [name, keyLength, ivLength] = PEM_CIPHERS.get(cipherName.trim()) ?? malformed(`a key encrypted by ${cipherName}`);
  const iv = hexBytes(ivText.trim());
  if (iv.length !== ivLength) malformed('an initialisation vector of the wrong length');
  const secret = secretOf(password);
  const key = bytesToKey(secret, iv.subarray(0, 8), keyLength, usable(provider));
  const plain = decryptCbc(name, key, iv, bytes, usable(provider));
  wipe(secret, key);
  return plain;
}

type Derivation =
  | { readonly kind: 'pbkdf2'; readonly hash: HashName; readonly salt: Uint8Array; readonly iterations: number }
  | { readonly kind: 'scrypt'; readonly salt: Uint8Array; readonly n: number; readonly r: number; readonly p: number };

/** The file is the user's own, but it may have been sent to the user: bound what it can cost. */
const MAX_ITERATIONS = 10_000_000;
const MAX_SCRYPT_BYTES = 256 * 1024 * 1024;

const CIPHERS: ReadonlyMap<string, readonly [name: CbcName, keyLength: number]> = new Map([
  [ENCRYPTION_OIDS.aes128Cbc, ['aes-128-cbc', 16]],
  [ENCRYPTION_OIDS.aes192Cbc, ['aes-192-cbc', 24]],
  [ENCRYPTION_OIDS.aes256Cbc, ['aes-256-cbc', 32]],
  [ENCRYPTION_OIDS.desEde3Cbc, ['3des-cbc', 24]],
]);

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

const PRFS: ReadonlyMap<string, HashName> = new Map([
  [ENCRYPTION_OIDS.hmacSha1, 'sha1'],
  [ENCRYPTION_OIDS.hmacSha224, 'sha224'],
  [ENCRYPTION_OIDS.hmacSha256, 'sha256'],
  [ENCRYPTION_OIDS.hmacSha384, 'sha384'],
  [ENCRYPTION_OIDS.hmacSha512, 'sha512'],
]);

function readPbes2(r: DerReader): { derivation: Derivation; cipher: readonly [CbcName, number]; iv: Uint8Array } {
  return r.inside(TAG.sequence, (x) => {
    const derivation = readDerivation(readAlgorithm(x));
    const scheme = readAlgorithm(x);
    const cipher = CIPHERS.get(scheme.oid) ?? malformed(`a key encrypted by ${scheme.oid}`);
    const iv = readDer(scheme.parameters ?? EMPTY, (y) => y.contents(TAG.octetString));
    if (iv.length !== (cipher[0] === '3des-cbc' ? 8 : 16)) malformed('an initialisation vector of the wrong length');
    return { derivation, cipher, iv };
  });
}

function readDerivation({ oid, parameters = EMPTY }: AlgorithmIdentifier): Derivation {
  if (oid === ENCRYPTION_OIDS.pbkdf2) return readDer(parameters, readPbkdf2);
  if (oid === ENCRYPTION_OIDS.scrypt) return readDer(parameters, readScrypt);
  return malformed(`a key derived by ${oid}`);
}

/** RFC 8018, A.2. */
function readPbkdf2(r: DerReader): Derivation {
  return r.inside(TAG.sequence, (x) => {
    const salt = x.contents(TAG.octetString);
    const iterations = x.small();
    if (x.tag === TAG.integer) x.skip();
    const prf = x.optional(TAG.sequence, readAlgorithm)?.oid ?? ENCRYPTION_OIDS.hmacSha1;
    if (iterations < 1 || iterations > MAX_ITERATIONS) malformed('too many iterations');
    return { kind: 'pbkdf2', hash: PRFS.get(prf) ?? malformed(`a key derived by ${prf}`), salt, iterations };
  });
}

/** RFC 7914, 7. */
function readScrypt(r: DerReader): Derivation {
  return r.inside(TAG.sequence, (x) => {
    const salt = x.contents(TAG.octetString);
    const [n, blockSize, p] = [x.small(), x.small(), x.small()];
    if (x.tag === TAG.integer) x.skip();
    if (n < 2 || (n & (n - 1)) !== 0 || blockSize < 1 || p < 1 || 128 * blockSize * (n + p) > MAX_SCRYPT_BYTES)
      malformed('scrypt parameters out of bounds');
    return { kind: 'scrypt', salt, n, r: blockSize, p };
  });
}

function deriveKey(derivation: Derivation, secret: Uint8Array, length: number, provider: CryptoProvider): Uint8Array {
  if (derivation.kind === 'pbkdf2') return provider.pbkdf2(derivation.hash, secret, derivation.salt, derivation.iterations, length);
  const { salt, n, r, p } = derivation;
  return provider.scrypt(secret, salt, { n, r, p }, length);
}

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

function decryptCbc(name: CbcName, key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array, provider: CryptoProvider): Uint8Array {
  if (!provider.hasCbc(name)) malformed(`this provider cannot decrypt ${name}`);
  if (ciphertext.length === 0 || ciphertext.length % iv.length !== 0) malformed('a ciphertext that is not whole blocks');
  const padded = provider.cbcDecrypt(name, key, iv, ciphertext);
  const pad = padded[padded.length - 1] ?? 0;
  // No oracle: whoever can call this has the file and the password.
  if (pad < 1 || pad > iv.length || padded.subarray(-pad).some((byte) => byte !== pad)) malformed('a wrong password, or a damaged key');
  return padded.subarray(0, padded.length - pad);
}

function secretOf(password: Password | undefined): Uint8Array {
  const secret = password?.() ?? malformed('the key is encrypted and there is no password');
  return typeof secret === 'string' ? utf8(secret) : copyOf(secret);
}

const usable = (provider: CryptoProvider | undefined): CryptoProvider =>
  provider ?? malformed('the key is encrypted and there is no provider to decrypt it');

function hexBytes(text: string): Uint8Array {
  try {
    return fromHex(text);
  } catch {
    return malformed('not hexadecimal');
  }
}
