/** What may still come and go on a TLS 1.3 connection in use (RFC 9846, 4.6). */
import { copyOf, toHex } from '../bytes/bytes.ts';
import { earlyData } from '../extensions/early-data.ts';
import { readBlock } from '../extensions/table.ts';
import { HANDSHAKE_TYPE } from '../registry/content-types.ts';
import { fatal, refuse, SslUsageError } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { TLS1_3_VERSION } from '../registry/versions.ts';
import { SslSession } from '../session/session.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';
import { certificateRequest, finished, keyUpdate, newSessionTicket } from '../wire/tls13-messages.ts';
import { clientAuthentication } from './client/tls13.ts';
import { certificateForms, readCertificateMessage } from './common/certificate-compression.ts';
import { EXT, parseCustomExtensions } from './common/custom-extensions.ts';
import { checkFinished, verifyData } from './common/finished.ts';
import { established, updateReadKeys, updateWriteKeys } from './common/keys.ts';
import { QUIC_EARLY_DATA } from './common/quic.ts';
import { remember, sendTickets, sessionOf } from './common/tickets.ts';
import type { Connection } from './connection.ts';
import { Handshake } from './handshake.ts';
import { receive } from './io.ts';
import { answerRenegotiation, renegotiationLimit } from './renegotiation.ts';
import { certificateRequestOf, judgeClientCertificate } from './server/client-auth.ts';
import type { Step } from './step.ts';
import { Transcript } from './transcript.ts';

/** How long a message may be that comes after the handshake; undefined: its type may not come now. */
export function postHandshakeLimit(connection: Connection, type: number): number | undefined {
  if (connection.version < TLS1_3_VERSION) return renegotiationLimit(connection, type);
  // RFC 9001, 4.4 and 6: QUIC changes its keys itself, and nobody is asked for a certificate late.
  if (connection.quic !== undefined)
    return !connection.isServer && type === HANDSHAKE_TYPE.newSessionTicket ? newSessionTicket.limit : undefined;
  if (type === HANDSHAKE_TYPE.keyUpdate) return keyUpdate.limit;
  if (connection.isServer)
    return connection.certificateRequests.size > 0 ? certificateForms(connection).find((form) => form.type === type)?.limit : undefined;
  if (type === HANDSHAKE_TYPE.newSessionTicket) return newSessionTicket.limit;
  return type === HANDSHAKE_TYPE.certificateRequest && connection.handshakeHash !== undefined ? certificateRequest.limit : undefined;
}

/** Answers one message. */
export function* postHandshake(connection: Connection, message: Uint8Array): Step<void> {
  const raw = copyOf(message);
  // RFC 9846 names no bound; without one a peer could keep us busy for ever with messages that carry nothing.
  if (++connection.postHandshakeMessages > LIMITS.postHandshakeMessages.value) {
    fatal('unexpected_message', raw[0] === HANDSHAKE_TYPE.keyUpdate ? 'TOO_MANY_KEY_UPDATES_PER_DATA' : 'TOO_MANY_POST_HANDSHAKE_MESSAGES');
  }
  switch (raw[0]) {
    case HANDSHAKE_TYPE.helloRequest:
    case HANDSHAKE_TYPE.clientHello:
      return yield* answerRenegotiation(connection, raw);
    case HANDSHAKE_TYPE.keyUpdate:
      return receiveKeyUpdate(connection, raw);
    case HANDSHAKE_TYPE.newSessionTicket:
      return receiveTicket(connection, raw);
    case HANDSHAKE_TYPE.certificateRequest:
      return yield* answerCertificateRequest(connection, raw);
    case HANDSHAKE_TYPE.certificate:
    case HANDSHAKE_TYPE.compressedCertificate:
      return yield* receiveLateCertificate(connection, raw);
    default:
      return fatal('unexpected_message', 'UNEXPECTED_MESSAGE');
  }
}

// ---- KeyUpdate (RFC 9846, 4.6.3)

function receiveKeyUpdate(connection: Connection, raw: Uint8Array): void {
  const { requestUpdate } = decodeMessage(keyUpdate, raw).value;
  if (requestUpdate > 1) fatal('illegal_parameter', 'BAD_KEY_UPDATE');
  updateReadKeys(connection);
  connection.endFlow();
  // However many requests come, one answer is owed: it is sent with what is written next, or now if nothing is stuck.
  if (requestUpdate === 1) connection.keyUpdateOwed = true;
  if (connection.io.records.writer.pending === 0) payKeyUpdate(connection);
}

/** Sends the KeyUpdate that was asked for, before anything else is sealed. */
export function payKeyUpdate(connection: Connection): void {
  if (!connection.keyUpdateOwed || connection.io.sentCloseNotify) return;
  sendKeyUpdate(connection, false);
  connection.io.flush();
}

