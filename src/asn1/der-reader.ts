import { LIMITS } from '../registry/limits.ts';
import { malformed } from './asn1-error.ts';
import { oidText } from './oid.ts';

/** Identifier octets of universal types (X.690, 8.1.2), as they stand on the wire. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[n]` over a primitive type, IMPLICIT. */
export const context = (n: number): number => 0x80 | n;

/** `[n]` over a constructed type, or EXPLICIT. */
export const contextConstructed = (n: number): number => 0xa0 | n;

/** Levels of nesting a reader enters: no structure of X.509 comes near it. */
export const MAX_DER_DEPTH: number = LIMITS.derDepth.value;

/**
 * Reads DER (X.690, 10 and 11) element by element: definite minimal lengths, single-byte tags, nothing left over.
 * It never copies (everything returned is a view) and never recurses by itself. Throws `Asn1Error`.
 */
export class DerReader {
  readonly buffer: Uint8Array;
  private position: number;
  private readonly end: number;
  private readonly depth: number;
  private start = 0;

  constructor(buffer: Uint8Array, position = 0, end: number = buffer.length, depth = 0) {
    if (depth > MAX_DER_DEPTH) malformed('nested too deeply');
    this.buffer = buffer;
    this.position = position;
    this.end = end;
    this.depth = depth;
  }

  get empty(): boolean {
    return this.position === this.end;
  }

  /** The tag that comes next, or -1 at the end. */
  get tag(): number {
    return this.position < this.end ? (this.buffer[this.position] as number) : -1;
  }

  /** Where in `buffer` the next element begins. */
  get offset(): number {
    return this.position;
  }

  /** All that is left, as a view, without reading it. */
  get remaining(): Uint8Array {
    return this.buffer.subarray(this.position, this.end);
  }

  /** Contents of the next element, as a view. */
  contents(tag: number): Uint8Array {
    const length = this.header(tag);
    return this.buffer.subarray(this.position - length, this.position);
  }

  /** Where the contents of the next element are, for those who may not need a view of them. */
  place(tag: number): Place {
    const length = this.header(tag);
    return new Place(this.buffer, this.position - length, this.position);
  }

  /** The next element with its header, whatever its type is (or of the given type). */
  element(tag: number = this.tag): Uint8Array {
    this.header(tag);
    return this.buffer.subarray(this.start, this.position);
  }

  /** A reader over the contents of the next element. */
  enter(tag: number): DerReader {
    const length = this.header(tag);
    return new DerReader(this.buffer, this.position - length, this.position, this.depth + 1);
  }

  /** The contents of the next element through `body`, which must read them to their end. */
  inside<T>(tag: number, body: (r: DerReader) => T): T {
    const inner = this.enter(tag);
    const value = body(inner);
    inner.finish();
    return value;
  }

  /** What `body` makes of the next element if it has this tag; otherwise nothing is read. */
  optional<T>(tag: number, body: (r: DerReader) => T): T | undefined {
    return this.tag === tag ? body(this) : undefined;
  }

  /** A SEQUENCE OF or SET OF (by `tag`), at least `min` items long. */
  list<T>(tag: number, item: (r: DerReader) => T, min = 0): T[] {
    const inner = this.enter(tag);
    const out: T[] = [];
    while (!inner.empty) out.push(item(inner));
    if (out.length < min) malformed('an empty list');
    return out;
  }

  skip(tag: number = this.tag): void {
    this.header(tag);
  }

  /** DER writes TRUE as ff (X.690, 11.1). */
  boolean(tag: number = TAG.boolean): boolean {
    const value = this.contents(tag);
    if (value.length !== 1 || (value[0] !== 0 && value[0] !== 0xff)) malformed('not a BOOLEAN');
    return value[0] === 0xff;
  }

  null(): void {
    if (this.contents(TAG.null).length !== 0) malformed('not a NULL');
  }

  /** Contents of an INTEGER: two's complement in the fewest bytes (X.690, 8.3.2). */
  integer(tag: number = TAG.integer): Uint8Array {
    return this.buffer.subarray(this.integerAt(tag), this.position);
  }

  /** A non-negative INTEGER as big-endian bytes without leading zeros; zero is one zero byte. */
  unsigned(tag: number = TAG.integer): Uint8Array {
    const start = this.integerAt(tag);
    const first = this.buffer[start] as number;
    if (first >= 0x80) malformed('a negative INTEGER');
    return this.buffer.subarray(first === 0 && this.position - start > 1 ? start + 1 : start, this.position);
  }

