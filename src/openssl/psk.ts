/** External pre-shared keys: the callbacks of TLS 1.3, which deal in sessions, and those before it. */

import { fromUtf8, utf8 } from '../bytes/bytes.ts';
import type { PskClientCallback, PskServerCallback } from '../config/callbacks.ts';
import type { ExternalPsk } from '../config/credentials.ts';
import type { HashName } from '../crypto/provider.ts';
import { cipherSuite } from '../registry/cipher-suites.ts';
import * as c from './constants.ts';
import { type Holder, put } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX, SSL_SESSION } from './types.ts';

type Answer<T> = T | Promise<T>;

/**
 * The key to offer: its identity, and a session with its suite, its secret (SSL_SESSION_set1_master_key) and its version; null for
 * none; 0 for failure. `md` is the hash after a HelloRetryRequest, else null. The session stays the callback's.
 */
export type SSL_psk_use_session_cb_func = (
  ssl: SSL,
  md: HashName | null,
) => Answer<{ readonly id: Uint8Array; readonly session: SSL_SESSION } | null | 0>;
/** The session of an identity; null for none; 0 for failure. */
export type SSL_psk_find_session_cb_func = (ssl: SSL, identity: Uint8Array) => Answer<SSL_SESSION | null | 0>;
/** Identity and key; 0 for none. */
export type SSL_psk_client_cb_func = (
  ssl: SSL,
  hint: string | null,
  max_identity_len: number,
  max_psk_len: number,
) => Answer<{ readonly identity: string; readonly psk: Uint8Array } | 0>;
/** The key; 0 for none. */
export type SSL_psk_server_cb_func = (ssl: SSL, identity: string, max_psk_len: number) => Answer<Uint8Array | 0>;

/** Both kinds of callback share one setting. The newer is asked first. */
interface ClientPair {
  readonly useSession: SSL_psk_use_session_cb_func | null;
  readonly client: SSL_psk_client_cb_func | null;
}
interface ServerPair {
  readonly findSession: SSL_psk_find_session_cb_func | null;
  readonly server: SSL_psk_server_cb_func | null;
}

function setClient(holder: Holder, change: Partial<ClientPair>): void {
  const pair = { useSession: null, client: null, ...pairIn<ClientPair>(holder.get('pskClientCallback')), ...change };
  holder.set('pskClientCallback', pair.useSession === null && pair.client === null ? undefined : clientCallback(pair));
}

function setServer(holder: Holder, change: Partial<ServerPair>): void {
  const pair = { findSession: null, server: null, ...pairIn<ServerPair>(holder.get('pskServerCallback')), ...change };
  holder.set('pskServerCallback', pair.findSession === null && pair.server === null ? undefined : serverCallback(pair));
}

const pairIn = <Pair>(setting: unknown): Pair | undefined =>
  typeof setting === 'function' && 'pair' in setting ? (setting.pair as Pair) : undefined;

function clientCallback(pair: ClientPair): PskClientCallback {
  const older = (ssl: SSL, hint: string | undefined): ReturnType<SSL_psk_client_cb_func> =>
    pair.client?.(ssl, hint ?? null, c.PSK_MAX_IDENTITY_LEN, c.PSK_MAX_PSK_LEN) ?? 0;
  // Callbacks that answer at once must not make the handshake wait.
  const callback = (ssl: SSL, hint: string | undefined): Answer<readonly ExternalPsk[]> => {
    const session = pair.useSession?.(ssl, null);
    if (session instanceof Promise) return session.then(async (found) => keysOf(found, found ? 0 : await older(ssl, hint)));
    const key = session ? 0 : older(ssl, hint);
    return key instanceof Promise ? key.then((answer) => keysOf(session, answer)) : keysOf(session, key);
  };
  return Object.assign(callback, { pair });
}

