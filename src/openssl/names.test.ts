import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_KEYS } from '../../test/support/keys.ts';
import { bytes, clientCtx, connect, connectedPair, joined, pairOf, serverCtx, there } from '../../test/support/openssl.ts';
import { testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import { fromUtf8 } from '../bytes/bytes.ts';
import type { SettingName } from '../config/settings.ts';
import * as o from './index.ts';

beforeEach(() => o.ERR_clear_error());

/** Callbacks come with an argument, which the other setters do not look at. */
type Setter<T> = (holder: never, value: T, arg: never) => unknown;
type Getter = (holder: never) => unknown;

interface Pairing<T = never> {
  readonly name: SettingName;
  readonly value: T;
  /** What the setting holds afterwards; absent where it is a callback in another form. */
  readonly kept?: unknown;
  readonly ctx?: readonly [Setter<T>, Getter?];
  readonly ssl?: readonly [Setter<T>, Getter?];
}

/** The setters take what their row gives them: each is a function of its own type. */
const pairing = <T>(name: SettingName, value: T, rest: Omit<Pairing<T>, 'name' | 'value'>): Pairing =>
  ({ name, value, ...rest }) as unknown as Pairing;

/** Stands for a callback of any form; none is called here. */
const callback = (() => 0) as () => never;
const name = testAuthority.subject;
const store = o.X509_STORE_new();

/** Setters that a context and a connection both have, with the getters that give back what was set. */
const PAIRINGS: readonly Pairing[] = [
  pairing('maxProtoVersion', 0x303, {
    kept: 0x303,
    ctx: [o.SSL_CTX_set_max_proto_version, o.SSL_CTX_get_max_proto_version],
    ssl: [o.SSL_set_max_proto_version, o.SSL_get_max_proto_version],
  }),
  pairing('minProtoVersion', 0x304, {
    kept: 0x304,
    ctx: [o.SSL_CTX_set_min_proto_version, o.SSL_CTX_get_min_proto_version],
    ssl: [o.SSL_set_min_proto_version, o.SSL_get_min_proto_version],
  }),
  pairing('verifyDepth', 3, {
    kept: 3,
    ctx: [o.SSL_CTX_set_verify_depth, o.SSL_CTX_get_verify_depth],
    ssl: [o.SSL_set_verify_depth, o.SSL_get_verify_depth],
  }),
  pairing('maxEarlyData', 7, {
    kept: 7,
    ctx: [o.SSL_CTX_set_max_early_data, o.SSL_CTX_get_max_early_data],
    ssl: [o.SSL_set_max_early_data, o.SSL_get_max_early_data],
  }),
  pairing('recvMaxEarlyData', 8, {
    kept: 8,
    ctx: [o.SSL_CTX_set_recv_max_early_data, o.SSL_CTX_get_recv_max_early_data],
    ssl: [o.SSL_set_recv_max_early_data, o.SSL_get_recv_max_early_data],
  }),
  pairing('numTickets', 4, {
    kept: 4,
    ctx: [o.SSL_CTX_set_num_tickets, o.SSL_CTX_get_num_tickets],
    ssl: [o.SSL_set_num_tickets, o.SSL_get_num_tickets],
  }),
  pairing('securityLevel', 3, {
    kept: 3,
    ctx: [o.SSL_CTX_set_security_level, o.SSL_CTX_get_security_level],
    ssl: [o.SSL_set_security_level, o.SSL_get_security_level],
  }),
  pairing('securityExData', name, {
    kept: name,
    ctx: [o.SSL_CTX_set0_security_ex_data, o.SSL_CTX_get0_security_ex_data],
    ssl: [o.SSL_set0_security_ex_data, o.SSL_get0_security_ex_data],
  }),
  pairing('securityCallback', callback, {
    ctx: [o.SSL_CTX_set_security_callback, o.SSL_CTX_get_security_callback],
    ssl: [o.SSL_set_security_callback, o.SSL_get_security_callback],
  }),
  pairing('infoCallback', callback, {
    ctx: [o.SSL_CTX_set_info_callback, o.SSL_CTX_get_info_callback],
    ssl: [o.SSL_set_info_callback, o.SSL_get_info_callback],
  }),
  pairing('defaultPasswordCallback', callback, {
    ctx: [o.SSL_CTX_set_default_passwd_cb, o.SSL_CTX_get_default_passwd_cb],
    ssl: [o.SSL_set_default_passwd_cb, o.SSL_get_default_passwd_cb],
  }),
  pairing('defaultPasswordUserdata', 'u', {
    kept: 'u',
    ctx: [o.SSL_CTX_set_default_passwd_cb_userdata, o.SSL_CTX_get_default_passwd_cb_userdata],
    ssl: [o.SSL_set_default_passwd_cb_userdata, o.SSL_get_default_passwd_cb_userdata],
  }),
  pairing('recordPaddingArg', 'a', {
    kept: 'a',
    ctx: [o.SSL_CTX_set_record_padding_callback_arg, o.SSL_CTX_get_record_padding_callback_arg],
    ssl: [o.SSL_set_record_padding_callback_arg, o.SSL_get_record_padding_callback_arg],
  }),
  pairing('recordPaddingCallback', callback, { ctx: [o.SSL_CTX_set_record_padding_callback], ssl: [o.SSL_set_record_padding_callback] }),
  pairing('blockPadding', 64, { kept: 64, ctx: [o.SSL_CTX_set_block_padding], ssl: [o.SSL_set_block_padding] }),
  pairing('maxSendFragment', 600, { kept: 600, ctx: [o.SSL_CTX_set_max_send_fragment], ssl: [o.SSL_set_max_send_fragment] }),
  pairing('splitSendFragment', 600, { kept: 600, ctx: [o.SSL_CTX_set_split_send_fragment], ssl: [o.SSL_set_split_send_fragment] }),
  pairing('maxFragmentLength', 2, {
    kept: 2,
    ctx: [o.SSL_CTX_set_tlsext_max_fragment_length],
    ssl: [o.SSL_set_tlsext_max_fragment_length],
  }),
  pairing('readAhead', 1, {
    kept: true,
    ctx: [o.SSL_CTX_set_default_read_ahead, o.SSL_CTX_get_default_read_ahead],
    ssl: [o.SSL_set_read_ahead, o.SSL_get_read_ahead],
  }),
  pairing('quietShutdown', 1, {
    kept: true,
    ctx: [o.SSL_CTX_set_quiet_shutdown, o.SSL_CTX_get_quiet_shutdown],
    ssl: [o.SSL_set_quiet_shutdown, o.SSL_get_quiet_shutdown],
  }),
  pairing('postHandshakeAuth', 1, { kept: true, ctx: [o.SSL_CTX_set_post_handshake_auth], ssl: [o.SSL_set_post_handshake_auth] }),
  pairing('msgCallback', callback, { ctx: [o.SSL_CTX_set_msg_callback], ssl: [o.SSL_set_msg_callback] }),
  pairing('msgCallbackArg', 'a', { kept: 'a', ctx: [o.SSL_CTX_set_msg_callback_arg], ssl: [o.SSL_set_msg_callback_arg] }),
  pairing('tlsextDebugCallback', callback, { ssl: [o.SSL_set_tlsext_debug_callback] }),
  pairing('tlsextDebugArg', 'a', { kept: 'a', ssl: [o.SSL_set_tlsext_debug_arg] }),
  pairing('statusRequest', 1, {
    kept: true,
    ctx: [o.SSL_CTX_set_tlsext_status_type, o.SSL_CTX_get_tlsext_status_type],
    ssl: [o.SSL_set_tlsext_status_type, o.SSL_get_tlsext_status_type],
  }),
  pairing('statusCallback', 'a', { ctx: [o.SSL_CTX_set_tlsext_status_arg, o.SSL_CTX_get_tlsext_status_arg] }),
  pairing('caList', [name], { kept: [name.raw], ctx: [o.SSL_CTX_set0_CA_list], ssl: [o.SSL_set0_CA_list] }),
  pairing('clientCaList', [name], { kept: [name.raw], ctx: [o.SSL_CTX_set_client_CA_list], ssl: [o.SSL_set_client_CA_list] }),
  pairing('caList', testAuthority, { kept: [name.raw], ctx: [o.SSL_CTX_add1_to_CA_list], ssl: [o.SSL_add1_to_CA_list] }),
  pairing('clientCaList', testAuthority, { kept: [name.raw], ctx: [o.SSL_CTX_add_client_CA], ssl: [o.SSL_add_client_CA] }),
  pairing('groups', 'X448', { kept: [30], ctx: [o.SSL_CTX_set1_groups_list], ssl: [o.SSL_set1_groups_list] }),
  pairing('groups', 'X448', { kept: [30], ctx: [o.SSL_CTX_set1_curves_list], ssl: [o.SSL_set1_curves_list] }),
  pairing('serverGroupsHint', [0x7777, 24], { kept: [0x7777, 24], ssl: [o.SSL_set1_server_supported_groups_hint] }),
  pairing('groups', [o.NID_secp384r1], { kept: [24], ctx: [o.SSL_CTX_set1_groups], ssl: [o.SSL_set1_groups] }),
  pairing('groups', [o.NID_secp384r1], { kept: [24], ctx: [o.SSL_CTX_set1_curves], ssl: [o.SSL_set1_curves] }),
  pairing('sigalgs', 'ECDSA+SHA384', { kept: [0x0503], ctx: [o.SSL_CTX_set1_sigalgs_list], ssl: [o.SSL_set1_sigalgs_list] }),
  pairing('sigalgs', [o.NID_sha384, o.EVP_PKEY_RSA_PSS], { kept: [0x080a], ctx: [o.SSL_CTX_set1_sigalgs], ssl: [o.SSL_set1_sigalgs] }),
  pairing('clientSigalgs', 'ed448', { kept: [0x0808], ctx: [o.SSL_CTX_set1_client_sigalgs_list], ssl: [o.SSL_set1_client_sigalgs_list] }),
  pairing('clientSigalgs', [o.NID_undef, o.NID_ED25519], {
    kept: [0x0807],
    ctx: [o.SSL_CTX_set1_client_sigalgs],
    ssl: [o.SSL_set1_client_sigalgs],
  }),
  pairing('cipherSuites', 'TLS_AES_128_CCM_SHA256', { kept: [0x1304], ctx: [o.SSL_CTX_set_ciphersuites], ssl: [o.SSL_set_ciphersuites] }),
  pairing('cipherList', 'AES256-SHA', { kept: [0x35], ctx: [o.SSL_CTX_set_cipher_list], ssl: [o.SSL_set_cipher_list] }),
  pairing('pskIdentityHint', 'hint', { kept: 'hint', ctx: [o.SSL_CTX_use_psk_identity_hint], ssl: [o.SSL_use_psk_identity_hint] }),
  pairing('pskClientCallback', callback, { ctx: [o.SSL_CTX_set_psk_client_callback], ssl: [o.SSL_set_psk_client_callback] }),
  pairing('pskClientCallback', callback, { ctx: [o.SSL_CTX_set_psk_use_session_callback], ssl: [o.SSL_set_psk_use_session_callback] }),
  pairing('pskServerCallback', callback, { ctx: [o.SSL_CTX_set_psk_server_callback], ssl: [o.SSL_set_psk_server_callback] }),
  pairing('pskServerCallback', callback, { ctx: [o.SSL_CTX_set_psk_find_session_callback], ssl: [o.SSL_set_psk_find_session_callback] }),
  pairing('clientCertificateTypes', Uint8Array.of(1), { kept: Uint8Array.of(1), ctx: [o.SSL_CTX_set1_client_certificate_types] }),
  pairing('generateSessionIdCallback', callback, { ctx: [o.SSL_CTX_set_generate_session_id], ssl: [o.SSL_set_generate_session_id] }),
  pairing('notResumableCallback', callback, {
    ctx: [o.SSL_CTX_set_not_resumable_session_callback],
    ssl: [o.SSL_set_not_resumable_session_callback],
  }),
  pairing('tmpDhCallback', callback, { ctx: [o.SSL_CTX_set_tmp_dh_callback], ssl: [o.SSL_set_tmp_dh_callback] }),
  pairing('dhAuto', 0, { kept: 0, ctx: [o.SSL_CTX_set_dh_auto], ssl: [o.SSL_set_dh_auto] }),
  pairing('certCallback', callback, { ctx: [o.SSL_CTX_set_cert_cb], ssl: [o.SSL_set_cert_cb] }),
  pairing('clientCertCallback', callback, { ctx: [o.SSL_CTX_set_client_cert_cb, o.SSL_CTX_get_client_cert_cb] }),
  pairing('allowEarlyDataCallback', callback, {
    ctx: [o.SSL_CTX_set_allow_early_data_cb],
    ssl: [o.SSL_set_allow_early_data_cb],
  }),
  pairing('ctValidationCallback', o.SSL_CT_VALIDATION_STRICT, { kept: 'strict', ctx: [o.SSL_CTX_enable_ct], ssl: [o.SSL_enable_ct] }),
  pairing('ctValidationCallback', callback, {
    ctx: [o.SSL_CTX_set_ct_validation_callback],
    ssl: [o.SSL_set_ct_validation_callback],
  }),
  pairing('ctLogStore', [], { kept: [], ctx: [o.SSL_CTX_set0_ctlog_store, o.SSL_CTX_get0_ctlog_store] }),
  pairing('verifyStore', store, { kept: store, ctx: [o.SSL_CTX_set0_verify_cert_store], ssl: [o.SSL_set0_verify_cert_store] }),
  pairing('verifyStore', store, { kept: store, ctx: [o.SSL_CTX_set1_verify_cert_store], ssl: [o.SSL_set1_verify_cert_store] }),
  pairing('chainStore', store, { kept: store, ctx: [o.SSL_CTX_set0_chain_cert_store], ssl: [o.SSL_set0_chain_cert_store] }),
  pairing('chainStore', store, { kept: store, ctx: [o.SSL_CTX_set1_chain_cert_store], ssl: [o.SSL_set1_chain_cert_store] }),
  pairing('certStore', store, { kept: store, ctx: [o.SSL_CTX_set1_cert_store, o.SSL_CTX_get_cert_store] }),
  pairing('removeSessionCallback', callback, { ctx: [o.SSL_CTX_sess_set_remove_cb, o.SSL_CTX_sess_get_remove_cb] }),
  pairing('getSessionCallback', callback, { ctx: [o.SSL_CTX_sess_set_get_cb, o.SSL_CTX_sess_get_get_cb] }),
  pairing('sessionCacheSize', 9, { kept: 9, ctx: [o.SSL_CTX_sess_set_cache_size, o.SSL_CTX_sess_get_cache_size] }),
  pairing('cookieGenerateCallback', callback, { ctx: [o.SSL_CTX_set_stateless_cookie_generate_cb] }),
  pairing('cookieVerifyCallback', callback, { ctx: [o.SSL_CTX_set_stateless_cookie_verify_cb] }),
  pairing('daneFlags', 1, { kept: 1, ctx: [o.SSL_CTX_dane_set_flags], ssl: [o.SSL_dane_set_flags] }),
];

describe('a setter by its C name', () => {
  const check = (holder: o.SSL | o.SSL_CTX, [set, get]: NonNullable<Pairing['ctx']>, { name: setting, value, kept }: Pairing): void => {
    set(holder as never, value, null as never);
    const held: unknown = 'context' in holder ? holder.get(setting) : holder.get(setting);
    if (kept === undefined) expect(held).toBeTypeOf('function');
    else expect(held).toEqual(kept);
    if (get !== undefined) expect(get(holder as never)).toEqual(value);
    expect(o.ERR_peek_error()).toBe(0);
  };

  it.each(PAIRINGS.filter(({ ctx }) => ctx !== undefined))('of a context sets $name', (row) => {
    if (row.ctx !== undefined) check(serverCtx(), row.ctx, row);
  });

  it.each(PAIRINGS.filter(({ ssl }) => ssl !== undefined))('of a connection sets $name', (row) => {
    if (row.ssl !== undefined) check(there(o.SSL_new(serverCtx())), row.ssl, row);
  });
});

describe('functions of contexts and connections', () => {
  it('that only say something', () => {
    const ssl = there(o.SSL_new(there(o.SSL_CTX_new(o.SSLv23_client_method()))));
    expect([o.SSLv23_method().name, o.SSLv23_server_method().name, o.SSL_CTX_get_ssl_method(o.SSL_get_SSL_CTX(ssl)).role]).toEqual([
      'TLS_method',
      'TLS_server_method',
      'client',
    ]);
    expect([o.SSL_in_connect_init(ssl), o.SSL_in_accept_init(ssl), o.SSL_state_string_long(ssl)]).toEqual([
      1,
      0,
      'before SSL initialization',
    ]);
    expect([o.SSL_rstate_string(ssl), o.SSL_rstate_string_long(ssl), o.SSL_is_dtls(ssl), o.SSL_want_nothing(ssl)]).toEqual([
      'RH',
      'read header',
      0,
      1,
    ]);
    expect([o.SSL_waiting_for_async(ssl), o.SSL_want_async(ssl), o.SSL_want_async_job(ssl), o.SSL_get_default_timeout(ssl)]).toEqual([
      0, 0, 0, 7200,
    ]);
    expect([o.SSL_get_current_cipher(ssl), o.SSL_get_pending_cipher(ssl), o.SSL_get_cipher_name(ssl)]).toEqual([null, null, '(NONE)']);
    expect([
      o.SSL_get_current_compression(ssl),
      o.SSL_get_current_expansion(ssl),
      o.SSL_COMP_get_name(null),
      o.SSL_COMP_get_compression_methods(),
    ]).toEqual([null, null, null, []]);
    expect([o.TLS1_get_version(ssl), o.TLS1_get_client_version(ssl), o.SSL_get_servername_type(ssl)]).toEqual([0x304, 0x304, -1]);
    expect([o.SSL_num_renegotiations(ssl), o.SSL_total_renegotiations(ssl), o.SSL_clear_num_renegotiations(ssl)]).toEqual([0, 0, 0]);
    expect([o.SSL_alloc_buffers(ssl), o.SSL_free_buffers(ssl), o.SSL_set_max_pipelines(ssl, 1), o.SSL_set_ecdh_auto(ssl, 1)]).toEqual([
      1, 1, 1, 1,
    ]);
    expect([
      o.OPENSSL_init_ssl(0, null),
      o.SSL_library_init(),
      o.SSL_load_error_strings(),
      o.OpenSSL_add_ssl_algorithms(),
      o.SSLeay_add_ssl_algorithms(),
    ]).toEqual([1, 1, 1, 1, 1]);
    expect([o.ERR_load_SSL_strings(), o.SSL_CTX_set_ecdh_auto(o.SSL_get_SSL_CTX(ssl), 1), o.SSL_alert_type_string_long(0x100)]).toEqual([
      1,
      1,
      'warning',
    ]);
    for (const quiet of [o.SSL_add_ssl_module, o.SSL_COMP_free_compression_methods]) quiet();
    o.SSL_set_debug(ssl, 1);
    o.SSL_set_default_read_buffer_len(ssl, 1);
    o.SSL_CTX_set_default_read_buffer_len(o.SSL_get_SSL_CTX(ssl), 1);
    expect(o.ERR_peek_error()).toBe(0);
  });

  it('take bits away, and flags', () => {
    const ctx = clientCtx();
    const ssl = there(o.SSL_new(ctx));
    expect([o.SSL_clear_options(ssl, 0xffffffff), o.SSL_clear_mode(ssl, 0xff)]).toEqual([0, 0]);
    expect([o.SSL_CTX_dane_set_flags(ctx, 1), o.SSL_CTX_dane_clear_flags(ctx, 1), ctx.get('daneFlags')]).toEqual([0, 1, 0]);
    o.SSL_set_shutdown(ssl, 3);
    expect(o.SSL_get_shutdown(ssl)).toBe(3);
    o.SSL_set_hostflags(ssl, 4);
    expect(o.SSL_get0_param(ssl).hostFlags).toBe(4);
    expect([o.SSL_set_purpose(ssl, 1), o.SSL_set_trust(ssl, 2), o.SSL_set_trust(ssl, 77), o.SSL_CTX_set_trust(ctx, 3)]).toEqual([
      1, 1, 0, 1,
    ]);
    const param = o.X509_VERIFY_PARAM_new();
    o.X509_VERIFY_PARAM_set_depth(param, 9);
    expect([o.SSL_set1_param(ssl, param), o.SSL_CTX_set1_param(ctx, param), o.SSL_get0_param(ssl).depth]).toEqual([1, 1, 9]);
    const verify = (ok: number): number => ok;
    o.SSL_CTX_set_verify(ctx, 1, verify);
    expect(o.SSL_CTX_get_verify_callback(ctx)).toBe(verify);
    o.SSL_CTX_disable_ct(ctx);
    o.SSL_disable_ct(ssl);
    expect([o.SSL_CTX_ct_is_enabled(ctx), o.SSL_ct_is_enabled(ssl), o.SSL_get0_peer_scts(ssl)]).toEqual([0, 0, []]);
  });

  it('copy a session and its context to another connection', () => {
    const [from, to] = [there(o.SSL_new(clientCtx())), there(o.SSL_new(clientCtx()))];
    const session = o.SSL_SESSION_new();
    o.SSL_set_session(from, session);
    o.SSL_set_session_id_context(from, bytes('ctx'));
    expect([o.SSL_copy_session_id(to, from), o.SSL_get0_session(to) === session, session.referenceCount]).toEqual([1, true, 3]);
    const [a, b] = [there(o.BIO_new(o.BIO_f_ssl())), there(o.BIO_new(o.BIO_f_ssl()))];
    o.BIO_set_ssl(a, from, o.BIO_NOCLOSE);
    o.BIO_set_ssl(b, there(o.SSL_new(clientCtx())), o.BIO_NOCLOSE);
    expect([o.BIO_ssl_copy_session_id(b, a), o.BIO_set_ssl_mode(b, 0), o.SSL_is_server(there(o.BIO_get_ssl(b)))]).toEqual([1, 1, 1]);
    expect([o.BIO_get_num_renegotiates(a), o.BIO_set_ssl_renegotiate_bytes(a, 1), o.BIO_set_ssl_renegotiate_timeout(a, 1)]).toEqual([
      0, 0, 0,
    ]);
  });

  it('list suites, and what a client sent', () => {
    const ctx = clientCtx();
    const ssl = there(o.SSL_new(ctx));
    expect(o.SSL_CTX_get_ciphers(ctx)).toEqual(o.SSL_get_ciphers(ssl));
    expect([o.SSL_get_cipher_list(ssl, 0), o.SSL_get_cipher_list(ssl, 999)]).toEqual(['TLS_AES_256_GCM_SHA384', null]);
    o.SSL_set_max_proto_version(ssl, o.TLS1_2_VERSION);
    expect(o.SSL_get1_supported_ciphers(ssl).every(({ maxVersion }) => maxVersion === o.TLS1_2_VERSION)).toBe(true);
    const { client, server } = connectedPair();
    expect(o.SSL_get0_raw_cipherlist(server).subarray(0, 2)).toEqual(Uint8Array.of(0x13, 0x02));
    expect([o.SSL_get_tmp_key(server)?.name, o.SSL_get_server_tmp_key(client)?.nid]).toEqual([
      'X25519MLKEM768',
      o.TLSEXT_nid_unknown | 0x11ec,
    ]);
    expect([o.SSL_get1_curves(server)[1], o.SSL_get_shared_curve(server, 1)]).toEqual([o.NID_X25519, o.NID_X25519]);
    expect([o.SSL_get_signature_type_nid(server), o.SSL_get_psk_identity_hint(client)]).toEqual([o.EVP_PKEY_EC, null]);
    expect(o.SSL_export_keying_material_early(client, 10, 'EXPORTER', null)).toBeNull();
  });

  it('ask a client of a stateless server for a cookie, once', () => {
    const servers = serverCtx();
    o.SSL_CTX_set_stateless_cookie_generate_cb(servers, () => bytes('cookie'));
    o.SSL_CTX_set_stateless_cookie_verify_cb(servers, (_ssl, cookie) => (fromUtf8(cookie) === 'cookie' ? 1 : 0));
    const pair = pairOf(clientCtx(), servers);
    expect(o.SSL_stateless(pair.server)).toBe(-1);
    o.SSL_connect(pair.client);
    expect(o.SSL_stateless(pair.server)).toBe(0);
    o.SSL_connect(pair.client);
    expect(o.SSL_stateless(pair.server)).toBe(1);
    expect(connect(pair)).toBe(true);
  });

  it('renegotiate TLS 1.2 where it was turned on', () => {
    const [clients, servers] = [clientCtx(o.TLSv1_2_method()), serverCtx('ec256', o.TLSv1_2_server_method())];
    for (const ctx of [clients, servers]) o.SSL_CTX_clear_options(ctx, o.SSL_OP_NO_RENEGOTIATION);
    const pair = connectedPair(clients, servers);
    expect(o.SSL_renegotiate_abbreviated(pair.client)).toBe(1);
    o.SSL_do_handshake(pair.client);
    o.SSL_read(pair.server, new Uint8Array(1));
    expect(connect(pair)).toBe(true);
    expect(o.SSL_num_renegotiations(pair.server)).toBe(1);
  });

  it('make old versions, which a security level refuses', () => {
    const names = [
      o.TLSv1_method,
      o.TLSv1_client_method,
      o.TLSv1_server_method,
      o.TLSv1_1_method,
      o.TLSv1_1_client_method,
      o.TLSv1_1_server_method,
    ];
    expect(names.map((method) => method()?.version)).toEqual([0x301, 0x301, 0x301, 0x302, 0x302, 0x302]);
    const [clients, servers] = [clientCtx(o.TLSv1_client_method()), serverCtx('rsa')];
    expect(connect(pairOf(clients, servers))).toBe(false);
    for (const ctx of [clients, servers]) {
      o.SSL_CTX_set_cipher_list(ctx, 'ECDHE-RSA-AES128-SHA:@SECLEVEL=0');
      o.SSL_CTX_set_min_proto_version(ctx, o.TLS1_VERSION);
      o.SSL_CTX_set1_sigalgs_list(ctx, 'rsa_pkcs1_sha1:rsa_pkcs1_sha256:ecdsa_secp256r1_sha256');
    }
    expect(o.SSL_get_version(connectedPair(clients, servers).client)).toBe('TLSv1');
  });
});

describe('certificates and keys in every form', () => {
  const der = (key: keyof typeof TEST_KEYS): Uint8Array =>
    Uint8Array.from(atob(TEST_KEYS[key].split('\n').slice(1, -1).join('')), (character) => character.charCodeAt(0));

  it('are loaded from DER, and refused with a reason from a file that is not there', () => {
    for (const [ctx, ssl] of [[there(o.SSL_CTX_new(o.TLS_method())), there(o.SSL_new(there(o.SSL_CTX_new(o.TLS_method()))))]] as const) {
      expect([
        o.SSL_use_certificate_ASN1(ssl, testCertificate().der),
        o.SSL_use_PrivateKey_ASN1(0, ssl, der('ec256')),
        o.SSL_check_private_key(ssl),
      ]).toEqual([1, 1, 1]);
      expect([
        o.SSL_CTX_use_PrivateKey_ASN1(0, ctx, der('rsa')),
        o.SSL_CTX_use_RSAPrivateKey_ASN1(ctx, der('rsa')),
        o.SSL_use_RSAPrivateKey_ASN1(ssl, der('rsa')),
      ]).toEqual([1, 1, 1]);
      expect([o.SSL_CTX_use_RSAPrivateKey(ctx, testKey('rsa')), o.SSL_use_RSAPrivateKey(ssl, testKey('rsa'))]).toEqual([1, 1]);
      expect(o.SSL_get_privatekey(ssl)).not.toBeNull();
      const missing = '/no/such/file';
      expect([
        o.SSL_use_certificate_file(ssl, missing, o.SSL_FILETYPE_PEM),
        o.SSL_use_certificate_chain_file(ssl, missing),
        o.SSL_use_PrivateKey_file(ssl, missing, o.SSL_FILETYPE_PEM),
        o.SSL_use_RSAPrivateKey_file(ssl, missing, o.SSL_FILETYPE_PEM),
        o.SSL_CTX_use_certificate_chain_file(ctx, missing),
        o.SSL_CTX_use_PrivateKey_file(ctx, missing, o.SSL_FILETYPE_PEM),
        o.SSL_CTX_use_RSAPrivateKey_file(ctx, missing, o.SSL_FILETYPE_PEM),
        o.SSL_CTX_use_serverinfo_file(ctx, missing),
        o.SSL_CTX_load_verify_locations(ctx, missing, null),
        o.SSL_CTX_load_verify_locations(ctx, null, missing),
        o.SSL_CTX_load_verify_locations(ctx, null, null),
        o.SSL_add_file_cert_subjects_to_stack([], missing),
        o.SSL_add_dir_cert_subjects_to_stack([], missing),
      ]).toEqual(new Array(13).fill(0));
      expect(o.SSL_load_client_CA_file(missing)).toBeNull();
      expect(o.ERR_GET_LIB(o.ERR_peek_last_error())).toBe(o.ERR_LIB_SYS);
    }
  });

  it('have chains by each of the functions', () => {
    const ctx = serverCtx();
    const ssl = there(o.SSL_new(ctx));
    expect([
      o.SSL_CTX_set0_chain(ctx, [testAuthority]),
      o.SSL_CTX_add0_chain_cert(ctx, testAuthority),
      o.SSL_CTX_get0_chain_certs(ctx).length,
    ]).toEqual([1, 1, 2]);
    expect([o.SSL_CTX_clear_chain_certs(ctx), o.SSL_CTX_build_cert_chain(ctx, o.SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR)]).toEqual([1, 2]);
    expect([
      o.SSL_set0_chain(ssl, [testAuthority]),
      o.SSL_add0_chain_cert(ssl, testAuthority),
      o.SSL_add1_chain_cert(ssl, testAuthority),
    ]).toEqual([1, 1, 1]);
    expect([o.SSL_set1_chain(ssl, [testAuthority]), o.SSL_get0_chain_certs(ssl)]).toEqual([1, [testAuthority]]);
    expect([o.SSL_set_current_cert(ssl, o.SSL_CERT_SET_FIRST), o.SSL_set_current_cert(ssl, o.SSL_CERT_SET_SERVER)]).toEqual([1, 0]);
    expect(o.SSL_CTX_select_current_cert(ctx, there(o.SSL_CTX_get0_certificate(ctx)))).toBe(1);
    expect([
      o.SSL_CTX_use_cert_and_key(ctx, testCertificate(), testKey('ec384'), null, 1),
      o.ERR_reason_error_string(o.ERR_get_error()),
    ]).toEqual([0, 'private key mismatch']);
    const types = Uint8Array.of(1, 64);
    expect([o.SSL_set1_client_certificate_types(ssl, types), o.SSL_get0_certificate_types(ssl)]).toEqual([1, types]);
    expect(o.SSL_set1_client_certificate_types(there(o.SSL_new(clientCtx())), types)).toBe(0);
  });

  it('are named to the peer', () => {
    const ctx = serverCtx();
    const ssl = there(o.SSL_new(ctx));
    o.SSL_CTX_set0_CA_list(ctx, [name]);
    o.SSL_CTX_set_client_CA_list(ctx, [name, name]);
    expect([
      o.SSL_CTX_get0_CA_list(ctx).length,
      o.SSL_get0_CA_list(ssl).length,
      o.SSL_CTX_get_client_CA_list(ctx).length,
      o.SSL_get_client_CA_list(ssl)?.length,
    ]).toEqual([1, 1, 2, 2]);
    const [copy] = o.SSL_dup_CA_list([name]);
    expect([copy === name, copy?.matches(name)]).toEqual([false, true]);
  });

  it('are trusted where the system’s store says so, which may be nowhere', () => {
    const ctx = clientCtx();
    expect([
      o.SSL_CTX_set_default_verify_paths(ctx),
      o.SSL_CTX_set_default_verify_file(ctx),
      o.SSL_CTX_set_default_verify_dir(ctx),
    ]).toEqual([1, 1, 1]);
    const own = o.X509_STORE_new();
    o.SSL_CTX_set_cert_store(ctx, own);
    expect(o.SSL_CTX_get_cert_store(ctx)).toBe(own);
  });

  it('of DANE: digests by type, and what matched', () => {
    const ctx = clientCtx();
    o.SSL_CTX_dane_enable(ctx);
    expect([o.SSL_CTX_dane_mtype_set(ctx, 'sha384', 9, 3), o.SSL_CTX_dane_mtype_set(ctx, 'sha256', 0, 1)]).toEqual([1, 0]);
    const ssl = there(o.SSL_new(ctx));
    o.SSL_dane_enable(ssl, 'server.example');
    expect(o.SSL_dane_tlsa_add(ssl, 3, 1, 0, testCertificate().spki)).toBe(1);
    expect(connect(joined(ssl, there(o.SSL_new(serverCtx()))))).toBe(true);
    expect([o.SSL_get0_dane_authority(ssl).depth, o.SSL_get0_dane_tlsa(ssl)?.mtype]).toEqual([0, 0]);
    expect(o.SSL_get0_dane_authority(ssl).mcert).toBe(o.SSL_get_peer_certificate(ssl));
  });

  it('of DANE: the key that signed, and nothing where the verification was merely waived', () => {
    const danish = (usage: number, data: Uint8Array, verify?: o.SSL_verify_cb): o.SSL => {
      const ctx = clientCtx();
      o.SSL_CTX_dane_enable(ctx);
      if (verify !== undefined) o.SSL_CTX_set_verify(ctx, o.SSL_VERIFY_PEER, verify);
      const ssl = there(o.SSL_new(ctx));
      o.SSL_dane_enable(ssl, 'server.example');
      expect(o.SSL_dane_tlsa_add(ssl, usage, 1, 0, data)).toBe(1);
      expect(connect(joined(ssl, there(o.SSL_new(serverCtx()))))).toBe(true);
      return ssl;
    };
    const bare = danish(2, testAuthority.spki);
    const { depth, mcert, mspki } = o.SSL_get0_dane_authority(bare);
    expect([depth, mcert, mspki && o.i2d_PUBKEY(mspki)]).toEqual([0, null, testAuthority.spki]);
    expect(o.SSL_get0_dane_tlsa(bare)).toMatchObject({ usage: 2, depth: 0, data: testAuthority.spki });
    const waived = danish(3, testAuthority.spki, () => 1);
    expect(o.SSL_get_verify_result(waived)).toBe(o.X509_V_ERR_DANE_NO_MATCH);
    expect(o.SSL_get0_dane_authority(waived)).toEqual({ depth: -1, mcert: null, mspki: null });
    expect(o.SSL_get0_dane_tlsa(waived)).toBeNull();
  });

  it('send extensions in the old style to TLS 1.2', () => {
    const [clients, servers] = [clientCtx(o.TLSv1_2_client_method()), serverCtx()];
    const got: string[] = [];
    o.SSL_CTX_add_client_custom_ext(
      clients,
      0x5678,
      () => bytes('c'),
      null,
      null,
      (_s, _t, data) => (got.push(`client ${fromUtf8(data)}`) > 0 ? 1 : 0),
      null,
    );
    o.SSL_CTX_add_server_custom_ext(
      servers,
      0x5678,
      () => bytes('s'),
      null,
      null,
      (_s, _t, data) => (got.push(`server ${fromUtf8(data)}`) > 0 ? 1 : 0),
      null,
    );
    connectedPair(clients, servers);
    expect(got).toEqual(['server c', 'client s']);
    expect(o.SSL_CTX_use_serverinfo(servers, Uint8Array.of(0x56, 0x79, 0, 1, 1))).toBe(1);
  });
});

describe('sessions', () => {
  it('have settable parts', () => {
    const s = o.SSL_SESSION_new();
    o.SSL_SESSION_up_ref(s);
    expect(s.referenceCount).toBe(2);
    expect([o.SSL_SESSION_set_time(s, 1000), o.SSL_SESSION_get_time(s), o.SSL_set_time(s, 1001), o.SSL_get_time(s)]).toEqual([
      1000, 1000, 1001, 1001,
    ]);
    expect([o.SSL_SESSION_set_timeout(s, 5), o.SSL_SESSION_get_timeout(s), o.SSL_set_timeout(s, 6), o.SSL_get_timeout(s)]).toEqual([
      1, 5, 1, 6,
    ]);
    expect([o.SSL_SESSION_set1_id(s, bytes('id')), o.SSL_SESSION_get_id(s)]).toEqual([1, bytes('id')]);
    expect([o.SSL_SESSION_set1_id_context(s, bytes('x')), o.SSL_SESSION_get0_id_context(s)]).toEqual([1, bytes('x')]);
    expect([
      o.SSL_SESSION_set1_hostname(s, 'h'),
      o.SSL_SESSION_set1_alpn_selected(s, bytes('h2')),
      o.SSL_SESSION_get0_alpn_selected(s),
    ]).toEqual([1, 1, bytes('h2')]);
    expect([o.SSL_SESSION_set_max_early_data(s, 9), o.SSL_SESSION_get_max_early_data(s), o.SSL_SESSION_get_max_fragment_length(s)]).toEqual(
      [1, 9, 0],
    );
    expect([
      o.SSL_SESSION_set1_master_key(s, bytes('k')),
      o.SSL_SESSION_get_master_key(s, new Uint8Array(0)),
      o.SSL_SESSION_get0_peer(s),
    ]).toEqual([1, 1, null]);
    expect([
      o.SSL_SESSION_set1_ticket_appdata(s, bytes('app')),
      o.SSL_SESSION_get0_ticket_appdata(s),
      o.SSL_SESSION_get0_ticket(s).length,
    ]).toEqual([1, bytes('app'), 0]);
    expect([o.SSL_SESSION_get_compress_id(s), o.SSL_SESSION_set_app_data(s, 1), o.SSL_SESSION_get_app_data(s)]).toEqual([0, 1, 1]);
    o.SSL_SESSION_set_protocol_version(s, o.TLS1_3_VERSION);
    const bio = there(o.BIO_new(o.BIO_s_mem()));
    expect([o.SSL_SESSION_print(bio, s), fromUtf8(o.BIO_get_mem_data(bio)).split('\n')[1]]).toEqual([1, '    Protocol  : TLSv1.3']);
    o.BIO_reset(bio);
    expect([o.SSL_SESSION_print_keylog(bio, s), fromUtf8(o.BIO_get_mem_data(bio))]).toEqual([1, 'RSA Session-ID:6964 Master-Key:6B\n']);
    o.BIO_reset(bio);
    expect([o.i2d_SSL_SESSION_bio(bio, s), o.SSL_SESSION_get0_hostname(there(o.d2i_SSL_SESSION_bio(bio)))]).toEqual([1, 'h']);
  });

  it('are counted', () => {
    const servers = serverCtx();
    o.SSL_CTX_set_options(servers, o.SSL_OP_NO_TICKET);
    const clients = clientCtx();
    const { client } = connectedPair(clients, servers);
    const pair = pairOf(clients, servers);
    o.SSL_set_session(pair.client, o.SSL_get_session(client));
    expect([connect(pair), o.SSL_cache_hit(pair.server)]).toEqual([true, 1]);
    expect([o.SSL_CTX_sess_accept(servers), o.SSL_CTX_sess_hits(servers), o.SSL_CTX_sess_misses(servers)]).toEqual([2, 1, 0]);
    expect([o.SSL_CTX_sess_timeouts(servers), o.SSL_CTX_sess_cache_full(servers), o.SSL_CTX_sess_cb_hits(servers)]).toEqual([0, 0, 0]);
    expect([o.SSL_CTX_sess_accept_renegotiate(servers), o.SSL_CTX_sess_connect_renegotiate(clients)]).toEqual([0, 0]);
    expect([o.SSL_CTX_set_app_data(clients, 'a'), o.SSL_CTX_get_app_data(clients)]).toEqual([1, 'a']);
  });
});

describe('SSL_CONF', () => {
  it('has prefixes, and may be for one connection', () => {
    const cctx = o.SSL_CONF_CTX_new();
    o.SSL_CONF_CTX_set_flags(cctx, o.SSL_CONF_FLAG_FILE);
    o.SSL_CONF_CTX_set1_prefix(cctx, 'Ssl');
    const ssl = there(o.SSL_new(clientCtx()));
    o.SSL_CONF_CTX_set_ssl(cctx, ssl);
    expect([
      o.SSL_CONF_cmd(cctx, 'SSLMaxProtocol', 'TLSv1.2'),
      o.SSL_get_max_proto_version(ssl),
      o.SSL_CONF_cmd(cctx, 'MaxProtocol', 'TLSv1.2'),
    ]).toEqual([2, 0x303, -2]);
    expect(o.SSL_CONF_CTX_clear_flags(cctx, o.SSL_CONF_FLAG_FILE)).toBe(0);
    o.SSL_CONF_CTX_free(cctx);
  });

  it('reads groups for DHE, which are refused where they are weak', () => {
    const weak = '-----BEGIN DH PARAMETERS-----\nMAYCAQcCAQI=\n-----END DH PARAMETERS-----\n';
    const group = there(o.PEM_read_bio_DHparams(o.BIO_new_mem_buf(weak)));
    expect([group.prime, group.generator]).toEqual([Uint8Array.of(7), Uint8Array.of(2)]);
    expect([o.SSL_CTX_set_tmp_dh(serverCtx(), group), o.SSL_set_tmp_dh(there(o.SSL_new(serverCtx())), null)]).toEqual([0, 0]);
  });
});
