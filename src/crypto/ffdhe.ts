import { bitLength, toBigInt, toBytes } from './numbers.ts';
import type { FfdheName } from './provider.ts';

/** A group of finite-field Diffie-Hellman. */
export interface DhGroup {
  readonly prime: Uint8Array;
  readonly generator: Uint8Array;
}

/** Size in bits, and the offset X that makes the number of RFC 7919, appendix A, a safe prime. */
const SIZES: Readonly<Record<FfdheName, { readonly bits: number; readonly offset: bigint }>> = {
  ffdhe2048: { bits: 2048, offset: 560316n },
  ffdhe3072: { bits: 3072, offset: 2625351n },
  ffdhe4096: { bits: 4096, offset: 5736041n },
  ffdhe6144: { bits: 6144, offset: 15705020n },
  ffdhe8192: { bits: 8192, offset: 10965728n },
};

/** The smallest and largest prime that is worked with at all; what is acceptable in a handshake is the security level's say. */
const LEAST_BITS = 512;
const MOST_BITS = 8192;

const groups = new Map<FfdheName, DhGroup>();

/** A group of RFC 7919; the generator is 2. */
export function ffdheGroup(name: FfdheName): DhGroup {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group: DhGroup = { prime: primeOf(name), generator: Uint8Array.of(2) };
  groups.set(name, group);
  return group;
}

export const isFfdhe = (name: string): name is FfdheName => Object.hasOwn(SIZES, name);

/** Length in bytes of a prime, a public value and a shared secret of the group. */
export const ffdheLength = (name: FfdheName): number => SIZES[name].bits / 8;

/**
 * Whether a group that a peer sent can be used: an odd number of 512 to 8192 bits and 1 < g < p-1. Whether it is
 * prime is not tested, as no TLS client can afford that.
 */
export function isUsableDhGroup(prime: Uint8Array, generator: Uint8Array): boolean {
  const p = toBigInt(prime);
  const g = toBigInt(generator);
  const bits = bitLength(p);
  return bits >= LEAST_BITS && bits <= MOST_BITS && (p & 1n) === 1n && g > 1n && g < p - 1n;
}

/** Whether 1 < Y < p-1 (RFC 7919, 5.1; RFC 9846, 4.2.8.1). */
export function isAcceptableDhValue(prime: Uint8Array, value: Uint8Array): boolean {
  const y = toBigInt(value);
  return y > 1n && y < toBigInt(prime) - 1n;
}

/** p = 2^b - 2^(b-64) + ([2^(b-130) e] + X) 2^64 - 1 (RFC 7919, appendix A). */
function primeOf(name: FfdheName): Uint8Array {
  const { bits, offset } = SIZES[name];
  const b = BigInt(bits);
  return toBytes((1n << b) - (1n << (b - 64n)) + ((scaledE(b - 130n) + offset) << 64n) - 1n, bits / 8);
}

/** The integer part of e times a power of two: the sum of 1/k!, with 64 bits more than are kept. */
function scaledE(bits: bigint): bigint {
  let term = 1n << (bits + 64n);
  let sum = 0n;
  for (let k = 1n; term > 0n; k++) {
    sum += term;
    term /= k;
  }
  return sum >> 64n;
}
