import { malformed, unlessMalformed } from '../asn1/asn1-error.ts';
import { contextConstructed, type DerReader, type Place, readDer, readToEnd, TAG } from '../asn1/der-reader.ts';
import { bitString, explicit, integer, nullValue, oid, sequence } from '../asn1/der-writer.ts';
import { Recent } from '../asn1/recent.ts';
import { sameBytes } from '../bytes/bytes.ts';
import type { CryptoProvider, HashName, KeyKind, PssParameters, PublicKey, PublicKeySpec, SignatureAlgorithm } from '../crypto/provider.ts';
import { CURVE_OIDS, HASH_OIDS, KEY_OIDS, MGF1, namesByOid, SIGNATURE_OIDS } from '../registry/oids.ts';

/** AlgorithmIdentifier (RFC 5280, 4.1.1.2). */
export interface AlgorithmIdentifier {
  readonly oid: string;
  /** The parameters as one DER element; undefined where they are absent. */
  readonly parameters: Uint8Array | undefined;
  readonly raw: Uint8Array;
}

export function readAlgorithm(r: DerReader): AlgorithmIdentifier {
  const start = r.offset;
  r.skip(TAG.sequence);
  const known = recent.find(r.buffer, start, r.offset);
  if (known !== undefined) return known;
  // A copy, since it may outlive what it stood in.
  const raw = r.buffer.slice(start, r.offset);
  const identifier = { ...readDer(raw, readIdentifier), raw };
  recent.keep(raw, identifier);
  return identifier;
}

/** Identifiers of PSS with all their parameters are no longer than this. */
const KEPT_BYTES = 80;
const recent = new Recent<AlgorithmIdentifier>(64, KEPT_BYTES);

const readIdentifier = (r: DerReader): Omit<AlgorithmIdentifier, 'raw'> =>
  r.inside(TAG.sequence, (inner) => ({ oid: inner.oid(), parameters: inner.empty ? undefined : inner.element() }));

/** How a signature under this identifier is verified; undefined for an algorithm or parameters that are not known. */
export function signatureAlgorithmOf({ oid: algorithm, parameters }: AlgorithmIdentifier): SignatureAlgorithm | undefined {
  const known = SIGNATURES.get(algorithm);
  // RFC 4055, 5: NULL for RSA, which many leave out; RFC 5758, 3.2 and RFC 8410, 3: nothing for the others.
  if (known !== undefined) return isAbsent(parameters) || (known.kind === 'rsa-pkcs1' && isNull(parameters)) ? known : undefined;
  if (algorithm !== KEY_OIDS.rsassaPss || parameters === undefined) return undefined;
  const pss = unlessMalformed(() => readDer(parameters, readPssParameters));
  return pss && { kind: 'rsa-pss', ...pss };
}

/** The AlgorithmIdentifier for a signature. Throws `Asn1Error` for one that certificates have no name for. */
export function signatureAlgorithmElement(algorithm: SignatureAlgorithm): Uint8Array {
  if (algorithm.kind === 'rsa-pss') return sequence(oid(KEY_OIDS.rsassaPss), pssElement(algorithm));
  for (const [dotted, known] of SIGNATURES) {
    if (known.kind !== algorithm.kind || hashOf(known) !== hashOf(algorithm)) continue;
    return sequence(oid(dotted), algorithm.kind === 'rsa-pkcs1' ? nullValue() : undefined);
  }
  return malformed(`no identifier for ${algorithm.kind} with this hash`);
}

/** The hash of a signature algorithm; undefined for those that sign the message itself. */
const hashOf = (algorithm: SignatureAlgorithm): HashName | undefined => ('hash' in algorithm ? algorithm.hash : undefined);

/** SubjectPublicKeyInfo taken apart without judging it. */
export interface SubjectPublicKeyInfo {
  readonly algorithm: AlgorithmIdentifier;
  /** Contents of the BIT STRING: what key identifiers hash. */
  readonly key: Place;
}

export const readSpki = (r: DerReader): SubjectPublicKeyInfo =>
  r.inside(TAG.sequence, (inner) => ({ algorithm: readAlgorithm(inner), key: inner.placeInBits() }));

/** The key in a SubjectPublicKeyInfo; undefined where its algorithm is not known or its encoding is wrong. */
export const publicKeyOf = ({ algorithm, key }: SubjectPublicKeyInfo): PublicKeySpec | undefined =>
  unlessMalformed(() => readKey(algorithm, key));

