import { concat, copyOf } from '../bytes/bytes.ts';
import { type Carrier, Records } from '../record/carrier.ts';
import type { OpenProtection, SealProtection } from '../record/protection.ts';
import { ALERT_LEVEL, ALERTS } from '../registry/alerts.ts';
import { CONTENT_TYPE, handshakeTypeName } from '../registry/content-types.ts';
import { fatal, PeerAlert } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../registry/versions.ts';
import { decodeMessage, encodeMessage, MESSAGE_HEADER_LENGTH, type MessageDef, type Received } from '../wire/message.ts';
import { Fragments } from './fragments.ts';
import type { Step } from './step.ts';
import type { Transcript } from './transcript.ts';

/** What came in: a whole handshake message, application data, or why there is nothing. */
export type Incoming =
  | { readonly kind: 'message'; readonly raw: Uint8Array }
  | { readonly kind: 'data'; readonly content: Uint8Array }
  | 'change_cipher_spec'
  | 'retry'
  | 'eof'
  | 'closed';

/** What the connection wants to hear of (message and info callbacks). */
export interface IoObserver {
  message(write: boolean, contentType: number, bytes: Uint8Array): void;
  alert(write: boolean, level: number, description: number): void;
  /** A message is awaited. */
  awaiting(): void;
}

/** How long a message of a type may be, or undefined where the type is not due. */
export type LimitOf = (type: number) => number | undefined;

const RETRY_READ = { want: 'read' } as const;
const CLOSED = { want: 'closed' } as const;

/**
 * Handshake messages over records, or over what stands in their place: reassembles what comes, packs what goes, and guards everything that
 * may stand between messages (alerts, compatibility records, empty records, floods of any of them).
 */
export class MessageIo {
  readonly records: Records = new Records();
  private readonly carrier: Carrier;
  private readonly observer: IoObserver;
  /** The negotiated version; 0 before. It decides what alerts mean. */
  version = 0;
  /** Compatibility records that may still come (RFC 9846, D.4); none outside a handshake. */
  changeCipherSpecs = 0;
  /** TLS 1.2 and below: the one place where change_cipher_spec is due (RFC 5246, 7.1). */
  awaitsChangeCipherSpec = false;
  receivedCloseNotify = false;
  sentCloseNotify = false;
  sentChangeCipherSpec = false;
  /** Application data that came while a renegotiation was under way, to be read after it. */
  readonly held: Uint8Array[] = [];
  /** Whether it may come (RFC 5246, 7.4.1.1); in a first handshake never. */
  holdsData = false;
  private readonly fragments: Fragments = new Fragments();
  private returned: Uint8Array | undefined;
  private flight: Uint8Array[] = [];
  private emptyRecords = 0;
  private warnings = 0;

  /** `carrier`: what carries the messages where records do not. */
  constructor(observer: IoObserver, carrier?: Carrier) {
    this.observer = observer;
    this.carrier = carrier ?? this.records;
  }

  // ---- receiving

  /** Whether bytes of a handshake message are waiting for the rest of it, or for the next reader. */
  get midMessage(): boolean {
    return this.fragments.length > 0;
  }

  /** Says that a message is awaited. */
  awaitMessage(): void {
    this.observer.awaiting();
  }

  /** Bytes of messages that are waiting here. */
  get pending(): number {
    return this.fragments.length;
  }

  /** The next thing that arrived. A message whose type is not due is refused by its header alone. */
  receive(limitOf: LimitOf): Incoming {
    for (;;) {
      const raw = this.takeReturned() ?? this.wholeMessage(limitOf);
      if (raw !== undefined) return { kind: 'message', raw };
      if (this.receivedCloseNotify) return 'closed';
      const record = this.carrier.next();
      if (record === 'retry' || record === 'eof') return record;
      const { type, content } = record;
      if (this.midMessage && type !== CONTENT_TYPE.handshake) {
        // RFC 9846, 5.1: messages are not interleaved with other records.
        fatal('unexpected_message', 'UNEXPECTED_RECORD', `a record of type ${type} within a handshake message`);
      }
      switch (type) {
        case CONTENT_TYPE.handshake:
          // RFC 9846, 5.1: no zero-length fragments of handshake messages.
          if (content.length === 0) fatal('unexpected_message', 'BAD_LENGTH', 'an empty handshake record');
          this.fragments.append(content);
          break;
        case CONTENT_TYPE.applicationData:
          // Empty records hide traffic (RFC 9846, 5.1) and are given on too: whether data is due is not known here.
          if (content.length === 0) this.countEmpty();
          else {
            this.emptyRecords = 0;
            this.warnings = 0;
          }
          return { kind: 'data', content };
        case CONTENT_TYPE.alert:
          this.receiveAlert(content);
          break;
        case CONTENT_TYPE.changeCipherSpec:
          if (this.receiveChangeCipherSpec(content)) return 'change_cipher_spec';
          break;
        default:
          fatal('unexpected_message', 'UNEXPECTED_RECORD', `content type ${type}`);
      }
    }
  }

