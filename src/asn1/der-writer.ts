import { concat, EMPTY, utf8 } from '../bytes/bytes.ts';
import { context, contextConstructed, TAG } from './der-reader.ts';
import { oidBytes } from './oid.ts';

/**
 * Builds DER from the inside out: every function returns one finished element. `undefined` parts are left out, so
 * OPTIONAL and DEFAULT fields are written with a conditional expression.
 */
export type Part = Uint8Array | undefined;

export function element(tag: number, ...parts: readonly Part[]): Uint8Array {
  let length = 0;
  for (const part of parts) if (part !== undefined) length += part.length;
  const lengthSize = length < 0x80 ? 0 : sizeOf(length);
  const out = new Uint8Array(2 + lengthSize + length);
  out[0] = tag;
  out[1] = lengthSize === 0 ? length : 0x80 | lengthSize;
  putNumber(out, 2, lengthSize, length);
  let at = 2 + lengthSize;
  for (const part of parts) {
    if (part === undefined) continue;
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const sequence = (...parts: readonly Part[]): Uint8Array => element(TAG.sequence, ...parts);

/** SET OF: the elements in ascending order of their encodings (X.690, 11.6). */
export const setOf = (...parts: readonly Uint8Array[]): Uint8Array => element(TAG.set, ...[...parts].sort(compareBytes));

/** `[n] EXPLICIT`. */
export const explicit = (n: number, ...parts: readonly Part[]): Uint8Array => element(contextConstructed(n), ...parts);

/** `[n] IMPLICIT` over a primitive type, given its contents. */
export const implicit = (n: number, contents: Uint8Array): Uint8Array => element(context(n), contents);

export const boolean = (value: boolean): Uint8Array => element(TAG.boolean, Uint8Array.of(value ? 0xff : 0));

export const nullValue = (): Uint8Array => element(TAG.null);

/** A non-negative INTEGER from a number or from big-endian bytes, with or without leading zeros. */
export const integer = (value: number | Uint8Array): Uint8Array =>
  typeof value === 'number' ? integerOfNumber(value) : element(TAG.integer, unsignedContents(value));

function integerOfNumber(value: number): Uint8Array {
  const size = sizeOf(value);
  // A byte of zeros goes before a first digit that would make it negative, and stands for zero itself.
  const sign = size === 0 || Math.floor(value / 256 ** (size - 1)) >= 0x80 ? 1 : 0;
  const out = new Uint8Array(2 + sign + size);
  out[0] = TAG.integer;
  out[1] = sign + size;
  putNumber(out, 2 + sign, size, value);
  return out;
}

export const octetString = (...parts: readonly Part[]): Uint8Array => element(TAG.octetString, ...parts);

/** A BIT STRING of whole bytes. */
export const bitString = (bytes: Uint8Array): Uint8Array => element(TAG.bitString, Uint8Array.of(0), bytes);

/** A BIT STRING of named bits without trailing zeros (X.690, 11.2.2): bit n of the ASN.1 is `1 << n`. */
export const namedBits = (mask: number): Uint8Array => element(TAG.bitString, namedBitsContents(mask));

export const oid = (dotted: string): Uint8Array => element(TAG.oid, oidBytes(dotted));

export const utf8String = (text: string): Uint8Array => element(TAG.utf8String, utf8(text));

export const printableString = (text: string): Uint8Array => element(TAG.printableString, utf8(text));

export const ia5String = (text: string): Uint8Array => element(TAG.ia5String, utf8(text));

/** Contents of a named-bits BIT STRING, for IMPLICIT tags. */
export function namedBitsContents(mask: number): Uint8Array {
  const bits = 32 - Math.clz32(mask);
  const out = new Uint8Array(1 + Math.ceil(bits / 8));
  out[0] = (8 - (bits % 8)) % 8;
  for (let i = 0; i < bits; i++) if ((mask & (1 << i)) !== 0) out[1 + (i >> 3)] = (out[1 + (i >> 3)] as number) | (0x80 >> (i & 7));
  return out;
}

/** Order of DER encodings: byte by byte, a prefix before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return a.length - b.length;
}

/** How many bytes a number has without leading zeros; none for zero. */
function sizeOf(value: number): number {
  let size = 0;
  for (let left = value; left > 0; left = Math.floor(left / 256)) size++;
  return size;
}

/** Writes a number in `size` bytes, big-endian. */
function putNumber(out: Uint8Array, at: number, size: number, value: number): void {
  let left = value;
  for (let i = size - 1; i >= 0; i--) {
    out[at + i] = left % 256;
    left = Math.floor(left / 256);
  }
}

function unsignedContents(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return digits.length === 0 || (digits[0] as number) >= 0x80 ? concat(Uint8Array.of(0), digits) : concat(digits, EMPTY);
}
