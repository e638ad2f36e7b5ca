import { beforeEach, describe, expect, it } from 'vitest';
import { bytes, clientCtx, connect, connectedPair, joined, pairOf, readText, serverCtx, there } from '../../test/support/openssl.ts';
import { testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import * as o from './index.ts';

beforeEach(() => o.ERR_clear_error());

const reason = (): string | null => o.ERR_reason_error_string(o.ERR_peek_error());

describe('reading and writing', () => {
  it('count as in C', () => {
    const { client, server } = connectedPair();
    expect(o.SSL_write(client, bytes('hello'))).toBe(5);
    const buf = new Uint8Array(3);
    expect([o.SSL_peek(server, buf), o.SSL_pending(server), o.SSL_has_pending(server)]).toEqual([3, 5, 1]);
    expect([o.SSL_read(server, buf), o.SSL_read(server, buf)]).toEqual([3, 2]);
    const ret = o.SSL_read(server, buf);
    expect([ret, o.SSL_get_error(server, ret), o.SSL_want(server), o.SSL_want_read(server)]).toEqual([
      -1,
      o.SSL_ERROR_WANT_READ,
      o.SSL_READING,
      1,
    ]);
    const count = o.out(0);
    expect([o.SSL_write_ex(server, bytes('four'), 4, count), count.value]).toEqual([1, 4]);
    expect([o.SSL_peek_ex(client, buf, 2, count), count.value, o.SSL_read_ex(client, buf, 2, count), count.value]).toEqual([1, 2, 1, 2]);
    o.SSL_read(client, buf);
    expect([o.SSL_read_ex(client, buf, 2, count), count.value]).toEqual([0, 0]);
    expect([o.SSL_write(client, buf, 0), o.SSL_write(client, buf, -1)]).toEqual([0, -1]);
    expect(reason()).toBe('bad length');
  });

  it('stop where the transport is full, and go on with the same bytes', () => {
    const { client, server } = pairOf();
    const [ours, theirs] = there(o.BIO_new_bio_pair(20_000, 0));
    o.SSL_set_bio(client, ours, ours);
    o.SSL_set_bio(server, theirs, theirs);
    expect(connect({ client, server, toServer: ours, toClient: theirs })).toBe(true);
    const data = new Uint8Array(60_000).fill(7);
    const ret = o.SSL_write(client, data);
    expect([ret, o.SSL_get_error(client, ret), o.SSL_want_write(client)]).toEqual([-1, o.SSL_ERROR_WANT_WRITE, 1]);
    expect(o.SSL_write(client, new Uint8Array(60_000))).toBe(-1);
    expect([o.SSL_get_error(client, -1), reason()]).toEqual([o.SSL_ERROR_SSL, 'bad write retry']);
    o.ERR_clear_error();
    const buf = new Uint8Array(20_000);
    let received = 0;
    for (let i = 0; i < 20; i++) {
      for (let got = o.SSL_read(server, buf); got > 0; got = o.SSL_read(server, buf)) received += got;
      if (o.SSL_write(client, data) === 60_000) break;
    }
    for (let got = o.SSL_read(server, buf); got > 0; got = o.SSL_read(server, buf)) received += got;
    expect(received).toBe(60_000);
  });

  it('end with an alert of the application', () => {
    const { client, server } = connectedPair();
    expect([o.SSL_send_fatal_alert(client, 0), reason()]).toEqual([-1, 'bad value']);
    o.ERR_clear_error();
    expect([o.SSL_send_fatal_alert(client, o.SSL_AD_ACCESS_DENIED), o.SSL_read(server, new Uint8Array(1))]).toEqual([1, -1]);
    expect(reason()).toBe('tlsv1 alert access denied');
  });

  it('end with close_notify in both directions', () => {
    const { client, server } = connectedPair();
    expect([o.SSL_shutdown(client), o.SSL_get_shutdown(client)]).toEqual([0, o.SSL_SENT_SHUTDOWN]);
    expect(o.SSL_shutdown(client)).toBe(-1);
    expect(o.SSL_get_error(client, -1)).toBe(o.SSL_ERROR_WANT_READ);
    const ret = o.SSL_read(server, new Uint8Array(1));
    expect([ret, o.SSL_get_error(server, ret), o.SSL_get_shutdown(server)]).toEqual([0, o.SSL_ERROR_ZERO_RETURN, o.SSL_RECEIVED_SHUTDOWN]);
    expect([o.SSL_shutdown(server), o.SSL_shutdown(client)]).toEqual([1, 1]);
    expect(o.SSL_write(client, bytes('late'))).toBe(-1);
    expect(reason()).toBe('protocol is shutdown');
  });

  it('report an end without it, and what was not TLS', () => {
    const cut = connectedPair();
    o.BIO_set_mem_eof_return(cut.toServer, 0);
    const ret = o.SSL_read(cut.server, new Uint8Array(1));
    expect([ret, o.SSL_get_error(cut.server, ret), reason()]).toEqual([-1, o.SSL_ERROR_SSL, 'unexpected eof while reading']);
    const { server, toServer } = pairOf();
    o.BIO_puts(toServer, 'GET / HTTP/1.0\r\n\r\n');
    expect(o.SSL_accept(server)).toBe(-1);
    expect(o.SSL_get_error(server, -1)).toBe(o.SSL_ERROR_SSL);
    expect([o.SSL_get_state(server), o.SSL_state_string(server)]).toEqual([0, 'SSLERR']);
  });

  it('in the handshake start with an empty error queue', () => {
    o.SSL_new(null);
    const { client } = pairOf();
    expect(o.SSL_connect(client)).toBe(-1);
    expect([o.ERR_peek_error(), o.SSL_get_error(client, -1)]).toEqual([0, o.SSL_ERROR_WANT_READ]);
  });
});

describe('what was agreed on', () => {
  it('shows by the getters of both sides', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    o.SSL_CTX_set_ciphersuites(clients, 'TLS_AES_128_GCM_SHA256');
    o.SSL_CTX_set1_groups_list(clients, 'P-256:X25519');
    o.SSL_CTX_set_alpn_select_cb(servers, (_ssl, offered) => o.SSL_select_next_proto(Uint8Array.of(2, 0x68, 0x32), offered).proto, null);
    o.SSL_CTX_set_alpn_protos(clients, Uint8Array.of(1, 0x61, 2, 0x68, 0x32));
    const { client, server } = connectedPair(clients, servers);
    for (const ssl of [client, server]) {
      expect([o.SSL_get_version(ssl), o.SSL_version(ssl), o.SSL_get_cipher(ssl), o.SSL_get_cipher_bits(ssl)]).toEqual([
        'TLSv1.3',
        0x304,
        'TLS_AES_128_GCM_SHA256',
        128,
      ]);
      expect(new TextDecoder().decode(o.SSL_get0_alpn_selected(ssl))).toBe('h2');
      expect([o.SSL_is_init_finished(ssl), o.SSL_in_init(ssl), o.SSL_in_before(ssl), o.SSL_get_state(ssl)]).toEqual([1, 0, 0, o.TLS_ST_OK]);
      expect(o.SSL_get_peer_tmp_key(ssl)).toEqual({ name: 'secp256r1', nid: o.NID_X9_62_prime256v1, bits: 256 });
      expect(o.SSL_get_servername(ssl, o.TLSEXT_NAMETYPE_host_name)).toBe('server.example');
      expect([o.SSL_session_reused(ssl), o.SSL_get_verify_result(ssl), o.SSL_get_extms_support(ssl)]).toEqual([0, o.X509_V_OK, 1]);
    }
    const [ours, theirs] = [new Uint8Array(32), new Uint8Array(32)];
    expect([o.SSL_get_client_random(client, ours), o.SSL_get_client_random(server, theirs)]).toEqual([32, 32]);
    expect(ours).toEqual(theirs);
    expect(o.SSL_get_server_random(client, new Uint8Array(0))).toBe(32);
    const [finished, peer] = [new Uint8Array(64), new Uint8Array(64)];
    expect(o.SSL_get_finished(client, finished)).toBe(o.SSL_get_peer_finished(server, peer));
    expect(finished).toEqual(peer);
    expect(o.SSL_export_keying_material(client, 20, 'EXPORTER-x', bytes('c'), 1)).toEqual(
      o.SSL_export_keying_material(server, 20, 'EXPORTER-x', bytes('c'), 1),
    );
    expect(there(o.SSL_get_peer_certificate(client)).equals(there(o.SSL_get_certificate(server)))).toBe(true);
    expect([
      o.SSL_get_peer_certificate(server),
      o.SSL_get_peer_cert_chain(client)?.length,
      o.SSL_get0_verified_chain(client)?.length,
    ]).toEqual([null, 1, 2]);
    expect(o.SSL_get0_peername(client)).toBe('server.example');
    expect([o.SSL_get_peer_signature_nid(client), o.SSL_get_peer_signature_type_nid(client)]).toEqual([o.NID_sha256, o.EVP_PKEY_EC]);
    expect(o.SSL_get_signature_nid(server)).toBe(o.NID_sha256);
    expect(o.SSL_get1_groups(server)).toEqual([o.NID_X9_62_prime256v1, o.NID_X25519]);
    expect([o.SSL_get_shared_group(server, -1), o.SSL_get_shared_group(server, 9)]).toEqual([2, 0]);
    expect(o.SSL_get_shared_ciphers(server)).toContain('TLS_AES_128_GCM_SHA256');
    expect(o.SSL_get_sigalgs(server, 0)?.count).toBeGreaterThan(5);
    expect(o.SSL_get_shared_sigalgs(server, 0)).not.toBeNull();
    expect(o.SSL_get_client_ciphers(server)?.map(o.SSL_CIPHER_get_name)).toContain('TLS_AES_128_GCM_SHA256');
  });

  it('describes suites as openssl ciphers -v does', () => {
    const suite = (name: string): o.SSL_CIPHER =>
      there(o.SSL_get_ciphers(there(o.SSL_new(clientCtx()))).find((one) => one.name === name) ?? null);
    expect(o.SSL_CIPHER_description(suite('TLS_AES_256_GCM_SHA384'))).toBe(
      'TLS_AES_256_GCM_SHA384         TLSv1.3 Kx=any      Au=any   Enc=AESGCM(256)            Mac=AEAD\n',
    );
    expect(o.SSL_CIPHER_description(suite('ECDHE-RSA-CHACHA20-POLY1305'))).toBe(
      'ECDHE-RSA-CHACHA20-POLY1305    TLSv1.2 Kx=ECDH     Au=RSA   Enc=CHACHA20/POLY1305(256) Mac=AEAD\n',
    );
    const cipher = suite('TLS_AES_256_GCM_SHA384');
    expect([o.SSL_CIPHER_get_id(cipher), o.SSL_CIPHER_get_protocol_id(cipher), o.SSL_CIPHER_get_bits(cipher)]).toEqual([
      0x03001302, 0x1302, 256,
    ]);
    expect([
      o.SSL_CIPHER_get_cipher_nid(cipher),
      o.SSL_CIPHER_get_digest_nid(cipher),
      o.SSL_CIPHER_get_kx_nid(cipher),
      o.SSL_CIPHER_get_auth_nid(cipher),
    ]).toEqual([o.NID_aes_256_gcm, o.NID_undef, o.NID_kx_any, o.NID_auth_any]);
    expect([o.SSL_CIPHER_is_aead(cipher), o.SSL_CIPHER_get_version(cipher), o.SSL_CIPHER_get_handshake_digest(cipher)]).toEqual([
      1,
      'TLSv1.3',
      'sha384',
    ]);
    expect([o.SSL_CIPHER_standard_name(cipher), o.OPENSSL_cipher_name('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256')]).toEqual([
      'TLS_AES_256_GCM_SHA384',
      'ECDHE-RSA-AES128-GCM-SHA256',
    ]);
    expect(o.SSL_CIPHER_find(there(o.SSL_new(clientCtx())), Uint8Array.of(0x13, 0x02))).toBe(cipher);
  });

  it('is TLS 1.2 where the bounds or the method say so, with a cipher string', () => {
    const [clients, servers] = [clientCtx(o.TLSv1_2_client_method()), serverCtx('rsa')];
    expect(o.SSL_CTX_set_cipher_list(servers, 'ECDHE+AESGCM:@STRENGTH')).toBe(1);
    expect(o.SSL_CTX_set_cipher_list(servers, 'NO-SUCH-SUITE')).toBe(0);
    expect(reason()).toBe('no cipher match');
    const { client, server } = connectedPair(clients, servers);
    expect([o.SSL_get_version(client), o.SSL_get_cipher_version(client)]).toEqual(['TLSv1.2', 'TLSv1.2']);
    expect(o.SSL_get_cipher_name(client)).toMatch(/^ECDHE-RSA-AES\d+-GCM-SHA\d+$/);
    expect(o.SSL_get_secure_renegotiation_support(server)).toBe(1);
    expect(o.SSL_renegotiate(client)).toBe(0);
    expect(reason()).toBe('no renegotiation');
    expect(o.SSL_client_version(server)).toBe(0x303);
  });
});

