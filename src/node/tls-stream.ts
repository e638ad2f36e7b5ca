import type { Duplex } from 'node:stream';
import { concat } from '../bytes/bytes.ts';
import { LIMITS } from '../registry/limits.ts';
import { OPTIONS } from '../registry/options.ts';
import { TLS1_3_VERSION } from '../registry/versions.ts';
import type { Ssl } from '../ssl/ssl.ts';
import { connectionError, isReason, withCode } from './errors.ts';
import { SocketBio } from './socket-bio.ts';
import { SocketSurface } from './socket-surface.ts';

/** How long a transport stays open after a failure, so that the alert arrives before the end does. */
const LINGER_MILLISECONDS = 1000;

type Done = (error?: Error | null) => void;

/** Plaintext on its way out: pieces that were not sealed yet, and whom to tell. */
interface Writing {
  readonly pieces: Uint8Array[];
  readonly length: number;
  readonly done: Done;
}

export interface TlsStreamOptions {
  /** Whether our side stays open for writing after the peer said close_notify; false unless said. */
  readonly allowHalfOpen?: boolean | undefined;
  /** Milliseconds until a handshake that is not complete fails; 0: never. */
  readonly handshakeTimeout: number;
  /** 0-RTT data a client sends with its first flight, if the session allows. */
  readonly earlyData?: Uint8Array | undefined;
  /** Server: demand a cookie before anything is kept of a client (SSL_stateless(3)). */
  readonly stateless?: boolean | undefined;
  /** Fail where the transport ends without close_notify, in place of ending. */
  readonly requireCloseNotify?: boolean | undefined;
  /** Bytes of plaintext that wait for a reader or a writer before the other side is made to wait. */
  readonly highWaterMark?: number | undefined;
}

/**
 * A connection as a Duplex over another Duplex. `pump` is its one engine: whatever happens (a chunk arrives, the reader asks
 * for more, something is written, the transport drains, a promise settles) it goes on with what can go on. Neither side
 * runs ahead of the other: nothing is decrypted before the reader asks, and nothing is sealed that the transport does not take.
 */
export abstract class TlsStream extends SocketSurface {
  readonly ssl: Ssl;
  /** Bytes of plaintext that were read. */
  bytesRead = 0;
  protected readonly bio: SocketBio;
  private readonly handshakeTimeout: number;
  private handshakeTimer: NodeJS.Timeout | undefined;
  private firstFlight: Uint8Array | undefined;
  private awaitsCookie: boolean;
  /** What the peer's latest Finished said: another one means that the handshake was repeated (TLS 1.2 and below). */
  private lastFinished: Uint8Array | undefined;
  private bytesSealed = 0;
  private begun = false;
  private secured = false;
  private running = false;
  private again = false;
  private wantsData = false;
  private closeNotified = false;
  private dropped = 0;
  /** Whether a callback of the program's is being told that a write is over: what it writes goes out before it may destroy. */
  private telling = false;
  /** Whether the program is within a call of `write`: it hears that it is over some time later, and what else it writes before that shares records. */
  private entered = false;
  private saidGoodbye = false;
  private awaited: Promise<unknown> | undefined;
  private writing: Writing | undefined;
  private finishing: Done | undefined;
  private readonly go: () => void = () => this.pump();

  constructor(ssl: Ssl, transport: Duplex, options: TlsStreamOptions) {
    super(transport, {
      allowHalfOpen: options.allowHalfOpen ?? false,
      ...(options.highWaterMark !== undefined && { highWaterMark: options.highWaterMark }),
    });
    this.ssl = ssl;
    // RFC 9846, 6.1 lets the application decide what an end without close_notify is; programs for Node count on an end.
    if (options.requireCloseNotify !== true) ssl.set('options', ssl.get('options') | OPTIONS.IGNORE_UNEXPECTED_EOF);
    this.handshakeTimeout = options.handshakeTimeout;
    this.firstFlight = options.earlyData;
    this.awaitsCookie = options.stateless === true && ssl.isServer;
    this.bio = new SocketBio(transport);
    ssl.setBio(this.bio);
    // Its end must not end our side too: close_notify and data may still have to go out.
    transport.allowHalfOpen = true;
    this.listen(transport);
    // Reading starts at once: tickets and the peer's goodbye are to be seen also by those who never read.
    this.read(0);
  }

