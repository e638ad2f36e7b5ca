import { checkFunction, checkNumber, invalidValue, outOfRange } from './arguments.ts';
import { net } from './builtins.ts';
import { tls } from './module-object.ts';
import type { ConnectOptions } from './options.ts';
import { defaultCiphers } from './secure-context.ts';
import { TLSSocket } from './tls-socket.ts';

type Listener = () => void;
type Argument = ConnectOptions | number | string | Listener | null | undefined;

/** tls.connect: a connection to a host and port, a path, or over a Duplex in `socket`. `listener` hears 'secureConnect'. */
export function connect(options: ConnectOptions, listener?: Listener): TLSSocket;
export function connect(portOrPath: number | string, options?: ConnectOptions | Listener, listener?: Listener): TLSSocket;
export function connect(port: number | string, host: string | null, options?: ConnectOptions | Listener, listener?: Listener): TLSSocket;
export function connect(...args: readonly Argument[]): TLSSocket {
  const given = optionsOf(args);
  const options: ConnectOptions = {
    rejectUnauthorized: !allowsAnybody(),
    ...defaultCiphers(given),
    checkServerIdentity: tls.checkServerIdentity,
    minDHSize: 1024,
    ...given,
  };
  checkOptions(options);
  const socket = new TLSSocket(options.socket, options);
  socket._controlReleased = true;
  const listener = args.find((arg) => typeof arg === 'function');
  if (listener !== undefined) socket.once('secureConnect', listener);
  // A signal that was aborted before has destroyed it by now.
  if (!options.socket && !socket.destroyed) {
    if (options.timeout) socket.setTimeout(options.timeout);
    socket.connect(netOptions(options) as unknown as Parameters<TLSSocket['connect']>[0]);
  }
  return socket;
}

/** The forms with a path, or a port and a host, in front; options that stand behind go over them. */
function optionsOf(args: readonly Argument[]): ConnectOptions {
  const [first, second] = args;
  const bag = args.find((arg) => typeof arg === 'object' && arg !== null) as ConnectOptions | undefined;
  if (typeof first !== 'number' && typeof first !== 'string') return { ...bag };
  if (typeof first === 'string' && !(Number(first) >= 0)) return { path: first, ...bag };
  return { port: first, ...(typeof second === 'string' && { host: second }), ...bag };
}

function checkOptions(options: ConnectOptions): void {
  const { minDHSize, servername } = options;
  checkFunction('options.checkServerIdentity', options.checkServerIdentity);
  checkNumber('options.minDHSize', minDHSize);
  if (!((minDHSize as number) >= 1)) throw outOfRange('options.minDHSize', '>= 1', minDHSize);
  // RFC 6066, 3: literal addresses are not permitted in server_name.
  if (servername && isAddress(servername))
    throw invalidValue('options.servername', servername, 'Setting the TLS ServerName to an IP address is not permitted.');
}

/** Only what has a colon or ends in a digit can be one. Whoever asks Node makes it compile an expression, which takes 3 ms the first time. */
const isAddress = (name: string): boolean => /:|\d$/.test(name) && net.isIP(name) !== 0;

let warned = false;

/** NODE_TLS_REJECT_UNAUTHORIZED=0, said so once. */
function allowsAnybody(): boolean {
  const allows = process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0';
  if (allows && !warned) {
    warned = true;
    process.emitWarning(
      "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections and HTTPS requests insecure by disabling certificate verification.",
    );
  }
  return allows;
}

/** What the transport is told: what belongs to the stream on top of it would be done twice. */
const netOptions = ({ onread: _onread, signal: _signal, timeout: _timeout, ...options }: ConnectOptions): object => options;
