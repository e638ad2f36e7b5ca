import { ATTRIBUTE_OIDS } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import type { Budget } from './budget.ts';
import type { Certificate } from './certificate.ts';
import type { NameConstraints, Subtree } from './extensions.ts';
import type { GeneralName, GeneralNameKind } from './general-name.ts';
import { asciiLower, dnsLabels } from './hostname.ts';

/**
 * Whether all names of a certificate are inside what an authority above it permits and outside what it excludes (RFC 5280,
 * 4.2.1.10 and 6.1.3 (b), (c)). Undefined where they are. A name or a constraint that cannot be judged is a failure.
 */
export function constraintProblem(
  certificate: Certificate,
  isLeaf: boolean,
  constraints: NameConstraints,
  budget: Budget,
): X509VerifyResult | undefined {
  const { permitted, excluded } = constraints;
  // RFC 5280, 4.2.1.10: minimum is 0 and maximum absent, in this profile.
  if ([...permitted, ...excluded].some((subtree) => subtree.bounded)) return 'SUBTREE_MINMAX';
  const names = constrainedNames(certificate, isLeaf);
  budget.spend('nameComparisons', names.length * (permitted.length + excluded.length));
  for (const name of names) {
    const problem = nameProblem(name, permitted, excluded);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** All that a certificate calls its subject: alternative names, the subject itself, and mail addresses and hosts in it. */
function constrainedNames(certificate: Certificate, isLeaf: boolean): GeneralName[] {
  const { subject } = certificate;
  const alternatives = certificate.extensions.subjectAltName ?? [];
  const names: GeneralName[] = [...alternatives];
  if (!subject.empty) names.push({ kind: 'directory', value: subject });
  for (const value of subject.values(ATTRIBUTE_OIDS.emailAddress)) names.push({ kind: 'email', value });
  // A common name is taken for a host only where there is no alternative name; then it must not lead around the constraints.
  if (isLeaf && alternatives.length === 0) {
    for (const value of subject.values(ATTRIBUTE_OIDS.CN))
      if (value.includes('.') && dnsLabels(value, true) !== undefined) names.push({ kind: 'dns', value });
  }
  return names;
}

function nameProblem(name: GeneralName, permitted: readonly Subtree[], excluded: readonly Subtree[]): X509VerifyResult | undefined {
  let limited = false;
  let allowed = false;
  for (const { base } of permitted) {
    if (base.kind !== name.kind) continue;
    limited = true;
    const answer = isWithin(name, base, 'entirely');
    if (typeof answer === 'string') return answer;
    allowed ||= answer;
  }
  if (limited && !allowed) return 'PERMITTED_VIOLATION';
  for (const { base } of excluded) {
    if (base.kind !== name.kind) continue;
    const answer = isWithin(name, base, 'partly');
    if (typeof answer === 'string') return answer;
    if (answer) return 'EXCLUDED_VIOLATION';
  }
  return undefined;
}

/** A wildcard stands for many names: permission must cover all of them, exclusion needs to touch but one. */
type Extent = 'entirely' | 'partly';

type Answer = boolean | X509VerifyResult;

function isWithin(name: GeneralName, base: GeneralName, extent: Extent): Answer {
  const rule: ((name: GeneralName, base: GeneralName, extent: Extent) => Answer) | undefined = RULES[name.kind];
  return rule === undefined ? 'UNSUPPORTED_CONSTRAINT_TYPE' : rule(name, base, extent);
}

const RULES: { readonly [K in GeneralNameKind]?: (name: GeneralName, base: GeneralName, extent: Extent) => Answer } = {
  dns: (name, base, extent) => dnsWithin(text(name), text(base), extent),
  email: (name, base) => emailWithin(text(name), text(base)),
  uri: (name, base) => uriWithin(text(name), text(base)),
  ip: (name, base) => ipWithin(bytes(name), bytes(base)),
  directory: (name, base) => name.kind === 'directory' && base.kind === 'directory' && name.value.isWithin(base.value),
};

const text = (name: GeneralName): string => (typeof name.value === 'string' ? name.value : '');

const bytes = (name: GeneralName): Uint8Array => (name.value instanceof Uint8Array ? name.value : new Uint8Array(0));

/** The domain itself and all below it; an empty constraint is the root of all. */
function dnsWithin(name: string, base: string, extent: Extent): Answer {
  const domain = base === '' ? [] : dnsLabels(base);
  if (domain === undefined) return 'UNSUPPORTED_CONSTRAINT_SYNTAX';
  const labels = dnsLabels(name, true);
  if (labels === undefined) return 'UNSUPPORTED_NAME_SYNTAX';
  if (labels[0] !== '*') return endsWith(labels, domain);
  const parent = labels.slice(1);
  // `*.example.com` also stands for `bar.example.com`: excluding the latter excludes the former.
  return endsWith(parent, domain) || (extent === 'partly' && endsWith(domain, parent) && domain.length === labels.length);
}

/** A mailbox, all mailboxes of a host, or with a leading dot all those of the hosts below a domain. */
function emailWithin(name: string, base: string): Answer {
  const address = mailbox(name);
  if (address === undefined) return 'UNSUPPORTED_NAME_SYNTAX';
  if (!base.includes('@')) return hostWithin(address.host, base);
  const only = mailbox(base);
  if (only === undefined) return 'UNSUPPORTED_CONSTRAINT_SYNTAX';
  return address.local === only.local && address.host === only.host;
}

/** RFC 5280, 4.2.1.10: the constraint is on the host of the URI, which must be a name and not an address. */
function uriWithin(name: string, base: string): Answer {
  const host = uriHost(name);
  return host === undefined ? 'UNSUPPORTED_NAME_SYNTAX' : hostWithin(host, base);
}

/** A host to the letter, or with a leading dot all hosts below a domain. */
function hostWithin(host: string, base: string): Answer {
  if (base === '') return true;
  const below = base.startsWith('.');
  const domain = dnsLabels(below ? base.slice(1) : base);
  const labels = dnsLabels(host);
  if (domain === undefined) return 'UNSUPPORTED_CONSTRAINT_SYNTAX';
  if (labels === undefined) return 'UNSUPPORTED_NAME_SYNTAX';
  return endsWith(labels, domain) && (below ? labels.length > domain.length : labels.length === domain.length);
}

/** An address and a mask (RFC 4632 style: ones, then zeros); addresses of the other family are not within. */
function ipWithin(address: Uint8Array, base: Uint8Array): Answer {
  const length = base.length / 2;
  if (length !== 4 && length !== 16) return 'UNSUPPORTED_CONSTRAINT_SYNTAX';
  if (address.length !== 4 && address.length !== 16) return 'UNSUPPORTED_NAME_SYNTAX';
  const mask = base.subarray(length);
  if (!isPrefixMask(mask)) return 'UNSUPPORTED_CONSTRAINT_SYNTAX';
  return address.length === length && mask.every((bits, i) => (((address[i] as number) ^ (base[i] as number)) & bits) === 0);
}

function isPrefixMask(mask: Uint8Array): boolean {
  let ended = false;
  for (let i = 0; i < mask.length * 8; i++) {
    const one = (((mask[i >> 3] as number) << (i & 7)) & 0x80) !== 0;
    if (one && ended) return false;
    ended ||= !one;
  }
  return true;
}

function mailbox(address: string): { readonly local: string; readonly host: string } | undefined {
  const at = address.lastIndexOf('@');
  const host = address.slice(at + 1);
  return at < 1 || dnsLabels(host) === undefined ? undefined : { local: address.slice(0, at), host: asciiLower(host) };
}

/** The host of `scheme://user@host:port/…` (RFC 3986, 3.2); undefined where there is none or it is an address literal. */
function uriHost(uri: string): string | undefined {
  const start = uri.indexOf('://');
  if (start < 1) return undefined;
  let end = start + 3;
  while (end < uri.length && !'/?#'.includes(uri.charAt(end))) end++;
  const authority = uri.slice(start + 3, end);
  const hostAndPort = authority.slice(authority.lastIndexOf('@') + 1);
  const colon = hostAndPort.indexOf(':');
  const host = colon < 0 ? hostAndPort : hostAndPort.slice(0, colon);
  return dnsLabels(host) === undefined ? undefined : host;
}

function endsWith(labels: readonly string[], domain: readonly string[]): boolean {
  const extra = labels.length - domain.length;
  return extra >= 0 && domain.every((label, i) => label === labels[extra + i]);
}
