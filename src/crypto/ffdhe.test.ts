import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../bytes/bytes.ts';
import { ffdheGroup, ffdheLength, isAcceptableDhValue, isUsableDhGroup } from './ffdhe.ts';
import { jsProvider } from './js.ts';
import { nodeProvider } from './node.ts';
import { toBigInt, toBytes } from './numbers.ts';
import type { FfdheName } from './provider.ts';

/** SHA-256 of the primes as `openssl genpkey -genparam -algorithm DH -pkeyopt group:NAME` prints them. */
const OPENSSL: Readonly<Record<FfdheName, string>> = {
  ffdhe2048: '9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966',
  ffdhe3072: '0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17',
  ffdhe4096: '4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e',
  ffdhe6144: '227ac9066b3ddd9e193670cda2388fa884f65ba0cf98b742d1fe77a6687c79c7',
  ffdhe8192: '770b14efaf6f049929c523113b3fa99a8d11dab1b18af3609590122075d19833',
};
const NAMES = Object.keys(OPENSSL) as readonly FfdheName[];

describe('the groups of RFC 7919', () => {
  it.each(NAMES)('%s is OpenSSL’s prime', (name) => {
    const { prime, generator } = ffdheGroup(name);
    expect(prime).toHaveLength(ffdheLength(name));
    expect(toHex(nodeProvider.digest('sha256', prime))).toBe(OPENSSL[name]);
    expect(toHex(generator)).toBe('02');
  });
});

const { prime, generator } = ffdheGroup('ffdhe2048');
const p = toBigInt(prime);
const value = (y: bigint): Uint8Array => toBytes(y, 256);

describe('a peer’s public value', () => {
  it('must lie in 1 < Y < p-1', () => {
    for (const y of [0n, 1n, p - 1n, p, p + 1n]) expect(isAcceptableDhValue(prime, value(y))).toBe(false);
    for (const y of [2n, p - 2n]) expect(isAcceptableDhValue(prime, value(y))).toBe(true);
  });

  for (const provider of [nodeProvider, jsProvider]) {
    it(`is checked by ${provider.name}`, async () => {
      const key = await provider.ephemeral('ffdhe2048');
      for (const y of [0n, 1n, p - 1n, p, p + 1n]) expect(await key.agree(value(y))).toBeUndefined();
      expect(await key.agree(concat(Uint8Array.of(1), value(2n)))).toBeUndefined();
      expect(await key.agree(value(2n))).toEqual(key.publicKey);
      expect(await key.agree(value(4n))).toHaveLength(256);
    });
  }
});

describe('a group from a peer', () => {
  it('is usable when odd, of 512 to 8192 bits, with 1 < g < p-1', () => {
    expect(isUsableDhGroup(prime, generator)).toBe(true);
    expect(isUsableDhGroup(value(p - 1n), generator)).toBe(false);
    for (const g of [0n, 1n, p - 1n, p]) expect(isUsableDhGroup(prime, value(g))).toBe(false);
    const ofBits = (bits: bigint): Uint8Array => toBytes((1n << bits) - 1n, Number(bits + 7n) >> 3);
    for (const [bits, usable] of [
      [511n, false],
      [512n, true],
      [8192n, true],
      [8193n, false],
    ] as const) {
      expect(isUsableDhGroup(ofBits(bits), generator)).toBe(usable);
    }
  });

  for (const provider of [nodeProvider, jsProvider]) {
    it(`serves both sides, small generator or large, with zeros before it (${provider.name})`, async () => {
      for (const g of [Uint8Array.of(2), Uint8Array.of(0, 5), value(0x1_0000_0001n)]) {
        const [a, b] = [await provider.ephemeralDh(concat(Uint8Array.of(0), prime), g), await jsProvider.ephemeralDh(prime, g)];
        expect(a.publicKey).toHaveLength(256);
        const secret = await a.agree(b.publicKey);
        expect(secret).toHaveLength(256);
        expect(secret).toEqual(await b.agree(a.publicKey));
      }
    });

    it(`is refused when unusable (${provider.name})`, () => {
      expect(() => provider.ephemeralDh(value(p - 1n), generator)).toThrow(RangeError);
      expect(() => provider.ephemeralDh(prime, Uint8Array.of(1))).toThrow(RangeError);
    });
  }
});
