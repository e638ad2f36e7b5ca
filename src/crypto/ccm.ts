import { cbc, ctr } from '@noble/ciphers/aes.js';
import { constantTimeEqual, copyOf, EMPTY, wipe } from '../bytes/bytes.ts';
import { alive } from './key-rules.ts';
import type { Aead } from './provider.ts';

const BLOCK = 16;
const ZERO_BLOCK: Uint8Array = new Uint8Array(BLOCK);
/** Nonces of 12 bytes leave a length field of L = 3 bytes, as in all TLS suites (RFC 6655, 3). */
const LENGTH_BYTES = 3;
const NONCE_LENGTH = 15 - LENGTH_BYTES;

/**
 * AES-CCM (RFC 3610, NIST SP 800-38C). @noble/ciphers has the block cipher modes but not this one, which is no
 * more than CBC-MAC and counter mode put together; both are noble's.
 */
export class AesCcm implements Aead {
  readonly tagLength: number;
  private key: Uint8Array | undefined;

  constructor(key: Uint8Array, tagLength: number) {
    this.key = copyOf(key);
    this.tagLength = tagLength;
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out: Uint8Array, at: number): number {
    const mac = this.mac(nonce, aad, plaintext);
    const sealed = this.crypt(nonce, mac, plaintext);
    out.set(sealed.subarray(BLOCK), at);
    out.set(sealed.subarray(0, this.tagLength), at + plaintext.length);
    return plaintext.length + this.tagLength;
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - this.tagLength;
    if (length < 0) return undefined;
    const tag = new Uint8Array(BLOCK);
    tag.set(sealed.subarray(length));
    const opened = this.crypt(nonce, tag, sealed.subarray(0, length));
    const plaintext = opened.subarray(BLOCK);
    const mac = this.mac(nonce, aad, plaintext);
    if (constantTimeEqual(mac.subarray(0, this.tagLength), opened.subarray(0, this.tagLength))) return plaintext;
    wipe(opened, mac);
    return undefined;
  }

  wipe(): void {
    wipe(this.key);
    this.key = undefined;
  }

  /** Counter block 0 covers the tag and the blocks from 1 on the message (RFC 3610, 2.3), so one keystream does both. */
  private crypt(nonce: Uint8Array, tag: Uint8Array, message: Uint8Array): Uint8Array {
    const counter = new Uint8Array(BLOCK);
    counter[0] = LENGTH_BYTES - 1;
    counter.set(nonce, 1);
    const text = new Uint8Array(BLOCK + message.length);
    text.set(tag);
    text.set(message, BLOCK);
    return ctr(alive(this.key), counter).encrypt(text);
  }

  /** The CBC-MAC, not cut to the tag's length (RFC 3610, 2.2). */
  private mac(nonce: Uint8Array, aad: Uint8Array, message: Uint8Array): Uint8Array {
    if (nonce.length !== NONCE_LENGTH) throw new RangeError(`a CCM nonce has ${NONCE_LENGTH} bytes, not ${nonce.length}`);
    if (message.length >= 2 ** (8 * LENGTH_BYTES)) throw new RangeError('too long a message for CCM');
    const prefix = aad.length === 0 ? EMPTY : lengthOfAad(aad.length);
    const start = BLOCK + padded(prefix.length + aad.length);
    const blocks = new Uint8Array(start + padded(message.length));
    blocks[0] = (aad.length === 0 ? 0 : 0x40) | (((this.tagLength - 2) / 2) << 3) | (LENGTH_BYTES - 1);
    blocks.set(nonce, 1);
    blocks.set([message.length >>> 16, message.length >>> 8, message.length], BLOCK - LENGTH_BYTES);
    blocks.set(prefix, BLOCK);
    blocks.set(aad, BLOCK + prefix.length);
    blocks.set(message, start);
    const chained = cbc(alive(this.key), ZERO_BLOCK, { disablePadding: true }).encrypt(blocks);
    const mac = copyOf(chained.subarray(chained.length - BLOCK));
    wipe(blocks, chained);
    return mac;
  }
}

const padded = (length: number): number => Math.ceil(length / BLOCK) * BLOCK;

/** RFC 3610, 2.2: two bytes below 0xff00, else 0xfffe and four bytes. */
function lengthOfAad(length: number): Uint8Array {
  const low = [length >>> 8, length];
  return Uint8Array.from(length < 0xff00 ? low : [0xff, 0xfe, length >>> 24, length >>> 16, ...low]);
}
