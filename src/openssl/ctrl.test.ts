import { beforeEach, describe, expect, it } from 'vitest';
import { clientCtx, connect, connectedPair, joined, serverCtx, there } from '../../test/support/openssl.ts';
import { testCertificate, testKey } from '../../test/support/pki.ts';
import * as o from './index.ts';

beforeEach(() => o.ERR_clear_error());

const ssl = (): o.SSL => there(o.SSL_new(clientCtx()));

describe('the numbered control calls', () => {
  it('set and get what their macros do', () => {
    const ctx = clientCtx();
    expect(o.SSL_CTX_ctrl(ctx, o.SSL_CTRL_SET_MAX_PROTO_VERSION, o.TLS1_2_VERSION, null)).toBe(1);
    expect(o.SSL_CTX_ctrl(ctx, o.SSL_CTRL_GET_MAX_PROTO_VERSION, 0, null)).toBe(o.TLS1_2_VERSION);
    expect(o.SSL_CTX_ctrl(ctx, o.SSL_CTRL_MODE, o.SSL_MODE_ENABLE_PARTIAL_WRITE, null) & o.SSL_MODE_ENABLE_PARTIAL_WRITE).not.toBe(0);
    expect(o.SSL_CTX_ctrl(ctx, o.SSL_CTRL_CLEAR_MODE, o.SSL_MODE_ENABLE_PARTIAL_WRITE, null) & o.SSL_MODE_ENABLE_PARTIAL_WRITE).toBe(0);
    expect(o.SSL_CTX_ctrl(ctx, o.SSL_CTRL_SESS_NUMBER, 0, null)).toBe(0);
    const one = ssl();
    expect(o.SSL_ctrl(one, o.SSL_CTRL_SET_TLSEXT_HOSTNAME, o.TLSEXT_NAMETYPE_host_name, 'server.example')).toBe(1);
    expect(o.SSL_get_servername(one, o.TLSEXT_NAMETYPE_host_name)).toBe('server.example');
    expect(o.SSL_ctrl(one, o.SSL_CTRL_SET_GROUPS_LIST, 0, 'P-384')).toBe(1);
    expect(one.get('groups')).toEqual([24]);
  });

  it('put results where they are told to', () => {
    const { client, server } = connectedPair();
    const nid = o.out(0);
    expect(o.SSL_ctrl(client, o.SSL_CTRL_GET_PEER_SIGNATURE_NID, 0, nid)).toBe(1);
    expect(nid.value).toBe(o.SSL_get_peer_signature_nid(client));
    expect(o.SSL_ctrl(server, o.SSL_CTRL_GET_GROUPS, 0, null)).toBe(o.SSL_get1_groups(server).length);
  });

  it('set callbacks', () => {
    const heard: number[] = [];
    const [clients, servers] = [clientCtx(), serverCtx()];
    const one = there(o.SSL_new(clients));
    expect(o.SSL_callback_ctrl(one, o.SSL_CTRL_SET_MSG_CALLBACK, (_w: number, _v: number, type: number) => heard.push(type))).toBe(1);
    let asked = 0;
    const named = (): number => {
      asked++;
      return o.SSL_TLSEXT_ERR_OK;
    };
    expect(o.SSL_CTX_callback_ctrl(servers, o.SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, named)).toBe(1);
    expect(connect(joined(one, there(o.SSL_new(servers))))).toBe(true);
    expect([asked, heard.includes(o.SSL3_RT_HANDSHAKE)]).toEqual([1, true]);
  });

  it('refuse numbers that mean nothing', () => {
    expect([o.SSL_ctrl(ssl(), 999, 0, null), o.SSL_CTX_ctrl(clientCtx(), o.SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, 'x')]).toEqual([0, 0]);
    expect(o.ERR_reason_error_string(o.ERR_get_error())).toBe('unknown cmd name');
    expect([o.SSL_callback_ctrl(ssl(), 1, null), o.SSL_CTX_callback_ctrl(clientCtx(), 1, null)]).toEqual([0, 0]);
  });
});

