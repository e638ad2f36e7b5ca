import { connect as connectTcp, type NetConnectOpts } from 'node:net';
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
  const transport = options.socket ?? connectTcp(netOptions(options));
  const socket = new TLSSocket(transport, options);
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

function netOptions(options: ConnectOptions): NetConnectOpts {
  // Our end stays open when the peer's ends: close_notify is still to be said.
  const own = { ...options, allowHalfOpen: true };
  const target = typeof options.path === 'string' ? own : { ...own, path: undefined, host: options.host ?? 'localhost' };
  return target as unknown as NetConnectOpts;
}
