/** The options of `node:tls` by their names, what they are, and which of them are known at all. */
import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { SslContextOptions } from '../ssl/context.ts';
import type { FetchStatusOptions } from './fetch-option.ts';
import type { PeerCertificate } from './negotiated.ts';
import type { SecureContext } from './secure-context.ts';
import type { TLSSocket } from './tls-socket.ts';

/** PEM or DER, text or bytes. */
export type Material = string | Uint8Array | DataView;

export interface KeyWithPassphrase {
  readonly pem: Material;
  readonly passphrase?: string | undefined;
}

export interface PfxWithPassphrase {
  readonly buf: Material;
  readonly passphrase?: string | undefined;
}

/** Settings of `libssl` that `node:tls` has no name for, by the names of `SETTINGS`, and the provider, clock and signer of a context. */
export type FurtherSettings = Omit<SslContextOptions, 'role' | 'cert' | 'ca'>;

/** What `createSecureContext` takes, and `connect` and `createServer` with it. */
export interface SecureContextOptions {
  /** Trust anchors in place of the runtime's own. */
  readonly ca?: Material | readonly Material[] | undefined;
  /** Certificate chain, leaf first; several for several kinds of key. */
  readonly cert?: Material | readonly Material[] | undefined;
  readonly key?: Material | KeyObject | readonly (Material | KeyWithPassphrase)[] | undefined;
  readonly passphrase?: string | undefined;
  /** PKCS #12: certificate, key and authorities in one, opened by its own or the shared passphrase. Its authorities are trusted as well, as in Node. */
  readonly pfx?: Material | readonly (Material | PfxWithPassphrase)[] | undefined;
  /** Certificate revocation lists; every certificate of a chain is then looked for in them. */
  readonly crl?: Material | readonly Material[] | undefined;
  /** Suites joined by colons; for TLS 1.3 those that begin with `TLS_`. */
  readonly ciphers?: string | undefined;
  /** Groups joined by colons, or `auto`. */
  readonly ecdhCurve?: string | undefined;
  readonly sigalgs?: string | undefined;
  readonly minVersion?: string | undefined;
  readonly maxVersion?: string | undefined;
  /** `TLSv1_3_method` and its like; `minVersion` and `maxVersion` say the same better. */
  readonly secureProtocol?: string | undefined;
  /** SSL_OP_* bits to add. */
  readonly secureOptions?: number | undefined;
  readonly honorCipherOrder?: boolean | undefined;
  readonly sessionIdContext?: string | undefined;
  /** Seconds. */
  readonly sessionTimeout?: number | undefined;
  /** 48 bytes as in Node, or 80 as in OpenSSL; of a list the first seals, and all open. */
  readonly ticketKeys?: Uint8Array | readonly Uint8Array[] | undefined;
  /** Refused: there are no engines. A key that lies elsewhere is an object that signs, `ssl: { key }`. */
  readonly privateKeyIdentifier?: string | undefined;
  readonly privateKeyEngine?: string | undefined;
  readonly clientCertEngine?: string | undefined;
  /** Node's own mark of a context for one connection; it says nothing here. */
  readonly singleUse?: boolean | undefined;
  readonly allowPartialTrustChain?: boolean | undefined;
  /** Server, TLS 1.2 and below: PEM or DER of a finite-field group, or `auto` for those of RFC 7919, as it is without this. */
  readonly dhparam?: Material | undefined;
  /** Server, TLS 1.2 and below: what it says to help a client choose its pre-shared key; at most 128 bytes. */
  readonly pskIdentityHint?: string | undefined;
  /** Names of algorithms (`zlib`, `brotli`, `zstd`) for certificates in TLS 1.3, best first (RFC 8879); none unless said. */
  readonly certificateCompression?: readonly string[] | undefined;
  /** Client: ECHConfigList of the server, or its base64 as in the `ech` parameter of an HTTPS record (RFC 9849). */
  readonly echConfigList?: Uint8Array | string | undefined;
  /** Client: look like one that has such a list. */
  readonly echGrease?: boolean | undefined;
  /** Server: PEM files with a private key and its configs (RFC 9934), best first; clients are told of all of them. */
  readonly echKeys?: Material | readonly Material[] | undefined;
  /** Fetch over HTTP what certificates point at: missing issuers, CRLs, OCSP responses, and those to staple. Off unless said; see `FetchStatusOptions`. */
  readonly fetchStatus?: boolean | FetchStatusOptions | undefined;
  readonly ssl?: FurtherSettings | undefined;
}

