import { domainToASCII } from 'node:url';
import type { Certificate } from '../x509/certificate.ts';
import { matchHost, matchIp } from '../x509/hostname.ts';
import { addressText, parseIp } from '../x509/ip-address.ts';
import { net } from './builtins.ts';
import { withCode } from './errors.ts';
import type { PeerCertificate } from './negotiated.ts';

/**
 * tls.checkServerIdentity: whether a certificate, in the form of `getPeerCertificate`, is one for a host name or an address; undefined
 * if it is. Names in subjectAltName count alone where there are any, else the common name does; a wildcard stands in the
 * leftmost label (RFC 9525, 6.3).
 */
export function checkServerIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  const { subject, subjectaltname } = certificate;
  const names = typeof subjectaltname === 'string' ? splitNames(subjectaltname) : [];
  const reason = mismatch(withoutDot(String(host)), names, commonNames(subject), subjectaltname);
  if (reason === undefined) return undefined;
  const message = `Hostname/IP does not match certificate's altnames: ${reason}`;
  return withCode('ERR_TLS_CERT_ALTNAME_INVALID', message, { reason, host: withoutDot(String(host)), cert: certificate });
}

/**
 * Whether a certificate names a host or an address beyond doubt, so that `checkServerIdentity` has nothing to say against it. It reads the
 * parsed certificate: the form that `checkServerIdentity` takes costs as much as the rest of a handshake.
 */
export function names(certificate: Certificate, host: string): boolean {
  const address = parseIp(host);
  if (address !== undefined) return matchIp(certificate, address);
  const name = host.startsWith('.') ? undefined : matchHost(certificate, host);
  return name !== undefined && (!name.startsWith('*') || name.split('.').length > 2);
}

function mismatch(host: string, names: readonly string[], common: readonly string[], list: unknown): string | undefined {
  const dns = behind('DNS:', names);
  if (net.isIP(host) !== 0) {
    const addresses = behind('IP Address:', names).map(canonical);
    return addresses.includes(canonical(host)) ? undefined : `IP: ${host} is not in the cert's list: ${addresses.join(', ')}`;
  }
  const labels = labelsOf(domainToASCII(host));
  if (dns.length > 0) return dns.some((name) => fits(labels, name)) ? undefined : `Host: ${host}. is not in the cert's altnames: ${list}`;
  if (common.length === 0) return 'Cert does not contain a DNS name';
  return common.some((name) => fits(labels, name)) ? undefined : `Host: ${host}. is not cert's CN: ${common}`;
}

/** Whether a name of a certificate stands for a host. */
function fits(host: readonly string[], name: string): boolean {
  const pattern = labelsOf(name);
  // Letters beyond ASCII are compared by nobody in the same way, blanks and control characters by nobody at all.
  if (pattern.length !== host.length || pattern.some((label) => label === '' || /[^!-\u007f]/.test(label))) return false;
  const [first = '', ...rest] = pattern;
  const [own = ''] = host;
  if (rest.some((label, i) => label !== host[i + 1])) return false;
  const [before = '', after, ...more] = first.split('*');
  // RFC 9525, 6.3: no wildcard within an A-label, and none that would stand for every name of a top-level domain.
  if (after === undefined || first.includes('xn--')) return first === own;
  return (
    more.length === 0 && pattern.length > 2 && before.length + after.length <= own.length && own.startsWith(before) && own.endsWith(after)
  );
}

const withoutDot = (name: string): string => (name.endsWith('.') ? name.slice(0, -1) : name);
const labelsOf = (name: string): string[] =>
  withoutDot(name)
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .split('.');
const behind = (prefix: string, names: readonly string[]): string[] =>
  names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));

/** One spelling for each address; nothing for what is none. */
function canonical(address: string): string {
  const bytes = parseIp(address);
  return bytes === undefined ? '' : addressText(bytes);
}

function commonNames(subject: unknown): readonly string[] {
  const name = typeof subject === 'object' && subject !== null && 'CN' in subject ? subject.CN : undefined;
  if (Array.isArray(name)) return name.map(String);
  return name === undefined || name === '' ? [] : [String(name)];
}

/** Node writes a name that holds a comma or a quote as a JSON string, so that nobody can smuggle a second name into one (CVE-2021-44532). */
const QUOTED = /^"(?:[^"\\]|\\.)*"/;

function splitNames(list: string): string[] {
  const names: string[] = [];
  let name = '';
  for (let rest = list; rest !== ''; ) {
    if (rest.startsWith(', ')) {
      names.push(name);
      name = '';
      rest = rest.slice(2);
    } else if (rest.startsWith('"')) {
      const quoted = QUOTED.exec(rest)?.[0];
      if (quoted === undefined) throw malformedNames();
      name += unquoted(quoted);
      rest = rest.slice(quoted.length);
    } else {
      const plain = /^[^",]+|^./s.exec(rest)?.[0] ?? rest;
      name += plain;
      rest = rest.slice(plain.length);
    }
  }
  return [...names, name];
}

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw malformedNames();
  }
}

const malformedNames = (): Error => withCode('ERR_TLS_CERT_ALTNAME_FORMAT', 'Invalid subject alternative name string', {}, SyntaxError);