describe('certificates', () => {
  it('have flags that are added and taken away', () => {
    const ctx = clientCtx();
    expect(o.SSL_CTX_set_cert_flags(ctx, o.SSL_CERT_FLAG_TLS_STRICT)).toBe(1);
    const one = there(o.SSL_new(ctx));
    expect(o.SSL_set_cert_flags(one, o.SSL_CERT_FLAG_SUITEB_192_LOS)).toBe(o.SSL_CERT_FLAG_SUITEB_192_LOS | 1);
    expect([o.SSL_clear_cert_flags(one, 1), o.SSL_CTX_clear_cert_flags(ctx, 1)]).toEqual([o.SSL_CERT_FLAG_SUITEB_192_LOS, 0]);
  });

  it('are judged as the peer would within its callback', () => {
    const servers = serverCtx();
    const verdicts: number[] = [];
    const judge = (ssl: o.SSL): 1 => {
      for (const key of ['ec256', 'rsa'] as const) verdicts.push(o.SSL_check_chain(ssl, testCertificate({ key }), testKey(key), null));
      return 1;
    };
    o.SSL_CTX_set_cert_cb(servers, judge, null);
    const clients = clientCtx();
    o.SSL_CTX_set1_sigalgs_list(clients, 'ecdsa_secp256r1_sha256');
    expect(connect(joined(there(o.SSL_new(clients)), there(o.SSL_new(servers))))).toBe(true);
    expect(verdicts.map((bits) => (bits & o.CERT_PKEY_VALID) !== 0)).toEqual([true, false]);
  });
});

describe('SSL_CTX_set_session_ticket_cb', () => {
  it('puts data into tickets and sees them again', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    const heard: string[] = [];
    const write = (ssl: o.SSL, arg: unknown): number => o.SSL_SESSION_set1_ticket_appdata(there(o.SSL_get_session(ssl)), arg as Uint8Array);
    const judge = (_ssl: o.SSL, session: o.SSL_SESSION | null, _name: Uint8Array, _length: number, status: number): number => {
      heard.push(`${status} ${session && new TextDecoder().decode(o.SSL_SESSION_get0_ticket_appdata(session))}`);
      return o.SSL_TICKET_RETURN_USE;
    };
    expect(o.SSL_CTX_set_session_ticket_cb(servers, write, judge, new TextEncoder().encode('data'))).toBe(1);
    const first = there(o.SSL_new(clients));
    expect(connect(joined(first, there(o.SSL_new(servers))))).toBe(true);
    const second = there(o.SSL_new(clients));
    o.SSL_set_session(second, o.SSL_get1_session(first));
    expect(connect(joined(second, there(o.SSL_new(servers))))).toBe(true);
    expect([o.SSL_session_reused(second), heard]).toEqual([1, [`${o.SSL_TICKET_SUCCESS} data`]]);
  });
});

describe('a method', () => {
  it('of a context can be replaced by one of the same side', () => {
    const ctx = clientCtx();
    o.SSL_CTX_set_cipher_list(ctx, 'ECDHE-RSA-AES128-GCM-SHA256');
    expect(o.SSL_CTX_set_ssl_version(ctx, o.TLSv1_2_client_method())).toBe(1);
    expect(o.SSL_CTX_get_ssl_method(ctx)).toBe(o.TLSv1_2_client_method());
    expect(o.SSL_CTX_get_ciphers(ctx).length).toBeGreaterThan(4);
    const pair = joined(there(o.SSL_new(ctx)), there(o.SSL_new(serverCtx())));
    expect([connect(pair), o.SSL_get_version(pair.client)]).toEqual([true, 'TLSv1.2']);
    expect([o.SSL_CTX_set_ssl_version(ctx, o.TLS_server_method()), o.SSL_CTX_set_ssl_version(ctx, null)]).toEqual([0, 0]);
  });

  it('of a connection lasts until its handshake', () => {
    const client = ssl();
    expect(o.SSL_set_ssl_method(client, o.TLSv1_2_client_method())).toBe(1);
    expect(o.SSL_get_ssl_method(client)).toBe(o.TLSv1_2_client_method());
    expect(connect(joined(client, there(o.SSL_new(serverCtx()))))).toBe(true);
    expect([o.SSL_get_ssl_method(client), o.SSL_get_version(client)]).toEqual([o.TLS_client_method(), 'TLSv1.3']);
    expect(o.SSL_set_ssl_method(client, null)).toBe(0);
  });

  it('of TLS 1.1 knows no Suite B', () => {
    const ctx = there(o.SSL_CTX_new(o.TLSv1_1_method()));
    expect(o.SSL_CTX_set_cipher_list(ctx, 'SUITEB128')).toBe(0);
    expect(o.ERR_reason_error_string(o.ERR_get_error())).toBe('at least tls 1 2 needed in suiteb mode');
  });
});

