import type { X509Certificate } from 'node:crypto';
import { addAbortSignal, type Duplex } from 'node:stream';
import { fromUtf8 } from '../bytes/bytes.ts';
import type { SettingInput, SettingName } from '../config/settings.ts';
import type { Connection } from '../handshake/connection.ts';
import { SslUsageError } from '../registry/fatal.ts';
import { INFO, OPTIONS, VERIFY } from '../registry/options.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { versionName } from '../registry/versions.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import type { SslSession } from '../session/session.ts';
import { Ssl } from '../ssl/ssl.ts';
import type { Certificate } from '../x509/certificate.ts';
import { parseIp } from '../x509/ip-address.ts';
import { convertALPNProtocols } from './alpn.ts';
import { checkBoolean, checkBuffer, checkFunction, checkInteger, checkObject, checkString, invalidType } from './arguments.ts';
import { BufferSink } from './buffer-sink.ts';
import { net } from './builtins.ts';
import { installCallbacks, register } from './callbacks.ts';
import { connectionError, isReason, verifyError, withCode } from './errors.ts';
import { tls } from './module-object.ts';
import {
  type CipherInfo,
  cipherInfo,
  type EphemeralKeyInfo,
  ephemeralKeyInfo,
  legacyCertificate,
  legacyForm,
  type PeerCertificate,
  peerChainOf,
  x509Chain,
  x509Of,
} from './negotiated.ts';
import {
  checkNames,
  DEFAULT_HANDSHAKE_TIMEOUT,
  type RenegotiationOptions,
  type SecureContextOptions,
  type TLSSocketOptions,
} from './options.ts';
import { ownTransport } from './own-transport.ts';
import { SecureContext } from './secure-context.ts';
import { checkServerIdentity, names } from './server-identity.ts';
import { sigalgName } from './sigalg-names.ts';
import { handleOf } from './stream-handle.ts';
import { TlsStream } from './tls-stream.ts';
import { trace } from './trace.ts';
import { keylogWriter, tracesByDefault } from './watched.ts';

/** A TLS connection with the face of `node:tls`'s TLSSocket, over a socket or any other Duplex. */
export class TLSSocket extends TlsStream {
  readonly encrypted = true;
  /** Whether a failure is thrown where nobody listens: of what `connect` made. Node's name. */
  _controlReleased = false;
  private handle: (() => object | null | undefined) | undefined;
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
  private sink: BufferSink | undefined;
  /** What a callback of the program's threw: it is what the connection fails of. */
  fault: Error | undefined;
  private newest: { readonly session: Buffer; readonly ticket: Buffer } | undefined;
  private identity: Error | undefined | 'unchecked' = 'unchecked';

  constructor(transport?: Duplex | null, options: TLSSocketOptions = {}) {
    if (options.secureContext !== undefined) checkNames(options);
    if (transport && typeof transport.pipe !== 'function') throw invalidType('socket', 'an instance of Duplex', transport);
    const carrier = transport ?? ownTransport((bytes) => this?.arrivedOnLoan(bytes));
    super(newSsl(options), carrier, {
      // A stream that was given knows itself whether its halves end together; the option is for connections that are made here.
      allowHalfOpen: transport ? transport.allowHalfOpen : options.allowHalfOpen,
      handshakeTimeout: options.handshakeTimeout ?? DEFAULT_HANDSHAKE_TIMEOUT,
      earlyData: options.earlyData,
      stateless: options.stateless,
      requireCloseNotify: options.requireCloseNotify,
      highWaterMark: options.highWaterMark,
    });
    if (transport) this.bio.claim();
    this.options = options;
    this.server = options.server;
    register(this.ssl, this, options);
    this.configure();
    if (options.onread && !transport) this.sink = new BufferSink(this, options.onread);
    if (options.signal !== undefined) addAbortSignal(options.signal, this);
    this.announceTransport(carrier);
  }

