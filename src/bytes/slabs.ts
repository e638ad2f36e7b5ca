/** Buffers of one size that nobody is using: memory that is still in the cache, and that the collector need not look for. */
export class Slabs {
  private readonly size: number;
  private readonly kept: number;
  private readonly free: Uint8Array[] = [];

  /** `kept`: how many wait here at most. */
  constructor(size: number, kept: number) {
    this.size = size;
    this.kept = kept;
  }

  /** At least `length` bytes, with whatever was in them. */
  take(length: number = this.size): Uint8Array {
    return length <= this.size ? (this.free.pop() ?? new Uint8Array(this.size)) : new Uint8Array(length);
  }

  /** Takes back what `take` gave; what is of another size is left to the collector. */
  give(slab: Uint8Array): void {
    if (slab.length === this.size && this.free.length < this.kept) this.free.push(slab);
  }
}
