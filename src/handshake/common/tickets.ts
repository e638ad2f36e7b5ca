/** Sessions to come: what a handshake leaves to be resumed, the tickets that carry it, and finding it again. */
import { copyOf, EMPTY, wipe } from '../../bytes/bytes.ts';
import { readAll } from '../../bytes/reader.ts';
import { build } from '../../bytes/writer.ts';
import { earlyData } from '../../extensions/early-data.ts';
import { encode } from '../../extensions/extension.ts';
import { fatal, SslUsageError } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import { OPTIONS, SESSION_CACHE } from '../../registry/options.ts';
import { TLS1_3_VERSION } from '../../registry/versions.ts';
import { decodeSession, encodeSessionData } from '../../session/asn1.ts';
import { type SessionData, SslSession } from '../../session/session.ts';
import { openTicket, sealTicket, type TicketKey, ticketKeyName } from '../../session/ticket.ts';
import { newSessionTicket } from '../../wire/tls13-messages.ts';
import { greaseValue } from '../client/grease.ts';
import type { Connection } from '../connection.ts';
import { type Step, settle } from '../step.ts';
import { customExtensionsFor, EXT } from './custom-extensions.ts';
import { established } from './keys.ts';
import { QUIC_EARLY_DATA } from './quic.ts';

/** RFC 5246, 7.4.1.2. */
const MAX_ID_LENGTH = 32;

/** What a connection can say about itself to a session; the secret and the ticket come with each ticket. */
export function sessionOf(connection: Connection): SessionData {
  return {
    version: connection.version,
    cipherSuite: connection.suite?.id ?? 0,
    secret: EMPTY,
    id: EMPTY,
    idContext: connection.get('sessionIdContext'),
    createdAt: connection.owner.now(),
    timeout: connection.get('sessionTimeout') || 7200,
    peerChain: connection.peerChain,
    peerRawKey: connection.peerRawKey?.spki,
    verifyResult: connection.verifyResult,
    ocspResponse: connection.ocspResponse,
    signedCertificateTimestamps: connection.signedCertificateTimestamps,
    serverName: connection.serverName,
    alpn: connection.alpn,
    ticket: EMPTY,
    ticketLifetime: 0,
    ticketAgeAdd: 0,
    maxEarlyData: 0,
    // TLS 1.3 binds every secret to the transcript anyway.
    extendedMasterSecret: connection.version >= TLS1_3_VERSION || connection.extendedMasterSecret,
    maxFragmentLength: connection.maxFragmentLength,
    group: connection.group,
    pskIdentityHint: connection.pskIdentityHint,
    pskIdentity: connection.pskIdentity,
    ticketAppData: connection.session?.data.ticketAppData ?? EMPTY,
    isQuic: connection.quic !== undefined,
    quicEarlyDataContext: (connection.quic && connection.get('quicEarlyDataContext')) ?? EMPTY,
  };
}

/** Sends tickets after the handshake, each with a PSK of its own (RFC 9846, 4.6.1). */
export function* sendTickets(connection: Connection, count: number): Step<void> {
  if (!connection.peerResumes || connection.get('notResumableCallback')?.(connection.owner.handle, connection.group !== 0)) return;
  for (let i = 0; i < count; i++) yield* sendTicket(connection);
}

