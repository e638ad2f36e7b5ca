import { malformed, unlessMalformed } from '../asn1/asn1-error.ts';
import { derOf } from '../asn1/ber.ts';
import { context, contextConstructed, DerReader, readDer, TAG } from '../asn1/der-reader.ts';
import { stringText } from '../asn1/strings.ts';
import { concat, constantTimeEqual, copyOf, wipe } from '../bytes/bytes.ts';
import type { CryptoProvider, PrivateKey, PrivateKeySpec } from '../crypto/provider.ts';
import { ENCRYPTION_OIDS, HASH_OIDS, namesByOid, PKCS12_OIDS } from '../registry/oids.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { readEncrypted } from './key-encryption.ts';
import { type Password, PasswordCipher } from './password-cipher.ts';
import { keyMatches, readPkcs8, readSecret } from './private-key.ts';

/** What a file says of a thing in it (RFC 7292, 4.2). */
export interface Pkcs12Label {
  readonly friendlyName: string | undefined;
  /** The same for a key and its certificate. */
  readonly localKeyId: Uint8Array | undefined;
}

/** The contents of a PKCS #12 file, in the order they stand in it. */
export interface Pkcs12 {
  readonly keys: readonly (Pkcs12Label & { readonly key: PrivateKeySpec })[];
  readonly certificates: readonly (Pkcs12Label & { readonly certificate: Certificate })[];
}

/** Whether bytes are a PKCS #12 file, as far as their first few show. */
export const isPkcs12 = (bytes: Uint8Array): boolean =>
  bytes[0] === TAG.sequence && (unlessMalformed(() => new DerReader(derOf(bytes)).enter(TAG.sequence).small()) ?? 0) === VERSION;

/**
 * Reads a PKCS #12 file (PFX; RFC 7292), DER or BER, protected by a password or by nothing: PBES2 with AES or 3DES, 3DES by PKCS #12's
 * own schemes, a MAC by HMAC or PBMAC1 (RFC 9579). CRLs and secrets in it are passed over. Throws `Asn1Error` for anything
 * else, for a wrong password, and for more than ten million iterations. Keys are secrets: wipe them when they have been imported.
 */
export function parsePkcs12(bytes: Uint8Array, password: Password | undefined, provider: CryptoProvider): Pkcs12 {
  const cipher = new PasswordCipher(password ?? (() => ''), provider);
  try {
    return readDer(derOf(bytes), (r) => r.inside(TAG.sequence, (pfx) => readPfx(pfx, cipher)));
  } finally {
    cipher.wipe();
  }
}

/** Who a file is for: its first key, the certificate of that key, and all other certificates (PKCS12_parse(3)). */
export function pkcs12Identity(
  { keys, certificates }: Pkcs12,
  provider: CryptoProvider,
): { readonly key: PrivateKey | undefined; readonly certificate: Certificate | undefined; readonly others: readonly Certificate[] } {
  const [first] = keys;
  const key = first && provider.importPrivateKey(first.key);
  const all = certificates.map(({ certificate }) => certificate);
  const certificate = key && all.find((one) => keyMatches(one, key));
  return { key, certificate, others: all.filter((one) => one !== certificate) };
}

const VERSION = 3;

/** Bags may hold bags. */
const MAX_NESTING = 8;

const HASHES = namesByOid(HASH_OIDS);

function readPfx(pfx: DerReader, cipher: PasswordCipher): Pkcs12 {
  if (pfx.small() !== VERSION) malformed('an unknown version of PKCS #12');
  const safes = pfx.inside(TAG.sequence, (r) => {
    // RFC 7292, 4: integrity by a signature, over a public key, is the other kind.
    if (r.oid() !== PKCS12_OIDS.data) malformed('a PKCS #12 file that is not protected by a password');
    return r.inside(contextConstructed(0), (x) => x.contents(TAG.octetString));
  });
  // Nothing is decrypted before the MAC, where there is one, has been found good.
  if (pfx.tag === TAG.sequence && !pfx.inside(TAG.sequence, (r) => hasMac(r, safes, cipher)))
    malformed('a wrong password, or a damaged file');
  const found: Found = { keys: [], certificates: [] };
  readDer(derOf(safes), (r) => r.list(TAG.sequence, (safe) => safe.inside(TAG.sequence, (x) => readSafe(x, cipher, found))));
  return found;
}

/** MacData (RFC 7292, 4). */
function hasMac(r: DerReader, data: Uint8Array, cipher: PasswordCipher): boolean {
  const [algorithm, expected] = r.inside(TAG.sequence, (x) => [readAlgorithm(x), x.contents(TAG.octetString)] as const);
  const salt = r.contents(TAG.octetString);
  const iterations = r.tag === TAG.integer ? r.small() : 1;
  const isExpected = (mac: Uint8Array): boolean => constantTimeEqual(mac, expected);
  if (algorithm.oid === ENCRYPTION_OIDS.pbmac1) return isExpected(cipher.pbmac1(parametersOf(algorithm), data));
  return cipher.hasMac(HASHES.get(algorithm.oid) ?? malformed(`a MAC by ${algorithm.oid}`), salt, iterations, data, isExpected);
}

