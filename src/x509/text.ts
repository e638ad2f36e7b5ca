import { unlessMalformed } from '../asn1/asn1-error.ts';
import { readDer, TAG } from '../asn1/der-reader.ts';
import { toHex } from '../bytes/bytes.ts';
import type { HashName, PublicKeySpec } from '../crypto/provider.ts';
import { EXTENSION_OIDS, KEY_OIDS, namesByOid, SIGNATURE_OIDS } from '../registry/oids.ts';
import { type AlgorithmIdentifier, signatureAlgorithmOf } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import type { Extension } from './extensions.ts';
import { nameText } from './name-text.ts';
import { bitLength } from './strength.ts';
import { extensionText } from './text-extensions.ts';
import { colonHex, evenHex, hexLines, timeText } from './text-parts.ts';

/** A certificate in words, laid out as `openssl x509 -noout -text` does. */
export function certificateText(certificate: Certificate): string {
  const { version, issuer, subject, notBefore, notAfter, signatureAlgorithm, signature } = certificate;
  const pss = pssLines(signatureAlgorithm);
  const blanks = pss.length > 0 ? '        ' : '';
  const lines = [
    'Certificate:',
    '    Data:',
    `        Version: ${version} (0x${version - 1})`,
    ...serialLines(certificate.serialNumber),
    `        Signature Algorithm: ${algorithmName(signatureAlgorithm.oid)}${blanks}`,
    ...pss,
    `        Issuer: ${nameText(issuer)}`,
    '        Validity',
    `            Not Before: ${timeText(notBefore)}`,
    `            Not After : ${timeText(notAfter)}`,
    `        Subject: ${nameText(subject)}`,
    '        Subject Public Key Info:',
    `            Public Key Algorithm: ${algorithmName(certificate.publicKeyAlgorithm.oid)}`,
    ...keyLines(certificate).map((line) => `                ${line}`),
    ...extensionLines(certificate),
    `    Signature Algorithm: ${algorithmName(signatureAlgorithm.oid)}`,
    `    Signature Value:${blanks}`,
    ...pss,
    ...hexLines(signature, 18, 8),
  ];
  return `${lines.join('\n')}\n`;
}

/** The name OpenSSL prints for an algorithm; the OID where it has none. */
const algorithmName = (oid: string): string => ALGORITHM_NAMES.get(oid) ?? oid;

const ALGORITHM_NAMES: ReadonlyMap<string, string> = new Map([
  ...namesByOid(SIGNATURE_OIDS),
  [SIGNATURE_OIDS.ecdsaWithSHA1, 'ecdsa-with-SHA1'],
  [SIGNATURE_OIDS.ecdsaWithSHA224, 'ecdsa-with-SHA224'],
  [SIGNATURE_OIDS.ecdsaWithSHA256, 'ecdsa-with-SHA256'],
  [SIGNATURE_OIDS.ecdsaWithSHA384, 'ecdsa-with-SHA384'],
  [SIGNATURE_OIDS.ecdsaWithSHA512, 'ecdsa-with-SHA512'],
  [SIGNATURE_OIDS.dsaWithSHA256, 'dsa_with_SHA256'],
  [KEY_OIDS.rsaEncryption, 'rsaEncryption'],
  [KEY_OIDS.rsassaPss, 'rsassaPss'],
  [KEY_OIDS.ecPublicKey, 'id-ecPublicKey'],
  [KEY_OIDS.dsa, 'dsaEncryption'],
  [KEY_OIDS.ed25519, 'ED25519'],
  [KEY_OIDS.ed448, 'ED448'],
  [KEY_OIDS.mlDsa44, 'ML-DSA-44'],
  [KEY_OIDS.mlDsa65, 'ML-DSA-65'],
  [KEY_OIDS.mlDsa87, 'ML-DSA-87'],
]);

