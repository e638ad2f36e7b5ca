import { expect, it } from 'vitest';
import { MemBio } from './mem.ts';

/** Memory on loan with `used` bytes in it, and how often it came back. */
function loan(used: number, size = used): { readonly bytes: Uint8Array; readonly release: () => void; returned: number } {
  const out = { bytes: new Uint8Array(size).fill(used).subarray(0, used), release: () => void out.returned++, returned: 0 };
  return out;
}

it('gives memory on loan back once it was read to its end and the reader says so', () => {
  const bio = new MemBio();
  const first = loan(5000);
  bio.take(first.bytes, first.release);
  bio.write(new Uint8Array(10).fill(2));
  expect([bio.pending, bio.read(4600)]).toEqual([5010, first.bytes.subarray(0, 4600)]);
  bio.consumed();
  expect(first.returned).toBe(0);
  expect(bio.read(600)).toEqual(first.bytes.subarray(4600));
  expect(first.returned).toBe(0);
  bio.consumed();
  bio.consumed();
  expect(first.returned).toBe(1);
  expect([bio.read(600), bio.read(600)]).toEqual([new Uint8Array(10).fill(2), 'retry']);
});

it('keeps it for good from a lender whose reader does not say so: views that it gave stay as they are', () => {
  const bio = new MemBio();
  const [first, second] = [loan(5000), loan(6000)];
  for (const { bytes, release } of [first, second]) bio.take(bytes, release);
  bio.read(5000);
  bio.read(6000);
  bio.consumed();
  expect([first.returned, second.returned]).toEqual([0, 1]);
});

it('copies what is small, and what would keep too much empty memory', () => {
  const bio = new MemBio();
  const small = loan(4095, 8192);
  bio.take(small.bytes, small.release);
  expect(small.returned).toBe(1);
  small.bytes.fill(0);
  expect(bio.read(5000)).toEqual(new Uint8Array(4095).fill(4095));
  const many = Array.from({ length: 6 }, () => loan(5000, 65_536));
  for (const { bytes, release } of many) bio.take(bytes, release);
  expect(many.map(({ returned }) => returned)).toEqual([0, 0, 0, 0, 1, 1]);
  bio.read(5000);
  const next = loan(5000, 65_536);
  bio.take(next.bytes, next.release);
  expect([next.returned, bio.pending]).toEqual([0, 30_000]);
});

it('uses memory of its own again where its reader says so, and never before', () => {
  const bio = new MemBio();
  const write = (fill: number, length: number): void => void bio.write(new Uint8Array(length).fill(fill));
  write(1, 20);
  write(2, 20);
  const [first, second] = [bio.read(20), bio.read(20)] as Uint8Array[];
  bio.consumed();
  write(3, 10);
  write(4, 10);
  expect([first, second?.subarray(10)]).toEqual([new Uint8Array(20).fill(1), new Uint8Array(10).fill(2)]);
  expect([bio.read(99), bio.read(99)]).toEqual([3, 4].map((fill) => new Uint8Array(10).fill(fill)));
});

it('never gives back what `reset` threw away', () => {
  const bio = new MemBio();
  const lent = loan(5000);
  bio.take(lent.bytes, lent.release);
  bio.read(5000);
  bio.reset();
  bio.consumed();
  expect([lent.returned, bio.read(1000)]).toEqual([0, 'retry']);
});
