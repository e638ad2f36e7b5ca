/**
 * The malicious half of a TLS 1.3 connection: it can do a handshake by itself, one message at a time, and lets a test
 * replace, drop, repeat, reorder, truncate or extend any of it. It stands on codecs, records and primitives alone, with
 * its own idea of transcript and keys, so that all the handshake code stands on the other side.
 */
import { concat, EMPTY, fromUtf8, utf8 } from '../../src/bytes/bytes.ts';
import { build } from '../../src/bytes/writer.ts';
import { nodeProvider } from '../../src/crypto/node.ts';
import type { CryptoProvider, HashName } from '../../src/crypto/provider.ts';
import { KeySchedule, type PskKind } from '../../src/crypto/schedule-tls13.ts';
import { preSharedKey } from '../../src/extensions/pre-shared-key.ts';
import { MemBio, type Ssl } from '../../src/index.ts';
import { PlainSeal } from '../../src/record/protect-none.ts';
import { Tls13Open, Tls13Seal } from '../../src/record/protect-tls13.ts';
import { HEADER_LENGTH, type OpenedRecord, type SealProtection } from '../../src/record/protection.ts';
import { type AeadSuite, TLS13_SUITES } from '../../src/registry/cipher-suites.ts';
import { CONTENT_TYPE, HANDSHAKE_TYPE } from '../../src/registry/content-types.ts';
import { encodeMessage, type MessageDef, type RawExtension } from '../../src/wire/message.ts';
import { certificate, certificateVerify, finished, keyUpdate } from '../../src/wire/tls13-messages.ts';
import { type TestKeyName, testCertificate, testKey } from '../support/pki.ts';

export const provider: CryptoProvider = nodeProvider;

/** A change to a message before it is encoded, and one to its bytes after. */
export type Edit<T> = (value: T) => T;
export type Tamper = (raw: Uint8Array) => Uint8Array;

/** A pre-shared key that the peer knows. */
export interface PeerPsk {
  readonly identity: Uint8Array;
  readonly secret: Uint8Array;
  readonly kind: PskKind;
  readonly obfuscatedTicketAge?: number;
}

/** Keys of one direction and stage. */
export type Stage = 'plain' | 'early' | 'handshake' | 'application';

/** A suite of TLS 1.3 by its number. */
export const suiteOf = (id: number): AeadSuite => {
  const suite = TLS13_SUITES.find((candidate) => candidate.id === id);
  if (suite === undefined) throw new Error(`no suite ${id}`);
  return suite;
};

const scheduleOf = (hash: HashName): KeySchedule => new KeySchedule(provider, hash);

interface Sending {
  readonly padding?: number;
  readonly stage?: Stage;
  readonly seal?: SealProtection;
}

const PLAIN: SealProtection = new PlainSeal(0x0303);

export abstract class Peer {
  abstract readonly role: 'client' | 'server';
  victim: Ssl;
  readonly toVictim: MemBio = new MemBio();
  readonly fromVictim: MemBio = new MemBio();

  /** Handshake messages that we sent. */
  readonly said: Uint8Array[] = [];
  /** What the victim said: handshake messages, alerts as level and description, data, compatibility records. */
  readonly messages: Uint8Array[] = [];
  readonly alerts: (readonly [level: number, description: number])[] = [];
  readonly received: Uint8Array[] = [];
  changeCipherSpecs = 0;
  /** What the victim threw, the first time. */
  failure: unknown;
  /** Plaintext the victim gave its application. */
  readonly delivered: Uint8Array[] = [];

  suite: AeadSuite = suiteOf(0x1301);
  psk: PeerPsk | undefined;
  /** Under what the next message or record is sealed. */
  stage: Stage = 'plain';
  connected = false;
  protected readonly seals: Map<Stage, SealProtection> = new Map();
  private readonly opens: Tls13Open[] = [];
  protected transcript: Uint8Array[] = [];
  private partial: Uint8Array = EMPTY;
  private unopened: Uint8Array = EMPTY;
  protected early: Uint8Array | undefined;
  protected handshakeSecret: Uint8Array | undefined;
  protected mainSecret: Uint8Array | undefined;
  protected ownSecret: Uint8Array = EMPTY;
  protected theirSecret: Uint8Array = EMPTY;
  protected ownApplication: Uint8Array = EMPTY;
  protected theirApplication: Uint8Array = EMPTY;
  resumptionSecret: Uint8Array = EMPTY;
  /** Edits and tampers by the name of a step; they hold for every message of that step. */
  edits: object = {};
  tampers: { readonly [step: string]: Tamper } = {};
  /** Called for each record before it goes: what goes in its place. */
  wire: (record: Uint8Array) => readonly Uint8Array[] = (record) => [record];

