import { EXTENSION_OIDS, PURPOSE_OIDS } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { type PurposeName, X509_V_FLAG } from '../registry/x509-flags.ts';
import type { Certificate } from './certificate.ts';
import { KEY_USAGE } from './extensions.ts';
import type { Verification } from './verification.ts';
import { webpkiProblems } from './webpki-profile.ts';

/** Where a certificate stands in a path. An anchor that is the leaf as well is a leaf; who issued a proxy is no authority. */
export type Role = 'leaf' | 'proxyIssuer' | 'intermediate' | 'anchor';

/** The role of whoever issued a certificate. */
export const issuerRole = (certificate: Certificate, isAnchor: boolean): Role =>
  isProxy(certificate) ? 'proxyIssuer' : isAnchor ? 'anchor' : 'intermediate';

/**
 * All that can be said against a certificate in a role without looking at the others: extensions, whether it may be a
 * certificate authority, purpose. In the order OpenSSL reports it.
 */
export function certificateProblems(v: Verification, certificate: Certificate, role: Role, alone = false): X509VerifyResult[] {
  const problems: X509VerifyResult[] = [];
  if (certificate.malformedExtensions.length > 0 || isBrokenProxy(certificate)) problems.push('INVALID_EXTENSION');
  // RFC 5280, 4.2: a critical extension that is not understood MUST lead to refusal.
  if (!v.has(X509_V_FLAG.IGNORE_CRITICAL) && hasUnknownCritical(certificate)) problems.push('UNHANDLED_CRITICAL_EXTENSION');
  if (isProxy(certificate) && !v.has(X509_V_FLAG.ALLOW_PROXY_CERTS)) problems.push('PROXY_CERTIFICATES_NOT_ALLOWED');
  const strict = v.has(X509_V_FLAG.X509_STRICT);
  if (!fitsRole(certificate, role, strict)) problems.push(role === 'proxyIssuer' ? 'INVALID_NON_CA' : 'INVALID_CA');
  if (strict && !alone) problems.push(...strictProblems(certificate, role));
  if (v.webpki) problems.push(...webpkiProblems(certificate, role, v.isPublicSuffix));
  if (!servesPurpose(certificate, v.purpose, role === 'intermediate' || role === 'anchor')) problems.push('INVALID_PURPOSE');
  // RFC 3820, 3.1: who issues a proxy must be allowed to sign with that key.
  const { keyUsage = KEY_USAGE.digitalSignature } = certificate.extensions;
  if (role === 'proxyIssuer' && (keyUsage & KEY_USAGE.digitalSignature) === 0) problems.push('KEYUSAGE_NO_DIGITAL_SIGNATURE');
  return problems;
}

/** Validity at the time of verification (RFC 5280, 6.1.3 (a)(2)): both ends belong to the period. */
export function timeProblems(v: Verification, certificate: Certificate): X509VerifyResult[] {
  if (v.time === undefined) return [];
  if (v.time < certificate.notBefore) return ['CERT_NOT_YET_VALID'];
  return v.time > certificate.notAfter ? ['CERT_HAS_EXPIRED'] : [];
}

/** Whether a certificate is that of a proxy (RFC 3820): issued by an end entity, or by another proxy, to act in its name. */
export const isProxy = ({ extensions }: Certificate): boolean => extensions.proxyCertInfo !== undefined;

/** RFC 3820, 3.5 to 3.7: a proxy has no alternative names, nor those of its issuer, and is no authority. */
function isBrokenProxy(certificate: Certificate): boolean {
  if (!isProxy(certificate)) return false;
  const named = certificate.has(EXTENSION_OIDS.subjectAltName) || certificate.has(EXTENSION_OIDS.issuerAltName);
  return named || certificate.extensions.basicConstraints?.ca === true;
}

/** How much of an authority a certificate is. Only version 3 with basicConstraints says so itself (RFC 5280, 4.2.1.9). */
export function isAuthority(certificate: Certificate): 'yes' | 'legacy' | 'no' {
  const { basicConstraints, keyUsage } = certificate.extensions;
  // RFC 5280, 4.2.1.3: a key that may not sign certificates makes no authority, whatever else is said.
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) === 0) return 'no';
  if (basicConstraints !== undefined) return basicConstraints.ca ? 'yes' : 'no';
  const oldRoot = certificate.version === 1 && certificate.selfIssued;
  return oldRoot || keyUsage !== undefined ? 'legacy' : 'no';
}

