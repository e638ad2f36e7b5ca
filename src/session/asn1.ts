/**
 * A session as bytes: OpenSSL's own SSL_SESSION structure (i2d_SSL_SESSION(3)), so that session files cross between
 * the two. It holds the secret: keep it as safe as a key.
 */
import { Asn1Error } from '../asn1/asn1-error.ts';
import { contextConstructed, type DerReader, readDer, TAG } from '../asn1/der-reader.ts';
import { explicit, integer, octetString, type Part, sequence } from '../asn1/der-writer.ts';
import { copyOf, EMPTY, fromUtf8, utf8 } from '../bytes/bytes.ts';
import { refuse } from '../registry/fatal.ts';
import { X509_VERIFY_RESULTS, type X509VerifyResult } from '../registry/verify-results.ts';
import { TLS1_3_VERSION } from '../registry/versions.ts';
import { parsePublicKey } from '../x509/algorithms.ts';
import { parseCertificate } from '../x509/certificate.ts';
import { type SessionData, SslSession } from './session.ts';

/** SSL_SESSION_ASN1_VERSION. */
const STRUCTURE_VERSION = 1;
const FLAG_EXTENDED_MASTER_SECRET = 1;

/** The tags of the optional fields. */
const FIELD = {
  time: 1,
  timeout: 2,
  peer: 3,
  idContext: 4,
  verifyResult: 5,
  hostName: 6,
  pskIdentityHint: 7,
  pskIdentity: 8,
  ticketLifetime: 9,
  ticket: 10,
  flags: 13,
  ticketAgeAdd: 14,
  maxEarlyData: 15,
  alpn: 16,
  maxFragmentLength: 17,
  ticketAppData: 18,
  group: 19,
  peerRawKey: 20,
  // Not OpenSSL's: BoringSSL numbers them so.
  isQuic: 27,
  quicEarlyDataContext: 28,
} as const;

/** i2d_SSL_SESSION(3). */
export const encodeSession = (session: SslSession): Uint8Array => encodeSessionData(session.data);

/** The same of what a session would hold: most tickets carry one that is nobody's object. */
export function encodeSessionData(s: SessionData): Uint8Array {
  const bytes = (tag: number, value: Uint8Array): Part => (value.length === 0 ? undefined : explicit(tag, octetString(value)));
  const number = (tag: number, value: number): Part => (value === 0 ? undefined : explicit(tag, integer(value)));
  return sequence(
    integer(STRUCTURE_VERSION),
    integer(s.version),
    octetString(Uint8Array.of(s.cipherSuite >>> 8, s.cipherSuite & 0xff)),
    octetString(s.id),
    octetString(s.secret),
    number(FIELD.time, Math.floor(s.createdAt / 1000)),
    number(FIELD.timeout, s.timeout),
    s.peerChain[0] === undefined ? undefined : explicit(FIELD.peer, s.peerChain[0].der),
    explicit(FIELD.idContext, octetString(s.idContext)),
    number(FIELD.verifyResult, X509_VERIFY_RESULTS[s.verifyResult]),
    s.serverName === undefined ? undefined : bytes(FIELD.hostName, utf8(s.serverName)),
    s.pskIdentityHint === undefined ? undefined : bytes(FIELD.pskIdentityHint, utf8(s.pskIdentityHint)),
    s.pskIdentity === undefined ? undefined : bytes(FIELD.pskIdentity, s.pskIdentity),
    number(FIELD.ticketLifetime, s.ticketLifetime),
    bytes(FIELD.ticket, s.ticket),
    // OpenSSL has no such flag on sessions of TLS 1.3, where everything is bound anyway.
    number(FIELD.flags, s.extendedMasterSecret && s.version < TLS1_3_VERSION ? FLAG_EXTENDED_MASTER_SECRET : 0),
    number(FIELD.ticketAgeAdd, s.ticketAgeAdd),
    number(FIELD.maxEarlyData, s.maxEarlyData),
    s.alpn === undefined ? undefined : bytes(FIELD.alpn, s.alpn),
    number(FIELD.maxFragmentLength, s.maxFragmentLength),
    bytes(FIELD.ticketAppData, s.ticketAppData),
    explicit(FIELD.group, integer(s.group)),
    s.peerRawKey === undefined ? undefined : bytes(FIELD.peerRawKey, s.peerRawKey),
    number(FIELD.isQuic, s.isQuic ? 1 : 0),
    bytes(FIELD.quicEarlyDataContext, s.quicEarlyDataContext),
  );
}

