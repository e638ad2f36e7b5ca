import { expect, it } from 'vitest';
import type { Bio } from '../bio/bio.ts';
import { MemBio } from '../bio/mem.ts';
import { utf8 } from '../bytes/bytes.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { TLS1_2_VERSION } from '../registry/versions.ts';
import { PlainSeal } from './protect-none.ts';
import { RecordReader } from './reader.ts';

/** Reads every chunk into one and the same Buffer, as a socket with a buffer of its own does; Buffer's `slice` copies nothing. */
class OneBuffer implements Bio {
  readonly inner: MemBio = new MemBio();
  private readonly memory: Buffer = Buffer.alloc(100_000);

  read(max: number): Uint8Array | 'retry' | 'eof' {
    const chunk = this.inner.read(max);
    if (typeof chunk === 'string') return chunk;
    this.memory.fill(0xee).set(chunk);
    return this.memory.subarray(0, chunk.length);
  }

  write(bytes: Uint8Array): number {
    return this.inner.write(bytes);
  }
}

it.each([CONTENT_TYPE.handshake, CONTENT_TYPE.alert])(
  'what a record held stays when the memory that a BIO lent is used again: type %i',
  (type) => {
    const bio = new OneBuffer();
    const reader = new RecordReader();
    const send = (text: string): void => {
      const record = new Uint8Array(100);
      bio.write(record.subarray(0, new PlainSeal(TLS1_2_VERSION).seal(type, utf8(text), 0, record, 0)));
    };
    send('the first record');
    const first = reader.next(bio);
    send('the second');
    const second = reader.next(bio);
    expect([first, second]).toEqual(['the first record', 'the second'].map((text) => ({ type, content: utf8(text) })));
  },
);
