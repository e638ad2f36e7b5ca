import { fromHex, toHex } from '../bytes/bytes.ts';

/** Integers of RSA and finite-field Diffie-Hellman: big-endian bytes and `bigint`. */

export const toBigInt = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`));

/** Big-endian, left-padded to `length`. The value must fit. */
export function toBytes(value: bigint, length: number): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * length, '0'));
}

export const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

/** Without leading zero bytes; zero is one zero byte. */
export function stripZeros(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length - 1 && bytes[at] === 0) at++;
  return bytes.subarray(at);
}

/** Left-padded with zeros to `length`; the value must fit. */
export function leftPad(bytes: Uint8Array, length: number): Uint8Array {
  const digits = stripZeros(bytes);
  if (digits.length > length) throw new RangeError(`an integer of ${digits.length} bytes does not fit in ${length}`);
  const out = new Uint8Array(length);
  out.set(digits, length - digits.length);
  return out;
}
