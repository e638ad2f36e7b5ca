import { malformed, unlessMalformed } from '../asn1/asn1-error.ts';
import { context, contextConstructed, type DerReader, type Place, readToEnd, TAG } from '../asn1/der-reader.ts';
import { LIMITS } from '../registry/limits.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import { type GeneralName, readGeneralName, readGeneralNames } from './general-name.ts';
import { type RelativeName, readRdn } from './name.ts';

/** One extension as it stands in a certificate, a CRL or an OCSP response. */
export class Extension {
  readonly oid: string;
  readonly critical: boolean;
  private readonly contents: Place;

  constructor(oid: string, critical: boolean, contents: Place) {
    this.oid = oid;
    this.critical = critical;
    this.contents = contents;
  }

  /** Contents of the OCTET STRING. */
  get value(): Uint8Array {
    return this.contents.bytes;
  }

  /** A reader over them. */
  reader(): DerReader {
    return this.contents.reader();
  }
}

/** Bits of keyUsage (RFC 5280, 4.2.1.3), as `DerReader.namedBits` numbers them. */
export const KEY_USAGE = {
  digitalSignature: 1,
  nonRepudiation: 2,
  keyEncipherment: 4,
  dataEncipherment: 8,
  keyAgreement: 16,
  keyCertSign: 32,
  cRLSign: 64,
  encipherOnly: 128,
  decipherOnly: 256,
} as const;

export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength: number | undefined;
}

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | undefined;
  readonly issuer: readonly GeneralName[] | undefined;
  readonly serialNumber: Uint8Array | undefined;
}

export interface Subtree {
  readonly base: GeneralName;
  /** Whether it has a minimum or a maximum, which RFC 5280 does not use. */
  readonly bounded: boolean;
}

export interface NameConstraints {
  readonly permitted: readonly Subtree[];
  readonly excluded: readonly Subtree[];
}

export interface PolicyInformation {
  readonly policy: string;
  readonly qualifiers: readonly { readonly oid: string; readonly value: Uint8Array }[];
}

export interface PolicyMapping {
  readonly issuerDomain: string;
  readonly subjectDomain: string;
}

export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | undefined;
  readonly inhibitPolicyMapping: number | undefined;
}

export type DistributionPointName =
  | { readonly kind: 'full'; readonly names: readonly GeneralName[] }
  | { readonly kind: 'relative'; readonly name: RelativeName };

export interface DistributionPoint {
  readonly name: DistributionPointName | undefined;
  /** ReasonFlags as a mask; undefined for all reasons. */
  readonly reasons: number | undefined;
  readonly crlIssuer: readonly GeneralName[] | undefined;
}

export interface IssuingDistributionPoint {
  readonly name: DistributionPointName | undefined;
  readonly onlyUserCerts: boolean;
  readonly onlyCaCerts: boolean;
  readonly onlySomeReasons: number | undefined;
  readonly indirect: boolean;
  readonly onlyAttributeCerts: boolean;
}

/** RFC 3820, 3.8: what makes a certificate that of a proxy. */
export interface ProxyCertInfo {
  /** Proxies that may stand below this one; undefined for any number. */
  readonly pathLength: number | undefined;
  readonly policyLanguage: string;
  readonly policy: Uint8Array | undefined;
}

export interface AccessDescription {
  readonly method: string;
  readonly location: GeneralName;
}

/** The contents of the extensions that are present and could be read. */
export interface ExtensionValues {
  readonly basicConstraints?: BasicConstraints;
  /** A mask of `KEY_USAGE`. */
  readonly keyUsage?: number;
  readonly extKeyUsage?: readonly string[];
  readonly subjectAltName?: readonly GeneralName[];
  readonly issuerAltName?: readonly GeneralName[];
  readonly subjectKeyIdentifier?: Uint8Array;
  readonly authorityKeyIdentifier?: AuthorityKeyIdentifier;
  readonly nameConstraints?: NameConstraints;
  readonly certificatePolicies?: readonly PolicyInformation[];
  readonly policyMappings?: readonly PolicyMapping[];
  readonly policyConstraints?: PolicyConstraints;
  readonly inhibitAnyPolicy?: number;
  readonly cRLDistributionPoints?: readonly DistributionPoint[];
  readonly freshestCRL?: readonly DistributionPoint[];
  readonly authorityInfoAccess?: readonly AccessDescription[];
  readonly subjectInfoAccess?: readonly AccessDescription[];
  readonly proxyCertInfo?: ProxyCertInfo;
  /** TLS extension numbers; 5 makes an OCSP staple mandatory (RFC 7633). */
  readonly tlsFeature?: readonly number[];
  /** SignedCertificateTimestampList (RFC 6962, 3.3), still encoded. */
  readonly signedCertificateTimestamps?: Uint8Array;
  readonly precertificatePoison?: true;
  readonly ocspNoCheck?: true;
  readonly nsCertType?: number;
  readonly cRLNumber?: Uint8Array;
  readonly deltaCRLIndicator?: Uint8Array;
  readonly issuingDistributionPoint?: IssuingDistributionPoint;
}

