import type { X509Certificate } from 'node:crypto';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fromUtf8 } from '../bytes/bytes.ts';
import type { Connection } from '../handshake/connection.ts';
import { OPTIONS, VERIFY } from '../registry/options.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { versionName } from '../registry/versions.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import { Ssl } from '../ssl/ssl.ts';
import { parseIp } from '../x509/ip-address.ts';
import { installCallbacks, register } from './callbacks.ts';
import { connectionError, isReason, verifyError, withCode } from './errors.ts';
import {
  type CipherInfo,
  cipherInfo,
  type EphemeralKeyInfo,
  ephemeralKeyInfo,
  type PeerCertificate,
  peerCertificate,
  x509Of,
} from './negotiated.ts';
import { checkNames, DEFAULT_HANDSHAKE_TIMEOUT, type RenegotiationOptions, type TLSSocketOptions } from './options.ts';
import { SecureContext } from './secure-context.ts';
import { sigalgName } from './sigalg-names.ts';
import { TlsStream } from './tls-stream.ts';

/** A TLS connection with the face of `node:tls`'s TLSSocket, over a socket or any other Duplex. */
export class TLSSocket extends TlsStream {
  readonly encrypted = true;
  /** Whether the peer proved an identity that we trust. */
  authorized = false;
  /** Node's code of what was wrong with the peer's identity, or null. */
  authorizationError: string | null = null;
  /** The protocol that was agreed on; false for none. */
  alpnProtocol: string | false | null = null;
  /** The name the client asked for; false on a server that was asked for none. */
  servername: string | false | null = null;
  /** The server it belongs to; `node:http` sets its own. */
  server: unknown;
  private readonly options: TLSSocketOptions;

  constructor(transport: Duplex, options: TLSSocketOptions = {}) {
    checkNames(options);
    super(newSsl(options), transport, {
      allowHalfOpen: options.allowHalfOpen,
      handshakeTimeout: options.handshakeTimeout ?? DEFAULT_HANDSHAKE_TIMEOUT,
      earlyData: options.earlyData,
      stateless: options.stateless,
    });
    this.options = options;
    this.server = options.server;
    register(this.ssl, this, options);
    this.configure();
    this.announceTransport(transport);
  }

  /** A handshake starts when the transport is there, and never before the caller had time to listen for events. */
  private announceTransport(transport: Duplex): void {
    const start = (): void => {
      installCallbacks(this, this.options);
      this.begin();
    };
    if (!(transport instanceof Socket && transport.connecting)) {
      process.nextTick(start);
      return;
    }
    transport.once('lookup', (...args: unknown[]) => this.emit('lookup', ...args));
    transport.once('connect', () => {
      this.emit('connect');
      this.emit('ready');
      start();
    });
  }

  private configure(): void {
    const { ssl, options } = this;
    if (options.ALPNProtocols !== undefined) ssl.set('alpnProtocols', options.ALPNProtocols);
    if (ssl.isServer) {
      this.configureClientAuthentication();
      return;
    }
    const host = this.expectedHost;
    if (options.rejectUnauthorized === false) ssl.set('verifyMode', VERIFY.NONE);
    // Somebody else's judgement of the name takes the place of ours, behind the handshake as in Node.
    if (options.checkServerIdentity !== undefined) ssl.set('checkHostName', false);
    else expectPeer(ssl, host);
    const name = options.servername ?? host;
    if (name !== '' && parseIp(name) === undefined) ssl.set('serverName', name);
    if (options.requestOCSP === true) ssl.set('statusRequest', true);
    if (options.session) this.setSession(options.session);
  }

  private configureClientAuthentication(): void {
    const { ssl, options } = this;
    if (options.requestCert !== true) return;
    ssl.set('verifyMode', clientVerifyMode(options));
    if (options.rejectUnauthorized === false) ssl.set('verifyCallback', () => true);
  }

  /** The host a client means to reach. */
  private get expectedHost(): string {
    const { servername, host } = this.options;
    // A socket that was connected to a name keeps it, and those who upgrade one count on that.
    return servername || host || (this.transport as { readonly _host?: string | null })._host || 'localhost';
  }

  // ---- the handshake's end

