/** BIOs that connect and that accept connections (BIO_s_connect(3), BIO_s_accept(3)), where the runtime has sockets. */
import { Ssl } from '../ssl/ssl.ts';
import { BIO, BIO_dup_chain, BIO_find_type, BIO_free_all, type BIO_METHOD, BIO_push } from './bio.ts';
import * as c from './constants.ts';
import { pushError } from './errors.ts';
import { builtin } from './runtime.ts';
import { BIO_new_socket, type Descriptor, Endpoint, endpointOf, OVER_SOCKET, Transport, transportBelow } from './socket.ts';

interface Listener {
  on(event: string, listener: (argument: unknown) => void): unknown;
  listen(port: number, host: string | undefined): unknown;
  address(): { readonly address: string; readonly port: number } | null;
  close(): unknown;
}

interface Net {
  connect(port: number, host: string): Descriptor;
  createServer(): Listener;
}

function net(func: string): Net | undefined {
  const found = builtin('node:net') as Net | undefined;
  if (found === undefined) pushError(c.ERR_LIB_SYS, func, c.ENOENT, 'this runtime has no sockets');
  return found;
}

/** `host:port`, `[::1]:port` or `host`; `*` and nothing are every host. */
function splitName(name: string): { readonly host: string; readonly port: string | undefined } {
  const bracketed = /^\[(.*)\](?::(.*))?$/.exec(name);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] };
  const at = name.lastIndexOf(':');
  return at < 0 || name.indexOf(':') !== at ? { host: name, port: undefined } : { host: name.slice(0, at), port: name.slice(at + 1) };
}

/** Names of ports that C finds in /etc/services. */
const SERVICES: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  smtp: 25,
  imap: 143,
  imaps: 993,
  pop3: 110,
  pop3s: 995,
  ftp: 21,
};

const portNumber = (port: string): number | undefined => SERVICES[port] ?? (/^\d{1,5}$/.test(port) ? Number(port) : undefined);

// ---- connecting

/** Connects where that has not begun: 1 when it is done, 0 while it goes on, -1 where it failed. */
function connected(bio: BIO): number {
  const endpoint = endpointOf(bio);
  if (endpoint.transport === undefined) {
    const port = portNumber(endpoint.port);
    if (endpoint.host === '' || port === undefined) {
      pushError(c.ERR_LIB_BIO, 'conn_state', c.BIO_R_NO_HOSTNAME_OR_SERVICE_SPECIFIED, `${endpoint.host}:${endpoint.port}`);
      return -1;
    }
    const sockets = net('conn_state');
    if (sockets === undefined) return -1;
    endpoint.transport = Transport.of(sockets.connect(port, endpoint.host));
  }
  const state = endpoint.transport.connected;
  if (state < 0) pushError(c.ERR_LIB_BIO, 'conn_state', c.BIO_R_CONNECT_ERROR);
  if (state === 0) bio.retry(c.BIO_FLAGS_IO_SPECIAL, c.BIO_RR_CONNECT);
  return state;
}

const CONNECT: BIO_METHOD = {
  type: c.BIO_TYPE_CONNECT,
  name: 'socket connect',
  ...OVER_SOCKET,
  read: (bio, max) => {
    const state = connected(bio);
    return state > 0 ? OVER_SOCKET.read(bio, max) : state === 0 ? 'retry' : 'eof';
  },
  write: (bio, bytes) => {
    const state = connected(bio);
    return state > 0 ? OVER_SOCKET.write(bio, bytes) : state;
  },
  advance: (bio) => connected(bio) || -1,
  dup: (to, from) => {
    Object.assign(endpointOf(to), { host: endpointOf(from).host, port: endpointOf(from).port });
    return 1;
  },
};

export const BIO_s_connect = (): BIO_METHOD => CONNECT;