const parametersOf = ({ parameters }: AlgorithmIdentifier): Uint8Array => parameters ?? malformed('an algorithm without parameters');

interface Found {
  readonly keys: (Pkcs12Label & { readonly key: PrivateKeySpec })[];
  readonly certificates: (Pkcs12Label & { readonly certificate: Certificate })[];
}

/** A ContentInfo with bags in it, in the clear or encrypted. */
function readSafe(r: DerReader, cipher: PasswordCipher, found: Found): void {
  const kind = r.oid();
  switch (kind) {
    case PKCS12_OIDS.data:
      r.inside(contextConstructed(0), (x) => readBags(x.contents(TAG.octetString), cipher, found, 0));
      return;
    case PKCS12_OIDS.encryptedData: {
      const plain = r.inside(contextConstructed(0), (x) => x.inside(TAG.sequence, (y) => decryptData(y, cipher)));
      readBags(plain, cipher, found, 0);
      wipe(plain);
      return;
    }
    default:
      malformed(`contents of the unknown type ${kind}`);
  }
}

/** EncryptedData (RFC 5652, 8). */
function decryptData(r: DerReader, cipher: PasswordCipher): Uint8Array {
  r.small();
  return r.inside(TAG.sequence, (x) => {
    if (x.oid() !== PKCS12_OIDS.data) malformed('encrypted contents of an unknown type');
    const algorithm = readAlgorithm(x);
    const inPieces = x.tag === contextConstructed(0);
    const ciphertext = inPieces
      ? concat(...x.list(contextConstructed(0), (piece) => piece.contents(TAG.octetString)))
      : x.contents(context(0));
    return cipher.decrypt(algorithm, ciphertext);
  });
}

/** SafeContents (RFC 7292, 4.2). */
function readBags(contents: Uint8Array, cipher: PasswordCipher, found: Found, depth: number): void {
  if (depth > MAX_NESTING) malformed('nested too deeply');
  const der = derOf(contents);
  readDer(der, (r) =>
    r.list(TAG.sequence, (bag) =>
      bag.inside(TAG.sequence, (x) => {
        const kind = x.oid();
        const value = x.inside(contextConstructed(0), (y) => y.element());
        readBag(kind, value, x.tag === TAG.set ? readLabel(x) : NO_LABEL, cipher, found, depth);
      }),
    ),
  );
  wipe(der);
}

function readBag(kind: string, value: Uint8Array, label: Pkcs12Label, cipher: PasswordCipher, found: Found, depth: number): void {
  switch (kind) {
    case PKCS12_OIDS.keyBag:
      found.keys.push({ key: readDer(value, readPkcs8), ...label });
      return;
    case PKCS12_OIDS.shroudedKeyBag:
      found.keys.push({
        key: readSecret(
          readDer(value, (r) => readEncrypted(r, cipher)),
          readPkcs8,
        ),
        ...label,
      });
      return;
    case PKCS12_OIDS.certBag: {
      const certificate = readDer(value, readCertificate);
      if (certificate !== undefined) found.certificates.push({ certificate, ...label });
      return;
    }
    case PKCS12_OIDS.safeContentsBag:
      readBags(value, cipher, found, depth + 1);
      return;
    default:
  }
}

/** CertBag (RFC 7292, 4.2.3); undefined for a kind other than X.509. */
const readCertificate = (r: DerReader): Certificate | undefined =>
  r.inside(TAG.sequence, (x) => {
    const isX509 = x.oid() === PKCS12_OIDS.x509Certificate;
    const value = x.inside(contextConstructed(0), (y) => y.element());
    return isX509 ? parseCertificate(copyOf(readDer(value, (y) => y.contents(TAG.octetString)))) : undefined;
  });

const NO_LABEL: Pkcs12Label = { friendlyName: undefined, localKeyId: undefined };

function readLabel(r: DerReader): Pkcs12Label {
  let label = NO_LABEL;
  r.list(TAG.set, (attribute) =>
    attribute.inside(TAG.sequence, (x) => {
      const oid = x.oid();
      const [value] = x.list(TAG.set, (y) => y.element());
      if (value === undefined) return;
      if (oid === PKCS12_OIDS.friendlyName)
        label = { ...label, friendlyName: readDer(value, (y) => stringText(TAG.bmpString, y.contents(TAG.bmpString))) };
      if (oid === PKCS12_OIDS.localKeyId) label = { ...label, localKeyId: copyOf(readDer(value, (y) => y.contents(TAG.octetString))) };
    }),
  );
  return label;
}
