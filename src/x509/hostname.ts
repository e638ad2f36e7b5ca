import { sameBytes } from '../bytes/bytes.ts';
import { ATTRIBUTE_OIDS } from '../registry/oids.ts';
import { X509_CHECK_FLAG } from '../registry/x509-flags.ts';
import type { Certificate } from './certificate.ts';
import { isNumber } from './ip-address.ts';

export { parseIp } from './ip-address.ts';

/**
 * The name in the certificate that covers a host name (RFC 9525), or undefined. Only dNSName entries count; one `*` may
 * stand for the whole left-most label. The name is ASCII: U-labels must have become A-labels. A leading dot asks for any
 * name below the domain, as in OpenSSL. `flags` are `X509_CHECK_FLAG`; partial wildcards are refused whatever they say.
 */
export function matchHost(certificate: Certificate, host: string, flags = 0): string | undefined {
  const reference = normalize(host);
  if (reference === undefined) return undefined;
  return presentedNames(certificate, flags).find((presented) => matchesName(presented, reference, flags));
}

/** Whether an iPAddress entry has exactly these 4 or 16 bytes (RFC 9525, 6.4). Never by name, never by wildcard. */
export const matchIp = (certificate: Certificate, address: Uint8Array): boolean =>
  (certificate.extensions.subjectAltName ?? []).some((name) => name.kind === 'ip' && sameBytes(name.value, address));

/** Whether the certificate is for a mail address: the local part as it stands, the domain in any case (RFC 5280, 7.5). */
export function matchEmail(certificate: Certificate, address: string, flags = 0): boolean {
  const sought = foldDomain(address);
  if (sought === undefined) return false;
  const names = certificate.extensions.subjectAltName ?? [];
  const inNames = names.flatMap((name) => (name.kind === 'email' ? [name.value] : []));
  const inSubject = inNames.length === 0 && mayUseSubject(flags) ? certificate.subject.values(ATTRIBUTE_OIDS.emailAddress) : [];
  return [...inNames, ...inSubject].some((candidate) => foldDomain(candidate) === sought);
}

/**
 * The labels of a DNS name in lower case; undefined for what is none, an IPv4 address included. `allowWildcard` admits a
 * `*` as the first label.
 */
export function dnsLabels(name: string, allowWildcard = false): string[] | undefined {
  if (name.length === 0 || name.length > 253) return undefined;
  const labels = asciiLower(name).split('.');
  const fits = labels.every((label, i) => isLabel(label) || (allowWildcard && i === 0 && label === '*' && labels.length > 1));
  // No top-level domain is a number, so what ends in one is an address (RFC 9525, 6.3; RFC 1123, 2.1).
  return fits && !isNumber(labels[labels.length - 1] ?? '') ? labels : undefined;
}

/** ASCII letters in lower case, all else untouched: `toLowerCase` would fold characters that no DNS name has. */
export function asciiLower(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) return text.slice(0, i) + foldFrom(text, i);
  }
  return text;
}

function foldFrom(text: string, start: number): string {
  let out = '';
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += code >= 0x41 && code <= 0x5a ? String.fromCharCode(code + 32) : text.charAt(i);
  }
  return out;
}

interface Reference {
  /** In lower case, without a dot at either end. */
  readonly name: string;
  readonly labels: readonly string[];
  /** Whether the caller asked for anything below the name, with a leading dot. */
  readonly below: boolean;
}

/** RFC 9525, 6.2: the absolute form with a trailing dot names the same host. */
function normalize(host: string): Reference | undefined {
  const below = host.startsWith('.') && host.length > 1;
  const bare = host.slice(below ? 1 : 0, host.endsWith('.') && host.length > 1 ? -1 : undefined);
  const labels = dnsLabels(bare);
  return labels && { name: asciiLower(bare), labels, below };
}

function presentedNames(certificate: Certificate, flags: number): string[] {
  const alternatives = certificate.extensions.subjectAltName ?? [];
  const names: string[] = [];
  for (const name of alternatives) if (name.kind === 'dns') names.push(name.value);
  // RFC 9525, 2: the common name is no DNS name. Whoever still needs it asks for it, and gets it only for want of any other name.
  const asked = (flags & X509_CHECK_FLAG.ALWAYS_CHECK_SUBJECT) !== 0 && mayUseSubject(flags);
  return asked && alternatives.length === 0 ? certificate.subject.values(ATTRIBUTE_OIDS.CN) : names;
}

const mayUseSubject = (flags: number): boolean => (flags & X509_CHECK_FLAG.NEVER_CHECK_SUBJECT) === 0;

function matchesName(presented: string, { name, labels, below }: Reference, flags: number): boolean {
  // What equals a valid name is one itself.
  if (!below && !presented.startsWith('*')) return presented.length === name.length && asciiLower(presented) === name;
  const pattern = dnsLabels(presented, true);
  if (pattern === undefined) return false;
  if (below) return pattern[0] !== '*' && isBelow(pattern, labels, flags);
  // A wildcard directly under a top-level domain would cover everybody's hosts.
  if ((flags & X509_CHECK_FLAG.NO_WILDCARDS) !== 0 || pattern.length < 3) return false;
  const covered = labels.length - (pattern.length - 1);
  const many = (flags & X509_CHECK_FLAG.MULTI_LABEL_WILDCARDS) !== 0;
  return (many ? covered >= 1 : covered === 1) && sameLabels(pattern.slice(1), labels.slice(covered));
}

function isBelow(presented: readonly string[], domain: readonly string[], flags: number): boolean {
  const extra = presented.length - domain.length;
  const one = (flags & X509_CHECK_FLAG.SINGLE_LABEL_SUBDOMAINS) !== 0;
  return (one ? extra === 1 : extra >= 1) && sameLabels(presented.slice(extra), domain);
}

const sameLabels = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((label, i) => label === b[i]);

/** Letters, digits, hyphens not at the ends, and the underscore that service names have (RFC 1034, 3.5; RFC 8552). */
function isLabel(label: string): boolean {
  if (label.length === 0 || label.length > 63 || label.startsWith('-') || label.endsWith('-')) return false;
  for (let i = 0; i < label.length; i++) {
    const code = label.charCodeAt(i);
    const letter = code >= 0x61 && code <= 0x7a;
    const digit = code >= 0x30 && code <= 0x39;
    if (!letter && !digit && code !== 0x2d && code !== 0x5f) return false;
  }
  return true;
}

function foldDomain(address: string): string | undefined {
  const at = address.lastIndexOf('@');
  return at < 1 || at === address.length - 1 || address.includes('\0')
    ? undefined
    : address.slice(0, at + 1) + asciiLower(address.slice(at + 1));
}