const SERVER_USAGE = KEY_USAGE.digitalSignature | KEY_USAGE.keyEncipherment | KEY_USAGE.keyAgreement;
const CLIENT_USAGE = KEY_USAGE.digitalSignature | KEY_USAGE.keyAgreement;
const SIGNING_USAGE = KEY_USAGE.digitalSignature | KEY_USAGE.nonRepudiation;

interface PurposeRule {
  /** The extended key usage that the whole path must allow where it has one. */
  readonly extended: string | undefined;
  /** Key usages of which the leaf must have one where it has any. */
  readonly usage: number;
  /** The bit of nsCertType, for certificates that still have one. */
  readonly netscape: number;
}

/** Per purpose what OpenSSL asks of it (x509v3's purpose table; RFC 5280, 4.2.1.12). */
const PURPOSES: Readonly<Record<PurposeName, PurposeRule>> = {
  sslclient: { extended: PURPOSE_OIDS.clientAuth, usage: CLIENT_USAGE, netscape: 1 },
  sslserver: { extended: PURPOSE_OIDS.serverAuth, usage: SERVER_USAGE, netscape: 2 },
  nssslserver: { extended: PURPOSE_OIDS.serverAuth, usage: KEY_USAGE.keyEncipherment, netscape: 2 },
  smimesign: { extended: PURPOSE_OIDS.emailProtection, usage: SIGNING_USAGE, netscape: 4 },
  smimeencrypt: { extended: PURPOSE_OIDS.emailProtection, usage: KEY_USAGE.keyEncipherment, netscape: 4 },
  crlsign: { extended: undefined, usage: KEY_USAGE.cRLSign, netscape: 0 },
  any: { extended: undefined, usage: 0, netscape: 0 },
  ocsphelper: { extended: undefined, usage: 0, netscape: 0 },
  timestampsign: { extended: PURPOSE_OIDS.timeStamping, usage: SIGNING_USAGE, netscape: 0 },
};

function servesPurpose(certificate: Certificate, purpose: PurposeName, isIssuer: boolean): boolean {
  const { extended, usage, netscape } = PURPOSES[purpose];
  const { extKeyUsage, keyUsage, nsCertType } = certificate.extensions;
  if (extended !== undefined && extKeyUsage !== undefined && !extKeyUsage.includes(extended)) return false;
  if (purpose === 'timestampsign' && !isIssuer && extKeyUsage?.length !== 1) return false;
  if (isIssuer) return true;
  if (nsCertType !== undefined && netscape !== 0 && (nsCertType & netscape) === 0) return false;
  return usage === 0 || keyUsage === undefined || (keyUsage & usage) !== 0;
}

/** Critical extensions that verification acts on: OpenSSL's list (X509_supported_extension). */
const HANDLED: ReadonlySet<string> = new Set([
  EXTENSION_OIDS.nsCertType,
  EXTENSION_OIDS.keyUsage,
  EXTENSION_OIDS.subjectAltName,
  EXTENSION_OIDS.basicConstraints,
  EXTENSION_OIDS.certificatePolicies,
  EXTENSION_OIDS.cRLDistributionPoints,
  EXTENSION_OIDS.extKeyUsage,
  EXTENSION_OIDS.policyConstraints,
  EXTENSION_OIDS.nameConstraints,
  EXTENSION_OIDS.policyMappings,
  EXTENSION_OIDS.inhibitAnyPolicy,
  EXTENSION_OIDS.proxyCertInfo,
  EXTENSION_OIDS.subjectKeyIdentifier,
  EXTENSION_OIDS.authorityKeyIdentifier,
]);

const hasUnknownCritical = (certificate: Certificate): boolean =>
  certificate.extensionList.some(({ oid, critical }) => critical && !HANDLED.has(oid));

function fitsRole(certificate: Certificate, role: Role, strict: boolean): boolean {
  const authority = isAuthority(certificate);
  if (role === 'leaf') return !strict || authority !== 'legacy';
  // RFC 3820, 3.1: an authority makes no proxies.
  if (role === 'proxyIssuer') return authority === 'no';
  return authority === 'yes' || (role === 'anchor' && !strict && authority === 'legacy');
}

