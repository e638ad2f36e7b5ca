/** Extensions that the application sends and reads itself (SSL_CTX_add_custom_ext(3)), and serverinfo, which is made of them. */

import { pemBlocks } from '../asn1/pem.ts';
import { concat } from '../bytes/bytes.ts';
import { Reader } from '../bytes/reader.ts';
import type { CustomExtension } from '../config/callbacks.ts';
import type { ServerInfo } from '../config/credentials.ts';
import { refuse } from '../registry/fatal.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { readFile } from './files.ts';
import { asInt } from './settings.ts';
import type { SSL, SSL_CTX, X509 } from './types.ts';

/** The bytes to send (empty is one to send, too), 0 for none, or the alert to fail with. */
export type SSL_custom_ext_add_cb_ex = (
  ssl: SSL,
  ext_type: number,
  context: number,
  x: X509 | null,
  chainidx: number,
  add_arg: unknown,
) => Uint8Array | 0 | { readonly alert: number };
/** Called with what `add` gave when it has been written. */
export type SSL_custom_ext_free_cb_ex = (ssl: SSL, ext_type: number, context: number, out: Uint8Array, add_arg: unknown) => void;
/** 1, or the alert to fail with. */
export type SSL_custom_ext_parse_cb_ex = (
  ssl: SSL,
  ext_type: number,
  context: number,
  data: Uint8Array,
  x: X509 | null,
  chainidx: number,
  parse_arg: unknown,
) => 1 | 0 | { readonly alert: number };

export const SSL_CTX_add_custom_ext = (
  ctx: SSL_CTX,
  ext_type: number,
  context: number,
  add_cb: SSL_custom_ext_add_cb_ex | null,
  free_cb: SSL_custom_ext_free_cb_ex | null,
  add_arg: unknown,
  parse_cb: SSL_custom_ext_parse_cb_ex | null,
  parse_arg: unknown,
): number => {
  if (free_cb !== null && add_cb === null) return 0;
  return add(ctx, {
    type: ext_type,
    context,
    ...(add_cb && {
      add: (ssl, place, certificate, index) => {
        const data = add_cb(ssl, ext_type, place, certificate ?? null, index, add_arg);
        if (data instanceof Uint8Array) {
          const copy = data.slice();
          free_cb?.(ssl, ext_type, place, data, add_arg);
          return copy;
        }
        return data === 0 ? undefined : data;
      },
    }),
    ...(parse_cb && {
      parse: (ssl, place, data, certificate, index) => {
        const verdict = parse_cb(ssl, ext_type, place, data, certificate ?? null, index, parse_arg);
        if (typeof verdict === 'object') return verdict;
        return verdict === 1 ? undefined : { alert: c.SSL_AD_DECODE_ERROR };
      },
    }),
  });
};

/** Refuses (0) extensions that the library itself sends, numbers that are none, and a type that is there for the same side. */
function add(ctx: SSL_CTX, extension: CustomExtension): number {
  const { type, context } = extension;
  const own = ctx.get('customExtensions');
  if (type < 0 || type > 0xffff || isOurs(type)) return 0;
  if (own.some((other) => other.type === type && (sides(other.context) & sides(context)) !== 0)) return 0;
  ctx.set('customExtensions', [...own, extension]);
  return 1;
}

/** What the application may not send. */
const isOurs = (type: number): boolean => BUILT_IN.has(type) && type !== c.TLSEXT_TYPE_signed_certificate_timestamp;

/** Old-style extensions are for one side only, so that both sides may have one of a type. */
const sides = (context: number): number => ((context & ONLY_CLIENT) === 0 ? SERVER : 0) | ((context & ONLY_SERVER) === 0 ? CLIENT : 0);
const [CLIENT, SERVER] = [1, 2];
const ONLY_CLIENT = 0x2000_0000;
const ONLY_SERVER = 0x4000_0000;

const OLD_STYLE = c.SSL_EXT_TLS1_2_AND_BELOW_ONLY | c.SSL_EXT_CLIENT_HELLO | c.SSL_EXT_TLS1_2_SERVER_HELLO | c.SSL_EXT_IGNORE_ON_RESUMPTION;

/** The callbacks before 1.1.1, for TLS 1.2 and below. */
export type custom_ext_add_cb = (ssl: SSL, ext_type: number, add_arg: unknown) => Uint8Array | 0 | { readonly alert: number };
export type custom_ext_free_cb = (ssl: SSL, ext_type: number, out: Uint8Array, add_arg: unknown) => void;
export type custom_ext_parse_cb = (ssl: SSL, ext_type: number, data: Uint8Array, parse_arg: unknown) => 1 | 0 | { readonly alert: number };

type AddOldStyle = (
  ctx: SSL_CTX,
  ext_type: number,
  add_cb: custom_ext_add_cb | null,
  free_cb: custom_ext_free_cb | null,
  add_arg: unknown,
  parse_cb: custom_ext_parse_cb | null,
  parse_arg: unknown,
) => number;

const oldStyle =
  (side: number): AddOldStyle =>
  (ctx, ext_type, add_cb, free_cb, add_arg, parse_cb, parse_arg) => {
    if (free_cb !== null && add_cb === null) return 0;
    const forUs = (ssl: SSL): boolean => (side === ONLY_CLIENT) === !ssl.isServer;
    return add(ctx, {
      type: ext_type,
      context: OLD_STYLE | side,
      // Without an add callback the old style sends an empty extension.
      add: (ssl) => {
        if (!forUs(ssl)) return undefined;
        const data = add_cb === null ? new Uint8Array(0) : add_cb(ssl, ext_type, add_arg);
        if (data instanceof Uint8Array && add_cb !== null) free_cb?.(ssl, ext_type, data, add_arg);
        return data === 0 ? undefined : data;
      },
      ...(parse_cb && {
        parse: (ssl: SSL, _place: number, data: Uint8Array) => {
          const verdict = forUs(ssl) ? parse_cb(ssl, ext_type, data, parse_arg) : 1;
          if (typeof verdict === 'object') return verdict;
          return verdict === 1 ? undefined : { alert: c.SSL_AD_DECODE_ERROR };
        },
      }),
    });
  };

