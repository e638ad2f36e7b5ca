import { EMPTY } from '../bytes/bytes.ts';
import type { Connection } from '../handshake/connection.ts';
import type { Driver } from '../handshake/driver.ts';
import type { Incoming } from '../handshake/io.ts';
import { payKeyUpdate, postHandshake, postHandshakeLimit, sendKeyUpdate } from '../handshake/post-handshake.ts';
import type { Stop } from '../handshake/step.ts';
import { ALERT_LEVEL, ALERTS } from '../registry/alerts.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { fatal, refuse, UnexpectedEof } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { MODES, OPTIONS } from '../registry/options.ts';
import { TLS1_3_VERSION } from '../registry/versions.ts';

interface Write {
  readonly bytes: Uint8Array;
  readonly early: boolean;
  sealed: number;
}

/**
 * Application data of one connection: plain functions between the records and the caller. No generator, promise or
 * closure stands in the way of a record.
 */
export class Plaintext {
  private readonly connection: Connection;
  private readonly driver: Driver;
  private content: Uint8Array = EMPTY;
  private position = 0;
  private partialWrites = false;
  private acceptsMovingBuffer = false;
  private recordSize = 0;
  /** A write that was begun and has to be repeated: its bytes, and how many of them are sealed. */
  private unfinished: Write | undefined;
  private readonly receiveNext: () => Incoming;

  constructor(connection: Connection, driver: Driver) {
    this.connection = connection;
    this.driver = driver;
    const limitOf = (type: number): number | undefined => postHandshakeLimit(connection, type);
    this.receiveNext = () => connection.io.receive(limitOf);
    this.configure();
  }

  /** Takes up settings that records depend on; called again when one changes. */
  configure(): void {
    const { connection } = this;
    const { reader, writer } = connection.io.records;
    const observe = connection.get('msgCallback');
    const arg = connection.get('msgCallbackArg');
    const { handle } = connection.owner;
    reader.observer = observe && ((type, bytes) => observe(false, connection.spokenVersion(type), type, bytes, handle, arg));
    writer.observer = observe && ((type, bytes) => observe(true, connection.spokenVersion(type), type, bytes, handle, arg));
    reader.readAhead = connection.get('readAhead');
    reader.bufferLength = connection.get('readBufferLength');
    writer.maxFragment = Math.min(writer.maxFragment, connection.get('maxSendFragment'));
    writer.splitsData = !connection.hasOption(OPTIONS.DONT_INSERT_EMPTY_FRAGMENTS);
    writer.padding = this.paddingRule();
    const mode = connection.get('mode');
    this.partialWrites = (mode & MODES.ENABLE_PARTIAL_WRITE) !== 0;
    this.acceptsMovingBuffer = (mode & MODES.ACCEPT_MOVING_WRITE_BUFFER) !== 0;
    this.recordSize = connection.get('splitSendFragment');
  }

  private paddingRule(): ((type: number, length: number) => number) | undefined {
    const { connection } = this;
    const callback = connection.get('recordPaddingCallback');
    const block = connection.get('blockPadding');
    // RFC 9846, 5.4: padding never makes a plaintext longer than a record may be.
    const room = (length: number): number => Math.max(0, LIMITS.plaintext.value - length);
    if (callback !== undefined)
      return (type, length) =>
        Math.min(room(length), Math.max(0, callback(connection.owner.handle, type, length, connection.get('recordPaddingArg'))));
    if (block <= 1) return undefined;
    return (_type, length) => Math.min(room(length), (block - (length % block)) % block);
  }

  // ---- reading

  /** Bytes that are here to be read. */
  get length(): number {
    return this.content.length - this.position;
  }

  take(max: number): Uint8Array {
    const piece = this.look(max);
    this.position += piece.length;
    if (this.length === 0) {
      this.content = EMPTY;
      this.position = 0;
    }
    return piece;
  }

  look(max: number): Uint8Array {
    if (this.position === 0 && max >= this.content.length) return this.content;
    return this.content.subarray(this.position, this.position + Math.min(max, this.length));
  }

