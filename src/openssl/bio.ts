/** BIO: reference counted and chained; the ends of a chain are memory, one side of a pair, or nothing. */

import { MemBio } from '../bio/mem.ts';
import { bioPair, type PairBio } from '../bio/pair.ts';
import { fromUtf8, utf8 } from '../bytes/bytes.ts';
import { refuse } from '../registry/fatal.ts';
import * as c from './constants.ts';
import { pushError } from './errors.ts';
import type { Out } from './types.ts';

/** What a kind of BIO does. `bio.data` is its own; a filter goes on with `bio.next`. */
export interface BIO_METHOD {
  readonly type: number;
  readonly name: string;
  create?(bio: BIO): void;
  /** Up to `max` bytes; none: see the retry flags, or the end. */
  read(bio: BIO, max: number): Uint8Array | 'retry' | 'eof';
  /** How many bytes it took; 0: retry later. -1: it cannot be written to. */
  write(bio: BIO, bytes: Uint8Array): number;
  pending?(bio: BIO): number;
  wpending?(bio: BIO): number;
  flush?(bio: BIO): number;
  reset?(bio: BIO): number;
  destroy?(bio: BIO): void;
  /** Its chain below has changed by BIO_push(3), or it is taken out by BIO_pop(3). */
  pushed?(bio: BIO): void;
  popped?(bio: BIO): void;
  /** Goes on with connecting, accepting or a handshake: 1 when it is done, else -1. */
  advance?(bio: BIO): number;
  /** Takes over what another BIO of this kind was told, for BIO_dup_chain(3). 0: it cannot. */
  dup?(to: BIO, from: BIO): number;
}

export class BIO {
  readonly method: BIO_METHOD;
  data: unknown = undefined;
  next: BIO | null = null;
  previous: BIO | null = null;
  references = 1;
  flags = 0;
  /** BIO_RR_*: what BIO_FLAGS_IO_SPECIAL waits for. */
  retryReason = 0;
  close: number = c.BIO_CLOSE;
  numberRead = 0;
  numberWritten = 0;

  constructor(method: BIO_METHOD) {
    this.method = method;
    method.create?.(this);
  }

  read(max: number): Uint8Array | 'retry' | 'eof' {
    this.live().flags = 0;
    const bytes = this.method.read(this, max);
    if (bytes === 'retry') this.retry(c.BIO_FLAGS_READ);
    else if (bytes !== 'eof') this.numberRead += bytes.length;
    return bytes;
  }

  write(bytes: Uint8Array): number {
    this.live().flags = 0;
    const count = this.method.write(this, bytes);
    if (count > 0) this.numberWritten += count;
    else if (count === 0 && bytes.length > 0) this.retry(c.BIO_FLAGS_WRITE);
    return count;
  }

  /** Says what a call that got nowhere waits for; a reason that stands already is the better one. */
  retry(flags: number, reason = 0): void {
    if ((this.flags & c.BIO_FLAGS_IO_SPECIAL) !== 0) return;
    this.flags |= flags | c.BIO_FLAGS_SHOULD_RETRY;
    this.retryReason = reason;
  }

  live(): this {
    return this.references > 0 ? this : refuse('USE_AFTER_FREE', 'a BIO after its last free');
  }

  toJSON(): string {
    return `[BIO ${this.method.name}]`;
  }
}

// ---- life: references count for one BIO, BIO_free_all(3) goes down a chain

export const BIO_new = (method: BIO_METHOD | null): BIO | null => (method === null ? null : new BIO(method));

export function BIO_up_ref(bio: BIO): number {
  bio.live().references++;
  return 1;
}

/** 1; 0 for null. */
export function BIO_free(bio: BIO | null): number {
  if (bio === null) return 0;
  bio.live();
  if (bio.references === 1) bio.method.destroy?.(bio);
  bio.references--;
  return 1;
}

export const BIO_vfree = (bio: BIO | null): void => void BIO_free(bio);

/** Frees a chain down to the first BIO that somebody else holds as well. */
export function BIO_free_all(bio: BIO | null): void {
  for (let at = bio; at !== null; ) {
    const { next, references } = at;
    BIO_free(at);
    if (references > 1) return;
    at = next;
  }
}

/** Puts `append` behind the end of a chain. */
export function BIO_push(bio: BIO | null, append: BIO | null): BIO | null {
  if (bio === null) return append;
  let last = bio;
  while (last.next !== null) last = last.next;
  last.next = append;
  if (append !== null) append.previous = last;
  for (let at: BIO | null = bio; at !== null && at !== append; at = at.next) at.method.pushed?.(at);
  return bio;
}

