/** What a client offers in its ClientHello, and the message that says so (RFC 9846, 4.1.2). */
import { EMPTY, utf8 } from '../../bytes/bytes.ts';
import { build } from '../../bytes/writer.ts';
import { type KeyShare, offerKeyShares } from '../../crypto/key-exchange.ts';
import { alpn } from '../../extensions/alpn.ts';
import { certificateAuthorities } from '../../extensions/certificate-authorities.ts';
import { signedCertificateTimestamp, statusRequest } from '../../extensions/certificate-status.ts';
import { cookie } from '../../extensions/cookie.ts';
import { earlyData } from '../../extensions/early-data.ts';
import { encode } from '../../extensions/extension.ts';
import { signatureAlgorithms, signatureAlgorithmsCert, supportedGroups } from '../../extensions/id-lists.ts';
import { type KeyShareEntry, keyShare } from '../../extensions/key-share.ts';
import { postHandshakeAuth } from '../../extensions/post-handshake-auth.ts';
import { bindersLength, PSK_DHE_KE, PSK_KE, preSharedKey, pskKeyExchangeModes } from '../../extensions/pre-shared-key.ts';
import { maxFragmentLength, recordSizeLimit } from '../../extensions/record-size.ts';
import { isHostName, serverName } from '../../extensions/server-name.ts';
import { supportedVersions } from '../../extensions/supported-versions.ts';
import {
  ecPointFormats,
  encryptThenMac,
  extendedMasterSecret,
  renegotiationInfo,
  sessionTicket,
  UNCOMPRESSED,
} from '../../extensions/tls12.ts';
import { type CipherSuite, DEFAULT_TLS12_SUITES } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { namedGroup } from '../../registry/groups.ts';
import { MODES, OPTIONS } from '../../registry/options.ts';
import type { SignatureScheme } from '../../registry/signature-schemes.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../../registry/versions.ts';
import type { SslSession } from '../../session/session.ts';
import type { ClientHello } from '../../wire/client-hello.ts';
import { clientHello } from '../../wire/client-hello.ts';
import { encodeMessage, type RawExtension } from '../../wire/message.ts';
import { parseIp } from '../../x509/hostname.ts';
import { offeredCompression } from '../common/certificate-compression.ts';
import { customExtensionsFor, EXT } from '../common/custom-extensions.ts';
import { groups, helloRandom, schemes, suites12, tls13Suites, verifySchemes, versions } from '../common/policy.ts';
import { binderOf, hashLength, type Psk } from '../common/psk.ts';
import { ownTransportParameters } from '../common/quic.ts';
import { offeredCertificateTypes } from '../common/raw-key.ts';
import { ownRecordSizeLimit } from '../common/record-sizes.ts';
import { asksForStaple, asksForTimestamps } from '../common/staple.ts';
import type { Connection } from '../connection.ts';
import { type Step, settle } from '../step.ts';
import type { Transcript } from '../transcript.ts';
import { Grease } from './grease.ts';
import { demandsPsk, offeredPsks, resumable12 } from './psk.ts';

/** Everything a client offers. It stays the same in a second ClientHello but for what the server's retry asks to change. */
export interface Offer {
  readonly versions: readonly number[];
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  /** legacy_version: the newest version up to TLS 1.2. */
  readonly legacyVersion: number;
  readonly suites: readonly CipherSuite[];
  /** The session of TLS 1.2 or below that is to be resumed, by its ticket or its id. */
  readonly resumption12: { readonly session: SslSession; readonly ticket: Uint8Array } | undefined;
  readonly groups: readonly number[];
  readonly schemes: readonly SignatureScheme[];
  readonly certificateSchemes: readonly SignatureScheme[] | undefined;
  readonly psks: readonly Psk[];
  readonly grease: Grease | undefined;
  /** Numbers that fix the order of extensions where it is to be random; the same order in both hellos. */
  readonly permutation: Uint8Array | undefined;
  readonly keyShares: readonly KeyShare[];
  readonly cookie: Uint8Array | undefined;
  /** This attempt is made with an older version after a newer one failed (SSL_MODE_SEND_FALLBACK_SCSV). */
  readonly isFallback: boolean;
  /** It answers a HelloRetryRequest. */
  readonly retried: boolean;
  readonly earlyData: boolean;
  /** The host it asks for. */
  readonly serverName: string | undefined;
  readonly alpn: readonly Uint8Array[];
  /** encrypted_client_hello, in whichever of its forms. */
  readonly ech: RawExtension | undefined;
  /** It is the open envelope of a sealed hello, and says nothing that others should not know (RFC 9849, 10.5). */
  readonly isEnvelope: boolean;
  /** pre_shared_key of random bytes in such an envelope. */
  readonly greasePsk: RawExtension | undefined;
}