describe('callbacks', () => {
  it('of the ClientHello see its parts, may ask for time, and may refuse', () => {
    const servers = serverCtx();
    let calls = 0;
    o.SSL_CTX_set_client_hello_cb(
      servers,
      (ssl, arg) => {
        expect(arg).toBe('arg');
        expect(o.SSL_client_hello_get0_legacy_version(ssl)).toBe(0x303);
        expect([o.SSL_client_hello_get0_random(ssl)?.length, o.SSL_client_hello_get0_session_id(ssl)?.length]).toEqual([32, 32]);
        expect(o.SSL_client_hello_get0_ciphers(ssl)?.subarray(0, 2)).toEqual(Uint8Array.of(0x13, 0x02));
        expect(o.SSL_client_hello_get0_compression_methods(ssl)).toEqual(Uint8Array.of(0));
        expect(o.SSL_client_hello_get1_extensions_present(ssl)).toContain(o.TLSEXT_TYPE_server_name);
        expect(o.SSL_client_hello_get0_ext(ssl, o.TLSEXT_TYPE_supported_versions)?.[0]).toBe(4);
        expect([o.SSL_client_hello_get0_ext(ssl, 0xfafa), o.SSL_client_hello_isv2(ssl)]).toEqual([null, 0]);
        return ++calls === 1 ? o.SSL_CLIENT_HELLO_RETRY : o.SSL_CLIENT_HELLO_SUCCESS;
      },
      'arg',
    );
    const waiting = pairOf(clientCtx(), servers);
    o.SSL_connect(waiting.client);
    expect(o.SSL_accept(waiting.server)).toBe(-1);
    expect([o.SSL_get_error(waiting.server, -1), o.SSL_want_client_hello_cb(waiting.server)]).toEqual([
      o.SSL_ERROR_WANT_CLIENT_HELLO_CB,
      1,
    ]);
    expect(connect(waiting)).toBe(true);
    o.SSL_CTX_set_client_hello_cb(servers, () => ({ alert: o.SSL_AD_ACCESS_DENIED }), null);
    const refused = pairOf(clientCtx(), servers);
    expect(connect(refused)).toBe(false);
    o.ERR_clear_error();
    expect(o.SSL_connect(refused.client)).toBe(-1);
    expect(o.ERR_error_string(o.ERR_get_error())).toBe('error:14094419:SSL routines:ssl3_read_bytes:tlsv1 alert access denied');
  });

  it('of the server name switch contexts', () => {
    const [first, second] = [there(o.SSL_CTX_new(o.TLS_server_method())), serverCtx('ed25519')];
    expect(o.SSL_CTX_set_tlsext_servername_arg(first, second)).toBe(1);
    o.SSL_CTX_set_tlsext_servername_callback(first, (ssl, arg) => {
      expect(o.SSL_get_servername(ssl, o.TLSEXT_NAMETYPE_host_name)).toBe('server.example');
      o.SSL_set_SSL_CTX(ssl, arg as o.SSL_CTX);
      return o.SSL_TLSEXT_ERR_OK;
    });
    const { client, server } = connectedPair(clientCtx(), first);
    expect(o.SSL_get_SSL_CTX(server)).toBe(second);
    expect(o.SSL_get_peer_signature_type_nid(client)).toBe(o.NID_ED25519);
    o.SSL_CTX_set_tlsext_servername_callback(first, () => o.SSL_TLSEXT_ERR_ALERT_FATAL);
    expect(connect(pairOf(clientCtx(), first))).toBe(false);
  });

  it('of certificates and of verification get their arguments, and may wait', () => {
    const [clients, servers] = [clientCtx(), there(o.SSL_CTX_new(o.TLS_server_method()))];
    let asked = 0;
    o.SSL_CTX_set_cert_cb(
      servers,
      (ssl, arg) => {
        if (asked++ === 0) return -1;
        o.SSL_use_certificate(ssl, arg as o.X509);
        return o.SSL_use_PrivateKey(ssl, testKey('ec256'));
      },
      testCertificate(),
    );
    const depths: number[] = [];
    const verify = (ok: number, ctx: o.X509_STORE_CTX): number => {
      depths.push(o.X509_STORE_CTX_get_error_depth(ctx));
      expect(o.X509_STORE_CTX_get_ex_data(ctx, o.SSL_get_ex_data_X509_STORE_CTX_idx())).toBe(pair.client);
      expect(o.X509_STORE_CTX_get_error(ctx)).toBe(o.X509_V_OK);
      return ok;
    };
    o.SSL_CTX_set_verify(clients, o.SSL_VERIFY_PEER, verify);
    const pair = pairOf(clients, servers);
    expect(o.SSL_get_verify_callback(pair.client)).toBe(verify);
    o.SSL_set_verify(pair.client, o.SSL_VERIFY_PEER, null);
    expect(o.SSL_get_verify_callback(pair.client)).toBe(verify);
    o.SSL_connect(pair.client);
    expect(o.SSL_accept(pair.server)).toBe(-1);
    expect([o.SSL_get_error(pair.server, -1), o.SSL_want_x509_lookup(pair.server)]).toEqual([o.SSL_ERROR_WANT_X509_LOOKUP, 1]);
    expect(connect(pair)).toBe(true);
    expect([asked, depths.at(-1)]).toEqual([2, 0]);
  });

  it('are told with a 2 that policies were processed, where X509_V_FLAG_NOTIFY_POLICY asks for it', () => {
    const run = (flags: number, answer: number): { calls: [number, number, boolean][]; connected: boolean } => {
      const clients = clientCtx();
      o.X509_VERIFY_PARAM_set_flags(o.SSL_CTX_get0_param(clients), flags);
      const calls: [number, number, boolean][] = [];
      o.SSL_CTX_set_verify(clients, o.SSL_VERIFY_PEER, (ok, ctx) => {
        calls.push([ok, o.X509_STORE_CTX_get_error(ctx), o.X509_STORE_CTX_get_current_cert(ctx) === null]);
        return ok === 2 ? answer : ok;
      });
      const connected = connect(pairOf(clients));
      return { calls, connected };
    };
    const { X509_V_FLAG_NOTIFY_POLICY: notify, X509_V_FLAG_POLICY_CHECK: check, X509_V_FLAG_EXPLICIT_POLICY: explicit } = o;
    const told = run(notify | check, 1);
    expect(told.connected).toBe(true);
    expect(told.calls.at(-1)).toEqual([2, o.X509_V_OK, true]);
    expect(told.calls.slice(0, -1).every(([ok, , none]) => ok === 1 && !none)).toBe(true);
    expect(run(notify | check, 0).connected).toBe(false);
    for (const flags of [notify, check]) expect(run(flags, 0).calls.map(([ok]) => ok)).not.toContain(2);
    const failed = run(notify | explicit, 1);
    expect(failed.calls.at(-1)?.slice(0, 2)).toEqual([0, o.X509_V_ERR_NO_EXPLICIT_POLICY]);
  });

  it('may take the whole of verification over', () => {
    const clients = there(o.SSL_CTX_new(o.TLS_client_method()));
    const results: unknown[] = [];
    o.SSL_CTX_set_cert_verify_callback(
      clients,
      (ctx, arg) => {
        results.push(arg, o.X509_verify_cert(ctx), o.X509_STORE_CTX_get_error(ctx));
        return 1;
      },
      'arg',
    );
    const { client } = connectedPair(clients);
    expect(results).toEqual(['arg', 0, o.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY]);
    expect(o.SSL_get_verify_result(client)).toBe(o.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    expect(o.X509_verify_cert_error_string(20)).toBe('unable to get local issuer certificate');
    o.SSL_set_verify_result(client, o.X509_V_OK);
    expect(o.SSL_get_verify_result(client)).toBe(o.X509_V_OK);
  });

  it('watch states, messages and secrets', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    const events: number[] = [];
    const types = new Set<number>();
    const lines: string[] = [];
    o.SSL_CTX_set_info_callback(clients, (_ssl, where) => void events.push(where));
    o.SSL_CTX_set_msg_callback(clients, (_write, _version, type, _buf, _ssl, arg) => void types.add(arg === 'arg' ? type : -1));
    o.SSL_CTX_set_msg_callback_arg(clients, 'arg');
    const keylog = (_ssl: o.SSL, line: string): void => void lines.push(line);
    o.SSL_CTX_set_keylog_callback(clients, keylog);
    expect(o.SSL_CTX_get_keylog_callback(clients)).toBe(keylog);
    connectedPair(clients, servers);
    expect([events[0], events.includes(o.SSL_CB_HANDSHAKE_DONE), events.includes(o.SSL_CB_CONNECT_LOOP)]).toEqual([
      o.SSL_CB_HANDSHAKE_START,
      true,
      true,
    ]);
    expect([...types].sort()).toEqual(
      [o.SSL3_RT_CHANGE_CIPHER_SPEC, o.SSL3_RT_HANDSHAKE, o.SSL3_RT_HEADER, o.SSL3_RT_INNER_CONTENT_TYPE].sort(),
    );
    expect(lines.length).toBe(5);
    expect([o.SSL_alert_type_string(0x228), o.SSL_alert_desc_string(0x228), o.SSL_alert_desc_string_long(0x228)]).toEqual([
      'F',
      'HF',
      'handshake failure',
    ]);
  });

  it('that throw away what they are asked show as failures with a reason', () => {
    const servers = serverCtx();
    o.SSL_CTX_set_verify(servers, o.SSL_VERIFY_PEER | o.SSL_VERIFY_FAIL_IF_NO_PEER_CERT, null);
    const pair = pairOf(clientCtx(), servers);
    expect(connect(pair)).toBe(false);
    expect(o.ERR_error_string(o.ERR_peek_error())).toBe(
      'error:1417C0C7:SSL routines:tls_process_client_certificate:peer did not return a certificate',
    );
  });
});

