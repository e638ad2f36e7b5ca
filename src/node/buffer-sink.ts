import { EMPTY } from '../bytes/bytes.ts';
import type { OnRead } from './options.ts';

/** node:net's `onread`: what arrives is copied into a buffer of the program's, piece by piece, in place of 'data'. */
export class BufferSink {
  private readonly owner: object;
  private readonly options: OnRead;
  private rest: Uint8Array = EMPTY;
  private paused = false;
  private into: Uint8Array;

  /** `owner` is `this` to the callback. */
  constructor(owner: object, options: OnRead) {
    this.owner = owner;
    this.options = options;
    this.into = this.nextBuffer();
  }

  private nextBuffer(): Uint8Array {
    const { buffer } = this.options;
    return typeof buffer === 'function' ? buffer() : buffer;
  }

  /** Whether more is wanted. */
  take(chunk: Uint8Array): boolean {
    this.rest = chunk;
    return this.flow();
  }

  /** Goes on with what a callback left; whether more is wanted. */
  resume(): boolean {
    if (!this.paused) return false;
    this.paused = false;
    return this.flow();
  }

  private flow(): boolean {
    while (this.rest.length > 0 && !this.paused) {
      const { into } = this;
      const piece = this.rest.subarray(0, into.length);
      into.set(piece);
      this.rest = this.rest.subarray(piece.length);
      this.paused = this.options.callback.call(this.owner, piece.length, into) === false;
      this.into = this.nextBuffer();
    }
    return !this.paused;
  }
}
