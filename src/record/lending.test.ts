import { describe, expect, it } from 'vitest';
import type { Bio } from '../bio/bio.ts';
import { MemBio } from '../bio/mem.ts';
import { EMPTY, toHex } from '../bytes/bytes.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { RecordReader } from './reader.ts';
import { RecordWriter } from './writer.ts';

const body = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

/** A BIO that keeps what it is lent until it is told to let go; `full` makes it refuse. */
class Lender implements Bio {
  readonly lent: { readonly bytes: Uint8Array; readonly before: string; readonly release: () => void }[] = [];
  readonly written: Uint8Array[] = [];
  full = false;

  read(): 'retry' {
    return 'retry';
  }

  write(bytes: Uint8Array): number {
    this.written.push(bytes.slice());
    return bytes.length;
  }

  take(bytes: Uint8Array, release: () => void): boolean {
    if (this.full) return false;
    this.lent.push({ bytes, before: toHex(bytes), release });
    return true;
  }
}

describe('records on loan to a BIO', () => {
  it('stay as they are until they are given back, whatever is sealed meanwhile', () => {
    const [bio, other] = [new Lender(), new Lender()];
    const [a, b] = [new RecordWriter(), new RecordWriter()];
    for (let i = 0; i < 20; i++) {
      a.append(CONTENT_TYPE.handshake, body(50_000, i));
      expect(a.flush(bio)).toBe(true);
      expect(a.pending).toBe(0);
      b.append(CONTENT_TYPE.handshake, body(50_000, 0x80 + i));
      expect(b.flush(other)).toBe(true);
    }
    for (const { bytes, before } of [...bio.lent, ...other.lent]) expect(toHex(bytes) === before).toBe(true);
    expect([bio.lent.length, other.lent.length]).toEqual([20, 20]);
    for (const { release } of bio.lent) release();
    a.append(CONTENT_TYPE.handshake, body(50_000, 0x55));
    expect(a.flush(bio)).toBe(true);
    for (const { bytes, before } of other.lent) expect(toHex(bytes) === before).toBe(true);
  });

  it('are kept where the BIO wants none now, and go out in their order', () => {
    const bio = new Lender();
    const writer = new RecordWriter();
    writer.append(CONTENT_TYPE.handshake, body(20_000, 1));
    bio.full = true;
    expect(writer.flush(bio)).toBe(false);
    const pending = writer.pending;
    writer.append(CONTENT_TYPE.handshake, body(100, 2));
    bio.full = false;
    expect(writer.flush(bio)).toBe(true);
    expect(bio.lent.map(({ bytes }) => bytes.length)).toEqual([pending + 105]);
  });

  it('are small ones too, and leave the memory of others alone', () => {
    const bio = new Lender();
    const writer = new RecordWriter();
    writer.append(CONTENT_TYPE.handshake, body(100, 1));
    expect(writer.flush(bio)).toBe(true);
    writer.append(CONTENT_TYPE.handshake, body(200, 2));
    expect(writer.flush(bio)).toBe(true);
    expect([bio.lent.map(({ bytes }) => bytes.length), bio.written]).toEqual([[105, 205], []]);
    expect(bio.lent.map(({ bytes, before }) => toHex(bytes) === before)).toEqual([true, true]);
  });
});

describe('a reader that is lent memory', () => {
  it('owns what is left of it once it is told to', () => {
    const sealed = new Lender();
    const writer = new RecordWriter();
    for (const fill of [1, 2, 3]) writer.append(CONTENT_TYPE.handshake, body(64, fill));
    writer.flush(sealed);
    const memory = (sealed.lent[0]?.bytes ?? EMPTY).slice();
    let given = false;
    const bio: Bio = {
      read: () => {
        if (given) return 'retry';
        given = true;
        return memory.subarray(0, 200);
      },
      write: () => 0,
    };
    const reader = new RecordReader();
    expect(reader.next(bio)).toMatchObject({ content: body(64, 1) });
    reader.own();
    memory.fill(0xff);
    expect(reader.buffered).toBe(200 - 69);
    expect(reader.next(bio)).toMatchObject({ content: body(64, 2) });
    expect(reader.next(bio)).toBe('retry');
    expect(reader.buffered).toBe(200 - 138);
    reader.own();
    expect(reader.buffered).toBe(200 - 138);
  });
});

it('reads on where it was when whoever observes its records reads elsewhere meanwhile', () => {
  const [one, other] = [new MemBio(), new MemBio()];
  const writer = new RecordWriter();
  for (const [bio, type] of [
    [one, CONTENT_TYPE.handshake],
    [other, CONTENT_TYPE.alert],
  ] as const) {
    writer.append(type, body(10, type));
    writer.flush(bio);
  }
  const [reader, elsewhere] = [new RecordReader(), new RecordReader()];
  const seen: unknown[] = [];
  reader.observer = (type, header) => void seen.push(type, header, elsewhere.next(other));
  expect(reader.next(one)).toEqual({ type: CONTENT_TYPE.handshake, content: body(10, CONTENT_TYPE.handshake) });
  expect(seen).toEqual([
    CONTENT_TYPE.recordHeader,
    Uint8Array.of(CONTENT_TYPE.handshake, 3, 1, 0, 10),
    { type: CONTENT_TYPE.alert, content: body(10, CONTENT_TYPE.alert) },
  ]);
});