describe('client authentication', () => {
  const asking = (): o.SSL_CTX => {
    const servers = serverCtx();
    o.SSL_CTX_set_verify(servers, o.SSL_VERIFY_PEER, null);
    o.X509_STORE_add_cert(o.SSL_CTX_get_cert_store(servers), testAuthority);
    o.X509_VERIFY_PARAM_set_time(o.SSL_CTX_get0_param(servers), 1_800_000_000);
    expect([o.SSL_CTX_add_client_CA(servers, testAuthority), o.SSL_CTX_add_client_CA(servers, null)]).toEqual([1, 0]);
    return servers;
  };
  const own = (): readonly [o.X509, o.EVP_PKEY] => [testCertificate({ key: 'client', subject: 'client' }), testKey('client')];

  it('by a callback, with the names the server sent', () => {
    const clients = clientCtx();
    o.SSL_CTX_set_client_cert_cb(clients, (ssl) => {
      expect(o.SSL_get_client_CA_list(ssl)?.map(o.X509_NAME_oneline)).toEqual(['/CN=Test CA']);
      expect(o.SSL_get0_peer_CA_list(ssl)).toHaveLength(1);
      return own();
    });
    const { server } = connectedPair(clients, asking());
    expect(o.X509_NAME_oneline(o.X509_get_subject_name(there(o.SSL_get_peer_certificate(server))))).toBe('/CN=client');
    expect(o.SSL_get_verify_result(server)).toBe(o.X509_V_OK);
  });

  it('after the handshake', () => {
    const [clients, servers] = [clientCtx(), asking()];
    o.SSL_CTX_set_verify(servers, o.SSL_VERIFY_PEER | o.SSL_VERIFY_POST_HANDSHAKE, null);
    o.SSL_CTX_set_post_handshake_auth(clients, 1);
    const { client, server } = connectedPair(clients, servers);
    expect(o.SSL_get_peer_certificate(server)).toBeNull();
    const [x, pkey] = own();
    expect(o.SSL_use_cert_and_key(client, x, pkey, null, 0)).toBe(1);
    expect(o.SSL_use_cert_and_key(client, x, pkey, null, 0)).toBe(0);
    expect(reason()).toBe('not replacing certificate');
    o.ERR_clear_error();
    expect(o.SSL_verify_client_post_handshake(server)).toBe(1);
    readText(client);
    readText(server);
    expect(o.SSL_get_peer_certificate(server)).not.toBeNull();
    expect(o.SSL_verify_client_post_handshake(client)).toBe(0);
    expect(reason()).toBe('not server');
  });
});