/** Versions that a client may offer, newest first. */
export const offeredVersions = (connection: Connection): readonly number[] =>
  // RFC 9846, 4.1.2: a renegotiation keeps the version.
  versions(connection).filter(
    (version) => (!connection.established || version === connection.version) && (version === TLS1_3_VERSION || !demandsPsk(connection)),
  );

/** Puts an offer of some versions together from a connection's settings. */
export function* makeOffer(connection: Connection, inForce: readonly number[]): Step<Offer> {
  const { provider } = connection;
  const [newest] = inForce;
  if (newest === undefined) return fatal('internal_error', 'NO_PROTOCOLS_AVAILABLE');
  // RFC 9001, 8.1: over QUIC there is no application without a name.
  if (connection.quic !== undefined && connection.get('alpnProtocols').length === 0) fatal('internal_error', 'NO_APPLICATION_PROTOCOL');
  const suites13 = newest === TLS1_3_VERSION ? tls13Suites(connection) : [];
  const older = inForce.find((version) => version < TLS1_3_VERSION);
  const suites = suitesFor(connection, inForce);
  if (suites.length === 0) return fatal('internal_error', 'NO_CIPHERS_AVAILABLE');
  const usable = newest === TLS1_3_VERSION ? groups(connection) : groups(connection).filter((id) => namedGroup(id)?.tls12);
  const resumption12 =
    older === undefined || (connection.established && !connection.abbreviates) ? undefined : resumable12(connection, inForce);
  const psks = suites13.length === 0 ? [] : yield* offeredPsks(connection, suites13);
  const certificateIds = connection.get('sigalgsCert');
  const keyShares = suites13.length === 0 ? [] : yield* settle(offerKeyShares(provider, firstShares(connection, usable)));
  return {
    versions: inForce,
    random: helloRandom(connection),
    legacyVersion: Math.min(TLS1_2_VERSION, newest),
    sessionId: resumption12?.session.data.id ?? freshSessionId(connection, newest),
    resumption12,
    suites,
    groups: usable,
    // RFC 9846, 4.2.3: who wants no certificate names no schemes.
    schemes: demandsPsk(connection) ? [] : verifySchemes(connection),
    certificateSchemes: certificateIds && schemes(connection, certificateIds),
    psks,
    grease: connection.get('grease') ? new Grease(provider) : undefined,
    permutation: connection.get('permuteExtensions') ? provider.random(64) : undefined,
    keyShares,
    cookie: undefined,
    retried: false,
    isFallback: (connection.get('mode') & MODES.SEND_FALLBACK_SCSV) !== 0,
    // RFC 9846, 4.2.10: early data goes under the first PSK, if under any.
    earlyData: connection.earlyData === 'wanted' && (psks[0]?.maxEarlyData ?? 0) > 0,
    serverName: connection.get('serverName'),
    alpn: connection.get('alpnProtocols'),
    ech: undefined,
    isEnvelope: false,
    greasePsk: undefined,
  };
}

/** TLS_FALLBACK_SCSV (RFC 7507). */
const FALLBACK_SCSV = 0x5600;

/** RFC 9846, D.4: a session id that is not empty makes a middlebox see a resumption it knows. */
const freshSessionId = (connection: Connection, newest: number): Uint8Array =>
  connection.provider.random(newest === TLS1_3_VERSION && connection.middleboxCompat ? 32 : 0);

