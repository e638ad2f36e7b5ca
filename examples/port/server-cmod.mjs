// A server in the manner of demos/bio: it accepts over BIOs, and a configuration file sets it up. Its peer is Node's own TLS client.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import {
  BIO_do_accept,
  BIO_do_handshake,
  BIO_free_all,
  BIO_get_accept_port,
  BIO_get_ssl,
  BIO_new_accept,
  BIO_new_ssl,
  BIO_pop,
  BIO_read,
  BIO_set_accept_bios,
  BIO_should_retry,
  BIO_wait,
  CONF_modules_load_file,
  ERR_print_errors_cb,
  SSL_CTX_config,
  SSL_CTX_free,
  SSL_CTX_new,
  SSL_get_cipher_name,
  TLS_server_method,
} from 'libssl/openssl';
import { CA_PEM, CERT_PEM, KEY_PEM } from './pki.mjs';

const folder = mkdtempSync(join(tmpdir(), 'libssl-port-'));
writeFileSync(join(folder, 'server.pem'), CERT_PEM + KEY_PEM, { mode: 0o600 });
writeFileSync(
  join(folder, 'cmod.cnf'),
  `testapp = test_sect
[test_sect]
ssl_conf = ssl_sect
[ssl_sect]
server = server_sect
[server_sect]
Certificate = ${folder}/server.pem
MaxProtocol = TLSv1.2
CipherString = ECDHE+CHACHA20
`,
);

function fail() {
  ERR_print_errors_cb((text) => process.stderr.write(text), null);
  process.exit(1);
}

/** What blocks in C waits here: the call is repeated while the BIO says so. */
async function blocking(bio, call) {
  for (;;) {
    const ret = call();
    if (ret > 0 || !BIO_should_retry(bio)) return ret;
    await BIO_wait(bio);
  }
}

if (CONF_modules_load_file(join(folder, 'cmod.cnf'), 'testapp', 0) <= 0) fail();
const ctx = SSL_CTX_new(TLS_server_method());
if (SSL_CTX_config(ctx, 'server') === 0) fail();

// Each connection gets a copy of this chain in front of its socket.
const acceptor = BIO_new_accept('127.0.0.1:0');
BIO_set_accept_bios(acceptor, BIO_new_ssl(ctx, 0));
if ((await blocking(acceptor, () => BIO_do_accept(acceptor))) <= 0) fail();

const client = connect({ port: Number(BIO_get_accept_port(acceptor)), host: '127.0.0.1', servername: 'localhost', ca: CA_PEM });
client.end('a line for the server\n');

if ((await blocking(acceptor, () => BIO_do_accept(acceptor))) <= 0) fail();
const bio = BIO_pop(acceptor);
if ((await blocking(bio, () => BIO_do_handshake(bio))) <= 0) fail();

let text = '';
for (const buf = new Uint8Array(512); ; ) {
  const count = await blocking(bio, () => BIO_read(bio, buf));
  if (count <= 0) break;
  text += new TextDecoder().decode(buf.subarray(0, count));
}
const cipher = SSL_get_cipher_name(BIO_get_ssl(bio));
BIO_free_all(bio);
BIO_free_all(acceptor);
SSL_CTX_free(ctx);
rmSync(folder, { recursive: true });
client.resume();
await once(client, 'close');

if (text !== 'a line for the server\n') fail();
console.log(`accepting BIOs and a configuration file, ${cipher}: OK`);
