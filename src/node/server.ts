import { captureRejectionSymbol } from 'node:events';
import type { AddressInfo, ServerOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { convertALPNProtocols } from './alpn.ts';
import { checkBuffer, checkFunction, checkNumber, checkObject, checkString, invalidType } from './arguments.ts';
import { net } from './builtins.ts';
import { withCode } from './errors.ts';
import { tls } from './module-object.ts';
import { type ALPNCallback, checkNames, DEFAULT_HANDSHAKE_TIMEOUT, type SecureContextOptions, type ServerOptions } from './options.ts';
import { defaultSessionIdContext, SecureContext } from './secure-context.ts';
import { TLSSocket } from './tls-socket.ts';

export type SecureConnectionListener = (socket: TLSSocket) => void;

/** A context that answers for the host names that fit. */
interface NamedContext {
  readonly pattern: RegExp;
  readonly context: SecureContext;
}

/**
 * A TCP server whose connections speak TLS. 'secureConnection' brings each one that completed its handshake, 'tlsClientError' each one that
 * did not; 'connection' the bare sockets before, and takes any Duplex that is emitted there.
 */
class TlsServer extends net.Server {
  // Declared alone: `prepare` sets them, on objects too that this class did not make.
  declare requestCert: boolean;
  declare rejectUnauthorized: boolean;
  declare ALPNProtocols: Buffer | undefined;
  declare ALPNCallback: ALPNCallback | undefined;
  declare private shared: SecureContext;
  declare private options: ServerOptions;
  declare private named: NamedContext[];
  declare private lasting: Pick<SecureContextOptions, 'ticketKeys' | 'sessionTimeout'>;

  constructor(options?: ServerOptions | SecureConnectionListener | null, listener?: SecureConnectionListener) {
    const bag = bagOf(options);
    super(bag as ServerOpts);
    this.prepare(bag, typeof options === 'function' ? options : listener);
  }

  /** What a constructor does behind that of net.Server. */
  prepare(options: ServerOptions, listener: SecureConnectionListener | undefined): void {
    checkOptions(options);
    this.options = options;
    this.named = [];
    this.lasting = {};
    this.ALPNCallback = options.ALPNCallback;
    this.requestCert = options.requestCert === true;
    this.rejectUnauthorized = options.rejectUnauthorized !== false;
    if (options.ALPNProtocols) convertALPNProtocols(options.ALPNProtocols, this as { ALPNProtocols?: Buffer });
    if (options.secureContext === undefined) this.setSecureContext(options);
    else this.shared = options.secureContext;
    this.on('connection', (transport: Duplex) => this.secure(transport));
    if (listener !== undefined) this.on('secureConnection', listener);
  }

  /** The context of a host name, for clients that ask for it by SNI; `*` stands for one label. The newest one that fits is taken. */
  addContext(hostname: string, context: SecureContext | SecureContextOptions): void {
    if (!hostname) throw withCode('ERR_TLS_REQUIRED_SERVER_NAME', '"servername" is required parameter for Server.addContext');
    const literal = hostname.replace(/[.^$+?\-\\[\]{}()|]/g, '\\$&').replaceAll('*', '[^.]*');
    const chosen = context instanceof SecureContext ? context : tls.createSecureContext(context);
    this.named.unshift({ pattern: new RegExp(`^${literal}$`), context: chosen });
  }

  /** Another certificate, another set of settings, for connections from now on. Ticket keys and their lifetime stay where nothing is said of them. */
  setSecureContext(options: SecureContextOptions): void {
    checkObject('options', options);
    const { ticketKeys, sessionTimeout } = options;
    this.lasting = { ...this.lasting, ...(ticketKeys && { ticketKeys }), ...(sessionTimeout && { sessionTimeout }) };
    const sessionIdContext = options.sessionIdContext || defaultSessionIdContext();
    const honorCipherOrder = options.honorCipherOrder ?? true;
    this.shared = tls.createSecureContext({ ...options, ...this.lasting, honorCipherOrder, sessionIdContext });
  }

  /** The 48 bytes that open and seal tickets, to be shared with other servers. */
  getTicketKeys(): Buffer {
    return this.shared.getTicketKeys();
  }

  /** 48 bytes, or a list of them: the first seals tickets from now on, all open. */
  setTicketKeys(keys: Uint8Array | readonly Uint8Array[]): void {
    for (const key of Array.isArray(keys) && keys.length > 0 ? (keys as readonly Uint8Array[]) : [keys]) {
      checkBuffer('buffer', key);
      if (key.byteLength !== 48) throw failedAssertion('Session ticket keys must be a 48-byte buffer');
    }
    this.shared.setTicketKeys(keys);
  }

  /** What node:cluster hands to the other workers that listen on the same port. */
  _getServerData(): { readonly ticketKeys: string } {
    return { ticketKeys: this.getTicketKeys().toString('hex') };
  }

  _setServerData({ ticketKeys }: { readonly ticketKeys: string }): void {
    this.setTicketKeys(Buffer.from(ticketKeys, 'hex'));
  }

  private secure(transport: Duplex): void {
    const { SNICallback, ALPNCallback, pskCallback, handshakeTimeout, enableTrace, stateless, requireCloseNotify } = this.options;
    const socket = new TLSSocket(transport, {
      isServer: true,
      server: this,
      secureContext: this.shared,
      requestCert: this.requestCert,
      rejectUnauthorized: this.rejectUnauthorized,
      ALPNProtocols: this.ALPNProtocols,
      ALPNCallback,
      pskCallback,
      handshakeTimeout: handshakeTimeout || DEFAULT_HANDSHAKE_TIMEOUT,
      enableTrace,
      stateless,
      requireCloseNotify,
      SNICallback: SNICallback ?? (this.named.length > 0 ? (name, done) => done(null, this.contextFor(name)) : undefined),
    });
    if (this.options.pauseOnConnect === true) socket.pause();
    if (this.listenerCount('keylog') > 0) socket.on('keylog', (line: Buffer) => this.emit('keylog', line, socket));
    this.watch(socket);
  }

  /** Until a handshake is complete its failures are the server's to tell, once; then they belong to whoever has the socket. */
  private watch(socket: TLSSocket): void {
    let told = false;
    const failed = (error: Error): void => {
      if (!told) this.emit('tlsClientError', error, socket);
      told = true;
    };
    const closed = (): void => failed(withCode('ECONNRESET', 'socket hang up'));
    socket.on('error', failed).once('close', closed);
    socket.once('secure', () => {
      told = true;
      socket.off('error', failed).off('close', closed);
      this.emit('secureConnection', socket);
    });
  }

  private contextFor(name: string): SecureContext | undefined {
    return this.named.find(({ pattern }) => pattern.test(name))?.context;
  }

  /** The port it listens on; 0 before it listens, and on a path. */
  get port(): number {
    const address = this.address();
    return isAddress(address) ? address.port : 0;
  }
}

export type Server = TlsServer;

/** A listener of 'secureConnection' that is asynchronous and fails costs its connection, where rejections are captured. */
function rejected(this: TlsServer, error: Error, event: string | symbol, socket: unknown): void {
  if (event === 'secureConnection' && socket instanceof TLSSocket) socket.destroy(error);
  else this.emit('error', error);
}
Object.defineProperty(TlsServer.prototype, captureRejectionSymbol, { value: rejected, configurable: true, writable: true });

/**
 * tls.Server, which may be called as a function: `https.Server` has its prototype behind its own and calls this on itself, and so do
 * programs that use `util.inherits`.
 */
export const Server: typeof TlsServer = new Proxy(TlsServer, {
  apply(_target, self: unknown, args: unknown[]) {
    const [options, listener] = args as [(ServerOptions | SecureConnectionListener | null)?, SecureConnectionListener?];
    if (!(self instanceof TlsServer)) return new Server(options, listener);
    const bag = bagOf(options);
    (net.Server as unknown as (this: TlsServer, options: object) => void).call(self, bag);
    self.prepare(bag, typeof options === 'function' ? options : listener);
    return undefined;
  },
});
TlsServer.prototype.constructor = Server;

/** tls.createServer. */
export const createServer = (options?: ServerOptions | SecureConnectionListener | null, listener?: SecureConnectionListener): Server =>
  new Server(options, listener);

function bagOf(options: ServerOptions | SecureConnectionListener | null | undefined): ServerOptions {
  if (typeof options === 'function' || options === undefined || options === null) return {};
  if (typeof options !== 'object') throw invalidType('options', 'of type object', options);
  return options;
}

function checkOptions(options: ServerOptions): void {
  checkNames(options);
  const { ALPNCallback, ALPNProtocols, SNICallback, pskCallback, pskIdentityHint, handshakeTimeout } = options;
  if (ALPNCallback && ALPNProtocols) {
    const text = 'The ALPNCallback and ALPNProtocols TLS options are mutually exclusive';
    throw withCode('ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS', text, {}, TypeError);
  }
  checkNumber('options.handshakeTimeout', handshakeTimeout || DEFAULT_HANDSHAKE_TIMEOUT);
  if (SNICallback) checkFunction('options.SNICallback', SNICallback);
  if (pskCallback) checkFunction('options.pskCallback', pskCallback);
  if (pskIdentityHint) checkString('options.pskIdentityHint', pskIdentityHint);
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo => typeof address === 'object' && address !== null;

const failedAssertion = (message: string): Error => new (process.getBuiltinModule('node:assert').AssertionError)({ message });
