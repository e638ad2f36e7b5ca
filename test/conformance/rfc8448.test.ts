/**
 * The traces of RFC 8448 from the first byte to the last: every record is opened with keys that come out of the messages before it, every message is
 * read and written again, every signature, binder and Finished holds, and sealing what was opened gives the record of the trace.
 */
import { describe, expect, it } from 'vitest';
import { MemBio } from '../../src/bio/mem.ts';
import { fromHex, sameBytes, toHex } from '../../src/bytes/bytes.ts';
import { jsProvider } from '../../src/crypto/js.ts';
import * as jsAgreement from '../../src/crypto/js-agreement.ts';
import { nodeProvider } from '../../src/crypto/node.ts';
import * as nodeAgreement from '../../src/crypto/node-agreement.ts';
import type { CryptoProvider, EphemeralKey, PublicKeySpec } from '../../src/crypto/provider.ts';
import { KeySchedule, type SecretLabel } from '../../src/crypto/schedule-tls13.ts';
import { keyShare } from '../../src/extensions/key-share.ts';
import { bindersLength, preSharedKey } from '../../src/extensions/pre-shared-key.ts';
import { readBlock } from '../../src/extensions/table.ts';
import { signedContent } from '../../src/handshake/common/certificate-verify.ts';
import { verifyData } from '../../src/handshake/common/finished.ts';
import { binderOf } from '../../src/handshake/common/psk.ts';
import { Transcript } from '../../src/handshake/transcript.ts';
import { PlainSeal } from '../../src/record/protect-none.ts';
import { Tls13Open, Tls13Seal } from '../../src/record/protect-tls13.ts';
import type { SealProtection } from '../../src/record/protection.ts';
import { RecordReader } from '../../src/record/reader.ts';
import { type AeadSuite, TLS13_SUITES } from '../../src/registry/cipher-suites.ts';
import { CONTENT_TYPE, handshakeTypeName } from '../../src/registry/content-types.ts';
import { LIMITS } from '../../src/registry/limits.ts';
import { signatureScheme } from '../../src/registry/signature-schemes.ts';
import { TLS1_2_VERSION, TLS1_VERSION } from '../../src/registry/versions.ts';
import { clientHello } from '../../src/wire/client-hello.ts';
import { decodeMessage, encodeMessage, type MessageDef } from '../../src/wire/message.ts';
import { isHelloRetryRequest, serverHello } from '../../src/wire/server-hello.ts';
import * as wire from '../../src/wire/tls13-messages.ts';
import { parseCertificate } from '../../src/x509/certificate.ts';
import traces from '../vectors/rfc8448/traces.json' with { type: 'json' };

type Side = 'client' | 'server';
type EphemeralFrom = (name: 'x25519' | 'P-256', secret: Uint8Array) => EphemeralKey;

interface Setting {
  readonly provider: CryptoProvider;
  readonly agreementKey: EphemeralFrom;
  /** The key of section 3's ticket, which section 4 uses. */
  ticketKey: Uint8Array;
}

const found = <T>(value: T | undefined): T => value ?? expect.unreachable();

/** What one side sends: opened as its peer does, and sealed again as it did. */
class Sender {
  readonly bio: MemBio = new MemBio();
  readonly reader: RecordReader = new RecordReader();
  seal: SealProtection = new PlainSeal(TLS1_VERSION);
  handshakeSecret: Uint8Array | undefined;
  applicationSecret: Uint8Array | undefined;
  key: PublicKeySpec | undefined;
}

class Trace {
  readonly said: string[] = [];
  private readonly setting: Setting;
  private readonly own: EphemeralKey;
  private readonly suite: AeadSuite = found(TLS13_SUITES.find(({ id }) => id === 0x1301));
  private readonly schedule: KeySchedule;
  private readonly transcript: Transcript;
  private readonly sides: Readonly<Record<Side, Sender>> = { client: new Sender(), server: new Sender() };
  private early: Uint8Array | undefined;
  private usesEarlyData = false;
  private handshake: Uint8Array | undefined;
  private main: Uint8Array | undefined;
  private resumption: Uint8Array | undefined;

  constructor(setting: Setting, { group, clientKey }: (typeof traces)[number]) {
    this.setting = setting;
    this.own = setting.agreementKey(group === 'P-256' ? 'P-256' : 'x25519', fromHex(clientKey));
    this.schedule = new KeySchedule(setting.provider, 'sha256');
    this.transcript = new Transcript(setting.provider);
  }

