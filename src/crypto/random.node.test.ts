import { afterEach, describe, expect, it, vi } from 'vitest';
import { platformRandom } from './random.ts';

afterEach(() => vi.unstubAllGlobals());

describe('the platform’s generator', () => {
  it('is asked in pieces it does not refuse', () => {
    const asked: number[] = [];
    vi.stubGlobal('crypto', {
      getRandomValues(array: Uint8Array) {
        asked.push(array.length);
        return array.fill(7);
      },
    });
    expect(platformRandom(150_000).every((byte) => byte === 7)).toBe(true);
    expect(asked).toEqual([65_536, 65_536, 18_928]);
  });

  it('has no fallback: without one there is an error, not bad randomness', () => {
    vi.stubGlobal('crypto', undefined);
    expect(() => platformRandom(1)).toThrow('getRandomValues');
    vi.stubGlobal('crypto', {});
    expect(() => platformRandom(1)).toThrow('getRandomValues');
  });
});