const CURVE_TEXT = {
  'P-256': { bits: 256, names: ['ASN1 OID: prime256v1', 'NIST CURVE: P-256'] },
  'P-384': { bits: 384, names: ['ASN1 OID: secp384r1', 'NIST CURVE: P-384'] },
  'P-521': { bits: 521, names: ['ASN1 OID: secp521r1', 'NIST CURVE: P-521'] },
} as const;

/** Numbers that fit a C long are printed as such. */
function serialLines(serial: Uint8Array): string[] {
  const short = serial.length < 8 || (serial.length === 8 && (serial[0] as number) < 0x80);
  if (!short) return ['        Serial Number:', `            ${colonHex(serial)}`];
  const number = BigInt(`0x${toHex(serial)}`);
  return [`        Serial Number: ${number} (0x${number.toString(16)})`];
}

/** PSS parameters stand below whatever line came last, at one depth; OpenSSL leaves blanks at the end of that line. */
function pssLines(identifier: AlgorithmIdentifier): string[] {
  const algorithm = signatureAlgorithmOf(identifier);
  if (algorithm?.kind !== 'rsa-pss') return [];
  const { hash, mgfHash, saltLength } = algorithm;
  return [
    `        Hash Algorithm: ${hash}`,
    `        Mask Algorithm: mgf1 with ${mgfHash}`,
    `         Salt Length: 0x${evenHex(saltLength)}`,
    '        Trailer Field: 0x01 (default)',
  ];
}

function keyLines(certificate: Certificate): string[] {
  const key = certificate.publicKey;
  if (key === undefined) return unlessMalformed(() => otherKeyLines(certificate)) ?? ['Unable to load Public Key'];
  switch (key.kind) {
    case 'rsa':
    case 'rsa-pss': {
      const e = BigInt(`0x${toHex(key.e)}`);
      return [
        `Public-Key: (${bitLength(key.n)} bit)`,
        'Modulus:',
        ...hexLines(signed(key.n), 15, 4),
        `Exponent: ${e} (0x${e.toString(16)})`,
        ...restrictions(key),
      ];
    }
    case 'ec': {
      const { bits, names } = CURVE_TEXT[key.curve];
      return [`Public-Key: (${bits} bit)`, 'pub:', ...hexLines(key.point, 15, 4), ...names];
    }
    default:
      return [`${algorithmName(certificate.publicKeyAlgorithm.oid)} Public-Key:`, 'pub:', ...hexLines(key.key, 15, 4)];
  }
}

/** Keys that the library has no other use for. */
function otherKeyLines({ publicKeyAlgorithm: { oid, parameters }, publicKeyBytes: key }: Certificate): string[] | undefined {
  if (parameters === undefined) return undefined;
  if (oid === KEY_OIDS.ecPublicKey) {
    const curve = OTHER_CURVES.get(readDer(parameters, (r) => r.oid()));
    return curve && [`Public-Key: (${curve.bits} bit)`, 'pub:', ...hexLines(key, 15, 4), ...curve.names];
  }
  if (oid !== KEY_OIDS.dsa) return undefined;
  const [p, q, g] = readDer(parameters, (r) => r.list(TAG.sequence, (x) => x.unsigned(), 3));
  const lines = (title: string, number: Uint8Array): string[] => [title, ...hexLines(signed(number), 15, 4)];
  if (p === undefined || q === undefined || g === undefined) return undefined;
  const y = readDer(key, (r) => r.unsigned());
  return [`Public-Key: (${bitLength(p)} bit)`, ...lines('pub: ', y), ...lines('P:   ', p), ...lines('Q:   ', q), ...lines('G:   ', g)];
}

const OTHER_CURVES: ReadonlyMap<string, { readonly bits: number; readonly names: readonly string[] }> = new Map([
  ['1.2.840.10045.3.1.1', { bits: 192, names: ['ASN1 OID: prime192v1', 'NIST CURVE: P-192'] }],
  ['1.3.132.0.33', { bits: 224, names: ['ASN1 OID: secp224r1', 'NIST CURVE: P-224'] }],
  ['1.3.132.0.10', { bits: 256, names: ['ASN1 OID: secp256k1'] }],
]);

