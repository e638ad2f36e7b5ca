import type { CryptoProvider } from '../crypto/provider.ts';
import { SessionCache } from './cache.ts';
import type { SslSession } from './session.ts';
import { RotatingTicketKeys, type TicketKey, ticketKeyOf } from './ticket.ts';

/** What a context remembers between connections: sessions by id, and the keys of its tickets. */
export class SessionStore {
  readonly cache: SessionCache;
  private readonly rotating: RotatingTicketKeys = new RotatingTicketKeys();

  constructor(removed: (session: SslSession) => void) {
    this.cache = new SessionCache(removed);
  }

  /** The configured ticket keys, or our own of the day; the first seals, all open. */
  ticketKeys(provider: CryptoProvider, configured: readonly Uint8Array[], now: number): readonly TicketKey[] {
    return configured.length > 0 ? configured.map(ticketKeyOf) : this.rotating.current(provider, now);
  }

  wipe(): void {
    this.cache.flush('all');
    this.rotating.wipe();
  }
}
