import { latin1 } from '../bytes/bytes.ts';
import type { SslSession } from './session.ts';

/**
 * The sessions a context remembers by their ids: bounded, the least recently used goes first, and what has expired
 * is never given out. It holds a reference to each (SSL_CTX_add_session(3)).
 */
export class SessionCache {
  private readonly sessions: Map<string, SslSession> = new Map();
  private readonly removed: (session: SslSession) => void;
  /** Counters of SSL_CTX_sess_number(3). */
  readonly statistics = {
    connect: 0,
    connectGood: 0,
    connectRenegotiate: 0,
    accept: 0,
    acceptGood: 0,
    acceptRenegotiate: 0,
    /** Sessions that were resumed, however they were found. */
    hits: 0,
    callbackHits: 0,
    misses: 0,
    timeouts: 0,
    cacheFull: 0,
  };

  /** `removed` hears of each session that leaves, before its reference is dropped. */
  constructor(removed: (session: SslSession) => void) {
    this.removed = removed;
  }

  get size(): number {
    return this.sessions.size;
  }

  /** Takes a reference of its own; false where that very session is there already. `limit` 0 is no bound. */
  add(session: SslSession, limit: number): boolean {
    const key = latin1(session.data.id);
    const before = this.sessions.get(key);
    if (before === session) return false;
    if (before !== undefined) this.remove(before);
    this.sessions.set(key, session.upRef());
    for (const oldest of this.sessions.values()) {
      if (limit === 0 || this.sessions.size <= limit) break;
      this.statistics.cacheFull++;
      this.remove(oldest);
    }
    return true;
  }

  /** The session of an id, moved to the young end; an expired one is dropped on the way. */
  find(id: Uint8Array, now: number): SslSession | undefined {
    const key = latin1(id);
    const session = this.sessions.get(key);
    if (session === undefined) {
      this.statistics.misses++;
      return undefined;
    }
    if (!session.isCurrent(now)) {
      this.statistics.timeouts++;
      this.remove(session);
      return undefined;
    }
    this.sessions.delete(key);
    this.sessions.set(key, session);
    return session;
  }

  has(id: Uint8Array): boolean {
    return this.sessions.has(latin1(id));
  }

  /** False where it was not there. */
  remove(session: SslSession): boolean {
    const key = latin1(session.data.id);
    if (this.sessions.get(key) !== session) return false;
    this.sessions.delete(key);
    session.invalidate();
    this.removed(session);
    session.free();
    return true;
  }

  /** Drops what has expired at `now` milliseconds, or everything (SSL_CTX_flush_sessions(3)). */
  flush(now: number | 'all'): void {
    for (const session of [...this.sessions.values()]) if (now === 'all' || !session.isCurrent(now)) this.remove(session);
  }
}
