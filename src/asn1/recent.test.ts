import { describe, expect, it } from 'vitest';
import { Recent } from './recent.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('what was decoded lately', () => {
  it('is found by its bytes, wherever they stand', () => {
    const recent = new Recent<string>(16, 8);
    recent.keep(bytes(1, 2, 3), 'abc');
    expect(recent.find(bytes(9, 1, 2, 3, 9), 1, 4)).toBe('abc');
    expect(recent.find(bytes(1, 2, 3), 0, 2)).toBeUndefined();
    expect(recent.find(bytes(1, 2, 4), 0, 3)).toBeUndefined();
  });

  it('never answers for other bytes, however few places there are', () => {
    const recent = new Recent<number>(2, 8);
    for (let i = 0; i < 256; i++) {
      recent.keep(bytes(i, 7), i);
      expect(recent.find(bytes(i, 7), 0, 2)).toBe(i);
      for (let j = 0; j < i; j++) expect([undefined, j]).toContain(recent.find(bytes(j, 7), 0, 2));
    }
  });

  it('is not kept beyond its length', () => {
    const recent = new Recent<string>(16, 3);
    recent.keep(bytes(1, 2, 3), 'short');
    recent.keep(bytes(1, 2, 3, 4), 'long');
    expect(recent.find(bytes(1, 2, 3), 0, 3)).toBe('short');
    expect(recent.find(bytes(1, 2, 3, 4), 0, 4)).toBeUndefined();
  });
});
