import { fatal } from '../registry/fatal.ts';

/**
 * Reads TLS presentation syntax (RFC 9846, 3) from a byte string. Every read is checked against the bytes that
 * are there, so message code has neither lengths nor offsets nor error paths; what it returns are views.
 */
export class Reader {
  private readonly buffer: Uint8Array;
  private position: number;
  private readonly end: number;

  constructor(buffer: Uint8Array, position = 0, end: number = buffer.length) {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
  }

  get empty(): boolean {
    return this.position === this.end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  u8(): number {
    return this.buffer[this.take(1)] as number;
  }

  u16(): number {
    const at = this.take(2);
    return ((this.buffer[at] as number) << 8) | (this.buffer[at + 1] as number);
  }

  u24(): number {
    const at = this.take(3);
    return ((this.buffer[at] as number) << 16) | ((this.buffer[at + 1] as number) << 8) | (this.buffer[at + 2] as number);
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  /** `length` bytes, as a view. */
  bytes(length: number): Uint8Array {
    const at = this.take(length);
    return this.buffer.subarray(at, at + length);
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** `opaque<min..max>` with a length of one byte. */
  vec8(min = 0, max = 0xff): Uint8Array {
    return this.bytes(inRange(this.u8(), min, max));
  }

  /** `opaque<min..max>` with a length of two bytes. */
  vec16(min = 0, max = 0xffff): Uint8Array {
    return this.bytes(inRange(this.u16(), min, max));
  }

  /** `opaque<min..max>` with a length of three bytes. */
  vec24(min = 0, max = 0xff_ffff): Uint8Array {
    return this.bytes(inRange(this.u24(), min, max));
  }

  /** A nested structure behind a length of one byte; it must be read to its end. */
  sub8<T>(body: (r: Reader) => T): T {
    return this.sub(this.u8(), body);
  }

  /** A nested structure behind a length of two bytes; it must be read to its end. */
  sub16<T>(body: (r: Reader) => T): T {
    return this.sub(this.u16(), body);
  }

  /** A nested structure behind a length of three bytes; it must be read to its end. */
  sub24<T>(body: (r: Reader) => T): T {
    return this.sub(this.u24(), body);
  }

  /** A vector of items behind a length of one byte. */
  list8<T>(item: (r: Reader) => T, min = 0): T[] {
    return this.sub8((r) => r.items(item, min));
  }

  /** A vector of items behind a length of two bytes. */
  list16<T>(item: (r: Reader) => T, min = 0): T[] {
    return this.sub16((r) => r.items(item, min));
  }

  /** A vector of items behind a length of three bytes. */
  list24<T>(item: (r: Reader) => T, min = 0): T[] {
    return this.sub24((r) => r.items(item, min));
  }

  /** Refuses trailing bytes. */
  finish(): void {
    if (!this.empty) fatal('decode_error', 'LENGTH_MISMATCH', `${this.remaining} bytes too many`);
  }

  private items<T>(item: (r: Reader) => T, min: number): T[] {
    const out: T[] = [];
    while (!this.empty) out.push(item(this));
    if (out.length < min) fatal('decode_error', 'BAD_LENGTH', 'an empty list');
    return out;
  }

  private sub<T>(length: number, body: (r: Reader) => T): T {
    const at = this.take(length);
    const inner = new Reader(this.buffer, at, at + length);
    const value = body(inner);
    inner.finish();
    return value;
  }

  private take(length: number): number {
    const at = this.position;
    if (length > this.end - at) fatal('decode_error', 'LENGTH_TOO_SHORT');
    this.position = at + length;
    return at;
  }
}

/** Reads a whole byte string as one structure: nothing may be left over. */
export function readAll<T>(bytes: Uint8Array, read: (r: Reader) => T): T {
  const r = new Reader(bytes);
  const value = read(r);
  r.finish();
  return value;
}

const inRange = (length: number, min: number, max: number): number =>
  length < min || length > max ? fatal('decode_error', 'BAD_LENGTH', `${length} is not in ${min}..${max}`) : length;