export const SSL_CTX_add_client_custom_ext: AddOldStyle = oldStyle(ONLY_CLIENT);
export const SSL_CTX_add_server_custom_ext: AddOldStyle = oldStyle(ONLY_SERVER);

export const SSL_CTX_has_client_custom_ext = (ctx: SSL_CTX, ext_type: number): number =>
  asInt(ctx.get('customExtensions').some(({ type, context }) => type === ext_type && (sides(context) & CLIENT) !== 0));

/** Extensions that the library deals with itself. */
export const SSL_extension_supported = (ext_type: number): number => asInt(BUILT_IN.has(ext_type));

const BUILT_IN: ReadonlySet<number> = new Set([
  c.TLSEXT_TYPE_server_name,
  c.TLSEXT_TYPE_max_fragment_length,
  c.TLSEXT_TYPE_status_request,
  c.TLSEXT_TYPE_supported_groups,
  c.TLSEXT_TYPE_ec_point_formats,
  c.TLSEXT_TYPE_signature_algorithms,
  c.TLSEXT_TYPE_application_layer_protocol_negotiation,
  c.TLSEXT_TYPE_signed_certificate_timestamp,
  c.TLSEXT_TYPE_padding,
  c.TLSEXT_TYPE_encrypt_then_mac,
  c.TLSEXT_TYPE_extended_master_secret,
  c.TLSEXT_TYPE_session_ticket,
  c.TLSEXT_TYPE_psk,
  c.TLSEXT_TYPE_early_data,
  c.TLSEXT_TYPE_supported_versions,
  c.TLSEXT_TYPE_cookie,
  c.TLSEXT_TYPE_psk_kex_modes,
  c.TLSEXT_TYPE_certificate_authorities,
  c.TLSEXT_TYPE_post_handshake_auth,
  c.TLSEXT_TYPE_signature_algorithms_cert,
  c.TLSEXT_TYPE_key_share,
  c.TLSEXT_TYPE_renegotiate,
]);

// ---- serverinfo: extensions of the server out of a file, each sent where a client asks for it

/** The context that version 1 of the format implies. */
const V1_CONTEXT = c.SSL_EXT_CLIENT_HELLO | c.SSL_EXT_TLS1_2_SERVER_HELLO | c.SSL_EXT_IGNORE_ON_RESUMPTION;

export const SSL_CTX_use_serverinfo = (ctx: SSL_CTX, serverinfo: Uint8Array): number =>
  SSL_CTX_use_serverinfo_ex(ctx, c.SSL_SERVERINFOV1, serverinfo);

export const SSL_CTX_use_serverinfo_ex = (ctx: SSL_CTX, version: number, serverinfo: Uint8Array): number =>
  attempt('SSL_CTX_use_serverinfo_ex', 0, () => {
    if (serverinfo.length === 0) refuse('PASSED_NULL_PARAMETER');
    const serverInfo = readServerInfo(version, serverinfo);
    const credentials = ctx.get('credentials');
    // As in C the slot of RSA is the current one where nothing was loaded.
    const kind = credentials.current ?? 'rsa';
    ctx.set('credentials', credentials.with(kind, { chain: [], key: undefined, ...credentials.get(kind), serverInfo }));
    return 1;
  });

function readServerInfo(version: number, bytes: Uint8Array): readonly ServerInfo[] {
  if (version !== c.SSL_SERVERINFOV1 && version !== c.SSL_SERVERINFOV2) return refuse('INVALID_SERVERINFO_DATA', `version ${version}`);
  const out: ServerInfo[] = [];
  try {
    for (const r = new Reader(bytes); !r.empty; ) {
      const context = version === c.SSL_SERVERINFOV2 ? r.u32() : V1_CONTEXT;
      out.push({ type: r.u16(), context, data: r.vec16().slice() });
    }
  } catch {
    return refuse('INVALID_SERVERINFO_DATA');
  }
  const own = out.find(({ type }) => isOurs(type));
  return own === undefined ? out : refuse('INVALID_SERVERINFO_DATA', `extension ${own.type} is the library's own`);
}

const V1_LABEL = 'SERVERINFO FOR ';
const V2_LABEL = 'SERVERINFOV2 FOR ';

/** PEM blocks `SERVERINFO FOR …` and `SERVERINFOV2 FOR …`. */
export const SSL_CTX_use_serverinfo_file = (ctx: SSL_CTX, file: string): number =>
  attempt('SSL_CTX_use_serverinfo_file', 0, () => {
    const bytes = readFile('SSL_CTX_use_serverinfo_file', file);
    if (bytes === null) return 0;
    const blocks = [...pemBlocks(bytes)];
    if (blocks.length === 0) refuse('NO_PEM_EXTENSIONS');
    const parts = blocks.map(({ label, bytes: data }) => {
      if (label.startsWith(V2_LABEL)) return data;
      return label.startsWith(V1_LABEL) ? concat(contextBytes(V1_CONTEXT), data) : refuse('PEM_NAME_BAD_PREFIX', label);
    });
    return SSL_CTX_use_serverinfo_ex(ctx, c.SSL_SERVERINFOV2, concat(...parts));
  });

const contextBytes = (context: number): Uint8Array => Uint8Array.of(context >>> 24, context >>> 16, context >>> 8, context);
