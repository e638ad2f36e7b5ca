/**
 * OpenSSL's libssl by its C names, over the objects of `libssl`. Names and the order of arguments are C's; a pointer with a length is
 * one `Uint8Array`, `NULL` is null, an out-parameter is the result, and where the result says more it is an `Out<T>`. Failures are on
 * the error queue. docs/openssl-names.md lists every function.
 */
export * from './alerts.ts';
export * from './alpn-sni.ts';
export * from './bio.ts';
export * from './bio-net.ts';
export * from './bio-ssl.ts';
export * from './cert-compression.ts';
export * from './certificates.ts';
export * from './ciphers.ts';
export * from './conf.ts';
export * from './constants.ts';
export * from './constants-reasons.ts';
export * from './credentials.ts';
export * from './ctrl.ts';
export * from './ctx.ts';
export * from './custom-extensions.ts';
export * from './dane.ts';
export * from './dtls.ts';
export * from './early-data.ts';
export * from './ech.ts';
export * from './err.ts';
export type { ErrorEntry } from './errors.ts';
export * from './ex-data.ts';
export * from './groups.ts';
export * from './handshake.ts';
export * from './info.ts';
export * from './io.ts';
export * from './method.ts';
export * from './names-ca.ts';
export {
  CONF,
  CONF_modules_load_file,
  type CONF_VALUE,
  NCONF_free,
  NCONF_get_section,
  NCONF_get_string,
  NCONF_load,
  NCONF_new,
  SSL_CTX_config,
  SSL_config,
} from './nconf.ts';
export * from './options.ts';
export type { pem_password_cb } from './password.ts';
export * from './pem.ts';
export * from './psk.ts';
export * from './quic.ts';
export * from './raw-keys.ts';
export * from './security.ts';
export * from './sessions.ts';
export * from './sigalgs.ts';
export { BIO_get_fd, BIO_new_socket, BIO_s_socket, BIO_set_fd, type Descriptor } from './socket.ts';
export * from './ssl.ts';
export * from './stack.ts';
export * from './status.ts';
export * from './tickets.ts';
export * from './types.ts';
export * from './verify.ts';
export * from './x509.ts';
