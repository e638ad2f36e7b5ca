// A client over memory BIOs: the program carries the bytes between them and a socket. Its peer is Node's own TLS server.
import { once } from 'node:events';
import { connect } from 'node:net';
import { createServer } from 'node:tls';
import {
  BIO_ctrl_pending,
  BIO_new,
  BIO_new_mem_buf,
  BIO_read,
  BIO_s_mem,
  BIO_set_mem_eof_return,
  BIO_write,
  ERR_error_string,
  ERR_get_error,
  PEM_read_bio_X509,
  SSL_CTX_free,
  SSL_CTX_get_cert_store,
  SSL_CTX_new,
  SSL_CTX_set_verify,
  SSL_connect,
  SSL_ERROR_WANT_READ,
  SSL_ERROR_ZERO_RETURN,
  SSL_free,
  SSL_get_error,
  SSL_get_verify_result,
  SSL_get_version,
  SSL_new,
  SSL_read,
  SSL_set_bio,
  SSL_set_tlsext_host_name,
  SSL_set1_host,
  SSL_shutdown,
  SSL_VERIFY_PEER,
  SSL_write,
  TLS_client_method,
  X509_STORE_add_cert,
  X509_V_OK,
} from 'libssl/openssl';
import { CA_PEM, CERT_PEM, KEY_PEM } from './pki.mjs';

const peer = createServer({ cert: CERT_PEM, key: KEY_PEM }, (socket) => socket.end('HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n'));
peer.listen(0, '127.0.0.1');
await once(peer, 'listening');

const ctx = SSL_CTX_new(TLS_client_method());
SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, null);
X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), PEM_read_bio_X509(BIO_new_mem_buf(CA_PEM)));

const ssl = SSL_new(ctx);
const rbio = BIO_new(BIO_s_mem());
const wbio = BIO_new(BIO_s_mem());
SSL_set_bio(ssl, rbio, wbio);
SSL_set_tlsext_host_name(ssl, 'localhost');
SSL_set1_host(ssl, 'localhost');

const { port } = peer.address();
const socket = connect(port, '127.0.0.1');
await once(socket, 'connect');
const incoming = socket[Symbol.asyncIterator]();

/** What the connection wants to send goes to the socket. */
function drain() {
  const buf = new Uint8Array(BIO_ctrl_pending(wbio));
  if (buf.length > 0) socket.write(buf.subarray(0, BIO_read(wbio, buf)));
}

/** Repeats a call that wants to read with what the socket brings. */
async function repeat(call) {
  for (;;) {
    const ret = call();
    const error = SSL_get_error(ssl, ret);
    drain();
    if (error !== SSL_ERROR_WANT_READ) return ret;
    const { value, done } = await incoming.next();
    if (done) BIO_set_mem_eof_return(rbio, 0);
    else BIO_write(rbio, value);
  }
}

function fail(what) {
  console.error(`${what}: ${ERR_error_string(ERR_get_error())}`);
  process.exit(1);
}

if ((await repeat(() => SSL_connect(ssl))) !== 1) fail('SSL_connect');
if (SSL_get_verify_result(ssl) !== X509_V_OK) fail('SSL_get_verify_result');
await repeat(() => SSL_write(ssl, new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n')));

const buf = new Uint8Array(4096);
let text = '';
// The length says when the answer is whole: this peer does not always send close_notify.
while (!text.includes('\r\n\r\n') || text.length < text.indexOf('\r\n\r\n') + 4 + Number(/Content-Length: (\d+)/.exec(text)?.[1])) {
  const count = await repeat(() => SSL_read(ssl, buf));
  if (count <= 0) fail(SSL_get_error(ssl, count) === SSL_ERROR_ZERO_RETURN ? 'closed early' : 'SSL_read');
  text += new TextDecoder().decode(buf.subarray(0, count));
}
SSL_shutdown(ssl);
drain();
const version = SSL_get_version(ssl);
SSL_free(ssl);
SSL_CTX_free(ctx);
socket.end();
peer.close();

if (!text.endsWith('hello\n')) fail(`read ${JSON.stringify(text)}`);
console.log(`client over memory BIOs, ${version}: OK`);
