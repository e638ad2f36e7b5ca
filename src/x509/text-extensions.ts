import { unlessMalformed } from '../asn1/asn1-error.ts';
import { context, DerReader, readDer, TAG } from '../asn1/der-reader.ts';
import { element } from '../asn1/der-writer.ts';
import { isString, stringText } from '../asn1/strings.ts';
import { calendar, readGeneralizedTime } from '../asn1/time.ts';
import { ACCESS_OIDS, ANY_POLICY, EXTENSION_OIDS, PURPOSE_OIDS, QUALIFIER_OIDS } from '../registry/oids.ts';
import type { Certificate } from './certificate.ts';
import type {
  AuthorityKeyIdentifier,
  DistributionPoint,
  Extension,
  ExtensionValues,
  NameConstraints,
  PolicyInformation,
  ProxyCertInfo,
  Subtree,
} from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import { addressText } from './ip-address.ts';
import { nameText, relativeNameText } from './name-text.ts';
import { parseSctList, type Sct } from './sct.ts';
import { colonHex, evenHex, hexLines, timeText } from './text-parts.ts';

/** The lines of one extension, as OpenSSL prints them below its title, indented by so much. What is not known is printed byte by byte. */
export function extensionText({ extensions }: Certificate, { oid, value }: Extension, indent: number): string[] {
  const blanks = ' '.repeat(indent);
  const lines = PRINTERS.get(oid)?.(extensions, value);
  return lines?.map((line) => (line === '' ? '' : `${blanks}${line}`)) ?? [`${blanks}${bytesText(value)}`];
}

const bytesText = (bytes: Uint8Array): string => [...bytes].map((byte) => (isPrintable(byte) ? String.fromCharCode(byte) : '.')).join('');

const isPrintable = (byte: number): boolean => (byte >= 0x20 && byte <= 0x7e) || byte === 0x0a || byte === 0x0d;

/** Undefined where the extension could not be read. */
type Printer = (values: ExtensionValues, value: Uint8Array) => string[] | undefined;

const PRINTERS: ReadonlyMap<string, Printer> = new Map<string, Printer>([
  [
    EXTENSION_OIDS.basicConstraints,
    ({ basicConstraints: b }) => b && [`CA:${b.ca ? 'TRUE' : 'FALSE'}${b.pathLength === undefined ? '' : `, pathlen:${b.pathLength}`}`],
  ],
  [EXTENSION_OIDS.keyUsage, ({ keyUsage }) => named(keyUsage, KEY_USAGE_TEXT)],
  [EXTENSION_OIDS.nsCertType, ({ nsCertType }) => named(nsCertType, NETSCAPE_TEXT)],
  [
    EXTENSION_OIDS.extKeyUsage,
    ({ extKeyUsage }) => extKeyUsage && [extKeyUsage.map((purpose) => PURPOSE_TEXT.get(purpose) ?? purpose).join(', ')],
  ],
  [EXTENSION_OIDS.subjectKeyIdentifier, ({ subjectKeyIdentifier: id }) => id && [colonHex(id).toUpperCase()]],
  [EXTENSION_OIDS.authorityKeyIdentifier, ({ authorityKeyIdentifier: id }) => id && authorityText(id)],
  [EXTENSION_OIDS.subjectAltName, ({ subjectAltName }) => alternativesText(subjectAltName)],
  [EXTENSION_OIDS.issuerAltName, ({ issuerAltName }) => alternativesText(issuerAltName)],
  [
    EXTENSION_OIDS.nameConstraints,
    // Constraints that constrain nothing are no extension for us, and an empty line for OpenSSL.
    ({ nameConstraints }, value) => (nameConstraints ? constraintsText(nameConstraints) : isEmptySequence(value) ? [''] : undefined),
  ],
  [EXTENSION_OIDS.certificatePolicies, ({ certificatePolicies }) => certificatePolicies?.flatMap(policyText)],
  [
    EXTENSION_OIDS.policyConstraints,
    ({ policyConstraints: p }) => p && [policyConstraintsText(p.requireExplicitPolicy, p.inhibitPolicyMapping)],
  ],
  [EXTENSION_OIDS.inhibitAnyPolicy, ({ inhibitAnyPolicy: n }) => (n === undefined ? undefined : [String(n)])],
  [
    EXTENSION_OIDS.policyMappings,
    ({ policyMappings }) =>
      policyMappings && [policyMappings.map(({ issuerDomain, subjectDomain }) => `${issuerDomain}:${subjectDomain}`).join(', ')],
  ],
  [EXTENSION_OIDS.cRLDistributionPoints, ({ cRLDistributionPoints }) => cRLDistributionPoints?.flatMap(pointText)],
  [EXTENSION_OIDS.freshestCRL, ({ freshestCRL }) => freshestCRL?.flatMap(pointText)],
  [EXTENSION_OIDS.authorityInfoAccess, ({ authorityInfoAccess }) => authorityInfoAccess?.map(accessText)],
  [EXTENSION_OIDS.subjectInfoAccess, ({ subjectInfoAccess }) => subjectInfoAccess?.map(accessText)],
  [EXTENSION_OIDS.proxyCertInfo, ({ proxyCertInfo }) => proxyCertInfo && proxyText(proxyCertInfo)],
  [EXTENSION_OIDS.tlsFeature, ({ tlsFeature }) => tlsFeature && [tlsFeature.map((n) => FEATURE_TEXT.get(n) ?? String(n)).join(', ')]],
  [EXTENSION_OIDS.ocspNoCheck, ({ ocspNoCheck }) => ocspNoCheck && ['']],
  [EXTENSION_OIDS.precertificatePoison, ({ precertificatePoison }) => precertificatePoison && ['NULL']],
  [EXTENSION_OIDS.signedCertificateTimestamps, ({ signedCertificateTimestamps: list }) => list && parseSctList(list)?.flatMap(sctText)],
  [EXTENSION_OIDS.privateKeyUsagePeriod, (_, value) => unlessMalformed(() => [readDer(value, usagePeriodText)])],
  [
    EXTENSION_OIDS.nsComment,
    (_, value) => unlessMalformed(() => [readDer(value, (r) => stringText(TAG.ia5String, r.contents(TAG.ia5String)))]),
  ],
]);

