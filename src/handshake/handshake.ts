import { wipe } from '../bytes/bytes.ts';
import type { HpkeRecipient, HpkeSymmetric } from '../crypto/hpke.ts';
import type { HmacKey } from '../crypto/provider.ts';
import { fatal } from '../registry/fatal.ts';
import type { MessageDef } from '../wire/message.ts';
import type { Connection } from './connection.ts';
import { flush, type ReceivedOf, receive } from './io.ts';
import type { Step } from './step.ts';
import { Transcript } from './transcript.ts';

/** What a server made of a sealed ClientHello. */
export interface EchFinding {
  /** ECHConfigList for the client, where nothing could be opened and the server has keys. */
  readonly retryConfigs?: Uint8Array;
  /** What a second ClientHello is opened with. */
  readonly opened?: { readonly recipient: HpkeRecipient; readonly suite: HpkeSymmetric; readonly configId: number };
}

/** One handshake of a connection: its transcript and the secrets that end with it. */
export class Handshake {
  readonly connection: Connection;
  /** Of the hello that is in force: that may turn out to be another one (RFC 9849, 6.1.5). */
  transcript: Transcript;
  /** What a server found in encrypted_client_hello. */
  ech: EchFinding | undefined;
  private readonly secrets: (Uint8Array | HmacKey)[] = [];

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
  keep<T extends Uint8Array | HmacKey | undefined>(secret: T): T {
    if (secret !== undefined) this.secrets.push(secret);
    return secret;
  }

  wipe(): void {
    for (const secret of this.secrets) {
      if (secret instanceof Uint8Array) wipe(secret);
      else secret.wipe();
    }
    this.secrets.length = 0;
    this.ech?.opened?.recipient.wipe();
  }
}
