import type { CryptoProvider, HashName, HmacKey } from '../crypto/provider.ts';
import { fatal } from '../registry/fatal.ts';
import { versionName } from '../registry/versions.ts';
import { writeHeader } from './protection.ts';
import { Sequence } from './sequence.ts';

/** seq_num, type, version and length. */
const PREFIX_LENGTH = 13;

/** The HMAC over the records of one direction (RFC 5246, 6.2.3.1), and the sequence number that goes into it. */
export class RecordTag {
  readonly version: number;
  /** Bytes of a tag. */
  readonly length: number;
  readonly sequence: Sequence = new Sequence();
  private readonly hmac: HmacKey;
  /** Bytes that the hash takes at a time, and that its own padding takes at least: a byte and the length. */
  private readonly block: number;
  private readonly trailer: number;
  private readonly prefix: Uint8Array = new Uint8Array(PREFIX_LENGTH);

  constructor(provider: CryptoProvider, hash: HashName, version: number, key: Uint8Array) {
    this.version = version;
    this.length = key.length;
    this.hmac = provider.hmac(hash, key);
    this.block = hash === 'sha384' ? 128 : 64;
    this.trailer = hash === 'sha384' ? 17 : 9;
  }

  /** The tag of the record that is due: over its header and `content`. */
  over(type: number, content: Uint8Array): Uint8Array {
    const { prefix } = this;
    this.sequence.write(prefix, 0);
    writeHeader(prefix, 8, type, this.version, content.length);
    return this.hmac.mac(prefix, content);
  }

  /**
   * The same, but at the cost of a content of `longest` bytes, whatever the secret length of `content` is (Lucky 13; RFC 5246,
   * 6.2.3.2, the note on timing). A second tag, over nothing that matters, takes the blocks of hashing that the first one saved, so
   * that each call runs the compression function equally often.
   */
  overAtCostOf(longest: number, type: number, content: Uint8Array): Uint8Array {
    const tag = this.over(type, content);
    const saved = this.blocksOf(longest) - this.blocksOf(content.length);
    this.hmac.mac(IDLE.subarray(0, saved * this.block));
    return tag;
  }

  wipe(): void {
    this.hmac.wipe();
  }

  private blocksOf(length: number): number {
    return Math.floor((PREFIX_LENGTH + length + this.trailer - 1) / this.block) + 1;
  }
}

/** Hashed to spend time. Padding hides 256 bytes at most, which is five blocks of 64 bytes. */
const IDLE: Uint8Array = new Uint8Array(5 * 128);

/** RFC 5246, 6.2.1: records have the negotiated version once there is one. */
export function checkVersion(header: Uint8Array, version: number): void {
  const named = ((header[1] as number) << 8) | (header[2] as number);
  if (named !== version) fatal('protocol_version', 'WRONG_VERSION_NUMBER', `a record of ${versionName(named)}`);
}