describe('certificates and keys', () => {
  it('are compressed as both sides prefer', () => {
    const client = clientCtx();
    const server = serverCtx();
    const used: number[] = [];
    for (const alg of [0xff01, 0xff02]) {
      const compress = (ssl: o.SSL, input: Uint8Array): Uint8Array => {
        if (o.SSL_is_server(ssl) === 1) used.push(alg);
        return input.slice(1);
      };
      const decompress = (_ssl: o.SSL, length: number, input: Uint8Array): Uint8Array | null =>
        length === input.length + 1 ? Uint8Array.of(0, ...input) : null;
      expect(o.SSL_CTX_add_cert_compression_alg(client, alg, compress, decompress)).toBe(1);
      expect(o.SSL_CTX_add_cert_compression_alg(server, alg, compress, null)).toBe(1);
    }
    expect(o.SSL_CTX_add_cert_compression_alg(client, 0xff01, null, null)).toBe(0);
    o.ERR_clear_error();
    expect(o.SSL_CTX_set1_cert_comp_preference(server, [0xff02, 0xff01])).toBe(1);
    expect(o.SSL_CTX_set1_cert_comp_preference(server, [0xff03])).toBe(0);
    expect(reason()).toBe('bad compression algorithm');
    expect(connect(pairOf(client, server))).toBe(true);
    expect(used).toEqual([0xff02]);
    const alone = there(o.SSL_new(client));
    expect(o.SSL_set1_cert_comp_preference(alone, [])).toBe(1);
    expect(alone.get('certCompression')).toEqual([]);
  });

  it('are refused with a reason where they do not belong together, and kept', () => {
    const ctx = serverCtx('ec256');
    expect(o.SSL_CTX_check_private_key(ctx)).toBe(1);
    expect(o.SSL_CTX_use_PrivateKey(ctx, testKey('ec384'))).toBe(0);
    expect(reason()).toBe('key values mismatch');
    expect(o.SSL_CTX_get0_privatekey(ctx)).not.toBeNull();
    o.ERR_clear_error();
    expect(o.SSL_CTX_use_certificate(ctx, testCertificate({ key: 'ec384' }))).toBe(1);
    expect([o.SSL_CTX_get0_privatekey(ctx), o.ERR_peek_error(), o.SSL_CTX_check_private_key(ctx)]).toEqual([null, 0, 0]);
    expect(reason()).toBe('no private key assigned');
    o.ERR_clear_error();
    expect([o.SSL_CTX_use_certificate(ctx, null), reason()]).toEqual([0, 'passed a null parameter']);
    expect([o.SSL_CTX_use_certificate_ASN1(ctx, Uint8Array.of(1, 2)), o.SSL_CTX_use_certificate_ASN1(ctx, testCertificate().der)]).toEqual([
      0, 1,
    ]);
    expect(o.SSL_CTX_use_certificate_file(ctx, '/no/such/file', o.SSL_FILETYPE_PEM)).toBe(0);
    expect(o.ERR_GET_LIB(o.ERR_peek_last_error())).toBe(o.ERR_LIB_SYS);
  });

  it('of several kinds stand side by side, one of them current', () => {
    const ctx = serverCtx('ec256');
    const rsa = testCertificate({ key: 'rsa' });
    o.SSL_CTX_use_certificate(ctx, rsa);
    o.SSL_CTX_use_PrivateKey(ctx, testKey('rsa'));
    expect(o.SSL_CTX_get0_certificate(ctx)).toBe(rsa);
    expect(o.SSL_CTX_set_current_cert(ctx, o.SSL_CERT_SET_FIRST)).toBe(1);
    expect(o.SSL_CTX_get0_certificate(ctx)).not.toBe(rsa);
    const copy = there(o.SSL_dup(there(o.SSL_new(ctx))));
    expect([o.SSL_CTX_set_current_cert(ctx, o.SSL_CERT_SET_NEXT), o.SSL_CTX_set_current_cert(ctx, o.SSL_CERT_SET_NEXT)]).toEqual([1, 0]);
    expect(o.SSL_get_certificate(copy)).not.toBe(rsa);
    expect([
      o.SSL_select_current_cert(copy, rsa),
      o.SSL_get_certificate(copy) === rsa,
      o.SSL_select_current_cert(copy, testAuthority),
    ]).toEqual([1, true, 0]);
  });

  it('have chains that are set, added to, built and sent', () => {
    const between = testCertificate({ subject: 'Between', key: 'ec384', ca: true, serial: 9 });
    const ctx = there(o.SSL_CTX_new(o.TLS_server_method()));
    expect(o.SSL_CTX_add1_chain_cert(ctx, between)).toBe(0);
    o.SSL_CTX_use_certificate(ctx, testCertificate({ issuer: 'Between', issuerKey: 'ec384' }));
    o.SSL_CTX_use_PrivateKey(ctx, testKey('ec256'));
    expect([o.SSL_CTX_add1_chain_cert(ctx, between), o.SSL_CTX_get0_chain_certs(ctx)]).toEqual([1, [between]]);
    expect(o.SSL_get_peer_cert_chain(connectedPair(clientCtx(), ctx).client)).toHaveLength(2);
    const ssl = there(o.SSL_new(ctx));
    o.SSL_clear_chain_certs(ssl);
    expect([o.SSL_get0_chain_certs(ssl), o.SSL_CTX_get0_chain_certs(ctx)]).toEqual([[], [between]]);
    o.ERR_clear_error();
    expect([o.SSL_build_cert_chain(ssl, 0), reason()]).toEqual([0, 'certificate verify failed']);
    const store = o.X509_STORE_new();
    for (const x of [between, testAuthority]) o.X509_STORE_add_cert(store, x);
    expect([o.SSL_set1_chain_cert_store(ssl, store), o.SSL_build_cert_chain(ssl, 0), o.SSL_get0_chain_certs(ssl)]).toEqual([
      1,
      1,
      [between],
    ]);
    o.SSL_CTX_set1_chain(ctx, null);
    expect([o.SSL_CTX_add_extra_chain_cert(ctx, between), o.SSL_CTX_get_extra_chain_certs(ctx)]).toEqual([1, [between]]);
    expect(o.SSL_get_peer_cert_chain(connectedPair(clientCtx(), ctx).client)).toHaveLength(2);
    expect([o.SSL_CTX_clear_extra_chain_certs(ctx), o.SSL_CTX_get_extra_chain_certs_only(ctx)]).toEqual([1, []]);
  });
});

