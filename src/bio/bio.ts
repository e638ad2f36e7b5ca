/**
 * Where bytes come from and go to. A connection reads records from one BIO and writes records to another; a BIO
 * never waits, it says "retry". (OpenSSL: bio(7), BIO_read(3).)
 */
export interface Bio {
  /**
   * Up to `max` bytes as a view that stays valid until the next call, `'retry'` where none are there yet, or
   * `'eof'` where none will come.
   */
  read(max: number): Uint8Array | 'retry' | 'eof';
  /** The reader has done with all that `read` gave it: that memory may be used again, which a call of `read` alone does not say. */
  consumed?(): void;
  /** Takes bytes, copying what it keeps; returns how many it took. 0 means retry later. Throws where the transport is gone. */
  write(bytes: Uint8Array): number;
  /**
   * Takes bytes without copying them, and calls `release`, once, when nobody looks at them any more; false where it wants none
   * of them now. A BIO that has it is offered everything this way; what is not worth keeping other people's memory for, it copies.
   */
  readonly take?: ((bytes: Uint8Array, release: () => void) => boolean) | undefined;
  /** Called when a flight is complete and what was buffered should go out. */
  flush?(): void;
  /** Called when a connection that owned its last reference lets go of it. */
  free?(): void;
}
