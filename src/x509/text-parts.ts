/** Bytes and times as `openssl x509 -text` prints them. */
import { calendar } from '../asn1/time.ts';
import { toHex } from '../bytes/bytes.ts';

/** `0a:0b:0c`. */
export const colonHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => toHex(Uint8Array.of(byte))).join(':');

/** Bytes as pairs of digits with colons, `perLine` bytes a line, indented. A colon ends every line but the last. */
export function hexLines(bytes: Uint8Array, perLine: number, indent: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += perLine) {
    const more = at + perLine < bytes.length ? ':' : '';
    lines.push(`${' '.repeat(indent)}${colonHex(bytes.subarray(at, at + perLine))}${more}`);
  }
  return lines;
}

/** `Nov 22 18:34:57 2026 GMT`. */
export function timeText(seconds: number): string {
  const { year, month, day, hour, minute, second } = calendar(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${MONTHS[month - 1]} ${String(day).padStart(2, ' ')} ${two(hour)}:${two(minute)}:${two(second)} ${year} GMT`;
}

const MONTHS: readonly string[] = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Hexadecimal digits, of which there are always two for a byte. */
export function evenHex(value: number): string {
  const digits = value.toString(16).toUpperCase();
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}
