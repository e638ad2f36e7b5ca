/** Stapled OCSP responses and certificate transparency (SSL_CTX_set_tlsext_status_cb(3)). */

import { fromUtf8 } from '../bytes/bytes.ts';
import type { CtPolicyContext, CtValidationCallback, StatusCallback } from '../config/callbacks.ts';
import { fatal, refuse } from '../registry/fatal.ts';
import { parseCtLogList } from '../x509/ctlog-list.ts';
import type { CheckedSct, CtLog } from '../x509/sct.ts';
import { argOf, mapped, unwrap, wrap } from './callbacks.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { readFile, systemLogList } from './files.ts';
import { asInt, done, type Holder, put } from './settings.ts';
import { alive, stateOf } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

/**
 * Server: SSL_TLSEXT_ERR_OK when SSL_set_tlsext_status_ocsp_resp has given the response, _NOACK for none, _ALERT_FATAL.
 * Client: 1: good enough, or none is needed; 0: bad; below 0: failure.
 */
export type tlsext_status_cb = (ssl: SSL, arg: unknown) => number | Promise<number>;

const statusCallback = (cb: tlsext_status_cb | null, arg: unknown): StatusCallback =>
  wrap(cb, arg, (ssl: SSL) => {
    if (cb === null) return ssl.isServer ? undefined : true;
    return mapped(cb(ssl, arg), (answer) => (ssl.isServer ? stapled(ssl, answer) : judged(answer)));
  });

function stapled(ssl: SSL, answer: number): Uint8Array | undefined {
  if (answer === c.SSL_TLSEXT_ERR_OK) return stateOf(ssl).ocspResponse;
  return answer === c.SSL_TLSEXT_ERR_NOACK ? undefined : fatal('internal_error', 'OCSP_CALLBACK_FAILURE');
}

const judged = (answer: number): boolean => (answer < 0 ? fatal('internal_error', 'OCSP_CALLBACK_FAILURE') : answer > 0);

const callback = (holder: Holder, cb: tlsext_status_cb | null, arg: unknown): number => {
  holder.set('statusCallback', cb === null && arg === null ? undefined : statusCallback(cb, arg));
  return 1;
};

export const SSL_CTX_set_tlsext_status_cb = (ctx: SSL_CTX, cb: tlsext_status_cb | null): number =>
  callback(ctx, cb, argOf(ctx.get('statusCallback')));
export const SSL_CTX_get_tlsext_status_cb = (ctx: SSL_CTX): tlsext_status_cb | null => unwrap(ctx.get('statusCallback'));
export const SSL_CTX_set_tlsext_status_arg = (ctx: SSL_CTX, arg: unknown): number => callback(ctx, unwrap(ctx.get('statusCallback')), arg);
export const SSL_CTX_get_tlsext_status_arg = (ctx: SSL_CTX): unknown => argOf(ctx.get('statusCallback'));

/** TLSEXT_STATUSTYPE_ocsp asks for a response; -1 for none. */
const setType = (holder: Holder, type: number): number => {
  holder.set('statusRequest', type === c.TLSEXT_STATUSTYPE_ocsp);
  return 1;
};
const typeOf = (holder: Holder): number => (holder.get('statusRequest') ? c.TLSEXT_STATUSTYPE_ocsp : -1);

export const SSL_CTX_set_tlsext_status_type = (ctx: SSL_CTX, type: number): number => setType(ctx, type);
export const SSL_CTX_get_tlsext_status_type = (ctx: SSL_CTX): number => typeOf(ctx);
export const SSL_set_tlsext_status_type = (ssl: SSL, type: number): number => setType(ssl, type);
export const SSL_get_tlsext_status_type = (ssl: SSL): number => typeOf(alive(ssl));

/** DER of the response that the server stapled; null where it stapled none. */
export const SSL_get_tlsext_status_ocsp_resp = (ssl: SSL): Uint8Array | null =>
  alive(ssl).connection?.ocspResponse ?? stateOf(ssl).ocspResponse ?? null;
/** DER of the response to staple. */
export function SSL_set_tlsext_status_ocsp_resp(ssl: SSL, response: Uint8Array | null): number {
  stateOf(alive(ssl)).ocspResponse = response?.slice();
  return 1;
}

/** Responders to name, as DER of ResponderID. */
export const SSL_set_tlsext_status_ids = (ssl: SSL, ids: readonly Uint8Array[] | null): number =>
  put('SSL_set_tlsext_status_ids', ssl, 'statusResponderIds', ids ?? []);
/** DER of the extensions of the OCSP request. */
export const SSL_set_tlsext_status_exts = (ssl: SSL, exts: Uint8Array | null): number =>
  put('SSL_set_tlsext_status_exts', ssl, 'statusExtensions', exts ?? new Uint8Array(0));
