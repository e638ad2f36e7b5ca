import type { Bio } from '../bio/bio.ts';
import { Slabs } from '../bytes/slabs.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { LIMITS } from '../registry/limits.ts';
import { TLS1_VERSION } from '../registry/versions.ts';
import { PlainSeal } from './protect-none.ts';
import { HEADER_LENGTH, type SealProtection } from './protection.ts';
import type { RecordObserver } from './reader.ts';

/** Room for four sealed records: one write to the transport carries them together. */
const SLAB_SIZE = 4 * (LIMITS.plaintext.value + 512);

/** Output is nearly always written in the call that sealed it, so a few serve thousands of connections. */
const slabs = new Slabs(SLAB_SIZE, 8);

/** How many zero bytes to add to a record of a type with `length` content bytes. */
export type PaddingRule = (type: number, length: number) => number;

/**
 * Seals plaintext into records in one output buffer and hands that to a BIO. Nothing else writes to the transport,
 * and a connection that has nothing to send holds no buffer.
 */
export class RecordWriter {
  private protection: SealProtection = new PlainSeal(TLS1_VERSION);
  private slab: Uint8Array | undefined;
  private start = 0;
  private end = 0;
  /** Most plaintext bytes of one record: max_send_fragment, the peer's record_size_limit or max_fragment_length. */
  maxFragment: number = LIMITS.plaintext.value;
  /** Whether a protection that wants data split (CBC in TLS 1.0) gets it split. */
  splitsData = true;
  padding: PaddingRule | undefined;
  observer: RecordObserver | undefined;

  /** Sealed bytes that the BIO did not take yet. */
  get pending(): number {
    return this.end - this.start;
  }

  /** Whether the key has sealed as many records as it may (RFC 9846, 5.5). */
  get keyIsWorn(): boolean {
    return this.protection.sealed >= this.protection.recordLimit;
  }

  /** Room for another full record before the BIO must be asked to take some. */
  get hasRoom(): boolean {
    return this.slab === undefined || this.slab.length - this.end >= this.maxFragment + this.protection.overhead + 256;
  }

  /** Changes the keys: all that is sealed from here on is sealed with the new ones. */
  protect(protection: SealProtection): void {
    this.protection.wipe();
    this.protection = protection;
  }

  /** Seals bytes as as many records as they need. */
  append(type: number, bytes: Uint8Array): void {
    if (bytes.length > 0 && bytes.length <= this.maxFragment) {
      this.appendRecord(type, bytes);
      return;
    }
    for (let at = 0; at < bytes.length; at += this.maxFragment) this.appendRecord(type, bytes.subarray(at, at + this.maxFragment));
  }

  /** Seals one record, or two where data is split; it may be empty. */
  appendRecord(type: number, content: Uint8Array): void {
    if (this.splitsData && this.protection.splitsData && type === CONTENT_TYPE.applicationData && content.length > 1) {
      this.sealRecord(type, content.subarray(0, 1));
      this.sealRecord(type, content.subarray(1));
    } else this.sealRecord(type, content);
  }

  private sealRecord(type: number, content: Uint8Array): void {
    const padding = this.padding?.(type, content.length) ?? 0;
    this.reserve(content.length + padding + this.protection.overhead);
    const slab = this.slab as Uint8Array;
    const length = this.protection.seal(type, content, padding, slab, this.end);
    if (this.observer !== undefined) this.observe(type, slab.subarray(this.end, this.end + HEADER_LENGTH));
    this.end += length;
  }

  /** The compatibility record of RFC 9846, D.4: one byte, never protected. */
  appendChangeCipherSpec(version: number): void {
    const plain = new PlainSeal(version);
    this.reserve(1 + plain.overhead);
    const slab = this.slab as Uint8Array;
    const length = plain.seal(CONTENT_TYPE.changeCipherSpec, Uint8Array.of(1), 0, slab, this.end);
    this.observer?.(CONTENT_TYPE.recordHeader, slab.subarray(this.end, this.end + HEADER_LENGTH));
    this.end += length;
  }

  /** Gives the BIO what is sealed; false where it did not take everything. */
  flush(bio: Bio): boolean {
    if (bio.take !== undefined && this.pending > 0) return this.lend(bio, bio.take);
    while (this.slab !== undefined && this.start < this.end) {
      const taken = bio.write(this.slab.subarray(this.start, this.end));
      if (taken <= 0) return false;
      this.start += taken;
    }
    this.release();
    return true;
  }

  /** Forgets the key. What is sealed already, such as a last alert, can still be flushed. */
  wipe(): void {
    this.protection.wipe();
    if (this.pending === 0) this.release();
  }

  /** Gives the whole buffer away, to come back when it was sent. */
  private lend(bio: Bio, take: NonNullable<Bio['take']>): boolean {
    const slab = this.slab as Uint8Array;
    if (!take.call(bio, slab.subarray(this.start, this.end), () => slabs.give(slab))) return false;
    this.slab = undefined;
    this.start = 0;
    this.end = 0;
    return true;
  }

  private observe(type: number, header: Uint8Array): void {
    this.observer?.(CONTENT_TYPE.recordHeader, header);
    if (header[0] === CONTENT_TYPE.applicationData) this.observer?.(CONTENT_TYPE.innerContentType, Uint8Array.of(type));
  }

  private reserve(length: number): void {
    const slab = this.slab;
    if (slab === undefined) {
      this.slab = slabs.take(length);
      return;
    }
    if (slab.length - this.end >= length) return;
    const pending = slab.subarray(this.start, this.end);
    if (slab.length - pending.length >= length) {
      slab.copyWithin(0, this.start, this.end);
    } else {
      const grown = new Uint8Array(Math.max(2 * slab.length, pending.length + length));
      grown.set(pending);
      this.slab = grown;
    }
    this.end -= this.start;
    this.start = 0;
  }

  private release(): void {
    if (this.slab !== undefined) slabs.give(this.slab);
    this.slab = undefined;
    this.start = 0;
    this.end = 0;
  }
}
