import { expect, it } from 'vitest';
import { free } from './free.ts';

it('lets go of memory that a view is all of', () => {
  const [large, other] = [new Uint8Array(16_385), new Uint8Array(65_536)];
  free(large);
  free(other);
  expect([large.length, large.buffer.byteLength, other.buffer.byteLength]).toEqual([0, 0, 0]);
});

it('leaves alone what somebody else may look at, and what is too small to be worth it', () => {
  const whole = new Uint8Array(65_536).fill(7);
  free(whole.subarray(0, 65_535));
  free(whole.subarray(1));
  const small = Uint8Array.of(1, 2, 3);
  free(small);
  const shared = new Uint8Array(new SharedArrayBuffer(8192));
  free(shared);
  expect([whole.length, whole[65_535], small, shared.length]).toEqual([65_536, 7, Uint8Array.of(1, 2, 3), 8192]);
});