/** `host:port`; the host may stand in brackets. */
export function BIO_new_connect(host_port: string): BIO {
  const bio = new BIO(CONNECT);
  BIO_set_conn_hostname(bio, host_port);
  return bio;
}

/** The BIO of a type in a chain, as C's control calls find it. */
function endpointBelow(bio: BIO, type: number): Endpoint | undefined {
  const found = BIO_find_type(bio, type);
  return found === null ? undefined : endpointOf(found);
}

/** Its port stays where the name brings none. */
const setName =
  (type: number) =>
  (bio: BIO, name: string): number => {
    const endpoint = endpointBelow(bio, type);
    if (endpoint === undefined) return 0;
    const { host, port } = splitName(name);
    endpoint.host = host;
    if (port !== undefined) endpoint.port = port;
    return 1;
  };

const setPort =
  (type: number) =>
  (bio: BIO, port: string): number => {
    const endpoint = endpointBelow(bio, type);
    if (endpoint === undefined) return 0;
    endpoint.port = port;
    return 1;
  };

export const BIO_set_conn_hostname: (bio: BIO, name: string) => number = setName(c.BIO_TYPE_CONNECT);
export const BIO_set_conn_port: (bio: BIO, port: string) => number = setPort(c.BIO_TYPE_CONNECT);
export const BIO_get_conn_hostname = (bio: BIO): string | null => endpointBelow(bio, c.BIO_TYPE_CONNECT)?.host ?? null;
export const BIO_get_conn_port = (bio: BIO): string | null => endpointBelow(bio, c.BIO_TYPE_CONNECT)?.port ?? null;

// ---- accepting

class Acceptor extends Endpoint {
  listener: Listener | undefined;
  /** `told`: whoever began to listen knows that it went well. */
  state: 'binding' | 'listening' | 'told' | 'failed' = 'binding';
  failure: (Error & { readonly errno?: number }) | undefined;
  template: BIO | null = null;
  readonly arrived: Descriptor[] = [];
  private waiting: (() => void)[] = [];

