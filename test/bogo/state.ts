import type { Ssl, SslSession } from '../../src/index.ts';
import type { FlagSets, Flags } from './flags.ts';

/** What callbacks of one connection note for the checks after it. */
export class State {
  private readonly first: Flags;
  private readonly retry: Flags;
  ssl: Ssl | undefined;
  handshakes = 0;
  newSession: SslSession | undefined;
  earlyCallbackCalled = false;
  /** A text of messages that passed, as -expect-msg-callback has it. */
  trace = '';
  serverName: string | undefined;
  alpnAsked = false;

  constructor(sets: FlagSets, isResumption: boolean) {
    this.first = isResumption ? sets.resume : sets.initial;
    this.retry = sets.retry;
  }

  /** The flags in force: those of the retry once a server refused early data. */
  get flags(): Flags {
    return !this.first.server && this.ssl?.connection?.earlyData === 'rejected' ? this.retry : this.first;
  }
}

/** What went wrong is the shim's to say: an expectation that was not met, with no reason of the library behind it. */
export class Mismatch extends Error {}

export function demand(holds: boolean, what: string): void {
  if (!holds) throw new Mismatch(what);
}

/** Stands still but for what the runner moves it on. In milliseconds. */
export const clock: { now: number } = { now: Date.now() };
