/** SSL_SESSION, the session a connection has or tries, and a context's cache. */

import { concat, toHex } from '../bytes/bytes.ts';
import type {
  GenerateSessionIdCallback,
  GetSessionCallback,
  NewSessionCallback,
  NotResumableCallback,
  RemoveSessionCallback,
} from '../config/callbacks.ts';
import { cipherSuite } from '../registry/cipher-suites.ts';
import { fatal, refuse } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { X509_VERIFY_RESULTS } from '../registry/verify-results.ts';
import { versionName } from '../registry/versions.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import { type SessionData, SslSession } from '../session/session.ts';
import { type BIO, BIO_puts } from './bio.ts';
import { mapped, unwrap, wrap } from './callbacks.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { asInt, done, put } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CIPHER, SSL_CTX, SSL_SESSION, X509 } from './types.ts';

// ---- life

export const SSL_SESSION_new = (): SSL_SESSION => new SslSession();
export const SSL_SESSION_up_ref = (session: SSL_SESSION): number => done(session.upRef());
export const SSL_SESSION_free = (session: SSL_SESSION | null): void => session?.free();
export const SSL_SESSION_dup = (session: SSL_SESSION): SSL_SESSION => session.dup();

// ---- the session of a connection

/** Borrowed; SSL_get1_session gives a reference that has to be freed. */
export const SSL_get_session = (ssl: SSL): SSL_SESSION | null => alive(ssl).session ?? null;
export const SSL_get0_session: (ssl: SSL) => SSL_SESSION | null = SSL_get_session;
export const SSL_get1_session = (ssl: SSL): SSL_SESSION | null => alive(ssl).session?.upRef() ?? null;

/** Takes a reference of its own; the session before loses one. */
export const SSL_set_session = (ssl: SSL, session: SSL_SESSION | null): number =>
  attempt('SSL_set_session', 0, () => {
    ssl.setSession(session ?? undefined);
    return 1;
  });

export const SSL_session_reused = (ssl: SSL): number => asInt(alive(ssl).connection?.reused === true);
export const SSL_cache_hit: (ssl: SSL) => number = SSL_session_reused;
/** Whether the context's cache has a session of this id. */
export const SSL_has_matching_session_id = (ssl: SSL, id: Uint8Array): number => asInt(alive(ssl).sessions.cache.has(id));
export const SSL_CTX_set_session_id_context = (ctx: SSL_CTX, context: Uint8Array): number =>
  put('SSL_CTX_set_session_id_context', ctx, 'sessionIdContext', context);
export const SSL_set_session_id_context = (ssl: SSL, context: Uint8Array): number =>
  put('SSL_set_session_id_context', ssl, 'sessionIdContext', context);

// ---- what a session holds

const change = (session: SSL_SESSION, values: Partial<SessionData>): number => done(session.update(values));

export const SSL_SESSION_get_id = (session: SSL_SESSION): Uint8Array => session.data.id;
/** At most 32 bytes. */
export const SSL_SESSION_set1_id = (session: SSL_SESSION, id: Uint8Array): number =>
  attempt('SSL_SESSION_set1_id', 0, () => (id.length > 32 ? refuse('SSL_SESSION_ID_TOO_LONG') : change(session, { id: id.slice() })));
export const SSL_SESSION_get0_id_context = (session: SSL_SESSION): Uint8Array => session.data.idContext;
export const SSL_SESSION_set1_id_context = (session: SSL_SESSION, context: Uint8Array): number =>
  attempt('SSL_SESSION_set1_id_context', 0, () =>
    context.length > 32 ? refuse('SSL_SESSION_ID_CONTEXT_TOO_LONG') : change(session, { idContext: context.slice() }),
  );
/** Seconds since 1970. */
export const SSL_SESSION_get_time = (session: SSL_SESSION): number => Math.floor(session.data.createdAt / 1000);
export const SSL_SESSION_set_time = (session: SSL_SESSION, seconds: number): number =>
  change(session, { createdAt: 1000 * seconds }) && seconds;