export interface ParsedExtensions {
  readonly values: ExtensionValues;
  /** OIDs of known extensions whose contents are not what their definition says. Verification must fail for them. */
  readonly malformed: readonly string[];
}

/** Most extensions in one structure. */
export const MAX_EXTENSIONS: number = LIMITS.certificateExtensions.value;

/** Reads Extensions; one that appears twice is refused (RFC 5280, 4.2). */
export function readExtensions(r: DerReader): readonly Extension[] {
  const list: Extension[] = [];
  const inner = r.enter(TAG.sequence);
  while (!inner.empty) {
    const extension = readExtension(inner);
    if (list.length >= MAX_EXTENSIONS) malformed('too many extensions');
    for (const earlier of list) if (earlier.oid === extension.oid) malformed(`extension ${extension.oid} appears twice`);
    list.push(extension);
  }
  if (list.length === 0) malformed('an empty list of extensions');
  return list;
}

/** Reads the contents of all known extensions. */
export function parseExtensions(list: readonly Extension[]): ParsedExtensions {
  const values: Record<string, unknown> = {};
  const bad: string[] = [];
  for (const extension of list) {
    const known = BY_OID.get(extension.oid);
    if (known === undefined) continue;
    const parsed = unlessMalformed(() => readToEnd(extension.reader(), known.read));
    if (parsed === undefined) bad.push(extension.oid);
    else values[known.name] = parsed;
  }
  return { values, malformed: bad };
}

/** What is read from each extension: this table is the list of extensions the library knows. */
const READERS: { readonly [N in keyof ExtensionValues]-?: (r: DerReader) => NonNullable<ExtensionValues[N]> } = {
  basicConstraints: (r) =>
    r.inside(TAG.sequence, (x) => ({
      ca: x.optional(TAG.boolean, (y) => y.boolean()) ?? false,
      pathLength: x.optional(TAG.integer, (y) => y.small()),
    })),
  keyUsage: (r) => r.namedBits(),
  extKeyUsage: (r) => r.list(TAG.sequence, (x) => x.oid(), 1),
  subjectAltName: (r) => readGeneralNames(r),
  issuerAltName: (r) => readGeneralNames(r),
  subjectKeyIdentifier: (r) => r.contents(TAG.octetString),
  authorityKeyIdentifier: readAuthorityKeyIdentifier,
  nameConstraints: readNameConstraints,
  certificatePolicies: (r) => r.list(TAG.sequence, readPolicy, 1),
  policyMappings: (r) => r.list(TAG.sequence, readPolicyMapping, 1),
  policyConstraints: readPolicyConstraints,
  inhibitAnyPolicy: (r) => r.small(),
  cRLDistributionPoints: (r) => r.list(TAG.sequence, readDistributionPoint, 1),
  freshestCRL: (r) => r.list(TAG.sequence, readDistributionPoint, 1),
  authorityInfoAccess: (r) => r.list(TAG.sequence, readAccess, 1),
  subjectInfoAccess: (r) => r.list(TAG.sequence, readAccess, 1),
  proxyCertInfo: readProxyCertInfo,
  tlsFeature: (r) => r.list(TAG.sequence, (x) => x.small()),
  signedCertificateTimestamps: (r) => r.contents(TAG.octetString),
  precertificatePoison: readMark,
  ocspNoCheck: readMark,
  nsCertType: (r) => r.namedBits(),
  cRLNumber: (r) => r.unsigned(),
  deltaCRLIndicator: (r) => r.unsigned(),
  issuingDistributionPoint: readIssuingDistributionPoint,
};

const BY_OID: ReadonlyMap<string, { readonly name: string; readonly read: (r: DerReader) => unknown }> = new Map(
  Object.entries(READERS).map(([name, read]) => [EXTENSION_OIDS[name as keyof ExtensionValues], { name, read }]),
);

function readExtension(r: DerReader): Extension {
  const inner = r.enter(TAG.sequence);
  const oid = inner.oid();
  const critical = inner.tag === TAG.boolean && inner.boolean();
  const contents = inner.place(TAG.octetString);
  inner.finish();
  return new Extension(oid, critical, contents);
}

