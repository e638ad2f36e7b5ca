import type { Duplex } from 'node:stream';
import type { Bio } from '../bio/bio.ts';
import { copyOf } from '../bytes/bytes.ts';
import { free } from '../bytes/free.ts';
import { net, ON_NODE } from './builtins.ts';

/** Bytes that may wait in the transport before it is asked to take more: some slabs, so that they go out in one system call. */
const OUTGOING_LIMIT = 256 * 1024;

/** From here on a copy costs more than another buffer, and a buffer on loan is at least a quarter full. */
const WORTH_LENDING = 16 * 1024;

/** Whether each chunk of a socket is memory of its own, as in Node. */
const HAS_OWN_CHUNKS = ON_NODE;

/**
 * A transport of the runtime as a BIO. What arrived is lent to the record layer as it came, without a copy, and so is what
 * is written to a socket; other streams are given a copy, because the record layer uses its buffer again.
 */
export class SocketBio implements Bio {
  private readonly transport: Duplex;
  private chunks: Uint8Array[] = [];
  /** The chunk that was read last. */
  private spent: Uint8Array | undefined;
  /** Whether nobody else sees what arrives. */
  private claimed = false;
  private ended = false;
  /** Whether the record layer was told that nothing more will come. */
  saidEnd = false;
  /** Bytes that the record layer took, and bytes that it gave. */
  bytesRead = 0;
  bytesWritten = 0;

  private holds = 0;
  /** Whether the transport has been rid of all it was given as soon as `write` returned. */
  private prompt = true;
  /** A socket has sent what its callback tells of; another stream may have passed it on to who still looks at it. */
  readonly take: Bio['take'];

  constructor(transport: Duplex) {
    this.transport = transport;
    this.take = transport instanceof net.Socket ? (bytes, release) => this.lend(bytes, release) : undefined;
  }

  /** Frees what a socket brought as soon as it is read, instead of leaving that to the collector, until somebody else listens too. */
  claim(): void {
    const { transport } = this;
    const others = transport.listenerCount('data') - 1 + transport.listenerCount('readable') + transport.readableLength;
    if (!HAS_OWN_CHUNKS || !(transport instanceof net.Socket) || others > 0) return;
    this.claimed = true;
    transport.on('newListener', (name) => {
      if (name === 'data' || name === 'readable') this.claimed = false;
    });
  }

  /** Takes nothing to write until `release` was called as often. */
  hold(): void {
    this.holds++;
  }

  release(): void {
    this.holds--;
  }

  get held(): boolean {
    return this.holds > 0;
  }

  /** Takes a chunk that arrived. */
  feed(chunk: Uint8Array): void {
    this.chunks.push(chunk);
  }

  /** Copies what waits: the memory it arrived in is wanted back. */
  own(): void {
    this.chunks = this.chunks.map(copyOf);
    this.spent = undefined;
  }

  consumed(): void {
    if (this.spent !== undefined && this.claimed) free(this.spent);
    this.spent = undefined;
  }

  /** Nothing more will arrive. */
  end(): void {
    this.ended = true;
  }

  /** Whether chunks wait here that the record layer has not asked for yet. */
  get hasPending(): boolean {
    return this.chunks.length > 0;
  }

  /** What arrived and nobody asked for. */
  takePending(): readonly Uint8Array[] {
    const rest = this.chunks;
    this.chunks = [];
    return rest;
  }

  read(max: number): Uint8Array | 'retry' | 'eof' {
    const [chunk] = this.chunks;
    if (chunk === undefined) {
      this.saidEnd = this.ended;
      return this.ended ? 'eof' : 'retry';
    }
    if (chunk.length <= max) this.spent = this.chunks.shift();
    else this.chunks[0] = chunk.subarray(max);
    this.bytesRead += Math.min(chunk.length, max);
    return chunk.length <= max ? chunk : chunk.subarray(0, max);
  }

  write(bytes: Uint8Array): number {
    // An alert to a transport that is gone has nobody to hear it; the transport's own event says what happened.
    if (this.isGone) return bytes.length;
    if (this.isFull) return 0;
    this.transport.write(Buffer.from(bytes));
    this.bytesWritten += bytes.length;
    return bytes.length;
  }

  private lend(bytes: Uint8Array, release: () => void): boolean {
    if (this.isGone) release();
    else if (this.isFull) return false;
    else if (bytes.length >= WORTH_LENDING) this.writeOnLoan(bytes, release);
    else if (this.prompt) this.writeAtOnce(bytes, release);
    else {
      this.transport.write(Buffer.from(bytes));
      release();
    }
    this.bytesWritten += bytes.length;
    return true;
  }

  /** What the transport has got rid of at once comes back at once, still in the cache; its callback is called some time later. */
  private writeOnLoan(bytes: Uint8Array, release: () => void): void {
    let lent = true;
    const back = (): void => {
      if (lent) release();
      lent = false;
    };
    this.transport.write(bytes, back);
    if (this.transport.writableLength === 0) back();
  }

  /** Small pieces, without a callback, which costs as much as a copy. Where the transport keeps one, that one's memory does not come back, and it is the last. */
  private writeAtOnce(bytes: Uint8Array, release: () => void): void {
    this.transport.write(bytes);
    this.prompt = this.transport.writableLength === 0;
    if (this.prompt) release();
  }

  private get isFull(): boolean {
    return this.holds > 0 || this.transport.writableLength >= OUTGOING_LIMIT;
  }

  private get isGone(): boolean {
    return this.transport.destroyed || this.transport.writableEnded;
  }
}