/** Suites of any of the versions, those of TLS 1.3 first. */
export const suitesFor = (connection: Connection, inForce: readonly number[]): readonly CipherSuite[] => [
  ...(inForce.includes(TLS1_3_VERSION) ? tls13Suites(connection) : []),
  ...olderSuites(connection, inForce),
];

/** Suites that some older version in force can use, each once, in our order. */
function olderSuites(connection: Connection, inForce: readonly number[]): readonly CipherSuite[] {
  const [newest, ...others] = inForce.filter((version) => version < TLS1_3_VERSION).map((version) => suites12(connection, version));
  const usable = new Set(others.flat());
  // What the newest of them can use is nearly always all there is.
  if (newest === undefined || [...usable].every((suite) => newest.includes(suite))) return newest ?? [];
  for (const suite of newest) usable.add(suite);
  const order = connection.get('cipherList') ?? DEFAULT_TLS12_SUITES;
  return [...usable].sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}

/** Groups to send shares for unasked: one that the server is known to take, those that were chosen, or the best one and, where that is a post-quantum one, the best classical one too. */
function firstShares(connection: Connection, usable: readonly number[]): readonly number[] {
  const hinted = usable.find((group) => connection.get('serverGroupsHint').includes(group));
  if (hinted !== undefined) return [hinted];
  const chosen = connection.get('keyShares');
  if (chosen !== undefined) return usable.filter((group) => chosen.includes(group));
  const [best] = usable;
  if (best === undefined) return [];
  if (namedGroup(best)?.tls12) return [best];
  const classical = usable.find((group) => namedGroup(group)?.kind === 'ec');
  return classical === undefined ? [best] : [best, classical];
}

/** The ClientHello of an offer, binders included, and the types of its extensions. */
export function writeOffer(
  connection: Connection,
  offer: Offer,
  transcript: Transcript,
): { readonly raw: Uint8Array; readonly extensions: ReadonlySet<number> } {
  const extensions = extensionsOf(connection, offer);
  if (connection.hasOption(OPTIONS.TLSEXT_PADDING)) extensions.push(...padding(offer, [...extensions, ...pskExtension(connection, offer)]));
  return writeHello(connection, offer, extensions, transcript);
}

/** The same with its extensions chosen already, all but pre_shared_key, which comes last. */
export function writeHello(
  connection: Connection,
  offer: Offer,
  extensions: readonly RawExtension[],
  transcript: Transcript,
): { readonly raw: Uint8Array; readonly extensions: ReadonlySet<number> } {
  const all = [...extensions, ...pskExtension(connection, offer)];
  const raw = encodeMessage(clientHello, helloOf(offer, all));
  const types = new Set(all.map(({ type }) => type));
  return { raw: offer.psks.length > 0 ? bind(connection, offer, raw, transcript) : raw, extensions: types };
}

/** The extensions of an offer in the order they go, but for pre_shared_key. What the application adds is not for an envelope. */
export function extensionsOf(connection: Connection, offer: Offer): RawExtension[] {
  const own = offer.isEnvelope ? [] : customExtensionsFor(connection, EXT.CLIENT_HELLO, undefined);
  return ordered(offer, [...offeredExtensions(connection, offer), ...own]);
}

function pskExtension(connection: Connection, offer: Offer): readonly RawExtension[] {
  if (offer.psks.length > 0) return [unboundPsks(connection, offer)];
  return offer.greasePsk === undefined ? [] : [offer.greasePsk];
}

/** RFC 7685: some servers hang on hellos of 256 to 511 bytes; those are made longer (SSL_OP_TLSEXT_PADDING). */
function padding(offer: Offer, extensions: readonly RawExtension[]): readonly RawExtension[] {
  const { length } = encodeMessage(clientHello, helloOf(offer, extensions));
  return length > 0xff && length < 0x200 ? [{ type: 21, data: new Uint8Array(Math.max(1, 0x200 - length - 4)) }] : [];
}

