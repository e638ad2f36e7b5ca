/** BIO_dump_indent(3): offset, sixteen bytes, and what of them is text. */
export function hexDump(bytes: Uint8Array, indent: string): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte, i) => byte.toString(16).padStart(2, '0') + (i === 7 ? '-' : ' ')).join('');
    const text = row.map((byte) => (byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : '.')).join('');
    out += `${indent}${at.toString(16).padStart(4, '0')} - ${hex.padEnd(48)}  ${text}\n`;
  }
  return out;
}

/** Upper-case hexadecimal, as sessions and keying material are printed. */
export const upperHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();
