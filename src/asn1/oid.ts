import { LIMITS } from '../registry/limits.ts';
import { malformed } from './asn1-error.ts';
import { Recent } from './recent.ts';

/** Longest encoded OBJECT IDENTIFIER that is read: decoding costs grow with the square of an arc's length. */
export const MAX_OID_BYTES: number = LIMITS.oidBytes.value;

/** Dotted form of the OBJECT IDENTIFIER contents in `buffer[start, end)` (X.690, 8.19). */
export function oidText(buffer: Uint8Array, start = 0, end: number = buffer.length): string {
  const known = recent.find(buffer, start, end);
  if (known !== undefined) return known;
  const text = decoded(buffer, start, end);
  recent.keep(buffer.slice(start, end), text);
  return text;
}

const recent = new Recent<string>(1024, MAX_OID_BYTES);

function decoded(buffer: Uint8Array, start: number, end: number): string {
  if (end === start || end - start > MAX_OID_BYTES || (buffer[end - 1] as number) >= 0x80) malformed('not an OBJECT IDENTIFIER');
  let text = '';
  let arc = 0;
  let fresh = true;
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number;
    if (fresh && byte === 0x80) malformed('an OBJECT IDENTIFIER that is not minimal');
    // Beyond 2^46 the next step could pass the safe integers.
    if (arc >= 2 ** 46) return longOidText(buffer, start, end);
    arc = arc * 128 + (byte & 0x7f);
    fresh = byte < 0x80;
    if (!fresh) continue;
    text = text === '' ? firstArcs(arc) : `${text}.${arc}`;
    arc = 0;
  }
  return text;
}

/** Contents of the OBJECT IDENTIFIER with this dotted form. */
export function oidBytes(text: string): Uint8Array {
  const arcs = text.split('.').map((arc) => (isDecimal(arc) ? BigInt(arc) : malformed(`not an OBJECT IDENTIFIER: ${text}`)));
  const [first, second, ...rest] = arcs;
  if (first === undefined || second === undefined || first > 2n || (first < 2n && second > 39n))
    malformed(`not an OBJECT IDENTIFIER: ${text}`);
  return Uint8Array.from([first * 40n + second, ...rest].flatMap(base128));
}

const firstArcs = (value: number): string => (value < 80 ? `${value < 40 ? 0 : 1}.${value % 40}` : `2.${value - 80}`);

/** The same for arcs beyond the safe integers, such as 2.25 followed by a UUID. */
function longOidText(buffer: Uint8Array, start: number, end: number): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  let fresh = true;
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number;
    if (fresh && byte === 0x80) malformed('an OBJECT IDENTIFIER that is not minimal');
    arc = arc * 128n + BigInt(byte & 0x7f);
    fresh = byte < 0x80;
    if (!fresh) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [joined = 0n, ...rest] = arcs;
  const head = joined < 80n ? [joined / 40n, joined % 40n] : [2n, joined - 80n];
  return [...head, ...rest].join('.');
}

function base128(arc: bigint): number[] {
  const out = [Number(arc & 0x7fn)];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) out.unshift(Number(left & 0x7fn) | 0x80);
  return out;
}

function isDecimal(text: string): boolean {
  if (text === '' || text.length > 64 || (text.length > 1 && text.startsWith('0'))) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x30 || text.charCodeAt(i) > 0x39) return false;
  return true;
}
