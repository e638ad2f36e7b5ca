import { latin1, utf8 } from '../bytes/bytes.ts';
import { malformed } from './asn1-error.ts';
import { base64Bytes, base64Text } from './base64.ts';
import { plainView } from './der-reader.ts';

/** One block of a PEM file (RFC 7468; RFC 1421 for the headers of traditionally encrypted keys). */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY` … */
  readonly label: string;
  /** `Proc-Type`, `DEK-Info`: by name, in the order they stand. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
}

/**
 * Reads the blocks of a PEM file one after another; text outside of them is skipped, as comments in bundles are. The
 * scanner passes over each byte once. Throws `Asn1Error` for a block without an end, with another end, or that is not base64.
 */
export function* pemBlocks(text: Uint8Array | string): Generator<PemBlock, void, void> {
  const bytes = typeof text === 'string' ? utf8(text) : plainView(text);
  for (let line = firstLine(bytes, 0); line.start < bytes.length; line = firstLine(bytes, line.next)) {
    const label = labelOf(bytes, line, BEGIN);
    if (label === undefined) continue;
    const headers = readHeaders(bytes, line.next);
    const start = headers.next;
    let end = firstLine(bytes, start);
    while (end.start < bytes.length && !startsWith(bytes, end, DASHES)) end = firstLine(bytes, end.next);
    if (labelOf(bytes, end, END) !== label) malformed(`no end of ${label}`);
    yield { label, headers: headers.map, bytes: base64Bytes(bytes, start, end.start) ?? malformed(`${label} is not base64`) };
    line = end;
  }
}

/** Whether bytes hold a PEM block at all, rather than DER. */
export function isPem(bytes: Uint8Array): boolean {
  for (let line = firstLine(bytes, 0); line.start < bytes.length; line = firstLine(bytes, line.next))
    if (startsWith(bytes, line, BEGIN)) return true;
  return false;
}

/** Writes one block, 64 characters a line. */
export function pemText(label: string, bytes: Uint8Array): string {
  const body = base64Text(bytes);
  let out = `-----BEGIN ${label}-----\n`;
  for (let at = 0; at < body.length; at += 64) out += `${body.slice(at, at + 64)}\n`;
  return `${out}-----END ${label}-----\n`;
}

const BEGIN = utf8('-----BEGIN ');
const END = utf8('-----END ');
const DASHES = utf8('-----');

/** A line without its end and without trailing white space; `next` is where the following one begins. */
interface Line {
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

function firstLine(bytes: Uint8Array, start: number): Line {
  const newline = bytes.indexOf(0x0a, start);
  const next = newline < 0 ? bytes.length : newline + 1;
  let end = newline < 0 ? bytes.length : newline;
  while (end > start && (bytes[end - 1] as number) <= 0x20) end--;
  return { start, end, next: Math.max(next, start) };
}

function startsWith(bytes: Uint8Array, line: Line, prefix: Uint8Array): boolean {
  if (line.end - line.start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[line.start + i] !== prefix[i]) return false;
  return true;
}

function labelOf(bytes: Uint8Array, line: Line, prefix: Uint8Array): string | undefined {
  const { start, end } = line;
  if (!startsWith(bytes, line, prefix) || end - start < prefix.length + DASHES.length) return undefined;
  if (!startsWith(bytes, { ...line, start: end - DASHES.length }, DASHES)) return undefined;
  return latin1(bytes.subarray(start + prefix.length, end - DASHES.length));
}

/** `Name: value` lines up to an empty one, with continuation lines; none where the block begins with base64. */
function readHeaders(bytes: Uint8Array, from: number): { readonly map: ReadonlyMap<string, string>; readonly next: number } {
  const map = new Map<string, string>();
  let line = firstLine(bytes, from);
  let name: string | undefined;
  while (line.end > line.start) {
    const colon = bytes.subarray(line.start, line.end).indexOf(0x3a);
    const continued = name !== undefined && (bytes[line.start] as number) <= 0x20;
    if (colon < 0 && !continued) break;
    const text = latin1(bytes.subarray(line.start, line.end));
    if (name !== undefined && continued) map.set(name, (map.get(name) ?? '') + text.trim());
    else {
      name = text.slice(0, colon);
      map.set(name, text.slice(colon + 1).trim());
    }
    line = firstLine(bytes, line.next);
  }
  const blank = line.end === line.start;
  return { map, next: map.size > 0 && blank ? line.next : line.start };
}