function* sendTicket(connection: Connection): Step<void> {
  const { schedule } = established(connection);
  const { resumptionSecret, provider } = connection;
  if (resumptionSecret === undefined || !mayTicket(connection)) return;
  const number = connection.ticketsSent++;
  const nonce = build((w) => w.u32(0).u32(number));
  const lifetime = Math.min(connection.get('sessionTimeout') || 7200, LIMITS.sessionLifetime.value);
  const maxEarlyData = earlyDataAllowed(connection);
  const data: SessionData = {
    ...sessionOf(connection),
    secret: schedule.resumptionPsk(resumptionSecret, nonce),
    id: newSessionId(connection),
    timeout: lifetime,
    ticketLifetime: lifetime,
    ticketAgeAdd: readNumber(provider.random(4)),
    maxEarlyData,
  };
  const stateful = isStateful(connection);
  const ticket = stateful ? data.id : yield* sealSession(connection, data);
  if (ticket === undefined) return wipe(data.secret);
  connection.io.send(newSessionTicket, {
    lifetime,
    ageAdd: data.ticketAgeAdd,
    nonce,
    ticket,
    extensions: [
      ...(maxEarlyData > 0 ? [encode(earlyData, 'NST', maxEarlyData)] : []),
      // RFC 8701, 4.1: clients pass over it.
      ...(connection.get('grease') ? [{ type: greaseValue(provider.random(1)[0] as number), data: EMPTY }] : []),
      ...customExtensionsFor(connection, EXT.TLS1_3_NEW_SESSION_TICKET, undefined),
    ],
  });
  // A session that only its ticket holds needs no object.
  if (!stateful && !announces(connection)) return wipe(data.secret);
  const session = new SslSession({ ...data, ticket });
  if (stateful) remember(connection, session);
  announce(connection, session);
  session.free();
}

const readNumber = (bytes: Uint8Array): number => readAll(bytes, (r) => r.u32());

/** SSL_CTX_set_generate_session_id(3), or 32 random bytes. */
export function newSessionId(connection: Connection): Uint8Array {
  const callback = connection.get('generateSessionIdCallback');
  if (callback === undefined) return copyOf(connection.provider.random(MAX_ID_LENGTH));
  const id = callback(connection.owner.handle, MAX_ID_LENGTH);
  if (id.length === 0 || id.length > MAX_ID_LENGTH) fatal('internal_error', 'SSL_SESSION_ID_HAS_BAD_LENGTH', `${id.length} bytes`);
  if (connection.owner.sessions.cache.has(id)) fatal('internal_error', 'SSL_SESSION_ID_CONFLICT');
  return copyOf(id);
}

/** Whether the application hears of new sessions of this server: the cache mode may say that it keeps none (SSL_CTX_sess_set_new_cb(3)). */
const announces = (connection: Connection): boolean =>
  (connection.get('sessionCacheMode') & SESSION_CACHE.SERVER) !== 0 && connection.get('newSessionCallback') !== undefined;

export function announce(connection: Connection, session: SslSession): void {
  if (announces(connection)) connection.get('newSessionCallback')?.(connection.owner.handle, session);
}

/** SSL_CTX_set_session_ticket_cb(3): the application may put data into the session that the ticket will carry, or want no ticket. */
export function mayTicket(connection: Connection): boolean {
  const callback = connection.get('ticketGenerateCallback');
  if (callback === undefined) return true;
  if (connection.session === undefined) connection.replaceSession(new SslSession(sessionOf(connection)));
  return callback(connection.owner.handle);
}

/** Bytes of 0-RTT data that our tickets allow. Over QUIC its number says only that there may be some (RFC 9001, 4.6.1). */
function earlyDataAllowed(connection: Connection): number {
  if (connection.quic === undefined) return connection.get('maxEarlyData');
  return connection.get('quicEarlyData') && connection.get('quicEarlyDataContext') !== undefined ? QUIC_EARLY_DATA : 0;
}

/** Tickets are references into the cache where the application wants no others, or where each may be used once only. */
const isStateful = (connection: Connection): boolean =>
  connection.hasOption(OPTIONS.NO_TICKET) || (earlyDataAllowed(connection) > 0 && !connection.hasOption(OPTIONS.NO_ANTI_REPLAY));

/** Puts a session into the context's cache as far as the cache mode says. */
export function remember(connection: Connection, session: SslSession): void {
  const mode = connection.get('sessionCacheMode');
  const bit = connection.isServer ? SESSION_CACHE.SERVER : SESSION_CACHE.CLIENT;
  if ((mode & bit) === 0 || (mode & SESSION_CACHE.NO_INTERNAL_STORE) !== 0) return;
  connection.owner.sessions.cache.add(session, connection.get('sessionCacheSize'));
}

