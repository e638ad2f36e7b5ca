import { beforeEach, describe, expect, it } from 'vitest';
import { bytes, clientCtx, connect, connectedPair, pairOf, serverCtx, there } from '../../test/support/openssl.ts';
import { testCertificate, testKey } from '../../test/support/pki.ts';
import * as o from './index.ts';

beforeEach(() => o.ERR_clear_error());

const reason = (): string | null => o.ERR_reason_error_string(o.ERR_peek_error());
const RPK = Uint8Array.of(o.TLSEXT_cert_type_rpk);
const BOTH = Uint8Array.of(o.TLSEXT_cert_type_rpk, o.TLSEXT_cert_type_x509);

describe('raw public keys by OpenSSL 3.2’s names', () => {
  it('are asked for, shown and expected', () => {
    const [client, server] = [clientCtx(), serverCtx()];
    expect([o.SSL_CTX_set1_server_cert_type(client, RPK), o.SSL_CTX_set1_server_cert_type(server, BOTH)]).toEqual([1, 1]);
    const pair = pairOf(client, server);
    expect(o.SSL_add_expected_rpk(pair.client, testKey('ec256'))).toBe(1);
    expect(connect(pair)).toBe(true);
    expect(o.SSL_get_verify_result(pair.client)).toBe(o.X509_V_OK);
    const types = [pair.client, pair.server].map((ssl) => [
      o.SSL_get_negotiated_server_cert_type(ssl),
      o.SSL_get_negotiated_client_cert_type(ssl),
    ]);
    expect(types).toEqual([
      [2, 0],
      [2, 0],
    ]);
    const key = there(o.SSL_get0_peer_rpk(pair.client));
    expect(o.i2d_PUBKEY(key)).toEqual(testCertificate().spki);
    expect([o.SSL_get0_peer_rpk(pair.server), o.SSL_get_peer_certificate(pair.client)]).toEqual([null, null]);
    const session = there(o.SSL_get1_session(pair.client));
    expect(o.i2d_PUBKEY(there(o.SSL_SESSION_get0_peer_rpk(session)))).toEqual(testCertificate().spki);
    o.SSL_SESSION_free(session);
  });

  it('fail against another expected key', () => {
    const client = clientCtx();
    o.SSL_CTX_set1_server_cert_type(client, RPK);
    const server = serverCtx();
    o.SSL_CTX_set1_server_cert_type(server, RPK);
    const pair = pairOf(client, server);
    o.SSL_add_expected_rpk(pair.client, testKey('rsa'));
    expect([connect(pair), o.SSL_get_verify_result(pair.client)]).toEqual([false, o.X509_V_ERR_DANE_NO_MATCH]);
  });

  it('are set and read per context and connection; null takes it back, and nonsense changes nothing', () => {
    const ctx = clientCtx();
    expect(o.SSL_CTX_get0_client_cert_type(ctx)).toBeNull();
    o.SSL_CTX_set1_client_cert_type(ctx, BOTH);
    const ssl = there(o.SSL_new(ctx));
    expect([o.SSL_get0_client_cert_type(ssl), o.SSL_CTX_get0_server_cert_type(ctx)]).toEqual([BOTH, null]);
    expect([o.SSL_set1_client_cert_type(ssl, Uint8Array.of(2, 2)), o.SSL_set1_client_cert_type(ssl, Uint8Array.of(1))]).toEqual([0, 0]);
    expect(o.SSL_get0_client_cert_type(ssl)).toEqual(BOTH);
    expect([o.SSL_set1_client_cert_type(ssl, null), o.SSL_get0_client_cert_type(ssl)]).toEqual([1, null]);
    expect([o.SSL_set1_server_cert_type(ssl, RPK), o.SSL_get0_server_cert_type(ssl)]).toEqual([1, RPK]);
    expect(o.SSL_CTX_get0_client_cert_type(ctx)).toEqual(BOTH);
    expect([o.SSL_get_negotiated_server_cert_type(ssl), o.SSL_get0_peer_rpk(ssl)]).toEqual([0, null]);
    expect([o.d2i_PUBKEY(bytes('none')), reason()]).toEqual([null, 'cannot parse public key']);
    o.SSL_free(ssl);
  });
});

const certified = (key: 'ec256' | 'rsa'): o.SSL_CREDENTIAL => {
  const cred = o.SSL_CREDENTIAL_new_x509();
  expect(o.SSL_CREDENTIAL_is_complete(cred)).toBe(0);
  expect(o.SSL_CREDENTIAL_set1_cert_chain(cred, [testCertificate({ key }).der])).toBe(1);
  expect(o.SSL_CREDENTIAL_set1_private_key(cred, testKey(key))).toBe(1);
  expect(o.SSL_CREDENTIAL_is_complete(cred)).toBe(1);
  return cred;
};

