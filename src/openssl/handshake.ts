/** Going on with a handshake, its state, and the ClientHello callback. */

import type { ClientHelloCallback, ClientHelloInfo } from '../config/callbacks.ts';
import { fatal, refuse } from '../registry/fatal.ts';
import { STATES } from '../registry/states.ts';
import { mapped, wrap } from './callbacks.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { enter, sendKeyUpdate } from './progress.ts';
import { asInt } from './settings.ts';
import { alive, ofLiving, stateOf } from './state.ts';
import { suiteBytes } from './suite-bytes.ts';
import type { SSL, SSL_CTX } from './types.ts';

/** 1 when it is complete; -1 where it must wait or failed. */
export const SSL_do_handshake = (ssl: SSL): number => drive('SSL_do_handshake', ssl);

export function SSL_connect(ssl: SSL): number {
  if (ssl.role !== 'client') ssl.setRole('client');
  return drive('SSL_connect', ssl);
}

export function SSL_accept(ssl: SSL): number {
  if (ssl.role !== 'server') ssl.setRole('server');
  return drive('SSL_accept', ssl);
}

function drive(func: string, ssl: SSL): number {
  enter(ssl);
  return attempt(func, -1, () => {
    if (ssl.isInitFinished) sendKeyUpdate(ssl);
    return ssl.doHandshake() ? 1 : -1;
  });
}

// ---- its state

export const SSL_in_init = (ssl: SSL): number => asInt(!alive(ssl).isInitFinished);
export const SSL_in_before = (ssl: SSL): number => asInt(alive(ssl).inBefore);
export const SSL_is_init_finished = (ssl: SSL): number => asInt(alive(ssl).isInitFinished);
export const SSL_in_connect_init = (ssl: SSL): number => asInt(SSL_in_init(ssl) === 1 && SSL_is_client(ssl));
export const SSL_in_accept_init = (ssl: SSL): number => asInt(SSL_in_init(ssl) === 1 && !SSL_is_client(ssl));
const SSL_is_client = (ssl: SSL): boolean => !ssl.isServer;

const stateName = (ssl: SSL) => alive(ssl).connection?.state ?? 'BEFORE';

/** One of TLS_ST_*. */
export const SSL_get_state = (ssl: SSL): number => Math.max(0, STATES[stateName(ssl)].id);
export const SSL_state_string = (ssl: SSL): string => STATES[stateName(ssl)].short;
export const SSL_state_string_long = (ssl: SSL): string => STATES[stateName(ssl)].long;

/** Records are read whole, so a reader always stands before the next header. */
export const SSL_rstate_string = (ssl: SSL): string => ofLiving(ssl, 'RH');
export const SSL_rstate_string_long = (ssl: SSL): string => ofLiving(ssl, 'read header');

/** 1: agreed on (TLS 1.3 has the same by design); 0: not; -1: not known yet. */
export const SSL_get_extms_support = (ssl: SSL): number => {
  const { connection } = alive(ssl);
  if (connection === undefined || !ssl.isInitFinished) return -1;
  return asInt(connection.version >= c.TLS1_3_VERSION || connection.extendedMasterSecret);
};

// ---- randoms and Finished values, copied into `buf`; the result is how many bytes there are

export const SSL_get_client_random = (ssl: SSL, buf: Uint8Array): number => give(alive(ssl).connection?.clientRandom, buf, 32);
export const SSL_get_server_random = (ssl: SSL, buf: Uint8Array): number => give(alive(ssl).connection?.serverRandom, buf, 32);
export const SSL_get_finished = (ssl: SSL, buf: Uint8Array): number => give(alive(ssl).connection?.ownFinished, buf);
export const SSL_get_peer_finished = (ssl: SSL, buf: Uint8Array): number => give(alive(ssl).connection?.peerFinished, buf);

/** With an empty buffer the answer is the length there is. */
function give(bytes: Uint8Array | undefined, buf: Uint8Array, length: number = bytes?.length ?? 0): number {
  if (bytes === undefined) return buf.length === 0 ? length : 0;
  if (buf.length === 0) return bytes.length;
  const part = bytes.subarray(0, buf.length);
  buf.set(part);
  return length === 32 ? part.length : bytes.length;
}

// ---- exporters

/** `olen` bytes; null where there is no secret to make them from. `context` counts only where `use_context` is not 0. */
export const SSL_export_keying_material = (
  ssl: SSL,
  olen: number,
  label: string,
  context: Uint8Array | null,
  use_context: number,
): Uint8Array | null =>
  attempt('SSL_export_keying_material', null, () => ssl.exportKeyingMaterial(olen, label, (use_context !== 0 && context) || undefined));

export const SSL_export_keying_material_early = (ssl: SSL, olen: number, label: string, context: Uint8Array | null): Uint8Array | null =>
  attempt('SSL_export_keying_material_early', null, () => ssl.exportKeyingMaterial(olen, label, context ?? undefined, true));

// ---- after the handshake

/** The update goes out with the next write or SSL_do_handshake. */
export const SSL_key_update = (ssl: SSL, updatetype: number): number =>
  attempt('SSL_key_update', 0, () => {
    if (updatetype !== c.SSL_KEY_UPDATE_NOT_REQUESTED && updatetype !== c.SSL_KEY_UPDATE_REQUESTED) refuse('INVALID_KEY_UPDATE_TYPE');
    if (!alive(ssl).isInitFinished) refuse('STILL_IN_INIT');
    stateOf(ssl).keyUpdate = updatetype;
    return 1;
  });

export const SSL_get_key_update_type = (ssl: SSL): number => stateOf(alive(ssl)).keyUpdate;

export const SSL_verify_client_post_handshake = (ssl: SSL): number =>
  attempt('SSL_verify_client_post_handshake', 0, () => {
    ssl.verifyClientPostHandshake();
    return 1;
  });

