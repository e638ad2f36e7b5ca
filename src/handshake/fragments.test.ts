import { describe, expect, it } from 'vitest';
import { Fragments } from './fragments.ts';

/** Bytes that were moved from one array to another while something ran. */
function bytesMoved(work: () => void): number {
  const shared = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const { set } = shared;
  let moved = 0;
  shared.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number): void {
    moved += source.length;
    set.call(this, source, offset);
  };
  try {
    work();
  } finally {
    shared.set = set;
  }
  return moved;
}

describe('a message in one-byte records', () => {
  it.each([1000, 10_000, 100_000])('costs as much as its bytes: %d of them are moved three times at most', (length) => {
    const fragments = new Fragments();
    const moved = bytesMoved(() => {
      for (let i = 0; i < length; i++) {
        fragments.append(Uint8Array.of(i));
        // As for every record, whether there is a whole message now is looked at.
        if (fragments.bytes.length !== i + 1) throw new Error('bytes were lost');
      }
    });
    expect(moved).toBeLessThanOrEqual(3 * length);
    const whole = fragments.take(length);
    expect([whole[0], whole[255], whole[256], whole[length - 1]]).toEqual([0, 255, 0, (length - 1) & 0xff]);
    expect(fragments.length).toBe(0);
  });
});