describe('sessions', () => {
  it('are kept by a callback, cross as bytes and PEM, and resume', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    const kept: o.SSL_SESSION[] = [];
    const keep = (_ssl: o.SSL, session: o.SSL_SESSION): number => kept.push(session);
    o.SSL_CTX_sess_set_new_cb(clients, keep);
    expect(o.SSL_CTX_sess_get_new_cb(clients)).toBe(keep);
    connectedPair(clients, servers);
    expect(kept).toHaveLength(2);
    const [session] = kept as [o.SSL_SESSION, ...o.SSL_SESSION[]];
    expect([o.SSL_SESSION_is_resumable(session), o.SSL_SESSION_has_ticket(session), o.SSL_SESSION_get_protocol_version(session)]).toEqual([
      1, 1, 0x304,
    ]);
    expect([
      o.SSL_SESSION_get0_hostname(session),
      o.SSL_SESSION_get_ticket_lifetime_hint(session),
      o.SSL_SESSION_get0_cipher(session)?.name,
    ]).toEqual(['server.example', 7200, 'TLS_AES_256_GCM_SHA384']);
    const again = there(o.d2i_SSL_SESSION(o.i2d_SSL_SESSION(session)));
    const bio = there(o.BIO_new(o.BIO_s_mem()));
    expect([o.PEM_write_bio_SSL_SESSION(bio, again), o.d2i_SSL_SESSION(Uint8Array.of(1))]).toEqual([1, null]);
    const { client, server } = pairOf(clients, servers);
    expect(o.SSL_set_session(client, there(o.PEM_read_bio_SSL_SESSION(bio)))).toBe(1);
    expect(connect({ client, server, toServer: bio, toClient: bio })).toBe(true);
    expect([o.SSL_session_reused(client), o.SSL_session_reused(server)]).toEqual([1, 1]);
    expect([o.SSL_CTX_sess_connect(clients), o.SSL_CTX_sess_connect_good(clients), o.SSL_CTX_sess_accept_good(servers)]).toEqual([2, 2, 2]);
  });

  it('live in the context’s cache, under its modes', () => {
    const servers = serverCtx();
    o.SSL_CTX_set_options(servers, o.SSL_OP_NO_TICKET);
    const gone: o.SSL_SESSION[] = [];
    o.SSL_CTX_sess_set_remove_cb(servers, (_ctx, session) => void gone.push(session));
    expect([o.SSL_CTX_set_session_cache_mode(servers, o.SSL_SESS_CACHE_BOTH), o.SSL_CTX_get_session_cache_mode(servers)]).toEqual([2, 3]);
    expect([o.SSL_CTX_sess_set_cache_size(servers, 5), o.SSL_CTX_set_timeout(servers, 100), o.SSL_CTX_get_timeout(servers)]).toEqual([
      20_480, 7200, 100,
    ]);
    connectedPair(clientCtx(), servers);
    expect(o.SSL_CTX_sess_number(servers)).toBe(2);
    const session = o.SSL_SESSION_new();
    o.SSL_SESSION_set1_id(session, Uint8Array.of(1, 2, 3));
    expect([o.SSL_CTX_add_session(servers, session), o.SSL_CTX_add_session(servers, session)]).toEqual([1, 0]);
    expect(o.SSL_has_matching_session_id(there(o.SSL_new(servers)), Uint8Array.of(1, 2, 3))).toBe(1);
    expect([o.SSL_CTX_remove_session(servers, session), o.SSL_CTX_remove_session(servers, session)]).toEqual([1, 0]);
    o.SSL_CTX_flush_sessions(servers, 0);
    expect([o.SSL_CTX_sess_number(servers), gone.length]).toEqual([0, 3]);
    expect([o.SSL_SESSION_set1_id(session, new Uint8Array(33)), reason()]).toEqual([0, 'ssl session id too long']);
  });

  it('take the ticket keys a fleet shares, and carry the application’s data', () => {
    const [a, b] = [serverCtx(), serverCtx()];
    const keys = new Uint8Array(80).fill(5);
    expect([o.SSL_CTX_set_tlsext_ticket_keys(a, keys), o.SSL_CTX_set_tlsext_ticket_keys(b, o.SSL_CTX_get_tlsext_ticket_keys(a))]).toEqual([
      1, 1,
    ]);
    expect([o.SSL_CTX_set_tlsext_ticket_keys(a, new Uint8Array(79)), reason()]).toEqual([0, 'invalid ticket keys length']);
    expect([o.SSL_CTX_set_num_tickets(a, 1), o.SSL_CTX_get_num_tickets(a), o.SSL_CTX_set_num_tickets(a, 99)]).toEqual([1, 1, 0]);
    const clients = clientCtx();
    const { client } = connectedPair(clients, a);
    const { client: next, server } = pairOf(clients, b);
    o.SSL_set_session(next, o.SSL_get_session(client));
    expect(connect({ client: next, server, toServer: there(o.SSL_get_wbio(next)), toClient: there(o.SSL_get_rbio(next)) })).toBe(true);
    expect(o.SSL_session_reused(server)).toBe(1);
  });

  it('are opened with the keys of a callback', () => {
    const servers = serverCtx();
    const names: string[] = [];
    o.SSL_CTX_set_tlsext_ticket_key_cb(servers, (_ssl, keyName, iv, ectx, hctx, enc) => {
      names.push(`${enc} ${keyName[0]}`);
      if (enc === 1) keyName.fill(9);
      o.EVP_EncryptInit_ex(ectx, null, null, new Uint8Array(32).fill(1), iv);
      return o.HMAC_Init_ex(hctx, new Uint8Array(32).fill(2), null, null);
    });
    const clients = clientCtx();
    const { client } = connectedPair(clients, servers);
    const pair = pairOf(clients, servers);
    o.SSL_set_session(pair.client, o.SSL_get_session(client));
    expect([connect(pair), o.SSL_session_reused(pair.server)]).toEqual([true, 1]);
    expect(names).toContain('0 9');
  });
});

