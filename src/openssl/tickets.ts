/** Session tickets: how many, under which keys, and what the application puts into them. */
import { provider } from '#provider';
import { concat, copyOf } from '../bytes/bytes.ts';
import type { TicketKeyCallback, TicketStatus, TicketVerdict } from '../config/callbacks.ts';
import { fatal, refuse } from '../registry/fatal.ts';
import { unwrap, wrap } from './callbacks.ts';
import { SSL_TICKET_EMPTY, SSL_TICKET_NO_DECRYPT, SSL_TICKET_SUCCESS } from './constants.ts';
import { attempt } from './errors.ts';
import { refused } from './refused.ts';
import { done, put, putQuietly } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX, SSL_SESSION } from './types.ts';

export const SSL_CTX_set_num_tickets = (ctx: SSL_CTX, count: number): number => putQuietly(ctx, 'numTickets', count);
export const SSL_CTX_get_num_tickets = (ctx: SSL_CTX): number => ctx.get('numTickets');
export const SSL_set_num_tickets = (ssl: SSL, count: number): number => putQuietly(ssl, 'numTickets', count);
export const SSL_get_num_tickets = (ssl: SSL): number => alive(ssl).get('numTickets');

// ---- of a session

export const SSL_SESSION_has_ticket = (session: SSL_SESSION): number => (session.data.ticket.length > 0 ? 1 : 0);
export const SSL_SESSION_get0_ticket = (session: SSL_SESSION): Uint8Array => session.data.ticket;
/** Seconds. */
export const SSL_SESSION_get_ticket_lifetime_hint = (session: SSL_SESSION): number => session.data.ticketLifetime;
export const SSL_SESSION_get0_ticket_appdata = (session: SSL_SESSION): Uint8Array => session.data.ticketAppData;
export const SSL_SESSION_set1_ticket_appdata = (session: SSL_SESSION, data: Uint8Array): number =>
  done(session.update({ ticketAppData: copyOf(data) }));

// ---- keys

/** 80 bytes: 16 of name, 32 for integrity, 32 for encryption; longer blobs bring older keys, which open only. */
export const SSL_CTX_set_tlsext_ticket_keys = (ctx: SSL_CTX, keys: Uint8Array): number =>
  attempt('SSL_CTX_set_tlsext_ticket_keys', 0, () => {
    if (keys.length === 0 || keys.length % KEY_LENGTH !== 0) refuse('INVALID_TICKET_KEYS_LENGTH', `${keys.length} bytes`);
    const parts = Array.from({ length: keys.length / KEY_LENGTH }, (_, i) => keys.subarray(KEY_LENGTH * i, KEY_LENGTH * (i + 1)));
    return put('SSL_CTX_set_tlsext_ticket_keys', ctx, 'ticketKeys', parts);
  });

const KEY_LENGTH = 80;

/** The keys that were set; where none were, those of the day, so that another process can open today's tickets. */
export const SSL_CTX_get_tlsext_ticket_keys = (ctx: SSL_CTX): Uint8Array => {
  const configured = ctx.get('ticketKeys');
  if (configured.length > 0) return concat(...configured);
  const [newest] = ctx.sessions.ticketKeys(ctx.provider, [], ctx.now());
  return newest === undefined ? refuse('INTERNAL_ERROR') : concat(newest.name, new Uint8Array(32), newest.key);
};

/** What a ticket key callback fills by EVP_EncryptInit_ex or EVP_DecryptInit_ex, and by HMAC_Init_ex. */
export interface EVP_CIPHER_CTX {
  key: Uint8Array | undefined;
}
export interface HMAC_CTX {
  key: Uint8Array | undefined;
}

/**
 * `enc` 1: fill `key_name`, and give the keys to seal with; 0: give the keys of `key_name`. Answers 1; 2 where the ticket should be
 * replaced; 0 where the key is not known; below 0 for failure.
 */
export type tlsext_ticket_key_cb = (
  ssl: SSL,
  key_name: Uint8Array,
  iv: Uint8Array,
  ectx: EVP_CIPHER_CTX,
  hctx: HMAC_CTX,
  enc: number,
) => number;

