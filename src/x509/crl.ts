import { malformed } from '../asn1/asn1-error.ts';
import { contextConstructed, DerReader, plainView, readDer, TAG } from '../asn1/der-reader.ts';
import { isPem, pemBlocks } from '../asn1/pem.ts';
import { readTime } from '../asn1/time.ts';
import { latin1, sameBytes } from '../bytes/bytes.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';
import { type Extension, type ExtensionValues, type ParsedExtensions, parseExtensions, readExtensions } from './extensions.ts';
import { readGeneralNames } from './general-name.ts';
import { type Name, readName } from './name.ts';

/** CRLReason (RFC 5280, 5.3.1). */
export const CRL_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;

export interface RevokedEntry {
  readonly serialNumber: Uint8Array;
  /** Seconds since 1970. */
  readonly revocationDate: number;
  /** One of `CRL_REASONS`; undefined where the entry gives none. */
  readonly reason: number | undefined;
  /** Whose certificate it is: in an indirect CRL not always the CRL's issuer. */
  readonly issuer: Name;
}

interface CrlFields {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly revoked: Uint8Array | undefined;
  readonly extensionList: readonly Extension[];
}

/** A certificate revocation list (RFC 5280, 5), parsed and not verified. Entries are read when first asked for. */
export class Crl {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  /** Seconds since 1970. */
  readonly thisUpdate: number;
  /** Seconds since 1970; undefined where the issuer promises no next one. */
  readonly nextUpdate: number | undefined;
  readonly extensionList: readonly Extension[];
  private readonly revoked: Uint8Array | undefined;
  private parsedExtensions: ParsedExtensions | undefined;
  private entryTable: EntryTable | undefined;

  constructor(fields: CrlFields) {
    this.der = fields.der;
    this.tbs = fields.tbs;
    this.signatureAlgorithm = fields.signatureAlgorithm;
    this.signature = fields.signature;
    this.issuer = fields.issuer;
    this.thisUpdate = fields.thisUpdate;
    this.nextUpdate = fields.nextUpdate;
    this.revoked = fields.revoked;
    this.extensionList = fields.extensionList;
  }

  get extensions(): ExtensionValues {
    return this.allExtensions.values;
  }

  /** OIDs of known extensions whose contents could not be read. */
  get malformedExtensions(): readonly string[] {
    return this.allExtensions.malformed;
  }

  /** All entries in their order. Throws `Asn1Error` where one is malformed. */
  get entries(): readonly RevokedEntry[] {
    return this.table.list;
  }

  /** Whether some entry has a critical extension that is not known: then the list cannot be relied on (RFC 5280, 5.3). */
  get hasUnknownCriticalEntry(): boolean {
    return this.table.unknownCritical;
  }

  /** The entry for a certificate, by its serial number and issuer. Throws `Asn1Error` where the list is malformed. */
  find(serialNumber: Uint8Array, issuer: Name): RevokedEntry | undefined {
    return this.table.bySerial.get(latin1(serialNumber))?.find((entry) => entry.issuer.matches(issuer));
  }

  private get allExtensions(): ParsedExtensions {
    this.parsedExtensions ??= parseExtensions(this.extensionList);
    return this.parsedExtensions;
  }

  private get table(): EntryTable {
    this.entryTable ??= readEntries(this.revoked, this.issuer);
    return this.entryTable;
  }
}

/** Parses one DER CRL, strictly; throws `Asn1Error`. */
export function parseCrl(bytes: Uint8Array): Crl {
  const der = plainView(bytes);
  return readDer(der, (outer) =>
    outer.inside(TAG.sequence, (r) => {
      const tbs = r.element(TAG.sequence);
      const signatureAlgorithm = readAlgorithm(r);
      const signature = r.bytesInBits();
      return new Crl({
        der,
        tbs,
        signatureAlgorithm,
        signature,
        ...readDer(tbs, (x) => x.inside(TAG.sequence, (y) => readTbs(y, signatureAlgorithm))),
      });
    }),
  );
}

