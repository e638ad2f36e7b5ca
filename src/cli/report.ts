/** What s_client and s_server say of a connection, block by block, as OpenSSL 3 does. */
import { base64Text } from '../asn1/base64.ts';
import { pemText } from '../asn1/pem.ts';
import { fromUtf8 } from '../bytes/bytes.ts';
import { SocketBio } from '../node/socket-bio.ts';
import { cipherVersion } from '../registry/cipher-description.ts';
import { cipherSuiteName, DEFAULT_TLS12_SUITES } from '../registry/cipher-suites.ts';
import { groupName } from '../registry/groups.ts';
import { X509_VERIFY_RESULTS } from '../registry/verify-results.ts';
import { VERIFY_TEXTS } from '../registry/verify-texts.ts';
import { TLS1_3_VERSION, versionName } from '../registry/versions.ts';
import type { Ssl } from '../ssl/ssl.ts';
import type { Certificate } from '../x509/certificate.ts';
import { parseName } from '../x509/name.ts';
import { daneLines } from './dane-options.ts';
import { upperHex } from './hex-dump.ts';
import { keyText, nameLine, schemeText, sigalgText, signedWith, temporaryKey, timeText } from './names.ts';
import { sessionText } from './session-file.ts';

/** The summary of a client, between its two rules. */
export function clientReport(ssl: Ssl, { showCerts, exporter }: { readonly showCerts: boolean; readonly exporter: string }): string {
  const { connection } = ssl;
  const chain = connection?.peerChain ?? [];
  const reused = connection?.reused === true;
  const { read, written } = recordBytes(ssl);
  const suite = connection?.suite;
  const older = connection !== undefined && connection.version !== 0 && connection.version < TLS1_3_VERSION;
  const alpn = connection?.alpn;
  const [leaf] = chain;
  const result = connection?.verifyResult ?? 'OK';
  return lines([
    '---',
    ...(chain.length === 0 || reused
      ? []
      : ['Certificate chain', ...chain.map((certificate, i) => chainEntry(certificate, i, showCerts)), '---']),
    ...(leaf === undefined ? ['no peer certificate available'] : serverCertificate(leaf, showCerts)),
    '---',
    ...authorities('client', connection?.peerCaNames ?? []),
    ...(reused ? [] : peerSignature(connection?.peerSignatureScheme ?? 0)),
    ...(connection === undefined || connection.group === 0 ? [] : [temporaryKey(connection.group)]),
    '---',
    `SSL handshake has read ${read} bytes and written ${written} bytes`,
    result === 'OK' ? 'Verification: OK' : `Verification error: ${VERIFY_TEXTS[result]}`,
    ...(connection?.peerName === undefined ? [] : [`Verified peername: ${connection.peerName}`]),
    ...(connection === undefined ? [] : daneLines(connection)),
    '---',
    suite === undefined
      ? 'New, (NONE), Cipher is (NONE)'
      : `${reused ? 'Reused' : 'New'}, ${cipherVersion(suite)}, Cipher is ${suite.name}`,
    ...(leaf === undefined ? [] : [`Server public key is ${keyText(leaf).bits} bit`]),
    `Secure Renegotiation IS${older && connection.secureRenegotiation ? '' : ' NOT'} supported`,
    'Compression: NONE',
    'Expansion: NONE',
    alpn === undefined ? 'No ALPN negotiated' : `ALPN protocol: ${fromUtf8(alpn)}`,
    ...(older && ssl.session !== undefined ? [sessionText(ssl.session).trimEnd()] : newerOutcome(ssl)),
    ...(exporter === '' ? [] : [exporter]),
    '---',
  ]);
}

/** How Encrypted ClientHello came out, where it was tried. */
function echLines({ connection, echRetryConfigs }: Ssl): string[] {
  const { ech = 'none', echPublicName } = connection ?? {};
  if (ech === 'none') return [];
  const by = echPublicName === undefined ? '' : ` by ${echPublicName}`;
  return [`ECH: ${ech}${by}${echRetryConfigs === undefined ? '' : `, retry configs: ${base64Text(echRetryConfigs) || 'none'}`}`];
}

/** What TLS 1.3 has in place of a session, which comes later. */
const newerOutcome = (ssl: Ssl): string[] => {
  const { connection } = ssl;
  const early = connection?.earlyData;
  const result = connection?.verifyResult ?? 'OK';
  return [
    ...echLines(ssl),
    `Early data was ${early === 'accepted' || early === 'rejected' ? early : 'not sent'}`,
    `Verify return code: ${X509_VERIFY_RESULTS[result]} (${VERIFY_TEXTS[result]})`,
  ];
};

/** `-brief`, on either side. */
export function briefReport(ssl: Ssl): string {
  const { connection } = ssl;
  const [leaf] = connection?.peerChain ?? [];
  const signature = schemeText(connection?.peerSignatureScheme ?? 0);
  const result = connection?.verifyResult ?? 'OK';
  const offered = connection?.isServer === true ? connection.peerSignatureSchemes : undefined;
  return lines([
    `Protocol version: ${versionName(connection?.version ?? 0)}`,
    ...(connection?.isServer === true ? [`Client cipher list: ${connection.peerCipherSuites.map(cipherSuiteName).join(':')}`] : []),
    `Ciphersuite: ${connection?.suite?.name ?? '(NONE)'}`,
    ...(offered === undefined ? [] : [`Signature Algorithms: ${offered.map(sigalgText).join(':')}`]),
    ...(leaf === undefined
      ? ['No peer certificate']
      : [
          `Peer certificate: ${nameLine(leaf.subject)}`,
          ...(signature?.digest === undefined ? [] : [`Hash used: ${signature.digest}`]),
          ...(signature === undefined ? [] : [`Signature type: ${signature.type}`]),
          result === 'OK' ? 'Verification: OK' : `Verification error: ${VERIFY_TEXTS[result]}`,
        ]),
    ...(connection?.peerName === undefined ? [] : [`Verified peername: ${connection.peerName}`]),
    ...(connection === undefined ? [] : daneLines(connection)),
    ...(connection === undefined || connection.group === 0 || connection.isServer ? [] : [temporaryKey(connection.group)]),
  ]);
}

