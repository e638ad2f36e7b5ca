import { fatal } from '../registry/fatal.ts';

/**
 * Builds TLS presentation syntax: the mirror image of `Reader`. A length prefix is reserved, the body runs, and
 * the prefix is patched, so nobody computes a length by hand.
 */
export class Writer {
  private buffer: Uint8Array;
  private position = 0;

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.position;
  }

  u8(value: number): this {
    const at = this.reserve(1);
    this.buffer[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.reserve(2);
    this.buffer[at] = value >>> 8;
    this.buffer[at + 1] = value;
    return this;
  }

  u24(value: number): this {
    return this.u8(value >>> 16).u16(value);
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value);
  }

  bytes(value: Uint8Array): this {
    const at = this.reserve(value.length);
    this.buffer.set(value, at);
    return this;
  }

  /** `count` zero bytes, to be overwritten later. */
  zeros(count: number): this {
    const at = this.reserve(count);
    this.buffer.fill(0, at, at + count);
    return this;
  }

  /** A body behind its length in one byte. */
  vec8(body: Uint8Array | ((w: this) => void)): this {
    return this.vec(1, body);
  }

  /** A body behind its length in two bytes. */
  vec16(body: Uint8Array | ((w: this) => void)): this {
    return this.vec(2, body);
  }

  /** A body behind its length in three bytes. */
  vec24(body: Uint8Array | ((w: this) => void)): this {
    return this.vec(3, body);
  }

  /** Begins anew, in the same memory. */
  restart(): void {
    this.position = 0;
  }

  /** A copy of all that was written. */
  finish(): Uint8Array {
    return this.buffer.slice(0, this.position);
  }

  /** A view of all that was written, valid until the next write. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.position);
  }

  private vec(size: 1 | 2 | 3, body: Uint8Array | ((w: this) => void)): this {
    const at = this.reserve(size);
    if (typeof body === 'function') body(this);
    else this.bytes(body);
    const length = this.position - at - size;
    if (length >= 2 ** (8 * size)) fatal('internal_error', 'BAD_LENGTH', `${length} bytes behind a ${size}-byte length`);
    for (let i = 0; i < size; i++) this.buffer[at + i] = length >>> (8 * (size - 1 - i));
    return this;
  }

  private reserve(count: number): number {
    const at = this.position;
    const needed = at + count;
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.buffer.length));
      grown.set(this.buffer.subarray(0, at));
      this.buffer = grown;
    }
    this.position = needed;
    return at;
  }
}

/** Builds one structure. What is built within `body` by another call has a writer of its own. */
export function build(body: (w: Writer) => void): Uint8Array {
  const w = idle.pop() ?? new Writer(512);
  body(w);
  const bytes = w.finish();
  w.restart();
  if (idle.length < IDLE && bytes.length <= LARGEST_KEPT) idle.push(w);
  return bytes;
}

/** Writers nobody is using: most structures are small, and their memory would cost more than filling it. */
const idle: Writer[] = [];
const IDLE = 4;
/** One that grew for a large structure is let go of. */
const LARGEST_KEPT = 4096;
