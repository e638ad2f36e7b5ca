import { CONTENT_TYPE } from '../registry/content-types.ts';
import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { HEADER_LENGTH, type OpenedRecord, type OpenProtection, type SealProtection, writeHeader } from './protection.ts';

/** Records before any key is in force (RFC 9846, 5.1). */
export class PlainSeal implements SealProtection {
  readonly overhead: number = HEADER_LENGTH;
  readonly sealed = 0;
  readonly recordLimit: number = Number.POSITIVE_INFINITY;
  private readonly version: number;

  /** `version` is what the header says: 0x0301 in a first ClientHello, 0x0303 later. */
  constructor(version: number) {
    this.version = version;
  }

  seal(type: number, plaintext: Uint8Array, _padding: number, out: Uint8Array, at: number): number {
    writeHeader(out, at, type, this.version, plaintext.length);
    out.set(plaintext, at + HEADER_LENGTH);
    return HEADER_LENGTH + plaintext.length;
  }

  wipe(): void {}
}

export class PlainOpen implements OpenProtection {
  readonly maxFragment: number = LIMITS.plaintext.value;
  readonly plainChangeCipherSpec = true;

  open(header: Uint8Array, fragment: Uint8Array): OpenedRecord {
    // RFC 9846, 5.2: application data is never unprotected, not even where it is empty.
    if (header[0] === CONTENT_TYPE.applicationData) fatal('unexpected_message', 'BAD_RECORD_TYPE', 'unprotected application data');
    return { type: header[0] as number, content: fragment.slice() };
  }

  wipe(): void {}
}