/** Reads a DER SubjectPublicKeyInfo as a key (RFC 7250 raw public keys); undefined as for `publicKeyOf`. */
export const parsePublicKey = (der: Uint8Array): PublicKeySpec | undefined => unlessMalformed(() => publicKeyOf(readDer(der, readSpki)));

/** The key made ready for use; undefined where there is none or the provider refuses it: off its curve, an even modulus … */
export function importPublicKey(provider: CryptoProvider, spec: PublicKeySpec | undefined): PublicKey | undefined {
  try {
    return spec && provider.importPublicKey(spec);
  } catch {
    return undefined;
  }
}

/** Writes a SubjectPublicKeyInfo. */
export function spkiElement(spec: PublicKeySpec): Uint8Array {
  switch (spec.kind) {
    case 'rsa':
      return sequence(sequence(oid(KEY_OIDS.rsaEncryption), nullValue()), bitString(sequence(integer(spec.n), integer(spec.e))));
    case 'rsa-pss':
      return sequence(
        sequence(oid(KEY_OIDS.rsassaPss), spec.parameters && pssElement(spec.parameters)),
        bitString(sequence(integer(spec.n), integer(spec.e))),
      );
    case 'ec':
      return sequence(sequence(oid(KEY_OIDS.ecPublicKey), oid(CURVE_OIDS[spec.curve])), bitString(spec.point));
    default:
      return sequence(sequence(oid(RAW_KEY_OIDS[spec.kind])), bitString(spec.key));
  }
}

/** Whether two keys are the same key. */
export function samePublicKey(a: PublicKeySpec, b: PublicKeySpec): boolean {
  if ('n' in a && 'n' in b) return sameBytes(withoutZeros(a.n), withoutZeros(b.n)) && sameBytes(withoutZeros(a.e), withoutZeros(b.e));
  return sameBytes(spkiElement(a), spkiElement(b));
}

/** RSASSA-PSS-params (RFC 4055, 3.1). Every field has a default, all of SHA-1. */
export function readPssParameters(r: DerReader): PssParameters {
  return r.inside(TAG.sequence, (inner) => {
    const hash = inner.optional(contextConstructed(0), (x) => x.inside(contextConstructed(0), readHash)) ?? 'sha1';
    const mgfHash = inner.optional(contextConstructed(1), (x) => x.inside(contextConstructed(1), readMgf)) ?? 'sha1';
    const saltLength = inner.optional(contextConstructed(2), (x) => x.inside(contextConstructed(2), (y) => y.small())) ?? 20;
    const trailer = inner.optional(contextConstructed(3), (x) => x.inside(contextConstructed(3), (y) => y.small())) ?? 1;
    if (trailer !== 1) malformed('an unknown trailer field');
    return { hash, mgfHash, saltLength };
  });
}

const POINT_LENGTHS = { 'P-256': 65, 'P-384': 97, 'P-521': 133 } as const;

const CURVES = namesByOid(CURVE_OIDS);
const HASHES = namesByOid(HASH_OIDS);

type RawKeyKind = Exclude<KeyKind, 'rsa' | 'rsa-pss' | 'ec'>;

/** Of the keys that are bytes without a structure. */
export const RAW_KEY_OIDS: Readonly<Record<RawKeyKind, string>> = {
  ed25519: KEY_OIDS.ed25519,
  ed448: KEY_OIDS.ed448,
  'ml-dsa-44': KEY_OIDS.mlDsa44,
  'ml-dsa-65': KEY_OIDS.mlDsa65,
  'ml-dsa-87': KEY_OIDS.mlDsa87,
};

const RAW_KEYS = namesByOid(RAW_KEY_OIDS);
const RAW_KEY_LENGTHS = { ed25519: 32, ed448: 57, 'ml-dsa-44': 1312, 'ml-dsa-65': 1952, 'ml-dsa-87': 2592 } as const;

