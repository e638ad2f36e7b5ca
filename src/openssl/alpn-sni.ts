/** The name a client asks for, and the application protocol (SSL_CTX_set_tlsext_servername_callback(3), SSL_CTX_set_alpn_select_cb(3)). */

import { sameBytes } from '../bytes/bytes.ts';
import type { AlpnSelectCallback, ServerNameCallback } from '../config/callbacks.ts';
import { alpnWire } from '../config/settings.ts';
import { argOf, mapped, unwrap, wrap } from './callbacks.ts';
import * as c from './constants.ts';
import { refused } from './refused.ts';
import { type Holder, put } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

// ---- SNI

export const SSL_set_tlsext_host_name = (ssl: SSL, name: string | null): number =>
  put('SSL_set_tlsext_host_name', ssl, 'serverName', name ?? undefined);

/** The name that was asked for: on a server by the client, on a client by us. */
export const SSL_get_servername = (ssl: SSL, type: number): string | null =>
  type === c.TLSEXT_NAMETYPE_host_name ? (alive(ssl).connection?.serverName ?? ssl.get('serverName') ?? null) : null;
export const SSL_get_servername_type = (ssl: SSL): number =>
  SSL_get_servername(ssl, c.TLSEXT_NAMETYPE_host_name) === null ? -1 : c.TLSEXT_NAMETYPE_host_name;

/** SSL_TLSEXT_ERR_OK, _NOACK or _ALERT_FATAL, or the alert itself in place of C's `*al`. */
export type servername_cb = (ssl: SSL, arg: unknown) => ServerNameVerdict | Promise<ServerNameVerdict>;
export type ServerNameVerdict = number | { readonly alert: number };

/** Without a C callback, while only its argument was set, nothing is acknowledged: as if none were there. */
const serverNameCallback = (cb: servername_cb | null, arg: unknown): ServerNameCallback =>
  wrap(cb, arg, (ssl: SSL) =>
    cb === null
      ? 'noack'
      : mapped(cb(ssl, arg), (verdict) => {
          if (typeof verdict === 'object') return verdict;
          if (verdict === c.SSL_TLSEXT_ERR_ALERT_FATAL) return { alert: c.SSL_AD_UNRECOGNIZED_NAME };
          return verdict === c.SSL_TLSEXT_ERR_OK ? 'ok' : 'noack';
        }),
  );

export const SSL_CTX_set_tlsext_servername_callback = (ctx: SSL_CTX, cb: servername_cb | null): number => {
  ctx.set('serverNameCallback', serverNameCallback(cb, argOf(ctx.get('serverNameCallback'))));
  return 1;
};
export const SSL_CTX_set_tlsext_servername_arg = (ctx: SSL_CTX, arg: unknown): number => {
  ctx.set('serverNameCallback', serverNameCallback(unwrap(ctx.get('serverNameCallback')), arg));
  return 1;
};

// ---- ALPN: lists are the wire's, a length byte before each name

/** 0 for success and 1 for failure: the other way round than everywhere else, as in C. */
const setProtocols = (func: string, holder: Holder, protocols: Uint8Array): number =>
  put(func, holder, 'alpnProtocols', protocols) === 1 ? 0 : 1;

export const SSL_CTX_set_alpn_protos = (ctx: SSL_CTX, protos: Uint8Array): number => setProtocols('SSL_CTX_set_alpn_protos', ctx, protos);
export const SSL_set_alpn_protos = (ssl: SSL, protos: Uint8Array): number => setProtocols('SSL_set_alpn_protos', ssl, protos);

/** One of the names offered (without its length byte), SSL_TLSEXT_ERR_NOACK, or SSL_TLSEXT_ERR_ALERT_FATAL. `offered` is the wire's list. */
export type SSL_CTX_alpn_select_cb_func = (ssl: SSL, offered: Uint8Array, arg: unknown) => AlpnChoice | Promise<AlpnChoice>;
export type AlpnChoice = Uint8Array | number;

const selectCallback = (cb: SSL_CTX_alpn_select_cb_func, arg: unknown): AlpnSelectCallback =>
  wrap(cb, arg, (ssl: SSL, offered: readonly Uint8Array[]) =>
    mapped(cb(ssl, alpnWire(offered), arg), (choice) => {
      if (typeof choice !== 'number') return choice;
      return choice === c.SSL_TLSEXT_ERR_ALERT_FATAL ? { alert: c.SSL_AD_NO_APPLICATION_PROTOCOL } : 'noack';
    }),
  );

export const SSL_CTX_set_alpn_select_cb = (ctx: SSL_CTX, cb: SSL_CTX_alpn_select_cb_func | null, arg: unknown): void =>
  void ctx.set('alpnSelectCallback', cb === null ? undefined : selectCallback(cb, arg));

/** The protocol that was agreed on; empty where none was. */
export const SSL_get0_alpn_selected = (ssl: SSL): Uint8Array => alive(ssl).connection?.alpn ?? new Uint8Array(0);

/** The first of the server's protocols that the client has, or else the client's first, and whether they overlap. */
export function SSL_select_next_proto(server: Uint8Array, client: Uint8Array): { readonly result: number; readonly proto: Uint8Array } {
  const [ours, theirs] = [split(server), split(client)];
  const common = ours.find((name) => theirs.some((other) => sameBytes(name, other)));
  if (common !== undefined) return { result: c.OPENSSL_NPN_NEGOTIATED, proto: common };
  return { result: c.OPENSSL_NPN_NO_OVERLAP, proto: theirs[0] ?? new Uint8Array(0) };
}

/** A malformed list has no names (CVE-2024-5535). */
function split(list: Uint8Array): Uint8Array[] {
  const names: Uint8Array[] = [];
  for (let at = 0; at < list.length; ) {
    const length = list[at] as number;
    if (length === 0 || at + 1 + length > list.length) return [];
    names.push(list.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return names;
}

type Anything = (...args: readonly unknown[]) => unknown;
export const SSL_CTX_set_next_protos_advertised_cb: (ctx: SSL_CTX, cb: Anything | null, arg: unknown) => void = refused(
  'SSL_CTX_set_next_protos_advertised_cb',
  undefined,
);
export const SSL_CTX_set_next_proto_select_cb: (ctx: SSL_CTX, cb: Anything | null, arg: unknown) => void = refused(
  'SSL_CTX_set_next_proto_select_cb',
  undefined,
);
export const SSL_CTX_set_npn_advertised_cb: (ctx: SSL_CTX, cb: Anything | null, arg: unknown) => void = refused(
  'SSL_CTX_set_npn_advertised_cb',
  undefined,
);
export const SSL_CTX_set_npn_select_cb: (ctx: SSL_CTX, cb: Anything | null, arg: unknown) => void = refused(
  'SSL_CTX_set_npn_select_cb',
  undefined,
);
export const SSL_get0_next_proto_negotiated: (ssl: SSL) => Uint8Array = refused('SSL_get0_next_proto_negotiated', new Uint8Array(0));
export const SSL_get0_npn_negotiated: (ssl: SSL) => Uint8Array = refused('SSL_get0_npn_negotiated', new Uint8Array(0));
