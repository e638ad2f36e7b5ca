/** Records under a block cipher in CBC mode (RFC 5246, 6.2.3.2). */
import { constantTimeEqual, copyOf, wipe } from '../bytes/bytes.ts';
import type { CbcName, CryptoProvider } from '../crypto/provider.ts';
import type { CipherSuite } from '../registry/cipher-suites.ts';
import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { blockLength, type DirectionKeys } from './key-block.ts';
import { HEADER_LENGTH, type OpenedRecord, type OpenProtection, type SealProtection, writeHeader } from './protection.ts';
import { checkVersion, type RecordTag } from './record-tag.ts';

export interface CbcSuite extends CipherSuite {
  readonly cbc: CbcName;
}

export interface CbcForm {
  /** The tag covers the ciphertext (RFC 7366), and not the plaintext. */
  readonly encryptThenMac: boolean;
  /** Each record brings its IV (TLS 1.1 and 1.2); else it is the last block of the record before (TLS 1.0). */
  readonly explicitIv: boolean;
}

/** The block cipher of one direction. */
class Blocks {
  readonly length: number;
  /** How many blocks the key has served for: what SWEET32 feeds on. */
  used = 0;
  private readonly provider: CryptoProvider;
  private readonly cipher: CbcName;
  private readonly key: Uint8Array;

  constructor(provider: CryptoProvider, cipher: CbcName, key: Uint8Array) {
    this.length = blockLength(cipher);
    this.provider = provider;
    this.cipher = cipher;
    this.key = key.slice();
  }

  encrypt(iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
    this.used += plaintext.length / this.length;
    return this.provider.cbcEncrypt(this.cipher, this.key, iv, plaintext);
  }

  decrypt(iv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    this.used += ciphertext.length / this.length;
    return this.provider.cbcDecrypt(this.cipher, this.key, iv, ciphertext);
  }

  freshIv(): Uint8Array {
    return this.provider.random(this.length);
  }

  wipe(): void {
    wipe(this.key);
  }
}

export class CbcSeal implements SealProtection {
  readonly overhead: number;
  readonly recordLimit: number;
  /**
   * In TLS 1.0 whoever sees a record knows the next one's IV. One byte of data and its tag go ahead, which nobody can
   * foretell, and with them the IV of all the rest (BEAST).
   */
  readonly splitsData: boolean;
  private readonly form: CbcForm;
  private readonly tag: RecordTag;
  private readonly blocks: Blocks;
  private iv: Uint8Array;

  constructor(provider: CryptoProvider, suite: CbcSuite, keys: DirectionKeys, tag: RecordTag, form: CbcForm) {
    this.form = form;
    this.tag = tag;
    this.blocks = new Blocks(provider, suite.cbc, keys.key);
    this.iv = keys.iv.slice();
    this.splitsData = !form.explicitIv;
    this.overhead = HEADER_LENGTH + (form.explicitIv ? this.blocks.length : 0) + tag.length + this.blocks.length;
    this.recordLimit = suite.recordLimit;
  }

  /** Blocks, not records: their number is what wears a CBC key. */
  get sealed(): number {
    return this.blocks.used;
  }

  seal(type: number, plaintext: Uint8Array, _padding: number, out: Uint8Array, at: number): number {
    const { form, tag, blocks } = this;
    const iv = form.explicitIv ? blocks.freshIv() : this.iv;
    const prefix = form.explicitIv ? iv.length : 0;
    const text = padded(plaintext, form.encryptThenMac ? undefined : tag.over(type, plaintext), blocks.length);
    const ciphertext = blocks.encrypt(iv, text);
    wipe(text);
    if (!form.explicitIv) this.iv = ciphertext.slice(-blocks.length);
    const start = at + HEADER_LENGTH;
    if (form.explicitIv) out.set(iv, start);
    out.set(ciphertext, start + prefix);
    let length = prefix + ciphertext.length;
    if (form.encryptThenMac) {
      // RFC 7366, 3: over the IV and the ciphertext, under the length without the tag itself.
      out.set(tag.over(type, out.subarray(start, start + length)), start + length);
      length += tag.length;
    }
    writeHeader(out, at, type, tag.version, length);
    tag.sequence.advance();
    return HEADER_LENGTH + length;
  }

  wipe(): void {
    this.tag.wipe();
    this.blocks.wipe();
  }
}

/** Content, tag and padding: as little as fills the last block (RFC 5246, 6.2.3.2). */
function padded(content: Uint8Array, tag: Uint8Array | undefined, block: number): Uint8Array {
  const length = content.length + (tag?.length ?? 0);
  const padding = block - (length % block);
  const text = new Uint8Array(length + padding);
  text.set(content);
  if (tag !== undefined) text.set(tag, content.length);
  return text.fill(padding - 1, length);
}

export class CbcOpen implements OpenProtection {
  readonly maxFragment: number = LIMITS.plaintext.value + LIMITS.tls12Expansion.value;
  readonly plainChangeCipherSpec = false;
  private readonly form: CbcForm;
  private readonly tag: RecordTag;
  private readonly blocks: Blocks;
  private readonly blockLimit: number;
  private readonly maxPlaintext: number;
  private iv: Uint8Array;

