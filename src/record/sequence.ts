import { fatal } from '../registry/fatal.ts';

/** The sequence number of one direction under one key: 64 bits that only count up. */
export class Sequence {
  private low = 0;
  private high = 0;

  /** How many numbers were used up. */
  get used(): number {
    return this.high * 0x1_0000_0000 + this.low;
  }

  /** Writes the number that is due, in eight bytes. */
  write(out: Uint8Array, at: number): void {
    const { low, high } = this;
    for (let i = 0; i < 4; i++) {
      out[at + 3 - i] = high >>> (8 * i);
      out[at + 7 - i] = low >>> (8 * i);
    }
  }

  /** Uses the number that is due up. */
  advance(): void {
    this.low = (this.low + 1) >>> 0;
    if (this.low !== 0) return;
    // RFC 9846, 5.3; RFC 5246, 6.1: it must not wrap. Keys are updated, or the connection ends, ages before this.
    if (this.high === 0x1f_ffff) fatal('internal_error', 'INTERNAL_ERROR', 'the record sequence number is exhausted');
    this.high++;
  }
}

const nonce = new Uint8Array(12);

/** Nonces that are a secret IV with the sequence number over its last eight bytes (RFC 9846, 5.3; RFC 7905, 2). */
export class MaskedNonces {
  private readonly iv: Uint8Array;

  constructor(iv: Uint8Array) {
    this.iv = iv.slice();
  }

  /** The nonce of the number that is due, in a buffer that the next call of any connection rewrites. */
  nonceOf(sequence: Sequence): Uint8Array {
    const { iv } = this;
    sequence.write(nonce, 4);
    for (let i = 0; i < 4; i++) nonce[i] = iv[i] as number;
    for (let i = 4; i < nonce.length; i++) nonce[i] = (nonce[i] as number) ^ (iv[i] as number);
    return nonce;
  }

  wipe(): void {
    this.iv.fill(0);
    nonce.fill(0);
  }
}
