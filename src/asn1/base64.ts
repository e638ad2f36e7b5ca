const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SKIP = 64;
const PAD = 65;
const BAD = 255;

const VALUES: Uint8Array = new Uint8Array(256).fill(BAD);
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i;
for (const space of ' \t\r\n') VALUES[space.charCodeAt(0)] = SKIP;
VALUES['='.charCodeAt(0)] = PAD;

/** Bytes of base64 text (RFC 4648, 4) with white space anywhere, from `start` to `end`; undefined where it is not base64. */
export function base64Bytes(text: Uint8Array, start = 0, end: number = text.length): Uint8Array | undefined {
  const out = new Uint8Array(Math.floor(((end - start) * 3) / 4) + 3);
  let length = 0;
  let bits = 0;
  let count = 0;
  let pads = 0;
  for (let at = start; at < end; at++) {
    const value = VALUES[text[at] as number] as number;
    if (value === SKIP) continue;
    if (value === PAD) {
      pads++;
      continue;
    }
    if (value === BAD || pads > 0) return undefined;
    bits = (bits << 6) | value;
    if (++count % 4 !== 0) continue;
    out[length++] = bits >> 16;
    out[length++] = bits >> 8;
    out[length++] = bits;
    bits = 0;
  }
  const left = count % 4;
  if (left === 1 || pads !== (4 - left) % 4) return undefined;
  if (left === 3) {
    if ((bits & 3) !== 0) return undefined;
    out[length++] = bits >> 10;
    out[length++] = bits >> 2;
  } else if (left === 2) {
    if ((bits & 15) !== 0) return undefined;
    out[length++] = bits >> 4;
  }
  return out.subarray(0, length);
}

/** Base64 of bytes, with padding. */
export function base64Text(bytes: Uint8Array): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.subarray(at, at + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    out += ALPHABET.charAt(bits >> 18) + ALPHABET.charAt((bits >> 12) & 63);
    out += b === undefined ? '==' : ALPHABET.charAt((bits >> 6) & 63) + (c === undefined ? '=' : ALPHABET.charAt(bits & 63));
  }
  return out;
}