describe('early data', () => {
  it('is written, read, accepted and counted', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    expect([o.SSL_CTX_set_max_early_data(servers, 5000), o.SSL_CTX_get_max_early_data(servers)]).toEqual([1, 5000]);
    o.SSL_CTX_set_allow_early_data_cb(servers, (_ssl, arg) => Number(arg), 1);
    const { client } = connectedPair(clients, servers);
    const session = there(o.SSL_get_session(client));
    expect(o.SSL_SESSION_get_max_early_data(session)).toBe(5000);
    const pair = pairOf(clients, servers);
    o.SSL_set_session(pair.client, session);
    const count = o.out(0);
    const buf = new Uint8Array(3);
    expect([o.SSL_write_early_data(pair.client, bytes('early'), 5, count), count.value]).toEqual([1, 5]);
    expect([o.SSL_read_early_data(pair.server, buf, 3, count), count.value]).toEqual([o.SSL_READ_EARLY_DATA_SUCCESS, 3]);
    expect([o.SSL_read_early_data(pair.server, buf, 3, count), count.value]).toEqual([o.SSL_READ_EARLY_DATA_SUCCESS, 2]);
    expect(o.SSL_read_early_data(pair.server, buf, 3, count)).toBe(o.SSL_READ_EARLY_DATA_ERROR);
    expect(o.SSL_get_error(pair.server, 0)).toBe(o.SSL_ERROR_WANT_READ);
    o.SSL_connect(pair.client);
    expect(o.SSL_read_early_data(pair.server, buf, 3, count)).toBe(o.SSL_READ_EARLY_DATA_FINISH);
    expect(connect(pair)).toBe(true);
    expect([o.SSL_get_early_data_status(pair.client), o.SSL_get_early_data_status(pair.server)]).toEqual([
      o.SSL_EARLY_DATA_ACCEPTED,
      o.SSL_EARLY_DATA_ACCEPTED,
    ]);
  });
});

describe('pre-shared keys', () => {
  const keyed = (): o.SSL_SESSION => {
    const session = o.SSL_SESSION_new();
    o.SSL_SESSION_set1_master_key(session, new Uint8Array(32).fill(3));
    o.SSL_SESSION_set_cipher(session, there(o.SSL_CIPHER_find(there(o.SSL_new(clientCtx())), Uint8Array.of(0x13, 0x01))));
    o.SSL_SESSION_set_protocol_version(session, o.TLS1_3_VERSION);
    return session;
  };

  it('come from the session callbacks of TLS 1.3', () => {
    const [clients, servers] = [clientCtx(), there(o.SSL_CTX_new(o.TLS_server_method()))];
    o.SSL_CTX_set_psk_use_session_callback(clients, () => ({ id: bytes('me'), session: keyed() }));
    o.SSL_CTX_set_psk_find_session_callback(servers, (_ssl, identity) => (new TextDecoder().decode(identity) === 'me' ? keyed() : null));
    const { client, server } = connectedPair(clients, servers);
    expect([o.SSL_get_cipher_name(client), o.SSL_get_peer_certificate(client)]).toEqual(['TLS_CHACHA20_POLY1305_SHA256', null]);
    expect(o.SSL_get_psk_identity(server)).toBe('me');
  });

  it('come from the older callbacks, in TLS 1.3 and with a hint in TLS 1.2', () => {
    for (const [method, suite] of [
      [o.TLS_client_method(), 'TLS_CHACHA20_POLY1305_SHA256'],
      [o.TLSv1_2_client_method(), 'ECDHE-PSK-CHACHA20-POLY1305'],
    ] as const) {
      const [clients, servers] = [clientCtx(method), there(o.SSL_CTX_new(o.TLS_server_method()))];
      const hints: (string | null)[] = [];
      for (const ctx of [clients, servers]) o.SSL_CTX_set_cipher_list(ctx, 'ECDHE-PSK-CHACHA20-POLY1305');
      expect(o.SSL_CTX_use_psk_identity_hint(servers, 'use mine')).toBe(1);
      o.SSL_CTX_set_psk_client_callback(clients, (_ssl, hint) => {
        hints.push(hint);
        return { identity: 'old', psk: new Uint8Array(16).fill(4) };
      });
      o.SSL_CTX_set_psk_server_callback(servers, (_ssl, identity) => (identity === 'old' ? new Uint8Array(16).fill(4) : 0));
      const { client } = connectedPair(clients, servers);
      expect(o.SSL_get_cipher_name(client)).toBe(suite);
      expect(hints).toEqual([suite.startsWith('TLS') ? null : 'use mine']);
    }
    expect([o.SSL_CTX_use_psk_identity_hint(serverCtx(), 'x'.repeat(129)), reason()]).toEqual([0, 'data length too long']);
  });
});

describe('after the handshake', () => {
  it('keys are updated with the next write', () => {
    const { client, server } = connectedPair();
    expect(o.SSL_get_key_update_type(client)).toBe(o.SSL_KEY_UPDATE_NONE);
    expect(o.SSL_key_update(client, o.SSL_KEY_UPDATE_REQUESTED)).toBe(1);
    expect(o.SSL_get_key_update_type(client)).toBe(o.SSL_KEY_UPDATE_REQUESTED);
    o.SSL_write(client, bytes('new keys'));
    expect([o.SSL_get_key_update_type(client), readText(server)]).toEqual([o.SSL_KEY_UPDATE_NONE, 'new keys']);
    expect([o.SSL_key_update(client, 7), reason()]).toEqual([0, 'invalid key update type']);
    expect([o.SSL_renegotiate(client), o.SSL_renegotiate_pending(client)]).toEqual([0, 0]);
  });
});

