/** How a connection holds the BIOs it was given. */
import type { Bio } from '../bio/bio.ts';
import { SslError } from '../registry/fatal.ts';
import { type BIO, BIO_free_all } from './bio.ts';

/** One direction of a connection's transport: it holds one reference to the BIO, and a connection frees each port once. */
export class Port implements Bio {
  readonly bio: BIO;

  constructor(bio: BIO) {
    this.bio = bio;
  }

  read(max: number): Uint8Array | 'retry' | 'eof' {
    return this.bio.read(max);
  }

  write(bytes: Uint8Array): number {
    const count = this.bio.write(bytes);
    if (count < 0) throw new SslError('TRANSPORT_FAILED', this.bio.method.name);
    return count;
  }

  free(): void {
    BIO_free_all(this.bio);
  }
}
