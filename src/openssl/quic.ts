/** The handshake of QUIC (RFC 9001) by BoringSSL's names: no packets, only handshake bytes and secrets by encryption level. */

import { EMPTY } from '../bytes/bytes.ts';
import type { EncryptionLevel, QuicMethod } from '../config/callbacks.ts';
import { fatal, refuse } from '../registry/fatal.ts';
import { attempt } from './errors.ts';
import { enter } from './progress.ts';
import { asInt, done, put } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CIPHER, SSL_CTX } from './types.ts';

export const ssl_encryption_initial = 0;
export const ssl_encryption_early_data = 1;
export const ssl_encryption_handshake = 2;
export const ssl_encryption_application = 3;

/** One of ssl_encryption_*. */
export type ssl_encryption_level_t = number;

/** By their numbers. */
const LEVELS: readonly EncryptionLevel[] = ['initial', 'early_data', 'handshake', 'application'];

const levelOf = (level: ssl_encryption_level_t): EncryptionLevel => LEVELS[level] ?? refuse('WRONG_ENCRYPTION_LEVEL_RECEIVED', `${level}`);
const numberOf = (level: EncryptionLevel): ssl_encryption_level_t => LEVELS.indexOf(level);

/** What a QUIC implementation does for the handshake; each answers 1, or 0 to end the connection. */
export interface SSL_QUIC_METHOD {
  readonly set_read_secret: (ssl: SSL, level: ssl_encryption_level_t, cipher: SSL_CIPHER, secret: Uint8Array) => number;
  readonly set_write_secret: (ssl: SSL, level: ssl_encryption_level_t, cipher: SSL_CIPHER, secret: Uint8Array) => number;
  readonly add_handshake_data: (ssl: SSL, level: ssl_encryption_level_t, data: Uint8Array) => number;
  readonly flush_flight: (ssl: SSL) => number;
  readonly send_alert: (ssl: SSL, level: ssl_encryption_level_t, alert: number) => number;
}

function methodFrom(method: SSL_QUIC_METHOD | null): QuicMethod | undefined {
  if (method === null) return undefined;
  const must = (name: keyof SSL_QUIC_METHOD, answer: number): void => {
    if (answer !== 1) fatal('internal_error', 'QUIC_INTERNAL_ERROR', name);
  };
  return {
    setReadSecret: (ssl, level, suite, secret) => must('set_read_secret', method.set_read_secret(ssl, numberOf(level), suite, secret)),
    setWriteSecret: (ssl, level, suite, secret) => must('set_write_secret', method.set_write_secret(ssl, numberOf(level), suite, secret)),
    addHandshakeData: (ssl, level, data) => must('add_handshake_data', method.add_handshake_data(ssl, numberOf(level), data)),
    flushFlight: (ssl) => must('flush_flight', method.flush_flight(ssl)),
    sendAlert: (ssl, level, alert) => must('send_alert', method.send_alert(ssl, numberOf(level), alert)),
  };
}

export const SSL_CTX_set_quic_method = (ctx: SSL_CTX, quic_method: SSL_QUIC_METHOD | null): number =>
  put('SSL_CTX_set_quic_method', ctx, 'quicMethod', methodFrom(quic_method));
export const SSL_set_quic_method = (ssl: SSL, quic_method: SSL_QUIC_METHOD | null): number =>
  put('SSL_set_quic_method', ssl, 'quicMethod', methodFrom(quic_method));
export const SSL_is_quic = (ssl: SSL): number => asInt(alive(ssl).isQuic);

/** Bytes of the CRYPTO stream of a level, in order; 0 for another level than SSL_quic_read_level, or for too many. */
export const SSL_provide_quic_data = (ssl: SSL, level: ssl_encryption_level_t, data: Uint8Array): number =>
  attempt('SSL_provide_quic_data', 0, () => done(ssl.provideQuicData(levelOf(level), data)));

/** Deals with what was provided after the handshake. */
export function SSL_process_quic_post_handshake(ssl: SSL): number {
  enter(ssl);
  return attempt('SSL_process_quic_post_handshake', 0, () => done(ssl.processQuicPostHandshake()));
}

export const SSL_quic_read_level = (ssl: SSL): ssl_encryption_level_t => numberOf(alive(ssl).quicReadLevel);
export const SSL_quic_write_level = (ssl: SSL): ssl_encryption_level_t => numberOf(alive(ssl).quicWriteLevel);
export const SSL_quic_max_handshake_flight_len = (ssl: SSL, level: ssl_encryption_level_t): number =>
  alive(ssl).quicMaxHandshakeFlightLen(levelOf(level));

// ---- transport parameters

export const SSL_set_quic_transport_params = (ssl: SSL, params: Uint8Array): number =>
  put('SSL_set_quic_transport_params', ssl, 'quicTransportParams', params);
/** Empty as long as the peer's hello is not here. */
export const SSL_get_peer_quic_transport_params = (ssl: SSL): Uint8Array => alive(ssl).connection?.peerQuicTransportParams ?? EMPTY;
export const SSL_set_quic_use_legacy_codepoint = (ssl: SSL, use_legacy: number): void =>
  void ssl.set('quicLegacyCodepoint', use_legacy !== 0);

// ---- early data

/** Over QUIC alone: elsewhere SSL_write_early_data and SSL_read_early_data say that there shall be some. */
export const SSL_CTX_set_early_data_enabled = (ctx: SSL_CTX, enabled: number): void => void ctx.set('quicEarlyData', enabled !== 0);
export const SSL_set_early_data_enabled = (ssl: SSL, enabled: number): void => void ssl.set('quicEarlyData', enabled !== 0);
/** A server: what its 0-RTT depends on; it is refused where the ticket was made under another. */
export const SSL_set_quic_early_data_context = (ssl: SSL, context: Uint8Array): number =>
  put('SSL_set_quic_early_data_context', ssl, 'quicEarlyDataContext', context);

/** Whether early data is under way: offered by a client and not answered, or taken by a server that waits for the rest of the handshake. */
export function SSL_in_early_data(ssl: SSL): number {
  const { connection, isInitFinished, isServer } = alive(ssl);
  return asInt(!isInitFinished && connection?.earlyData === (isServer ? 'accepted' : 'offered'));
}
export const SSL_early_data_accepted = (ssl: SSL): number => asInt(alive(ssl).connection?.earlyData === 'accepted');
