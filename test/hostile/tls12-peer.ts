/**
 * The malicious half of a TLS 1.0–1.2 connection, client or server: it does a handshake one message at a time and lets a
 * test replace, drop, repeat or reorder any of it. Codecs, records and primitives alone; transcript and keys are its own.
 */
import { concat, EMPTY, fromHex, fromUtf8, sameBytes, utf8 } from '../../src/bytes/bytes.ts';
import { Reader } from '../../src/bytes/reader.ts';
import { build } from '../../src/bytes/writer.ts';
import { type DhGroup, ffdheGroup } from '../../src/crypto/ffdhe.ts';
import { stripZeros } from '../../src/crypto/numbers.ts';
import { Prf } from '../../src/crypto/prf.ts';
import type { Awaitable, EphemeralKey, SignatureAlgorithm } from '../../src/crypto/provider.ts';
import { statusRequest } from '../../src/extensions/certificate-status.ts';
import { encode } from '../../src/extensions/extension.ts';
import { signatureAlgorithms, supportedGroups } from '../../src/extensions/id-lists.ts';
import { ecPointFormats, encryptThenMac, extendedMasterSecret, renegotiationInfo, sessionTicket } from '../../src/extensions/tls12.ts';
import { MemBio, type Ssl } from '../../src/index.ts';
import { type DirectionKeys, keyBlockLength, keysFromBlock } from '../../src/record/key-block.ts';
import { PlainOpen, PlainSeal } from '../../src/record/protect-none.ts';
import { openFor, sealFor } from '../../src/record/protect-tls12.ts';
import { HEADER_LENGTH, type OpenProtection, type SealProtection } from '../../src/record/protection.ts';
import { type CipherSuite, cipherSuite } from '../../src/registry/cipher-suites.ts';
import { CONTENT_TYPE, HANDSHAKE_TYPE } from '../../src/registry/content-types.ts';
import { type ClientHello, clientHello } from '../../src/wire/client-hello.ts';
import { decodeMessage, encodeMessage, type MessageDef, type RawExtension } from '../../src/wire/message.ts';
import { type ServerHello, serverHello } from '../../src/wire/server-hello.ts';
import {
  type CertificateRequest12,
  certificate12,
  certificateRequest12,
  certificateStatus,
  certificateVerify12,
  clientKeyExchange,
  type DigitallySigned,
  helloRequest,
  newSessionTicket12,
  serverHelloDone,
  serverKeyExchange,
  writeSigned,
} from '../../src/wire/tls12-messages.ts';
import { finished } from '../../src/wire/tls13-messages.ts';
import { type TestKeyName, testCertificate, testKey } from '../support/pki.ts';
import { type Edit, provider, type Tamper } from './peer.ts';

/** Messages, change_cipher_spec and data; the same names whoever sends them. CT0 is an empty Certificate, CS a CertificateStatus. */
export type Step12 = ('CH' | 'SH' | 'CT' | 'CT0' | 'CS' | 'SKE' | 'CR' | 'SHD' | 'CKE' | 'CV') | ('NST' | 'CCS' | 'FIN' | 'HR' | 'DATA');

export interface Edits12 {
  readonly CH?: Edit<ClientHello>;
  readonly SH?: Edit<ServerHello>;
  readonly CT?: Edit<readonly Uint8Array[]>;
  /** What a server signs, and its signature. */
  readonly PARAMS?: Edit<Uint8Array>;
  readonly SIGNED?: Edit<DigitallySigned>;
  readonly CR?: Edit<CertificateRequest12>;
  readonly CKE?: Edit<Uint8Array>;
  readonly CV?: Edit<DigitallySigned>;
  readonly FIN?: Edit<{ readonly verifyData: Uint8Array }>;
  readonly NST?: Edit<{ readonly lifetime: number; readonly ticket: Uint8Array }>;
}

/** What a client and a server keep of a handshake. */
export interface Session12 {
  readonly id: Uint8Array;
  readonly ticket: Uint8Array;
  readonly master: Uint8Array;
}