/** Tickets have their own form here (AES-256-GCM); the two keys that the callback gives are hashed into its one. */
const keyCallback = (cb: tlsext_ticket_key_cb): TicketKeyCallback =>
  wrap(cb, null, (ssl: SSL, keyName: Uint8Array | undefined) => {
    const name = keyName === undefined ? new Uint8Array(16) : copyOf(keyName);
    const [ectx, hctx]: [EVP_CIPHER_CTX, HMAC_CTX] = [{ key: undefined }, { key: undefined }];
    const answer = cb(ssl, name, provider.random(16), ectx, hctx, keyName === undefined ? 1 : 0);
    if (answer < 0) return fatal('internal_error', 'CALLBACK_FAILED', 'ticket key callback');
    if (answer === 0) return undefined;
    if (ectx.key === undefined || hctx.key === undefined)
      return fatal('internal_error', 'CALLBACK_FAILED', 'ticket key callback without keys');
    return { name, key: provider.digest('sha256', concat(ectx.key, hctx.key)), renew: answer === 2 };
  });

export const SSL_CTX_set_tlsext_ticket_key_cb = (ctx: SSL_CTX, cb: tlsext_ticket_key_cb | null): number => {
  ctx.set('ticketKeyCallback', cb === null ? undefined : keyCallback(cb));
  return 1;
};
export const SSL_CTX_get_tlsext_ticket_key_cb = (ctx: SSL_CTX): tlsext_ticket_key_cb | null => unwrap(ctx.get('ticketKeyCallback'));

/** For ticket key callbacks: they only note the key. */
export const EVP_EncryptInit_ex = (ctx: EVP_CIPHER_CTX, _cipher: unknown, _engine: unknown, key: Uint8Array, _iv: Uint8Array): number =>
  note(ctx, key);
export const EVP_DecryptInit_ex = (ctx: EVP_CIPHER_CTX, _cipher: unknown, _engine: unknown, key: Uint8Array, _iv: Uint8Array): number =>
  note(ctx, key);
export const HMAC_Init_ex = (ctx: HMAC_CTX, key: Uint8Array, _md: unknown, _engine: unknown): number => note(ctx, key);

function note(ctx: { key: Uint8Array | undefined }, key: Uint8Array): number {
  ctx.key = copyOf(key);
  return 1;
}

type Anything = (...args: readonly unknown[]) => unknown;
export const SSL_set_session_secret_cb: (ssl: SSL, cb: Anything | null, arg: unknown) => number = refused('SSL_set_session_secret_cb', 0);
export const SSL_set_session_ticket_ext: (ssl: SSL, data: Uint8Array) => number = refused('SSL_set_session_ticket_ext', 0);
export const SSL_set_session_ticket_ext_cb: (ssl: SSL, cb: Anything | null, arg: unknown) => number = refused(
  'SSL_set_session_ticket_ext_cb',
  0,
);

/** Runs before a ticket is made; 0: make none. `SSL_get_session(ssl)` is what goes into it. */
export type SSL_CTX_generate_session_ticket_fn = (ssl: SSL, arg: unknown) => number;
/** `status` is one of SSL_TICKET_EMPTY, SSL_TICKET_NO_DECRYPT, SSL_TICKET_SUCCESS; answers one of SSL_TICKET_RETURN_*. */
export type SSL_CTX_decrypt_session_ticket_fn = (
  ssl: SSL,
  session: SSL_SESSION | null,
  keyname: Uint8Array,
  keyname_length: number,
  status: number,
  arg: unknown,
) => number;

export const SSL_CTX_set_session_ticket_cb = (
  ctx: SSL_CTX,
  gen_cb: SSL_CTX_generate_session_ticket_fn | null,
  dec_cb: SSL_CTX_decrypt_session_ticket_fn | null,
  arg: unknown,
): number => {
  ctx.set('ticketGenerateCallback', gen_cb === null ? undefined : (ssl) => gen_cb(ssl, arg) !== 0);
  ctx.set(
    'ticketDecryptCallback',
    dec_cb === null
      ? undefined
      : (ssl, session, name, status) => VERDICTS[dec_cb(ssl, session ?? null, name, name.length, STATUS_NUMBERS[status], arg)] ?? 'abort',
  );
  return 1;
};

/** By the numbers of SSL_TICKET_RETURN_*. */
const VERDICTS: readonly TicketVerdict[] = ['abort', 'ignore', 'ignore_renew', 'use', 'use_renew'];
const STATUS_NUMBERS: Readonly<Record<TicketStatus, number>> = {
  empty: SSL_TICKET_EMPTY,
  no_decrypt: SSL_TICKET_NO_DECRYPT,
  success: SSL_TICKET_SUCCESS,
};
