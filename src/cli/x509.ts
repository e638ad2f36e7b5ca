/** `libssl x509`: a certificate and its parts, printed as `openssl x509` does. */
import { writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { provider } from '#provider';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { pemText } from '../asn1/pem.ts';
import { toHex } from '../bytes/bytes.ts';
import type { HashName } from '../crypto/provider.ts';
import { ACCESS_OIDS, EXTENSION_OIDS } from '../registry/oids.ts';
import { type Certificate, parseCertificates } from '../x509/certificate.ts';
import { matchEmail, matchHost, matchIp } from '../x509/hostname.ts';
import { parseIp } from '../x509/ip-address.ts';
import { nameHash } from '../x509/name-hash.ts';
import { type NameStyle, nameText } from '../x509/name-text.ts';
import { isPkcs12, pkcs12Identity } from '../x509/pkcs12.ts';
import { certificateText, EXTENSION_TITLES } from '../x509/text.ts';
import { extensionText } from '../x509/text-extensions.ts';
import { timeText } from '../x509/text-parts.ts';
import { type Arguments, helpText, type OptionGroup, parseArguments, usage } from './arguments.ts';
import { readInput, readPkcs12 } from './identity-options.ts';
import { type Command, type Terminal, UsageError } from './terminal.ts';

const DIGESTS: readonly HashName[] = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

const GROUPS: readonly OptionGroup[] = [
  {
    title: 'General options',
    options: [
      { name: 'help', help: 'Display this summary' },
      { name: 'in', value: 'infile', help: 'Certificate input (default stdin)' },
      { name: 'inform', value: 'PEM|DER|P12', help: 'Has no effect: all are recognized' },
      { name: 'passin', value: 'val', help: 'Password of a PKCS #12 file: pass:…, env:…, file:…' },
      { name: 'out', value: 'outfile', help: 'Output file (default stdout)' },
      { name: 'outform', value: 'PEM|DER', help: 'Output format (default PEM)' },
      { name: 'nameopt', value: 'val', help: 'Name style: oneline, rfc2253 or compat' },
      { name: 'noout', help: 'No certificate output' },
    ],
  },
  {
    title: 'Certificate printing options',
    options: [
      { name: 'text', help: 'Print the certificate in text form' },
      { name: 'subject', help: 'Print subject DN' },
      { name: 'issuer', help: 'Print issuer DN' },
      { name: 'dates', help: 'Print both notBefore and notAfter' },
      { name: 'startdate', help: 'Print the notBefore field' },
      { name: 'enddate', help: 'Print the notAfter field' },
      { name: 'serial', help: 'Print serial number' },
      { name: 'fingerprint', help: 'Print the certificate fingerprint' },
      ...DIGESTS.map((name) => ({ name, help: `Fingerprint with ${name}` })),
      { name: 'ext', value: 'val', help: 'Print these extensions, by their names joined by commas' },
      { name: 'pubkey', help: 'Print the public key in PEM format' },
      { name: 'modulus', help: 'Print the RSA key modulus' },
      { name: 'hash', help: 'Print subject hash value' },
      { name: 'subject_hash', help: 'The same' },
      { name: 'issuer_hash', help: 'Print issuer hash value' },
      { name: 'email', help: 'Print email addresses' },
      { name: 'ocsp_uri', help: 'Print OCSP Responder URLs' },
    ],
  },
  {
    title: 'Certificate checking options',
    options: [
      { name: 'checkend', value: 'seconds', help: 'Exit with 1 if it expires within so many seconds' },
      { name: 'checkhost', value: 'val', help: 'Check whether it matches a host' },
      { name: 'checkemail', value: 'val', help: 'Check whether it matches an email address' },
      { name: 'checkip', value: 'val', help: 'Check whether it matches an IP address' },
    ],
  },
];

export const x509: Command = {
  summary: 'shows certificates',
  async run(words, terminal) {
    const args = parseArguments(words, GROUPS);
    if (args.has('help')) {
      terminal.output.write(helpText('libssl x509 [options]', GROUPS));
      return 0;
    }
    if (args.rest.length > 0) usage(`Extra option: "${args.rest[0]}"`);
    const certificate = await load(args, terminal);
    if (certificate === undefined) return 1;
    const view: View = { certificate, args, style: styleOf(args), digest: DIGESTS.find((name) => args.has(name)) };
    for (const [name] of args.given) {
      if (name === 'ext') terminal.errors.write(missingExtensions(view));
      terminal.output.write(PRINTERS[name]?.(view) ?? '');
    }
    return finish(view, terminal);
  },
};

interface View {
  readonly certificate: Certificate;
  readonly args: Arguments;
  readonly style: NameStyle;
  readonly digest: HashName | undefined;
}

/** In a PKCS #12 file the first certificate is that of its key. */
function firstOf(bytes: Uint8Array, password: string | undefined): Certificate | undefined {
  if (!isPkcs12(bytes)) return parseCertificates(bytes)[0];
  const { certificate, others } = pkcs12Identity(readPkcs12(bytes, password), provider);
  return certificate ?? others[0];
}

async function load(args: Arguments, { input, errors }: Terminal): Promise<Certificate | undefined> {
  const path = args.text('in');
  try {
    const first = firstOf(path === undefined ? await buffer(input) : readInput(path, 'certificate'), args.text('passin'));
    if (first !== undefined) return first;
    errors.write(`Could not read certificate from ${path ?? '<stdin>'}\n`);
  } catch (error) {
    if (error instanceof UsageError) errors.write(`${error.message}\n`);
    else if (error instanceof Asn1Error) errors.write(`Could not read certificate from ${path ?? '<stdin>'}: ${error.message}\n`);
    else throw error;
  }
  errors.write('Unable to load certificate\n');
  return undefined;
}

function styleOf(args: Arguments): NameStyle {
  switch (args.text('nameopt')?.toLowerCase()) {
    case 'rfc2253':
      return 'rfc2253';
    case 'compat':
      return 'slash';
    default:
      return 'oneline';
  }
}

/** What each option prints; they are printed in the order in which they were given. */
const PRINTERS: Readonly<Record<string, (view: View) => string>> = {
  text: ({ certificate }) => certificateText(certificate),
  subject: ({ certificate, style }) => `subject=${nameText(certificate.subject, style)}\n`,
  issuer: ({ certificate, style }) => `issuer=${nameText(certificate.issuer, style)}\n`,
  dates: (view) => `${startText(view)}${endText(view)}`,
  startdate: (view) => startText(view),
  enddate: (view) => endText(view),
  serial: ({ certificate }) => `serial=${toHex(certificate.serialNumber).toUpperCase()}\n`,
  fingerprint: ({ certificate, digest }) =>
    `${digest ?? 'SHA1'} Fingerprint=${colons(provider.digest(digest ?? 'sha1', certificate.der))}\n`,
  ext: (view) => extensionsOf(view),
  pubkey: ({ certificate }) => pemText('PUBLIC KEY', certificate.spki),
  modulus: ({ certificate: { publicKey } }) =>
    `Modulus=${
      publicKey !== undefined && 'n' in publicKey
        ? toHex(publicKey.n)
            .replace(/^(00)+/, '')
            .toUpperCase()
        : 'No modulus for this public key type'
    }\n`,
  hash: ({ certificate }) => `${nameHash(certificate.subject, provider)}\n`,
  subject_hash: ({ certificate }) => `${nameHash(certificate.subject, provider)}\n`,
  issuer_hash: ({ certificate }) => `${nameHash(certificate.issuer, provider)}\n`,
  email: ({ certificate }) => lines(emailsOf(certificate)),
  ocsp_uri: ({ certificate }) => lines(respondersOf(certificate)),
};

const startText = ({ certificate }: View): string => `notBefore=${timeText(certificate.notBefore)}\n`;
const endText = ({ certificate }: View): string => `notAfter=${timeText(certificate.notAfter)}\n`;
const colons = (bytes: Uint8Array): string => Array.from(bytes, (byte) => toHex(Uint8Array.of(byte)).toUpperCase()).join(':');
const lines = (values: readonly string[]): string => values.map((value) => `${value}\n`).join('');

/** Of the subject, then of subjectAltName, each once (X509_get1_email(3)). */
function emailsOf({ subject, extensions }: Certificate): readonly string[] {
  const alternative = (extensions.subjectAltName ?? []).flatMap((name) => (name.kind === 'email' ? [name.value] : []));
  return [...new Set([...subject.values('1.2.840.113549.1.9.1'), ...alternative])];
}

const respondersOf = ({ extensions }: Certificate): readonly string[] =>
  (extensions.authorityInfoAccess ?? []).flatMap(({ method, location }) =>
    method === ACCESS_OIDS.ocsp && location.kind === 'uri' ? [location.value] : [],
  );

// ---- extensions

/** OpenSSL's short names, where they are not the RFC's. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  extendedKeyUsage: EXTENSION_OIDS.extKeyUsage,
  crlDistributionPoints: EXTENSION_OIDS.cRLDistributionPoints,
  freshestCRL: EXTENSION_OIDS.freshestCRL,
  tlsfeature: EXTENSION_OIDS.tlsFeature,
  ct_precert_scts: EXTENSION_OIDS.signedCertificateTimestamps,
  ct_precert_poison: EXTENSION_OIDS.precertificatePoison,
  noCheck: EXTENSION_OIDS.ocspNoCheck,
};

const chosen = ({ certificate, args }: View) => {
  const oids = (args.text('ext') ?? '')
    .split(',')
    .map((name) => SHORT_NAMES[name] ?? (EXTENSION_OIDS as Readonly<Record<string, string>>)[name] ?? name);
  return certificate.extensionList.filter(({ oid }) => oids.includes(oid));
};

const extensionsOf = (view: View): string =>
  chosen(view)
    .map((extension) => {
      const title = EXTENSION_TITLES.get(extension.oid) ?? extension.oid;
      const body = extensionText(view.certificate, extension, 4).map((line) => `${line}\n`);
      return `${title}: ${extension.critical ? 'critical' : ''}\n${body.join('')}`;
    })
    .join('');

const missingExtensions = (view: View): string => (chosen(view).length > 0 ? '' : 'No extensions in certificate\n');

// ---- checks and output

function finish(view: View, { output }: Terminal): number {
  const { certificate, args } = view;
  const within = args.number('checkend');
  if (within !== undefined) {
    const expires = certificate.notAfter < Math.floor(Date.now() / 1000) + within;
    output.write(`Certificate will ${expires ? '' : 'not '}expire\n`);
    return expires ? 1 : 0;
  }
  output.write(checksOf(view));
  if (!args.has('noout')) writeCertificate(certificate, args, output);
  return 0;
}

function checksOf({ certificate, args }: View): string {
  const [host, email, ip] = [args.text('checkhost'), args.text('checkemail'), args.text('checkip')];
  const line = (what: string, value: string | undefined, matches: (value: string) => boolean): string =>
    value === undefined ? '' : `${what} ${value} does${matches(value) ? '' : ' NOT'} match certificate\n`;
  return [
    line('Hostname', host, (value) => matchHost(certificate, value, 0) !== undefined),
    line('Email', email, (value) => matchEmail(certificate, value, 0)),
    line('IP', ip, (value) => {
      const address = parseIp(value);
      return address !== undefined && matchIp(certificate, address);
    }),
  ].join('');
}

function writeCertificate({ der }: Certificate, args: Arguments, output: Terminal['output']): void {
  const bytes = args.text('outform')?.toUpperCase() === 'DER' ? der : Buffer.from(pemText('CERTIFICATE', der));
  const path = args.text('out');
  if (path === undefined) output.write(bytes);
  else writeFileSync(path, bytes);
}