const KEY_USAGE_TEXT = [
  'Digital Signature',
  'Non Repudiation',
  'Key Encipherment',
  'Data Encipherment',
  'Key Agreement',
  'Certificate Sign',
  'CRL Sign',
  'Encipher Only',
  'Decipher Only',
];
const NETSCAPE_TEXT = ['SSL Client', 'SSL Server', 'S/MIME', 'Object Signing', 'Unused', 'SSL CA', 'S/MIME CA', 'Object Signing CA'];
const REASON_TEXT = [
  'Unused',
  'Key Compromise',
  'CA Compromise',
  'Affiliation Changed',
  'Superseded',
  'Cessation Of Operation',
  'Certificate Hold',
  'Privilege Withdrawn',
  'AA Compromise',
];

const FEATURE_TEXT: ReadonlyMap<number, string> = new Map([
  [5, 'status_request'],
  [17, 'status_request_v2'],
]);

const PURPOSE_TEXT: ReadonlyMap<string, string> = new Map([
  [PURPOSE_OIDS.serverAuth, 'TLS Web Server Authentication'],
  [PURPOSE_OIDS.clientAuth, 'TLS Web Client Authentication'],
  [PURPOSE_OIDS.codeSigning, 'Code Signing'],
  [PURPOSE_OIDS.emailProtection, 'E-mail Protection'],
  [PURPOSE_OIDS.timeStamping, 'Time Stamping'],
  [PURPOSE_OIDS.ocspSigning, 'OCSP Signing'],
  [PURPOSE_OIDS.anyExtendedKeyUsage, 'Any Extended Key Usage'],
  [PURPOSE_OIDS.msServerGatedCrypto, 'Microsoft Server Gated Crypto'],
  [PURPOSE_OIDS.nsServerGatedCrypto, 'Netscape Server Gated Crypto'],
]);

const ACCESS_TEXT: ReadonlyMap<string, string> = new Map([
  [ACCESS_OIDS.ocsp, 'OCSP'],
  [ACCESS_OIDS.caIssuers, 'CA Issuers'],
]);

/** Undefined where no bit is set: OpenSSL prints bytes then. */
function named(mask: number | undefined, texts: readonly string[]): string[] | undefined {
  return mask === undefined || mask === 0 ? undefined : [texts.filter((_, i) => (mask & (1 << i)) !== 0).join(', ')];
}

const isEmptySequence = (value: Uint8Array): boolean => value.length === 2 && value[0] === TAG.sequence && value[1] === 0;