  protected override established(): void {
    const { connection } = this.ssl;
    if (connection === undefined) return;
    this.alpnProtocol = connection.alpn === undefined ? false : fromUtf8(connection.alpn);
    if (connection.isServer) this.servername = connection.serverName ?? false;
    else this.servername = connection.serverName ?? null;
    const failure = this.judge();
    this.authorized = failure === undefined && (!connection.isServer || this.options.requestCert === true);
    this.authorizationError = failure === undefined ? null : codeOf(failure);
    if (failure !== undefined && !connection.isServer && this.options.rejectUnauthorized !== false) {
      this.destroy(failure);
      return;
    }
    this.emit('secure');
    if (!connection.isServer) this.emit('secureConnect');
  }

  /** What there is to be said against the peer's identity. */
  private judge(): Error | undefined {
    const { connection } = this.ssl;
    if (connection === undefined) return undefined;
    const { verifyResult, peerChain, reused, isServer } = connection;
    if (verifyResult !== 'OK') return verifyError(resultOf(connection), this.expectedHost, peerChain[0]);
    if (isServer) {
      const absent =
        this.options.requestCert === true && peerChain.length === 0 && !reused && connection.session?.data.peerChain.length === 0;
      return absent ? verifyError('UNABLE_TO_GET_ISSUER_CERT', '', undefined) : undefined;
    }
    if (this.options.checkServerIdentity === undefined || reused) return undefined;
    return this.options.checkServerIdentity(this.expectedHost, peerCertificate(connection, true));
  }

  protected override failureOf(error: unknown): Error {
    const { connection } = this.ssl;
    if (connection !== undefined && isReason(error, 'CERTIFICATE_VERIFY_FAILED')) {
      const failure = verifyError(resultOf(connection), this.expectedHost, connection.peerChain[0], error);
      if (connection.peerChain[0] !== undefined) Object.assign(failure, { cert: peerCertificate(connection, true) });
      this.authorizationError = codeOf(failure);
      return failure;
    }
    if (this.secureConnecting && this.isTruncation(error)) return this.closedTooEarly();
    return super.failureOf(error);
  }

  private closedTooEarly(): Error {
    const { host, path, port } = this.options as { readonly host?: string; readonly path?: string; readonly port?: number };
    return this.ssl.isServer
      ? withCode('ECONNRESET', 'socket hang up')
      : withCode('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established', {
          host,
          path,
          port,
          localAddress: this.localAddress,
        });
  }

