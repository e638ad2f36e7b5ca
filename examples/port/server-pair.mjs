// A server over a BIO pair: the connection has one side, the program carries the other side's bytes. Its peer is Node's own TLS client.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import {
  BIO_ctrl_get_write_guarantee,
  BIO_ctrl_pending,
  BIO_free,
  BIO_new_bio_pair,
  BIO_new_mem_buf,
  BIO_read,
  BIO_shutdown_wr,
  BIO_write,
  ERR_error_string,
  ERR_get_error,
  PEM_read_bio_PrivateKey,
  PEM_read_bio_X509,
  SSL_accept,
  SSL_CTX_check_private_key,
  SSL_CTX_free,
  SSL_CTX_new,
  SSL_CTX_use_certificate,
  SSL_CTX_use_PrivateKey,
  SSL_ERROR_WANT_READ,
  SSL_ERROR_WANT_WRITE,
  SSL_free,
  SSL_get_cipher_name,
  SSL_get_error,
  SSL_new,
  SSL_read,
  SSL_set_bio,
  SSL_shutdown,
  SSL_write,
  TLS_server_method,
} from 'libssl/openssl';
import { CA_PEM, CERT_PEM, KEY_PEM } from './pki.mjs';

const ctx = SSL_CTX_new(TLS_server_method());
SSL_CTX_use_certificate(ctx, PEM_read_bio_X509(BIO_new_mem_buf(CERT_PEM)));
SSL_CTX_use_PrivateKey(ctx, PEM_read_bio_PrivateKey(BIO_new_mem_buf(KEY_PEM), null, null, null));
if (SSL_CTX_check_private_key(ctx) !== 1) fail('SSL_CTX_check_private_key');

const listener = createServer();
listener.listen(0, '127.0.0.1');
await once(listener, 'listening');

const client = connect({ port: listener.address().port, host: '127.0.0.1', servername: 'localhost', ca: CA_PEM });
client.write('ping');
const [socket] = await once(listener, 'connection');
const incoming = socket[Symbol.asyncIterator]();

const [internal, network] = BIO_new_bio_pair(0, 0);
const ssl = SSL_new(ctx);
SSL_set_bio(ssl, internal, internal);

/** Carries what the connection has written to the socket. */
function drain() {
  const buf = new Uint8Array(BIO_ctrl_pending(network));
  if (buf.length > 0) socket.write(buf.subarray(0, BIO_read(network, buf)));
}

/** Carries a chunk of the socket's to the connection, as much at a time as the pair takes. */
let chunk = new Uint8Array(0);
async function fill() {
  if (chunk.length === 0) {
    const { value, done } = await incoming.next();
    if (done) {
      BIO_shutdown_wr(network);
      return;
    }
    chunk = value;
  }
  const count = BIO_write(network, chunk, Math.min(chunk.length, BIO_ctrl_get_write_guarantee(network)));
  chunk = chunk.subarray(Math.max(0, count));
}

async function repeat(call) {
  for (;;) {
    const ret = call();
    const error = SSL_get_error(ssl, ret);
    drain();
    if (error === SSL_ERROR_WANT_READ) await fill();
    else if (error !== SSL_ERROR_WANT_WRITE) return ret;
  }
}

function fail(what) {
  console.error(`${what}: ${ERR_error_string(ERR_get_error())}`);
  process.exit(1);
}

if ((await repeat(() => SSL_accept(ssl))) !== 1) fail('SSL_accept');
const buf = new Uint8Array(100);
const count = await repeat(() => SSL_read(ssl, buf));
if (count !== 4) fail('SSL_read');
await repeat(() => SSL_write(ssl, new TextEncoder().encode('pong')));
SSL_shutdown(ssl);
drain();
const [answer] = await once(client, 'data');
const cipher = SSL_get_cipher_name(ssl);
client.end();
socket.end();
listener.close();
SSL_free(ssl);
BIO_free(network);
SSL_CTX_free(ctx);

if (String(answer) !== 'pong') fail(`the client read ${answer}`);
console.log(`server over a BIO pair, ${cipher}: OK`);
