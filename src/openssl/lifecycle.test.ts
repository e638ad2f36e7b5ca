import { beforeEach, describe, expect, it } from 'vitest';
import { clientCtx, connect, connectedPair, joined, pairOf, serverCtx, there } from '../../test/support/openssl.ts';
import { testCertificate, testKey } from '../../test/support/pki.ts';
import * as o from './index.ts';

beforeEach(() => o.ERR_clear_error());

const refs = (handle: { readonly referenceCount: number }): number => handle.referenceCount;

describe('references', () => {
  it('of a context: one at first, two for each connection', () => {
    const ctx = clientCtx();
    expect(refs(ctx)).toBe(1);
    expect(o.SSL_CTX_up_ref(ctx)).toBe(1);
    expect(refs(ctx)).toBe(2);
    o.SSL_CTX_free(ctx);
    const ssl = there(o.SSL_new(ctx));
    expect([refs(ctx), refs(ssl)]).toEqual([3, 1]);
    o.SSL_free(ssl);
    expect(refs(ctx)).toBe(1);
    o.SSL_CTX_free(ctx);
    expect(refs(ctx)).toBe(0);
  });

  it('keep a context alive that the application has freed', () => {
    const ctx = clientCtx();
    const [a, b] = [there(o.SSL_new(ctx)), there(o.SSL_new(ctx))];
    o.SSL_free(a);
    o.SSL_CTX_free(ctx);
    expect(refs(ctx)).toBe(2);
    expect(connect(joined(b, there(o.SSL_new(serverCtx()))))).toBe(true);
  });

  it('of a connection count frees, and nothing else changes before the last', () => {
    const ctx = clientCtx();
    const ssl = there(o.SSL_new(ctx));
    expect(o.SSL_up_ref(ssl)).toBe(1);
    o.SSL_free(ssl);
    expect([refs(ssl), refs(ctx)]).toEqual([1, 3]);
    o.SSL_free(ssl);
    expect([refs(ssl), refs(ctx)]).toEqual([0, 1]);
  });

  it('of a session: set_session, get1_session and the last free', () => {
    const session = o.SSL_SESSION_new();
    const other = o.SSL_SESSION_new();
    const ssl = there(o.SSL_new(clientCtx()));
    expect(o.SSL_set_session(ssl, session)).toBe(1);
    expect(refs(session)).toBe(2);
    expect(o.SSL_get_session(ssl)).toBe(session);
    expect(o.SSL_get1_session(ssl)).toBe(session);
    expect(refs(session)).toBe(3);
    o.SSL_SESSION_free(session);
    o.SSL_set_session(ssl, other);
    expect([refs(session), refs(other)]).toEqual([1, 2]);
    o.SSL_free(ssl);
    expect(refs(other)).toBe(1);
  });

  it('null may be freed', () => {
    o.SSL_free(null);
    o.SSL_CTX_free(null);
    o.SSL_SESSION_free(null);
    expect(o.ERR_peek_error()).toBe(0);
  });

  it('a handle after its last free is an exception, not undefined behaviour', () => {
    const ctx = clientCtx();
    const ssl = there(o.SSL_new(ctx));
    o.SSL_free(ssl);
    const gone = expect.objectContaining({ reason: 'USE_AFTER_FREE' });
    expect(() => o.SSL_free(ssl)).toThrow(gone);
    expect(() => o.SSL_up_ref(ssl)).toThrow(gone);
    expect(() => o.SSL_do_handshake(ssl)).toThrow(gone);
    expect(() => o.SSL_get_options(ssl)).toThrow(gone);
    expect(() => o.SSL_set_options(ssl, 1)).toThrow(gone);
    expect(() => o.SSL_dup(ssl)).toThrow(gone);
    o.SSL_CTX_free(ctx);
    expect(() => o.SSL_new(ctx)).toThrow(gone);
    expect(() => o.SSL_CTX_free(ctx)).toThrow(gone);
    expect(() => o.SSL_CTX_get_options(ctx)).toThrow(gone);
  });
});