const SIGNATURES: ReadonlyMap<string, SignatureAlgorithm> = new Map<string, SignatureAlgorithm>([
  [SIGNATURE_OIDS.sha256WithRSAEncryption, { kind: 'rsa-pkcs1', hash: 'sha256' }],
  [SIGNATURE_OIDS.ecdsaWithSHA256, { kind: 'ecdsa', hash: 'sha256' }],
  [SIGNATURE_OIDS.ecdsaWithSHA384, { kind: 'ecdsa', hash: 'sha384' }],
  [SIGNATURE_OIDS.ecdsaWithSHA512, { kind: 'ecdsa', hash: 'sha512' }],
  [SIGNATURE_OIDS.ecdsaWithSHA224, { kind: 'ecdsa', hash: 'sha224' }],
  [SIGNATURE_OIDS.ecdsaWithSHA1, { kind: 'ecdsa', hash: 'sha1' }],
  [SIGNATURE_OIDS.sha384WithRSAEncryption, { kind: 'rsa-pkcs1', hash: 'sha384' }],
  [SIGNATURE_OIDS.sha512WithRSAEncryption, { kind: 'rsa-pkcs1', hash: 'sha512' }],
  [SIGNATURE_OIDS.sha224WithRSAEncryption, { kind: 'rsa-pkcs1', hash: 'sha224' }],
  [SIGNATURE_OIDS.sha1WithRSAEncryption, { kind: 'rsa-pkcs1', hash: 'sha1' }],
  [SIGNATURE_OIDS.md5WithRSAEncryption, { kind: 'rsa-pkcs1', hash: 'md5' }],
  [KEY_OIDS.ed25519, { kind: 'ed25519' }],
  [KEY_OIDS.ed448, { kind: 'ed448' }],
  [KEY_OIDS.mlDsa44, { kind: 'ml-dsa-44' }],
  [KEY_OIDS.mlDsa65, { kind: 'ml-dsa-65' }],
  [KEY_OIDS.mlDsa87, { kind: 'ml-dsa-87' }],
]);

function readKey({ oid: algorithm, parameters }: AlgorithmIdentifier, key: Place): PublicKeySpec | undefined {
  switch (algorithm) {
    case KEY_OIDS.rsaEncryption:
      return isAbsent(parameters) || isNull(parameters) ? { kind: 'rsa', ...readToEnd(key.reader(), readRsaKey) } : undefined;
    case KEY_OIDS.rsassaPss:
      return {
        kind: 'rsa-pss',
        ...readToEnd(key.reader(), readRsaKey),
        ...(parameters && { parameters: readDer(parameters, readPssParameters) }),
      };
    case KEY_OIDS.ecPublicKey:
      return readEcKey(parameters, key.bytes);
    default:
      return readRawKey(algorithm, parameters, key.bytes);
  }
}

const readRsaKey = (r: DerReader): { n: Uint8Array; e: Uint8Array } =>
  r.inside(TAG.sequence, (inner) => ({ n: inner.unsigned(), e: inner.unsigned() }));

/** RFC 5480, 2.1.1: named curves only; explicit parameters let a forger choose the generator. Points are uncompressed. */
function readEcKey(parameters: Uint8Array | undefined, point: Uint8Array): PublicKeySpec | undefined {
  const curve = parameters && CURVES.get(readDer(parameters, (r) => r.oid()));
  return curve !== undefined && point.length === POINT_LENGTHS[curve] && point[0] === 4 ? { kind: 'ec', curve, point } : undefined;
}

function readRawKey(algorithm: string, parameters: Uint8Array | undefined, key: Uint8Array): PublicKeySpec | undefined {
  const kind = RAW_KEYS.get(algorithm);
  return kind !== undefined && isAbsent(parameters) && key.length === RAW_KEY_LENGTHS[kind] ? { kind, key } : undefined;
}

function readHash(r: DerReader): HashName {
  const { oid: algorithm, parameters } = readAlgorithm(r);
  if (!isAbsent(parameters) && !isNull(parameters)) malformed('a hash with parameters');
  return HASHES.get(algorithm) ?? malformed('an unknown hash');
}

function readMgf(r: DerReader): HashName {
  const { oid: algorithm, parameters } = readAlgorithm(r);
  return algorithm === MGF1 && parameters !== undefined ? readDer(parameters, readHash) : malformed('an unknown mask generation function');
}

const hashElement = (hash: HashName): Uint8Array =>
  hash === 'md5-sha1' ? malformed('no identifier for md5-sha1') : sequence(oid(HASH_OIDS[hash]), nullValue());

/** Writes RSASSA-PSS-params. */
export const pssElement = ({ hash, mgfHash, saltLength }: PssParameters): Uint8Array =>
  sequence(explicit(0, hashElement(hash)), explicit(1, sequence(oid(MGF1), hashElement(mgfHash))), explicit(2, integer(saltLength)));

const isAbsent = (parameters: Uint8Array | undefined): boolean => parameters === undefined;

const isNull = (parameters: Uint8Array | undefined): boolean => parameters?.length === 2 && parameters[0] === TAG.null;

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  return bytes.subarray(start);
}
