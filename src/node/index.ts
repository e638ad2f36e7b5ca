/** `libssl/node`: TLS as streams, with the names and shapes of `node:tls`. */
import { convertALPNProtocols } from './alpn.ts';
import { getCertificateCompressionAlgorithms, getCiphers } from './capabilities.ts';
import { connect } from './connect.ts';
import { type Defaults, defaults } from './defaults.ts';
import { type Functions, tls } from './module-object.ts';
import { bundledCertificates, getCACertificates, rootCertificates, setDefaultCACertificates } from './root-certificates.ts';
import { createSecureContext, SecureContext } from './secure-context.ts';
import { createServer, Server } from './server.ts';
import { checkServerIdentity } from './server-identity.ts';
import { TLSSocket } from './tls-socket.ts';

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
  OnRead,
  PfxWithPassphrase,
  SecureContextOptions,
  ServerOptions,
  ServerPskCallback,
  SNICallback,
  TLSSocketOptions,
} from './options.ts';
export type { SecureConnectionListener } from './server.ts';
export { type SessionChannel, SessionKeeper, type SessionKeeperOptions, type SharedSettings, sharedSessions } from './shared-sessions.ts';
export { systemBundle } from './system-bundle.ts';
export { resolveTlsa, type TlsaAnswer, type TlsaQuery } from './tlsa.ts';
export { addDirectoryCrls, systemDirectory, type TrustSources, trustStore } from './trust-stores.ts';
export {
  checkServerIdentity,
  connect,
  convertALPNProtocols,
  createSecureContext,
  createServer,
  getCACertificates,
  getCertificateCompressionAlgorithms,
  getCiphers,
  rootCertificates,
  SecureContext,
  Server,
  setDefaultCACertificates,
  TLSSocket,
};

/** What each was when this was loaded: those who mean to change them do it on the default export, as with `node:tls`. */
export const CLIENT_RENEG_LIMIT: number = defaults.CLIENT_RENEG_LIMIT;
export const CLIENT_RENEG_WINDOW: number = defaults.CLIENT_RENEG_WINDOW;
export const DEFAULT_CIPHERS: string = defaults.DEFAULT_CIPHERS;
export const DEFAULT_ECDH_CURVE: string = defaults.DEFAULT_ECDH_CURVE;
export const DEFAULT_MIN_VERSION: string = defaults.DEFAULT_MIN_VERSION;
export const DEFAULT_MAX_VERSION: string = defaults.DEFAULT_MAX_VERSION;

const functions: Functions = {
  getCiphers,
  getCertificateCompressionAlgorithms,
  getCACertificates,
  setDefaultCACertificates,
  convertALPNProtocols,
  checkServerIdentity,
  createSecureContext,
  SecureContext,
  TLSSocket,
  Server,
  createServer,
  connect,
};

Object.defineProperties(Object.assign(tls, functions), {
  rootCertificates: { enumerable: true, get: bundledCertificates },
  ...Object.fromEntries(
    (Object.keys(defaults) as (keyof Defaults)[]).map((name) => [
      name,
      { enumerable: true, get: () => defaults[name], set: (value: never) => Object.assign(defaults, { [name]: value }) },
    ]),
  ),
});

export { tls as default, tls as 'module.exports' };
