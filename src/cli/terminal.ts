import type { Readable, Writable } from 'node:stream';

/** Where a command reads and writes; a test gives streams of its own. */
export interface Terminal {
  readonly input: Readable;
  readonly output: Writable;
  readonly errors: Writable;
}

export interface Command {
  /** One line for `help`. */
  readonly summary: string;
  /** Resolves with the exit code. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** What a person did wrong: said in one line, exit code 1. */
export class UsageError extends Error {}
