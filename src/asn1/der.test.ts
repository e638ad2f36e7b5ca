import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../bytes/bytes.ts';
import { Asn1Error } from './asn1-error.ts';
import { context, contextConstructed, DerReader, MAX_DER_DEPTH, readDer, TAG } from './der-reader.ts';
import { bitString, boolean, element, explicit, implicit, integer, namedBits, octetString, sequence, setOf } from './der-writer.ts';

const refused = (hex: string, read: (r: DerReader) => unknown): void => expect(() => readDer(fromHex(hex), read), hex).toThrow(Asn1Error);

describe('DerReader', () => {
  it('reads nested structures as views into the input', () => {
    const der = sequence(integer(5), sequence(octetString(fromHex('0102'))));
    const bytes = readDer(der, (r) =>
      r.inside(TAG.sequence, (x) => [x.small(), x.inside(TAG.sequence, (y) => y.contents(TAG.octetString))] as const),
    );
    expect(bytes[0]).toBe(5);
    expect(bytes[1]).toEqual(fromHex('0102'));
    expect(bytes[1].buffer).toBe(der.buffer);
  });

  it.each([
    ['', 'nothing at all'],
    ['04', 'a tag alone'],
    ['0402aa', 'contents cut short'],
    ['0480aa0000', 'indefinite length'],
    ['048101aa', 'a long form for a short length'],
    [`048200ff${'00'.repeat(255)}`, 'leading zero in a length'],
    ['0485000000000100', 'a length of five bytes'],
    ['0484ffffffff00', 'a length beyond the input'],
    ['0401aa00', 'a byte too many'],
    ['1f2001aa', 'a tag of two bytes'],
    ['0501aa', 'another tag'],
  ])('refuses %s: %s', (hex) => {
    refused(hex, (r) => r.contents(TAG.octetString));
    refused(hex, (r) => r.element(0x1f));
  });

  it.each(['020100', '02017f', '02020080', '0201ff', '020180', '0202ff7f'])('reads the INTEGER %s', (hex) => {
    expect(toHex(readDer(fromHex(hex), (r) => r.integer()))).toBe(hex.slice(4));
  });

  it.each(['0200', '0202007f', '0202ff80', '02020000', '0202ffff'])('refuses the INTEGER %s, which is empty or not minimal', (hex) => {
    refused(hex, (r) => r.integer());
  });

  it('refuses negative numbers where none are allowed', () => {
    refused('0201ff', (r) => r.unsigned());
    expect(readDer(fromHex('02020080'), (r) => r.unsigned())).toEqual(fromHex('80'));
  });

  it('lets small numbers end at 2^31 - 1', () => {
    expect(readDer(fromHex('02047fffffff'), (r) => r.small())).toBe(0x7fff_ffff);
    expect(readDer(fromHex('02050080000000'), (r) => r.small())).toBe(0x7fff_ffff);
    expect(readDer(fromHex('0209008000000000000000'), (r) => r.small())).toBe(0x7fff_ffff);
  });

  it('knows one encoding of TRUE and one of FALSE', () => {
    expect(readDer(fromHex('0101ff'), (r) => r.boolean())).toBe(true);
    expect(readDer(fromHex('010100'), (r) => r.boolean())).toBe(false);
    refused('010101', (r) => r.boolean());
    refused('0100', (r) => r.boolean());
    refused('0102ffff', (r) => r.boolean());
  });

  it('reads BIT STRINGs as bytes and as named bits', () => {
    expect(readDer(fromHex('030300aabb'), (r) => r.bytesInBits())).toEqual(fromHex('aabb'));
    expect(readDer(fromHex('03020106'), (r) => r.namedBits())).toBe(0b110_0000);
    expect(readDer(fromHex('030207 80'), (r) => r.namedBits())).toBe(1);
    expect(readDer(fromHex('030100'), (r) => r.namedBits())).toBe(0);
    refused('03020101', (r) => r.bytesInBits());
    refused('0300', (r) => r.bytesInBits());
    refused('0300', (r) => r.namedBits());
    refused('030108', (r) => r.namedBits());
    refused('03020881', (r) => r.namedBits());
    refused('03020181', (r) => r.namedBits());
  });

  it('enters as many levels as allowed and no more', () => {
    const nested = (levels: number): Uint8Array => {
      let der = integer(1);
      for (let i = 0; i < levels; i++) der = sequence(der);
      return der;
    };
    const descend = (levels: number): number => {
      let r = new DerReader(nested(levels));
      for (let i = 0; i < levels; i++) r = r.enter(TAG.sequence);
      return r.small();
    };
    expect(descend(MAX_DER_DEPTH)).toBe(1);
    expect(() => descend(MAX_DER_DEPTH + 1)).toThrow(Asn1Error);
  });

  it('reads OPTIONAL fields by their tag', () => {
    const der = sequence(implicit(0, fromHex('aa')), explicit(1, integer(2)));
    const read = (r: DerReader): unknown =>
      r.inside(TAG.sequence, (x) => ({
        zero: x.optional(context(0), (y) => toHex(y.contents(context(0)))),
        one: x.optional(contextConstructed(1), (y) => y.inside(contextConstructed(1), (z) => z.small())),
        two: x.optional(context(2), (y) => y.contents(context(2))),
      }));
    expect(readDer(der, read)).toEqual({ zero: 'aa', one: 2, two: undefined });
  });

  it('ends for any input, in a value or in its own refusal', () => {
    const walk = (r: DerReader): void => {
      while (!r.empty) {
        if ((r.tag & 0x20) !== 0) walk(r.enter(r.tag));
        else r.skip();
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          walk(new DerReader(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(Asn1Error);
        }
      }),
    );
  });
});

describe('the DER writer', () => {
  it('writes lengths in the fewest bytes', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const der = octetString(new Uint8Array(length));
      expect(readDer(der, (r) => r.contents(TAG.octetString)).length).toBe(length);
    }
  });

  it('writes numbers that are read back, from bytes with or without leading zeros', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        const read = readDer(integer(bytes), (r) => r.unsigned());
        const start = bytes.findIndex((byte) => byte !== 0);
        expect(toHex(read)).toBe(start < 0 ? '00' : toHex(bytes.subarray(start)));
      }),
    );
    fc.assert(
      fc.property(fc.nat(), (n) => {
        expect(readDer(integer(n), (r) => r.small())).toBe(n);
      }),
    );
  });

  it('writes named bits without trailing zeros', () => {
    expect(toHex(namedBits(0))).toBe('030100');
    expect(toHex(namedBits(0b110_0000))).toBe('03020106');
    expect(toHex(namedBits(0x100))).toBe('0303070080');
    fc.assert(
      fc.property(fc.nat(0x7fff_ffff), (mask) => {
        expect(readDer(namedBits(mask), (r) => r.namedBits())).toBe(mask);
      }),
    );
  });

  it('sorts sets and leaves out what is undefined', () => {
    expect(toHex(setOf(integer(2), integer(1)))).toBe('3106020101020102');
    expect(toHex(sequence(undefined, boolean(true), undefined))).toBe('30030101ff');
    expect(toHex(bitString(fromHex('aa')))).toBe('030200aa');
    expect(toHex(element(0x80))).toBe('8000');
  });
});
