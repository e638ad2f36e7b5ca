import type { Aead, CryptoProvider } from '../crypto/provider.ts';
import type { AeadSuite } from '../registry/cipher-suites.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { TLS1_2_VERSION } from '../registry/versions.ts';
import { HEADER_LENGTH, type OpenedRecord, type OpenProtection, type SealProtection, writeHeader } from './protection.ts';
import { MaskedNonces, Sequence } from './sequence.ts';

export interface TrafficKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

/** Where a plaintext and its hidden type stand side by side for one call of the AEAD; shared, since sealing never waits. */
const scratch = new Uint8Array(LIMITS.plaintext.value + 1);
/** As much of it as the record before took: the next one often has the same length. */
let recent: Uint8Array = scratch;

const aad = new Uint8Array(HEADER_LENGTH);

function scratchOf(length: number): Uint8Array {
  if (length > scratch.length) return new Uint8Array(length);
  if (recent.length !== length) recent = scratch.subarray(0, length);
  return recent;
}

/** TLS 1.3 record protection, sending side (RFC 9846, 5.2). */
export class Tls13Seal implements SealProtection {
  readonly overhead: number;
  readonly recordLimit: number;
  private readonly aead: Aead;
  private readonly nonces: MaskedNonces;
  private readonly sequence = new Sequence();

  constructor(provider: CryptoProvider, suite: AeadSuite, keys: TrafficKeys) {
    this.aead = provider.aead(suite.aead, keys.key);
    this.nonces = new MaskedNonces(keys.iv);
    this.overhead = HEADER_LENGTH + 1 + this.aead.tagLength;
    this.recordLimit = suite.recordLimit;
  }

  get sealed(): number {
    return this.sequence.used;
  }

  seal(type: number, plaintext: Uint8Array, padding: number, out: Uint8Array, at: number): number {
    const inner = plaintext.length + 1 + padding;
    const buffer = scratchOf(inner);
    buffer.set(plaintext);
    buffer[plaintext.length] = type;
    if (padding > 0) buffer.fill(0, plaintext.length + 1, inner);
    writeHeader(aad, 0, CONTENT_TYPE.applicationData, TLS1_2_VERSION, inner + this.aead.tagLength);
    out.set(aad, at);
    const nonce = this.nonces.nonceOf(this.sequence);
    this.sequence.advance();
    return HEADER_LENGTH + this.aead.seal(nonce, aad, buffer, out, at + HEADER_LENGTH);
  }

  wipe(): void {
    this.aead.wipe();
    this.nonces.wipe();
    scratch.fill(0);
  }
}

/** TLS 1.3 record protection, receiving side (RFC 9846, 5.2). */
export class Tls13Open implements OpenProtection {
  readonly maxFragment: number = LIMITS.plaintext.value + LIMITS.ciphertextExpansion.value;
  readonly plainChangeCipherSpec = true;
  private readonly aead: Aead;
  private readonly nonces: MaskedNonces;
  private readonly sequence = new Sequence();
  /** The limit we gave the peer by record_size_limit, content type included (RFC 8449, 4). */
  private readonly maxInner: number;
  private plainAlerts: boolean;

  /** `plainAlerts`: a peer that could not read our ServerHello has no keys to protect its alert with; before its first protected record it may come in the clear. */
  constructor(provider: CryptoProvider, suite: AeadSuite, keys: TrafficKeys, maxInner: number, plainAlerts: boolean) {
    this.aead = provider.aead(suite.aead, keys.key);
    this.nonces = new MaskedNonces(keys.iv);
    this.maxInner = maxInner;
    this.plainAlerts = plainAlerts;
  }

  open(header: Uint8Array, fragment: Uint8Array): OpenedRecord | undefined {
    // RFC 9846, 5.2: the outer type of a protected record is always application_data.
    if (header[0] !== CONTENT_TYPE.applicationData) {
      if (this.plainAlerts && header[0] === CONTENT_TYPE.alert) return { type: CONTENT_TYPE.alert, content: fragment.slice() };
      return fatal('unexpected_message', 'BAD_RECORD_TYPE', `an unprotected record of type ${header[0]} where protected ones are due`);
    }
    if (fragment.length <= this.aead.tagLength) return undefined;
    const inner = this.aead.open(this.nonces.nonceOf(this.sequence), header, fragment);
    // A record that does not open uses no number up: refused early data is passed over this way (RFC 9846, 4.2.10).
    if (inner === undefined) return undefined;
    this.sequence.advance();
    this.plainAlerts = false;
    // The limit counts padding (RFC 8449, 4; RFC 9846, 5.4).
    if (inner.length > this.maxInner) fatal('record_overflow', 'DATA_LENGTH_TOO_LONG', `${inner.length} bytes in a record`);
    let end = inner.length - 1;
    while (end >= 0 && inner[end] === 0) end--;
    // RFC 9846, 5.4: a record of zeros alone has no type.
    if (end < 0) fatal('unexpected_message', 'BAD_RECORD_TYPE', 'a record without a content type');
    // RFC 9846, 5: compatibility records are never protected.
    if (inner[end] === CONTENT_TYPE.changeCipherSpec) fatal('unexpected_message', 'BAD_CHANGE_CIPHER_SPEC', 'a protected one');
    return { type: inner[end] as number, content: inner.subarray(0, end) };
  }

  wipe(): void {
    this.aead.wipe();
    this.nonces.wipe();
  }
}