/** A chain of the same kinds, told the same; null where one of them cannot be copied. */
export function BIO_dup_chain(bio: BIO | null): BIO | null {
  let head: BIO | null = null;
  for (let from = bio; from !== null; from = from.next) {
    const to = new BIO(from.method);
    to.close = from.close;
    if (from.method.dup?.(to, from) === 0) {
      BIO_free_all(head);
      return null;
    }
    head = BIO_push(head, to);
  }
  return head;
}

/** Takes one out of its chain; gives what came after it. */
export function BIO_pop(bio: BIO | null): BIO | null {
  if (bio === null) return null;
  bio.method.popped?.(bio);
  const { next, previous } = bio;
  if (previous !== null) previous.next = next;
  if (next !== null) next.previous = previous;
  bio.next = null;
  bio.previous = null;
  return next;
}

export const BIO_next = (bio: BIO | null): BIO | null => bio?.next ?? null;

export function BIO_find_type(bio: BIO | null, type: number): BIO | null {
  for (let at = bio; at !== null; at = at.next) if (at.method.type === type) return at;
  return null;
}

export const BIO_method_type = (bio: BIO): number => bio.method.type;
export const BIO_method_name = (bio: BIO): string => bio.method.name;

// ---- reading and writing: counts, -1 with BIO_should_retry(3) where there is nothing yet, 0 at the end

export function BIO_read(bio: BIO, buf: Uint8Array, num: number = buf.length): number {
  const bytes = bio.read(Math.min(num, buf.length));
  if (bytes === 'retry') return -1;
  if (bytes === 'eof') return 0;
  buf.set(bytes);
  return bytes.length;
}

export function BIO_write(bio: BIO, bytes: Uint8Array, num: number = bytes.length): number {
  const count = bio.write(bytes.subarray(0, num));
  return count === 0 && num > 0 ? -1 : count;
}

export const BIO_puts = (bio: BIO, text: string): number => BIO_write(bio, utf8(text));

/** A line with its newline, or at most `size - 1` bytes; null where there is none. */
export function BIO_gets(bio: BIO, size: number): string | null {
  const line: number[] = [];
  while (line.length < size - 1) {
    const byte = bio.read(1);
    if (typeof byte === 'string') break;
    line.push(byte[0] as number);
    if (byte[0] === 0x0a) break;
  }
  return line.length === 0 ? null : fromUtf8(Uint8Array.from(line));
}

export const BIO_pending = (bio: BIO): number => bio.live().method.pending?.(bio) ?? (bio.next === null ? 0 : BIO_pending(bio.next));
export const BIO_wpending = (bio: BIO): number => bio.live().method.wpending?.(bio) ?? (bio.next === null ? 0 : BIO_wpending(bio.next));
export const BIO_ctrl_pending: (bio: BIO) => number = BIO_pending;
export const BIO_ctrl_wpending: (bio: BIO) => number = BIO_wpending;
export const BIO_flush = (bio: BIO): number => bio.live().method.flush?.(bio) ?? (bio.next === null ? 1 : BIO_flush(bio.next));
export const BIO_reset = (bio: BIO): number => bio.live().method.reset?.(bio) ?? 0;
export const BIO_eof = (bio: BIO): number => (BIO_pending(bio) === 0 ? 1 : 0);

export const BIO_should_retry = (bio: BIO): number => bio.flags & c.BIO_FLAGS_SHOULD_RETRY;
export const BIO_should_read = (bio: BIO): number => bio.flags & c.BIO_FLAGS_READ;
export const BIO_should_write = (bio: BIO): number => bio.flags & c.BIO_FLAGS_WRITE;
export const BIO_should_io_special = (bio: BIO): number => bio.flags & c.BIO_FLAGS_IO_SPECIAL;
/** BIO_RR_*: what a special operation waits for. */
export const BIO_get_retry_reason = (bio: BIO): number => bio.retryReason;
/** The BIO of a chain that said "retry", and why. */
export function BIO_get_retry_BIO(bio: BIO, reason?: Out<number>): BIO {
  let last = bio;
  while (last.next !== null && BIO_should_retry(last.next) !== 0) last = last.next;
  if (reason !== undefined) reason.value = last.retryReason;
  return last;
}

