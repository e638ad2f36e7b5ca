/** Options, modes, versions, and what else is one number on a context and on a connection. */
import { versionName } from '../registry/versions.ts';
import { TLS1_3_VERSION } from './constants.ts';
import { asInt, type Holder, put, putQuietly } from './settings.ts';
import { alive, ofLiving } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

// ---- SSL_CTX_set_options(3): bits are added or taken away, the result is the new mask

const masked = (holder: Holder, name: 'options' | 'mode', add: number, remove: number): number => {
  holder.set(name, (holder.get(name) | add) & ~remove);
  return holder.get(name);
};

export const SSL_CTX_set_options = (ctx: SSL_CTX, options: number): number => masked(ctx, 'options', options, 0);
export const SSL_CTX_clear_options = (ctx: SSL_CTX, options: number): number => masked(ctx, 'options', 0, options);
export const SSL_CTX_get_options = (ctx: SSL_CTX): number => ctx.get('options');
export const SSL_set_options = (ssl: SSL, options: number): number => masked(ssl, 'options', options, 0);
export const SSL_clear_options = (ssl: SSL, options: number): number => masked(ssl, 'options', 0, options);
export const SSL_get_options = (ssl: SSL): number => alive(ssl).get('options');

export const SSL_CTX_set_mode = (ctx: SSL_CTX, mode: number): number => masked(ctx, 'mode', mode, 0);
export const SSL_CTX_clear_mode = (ctx: SSL_CTX, mode: number): number => masked(ctx, 'mode', 0, mode);
export const SSL_CTX_get_mode = (ctx: SSL_CTX): number => ctx.get('mode');
export const SSL_set_mode = (ssl: SSL, mode: number): number => masked(ssl, 'mode', mode, 0);
export const SSL_clear_mode = (ssl: SSL, mode: number): number => masked(ssl, 'mode', 0, mode);
export const SSL_get_mode = (ssl: SSL): number => alive(ssl).get('mode');

// ---- SSL_CTX_set_min_proto_version(3): an unknown version is 0, nothing is pushed, the bound stays

export const SSL_CTX_set_min_proto_version = (ctx: SSL_CTX, version: number): number => putQuietly(ctx, 'minProtoVersion', version);
export const SSL_CTX_set_max_proto_version = (ctx: SSL_CTX, version: number): number => putQuietly(ctx, 'maxProtoVersion', version);
export const SSL_CTX_get_min_proto_version = (ctx: SSL_CTX): number => ctx.get('minProtoVersion');
export const SSL_CTX_get_max_proto_version = (ctx: SSL_CTX): number => ctx.get('maxProtoVersion');
export const SSL_set_min_proto_version = (ssl: SSL, version: number): number => putQuietly(ssl, 'minProtoVersion', version);
export const SSL_set_max_proto_version = (ssl: SSL, version: number): number => putQuietly(ssl, 'maxProtoVersion', version);
export const SSL_get_min_proto_version = (ssl: SSL): number => alive(ssl).get('minProtoVersion');
export const SSL_get_max_proto_version = (ssl: SSL): number => alive(ssl).get('maxProtoVersion');

/** The version that was agreed on; before that the newest there is. */
export const SSL_version = (ssl: SSL): number => alive(ssl).connection?.version || TLS1_3_VERSION;
export const SSL_get_version = (ssl: SSL): string => versionName(SSL_version(ssl));
/** The newest version the client offered. */
export const SSL_client_version = (ssl: SSL): number => alive(ssl).connection?.clientVersion || TLS1_3_VERSION;
export const TLS1_get_version = (ssl: SSL): number => SSL_version(ssl);
export const TLS1_get_client_version = (ssl: SSL): number => SSL_client_version(ssl);

// ---- sizes: 1, or 0 and the old value where it is out of range

export const SSL_CTX_set_max_send_fragment = (ctx: SSL_CTX, size: number): number => putQuietly(ctx, 'maxSendFragment', size);
export const SSL_set_max_send_fragment = (ssl: SSL, size: number): number => putQuietly(ssl, 'maxSendFragment', size);
/** At most max_send_fragment. */
const putSplit = (holder: Holder, size: number): number =>
  size > holder.get('maxSendFragment') ? 0 : putQuietly(holder, 'splitSendFragment', size);
