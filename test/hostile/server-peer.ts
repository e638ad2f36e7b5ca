/** A server of ill will, and the client it has to do with. */
import { EMPTY, fromHex, utf8 } from '../../src/bytes/bytes.ts';
import { answerKeyShare } from '../../src/crypto/key-exchange.ts';
import { earlyData } from '../../src/extensions/early-data.ts';
import { type ExtensionBlock, encode } from '../../src/extensions/extension.ts';
import { signatureAlgorithms } from '../../src/extensions/id-lists.ts';
import { keyShare } from '../../src/extensions/key-share.ts';
import { preSharedKey } from '../../src/extensions/pre-shared-key.ts';
import { supportedVersions } from '../../src/extensions/supported-versions.ts';
import { readBlock } from '../../src/extensions/table.ts';
import { Ssl, SslContext, type SslContextOptions } from '../../src/index.ts';
import { HANDSHAKE_TYPE } from '../../src/registry/content-types.ts';
import { type ClientHello, clientHello } from '../../src/wire/client-hello.ts';
import { decodeMessage, type RawExtension } from '../../src/wire/message.ts';
import { HELLO_RETRY_RANDOM, type ServerHello, serverHello } from '../../src/wire/server-hello.ts';
import {
  type CertificateMessage,
  type CertificateRequest,
  certificateRequest,
  encryptedExtensions,
  type NewSessionTicket,
  newSessionTicket,
} from '../../src/wire/tls13-messages.ts';
import { clientContext } from '../support/connect.ts';
import type { TestKeyName } from '../support/pki.ts';
import { type Edit, Peer, provider } from './peer.ts';

export type ServerStep = 'HRR' | 'SH' | 'CCS' | 'EE' | 'CR' | 'CT' | 'CV' | 'FIN' | 'NST' | 'KU' | 'PCR' | 'DATA' | 'CLOSE';

export interface ServerEdits {
  readonly HRR?: Edit<ServerHello>;
  readonly SH?: Edit<ServerHello>;
  readonly EE?: Edit<{ readonly extensions: readonly RawExtension[] }>;
  readonly CR?: Edit<CertificateRequest>;
  readonly CT?: Edit<CertificateMessage>;
  readonly CV?: Edit<{ readonly algorithm: number; readonly signature: Uint8Array }>;
  readonly FIN?: Edit<{ readonly verifyData: Uint8Array }>;
  readonly NST?: Edit<NewSessionTicket>;
  readonly KU?: Edit<{ readonly requestUpdate: number }>;
  readonly PCR?: Edit<CertificateRequest>;
}

export class ServerPeer extends Peer {
  readonly role = 'server';
  hello: ClientHello | undefined;
  key: TestKeyName = 'ec256';
  /** Take the PSK that stands first, and the early data that goes with it. */
  usePsk = false;
  /** Answer with a share; none: a PSK alone. */
  sendsShare = true;
  acceptEarlyData = false;
  retryGroup: number | undefined = 0x0017;
  retryCookie: Uint8Array | undefined;
  tickets = 0;
  private forAnswer: Uint8Array[] | undefined;

  /** Sends one message, or several, as the name says; the victim has its turn before and after. */
  play(...steps: readonly (ServerStep | ((peer: ServerPeer) => unknown))[]): this {
    this.turn();
    for (const step of steps) {
      if (typeof step === 'function') step(this);
      else this.step(step);
      this.turn();
    }
    return this;
  }

  step(step: ServerStep): void {
    switch (step) {
      case 'HRR':
        this.sendRetry();
        return;
      case 'SH':
        this.sendHello();
        return;
      case 'CCS':
        this.sendChangeCipherSpec();
        return;
      case 'EE':
        this.say('EE', encryptedExtensions, { extensions: this.acceptEarlyData ? [encode(earlyData, 'EE', true)] : [] });
        return;
      case 'CR':
        this.say('CR', certificateRequest, { context: EMPTY, extensions: [encode(signatureAlgorithms, 'CR', [0x0403])] });
        return;
      case 'CT':
        this.sayCertificate('CT', EMPTY, this.key);
        return;
      case 'CV':
        this.sayCertificateVerify('CV', this.key, this.key === 'ed25519' ? 0x0807 : 0x0403);
        return;
      case 'FIN':
        this.sayFinished('FIN', this.ownSecret, () => {
          this.applicationKeys();
          this.stage = 'application';
        });
        return;
      case 'NST':
        this.sendTicket();
        return;
      case 'KU':
        this.sendKeyUpdate();
        return;
      case 'PCR':
        this.askAgain();
        return;
      case 'DATA':
        this.sendData();
        return;
      case 'CLOSE':
        this.sendAlert(0, 1);
        return;
    }
  }