/** Names with a NUL inside are not printed as such, lest they end there. */
function alternativesText(names: readonly GeneralName[] | undefined): string[] | undefined {
  const printable = names?.every(({ value }) => typeof value !== 'string' || !value.includes('\0'));
  return names !== undefined && printable === true ? [names.map((name) => generalNameText(name, 'slash')).join(', ')] : undefined;
}

function proxyText({ pathLength, policyLanguage, policy }: ProxyCertInfo): string[] {
  return [
    `Path Length Constraint: ${pathLength === undefined ? 'infinite' : evenHex(pathLength)}`,
    `Policy Language: ${PROXY_POLICY_TEXT.get(policyLanguage) ?? policyLanguage}`,
    ...(policy === undefined ? [] : [`Policy Text: ${bytesText(policy)}`]),
  ];
}

const PROXY_POLICY_TEXT: ReadonlyMap<string, string> = new Map([
  ['1.3.6.1.5.5.7.21.0', 'Any language'],
  ['1.3.6.1.5.5.7.21.1', 'Inherit all'],
  ['1.3.6.1.5.5.7.21.2', 'Independent'],
]);

function authorityText({ keyIdentifier, issuer, serialNumber }: AuthorityKeyIdentifier): string[] {
  // A lone key identifier is printed without its label; so OpenSSL has done since 3.0.
  const alone = issuer === undefined && serialNumber === undefined;
  return [
    ...(keyIdentifier === undefined ? [] : [`${alone ? '' : 'keyid:'}${colonHex(keyIdentifier).toUpperCase()}`]),
    ...(issuer ?? []).map((name) => generalNameText(name, 'slash')),
    ...(serialNumber === undefined ? [] : [`serial:${colonHex(withoutSign(serialNumber)).toUpperCase()}`]),
  ];
}

const withoutSign = (integer: Uint8Array): Uint8Array => (integer.length > 1 && integer[0] === 0 ? integer.subarray(1) : integer);

/** One GeneralName. Lists print directory names in the old form with slashes, other places on one line. */
function generalNameText(name: GeneralName, style: 'slash' | 'oneline'): string {
  switch (name.kind) {
    case 'dns':
      return `DNS:${name.value}`;
    case 'email':
      return `email:${name.value}`;
    case 'uri':
      return `URI:${name.value}`;
    case 'ip':
      return `IP Address:${ipText(name.value)}`;
    case 'directory':
      return `DirName:${nameText(name.value, style)}`;
    case 'registeredId':
      return `Registered ID:${name.value}`;
    case 'other':
      return `othername: ${name.type}::${otherText(name.value)}`;
    case 'x400':
      return 'X400Name:<unsupported>';
    default:
      return 'EdiPartyName:<unsupported>';
  }
}

/** IPv6 addresses are printed with all their groups. */
function ipText(address: Uint8Array): string {
  if (address.length === 4) return addressText(address);
  if (address.length !== 16) return `<invalid length=${address.length}>`;
  return Array.from({ length: 8 }, (_, i) =>
    (((address[2 * i] as number) << 8) | (address[2 * i + 1] as number)).toString(16).toUpperCase(),
  ).join(':');
}

const otherText = (value: Uint8Array): string =>
  unlessMalformed(() => readDer(value, (r) => (isString(r.tag) ? stringText(r.tag, r.contents(r.tag)) : undefined))) ?? '<unsupported>';

function constraintsText({ permitted, excluded }: NameConstraints): string[] {
  const part = (title: string, subtrees: readonly Subtree[]): string[] =>
    subtrees.length === 0 ? [] : [title, ...subtrees.map(({ base }) => `  ${subtreeText(base)}`)];
  return [...part('Permitted:', permitted), ...part('Excluded:', excluded)];
}

function subtreeText(base: GeneralName): string {
  if (base.kind !== 'ip') return generalNameText(base, 'oneline');
  const half = base.value.length / 2;
  return half === 4 || half === 16
    ? `IP:${ipText(base.value.subarray(0, half))}/${ipText(base.value.subarray(half))}`
    : 'IP Address:<invalid>';
}

function policyText({ policy, qualifiers }: PolicyInformation): string[] {
  const name = policy === ANY_POLICY ? 'X509v3 Any Policy' : policy;
  return [`Policy: ${name}`, ...qualifiers.flatMap(({ oid, value }) => qualifierText(oid, value).map((line) => `  ${line}`))];
}

