import { context, contextConstructed } from '../asn1/der-reader.ts';
import {
  bitString,
  boolean,
  element,
  explicit,
  ia5String,
  implicit,
  integer,
  namedBits,
  octetString,
  oid,
  printableString,
  sequence,
  setOf,
  utf8String,
} from '../asn1/der-writer.ts';
import { timeElement } from '../asn1/time.ts';
import { utf8 } from '../bytes/bytes.ts';
import { chain } from '../crypto/awaitable.ts';
import type { Awaitable, PrivateKey, PublicKeySpec, SignatureAlgorithm } from '../crypto/provider.ts';
import { ATTRIBUTE_OIDS, EXTENSION_OIDS, PURPOSE_OIDS } from '../registry/oids.ts';
import { signatureAlgorithmElement, spkiElement } from './algorithms.ts';
import { KEY_USAGE } from './extensions.ts';
import { Name, parseName } from './name.ts';

/** A name as pairs of attribute and text, one RDN each: `[['O', 'Example'], ['CN', 'example.com']]`. */
export type NameParts = readonly (readonly [type: keyof typeof ATTRIBUTE_OIDS, text: string])[];

export type IssueName = string | NameParts | Name;

/** What stands in subtrees and alternative names, as text. An `ip` is its bytes; a subtree's has the mask after it. */
export interface IssueNames {
  readonly dns?: readonly string[];
  readonly email?: readonly string[];
  readonly uri?: readonly string[];
  readonly ip?: readonly Uint8Array[];
  readonly directory?: readonly IssueName[];
}

/** Further extensions, or replacements of the usual ones, already encoded. */
export interface IssueExtension {
  readonly oid: string;
  readonly critical?: boolean;
  readonly value: Uint8Array;
}

export interface IssueRequest {
  /** A string is taken as the common name. */
  readonly subject: IssueName;
  readonly issuer: IssueName;
  readonly publicKey: PublicKeySpec;
  /** The issuer's key. */
  readonly signer: PrivateKey;
  /** How it signs; by default what suits the key, with SHA-256 (SHA-384 and SHA-512 on the larger curves). */
  readonly algorithm?: SignatureAlgorithm;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly serial: number | Uint8Array;
  /** Makes it a certificate authority, with or without a path length. */
  readonly ca?: boolean | { readonly pathLength: number };
  readonly names?: IssueNames | undefined;
  /** A mask of `KEY_USAGE`; by default what a certificate authority or a TLS peer needs. `0` leaves it out. */
  readonly keyUsage?: number;
  readonly extKeyUsage?: readonly (keyof typeof PURPOSE_OIDS)[];
  readonly subjectKeyIdentifier?: Uint8Array | undefined;
  readonly authorityKeyIdentifier?: Uint8Array | undefined;
  readonly permitted?: IssueNames;
  readonly excluded?: IssueNames;
  /** Policies as dotted OIDs. */
  readonly policies?: readonly string[];
  /** TLS extension numbers; `[5]` demands an OCSP staple. */
  readonly tlsFeature?: readonly number[];
  readonly extensions?: readonly IssueExtension[];
}

/**
 * Issues a certificate: throw-away authorities for tests, demonstrations and local servers. Synchronous where the
 * signer is. It is no certificate authority's software: it issues what it is told.
 */
export function issueCertificate(request: IssueRequest): Awaitable<Uint8Array> {
  const algorithm = request.algorithm ?? usualAlgorithm(request.signer.publicKey);
  const identifier = signatureAlgorithmElement(algorithm);
  const extensions = extensionElements(request);
  const tbs = sequence(
    extensions.length > 0 ? explicit(0, integer(2)) : undefined,
    integer(request.serial),
    identifier,
    nameElement(request.issuer),
    sequence(timeElement(request.notBefore), timeElement(request.notAfter)),
    nameElement(request.subject),
    spkiElement(request.publicKey),
    extensions.length > 0 ? explicit(3, sequence(...extensions)) : undefined,
  );
  return chain(request.signer.sign(algorithm, tbs), (signature) => sequence(tbs, identifier, bitString(signature)));
}

