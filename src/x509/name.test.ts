import { describe, expect, it } from 'vitest';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { TAG } from '../asn1/der-reader.ts';
import { element, oid, printableString, sequence, setOf, utf8String } from '../asn1/der-writer.ts';
import { fromHex, fromLatin1, utf8 } from '../bytes/bytes.ts';
import { ATTRIBUTE_OIDS } from '../registry/oids.ts';
import { makeName } from './issue.ts';
import { type Name, parseName } from './name.ts';
import { nameText } from './name-text.ts';

const cn = (value: Uint8Array): Uint8Array => sequence(oid(ATTRIBUTE_OIDS.CN), value);
const nameOf = (...values: readonly Uint8Array[]): Name => parseName(sequence(...values.map((value) => setOf(cn(value)))));

describe('names', () => {
  it('match across string types, case and white space (RFC 5280, 7.1)', () => {
    const same = [
      nameOf(utf8String('Example CA')),
      nameOf(printableString('EXAMPLE  ca')),
      nameOf(utf8String(' example\tCA ')),
      nameOf(element(TAG.bmpString, fromHex('004500780061006d0070006c0065002000430041'))),
    ];
    for (const a of same) for (const b of same) expect(a.matches(b)).toBe(true);
  });

  it('do not match otherwise', () => {
    const a = nameOf(utf8String('Example'));
    for (const b of [
      nameOf(utf8String('Exampl')),
      nameOf(),
      nameOf(utf8String('Example'), utf8String('x')),
      makeName([['O', 'Example']]),
      nameOf(utf8String('Ex ample')),
    ]) {
      expect(a.matches(b)).toBe(false);
      expect(b.matches(a)).toBe(false);
    }
    expect(nameOf(utf8String('É')).matches(nameOf(utf8String('é')))).toBe(false);
  });

  it('cannot be confused by what stands in a value', () => {
    const one = nameOf(utf8String('a\n2.5.4.3=1:b'));
    const two = nameOf(utf8String('a'), utf8String('b'));
    expect(one.matches(two)).toBe(false);
    const joined = parseName(sequence(setOf(cn(utf8String('a')), cn(utf8String('b')))));
    expect(joined.matches(two)).toBe(false);
    expect(joined.matches(nameOf(utf8String('a+2.5.4.3=1:b')))).toBe(false);
  });

  it('treat values that cannot be read as bytes', () => {
    const bad = nameOf(element(TAG.utf8String, fromHex('ff')));
    expect(bad.matches(nameOf(element(TAG.utf8String, fromHex('ff'))))).toBe(true);
    expect(bad.matches(nameOf(element(TAG.utf8String, fromHex('fe'))))).toBe(false);
    expect(bad.values(ATTRIBUTE_OIDS.CN)).toEqual([]);
  });

  it('know what is within what', () => {
    const deep = makeName([
      ['C', 'CH'],
      ['O', 'Example'],
      ['CN', 'x'],
    ]);
    expect(
      deep.isWithin(
        makeName([
          ['C', 'ch'],
          ['O', 'example'],
        ]),
      ),
    ).toBe(true);
    expect(deep.isWithin(deep)).toBe(true);
    expect(deep.isWithin(makeName([]))).toBe(true);
    expect(deep.isWithin(makeName([['O', 'Example']]))).toBe(false);
    expect(makeName([['C', 'CH']]).isWithin(deep)).toBe(false);
  });

  it.each([
    '3002 3100',
    '3004 3102 3000',
    '3005 3103 3001 05',
    '3009 3107 3005 0603 550403',
    '300e 310c 300a 0603 550403 0c01 61 0500',
    '3100',
  ])('refuses %s', (hex) => {
    expect(() => parseName(fromHex(hex.replaceAll(' ', '')))).toThrow(Asn1Error);
  });
});

describe('nameText', () => {
  const name = makeName([
    ['C', 'CH'],
    ['O', 'Example, "Inc."'],
    ['CN', 'Zürich #1 '],
  ]);

  it('prints names as openssl does', () => {
    expect(nameText(name)).toBe('C = CH, O = "Example, \\"Inc.\\"", CN = "Z\\C3\\BCrich #1 "');
    expect(nameText(name, 'rfc2253')).toBe('CN=Z\\C3\\BCrich #1\\ ,O=Example\\, \\"Inc.\\",C=CH');
    expect(
      nameText(
        makeName([
          ['C', 'CH'],
          ['O', 'A/B'],
        ]),
        'slash',
      ),
    ).toBe('/C=CH/O=A/B');
    expect(nameText(nameOf(utf8String('#x')), 'rfc2253')).toBe('CN=\\#x');
    expect(nameText(parseName(sequence(setOf(cn(utf8String('a')), cn(utf8String('b'))))))).toBe('CN = a + CN = b');
  });

  it('lets no control character through', () => {
    expect(nameText(nameOf(utf8String('a\n\0\x1b[31m')))).toBe('CN = a\\0A\\00\\1B[31m');
    expect(nameText(nameOf(element(TAG.teletexString, fromLatin1('\x9b'))), 'slash')).toBe('/CN=\\x9B');
    expect(nameText(nameOf(element(TAG.octetString, utf8('ab'))))).toBe('CN = #04026162');
    expect(nameText(nameOf(element(TAG.utf8String, fromHex('ff'))))).toBe('CN = #0C01FF');
  });
});