describe('options of one kind or another', () => {
  it('answer as their functions do in C', () => {
    const ctx = clientCtx();
    expect(o.SSL_CTX_set_options(ctx, o.SSL_OP_NO_TICKET) & o.SSL_OP_NO_TICKET).toBe(o.SSL_OP_NO_TICKET);
    expect(o.SSL_CTX_clear_options(ctx, o.SSL_OP_NO_TICKET) & o.SSL_OP_NO_TICKET).toBe(0);
    expect(o.SSL_CTX_set_options(ctx, o.SSL_OP_CRYPTOPRO_TLSEXT_BUG)).toBeGreaterThan(0x80000000);
    expect([o.SSL_CTX_set_mode(ctx, o.SSL_MODE_ENABLE_PARTIAL_WRITE), o.SSL_CTX_clear_mode(ctx, 1), o.SSL_CTX_get_mode(ctx)]).toEqual([
      5, 4, 4,
    ]);
    expect([o.SSL_CTX_set_min_proto_version(ctx, 42), o.SSL_CTX_get_min_proto_version(ctx), o.ERR_peek_error()]).toEqual([0, 0x303, 0]);
    expect([o.SSL_CTX_set_max_cert_list(ctx, 77), o.SSL_CTX_set_max_cert_list(ctx, -1), o.SSL_CTX_get_max_cert_list(ctx)]).toEqual([
      102_400, 0, 77,
    ]);
    expect([
      o.SSL_CTX_set_max_send_fragment(ctx, 511),
      o.SSL_CTX_set_max_send_fragment(ctx, 512),
      o.SSL_CTX_set_split_send_fragment(ctx, 513),
    ]).toEqual([0, 1, 0]);
    expect([o.SSL_CTX_set_read_ahead(ctx, 1), o.SSL_CTX_get_read_ahead(ctx), o.SSL_CTX_set_max_pipelines(ctx, 4)]).toEqual([0, 1, 0]);
    expect([o.SSL_CTX_set1_sigalgs_list(ctx, 'RSA+SHA256:ed25519'), o.SSL_CTX_set1_sigalgs_list(ctx, 'RSA+')]).toEqual([1, 0]);
    expect([o.SSL_CTX_set1_sigalgs(ctx, [o.NID_sha256, o.EVP_PKEY_EC]), o.SSL_CTX_set1_sigalgs(ctx, [1])]).toEqual([1, 0]);
    expect([o.SSL_CTX_set1_groups(ctx, [o.NID_X25519]), o.SSL_CTX_set1_groups(ctx, [1]), o.SSL_CTX_set1_groups_list(ctx, 'none')]).toEqual([
      1, 0, 0,
    ]);
    expect([o.SSL_CTX_get_verify_mode(ctx), o.SSL_CTX_set_purpose(ctx, 2), o.SSL_CTX_set_purpose(ctx, 99)]).toEqual([
      o.SSL_VERIFY_PEER,
      1,
      0,
    ]);
    expect(o.SSL_CTX_set_tlsext_max_fragment_length(ctx, 9)).toBe(0);
    const ssl = there(o.SSL_new(ctx));
    expect([o.SSL_set1_host(ssl, 'a.example'), o.SSL_add1_host(ssl, 'b.example'), o.SSL_get0_param(ssl).hosts]).toEqual([
      1,
      1,
      ['a.example', 'b.example'],
    ]);
    expect([o.SSL_get_security_level(ssl), o.SSL_get0_security_ex_data(ssl)]).toEqual([2, null]);
    const level = (): number => 1;
    o.SSL_set_security_callback(ssl, level);
    expect(o.SSL_get_security_callback(ssl)).toBe(level);
  });

  it('come by the words of SSL_CONF_cmd', () => {
    const ctx = serverCtx();
    const cctx = o.SSL_CONF_CTX_new();
    o.SSL_CONF_CTX_set_flags(
      cctx,
      o.SSL_CONF_FLAG_FILE | o.SSL_CONF_FLAG_SERVER | o.SSL_CONF_FLAG_CERTIFICATE | o.SSL_CONF_FLAG_SHOW_ERRORS,
    );
    o.SSL_CONF_CTX_set_ssl_ctx(cctx, ctx);
    expect([o.SSL_CONF_cmd(cctx, 'MinProtocol', 'TLSv1.3'), o.SSL_CTX_get_min_proto_version(ctx)]).toEqual([2, 0x304]);
    expect([o.SSL_CONF_cmd(cctx, 'options', '-SessionTicket,+ServerPreference'), o.SSL_CTX_get_options(ctx) & 0x404000]).toEqual([
      2, 0x404000,
    ]);
    expect([o.SSL_CONF_cmd(cctx, 'Protocol', '-ALL,TLSv1.2'), o.SSL_CTX_get_options(ctx) & o.SSL_OP_NO_TLSv1_2]).toEqual([2, 0]);
    expect([o.SSL_CONF_cmd(cctx, 'VerifyMode', 'Require'), o.SSL_CTX_get_verify_mode(ctx)]).toEqual([2, 3]);
    expect([
      o.SSL_CONF_cmd(cctx, 'Ciphersuites', 'nonsense'),
      o.SSL_CONF_cmd(cctx, 'Nonsense', ''),
      o.SSL_CONF_cmd(cctx, 'Groups', null),
    ]).toEqual([0, -2, -3]);
    expect([o.SSL_CONF_cmd_value_type(cctx, 'Certificate'), o.SSL_CONF_CTX_finish(cctx)]).toEqual([o.SSL_CONF_TYPE_FILE, 1]);
    const line = o.SSL_CONF_CTX_new();
    o.SSL_CONF_CTX_set_flags(line, o.SSL_CONF_FLAG_CMDLINE | o.SSL_CONF_FLAG_CLIENT);
    o.SSL_CONF_CTX_set_ssl_ctx(line, clientCtx());
    const argv = ['-no_ticket', '-groups', 'X25519', 'rest'];
    expect([o.SSL_CONF_cmd_argv(line, argv), o.SSL_CONF_cmd_argv(line, argv), o.SSL_CONF_cmd_argv(line, argv), argv]).toEqual([
      1,
      2,
      0,
      ['rest'],
    ]);
  });

  it('of DANE need the context first', () => {
    const ctx = clientCtx();
    const ssl = there(o.SSL_new(ctx));
    expect([o.SSL_dane_enable(ssl, 'server.example'), reason()]).toEqual([0, 'context not dane enabled']);
    o.ERR_clear_error();
    expect([o.SSL_dane_tlsa_add(ssl, 3, 1, 1, new Uint8Array(32)), reason()]).toEqual([-1, 'dane not enabled']);
    expect([o.SSL_CTX_dane_enable(ctx), o.SSL_dane_enable(ssl, 'server.example'), o.SSL_dane_enable(ssl, null)]).toEqual([1, 1, 0]);
    expect([o.SSL_dane_tlsa_add(ssl, 3, 1, 1, new Uint8Array(3)), o.SSL_dane_tlsa_add(ssl, 3, 1, 1, new Uint8Array(32))]).toEqual([0, 1]);
    expect([o.SSL_dane_set_flags(ssl, 1), o.SSL_dane_clear_flags(ssl, 1), o.SSL_get0_dane_tlsa(ssl)]).toEqual([0, 1, null]);
    const { server } = pairOf();
    const pair = joined(ssl, server);
    expect([connect(pair), o.SSL_get_verify_result(ssl)]).toEqual([false, o.X509_V_ERR_DANE_NO_MATCH]);
  });
});

describe('custom extensions', () => {
  it('go out, come in and answer', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    const seen: string[] = [];
    const context = o.SSL_EXT_CLIENT_HELLO | o.SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS;
    for (const [ctx, name] of [
      [clients, 'client'],
      [servers, 'server'],
    ] as const) {
      expect(
        o.SSL_CTX_add_custom_ext(
          ctx,
          0x1234,
          context,
          (_ssl, _type, _place, _x, _index, arg) => bytes(`from ${arg}`),
          (_ssl, _type, _place, _out, arg) => void seen.push(`${arg} freed`),
          name,
          (_ssl, _type, _place, data, _x, _index, arg) => {
            seen.push(`${arg} got ${new TextDecoder().decode(data)}`);
            return 1;
          },
          name,
        ),
      ).toBe(1);
    }
    expect(o.SSL_CTX_add_custom_ext(clients, 0x1234, context, null, null, null, null, null)).toBe(0);
    expect(o.SSL_CTX_add_custom_ext(clients, o.TLSEXT_TYPE_key_share, context, null, null, null, null, null)).toBe(0);
    expect([
      o.SSL_CTX_has_client_custom_ext(clients, 0x1234),
      o.SSL_extension_supported(o.TLSEXT_TYPE_key_share),
      o.SSL_extension_supported(0x1234),
    ]).toEqual([1, 1, 0]);
    connectedPair(clients, servers);
    expect(seen).toEqual(['client freed', 'server got from client', 'server freed', 'client got from server']);
  });

  it('of a serverinfo file are sent where the client asks', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    const got: string[] = [];
    const context = o.SSL_EXT_CLIENT_HELLO | o.SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS;
    o.SSL_CTX_add_custom_ext(
      clients,
      0x2345,
      context,
      () => new Uint8Array(0),
      null,
      null,
      (_s, _t, _c, data) => (got.push(new TextDecoder().decode(data)) > 0 ? 1 : 0),
      null,
    );
    const info = Uint8Array.of(0, 0, 4, 0x80, 0x23, 0x45, 0, 3, 0x61, 0x62, 0x63);
    expect([
      o.SSL_CTX_use_serverinfo_ex(servers, o.SSL_SERVERINFOV2, info),
      o.SSL_CTX_use_serverinfo_ex(servers, 2, info.subarray(1)),
    ]).toEqual([1, 0]);
    expect(reason()).toBe('invalid serverinfo data');
    connectedPair(clients, servers);
    expect(got).toEqual(['abc']);
    // The extensions of the library are its own.
    expect(o.SSL_CTX_use_serverinfo(servers, Uint8Array.of(0, o.TLSEXT_TYPE_session_ticket, 0, 0))).toBe(0);
  });

  describe('of serverinfo belong to the current certificate', () => {
    const PLACES = o.SSL_EXT_CLIENT_HELLO | o.SSL_EXT_TLS1_2_SERVER_HELLO | o.SSL_EXT_TLS1_3_CERTIFICATE;
    const info = (letter: number): Uint8Array => Uint8Array.of(0, 0, PLACES >> 8, PLACES & 0xff, 0x23, 0x45, 0, 1, letter);
    /** With `a` beside the certificate of the curve, `b` beside that of RSA. */
    function servers(): o.SSL_CTX {
      const ctx = serverCtx();
      o.SSL_CTX_use_serverinfo_ex(ctx, o.SSL_SERVERINFOV2, info(0x61));
      o.SSL_CTX_use_certificate(ctx, testCertificate({ key: 'rsa' }));
      o.SSL_CTX_use_PrivateKey(ctx, testKey('rsa'));
      o.SSL_CTX_use_serverinfo_ex(ctx, o.SSL_SERVERINFOV2, info(0x62));
      return ctx;
    }
    /** What clients that take signatures of one kind are told. */
    function told(server: o.SSL, sigalgs: string, version: number): string {
      const clients = clientCtx();
      let got = '';
      const take = (_s: o.SSL, _t: number, _c: number, data: Uint8Array): 1 => {
        got += new TextDecoder().decode(data);
        return 1;
      };
      o.SSL_CTX_add_custom_ext(
        clients,
        0x2345,
        PLACES,
        (_s, _t, place) => (place === o.SSL_EXT_CLIENT_HELLO ? new Uint8Array(0) : 0),
        null,
        null,
        take,
        null,
      );
      o.SSL_CTX_set_max_proto_version(clients, version);
      o.SSL_CTX_set1_sigalgs_list(clients, sigalgs);
      expect(connect(joined(there(o.SSL_new(clients)), server))).toBe(true);
      return got;
    }
    const both = (make: () => o.SSL, version: number): string =>
      told(make(), 'ecdsa_secp256r1_sha256', version) + told(make(), 'rsa_pss_rsae_sha256', version);

    it.each([
      ['TLS 1.2', o.TLS1_2_VERSION],
      ['TLS 1.3', o.TLS1_3_VERSION],
    ])('%s', (_name, version) => {
      const ctx = servers();
      expect(both(() => there(o.SSL_new(ctx)), version)).toBe('ab');
      const source = there(o.SSL_new(ctx));
      const copies = [0, 1].map(() => there(o.SSL_dup(source)));
      // What the context gets later reaches neither the connection nor its copies.
      o.SSL_CTX_use_serverinfo_ex(ctx, o.SSL_SERVERINFOV2, info(0x63));
      expect(both(() => there(copies.pop() ?? null), version)).toBe('ab');
      expect(told(source, 'rsa_pss_rsae_sha256', version)).toBe('b');
      expect(both(() => there(o.SSL_new(ctx)), version)).toBe('ac');
    });
  });
});

