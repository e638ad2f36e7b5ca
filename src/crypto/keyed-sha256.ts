import { _SHA256 } from '@noble/hashes/sha2.js';
import { alive } from './key-rules.ts';
import type { HmacKey } from './provider.ts';

const BLOCK_LENGTH = 64;
const LENGTH_AT = 56;
const DIGEST_LENGTH = 32;
/** Where the inner and the outer state of a key lie, and the one a key begins from. */
const INNER = 0;
const OUTER = 8;
const FRESH: Int32Array = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);

/** @noble's compression function on states that are kept elsewhere. */
class Compression extends _SHA256 {
  readonly block: Uint8Array = new Uint8Array(BLOCK_LENGTH);
  readonly words: DataView = new DataView(this.block.buffer);

  load(states: Int32Array, at: number): void {
    this.A = states[at] as number;
    this.B = states[at + 1] as number;
    this.C = states[at + 2] as number;
    this.D = states[at + 3] as number;
    this.E = states[at + 4] as number;
    this.F = states[at + 5] as number;
    this.G = states[at + 6] as number;
    this.H = states[at + 7] as number;
  }

  store(states: Int32Array, at: number): void {
    states[at] = this.A;
    states[at + 1] = this.B;
    states[at + 2] = this.C;
    states[at + 3] = this.D;
    states[at + 4] = this.E;
    states[at + 5] = this.F;
    states[at + 6] = this.G;
    states[at + 7] = this.H;
  }

  /** Writes the state as bytes. */
  write(out: Uint8Array): void {
    putWord(out, 0, this.A);
    putWord(out, 4, this.B);
    putWord(out, 8, this.C);
    putWord(out, 12, this.D);
    putWord(out, 16, this.E);
    putWord(out, 20, this.F);
    putWord(out, 24, this.G);
    putWord(out, 28, this.H);
  }

  compress(): void {
    this.process(this.words, 0);
  }

  /** Pads what stands in the block up to `used`, as the end of a message of `length` bytes, below 2^29 (RFC 6234, 4.1). */
  finish(used: number, length: number): void {
    const { block } = this;
    block[used] = 0x80;
    block.fill(0, used + 1);
    if (used >= LENGTH_AT) {
      this.compress();
      block.fill(0);
    }
    putWord(block, LENGTH_AT + 4, length << 3);
    this.compress();
  }

  forget(): void {
    this.block.fill(0);
    this.roundClean();
  }
}

const sha: Compression = new Compression();

/** Wiped states for the next key: most keys of a handshake live for one or two tags. */
const spare: Int32Array[] = [];
const MOST_SPARE = 4;

/**
 * HMAC-SHA-256 (RFC 2104) whose two states are kept: a tag over a short message is two runs of the compression function and one
 * small array. Over a native hash it is the calls, and the native objects they leave behind, that cost; a handshake makes about
 * fifty such tags. See bench/hmac.mjs.
 */
export class KeyedSha256 implements HmacKey {
  private states: Int32Array | undefined;

  /** `key`: at most a block of 64 bytes; a longer one is hashed before (RFC 2104, 2). */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_LENGTH) throw new RangeError('a key longer than a block');
    this.states = spare.pop() ?? new Int32Array(16);
    absorb(key, 0x36, this.states, INNER);
    absorb(key, 0x5c, this.states, OUTER);
  }

  /** `parts`: below 2^29 bytes in all. */
  mac(...parts: readonly Uint8Array[]): Uint8Array {
    const states = alive(this.states);
    sha.load(states, INNER);
    let length = BLOCK_LENGTH;
    let used = 0;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Uint8Array;
      length += part.length;
      used = feed(part, used);
    }
    sha.finish(used, length);
    sha.write(sha.block);
    sha.load(states, OUTER);
    sha.finish(DIGEST_LENGTH, BLOCK_LENGTH + DIGEST_LENGTH);
    const out = new Uint8Array(DIGEST_LENGTH);
    sha.write(out);
    return out;
  }

  /** Forgets the key, and what the compression function holds of it and of its messages. */
  wipe(): void {
    const { states } = this;
    if (states === undefined) return;
    this.states = undefined;
    states.fill(0);
    sha.forget();
    if (spare.length < MOST_SPARE) spare.push(states);
  }
}

/** The state after the block of a key and a pad (RFC 2104, 2). */
function absorb(key: Uint8Array, pad: number, states: Int32Array, at: number): void {
  const { block } = sha;
  block.fill(pad, key.length);
  for (let i = 0; i < key.length; i++) block[i] = pad ^ (key[i] as number);
  sha.load(FRESH, 0);
  sha.compress();
  sha.store(states, at);
}

/** Puts bytes behind the `used` ones in the block, compressing it whenever it is full; returns how many are in it then. */
function feed(part: Uint8Array, used: number): number {
  const { block } = sha;
  if (used + part.length < BLOCK_LENGTH) {
    block.set(part, used);
    return used + part.length;
  }
  let at = 0;
  let filled = used;
  while (at < part.length) {
    const some = part.subarray(at, at + BLOCK_LENGTH - filled);
    block.set(some, filled);
    at += some.length;
    filled += some.length;
    if (filled < BLOCK_LENGTH) break;
    sha.compress();
    filled = 0;
  }
  return filled;
}

function putWord(out: Uint8Array, at: number, word: number): void {
  out[at] = word >>> 24;
  out[at + 1] = word >>> 16;
  out[at + 2] = word >>> 8;
  out[at + 3] = word;
}
