import { describe, expect, it } from 'vitest';
import { fromHex, fromLatin1, utf8 } from '../bytes/bytes.ts';
import { Asn1Error } from './asn1-error.ts';
import { TAG } from './der-reader.ts';
import { asciiText, stringText } from './strings.ts';

describe('strings', () => {
  it('reads each type in its own encoding', () => {
    expect(stringText(TAG.utf8String, utf8('Zürich 🔒'))).toBe('Zürich 🔒');
    expect(stringText(TAG.printableString, utf8('Example *.com'))).toBe('Example *.com');
    expect(stringText(TAG.ia5String, utf8('a@b.example'))).toBe('a@b.example');
    expect(stringText(TAG.teletexString, fromLatin1('Zürich'))).toBe('Zürich');
    expect(stringText(TAG.bmpString, fromHex('005a00fc'))).toBe('Zü');
    expect(stringText(TAG.universalString, fromHex('0000005a0001f512'))).toBe('Z🔒');
  });

  it('keeps NUL and the byte order mark, which must not vanish from names', () => {
    expect(stringText(TAG.utf8String, utf8('a\0b'))).toBe('a\0b');
    expect(stringText(TAG.utf8String, fromHex('efbbbf61'))).toBe('\ufeffa');
  });

  it.each([
    [TAG.utf8String, 'c328'],
    [TAG.utf8String, 'eda080'],
    [TAG.utf8String, 'c080'],
    [TAG.printableString, '80'],
    [TAG.ia5String, 'c3bc'],
    [TAG.bmpString, '00'],
    [TAG.bmpString, 'd83dde00'],
    [TAG.universalString, '00110000'],
    [TAG.universalString, '0000d800'],
    [TAG.octetString, '61'],
  ])('refuses tag %i with %s', (tag, hex) => {
    expect(() => stringText(tag, fromHex(hex))).toThrow(Asn1Error);
  });

  it('reads IA5String as ASCII only', () => {
    expect(asciiText(utf8('example.com'))).toBe('example.com');
    expect(() => asciiText(utf8('exämple.com'))).toThrow(Asn1Error);
  });
});