/** Primitives of the tests answer at once. */
function now<T>(value: Awaitable<T>): T {
  if (value instanceof Promise) throw new TypeError('the provider of the tests is synchronous');
  return value;
}

export function suite12(id: number): CipherSuite {
  const suite = cipherSuite(id);
  if (suite === undefined) throw new Error(`no suite ${id}`);
  return suite;
}

const SIGNING: Readonly<Partial<Record<TestKeyName, readonly [id: number, SignatureAlgorithm]>>> = {
  rsa: [0x0401, { kind: 'rsa-pkcs1', hash: 'sha256' }],
  ed25519: [0x0807, { kind: 'ed25519' }],
};
const ECDSA: readonly [number, SignatureAlgorithm] = [0x0403, { kind: 'ecdsa', hash: 'sha256' }];
const GROUPS = { x25519: 0x001d, 'P-256': 0x0017 } as const;
const RANDOM = { client: fromHex('c1'.repeat(32)), server: fromHex('5e'.repeat(32)) };
export const SESSION_ID: Uint8Array = fromHex('a5'.repeat(32));

export class Peer12 {
  readonly role: 'client' | 'server';
  readonly victim: Ssl;
  readonly toVictim: MemBio = new MemBio();
  readonly fromVictim: MemBio = new MemBio();
  /** What the victim said, threw and gave its application. */
  readonly messages: Uint8Array[] = [];
  readonly alerts: (readonly [level: number, description: number])[] = [];
  readonly received: Uint8Array[] = [];
  readonly delivered: Uint8Array[] = [];
  failure: unknown;

  suite: CipherSuite;
  version: number;
  /** What this side's certificate is made of. */
  key: TestKeyName;
  group: keyof typeof GROUPS = 'x25519';
  dh: DhGroup = ffdheGroup('ffdhe2048');
  extendedMasterSecret = true;
  encryptThenMac = false;
  /** A server announces a ticket or a status; a client asks for a ticket. */
  ticket = false;
  status = false;
  /** The id of a full handshake's session. */
  id: Uint8Array = EMPTY;
  psk: Uint8Array | undefined;
  /** What a client goes on with in place of the premaster secret that it would have sent. */
  premasterSent: Uint8Array | undefined;
  hint: string | undefined;
  /** What is to be resumed. */
  session: Session12 | undefined;
  edits: Edits12 = {};
  tampers: { readonly [step: string]: Tamper } = {};

  hello: ClientHello | undefined;
  answer: ServerHello | undefined;
  master: Uint8Array = EMPTY;
  /** Keys of what this side sends. */
  keys: DirectionKeys | undefined;
  seal: SealProtection;
  private open: OpenProtection = new PlainOpen();
  private pending: { readonly seal: SealProtection; readonly open: OpenProtection } | undefined;
  transcript: Uint8Array[] = [];
  private random = { client: RANDOM.client, server: RANDOM.server };
  private finishes: { client: Uint8Array; server: Uint8Array } = { client: EMPTY, server: EMPTY };
  private ephemeral: EphemeralKey | undefined;
  private theirParams: Uint8Array | undefined;
  private theirTicket: Uint8Array = EMPTY;
  private partial: Uint8Array = EMPTY;
  private unopened: Uint8Array = EMPTY;

  constructor(role: 'client' | 'server', victim: Ssl, suite: CipherSuite, version: number) {
    this.role = role;
    this.victim = victim;
    this.suite = suite;
    this.version = version;
    this.key = role === 'client' ? 'client' : keyFor(suite);
    this.seal = new PlainSeal(version);
    victim.setBio(this.toVictim, this.fromVictim);
  }

  get text(): string {
    return fromUtf8(concat(...this.delivered));
  }

  /** The session of the handshake that was done. */
  get kept(): Session12 {
    return { id: this.answer?.legacySessionIdEcho ?? this.id, ticket: this.theirTicket, master: this.master };
  }

  // ---- the victim's turn

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