// ---- renegotiation: TLS 1.2 and below, where SSL_OP_NO_RENEGOTIATION was taken away

const renegotiate = (func: string, ssl: SSL, abbreviated: boolean): number =>
  attempt(func, 0, () => {
    ssl.renegotiate(abbreviated);
    return 1;
  });

/** A client begins with the next call; a server asks for it. */
export const SSL_renegotiate = (ssl: SSL): number => renegotiate('SSL_renegotiate', ssl, false);
/** The session there is may be resumed. */
export const SSL_renegotiate_abbreviated = (ssl: SSL): number => renegotiate('SSL_renegotiate_abbreviated', ssl, true);
export const SSL_renegotiate_pending = (ssl: SSL): number =>
  asInt(alive(ssl).connection?.established === true && ssl.connection?.handshaking === true);
/** Those the peer began lately: more than a few end the connection. */
export const SSL_num_renegotiations = (ssl: SSL): number => alive(ssl).connection?.renegotiations.length ?? 0;
export const SSL_total_renegotiations: (ssl: SSL) => number = SSL_num_renegotiations;
/** The count before. It goes down by itself. */
export const SSL_clear_num_renegotiations: (ssl: SSL) => number = SSL_num_renegotiations;
export const SSL_get_secure_renegotiation_support = (ssl: SSL): number => asInt(alive(ssl).connection?.secureRenegotiation === true);

// ---- SSL_stateless(3): cookies for TLS 1.3 servers that keep nothing of a client before it has answered

/** 1: the cookie holds, go on with SSL_accept; 0: one was asked for; -1: it must wait, or failed. */
export function SSL_stateless(ssl: SSL): number {
  if (ssl.role !== 'server') ssl.setRole('server');
  enter(ssl);
  return attempt('SSL_stateless', -1, () => {
    const held = ssl.stateless();
    return held === undefined ? -1 : asInt(held);
  });
}

/** The application's part of the cookie; 0 for failure. */
export type cookie_generate_cb = (ssl: SSL) => Uint8Array | 0;
/** 1: it is ours. */
export type cookie_verify_cb = (ssl: SSL, cookie: Uint8Array) => number;

export const SSL_CTX_set_stateless_cookie_generate_cb = (ctx: SSL_CTX, cb: cookie_generate_cb | null): void =>
  void ctx.set(
    'cookieGenerateCallback',
    cb === null ? undefined : wrap(cb, null, (ssl: SSL) => cb(ssl) || fatal('internal_error', 'COOKIE_GEN_CALLBACK_FAILURE')),
  );
export const SSL_CTX_set_stateless_cookie_verify_cb = (ctx: SSL_CTX, cb: cookie_verify_cb | null): void =>
  void ctx.set('cookieVerifyCallback', cb === null ? undefined : wrap(cb, null, (ssl: SSL, cookie: Uint8Array) => cb(ssl, cookie) !== 0));

// ---- the ClientHello callback

/** SSL_CLIENT_HELLO_SUCCESS, _RETRY or _ERROR, or the alert to refuse with in place of C's `*al`. */
export type SSL_client_hello_cb_fn = (ssl: SSL, arg: unknown) => ClientHelloVerdict | Promise<ClientHelloVerdict>;
export type ClientHelloVerdict = number | { readonly alert: number };

export const SSL_CTX_set_client_hello_cb = (ctx: SSL_CTX, cb: SSL_client_hello_cb_fn | null, arg: unknown): void =>
  void ctx.set('clientHelloCallback', cb === null ? undefined : clientHelloCallback(cb, arg));

function clientHelloCallback(cb: SSL_client_hello_cb_fn, arg: unknown): ClientHelloCallback {
  return wrap(cb, arg, (ssl: SSL, hello: ClientHelloInfo) => {
    stateOf(ssl).clientHello = hello;
    return mapped(cb(ssl, arg), (verdict) => {
      if (typeof verdict === 'object') return verdict;
      if (verdict === c.SSL_CLIENT_HELLO_RETRY) return 'retry';
      return verdict === c.SSL_CLIENT_HELLO_SUCCESS ? 'ok' : { alert: c.SSL_AD_INTERNAL_ERROR };
    });
  });
}

const hello = (ssl: SSL): ClientHelloInfo | undefined => stateOf(alive(ssl)).clientHello;

export const SSL_client_hello_isv2 = (ssl: SSL): number => ofLiving(ssl, 0);
export const SSL_client_hello_get0_legacy_version = (ssl: SSL): number => hello(ssl)?.legacyVersion ?? 0;
export const SSL_client_hello_get0_random = (ssl: SSL): Uint8Array | null => hello(ssl)?.random ?? null;
export const SSL_client_hello_get0_session_id = (ssl: SSL): Uint8Array | null => hello(ssl)?.sessionId ?? null;
/** The suites as they stand on the wire, two bytes each. */
export const SSL_client_hello_get0_ciphers = (ssl: SSL): Uint8Array | null => {
  const suites = hello(ssl)?.cipherSuites;
  return suites === undefined ? null : suiteBytes(suites);
};
export const SSL_client_hello_get0_compression_methods = (ssl: SSL): Uint8Array | null => hello(ssl)?.compressionMethods ?? null;
/** Types of the extensions in their order. */
export const SSL_client_hello_get1_extensions_present = (ssl: SSL): number[] | null =>
  hello(ssl)?.extensions.map(({ type }) => type) ?? null;
/** The contents of one extension; null where it is not there. */
export const SSL_client_hello_get0_ext = (ssl: SSL, type: number): Uint8Array | null =>
  hello(ssl)?.extensions.find((extension) => extension.type === type)?.data ?? null;