describe('SSL_CTX_new and SSL_new', () => {
  it('push what 1.1.1 pushes for null', () => {
    expect(o.SSL_CTX_new(null)).toBeNull();
    expect(o.ERR_error_string(o.ERR_get_error())).toBe('error:140A90C4:SSL routines:SSL_CTX_new:null ssl method passed');
    expect(o.SSL_new(null)).toBeNull();
    expect(o.ERR_error_string(o.ERR_get_error())).toBe('error:140BA0C3:SSL routines:SSL_new:null ssl ctx');
  });

  it('show on a fresh connection what 1.1.1 shows', () => {
    for (const [method, isServer] of [
      [o.TLS_method(), 1],
      [o.TLS_server_method(), 1],
      [o.TLS_client_method(), 0],
    ] as const) {
      const ssl = there(o.SSL_new(there(o.SSL_CTX_new(method))));
      expect([o.SSL_version(ssl), o.SSL_get_version(ssl), o.SSL_is_server(ssl)]).toEqual([0x0304, 'TLSv1.3', isServer]);
      expect([o.SSL_want(ssl), o.SSL_in_init(ssl), o.SSL_in_before(ssl), o.SSL_get_state(ssl)]).toEqual([
        o.SSL_NOTHING,
        1,
        1,
        o.TLS_ST_BEFORE,
      ]);
      expect([o.SSL_get_rbio(ssl), o.SSL_get_session(ssl), o.SSL_get_verify_result(ssl), o.SSL_get_shutdown(ssl)]).toEqual([
        null,
        null,
        0,
        0,
      ]);
      expect(o.SSL_get_ssl_method(ssl)).toBe(method);
    }
  });

  it('take a snapshot of values, and look callbacks up', () => {
    const ctx = clientCtx();
    const ssl = there(o.SSL_new(ctx));
    o.SSL_CTX_set_max_cert_list(ctx, 5000);
    o.SSL_CTX_set_options(ctx, o.SSL_OP_NO_TICKET);
    const info = (): void => undefined;
    o.SSL_CTX_set_info_callback(ctx, info);
    expect(o.SSL_get_max_cert_list(ssl)).toBe(102_400);
    expect(o.SSL_get_options(ssl) & o.SSL_OP_NO_TICKET).toBe(0);
    expect(o.SSL_get_info_callback(ssl)).toBe(info);
    expect(o.SSL_get_max_cert_list(there(o.SSL_new(ctx)))).toBe(5000);
  });
});