  constructor(provider: CryptoProvider, suite: CbcSuite, keys: DirectionKeys, tag: RecordTag, form: CbcForm, maxPlaintext: number) {
    this.form = form;
    this.tag = tag;
    this.blocks = new Blocks(provider, suite.cbc, keys.key);
    this.blockLimit = suite.recordLimit;
    this.maxPlaintext = maxPlaintext;
    this.iv = keys.iv.slice();
  }

  open(header: Uint8Array, fragment: Uint8Array): OpenedRecord | undefined {
    const { tag, blocks } = this;
    checkVersion(header, tag.version);
    // The peer's secrets repeat under its key as ours do under ours.
    if (blocks.used >= this.blockLimit) fatal('internal_error', 'KEY_WORN_OUT', `${blocks.used} blocks`);
    const type = header[0] as number;
    const content = this.form.encryptThenMac ? this.openTagFirst(type, fragment) : this.openPaddingFirst(type, fragment);
    if (content === undefined) return undefined;
    tag.sequence.advance();
    // RFC 5246, 6.2.1; RFC 8449, 4.
    if (content.length > this.maxPlaintext) fatal('record_overflow', 'DATA_LENGTH_TOO_LONG', `${content.length} bytes in a record`);
    return { type, content };
  }

  wipe(): void {
    this.tag.wipe();
    this.blocks.wipe();
  }

  /** RFC 7366, 3: nothing is decrypted before the tag holds, so padding gives nobody an oracle. */
  private openTagFirst(type: number, fragment: Uint8Array): Uint8Array | undefined {
    const { tag } = this;
    const sealed = fragment.subarray(0, Math.max(0, fragment.length - tag.length));
    const text = this.isWhole(sealed, 1) ? sealed : undefined;
    if (text === undefined || !constantTimeEqual(tag.over(type, sealed), fragment.subarray(sealed.length))) return undefined;
    const opened = this.decrypt(text);
    const { good, length } = unpadded(opened, 0);
    return good === 0 ? undefined : opened.subarray(0, length);
  }

  /**
   * MAC-then-encrypt, where both what is wrong and how long it took to see it would tell an attacker about the plaintext
   * (Vaudenay, Lucky 13). Up to the one branch at the end nothing depends on the plaintext but which bytes are hashed: the padding is
   * looked at in all the places where it could be, a wrong one counts as an empty one, and the tag is computed at the cost of the
   * longest content. Collectors and compilers are beyond reach: RFC 7366 or an AEAD is the better answer.
   */
  private openPaddingFirst(type: number, fragment: Uint8Array): Uint8Array | undefined {
    const { tag } = this;
    if (!this.isWhole(fragment, tag.length + 1)) return undefined;
    const opened = this.decrypt(fragment);
    const { good: wellPadded, length } = unpadded(opened, tag.length);
    const expected = tag.overAtCostOf(opened.length - tag.length - 1, type, opened.subarray(0, length));
    const good = wellPadded & tagStandsAt(opened, length, expected);
    if (good !== 0) return opened.subarray(0, length);
    wipe(opened);
    return undefined;
  }

  /** Whether there are whole blocks, and enough of them for `least` bytes and an IV. All of this is public. */
  private isWhole(sealed: Uint8Array, least: number): boolean {
    const prefix = this.form.explicitIv ? this.blocks.length : 0;
    return sealed.length % this.blocks.length === 0 && sealed.length - prefix >= least;
  }

  private decrypt(sealed: Uint8Array): Uint8Array {
    const { blocks, form } = this;
    if (form.explicitIv) return blocks.decrypt(sealed.subarray(0, blocks.length), sealed.subarray(blocks.length));
    const { iv } = this;
    // The record lies in memory that is read into again.
    this.iv = copyOf(sealed.subarray(-blocks.length));
    return blocks.decrypt(iv, sealed);
  }
}

/** Most bytes of padding, its length byte included. */
const MAX_PADDING = 256;

/**
 * Takes the padding off, and `tagLength` bytes before it, in time that the length of `text` alone decides. `good` is -1 (all ones) where every
 * byte of padding is as it must be (RFC 5246, 6.2.3.2), else 0; then the length is that of an empty padding.
 */
function unpadded(text: Uint8Array, tagLength: number): { readonly good: number; readonly length: number } {
  const last = text.length - 1;
  const padding = text[last] as number;
  const room = last - tagLength - padding;
  let wrong = 0;
  for (let i = 1; i < Math.min(MAX_PADDING, text.length); i++) {
    const within = ~((padding - i) >> 31);
    wrong |= within & ((text[last - i] as number) ^ padding);
  }
  const good = ~(room >> 31) & ((wrong - 1) >> 31);
  return { good, length: last - tagLength - (padding & good) };
}

/** -1 where `expected` stands at a secret place of `text`, else 0. It reads all of the places where it could. */
function tagStandsAt(text: Uint8Array, at: number, expected: Uint8Array): number {
  const ring = new Uint8Array(64);
  ring.set(expected);
  let difference = 0;
  for (let i = Math.max(0, text.length - MAX_PADDING - expected.length); i < text.length; i++) {
    const place = i - at;
    const within = ~(place >> 31) & ((place - expected.length) >> 31);
    difference |= within & ((text[i] as number) ^ (ring[place & 63] as number));
  }
  return (difference - 1) >> 31;
}