  constructor(victim: Ssl) {
    this.victim = victim;
    victim.setBio(this.toVictim, this.fromVictim);
  }

  /** Goes on with another victim where it was with the one before. */
  moveTo(victim: Ssl): void {
    this.victim = victim;
    victim.setBio(this.toVictim, this.fromVictim);
  }

  get schedule(): KeySchedule {
    return scheduleOf(this.suite.hash);
  }

  get alert(): number | undefined {
    return this.alerts[0]?.[1];
  }

  /** All that the victim's application got, as text. */
  get text(): string {
    return fromUtf8(concat(...this.delivered));
  }

  /** Lets the victim go on as far as it can and takes in what it says. Bounded: a victim that does not stop is a failure. */
  turn(): this {
    for (let step = 0; this.failure === undefined; step++) {
      if (step === 10_000) throw new Error('the victim does not come to rest');
      try {
        if (!this.advance()) break;
      } catch (error) {
        this.failure = error;
      }
    }
    this.takeIn();
    return this;
  }

  /** One call on the victim; false where it has to wait. A test may put its own in place. */
  advance: () => boolean = () => {
    if (!this.victim.isInitFinished) return this.victim.doHandshake();
    const data = this.victim.read();
    if (data === undefined) return false;
    this.delivered.push(data);
    return true;
  };

  // ---- sending

  /** One record of any type, under the keys of `stage`. */
  sendRecord(type: number, content: Uint8Array, { padding = 0, stage = this.stage, seal = this.sealOf(stage) }: Sending = {}): this {
    const out = new Uint8Array(content.length + padding + seal.overhead);
    const length = seal.seal(type, content, padding, out, 0);
    return this.sendBytes(out.subarray(0, length));
  }

  /** Bytes as they are. */
  sendBytes(bytes: Uint8Array): this {
    for (const record of this.wire(bytes)) this.toVictim.write(record);
    return this;
  }

  sendAlert(description: number, level = 2): this {
    return this.sendRecord(CONTENT_TYPE.alert, Uint8Array.of(level, description));
  }

  sendData(text = 'data', padding = 0): this {
    return this.sendRecord(CONTENT_TYPE.applicationData, utf8(text), { padding });
  }

  sendChangeCipherSpec(content: Uint8Array = Uint8Array.of(1)): this {
    return this.sendRecord(CONTENT_TYPE.changeCipherSpec, content, { stage: 'plain' });
  }

  /** A handshake message as it is, in one record, or in records of `size` bytes. */
  sendRaw(raw: Uint8Array, size = 16_384, seal: SealProtection = this.sealOf(this.stage)): this {
    for (let at = 0; at < raw.length; at += size) this.sendRecord(CONTENT_TYPE.handshake, raw.subarray(at, at + size), { seal });
    return this;
  }

  /**
   * Encodes a message, with the test's edit and tamper of that step, counts it into the transcript and sends it. What `then` does to
   * the keys is done before the victim sees it: a test may let it answer at once.
   */
  protected say<T>(
    step: string,
    def: MessageDef<string, T>,
    value: T,
    then: () => void = () => {},
    finish: Tamper = (raw) => raw,
  ): Uint8Array {
    const seal = this.sealOf(this.stage);
    const edit = (this.edits as { readonly [step: string]: Edit<T> | undefined })[step];
    const encoded = finish(encodeMessage(def, edit === undefined ? value : edit(value)));
    const raw = this.tampers[step]?.(encoded) ?? encoded;
    this.transcript.push(raw);
    this.said.push(raw);
    then();
    this.sendRaw(raw, undefined, seal);
    return raw;
  }

  /** New keys for what goes, after a KeyUpdate message in the old ones. */
  sendKeyUpdate(request = 0): this {
    this.transcriptless('KU', keyUpdate, { requestUpdate: request });
    this.ownApplication = this.schedule.nextTrafficSecret(this.ownApplication);
    this.sealWith('application', this.ownApplication);
    return this;
  }

