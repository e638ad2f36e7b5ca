import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../bytes/bytes.ts';
import { Asn1Error } from './asn1-error.ts';
import { MAX_OID_BYTES, oidBytes, oidText } from './oid.ts';

describe('object identifiers', () => {
  it.each([
    ['1.2.840.113549.1.1.11', '2a864886f70d01010b'],
    ['2.5.29.15', '551d0f'],
    ['0.9.2342.19200300.100.1.25', '0992268993f22c640119'],
    ['2.999.3', '883703'],
    ['0.0', '00'],
    ['1.39', '4f'],
    ['2.0', '50'],
  ])('reads and writes %s', (text, hex) => {
    expect(oidText(fromHex(hex))).toBe(text);
    expect(toHex(oidBytes(text))).toBe(hex);
  });

  it('keeps every digit of arcs beyond the safe integers', () => {
    const text = '2.25.329800735698586629295641978511506172918';
    expect(oidText(oidBytes(text))).toBe(text);
  });

  it.each(['', '80', '8001', '2a8001', '2a86', `2a${'81'.repeat(MAX_OID_BYTES)}01`])('refuses %s', (hex) => {
    expect(() => oidText(fromHex(hex))).toThrow(Asn1Error);
  });

  it('reads as many bytes as allowed', () => {
    expect(oidText(fromHex(`2a${'01'.repeat(MAX_OID_BYTES - 1)}`)).split('.')).toHaveLength(MAX_OID_BYTES + 1);
    expect(() => oidText(fromHex(`2a${'01'.repeat(MAX_OID_BYTES)}`))).toThrow(Asn1Error);
  });

  it.each(['', '1', '3.1', '1.40', '1..2', '1.2.', '1.02', '1.-2', '1.x', '1.2.3e4'])('does not write %j', (text) => {
    expect(() => oidBytes(text)).toThrow(Asn1Error);
  });

  it('writes what it reads', () => {
    const arc = fc.bigInt(0n, 2n ** 128n);
    fc.assert(
      fc.property(fc.constantFrom(0n, 1n, 2n), fc.bigInt(0n, 39n), fc.array(arc, { maxLength: 6 }), (first, second, rest) => {
        const text = [first, second, ...rest].join('.');
        expect(oidText(oidBytes(text))).toBe(text);
      }),
    );
  });
});
