// Our side: connections of the library over sockets of node:net, with nothing between but a queue of chunks.
import * as net from 'node:net';
import { Ssl, SslContext } from '../../dist/index.js';

/** Bytes that may wait to be opened before the socket is paused. */
const HIGH_WATER = 1 << 20;

/** A socket as a BIO: what arrived waits in a queue, what is written goes out at once. */
class SocketBio {
  constructor(socket) {
    this.socket = socket;
    this.chunks = [];
    this.waiting = 0;
    this.ended = false;
  }

  read(max) {
    const chunk = this.chunks[0];
    if (chunk === undefined) return this.ended ? 'eof' : 'retry';
    if (chunk.length <= max) this.chunks.shift();
    else this.chunks[0] = chunk.subarray(max);
    const piece = chunk.length <= max ? chunk : chunk.subarray(0, max);
    this.waiting -= piece.length;
    if (this.waiting < HIGH_WATER && this.socket.isPaused()) this.socket.resume();
    return piece;
  }

  write(bytes) {
    // The socket keeps what it is given until it is sent; the caller's buffer is used again at once.
    this.socket.write(Buffer.from(bytes));
    return bytes.length;
  }

  push(chunk) {
    this.chunks.push(chunk);
    this.waiting += chunk.length;
    if (this.waiting >= HIGH_WATER) this.socket.pause();
  }
}

/** One end of a connection: the library's calls, waiting where they say "retry". */
export class End {
  /**
   * @param {Ssl} ssl
   * @param {net.Socket} socket
   */
  constructor(ssl, socket) {
    this.ssl = ssl;
    this.socket = socket;
    this.bio = new SocketBio(socket);
    this.text = '';
    /** @type {Set<() => void>} */
    this.sleepers = new Set();
    ssl.setBio(this.bio);
    socket.on('data', (chunk) => {
      this.bio.push(chunk);
      this.wake();
    });
    socket.on('end', () => {
      this.bio.ended = true;
      this.wake();
    });
    socket.on('error', (error) => {
      this.broken = error;
      this.bio.ended = true;
      this.wake();
    });
    socket.on('drain', () => this.wake());
    socket.on('close', () => {
      this.bio.ended = true;
      this.wake();
    });
  }

  get connection() {
    return this.ssl.connection;
  }

  wake() {
    for (const go of this.sleepers) go();
    this.sleepers.clear();
  }

  /** Until something changes that the last call waited for. */
  async change() {
    if (this.ssl.settled !== undefined) await this.ssl.settled;
    else await new Promise((resolve) => this.sleepers.add(resolve));
  }

  async handshake() {
    while (!this.ssl.doHandshake()) await this.change();
    return this;
  }

  /** The next plaintext; undefined where the peer said close_notify. */
  async read() {
    for (;;) {
      const bytes = this.ssl.read();
      if (bytes !== undefined) return bytes;
      if (this.ssl.want === 'zero_return') return undefined;
      await this.change();
    }
  }

  /** Reads until the text that came since the last call of this kind matches; gives the match. */
  async hears(pattern) {
    const find = () => (typeof pattern === 'string' ? this.text.includes(pattern) : pattern.exec(this.text));
    for (;;) {
      const found = find();
      if (found) {
        this.text = '';
        return found;
      }
      const bytes = await this.read();
      if (bytes === undefined) throw new Error(`close_notify before ${pattern}; heard ${JSON.stringify(this.text.slice(-300))}`);
      this.text += Buffer.from(bytes).toString('latin1');
    }
  }

  /** Reads, keeping the text for `hears`, until something came about. */
  async until(condition) {
    while (!condition()) {
      const bytes = this.ssl.read();
      if (bytes !== undefined) this.text += Buffer.from(bytes).toString('latin1');
      else if (this.ssl.want === 'zero_return') throw new Error('close_notify came first');
      else if (!condition()) await this.change();
    }
  }

  /** Answers hellos without a cookie, keeping nothing of them, until one brings it. */
  async stateless() {
    for (;;) {
      const verified = this.ssl.stateless();
      if (verified === true) return;
      if (verified === undefined) await this.change();
    }
  }

  /** All 0-RTT data a client sends, as text. */
  async readEarly() {
    let text = '';
    for (;;) {
      const bytes = this.ssl.readEarlyData();
      if (bytes === 'finish') return text;
      if (bytes === undefined) await this.change();
      else text += Buffer.from(bytes).toString('latin1');
    }
  }

  async write(bytes) {
    for (let at = 0; at < bytes.length; at += 65_536) {
      const piece = bytes.subarray(at, at + 65_536);
      while (this.ssl.write(piece) === 0) await this.change();
      while (this.socket.writableNeedDrain && !this.socket.destroyed) await this.change();
    }
  }

  async says(text) {
    await this.write(Buffer.from(text, 'latin1'));
  }

  /** Says close_notify; the other direction stays open. */
  finish() {
    this.ssl.shutdown();
  }

  /** Says close_notify and waits for the peer's; what still comes before it is thrown away. */
  async close() {
    if ((this.ssl.shutdownState & 1) === 0) this.finish();
    while ((this.ssl.shutdownState & 2) === 0) {
      if ((await this.read()) === undefined) break;
    }
    this.socket.end();
  }

  destroy() {
    this.socket.destroy();
    if (this.ssl.referenceCount > 0) this.ssl.free();
  }
}

/** A connection of a context to a port of this machine. `prepare` configures it before the first byte. */
export async function connectTo(scope, context, port, prepare) {
  const socket = await dial(port);
  const ssl = new Ssl(context);
  prepare?.(ssl);
  const end = new End(ssl, socket);
  scope.onEnd(() => end.destroy());
  return end;
}

/** A socket; a program that does not say when it listens is asked again for a while. */
async function dial(port) {
  for (let attempt = 0; ; attempt++) {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const outcome = await new Promise((resolve) => {
      socket.once('connect', resolve);
      socket.once('error', resolve);
    });
    if (outcome === undefined) return socket;
    if (attempt === 100) throw outcome;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A server on a free port; `accept` gives its connections one after the other, before their handshakes. */
export async function listen(scope, context, prepare) {
  const arrived = [];
  const waiting = [];
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const ssl = new Ssl(context);
    prepare?.(ssl);
    const end = new End(ssl, socket);
    scope.onEnd(() => end.destroy());
    const taker = waiting.shift();
    if (taker === undefined) arrived.push(end);
    else taker(end);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.onEnd(() => server.close());
  return {
    port: server.address().port,
    /** @returns {Promise<End>} */
    accept: () => (arrived.length > 0 ? Promise.resolve(arrived.shift()) : new Promise((resolve) => waiting.push(resolve))),
  };
}

export { SslContext };
