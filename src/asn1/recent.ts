/**
 * What was decoded lately, found again by its bytes: certificates hold the same few identifiers, and telling that bytes are the same is
 * cheaper than decoding them. A table of fixed size, in which a newcomer takes the place of whatever has its hash.
 */
export class Recent<Value> {
  private readonly slots: (Entry<Value> | undefined)[];
  private readonly longest: number;

  /** `size` is a power of two; what is longer than `longest` bytes is not kept. */
  constructor(size: number, longest: number) {
    this.slots = new Array<Entry<Value> | undefined>(size).fill(undefined);
    this.longest = longest;
  }

  /** What `buffer[start, end)` was decoded to. */
  find(buffer: Uint8Array, start: number, end: number): Value | undefined {
    const known = this.slots[this.slotOf(buffer, start, end)];
    return known !== undefined && isAt(buffer, start, end, known.bytes) ? known.value : undefined;
  }

  /** The bytes are kept as they are: they must be nobody else's. */
  keep(bytes: Uint8Array, value: Value): void {
    if (bytes.length <= this.longest) this.slots[this.slotOf(bytes, 0, bytes.length)] = { bytes, value };
  }

  private slotOf(buffer: Uint8Array, start: number, end: number): number {
    // FNV-1a, mixed once more: identifiers differ in their last bytes alone, and those of one certificate must not meet in a slot.
    let hash = 0x811c_9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (buffer[at] as number), 0x0100_0193);
    return (Math.imul(hash ^ (hash >>> 12), 0x9e37_79b1) >>> 16) & (this.slots.length - 1);
  }
}

interface Entry<Value> {
  readonly bytes: Uint8Array;
  readonly value: Value;
}

function isAt(buffer: Uint8Array, start: number, end: number, bytes: Uint8Array): boolean {
  if (bytes.length !== end - start) return false;
  for (let i = 0; i < bytes.length; i++) if (buffer[start + i] !== bytes[i]) return false;
  return true;
}
