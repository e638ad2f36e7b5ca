import type { SslSession } from '../../src/index.ts';
import type { Flags } from './flags.ts';

/** What callbacks of one connection note for the checks after it. */
export class State {
  /** Those of the retry once early data was refused. */
  flags: Flags;
  handshakes = 0;
  newSession: SslSession | undefined;
  earlyCallbackCalled = false;
  /** A text of messages that passed, as -expect-msg-callback has it. */
  trace = '';
  serverName: string | undefined;
  verifications = 0;
  alpnAsked = false;

  constructor(flags: Flags) {
    this.flags = flags;
  }
}

/** What went wrong is the shim's to say: an expectation that was not met, with no reason of the library behind it. */
export class Mismatch extends Error {}

export function demand(holds: boolean, what: string): void {
  if (!holds) throw new Mismatch(what);
}

/** The seconds that -resumption-delay moves on, in milliseconds. */
export const clock = { offset: 0 };