  /** Keeps application data for later, or refuses it where none is due. */
  hold(content: Uint8Array): void {
    if (!this.holdsData) fatal('unexpected_message', 'APP_DATA_IN_HANDSHAKE');
    if (this.held.push(content) > LIMITS.heldRecords.value) fatal('unexpected_message', 'APP_DATA_IN_HANDSHAKE', 'too much of it');
  }

  /** Gives a message back that was only looked at; it comes again with the next `receive`. */
  putBack(raw: Uint8Array): void {
    this.returned = raw;
  }

  private takeReturned(): Uint8Array | undefined {
    const raw = this.returned;
    this.returned = undefined;
    return raw;
  }

  /** Changes the keys for what comes. A key change within a message would splice two streams (RFC 9846, 5.1). */
  protectRead(protection: OpenProtection): void {
    this.demandBoundary();
    this.records.reader.protect(protection);
  }

  demandBoundary(): void {
    if (this.midMessage) fatal('unexpected_message', 'NOT_ON_RECORD_BOUNDARY');
  }

  private wholeMessage(limitOf: LimitOf): Uint8Array | undefined {
    if (this.fragments.length < MESSAGE_HEADER_LENGTH) return undefined;
    const { bytes } = this.fragments;
    const type = bytes[0] as number;
    const length = ((bytes[1] as number) << 16) | ((bytes[2] as number) << 8) | (bytes[3] as number);
    const limit = limitOf(type);
    if (limit === undefined) return fatal('unexpected_message', 'UNEXPECTED_MESSAGE', handshakeTypeName(type));
    if (length > limit) {
      // A message that has no content cannot be too large: what stands there is no such message.
      return fatal(
        limit === 0 ? 'decode_error' : 'illegal_parameter',
        'EXCESSIVE_MESSAGE_SIZE',
        `${handshakeTypeName(type)} of ${length} bytes`,
      );
    }
    const end = MESSAGE_HEADER_LENGTH + length;
    if (bytes.length < end) return undefined;
    const raw = this.fragments.take(end);
    this.observer.message(false, CONTENT_TYPE.handshake, raw);
    return raw;
  }

  private receiveAlert(content: Uint8Array): void {
    // RFC 9846, 5.1: an alert is not fragmented, and there is one in a record.
    if (content.length !== 2) fatal('decode_error', 'INVALID_ALERT', `an alert of ${content.length} bytes`);
    const [level, description] = content as unknown as [number, number];
    this.observer.message(false, CONTENT_TYPE.alert, content);
    this.observer.alert(false, level, description);
    if (description === ALERTS.close_notify) {
      this.receivedCloseNotify = true;
      return;
    }
    // RFC 9846, 6: in TLS 1.3 the level says nothing; user_canceled is the only other alert that is not an error.
    const harmless = this.version === TLS1_3_VERSION ? description === ALERTS.user_canceled : level === ALERT_LEVEL.warning;
    if (!harmless) {
      if (level !== ALERT_LEVEL.fatal && level !== ALERT_LEVEL.warning) fatal('illegal_parameter', 'UNKNOWN_ALERT_TYPE', `level ${level}`);
      throw new PeerAlert(description);
    }
    // RFC 5246, 7.2.2: whoever asked for another handshake goes on without it or not at all; waiting for an answer would be for ever.
    if (description === ALERTS.no_renegotiation && this.holdsData) fatal('handshake_failure', 'NO_RENEGOTIATION');
    if (++this.warnings > LIMITS.warningAlerts.value) fatal('unexpected_message', 'TOO_MANY_WARN_ALERTS');
  }

  /** Whether it is one that means something: in TLS 1.3, and before a version is known, it never does. */
  private receiveChangeCipherSpec(content: Uint8Array): boolean {
    if (content.length !== 1 || content[0] !== 1) fatal('unexpected_message', 'BAD_CHANGE_CIPHER_SPEC');
    if (this.version !== 0 && this.version < TLS1_3_VERSION) {
      // RFC 5246, 7.1: only where Finished follows. Anywhere else it would put keys in force that nobody agreed on (CVE-2014-0224).
      if (!this.awaitsChangeCipherSpec) fatal('unexpected_message', 'CCS_RECEIVED_EARLY');
      this.awaitsChangeCipherSpec = false;
    } else if (this.changeCipherSpecs-- <= 0) {
      // RFC 9846, 5: between the first ClientHello and the peer's Finished, and one for each flight is plenty.
      fatal('unexpected_message', 'CCS_RECEIVED_EARLY');
    }
    const counts = this.version !== 0 && this.version < TLS1_3_VERSION;
    if (counts) this.observer.message(false, CONTENT_TYPE.changeCipherSpec, content);
    return counts;
  }

