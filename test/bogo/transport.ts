import { connect, type Socket } from 'node:net';
import type { Bio } from '../../src/index.ts';

/** The runner's socket as a BIO. `stepwise`: it would block before every byte, as the runner's -async tests want it. */
export class SocketBio implements Bio {
  private readonly socket: Socket;
  private readonly stepwise: boolean;
  private readonly chunks: Uint8Array[] = [];
  private readonly outgoing: Uint8Array[] = [];
  private ended = false;
  private mayRead = 0;
  private mayWrite = 0;
  private wake: () => void = () => {};

  constructor(socket: Socket, stepwise: boolean) {
    this.socket = socket;
    this.stepwise = stepwise;
    socket.on('data', (chunk: Uint8Array) => {
      this.chunks.push(chunk);
      this.wake();
    });
    const end = () => {
      this.ended = true;
      this.wake();
    };
    // A runner that hangs up has said what it thinks; what it sent before is still to be read.
    socket.on('end', end).on('error', end).on('close', end);
  }

  read(max: number): Uint8Array | 'retry' | 'eof' {
    if (this.stepwise && this.mayRead === 0) return 'retry';
    const [chunk] = this.chunks;
    if (chunk === undefined) return this.ended ? 'eof' : 'retry';
    const piece = chunk.subarray(0, this.stepwise ? Math.min(max, this.mayRead) : max);
    if (this.stepwise) this.mayRead -= piece.length;
    if (piece.length < chunk.length) this.chunks[0] = chunk.subarray(piece.length);
    else this.chunks.shift();
    return piece;
  }

  write(bytes: Uint8Array): number {
    const count = this.stepwise ? Math.min(this.mayWrite, bytes.length) : bytes.length;
    if (this.stepwise) this.mayWrite -= count;
    if (count === 0) return 0;
    if (this.outgoing.length === 0) setImmediate(() => this.send());
    this.outgoing.push(bytes.slice(0, count));
    return count;
  }

  /** What went out by steps need not go through the kernel by steps. */
  private send(): void {
    const bytes = Buffer.concat(this.outgoing.splice(0));
    if (bytes.length > 0 && this.socket.writable) this.socket.write(bytes);
  }

  /** Lets one more byte out, where it goes by steps. */
  letWrite(): void {
    this.mayWrite++;
  }

  /** Lets one more byte in, or waits for one. */
  async letRead(): Promise<void> {
    if (this.mayRead === 0) this.mayRead = 1;
    if (this.chunks.length > 0 || this.ended) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  /** `count` bytes, however long they take; undefined where fewer come. */
  async readExactly(count: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    for (let length = 0; length < count; ) {
      const piece = this.read(count - length);
      if (piece === 'eof') return undefined;
      if (piece === 'retry') await this.letRead();
      else {
        parts.push(piece);
        length += piece.length;
      }
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  /** Says that no more will come, and reads the rest, so that the runner sees an end and no reset. */
  async close(): Promise<void> {
    if (this.socket.closed) return;
    this.send();
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    this.socket.end();
    await closed;
  }
}

/** Connects to the runner and says which shim this is. */
export async function dial(host: string, port: number, shimId: string, stepwise: boolean): Promise<SocketBio> {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const id = new Uint8Array(8);
  new DataView(id.buffer).setBigUint64(0, BigInt(shimId), true);
  socket.write(id);
  return new SocketBio(socket, stepwise);
}
