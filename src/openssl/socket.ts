/**
 * What C has a file descriptor for: a socket of the runtime, as `node:net` makes them. Bytes that arrive are kept here until a BIO
 * asks for them, so nothing waits; `BIO_wait` tells when it is worth asking again.
 */
import type { Bio } from '../bio/bio.ts';
import { MemBio } from '../bio/mem.ts';
import { copyOf } from '../bytes/bytes.ts';
import { refuse } from '../registry/fatal.ts';
import { BIO, type BIO_METHOD } from './bio.ts';
import * as c from './constants.ts';
import { pushError } from './errors.ts';

/** The part of `net.Socket` that is needed. */
export interface Descriptor {
  readonly connecting: boolean;
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
  readonly writableLength: number;
  on(event: string, listener: (argument: unknown) => void): unknown;
  write(bytes: Uint8Array): unknown;
  end(): unknown;
  destroySoon?(): void;
  pause(): unknown;
  resume(): unknown;
}

/** Bytes that may wait on either side before the other is asked to slow down. */
const LIMIT = 256 * 1024;

const EVENTS = ['connect', 'data', 'end', 'close', 'drain', 'error'] as const;

export class Transport implements Bio {
  readonly descriptor: Descriptor;
  private readonly incoming: MemBio = new MemBio();
  private failure: (Error & { readonly errno?: number }) | undefined;
  private ended = false;
  private waiting: (() => void)[] = [];

  /** Both directions of one socket share what arrived. */
  static of(descriptor: Descriptor): Transport {
    const known = TRANSPORTS.get(descriptor);
    if (known !== undefined) return known;
    const transport = new Transport(descriptor);
    TRANSPORTS.set(descriptor, transport);
    return transport;
  }

  private constructor(descriptor: Descriptor) {
    this.descriptor = descriptor;
    descriptor.on('data', (chunk) => {
      if (chunk instanceof Uint8Array) this.incoming.write(chunk);
      if (this.incoming.pending >= LIMIT) descriptor.pause();
    });
    for (const end of ['end', 'close']) {
      descriptor.on(end, () => {
        this.ended = true;
        this.incoming.end();
      });
    }
    descriptor.on('error', (error) => {
      this.failure = error instanceof Error ? error : new Error(String(error));
    });
    for (const event of EVENTS) descriptor.on(event, () => this.wake());
  }

  get pending(): number {
    return this.incoming.pending;
  }

  /** 1: connected, 0: not yet, -1: it failed, with the reason on the queue. */
  get connected(): number {
    if (this.failure !== undefined) return this.fail('connect');
    return this.descriptor.connecting ? 0 : 1;
  }

  read(max: number): Uint8Array | 'retry' | 'eof' {
    const bytes = this.incoming.read(max);
    if (bytes === 'eof' && this.failure !== undefined) this.fail('read');
    if (this.incoming.pending < LIMIT) this.descriptor.resume();
    return bytes;
  }

  write(bytes: Uint8Array): number {
    const { descriptor } = this;
    if (this.failure !== undefined || descriptor.destroyed || descriptor.writableEnded) return this.fail('write');
    if (descriptor.connecting || descriptor.writableLength >= LIMIT) return 0;
    descriptor.write(copyOf(bytes));
    return bytes.length;
  }

  close(): void {
    if (this.descriptor.destroySoon === undefined) this.descriptor.end();
    else this.descriptor.destroySoon();
  }

  /** Settles when what a BIO's flags wait for may be there. */
  async ready(flags: number): Promise<void> {
    const isReady = (): boolean => {
      if (this.failure !== undefined || this.descriptor.destroyed) return true;
      if (this.descriptor.connecting) return false;
      if ((flags & c.BIO_FLAGS_READ) !== 0) return this.pending > 0 || this.ended;
      return this.descriptor.writableLength < LIMIT;
    };
    while (!isReady()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private fail(func: string): -1 {
    pushError(c.ERR_LIB_SYS, func, Math.abs(this.failure?.errno ?? c.EPIPE), this.failure?.message ?? 'the socket is closed');
    return -1;
  }
}

const TRANSPORTS: WeakMap<Descriptor, Transport> = new WeakMap();

/** Where a BIO's bytes go: a socket that is there, or a host to connect to. */
export class Endpoint {
  transport: Transport | undefined;
  host = '';
  port = '';
}

export const endpointOf = (bio: BIO): Endpoint =>
  bio.data instanceof Endpoint ? bio.data : refuse('BAD_VALUE', `${bio.method.name} has no socket`);

/** What a BIO over a socket does, whoever made the socket. */
export const OVER_SOCKET: Required<Pick<BIO_METHOD, 'create' | 'read' | 'write' | 'pending' | 'wpending' | 'flush' | 'destroy'>> = {
  create: (bio) => {
    bio.data = new Endpoint();
  },
  read: (bio, max) => endpointOf(bio).transport?.read(max) ?? 'eof',
  write: (bio, bytes) => endpointOf(bio).transport?.write(bytes) ?? -1,
  pending: (bio) => endpointOf(bio).transport?.pending ?? 0,
  wpending: (bio) => endpointOf(bio).transport?.descriptor.writableLength ?? 0,
  flush: () => 1,
  destroy: (bio) => {
    if (bio.close === c.BIO_CLOSE) endpointOf(bio).transport?.close();
    endpointOf(bio).transport = undefined;
  },
};

const SOCKET: BIO_METHOD = { type: c.BIO_TYPE_SOCKET, name: 'socket', ...OVER_SOCKET };

export const BIO_s_socket = (): BIO_METHOD => SOCKET;

/** A BIO over a socket of `node:net`; with BIO_CLOSE it ends with the BIO. */
export function BIO_new_socket(sock: Descriptor, close_flag: number): BIO {
  const bio = new BIO(SOCKET);
  BIO_set_fd(bio, sock, close_flag);
  return bio;
}

export function BIO_set_fd(bio: BIO, fd: Descriptor, close_flag: number): number {
  endpointOf(bio.live()).transport = Transport.of(fd);
  bio.close = close_flag;
  return 1;
}

/** The transport of the first BIO in a chain that has one. */
export function transportBelow(bio: BIO | null): Transport | undefined {
  for (let at = bio; at !== null; at = at.next)
    if (at.data instanceof Endpoint && at.data.transport !== undefined) return at.data.transport;
  return undefined;
}

/** The socket of the first BIO in a chain that has one; -1 where none has. */
export const BIO_get_fd = (bio: BIO): Descriptor | -1 => transportBelow(bio)?.descriptor ?? -1;