export function helloOf(offer: Offer, extensions: readonly RawExtension[]): ClientHello {
  const suites = [
    ...(offer.grease ? [offer.grease.suite] : []),
    ...offer.suites.map(({ id }) => id),
    ...(offer.isFallback ? [FALLBACK_SCSV] : []),
  ];
  return {
    legacyVersion: offer.legacyVersion,
    random: offer.random,
    legacySessionId: offer.sessionId,
    cipherSuites: suites,
    legacyCompressionMethods: Uint8Array.of(0),
    extensions,
  };
}

/** The extensions of an offer in their usual order; pre_shared_key, always last, comes apart. */
function offeredExtensions(connection: Connection, offer: Offer): RawExtension[] {
  const { grease } = offer;
  const out: (RawExtension | undefined)[] = [
    grease && { type: grease.firstExtension, data: new Uint8Array(0) },
    serverNameOf(offer),
    connection.get('maxFragmentLength') > 0 ? encode(maxFragmentLength, 'CH', connection.get('maxFragmentLength')) : undefined,
    encode(supportedGroups, 'CH', grease ? [grease.group, ...offer.groups] : offer.groups),
    offer.alpn.length > 0 ? encode(alpn, 'CH', offer.alpn) : undefined,
    asksForStaple(connection)
      ? encode(statusRequest, 'CH', {
          responderIds: connection.get('statusResponderIds'),
          requestExtensions: connection.get('statusExtensions'),
        })
      : undefined,
    // RFC 5246, 7.4.1.4.1: not to servers that can only be older than TLS 1.2.
    offer.legacyVersion >= TLS1_2_VERSION && offer.schemes.length > 0
      ? encode(signatureAlgorithms, 'CH', [...(grease ? [grease.scheme] : []), ...offer.schemes.map(({ id }) => id)])
      : undefined,
    offer.certificateSchemes &&
      encode(
        signatureAlgorithmsCert,
        'CH',
        offer.certificateSchemes.map(({ id }) => id),
      ),
    asksForTimestamps(connection) ? encode(signedCertificateTimestamp, 'CH', true) : undefined,
    connection.get('recordSizeLimit') > 0
      ? encode(recordSizeLimit, 'CH', ownRecordSizeLimit(connection.get('recordSizeLimit')))
      : undefined,
    authoritiesOf(connection),
    ...(offers13(offer) ? offeredCompression(connection, 'CH') : []),
    // The public name is authenticated by a certificate (RFC 9849, 6.1.7).
    ...(offer.isEnvelope ? [] : offeredCertificateTypes(connection)),
    ...ownTransportParameters(connection, 'CH'),
    offers13(offer) ? encode(supportedVersions, 'CH', grease ? [grease.version, ...offer.versions] : offer.versions) : undefined,
    offer.cookie && encode(cookie, 'CH', offer.cookie),
    offer.ech,
    ...older12(connection, offer),
    offers13(offer) ? encode(pskKeyExchangeModes, 'CH', pskModes(connection)) : undefined,
    offers13(offer) ? encode(keyShare, 'CH', [...greaseShare(offer), ...offer.keyShares]) : undefined,
    offer.earlyData ? encode(earlyData, 'CH', true) : undefined,
    connection.get('postHandshakeAuth') && connection.quic === undefined ? encode(postHandshakeAuth, 'CH', true) : undefined,
    grease && { type: grease.lastExtension, data: Uint8Array.of(0) },
  ];
  return out.filter((extension) => extension !== undefined);
}

/** A retry's share stands alone (RFC 9846, 4.1.2). */
const greaseShare = ({ grease, retried }: Offer): readonly KeyShareEntry[] =>
  grease && !retried ? [{ group: grease.group, share: Uint8Array.of(0) }] : [];

/** Address literals are not names and are not sent (RFC 6066, 3). */
export function serverNameOf({ serverName: name }: Offer): RawExtension | undefined {
  if (name === undefined) return undefined;
  const bytes = utf8(name.endsWith('.') ? name.slice(0, -1) : name);
  return isHostName(bytes) && parseIp(name) === undefined ? encode(serverName, 'CH', bytes) : undefined;
}