/** What was set; on a server, what the client sent. */
export const SSL_get_tlsext_status_ids = (ssl: SSL): readonly Uint8Array[] =>
  alive(ssl).connection?.peerStatusRequest?.responderIds ?? ssl.get('statusResponderIds');
export const SSL_get_tlsext_status_exts = (ssl: SSL): Uint8Array =>
  alive(ssl).connection?.peerStatusRequest?.requestExtensions ?? ssl.get('statusExtensions');

// ---- certificate transparency: timestamps of a verified server, checked against the logs of the context

export type SCT = CheckedSct;
export type CT_POLICY_EVAL_CTX = CtPolicyContext;
export type CTLOG_STORE = readonly CtLog[];
/** 1: enough; 0: not; below 0: failure. */
export type ssl_ct_validation_cb = (ctx: CT_POLICY_EVAL_CTX, scts: readonly SCT[], arg: unknown) => number | Promise<number>;

const MODES = new Map([
  [c.SSL_CT_VALIDATION_PERMISSIVE, 'permissive' as const],
  [c.SSL_CT_VALIDATION_STRICT, 'strict' as const],
]);

const enableCt = (func: string, holder: Holder, mode: number): number =>
  attempt(func, 0, () => done(holder.set('ctValidationCallback', MODES.get(mode) ?? refuse('INVALID_CT_VALIDATION_TYPE', String(mode)))));

const setValidation = (holder: Holder, cb: ssl_ct_validation_cb | null, arg: unknown): number => {
  const callback: CtValidationCallback | undefined =
    cb === null
      ? undefined
      : wrap(cb, arg, (_ssl: SSL, scts: readonly SCT[], context: CT_POLICY_EVAL_CTX) =>
          mapped(cb(context, scts, arg), (answer) => answer > 0),
        );
  return done(holder.set('ctValidationCallback', callback));
};

/** SSL_CT_VALIDATION_STRICT demands a valid timestamp, _PERMISSIVE only looks for them. */
export const SSL_CTX_enable_ct = (ctx: SSL_CTX, mode: number): number => enableCt('SSL_CTX_enable_ct', ctx, mode);
export const SSL_enable_ct = (ssl: SSL, mode: number): number => enableCt('SSL_enable_ct', ssl, mode);
export const SSL_CTX_set_ct_validation_callback = (ctx: SSL_CTX, cb: ssl_ct_validation_cb | null, arg: unknown): number =>
  setValidation(ctx, cb, arg);
export const SSL_set_ct_validation_callback = (ssl: SSL, cb: ssl_ct_validation_cb | null, arg: unknown): number =>
  setValidation(ssl, cb, arg);
export const SSL_CTX_ct_is_enabled = (ctx: SSL_CTX): number => asInt(ctx.get('ctValidationCallback') !== undefined);
export const SSL_ct_is_enabled = (ssl: SSL): number => asInt(alive(ssl).get('ctValidationCallback') !== undefined);
export const SSL_CTX_disable_ct = (ctx: SSL_CTX): void => void ctx.set('ctValidationCallback', undefined);
export const SSL_disable_ct = (ssl: SSL): void => void ssl.set('ctValidationCallback', undefined);
export const SSL_CTX_set0_ctlog_store = (ctx: SSL_CTX, logs: CTLOG_STORE): void => void ctx.set('ctLogStore', logs);
export const SSL_CTX_get0_ctlog_store = (ctx: SSL_CTX): CTLOG_STORE => ctx.get('ctLogStore');
/** The timestamps of the server's certificate from wherever they came, each with what was found. */
export const SSL_get0_peer_scts = (ssl: SSL): SCT[] => [...(alive(ssl).connection?.peerScts ?? [])];
/** A list of logs as OpenSSL's ct_log_list.cnf has it. */
export const SSL_CTX_set_ctlog_list_file = (ctx: SSL_CTX, path: string): number => loadLogs('SSL_CTX_set_ctlog_list_file', ctx, path);
/** The file that CTLOG_FILE names, or OpenSSL's own. */
export const SSL_CTX_set_default_ctlog_list_file = (ctx: SSL_CTX): number =>
  loadLogs('SSL_CTX_set_default_ctlog_list_file', ctx, systemLogList());

function loadLogs(func: string, ctx: SSL_CTX, path: string): number {
  const bytes = readFile(func, path);
  if (bytes === null) return 0;
  return attempt(func, 0, () => done(ctx.set('ctLogStore', parseCtLogList(fromUtf8(bytes), ctx.provider) ?? refuse('BAD_DATA', path))));
}
