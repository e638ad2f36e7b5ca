import type { Bio } from './bio.ts';

/** Bytes in memory, first in, first out (BIO_s_mem(3)). Writing always succeeds; reading an empty one says "retry" or, if so told, "eof". */
export class MemBio implements Bio {
  private chunks: Uint8Array[] = [];
  private offset = 0;
  private ended = false;

  /** `bytes`: what it holds to begin with. */
  constructor(bytes?: Uint8Array) {
    if (bytes !== undefined) this.write(bytes);
  }

  /** Bytes that can be read (BIO_pending(3)). */
  get pending(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0) - this.offset;
  }

  read(max: number): Uint8Array | 'retry' | 'eof' {
    const [chunk] = this.chunks;
    if (chunk === undefined) return this.ended ? 'eof' : 'retry';
    const piece = chunk.subarray(this.offset, this.offset + max);
    this.offset += piece.length;
    if (this.offset === chunk.length) {
      this.chunks.shift();
      this.offset = 0;
    }
    return piece;
  }

  write(bytes: Uint8Array): number {
    if (bytes.length > 0) this.chunks.push(Uint8Array.prototype.slice.call(bytes));
    return bytes.length;
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
  }
}