  async send(from: Side, record: string): Promise<void> {
    const sender = this.sides[from];
    sender.bio.write(fromHex(record));
    const opened = sender.reader.next(sender.bio);
    if (typeof opened === 'string') return expect.unreachable('a record that is whole');
    if (opened.type === CONTENT_TYPE.changeCipherSpec) return expect(record).toBe('140303000101');
    const { seal } = sender;
    const out = new Uint8Array(opened.content.length + seal.overhead);
    expect(toHex(out.subarray(0, seal.seal(opened.type, opened.content, 0, out, 0)))).toBe(record);
    if (opened.type !== CONTENT_TYPE.handshake) return void this.said.push(`${from} ${toHex(opened.content)}`);
    for (let rest = opened.content; rest.length > 0; ) {
      const length = 4 + (((rest[1] ?? 0) << 16) | ((rest[2] ?? 0) << 8) | (rest[3] ?? 0));
      await this.take(from, rest.slice(0, length));
      rest = rest.subarray(length);
    }
  }

  private async take(from: Side, raw: Uint8Array): Promise<void> {
    const name = handshakeTypeName(raw[0] ?? 0);
    this.said.push(`${from} ${name}`);
    await this.messages[name]?.(from, raw);
    if (name !== 'NewSessionTicket') this.transcript.add(raw);
    this.after[name]?.(from);
  }

  private reread<Value>(def: MessageDef<string, Value>, raw: Uint8Array): Value {
    const { value } = decodeMessage(def, raw);
    expect(toHex(encodeMessage(def, value))).toBe(toHex(raw));
    return value;
  }

  /** What a message has to stand up to, before it is in the transcript. */
  private readonly messages: Readonly<Record<string, (from: Side, raw: Uint8Array) => void | Promise<void>>> = {
    ClientHello: (_from, raw) => {
      const block = readBlock('CH', this.reread(clientHello, raw).extensions);
      const psks = block.get(preSharedKey);
      if (psks === undefined) return;
      const psk = { identity: new Uint8Array(), hash: 'sha256', kind: 'resumption', session: undefined, maxEarlyData: 0 } as const;
      const truncated = raw.subarray(0, raw.length - bindersLength(psks.binders));
      const binder = binderOf(this.setting.provider, { ...psk, secret: this.setting.ticketKey }, this.transcript, truncated);
      expect(psks.binders.map(toHex)).toEqual([toHex(binder)]);
      this.early = this.schedule.earlySecret(this.setting.ticketKey);
      this.usesEarlyData = true;
    },
    ServerHello: async (_from, raw) => {
      const hello = this.reread(serverHello, raw);
      expect(hello.cipherSuite).toBe(this.suite.id);
      if (isHelloRetryRequest(hello)) return this.transcript.replaceByHash('sha256');
      const { share } = found(readBlock('SH13', hello.extensions).get(keyShare));
      const shared = found(await this.own.agree(share));
      this.handshake = this.schedule.handshakeSecret(this.early, shared);
      this.main = this.schedule.mainSecret(this.handshake);
    },
    EncryptedExtensions: (_from, raw) => void this.reread(wire.encryptedExtensions, raw),
    CertificateRequest: (_from, raw) => void this.reread(wire.certificateRequest, raw),
    Certificate: (from, raw) => {
      const [leaf] = this.reread(wire.certificate, raw).entries;
      this.sides[from].key = parseCertificate(found(leaf).data).publicKey;
    },
    CertificateVerify: async (from, raw) => {
      const { algorithm, signature } = this.reread(wire.certificateVerify, raw);
      const key = this.setting.provider.importPublicKey(found(this.sides[from].key));
      const content = signedContent(from, this.transcript.digest());
      expect(await key.verify(found(signatureScheme(algorithm)).algorithm, content, signature)).toBe(true);
    },
    Finished: (from, raw) => {
      const secret = found(this.sides[from].handshakeSecret);
      expect(toHex(this.reread(wire.finished, raw).verifyData)).toBe(toHex(verifyData(this.schedule, secret, this.transcript.digest())));
    },
    EndOfEarlyData: (_from, raw) => void this.reread(wire.endOfEarlyData, raw),
    NewSessionTicket: (_from, raw) => {
      const { nonce } = this.reread(wire.newSessionTicket, raw);
      this.setting.ticketKey = this.schedule.resumptionPsk(found(this.resumption), nonce);
    },
  };