export const SSL_CTX_set_split_send_fragment = (ctx: SSL_CTX, size: number): number => putSplit(ctx, size);
export const SSL_set_split_send_fragment = (ssl: SSL, size: number): number => putSplit(ssl, size);
export const SSL_CTX_set_block_padding = (ctx: SSL_CTX, size: number): number => putQuietly(ctx, 'blockPadding', size);
export const SSL_set_block_padding = (ssl: SSL, size: number): number => putQuietly(ssl, 'blockPadding', size);
export const SSL_CTX_set_tlsext_max_fragment_length = (ctx: SSL_CTX, mode: number): number =>
  put('SSL_CTX_set_tlsext_max_fragment_length', ctx, 'maxFragmentLength', mode);
export const SSL_set_tlsext_max_fragment_length = (ssl: SSL, mode: number): number =>
  put('SSL_set_tlsext_max_fragment_length', ssl, 'maxFragmentLength', mode);

/** The result is the value before; a negative size gives 0 and changes nothing. */
const putCertList = (holder: Holder, size: number): number => {
  const before = holder.get('maxCertList');
  return putQuietly(holder, 'maxCertList', size) === 1 ? before : 0;
};
export const SSL_CTX_set_max_cert_list = (ctx: SSL_CTX, size: number): number => putCertList(ctx, size);
export const SSL_CTX_get_max_cert_list = (ctx: SSL_CTX): number => ctx.get('maxCertList');
export const SSL_set_max_cert_list = (ssl: SSL, size: number): number => putCertList(ssl, size);
export const SSL_get_max_cert_list = (ssl: SSL): number => alive(ssl).get('maxCertList');

/** Records are sealed one after another, so a pipeline is always one: other numbers are refused (0). */
export const SSL_CTX_set_max_pipelines = (ctx: SSL_CTX, count: number): number => ofLiving(ctx, asInt(count === 1));
export const SSL_set_max_pipelines = (ssl: SSL, count: number): number => ofLiving(ssl, asInt(count === 1));

// ---- reading and closing

export const SSL_CTX_set_read_ahead = (ctx: SSL_CTX, yes: number): number => {
  const before = asInt(ctx.get('readAhead'));
  ctx.set('readAhead', yes !== 0);
  return before;
};
export const SSL_CTX_get_read_ahead = (ctx: SSL_CTX): number => asInt(ctx.get('readAhead'));
export const SSL_CTX_set_default_read_ahead: (ctx: SSL_CTX, yes: number) => number = SSL_CTX_set_read_ahead;
export const SSL_CTX_get_default_read_ahead: (ctx: SSL_CTX) => number = SSL_CTX_get_read_ahead;
export const SSL_set_read_ahead = (ssl: SSL, yes: number): void => void ssl.set('readAhead', yes !== 0);
export const SSL_get_read_ahead = (ssl: SSL): number => asInt(alive(ssl).get('readAhead'));

/** Only reading ahead asks for so much. */
export const SSL_CTX_set_default_read_buffer_len = (ctx: SSL_CTX, length: number): void => void ctx.set('readBufferLength', length);
export const SSL_set_default_read_buffer_len = (ssl: SSL, length: number): void => void ssl.set('readBufferLength', length);

export const SSL_CTX_set_quiet_shutdown = (ctx: SSL_CTX, mode: number): void => void ctx.set('quietShutdown', mode !== 0);
export const SSL_CTX_get_quiet_shutdown = (ctx: SSL_CTX): number => asInt(ctx.get('quietShutdown'));
export const SSL_set_quiet_shutdown = (ssl: SSL, mode: number): void => void ssl.set('quietShutdown', mode !== 0);
export const SSL_get_quiet_shutdown = (ssl: SSL): number => asInt(alive(ssl).get('quietShutdown'));

export const SSL_CTX_set_post_handshake_auth = (ctx: SSL_CTX, yes: number): void => void ctx.set('postHandshakeAuth', yes !== 0);
export const SSL_set_post_handshake_auth = (ssl: SSL, yes: number): void => void ssl.set('postHandshakeAuth', yes !== 0);
