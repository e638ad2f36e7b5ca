import type { Bio } from './bio.ts';

interface Chunk {
  readonly bytes: Uint8Array;
  /** Memory on loan goes back this way. */
  readonly release?: () => void;
}

/** Bytes in memory, first in, first out (BIO_s_mem(3)). Writing always succeeds; reading an empty one says "retry" or, if so told, "eof". */
export class MemBio implements Bio {
  private chunks: Chunk[] = [];
  private offset = 0;
  private ended = false;
  /** Gives the memory of the chunk that was read last back. */
  private release: (() => void) | undefined;

  /** `bytes`: what it holds to begin with. */
  constructor(bytes?: Uint8Array) {
    if (bytes !== undefined) this.write(bytes);
  }

  /** Bytes that can be read (BIO_pending(3)). */
  get pending(): number {
    return this.chunks.reduce((sum, { bytes }) => sum + bytes.length, 0) - this.offset;
  }

  read(max: number): Uint8Array | 'retry' | 'eof' {
    const [chunk] = this.chunks;
    if (chunk === undefined) return this.ended ? 'eof' : 'retry';
    const piece = chunk.bytes.subarray(this.offset, this.offset + max);
    this.offset += piece.length;
    this.release = undefined;
    if (this.offset === chunk.bytes.length) {
      this.chunks.shift();
      this.offset = 0;
      this.release = chunk.release;
    }
    return piece;
  }

  /** Who reads this way and never says so keeps what was lent. */
  consumed(): void {
    this.release?.();
    this.release = undefined;
  }

  write(bytes: Uint8Array): number {
    if (bytes.length > 0) this.chunks.push({ bytes: Uint8Array.prototype.slice.call(bytes) });
    return bytes.length;
  }

  /** Keeps large pieces as they are, unless that would keep much more memory than they fill. */
  take(bytes: Uint8Array, release: () => void): boolean {
    if (2 * bytes.length >= bytes.buffer.byteLength) this.chunks.push({ bytes, release });
    else {
      this.write(bytes);
      release();
    }
    return true;
  }

  /** Takes everything out. */
  readAll(): Uint8Array {
    const out = new Uint8Array(this.pending);
    let at = 0;
    for (;;) {
      const piece = this.read(out.length);
      if (typeof piece === 'string') return out;
      out.set(piece, at);
      at += piece.length;
    }
  }

  /** No more will come: reading an empty one now says "eof" (BIO_set_mem_eof_return(3)). */
  end(): void {
    this.ended = true;
  }

  /** Empties it (BIO_reset(3)). */
  reset(): void {
    this.chunks = [];
    this.offset = 0;
    this.ended = false;
    this.release = undefined;
  }
}
