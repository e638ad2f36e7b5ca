import { malformed } from '../asn1/asn1-error.ts';
import { type DerReader, readDer, TAG } from '../asn1/der-reader.ts';
import { concat, copyOf, EMPTY, latin1, utf8, wipe } from '../bytes/bytes.ts';
import type { CbcName, CryptoProvider, HashName } from '../crypto/provider.ts';
import { ENCRYPTION_OIDS } from '../registry/oids.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';
import { PKCS12_USE, pkcs12Kdf } from './pkcs12-kdf.ts';

/** Where the password of an encrypted key or file comes from; called only when one is needed. */
export type Password = () => Uint8Array | string;

/**
 * What a password opens: private keys and PKCS #12 files, by PBES2 (RFC 8018, 6.2) or by the schemes of PKCS #12 over 3DES
 * (RFC 7292, C). All of one file comes out of one budget of iterations. Throws `Asn1Error`, also for a wrong password.
 */
export class PasswordCipher {
  private readonly provider: CryptoProvider;
  private readonly secret: Uint8Array;
  private wide: Uint8Array;
  private iterationsLeft = MAX_ITERATIONS;

  constructor(password: Password | undefined, provider: CryptoProvider | undefined) {
    this.secret = secretOf(password);
    this.provider = usable(provider);
    this.wide = wideOf(this.secret);
  }

  decrypt({ oid, parameters = EMPTY }: AlgorithmIdentifier, ciphertext: Uint8Array): Uint8Array {
    if (oid === ENCRYPTION_OIDS.pbes2) return this.decryptPbes2(readDer(parameters, readPbes2), ciphertext);
    const keyLength = PKCS12_KEY_LENGTHS.get(oid);
    return keyLength === undefined ? malformed(encryptedBy(oid)) : this.decryptPkcs12(keyLength, readDer(parameters, readPbe), ciphertext);
  }

  /** Whether a MAC over the data is the expected one: HMAC with a key of PKCS #12 (RFC 7292, 5.1). */
  hasMac(hash: HashName, salt: Uint8Array, iterations: number, data: Uint8Array, isExpected: (mac: Uint8Array) => boolean): boolean {
    const length = this.provider.digest(hash, EMPTY).length;
    return this.spellings().some((wide) => {
      this.spend(iterations);
      const key = pkcs12Kdf(this.provider, hash, PKCS12_USE.mac, wide, salt, iterations, length);
      if (!isExpected(this.macOf(hash, key, data))) return false;
      this.wide = wide;
      return true;
    });
  }

  /** The MAC of PBMAC1 (RFC 8018, 7.1; RFC 9579): `parameters` are PBMAC1-params. */
  pbmac1(parameters: Uint8Array, data: Uint8Array): Uint8Array {
    const { derivation, hash } = readDer(parameters, readPbmac1);
    return this.macOf(hash, this.derive(derivation, derivation.length), data);
  }

  wipe(): void {
    wipe(this.secret, this.wide);
  }

  private decryptPbes2({ derivation, cipher: [name, keyLength], iv }: Pbes2, ciphertext: Uint8Array): Uint8Array {
    return decryptCbc(name, this.derive(derivation, keyLength), iv, ciphertext, this.provider);
  }

  private decryptPkcs12(keyLength: number, { salt, iterations }: Pbe, ciphertext: Uint8Array): Uint8Array {
    this.spend(2 * iterations);
    const made = (use: number, length: number): Uint8Array => pkcs12Kdf(this.provider, 'sha1', use, this.wide, salt, iterations, length);
    const key = made(PKCS12_USE.key, keyLength);
    // With two keys the first is the third as well.
    const whole = keyLength === 24 ? key : concat(key, key.subarray(0, 8));
    return decryptCbc('3des-cbc', whole, made(PKCS12_USE.iv, 8), ciphertext, this.provider);
  }

  private derive(derivation: Derivation, length: number): Uint8Array {
    const { provider, secret } = this;
    if (derivation.kind === 'scrypt') {
      const { salt, n, r, p } = derivation;
      return provider.scrypt(secret, salt, { n, r, p }, length);
    }
    this.spend(derivation.iterations);
    return provider.pbkdf2(derivation.hash, secret, derivation.salt, derivation.iterations, length);
  }

  private macOf(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
    const hmac = this.provider.hmac(hash, key);
    const mac = hmac.mac(data);
    hmac.wipe();
    wipe(key);
    return mac;
  }

  /** Some writers take "no password" for the empty one, with its zero character, and some for nothing at all. */
  private spellings(): readonly Uint8Array[] {
    return this.secret.length > 0 ? [this.wide] : [this.wide, EMPTY];
  }

  private spend(iterations: number): void {
    this.iterationsLeft -= iterations;
    if (iterations < 1 || this.iterationsLeft < 0) malformed('too many iterations');
  }
}

type Derivation =
  | {
      readonly kind: 'pbkdf2';
      readonly hash: HashName;
      readonly salt: Uint8Array;
      readonly iterations: number;
      readonly length: number | undefined;
    }
  | { readonly kind: 'scrypt'; readonly salt: Uint8Array; readonly n: number; readonly r: number; readonly p: number };

/** The file is the user's own, but it may have been sent to the user: bound what all of it can cost. */
const MAX_ITERATIONS = 10_000_000;
const MAX_SCRYPT_BYTES = 256 * 1024 * 1024;

const CIPHERS: ReadonlyMap<string, readonly [name: CbcName, keyLength: number]> = new Map([
  [ENCRYPTION_OIDS.aes128Cbc, ['aes-128-cbc', 16]],
  [ENCRYPTION_OIDS.aes192Cbc, ['aes-192-cbc', 24]],
  [ENCRYPTION_OIDS.aes256Cbc, ['aes-256-cbc', 32]],
  [ENCRYPTION_OIDS.desEde3Cbc, ['3des-cbc', 24]],
]);

