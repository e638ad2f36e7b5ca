import { concat, EMPTY } from '../bytes/bytes.ts';
import { build } from '../bytes/writer.ts';
import type { CryptoProvider, HashName, RunningHash } from '../crypto/provider.ts';
import { HANDSHAKE_TYPE } from '../registry/content-types.ts';
import { fatal } from '../registry/fatal.ts';

/**
 * The hash over all handshake messages as they stood on the wire (RFC 9846, 4.4.1). Until the suite, and with it the
 * hash, is known, it keeps the messages themselves.
 */
export class Transcript {
  private readonly provider: CryptoProvider;
  /** The messages themselves, until somebody says that only their hash will be needed. */
  private messages: Uint8Array[] | undefined = [];
  private running: RunningHash | undefined;
  private name: HashName | undefined;
  /** Its digest as it stands, which is often asked for more than once. */
  private latest: Uint8Array | undefined;

  constructor(provider: CryptoProvider) {
    this.provider = provider;
  }

  /** A transcript that goes on from one that was kept (RFC 9846, 4.4: the context of post-handshake authentication). */
  static continuing(provider: CryptoProvider, running: RunningHash): Transcript {
    const transcript = new Transcript(provider);
    transcript.messages = undefined;
    transcript.running = running.clone();
    return transcript;
  }

  add(raw: Uint8Array): void {
    this.messages?.push(raw);
    this.running?.update(raw);
    this.latest = undefined;
  }

  /** Settles the hash, once. */
  start(hash: HashName): void {
    if (this.running !== undefined) {
      if (hash !== this.name) fatal('internal_error', 'INTERNAL_ERROR', 'the transcript hash changed');
      return;
    }
    this.running = this.provider.hash(hash);
    this.name = hash;
    for (const raw of this.messages ?? []) this.running.update(raw);
  }

  /** Every message so far, one after the other: TLS 1.2 and below sign them, not their hash (RFC 5246, 7.4.8). */
  all(): Uint8Array {
    return concat(...(this.messages ?? fatal('internal_error', 'INTERNAL_ERROR', 'the messages are gone')));
  }

  /** Lets go of the messages; their hash goes on. */
  forget(): void {
    this.messages = undefined;
  }

  /** Hash of everything so far; not to be changed. */
  digest(): Uint8Array {
    this.latest ??= this.hash.snapshot();
    return this.latest;
  }

  /** Hash of everything so far and `more`, which is not added: for a binder over a truncated ClientHello. */
  digestWith(hash: HashName, more: Uint8Array): Uint8Array {
    if (this.running !== undefined && this.name === hash) {
      const fork = this.running.clone();
      fork.update(more);
      return fork.snapshot();
    }
    return this.provider.digest(hash, concat(...(this.messages ?? []), more));
  }

  /** Replaces the first ClientHello by its hash when a HelloRetryRequest follows (RFC 9846, 4.4.1). */
  replaceByHash(hash: HashName): void {
    this.start(hash);
    this.restart(hash, this.digest());
  }

  /** What `replaceByHash` would leave, with this one untouched: which of two hellos a retry answers is not known yet (RFC 9849, 6.1.4). */
  afterRetry(hash: HashName): Transcript {
    const transcript = new Transcript(this.provider);
    transcript.restart(hash, this.digestWith(hash, EMPTY));
    return transcript;
  }

  /** Begins again from the hash of a first ClientHello that is not at hand: it came back in a cookie. */
  restart(hash: HashName, firstHello: Uint8Array): void {
    this.running = this.provider.hash(hash);
    this.name = hash;
    this.messages = undefined;
    this.latest = undefined;
    this.running.update(build((w) => w.u8(HANDSHAKE_TYPE.messageHash).vec24(firstHello)));
  }

  /** The hash as it stands, to be continued apart from this one (post-handshake authentication). */
  fork(): RunningHash {
    return this.hash.clone();
  }

  private get hash(): RunningHash {
    return this.running ?? fatal('internal_error', 'INTERNAL_ERROR', 'the transcript hash is not settled');
  }
}