  private advance(): boolean {
    if (!this.victim.isInitFinished) return this.victim.doHandshake();
    const data = this.victim.read();
    if (data !== undefined) this.delivered.push(data);
    return data !== undefined;
  }

  // ---- sending

  /** Sends what the names say; the victim has its turn before and after each. */
  play(...steps: readonly (Step12 | ((peer: Peer12) => unknown))[]): this {
    this.turn();
    for (const step of steps) {
      if (typeof step === 'function') step(this);
      else this.STEPS[step]();
      this.turn();
    }
    return this;
  }

  /** All of a handshake, full or resumed, the first or another one. */
  handshake(): this {
    if (this.role === 'client') return this.session === undefined ? this.play('CH', 'CKE', 'CCS', 'FIN') : this.play('CH', 'CCS', 'FIN');
    const ticket: readonly Step12[] = this.ticket ? ['NST'] : [];
    if (this.session !== undefined) return this.play('SH', ...ticket, 'CCS', 'FIN');
    const { authentication, keyExchange } = this.suite;
    const shows = authentication === 'rsa' || authentication === 'ecdsa' || keyExchange === 'rsa-psk';
    const first: readonly Step12[] = shows ? ['SH', 'CT'] : ['SH'];
    const second: readonly Step12[] = keyExchange.includes('dhe') || this.hint !== undefined ? ['SKE', 'SHD'] : ['SHD'];
    return this.play(...first, ...second, ...ticket, 'CCS', 'FIN');
  }

  sendRecord(type: number, content: Uint8Array): this {
    const out = new Uint8Array(content.length + this.seal.overhead);
    this.toVictim.write(out.subarray(0, this.seal.seal(type, content, 0, out, 0)));
    return this;
  }

  sendBytes(bytes: Uint8Array): this {
    this.toVictim.write(bytes);
    return this;
  }

  sendRaw(raw: Uint8Array): this {
    return this.sendRecord(CONTENT_TYPE.handshake, raw);
  }

  sendData(text = 'data'): this {
    return this.sendRecord(CONTENT_TYPE.applicationData, utf8(text));
  }

  private readonly STEPS: Readonly<Record<Step12, () => unknown>> = {
    CH: () => this.sendClientHello(),
    SH: () => this.sendServerHello(),
    CT: () => this.say('CT', certificate12, edited(this.edits.CT, [certificateOf(this.key)])),
    CT0: () => this.say('CT', certificate12, []),
    CS: () => this.say('CS', certificateStatus, Uint8Array.of(0x30, 0x03, 0x0a, 0x01, 0x01)),
    SKE: () => this.say('SKE', serverKeyExchange, this.serverKeys()),
    CR: () => this.say('CR', certificateRequest12(this.version), edited(this.edits.CR, this.request())),
    SHD: () => this.say('SHD', serverHelloDone, {}),
    CKE: () => this.sendKeyExchange(),
    CV: () => this.say('CV', certificateVerify12(this.version), edited(this.edits.CV, this.signed(concat(...this.transcript)))),
    NST: () => this.say('NST', newSessionTicket12, edited(this.edits.NST, { lifetime: 7200, ticket: utf8('a ticket') })),
    CCS: () => {
      this.sendRecord(CONTENT_TYPE.changeCipherSpec, Uint8Array.of(1));
      this.seal = this.pending?.seal ?? this.seal;
    },
    FIN: () => this.sendFinished(),
    HR: () => this.sendRaw(encodeMessage(helloRequest, {})),
    DATA: () => this.sendData(),
  };

  private say<T>(step: string, def: MessageDef<string, T>, value: T): void {
    const encoded = encodeMessage(def, value);
    const raw = this.tampers[step]?.(encoded) ?? encoded;
    this.transcript.push(raw);
    this.sendRaw(raw);
  }