describe('SSL_dup', () => {
  const configured = (): { ctx: o.SSL_CTX; ssl: o.SSL } => {
    const ctx = clientCtx();
    const ssl = there(o.SSL_new(ctx));
    o.SSL_set_options(ssl, o.SSL_OP_NO_TICKET);
    o.SSL_set_mode(ssl, o.SSL_MODE_ENABLE_PARTIAL_WRITE);
    o.SSL_set_min_proto_version(ssl, o.TLS1_3_VERSION);
    o.SSL_set_verify_depth(ssl, 7);
    o.SSL_set_max_cert_list(ssl, 4000);
    o.SSL_set_read_ahead(ssl, 1);
    return { ctx, ssl };
  };

  const visible = (ssl: o.SSL): readonly number[] => [
    o.SSL_get_options(ssl),
    o.SSL_get_mode(ssl),
    o.SSL_get_min_proto_version(ssl),
    o.SSL_get_max_proto_version(ssl),
    o.SSL_get_verify_depth(ssl),
    o.SSL_get_verify_mode(ssl),
    o.SSL_get_max_cert_list(ssl),
    o.SSL_get_read_ahead(ssl),
  ];

  it('makes an independent copy of a connection in its initial state', () => {
    const { ctx, ssl } = configured();
    const copy = there(o.SSL_dup(ssl));
    expect(copy).not.toBe(ssl);
    expect([refs(copy), refs(ssl), refs(ctx)]).toEqual([1, 1, 5]);
    expect(visible(copy)).toEqual(visible(ssl));
    const before = visible(copy);
    o.SSL_set_options(ssl, o.SSL_OP_CIPHER_SERVER_PREFERENCE);
    o.SSL_set_verify_depth(ssl, 1);
    expect(visible(copy)).toEqual(before);
    o.SSL_set_max_cert_list(copy, 9000);
    expect(o.SSL_get_max_cert_list(ssl)).toBe(4000);
  });

  it('gives no BIOs and leaves the count of the source’s alone', () => {
    const ssl = there(o.SSL_new(clientCtx()));
    const bio = there(o.BIO_new(o.BIO_s_mem()));
    o.SSL_set_bio(ssl, bio, bio);
    const copy = there(o.SSL_dup(ssl));
    expect([o.SSL_get_rbio(copy), o.SSL_get_wbio(copy), bio.references]).toEqual([null, null, 2]);
  });

  it('shares the session with one reference more', () => {
    const { ssl } = configured();
    const session = o.SSL_SESSION_new();
    o.SSL_set_session(ssl, session);
    const copy = there(o.SSL_dup(ssl));
    expect(o.SSL_get_session(copy)).toBe(session);
    expect(refs(session)).toBe(3);
    o.SSL_free(ssl);
    o.SSL_free(copy);
    expect(refs(session)).toBe(1);
  });

  it('keeps certificates of its own also when a session is set, where 1.1.1 would share them', () => {
    const ssl = there(o.SSL_new(serverCtx()));
    o.SSL_set_session(ssl, o.SSL_SESSION_new());
    const copy = there(o.SSL_dup(ssl));
    o.SSL_set_security_level(copy, 0);
    o.SSL_certs_clear(ssl);
    expect([o.SSL_get_security_level(ssl), o.SSL_get_certificate(ssl)]).toEqual([2, null]);
    expect(o.SSL_get_certificate(copy)).not.toBeNull();
  });

  it('completes a handshake although the source never did, and survives it', () => {
    const { client, server, toClient, toServer } = pairOf();
    const copy = there(o.SSL_dup(client));
    for (const bio of [toClient, toServer]) o.BIO_up_ref(bio);
    o.SSL_set0_rbio(copy, toClient);
    o.SSL_set0_wbio(copy, toServer);
    o.SSL_set_tlsext_host_name(copy, 'server.example');
    o.SSL_free(client);
    expect(connect({ client: copy, server, toClient, toServer })).toBe(true);
    expect(o.SSL_dup(copy)).toBe(copy);
    expect(refs(copy)).toBe(2);
    o.SSL_free(copy);
    o.SSL_free(copy);
    expect(refs(copy)).toBe(0);
  });

  it('returns the same handle with one reference more once the handshake has begun', () => {
    const { client, server } = pairOf();
    expect(o.SSL_connect(client)).toBe(-1);
    expect(o.SSL_get_error(client, -1)).toBe(o.SSL_ERROR_WANT_READ);
    expect([o.SSL_dup(client) === client, refs(client)]).toEqual([true, 2]);
    const waiting = there(o.SSL_new(serverCtx()));
    o.SSL_set_bio(waiting, there(o.BIO_new(o.BIO_s_mem())), there(o.BIO_new(o.BIO_s_mem())));
    expect(o.SSL_accept(waiting)).toBe(-1);
    expect(o.SSL_dup(waiting)).toBe(waiting);
    o.SSL_accept(server);
    expect(o.SSL_dup(server)).toBe(server);
  });

  it('copies what failed before it began: no role, no shutdown', () => {
    const ssl = there(o.SSL_new(there(o.SSL_CTX_new(o.TLS_method()))));
    expect(o.SSL_do_handshake(ssl)).toBe(-1);
    expect(o.ERR_error_string(o.ERR_get_error())).toBe('error:140B4090:SSL routines:SSL_do_handshake:connection type not set');
    expect(o.SSL_shutdown(ssl)).toBe(-1);
    expect(o.ERR_GET_REASON(o.ERR_get_error())).toBe(o.SSL_R_UNINITIALIZED);
    expect(o.SSL_dup(ssl)).not.toBe(ssl);
  });

  it('copies again after SSL_clear and after a role is set anew', () => {
    const { client, server } = connectedPair();
    o.SSL_shutdown(client);
    expect(o.SSL_dup(client)).toBe(client);
    expect(o.SSL_clear(client)).toBe(1);
    expect(o.SSL_dup(client)).not.toBe(client);
    o.SSL_set_accept_state(server);
    expect(o.SSL_dup(server)).not.toBe(server);
  });

  it('keeps the role', () => {
    const ssl = there(o.SSL_new(there(o.SSL_CTX_new(o.TLS_method()))));
    o.SSL_set_connect_state(ssl);
    expect(o.SSL_is_server(there(o.SSL_dup(ssl)))).toBe(0);
    o.SSL_set_accept_state(ssl);
    expect(o.SSL_is_server(there(o.SSL_dup(ssl)))).toBe(1);
  });

  it('comes from the current context', () => {
    const [first, second] = [serverCtx(), serverCtx()];
    const ssl = there(o.SSL_new(first));
    o.SSL_set_SSL_CTX(ssl, second);
    const copy = there(o.SSL_dup(ssl));
    expect(o.SSL_get_SSL_CTX(copy)).toBe(second);
    expect(o.SSL_set_SSL_CTX(copy, null)).toBe(second);
  });

  it('leaves the error queue as it was', () => {
    o.SSL_new(null);
    const { ssl } = configured();
    o.SSL_dup(ssl);
    expect(o.ERR_GET_REASON(o.ERR_get_error())).toBe(o.SSL_R_NULL_SSL_CTX);
    expect(o.ERR_get_error()).toBe(0);
  });
});