  /** Reads on: plaintext is there, something else was dealt with or is under way, the peer closed, or nothing came. */
  receive(): 'data' | 'again' | 'closed' | 'retry' | Stop {
    const { connection, driver } = this;
    // What was held goes to nobody where the renegotiation failed: a failure is the last thing that is said.
    const held = driver.failure === undefined ? connection.io.held.shift() : undefined;
    if (held !== undefined) return this.deliver(held);
    const incoming = driver.guard(this.receiveNext);
    if (incoming === 'closed' || incoming === 'retry') return incoming;
    if (incoming === 'eof') return this.ended();
    if (incoming === 'change_cipher_spec') return 'again';
    if (incoming.kind === 'data') return this.deliver(incoming.content);
    driver.begin(postHandshake(connection, incoming.raw));
    const stop = driver.resume();
    if (stop !== undefined) return stop;
    return (connection.get('mode') & MODES.AUTO_RETRY) !== 0 ? 'again' : 'retry';
  }

  /** Deals with all messages that came, where nothing else can (QUIC). */
  receiveMessages(): void {
    const { connection, driver } = this;
    for (;;) {
      const incoming = driver.guard(this.receiveNext);
      if (typeof incoming === 'string' || incoming.kind === 'data') return;
      driver.begin(postHandshake(connection, incoming.raw));
      driver.resume();
    }
  }

  private deliver(content: Uint8Array): 'data' | 'again' {
    if (content.length === 0) return 'again';
    this.connection.postHandshakeMessages = 0;
    this.content = content;
    this.position = 0;
    return 'data';
  }

  /** RFC 9846, 6.1: an end without close_notify may be an attacker's; the option makes it an end like any other. */
  private ended(): 'closed' {
    if (this.connection.hasOption(OPTIONS.IGNORE_UNEXPECTED_EOF)) return 'closed';
    return this.driver.guard(() => {
      throw new UnexpectedEof();
    });
  }

  // ---- writing

  /** How many bytes the caller may count as written; 0: not all are out, call again with the same. */
  write(bytes: Uint8Array): number {
    return this.driver.guard(() => {
      const write = this.beginWrite(bytes);
      for (;;) {
        if (!this.connection.io.flush()) return 0;
        // Not before the BIO took what it has: however many requests come meanwhile, one answer waits.
        payKeyUpdate(this.connection);
        if (write.sealed === bytes.length || (this.partialWrites && write.sealed > 0)) {
          this.unfinished = undefined;
          return write.sealed;
        }
        this.seal(write, bytes);
      }
    });
  }

  /** SSL_write(3): a write that stopped is repeated with the same bytes; from another buffer only if the mode says so. */
  private beginWrite(bytes: Uint8Array): Write {
    const before = this.unfinished;
    // Early data that was refused is not half written any more: the peer has seen nothing of it.
    if (before === undefined || (before.early && this.connection.earlyData === 'rejected')) {
      this.unfinished = { bytes, early: this.connection.earlyData === 'offered', sealed: 0 };
      return this.unfinished;
    }
    const moving = this.acceptsMovingBuffer;
    if (
      bytes.length < before.bytes.length ||
      (!moving && bytes.byteOffset !== before.bytes.byteOffset) ||
      (!moving && bytes.buffer !== before.bytes.buffer)
    ) {
      refuse('BAD_WRITE_RETRY');
    }
    return before;
  }

  /** Seals as much as one output buffer holds. */
  private seal(write: Write, bytes: Uint8Array): void {
    const { connection } = this;
    const { writer } = connection.io.records;
    const size = Math.min(writer.maxFragment, this.recordSize);
    while (write.sealed < bytes.length && writer.hasRoom) {
      if (writer.keyIsWorn) {
        // RFC 9846, 5.5: before a key has sealed too much, it is changed; TLS 1.2 cannot, and ends.
        if (connection.version < TLS1_3_VERSION) fatal('internal_error', 'KEY_WORN_OUT');
        sendKeyUpdate(connection, false);
        connection.io.flush();
      }
      const end = Math.min(bytes.length, write.sealed + size);
      writer.appendRecord(CONTENT_TYPE.applicationData, end - write.sealed === bytes.length ? bytes : bytes.subarray(write.sealed, end));
      write.sealed = end;
    }
  }

  /** Sends close_notify (RFC 9846, 6.1); false where the BIO did not take it yet. */
  sayGoodbye(): boolean {
    return this.driver.guard(() => {
      this.connection.io.sendAlert(ALERT_LEVEL.warning, ALERTS.close_notify);
      return this.connection.io.flush();
    });
  }
}