  private sendClientHello(): void {
    this.transcript = [];
    const { session } = this;
    const extensions: (RawExtension | false)[] = [
      encode(supportedGroups, 'CH', this.group === 'P-256' ? [0x0017, 0x0100] : [0x001d, 0x0017, 0x0100]),
      encode(signatureAlgorithms, 'CH', [0x0403, 0x0401, 0x0804]),
      encode(ecPointFormats, 'CH', Uint8Array.of(0)),
      encode(renegotiationInfo, 'CH', this.finishes.client),
      this.extendedMasterSecret && encode(extendedMasterSecret, 'CH', true),
      this.encryptThenMac && encode(encryptThenMac, 'CH', true),
      this.ticket && encode(sessionTicket, 'CH', session?.ticket ?? EMPTY),
    ];
    this.hello = edited(this.edits.CH, {
      legacyVersion: this.version,
      random: RANDOM.client,
      legacySessionId: session === undefined ? EMPTY : session.id.length > 0 ? session.id : SESSION_ID,
      cipherSuites: [this.suite.id],
      legacyCompressionMethods: Uint8Array.of(0),
      extensions: extensions.filter((extension) => extension !== false),
    });
    this.say('CH', clientHello, this.hello);
  }

  private sendServerHello(): void {
    const { client, server } = this.finishes;
    const extensions: (RawExtension | false)[] = [
      encode(renegotiationInfo, 'SH12', concat(client, server)),
      this.extendedMasterSecret && encode(extendedMasterSecret, 'SH12', true),
      this.encryptThenMac && encode(encryptThenMac, 'SH12', true),
      this.ticket && encode(sessionTicket, 'SH12', true),
      this.status && encode(statusRequest, 'SH12', true),
    ];
    this.answer = edited(this.edits.SH, {
      legacyVersion: this.version,
      random: RANDOM.server,
      legacySessionIdEcho: this.session === undefined ? this.id : (this.hello?.legacySessionId ?? EMPTY),
      cipherSuite: this.suite.id,
      legacyCompressionMethod: 0,
      extensions: extensions.filter((extension) => extension !== false),
    });
    this.random = { client: this.hello?.random ?? RANDOM.client, server: this.answer.random };
    if (this.session !== undefined) this.useMaster(this.session.master);
    this.say('SH', serverHello, this.answer);
  }

  private serverKeys(): Uint8Array {
    const { suite } = this;
    const hint = suite.keyExchange.endsWith('psk') ? build((w) => w.vec16(utf8(this.hint ?? ''))) : EMPTY;
    if (!suite.keyExchange.includes('dhe')) return hint;
    const params = edited(this.edits.PARAMS, this.params());
    if (suite.authentication === 'none' || suite.authentication === 'psk') return concat(hint, params);
    const signed = edited(this.edits.SIGNED, this.signed(concat(this.random.client, this.random.server, params)));
    return build((w) => writeSigned(w.bytes(params), signed));
  }

  private params(): Uint8Array {
    const { group, dh } = this;
    if (this.suite.keyExchange.startsWith('ecdhe')) {
      const key = now(provider.ephemeral(group));
      this.ephemeral = key;
      return build((w) => w.u8(3).u16(GROUPS[group]).vec8(key.publicKey));
    }
    const key = now(provider.ephemeralDh(dh.prime, dh.generator));
    this.ephemeral = key;
    return build((w) => w.vec16(dh.prime).vec16(dh.generator).vec16(key.publicKey));
  }

  private signed(content: Uint8Array): DigitallySigned {
    const [id, algorithm] = SIGNING[this.key] ?? ECDSA;
    if (this.version >= 0x0303) return { algorithm: id, signature: now(testKey(this.key).sign(algorithm, content)) };
    const fixed: SignatureAlgorithm = this.key === 'rsa' ? { kind: 'rsa-pkcs1', hash: 'md5-sha1' } : { kind: 'ecdsa', hash: 'sha1' };
    return { algorithm: undefined, signature: now(testKey(this.key).sign(fixed, content)) };
  }

  private request(): CertificateRequest12 {
    const signatureSchemes = this.version >= 0x0303 ? [0x0403, 0x0401] : undefined;
    return { certificateTypes: Uint8Array.of(1, 64), signatureSchemes, authorities: [] };
  }