  /** What follows from a message once it is in the transcript: other keys. */
  private readonly after: Readonly<Record<string, (from: Side) => void>> = {
    ClientHello: () => {
      this.sides.client.seal = new PlainSeal(TLS1_2_VERSION);
      this.sides.server.seal = new PlainSeal(TLS1_2_VERSION);
      if (!this.usesEarlyData) return;
      this.transcript.start('sha256');
      this.protect('client', this.secret(found(this.early), 'c e traffic'));
    },
    ServerHello: () => {
      if (this.handshake === undefined) return;
      this.transcript.start('sha256');
      const { client, server } = this.sides;
      client.handshakeSecret = this.secret(this.handshake, 'c hs traffic');
      server.handshakeSecret = this.secret(this.handshake, 's hs traffic');
      this.protect('server', server.handshakeSecret);
      if (!this.usesEarlyData) this.protect('client', client.handshakeSecret);
    },
    EndOfEarlyData: () => this.protect('client', found(this.sides.client.handshakeSecret)),
    Finished: (from) => {
      const { client, server } = this.sides;
      const main = found(this.main);
      if (from === 'server') {
        client.applicationSecret = this.secret(main, 'c ap traffic');
        server.applicationSecret = this.secret(main, 's ap traffic');
      } else this.resumption = this.secret(main, 'res master');
      this.protect(from, found(this.sides[from].applicationSecret));
    },
  };

  private readonly secret = (base: Uint8Array, label: SecretLabel): Uint8Array =>
    this.schedule.deriveSecret(base, label, this.transcript.digest());

  private protect(from: Side, secret: Uint8Array): void {
    const { provider } = this.setting;
    const keys = this.schedule.trafficKeys(secret, 16);
    this.sides[from].seal = new Tls13Seal(provider, this.suite, keys);
    this.sides[from].reader.protect(new Tls13Open(provider, this.suite, keys, LIMITS.plaintext.value + 1, false));
  }
}

const BY_CERTIFICATE = ['server EncryptedExtensions', 'server Certificate', 'server CertificateVerify', 'server Finished'];
const CLOSED = ['client 0100', 'server 0100'];
const FIFTY = toHex(Uint8Array.from({ length: 50 }, (_, i) => i));
const SAID: Readonly<Record<number, readonly string[]>> = {
  3: [...BY_CERTIFICATE, 'client Finished', 'server NewSessionTicket', `client ${FIFTY}`, `server ${FIFTY}`, ...CLOSED],
  4: [
    ...['server EncryptedExtensions', 'server Finished', 'client EndOfEarlyData', 'client Finished'],
    ...[`client ${FIFTY}`, `server ${FIFTY}`, ...CLOSED],
  ],
  5: ['client ClientHello', 'server ServerHello', ...BY_CERTIFICATE, 'client Finished', ...CLOSED],
  6: [
    ...['server EncryptedExtensions', 'server CertificateRequest', 'server Certificate', 'server CertificateVerify', 'server Finished'],
    ...['client Certificate', 'client CertificateVerify', 'client Finished', ...CLOSED],
  ],
  7: [...BY_CERTIFICATE, 'client Finished', ...CLOSED],
};

const SETTINGS: readonly Setting[] = [
  { provider: nodeProvider, agreementKey: nodeAgreement.agreementKey, ticketKey: new Uint8Array(32) },
  { provider: jsProvider, agreementKey: jsAgreement.agreementKey, ticketKey: new Uint8Array(32) },
];

describe.each(SETTINGS)('RFC 8448 over $provider.name', (setting) => {
  it.each(traces)('section $section, $title', async (trace) => {
    const played = new Trace(setting, trace);
    for (const { from, record } of trace.records) await played.send(from === 'client' ? 'client' : 'server', record);
    const early = trace.section === 4 ? ['client 414243444546'] : [];
    expect(played.said).toEqual(['client ClientHello', ...early, 'server ServerHello', ...found(SAID[trace.section])]);
  });

  it('and the shares of both sides agree', async () => {
    for (const { group, clientKey, serverKey } of traces) {
      const [client, server] = [clientKey, serverKey].map((key) =>
        setting.agreementKey(group === 'P-256' ? 'P-256' : 'x25519', fromHex(key)),
      );
      const [one, other] = [await client?.agree(found(server).publicKey), await server?.agree(found(client).publicKey)];
      expect(sameBytes(found(one), found(other))).toBe(true);
    }
  });
});