describe('OCSP stapling', () => {
  it('is asked for, stapled and judged by the callbacks', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    o.SSL_CTX_set_tlsext_status_type(clients, o.TLSEXT_STATUSTYPE_ocsp);
    // Verification would look at the response, and this is none.
    o.SSL_CTX_set_verify(clients, o.SSL_VERIFY_NONE, null);
    o.SSL_CTX_set_tlsext_status_cb(servers, (ssl, arg) => {
      o.SSL_set_tlsext_status_ocsp_resp(ssl, arg as Uint8Array);
      return o.SSL_TLSEXT_ERR_OK;
    });
    o.SSL_CTX_set_tlsext_status_arg(servers, bytes('response'));
    let verdict = 1;
    const judge = (ssl: o.SSL): number => {
      expect(new TextDecoder().decode(there(o.SSL_get_tlsext_status_ocsp_resp(ssl)))).toBe('response');
      return verdict;
    };
    o.SSL_CTX_set_tlsext_status_cb(clients, judge);
    expect([o.SSL_CTX_get_tlsext_status_cb(clients), o.SSL_CTX_get_tlsext_status_type(clients)]).toEqual([judge, 1]);
    expect(connect(pairOf(clients, servers))).toBe(true);
    verdict = 0;
    const refused = pairOf(clients, servers);
    expect([connect(refused), o.SSL_connect(refused.client), reason()]).toEqual([false, -1, 'invalid status response']);
  });
});

describe('QUIC', () => {
  /** A method that keeps what is said, and one that fails at a step. */
  const method = (sent: [number, Uint8Array][], fails?: keyof o.SSL_QUIC_METHOD): o.SSL_QUIC_METHOD => ({
    set_read_secret: () => (fails === 'set_read_secret' ? 0 : 1),
    set_write_secret: () => (fails === 'set_write_secret' ? 0 : 1),
    add_handshake_data: (_ssl, level, data) => {
      sent.push([level, data]);
      return fails === 'add_handshake_data' ? 0 : 1;
    },
    flush_flight: () => (fails === 'flush_flight' ? 0 : 1),
    send_alert: () => 1,
  });
  const client = (sent: [number, Uint8Array][], fails?: keyof o.SSL_QUIC_METHOD): o.SSL => {
    const ssl = there(o.SSL_new(clientCtx()));
    expect(o.SSL_set_quic_method(ssl, method(sent, fails))).toBe(1);
    expect(o.SSL_set_quic_transport_params(ssl, bytes('params'))).toBe(1);
    o.SSL_set_connect_state(ssl);
    o.SSL_set_tlsext_host_name(ssl, 'server.example');
    o.SSL_set1_host(ssl, 'server.example');
    o.SSL_set_alpn_protos(ssl, bytes('\x02h3'));
    return ssl;
  };

  it('speaks by levels, as their numbers say', () => {
    const sent: [number, Uint8Array][] = [];
    const ssl = client(sent);
    expect([o.SSL_is_quic(ssl), o.SSL_quic_read_level(ssl), o.SSL_quic_write_level(ssl)]).toEqual([1, 0, 0]);
    expect([0, 1, 2, 3].map((level) => o.SSL_quic_max_handshake_flight_len(ssl, level))).toEqual([16_384, 0, 204_800, 16_384]);
    const ret = o.SSL_do_handshake(ssl);
    expect([ret, o.SSL_get_error(ssl, ret), sent.map(([level]) => level)]).toEqual([-1, o.SSL_ERROR_WANT_READ, [o.ssl_encryption_initial]]);
    expect([o.SSL_get_peer_quic_transport_params(ssl).length, o.SSL_in_early_data(ssl), o.SSL_early_data_accepted(ssl)]).toEqual([0, 0, 0]);
    expect(o.SSL_provide_quic_data(ssl, o.ssl_encryption_handshake, bytes('x'))).toBe(0);
    expect(reason()).toBe('wrong encryption level received');
    o.ERR_clear_error();
    expect(o.SSL_process_quic_post_handshake(ssl)).toBe(0);
    expect(reason()).toBe('called a function you should not call');
  });

  it.each(['add_handshake_data', 'flush_flight'] as const)('ends where %s fails', (name) => {
    const ssl = client([], name);
    const ret = o.SSL_do_handshake(ssl);
    expect([ret, o.SSL_get_error(ssl, ret), reason()]).toEqual([-1, o.SSL_ERROR_SSL, 'quic internal error']);
  });

  it('is set on contexts as well, and taken back', () => {
    const ctx = clientCtx();
    expect(o.SSL_CTX_set_quic_method(ctx, method([]))).toBe(1);
    const ssl = there(o.SSL_new(ctx));
    expect([o.SSL_is_quic(ssl), o.SSL_set_quic_method(ssl, null), o.SSL_is_quic(ssl)]).toEqual([1, 1, 0]);
    o.SSL_CTX_set_early_data_enabled(ctx, 1);
    o.SSL_set_early_data_enabled(ssl, 1);
    o.SSL_set_quic_use_legacy_codepoint(ssl, 1);
    expect(o.SSL_set_quic_early_data_context(ssl, bytes('context'))).toBe(1);
    expect([ctx.get('quicEarlyData'), ssl.get('quicEarlyData'), ssl.get('quicLegacyCodepoint')]).toEqual([true, true, true]);
  });
});
