import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromLatin1 } from '../bytes/bytes.ts';
import { Asn1Error } from './asn1-error.ts';
import { DerReader, TAG } from './der-reader.ts';
import { element } from './der-writer.ts';
import { readTime, timeElement } from './time.ts';

const utc = (text: string): number => readTime(new DerReader(element(TAG.utcTime, fromLatin1(text))));
const generalized = (text: string): number => readTime(new DerReader(element(TAG.generalizedTime, fromLatin1(text))));
const seconds = (iso: string): number => Date.parse(iso) / 1000;

describe('times of RFC 5280, 4.1.2.5', () => {
  it('reads UTCTime, with years from 1950 to 2049', () => {
    expect(utc('700101000000Z')).toBe(0);
    expect(utc('991231235959Z')).toBe(seconds('1999-12-31T23:59:59Z'));
    expect(utc('500101000000Z')).toBe(seconds('1950-01-01T00:00:00Z'));
    expect(utc('491231235959Z')).toBe(seconds('2049-12-31T23:59:59Z'));
    expect(utc('240229120000Z')).toBe(seconds('2024-02-29T12:00:00Z'));
  });

  it('reads GeneralizedTime', () => {
    expect(generalized('20500101000000Z')).toBe(seconds('2050-01-01T00:00:00Z'));
    expect(generalized('99991231235959Z')).toBe(seconds('9999-12-31T23:59:59Z'));
    expect(generalized('20000229000000Z')).toBe(seconds('2000-02-29T00:00:00Z'));
  });

  it.each(['', '7001010000Z', '700101000000', '700101000000+0000', '700101000000z', '70010100000 Z', '7001010000-1Z', '19700101000000Z'])(
    'refuses the UTCTime %j',
    (text) => {
      expect(() => utc(text)).toThrow(Asn1Error);
    },
  );

  it.each(['20240101000000', '20240101000000.5Z', '202401010000Z', '20240101000000+0100', '2024010100000\u00b2Z'])(
    'refuses the GeneralizedTime %j',
    (text) => {
      expect(() => generalized(text)).toThrow(Asn1Error);
    },
  );

  it.each(['0001', '1301', '0100', '0132', '0230', '0431', '0931'])('refuses the date %s, which no calendar has', (date) => {
    expect(() => generalized(`2024${date}000000Z`)).toThrow(Asn1Error);
  });

  it('knows leap years', () => {
    expect(() => generalized('20230229000000Z')).toThrow(Asn1Error);
    expect(() => generalized('21000229000000Z')).toThrow(Asn1Error);
    expect(() => generalized('20240101240000Z')).toThrow(Asn1Error);
    expect(() => generalized('20240101006000Z')).toThrow(Asn1Error);
    expect(() => generalized('20240101000060Z')).toThrow(Asn1Error);
  });

  it('refuses other types', () => {
    expect(() => readTime(new DerReader(element(TAG.printableString, fromLatin1('700101000000Z'))))).toThrow(Asn1Error);
  });

  it('agrees with Date on every second of four-digit years, and writes what it reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: seconds('0000-01-01T00:00:00Z'), max: seconds('9999-12-31T23:59:59Z') }), (time) => {
        const der = timeElement(time);
        expect(readTime(new DerReader(der))).toBe(time);
        const year = new Date(time * 1000).getUTCFullYear();
        expect(der[0]).toBe(year >= 1950 && year < 2050 ? TAG.utcTime : TAG.generalizedTime);
      }),
    );
  });
});