describe('SSL_CREDENTIAL', () => {
  it('is selected in the order of the list, which SSL_new takes over', () => {
    const server = there(o.SSL_CTX_new(o.TLS_server_method()));
    const [rsa, ec] = [certified('rsa'), certified('ec256')];
    expect(o.SSL_CREDENTIAL_set1_signing_algorithm_prefs(rsa, [0x0806])).toBe(1);
    expect([o.SSL_CTX_add1_credential(server, rsa), o.SSL_CTX_add1_credential(server, ec)]).toEqual([1, 1]);
    expect(o.SSL_get0_selected_credential(connectedPair(clientCtx(), server).server)).toBe(rsa);
    const client = clientCtx();
    o.SSL_CTX_set1_sigalgs_list(client, 'rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256');
    expect(o.SSL_get0_selected_credential(connectedPair(client, server).server)).toBe(ec);
    o.SSL_CREDENTIAL_free(rsa);
    o.SSL_CREDENTIAL_free(ec);
    expect(() => o.SSL_CREDENTIAL_is_complete(rsa)).toThrow();
  });

  it('delivers its own staples, and is for peers alone that know its issuer where that is said', () => {
    const server = there(o.SSL_CTX_new(o.TLS_server_method()));
    const [gated, other] = [certified('ec256'), certified('rsa')];
    o.SSL_CREDENTIAL_set_must_match_issuer(gated, 1);
    expect([
      o.SSL_CREDENTIAL_set1_ocsp_response(other, bytes('response')),
      o.SSL_CREDENTIAL_set1_signed_cert_timestamp_list(other, bytes('list')),
    ]).toEqual([1, 1]);
    for (const cred of [gated, other]) o.SSL_CTX_add1_credential(server, cred);
    const client = clientCtx();
    o.SSL_CTX_set_tlsext_status_type(client, o.TLSEXT_STATUSTYPE_ocsp);
    o.SSL_CTX_set_verify(client, o.SSL_VERIFY_NONE, null);
    const pair = connectedPair(client, server);
    expect(o.SSL_get0_selected_credential(pair.server)).toBe(other);
    expect(pair.client.connection?.ocspResponse).toEqual(bytes('response'));
    const knows = clientCtx();
    o.SSL_CTX_set0_CA_list(knows, [testCertificate().issuer]);
    expect(o.SSL_get0_selected_credential(connectedPair(knows, server).server)).toBe(gated);
  });

  it('may be a raw public key, or a pre-shared one', () => {
    const key = new Uint8Array(32).fill(7);
    const psk = there(o.SSL_CREDENTIAL_new_pre_shared_key(key, bytes('device'), 'sha256', bytes('context')));
    expect(o.SSL_CREDENTIAL_get0_pre_shared_key_id(psk)).toEqual(bytes('device'));
    expect(o.SSL_CREDENTIAL_set1_private_key(psk, testKey('rsa'))).toBe(0);
    const raw = o.SSL_CREDENTIAL_new_raw_public_key(testKey('ec256'));
    expect([o.SSL_CREDENTIAL_is_complete(raw), o.SSL_CREDENTIAL_set1_cert_chain(raw, [testCertificate()])]).toEqual([1, 0]);
    const server = there(o.SSL_CTX_new(o.TLS_server_method()));
    for (const cred of [psk, raw]) expect(o.SSL_CTX_add1_credential(server, cred)).toBe(1);
    const knows = clientCtx();
    o.SSL_CTX_add1_credential(knows, psk);
    const pair = connectedPair(knows, server);
    expect([o.SSL_get0_selected_credential(pair.client), o.SSL_get0_selected_credential(pair.server)]).toEqual([psk, psk]);
    const expects = clientCtx();
    o.SSL_CTX_set1_server_cert_type(expects, RPK);
    const other = pairOf(expects, server);
    o.SSL_add_expected_rpk(other.client, testKey('ec256'));
    expect(connect(other)).toBe(true);
    expect(o.SSL_get0_selected_credential(other.server)).toBe(raw);
  });

  it('may be a delegated one, which is refused where its structure is', () => {
    const cred = o.SSL_CREDENTIAL_new_delegated();
    expect(o.SSL_CREDENTIAL_set1_cert_chain(cred, [testCertificate()])).toBe(1);
    expect(o.SSL_CREDENTIAL_set1_private_key(cred, testKey('ed25519'))).toBe(1);
    expect(o.SSL_CREDENTIAL_set1_delegated_credential(cred, bytes('none'))).toBe(1);
    const ctx = there(o.SSL_CTX_new(o.TLS_server_method()));
    expect([o.SSL_CTX_add1_credential(ctx, cred), reason()]).toEqual([0, 'bad setting value']);
    o.ERR_clear_error();
    const other = o.SSL_CREDENTIAL_new_x509();
    expect([o.SSL_CREDENTIAL_set1_delegated_credential(other, bytes('none')), reason()]).toEqual([0, 'unknown certificate type']);
  });

  it('is refused incomplete, with another’s key, or as an empty pre-shared key', () => {
    const ssl = there(o.SSL_new(clientCtx()));
    expect([o.SSL_add1_credential(ssl, o.SSL_CREDENTIAL_new_x509()), reason()]).toEqual([0, 'no certificate set']);
    o.ERR_clear_error();
    const mixed = certified('ec256');
    o.SSL_CREDENTIAL_set1_private_key(mixed, testKey('rsa'));
    expect([o.SSL_add1_credential(ssl, mixed), reason()]).toEqual([0, 'bad value']);
    expect(o.SSL_CREDENTIAL_new_pre_shared_key(new Uint8Array(), bytes('x'), 'sha256', bytes(''))).toBeNull();
    expect(o.SSL_get0_selected_credential(ssl)).toBeNull();
    o.SSL_certs_clear(ssl);
    o.SSL_free(ssl);
  });
});
