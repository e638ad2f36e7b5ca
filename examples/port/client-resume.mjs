// A client that keeps the session of one connection, through a file's form, and resumes it with the next. Its peer is Node's own TLS server.
import { once } from 'node:events';
import { connect } from 'node:net';
import { createServer } from 'node:tls';
import {
  BIO_ctrl_pending,
  BIO_free,
  BIO_new,
  BIO_new_mem_buf,
  BIO_read,
  BIO_s_mem,
  BIO_set_mem_eof_return,
  BIO_up_ref,
  BIO_write,
  ERR_error_string,
  ERR_get_error,
  PEM_read_bio_SSL_SESSION,
  PEM_read_bio_X509,
  PEM_write_bio_SSL_SESSION,
  SSL_CTX_free,
  SSL_CTX_get_cert_store,
  SSL_CTX_new,
  SSL_CTX_sess_set_new_cb,
  SSL_CTX_set_session_cache_mode,
  SSL_connect,
  SSL_ERROR_WANT_READ,
  SSL_free,
  SSL_get_error,
  SSL_new,
  SSL_read,
  SSL_SESS_CACHE_CLIENT,
  SSL_SESS_CACHE_NO_INTERNAL,
  SSL_SESSION_free,
  SSL_SESSION_get_ticket_lifetime_hint,
  SSL_session_reused,
  SSL_set_bio,
  SSL_set_session,
  SSL_set_tlsext_host_name,
  SSL_shutdown,
  TLS_client_method,
  X509_STORE_add_cert,
} from 'libssl/openssl';
import { CA_PEM, CERT_PEM, KEY_PEM } from './pki.mjs';

const peer = createServer({ cert: CERT_PEM, key: KEY_PEM }, (socket) => socket.end(socket.isSessionReused() ? 'again' : 'new'));
peer.listen(0, '127.0.0.1');
await once(peer, 'listening');

/** The session as PEM text, as a program would keep it in a file. */
const saved = BIO_new(BIO_s_mem());

const ctx = SSL_CTX_new(TLS_client_method());
X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), PEM_read_bio_X509(BIO_new_mem_buf(CA_PEM)));
SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
SSL_CTX_sess_set_new_cb(ctx, (_ssl, session) => {
  if (BIO_ctrl_pending(saved) === 0 && SSL_SESSION_get_ticket_lifetime_hint(session) > 0) PEM_write_bio_SSL_SESSION(saved, session);
  return 0;
});

function fail(what) {
  console.error(`${what}: ${ERR_error_string(ERR_get_error())}`);
  process.exit(1);
}

/** One connection, with a session to try or without. */
async function visit(session) {
  const socket = connect(peer.address().port, '127.0.0.1');
  await once(socket, 'connect');
  const incoming = socket[Symbol.asyncIterator]();
  const ssl = SSL_new(ctx);
  const rbio = BIO_new(BIO_s_mem());
  const wbio = BIO_new(BIO_s_mem());
  BIO_up_ref(wbio);
  SSL_set_bio(ssl, rbio, wbio);
  SSL_set_tlsext_host_name(ssl, 'localhost');
  if (session !== null && SSL_set_session(ssl, session) !== 1) fail('SSL_set_session');

  const drain = () => {
    const buf = new Uint8Array(BIO_ctrl_pending(wbio));
    if (buf.length > 0) socket.write(buf.subarray(0, BIO_read(wbio, buf)));
  };
  const repeat = async (call) => {
    for (;;) {
      const ret = call();
      const error = SSL_get_error(ssl, ret);
      drain();
      if (error !== SSL_ERROR_WANT_READ) return ret;
      const { value, done } = await incoming.next();
      if (done) BIO_set_mem_eof_return(rbio, 0);
      else BIO_write(rbio, value);
    }
  };

  if ((await repeat(() => SSL_connect(ssl))) !== 1) fail('SSL_connect');
  const buf = new Uint8Array(100);
  const count = await repeat(() => SSL_read(ssl, buf));
  if (count <= 0) fail('SSL_read');
  await repeat(() => SSL_read(ssl, buf));
  SSL_shutdown(ssl);
  drain();
  const visited = { reused: SSL_session_reused(ssl) === 1, text: new TextDecoder().decode(buf.subarray(0, count)) };
  SSL_free(ssl);
  BIO_free(wbio);
  socket.end();
  return visited;
}

const first = await visit(null);
const session = PEM_read_bio_SSL_SESSION(saved, null, null, null);
if (session === null) fail('PEM_read_bio_SSL_SESSION');
const second = await visit(session);
SSL_SESSION_free(session);
SSL_CTX_free(ctx);
peer.close();

if (first.reused || first.text !== 'new' || !second.reused || second.text !== 'again') fail(JSON.stringify([first, second]));
console.log('resumption client, from PEM: OK');