/** The algorithm a key signs certificates with when nobody says otherwise. */
export function usualAlgorithm(key: PublicKeySpec): SignatureAlgorithm {
  switch (key.kind) {
    case 'rsa':
      return { kind: 'rsa-pkcs1', hash: 'sha256' };
    case 'rsa-pss':
      return { kind: 'rsa-pss', ...(key.parameters ?? { hash: 'sha256', mgfHash: 'sha256', saltLength: 32 }) };
    case 'ec':
      return { kind: 'ecdsa', hash: ({ 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' } as const)[key.curve] };
    default:
      return { kind: key.kind };
  }
}

/** Builds a Name. */
export function makeName(name: IssueName): Name {
  return name instanceof Name ? name : parseName(nameElement(name));
}

function nameElement(name: IssueName): Uint8Array {
  if (name instanceof Name) return name.raw;
  const parts: NameParts = typeof name === 'string' ? [['CN', name]] : name;
  return sequence(...parts.map(([type, text]) => setOf(sequence(oid(ATTRIBUTE_OIDS[type]), attributeValue(type, text)))));
}

/** RFC 5280, appendix A: countries are PrintableString, domain components and mail addresses IA5String. */
function attributeValue(type: keyof typeof ATTRIBUTE_OIDS, text: string): Uint8Array {
  if (type === 'C') return printableString(text);
  return type === 'DC' || type === 'emailAddress' ? ia5String(text) : utf8String(text);
}

function extensionElements(request: IssueRequest): Uint8Array[] {
  const replaced = new Set((request.extensions ?? []).map((extension) => extension.oid));
  return [...usualExtensions(request).filter((extension) => !replaced.has(extension.oid)), ...(request.extensions ?? [])].map((extension) =>
    sequence(oid(extension.oid), extension.critical === true ? boolean(true) : undefined, octetString(extension.value)),
  );
}

function usualExtensions(request: IssueRequest): IssueExtension[] {
  const ca = request.ca !== undefined && request.ca !== false;
  const keyUsage = request.keyUsage ?? (ca ? KEY_USAGE.keyCertSign | KEY_USAGE.cRLSign : KEY_USAGE.digitalSignature);
  const list: (IssueExtension | undefined)[] = [
    present(
      'basicConstraints',
      ca ? sequence(boolean(true), typeof request.ca === 'object' ? integer(request.ca.pathLength) : undefined) : undefined,
      true,
    ),
    present('keyUsage', keyUsage === 0 ? undefined : namedBits(keyUsage), true),
    present('extKeyUsage', request.extKeyUsage && sequence(...request.extKeyUsage.map((purpose) => oid(PURPOSE_OIDS[purpose])))),
    present('subjectKeyIdentifier', request.subjectKeyIdentifier && octetString(request.subjectKeyIdentifier)),
    present('authorityKeyIdentifier', request.authorityKeyIdentifier && sequence(implicit(0, request.authorityKeyIdentifier))),
    present('subjectAltName', request.names && sequence(...nameElements(request.names))),
    present('nameConstraints', constraintsElement(request), true),
    present('certificatePolicies', request.policies && sequence(...request.policies.map((policy) => sequence(oid(policy))))),
    present('tlsFeature', request.tlsFeature && sequence(...request.tlsFeature.map(integer))),
  ];
  return list.filter((extension) => extension !== undefined);
}

const present = (name: keyof typeof EXTENSION_OIDS, value: Uint8Array | undefined, critical = false): IssueExtension | undefined =>
  value && { oid: EXTENSION_OIDS[name], critical, value };

function constraintsElement({ permitted, excluded }: IssueRequest): Uint8Array | undefined {
  if (permitted === undefined && excluded === undefined) return undefined;
  const subtrees = (n: number, names: IssueNames | undefined): Uint8Array | undefined =>
    names && element(contextConstructed(n), ...nameElements(names).map((name) => sequence(name)));
  return sequence(subtrees(0, permitted), subtrees(1, excluded));
}

function nameElements({ dns = [], email = [], uri = [], ip = [], directory = [] }: IssueNames): Uint8Array[] {
  return [
    ...email.map((value) => implicit(1, utf8(value))),
    ...dns.map((value) => implicit(2, utf8(value))),
    ...directory.map((value) => explicit(4, nameElement(value))),
    ...uri.map((value) => implicit(6, utf8(value))),
    ...ip.map((value) => element(context(7), value)),
  ];
}
