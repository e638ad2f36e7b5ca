import { fromLatin1 } from '../bytes/bytes.ts';
import { malformed } from './asn1-error.ts';
import { type DerReader, TAG } from './der-reader.ts';
import { element } from './der-writer.ts';

/**
 * Reads a Time (RFC 5280, 4.1.2.5) as seconds since 1970-01-01T00:00:00Z: UTCTime `YYMMDDHHMMSSZ` or GeneralizedTime
 * `YYYYMMDDHHMMSSZ`, in no other form. Dates the calendar does not have are refused.
 */
export function readTime(r: DerReader): number {
  const { tag } = r;
  if (tag !== TAG.utcTime) return readGeneralizedTime(r);
  const at = startOf(r, tag, 13);
  const year = digits(r.buffer, at, 2);
  return clockTime(r.buffer, at + 2, year < 50 ? 2000 + year : 1900 + year);
}

/** Reads a GeneralizedTime without a fraction, as seconds since 1970. */
export function readGeneralizedTime(r: DerReader): number {
  const at = startOf(r, TAG.generalizedTime, 15);
  return clockTime(r.buffer, at + 4, digits(r.buffer, at, 4));
}

/** Where the characters of a time stand, which must be so many. */
function startOf(r: DerReader, tag: number, length: number): number {
  const { offset } = r.enter(tag);
  if (r.offset - offset !== length) malformed('a time that is not in the form of RFC 5280');
  return offset;
}

/** A Time from seconds since 1970: UTCTime through 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
export function timeElement(seconds: number): Uint8Array {
  const { year } = calendar(seconds);
  const text = generalizedText(seconds);
  return year >= 1950 && year < 2050 ? element(TAG.utcTime, fromLatin1(text.slice(2))) : generalizedTimeElement(seconds);
}

export const generalizedTimeElement = (seconds: number): Uint8Array => element(TAG.generalizedTime, fromLatin1(generalizedText(seconds)));

export interface Calendar {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** The UTC calendar and clock at a moment given in seconds since 1970. */
export function calendar(seconds: number): Calendar {
  const date = new Date(seconds * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

function generalizedText(seconds: number): string {
  const { year, month, day, hour, minute, second } = calendar(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(year).padStart(4, '0')}${two(month)}${two(day)}${two(hour)}${two(minute)}${two(second)}Z`;
}

const DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** `MMDDHHMMSSZ` from `at` on. */
function clockTime(text: Uint8Array, at: number, year: number): number {
  const month = digits(text, at, 2);
  const day = digits(text, at + 2, 2);
  const hour = digits(text, at + 4, 2);
  const minute = digits(text, at + 6, 2);
  const second = digits(text, at + 8, 2);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0);
  if (text[at + 10] !== 0x5a || day < 1 || day > days || hour > 23 || minute > 59 || second > 59) malformed('not a time');
  return daysBefore(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar; the year is taken to begin in March. */
function daysBefore(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

function digits(text: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = (text[i] as number) - 0x30;
    if (digit < 0 || digit > 9) malformed('not a time');
    value = value * 10 + digit;
  }
  return value;
}