export const SSL_SESSION_get_timeout = (session: SSL_SESSION): number => session.data.timeout;
export const SSL_SESSION_set_timeout = (session: SSL_SESSION, seconds: number): number => change(session, { timeout: seconds });
export const SSL_get_time: (session: SSL_SESSION) => number = SSL_SESSION_get_time;
export const SSL_set_time: (session: SSL_SESSION, seconds: number) => number = SSL_SESSION_set_time;
export const SSL_get_timeout: (session: SSL_SESSION) => number = SSL_SESSION_get_timeout;
export const SSL_set_timeout: (session: SSL_SESSION, seconds: number) => number = SSL_SESSION_set_timeout;
export const SSL_SESSION_get_protocol_version = (session: SSL_SESSION): number => session.data.version;
export const SSL_SESSION_set_protocol_version = (session: SSL_SESSION, version: number): number => change(session, { version });
export const SSL_SESSION_get0_cipher = (session: SSL_SESSION): SSL_CIPHER | null => cipherSuite(session.data.cipherSuite) ?? null;
export const SSL_SESSION_set_cipher = (session: SSL_SESSION, cipher: SSL_CIPHER): number => change(session, { cipherSuite: cipher.id });
export const SSL_SESSION_get0_hostname = (session: SSL_SESSION): string | null => session.data.serverName ?? null;
export const SSL_SESSION_set1_hostname = (session: SSL_SESSION, name: string | null): number =>
  change(session, { serverName: name ?? undefined });
export const SSL_SESSION_get0_alpn_selected = (session: SSL_SESSION): Uint8Array | null => session.data.alpn ?? null;
export const SSL_SESSION_set1_alpn_selected = (session: SSL_SESSION, alpn: Uint8Array | null): number =>
  change(session, { alpn: alpn?.slice() });
export const SSL_SESSION_get0_peer = (session: SSL_SESSION): X509 | null => session.data.peerChain[0] ?? null;
export const SSL_SESSION_get_max_fragment_length = (session: SSL_SESSION): number => session.data.maxFragmentLength;
export const SSL_SESSION_get_max_early_data = (session: SSL_SESSION): number => session.data.maxEarlyData;
export const SSL_SESSION_set_max_early_data = (session: SSL_SESSION, bytes: number): number => change(session, { maxEarlyData: bytes });
export const SSL_SESSION_is_resumable = (session: SSL_SESSION): number => asInt(session.isResumable);
export const SSL_SESSION_get_compress_id = (_session: SSL_SESSION): number => 0;

/** Copies the secret into `buf`; with an empty buffer the answer is its length. */
export function SSL_SESSION_get_master_key(session: SSL_SESSION, buf: Uint8Array): number {
  const { secret } = session.data;
  if (buf.length === 0) return secret.length;
  const part = secret.subarray(0, buf.length);
  buf.set(part);
  return part.length;
}
/** At most 512 bytes, for sessions that stand for an external key. */
export const SSL_SESSION_set1_master_key = (session: SSL_SESSION, key: Uint8Array): number =>
  key.length > LIMITS.pskKey.value ? 0 : change(session, { secret: key.slice() });

// ---- its bytes and its text

export const i2d_SSL_SESSION = (session: SSL_SESSION): Uint8Array => encodeSession(session);
export const d2i_SSL_SESSION = (der: Uint8Array): SSL_SESSION | null => attempt('d2i_SSL_SESSION', null, () => decodeSession(der));
export const i2d_SSL_SESSION_bio = (bio: BIO, session: SSL_SESSION): number => asInt(bio.write(encodeSession(session)) > 0);
/** Reads all there is. */
export const d2i_SSL_SESSION_bio = (bio: BIO): SSL_SESSION | null => d2i_SSL_SESSION(everythingIn(bio));

function everythingIn(bio: BIO): Uint8Array {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = bio.read(1 << 20);
    if (typeof part === 'string') return concat(...parts);
    parts.push(part.slice());
  }
}

/** The form of `openssl sess_id -text`. */
export function SSL_SESSION_print(bio: BIO, session: SSL_SESSION): number {
  const s = session.data;
  const lines: readonly (readonly [string, string] | undefined)[] = [
    ['Protocol  ', versionName(s.version)],
    ['Cipher    ', cipherSuite(s.cipherSuite)?.name ?? 'unknown'],
    ['Session-ID', hex(s.id)],
    ['Session-ID-ctx', hex(s.idContext)],
    [s.version === c.TLS1_3_VERSION ? 'Resumption PSK' : 'Master-Key', hex(s.secret)],
    s.ticketLifetime === 0 ? undefined : ['TLS session ticket lifetime hint', `${s.ticketLifetime} (seconds)`],
    s.ticket.length === 0 ? undefined : ['TLS session ticket', hex(s.ticket)],
    ['Start Time', String(SSL_SESSION_get_time(session))],
    ['Timeout   ', `${s.timeout} (sec)`],
    ['Verify return code', `${X509_VERIFY_RESULTS[s.verifyResult]} (${s.verifyResult === 'OK' ? 'ok' : s.verifyResult.toLowerCase()})`],
    ['Extended master secret', s.extendedMasterSecret ? 'yes' : 'no'],
    ['Max Early Data', String(s.maxEarlyData)],
  ];
  const text = lines.flatMap((line) => (line === undefined ? [] : [`    ${line[0]}: ${line[1]}\n`])).join('');
  return asInt(BIO_puts(bio, `SSL-Session:\n${text}`) > 0);
}

