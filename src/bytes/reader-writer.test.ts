import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEED } from '../../test/hostile/seed.ts';
import { TlsFatal } from '../registry/fatal.ts';
import { constantTimeEqual, copyOf, fromHex, fromLatin1, latin1, sameBytes, toHex, wipe } from './bytes.ts';
import { Reader, readAll } from './reader.ts';
import { build, Writer } from './writer.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const settings = { seed: SEED, numRuns: 200 };
const refusal = (reason: string) => expect.objectContaining({ alert: 'decode_error', reason });

describe('numbers and vectors', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(
        fc.nat(0xff),
        fc.nat(0xffff),
        fc.nat(0xff_ffff),
        fc.nat(0xffff_ffff),
        fc.uint8Array({ maxLength: 255 }),
        bytes,
        bytes,
        (a, b, c, d, x, y, z) => {
          const wire = build((w) => w.u8(a).u16(b).u24(c).u32(d).vec8(x).vec16(y).vec24(z));
          const read = (r: Reader) => [r.u8(), r.u16(), r.u24(), r.u32(), r.vec8(), r.vec16(), r.vec24()];
          expect(readAll(wire, read)).toEqual([a, b, c, d, x, y, z]);
          for (let end = 0; end < wire.length; end++)
            expect(() => readAll(wire.subarray(0, end), read)).toThrow(refusal('LENGTH_TOO_SHORT'));
          expect(() => readAll(Uint8Array.of(...wire, 0), read)).toThrow(refusal('LENGTH_MISMATCH'));
        },
      ),
      settings,
    );
  });

  it('keep to the range they are given', () => {
    const vector = (length: number): Uint8Array => build((w) => w.vec8(new Uint8Array(length)));
    for (const length of [2, 3, 4]) expect(readAll(vector(length), (r) => r.vec8(2, 4))).toHaveLength(length);
    for (const length of [0, 1, 5]) expect(() => readAll(vector(length), (r) => r.vec8(2, 4))).toThrow(refusal('BAD_LENGTH'));
  });

  it('nest: an inner structure ends where its length says', () => {
    const wire = build((w) => w.vec16((outer) => outer.vec8((inner) => inner.u16(7))).u8(9));
    expect(readAll(wire, (r) => [r.sub16((x) => x.sub8((y) => y.u16())), r.u8()])).toEqual([7, 9]);
    expect(() => readAll(wire, (r) => [r.sub16((x) => x.sub8((y) => y.u8())), r.u8()])).toThrow(refusal('LENGTH_MISMATCH'));
    expect(() => readAll(wire, (r) => [r.sub16((x) => x.sub8((y) => y.u32())), r.u8()])).toThrow(refusal('LENGTH_TOO_SHORT'));
  });

  it('in lists have no halves and, where it matters, are there', () => {
    const list = (content: Uint8Array): Uint8Array => build((w) => w.vec16(content));
    expect(readAll(list(Uint8Array.of(0, 1, 0, 2)), (r) => r.list16((x) => x.u16()))).toEqual([1, 2]);
    expect(readAll(list(new Uint8Array(0)), (r) => r.list16((x) => x.u16()))).toEqual([]);
    expect(() => readAll(list(Uint8Array.of(0, 1, 0)), (r) => r.list16((x) => x.u16()))).toThrow(refusal('LENGTH_TOO_SHORT'));
    expect(() => readAll(list(new Uint8Array(0)), (r) => r.list16((x) => x.u16(), 1))).toThrow(refusal('BAD_LENGTH'));
  });

  it('that do not fit their length are no peer’s fault', () => {
    expect(() => build((w) => w.vec8(new Uint8Array(256)))).toThrow(expect.objectContaining({ alert: 'internal_error' }));
    expect(build((w) => w.vec8(new Uint8Array(255)))).toHaveLength(256);
    expect(() => build((w) => w.vec16(new Uint8Array(65_536)))).toThrow(TlsFatal);
  });

  it('grow as they must', () => {
    const w = new Writer(1);
    for (let i = 0; i < 1000; i++) w.u8(i);
    expect(w.length).toBe(1000);
    expect(w.finish()[999]).toBe(999 & 0xff);
    expect(w.zeros(3).view().subarray(-3)).toEqual(new Uint8Array(3));
  });

  it('are read from where the reader is told', () => {
    const r = new Reader(Uint8Array.of(1, 2, 3, 4), 1, 3);
    expect([r.remaining, r.u8(), r.u8(), r.empty]).toEqual([2, 2, 3, true]);
    expect(() => r.u8()).toThrow(refusal('LENGTH_TOO_SHORT'));
  });
});

describe('byte strings', () => {
  it('have text forms that lead back to them', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(fromHex(toHex(value))).toEqual(value);
        expect(fromLatin1(latin1(value))).toEqual(value);
      }),
      settings,
    );
    expect(fromHex('0a 0B\n0c')).toEqual(Uint8Array.of(10, 11, 12));
    for (const text of ['0', 'zz', '0x00']) expect(() => fromHex(text)).toThrow(SyntaxError);
    expect(latin1(new Uint8Array(100_000))).toHaveLength(100_000);
  });

  it('are equal where each byte is, for both ways of comparing', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.nat(), (a, b, at) => {
        for (const same of [sameBytes, constantTimeEqual]) {
          expect(same(a, a.slice())).toBe(true);
          expect(same(a, b)).toBe(toHex(a) === toHex(b));
          if (a.length === 0) continue;
          const changed = a.slice();
          changed[at % a.length] = (changed[at % a.length] as number) ^ 0x80;
          expect(same(a, changed)).toBe(false);
          expect(same(a, a.subarray(1))).toBe(false);
        }
      }),
      settings,
    );
  });

  it('are copied whole, and wiped in place', () => {
    const value = Uint8Array.of(1, 2, 3);
    const copy = copyOf(value.subarray(1));
    wipe(value, undefined);
    expect([[...value], [...copy]]).toEqual([
      [0, 0, 0],
      [2, 3],
    ]);
    expect(copy.buffer.byteLength).toBe(2);
  });
});
