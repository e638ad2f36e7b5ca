import { constantTimeEqual } from '../bytes/bytes.ts';
import type { CipherSuite } from '../registry/cipher-suites.ts';
import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { HEADER_LENGTH, type OpenedRecord, type OpenProtection, type SealProtection, writeHeader } from './protection.ts';
import { checkVersion, type RecordTag } from './record-tag.ts';

/** Records with a tag, and no encryption: the NULL suites (RFC 5246, 6.2.3.1). */
export class MacSeal implements SealProtection {
  readonly overhead: number;
  readonly recordLimit: number;
  private readonly tag: RecordTag;

  constructor(suite: CipherSuite, tag: RecordTag) {
    this.tag = tag;
    this.overhead = HEADER_LENGTH + tag.length;
    this.recordLimit = suite.recordLimit;
  }

  get sealed(): number {
    return this.tag.sequence.used;
  }

  seal(type: number, plaintext: Uint8Array, _padding: number, out: Uint8Array, at: number): number {
    const { tag } = this;
    writeHeader(out, at, type, tag.version, plaintext.length + tag.length);
    out.set(plaintext, at + HEADER_LENGTH);
    out.set(tag.over(type, plaintext), at + HEADER_LENGTH + plaintext.length);
    tag.sequence.advance();
    return HEADER_LENGTH + plaintext.length + tag.length;
  }

  wipe(): void {
    this.tag.wipe();
  }
}

export class MacOpen implements OpenProtection {
  readonly maxFragment: number = LIMITS.plaintext.value + LIMITS.tls12Expansion.value;
  readonly plainChangeCipherSpec = false;
  private readonly tag: RecordTag;
  private readonly maxPlaintext: number;

  constructor(tag: RecordTag, maxPlaintext: number) {
    this.tag = tag;
    this.maxPlaintext = maxPlaintext;
  }

  open(header: Uint8Array, fragment: Uint8Array): OpenedRecord | undefined {
    const { tag } = this;
    checkVersion(header, tag.version);
    const type = header[0] as number;
    const length = fragment.length - tag.length;
    if (length < 0) return undefined;
    const content = fragment.slice(0, length);
    if (!constantTimeEqual(tag.over(type, content), fragment.subarray(length))) return undefined;
    tag.sequence.advance();
    // RFC 5246, 6.2.1; RFC 8449, 4.
    if (length > this.maxPlaintext) fatal('record_overflow', 'DATA_LENGTH_TOO_LONG', `${length} bytes in a record`);
    return { type, content };
  }

  wipe(): void {
    this.tag.wipe();
  }
}