/** One line of an NSS key log, as far as a session alone can make one. */
export const SSL_SESSION_print_keylog = (bio: BIO, session: SSL_SESSION): number => {
  const { id, secret } = session.data;
  return id.length === 0 || secret.length === 0 ? 0 : asInt(BIO_puts(bio, `RSA Session-ID:${hex(id)} Master-Key:${hex(secret)}\n`) > 0);
};

const hex = (bytes: Uint8Array): string => toHex(bytes).toUpperCase();

// ---- a context's cache

export const SSL_CTX_add_session = (ctx: SSL_CTX, session: SSL_SESSION): number =>
  asInt(alive(ctx).sessions.cache.add(session, ctx.get('sessionCacheSize')));
export const SSL_CTX_remove_session = (ctx: SSL_CTX, session: SSL_SESSION): number => asInt(alive(ctx).sessions.cache.remove(session));
/** Drops what has expired at `tm` seconds; 0 drops everything. */
export const SSL_CTX_flush_sessions = (ctx: SSL_CTX, tm: number): void => alive(ctx).sessions.cache.flush(tm === 0 ? 'all' : 1000 * tm);

/** The result is the value before. */
export const SSL_CTX_set_session_cache_mode = (ctx: SSL_CTX, mode: number): number => replaced(ctx, 'sessionCacheMode', mode);
export const SSL_CTX_get_session_cache_mode = (ctx: SSL_CTX): number => ctx.get('sessionCacheMode');
export const SSL_CTX_sess_set_cache_size = (ctx: SSL_CTX, size: number): number => replaced(ctx, 'sessionCacheSize', size);
export const SSL_CTX_sess_get_cache_size = (ctx: SSL_CTX): number => ctx.get('sessionCacheSize');
export const SSL_CTX_set_timeout = (ctx: SSL_CTX, seconds: number): number => replaced(ctx, 'sessionTimeout', seconds);
export const SSL_CTX_get_timeout = (ctx: SSL_CTX): number => ctx.get('sessionTimeout');
export const SSL_get_default_timeout = (_ssl: SSL): number => 7200;

function replaced(ctx: SSL_CTX, name: 'sessionCacheMode' | 'sessionCacheSize' | 'sessionTimeout', value: number): number {
  const before = ctx.get(name);
  put(`SSL_CTX_set_${name}`, ctx, name, value);
  return before;
}

const statistic = (ctx: SSL_CTX, name: keyof SSL_CTX['sessions']['cache']['statistics']): number =>
  alive(ctx).sessions.cache.statistics[name];

export const SSL_CTX_sess_number = (ctx: SSL_CTX): number => alive(ctx).sessions.cache.size;
export const SSL_CTX_sess_hits = (ctx: SSL_CTX): number => statistic(ctx, 'hits');
export const SSL_CTX_sess_misses = (ctx: SSL_CTX): number => statistic(ctx, 'misses');
export const SSL_CTX_sess_timeouts = (ctx: SSL_CTX): number => statistic(ctx, 'timeouts');
export const SSL_CTX_sess_cache_full = (ctx: SSL_CTX): number => statistic(ctx, 'cacheFull');
export const SSL_CTX_sess_connect = (ctx: SSL_CTX): number => statistic(ctx, 'connect');
export const SSL_CTX_sess_connect_good = (ctx: SSL_CTX): number => statistic(ctx, 'connectGood');
export const SSL_CTX_sess_accept = (ctx: SSL_CTX): number => statistic(ctx, 'accept');
export const SSL_CTX_sess_accept_good = (ctx: SSL_CTX): number => statistic(ctx, 'acceptGood');
export const SSL_CTX_sess_cb_hits = (ctx: SSL_CTX): number => statistic(ctx, 'callbackHits');
export const SSL_CTX_sess_connect_renegotiate = (ctx: SSL_CTX): number => statistic(ctx, 'connectRenegotiate');
export const SSL_CTX_sess_accept_renegotiate = (ctx: SSL_CTX): number => statistic(ctx, 'acceptRenegotiate');

