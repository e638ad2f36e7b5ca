/** Record protection of TLS 1.0 to 1.2 (RFC 5246, 6.2.3). */
import type { Aead, AeadName, CryptoProvider } from '../crypto/provider.ts';
import type { AeadSuite, CipherSuite } from '../registry/cipher-suites.ts';
import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { TLS1_1_VERSION } from '../registry/versions.ts';
import type { DirectionKeys } from './key-block.ts';
import { CbcOpen, CbcSeal, type CbcSuite } from './protect-cbc.ts';
import { MacOpen, MacSeal } from './protect-mac.ts';
import { HEADER_LENGTH, type OpenedRecord, type OpenProtection, type SealProtection, writeHeader } from './protection.ts';
import { checkVersion, RecordTag } from './record-tag.ts';
import { MaskedNonces, Sequence } from './sequence.ts';

/** How a suite seals one direction. `encryptThenMac` concerns CBC alone (RFC 7366, 2.1). Keys are copied. */
export function sealFor(
  provider: CryptoProvider,
  suite: CipherSuite,
  version: number,
  keys: DirectionKeys,
  encryptThenMac: boolean,
): SealProtection {
  if (isAeadSuite(suite)) return new Tls12Seal(provider, suite, version, keys);
  const tag = recordTag(provider, suite, version, keys);
  if (!isCbcSuite(suite)) return new MacSeal(suite, tag);
  return new CbcSeal(provider, suite, keys, tag, { encryptThenMac, explicitIv: version >= TLS1_1_VERSION });
}

/** How a suite opens one direction. `maxPlaintext`: the limit of max_fragment_length or record_size_limit, where one was agreed on. */
export function openFor(
  provider: CryptoProvider,
  suite: CipherSuite,
  version: number,
  keys: DirectionKeys,
  encryptThenMac: boolean,
  maxPlaintext: number = LIMITS.plaintext.value,
): OpenProtection {
  if (isAeadSuite(suite)) return new Tls12Open(provider, suite, version, keys, maxPlaintext);
  const tag = recordTag(provider, suite, version, keys);
  if (!isCbcSuite(suite)) return new MacOpen(tag, maxPlaintext);
  return new CbcOpen(provider, suite, keys, tag, { encryptThenMac, explicitIv: version >= TLS1_1_VERSION }, maxPlaintext);
}

const isAeadSuite = (suite: CipherSuite): suite is AeadSuite => suite.aead !== undefined;
const isCbcSuite = (suite: CipherSuite): suite is CbcSuite => suite.cbc !== undefined;

function recordTag(provider: CryptoProvider, { mac, name }: CipherSuite, version: number, keys: DirectionKeys): RecordTag {
  return new RecordTag(provider, mac ?? fatal('internal_error', 'INTERNAL_ERROR', `${name} has no MAC`), version, keys.mac);
}

/** seq_num, type, version and length (RFC 5246, 6.2.3.3). */
const AAD_LENGTH = 13;

/** One direction of an AEAD suite. */
class Tls12Aead {
  readonly aead: Aead;
  /** Bytes of nonce that go along with each record. */
  readonly explicitLength: number;
  readonly sequence: Sequence = new Sequence();
  private readonly masked: MaskedNonces | undefined;
  private readonly nonce: Uint8Array;
  private readonly aad: Uint8Array = new Uint8Array(AAD_LENGTH);
  private readonly version: number;

  constructor(provider: CryptoProvider, name: AeadName, version: number, keys: DirectionKeys) {
    this.aead = provider.aead(name, keys.key);
    this.version = version;
    this.masked = name === 'chacha20-poly1305' ? new MaskedNonces(keys.iv) : undefined;
    this.explicitLength = this.masked === undefined ? EXPLICIT_NONCE_LENGTH : 0;
    this.nonce = new Uint8Array(12);
    if (this.masked === undefined) this.nonce.set(keys.iv);
  }

  /**
   * The nonce of the record that is due. What a GCM or CCM sender puts in the explicit part is its own affair (RFC 5288, 3;
   * RFC 6655, 3); ours is the sequence number, so that no nonce can come twice.
   */
  nonceOf(explicit: Uint8Array | undefined): Uint8Array {
    if (this.masked !== undefined) return this.masked.nonceOf(this.sequence);
    if (explicit === undefined) this.sequence.write(this.nonce, 4);
    else this.nonce.set(explicit, 4);
    return this.nonce;
  }

  aadOf(type: number, length: number): Uint8Array {
    this.sequence.write(this.aad, 0);
    writeHeader(this.aad, 8, type, this.version, length);
    return this.aad;
  }

  wipe(): void {
    this.aead.wipe();
    this.masked?.wipe();
    this.nonce.fill(0);
  }
}

const EXPLICIT_NONCE_LENGTH = 8;

class Tls12Seal implements SealProtection {
  readonly overhead: number;
  readonly recordLimit: number;
  private readonly state: Tls12Aead;
  private readonly version: number;

  constructor(provider: CryptoProvider, suite: AeadSuite, version: number, keys: DirectionKeys) {
    this.state = new Tls12Aead(provider, suite.aead, version, keys);
    this.version = version;
    this.overhead = HEADER_LENGTH + this.state.explicitLength + this.state.aead.tagLength;
    this.recordLimit = suite.recordLimit;
  }

  get sealed(): number {
    return this.state.sequence.used;
  }

  seal(type: number, plaintext: Uint8Array, _padding: number, out: Uint8Array, at: number): number {
    const { state } = this;
    writeHeader(out, at, type, this.version, plaintext.length + this.overhead - HEADER_LENGTH);
    const nonce = state.nonceOf(undefined);
    const aad = state.aadOf(type, plaintext.length);
    const start = at + HEADER_LENGTH;
    if (state.explicitLength > 0) out.set(nonce.subarray(4), start);
    state.sequence.advance();
    return HEADER_LENGTH + state.explicitLength + state.aead.seal(nonce, aad, plaintext, out, start + state.explicitLength);
  }

  wipe(): void {
    this.state.wipe();
  }
}

class Tls12Open implements OpenProtection {
  readonly maxFragment: number = LIMITS.plaintext.value + LIMITS.tls12Expansion.value;
  readonly plainChangeCipherSpec = false;
  private readonly state: Tls12Aead;
  private readonly version: number;
  private readonly maxPlaintext: number;

  constructor(provider: CryptoProvider, suite: AeadSuite, version: number, keys: DirectionKeys, maxPlaintext: number) {
    this.state = new Tls12Aead(provider, suite.aead, version, keys);
    this.version = version;
    this.maxPlaintext = maxPlaintext;
  }

  open(header: Uint8Array, fragment: Uint8Array): OpenedRecord | undefined {
    const { state } = this;
    checkVersion(header, this.version);
    const type = header[0] as number;
    const length = fragment.length - state.explicitLength - state.aead.tagLength;
    if (length < 0) return undefined;
    const nonce = state.nonceOf(fragment.subarray(0, state.explicitLength));
    const content = state.aead.open(nonce, state.aadOf(type, length), fragment.subarray(state.explicitLength));
    if (content === undefined) return undefined;
    state.sequence.advance();
    // RFC 5246, 6.2.1; RFC 8449, 4.
    if (content.length > this.maxPlaintext) fatal('record_overflow', 'DATA_LENGTH_TOO_LONG', `${content.length} bytes in a record`);
    return { type, content };
  }

  wipe(): void {
    this.state.wipe();
  }
}