export type SNICallback = (servername: string, callback: (error: Error | null, context?: SecureContext) => void) => void;
export type ALPNCallback = (offer: { readonly servername: string; readonly protocols: readonly string[] }) => string | undefined;
export type ClientPskCallback = (hint: string | null) => { readonly psk: ArrayBufferView; readonly identity: string } | null | undefined;
export type ServerPskCallback = (
  socket: TLSSocket,
  identity: string,
) => ArrayBufferView | { readonly psk: ArrayBufferView } | null | undefined;
export type CheckServerIdentity = (host: string, certificate: PeerCertificate) => Error | undefined;

/** What one connection takes, whichever side it is. */
export interface ConnectionOptions {
  readonly secureContext?: SecureContext | undefined;
  readonly isServer?: boolean | undefined;
  /** Names, best first, or their wire form. */
  readonly ALPNProtocols?: readonly (string | ArrayBufferView)[] | ArrayBufferView | undefined;
  readonly requestCert?: boolean | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
  readonly allowHalfOpen?: boolean | undefined;
  /** Milliseconds, 120,000 unless said; 0: never. */
  readonly handshakeTimeout?: number | undefined;
  readonly highWaterMark?: number | undefined;
  /** Server: demand a cookie of every client before anything is kept of it (SSL_stateless(3)); TLS 1.3 only. */
  readonly stateless?: boolean | undefined;
  /** Take an end of the transport without close_notify for the failure it may be; without this it is an end, and `truncated` tells. */
  readonly requireCloseNotify?: boolean | undefined;
  /** Write what is sent and received to the standard error stream. */
  readonly enableTrace?: boolean | undefined;
}

/** What `renegotiate` takes: on a server, whether the client is asked for a certificate now, and whether it must have a good one. */
export type RenegotiationOptions = Pick<ConnectionOptions, 'requestCert' | 'rejectUnauthorized'>;

export interface TLSSocketOptions extends SecureContextOptions, ConnectionOptions {
  readonly server?: unknown;
  readonly SNICallback?: SNICallback | undefined;
  readonly ALPNCallback?: ALPNCallback | undefined;
  readonly pskCallback?: ClientPskCallback | ServerPskCallback | undefined;
  readonly servername?: string | null | undefined;
  readonly host?: string | undefined;
  readonly session?: Uint8Array | string | null | undefined;
  readonly requestOCSP?: boolean | undefined;
  readonly checkServerIdentity?: CheckServerIdentity | undefined;
  /** Client: 0-RTT data for the first flight. It may be replayed; whether it was taken, `earlyData` says afterwards. */
  readonly earlyData?: Uint8Array | undefined;
  /** Least bits of a Diffie-Hellman group of TLS 1.2; 1024 unless said. */
  readonly minDHSize?: number | undefined;
  /** Ends the connection when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** A buffer that what arrives is copied into, and who is told, in place of 'data'. */
  readonly onread?: OnRead | undefined;
}

/** As in node:net: `callback` is told how many bytes of `buffer` are new; false: it wants no more until `resume`. */
export interface OnRead {
  readonly buffer: Uint8Array | (() => Uint8Array);
  readonly callback: (bytesWritten: number, buffer: Uint8Array) => boolean | undefined;
}

export interface ConnectOptions extends TLSSocketOptions {
  readonly port?: number | string | undefined;
  readonly path?: string | null | undefined;
  /** A stream to run over in place of a new TCP connection. */
  readonly socket?: Duplex | null | undefined;
  readonly pskCallback?: ClientPskCallback | undefined;
  /** Milliseconds of the idle timeout. */
  readonly timeout?: number | undefined;
}

export interface ServerOptions extends SecureContextOptions, ConnectionOptions {
  readonly SNICallback?: SNICallback | undefined;
  readonly ALPNCallback?: ALPNCallback | undefined;
  readonly pskCallback?: ServerPskCallback | undefined;
  readonly noDelay?: boolean | undefined;
  readonly keepAlive?: boolean | undefined;
  readonly keepAliveInitialDelay?: number | undefined;
  readonly pauseOnConnect?: boolean | undefined;
}

/** Milliseconds (`node:tls` has the same for servers). */
export const DEFAULT_HANDSHAKE_TIMEOUT = 120_000;

