import { describe, expect, it } from 'vitest';
import { nodeProvider } from './node.ts';
import { importPublicKey } from './node-keys.ts';
import type { PublicKeySpec } from './provider.ts';

const rsa = (e: readonly number[], n: readonly number[]): PublicKeySpec => ({ kind: 'rsa', e: Uint8Array.from(e), n: Uint8Array.from(n) });

async function freshPoint(): Promise<PublicKeySpec> {
  const { publicKey } = await nodeProvider.ephemeral('P-256');
  return { kind: 'ec', curve: 'P-256', point: publicKey };
}

describe('keys imported lately', () => {
  it('are given again for the same bytes', async () => {
    const spec = await freshPoint();
    const key = importPublicKey(spec);
    expect(importPublicKey(structuredClone(spec))).toBe(key);
    expect(importPublicKey(await freshPoint())).not.toBe(key);
  });

  it('are never those of other numbers with the same bytes in a row', () => {
    const modulus = [...new Array<number>(255).fill(0xc3), 0x01];
    const one = importPublicKey(rsa([3], [0xc1, ...modulus]));
    const other = importPublicKey(rsa([3, 0xc1], modulus));
    expect(other).not.toBe(one);
    expect(other.spec).toEqual(rsa([3, 0xc1], modulus));
  });

  it('are forgotten when many others came after them', async () => {
    const spec = await freshPoint();
    const key = importPublicKey(spec);
    for (let i = 0; i < 64; i++) importPublicKey(await freshPoint());
    expect(importPublicKey(spec)).not.toBe(key);
  });
});
