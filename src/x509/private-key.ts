import { malformed } from '../asn1/asn1-error.ts';
import { context, contextConstructed, type DerReader, readDer, TAG } from '../asn1/der-reader.ts';
import { isPem, type PemBlock, pemBlocks } from '../asn1/pem.ts';
import { copyOf, wipe } from '../bytes/bytes.ts';
import type { CryptoProvider, CurveName, MlDsaName, PrivateKey, PrivateKeySpec, PublicKeySpec } from '../crypto/provider.ts';
import { CURVE_OIDS, KEY_OIDS, namesByOid } from '../registry/oids.ts';
import { type AlgorithmIdentifier, readAlgorithm, readPssParameters, samePublicKey } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import { decryptPem, decryptPkcs8 } from './key-encryption.ts';
import type { Password } from './password-cipher.ts';

/**
 * Reads one private key: PKCS#8 (RFC 5958; ML-DSA by RFC 9881), encrypted PKCS#8 (PBES2, or PKCS#12's 3DES), PKCS#1, SEC1 (RFC 5915), in DER or as the first
 * key of a PEM file, also with OpenSSL's traditional PEM encryption. `password` is asked only for an encrypted key,
 * which also needs a provider. Throws `Asn1Error` for anything else, a wrong password included.
 */
export function parsePrivateKey(pemOrDer: Uint8Array | string, password?: Password, provider?: CryptoProvider): PrivateKeySpec {
  if (typeof pemOrDer !== 'string' && !isPem(pemOrDer)) return readAnyDer(pemOrDer, password, provider);
  for (const block of pemBlocks(pemOrDer)) {
    const read = PEM_LABELS.get(block.label);
    if (read !== undefined) return read(block, password, provider);
  }
  return malformed('no private key');
}

/** The public half of a private key. */
export const publicSpecOf = (key: PrivateKeySpec, provider: CryptoProvider): PublicKeySpec => provider.importPrivateKey(key).publicKey;

/** Whether a certificate is for this key. */
export const keyMatches = (certificate: Certificate, key: PrivateKey): boolean =>
  certificate.publicKey !== undefined && samePublicKey(certificate.publicKey, key.publicKey);

type PemKeyReader = (block: PemBlock, password: Password | undefined, provider: CryptoProvider | undefined) => PrivateKeySpec;

const CURVES = namesByOid(CURVE_OIDS);

const SCALAR_LENGTHS = { 'P-256': 32, 'P-384': 48, 'P-521': 66 } as const;

const SEEDS: ReadonlyMap<string, { readonly kind: 'ed25519' | 'ed448'; readonly length: number }> = new Map([
  [KEY_OIDS.ed25519, { kind: 'ed25519', length: 32 }],
  [KEY_OIDS.ed448, { kind: 'ed448', length: 57 }],
]);

const ML_DSA: ReadonlyMap<string, { readonly kind: MlDsaName; readonly length: number }> = new Map([
  [KEY_OIDS.mlDsa44, { kind: 'ml-dsa-44', length: 2560 }],
  [KEY_OIDS.mlDsa65, { kind: 'ml-dsa-65', length: 4032 }],
  [KEY_OIDS.mlDsa87, { kind: 'ml-dsa-87', length: 4896 }],
]);

const ML_DSA_SEED_LENGTH = 32;

const PEM_LABELS: ReadonlyMap<string, PemKeyReader> = new Map([
  ['PRIVATE KEY', ({ bytes }) => readDer(bytes, readPkcs8)],
  ['ENCRYPTED PRIVATE KEY', ({ bytes }, password, provider) => readEncrypted(bytes, password, provider)],
  ['RSA PRIVATE KEY', traditional(readPkcs1)],
  ['EC PRIVATE KEY', traditional((r) => readSec1(r, undefined))],
]);

function traditional(read: (r: DerReader) => PrivateKeySpec): PemKeyReader {
  return (block, password, provider) => {
    if (!block.headers.has('DEK-Info')) return readDer(block.bytes, read);
    return readSecret(decryptPem(block, password, provider), read);
  };
}

const readEncrypted = (der: Uint8Array, password: Password | undefined, provider: CryptoProvider | undefined): PrivateKeySpec =>
  readSecret(decryptPkcs8(der, password, provider), readPkcs8);

/** Parses decrypted bytes and wipes them: the fields of the key are copies. */
export function readSecret(plain: Uint8Array, read: (r: DerReader) => PrivateKeySpec): PrivateKeySpec {
  try {
    return readDer(plain, read);
  } catch {
    return malformed('a wrong password, or a damaged key');
  } finally {
    wipe(plain);
  }
}

/** The four forms differ in what follows the first field: PKCS#8 has an INTEGER first, and so on. */
function readAnyDer(der: Uint8Array, password: Password | undefined, provider: CryptoProvider | undefined): PrivateKeySpec {
  const first = readDer(der, (r) => {
    const inner = r.enter(TAG.sequence);
    if (inner.tag === TAG.sequence) return 'encrypted';
    inner.skip();
    return (
      ({ [TAG.sequence]: 'pkcs8', [TAG.octetString]: 'sec1', [TAG.integer]: 'pkcs1' } as const)[inner.tag] ?? malformed('not a private key')
    );
  });
  switch (first) {
    case 'encrypted':
      return readEncrypted(der, password, provider);
    case 'pkcs8':
      return readDer(der, readPkcs8);
    case 'sec1':
      return readDer(der, (r) => readSec1(r, undefined));
    default:
      return readDer(der, readPkcs1);
  }
}