function readAuthorityKeyIdentifier(r: DerReader): AuthorityKeyIdentifier {
  return r.inside(TAG.sequence, (x) => ({
    keyIdentifier: x.optional(context(0), (y) => y.contents(context(0))),
    issuer: x.optional(contextConstructed(1), (y) => readGeneralNames(y, contextConstructed(1))),
    serialNumber: x.optional(context(2), (y) => y.integer(context(2))),
  }));
}

function readNameConstraints(r: DerReader): NameConstraints {
  return r.inside(TAG.sequence, (x) => {
    const permitted = x.optional(contextConstructed(0), (y) => y.list(contextConstructed(0), readSubtree, 1));
    const excluded = x.optional(contextConstructed(1), (y) => y.list(contextConstructed(1), readSubtree, 1));
    // RFC 5280, 4.2.1.10: one of the two must be there.
    if (permitted === undefined && excluded === undefined) malformed('name constraints that constrain nothing');
    return { permitted: permitted ?? [], excluded: excluded ?? [] };
  });
}

function readSubtree(r: DerReader): Subtree {
  return r.inside(TAG.sequence, (x) => {
    const base = readGeneralName(x);
    const minimum = x.optional(context(0), (y) => y.small(context(0))) ?? 0;
    const maximum = x.optional(context(1), (y) => y.small(context(1)));
    return { base, bounded: minimum !== 0 || maximum !== undefined };
  });
}

function readPolicy(r: DerReader): PolicyInformation {
  return r.inside(TAG.sequence, (x) => ({
    policy: x.oid(),
    qualifiers: x.optional(TAG.sequence, (y) => y.list(TAG.sequence, readQualifier, 1)) ?? [],
  }));
}

const readQualifier = (r: DerReader): { oid: string; value: Uint8Array } =>
  r.inside(TAG.sequence, (x) => ({ oid: x.oid(), value: x.element() }));

const readPolicyMapping = (r: DerReader): PolicyMapping =>
  r.inside(TAG.sequence, (x) => ({ issuerDomain: x.oid(), subjectDomain: x.oid() }));

function readPolicyConstraints(r: DerReader): PolicyConstraints {
  return r.inside(TAG.sequence, (x) => {
    if (x.empty) malformed('policy constraints that constrain nothing');
    return {
      requireExplicitPolicy: x.optional(context(0), (y) => y.small(context(0))),
      inhibitPolicyMapping: x.optional(context(1), (y) => y.small(context(1))),
    };
  });
}

function readProxyCertInfo(r: DerReader): ProxyCertInfo {
  return r.inside(TAG.sequence, (x) => {
    const pathLength = x.optional(TAG.integer, (y) => y.small());
    return x.inside(TAG.sequence, (y) => ({
      pathLength,
      policyLanguage: y.oid(),
      policy: y.optional(TAG.octetString, (z) => z.contents(TAG.octetString)),
    }));
  });
}

function readDistributionPoint(r: DerReader): DistributionPoint {
  return r.inside(TAG.sequence, (x) => ({
    name: x.optional(contextConstructed(0), readDistributionPointName),
    reasons: x.optional(context(1), (y) => y.namedBits(context(1))),
    crlIssuer: x.optional(contextConstructed(2), (y) => readGeneralNames(y, contextConstructed(2))),
  }));
}

/** A CHOICE, so its tag `[0]` is explicit. */
function readDistributionPointName(r: DerReader): DistributionPointName {
  return r.inside(contextConstructed(0), (x) =>
    x.tag === contextConstructed(0)
      ? { kind: 'full', names: readGeneralNames(x, contextConstructed(0)) }
      : { kind: 'relative', name: readRdn(x, contextConstructed(1)) },
  );
}

function readIssuingDistributionPoint(r: DerReader): IssuingDistributionPoint {
  const flag = (x: DerReader, n: number): boolean => x.optional(context(n), (y) => y.boolean(context(n))) ?? false;
  return r.inside(TAG.sequence, (x) => ({
    name: x.optional(contextConstructed(0), readDistributionPointName),
    onlyUserCerts: flag(x, 1),
    onlyCaCerts: flag(x, 2),
    onlySomeReasons: x.optional(context(3), (y) => y.namedBits(context(3))),
    indirect: flag(x, 4),
    onlyAttributeCerts: flag(x, 5),
  }));
}

/** An extension whose presence is all it says. */
function readMark(r: DerReader): true {
  r.null();
  return true;
}

const readAccess = (r: DerReader): AccessDescription => r.inside(TAG.sequence, (x) => ({ method: x.oid(), location: readGeneralName(x) }));
