import * as o from '../../src/openssl/index.ts';
import { TEST_TIME, type TestKeyName, testAuthority, testCertificate, testKey } from './pki.ts';

/** A value that must not be null, as C code asserts it. */
export function there<T>(value: T | null): T {
  if (value === null) throw new Error(`null where an object was expected: ${o.ERR_error_string(o.ERR_peek_error())}`);
  return value;
}

/** A server's context with the test certificate. */
export function serverCtx(key: TestKeyName = 'ec256', method: o.SSL_METHOD | null = o.TLS_server_method()): o.SSL_CTX {
  const ctx = there(o.SSL_CTX_new(method));
  o.SSL_CTX_use_certificate(ctx, testCertificate({ key }));
  o.SSL_CTX_use_PrivateKey(ctx, testKey(key));
  return ctx;
}

/** A client's context that trusts the test authority, at the time of its certificates. */
export function clientCtx(method: o.SSL_METHOD | null = o.TLS_client_method()): o.SSL_CTX {
  const ctx = there(o.SSL_CTX_new(method));
  o.X509_STORE_add_cert(o.SSL_CTX_get_cert_store(ctx), testAuthority);
  o.X509_VERIFY_PARAM_set_time(o.SSL_CTX_get0_param(ctx), TEST_TIME);
  return ctx;
}

export interface CPair {
  readonly client: o.SSL;
  readonly server: o.SSL;
  readonly toServer: o.BIO;
  readonly toClient: o.BIO;
}

/** Two connections over memory BIOs; each has its references to both. */
export function joined(client: o.SSL, server: o.SSL): CPair {
  const toServer = there(o.BIO_new(o.BIO_s_mem()));
  const toClient = there(o.BIO_new(o.BIO_s_mem()));
  if (o.SSL_get_servername(client, o.TLSEXT_NAMETYPE_host_name) === null) o.SSL_set_tlsext_host_name(client, 'server.example');
  o.SSL_set_connect_state(client);
  o.SSL_set_accept_state(server);
  o.BIO_up_ref(toServer);
  o.BIO_up_ref(toClient);
  o.SSL_set_bio(client, toClient, toServer);
  o.SSL_set_bio(server, toServer, toClient);
  return { client, server, toServer, toClient };
}

export const pairOf = (client: o.SSL_CTX = clientCtx(), server: o.SSL_CTX = serverCtx()): CPair =>
  joined(there(o.SSL_new(client)), there(o.SSL_new(server)));

/** Goes on by turns until both sides are connected; whether they are. Reading takes in what comes after the handshake. */
export function connect({ client, server }: CPair): boolean {
  const nothing = new Uint8Array(1);
  for (let turn = 0; turn < 20; turn++) {
    const results = [o.SSL_do_handshake(client), o.SSL_do_handshake(server)];
    if (results[0] === 1 && results[1] === 1) {
      o.SSL_read(client, nothing, 0);
      o.SSL_peek(client, nothing);
      o.ERR_clear_error();
      return true;
    }
    const stuck = [client, server].filter((ssl, i) => results[i] !== 1 && !WAITING.has(o.SSL_get_error(ssl, results[i] ?? -1)));
    if (stuck.length > 0) return false;
  }
  return false;
}

const WAITING: ReadonlySet<number> = new Set([
  o.SSL_ERROR_WANT_READ,
  o.SSL_ERROR_WANT_WRITE,
  o.SSL_ERROR_WANT_X509_LOOKUP,
  o.SSL_ERROR_WANT_CLIENT_HELLO_CB,
]);

/** A connected pair. */
export function connectedPair(client?: o.SSL_CTX, server?: o.SSL_CTX): CPair {
  const pair = pairOf(client, server);
  if (!connect(pair)) throw new Error(`not connected: ${o.ERR_error_string(o.ERR_peek_error())} ${o.ERR_peek_error_line_data()?.data}`);
  return pair;
}

/** Text that one side can read now. */
export function readText(ssl: o.SSL): string {
  const buf = new Uint8Array(70_000);
  const count = o.SSL_read(ssl, buf);
  return count > 0 ? new TextDecoder().decode(buf.subarray(0, count)) : '';
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