function authoritiesOf(connection: Connection): RawExtension | undefined {
  const names = connection.get('caList') ?? [];
  return names.length > 0 ? encode(certificateAuthorities, 'CH', names) : undefined;
}

/** psk_ke, which has no forward secrecy, only where it was asked for. */
const pskModes = (connection: Connection): Uint8Array =>
  connection.hasOption(OPTIONS.ALLOW_NO_DHE_KEX) ? Uint8Array.of(PSK_DHE_KE, PSK_KE) : Uint8Array.of(PSK_DHE_KE);

/** A random order, the same in both hellos, so that nobody comes to rely on one; pre_shared_key is added after it. */
function ordered({ permutation }: Offer, extensions: readonly RawExtension[]): RawExtension[] {
  const out = [...extensions];
  if (permutation === undefined) return out;
  const rank = ({ type }: RawExtension): number => ((permutation[type % 64] as number) << 8) | (permutation[(type * 7 + 3) % 64] as number);
  return out.sort((a, b) => rank(a) - rank(b) || a.type - b.type);
}

// ---- pre-shared keys

/** pre_shared_key with room for its binders. */
function unboundPsks(connection: Connection, { psks }: Offer): RawExtension {
  const now = connection.owner.now();
  const identities = psks.map(({ identity, session }) => ({
    identity,
    obfuscatedTicketAge: session === undefined ? 0 : obfuscatedAge(session.data, now),
  }));
  return encode(preSharedKey, 'CH', { identities, binders: psks.map(({ hash }) => new Uint8Array(hashLength(hash))) });
}

/** RFC 9846, 4.2.11.1: the age in milliseconds plus ticket_age_add, modulo 2^32. */
const obfuscatedAge = ({ createdAt, ticketAgeAdd }: { readonly createdAt: number; readonly ticketAgeAdd: number }, now: number): number =>
  (Math.max(0, Math.floor(now - createdAt)) + ticketAgeAdd) % 0x1_0000_0000;

/** Replaces the room at the end of a ClientHello by the binders over what stands before them (RFC 9846, 4.2.11.2). */
function bind(connection: Connection, { psks }: Offer, raw: Uint8Array, transcript: Transcript): Uint8Array {
  const length = bindersLength(psks.map(({ hash }) => ({ length: hashLength(hash) })));
  const truncated = raw.subarray(0, raw.length - length);
  const binders = psks.map((psk) => binderOf(connection.provider, psk, transcript, truncated));
  raw.set(
    build((w) =>
      w.vec16((list) => {
        for (const binder of binders) list.vec8(binder);
      }),
    ),
    truncated.length,
  );
  return raw;
}

/** What only TLS 1.2 and below answer. */
function older12(connection: Connection, offer: Offer): RawExtension[] {
  if (offer.versions.every((version) => version >= TLS1_3_VERSION)) return [];
  const { ownFinished = EMPTY } = connection;
  const out: RawExtension[] = [encode(renegotiationInfo, 'CH', connection.established ? ownFinished : EMPTY)];
  if (connection.get('extendedMasterSecret') !== 'off') out.push(encode(extendedMasterSecret, 'CH', true));
  if (offer.suites.some(({ keyExchange }) => keyExchange.startsWith('ecdhe')))
    out.push(encode(ecPointFormats, 'CH', Uint8Array.of(UNCOMPRESSED)));
  if (!connection.hasOption(OPTIONS.NO_TICKET)) out.push(encode(sessionTicket, 'CH', offer.resumption12?.ticket ?? EMPTY));
  const macs = offer.suites.some(({ cbc }) => cbc !== undefined) && !connection.hasOption(OPTIONS.NO_ENCRYPT_THEN_MAC);
  if (macs) out.push(encode(encryptThenMac, 'CH', true));
  return out;
}

/** Whether a version was offered. */
export const offers13 = (offer: Offer): boolean => offer.versions.includes(TLS1_3_VERSION);