  /**
   * Holds back what the record layer writes, and with it the end of the handshake, until `work` calls back. That is an error to do
   * twice.
   */
  waitFor(work: (done: () => void) => void): void {
    let waits = true;
    this.bio.hold();
    work(() => {
      if (!waits) {
        this.destroy(withCode('ERR_MULTIPLE_CALLBACK', 'Callback called multiple times'));
        return;
      }
      waits = false;
      this.bio.release();
      this.pump();
    });
  }

  /** The handshake is complete, or a repeated one is; `pump` goes on behind this, unless it destroys the connection. */
  protected abstract established(): void;

  /** 0-RTT data arrived: it may be a replay, so it is kept apart from other data. */
  protected abstract earlyDataArrived(bytes: Uint8Array): void;

  /** Hands plaintext to the reader; false: no more until it asks. */
  protected deliver(chunk: Uint8Array): boolean {
    // Who hears 'readable' may take one chunk each time, and hears it again only for what comes behind that: so one for each question.
    return this.push(chunk) && this.readableFlowing !== false;
  }

  /** The reader asks for more. */
  protected wantMore(): void {
    // Who wants data already has been given all there is.
    if (this.wantsData && !this.running) return;
    this.wantsData = true;
    this.pump();
  }

  /** What a failure is to be called. */
  protected failureOf(error: unknown): Error {
    return connectionError(error);
  }

  /** What of a failure is told as an 'error'; undefined: nothing. */
  protected told(failure: Error): Error | undefined {
    return failure;
  }

  /** Whether the handshake is not complete. */
  get secureConnecting(): boolean {
    return !this.secured;
  }

  /** Whether the transport ended before the peer said close_notify: what was read may not be all that was sent. */
  get truncated(): boolean {
    return this.secured && this.bio.saidEnd;
  }

  /** Bytes of plaintext that were written, those that wait included. */
  get bytesWritten(): number {
    return this.bytesSealed + this.writableLength;
  }

  private listen(transport: Duplex): void {
    transport.on('data', (chunk: Uint8Array) => this.arrived(chunk));
    transport.on('end', () => {
      this.bio.end();
      this.pump();
    });
    transport.on('drain', this.go);
    transport.on('error', (error) => this.transportFailed(error));
    transport.on('close', () => this.transportClosed());
  }

  private arrived(chunk: Uint8Array): void {
    if (this.destroyed) this.ignore(chunk);
    if (this.destroyed || this.closeNotified) return;
    this.touch();
    this.bio.feed(chunk);
    this.pump();
  }

  /** What comes behind a failure, while the alert is on its way. */
  private ignore(chunk: Uint8Array): void {
    this.dropped += chunk.length;
    if (this.dropped > LIMITS.droppedBytes.value) this.transport.destroy();
  }

  /** The transport's bytes, in memory that is used again as soon as this returns. */
  arrivedOnLoan(bytes: Uint8Array): void {
    this.arrived(bytes);
    if (this.bio.hasPending) this.bio.own();
    this.ssl.connection?.io.records.reader.own();
  }

  /** Starts the handshake: the transport can carry bytes. */
  protected begin(): void {
    if (this.begun || this.destroyed) return;
    this.begun = true;
    if (this.handshakeTimeout > 0) {
      const expired = (): unknown => this.destroy(withCode('ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout'));
      // A program that has nothing else to wait for may end, as with the timeouts of net.Socket.
      this.handshakeTimer = setTimeout(expired, this.handshakeTimeout).unref();
    }
    this.pump();
  }

  // ---- the engine

