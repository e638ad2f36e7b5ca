/** Random bytes from the platform's generator, for providers that have no better source. */

interface RandomSource {
  getRandomValues(array: Uint8Array): Uint8Array;
}

/** The Web Cryptography API refuses more than this at once (getRandomValues, step 2). */
const MOST_AT_ONCE = 65_536;

/** `length` fresh bytes from `globalThis.crypto`. Throws where the platform has none: there is no fallback for entropy. */
export function platformRandom(length: number): Uint8Array {
  const source = (globalThis as { readonly crypto?: Partial<RandomSource> }).crypto;
  if (typeof source?.getRandomValues !== 'function')
    throw new Error('this platform has no crypto.getRandomValues, so no secure random bytes');
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += MOST_AT_ONCE) source.getRandomValues(out.subarray(at, at + MOST_AT_ONCE));
  return out;
}