  private sendKeyExchange(): void {
    const { body, premaster } = this.exchange();
    this.say('CKE', clientKeyExchange, edited(this.edits.CKE, body));
    this.usePremaster(this.premasterSent ?? premaster);
  }

  /** A client's half of the key exchange; where the server has not said its half, anything. */
  private exchange(): { readonly body: Uint8Array; readonly premaster: Uint8Array } {
    const { suite, psk } = this;
    const identity = suite.keyExchange.endsWith('psk') ? build((w) => w.vec16(utf8('a device'))) : EMPTY;
    const { body, secret } = this.agreement();
    const premaster =
      psk === undefined ? secret : build((w) => w.vec16(secret.length > 0 ? secret : new Uint8Array(psk.length)).vec16(psk));
    return { body: concat(identity, body), premaster };
  }

  private agreement(): { readonly body: Uint8Array; readonly secret: Uint8Array } {
    const { keyExchange } = this.suite;
    if (keyExchange === 'psk') return { body: EMPTY, secret: EMPTY };
    if (keyExchange === 'rsa' || keyExchange === 'rsa-psk') {
      const secret = concat(Uint8Array.of(this.version >>> 8, this.version & 0xff), new Uint8Array(46).fill(7));
      const sealed = now(provider.importPublicKey(testKey('rsa').publicKey).encrypt?.(secret) ?? EMPTY);
      return { body: build((w) => w.vec16(sealed)), secret };
    }
    if (this.theirParams === undefined) return { body: Uint8Array.of(1, 1), secret: Uint8Array.of(1) };
    const r = new Reader(this.theirParams, keyExchange.endsWith('psk') ? 2 : 0);
    if (keyExchange.startsWith('ecdhe')) {
      r.bytes(3);
      const key = now(provider.ephemeral(this.group));
      const secret = now(key.agree(r.vec8())) ?? EMPTY;
      return { body: build((w) => w.vec8(key.publicKey)), secret };
    }
    const key = now(provider.ephemeralDh(r.vec16().slice(), r.vec16().slice()));
    const secret = stripZeros(now(key.agree(r.vec16())) ?? EMPTY);
    return { body: build((w) => w.vec16(key.publicKey)), secret };
  }

  private sendFinished(): void {
    const verifyData = this.verifyData(this.role);
    this.finishes[this.role] = verifyData;
    this.say('FIN', finished, edited(this.edits.FIN, { verifyData }));
  }

  private verifyData(role: 'client' | 'server'): Uint8Array {
    return this.master.length === 0 ? new Uint8Array(12) : this.prf.verifyData(this.master, `${role} finished`, this.hash());
  }

  // ---- keys

  private get prf(): Prf {
    return new Prf(provider, this.version, this.suite.hash);
  }

  private hash(): Uint8Array {
    return provider.digest(this.prf.transcriptHash, concat(...this.transcript));
  }

  private usePremaster(premaster: Uint8Array): void {
    const { prf, random } = this;
    this.useMaster(
      this.extendedMasterSecret
        ? prf.extendedMasterSecret(premaster, this.hash())
        : prf.masterSecret(premaster, random.client, random.server),
    );
  }

  private useMaster(master: Uint8Array): void {
    const { suite, version, random, encryptThenMac: etm } = this;
    this.master = master.slice();
    const block = this.prf.keyBlock(master, random.server, random.client, keyBlockLength(suite, version));
    const { client, server } = keysFromBlock(suite, version, block);
    const [own, theirs] = this.role === 'client' ? [client, server] : [server, client];
    this.keys = own;
    this.pending = { seal: sealFor(provider, suite, version, own, etm), open: openFor(provider, suite, version, theirs, etm) };
  }

  // ---- receiving