  /** A handshake starts when the transport is there, and never before the caller had time to listen for events. */
  private announceTransport(transport: Duplex): void {
    const start = (): void => {
      if (this.destroyed) return;
      installCallbacks(this, this.options);
      this.begin();
    };
    if (!(transport instanceof net.Socket && transport.pending)) {
      process.nextTick(start);
      return;
    }
    for (const event of ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout'])
      transport.on(event, (...args: unknown[]) => this.emit(event, ...args));
    transport.once('connect', () => {
      this.emit('connect');
      this.emit('ready');
      start();
    });
  }

  private configure(): void {
    const { ssl, options } = this;
    const traces = options.enableTrace ?? tracesByDefault();
    checkBoolean('options.enableTrace', traces);
    if (traces) this.enableTrace();
    if (keylogWriter !== undefined) this.on('keylog', keylogWriter);
    this.offerProtocols();
    for (const name of ['SNICallback', 'ALPNCallback', 'pskCallback'] as const)
      if (options[name]) checkFunction(name === 'pskCallback' ? name : `options.${name}`, options[name]);
    if (ssl.isServer) {
      this.configureClientAuthentication();
      return;
    }
    if (options.rejectUnauthorized === false) ssl.set('verifyMode', VERIFY.NONE);
    // The name is `checkServerIdentity`'s to judge, unless TLSA records say where names count (RFC 7671, 5.1).
    if (ssl.get('dane') === undefined) ssl.set('checkHostName', false);
    else expectPeer(ssl, this.expectedHost);
    const name = options.servername || options.host || '';
    if (name !== '' && parseIp(name) === undefined) ssl.set('serverName', name);
    if (options.requestOCSP === true) ssl.set('statusRequest', true);
    if (options.session) this.setSession(options.session);
  }

  private offerProtocols(): void {
    const out: { ALPNProtocols?: Buffer } = {};
    if (this.options.ALPNProtocols) convertALPNProtocols(this.options.ALPNProtocols, out);
    if (out.ALPNProtocols !== undefined) this.ssl.set('alpnProtocols', out.ALPNProtocols);
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
    // Not every runtime's node:http2 reaches our transport to turn Nagle's delay off: each window of a stream would wait for a delayed acknowledgement.
    if (this.alpnProtocol === 'h2') this.setNoDelay();
    this.servername = connection.serverName ?? false;
    const weak = connection.isServer ? undefined : this.weakKey(connection);
    if (weak !== undefined) {
      this.destroy(weak);
      return;
    }
    const failure = this.judge(connection);
    this.authorized = failure === undefined && (!connection.isServer || this.options.requestCert === true);
    this.authorizationError = failure === undefined ? null : codeOf(failure);
    if (failure !== undefined && !connection.isServer && this.options.rejectUnauthorized !== false) {
      this.destroy(failure);
      return;
    }
    this.emit('secure');
    if (!connection.isServer) this.emit('secureConnect');
  }

  /** `minDHSize` holds whoever the peer is. */
  private weakKey(connection: Connection): Error | undefined {
    const { type, size = 0 } = ephemeralKeyInfo(connection);
    if (type !== 'DH' || size >= (this.options.minDHSize ?? 0)) return undefined;
    return withCode('ERR_TLS_DH_PARAM_SIZE', `DH parameter size ${size} is less than 2048`);
  }

  /** What there is to be said against the peer's identity. */
  private judge(connection: Connection): Error | undefined {
    if (connection.isServer) return this.judgeClient(connection);
    if (this.identity !== 'unchecked') return this.identity;
    if (connection.verifyResult !== 'OK') return verifyError(resultOf(connection));
    return this.checkIdentity(connection, peerChainOf(connection));
  }

  private judgeClient({ verifyResult, peerChain, peerRawKey, session }: Connection): Error | undefined {
    if (verifyResult !== 'OK') return verifyError(verifyResult);
    const absent = peerChain.length === 0 && peerRawKey === undefined && session?.data.peerChain.length === 0;
    return this.options.requestCert === true && absent ? verifyError('UNABLE_TO_GET_ISSUER_CERT') : undefined;
  }

  /**
   * Whether the certificate is one for the host. It is asked within the handshake, so that a wrong server is told why and is shown no
   * certificate of ours; and behind it where a session brought the certificate, for the default question alone.
   */
  checkIdentity(connection: Connection, chain: readonly Certificate[]): Error | undefined {
    const { checkServerIdentity: check = checkServerIdentity } = this.options;
    if (connection.peerRawKey !== undefined || this.ssl.get('dane') !== undefined) return undefined;
    if (connection.reused && check !== checkServerIdentity) return undefined;
    const [leaf] = chain;
    if (check === checkServerIdentity && leaf !== undefined && names(leaf, this.expectedHost)) {
      this.identity = undefined;
      return undefined;
    }
    // Whatever is false is no objection, as in Node.
    this.identity = check(this.expectedHost, legacyCertificate(chain, true)) || undefined;
    return this.identity;
  }

  /** Nobody need listen for a failed handshake of a socket that was made with `new`, as in Node: it closes. */
  protected override told(failure: Error): Error | undefined {
    this.emit('_tlsError', failure);
    const unheard = this.listenerCount('error') === 0 && this.secureConnecting && !this._controlReleased;
    return unheard ? undefined : failure;
  }

  protected override failureOf(error: unknown): Error {
    const { connection } = this.ssl;
    this.servername ??= connection?.serverName ?? null;
    if (this.fault !== undefined) return this.fault;
    if (isReason(error, 'TOO_MANY_RENEGOTIATIONS')) return withCode('ERR_TLS_SESSION_ATTACK', 'TLS session renegotiation attack detected');
    if (connection !== undefined && isReason(error, 'CERTIFICATE_VERIFY_FAILED')) {
      const failure = this.identity instanceof Error ? this.identity : verifyError(resultOf(connection), error);
      if (connection.peerChain.length > 0) Object.assign(failure, { cert: legacyCertificate(peerChainOf(connection), true) });
      this.authorizationError = codeOf(failure);
      return failure;
    }
    if (this.secureConnecting && this.isTruncation(error)) return this.closedTooEarly();
    return super.failureOf(error);
  }

  private closedTooEarly(): Error {
    const { host, path, port, localAddress } = this.options as { readonly [name: string]: unknown };
    return this.ssl.isServer
      ? withCode('ECONNRESET', 'socket hang up')
      : withCode('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established', {
          path,
          host,
          port,
          localAddress,
        });
  }

  protected override deliver(chunk: Uint8Array): boolean {
    return this.sink === undefined ? super.deliver(chunk) : this.sink.take(chunk);
  }

  override resume(): this {
    if (this.sink?.resume() === true) this.wantMore();
    return super.resume();
  }

  protected override earlyDataArrived(bytes: Uint8Array): void {
    this.emit('earlyData', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** Where HTTP/2 is spoken, or may be: what `node:http2` reads and writes by. There is none otherwise, and whoever looks for one finds a stream. */
  get _handle(): object | null | undefined {
    if (this.handle === undefined) {
      if (this.destroyed) return undefined;
      const offered = this.ssl.get('alpnProtocols').map(fromUtf8);
      if (this.alpnProtocol !== 'h2' && (this.alpnProtocol !== null || !offered.includes('h2'))) return undefined;
      this.handle = handleOf(this);
    }
    return this.handle();
  }

  /** Who sets another one has it. */
  set _handle(value: object | null | undefined) {
    Object.defineProperty(this, '_handle', { value, writable: true, configurable: true });
  }

  /** Whether the handshake is complete, by an older name that programs know. */
  get _secureEstablished(): boolean {
    return !this.secureConnecting;
  }

  // ---- what was agreed

  /** The connection, until the socket is destroyed. */
  private get connection(): Connection | undefined {
    return this.destroyed ? undefined : this.ssl.connection;
  }

  /** `TLSv1.3`; null before and after the connection. */
  getProtocol(): string | null {
    const version = this.connection?.version ?? 0;
    return version === 0 ? null : versionName(version);
  }

  getCipher(): CipherInfo | null | undefined {
    return this.connection && cipherInfo(this.connection);
  }

  /** null on a server. */
  getEphemeralKeyInfo(): EphemeralKeyInfo | null {
    const { connection } = this;
    return connection === undefined || connection.isServer ? null : ephemeralKeyInfo(connection);
  }

  /** The session as it stands now, to be given to `session` of a later connection. A client resumes with those of 'session' events. */
  getSession(): Buffer | undefined {
    const session = this.destroyed ? undefined : this.ssl.session;
    if (session === undefined) return undefined;
    return this.newest?.session ?? Buffer.from(encodeSession(session));
  }

  /** The session a client tries to resume; one that cannot be read is passed over, and the handshake is a full one. */
  setSession(session: Uint8Array | string): void {
    const decoded = readSession(typeof session === 'string' ? Buffer.from(session, 'latin1') : session);
    if (decoded === undefined) return;
    this.ssl.setSession(decoded);
    decoded.free();
  }

  /** A session that may be resumed came: until the next one does, it is what `getSession` gives. */
  announceSession(session: Buffer, ticket: Buffer): void {
    this.newest = { session, ticket };
    this.emit('session', session);
  }

  isSessionReused(): boolean {
    return this.connection?.reused ?? false;
  }

  /** The ticket a client's session has. */
  getTLSTicket(): Buffer | undefined {
    const ticket = this.destroyed ? undefined : (this.newest?.ticket ?? this.ssl.session?.data.ticket);
    return ticket === undefined || ticket.length === 0 ? undefined : Buffer.from(ticket);
  }

  /** Empty where the peer showed none; null where the connection is gone. */
  getPeerCertificate(detailed = false): PeerCertificate | null {
    const { connection } = this;
    return connection === undefined ? null : legacyCertificate(peerChainOf(connection), detailed);
  }

  getPeerX509Certificate(): X509Certificate | undefined {
    return this.connection && x509Chain(peerChainOf(this.connection));
  }

  /** The certificate we show. */
  getCertificate(): PeerCertificate | null {
    const leaf = this.ownLeaf;
    if (this.destroyed) return null;
    return leaf === undefined ? {} : legacyForm(leaf);
  }

  getX509Certificate(): X509Certificate | undefined {
    const leaf = this.ownLeaf;
    return leaf && x509Of(leaf);
  }

  private get ownLeaf(): Certificate | undefined {
    return this.destroyed ? undefined : (this.ssl.connection?.ownCredential?.leaf ?? this.ssl.get('credentials').selected?.chain[0]);
  }

  getFinished(): Buffer | undefined {
    const bytes = this.connection?.ownFinished;
    return bytes && Buffer.from(bytes);
  }

  getPeerFinished(): Buffer | undefined {
    const bytes = this.connection?.peerFinished;
    return bytes && Buffer.from(bytes);
  }

  /** Schemes both sides would sign with, in our order, by OpenSSL's older names. */
  getSharedSigalgs(): string[] {
    const theirs = this.connection?.peerSignatureSchemes ?? [];
    return this.ssl
      .get('sigalgs')
      .filter((id) => theirs.includes(id))
      .map(sigalgName);
  }

  /** RFC 9846, 7.5. */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    checkInteger('length', length, 1, 0xffff_ffff);
    checkString('label', label);
    if (context !== undefined) checkBuffer('context', context);
    if (this.secureConnecting) throw withCode('ERR_TLS_INVALID_STATE', 'TLS socket connection must be securely established');
    return Buffer.from(this.ssl.exportKeyingMaterial(length, label, context));
  }

  /** Whether the sealed ClientHello is in force (RFC 9849). */
  get echAccepted(): boolean {
    return this.ssl.echAccepted;
  }

  /** How 0-RTT data fared: `none`, `accepted` or `rejected`; a client sends rejected data again, if it is to be sent at all. */
  get earlyData(): 'none' | 'accepted' | 'rejected' {
    const state = this.ssl.connection?.earlyData;
    return state === 'accepted' || state === 'rejected' ? state : 'none';
  }

  // ---- what may still be set

  /** The name to ask for, before the handshake. */
  setServername(name: string): void {
    checkString('name', name);
    if (this.ssl.isServer) throw withCode('ERR_TLS_SNI_FROM_SERVER', 'Cannot issue SNI from a TLS server-side socket');
    this.ssl.set('serverName', name);
  }

  /** Another certificate and key for this connection, from a callback of its handshake. */
  setKeyCert(context: SecureContext | SecureContextOptions): void {
    const { context: source } = context instanceof SecureContext ? context : new SecureContext(context);
    this.ssl.set('credentials', source.get('credentials'));
  }

  /** Writes messages as they are sent and received to the standard error stream. */
  enableTrace(): void {
    this.ssl.set('msgCallback', trace);
  }

  /** Most plaintext bytes of a record, 512 to 16,384; false for another number. */
  setMaxSendFragment(size: number): boolean {
    checkInteger('size', size);
    try {
      this.ssl.set('maxSendFragment', size);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Another handshake on this connection, on a server the request for one: TLS 1.2 and below. Its end is a second 'secure'. False: it
   * cannot be, and `callback` hears why.
   */
  renegotiate(options: RenegotiationOptions, callback?: (error: Error | null) => void): boolean | undefined {
    checkObject('options', options);
    if (callback !== undefined) checkFunction('callback', callback);
    if (this.destroyed) return undefined;
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

  /** From now on a client that begins another handshake loses the connection. */
  disableRenegotiation(): void {
    const { ssl } = this;
    if (!ssl.isServer) {
      ssl.set('options', ssl.get('options') | OPTIONS.NO_RENEGOTIATION);
      return;
    }
    const before = ssl.get('infoCallback');
    ssl.set('infoCallback', (of, where, ret) => {
      before?.(of, where, ret);
      if ((where & INFO.HANDSHAKE_START) !== 0)
        this.destroy(withCode('ERR_TLS_RENEGOTIATION_DISABLED', 'TLS session renegotiation disabled for this socket'));
    });
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
  if (options.secureContext !== undefined && !(options.secureContext instanceof SecureContext))
    throw withCode('ERR_TLS_INVALID_CONTEXT', 'context must be a SecureContext', {}, TypeError);
  const shared = options.secureContext ?? contextFor(options);
  const ssl = new Ssl(shared.context).setRole(options.isServer === true ? 'server' : 'client');
  for (const [name, value] of Object.entries(shared.ofConnections)) ssl.set(name as SettingName, value as SettingInput<SettingName>);
  if (options.secureContext === undefined) shared.context.free();
  return ssl;
}

function contextFor(options: TLSSocketOptions): SecureContext {
  const made = tls.createSecureContext(options);
  if (!(made instanceof SecureContext)) throw withCode('ERR_TLS_INVALID_CONTEXT', 'context must be a SecureContext', {}, TypeError);
  return made;
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

function readSession(bytes: Uint8Array): SslSession | undefined {
  try {
    return decodeSession(new Uint8Array(bytes));
  } catch (error) {
    if (error instanceof SslUsageError) return undefined;
    throw error;
  }
}