describe('what a hello says', () => {
  it('of suites is read out of its bytes', () => {
    const [suites, signals] = [o.out<readonly o.SSL_CIPHER[]>([]), o.out<readonly number[]>([])];
    const read = (bytes: readonly number[], v2: number): number =>
      o.SSL_bytes_to_cipher_list(ssl(), Uint8Array.from(bytes), v2, suites, signals);
    expect(read([0x13, 0x01, 0x56, 0x00, 0xfa, 0xfa, 0xc0, 0x2f], 0)).toBe(1);
    expect(suites.value.map(o.SSL_CIPHER_get_name)).toEqual(['TLS_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256']);
    expect(signals.value).toEqual([0x5600]);
    expect(read([7, 0, 0xc0, 0, 0xc0, 0x2f, 0, 0, 0xff], 1)).toBe(1);
    expect([suites.value.length, signals.value]).toEqual([1, [0xff]]);
    expect([read([0x13], 0), read([], 0)]).toEqual([0, 0]);
  });

  it('of curves can be set by a key, and its point formats be seen', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    o.SSL_CTX_set_max_proto_version(clients, o.TLS1_2_VERSION);
    const curve = o.EC_KEY_new_by_curve_name(o.NID_secp384r1);
    expect([o.SSL_CTX_set_tmp_ecdh(servers, curve), o.SSL_CTX_set_tmp_ecdh(servers, null)]).toEqual([1, 0]);
    const server = there(o.SSL_new(servers));
    const pair = joined(there(o.SSL_new(clients)), server);
    expect(connect(pair)).toBe(true);
    expect(o.SSL_get_peer_tmp_key(pair.client)?.nid).toBe(o.NID_secp384r1);
    expect([...(o.SSL_get0_ec_point_formats(server) ?? [])]).toEqual([0]);
    expect(o.SSL_get0_ec_point_formats(ssl())).toBeNull();
    expect(o.SSL_set_tmp_ecdh(ssl(), o.EC_KEY_new_by_curve_name(o.NID_X9_62_prime256v1))).toBe(1);
    expect(o.EC_KEY_new_by_curve_name(1)).toBeNull();
    o.EC_KEY_free(curve);
  });

  it.each([o.TLS1_2_VERSION, o.TLS1_3_VERSION])('of responders reaches the server (%i)', (version) => {
    const client = ssl();
    o.SSL_set_max_proto_version(client, version);
    o.SSL_set_tlsext_status_type(client, o.TLSEXT_STATUSTYPE_ocsp);
    const [id, extensions] = [Uint8Array.of(0xa2, 2, 4, 0), Uint8Array.of(0x30, 0)];
    expect([o.SSL_set_tlsext_status_ids(client, [id]), o.SSL_set_tlsext_status_exts(client, extensions)]).toEqual([1, 1]);
    expect([o.SSL_get_tlsext_status_ids(client), o.SSL_get_tlsext_status_exts(client)]).toEqual([[id], extensions]);
    const server = there(o.SSL_new(serverCtx()));
    expect(connect(joined(client, server))).toBe(true);
    expect([o.SSL_get_tlsext_status_ids(server), o.SSL_get_tlsext_status_exts(server)]).toEqual([[id], extensions]);
    expect(o.SSL_set_tlsext_status_ids(client, [new Uint8Array(0)])).toBe(0);
  });
});