  protected pump(): void {
    if (!this.begun || this.destroyed) return;
    this.again = true;
    if (this.running) return;
    this.running = true;
    try {
      while (this.again && !this.destroyed) {
        this.again = false;
        this.advance();
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.running = false;
    }
    if (this.destroyed) this.release();
    else this.regulate();
  }

  private fail(error: unknown): void {
    this.destroy(this.hungUp(error) ? undefined : this.told(this.failureOf(error)));
  }

  /**
   * Whether the peer let go without a word after our goodbye, as many servers do. That is no failure to who hung up, unless the answer was still to
   * come; and it is no proper end either: there is 'close' without 'end', so that who waits for all of the data does not take a part for it.
   */
  private hungUp(error: unknown): boolean {
    return this.saidGoodbye && !this.allowHalfOpen && this.isTruncation(error);
  }

  /** A call of the connection that sends: what comes back waits for its end, also where the transport answers at once. */
  protected apart(work: () => void): void {
    const outermost = !this.running;
    this.running = true;
    try {
      work();
    } finally {
      if (outermost) this.running = false;
    }
    if (this.destroyed && outermost) this.release();
    else this.pump();
  }

  private advance(): void {
    if (this.secured || this.handshake()) {
      this.repeatHandshake();
      this.writeOn();
      this.readOn();
      this.finishOn();
    }
    const { settled } = this.ssl;
    if (settled === undefined || settled === this.awaited) return;
    this.awaited = settled;
    settled.then(this.go, this.go);
  }

  private handshake(): boolean {
    const early = this.firstFlight;
    this.firstFlight = undefined;
    if (this.awaitsCookie && !this.takeCookie()) return false;
    if (early !== undefined && !this.ssl.isServer) this.ssl.writeEarlyData(early);
    if (this.ssl.isServer && this.ssl.get('maxEarlyData') > 0 && !this.readEarlyData()) return false;
    if (!this.ssl.doHandshake()) return false;
    this.secured = true;
    this.lastFinished = this.ssl.connection?.peerFinished;
    clearTimeout(this.handshakeTimer);
    this.established();
    return !this.destroyed;
  }

  /** A client without a cookie is sent one and forgotten. */
  private takeCookie(): boolean {
    for (;;) {
      const verdict = this.ssl.stateless();
      if (verdict === undefined) return false;
      if (verdict) break;
    }
    this.awaitsCookie = false;
    return true;
  }

  /** A renegotiation goes on whether or not anybody reads, and its end is told like that of the first handshake. */
  private repeatHandshake(): void {
    const { ssl } = this;
    if (ssl.connection?.handshaking === true && ssl.connection.version < TLS1_3_VERSION && !ssl.doHandshake()) return;
    this.noticeRepetition();
  }

  private noticeRepetition(): void {
    const { connection } = this.ssl;
    if (connection === undefined || connection.handshaking || connection.version >= TLS1_3_VERSION) return;
    if (connection.peerFinished === this.lastFinished) return;
    this.lastFinished = connection.peerFinished;
    this.established();
  }

  private readEarlyData(): boolean {
    for (;;) {
      const chunk = this.ssl.readEarlyData();
      if (chunk === undefined) return false;
      if (chunk === 'finish') return true;
      this.earlyDataArrived(chunk);
    }
  }

  private readOn(): void {
    while (this.wantsData && !this.closeNotified && !this.destroyed) {
      const chunk = this.ssl.read();
      if (chunk !== undefined) {
        this.bytesRead += chunk.length;
        this.wantsData = this.deliver(chunk);
        continue;
      }
      this.noticeRepetition();
      if (this.ssl.want !== 'zero_return') return;
      this.closeNotified = true;
      this.push(null);
      // Those who never read hear of the end, too, where nothing stands before it: as with net.Socket.
      this.read(0);
    }
  }

  private writeOn(): void {
    while (this.writing !== undefined && !this.destroyed) {
      const { writing } = this;
      const { pieces } = writing;
      for (let piece = pieces[0]; piece !== undefined; piece = pieces[0]) {
        if (piece.length > 0 && this.ssl.write(piece) === 0) return;
        pieces.shift();
      }
      if (this.transport.writableNeedDrain && !this.transport.destroyed) return;
      this.writing = undefined;
      if (this.entered) process.nextTick(() => this.tell(writing));
      else this.tell(writing);
    }
  }

  private tell({ length, done }: Writing): void {
    this.bytesSealed += length;
    this.telling = true;
    done();
    this.telling = false;
  }

  private finishOn(): void {
    const { finishing, transport } = this;
    if (finishing === undefined || this.writing !== undefined || this.destroyed) return;
    if (!this.saidGoodbye) {
      // RFC 9846, 6.1: close_notify ends our direction only; within a later handshake it waits for its end.
      if (this.ssl.connection?.handshaking === true) return;
      this.saidGoodbye = true;
      this.ssl.shutdown();
    }
    if (this.ssl.unwritten > 0 && !this.ssl.flush()) return;
    this.finishing = undefined;
    if (transport.destroyed || transport.writableEnded) finishing();
    else transport.end(() => finishing());
  }

  /** Lets the transport flow while somebody wants what it brings. */
  private regulate(): void {
    const { transport } = this;
    const idle = this.secured && !this.wantsData && !this.closeNotified && this.ssl.connection?.handshaking !== true;
    const full = this.bio.hasPending || idle;
    if (full === transport.isPaused()) return;
    if (full) transport.pause();
    else transport.resume();
  }

  // ---- the Duplex

  override _read(): void {
    if (this.readableFlowing !== false) {
      this.wantMore();
      return;
    }
    // Not while it reads: what comes is news.
    this.wantsData = true;
    process.nextTick(this.go);
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.send([chunk], chunk.length, done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    const pieces = gathered(chunks);
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.send(pieces, length, done);
  }

  private send(pieces: Uint8Array[], length: number, done: Done): void {
    if (this.transport.destroyed) {
      done(withCode('EPIPE', 'This socket has been ended by the other party'));
      return;
    }
    this.touch();
    this.writing = { pieces, length, done };
    if (!this.telling) {
      this.entered = true;
      this.pump();
      this.entered = false;
      return;
    }
    try {
      this.writeOn();
    } catch (error) {
      this.fail(error);
    }
  }

  override _final(done: Done): void {
    this.finishing = done;
    this.pump();
  }

  // ---- the end

  /**
   * Once the peer said goodbye and all of ours is sealed, only our own goodbye can get lost, and nobody waits for it; and where it cannot be sent the
   * peer is gone already, which is what it was to bring about.
   */
  private transportFailed(error: Error): void {
    const over = this.closeNotified && this.writing === undefined && (this.saidGoodbye || this.writableLength === 0);
    const undelivered = this.saidGoodbye && (error as NodeJS.ErrnoException).syscall === 'write';
    this.destroy(over || undelivered ? undefined : error);
  }

  private transportClosed(): void {
    this.bio.end();
    this.pump();
    if (this.destroyed) return;
    // What was decrypted may still be read, and the reader comes to the end by itself; what was to be sent cannot go anywhere.
    if (this.writing !== undefined) this.destroy(withCode('ECONNRESET', 'the connection was closed while data was being sent'));
    else if (!this.begun || this.readableLength === 0) this.destroy();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.handshakeTimer);
    const { transport, writing } = this;
    this.writing = undefined;
    this.finishing = undefined;
    if (error !== null && !transport.destroyed && this.begun) linger(transport);
    else transport.destroy();
    writing?.done(error ?? withCode('ERR_STREAM_DESTROYED', 'the stream was destroyed'));
    // Called from within a callback of the connection it is let go of when that call has returned.
    if (!this.running) this.release();
    super._destroy(error, callback);
  }

  private release(): void {
    if (this.ssl.referenceCount > 0) this.ssl.free();
  }

  /** Whether the transport ended before the peer did. */
  protected isTruncation(error: unknown): boolean {
    return isReason(error, 'UNEXPECTED_EOF_WHILE_READING');
  }
}

/** Joins small pieces that follow one another, so that they share a record. */
function gathered(chunks: readonly { readonly chunk: Uint8Array }[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let group: Uint8Array[] = [];
  let length = 0;
  const close = (): void => {
    const [first] = group;
    if (first !== undefined) pieces.push(group.length === 1 ? first : concat(...group));
    group = [];
    length = 0;
  };
  for (const { chunk } of chunks) {
    if (length + chunk.length > LIMITS.plaintext.value) close();
    group.push(chunk);
    length += chunk.length;
  }
  close();
  return pieces;
}

/** Closing a socket that has unread bytes resets it, and a reset may overtake the alert: so what still comes is read and dropped for a while. */
function linger(transport: Duplex): void {
  const timer = setTimeout(() => transport.destroy(), LINGER_MILLISECONDS);
  transport.once('close', () => clearTimeout(timer));
  transport.end();
  transport.resume();
}