  private countEmpty(): void {
    if (++this.emptyRecords > LIMITS.emptyRecords.value) fatal('unexpected_message', 'RECORD_TOO_SMALL', 'too many empty records');
  }

  // ---- sending

  /** Adds a message to the flight. Messages under the same key share records. Returns the bytes, for the transcript. */
  send<T>(def: MessageDef<string, T>, value: T): Uint8Array {
    return this.sendRaw(encodeMessage(def, value));
  }

  sendRaw(raw: Uint8Array): Uint8Array {
    this.flight.push(raw);
    this.observer.message(true, CONTENT_TYPE.handshake, raw);
    return raw;
  }

  /** The compatibility record of TLS 1.3, or the signal of the versions before it. */
  sendChangeCipherSpec(): void {
    this.sealFlight();
    if (this.version !== 0 && this.version < TLS1_3_VERSION) this.records.writer.append(CONTENT_TYPE.changeCipherSpec, Uint8Array.of(1));
    else this.records.writer.appendChangeCipherSpec(TLS1_2_VERSION);
    this.sentChangeCipherSpec = true;
    this.observer.message(true, CONTENT_TYPE.changeCipherSpec, Uint8Array.of(1));
  }

  sendAlert(level: number, description: number): void {
    this.sealFlight();
    const alert = Uint8Array.of(level, description);
    this.carrier.append(CONTENT_TYPE.alert, alert);
    if (description === ALERTS.close_notify) this.sentCloseNotify = true;
    this.observer.message(true, CONTENT_TYPE.alert, alert);
    this.observer.alert(true, level, description);
  }

  /** Changes the keys for what goes; what was added before still goes under the old ones. */
  protectWrite(protection: SealProtection): void {
    this.sealFlight();
    this.records.writer.protect(protection);
  }

  /** Seals the flight and hands it to the transport; false where that did not take everything. */
  flush(): boolean {
    this.sealFlight();
    return this.carrier.flush();
  }

  /** Gives the carrier what was added to the flight. */
  sealFlight(): void {
    if (this.flight.length === 0) return;
    const bytes = this.flight.length === 1 ? (this.flight[0] as Uint8Array) : concat(...this.flight);
    this.flight = [];
    this.carrier.append(CONTENT_TYPE.handshake, bytes);
  }

  // ---- ending

  wipe(): void {
    this.records.wipe();
    this.fragments.clear();
    this.flight = [];
  }
}

/** The message definition a received message belongs to, as a union over all that were allowed. */
export type ReceivedOf<D> = D extends MessageDef<infer Name, infer Value> ? Received<Name, Value> : never;

/**
 * The next message, which must be one of those that are due. It is received first and judged then; its bytes are a
 * copy that may be kept. Application data, where a handshake expects none, is unexpected_message.
 */
export function* receive<D extends readonly MessageDef<string, unknown>[]>(
  io: MessageIo,
  transcript: Transcript | undefined,
  ...due: D
): Step<ReceivedOf<D[number]>> {
  const limitOf: LimitOf = (type) => due.find((def) => def.type === type)?.limit;
  io.awaitMessage();
  for (;;) {
    const incoming = io.receive(limitOf);
    if (incoming === 'closed') {
      yield CLOSED;
      continue;
    }
    if (incoming === 'eof') return fatal('decode_error', 'UNEXPECTED_EOF_WHILE_READING', 'within the handshake');
    if (incoming === 'retry') {
      yield RETRY_READ;
      continue;
    }
    if (incoming === 'change_cipher_spec') return fatal('unexpected_message', 'UNEXPECTED_CCS_MESSAGE');
    if (incoming.kind === 'data') {
      io.hold(incoming.content);
      continue;
    }
    const raw = copyOf(incoming.raw);
    const def = due.find(({ type }) => type === raw[0]);
    if (def === undefined) return fatal('internal_error', 'INTERNAL_ERROR', 'a message nobody asked for');
    const received = decodeMessage(def, raw);
    transcript?.add(raw);
    return received as ReceivedOf<D[number]>;
  }
}

/** TLS 1.2 and below: the peer's change_cipher_spec, and nothing else (RFC 5246, 7.1). */
export function* receiveChangeCipherSpec(io: MessageIo): Step<void> {
  io.awaitsChangeCipherSpec = true;
  io.awaitMessage();
  for (;;) {
    const incoming = io.receive(() => undefined);
    if (incoming === 'change_cipher_spec') return;
    if (incoming === 'closed') yield CLOSED;
    else if (incoming === 'retry') yield RETRY_READ;
    else if (incoming === 'eof') fatal('decode_error', 'UNEXPECTED_EOF_WHILE_READING', 'within the handshake');
    else fatal('unexpected_message', 'APP_DATA_IN_HANDSHAKE');
  }
}

/** Hands what was sent to the transport, however often that takes. */
export function* flush(io: MessageIo): Step<void> {
  while (!io.flush()) yield { want: 'write' };
}
