/** `libssl/node`: TLS as streams, with the names and shapes of `node:tls`. */
export { connect } from './connect.ts';
export type { NodeError } from './errors.ts';
export type { FetchStatusOptions } from './fetch-option.ts';
export { type FetchLimits, StatusFetcher } from './fetch-status.ts';
export type { CipherInfo, EphemeralKeyInfo, PeerCertificate } from './negotiated.ts';
export type {
  ALPNCallback,
  CheckServerIdentity,
  ClientPskCallback,
  ConnectOptions,
  FurtherSettings,
  KeyWithPassphrase,
  Material,
  SecureContextOptions,
  ServerOptions,
  ServerPskCallback,
  SNICallback,
  TLSSocketOptions,
} from './options.ts';
export { rootCertificates } from './root-certificates.ts';
export { createSecureContext, SecureContext } from './secure-context.ts';
export { createServer, Server } from './server.ts';
export { TLSSocket } from './tls-socket.ts';
export { resolveTlsa, type TlsaAnswer, type TlsaQuery } from './tlsa.ts';
export { addDirectoryCrls, systemBundle, systemDirectory, type TrustSources, trustStore } from './trust-stores.ts';