/** OneAsymmetricKey (RFC 5958, 2). */
export function readPkcs8(r: DerReader): PrivateKeySpec {
  return r.inside(TAG.sequence, (inner) => {
    if (inner.small() > 1) malformed('an unknown version of PKCS#8');
    const algorithm = readAlgorithm(inner);
    const key = inner.contents(TAG.octetString);
    while (inner.tag === contextConstructed(0) || inner.tag === context(1) || inner.tag === contextConstructed(1)) inner.skip();
    return readKey(algorithm, key);
  });
}

function readKey({ oid, parameters }: AlgorithmIdentifier, key: Uint8Array): PrivateKeySpec {
  const seed = SEEDS.get(oid);
  if (seed !== undefined) {
    const value = readDer(key, (r) => r.contents(TAG.octetString));
    return value.length === seed.length ? { kind: seed.kind, seed: copyOf(value) } : malformed('a key of the wrong length');
  }
  const mlDsa = ML_DSA.get(oid);
  if (mlDsa !== undefined) {
    // RFC 9881, 2: the parameters MUST be absent.
    if (parameters !== undefined) malformed('an ML-DSA key with parameters');
    return { kind: mlDsa.kind, ...readDer(key, (r) => readMlDsa(r, mlDsa.length)) };
  }
  switch (oid) {
    case KEY_OIDS.rsaEncryption:
      return readDer(key, readPkcs1);
    case KEY_OIDS.rsassaPss:
      return { ...readDer(key, readPkcs1), kind: 'rsa-pss', ...(parameters && { parameters: readDer(parameters, readPssParameters) }) };
    case KEY_OIDS.ecPublicKey:
      return readDer(key, (r) => readSec1(r, parameters && readDer(parameters, readCurve)));
    default:
      return malformed(`a key of the unknown algorithm ${oid}`);
  }
}

/** ML-DSA-PrivateKey (RFC 9881, 6): seed [0], expandedKey, or both. */
function readMlDsa(r: DerReader, length: number): { seed: Uint8Array; expanded?: Uint8Array } | { expanded: Uint8Array } {
  const exactly = (value: Uint8Array, wanted: number): Uint8Array =>
    value.length === wanted ? copyOf(value) : malformed('a key of the wrong length');
  if (r.tag === context(0)) return { seed: exactly(r.contents(context(0)), ML_DSA_SEED_LENGTH) };
  if (r.tag === TAG.octetString) return { expanded: exactly(r.contents(TAG.octetString), length) };
  return r.inside(TAG.sequence, (both) => ({
    seed: exactly(both.contents(TAG.octetString), ML_DSA_SEED_LENGTH),
    expanded: exactly(both.contents(TAG.octetString), length),
  }));
}

type RsaKey = PrivateKeySpec & { readonly kind: 'rsa' | 'rsa-pss' };

/** RSAPrivateKey (RFC 8017, A.1.2), of two primes. */
function readPkcs1(r: DerReader): RsaKey {
  return r.inside(TAG.sequence, (inner) => {
    if (inner.small() !== 0) malformed('an RSA key of more than two primes');
    const number = (): Uint8Array => copyOf(inner.unsigned());
    return { kind: 'rsa', n: number(), e: number(), d: number(), p: number(), q: number(), dp: number(), dq: number(), qi: number() };
  });
}

/** ECPrivateKey (RFC 5915, 3); the curve stands in it or in the PKCS#8 around it. */
function readSec1(r: DerReader, outerCurve: CurveName | undefined): PrivateKeySpec {
  return r.inside(TAG.sequence, (inner) => {
    if (inner.small() !== 1) malformed('an unknown version of ECPrivateKey');
    const scalar = inner.contents(TAG.octetString);
    const innerCurve = inner.optional(contextConstructed(0), (x) => x.inside(contextConstructed(0), readCurve));
    const point = inner.optional(contextConstructed(1), (x) => x.inside(contextConstructed(1), (y) => copyOf(y.bytesInBits())));
    const curve = outerCurve ?? innerCurve ?? malformed('a key without a curve');
    if (innerCurve !== undefined && innerCurve !== curve) malformed('a key with two curves');
    return { kind: 'ec', curve, d: fixedLength(scalar, SCALAR_LENGTHS[curve]), point };
  });
}

const readCurve = (r: DerReader): CurveName => CURVES.get(r.oid()) ?? malformed('an unknown curve');

/** Some writers strip leading zeros of the scalar, some add one. */
function fixedLength(scalar: Uint8Array, length: number): Uint8Array {
  const excess = scalar.length - length;
  if (excess > 0 && scalar.subarray(0, excess).some((byte) => byte !== 0)) malformed('a private key that is too long for its curve');
  const out = new Uint8Array(length);
  out.set(scalar.subarray(Math.max(0, excess)), Math.max(0, -excess));
  return out;
}