/** Goes on with connecting, accepting or a handshake, whichever is first in the chain (BIO_do_connect(3)). */
export function BIO_do_handshake(bio: BIO): number {
  for (let at: BIO | null = bio.live(); at !== null; at = at.next) {
    if (at.method.advance === undefined) continue;
    at.flags = 0;
    const result = at.method.advance(at);
    if (at !== bio) Object.assign(bio, { flags: at.flags, retryReason: at.retryReason });
    return result;
  }
  pushError(c.ERR_LIB_BIO, 'BIO_ctrl', c.BIO_R_UNSUPPORTED_METHOD);
  return -1;
}
export const BIO_do_connect: (bio: BIO) => number = BIO_do_handshake;
export const BIO_do_accept: (bio: BIO) => number = BIO_do_handshake;

export const BIO_number_read = (bio: BIO): number => bio.numberRead;
export const BIO_number_written = (bio: BIO): number => bio.numberWritten;

export function BIO_set_close(bio: BIO, flag: number): number {
  bio.live().close = flag;
  return 1;
}
export const BIO_get_close = (bio: BIO): number => bio.close;

// ---- memory

const memory = (bio: BIO): MemBio => (bio.data instanceof MemBio ? bio.data : refuse('BAD_VALUE', `${bio.method.name} is no memory BIO`));

const MEMORY: BIO_METHOD = {
  type: c.BIO_TYPE_MEM,
  name: 'memory buffer',
  create: (bio) => {
    bio.data = new MemBio();
  },
  read: (bio, max) => memory(bio).read(max),
  write: (bio, bytes) => memory(bio).write(bytes),
  pending: (bio) => memory(bio).pending,
  wpending: () => 0,
  reset: (bio) => {
    memory(bio).reset();
    return 1;
  },
  destroy: (bio) => memory(bio).reset(),
};

const READ_ONLY_MEMORY: BIO_METHOD = {
  ...MEMORY,
  write: () => {
    pushError(c.ERR_LIB_BIO, 'mem_write', c.BIO_R_WRITE_TO_READ_ONLY_BIO);
    return -1;
  },
};

export const BIO_s_mem = (): BIO_METHOD => MEMORY;
export const BIO_s_secmem = (): BIO_METHOD => MEMORY;

/** A copy of bytes or text to read from, with "end of file" behind it. */
export function BIO_new_mem_buf(buf: Uint8Array | string, length = -1): BIO {
  const bytes = typeof buf === 'string' ? utf8(buf) : buf;
  const bio = new BIO(READ_ONLY_MEMORY);
  const mem = memory(bio);
  mem.write(length < 0 ? bytes : bytes.subarray(0, length));
  mem.end();
  return bio;
}

/** What an empty memory BIO says: 0 is "end of file", anything else is "retry". */
export function BIO_set_mem_eof_return(bio: BIO, value: number): number {
  if (value === 0) memory(bio).end();
  else {
    const left = memory(bio).readAll();
    memory(bio).reset();
    memory(bio).write(left);
  }
  return 1;
}

/** What it holds, which stays there. */
export function BIO_get_mem_data(bio: BIO): Uint8Array {
  const mem = memory(bio);
  const held = mem.readAll();
  mem.write(held);
  return held;
}

// ---- a pair

interface PairSide {
  end: PairBio | undefined;
  peer: BIO | undefined;
  size: number;
}

/** BIO_s_bio's own size of a buffer. */
const PAIR_SIZE = 17 * 1024;

const sideOf = (bio: BIO): PairSide =>
  bio.method === PAIR ? (bio.data as PairSide) : refuse('BAD_VALUE', `${bio.method.name} is no BIO pair`);

const PAIR: BIO_METHOD = {
  type: c.BIO_TYPE_BIO,
  name: 'BIO pair',
  create: (bio) => {
    bio.data = { end: undefined, peer: undefined, size: PAIR_SIZE } satisfies PairSide;
  },
  read: (bio, max) => sideOf(bio).end?.read(max) ?? 'eof',
  write: (bio, bytes) => {
    const { end, peer } = sideOf(bio);
    if (end !== undefined && peer !== undefined) return end.write(bytes);
    pushError(c.ERR_LIB_BIO, 'bio_write', c.BIO_R_BROKEN_PIPE);
    return -1;
  },
  pending: (bio) => sideOf(bio).end?.pending ?? 0,
  wpending: (bio) => {
    const { peer } = sideOf(bio);
    return peer === undefined ? 0 : BIO_pending(peer);
  },
  destroy: (bio) => void BIO_destroy_bio_pair(bio),
};

export const BIO_s_bio = (): BIO_METHOD => PAIR;

