import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { checkNames, type SecureContextOptions, type ServerOptions } from './options.ts';
import { SecureContext } from './secure-context.ts';
import { TLSSocket } from './tls-socket.ts';

/** A context that answers for host names: a leading `*` stands for one label. */
interface NamedContext {
  readonly labels: readonly string[];
  readonly context: SecureContext;
}

/**
 * A TCP server whose connections speak TLS. 'secureConnection' brings each one that completed its handshake, 'tlsClientError' each one that
 * did not; 'connection' the bare sockets before.
 */
export class Server extends NetServer {
  private shared: SecureContext;
  private readonly options: ServerOptions;
  private readonly named: NamedContext[] = [];

  constructor(options: ServerOptions = {}, listener?: (socket: TLSSocket) => void) {
    checkNames(options);
    super({ ...tcpOptions(options), allowHalfOpen: true });
    this.options = options;
    this.shared = options.secureContext ?? new SecureContext(options);
    this.on('connection', (socket: Socket) => this.secure(socket));
    if (listener !== undefined) this.on('secureConnection', listener);
  }

  /** The context of a host name, for clients that ask for it by SNI; the newest one that fits is taken. */
  addContext(hostname: string, context: SecureContext | SecureContextOptions): void {
    const chosen = context instanceof SecureContext ? context : new SecureContext(context);
    this.named.unshift({ labels: hostname.toLowerCase().split('.'), context: chosen });
  }

  /** Another certificate, another set of settings, for connections from now on. */
  setSecureContext(options: SecureContextOptions): void {
    this.shared = new SecureContext(options);
  }

  private secure(transport: Socket): void {
    const { requestCert, rejectUnauthorized, ALPNProtocols, ALPNCallback, pskCallback, allowHalfOpen, handshakeTimeout } = this.options;
    const socket = new TLSSocket(transport, {
      isServer: true,
      server: this,
      secureContext: this.shared,
      requestCert,
      rejectUnauthorized,
      ALPNProtocols,
      ALPNCallback,
      pskCallback,
      allowHalfOpen,
      handshakeTimeout,
      SNICallback: this.options.SNICallback ?? (this.named.length > 0 ? (name, done) => done(null, this.contextFor(name)) : undefined),
    });
    let handedOver = false;
    socket.once('secure', () => {
      handedOver = true;
      this.emit('secureConnection', socket);
    });
    if (this.listenerCount('keylog') > 0) socket.on('keylog', (line: Buffer) => this.emit('keylog', line, socket));
    // Who has the socket listens to its errors; before that they are the server's.
    socket.on('error', (error: Error) => {
      if (!handedOver) this.emit('tlsClientError', error, socket);
    });
  }

  private contextFor(name: string): SecureContext | undefined {
    const labels = name.toLowerCase().split('.');
    const fits = (pattern: readonly string[]): boolean =>
      pattern.length === labels.length && pattern.every((label, i) => label === labels[i] || (i === 0 && label === '*'));
    return this.named.find((entry) => fits(entry.labels))?.context;
  }

  /** The port it listens on; 0 before it listens, and on a path. */
  get port(): number {
    const address = this.address();
    return isAddress(address) ? address.port : 0;
  }
}

/** tls.createServer. */
export function createServer(options?: ServerOptions | ((socket: TLSSocket) => void), listener?: (socket: TLSSocket) => void): Server {
  return typeof options === 'function' ? new Server({}, options) : new Server(options, listener);
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo => typeof address === 'object' && address !== null;

function tcpOptions({ noDelay, keepAlive, keepAliveInitialDelay, highWaterMark }: ServerOptions): object {
  return {
    ...(noDelay !== undefined && { noDelay }),
    ...(keepAlive !== undefined && { keepAlive }),
    ...(keepAliveInitialDelay !== undefined && { keepAliveInitialDelay }),
    ...(highWaterMark !== undefined && { highWaterMark }),
  };
}
