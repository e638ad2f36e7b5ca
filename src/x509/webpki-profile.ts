import { sameBytes } from '../bytes/bytes.ts';
import { EXTENSION_OIDS, KEY_OIDS, PURPOSE_OIDS } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import type { Certificate } from './certificate.ts';
import type { Role } from './check-certificate.ts';
import { commonNames } from './common-names.ts';
import { asciiLower } from './hostname.ts';
import { addressText } from './ip-address.ts';
import { bitLength } from './strength.ts';

/**
 * What the CA/Browser Forum's Baseline Requirements (7.1) add to RFC 5280 for certificates of public servers, where it can
 * be seen in the certificate. Off unless asked for: private authorities need not keep these rules, and many do not.
 */
export function webpkiProblems(certificate: Certificate, role: Role, isPublicSuffix?: (domain: string) => boolean): X509VerifyResult[] {
  const rules = [
    ...keyRules(certificate, role),
    ...(role === 'leaf' || role === 'proxyIssuer' ? subscriberRules(certificate, isPublicSuffix) : authorityRules(certificate, role)),
  ];
  return rules.filter(([broken]) => broken).map(([, result]) => result);
}

type Rule = readonly [broken: boolean, result: X509VerifyResult];

/** 6.1.5: RSA of 2048 bits or more in whole bytes, or one of the three NIST curves. */
function keyRules(certificate: Certificate, role: Role): Rule[] {
  const key = certificate.publicKey;
  const { oid } = certificate.publicKeyAlgorithm;
  const bits = key?.kind === 'rsa' ? bitLength(key.n) : 0;
  const allowed = (oid === KEY_OIDS.rsaEncryption && bits >= 2048 && bits % 8 === 0) || key?.kind === 'ec';
  return [[!allowed, role === 'leaf' ? 'EE_KEY_TOO_SMALL' : 'CA_KEY_TOO_SMALL']];
}

/** 7.1.2.7 */
function subscriberRules(certificate: Certificate, isPublicSuffix: ((domain: string) => boolean) | undefined): Rule[] {
  const { subjectAltName = [], extKeyUsage, basicConstraints, authorityKeyIdentifier } = certificate.extensions;
  const hosts = subjectAltName.flatMap((name) => (name.kind === 'dns' ? [name.value] : []));
  const addresses = subjectAltName.flatMap((name) => (name.kind === 'ip' ? [addressText(name.value)] : []));
  return [
    [certificate.version !== 3, 'EXTENSIONS_REQUIRE_VERSION_3'],
    [subjectAltName.length === 0, 'EMPTY_SUBJECT_ALT_NAME'],
    // 7.1.2.7.12: critical if and only if the subject is empty.
    [certificate.isCritical(EXTENSION_OIDS.subjectAltName) !== certificate.subject.empty, 'INVALID_EXTENSION'],
    [commonNames(certificate).some((name) => isStray(name, hosts, addresses)), 'APPLICATION_VERIFICATION'],
    [hosts.some((name) => isSuffixWildcard(name, isPublicSuffix)), 'APPLICATION_VERIFICATION'],
    // 7.1.2.7.10
    [!(extKeyUsage?.includes(PURPOSE_OIDS.serverAuth) ?? false), 'INVALID_PURPOSE'],
    [extKeyUsage?.includes(PURPOSE_OIDS.anyExtendedKeyUsage) ?? false, 'INVALID_PURPOSE'],
    [certificate.isCritical(EXTENSION_OIDS.extKeyUsage), 'INVALID_EXTENSION'],
    [basicConstraints?.ca === true, 'INVALID_NON_CA'],
    [authorityKeyIdentifier?.issuer !== undefined || authorityKeyIdentifier?.serialNumber !== undefined, 'INVALID_EXTENSION'],
  ];
}

/**
 * 7.1.4.3: a common name is one of the alternative names, to the letter: A-labels as they stand, addresses in the form of RFC 5952.
 * A host next to nothing but addresses is let pass, as it cannot be mistaken for one of them.
 */
function isStray(name: string, hosts: readonly string[], addresses: readonly string[]): boolean {
  if (looksLikeAddress(name)) return !addresses.includes(name);
  return hosts.length > 0 && looksLikeHost(name) && !hosts.includes(name);
}

const looksLikeHost = (name: string): boolean => name.includes('.') && !name.includes(' ');

/** Digits, hexadecimal ones included, with dots or colons: what some parser may take for an address. */
function looksLikeAddress(name: string): boolean {
  const first = name.charAt(0);
  const begins = (first >= '0' && first <= '9') || name.includes(':');
  return begins && [...name].every((character) => '0123456789abcdefABCDEFxX.:'.includes(character));
}

/** 7.1.2.1, 7.1.2.5 and 7.1.2.11.1 */
function authorityRules(certificate: Certificate, role: Role): Rule[] {
  const { extKeyUsage, authorityKeyIdentifier: aki, subjectKeyIdentifier: ski } = certificate.extensions;
  const ownKey = aki?.keyIdentifier !== undefined && ski !== undefined && sameBytes(aki.keyIdentifier, ski);
  const root = role === 'anchor' && certificate.selfIssued;
  return [
    [root && extKeyUsage !== undefined, 'INVALID_PURPOSE'],
    [aki?.issuer !== undefined || aki?.serialNumber !== undefined, 'INVALID_EXTENSION'],
    [root && aki !== undefined && !ownKey, 'AKID_SKID_MISMATCH'],
  ];
}

/** 3.2.2.6: nobody controls all names directly below a public suffix. */
function isSuffixWildcard(name: string, isPublicSuffix: ((domain: string) => boolean) | undefined): boolean {
  return name.startsWith('*.') && isPublicSuffix?.(asciiLower(name.slice(2))) === true;
}