/** Keys of the schemes with SHA-1 and 3DES, in bytes (RFC 7292, C). RC2 and RC4 are in no provider. */
const PKCS12_KEY_LENGTHS: ReadonlyMap<string, number> = new Map([
  [ENCRYPTION_OIDS.pbeWithShaAnd3KeyTripleDesCbc, 24],
  [ENCRYPTION_OIDS.pbeWithShaAnd2KeyTripleDesCbc, 16],
]);

const OBSOLETE: ReadonlyMap<string, string> = new Map([
  [ENCRYPTION_OIDS.pbeWithShaAnd128BitRc4, 'RC4'],
  [ENCRYPTION_OIDS.pbeWithShaAnd40BitRc4, 'RC4 with 40 bits'],
  [ENCRYPTION_OIDS.pbeWithShaAnd128BitRc2Cbc, 'RC2'],
  [ENCRYPTION_OIDS.pbeWithShaAnd40BitRc2Cbc, 'RC2 with 40 bits'],
]);

function encryptedBy(oid: string): string {
  const name = OBSOLETE.get(oid);
  if (name === undefined) return `encrypted by ${oid}, which is neither PBES2 nor 3DES of PKCS #12`;
  return `encrypted by ${name}, which nothing here decrypts any more: "openssl pkcs12 -legacy -in old.p12 -nodes | openssl pkcs12 -export -out new.p12" converts it`;
}

const PRFS: ReadonlyMap<string, HashName> = new Map([
  [ENCRYPTION_OIDS.hmacSha1, 'sha1'],
  [ENCRYPTION_OIDS.hmacSha224, 'sha224'],
  [ENCRYPTION_OIDS.hmacSha256, 'sha256'],
  [ENCRYPTION_OIDS.hmacSha384, 'sha384'],
  [ENCRYPTION_OIDS.hmacSha512, 'sha512'],
]);

function readPbes2(r: DerReader): Pbes2 {
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
    const length = x.tag === TAG.integer ? x.small() : undefined;
    const prf = x.optional(TAG.sequence, readAlgorithm)?.oid ?? ENCRYPTION_OIDS.hmacSha1;
    return { kind: 'pbkdf2', hash: PRFS.get(prf) ?? malformed(`a key derived by ${prf}`), salt, iterations, length };
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

interface Pbes2 {
  readonly derivation: Derivation;
  readonly cipher: readonly [CbcName, number];
  readonly iv: Uint8Array;
}

interface Pbe {
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** pkcs-12PbeParams (RFC 7292, C). */
const readPbe = (r: DerReader): Pbe => r.inside(TAG.sequence, (x) => ({ salt: x.contents(TAG.octetString), iterations: x.small() }));

/** RFC 9579, 4 and 6: shorter keys than 20 bytes make weak MACs; none is longer than the longest hash. */
const MAC_KEY_LENGTHS = { least: 20, most: 64 } as const;

/** PBMAC1-params (RFC 8018, A.5). RFC 9579, 5: PBKDF2 with the length of the key. */
function readPbmac1(r: DerReader): { derivation: Derivation & { kind: 'pbkdf2'; length: number }; hash: HashName } {
  return r.inside(TAG.sequence, (x) => {
    const derivation = readDerivation(readAlgorithm(x));
    const scheme = readAlgorithm(x).oid;
    if (derivation.kind !== 'pbkdf2') return malformed('a MAC key by something else than PBKDF2');
    const { length = 0 } = derivation;
    if (length < MAC_KEY_LENGTHS.least || length > MAC_KEY_LENGTHS.most) malformed(`a MAC key of ${length} bytes`);
    return { derivation: { ...derivation, length }, hash: PRFS.get(scheme) ?? malformed(`a MAC by ${scheme}`) };
  });
}

/** Decrypts and takes the padding off; the key is used up. */
export function decryptCbc(name: CbcName, key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array, provider: CryptoProvider): Uint8Array {
  if (!provider.hasCbc(name)) malformed(`this provider cannot decrypt ${name}`);
  if (ciphertext.length === 0 || ciphertext.length % iv.length !== 0) malformed('a ciphertext that is not whole blocks');
  const padded = provider.cbcDecrypt(name, key, iv, ciphertext);
  wipe(key);
  const pad = padded[padded.length - 1] ?? 0;
  // No oracle: whoever can call this has the file and the password.
  if (pad < 1 || pad > iv.length || padded.subarray(-pad).some((byte) => byte !== pad)) malformed('a wrong password, or a damaged key');
  return padded.subarray(0, padded.length - pad);
}

export function secretOf(password: Password | undefined): Uint8Array {
  const secret = password?.() ?? malformed('the key is encrypted and there is no password');
  return typeof secret === 'string' ? utf8(secret) : copyOf(secret);
}

export const usable = (provider: CryptoProvider | undefined): CryptoProvider =>
  provider ?? malformed('the key is encrypted and there is no provider to decrypt it');

/** UTF-16, big-endian, with a zero character at its end (RFC 7292, B.1). Bytes that are no UTF-8 count as Latin-1, as in OpenSSL. */
function wideOf(secret: Uint8Array): Uint8Array {
  const text = textOf(secret);
  const out = new Uint8Array(2 * text.length + 2);
  for (let i = 0; i < text.length; i++) {
    out[2 * i] = text.charCodeAt(i) >> 8;
    out[2 * i + 1] = text.charCodeAt(i) & 0xff;
  }
  return out;
}

function textOf(secret: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(secret);
  } catch {
    return latin1(secret);
  }
}
