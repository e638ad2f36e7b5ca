import { parseIp } from '../x509/ip-address.ts';

/** Whether an IPv4 or IPv6 address belongs to the public Internet: not to this machine, a network around it, a group, or nobody. */
export function isPublicAddress(address: string): boolean {
  const bytes = parseIp(address);
  if (bytes === undefined) return false;
  if (bytes.length === 4) return !isWithin(bytes, NOT_PUBLIC_IPV4);
  // RFC 4291, 2.5.5.2, and RFC 6052, 2.1: an IPv4 address in other clothes is what it is.
  if (isWithin(bytes, IPV4_INSIDE)) return !isWithin(bytes.subarray(12), NOT_PUBLIC_IPV4);
  return isWithin(bytes, GLOBAL_UNICAST) && !isWithin(bytes, NOT_PUBLIC_IPV6);
}

interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** Read when somebody asks, which few programs do. */
function networks(...texts: readonly string[]): () => readonly Network[] {
  let known: readonly Network[] | undefined;
  return () => {
    known ??= texts.map((text) => {
      const [address = '', bits] = text.split('/');
      return { bytes: parseIp(address) ?? new Uint8Array(0), bits: Number(bits) };
    });
    return known;
  };
}

/** IANA's registry of special addresses (RFC 6890), with groups and what is reserved. */
const NOT_PUBLIC_IPV4 = networks(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
);

const IPV4_INSIDE = networks('::ffff:0:0/96', '64:ff9b::/96');
const GLOBAL_UNICAST = networks('2000::/3');
/** Protocols and tunnels that lead elsewhere, benchmarks, documentation, 6to4. */
const NOT_PUBLIC_IPV6 = networks('2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20');

const isWithin = (address: Uint8Array, list: () => readonly Network[]): boolean => list().some((network) => startsWith(address, network));

function startsWith(address: Uint8Array, { bytes, bits }: Network): boolean {
  if (address.length !== bytes.length) return false;
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff;
    if ((((address[bit >> 3] as number) ^ (bytes[bit >> 3] as number)) & mask) !== 0) return false;
  }
  return true;
}
