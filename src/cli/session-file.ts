/** Sessions as files (PEM_write_bio_SSL_SESSION(3)) and as text (SSL_SESSION_print(3)). */
import { pemBlocks, pemText } from '../asn1/pem.ts';
import { fromUtf8 } from '../bytes/bytes.ts';
import { cipherSuiteName } from '../registry/cipher-suites.ts';
import { X509_VERIFY_RESULTS } from '../registry/verify-results.ts';
import { VERIFY_TEXTS } from '../registry/verify-texts.ts';
import { TLS1_3_VERSION, versionName } from '../registry/versions.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import type { SslSession } from '../session/session.ts';
import { usage } from './arguments.ts';
import { hexDump, upperHex } from './hex-dump.ts';

const LABEL = 'SSL SESSION PARAMETERS';

export const sessionPem = (session: SslSession): string => pemText(LABEL, encodeSession(session));

/** The session of a PEM file. */
export function readSessionPem(pem: string, path: string): SslSession {
  for (const { label, bytes } of pemBlocks(pem)) if (label === LABEL) return decodeSession(bytes);
  return usage(`Can't open session file ${path}`);
}

export function sessionText(session: SslSession): string {
  const s = session.data;
  const newer = s.version >= TLS1_3_VERSION;
  const ticket =
    s.ticket.length === 0
      ? ''
      : `    TLS session ticket lifetime hint: ${s.ticketLifetime} (seconds)\n    TLS session ticket:\n${hexDump(s.ticket, '    ')}\n`;
  return [
    'SSL-Session:',
    `    Protocol  : ${versionName(s.version)}`,
    `    Cipher    : ${cipherSuiteName(s.cipherSuite)}`,
    `    Session-ID: ${upperHex(s.id)}`,
    `    Session-ID-ctx: ${upperHex(s.idContext)}`,
    `    ${newer ? 'Resumption PSK' : 'Master-Key'}: ${upperHex(s.secret)}`,
    `    PSK identity: ${s.pskIdentity === undefined ? 'None' : fromUtf8(s.pskIdentity)}`,
    `    PSK identity hint: ${s.pskIdentityHint ?? 'None'}`,
    '    SRP username: None',
    `${ticket}    Start Time: ${Math.floor(s.createdAt / 1000)}`,
    `    Timeout   : ${s.timeout} (sec)`,
    `    Verify return code: ${X509_VERIFY_RESULTS[s.verifyResult]} (${VERIFY_TEXTS[s.verifyResult]})`,
    // OpenSSL says "no" of TLS 1.3, which has no such thing to negotiate.
    `    Extended master secret: ${!newer && s.extendedMasterSecret ? 'yes' : 'no'}`,
    ...(newer ? [`    Max Early Data: ${s.maxEarlyData}`] : []),
    '',
  ].join('\n');
}
