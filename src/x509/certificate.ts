import { malformed } from '../asn1/asn1-error.ts';
import { context, contextConstructed, DerReader, plainView, TAG } from '../asn1/der-reader.ts';
import { isPem, pemBlocks } from '../asn1/pem.ts';
import { readTime } from '../asn1/time.ts';
import { sameBytes } from '../bytes/bytes.ts';
import type { CryptoProvider, HashName, PublicKey, PublicKeySpec } from '../crypto/provider.ts';
import {
  type AlgorithmIdentifier,
  importPublicKey,
  publicKeyOf,
  readAlgorithm,
  readSpki,
  type SubjectPublicKeyInfo,
} from './algorithms.ts';
import { type Extension, type ExtensionValues, type ParsedExtensions, parseExtensions, readExtensions } from './extensions.ts';
import { type Name, readName } from './name.ts';
import { readTrustSettings, type TrustSettings } from './trust-settings.ts';

const TRUSTED_LABEL = 'TRUSTED CERTIFICATE';

/** What a certificate is made of: the three parts of the whole (RFC 5280, 4.1.1). */
interface SignedParts {
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/** And the parts of the first of them (RFC 5280, 4.1.2). */
interface TbsFields {
  readonly version: 1 | 2 | 3;
  readonly serialNumber: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: Uint8Array;
  readonly keyInfo: SubjectPublicKeyInfo;
  readonly extensionList: readonly Extension[];
}

/**
 * An X.509 certificate (RFC 5280), parsed and not verified. Byte fields are views into the bytes it was parsed from,
 * which must not change afterwards; key and extension contents are decoded when they are first asked for.
 */
export class Certificate {
  readonly der: Uint8Array;
  /** TBSCertificate with its header: what the signature covers. */
  readonly tbs: Uint8Array;
  readonly version: 1 | 2 | 3;
  /** Big-endian, without leading zeros. */
  readonly serialNumber: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  /** Seconds since 1970, the first moment of validity. */
  readonly notBefore: number;
  /** Seconds since 1970, the last moment of validity. */
  readonly notAfter: number;
  /** SubjectPublicKeyInfo as DER. */
  readonly spki: Uint8Array;
  /** All extensions, known or not, in their order. */
  readonly extensionList: readonly Extension[];
  /** For which purposes it is an anchor, as a store that has it is told; undefined: for any, if it is a root. */
  trustSettings: TrustSettings | undefined;
  private parsedExtensions: ParsedExtensions | undefined;
  private importedKey: { readonly provider: CryptoProvider; readonly key: PublicKey | undefined } | undefined;
  private readonly keyInfo: SubjectPublicKeyInfo;
  private parsedKey: PublicKeySpec | undefined;
  private issuedToItself: boolean | undefined;

  constructor(der: Uint8Array, { tbs, signatureAlgorithm, signature }: SignedParts, fields: TbsFields) {
    this.der = der;
    this.tbs = tbs;
    this.version = fields.version;
    this.serialNumber = fields.serialNumber;
    this.signatureAlgorithm = signatureAlgorithm;
    this.signature = signature;
    this.issuer = fields.issuer;
    this.subject = fields.subject;
    this.notBefore = fields.notBefore;
    this.notAfter = fields.notAfter;
    this.spki = fields.spki;
    this.keyInfo = fields.keyInfo;
    this.extensionList = fields.extensionList;
  }

  /** Contents of the known extensions. One that is malformed is missing here and listed in `malformedExtensions`. */
  get extensions(): ExtensionValues {
    return this.allExtensions.values;
  }

  /** OIDs of known extensions whose contents could not be read: no certificate with one is ever accepted. */
  get malformedExtensions(): readonly string[] {
    return this.allExtensions.malformed;
  }

  /** The subject's key; undefined where the algorithm (`publicKeyAlgorithm`) is not known or the key is malformed. */
  get publicKey(): PublicKeySpec | undefined {
    this.parsedKey ??= publicKeyOf(this.keyInfo);
    return this.parsedKey;
  }

  /** The subject's key made ready by a provider, once; undefined where there is none or the provider refuses it. */
  importKey(provider: CryptoProvider): PublicKey | undefined {
    if (this.importedKey?.provider !== provider) this.importedKey = { provider, key: importPublicKey(provider, this.publicKey) };
    return this.importedKey.key;
  }

  get publicKeyAlgorithm(): AlgorithmIdentifier {
    return this.keyInfo.algorithm;
  }

  /** Contents of the BIT STRING in the SubjectPublicKeyInfo: what SHA-1 key identifiers hash. */
  get publicKeyBytes(): Uint8Array {
    return this.keyInfo.key.bytes;
  }

