/** What an application may watch: states and alerts, messages, secrets, padding. */
import type { InfoCallback, KeylogCallback, MsgCallback, RecordPaddingCallback, TlsextDebugCallback } from '../config/callbacks.ts';
import { unwrap, wrap } from './callbacks.ts';
import { refused } from './refused.ts';
import { asInt, done } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

/** SSL_CB_* and, for an alert, its level and code; else 1 for success. */
export type info_cb = (ssl: SSL, where: number, ret: number) => void;

const infoCallback = (cb: info_cb | null): InfoCallback | undefined =>
  cb === null ? undefined : wrap(cb, null, (ssl: SSL, where: number, ret: number) => cb(ssl, where, ret));

export const SSL_CTX_set_info_callback = (ctx: SSL_CTX, cb: info_cb | null): void => void ctx.set('infoCallback', infoCallback(cb));
export const SSL_CTX_get_info_callback = (ctx: SSL_CTX): info_cb | null => unwrap(ctx.get('infoCallback'));
export const SSL_set_info_callback = (ssl: SSL, cb: info_cb | null): void => void ssl.set('infoCallback', infoCallback(cb));
export const SSL_get_info_callback = (ssl: SSL): info_cb | null => unwrap(alive(ssl).get('infoCallback'));

export type msg_cb = (write_p: number, version: number, content_type: number, buf: Uint8Array, ssl: SSL, arg: unknown) => void;

const msgCallback = (cb: msg_cb | null): MsgCallback | undefined =>
  cb === null
    ? undefined
    : wrap(cb, null, (write: boolean, version: number, type: number, bytes: Uint8Array, ssl: SSL, arg: unknown) =>
        cb(asInt(write), version, type, bytes, ssl, arg),
      );

export const SSL_CTX_set_msg_callback = (ctx: SSL_CTX, cb: msg_cb | null): void => void ctx.set('msgCallback', msgCallback(cb));
export const SSL_CTX_set_msg_callback_arg = (ctx: SSL_CTX, arg: unknown): number => done(ctx.set('msgCallbackArg', arg));
export const SSL_set_msg_callback = (ssl: SSL, cb: msg_cb | null): void => void ssl.set('msgCallback', msgCallback(cb));
export const SSL_set_msg_callback_arg = (ssl: SSL, arg: unknown): number => done(ssl.set('msgCallbackArg', arg));

/** One line of an NSS key log. */
export type SSL_CTX_keylog_cb_func = (ssl: SSL, line: string) => void;

const keylogCallback = (cb: SSL_CTX_keylog_cb_func): KeylogCallback => wrap(cb, null, (ssl: SSL, line: string) => cb(ssl, line));

export const SSL_CTX_set_keylog_callback = (ctx: SSL_CTX, cb: SSL_CTX_keylog_cb_func | null): void =>
  void ctx.set('keylogCallback', cb === null ? undefined : keylogCallback(cb));
export const SSL_CTX_get_keylog_callback = (ctx: SSL_CTX): SSL_CTX_keylog_cb_func | null => unwrap(ctx.get('keylogCallback'));

/** How many zero bytes a TLS 1.3 record gets. */
export type record_padding_cb = (ssl: SSL, type: number, length: number, arg: unknown) => number;

const paddingCallback = (cb: record_padding_cb | null): RecordPaddingCallback | undefined =>
  cb === null ? undefined : wrap(cb, null, (ssl: SSL, type: number, length: number, arg: unknown) => cb(ssl, type, length, arg));

export const SSL_CTX_set_record_padding_callback = (ctx: SSL_CTX, cb: record_padding_cb | null): void =>
  void ctx.set('recordPaddingCallback', paddingCallback(cb));
export const SSL_CTX_set_record_padding_callback_arg = (ctx: SSL_CTX, arg: unknown): void => void ctx.set('recordPaddingArg', arg);
export const SSL_CTX_get_record_padding_callback_arg = (ctx: SSL_CTX): unknown => ctx.get('recordPaddingArg') ?? null;
export const SSL_set_record_padding_callback = (ssl: SSL, cb: record_padding_cb | null): void =>
  void ssl.set('recordPaddingCallback', paddingCallback(cb));
export const SSL_set_record_padding_callback_arg = (ssl: SSL, arg: unknown): void => void ssl.set('recordPaddingArg', arg);
export const SSL_get_record_padding_callback_arg = (ssl: SSL): unknown => alive(ssl).get('recordPaddingArg') ?? null;

/** `client_server` is 0 for what a client sent and 1 for what a server sent. */
export type tlsext_debug_cb = (ssl: SSL, client_server: number, type: number, data: Uint8Array, arg: unknown) => void;

const debugCallback = (cb: tlsext_debug_cb): TlsextDebugCallback =>
  wrap(cb, null, (ssl: SSL, fromServer: boolean, type: number, data: Uint8Array, arg: unknown) =>
    cb(ssl, asInt(fromServer), type, data, arg),
  );

export const SSL_set_tlsext_debug_callback = (ssl: SSL, cb: tlsext_debug_cb | null): number =>
  done(ssl.set('tlsextDebugCallback', cb === null ? undefined : debugCallback(cb)));
export const SSL_set_tlsext_debug_arg = (ssl: SSL, arg: unknown): number => done(ssl.set('tlsextDebugArg', arg));

export const SSL_trace: msg_cb = refused('SSL_trace', undefined);
