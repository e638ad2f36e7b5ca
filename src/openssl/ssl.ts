/** The life of a connection: SSL_new(3), SSL_dup(3), SSL_clear(3), and the context it belongs to. */

import { refuse } from '../registry/fatal.ts';
import { Ssl } from '../ssl/ssl.ts';
import { attempt } from './errors.ts';
import type { SSL_METHOD } from './method.ts';
import { asInt } from './settings.ts';
import { alive, ofLiving, stateOf } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

export const SSL_new = (ctx: SSL_CTX | null): SSL | null =>
  attempt('SSL_new', null, () => (ctx === null ? refuse('NULL_SSL_CTX') : new Ssl(ctx)));

export function SSL_up_ref(ssl: SSL): number {
  ssl.upRef();
  return 1;
}

export const SSL_free = (ssl: SSL | null): void => ssl?.free();

/** A connection configured the same, or the same one with a reference more when it has begun its handshake. */
export const SSL_dup = (ssl: SSL): SSL | null => attempt('SSL_dup', null, () => ssl.dup() ?? null);

export const SSL_clear = (ssl: SSL): number =>
  attempt('SSL_clear', 0, () => {
    ssl.clear();
    return 1;
  });

export const SSL_get_SSL_CTX = (ssl: SSL): SSL_CTX => alive(ssl).context;

/** null moves back to the context the connection was made from. */
export const SSL_set_SSL_CTX = (ssl: SSL, ctx: SSL_CTX | null): SSL_CTX | null =>
  attempt('SSL_set_SSL_CTX', null, () => (ctx === null ? ssl.setContext() : ssl.setContext(alive(ctx))));

export const SSL_set_connect_state = (ssl: SSL): void => void ssl.setRole('client');
export const SSL_set_accept_state = (ssl: SSL): void => void ssl.setRole('server');
export const SSL_is_server = (ssl: SSL): number => asInt(alive(ssl).isServer);
export const SSL_is_dtls = (_ssl: SSL): number => 0;

/** Takes another connection's session and session id context. */
export const SSL_copy_session_id = (to: SSL, from: SSL): number =>
  attempt('SSL_copy_session_id', 0, () => {
    to.setSession(from.session);
    to.set('sessionIdContext', from.get('sessionIdContext'));
    return 1;
  });

/** As in C it lasts until the handshake begins, which takes the context's method again. */
export const SSL_set_ssl_method = (ssl: SSL, method: SSL_METHOD | null): number =>
  attempt('SSL_set_ssl_method', 0, () => {
    stateOf(alive(ssl)).method = method ?? refuse('NULL_SSL_METHOD_PASSED');
    return 1;
  });
export const SSL_set_ecdh_auto = (ssl: SSL, _onoff: number): number => ofLiving(ssl, 1);
export const SSL_set_debug = (_ssl: SSL, _debug: number): void => undefined;
