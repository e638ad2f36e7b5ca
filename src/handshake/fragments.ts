import { EMPTY } from '../bytes/bytes.ts';

/**
 * Handshake bytes that no message was made of yet. A record that stands alone is kept as it is; room for several grows by
 * doubling, so that a message in one-byte records costs as much as its bytes and not their square.
 */
export class Fragments {
  private room: Uint8Array = EMPTY;
  private start = 0;
  private end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** All of them, as a view that holds until the next `append`. */
  get bytes(): Uint8Array {
    return this.room.subarray(this.start, this.end);
  }

  append(content: Uint8Array): void {
    if (this.length === 0) {
      this.room = content;
      this.start = 0;
      this.end = content.length;
      return;
    }
    if (this.room.length - this.end < content.length) this.grow(this.length + content.length);
    this.room.set(content, this.end);
    this.end += content.length;
  }

  /** The first `count` of them, as a view. */
  take(count: number): Uint8Array {
    const taken = this.room.subarray(this.start, this.start + count);
    this.start += count;
    if (this.length === 0) this.clear();
    return taken;
  }

  clear(): void {
    this.room = EMPTY;
    this.start = 0;
    this.end = 0;
  }

  private grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, 2 * this.length));
    grown.set(this.bytes);
    this.end = this.length;
    this.start = 0;
    this.room = grown;
  }
}