describe('ex_data', () => {
  it('is copied at index 0 though no index was registered (D1 of 1.1.1: it fails there)', () => {
    const ssl = there(o.SSL_new(clientCtx()));
    const value = { mine: true };
    expect(o.SSL_set_app_data(ssl, value)).toBe(1);
    expect(o.SSL_get_app_data(there(o.SSL_dup(ssl)))).toBe(value);
  });

  it('runs its callbacks in order, up to the last index that was ever set', () => {
    const events: string[] = [];
    const watch = (name: string, refuse = false): number =>
      o.SSL_get_ex_new_index(
        7,
        name,
        (_parent, ptr, _ad, _idx, argl, argp) => void events.push(`new ${argp} ${argl} ${ptr}`),
        (_to, _from, from_d, _idx, _argl, argp) => {
          events.push(`dup ${argp} ${from_d.value}`);
          if (from_d.value !== undefined) from_d.value = `${from_d.value}'`;
          return refuse ? 0 : 1;
        },
        (_parent, ptr, _ad, _idx, _argl, argp) => void events.push(`free ${argp} ${ptr}`),
      );
    const a = watch('a');
    const b = watch('b');
    const c = watch('c');
    expect([b, c]).toEqual([a + 1, a + 2]);
    const ctx = clientCtx();
    const ssl = there(o.SSL_new(ctx));
    expect(events.splice(0)).toEqual(['new a 7 undefined', 'new b 7 undefined', 'new c 7 undefined']);
    expect(o.SSL_dup(ssl)).not.toBeNull();
    expect(events.splice(0)).toEqual(['new a 7 undefined', 'new b 7 undefined', 'new c 7 undefined']);
    o.SSL_set_ex_data(ssl, b, 'value');
    const copy = there(o.SSL_dup(ssl));
    expect(events.splice(0).slice(3)).toEqual(['dup a undefined', 'dup b value']);
    expect([o.SSL_get_ex_data(ssl, b), o.SSL_get_ex_data(copy, b), o.SSL_get_ex_data(copy, c)]).toEqual(['value', "value'", null]);
    o.SSL_free(copy);
    expect(events.splice(0)).toEqual(['free a undefined', "free b value'", 'free c undefined']);

    const bad = watch('bad', true);
    o.SSL_set_ex_data(ssl, bad, 1);
    const before = refs(ctx);
    events.length = 0;
    expect(o.SSL_dup(ssl)).toBeNull();
    expect(refs(ctx)).toBe(before);
    expect(o.ERR_peek_error()).toBe(0);
    expect(events.filter((event) => event.startsWith('free'))).toHaveLength(4);
  });

  it('has classes of its own for contexts and sessions', () => {
    const freed: unknown[] = [];
    const onCtx = o.SSL_CTX_get_ex_new_index(0, null, null, null, (_parent, ptr) => void freed.push(ptr));
    const onSession = o.SSL_SESSION_get_ex_new_index(
      0,
      null,
      null,
      (_to, _from, d) => (d.value === 'no' ? 0 : 1),
      (_p, ptr) => void freed.push(ptr),
    );
    const ctx = clientCtx();
    expect(o.SSL_CTX_set_ex_data(ctx, onCtx, 'of the context')).toBe(1);
    expect(o.SSL_CTX_get_ex_data(ctx, onCtx)).toBe('of the context');
    expect(o.SSL_CTX_set_ex_data(ctx, 99, 0)).toBe(0);
    o.ERR_clear_error();
    const session = o.SSL_SESSION_new();
    o.SSL_SESSION_set_ex_data(session, onSession, 'of the session');
    const copy = o.SSL_SESSION_dup(session);
    expect(o.SSL_SESSION_get_ex_data(copy, onSession)).toBe('of the session');
    o.SSL_SESSION_free(session);
    o.SSL_CTX_free(ctx);
    expect(freed).toEqual(['of the session', 'of the context']);
  });
});

