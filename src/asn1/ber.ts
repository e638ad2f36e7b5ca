import { concat } from '../bytes/bytes.ts';
import { malformed } from './asn1-error.ts';
import { MAX_DER_DEPTH, TAG } from './der-reader.ts';
import { element } from './der-writer.ts';

/**
 * One BER element (X.690, 8) as DER for the reader here: definite minimal lengths, and octet strings in one piece. Tags of more than
 * one byte are refused, SETs stay in their order. Files in PKCS #12 may be BER, and those of NSS and Windows are. Throws `Asn1Error`.
 */
export function derOf(ber: Uint8Array): Uint8Array {
  const { der, next } = convert(ber, 0, 0);
  return next === ber.length ? der : malformed(`${ber.length - next} bytes too many`);
}

interface Converted {
  readonly tag: number;
  readonly contents: Uint8Array;
  readonly der: Uint8Array;
  readonly next: number;
}

const CONSTRUCTED = 0x20;

function convert(ber: Uint8Array, at: number, depth: number): Converted {
  if (depth > MAX_DER_DEPTH) malformed('nested too deeply');
  const tag = ber[at] ?? malformed('cut short');
  if ((tag & 0x1f) === 0x1f) malformed('a tag of more than one byte');
  const { length, start } = lengthAt(ber, at + 1);
  if (length === undefined && (tag & CONSTRUCTED) === 0) malformed('an indefinite length without parts');
  if (length !== undefined && length > ber.length - start) malformed('cut short');
  if ((tag & CONSTRUCTED) === 0) return converted(tag, ber.subarray(start, start + (length ?? 0)), start + (length ?? 0));
  const parts: Converted[] = [];
  const end = length === undefined ? undefined : start + length;
  let next = start;
  while (end === undefined ? !isEnd(ber, next) : next < end) {
    const part = convert(end === undefined ? ber : ber.subarray(0, end), next, depth + 1);
    parts.push(part);
    next = part.next;
  }
  const after = end ?? next + 2;
  if (tag !== (TAG.octetString | CONSTRUCTED)) return converted(tag, concat(...parts.map(({ der }) => der)), after);
  if (parts.some((part) => part.tag !== TAG.octetString)) malformed('a string in pieces of another kind');
  return converted(TAG.octetString, concat(...parts.map(({ contents }) => contents)), after);
}

const converted = (tag: number, contents: Uint8Array, next: number): Converted => ({ tag, contents, der: element(tag, contents), next });

/** End-of-contents octets (X.690, 8.1.5). */
function isEnd(ber: Uint8Array, at: number): boolean {
  if (at + 2 > ber.length) malformed('no end of contents');
  return ber[at] === 0 && ber[at + 1] === 0;
}

/** X.690, 8.1.3; undefined: until the end of contents. */
function lengthAt(ber: Uint8Array, at: number): { readonly length: number | undefined; readonly start: number } {
  const first = ber[at] ?? malformed('cut short');
  if (first < 0x80) return { length: first, start: at + 1 };
  const size = first & 0x7f;
  if (size === 0) return { length: undefined, start: at + 1 };
  if (size > 4 || at + 1 + size > ber.length) malformed('a length that is too large or cut short');
  let length = 0;
  for (let i = 1; i <= size; i++) length = length * 256 + (ber[at + i] as number);
  return { length, start: at + 1 + size };
}