const OF_CONTEXTS = [
  'ca',
  'cert',
  'key',
  'passphrase',
  'pfx',
  'crl',
  'ciphers',
  'ecdhCurve',
  'sigalgs',
  'minVersion',
  'maxVersion',
  'secureProtocol',
  'secureOptions',
  'honorCipherOrder',
  'sessionIdContext',
  'sessionTimeout',
  'ticketKeys',
  'allowPartialTrustChain',
  'dhparam',
  'pskIdentityHint',
  'certificateCompression',
  'echConfigList',
  'echGrease',
  'echKeys',
  'fetchStatus',
  'ssl',
  'privateKeyIdentifier',
  'privateKeyEngine',
  'clientCertEngine',
  'singleUse',
];
const OF_CONNECTIONS = [
  'secureContext',
  'isServer',
  'ALPNProtocols',
  'requestCert',
  'rejectUnauthorized',
  'allowHalfOpen',
  'handshakeTimeout',
  'stateless',
  'server',
  'SNICallback',
  'ALPNCallback',
  'pskCallback',
  'servername',
  'host',
  'session',
  'requestOCSP',
  'checkServerIdentity',
  'earlyData',
  'requireCloseNotify',
  'minDHSize',
  'enableTrace',
  'pauseOnConnect',
  'socket',
  'timeout',
];
/** What node:net and node:stream take, and what node:http and node:http2 pass along with their own. */
const OF_OTHERS = [
  'port',
  'path',
  'localAddress',
  'localPort',
  'family',
  'hints',
  'lookup',
  'noDelay',
  'keepAlive',
  'keepAliveInitialDelay',
  'signal',
  'onread',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'highWaterMark',
  'readable',
  'writable',
  'fd',
  'backlog',
  'exclusive',
  'ipv6Only',
  'reusePort',
  'typeOfService',
  'blockList',
  'agent',
  'agentKey',
  'agentKeepAliveTimeoutBuffer',
  '_agentKey',
  'auth',
  'createConnection',
  'defaultPort',
  'encoding',
  'headers',
  'hash',
  'hostname',
  'href',
  'insecureHTTPParser',
  'joinDuplicateHeaders',
  'httpValidation',
  'keepAliveMsecs',
  'maxFreeSockets',
  'maxHeaderSize',
  'maxSockets',
  'maxTotalSockets',
  'maxCachedSessions',
  'method',
  'nodelay',
  'origin',
  'password',
  'pathname',
  'protocol',
  'proxyEnv',
  'query',
  'scheduling',
  'search',
  'searchParams',
  'setDefaultHeaders',
  'setHost',
  'slashes',
  'socketPath',
  'uniqueHeaders',
  'url',
  'username',
  'agentRemoveSocket',
  '_defaultAgent',
  ...['allowHTTP1', 'settings', 'unknownProtocolTimeout', 'maxDeflateDynamicTableSize', 'maxSettings', 'maxSessionMemory'],
  ...['maxOutstandingPings', 'maxSendHeaderBlockLength', 'paddingStrategy', 'peerMaxConcurrentStreams', 'maxSessionInvalidFrames'],
  ...['maxHeaderListPairs', 'maxSessionRejectedStreams', 'remoteCustomSettings', 'strictFieldWhitespaceValidation'],
  ...['strictSingleValueFields', 'http1Options', 'origins', 'maxOriginSetSize'],
  ...['Http1IncomingMessage', 'Http1ServerResponse', 'Http2ServerRequest', 'Http2ServerResponse', 'IncomingMessage', 'ServerResponse'],
  ...['requestTimeout', 'headersTimeout', 'keepAliveTimeout', 'keepAliveTimeoutBuffer', 'connectionsCheckingInterval', 'requireHostHeader'],
  ...['rejectNonStandardBodyWrites', 'shouldUpgradeCallback', 'optimizeEmptyRequests'],
];
const KNOWN: ReadonlySet<string> = new Set([...OF_CONTEXTS, ...OF_CONNECTIONS, ...OF_OTHERS]);
const warned = new Set<string>();

/** Options nobody knows are said so once in a process. */
export function checkNames(options: object): void {
  const unknown = Object.keys(options).filter((name) => !(KNOWN.has(name) || warned.has(name)));
  if (unknown.length === 0) return;
  for (const name of unknown) warned.add(name);
  const [verb, end] = unknown.length === 1 ? ['is', ''] : ['are', 's'];
  const names = unknown.map((name) => `"${name}"`).join(', ');
  process.emitWarning(`unknown option${end} ${names} ${verb} ignored`, { type: 'LibsslWarning', code: 'LIBSSL_UNKNOWN_OPTION' });
}