/** Every `X509 CRL` block of a PEM file, or the one CRL in DER. Throws `Asn1Error`. */
export function parseCrls(pemOrDer: Uint8Array | string): Crl[] {
  if (typeof pemOrDer !== 'string' && !isPem(pemOrDer)) return [parseCrl(pemOrDer)];
  return [...pemBlocks(pemOrDer)].filter(({ label }) => label === 'X509 CRL').map(({ bytes }) => parseCrl(bytes));
}

interface EntryTable {
  readonly list: readonly RevokedEntry[];
  readonly bySerial: ReadonlyMap<string, readonly RevokedEntry[]>;
  readonly unknownCritical: boolean;
}

/** Entry extensions that are acted on; the invalidity date is information only. */
const KNOWN_ENTRY_EXTENSIONS: ReadonlySet<string> = new Set([
  EXTENSION_OIDS.reasonCode,
  EXTENSION_OIDS.invalidityDate,
  EXTENSION_OIDS.certificateIssuer,
]);

function readTbs(r: DerReader, outerAlgorithm: AlgorithmIdentifier): Omit<CrlFields, 'der' | 'tbs' | 'signatureAlgorithm' | 'signature'> {
  const version2 = r.tag === TAG.integer;
  // RFC 5280, 5.1.2.1: if there is a version, it is 2.
  if (version2 && r.small() !== 1) malformed('an unknown version');
  if (!sameBytes(r.element(TAG.sequence), outerAlgorithm.raw)) malformed('two different signature algorithms');
  const issuer = readName(r);
  const thisUpdate = readTime(r);
  const nextUpdate = r.tag === TAG.utcTime || r.tag === TAG.generalizedTime ? readTime(r) : undefined;
  const revoked = r.tag === TAG.sequence ? r.element() : undefined;
  const extensionList = version2 && r.tag === contextConstructed(0) ? r.inside(contextConstructed(0), readExtensions) : [];
  return { issuer, thisUpdate, nextUpdate, revoked, extensionList };
}

function readEntries(revoked: Uint8Array | undefined, crlIssuer: Name): EntryTable {
  const list: RevokedEntry[] = [];
  const bySerial = new Map<string, RevokedEntry[]>();
  let unknownCritical = false;
  let issuer = crlIssuer;
  const entries = revoked && new DerReader(revoked).enter(TAG.sequence);
  while (entries !== undefined && !entries.empty) {
    const r = entries.enter(TAG.sequence);
    const serialNumber = r.unsigned();
    const revocationDate = readTime(r);
    const extensions = r.tag === TAG.sequence ? readExtensions(r) : [];
    r.finish();
    // RFC 5280, 5.3.3: the certificate issuer holds for this entry and for those after it, up to the next one.
    issuer = entryIssuer(extensions) ?? issuer;
    const reason = extensions.find(({ oid }) => oid === EXTENSION_OIDS.reasonCode);
    unknownCritical ||= extensions.some(({ oid, critical }) => critical && !KNOWN_ENTRY_EXTENSIONS.has(oid));
    const entry = { serialNumber, revocationDate, reason: reason && readDer(reason.value, (x) => x.small(TAG.enumerated)), issuer };
    list.push(entry);
    const key = latin1(serialNumber);
    const same = bySerial.get(key);
    if (same === undefined) bySerial.set(key, [entry]);
    else same.push(entry);
  }
  return { list, bySerial, unknownCritical };
}

function entryIssuer(extensions: readonly Extension[]): Name | undefined {
  const extension = extensions.find(({ oid }) => oid === EXTENSION_OIDS.certificateIssuer);
  if (extension === undefined) return undefined;
  for (const name of readDer(extension.value, (r) => readGeneralNames(r))) if (name.kind === 'directory') return name.value;
  return malformed('a certificate issuer without a directory name');
}
