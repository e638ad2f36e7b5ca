import { describe, expect, it } from 'vitest';
import { toHex } from '../bytes/bytes.ts';
import { MaskedNonces, Sequence } from './sequence.ts';

/** A sequence that has come as far as `used`. */
function at(used: number): Sequence {
  const sequence = new Sequence();
  Reflect.set(sequence, 'low', used % 0x1_0000_0000);
  Reflect.set(sequence, 'high', Math.floor(used / 0x1_0000_0000));
  return sequence;
}

const written = (sequence: Sequence): string => {
  const out = new Uint8Array(8);
  sequence.write(out, 0);
  return toHex(out);
};

describe('a sequence number', () => {
  it('begins at nothing and goes up by one', () => {
    const sequence = new Sequence();
    expect([written(sequence), sequence.used]).toEqual(['0000000000000000', 0]);
    sequence.advance();
    expect([written(sequence), sequence.used]).toEqual(['0000000000000001', 1]);
  });

  it.each([
    [2 ** 16 - 1, '0000000000010000'],
    [2 ** 24 - 1, '0000000001000000'],
    [2 ** 31 - 1, '0000000080000000'],
    [2 ** 32 - 1, '0000000100000000'],
    [2 ** 48 - 1, '0001000000000000'],
    [2 ** 52 - 1, '0010000000000000'],
  ])('goes on past %d', (used, next) => {
    const sequence = at(used);
    sequence.advance();
    expect([written(sequence), sequence.used]).toEqual([next, used + 1]);
  });

  it('never begins again', () => {
    const sequence = at(2 ** 53 - 2);
    sequence.advance();
    expect(sequence.used).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => sequence.advance()).toThrow(expect.objectContaining({ alert: 'internal_error' }));
  });
});

describe('a nonce', () => {
  it('is the IV with the sequence number over its end', () => {
    const nonces = new MaskedNonces(new Uint8Array(12).fill(0xff));
    expect(toHex(nonces.nonceOf(at(0)))).toBe('ff'.repeat(12));
    expect(toHex(nonces.nonceOf(at(2 ** 32 + 1)))).toBe('fffffffffffffffefffffffe');
    expect(toHex(nonces.nonceOf(at(0)))).toBe('ff'.repeat(12));
  });

  it('is forgotten', () => {
    const iv = new Uint8Array(12).fill(0xff);
    const nonces = new MaskedNonces(iv);
    nonces.wipe();
    expect(toHex(nonces.nonceOf(at(0)))).toBe('00'.repeat(12));
    expect(iv[0]).toBe(0xff);
  });
});
