import type { Duplex } from 'node:stream';
import type { Bio } from '../bio/bio.ts';

/** Bytes that may wait in the transport before it is asked to take more: some slabs, so that they go out in one system call. */
const OUTGOING_LIMIT = 256 * 1024;

/**
 * A transport of the runtime as a BIO. What arrived is lent to the record layer as it came, without a copy; what is written
 * is copied once, because the record layer uses its buffer again at once.
 */
export class SocketBio implements Bio {
  private readonly transport: Duplex;
  private chunks: Uint8Array[] = [];
  private ended = false;
  /** Bytes that the record layer took, and bytes that it gave. */
  bytesRead = 0;
  bytesWritten = 0;

  constructor(transport: Duplex) {
    this.transport = transport;
  }

  /** Takes a chunk that arrived. */
  feed(chunk: Uint8Array): void {
    this.chunks.push(chunk);
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
    if (chunk === undefined) return this.ended ? 'eof' : 'retry';
    if (chunk.length <= max) this.chunks.shift();
    else this.chunks[0] = chunk.subarray(max);
    this.bytesRead += Math.min(chunk.length, max);
    return chunk.length <= max ? chunk : chunk.subarray(0, max);
  }

  write(bytes: Uint8Array): number {
    const { transport } = this;
    // An alert to a transport that is gone has nobody to hear it; the transport's own event says what happened.
    if (transport.destroyed || transport.writableEnded) return bytes.length;
    if (transport.writableLength >= OUTGOING_LIMIT) return 0;
    transport.write(Buffer.from(bytes));
    this.bytesWritten += bytes.length;
    return bytes.length;
  }
}
