// The handshake of QUIC (RFC 9001) between two ends in memory: handshake bytes and secrets by level, no packets.
import {
  BIO_new_mem_buf,
  PEM_read_bio_PrivateKey,
  PEM_read_bio_X509,
  SSL_CTX_free,
  SSL_CTX_get_cert_store,
  SSL_CTX_new,
  SSL_CTX_set_alpn_select_cb,
  SSL_CTX_set_verify,
  SSL_CTX_use_certificate,
  SSL_CTX_use_PrivateKey,
  SSL_do_handshake,
  SSL_free,
  SSL_get_peer_quic_transport_params,
  SSL_is_init_finished,
  SSL_new,
  SSL_process_quic_post_handshake,
  SSL_provide_quic_data,
  SSL_set_accept_state,
  SSL_set_alpn_protos,
  SSL_set_connect_state,
  SSL_set_quic_method,
  SSL_set_quic_transport_params,
  SSL_set_tlsext_host_name,
  SSL_set1_host,
  SSL_VERIFY_PEER,
  ssl_encryption_application,
  TLS_client_method,
  TLS_server_method,
  X509_STORE_add_cert,
} from 'libssl/openssl';
import { CA_PEM, CERT_PEM, KEY_PEM } from './pki.mjs';

const H3 = Uint8Array.of(2, 0x68, 0x33);

/** One end: what its TLS says is kept until it is delivered. */
function end(ctx, params) {
  const state = { ssl: SSL_new(ctx), sent: [], secrets: {} };
  SSL_set_quic_method(state.ssl, {
    set_read_secret: () => 1,
    set_write_secret: (_ssl, level, _cipher, secret) => {
      state.secrets[level] = secret;
      return 1;
    },
    add_handshake_data: (_ssl, level, data) => {
      state.sent.push({ level, data });
      return 1;
    },
    flush_flight: () => 1,
    send_alert: (_ssl, _level, alert) => {
      throw new Error(`CONNECTION_CLOSE 0x${(0x100 + alert).toString(16)}`);
    },
  });
  SSL_set_quic_transport_params(state.ssl, params);
  return state;
}

function deliver(from, to) {
  for (const { level, data } of from.sent.splice(0)) {
    if (SSL_provide_quic_data(to.ssl, level, data) !== 1) throw new Error(`bytes of level ${level} are not due`);
    if (SSL_is_init_finished(to.ssl)) SSL_process_quic_post_handshake(to.ssl);
    else SSL_do_handshake(to.ssl);
  }
}

const clientCtx = SSL_CTX_new(TLS_client_method());
SSL_CTX_set_verify(clientCtx, SSL_VERIFY_PEER, null);
X509_STORE_add_cert(SSL_CTX_get_cert_store(clientCtx), PEM_read_bio_X509(BIO_new_mem_buf(CA_PEM), null, null, null));
const serverCtx = SSL_CTX_new(TLS_server_method());
SSL_CTX_use_certificate(serverCtx, PEM_read_bio_X509(BIO_new_mem_buf(CERT_PEM), null, null, null));
SSL_CTX_use_PrivateKey(serverCtx, PEM_read_bio_PrivateKey(BIO_new_mem_buf(KEY_PEM), null, null, null));
SSL_CTX_set_alpn_select_cb(serverCtx, () => H3.subarray(1), null);

const client = end(clientCtx, new TextEncoder().encode('parameters of the client'));
const server = end(serverCtx, new TextEncoder().encode('parameters of the server'));
SSL_set_connect_state(client.ssl);
SSL_set_accept_state(server.ssl);
SSL_set_tlsext_host_name(client.ssl, 'localhost');
SSL_set1_host(client.ssl, 'localhost');
SSL_set_alpn_protos(client.ssl, H3);

SSL_do_handshake(client.ssl);
for (let turn = 0; turn < 4; turn++) {
  deliver(client, server);
  deliver(server, client);
}
const complete = SSL_is_init_finished(client.ssl) === 1 && SSL_is_init_finished(server.ssl) === 1;
const heard = new TextDecoder().decode(SSL_get_peer_quic_transport_params(client.ssl));
const { length } = client.secrets[ssl_encryption_application] ?? [];
for (const { ssl } of [client, server]) SSL_free(ssl);
for (const ctx of [clientCtx, serverCtx]) SSL_CTX_free(ctx);

if (!complete || heard !== 'parameters of the server' || length === undefined) throw new Error('the handshake did not end');
console.log(`handshake over QUIC, secrets of ${length} bytes, heard "${heard}": OK`);
