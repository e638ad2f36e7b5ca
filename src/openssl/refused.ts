/** Functions that exist so that ported code compiles, and that say why they do nothing. */

import { ERR_LIB_SSL, ERR_R_DISABLED } from './constants.ts';
import { pushError } from './errors.ts';

const DTLS = 'DTLS is not built yet';
const SSL3 = 'SSL 3.0 is never built';
const SRP = 'SRP is never built: its suites are TLS 1.2 with SHA-1 and CBC';
const COMPRESSION = 'TLS compression is never built: it leaks secrets (CRIME)';
const NPN = 'NPN was replaced by ALPN (RFC 7301)';
const SRTP = 'SRTP keys are agreed on over DTLS, which is not built yet';
const FAST = 'EAP-FAST (RFC 4851) is not built';

/** Name of the function → why it refuses. */
export const REFUSALS: Readonly<Record<string, string>> = {
  DTLS_method: DTLS,
  DTLS_client_method: DTLS,
  DTLS_server_method: DTLS,
  DTLSv1_2_method: DTLS,
  DTLSv1_2_client_method: DTLS,
  DTLSv1_2_server_method: DTLS,
  DTLSv1_method: DTLS,
  DTLSv1_client_method: DTLS,
  DTLSv1_server_method: DTLS,
  DTLS_get_data_mtu: DTLS,
  DTLS_get_link_min_mtu: DTLS,
  DTLS_set_link_mtu: DTLS,
  DTLS_set_timer_cb: DTLS,
  DTLSv1_get_timeout: DTLS,
  DTLSv1_handle_timeout: DTLS,
  DTLSv1_listen: DTLS,
  SSL_set_mtu: DTLS,
  SSL_CTX_set_cookie_generate_cb: DTLS,
  SSL_CTX_set_cookie_verify_cb: DTLS,
  SSLv3_method: SSL3,
  SSLv3_client_method: SSL3,
  SSLv3_server_method: SSL3,
  SSL_set_session_secret_cb: FAST,
  SSL_set_session_ticket_ext: FAST,
  SSL_set_session_ticket_ext_cb: FAST,
  SSL_trace: 'the text form of messages is not written yet; see SSL_set_msg_callback',
  SSL_CTX_set_tlsext_use_srtp: SRTP,
  SSL_set_tlsext_use_srtp: SRTP,
  SSL_get_selected_srtp_profile: SRTP,
  SSL_get_srtp_profiles: SRTP,
  SSL_CTX_set_next_protos_advertised_cb: NPN,
  SSL_CTX_set_next_proto_select_cb: NPN,
  SSL_CTX_set_npn_advertised_cb: NPN,
  SSL_CTX_set_npn_select_cb: NPN,
  SSL_get0_next_proto_negotiated: NPN,
  SSL_get0_npn_negotiated: NPN,
  SSL_CTX_set_srp_username: SRP,
  SSL_CTX_set_srp_password: SRP,
  SSL_COMP_add_compression_method: COMPRESSION,
  SSL_CTX_set_client_cert_engine: 'there are no engines; a PrivateKey object that signs takes their place',
};

/** A function that puts its reason on the queue and answers with C's value for failure. */
export const refused =
  <T>(name: string, failure: T) =>
  (..._args: readonly unknown[]): T => {
    pushError(ERR_LIB_SSL, name, ERR_R_DISABLED, REFUSALS[name]);
    return failure;
  };