/** d2i_SSL_SESSION(3). Refuses bytes that are not a session; fields it does not know are passed over. */
export function decodeSession(der: Uint8Array): SslSession {
  try {
    return readDer(der, (r) => r.inside(TAG.sequence, readFields));
  } catch (error) {
    if (error instanceof Asn1Error) return refuse('BAD_DATA_RETURNED_BY_CALLBACK', `not a session: ${error.message}`);
    throw error;
  }
}

function readFields(r: DerReader): SslSession {
  if (r.small() !== STRUCTURE_VERSION) refuse('UNKNOWN_SSL_VERSION', 'of the session structure');
  const version = r.small();
  const suite = r.contents(TAG.octetString);
  if (suite.length !== 2) refuse('CIPHER_CODE_WRONG_LENGTH', `${suite.length} bytes`);
  const id = copyOf(r.contents(TAG.octetString));
  const secret = copyOf(r.contents(TAG.octetString));
  const optional: Map<number, Uint8Array> = new Map();
  while (!r.empty) {
    const tag = r.tag;
    optional.set(tag, r.contents(tag));
  }
  const field = <T>(tag: number, read: (x: DerReader) => T, missing: T): T => {
    const contents = optional.get(contextConstructed(tag));
    return contents === undefined ? missing : readDer(contents, read);
  };
  const bytes = (tag: number): Uint8Array => field(tag, (x) => copyOf(x.contents(TAG.octetString)), EMPTY);
  const number = (tag: number): number => field(tag, unsignedNumber, 0);
  const text = bytes(FIELD.hostName);
  const alpn = bytes(FIELD.alpn);
  const hint = bytes(FIELD.pskIdentityHint);
  const identity = bytes(FIELD.pskIdentity);
  const rawKey = bytes(FIELD.peerRawKey);
  if (rawKey.length > 0 && parsePublicKey(rawKey) === undefined) refuse('BAD_DATA_RETURNED_BY_CALLBACK', 'a raw public key of the session');
  return new SslSession({
    version,
    cipherSuite: ((suite[0] as number) << 8) | (suite[1] as number),
    id,
    secret,
    createdAt: 1000 * number(FIELD.time),
    timeout: number(FIELD.timeout) || 3,
    peerChain: field(FIELD.peer, (x) => [parseCertificate(copyOf(x.element(TAG.sequence)))], []),
    peerRawKey: rawKey.length === 0 ? undefined : rawKey,
    idContext: bytes(FIELD.idContext),
    verifyResult: VERIFY_NAMES.get(number(FIELD.verifyResult)) ?? 'UNSPECIFIED',
    serverName: text.length === 0 ? undefined : fromUtf8(text),
    pskIdentityHint: hint.length === 0 ? undefined : fromUtf8(hint),
    pskIdentity: identity.length === 0 ? undefined : identity,
    ticketLifetime: number(FIELD.ticketLifetime),
    ticket: bytes(FIELD.ticket),
    extendedMasterSecret: version >= TLS1_3_VERSION || (number(FIELD.flags) & FLAG_EXTENDED_MASTER_SECRET) !== 0,
    ticketAgeAdd: number(FIELD.ticketAgeAdd),
    maxEarlyData: number(FIELD.maxEarlyData),
    alpn: alpn.length === 0 ? undefined : alpn,
    maxFragmentLength: number(FIELD.maxFragmentLength),
    ticketAppData: bytes(FIELD.ticketAppData),
    group: number(FIELD.group),
    isQuic: number(FIELD.isQuic) !== 0,
    quicEarlyDataContext: bytes(FIELD.quicEarlyDataContext),
  });
}

/** A non-negative INTEGER of up to 53 bits. */
function unsignedNumber(r: DerReader): number {
  let value = 0;
  for (const byte of r.unsigned()) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : refuse('BAD_LENGTH', 'a number in the session');
}

const VERIFY_NAMES: ReadonlyMap<number, X509VerifyResult> = new Map(
  (Object.keys(X509_VERIFY_RESULTS) as X509VerifyResult[]).map((name) => [X509_VERIFY_RESULTS[name], name]),
);
