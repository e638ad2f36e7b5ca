import type { Bio } from '../bio/bio.ts';
import { copyOf, EMPTY } from '../bytes/bytes.ts';
import { Slabs } from '../bytes/slabs.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { PlainOpen } from './protect-none.ts';
import { HEADER_LENGTH, type OpenedRecord, type OpenProtection } from './protection.ts';

/** How many bytes to ask a BIO for at a time when reading ahead: four full records as they are sealed, so that bulk data is opened straight from one chunk. */
const READ_SIZE = 4 * (HEADER_LENGTH + LIMITS.plaintext.value + LIMITS.ciphertextExpansion.value);

/** Where records whose end has not arrived wait for it. */
const carries = new Slabs(HEADER_LENGTH + LIMITS.plaintext.value + LIMITS.tls12Expansion.value, 8);

/** The header of the record that is being opened; one for all readers, since opening never waits. */
const header = new Uint8Array(HEADER_LENGTH);

/** Sees every record header and, under protection, the hidden content type (for the message callback). */
export type RecordObserver = (contentType: number, bytes: Uint8Array) => void;

/**
 * Takes bytes from a BIO and gives records. A record that lies whole in the chunk that arrived is opened there; only
 * the unfinished tail of a chunk is copied, into a carry buffer, and completed in it.
 */
export class RecordReader {
  private protection: OpenProtection = new PlainOpen();
  private chunk: Uint8Array = EMPTY;
  private position = 0;
  private carry: Uint8Array = EMPTY;
  private carried = 0;
  /** Bytes of refused early data that may still come and be dropped; undefined where none is (RFC 9846, 4.2.10). */
  private skippable: number | undefined;
  private skipPlain = false;
  observer: RecordObserver | undefined;
  /** Whether a BIO is asked for more than the record that is due (SSL_set_read_ahead(3)). */
  readAhead = true;
  /** Least bytes to ask for then; 0: as many as are good. */
  bufferLength = 0;

  /** Bytes that arrived and were not opened yet. */
  get buffered(): number {
    return this.carried + this.chunk.length - this.position;
  }

  /** Takes over what a BIO lent and was not opened yet, for a BIO that wants its memory back sooner than at its next call. */
  own(): void {
    this.chunk = this.position < this.chunk.length ? copyOf(this.chunk.subarray(this.position)) : EMPTY;
    this.position = 0;
  }

  /** Whether a whole record lies here, so that opening it needs no further read (SSL_has_pending(3)). */
  get hasRecord(): boolean {
    if (this.carried > 0) {
      const header = this.carried >= HEADER_LENGTH ? recordLength(this.carry, 0) : Number.POSITIVE_INFINITY;
      return this.buffered >= header;
    }
    return this.buffered >= HEADER_LENGTH && this.buffered >= recordLength(this.chunk, this.position);
  }

  /** Changes the keys; all records from here on are opened with the new ones. */
  protect(protection: OpenProtection): void {
    this.protection.wipe();
    this.protection = protection;
    this.skippable = undefined;
  }

  /** Lets go of records that do not open, `budget` bytes of them at most, until one does. `plain`: until a handshake record comes in the clear. */
  skipEarlyData(budget: number, plain: boolean): void {
    this.skippable = budget;
    this.skipPlain = plain;
  }

  /** The next record, or why there is none. Never keeps a view of what the BIO lent. */
  next(bio: Bio): OpenedRecord | 'retry' | 'eof' {
    for (;;) {
      const fragment = this.fragment();
      if (fragment !== undefined) {
        const record = this.open(fragment);
        if (this.carried === 0) this.dropCarry();
        if (record !== undefined) return record;
        continue;
      }
      bio.consumed?.();
      const chunk = bio.read(this.readAhead ? Math.max(READ_SIZE, this.bufferLength) : this.missing);
      if (chunk === 'retry') return chunk;
      // RFC 9846, 6.1: an end without close_notify is for the layer above to judge; a torn record is lost with it.
      if (chunk === 'eof') return chunk;
      // A BIO that gives nothing has nothing: asking it again would not end.
      if (chunk.length === 0) return 'retry';
      this.chunk = plainView(chunk);
      this.position = 0;
    }
  }

  /** What the record that is due still lacks: the rest of its header, then the rest of its body. */
  private get missing(): number {
    const { carried } = this;
    return (carried < HEADER_LENGTH ? HEADER_LENGTH : recordLength(this.carry, 0)) - carried;
  }

  wipe(): void {
    this.protection.wipe();
    this.chunk = EMPTY;
    this.carried = 0;
    this.dropCarry();
    this.position = 0;
  }

  /** What was read from the transport but belongs to nobody yet: for taking a connection apart. */
  unread(): Uint8Array {
    const rest = new Uint8Array(this.buffered);
    rest.set(this.carry.subarray(0, this.carried));
    rest.set(this.chunk.subarray(this.position), this.carried);
    return rest;
  }

  /** The body of the record that is due, where all of it is here; its header then stands in `header`. */
  private fragment(): Uint8Array | undefined {
    if (this.carried > 0) return this.completeCarried();
    const available = this.chunk.length - this.position;
    if (available >= HEADER_LENGTH) {
      this.checkHeader(this.chunk, this.position);
      const length = recordLength(this.chunk, this.position);
      if (available >= length) {
        const at = this.position;
        this.position += length;
        return this.split(this.chunk, at, length);
      }
    }
    if (available > 0) this.carryOver(available);
    this.chunk = EMPTY;
    this.position = 0;
    return undefined;
  }