  /** A message that no transcript counts. */
  protected transcriptless<T>(step: string, def: MessageDef<string, T>, value: T): Uint8Array {
    const before = [...this.transcript];
    const raw = this.say(step, def, value);
    this.transcript = before;
    return raw;
  }

  // ---- authentication, the same for both sides

  /** Certificate and CertificateVerify of a test key; no key: an empty Certificate. */
  protected sayCertificate(step: string, context: Uint8Array, key: TestKeyName | undefined): void {
    const entries = key === undefined ? [] : [{ data: testCertificate({ key }).der, extensions: [] as RawExtension[] }];
    this.say(step, certificate, { context, entries });
  }

  protected sayCertificateVerify(step: string, key: TestKeyName, algorithm: number): void {
    const content = concat(new Uint8Array(64).fill(0x20), utf8(`TLS 1.3, ${this.role} CertificateVerify`), Uint8Array.of(0), this.hash());
    const signature = testKey(key).sign(key === 'ed25519' ? { kind: 'ed25519' } : { kind: 'ecdsa', hash: 'sha256' }, content);
    if (signature instanceof Promise) throw new TypeError('test keys are synchronous');
    this.say(step, certificateVerify, { algorithm, signature });
  }

  protected sayFinished(step: string, secret: Uint8Array, then?: () => void): void {
    this.say(step, finished, { verifyData: this.finishedOf(secret) }, then);
  }

  private finishedOf(secret: Uint8Array): Uint8Array {
    return this.schedule.hmac(this.schedule.finishedKey(secret), this.hash());
  }

  // ---- keys

  hash(): Uint8Array {
    return provider.digest(this.suite.hash, concat(...this.transcript));
  }

  private sealOf(stage: Stage): SealProtection {
    return this.seals.get(stage) ?? PLAIN;
  }

  sealWith(stage: Stage, secret: Uint8Array): void {
    const seal = new Tls13Seal(provider, this.suite, this.schedule.trafficKeys(secret, this.suite.keyLength));
    this.seals.set(stage, seal);
  }

  protected openWith(secret: Uint8Array): void {
    this.opens.unshift(new Tls13Open(provider, this.suite, this.schedule.trafficKeys(secret, this.suite.keyLength), 16_385, false));
  }

  protected handshakeKeys(shared: Uint8Array | undefined): void {
    const { schedule } = this;
    this.handshakeSecret = schedule.handshakeSecret(this.psk && schedule.earlySecret(this.psk.secret), shared);
    const [client, server] = schedule.deriveSecrets(this.handshakeSecret, this.hash(), 'c hs traffic', 's hs traffic');
    [this.ownSecret, this.theirSecret] = this.role === 'client' ? [client, server] : [server, client];
    this.sealWith('handshake', this.ownSecret);
    this.openWith(this.theirSecret);
  }

  /** From the transcript up to the server's Finished. */
  protected applicationKeys(): void {
    const { schedule } = this;
    this.mainSecret = schedule.mainSecret(this.handshakeSecret ?? EMPTY);
    const [client, server] = schedule.deriveSecrets(this.mainSecret, this.hash(), 'c ap traffic', 's ap traffic');
    [this.ownApplication, this.theirApplication] = this.role === 'client' ? [client, server] : [server, client];
    this.sealWith('application', this.ownApplication);
    this.openWith(this.theirApplication);
  }

  /** From the transcript up to the client's Finished. */
  protected complete(): void {
    this.connected = true;
    if (this.mainSecret !== undefined) this.resumptionSecret = this.schedule.deriveSecret(this.mainSecret, 'res master', this.hash());
  }

  /** What early data is sealed with, and opened. */
  protected earlyTraffic(psk: PeerPsk): Uint8Array {
    return this.schedule.deriveSecret(this.schedule.earlySecret(psk.secret), 'c e traffic', this.hash());
  }

  /** The binder of a PSK over what stands before it. */
  binder(psk: PeerPsk, truncated: Uint8Array): Uint8Array {
    const { schedule } = this;
    const key = schedule.finishedKey(schedule.binderKey(schedule.earlySecret(psk.secret), psk.kind));
    return schedule.hmac(key, provider.digest(this.suite.hash, concat(...this.transcript, truncated)));
  }

