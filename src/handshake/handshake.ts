import { wipe } from '../bytes/bytes.ts';
import { fatal } from '../registry/fatal.ts';
import type { MessageDef } from '../wire/message.ts';
import type { Connection } from './connection.ts';
import { flush, type ReceivedOf, receive } from './io.ts';
import type { Step } from './step.ts';
import { Transcript } from './transcript.ts';

/** One handshake of a connection: its transcript and the secrets that end with it. */
export class Handshake {
  readonly connection: Connection;
  readonly transcript: Transcript;
  private readonly secrets: Set<Uint8Array> = new Set();

  constructor(connection: Connection, transcript: Transcript = new Transcript(connection.provider)) {
    this.connection = connection;
    this.transcript = transcript;
  }

  /** Adds a message to the flight and to the transcript. */
  send<T>(def: MessageDef<string, T>, value: T): void {
    this.transcript.add(this.connection.io.send(def, value));
  }

  /** The next message, one of those due, added to the transcript. */
  receive<D extends readonly MessageDef<string, unknown>[]>(...due: D): Step<ReceivedOf<D[number]>> {
    return receive(this.connection.io, this.transcript, ...due);
  }

  /** The same for a message that counts only later: a ClientHello whose binder is still to be checked. */
  receiveUncounted<D extends readonly MessageDef<string, unknown>[]>(...due: D): Step<ReceivedOf<D[number]>> {
    return receive(this.connection.io, undefined, ...due);
  }

  flush(): Step<void> {
    const { established, io } = this.connection;
    // RFC 9846, 5.1 says so of key changes; it is as true where turns change: whose turn it is not has not begun a message.
    if (!established && io.midMessage) fatal('unexpected_message', 'NOT_ON_RECORD_BOUNDARY');
    return flush(io);
  }

  /** Remembers a secret that must not outlive the handshake. */
  keep<T extends Uint8Array | undefined>(secret: T): T {
    if (secret !== undefined) this.secrets.add(secret);
    return secret;
  }

  wipe(): void {
    wipe(...this.secrets);
    this.secrets.clear();
  }
}