// ---- callbacks

/** 1: the callback keeps the session, and with it a reference that it has to free; 0: it does not. */
export type new_session_cb = (ssl: SSL, session: SSL_SESSION) => number;
export type remove_session_cb = (ctx: SSL_CTX, session: SSL_SESSION) => void;
/** The session of an id; null: none. A promise of it waits with SSL_ERROR_WANT_ASYNC. The library takes a reference of its own. */
export type get_session_cb = (ssl: SSL, id: Uint8Array) => SSL_SESSION | null | Promise<SSL_SESSION | null>;

const newCallback = (cb: new_session_cb): NewSessionCallback =>
  wrap(cb, null, (ssl: SSL, session: SSL_SESSION) => {
    session.upRef();
    if (cb(ssl, session) === 0) session.free();
  });

export const SSL_CTX_sess_set_new_cb = (ctx: SSL_CTX, cb: new_session_cb | null): void =>
  void ctx.set('newSessionCallback', cb === null ? undefined : newCallback(cb));
export const SSL_CTX_sess_get_new_cb = (ctx: SSL_CTX): new_session_cb | null => unwrap(ctx.get('newSessionCallback'));

const removeCallback = (cb: remove_session_cb): RemoveSessionCallback =>
  wrap(cb, null, (ctx: SSL_CTX, session: SSL_SESSION) => cb(ctx, session));

export const SSL_CTX_sess_set_remove_cb = (ctx: SSL_CTX, cb: remove_session_cb | null): void =>
  void ctx.set('removeSessionCallback', cb === null ? undefined : removeCallback(cb));
export const SSL_CTX_sess_get_remove_cb = (ctx: SSL_CTX): remove_session_cb | null => unwrap(ctx.get('removeSessionCallback'));

const getCallback = (cb: get_session_cb): GetSessionCallback =>
  wrap(cb, null, (ssl: SSL, id: Uint8Array) => mapped(cb(ssl, id), (session) => session ?? undefined));

export const SSL_CTX_sess_set_get_cb = (ctx: SSL_CTX, cb: get_session_cb | null): void =>
  void ctx.set('getSessionCallback', cb === null ? undefined : getCallback(cb));
export const SSL_CTX_sess_get_get_cb = (ctx: SSL_CTX): get_session_cb | null => unwrap(ctx.get('getSessionCallback'));

/** The id of a new session: at most `length` bytes, none of which may be left out; 0 for failure. For TLS 1.2 and below. */
export type GEN_SESSION_CB = (ssl: SSL, length: number) => Uint8Array | 0;

const idCallback = (cb: GEN_SESSION_CB | null): GenerateSessionIdCallback | undefined =>
  cb === null
    ? undefined
    : wrap(cb, null, (ssl: SSL, length: number) => cb(ssl, length) || fatal('internal_error', 'SSL_SESSION_ID_CALLBACK_FAILED'));

export const SSL_CTX_set_generate_session_id = (ctx: SSL_CTX, cb: GEN_SESSION_CB | null): number =>
  put('SSL_CTX_set_generate_session_id', ctx, 'generateSessionIdCallback', idCallback(cb));
export const SSL_set_generate_session_id = (ssl: SSL, cb: GEN_SESSION_CB | null): number =>
  put('SSL_set_generate_session_id', ssl, 'generateSessionIdCallback', idCallback(cb));

/** Not 0: the session of this handshake shall not be resumed. */
export type not_resumable_cb = (ssl: SSL, is_forward_secure: number) => number;

const notResumable = (cb: not_resumable_cb | null): NotResumableCallback | undefined =>
  cb === null ? undefined : wrap(cb, null, (ssl: SSL, isForwardSecure: boolean) => cb(ssl, asInt(isForwardSecure)) !== 0);

export const SSL_CTX_set_not_resumable_session_callback = (ctx: SSL_CTX, cb: not_resumable_cb | null): void =>
  void ctx.set('notResumableCallback', notResumable(cb));
export const SSL_set_not_resumable_session_callback = (ssl: SSL, cb: not_resumable_cb | null): void =>
  void ssl.set('notResumableCallback', notResumable(cb));
