import type { AddressInfo, Socket } from 'node:net';
import { Duplex, type DuplexOptions } from 'node:stream';
import { net } from './builtins.ts';

/**
 * What programs ask a `net.Socket` for besides reading and writing: addresses, timeouts, options of TCP. All of it is the
 * transport's; one that is no socket has no addresses and ignores the rest.
 */
export abstract class SocketSurface extends Duplex {
  /** What carries the records. */
  readonly transport: Duplex;
  private idle: { readonly milliseconds: number; readonly timer: NodeJS.Timeout } | undefined;

  constructor(transport: Duplex, options: DuplexOptions) {
    super({ ...options, emitClose: false });
    this.transport = transport;
    transport.on('timeout', () => this.emit('timeout'));
  }

  /** Connects the transport, for those who gave none; takes what `net.Socket` takes. */
  connect(...args: Parameters<Socket['connect']>): this {
    (this.transport as Socket).connect(...args);
    return this;
  }

  /** The transport as what it usually is; nothing is taken for granted of it. */
  private get socket(): Partial<Socket> {
    return this.transport as Partial<Socket>;
  }

  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.socket.remotePort;
  }

  get remoteFamily(): string | undefined {
    return this.socket.remoteFamily;
  }

  get localAddress(): string | undefined {
    return this.socket.localAddress;
  }

  get localPort(): number | undefined {
    return this.socket.localPort;
  }

  get localFamily(): string | undefined {
    return this.socket.localFamily;
  }

  address(): AddressInfo | Record<string, never> {
    return (this.socket.address?.() as AddressInfo | undefined) ?? {};
  }

  /** Whether the transport is still being connected. */
  get connecting(): boolean {
    return this.socket.connecting ?? false;
  }

  get pending(): boolean {
    return this.socket.pending ?? false;
  }

  /** `opening`, `open`, `readOnly`, `writeOnly` or `closed`. */
  get readyState(): string {
    if (this.connecting) return 'opening';
    if (this.readable && this.writable) return 'open';
    if (this.readable) return 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  /** Bytes of plaintext that wait to be sent. */
  get bufferSize(): number | undefined {
    return this.destroyed ? undefined : this.writableLength;
  }

  /** Milliseconds of the idle timeout; undefined where none was set. */
  get timeout(): number | undefined {
    return this.idle?.milliseconds ?? this.socket.timeout;
  }

  /** Emits 'timeout' after so many milliseconds without traffic; 0: never. It closes nothing by itself. */
  setTimeout(milliseconds: number, callback?: () => void): this {
    if (callback !== undefined) {
      if (milliseconds === 0) this.removeListener('timeout', callback);
      else this.once('timeout', callback);
    }
    if (this.socket.setTimeout !== undefined) this.socket.setTimeout(milliseconds);
    else this.setOwnTimeout(milliseconds);
    return this;
  }

  private setOwnTimeout(milliseconds: number): void {
    clearTimeout(this.idle?.timer);
    this.idle = milliseconds === 0 ? undefined : { milliseconds, timer: setTimeout(() => this.emit('timeout'), milliseconds).unref() };
  }

  /** There was traffic: the idle time begins anew. */
  protected touch(): void {
    this.idle?.timer.refresh();
  }

  setNoDelay(noDelay?: boolean): this {
    this.socket.setNoDelay?.(noDelay);
    return this;
  }

  setKeepAlive(enable?: boolean, initialDelay?: number): this {
    this.socket.setKeepAlive?.(enable, initialDelay);
    return this;
  }

  ref(): this {
    this.socket.ref?.();
    return this;
  }

  unref(): this {
    this.socket.unref?.();
    return this;
  }

  /** Resets a TCP connection in place of ending it. */
  resetAndDestroy(): this {
    if (this.socket.resetAndDestroy === undefined) return this.destroy();
    this.socket.resetAndDestroy();
    return this.destroy();
  }

  /** Writes what is left, says goodbye and is gone. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.idle?.timer);
    this.idle = undefined;
    callback(error);
    // As net.Socket does: 'close' says whether there was an error, behind it.
    process.nextTick(() => this.emit('close', error !== null));
  }
}

// A TLSSocket is a net.Socket to those who ask `instanceof`, as in Node, without being made as one: it has no handle, and whatever
// would touch one stands above.
Object.setPrototypeOf(SocketSurface.prototype, net.Socket.prototype);