function qualifierText(oid: string, value: Uint8Array): string[] {
  const lines = unlessMalformed(() => {
    if (oid === QUALIFIER_OIDS.cps) return [`CPS: ${readDer(value, (r) => stringText(TAG.ia5String, r.contents(TAG.ia5String)))}`];
    return oid === QUALIFIER_OIDS.userNotice ? userNoticeText(value) : undefined;
  });
  return lines ?? [`Unknown Qualifier: ${oid}`];
}

/** PrivateKeyUsagePeriod: two optional GeneralizedTimes under implicit tags. */
const usagePeriodText = (r: DerReader): string =>
  r.inside(TAG.sequence, (x) => {
    const time = (n: number): string | undefined => x.optional(context(n), (y) => timeText(generalizedSeconds(y.contents(context(n)))));
    const [from, to] = [time(0), time(1)];
    return [from === undefined ? undefined : `Not Before: ${from}`, to === undefined ? undefined : `Not After: ${to}`]
      .filter((part) => part !== undefined)
      .join(', ');
  });

const generalizedSeconds = (contents: Uint8Array): number => readGeneralizedTime(new DerReader(element(TAG.generalizedTime, contents)));

/** UserNotice (RFC 5280, 4.2.1.4). */
function userNoticeText(value: Uint8Array): string[] {
  return readDer(value, (outer) =>
    outer.inside(TAG.sequence, (r) => {
      const lines = ['User Notice:'];
      r.optional(TAG.sequence, (x) =>
        x.inside(TAG.sequence, (y) => {
          lines.push(`  Organization: ${stringText(y.tag, y.contents(y.tag))}`);
          const numbers = y.list(TAG.sequence, (z) => z.small());
          lines.push(`  Number${numbers.length > 1 ? 's' : ''}: ${numbers.join(', ')}`);
        }),
      );
      if (!r.empty) lines.push(`  Explicit Text: ${stringText(r.tag, r.contents(r.tag))}`);
      return lines;
    }),
  );
}

function policyConstraintsText(explicit: number | undefined, mapping: number | undefined): string {
  const parts = [
    explicit === undefined ? undefined : `Require Explicit Policy:${explicit}`,
    mapping === undefined ? undefined : `Inhibit Policy Mapping:${mapping}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** OpenSSL 3.0 ends the names of a point without a line end when reasons follow; here each stands on its own line. */
function pointText({ name, reasons, crlIssuer }: DistributionPoint): string[] {
  return [
    ...(name?.kind === 'full' ? ['Full Name:', ...name.names.map((general) => `  ${generalNameText(general, 'oneline')}`)] : []),
    ...(name?.kind === 'relative' ? ['Relative Name:', `  ${relativeNameText(name.name)}`] : []),
    ...(reasons === undefined ? [] : ['Reasons:', `  ${named(reasons, REASON_TEXT)?.join('') ?? ''}`]),
    ...(crlIssuer === undefined ? [] : ['CRL Issuer:', ...crlIssuer.map((general) => `  ${generalNameText(general, 'oneline')}`)]),
  ];
}

const accessText = ({ method, location }: { readonly method: string; readonly location: GeneralName }): string =>
  `${ACCESS_TEXT.get(method) ?? method} - ${generalNameText(location, 'oneline')}`;

const SCT_ALGORITHMS: ReadonlyMap<number, string> = new Map([
  [0x0403, 'ecdsa-with-SHA256'],
  [0x0401, 'sha256WithRSAEncryption'],
]);

function sctText(sct: Sct): string[] {
  if (sct.version !== 0) return ['Signed Certificate Timestamp:', `    Version   : unknown (0x${sct.version.toString(16)})`];
  const wide = (bytes: Uint8Array): string => hexLines(bytes, 16, 16).join('\n                ').trimStart();
  return [
    'Signed Certificate Timestamp:',
    '    Version   : v1 (0x0)',
    `    Log ID    : ${wide(sct.logId).toUpperCase()}`,
    `    Timestamp : ${timestampText(sct.timestamp)}`,
    `    Extensions: ${sct.extensions.length === 0 ? 'none' : wide(sct.extensions).toUpperCase()}`,
    `    Signature : ${SCT_ALGORITHMS.get(sct.hashAlgorithm * 256 + sct.signatureAlgorithm) ?? 'unknown'}`,
    `                ${wide(sct.signature).toUpperCase()}`,
  ];
}

/** With the milliseconds between the seconds and the year. */
function timestampText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const { year } = calendar(seconds);
  return timeText(seconds).replace(` ${year} GMT`, `.${String(milliseconds % 1000).padStart(3, '0')} ${year} GMT`);
}
