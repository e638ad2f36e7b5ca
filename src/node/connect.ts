import { connect as connectTcp, type NetConnectOpts, type TcpNetConnectOpts } from 'node:net';
import { type ConnectOptions, checkNames } from './options.ts';
import { TLSSocket } from './tls-socket.ts';

type Listener = () => void;

/** tls.connect: a connection to a host and port, a path, or over a Duplex in `socket`. `listener` hears 'secureConnect'. */
export function connect(target: ConnectOptions | number, listener?: Listener): TLSSocket;
export function connect(port: number, options: ConnectOptions | undefined, listener?: Listener): TLSSocket;
export function connect(port: number, host: string, options?: ConnectOptions | Listener, listener?: Listener): TLSSocket;
export function connect(...args: readonly (ConnectOptions | number | string | Listener | undefined)[]): TLSSocket {
  const options = optionsOf(args);
  const listener = args.find((arg) => typeof arg === 'function');
  checkNames(options);
  const transport = options.socket ?? connectTcp({ ...netOptions(options), ...readInPlace((bytes) => socket.arrivedOnLoan(bytes)) });
  const socket: TLSSocket = new TLSSocket(transport, options);
  if (listener !== undefined) socket.once('secureConnect', listener);
  if (options.timeout !== undefined) socket.setTimeout(options.timeout);
  return socket;
}

/** The forms with a port and a host in front; options that stand behind go over them. */
function optionsOf(args: readonly (ConnectOptions | number | string | Listener | undefined)[]): ConnectOptions {
  const [first, second] = args;
  const port = typeof first === 'number' || typeof first === 'string' ? { port: first } : {};
  const host = typeof second === 'string' ? { host: second } : {};
  const bag = args.find((arg) => typeof arg === 'object');
  return { ...port, ...host, ...(typeof bag === 'object' ? bag : {}) };
}

/** Where all sockets that we made ourselves read to, one after the other: a chunk is opened before the next one comes. */
let landing: Buffer | undefined;
const LANDING_SIZE = 256 * 1024;

/** Not on Windows, whose reads have their buffers long before there is anything to read. */
function readInPlace(arrived: (bytes: Uint8Array) => void): Pick<TcpNetConnectOpts, 'onread'> {
  if (process.platform === 'win32') return { onread: undefined };
  landing ??= Buffer.allocUnsafeSlow(LANDING_SIZE);
  const buffer = landing;
  const callback = (length: number): boolean => {
    arrived(buffer.subarray(0, length));
    return true;
  };
  return { onread: { buffer, callback } };
}

function netOptions(options: ConnectOptions): NetConnectOpts {
  // Our end stays open when the peer's ends: close_notify is still to be said.
  const own = { ...options, allowHalfOpen: true };
  const target = typeof options.path === 'string' ? own : { ...own, path: undefined, host: options.host ?? 'localhost' };
  return target as unknown as NetConnectOpts;
}