/** Two connected BIOs; sizes in bytes, 0 for 17 KiB. */
export function BIO_new_bio_pair(size1 = 0, size2 = 0): [BIO, BIO] | null {
  const pair: [BIO, BIO] = [new BIO(PAIR), new BIO(PAIR)];
  BIO_set_write_buf_size(pair[0], size1);
  BIO_set_write_buf_size(pair[1], size2);
  return BIO_make_bio_pair(...pair) === 1 ? pair : null;
}

export function BIO_make_bio_pair(a: BIO, b: BIO): number {
  const [left, right] = [sideOf(a), sideOf(b)];
  if (left.peer !== undefined || right.peer !== undefined) {
    pushError(c.ERR_LIB_BIO, 'bio_make_pair', c.BIO_R_IN_USE);
    return 0;
  }
  [left.end, right.end] = bioPair(left.size, right.size);
  [left.peer, right.peer] = [b, a];
  return 1;
}

/** Separates them; what was written and not read is lost. */
export function BIO_destroy_bio_pair(bio: BIO): number {
  const side = sideOf(bio);
  const other = side.peer && sideOf(side.peer);
  for (const one of [side, other]) {
    if (one === undefined) continue;
    one.end = undefined;
    one.peer = undefined;
  }
  return 1;
}

/** Only before the pair is made. */
export function BIO_set_write_buf_size(bio: BIO, size: number): number {
  const side = sideOf(bio);
  if (side.peer !== undefined) return 0;
  side.size = size === 0 ? PAIR_SIZE : size;
  return 1;
}

export const BIO_get_write_buf_size = (bio: BIO): number => sideOf(bio).size;
/** Bytes that a write would take. */
export const BIO_get_write_guarantee = (bio: BIO): number => sideOf(bio).end?.writeGuarantee ?? 0;
export const BIO_ctrl_get_write_guarantee: (bio: BIO) => number = BIO_get_write_guarantee;
/** Bytes the other side would like to read; it is not told here, so it is what there is room for while it waits. */
export const BIO_get_read_request = (bio: BIO): number =>
  ((sideOf(bio).peer?.flags ?? 0) & c.BIO_FLAGS_READ) === 0 ? 0 : BIO_get_write_guarantee(bio);
export const BIO_ctrl_get_read_request: (bio: BIO) => number = BIO_get_read_request;

/** Nothing more comes from here: the other side reads "end of file" when it has read all. */
export function BIO_shutdown_wr(bio: BIO): number {
  sideOf(bio).end?.end();
  return 1;
}

// ---- nothing, and a filter that buffers

const NOTHING: BIO_METHOD = {
  type: c.BIO_TYPE_NULL,
  name: 'NULL',
  read: () => 'eof',
  write: (_bio, bytes) => bytes.length,
  pending: () => 0,
  wpending: () => 0,
};

export const BIO_s_null = (): BIO_METHOD => NOTHING;

const held = (bio: BIO): MemBio => bio.data as MemBio;

/** BIO_copy_next_retry(3). */
const retryAsNext = (bio: BIO): void => bio.retry(bio.next?.flags ?? 0, bio.next?.retryReason);

/** Collects what is written until it is flushed or a buffer's worth is there, so that small writes share a record. */
const BUFFER: BIO_METHOD = {
  type: c.BIO_TYPE_BUFFER,
  name: 'buffer',
  create: (bio) => {
    bio.data = new MemBio();
  },
  read: (bio, max) => {
    const bytes = bio.next?.read(max) ?? 'eof';
    if (bytes === 'retry') retryAsNext(bio);
    return bytes;
  },
  write: (bio, bytes) => {
    if (held(bio).pending >= BUFFER_SIZE && BIO_flush(bio) <= 0) return 0;
    return held(bio).write(bytes);
  },
  wpending: (bio) => held(bio).pending + (bio.next === null ? 0 : BIO_wpending(bio.next)),
  flush: (bio) => {
    const rest = held(bio).readAll();
    if (bio.next === null) return 0;
    const taken = rest.length === 0 ? 0 : bio.next.write(rest);
    held(bio).write(taken > 0 ? rest.subarray(taken) : rest);
    if (held(bio).pending === 0) return BIO_flush(bio.next);
    retryAsNext(bio);
    return -1;
  },
  reset: (bio) => {
    held(bio).reset();
    return bio.next === null ? 1 : BIO_reset(bio.next);
  },
};

const BUFFER_SIZE = 4096;

export const BIO_f_buffer = (): BIO_METHOD => BUFFER;
