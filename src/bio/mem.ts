import type { Bio } from './bio.ts';

interface Chunk {
  readonly bytes: Uint8Array;
  /** Memory on loan goes back this way; undefined for our own. */
  readonly release: (() => void) | undefined;
}

/** Most bytes that an empty BIO keeps for what is written next. */
const SPARE_SIZE = 256;
/** Below this many bytes a copy costs less than what is lent. */
const WORTH_KEEPING = 4096;
/** Most bytes of memory on loan that nothing was written to. */
const MOST_SLACK = 256 * 1024;

const slackOf = (bytes: Uint8Array): number => bytes.buffer.byteLength - bytes.length;

/** Bytes in memory, first in, first out (BIO_s_mem(3)). Writing always succeeds; reading an empty one says "retry" or, if so told, "eof". */
export class MemBio implements Bio {
  private chunks: Chunk[] = [];
  private offset = 0;
  private slack = 0;
  private ended = false;
  /** The chunk that was read last, to its end. */
  private spent: Chunk | undefined;
  /** Memory of a small chunk that nobody looks at any more. */
  private spare: Uint8Array | undefined;

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
    this.spent = undefined;
    if (this.offset === chunk.bytes.length) {
      this.spent = this.chunks.shift();
      this.offset = 0;
      if (chunk.release !== undefined) this.slack -= slackOf(chunk.bytes);
    }
    return piece;
  }

  /** Who reads this way and never says so keeps what was lent. */
  consumed(): void {
    const { spent } = this;
    this.spent = undefined;
    if (spent?.release !== undefined) spent.release();
    else if (spent !== undefined && spent.bytes.length <= SPARE_SIZE) this.spare = spent.bytes;
  }

  write(bytes: Uint8Array): number {
    if (bytes.length > 0) this.chunks.push({ bytes: this.kept(bytes), release: undefined });
    return bytes.length;
  }

  /** A copy, in memory that was used before where it fits. */
  private kept(bytes: Uint8Array): Uint8Array {
    const { spare } = this;
    if (spare === undefined || spare.length < bytes.length) return Uint8Array.prototype.slice.call(bytes);
    this.spare = undefined;
    const memory = spare.length === bytes.length ? spare : spare.subarray(0, bytes.length);
    memory.set(bytes);
    return memory;
  }

  /** Keeps large pieces as they are, unless all of them keep much more memory than they fill. */
  take(bytes: Uint8Array, release: () => void): boolean {
    const slack = slackOf(bytes);
    if (bytes.length >= WORTH_KEEPING && this.slack + slack <= MOST_SLACK) {
      this.chunks.push({ bytes, release });
      this.slack += slack;
    } else {
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
    this.slack = 0;
    this.ended = false;
    this.spent = undefined;
  }
}