/** New keys for what we send; `request`: the peer shall change its own too. */
export function sendKeyUpdate(connection: Connection, request: boolean): void {
  connection.keyUpdateOwed = false;
  connection.io.send(keyUpdate, { requestUpdate: request ? 1 : 0 });
  updateWriteKeys(connection);
  connection.endFlow();
}

// ---- NewSessionTicket (RFC 9846, 4.6.1)

function receiveTicket(connection: Connection, raw: Uint8Array): void {
  const { schedule } = established(connection);
  const ticket = decodeMessage(newSessionTicket, raw).value;
  const block = readBlock('NST', ticket.extensions);
  parseCustomExtensions(connection, EXT.TLS1_3_NEW_SESSION_TICKET, ticket.extensions);
  const maxEarlyData = block.get(earlyData) ?? 0;
  // RFC 9001, 4.6.1: over QUIC any other value is an error.
  if (connection.quic !== undefined && block.has(earlyData) && maxEarlyData !== QUIC_EARLY_DATA)
    fatal('illegal_parameter', 'BAD_EARLY_DATA');
  connection.endFlow();
  const { resumptionSecret } = connection;
  // RFC 9846, 4.6.1: a lifetime of zero means: forget it at once.
  if (ticket.lifetime === 0 || resumptionSecret === undefined || connection.ticketsReceived++ >= LIMITS.ticketsKept.value) return;
  const session = new SslSession({
    ...sessionOf(connection),
    secret: schedule.resumptionPsk(resumptionSecret, ticket.nonce),
    // A client's session has no id of its own; a cache finds it by a hash of its ticket, as OpenSSL does.
    id: connection.provider.digest('sha256', ticket.ticket),
    ticket: copyOf(ticket.ticket),
    ticketLifetime: ticket.lifetime,
    ticketAgeAdd: ticket.ageAdd,
    maxEarlyData,
    timeout: Math.min(ticket.lifetime, LIMITS.sessionLifetime.value),
  });
  connection.replaceSession(session);
  remember(connection, session);
  connection.get('newSessionCallback')?.(connection.owner.handle, session);
}

// ---- post-handshake authentication (RFC 9846, 4.6.2)

/** Asks a client for its certificate on a connection in use (SSL_verify_client_post_handshake(3)). */
export function sendCertificateRequest(connection: Connection): void {
  const { handshakeHash } = connection;
  if (!connection.isServer) refuse('NOT_SERVER');
  if (!connection.peerOffersPostHandshakeAuth || handshakeHash === undefined) throw new SslUsageError('EXTENSION_NOT_RECEIVED');
  if (connection.certificateRequests.size > 0) refuse('REQUEST_PENDING');
  const context = copyOf(connection.provider.random(32));
  const raw = connection.io.sendRaw(encodeMessage(certificateRequest, certificateRequestOf(connection, context)));
  const running = handshakeHash.clone();
  running.update(raw);
  connection.certificateRequests.set(toHex(context), running);
  connection.endFlow();
}

function* answerCertificateRequest(connection: Connection, raw: Uint8Array): Step<void> {
  const { handshakeHash } = connection;
  if (handshakeHash === undefined) return fatal('unexpected_message', 'UNEXPECTED_MESSAGE');
  // RFC 9846, 6.1: after close_notify nothing is said any more.
  if (connection.io.sentCloseNotify) return;
  const request = decodeMessage(certificateRequest, raw).value;
  const { schedule, writeSecret } = established(connection);
  const handshake = new Handshake(connection, Transcript.continuing(connection.provider, handshakeHash));
  handshake.transcript.add(raw);
  yield* clientAuthentication(handshake, request);
  handshake.send(finished, { verifyData: verifyData(schedule, writeSecret, handshake.transcript.digest()) });
  yield* handshake.flush();
  connection.finishHandshake();
}

/** The answer to a request of ours: Certificate, CertificateVerify if there is one to verify, Finished, one after the other. */
function* receiveLateCertificate(connection: Connection, raw: Uint8Array): Step<void> {
  const message = readCertificateMessage(connection, raw);
  const { context } = message;
  const running = connection.certificateRequests.get(toHex(context));
  // RFC 9846, 4.6.2: an answer to no request is unexpected_message.
  if (running === undefined) return fatal('unexpected_message', 'INVALID_CONTEXT', 'certificate_request_context');
  connection.certificateRequests.delete(toHex(context));
  const { schedule, readSecret } = established(connection);
  const handshake = new Handshake(connection, Transcript.continuing(connection.provider, running));
  handshake.transcript.add(raw);
  yield* judgeClientCertificate(handshake, context, handshake.transcript, message);
  const before = handshake.transcript.digest();
  const theirs = yield* receive(connection.io, undefined, finished);
  checkFinished(schedule, readSecret, before, theirs.value.verifyData);
  // Tickets that went before know nothing of the client that has just said who it is.
  yield* sendTickets(connection, connection.get('numTickets'));
  yield* handshake.flush();
  connection.finishHandshake();
}
