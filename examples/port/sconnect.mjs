// A client in the manner of demos/bio: a chain of BIOs that buffers, speaks TLS and connects. Its peer is Node's own TLS server.
import { once } from 'node:events';
import { createServer } from 'node:tls';
import {
  BIO_do_handshake,
  BIO_flush,
  BIO_free_all,
  BIO_get_ssl,
  BIO_new_buffer_ssl_connect,
  BIO_new_mem_buf,
  BIO_puts,
  BIO_read,
  BIO_set_conn_hostname,
  BIO_should_retry,
  BIO_wait,
  ERR_print_errors_cb,
  PEM_read_bio_X509,
  SSL_CTX_free,
  SSL_CTX_get_cert_store,
  SSL_CTX_new,
  SSL_get_version,
  SSL_set_tlsext_host_name,
  TLS_client_method,
  X509_STORE_add_cert,
} from 'libssl/openssl';
import { CA_PEM, CERT_PEM, KEY_PEM } from './pki.mjs';

const peer = createServer({ cert: CERT_PEM, key: KEY_PEM, minVersion: 'TLSv1.3' }, (socket) =>
  socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nhello\n')),
);
peer.listen(0, '127.0.0.1');
await once(peer, 'listening');

const ctx = SSL_CTX_new(TLS_client_method());
X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), PEM_read_bio_X509(BIO_new_mem_buf(CA_PEM)));

const out = BIO_new_buffer_ssl_connect(ctx);
BIO_set_conn_hostname(out, `127.0.0.1:${peer.address().port}`);
const ssl = BIO_get_ssl(out);
SSL_set_tlsext_host_name(ssl, 'localhost');

/** What blocks in C waits here: the call is repeated while the BIO says so. */
async function blocking(call) {
  for (;;) {
    const ret = call();
    if (ret > 0 || !BIO_should_retry(out)) return ret;
    await BIO_wait(out);
  }
}

function fail() {
  ERR_print_errors_cb((text) => process.stderr.write(text), null);
  process.exit(1);
}

if ((await blocking(() => BIO_do_handshake(out))) <= 0) fail();
BIO_puts(out, 'GET / HTTP/1.0\r\n\r\n');
if ((await blocking(() => BIO_flush(out))) <= 0) fail();

let text = '';
for (const buf = new Uint8Array(1024 * 10); ; ) {
  const count = await blocking(() => BIO_read(out, buf));
  if (count <= 0) break;
  text += new TextDecoder().decode(buf.subarray(0, count));
}
const version = SSL_get_version(ssl);
BIO_free_all(out);
SSL_CTX_free(ctx);
peer.close();

if (!text.endsWith('hello\n')) fail();
console.log(`a chain of BIOs that connects, ${version}: OK`);
