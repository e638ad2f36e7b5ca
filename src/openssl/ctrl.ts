/**
 * The numbered control calls (SSL_ctrl(3)), behind which C keeps most of its macros: a number, whether its argument is the long, the
 * pointer, none, or a place for the result, and the functions that it stands for. A list's length is its own here.
 */
import { SSL_CTX_set_tlsext_servername_arg, SSL_CTX_set_tlsext_servername_callback, SSL_set_tlsext_host_name } from './alpn-sni.ts';
import {
  SSL_add1_chain_cert,
  SSL_build_cert_chain,
  SSL_CTX_add_extra_chain_cert,
  SSL_CTX_add1_chain_cert,
  SSL_CTX_build_cert_chain,
  SSL_CTX_clear_cert_flags,
  SSL_CTX_clear_extra_chain_certs,
  SSL_CTX_get_extra_chain_certs,
  SSL_CTX_get0_chain_certs,
  SSL_CTX_select_current_cert,
  SSL_CTX_set_cert_flags,
  SSL_CTX_set_current_cert,
  SSL_CTX_set1_chain,
  SSL_CTX_set1_chain_cert_store,
  SSL_CTX_set1_client_certificate_types,
  SSL_clear_cert_flags,
  SSL_get0_certificate_types,
  SSL_get0_chain_certs,
  SSL_select_current_cert,
  SSL_set_cert_flags,
  SSL_set_current_cert,
  SSL_set1_chain,
  SSL_set1_chain_cert_store,
  SSL_set1_client_certificate_types,
} from './certificates.ts';
import { SSL_get0_raw_cipherlist } from './ciphers.ts';
import { pushSslError } from './errors.ts';
import {
  SSL_CTX_set_dh_auto,
  SSL_CTX_set_tmp_dh,
  SSL_CTX_set_tmp_dh_callback,
  SSL_CTX_set_tmp_ecdh,
  SSL_CTX_set1_groups,
  SSL_CTX_set1_groups_list,
  SSL_get_peer_tmp_key,
  SSL_get_shared_group,
  SSL_get_tmp_key,
  SSL_get0_ec_point_formats,
  SSL_get1_groups,
  SSL_set_dh_auto,
  SSL_set_tmp_dh,
  SSL_set_tmp_dh_callback,
  SSL_set_tmp_ecdh,
  SSL_set1_groups,
  SSL_set1_groups_list,
} from './groups.ts';
import {
  SSL_clear_num_renegotiations,
  SSL_get_extms_support,
  SSL_get_secure_renegotiation_support,
  SSL_num_renegotiations,
  SSL_total_renegotiations,
} from './handshake.ts';
import {
  SSL_CTX_set_msg_callback,
  SSL_CTX_set_msg_callback_arg,
  SSL_set_msg_callback,
  SSL_set_msg_callback_arg,
  SSL_set_tlsext_debug_arg,
  SSL_set_tlsext_debug_callback,
} from './info.ts';
import {
  SSL_CTX_clear_mode,
  SSL_CTX_get_max_cert_list,
  SSL_CTX_get_max_proto_version,
  SSL_CTX_get_min_proto_version,
  SSL_CTX_get_read_ahead,
  SSL_CTX_set_max_cert_list,
  SSL_CTX_set_max_pipelines,
  SSL_CTX_set_max_proto_version,
  SSL_CTX_set_max_send_fragment,
  SSL_CTX_set_min_proto_version,
  SSL_CTX_set_mode,
  SSL_CTX_set_read_ahead,
  SSL_CTX_set_split_send_fragment,
  SSL_clear_mode,
  SSL_get_max_cert_list,
  SSL_get_max_proto_version,
  SSL_get_min_proto_version,
  SSL_set_max_cert_list,
  SSL_set_max_pipelines,
  SSL_set_max_proto_version,
  SSL_set_max_send_fragment,
  SSL_set_min_proto_version,
  SSL_set_mode,
  SSL_set_split_send_fragment,
} from './options.ts';
import {
  SSL_CTX_get_session_cache_mode,
  SSL_CTX_sess_accept,
  SSL_CTX_sess_accept_good,
  SSL_CTX_sess_accept_renegotiate,
  SSL_CTX_sess_cache_full,
  SSL_CTX_sess_cb_hits,
  SSL_CTX_sess_connect,
  SSL_CTX_sess_connect_good,
  SSL_CTX_sess_connect_renegotiate,
  SSL_CTX_sess_get_cache_size,
  SSL_CTX_sess_hits,
  SSL_CTX_sess_misses,
  SSL_CTX_sess_number,
  SSL_CTX_sess_set_cache_size,
  SSL_CTX_sess_timeouts,
  SSL_CTX_set_session_cache_mode,
} from './sessions.ts';
import {
  SSL_CTX_set1_client_sigalgs,
  SSL_CTX_set1_client_sigalgs_list,
  SSL_CTX_set1_sigalgs,
  SSL_CTX_set1_sigalgs_list,
  SSL_get_peer_signature_nid,
  SSL_get_signature_nid,
  SSL_set1_client_sigalgs,
  SSL_set1_client_sigalgs_list,
  SSL_set1_sigalgs,
  SSL_set1_sigalgs_list,
} from './sigalgs.ts';
import {
  SSL_CTX_get_tlsext_status_arg,
  SSL_CTX_get_tlsext_status_cb,
  SSL_CTX_get_tlsext_status_type,
  SSL_CTX_set_tlsext_status_arg,
  SSL_CTX_set_tlsext_status_cb,
  SSL_CTX_set_tlsext_status_type,
  SSL_get_tlsext_status_exts,
  SSL_get_tlsext_status_ids,
  SSL_get_tlsext_status_ocsp_resp,
  SSL_get_tlsext_status_type,
  SSL_set_tlsext_status_exts,
  SSL_set_tlsext_status_ids,
  SSL_set_tlsext_status_ocsp_resp,
  SSL_set_tlsext_status_type,
} from './status.ts';
import { SSL_CTX_get_tlsext_ticket_keys, SSL_CTX_set_tlsext_ticket_key_cb, SSL_CTX_set_tlsext_ticket_keys } from './tickets.ts';
import type { Out, SSL, SSL_CTX } from './types.ts';
import { SSL_CTX_set1_verify_cert_store, SSL_set1_verify_cert_store } from './verify.ts';