/** What a server says of a client that is connected. */
export function serverReport(ssl: Ssl, exporter: string): string {
  const { connection } = ssl;
  const [leaf] = connection?.peerChain ?? [];
  const shared = sharedSuites(ssl);
  return lines([
    ...(leaf === undefined ? [] : ['Client certificate', ...certificateBlock(leaf)]),
    ...(shared.length === 0 ? [] : [`Shared ciphers:${shared.map(cipherSuiteName).join(':')}`]),
    ...negotiable(ssl),
    `CIPHER is ${connection?.suite?.name ?? '(NONE)'}`,
    ...(connection?.reused === true ? ['Reused session-id'] : []),
    secureRenegotiation(ssl),
    ...(exporter === '' ? [] : [exporter]),
  ]);
}

/** Every suite that is configured, those of TLS 1.3 first. */
export const ownSuites = (ssl: Ssl): readonly number[] => [...ssl.get('cipherSuites'), ...(ssl.get('cipherList') ?? DEFAULT_TLS12_SUITES)];

/** What the client offered of them, in its order. */
export function sharedSuites(ssl: Ssl): readonly number[] {
  const own = ownSuites(ssl);
  return (ssl.connection?.peerCipherSuites ?? []).filter((id) => own.includes(id));
}

/** On a server; of TLS 1.3, which has nothing to negotiate again, OpenSSL says yes. */
export function secureRenegotiation({ connection }: Ssl): string {
  const secure = connection === undefined || connection.version >= TLS1_3_VERSION || connection.secureRenegotiation;
  return `Secure Renegotiation IS${secure ? '' : ' NOT'} supported`;
}

/** Signature algorithms and groups of the peer, and those that both sides have. */
export function negotiable(ssl: Ssl): readonly string[] {
  const { connection } = ssl;
  const theirs = connection?.peerSignatureSchemes ?? [];
  const groups = connection?.peerGroups ?? [];
  const own = ssl.get('sigalgs');
  return [
    ...(theirs.length === 0
      ? []
      : [
          `Signature Algorithms: ${theirs.map(sigalgText).join(':')}`,
          `Shared Signature Algorithms: ${theirs
            .filter((id) => own.includes(id))
            .map(sigalgText)
            .join(':')}`,
        ]),
    ...peerSignature(connection?.peerSignatureScheme ?? 0),
    ...(groups.length === 0
      ? []
      : [
          `Supported groups: ${groups.map(groupName).join(':')}`,
          `Shared groups: ${groups
            .filter((id) => ssl.get('groups').includes(id))
            .map(groupName)
            .join(':')}`,
        ]),
  ];
}

/** The block of `-keymatexport`; empty where it was not asked for. */
export function exporterReport(ssl: Ssl, label: string | undefined, length: number): string {
  if (label === undefined) return '';
  return [
    'Keying material exporter:',
    `    Label: '${label}'`,
    `    Length: ${length} bytes`,
    `    Keying material: ${upperHex(ssl.exportKeyingMaterial(length, label))}`,
  ].join('\n');
}

const lines = (list: readonly string[]): string => `${list.join('\n')}\n`;

function chainEntry(certificate: Certificate, index: number, whole: boolean): string {
  const key = keyText(certificate);
  return [
    ` ${index} s:${nameLine(certificate.subject)}`,
    `   i:${nameLine(certificate.issuer)}`,
    `   a:PKEY: ${key.name}, ${key.bits} (bit); sigalg: ${signedWith(certificate)}`,
    `   v:NotBefore: ${timeText(certificate.notBefore)}; NotAfter: ${timeText(certificate.notAfter)}`,
    ...(whole ? [pemText('CERTIFICATE', certificate.der).trimEnd()] : []),
  ].join('\n');
}

function serverCertificate(leaf: Certificate, shown: boolean): string[] {
  const [pem = '', ...names] = certificateBlock(leaf);
  return ['Server certificate', ...(shown ? [] : [pem]), ...names];
}

const certificateBlock = (certificate: Certificate): string[] => [
  pemText('CERTIFICATE', certificate.der).trimEnd(),
  `subject=${nameLine(certificate.subject)}`,
  `issuer=${nameLine(certificate.issuer)}`,
];

function authorities(whose: string, names: readonly Uint8Array[]): string[] {
  if (names.length === 0) return [`No ${whose} certificate CA names sent`];
  return ['---', 'Acceptable client certificate CA names', ...names.map((der) => nameLine(parseName(der)))];
}

function peerSignature(scheme: number): string[] {
  const text = schemeText(scheme);
  if (text === undefined) return [];
  return [...(text.digest === undefined ? [] : [`Peer signing digest: ${text.digest}`]), `Peer signature type: ${text.type}`];
}

/** Bytes of records that were opened and sealed so far. */
function recordBytes(ssl: Ssl): { readonly read: number; readonly written: number } {
  const bio = ssl.rbio;
  if (!(bio instanceof SocketBio)) return { read: 0, written: 0 };
  return { read: bio.bytesRead - (ssl.connection?.io.records.reader.buffered ?? 0), written: bio.bytesWritten };
}
