/**
 * The object that `import tls from` and `require` give. Its functions ask it for one another, as those of `node:tls` do: a program may put its own in
 * the place of `createSecureContext` or `checkServerIdentity`, and change the defaults.
 */

import type { convertALPNProtocols } from './alpn.ts';
import type { getCertificateCompressionAlgorithms, getCiphers } from './capabilities.ts';
import type { connect } from './connect.ts';
import type { Defaults } from './defaults.ts';
import type { getCACertificates, setDefaultCACertificates } from './root-certificates.ts';
import type { createSecureContext, SecureContext } from './secure-context.ts';
import type { createServer, Server } from './server.ts';
import type { checkServerIdentity } from './server-identity.ts';
import type { TLSSocket } from './tls-socket.ts';

/** What of it can be replaced. */
export interface Functions {
  getCiphers: typeof getCiphers;
  getCertificateCompressionAlgorithms: typeof getCertificateCompressionAlgorithms;
  getCACertificates: typeof getCACertificates;
  setDefaultCACertificates: typeof setDefaultCACertificates;
  convertALPNProtocols: typeof convertALPNProtocols;
  checkServerIdentity: typeof checkServerIdentity;
  createSecureContext: typeof createSecureContext;
  SecureContext: typeof SecureContext;
  TLSSocket: typeof TLSSocket;
  Server: typeof Server;
  createServer: typeof createServer;
  connect: typeof connect;
}

export interface Tls extends Functions, Defaults {
  readonly rootCertificates: readonly string[];
}

/** Filled by the module itself, when all of its parts are there. */
export const tls: Tls = {} as Tls;
