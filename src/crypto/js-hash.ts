import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { pbkdf2 as noblePbkdf2 } from '@noble/hashes/pbkdf2.js';
import { scrypt as nobleScrypt } from '@noble/hashes/scrypt.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { KeyedSha256 } from './keyed-sha256.ts';
import { Md5Sha1 } from './md5-sha1.ts';
import type { HashName, HmacKey, RunningHash, ScryptCost } from './provider.ts';

/** Hashing by @noble/hashes. */

const HASHES = { md5, sha1, sha224, sha256, sha384, sha512 } as const;

type PlainHash = keyof typeof HASHES;

interface HashState {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
  clone(): HashState;
}

export function hash(name: HashName): RunningHash {
  if (name === 'md5-sha1') return new Md5Sha1(hash('md5'), hash('sha1'));
  return new JsHash(HASHES[name].create());
}

export function digest(name: HashName, data: Uint8Array): Uint8Array {
  if (name !== 'md5-sha1') return HASHES[name](data);
  const both = hash(name);
  both.update(data);
  return both.snapshot();
}

export function hmac(name: HashName, key: Uint8Array): HmacKey {
  return new JsHmac(plain(name), key);
}

export const prfKey = (name: HashName, key: Uint8Array): HmacKey =>
  name === 'sha256' ? new KeyedSha256(key.length > 64 ? sha256(key) : key) : hmac(name, key);

export function pbkdf2(name: HashName, password: Uint8Array, salt: Uint8Array, iterations: number, length: number): Uint8Array {
  return noblePbkdf2(HASHES[plain(name)], password, salt, { c: iterations, dkLen: length });
}

export const scrypt = (password: Uint8Array, salt: Uint8Array, { n, r, p }: ScryptCost, length: number): Uint8Array =>
  nobleScrypt(password, salt, { N: n, r, p, dkLen: length, maxmem: 256 * r * (n + p) });

/** HMAC is defined over one hash at a time: TLS 1.0 runs it over MD5 and over SHA-1, never over both at once. */
function plain(name: HashName): PlainHash {
  if (name === 'md5-sha1') throw new RangeError('there is no HMAC over md5-sha1');
  return name;
}

class JsHash implements RunningHash {
  private readonly state: HashState;

  constructor(state: HashState) {
    this.state = state;
  }

  update(data: Uint8Array): void {
    this.state.update(data);
  }

  snapshot(): Uint8Array {
    return this.state.clone().digest();
  }

  clone(): RunningHash {
    return new JsHash(this.state.clone());
  }
}

interface KeyedState {
  readonly outputLen: number;
  update(data: Uint8Array): unknown;
  digestInto(out: Uint8Array): void;
  clone(): KeyedState;
  _cloneInto(to?: KeyedState): KeyedState;
  destroy(): void;
}

/** One state for each hash, into which a key's states are copied for one tag: it saves the objects of a clone. */
const scratches = new Map<PlainHash, KeyedState>();

class JsHmac implements HmacKey {
  private readonly keyed: KeyedState;
  private readonly scratch: KeyedState;

  constructor(name: PlainHash, key: Uint8Array) {
    this.keyed = nobleHmac.create(HASHES[name], key) as KeyedState;
    this.scratch = scratches.get(name) ?? this.keyed.clone();
    scratches.set(name, this.scratch);
  }

  mac(...parts: readonly Uint8Array[]): Uint8Array {
    const state = this.keyed._cloneInto(this.scratch);
    for (const part of parts) state.update(part);
    const out = new Uint8Array(state.outputLen);
    state.digestInto(out);
    return out;
  }

  wipe(): void {
    this.keyed.destroy();
  }
}
