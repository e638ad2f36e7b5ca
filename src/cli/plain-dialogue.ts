import { once } from 'node:events';
import type { Socket } from 'node:net';
import { concat, fromUtf8, utf8 } from '../bytes/bytes.ts';

/** Most bytes that a peer may say before TLS begins. */
const MOST = 0x1_0000;

/** What is said in the clear on a connection before TLS begins. Nothing of it is to be trusted. */
export class PlainDialogue {
  private readonly socket: Socket;
  private unread: Uint8Array = new Uint8Array();
  private taken = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  say(what: string | Uint8Array): void {
    this.socket.write(typeof what === 'string' ? utf8(what) : what);
  }

  async bytes(count: number): Promise<Uint8Array> {
    while (this.unread.length < count) await this.more();
    return this.take(count);
  }

  /** One line, without its end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.unread.indexOf(0x0a);
      if (end >= 0) return fromUtf8(this.take(end + 1)).replace(/\r?\n$/, '');
      await this.more();
    }
  }

  /** Lines up to the first that matches, which is the last of what is returned. */
  async linesTo(last: RegExp): Promise<readonly string[]> {
    const lines = [await this.line()];
    while (!last.test(lines.at(-1) ?? '')) lines.push(await this.line());
    return lines;
  }

  /** All that comes until a text stands in it. */
  async textWith(pattern: RegExp): Promise<string> {
    for (;;) {
      const text = fromUtf8(this.unread);
      if (pattern.test(text)) {
        this.take(this.unread.length);
        return text;
      }
      await this.more();
    }
  }

  /** Asks for a reply that says yes. */
  demand(reply: string, yes: RegExp): void {
    if (!yes.test(reply)) this.refuse(reply);
  }

  refuse(reply: string): never {
    throw new Error(`the peer does not begin TLS: ${JSON.stringify(reply.slice(0, 200))}`);
  }

  /** Whatever came before the handshake, by the peer or by somebody between, must not be taken for something that came after it (CVE-2011-0411). */
  end(): void {
    const { unread, socket } = this;
    if (unread.length > 0 || socket.readableLength > 0) throw new Error('the peer sent more in the clear than its consent to TLS');
  }

  private async more(): Promise<void> {
    for (;;) {
      const chunk: Uint8Array | null = this.socket.read();
      if (chunk !== null) {
        this.taken += chunk.length;
        if (this.taken > MOST) throw new Error(`the peer says more than ${MOST} bytes before TLS`);
        this.unread = concat(this.unread, chunk);
        return;
      }
      if (this.socket.readableEnded) throw new Error('the peer closed the connection before TLS');
      await Promise.race([once(this.socket, 'readable'), once(this.socket, 'end')]);
    }
  }

  private take(count: number): Uint8Array {
    const bytes = this.unread.slice(0, count);
    this.unread = this.unread.slice(count);
    return bytes;
  }
}