  /** A non-negative INTEGER below 2^31; a larger one counts as 2^31 - 1, which is beyond every use of it. */
  small(tag: number = TAG.integer): number {
    const value = this.unsigned(tag);
    if (value.length > 4) return 0x7fff_ffff;
    let number = 0;
    for (const byte of value) number = number * 256 + byte;
    return Math.min(number, 0x7fff_ffff);
  }

  /** An OBJECT IDENTIFIER in dotted form. */
  oid(tag: number = TAG.oid): string {
    const length = this.header(tag);
    return oidText(this.buffer, this.position - length, this.position);
  }

  /** A BIT STRING whose length is a multiple of eight: a key, a signature. */
  bytesInBits(): Uint8Array {
    return this.placeInBits().bytes;
  }

  /** Where those bytes are. */
  placeInBits(): Place {
    const length = this.header(TAG.bitString);
    const start = this.position - length;
    if (length === 0 || this.buffer[start] !== 0) malformed('a BIT STRING that is not whole bytes');
    return new Place(this.buffer, start + 1, this.position);
  }

  /** A BIT STRING of named bits as a mask: bit n of the ASN.1 is `1 << n`. Bits beyond 31 are dropped. */
  namedBits(tag: number = TAG.bitString): number {
    const value = this.contents(tag);
    const unused = value[0] ?? 8;
    const last = value.length > 1 ? (value[value.length - 1] as number) : 0;
    if (unused > 7 || (value.length === 1 && unused !== 0) || (last & ((1 << unused) - 1)) !== 0) malformed('not a BIT STRING');
    let mask = 0;
    for (let i = 0; i < Math.min(32, (value.length - 1) * 8); i++) {
      if ((((value[1 + (i >> 3)] as number) << (i & 7)) & 0x80) !== 0) mask |= 1 << i;
    }
    return mask >>> 0;
  }

  /** Refuses trailing bytes. */
  finish(): void {
    if (this.position !== this.end) malformed(`${this.end - this.position} bytes too many`);
  }

  /** Steps over an INTEGER and says where its contents begin. */
  private integerAt(tag: number): number {
    const length = this.header(tag);
    const start = this.position - length;
    if (length === 0) malformed('an INTEGER without contents');
    const first = this.buffer[start] as number;
    const negative = (this.buffer[start + 1] as number) >= 0x80;
    if (length > 1 && ((first === 0 && !negative) || (first === 0xff && negative))) malformed('an INTEGER that is not minimal');
    return start;
  }

  /** Reads tag and length and steps over the element; returns the length of its contents. */
  private header(tag: number): number {
    const { buffer, end } = this;
    const at = this.position;
    if (end - at < 2) malformed('cut short');
    if (buffer[at] !== tag) malformed(`tag 0x${(buffer[at] as number).toString(16)}, expected 0x${tag.toString(16)}`);
    if ((tag & 0x1f) === 0x1f) malformed('a tag of more than one byte');
    let length = buffer[at + 1] as number;
    let contents = at + 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      // X.690, 10.1: definite form, fewest bytes. Four bytes are more than any input here has.
      if (size === 0 || size > 4 || end - contents < size) malformed('a length that is indefinite, too large or cut short');
      length = 0;
      for (let i = 0; i < size; i++) length = length * 256 + (buffer[contents++] as number);
      if (length < 0x80 || length < 2 ** (8 * (size - 1))) malformed('a length that is not minimal');
    }
    if (length > end - contents) malformed('cut short');
    this.start = at;
    this.position = contents + length;
    return length;
  }
}

/** A stretch of bytes inside others. A view of it is made when it is asked for: of most that is parsed it never is. */
export class Place {
  private readonly buffer: Uint8Array;
  private readonly start: number;
  private readonly end: number;

  constructor(buffer: Uint8Array, start: number, end: number) {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
  }

  get bytes(): Uint8Array {
    return this.buffer.subarray(this.start, this.end);
  }

  reader(): DerReader {
    return new DerReader(this.buffer, this.start, this.end);
  }
}

/** The same bytes as a plain view: a Buffer's `slice` is no copy, and what is parsed from one must not be Buffers. */
export const plainView = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Reads a whole byte string as one structure: nothing may be left over. */
export const readDer = <T>(bytes: Uint8Array, read: (r: DerReader) => T): T => readToEnd(new DerReader(plainView(bytes)), read);

/** What `read` makes of a reader, which it must read to its end. */
export function readToEnd<T>(r: DerReader, read: (r: DerReader) => T): T {
  const value = read(r);
  r.finish();
  return value;
}