function restrictions(key: PublicKeySpec): string[] {
  if (key.kind !== 'rsa-pss') return [];
  if (key.parameters === undefined) return ['No PSS parameter restrictions'];
  const { hash, mgfHash, saltLength } = key.parameters;
  return [
    'PSS parameter restrictions:',
    `  Hash Algorithm: ${providerName(hash)}`,
    `  Mask Algorithm: MGF1 with ${providerName(mgfHash)}`,
    `  Minimum Salt Length: ${saltLength}`,
    '  Trailer Field: 0x1 (default)',
  ];
}

/** Keys are printed with the names OpenSSL 3 gives its digests. */
const providerName = (hash: HashName): string => (hash.length === 6 ? `SHA2-${hash.slice(3)}` : hash.toUpperCase());

/** With the zero byte that keeps a number positive. */
const signed = (bytes: Uint8Array): Uint8Array => ((bytes[0] ?? 0) >= 0x80 ? Uint8Array.from([0, ...bytes]) : bytes);

function extensionLines(certificate: Certificate): string[] {
  if (certificate.extensionList.length === 0) return [];
  return ['        X509v3 extensions:', ...certificate.extensionList.flatMap((extension) => oneExtension(certificate, extension))];
}

function oneExtension(certificate: Certificate, extension: Extension): string[] {
  const title = EXTENSION_TITLES.get(extension.oid) ?? extension.oid;
  return [`            ${title}: ${extension.critical ? 'critical' : ''}`, ...extensionText(certificate, extension, 16)];
}

/** What OpenSSL calls an extension in print. */
export const EXTENSION_TITLES: ReadonlyMap<string, string> = new Map([
  [EXTENSION_OIDS.basicConstraints, 'X509v3 Basic Constraints'],
  [EXTENSION_OIDS.keyUsage, 'X509v3 Key Usage'],
  [EXTENSION_OIDS.extKeyUsage, 'X509v3 Extended Key Usage'],
  [EXTENSION_OIDS.subjectKeyIdentifier, 'X509v3 Subject Key Identifier'],
  [EXTENSION_OIDS.authorityKeyIdentifier, 'X509v3 Authority Key Identifier'],
  [EXTENSION_OIDS.subjectAltName, 'X509v3 Subject Alternative Name'],
  [EXTENSION_OIDS.issuerAltName, 'X509v3 Issuer Alternative Name'],
  [EXTENSION_OIDS.nameConstraints, 'X509v3 Name Constraints'],
  [EXTENSION_OIDS.certificatePolicies, 'X509v3 Certificate Policies'],
  [EXTENSION_OIDS.policyConstraints, 'X509v3 Policy Constraints'],
  [EXTENSION_OIDS.inhibitAnyPolicy, 'X509v3 Inhibit Any Policy'],
  [EXTENSION_OIDS.policyMappings, 'X509v3 Policy Mappings'],
  [EXTENSION_OIDS.cRLDistributionPoints, 'X509v3 CRL Distribution Points'],
  [EXTENSION_OIDS.freshestCRL, 'X509v3 Freshest CRL'],
  [EXTENSION_OIDS.authorityInfoAccess, 'Authority Information Access'],
  [EXTENSION_OIDS.subjectInfoAccess, 'Subject Information Access'],
  [EXTENSION_OIDS.proxyCertInfo, 'Proxy Certificate Information'],
  [EXTENSION_OIDS.tlsFeature, 'TLS Feature'],
  [EXTENSION_OIDS.ocspNoCheck, 'OCSP No Check'],
  [EXTENSION_OIDS.signedCertificateTimestamps, 'CT Precertificate SCTs'],
  [EXTENSION_OIDS.precertificatePoison, 'CT Precertificate Poison'],
  [EXTENSION_OIDS.nsComment, 'Netscape Comment'],
  [EXTENSION_OIDS.privateKeyUsagePeriod, 'X509v3 Private Key Usage Period'],
  [EXTENSION_OIDS.nsCertType, 'Netscape Cert Type'],
]);
