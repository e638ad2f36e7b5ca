import type { Buffer } from 'node:buffer';
import type { Hash } from 'node:crypto';
import { jsPiece } from '#js-pieces';
import { concat, wipe } from '../bytes/bytes.ts';
import { crypto, memoised, plain, works } from './node-runtime.ts';
import type { HashName, HmacKey, RunningHash } from './provider.ts';

export class NodeHash implements RunningHash {
  private readonly state: Hash;

  constructor(state: Hash) {
    this.state = state;
  }

  update(data: Uint8Array): void {
    this.state.update(data);
  }

  snapshot(): Uint8Array {
    return plain(this.state.copy().digest());
  }

  clone(): RunningHash {
    return new NodeHash(this.state.copy());
  }
}

/** One-shot hashing (Node 20.12) makes no native object, which costs as much as the hash of a short message. */
const hashOnce: (name: string, data: Uint8Array) => Buffer = works(() => crypto.hash('md5-sha1', new Uint8Array(1), 'buffer').length === 36)
  ? (name, data) => crypto.hash(name, data, 'buffer')
  : (name, data) => crypto.createHash(name).update(data).digest();

export function digest(name: HashName, data: Uint8Array): Uint8Array {
  return plain(hashOnce(name, data));
}

const BLOCK_LENGTH: Readonly<Partial<Record<HashName, number>>> = { md5: 64, sha1: 64, sha224: 64, sha256: 64, sha384: 128, sha512: 128 };

/**
 * The padded inner key and the message are put together here. Any record fits: a second way for longer ones would tell how long
 * the content of a CBC record is, which is as secret as its padding.
 */
const innerMessage: Uint8Array = new Uint8Array(20_480);

/**
 * HMAC (RFC 2104) as two one-shot hashes over kept key blocks. On Node a native HMAC object costs a fifth more than
 * this even with a KeyObject made before, and keeps the collector busy; see bench/hmac.mjs.
 */
export class NodeHmac implements HmacKey {
  private readonly name: HashName;
  private readonly inner: Uint8Array;
  /** The outer key block, and room for the inner digest. */
  private readonly outer: Uint8Array;

  constructor(name: HashName, key: Uint8Array) {
    const block = BLOCK_LENGTH[name];
    if (block === undefined) throw new RangeError(`there is no HMAC over ${name}`);
    const short = key.length > block ? digest(name, key) : key;
    this.name = name;
    this.inner = new Uint8Array(block).fill(0x36);
    this.outer = new Uint8Array(block + digestLength(name)).fill(0x5c, 0, block);
    for (let i = 0; i < short.length; i++) {
      this.inner[i] = (this.inner[i] as number) ^ (short[i] as number);
      this.outer[i] = (this.outer[i] as number) ^ (short[i] as number);
    }
  }

  mac(...parts: readonly Uint8Array[]): Uint8Array {
    const { name, inner, outer } = this;
    outer.set(this.innerDigest(parts), inner.length);
    return plain(hashOnce(name, outer));
  }

  wipe(): void {
    wipe(this.inner, this.outer);
  }

  private innerDigest(parts: readonly Uint8Array[]): Uint8Array {
    let length = this.inner.length;
    for (const part of parts) length += part.length;
    if (length > innerMessage.length) return hashOnce(this.name, concat(this.inner, ...parts));
    innerMessage.set(this.inner);
    let at = this.inner.length;
    for (const part of parts) {
      innerMessage.set(part, at);
      at += part.length;
    }
    const out = hashOnce(this.name, innerMessage.subarray(0, length));
    innerMessage.fill(0, 0, length);
    return out;
  }
}

/** Bun makes a native hash in a quarter of the time that others take; there JavaScript's does not pay. */
const NATIVE_IS_QUICKER: boolean = 'Bun' in globalThis;

/** JavaScript's own SHA-256 is the quicker one when it has run for a while. A program that makes a few connections does better without it. */
const NATIVE_AT_FIRST = 256;
let prfKeys = 0;

/** JavaScript's 64-bit arithmetic makes a SHA-384 in it several times dearer than the native one. */
export function prfKey(name: HashName, key: Uint8Array): HmacKey {
  if (name !== 'sha256' || NATIVE_IS_QUICKER || prfKeys++ < NATIVE_AT_FIRST) return new NodeHmac(name, key);
  const { KeyedSha256 } = jsPiece('keyedSha256');
  return new KeyedSha256(key.length > 64 ? digest(name, key) : key);
}

export const digestLength: (name: HashName) => number = memoised((name) => hashOnce(name, new Uint8Array(0)).length);