  protected override earlyDataArrived(bytes: Uint8Array): void {
    this.emit('earlyData', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  // ---- what was agreed

  /** `TLSv1.3`; null before and after the connection. */
  getProtocol(): string | null {
    const version = this.ssl.connection?.version ?? 0;
    return version === 0 ? null : versionName(version);
  }

  getCipher(): CipherInfo | undefined {
    const { connection } = this.ssl;
    return connection && cipherInfo(connection);
  }

  /** null on a server. */
  getEphemeralKeyInfo(): EphemeralKeyInfo | null {
    const { connection } = this.ssl;
    return connection === undefined || connection.isServer ? null : ephemeralKeyInfo(connection);
  }

  /** The session as it stands now, to be given to `session` of a later connection. A client resumes with those of 'session' events. */
  getSession(): Buffer | undefined {
    const { session } = this.ssl;
    return session && Buffer.from(encodeSession(session));
  }

  /** The session a client tries to resume; one that cannot be read is refused. */
  setSession(session: Uint8Array): void {
    const decoded = decodeSession(new Uint8Array(session));
    this.ssl.setSession(decoded);
    decoded.free();
  }

  isSessionReused(): boolean {
    return this.ssl.connection?.reused ?? false;
  }

  /** The ticket a client's session has. */
  getTLSTicket(): Buffer | undefined {
    const ticket = this.ssl.session?.data.ticket;
    return ticket === undefined || ticket.length === 0 ? undefined : Buffer.from(ticket);
  }

  /** Empty where the peer showed none; null where the connection is gone. */
  getPeerCertificate(detailed = false): PeerCertificate | null {
    const { connection } = this.ssl;
    return connection === undefined ? null : peerCertificate(connection, detailed);
  }

  getPeerX509Certificate(): X509Certificate | undefined {
    const leaf = this.ssl.connection?.peerChain[0];
    return leaf && x509Of(leaf);
  }

  getCertificate(): PeerCertificate | null {
    const leaf = this.getX509Certificate();
    return leaf === undefined ? {} : (leaf.toLegacyObject() as unknown as PeerCertificate);
  }

  getX509Certificate(): X509Certificate | undefined {
    const leaf = this.ssl.connection?.ownCredential?.leaf ?? this.ssl.get('credentials').selected?.chain[0];
    return leaf && x509Of(leaf);
  }

  getFinished(): Buffer | undefined {
    const bytes = this.ssl.connection?.ownFinished;
    return bytes && Buffer.from(bytes);
  }

  getPeerFinished(): Buffer | undefined {
    const bytes = this.ssl.connection?.peerFinished;
    return bytes && Buffer.from(bytes);
  }

  /** Schemes both sides would sign with, in our order, by OpenSSL's older names. */
  getSharedSigalgs(): string[] {
    const theirs = this.ssl.connection?.peerSignatureSchemes ?? [];
    return this.ssl
      .get('sigalgs')
      .filter((id) => theirs.includes(id))
      .map(sigalgName);
  }

  /** RFC 9846, 7.5. */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    if (this.secureConnecting) throw withCode('ERR_TLS_INVALID_STATE', 'TLS socket connection must be securely established');
    return Buffer.from(this.ssl.exportKeyingMaterial(length, label, context));
  }

  /** How 0-RTT data fared: `none`, `accepted` or `rejected`; a client sends rejected data again, if it is to be sent at all. */
  get earlyData(): 'none' | 'accepted' | 'rejected' {
    const state = this.ssl.connection?.earlyData;
    return state === 'accepted' || state === 'rejected' ? state : 'none';
  }

  // ---- what may still be set

  /** The name to ask for, before the handshake. */
  setServername(name: string): void {
    this.ssl.set('serverName', name);
  }

  /** Most plaintext bytes of a record, 512 to 16,384; false for another number. */
  setMaxSendFragment(size: number): boolean {
    try {
      this.ssl.set('maxSendFragment', size);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Another handshake on this connection, on a server the request for one: TLS 1.2 and below, where SSL_OP_NO_RENEGOTIATION was
   * taken away. Its end is a second 'secure'. False: it cannot be, and `callback` hears why.
   */
  renegotiate(options: RenegotiationOptions, callback?: (error: Error | null) => void): boolean {
    if (this.destroyed) return false;
    const done = (): void => callback?.(null);
    this.once('secure', done);
    try {
      if (options.requestCert !== undefined) this.ssl.set('verifyMode', clientVerifyMode(options));
      this.apart(() => this.ssl.renegotiate());
    } catch (error) {
      this.off('secure', done);
      process.nextTick(() => callback?.(connectionError(error)));
      return false;
    }
    return true;
  }

  disableRenegotiation(): void {
    this.ssl.set('options', this.ssl.get('options') | OPTIONS.NO_RENEGOTIATION);
  }

  /** New keys for what we send; with `request` the peer is asked to change its own as well (RFC 9846, 4.6.3). */
  updateKeys(request = false): void {
    this.apart(() => this.ssl.keyUpdate(request));
  }
}

/** What a server asks of its clients. */
const clientVerifyMode = ({ requestCert, rejectUnauthorized }: RenegotiationOptions): number =>
  requestCert === true ? VERIFY.PEER | (rejectUnauthorized === false ? 0 : VERIFY.FAIL_IF_NO_PEER_CERT) : VERIFY.NONE;

/** The connection of a socket. A context that was made for it alone goes with it. */
function newSsl(options: TLSSocketOptions): Ssl {
  const shared = options.secureContext ?? new SecureContext(options);
  const ssl = new Ssl(shared.context).setRole(options.isServer === true ? 'server' : 'client');
  if (options.secureContext === undefined) shared.context.free();
  return ssl;
}

/** An address is looked for among addresses, a name among names. */
function expectPeer(ssl: Ssl, host: string): void {
  const address = parseIp(host);
  const param = ssl.get('verifyParam');
  if (address !== undefined) param.setIp(address);
  else param.setHost(host);
}

/** Node goes on behind the first problem and reports the last: a lone certificate without its issuer could not be verified at all. */
const resultOf = ({ verifyResult, verifiedChain }: Connection): X509VerifyResult =>
  verifyResult === 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' && verifiedChain.length <= 1 ? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' : verifyResult;

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.message);