describe('SSL_clear', () => {
  it('keeps the session of a connection that was shut down, and resumes it', () => {
    const [clients, servers] = [clientCtx(), serverCtx()];
    const { client, server } = connectedPair(clients, servers);
    o.SSL_shutdown(client);
    o.SSL_shutdown(server);
    o.SSL_free(server);
    const session = o.SSL_get_session(client);
    expect(o.SSL_clear(client)).toBe(1);
    expect(o.SSL_get_session(client)).toBe(session);
    expect([o.SSL_get_shutdown(client), o.SSL_in_before(client), o.SSL_want(client)]).toEqual([0, 1, o.SSL_NOTHING]);
    const again = joined(client, there(o.SSL_new(servers)));
    expect(connect(again)).toBe(true);
    expect(o.SSL_session_reused(client)).toBe(1);
  });

  it('drops the session of one that was not: it is bad', () => {
    const clients = clientCtx();
    o.SSL_CTX_set_session_cache_mode(clients, o.SSL_SESS_CACHE_CLIENT);
    const { client } = connectedPair(clients);
    const session = there(o.SSL_get1_session(client));
    expect(o.SSL_CTX_sess_number(clients)).toBeGreaterThan(0);
    expect(o.SSL_clear(client)).toBe(1);
    expect(o.SSL_get_session(client)).toBeNull();
    expect(o.SSL_SESSION_is_resumable(session)).toBe(0);
    expect(refs(session)).toBe(1);
  });

  it('keeps what was configured, the role, the BIOs and ex_data', () => {
    const { client, toClient } = connectedPair();
    const alpn = Uint8Array.of(2, 0x68, 0x32);
    o.SSL_set_app_data(client, 'here');
    o.SSL_set_verify_depth(client, 3);
    expect(o.SSL_set_alpn_protos(client, alpn)).toBe(0);
    o.SSL_clear(client);
    expect([o.SSL_get_verify_depth(client), o.SSL_get_app_data(client), o.SSL_is_server(client)]).toEqual([3, 'here', 0]);
    expect(o.SSL_get_rbio(client)).toBe(toClient);
    expect(o.SSL_get_servername(client, 0)).toBe('server.example');
    expect(o.SSL_get_version(client)).toBe('TLSv1.3');
  });
});

describe('SSL_set_SSL_CTX', () => {
  it('counts references, and the same context changes nothing', () => {
    const [a, b] = [serverCtx(), serverCtx()];
    const ssl = there(o.SSL_new(a));
    expect(o.SSL_set_SSL_CTX(ssl, a)).toBe(a);
    expect([refs(a), refs(b)]).toEqual([3, 1]);
    expect(o.SSL_set_SSL_CTX(ssl, b)).toBe(b);
    expect([refs(a), refs(b)]).toEqual([2, 2]);
    expect(o.SSL_get_SSL_CTX(ssl)).toBe(b);
    expect(o.SSL_set_SSL_CTX(ssl, null)).toBe(a);
    expect([refs(a), refs(b)]).toEqual([3, 1]);
  });

  it('brings the other context’s certificates and security level; options, verification and ALPN stay', () => {
    const other = serverCtx('rsa');
    o.SSL_CTX_set_security_level(other, 1);
    o.SSL_CTX_set_options(other, o.SSL_OP_NO_TICKET);
    o.SSL_CTX_set_verify(other, o.SSL_VERIFY_PEER, null);
    const ssl = there(o.SSL_new(serverCtx()));
    o.SSL_use_certificate(ssl, testCertificate({ key: 'ed25519' }));
    o.SSL_use_PrivateKey(ssl, testKey('ed25519'));
    o.SSL_set_SSL_CTX(ssl, other);
    expect(o.SSL_get_certificate(ssl)).toBe(o.SSL_CTX_get0_certificate(other));
    expect(o.SSL_get_security_level(ssl)).toBe(1);
    expect([o.SSL_get_options(ssl) & o.SSL_OP_NO_TICKET, o.SSL_get_verify_mode(ssl)]).toEqual([0, o.SSL_VERIFY_NONE]);
  });

  it('replaces the session id context only where the connection had its old context’s', () => {
    const [a, b] = [serverCtx(), serverCtx()];
    const id = Uint8Array.of(1, 2, 3);
    o.SSL_CTX_set_session_id_context(b, id);
    const [plain, own] = [there(o.SSL_new(a)), there(o.SSL_new(a))];
    o.SSL_set_session_id_context(own, Uint8Array.of(9));
    for (const ssl of [plain, own]) o.SSL_set_SSL_CTX(ssl, b);
    expect([plain.get('sessionIdContext'), own.get('sessionIdContext')]).toEqual([id, Uint8Array.of(9)]);
    expect(o.SSL_CTX_set_session_id_context(a, new Uint8Array(33))).toBe(0);
    expect(o.ERR_GET_REASON(o.ERR_get_error())).toBe(o.SSL_R_SSL_SESSION_ID_CONTEXT_TOO_LONG);
  });
});