  // ---- receiving

  /** Opens what the victim wrote. Alerts of a victim that failed half-way may be under any key there was so far. */
  takeIn(): void {
    this.unopened = concat(this.unopened, this.fromVictim.readAll());
    for (;;) {
      const bytes = this.unopened;
      if (bytes.length < HEADER_LENGTH) return;
      const end = HEADER_LENGTH + (((bytes[3] as number) << 8) | (bytes[4] as number));
      if (bytes.length < end) return;
      const record = this.open(bytes.subarray(0, HEADER_LENGTH), bytes.subarray(HEADER_LENGTH, end));
      if (record === undefined) return;
      this.unopened = bytes.subarray(end);
      this.take(record);
    }
  }

  private open(header: Uint8Array, fragment: Uint8Array): OpenedRecord | undefined {
    if (header[0] !== CONTENT_TYPE.applicationData) return { type: header[0] as number, content: fragment };
    for (const protection of this.opens) {
      const record = protection.open(header, fragment);
      if (record !== undefined) return record;
    }
    return undefined;
  }

  private take({ type, content }: OpenedRecord): void {
    if (type === CONTENT_TYPE.changeCipherSpec) this.changeCipherSpecs++;
    else if (type === CONTENT_TYPE.alert) this.alerts.push([content[0] ?? 0, content[1] ?? 0]);
    else if (type === CONTENT_TYPE.applicationData) this.received.push(content);
    else this.takeMessages(content);
  }

  private takeMessages(content: Uint8Array): void {
    this.partial = concat(this.partial, content);
    for (;;) {
      const bytes = this.partial;
      if (bytes.length < 4) return;
      const end = 4 + (((bytes[1] as number) << 16) | ((bytes[2] as number) << 8) | (bytes[3] as number));
      if (bytes.length < end) return;
      const raw = bytes.slice(0, end);
      this.partial = bytes.subarray(end);
      this.messages.push(raw);
      if (raw[0] === HANDSHAKE_TYPE.keyUpdate) this.takeKeyUpdate();
      else this.takeMessage(raw);
    }
  }

  private takeKeyUpdate(): void {
    this.theirApplication = this.schedule.nextTrafficSecret(this.theirApplication);
    this.openWith(this.theirApplication);
  }

  protected abstract takeMessage(raw: Uint8Array): void;

  /** Puts the hash of the first ClientHello in its place (RFC 9846, 4.4.1). */
  protected replaceByHash(): void {
    this.transcript = [build((w) => w.u8(HANDSHAKE_TYPE.messageHash).vec24(this.hash()))];
  }
}

// ---- changes to extension lists

interface Extended {
  readonly extensions: readonly RawExtension[];
}

/** The message without an extension. */
export const without =
  <T extends Extended>({ id }: { readonly id: number }): Edit<T> =>
  (value) => ({ ...value, extensions: value.extensions.filter(({ type }) => type !== id) });

/** The message with another body of an extension it has, or with one more, before pre_shared_key. */
export const withExtension =
  <T extends Extended>(type: number, data: Uint8Array): Edit<T> =>
  (value) => {
    const { extensions } = value;
    if (extensions.some((extension) => extension.type === type)) {
      return { ...value, extensions: extensions.map((extension) => (extension.type === type ? { type, data } : extension)) };
    }
    const last = extensions.at(-1)?.type === preSharedKey.id ? extensions.length - 1 : extensions.length;
    return { ...value, extensions: extensions.toSpliced(last, 0, { type, data }) };
  };

/** The message with an extension appended, whatever it has. */
export const appending =
  <T extends Extended>(type: number, data: Uint8Array = EMPTY): Edit<T> =>
  (value) => ({ ...value, extensions: [...value.extensions, { type, data }] });

/** The message with one more byte, counted in its length. */
export const withTrailingByte: Tamper = (raw) => withLength(concat(raw, Uint8Array.of(0)));

/** The message without its last byte, its length one less. */
export const withoutLastByte: Tamper = (raw) => withLength(raw.slice(0, -1));

function withLength(raw: Uint8Array): Uint8Array {
  const length = raw.length - 4;
  raw.set([length >>> 16, length >>> 8, length], 1);
  return raw;
}
