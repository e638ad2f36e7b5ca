import { expect, it } from 'vitest';
import { MemBio } from './mem.ts';

/** Memory on loan with `used` bytes in it, and how often it came back. */
function loan(used: number, size = used): { readonly bytes: Uint8Array; readonly release: () => void; returned: number } {
  const out = { bytes: new Uint8Array(size).fill(used).subarray(0, used), release: () => void out.returned++, returned: 0 };
  return out;
}

it('gives memory on loan back once it was read to its end and the reader says so', () => {
  const bio = new MemBio();
  const first = loan(1000);
  bio.take(first.bytes, first.release);
  bio.write(new Uint8Array(10).fill(2));
  expect([bio.pending, bio.read(600)]).toEqual([1010, first.bytes.subarray(0, 600)]);
  bio.consumed();
  expect(first.returned).toBe(0);
  expect(bio.read(600)).toEqual(first.bytes.subarray(600));
  expect(first.returned).toBe(0);
  bio.consumed();
  bio.consumed();
  expect(first.returned).toBe(1);
  expect([bio.read(600), bio.read(600)]).toEqual([new Uint8Array(10).fill(2), 'retry']);
});

it('keeps it for good from a lender whose reader does not say so: views that it gave stay as they are', () => {
  const bio = new MemBio();
  const [first, second] = [loan(1000), loan(2000)];
  for (const { bytes, release } of [first, second]) bio.take(bytes, release);
  bio.read(1000);
  bio.read(2000);
  bio.consumed();
  expect([first.returned, second.returned]).toEqual([0, 1]);
});

it('copies what fills a small part of the memory it is in', () => {
  const bio = new MemBio();
  const lent = loan(100, 1000);
  bio.take(lent.bytes, lent.release);
  expect(lent.returned).toBe(1);
  lent.bytes.fill(0);
  expect(bio.read(1000)).toEqual(new Uint8Array(100).fill(100));
});

it('never gives back what `reset` threw away', () => {
  const bio = new MemBio();
  const lent = loan(1000);
  bio.take(lent.bytes, lent.release);
  bio.read(1000);
  bio.reset();
  bio.consumed();
  expect([lent.returned, bio.read(1000)]).toEqual([0, 'retry']);
});