function keysOf(
  session: { readonly id: Uint8Array; readonly session: SSL_SESSION } | null | 0 | undefined,
  key: { readonly identity: string; readonly psk: Uint8Array } | 0,
): readonly ExternalPsk[] {
  if (session) return [{ identity: session.id, ...keyOf(session.session) }];
  return key === 0 ? [] : [{ identity: utf8(key.identity), key: key.psk }];
}

function serverCallback(pair: ServerPair): PskServerCallback {
  const callback = (ssl: SSL, identity: Uint8Array): Answer<ExternalPsk | undefined> => {
    const session = pair.findSession?.(ssl, identity);
    if (session instanceof Promise)
      return session.then(async (found) => (found ? { identity, ...keyOf(found) } : keyFrom(identity, await older(ssl, identity))));
    if (session) return { identity, ...keyOf(session) };
    const key = older(ssl, identity);
    return key instanceof Promise ? key.then((answer) => keyFrom(identity, answer)) : keyFrom(identity, key);
  };
  const older = (ssl: SSL, identity: Uint8Array): ReturnType<SSL_psk_server_cb_func> =>
    pair.server?.(ssl, fromUtf8(identity), c.PSK_MAX_PSK_LEN) ?? 0;
  return Object.assign(callback, { pair });
}

const keyFrom = (identity: Uint8Array, key: Uint8Array | 0): ExternalPsk | undefined =>
  key === 0 || key.length === 0 ? undefined : { identity, key };

/** The key that a session stands for. */
function keyOf(session: SSL_SESSION): Omit<ExternalPsk, 'identity'> {
  const { secret, cipherSuite: suite, maxEarlyData } = session.data;
  return { key: secret, hash: cipherSuite(suite)?.hash === 'sha384' ? 'sha384' : 'sha256', maxEarlyData };
}

export const SSL_CTX_set_psk_use_session_callback = (ctx: SSL_CTX, cb: SSL_psk_use_session_cb_func | null): void =>
  setClient(ctx, { useSession: cb });
export const SSL_set_psk_use_session_callback = (ssl: SSL, cb: SSL_psk_use_session_cb_func | null): void =>
  setClient(ssl, { useSession: cb });
export const SSL_CTX_set_psk_find_session_callback = (ctx: SSL_CTX, cb: SSL_psk_find_session_cb_func | null): void =>
  setServer(ctx, { findSession: cb });
export const SSL_set_psk_find_session_callback = (ssl: SSL, cb: SSL_psk_find_session_cb_func | null): void =>
  setServer(ssl, { findSession: cb });
export const SSL_CTX_set_psk_client_callback = (ctx: SSL_CTX, cb: SSL_psk_client_cb_func | null): void => setClient(ctx, { client: cb });
export const SSL_set_psk_client_callback = (ssl: SSL, cb: SSL_psk_client_cb_func | null): void => setClient(ssl, { client: cb });
export const SSL_CTX_set_psk_server_callback = (ctx: SSL_CTX, cb: SSL_psk_server_cb_func | null): void => setServer(ctx, { server: cb });
export const SSL_set_psk_server_callback = (ssl: SSL, cb: SSL_psk_server_cb_func | null): void => setServer(ssl, { server: cb });

/** What a TLS 1.2 server says of the key it wants; at most 128 bytes. */
export const SSL_CTX_use_psk_identity_hint = (ctx: SSL_CTX, hint: string | null): number =>
  put('SSL_CTX_use_psk_identity_hint', ctx, 'pskIdentityHint', hint ?? undefined);
export const SSL_use_psk_identity_hint = (ssl: SSL, hint: string | null): number =>
  put('SSL_use_psk_identity_hint', ssl, 'pskIdentityHint', hint ?? undefined);

/** The identity of the key in use, and the hint a TLS 1.2 server gave with it; null where there is none. */
export const SSL_get_psk_identity = (ssl: SSL): string | null => {
  const identity = alive(ssl).connection?.pskIdentity;
  return identity === undefined ? null : fromUtf8(identity);
};
export const SSL_get_psk_identity_hint = (ssl: SSL): string | null => alive(ssl).connection?.pskIdentityHint ?? null;