/** What X509_V_FLAG_X509_STRICT adds: musts of RFC 5280 that concern issuing authorities more than verifiers. */
function strictProblems(certificate: Certificate, role: Role): X509VerifyResult[] {
  const { basicConstraints, keyUsage = 0, subjectAltName, authorityKeyIdentifier, subjectKeyIdentifier } = certificate.extensions;
  const ca = basicConstraints?.ca === true;
  const certSign = (keyUsage & KEY_USAGE.keyCertSign) !== 0;
  const noSubject = certificate.subject.empty;
  const pathLength = basicConstraints?.pathLength !== undefined;
  const selfSignedAnchor = role === 'anchor' && certificate.selfIssued;
  const rules: readonly (readonly [broken: boolean, result: X509VerifyResult])[] = [
    // 4.2.1.9
    [pathLength && !ca, 'PATHLEN_INVALID_FOR_NON_CA'],
    [pathLength && !certSign, 'PATHLEN_WITHOUT_KU_KEY_CERT_SIGN'],
    [ca && !certificate.isCritical(EXTENSION_OIDS.basicConstraints), 'CA_BCONS_NOT_CRITICAL'],
    // 4.2.1.3
    [ca && !certificate.has(EXTENSION_OIDS.keyUsage), 'CA_CERT_MISSING_KEY_USAGE'],
    [!ca && certSign, 'KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA'],
    // 4.1.2.4, 4.1.2.6, 4.2.1.6
    [certificate.issuer.empty, 'ISSUER_NAME_EMPTY'],
    [noSubject && (ca || (keyUsage & KEY_USAGE.cRLSign) !== 0 || subjectAltName === undefined), 'SUBJECT_NAME_EMPTY'],
    [noSubject && subjectAltName !== undefined && !certificate.isCritical(EXTENSION_OIDS.subjectAltName), 'EMPTY_SUBJECT_SAN_NOT_CRITICAL'],
    // 4.2.1.1, 4.2.1.2
    [certificate.isCritical(EXTENSION_OIDS.authorityKeyIdentifier), 'AUTHORITY_KEY_IDENTIFIER_CRITICAL'],
    [certificate.isCritical(EXTENSION_OIDS.subjectKeyIdentifier), 'SUBJECT_KEY_IDENTIFIER_CRITICAL'],
    [
      certificate.version === 3 && !selfSignedAnchor && authorityKeyIdentifier?.keyIdentifier === undefined,
      'MISSING_AUTHORITY_KEY_IDENTIFIER',
    ],
    [certificate.version === 3 && ca && subjectKeyIdentifier === undefined, 'MISSING_SUBJECT_KEY_IDENTIFIER'],
    // Below here OpenSSL has no check, and hence no name for some failures. 4.1.2.2: positive, at most 20 bytes; some public
    // roots have the number zero.
    [!isProperSerial(certificate.serialNumber, role === 'anchor'), 'UNSPECIFIED'],
    [
      certificate.has(EXTENSION_OIDS.nameConstraints) && (!ca || !certificate.isCritical(EXTENSION_OIDS.nameConstraints)),
      'INVALID_EXTENSION',
    ],
    [
      ca && certificate.isCritical(EXTENSION_OIDS.policyMappings) === false && certificate.has(EXTENSION_OIDS.policyMappings),
      'INVALID_EXTENSION',
    ],
    [certificate.isCritical(EXTENSION_OIDS.authorityInfoAccess), 'INVALID_EXTENSION'],
    // 4.2.1.6: dNSName is in preferred name syntax, which has no underscore.
    [(subjectAltName ?? []).some((name) => name.kind === 'dns' && name.value.includes('_')), 'UNSUPPORTED_NAME_SYNTAX'],
  ];
  return rules.filter(([broken]) => broken).map(([, result]) => result);
}

function isProperSerial(serial: Uint8Array, mayBeZero: boolean): boolean {
  const first = serial[0] ?? 0;
  const encoded = serial.length + (first >= 0x80 ? 1 : 0);
  return (mayBeZero || first !== 0) && encoded <= 20;
}
