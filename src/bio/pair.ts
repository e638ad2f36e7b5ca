import type { Bio } from './bio.ts';
import { MemBio } from './mem.ts';

/** Bytes one direction of a pair holds unless said otherwise (BIO_set_write_buf_size(3)). */
const DEFAULT_SIZE = 17 * 1024;

/** One end of a pair: what is written here is read there (BIO_s_bio(3)). Each direction holds a bounded number of bytes. */
export class PairBio implements Bio {
  private readonly incoming: MemBio;
  private readonly outgoing: MemBio;
  private readonly size: number;

  constructor(incoming: MemBio, outgoing: MemBio, size: number) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.size = size;
  }

  /** Bytes that can be read here. */
  get pending(): number {
    return this.incoming.pending;
  }

  /** Bytes that `write` would take (BIO_get_write_guarantee(3)). */
  get writeGuarantee(): number {
    return Math.max(0, this.size - this.outgoing.pending);
  }

  read(max: number): Uint8Array | 'retry' | 'eof' {
    return this.incoming.read(max);
  }

  write(bytes: Uint8Array): number {
    return this.outgoing.write(bytes.subarray(0, this.writeGuarantee));
  }

  /** Nothing more will be written here: the other end reads "eof" when it has read all (BIO_shutdown_wr(3)). */
  end(): void {
    this.outgoing.end();
  }
}

/** Two connected ends (BIO_new_bio_pair(3)). Sizes in bytes. */
export function bioPair(sizeA: number = DEFAULT_SIZE, sizeB: number = DEFAULT_SIZE): readonly [PairBio, PairBio] {
  const toA = new MemBio();
  const toB = new MemBio();
  return [new PairBio(toA, toB, sizeA), new PairBio(toB, toA, sizeB)];
}
