/** The text of an IPv4 or IPv6 address, the latter in the form of RFC 5952: shortest, lower case. */
export function addressText(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0)).toString(16));
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** The bytes of an IPv4 or IPv6 address; undefined for any other text. Zones (`%eth0`) and brackets are not part of one. */
export function parseIp(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === '0') end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  const plain = (part: string): boolean =>
    part !== '' && part.length <= 3 && isNumber(part) && (part.length === 1 || !part.startsWith('0')) && Number(part) < 256;
  return parts.length === 4 && parts.every(plain) ? Uint8Array.from(parts, Number) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = '', tail] = halves;
  const before = ipv6Groups(head, tail === undefined);
  const after = tail === undefined ? [] : ipv6Groups(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 16 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...before, ...new Array<number>(missing).fill(0), ...after]);
}

/** Bytes of colon-separated groups, of which the last may be an IPv4 address. */
function ipv6Groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const out: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const v4 = last && i === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined;
    if (v4 !== undefined) out.push(...v4);
    else if (part.length > 0 && part.length <= 4 && [...part].every((digit) => '0123456789abcdefABCDEF'.includes(digit))) {
      const group = Number.parseInt(part, 16);
      out.push(group >> 8, group & 0xff);
    } else return undefined;
  }
  return out;
}

/** Whether a text is decimal digits and nothing else. */
export function isNumber(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x30 || text.charCodeAt(i) > 0x39) return false;
  return true;
}