  /** Something happened. */
  wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Settles when another call may bring something. */
  async ready(): Promise<void> {
    while (this.state === 'binding' || (this.state === 'told' && this.arrived.length === 0))
      await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

const acceptorOf = (bio: BIO): Acceptor | undefined => {
  const found = BIO_find_type(bio, c.BIO_TYPE_ACCEPT);
  return found?.data instanceof Acceptor ? found.data : undefined;
};

/** Begins to listen; connections that arrive wait here. */
function listen(acceptor: Acceptor): number {
  const port = portNumber(acceptor.port);
  if (port === undefined) {
    pushError(c.ERR_LIB_BIO, 'acpt_state', c.BIO_R_NO_ACCEPT_ADDR_OR_SERVICE_SPECIFIED, acceptor.port);
    return -1;
  }
  const listener = net('acpt_state')?.createServer();
  if (listener === undefined) return -1;
  acceptor.listener = listener;
  listener.on('listening', () => {
    acceptor.state = 'listening';
    acceptor.wake();
  });
  listener.on('error', (error) => {
    acceptor.state = 'failed';
    acceptor.failure = error instanceof Error ? error : new Error(String(error));
    acceptor.wake();
  });
  listener.on('connection', (socket) => {
    acceptor.arrived.push(socket as Descriptor);
    acceptor.wake();
  });
  const { host } = acceptor;
  listener.listen(port, host === '' || host === '*' ? undefined : host);
  return 0;
}

/** The first call begins to listen, and is done when it does; each one after it takes a connection. */
function accepted(bio: BIO): number {
  const acceptor = bio.data as Acceptor;
  if (acceptor.listener === undefined && listen(acceptor) < 0) return -1;
  if (acceptor.state === 'failed') {
    pushError(c.ERR_LIB_SYS, 'bind', Math.abs(acceptor.failure?.errno ?? 0), acceptor.failure?.message);
    pushError(c.ERR_LIB_BIO, 'acpt_state', c.BIO_R_UNABLE_TO_BIND_SOCKET);
    return -1;
  }
  if (acceptor.state === 'listening') {
    acceptor.state = 'told';
    return 1;
  }
  const socket = acceptor.arrived.shift();
  if (socket === undefined) {
    bio.retry(c.BIO_FLAGS_IO_SPECIAL, c.BIO_RR_ACCEPT);
    return -1;
  }
  BIO_push(bio, BIO_push(BIO_dup_chain(acceptor.template), BIO_new_socket(socket, c.BIO_CLOSE)));
  return 1;
}

const ACCEPT: BIO_METHOD = {
  type: c.BIO_TYPE_ACCEPT,
  name: 'socket accept',
  create: (bio) => {
    bio.data = new Acceptor();
  },
  read: (bio, max) => bio.next?.read(max) ?? 'eof',
  write: (bio, bytes) => bio.next?.write(bytes) ?? -1,
  advance: accepted,
  destroy: (bio) => {
    const acceptor = bio.data as Acceptor;
    BIO_free_all(acceptor.template);
    acceptor.template = null;
    for (const socket of acceptor.arrived.splice(0)) socket.end();
    if (bio.close === c.BIO_CLOSE) acceptor.listener?.close();
  },
};

export const BIO_s_accept = (): BIO_METHOD => ACCEPT;

/** `host:port` to listen on; `*:port` and `port` listen on every host. */
export function BIO_new_accept(host_port: string): BIO {
  const bio = new BIO(ACCEPT);
  BIO_set_accept_name(bio, host_port.includes(':') ? host_port : `*:${host_port}`);
  return bio;
}

export const BIO_set_accept_name: (bio: BIO, name: string) => number = setName(c.BIO_TYPE_ACCEPT);
export const BIO_set_accept_port: (bio: BIO, port: string) => number = setPort(c.BIO_TYPE_ACCEPT);
/** Where it listens; before it does, what was set. */
export const BIO_get_accept_name = (bio: BIO): string | null => {
  const acceptor = acceptorOf(bio);
  return acceptor?.listener?.address()?.address ?? acceptor?.host ?? null;
};
export const BIO_get_accept_port = (bio: BIO): string | null => {
  const acceptor = acceptorOf(bio);
  return acceptor?.listener?.address()?.port.toString() ?? acceptor?.port ?? null;
};

/** A chain of which each connection gets a copy, in front of its socket. It belongs to the BIO then. */
export function BIO_set_accept_bios(bio: BIO, chain: BIO | null): number {
  const acceptor = acceptorOf(bio);
  if (acceptor === undefined) return 0;
  BIO_free_all(acceptor.template);
  acceptor.template = chain;
  return 1;
}

/** Nothing here ever blocks. */
export const BIO_set_nbio = (_bio: BIO, _on: number): number => 1;
export const BIO_set_nbio_accept: (bio: BIO, on: number) => number = BIO_set_nbio;
/** Addresses are used again at once. */
export const BIO_set_bind_mode = (_bio: BIO, _mode: number): number => 1;

// ---- waiting

/**
 * Settles with 1 when it is worth calling again what said "retry" (BIO_wait(3) of 3.0, which blocks), or with -1 where there is nothing
 * to wait for. There is no limit of time: race it against a timer.
 */
export async function BIO_wait(bio: BIO): Promise<number> {
  const ready = somethingReady(bio);
  if (ready === undefined) return -1;
  await ready;
  return 1;
}

function somethingReady(bio: BIO): Promise<unknown> | undefined {
  for (let at: BIO | null = bio; at !== null; at = at.next)
    if (at.data instanceof Ssl && at.data.settled !== undefined) return at.data.settled;
  if (bio.retryReason === c.BIO_RR_ACCEPT) return acceptorOf(bio)?.ready();
  return transportBelow(bio)?.ready(bio.flags);
}