  /** All of a handshake up to where the victim is connected. */
  handshake(): this {
    return this.usePsk ? this.play('SH', 'EE', 'FIN') : this.play('SH', 'EE', 'CT', 'CV', 'FIN');
  }

  get offered(): ExtensionBlock<'CH'> {
    return readBlock('CH', this.hello?.extensions ?? []);
  }

  private sendRetry(): void {
    this.replaceByHash();
    const extensions: RawExtension[] = [encode(supportedVersions, 'HRR', 0x0304)];
    if (this.retryGroup !== undefined) extensions.push(encode(keyShare, 'HRR', this.retryGroup));
    if (this.retryCookie !== undefined) extensions.push({ type: 44, data: Uint8Array.of(0, this.retryCookie.length, ...this.retryCookie) });
    this.say('HRR', serverHello, this.answer(HELLO_RETRY_RANDOM, extensions));
  }

  private sendHello(): void {
    const share = this.sendsShare ? this.offered.get(keyShare)?.[0] : undefined;
    const extensions: RawExtension[] = [encode(supportedVersions, 'SH13', 0x0304)];
    const answer = share && answerKeyShare(provider, share.group, share.share);
    if (answer instanceof Promise) throw new TypeError('the provider of the tests is synchronous');
    if (share !== undefined && answer !== undefined) extensions.push(encode(keyShare, 'SH13', { group: share.group, share: answer.share }));
    if (this.usePsk) extensions.push(encode(preSharedKey, 'SH13', 0));
    this.say('SH', serverHello, this.answer(RANDOM, extensions), () => {
      if (!this.usePsk) this.psk = undefined;
      this.handshakeKeys(answer?.secret);
      this.stage = 'handshake';
    });
  }

  private answer(random: Uint8Array, extensions: readonly RawExtension[]): ServerHello {
    return {
      legacyVersion: 0x0303,
      random,
      legacySessionIdEcho: this.hello?.legacySessionId ?? EMPTY,
      cipherSuite: this.suite.id,
      legacyCompressionMethod: 0,
      extensions,
    };
  }

  private sendTicket(): void {
    const number = ++this.tickets;
    this.transcriptless('NST', newSessionTicket, {
      lifetime: 7200,
      ageAdd: 0,
      nonce: Uint8Array.of(number),
      ticket: utf8(`ticket ${number}`),
      extensions: [],
    });
  }

  /** Post-handshake authentication; the answer is kept apart from the transcript. */
  private askAgain(): void {
    const extensions = [encode(signatureAlgorithms, 'CR', [0x0403])];
    this.forAnswer = [];
    this.transcriptless('PCR', certificateRequest, { context: Uint8Array.of(7), extensions });
  }

  /** What the victim answered to a request after the handshake. */
  get lateAnswer(): readonly number[] {
    return (this.forAnswer ?? []).map(([type]) => type as number);
  }

  protected takeMessage(raw: Uint8Array): void {
    if (this.connected) {
      this.forAnswer?.push(raw);
      return;
    }
    this.transcript.push(raw);
    if (raw[0] === HANDSHAKE_TYPE.clientHello) {
      this.hello = decodeMessage(clientHello, raw).value;
      if (this.psk !== undefined && this.offered.has(earlyData)) this.openWith(this.earlyTraffic(this.psk));
    }
    if (raw[0] === HANDSHAKE_TYPE.finished) this.complete();
  }
}

const RANDOM = fromHex('5e'.repeat(32));

/** A server peer and the client it plays with: X25519 alone and AES-128-GCM, so that nothing takes long. */
export function againstClient(options: SslContextOptions | SslContext = {}, setUp: (peer: ServerPeer) => unknown = () => {}): ServerPeer {
  const context = options instanceof SslContext ? options : clientContext({ ...QUICK_CLIENT, ...options });
  const ssl = new Ssl(context);
  if (!(options instanceof SslContext) || ssl.get('verifyParam').hosts.length === 0) ssl.set('serverName', 'server.example');
  const peer = new ServerPeer(ssl);
  setUp(peer);
  return peer;
}

export const QUICK_CLIENT: SslContextOptions = {
  minProtoVersion: 0x0304,
  groups: ['X25519', 'P-256'],
  cipherSuites: 'TLS_AES_128_GCM_SHA256',
};
