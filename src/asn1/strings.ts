import { latin1 } from '../bytes/bytes.ts';
import { malformed } from './asn1-error.ts';
import { TAG } from './der-reader.ts';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Text of a string type's contents. PrintableString is read as ASCII, since many certificates put an `@` or a `*` in
 * it; TeletexString as Latin-1, which is what those who still use it mean. Throws `Asn1Error` on anything else.
 */
export function stringText(tag: number, contents: Uint8Array): string {
  switch (tag) {
    case TAG.utf8String:
      return utf8Text(contents);
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.numericString:
    case TAG.visibleString:
      return asciiText(contents);
    case TAG.teletexString:
      return latin1(contents);
    case TAG.bmpString:
      return wideText(contents, 2);
    case TAG.universalString:
      return wideText(contents, 4);
    default:
      return malformed(`tag 0x${tag.toString(16)} is not a string`);
  }
}

/** Whether a tag is one `stringText` knows. */
export const isString = (tag: number): boolean => STRINGS.has(tag);

/** IA5String contents: ASCII and nothing else. */
export function asciiText(contents: Uint8Array): string {
  return isAscii(contents) ? latin1(contents) : malformed('not ASCII');
}

function isAscii(contents: Uint8Array): boolean {
  for (let i = 0; i < contents.length; i++) if ((contents[i] as number) >= 0x80) return false;
  return true;
}

const STRINGS: ReadonlySet<number> = new Set([
  TAG.utf8String,
  TAG.printableString,
  TAG.ia5String,
  TAG.numericString,
  TAG.visibleString,
  TAG.teletexString,
  TAG.bmpString,
  TAG.universalString,
]);

function utf8Text(contents: Uint8Array): string {
  // Most names are ASCII and short, for which a decoder takes longer than this.
  if (contents.length <= 64 && isAscii(contents)) return latin1(contents);
  try {
    return strictUtf8.decode(contents);
  } catch {
    return malformed('not UTF-8');
  }
}

function wideText(contents: Uint8Array, width: 2 | 4): string {
  if (contents.length % width !== 0) malformed('a string cut inside a character');
  let text = '';
  for (let at = 0; at < contents.length; at += width) {
    let code = 0;
    for (let i = 0; i < width; i++) code = code * 256 + (contents[at + i] as number);
    if (code > 0x10_ffff || (code >= 0xd800 && code < 0xe000)) malformed('not a character');
    text += String.fromCodePoint(code);
  }
  return text;
}