  /** Whether subject and issuer are the same name (RFC 5280, 6.1); it need not have signed itself. */
  get selfIssued(): boolean {
    this.issuedToItself ??= this.subject.matches(this.issuer);
    return this.issuedToItself;
  }

  /** Whether an extension is there and marked critical. */
  isCritical(oid: string): boolean {
    return this.extensionList.some((extension) => extension.oid === oid && extension.critical);
  }

  has(oid: string): boolean {
    return this.extensionList.some((extension) => extension.oid === oid);
  }

  equals(other: Certificate): boolean {
    return this === other || sameBytes(this.der, other.der);
  }

  /** Hash of the whole certificate. */
  fingerprint(provider: CryptoProvider, hash: HashName = 'sha256'): Uint8Array {
    return provider.digest(hash, this.der);
  }

  private get allExtensions(): ParsedExtensions {
    this.parsedExtensions ??= parseExtensions(this.extensionList);
    return this.parsedExtensions;
  }
}

/**
 * Parses one DER certificate, strictly (RFC 5280, 4.1; X.690, 10): throws `Asn1Error` for bytes left over, lengths that
 * are not minimal, negative serial numbers, times in other forms than the RFC's, an extension that appears twice,
 * extensions before version 3, and an inner signature algorithm that differs from the outer one.
 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  const der = plainView(bytes);
  const outer = new DerReader(der);
  const r = outer.enter(TAG.sequence);
  outer.finish();
  const tbs = r.element(TAG.sequence);
  const signatureAlgorithm = readAlgorithm(r);
  const signature = r.bytesInBits();
  r.finish();
  const fields = readTbs(new DerReader(tbs).enter(TAG.sequence), signatureAlgorithm);
  return new Certificate(der, { tbs, signatureAlgorithm, signature }, fields);
}

/** Every `CERTIFICATE` block of a PEM bundle, or the one certificate in DER. Throws `Asn1Error`. */
export function parseCertificates(pemOrDer: Uint8Array | string): Certificate[] {
  if (typeof pemOrDer !== 'string' && !isPem(pemOrDer)) return [parseCertificate(pemOrDer)];
  return [...pemBlocks(pemOrDer)]
    .filter(({ label }) => CERTIFICATE_LABELS.has(label))
    .map(({ label, bytes }) => parseLabelled(label, bytes));
}

/** Labels under which certificates stand in PEM files: RFC 7468, 5.1, an older one, and OpenSSL's for those with trust settings. */
export const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE', TRUSTED_LABEL]);

/** Parses what stands under one of these labels. */
export const parseLabelled = (label: string, bytes: Uint8Array): Certificate =>
  label === TRUSTED_LABEL ? parseTrustedCertificate(bytes) : parseCertificate(bytes);

/** A certificate with its trust settings behind it, if there are any. */
function parseTrustedCertificate(bytes: Uint8Array): Certificate {
  const r = new DerReader(plainView(bytes));
  const certificate = parseCertificate(r.element(TAG.sequence));
  if (!r.empty) certificate.trustSettings = readTrustSettings(r);
  r.finish();
  return certificate;
}

function readTbs(r: DerReader, outerAlgorithm: AlgorithmIdentifier): TbsFields {
  const version = r.tag === contextConstructed(0) ? readVersion(r) : 1;
  const serialNumber = r.unsigned();
  // RFC 5280, 4.1.1.2: the two MUST be the same; only the inner one is signed.
  if (!sameBytes(readAlgorithm(r).raw, outerAlgorithm.raw)) malformed('two different signature algorithms');
  const issuer = readName(r);
  const validity = r.enter(TAG.sequence);
  const notBefore = readTime(validity);
  const notAfter = readTime(validity);
  validity.finish();
  const subject = readName(r);
  const start = r.offset;
  const keyInfo = readSpki(r);
  const spki = r.buffer.subarray(start, r.offset);
  if (r.tag === context(1) && version > 1) r.skip();
  if (r.tag === context(2) && version > 1) r.skip();
  const extensionList = r.tag === contextConstructed(3) && version === 3 ? r.inside(contextConstructed(3), readExtensions) : [];
  r.finish();
  return { version, serialNumber, issuer, subject, notBefore, notAfter, spki, keyInfo, extensionList };
}

/** DER leaves out the DEFAULT, so an explicit version is 2 or 3 (X.690, 11.5). */
function readVersion(r: DerReader): 2 | 3 {
  const version = r.inside(contextConstructed(0), (x) => x.small());
  if (version === 1) return 2;
  return version === 2 ? 3 : malformed('an unknown version');
}