  takeIn(): void {
    this.unopened = concat(this.unopened, this.fromVictim.readAll());
    for (;;) {
      const bytes = this.unopened;
      if (bytes.length < HEADER_LENGTH) return;
      const end = HEADER_LENGTH + (((bytes[3] as number) << 8) | (bytes[4] as number));
      if (bytes.length < end) return;
      const record = this.open.open(bytes.subarray(0, HEADER_LENGTH), bytes.subarray(HEADER_LENGTH, end));
      if (record === undefined) throw new Error('a record of the victim does not open');
      this.unopened = bytes.slice(end);
      this.take(record.type, record.content.slice());
    }
  }

  private take(type: number, content: Uint8Array): void {
    if (type === CONTENT_TYPE.changeCipherSpec) this.open = this.pending?.open ?? this.open;
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
      this.partial = bytes.slice(end);
      this.takeMessage(bytes.slice(0, end));
    }
  }

  private takeMessage(raw: Uint8Array): void {
    this.messages.push(raw);
    switch (raw[0]) {
      case HANDSHAKE_TYPE.helloRequest:
        return;
      case HANDSHAKE_TYPE.clientHello:
        this.hello = decodeMessage(clientHello, raw).value;
        this.transcript = [raw];
        return;
      case HANDSHAKE_TYPE.finished:
        if (!sameBytes(raw.subarray(4), this.verifyData(this.role === 'client' ? 'server' : 'client'))) throw new Error('a wrong Finished');
        this.finishes[this.role === 'client' ? 'server' : 'client'] = raw.slice(4);
        break;
      case HANDSHAKE_TYPE.serverKeyExchange:
        this.theirParams = raw.subarray(4);
        break;
      case HANDSHAKE_TYPE.newSessionTicket:
        this.theirTicket = decodeMessage(newSessionTicket12, raw).value.ticket;
        break;
    }
    this.transcript.push(raw);
    if (raw[0] === HANDSHAKE_TYPE.serverHello) this.takeServerHello(decodeMessage(serverHello, raw).value);
    if (raw[0] === HANDSHAKE_TYPE.clientKeyExchange) this.usePremaster(this.premasterOf(raw.subarray(4)));
  }

  private takeServerHello(answer: ServerHello): void {
    this.answer = answer;
    this.random = { client: this.hello?.random ?? RANDOM.client, server: answer.random };
    const id = answer.legacySessionIdEcho;
    if (id.length > 0 && this.session !== undefined && sameBytes(id, this.hello?.legacySessionId ?? EMPTY))
      this.useMaster(this.session.master);
  }

  /** A server's half of the key exchange. */
  private premasterOf(body: Uint8Array): Uint8Array {
    const { suite, psk, ephemeral } = this;
    const r = new Reader(body);
    if (suite.keyExchange.endsWith('psk')) r.vec16();
    let secret: Uint8Array = EMPTY;
    if (suite.keyExchange.startsWith('ecdhe')) secret = (ephemeral && now(ephemeral.agree(r.vec8()))) ?? EMPTY;
    else if (suite.keyExchange.startsWith('dhe')) secret = stripZeros((ephemeral && now(ephemeral.agree(r.vec16()))) ?? EMPTY);
    else if (suite.keyExchange.startsWith('rsa')) secret = now(testKey('rsa').decryptPremaster?.(r.vec16(), new Uint8Array(48)) ?? EMPTY);
    return psk === undefined ? secret : build((w) => w.vec16(secret.length > 0 ? secret : new Uint8Array(psk.length)).vec16(psk));
  }
}

/** One certificate for each key: another one would be another server. */
const certificates = new Map<TestKeyName, Uint8Array>();
function certificateOf(key: TestKeyName): Uint8Array {
  const der = certificates.get(key) ?? testCertificate({ key }).der;
  certificates.set(key, der);
  return der;
}

const edited = <T>(edit: Edit<T> | undefined, value: T): T => (edit === undefined ? value : edit(value));

/** The key of a server's certificate that a suite can use. */
export const keyFor = ({ authentication }: CipherSuite): TestKeyName => (authentication === 'ecdsa' ? 'ec256' : 'rsa');