type Shape = 'long' | 'pointer' | 'none' | 'get';
type Call = (holder: never, argument: never) => unknown;
type Row = readonly [command: number, shape: Shape, onCtx: Call | null, onSsl: Call | null];

const COMMANDS: readonly Row[] = [
  [3, 'pointer', SSL_CTX_set_tmp_dh, SSL_set_tmp_dh],
  [4, 'pointer', SSL_CTX_set_tmp_ecdh, SSL_set_tmp_ecdh],
  [10, 'none', null, SSL_num_renegotiations],
  [11, 'none', null, SSL_clear_num_renegotiations],
  [12, 'none', null, SSL_total_renegotiations],
  [14, 'pointer', SSL_CTX_add_extra_chain_cert, null],
  [16, 'pointer', SSL_CTX_set_msg_callback_arg, SSL_set_msg_callback_arg],
  [20, 'none', SSL_CTX_sess_number, null],
  [21, 'none', SSL_CTX_sess_connect, null],
  [22, 'none', SSL_CTX_sess_connect_good, null],
  [23, 'none', SSL_CTX_sess_connect_renegotiate, null],
  [24, 'none', SSL_CTX_sess_accept, null],
  [25, 'none', SSL_CTX_sess_accept_good, null],
  [26, 'none', SSL_CTX_sess_accept_renegotiate, null],
  [27, 'none', SSL_CTX_sess_hits, null],
  [28, 'none', SSL_CTX_sess_cb_hits, null],
  [29, 'none', SSL_CTX_sess_misses, null],
  [30, 'none', SSL_CTX_sess_timeouts, null],
  [31, 'none', SSL_CTX_sess_cache_full, null],
  [33, 'long', SSL_CTX_set_mode, SSL_set_mode],
  [40, 'none', SSL_CTX_get_read_ahead, null],
  [41, 'long', SSL_CTX_set_read_ahead, null],
  [42, 'long', SSL_CTX_sess_set_cache_size, null],
  [43, 'none', SSL_CTX_sess_get_cache_size, null],
  [44, 'long', SSL_CTX_set_session_cache_mode, null],
  [45, 'none', SSL_CTX_get_session_cache_mode, null],
  [50, 'none', SSL_CTX_get_max_cert_list, SSL_get_max_cert_list],
  [51, 'long', SSL_CTX_set_max_cert_list, SSL_set_max_cert_list],
  [52, 'long', SSL_CTX_set_max_send_fragment, SSL_set_max_send_fragment],
  [54, 'pointer', SSL_CTX_set_tlsext_servername_arg, null],
  [55, 'pointer', null, SSL_set_tlsext_host_name],
  [57, 'pointer', null, SSL_set_tlsext_debug_arg],
  [58, 'get', SSL_CTX_get_tlsext_ticket_keys, null],
  [59, 'pointer', SSL_CTX_set_tlsext_ticket_keys, null],
  [64, 'pointer', SSL_CTX_set_tlsext_status_arg, null],
  [65, 'long', SSL_CTX_set_tlsext_status_type, SSL_set_tlsext_status_type],
  [66, 'get', null, SSL_get_tlsext_status_exts],
  [67, 'pointer', null, SSL_set_tlsext_status_exts],
  [68, 'get', null, SSL_get_tlsext_status_ids],
  [69, 'pointer', null, SSL_set_tlsext_status_ids],
  [70, 'get', null, SSL_get_tlsext_status_ocsp_resp],
  [71, 'pointer', null, SSL_set_tlsext_status_ocsp_resp],
  [76, 'none', null, SSL_get_secure_renegotiation_support],
  [78, 'long', SSL_CTX_clear_mode, SSL_clear_mode],
  [82, 'get', SSL_CTX_get_extra_chain_certs, null],
  [83, 'none', SSL_CTX_clear_extra_chain_certs, null],
  [88, 'pointer', SSL_CTX_set1_chain, SSL_set1_chain],
  [89, 'pointer', SSL_CTX_add1_chain_cert, SSL_add1_chain_cert],
  [90, 'get', null, SSL_get1_groups],
  [91, 'pointer', SSL_CTX_set1_groups, SSL_set1_groups],
  [92, 'pointer', SSL_CTX_set1_groups_list, SSL_set1_groups_list],
  [93, 'long', null, SSL_get_shared_group],
  [97, 'pointer', SSL_CTX_set1_sigalgs, SSL_set1_sigalgs],
  [98, 'pointer', SSL_CTX_set1_sigalgs_list, SSL_set1_sigalgs_list],
  [99, 'long', SSL_CTX_set_cert_flags, SSL_set_cert_flags],
  [100, 'long', SSL_CTX_clear_cert_flags, SSL_clear_cert_flags],
  [101, 'pointer', SSL_CTX_set1_client_sigalgs, SSL_set1_client_sigalgs],
  [102, 'pointer', SSL_CTX_set1_client_sigalgs_list, SSL_set1_client_sigalgs_list],
  [103, 'get', null, SSL_get0_certificate_types],
  [104, 'pointer', SSL_CTX_set1_client_certificate_types, SSL_set1_client_certificate_types],
  [105, 'long', SSL_CTX_build_cert_chain, SSL_build_cert_chain],
  [106, 'pointer', SSL_CTX_set1_verify_cert_store, SSL_set1_verify_cert_store],
  [107, 'pointer', SSL_CTX_set1_chain_cert_store, SSL_set1_chain_cert_store],
  [108, 'get', null, SSL_get_peer_signature_nid],
  [109, 'get', null, SSL_get_peer_tmp_key],
  [110, 'get', null, SSL_get0_raw_cipherlist],
  [111, 'get', null, SSL_get0_ec_point_formats],
  [115, 'get', SSL_CTX_get0_chain_certs, SSL_get0_chain_certs],
  [116, 'pointer', SSL_CTX_select_current_cert, SSL_select_current_cert],
  [117, 'long', SSL_CTX_set_current_cert, SSL_set_current_cert],
  [118, 'long', SSL_CTX_set_dh_auto, SSL_set_dh_auto],
  [122, 'none', null, SSL_get_extms_support],
  [123, 'long', SSL_CTX_set_min_proto_version, SSL_set_min_proto_version],
  [124, 'long', SSL_CTX_set_max_proto_version, SSL_set_max_proto_version],
  [125, 'long', SSL_CTX_set_split_send_fragment, SSL_set_split_send_fragment],
  [126, 'long', SSL_CTX_set_max_pipelines, SSL_set_max_pipelines],
  [127, 'none', SSL_CTX_get_tlsext_status_type, SSL_get_tlsext_status_type],
  [128, 'get', SSL_CTX_get_tlsext_status_cb, null],
  [129, 'get', SSL_CTX_get_tlsext_status_arg, null],
  [130, 'none', SSL_CTX_get_min_proto_version, SSL_get_min_proto_version],
  [131, 'none', SSL_CTX_get_max_proto_version, SSL_get_max_proto_version],
  [132, 'get', null, SSL_get_signature_nid],
  [133, 'get', null, SSL_get_tmp_key],
];