/** A ticket that carries the session itself, under the newest key; none where the application has no key for it. */
export function* sealSession(connection: Connection, session: SessionData): Step<Uint8Array | undefined> {
  const key = yield* sealingKey(connection);
  if (key === undefined) return undefined;
  const state = encodeSessionData(session);
  const ticket = sealTicket(connection.provider, key, state);
  wipe(state);
  return ticket;
}

function* sealingKey(connection: Connection): Step<TicketKey | undefined> {
  const callback = connection.get('ticketKeyCallback');
  return callback === undefined ? ownKeys(connection)[0] : yield* settle(callback(connection.owner.handle, undefined));
}

const ownKeys = (connection: Connection): readonly TicketKey[] =>
  connection.owner.sessions.ticketKeys(connection.provider, connection.get('ticketKeys'), connection.owner.now());

/** The session a PSK identity or a TLS 1.2 ticket stands for: in the cache, with the application, or inside the ticket. */
export function* findSession(connection: Connection, identity: Uint8Array): Step<SslSession | undefined> {
  return (yield* cachedSession(connection, identity)) ?? judged(connection, identity, yield* ticketSession(connection, identity));
}

/** SSL_CTX_set_session_ticket_cb(3): the application decides what becomes of a ticket that came back. */
function judged(connection: Connection, ticket: Uint8Array, session: SslSession | undefined): SslSession | undefined {
  const callback = connection.get('ticketDecryptCallback');
  if (callback === undefined) return session;
  const status = session === undefined ? (ticket.length === 0 ? 'empty' : 'no_decrypt') : 'success';
  const verdict = callback(connection.owner.handle, session, ticket.subarray(0, 16), status);
  if (verdict === 'abort') fatal('internal_error', 'CALLBACK_FAILED', 'ticket decryption callback');
  connection.renewsTicket = verdict === 'use_renew';
  return verdict === 'use' || verdict === 'use_renew' ? session : undefined;
}

function* cachedSession(connection: Connection, id: Uint8Array): Step<SslSession | undefined> {
  if (id.length > MAX_ID_LENGTH) return undefined;
  const mode = connection.get('sessionCacheMode');
  const { cache } = connection.owner.sessions;
  if ((mode & SESSION_CACHE.NO_INTERNAL_LOOKUP) === 0) {
    const session = cache.find(id, connection.owner.now());
    if (session !== undefined) return session;
  }
  const callback = connection.get('getSessionCallback');
  const session = callback && (yield* settle(callback(connection.owner.handle, id)));
  if (session !== undefined) cache.statistics.callbackHits++;
  return session;
}

function* ticketSession(connection: Connection, ticket: Uint8Array): Step<SslSession | undefined> {
  if (connection.hasOption(OPTIONS.NO_TICKET)) return undefined;
  const name = ticketKeyName(ticket);
  if (name === undefined) return undefined;
  const callback = connection.get('ticketKeyCallback');
  const keys =
    callback === undefined
      ? ownKeys(connection).map((key, age) => ({ ...key, renew: age > 0 }))
      : [yield* settle(callback(connection.owner.handle, name))];
  for (const key of keys) {
    const state = key && openTicket(connection.provider, key, ticket);
    if (state === undefined) continue;
    connection.renewsTicket = key?.renew === true;
    const session = connection.holdOpened(decoded(state));
    if (session !== undefined && !session.isCurrent(connection.owner.now())) connection.owner.sessions.cache.statistics.timeouts++;
    return session;
  }
  return undefined;
}

/** What we sealed we can read, unless an older release sealed it: then it is a full handshake. */
function decoded(state: Uint8Array): SslSession | undefined {
  try {
    return decodeSession(state);
  } catch (error) {
    if (error instanceof SslUsageError) return undefined;
    throw error;
  } finally {
    wipe(state);
  }
}