  private dropCarry(): void {
    if (this.carry.length > 0) carries.give(this.carry);
    this.carry = EMPTY;
  }

  private completeCarried(): Uint8Array | undefined {
    if (this.carried < HEADER_LENGTH) {
      this.carryOver(HEADER_LENGTH - this.carried);
      if (this.carried < HEADER_LENGTH) return undefined;
    }
    this.checkHeader(this.carry, 0);
    const length = recordLength(this.carry, 0);
    this.carryOver(length - this.carried);
    if (this.carried < length) return undefined;
    this.carried = 0;
    return this.split(this.carry, 0, length);
  }

  private split(bytes: Uint8Array, at: number, length: number): Uint8Array {
    for (let i = 0; i < HEADER_LENGTH; i++) header[i] = bytes[at + i] as number;
    return bytes.subarray(at + HEADER_LENGTH, at + length);
  }

  /** Moves up to `wanted` bytes from the chunk to the carry buffer. */
  private carryOver(wanted: number): void {
    const count = Math.min(wanted, this.chunk.length - this.position);
    if (count <= 0) return;
    if (this.carry.length === 0) this.carry = carries.take();
    this.carry.set(this.chunk.subarray(this.position, this.position + count), this.carried);
    this.position += count;
    this.carried += count;
  }

  /** The length is judged before a byte of the fragment is waited for (RFC 9846, 5.1 and 5.2). */
  private checkHeader(bytes: Uint8Array, at: number): void {
    const type = bytes[at] as number;
    if (bytes[at + 1] !== 0x03) {
      // What is no TLS at all mostly shows here; who was taken for a server of HTTP can say so.
      const http = HTTP_BEGINNINGS[String.fromCharCode(...bytes.subarray(at, at + HEADER_LENGTH))];
      if (http !== undefined) fatal('unexpected_message', http, 'the record header');
      fatal('protocol_version', 'WRONG_VERSION_NUMBER', 'the record header');
    }
    if (type < CONTENT_TYPE.changeCipherSpec || type > CONTENT_TYPE.applicationData)
      fatal('unexpected_message', 'BAD_RECORD_TYPE', `a record of type ${type}`);
    const length = recordLength(bytes, at) - HEADER_LENGTH;
    if (length > this.protection.maxFragment) {
      fatal(
        'record_overflow',
        type === CONTENT_TYPE.applicationData ? 'ENCRYPTED_LENGTH_TOO_LONG' : 'DATA_LENGTH_TOO_LONG',
        `${length} bytes`,
      );
    }
  }

  private open(fragment: Uint8Array): OpenedRecord | undefined {
    if (this.observer !== undefined) showHeader(this.observer);
    // RFC 9846, 5: compatibility records are never protected, whatever keys are in force.
    if (header[0] === CONTENT_TYPE.changeCipherSpec && this.protection.plainChangeCipherSpec)
      return { type: CONTENT_TYPE.changeCipherSpec, content: fragment.slice() };
    if (this.skippable !== undefined && this.skipPlain) {
      if (header[0] === CONTENT_TYPE.applicationData) return this.skip(this.skippable, fragment);
      this.skippable = undefined;
    }
    const record = this.protection.open(header, fragment);
    if (record === undefined) {
      if (this.skippable !== undefined) return this.skip(this.skippable, fragment);
      return fatal('bad_record_mac', 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
    }
    this.skippable = undefined;
    if (header[0] === CONTENT_TYPE.applicationData) this.observer?.(CONTENT_TYPE.innerContentType, Uint8Array.of(record.type));
    return record;
  }

  /** The budget is in bytes of data: what sealing added to them is free, but no record is. */
  private skip(budget: number, fragment: Uint8Array): undefined {
    const left = budget - Math.max(1, fragment.length - SEALING);
    this.skippable = left;
    if (left < 0) fatal('unexpected_message', 'TOO_MUCH_SKIPPED_EARLY_DATA');
  }
}

/** An observer may use another connection meanwhile. */
function showHeader(observer: RecordObserver): void {
  const kept = copyOf(header);
  observer(CONTENT_TYPE.recordHeader, copyOf(header));
  header.set(kept);
}

/** What sealing adds to early data: the content type and a tag of the usual length. */
const SEALING = 17;

const recordLength = (bytes: Uint8Array, at: number): number =>
  HEADER_LENGTH + (((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number));

/** How requests of HTTP begin: the commonest mistake deserves its own reason, as OpenSSL gives it. */
const HTTP_BEGINNINGS: Readonly<Record<string, 'HTTP_REQUEST' | 'HTTPS_PROXY_REQUEST'>> = {
  'GET /': 'HTTP_REQUEST',
  'HEAD ': 'HTTP_REQUEST',
  'POST ': 'HTTP_REQUEST',
  'PUT /': 'HTTP_REQUEST',
  CONNE: 'HTTPS_PROXY_REQUEST',
};

/** The same memory as a plain array: `slice` of a Node Buffer copies nothing, and what is handed on must outlive what the BIO lent. */
const plainView = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