const CALLBACKS: readonly Row[] = [
  [6, 'pointer', SSL_CTX_set_tmp_dh_callback, SSL_set_tmp_dh_callback],
  [15, 'pointer', SSL_CTX_set_msg_callback, SSL_set_msg_callback],
  [53, 'pointer', SSL_CTX_set_tlsext_servername_callback, null],
  [56, 'pointer', null, SSL_set_tlsext_debug_callback],
  [63, 'pointer', SSL_CTX_set_tlsext_status_cb, null],
  [72, 'pointer', SSL_CTX_set_tlsext_ticket_key_cb, null],
];

/** What the function that a number stands for answers; 0 for a number that means nothing here. */
function control(
  func: string,
  rows: readonly Row[],
  holder: SSL | SSL_CTX,
  onCtx: boolean,
  cmd: number,
  larg: number,
  parg: unknown,
): number {
  const [, shape, ctxCall, sslCall] = rows.find(([command]) => command === cmd) ?? [];
  const call = (onCtx ? ctxCall : sslCall) ?? null;
  if (call === null || shape === undefined) {
    pushSslError(func, 'UNKNOWN_CMD_NAME', `command ${cmd}`);
    return 0;
  }
  const result = call(holder as never, (shape === 'long' ? larg : shape === 'pointer' ? parg : undefined) as never);
  if (shape !== 'get') return typeof result === 'number' ? result : 1;
  if (result === null) return 0;
  if (parg !== null) (parg as Out<unknown>).value = result;
  return Array.isArray(result) || result instanceof Uint8Array ? result.length : 1;
}

export const SSL_CTX_ctrl = (ctx: SSL_CTX, cmd: number, larg: number, parg: unknown): number =>
  control('SSL_CTX_ctrl', COMMANDS, ctx, true, cmd, larg, parg);
export const SSL_ctrl = (ssl: SSL, cmd: number, larg: number, parg: unknown): number =>
  control('SSL_ctrl', COMMANDS, ssl, false, cmd, larg, parg);
export const SSL_CTX_callback_ctrl = (ctx: SSL_CTX, cmd: number, fp: unknown): number =>
  control('SSL_CTX_callback_ctrl', CALLBACKS, ctx, true, cmd, 0, fp);
export const SSL_callback_ctrl = (ssl: SSL, cmd: number, fp: unknown): number =>
  control('SSL_callback_ctrl', CALLBACKS, ssl, false, cmd, 0, fp);
