/** A client of ill will, and the server it has to do with. */
import { concat, EMPTY, fromHex, utf8 } from '../../src/bytes/bytes.ts';
import { readAll } from '../../src/bytes/reader.ts';
import { type KeyShare, offerKeyShare } from '../../src/crypto/key-exchange.ts';
import { alpn } from '../../src/extensions/alpn.ts';
import { cookie } from '../../src/extensions/cookie.ts';
import { earlyData } from '../../src/extensions/early-data.ts';
import { encode } from '../../src/extensions/extension.ts';
import { signatureAlgorithms, supportedGroups } from '../../src/extensions/id-lists.ts';
import { keyShare } from '../../src/extensions/key-share.ts';
import { postHandshakeAuth } from '../../src/extensions/post-handshake-auth.ts';
import { preSharedKey, pskKeyExchangeModes } from '../../src/extensions/pre-shared-key.ts';
import { serverName } from '../../src/extensions/server-name.ts';
import { supportedVersions } from '../../src/extensions/supported-versions.ts';
import { readBlock } from '../../src/extensions/table.ts';
import { Ssl, SslContext, type SslContextOptions } from '../../src/index.ts';
import { HANDSHAKE_TYPE } from '../../src/registry/content-types.ts';
import { type ClientHello, clientHello } from '../../src/wire/client-hello.ts';
import { decodeMessage, type RawExtension } from '../../src/wire/message.ts';
import { isHelloRetryRequest, type ServerHello, serverHello } from '../../src/wire/server-hello.ts';
import {
  type CertificateMessage,
  certificateRequest,
  endOfEarlyData,
  type NewSessionTicket,
  newSessionTicket,
} from '../../src/wire/tls13-messages.ts';
import { serverContext } from '../support/connect.ts';
import type { TestKeyName } from '../support/pki.ts';
import { type Edit, Peer, type PeerPsk, provider } from './peer.ts';

export type ClientStep =
  | 'CH'
  | 'CCS'
  | 'EARLY'
  | 'EOED'
  | 'CT'
  | 'CT0'
  | 'CV'
  | 'FIN'
  | 'KU'
  | 'PCT'
  | 'PCT0'
  | 'PCV'
  | 'PFIN'
  | 'DATA'
  | 'CLOSE';

export interface ClientEdits {
  readonly CH?: Edit<ClientHello>;
  readonly EOED?: Edit<Record<never, never>>;
  readonly CT?: Edit<CertificateMessage>;
  readonly CV?: Edit<{ readonly algorithm: number; readonly signature: Uint8Array }>;
  readonly FIN?: Edit<{ readonly verifyData: Uint8Array }>;
  readonly KU?: Edit<{ readonly requestUpdate: number }>;
  readonly PCT?: Edit<CertificateMessage>;
}

export class ClientPeer extends Peer {
  readonly role = 'client';
  /** Groups of the list, and the one a share is sent for. */
  groups: readonly number[] = [0x001d, 0x0017];
  shareGroup = 0x001d;
  key: TestKeyName = 'client';
  offersEarlyData = false;
  offersPostHandshakeAuth = false;
  modes: Uint8Array = Uint8Array.of(1);
  name: string | undefined;
  /** A protocol to offer. */
  alpn: string | undefined;
  /** Whether the binder of `psk` is computed, or what the edit left is sent. */
  binds = true;
  random: Uint8Array = fromHex('c1'.repeat(32));
  /** What the server sent. */
  readonly retries: ServerHello[] = [];
  readonly tickets: NewSessionTicket[] = [];
  helloServer: ServerHello | undefined;
  requests: Uint8Array[] = [];
  private retryCookie: Uint8Array | undefined;
  private share: KeyShare | undefined;
  private hellos = 0;

  /** Sends one message, or several, as the name says; the victim has its turn before and after. */
  play(...steps: readonly (ClientStep | ((peer: ClientPeer) => unknown))[]): this {
    this.turn();
    for (const step of steps) {
      if (typeof step === 'function') step(this);
      else this.step(step);
      this.turn();
    }
    return this;
  }

  step(step: ClientStep): void {
    switch (step) {
      case 'CH':
        this.sendHello();
        return;
      case 'CCS':
        this.sendChangeCipherSpec();
        return;
      case 'EARLY':
        this.sendData('early');
        return;
      case 'EOED':
        this.say('EOED', endOfEarlyData, {}, () => {
          if (this.stage === 'early') this.stage = 'handshake';
        });
        return;
      case 'CT':
        this.sayCertificate('CT', EMPTY, this.key);
        return;
      case 'CT0':
        this.sayCertificate('CT', EMPTY, undefined);
        return;
      case 'CV':
        this.sayCertificateVerify('CV', this.key, 0x0403);
        return;
      case 'FIN':
        this.sayFinished('FIN', this.ownSecret, () => {
          this.complete();
          this.stage = 'application';
        });
        return;
      case 'KU':
        this.sendKeyUpdate();
        return;
      case 'PCT':
        this.sayCertificate('PCT', this.requests.at(-1) ?? EMPTY, this.key);
        return;
      case 'PCT0':
        this.sayCertificate('PCT', this.requests.at(-1) ?? EMPTY, undefined);
        return;
      case 'PCV':
        this.sayCertificateVerify('PCV', this.key, 0x0403);
        return;
      case 'PFIN':
        this.sayFinished('PFIN', this.ownApplication);
        return;
      case 'DATA':
        this.sendData();
        return;
      case 'CLOSE':
        this.sendAlert(0, 1);
        return;
    }
  }

  /** All of a handshake up to where both are connected. */
  handshake(): this {
    return this.play('CH', 'FIN');
  }

  /** The PSK of the ticket that came last. */
  get ticketPsk(): PeerPsk {
    const ticket = this.tickets.at(-1);
    if (ticket === undefined) throw new Error('no ticket came');
    const secret = this.schedule.resumptionPsk(this.resumptionSecret, ticket.nonce);
    return { identity: ticket.ticket.slice(), secret, kind: 'resumption', obfuscatedTicketAge: ticket.ageAdd };
  }

  private sendHello(): void {
    this.hellos++;
    const share = offerKeyShare(provider, this.shareGroup);
    if (share instanceof Promise) throw new TypeError('the provider of the tests is synchronous');
    this.share = share;
    const { psk } = this;
    const value: ClientHello = {
      legacyVersion: 0x0303,
      random: this.random,
      legacySessionId: fromHex('1d'.repeat(32)),
      cipherSuites: [this.suite.id],
      legacyCompressionMethods: Uint8Array.of(0),
      extensions: this.extensions(share),
    };
    const begin = (): void => {
      if (psk === undefined || !this.offersEarlyData || this.hellos > 1) return;
      this.sealWith('early', this.earlyTraffic(psk));
      this.stage = 'early';
    };
    this.say('CH', clientHello, value, begin, (raw) => (psk !== undefined && this.binds ? this.bound(raw, psk) : raw));
  }

  private extensions(share: KeyShare): RawExtension[] {
    const again = this.hellos > 1;
    const { psk } = this;
    const out: (RawExtension | undefined)[] = [
      this.name === undefined ? undefined : encode(serverName, 'CH', utf8(this.name)),
      this.alpn === undefined ? undefined : encode(alpn, 'CH', [utf8(this.alpn)]),
      encode(supportedGroups, 'CH', this.groups),
      encode(signatureAlgorithms, 'CH', [0x0403, 0x0807]),
      encode(supportedVersions, 'CH', [0x0304]),
      this.retryCookie && encode(cookie, 'CH', this.retryCookie),
      encode(pskKeyExchangeModes, 'CH', this.modes),
      encode(keyShare, 'CH', [share]),
      this.offersEarlyData && !again ? encode(earlyData, 'CH', true) : undefined,
      this.offersPostHandshakeAuth ? encode(postHandshakeAuth, 'CH', true) : undefined,
      psk &&
        encode(preSharedKey, 'CH', {
          identities: [{ obfuscatedTicketAge: 0, ...psk }],
          binders: [new Uint8Array(this.schedule.hashLength)],
        }),
    ];
    return out.filter((extension) => extension !== undefined);
  }

  /** Puts the binder where room was left for it: at the end. */
  private bound(raw: Uint8Array, psk: PeerPsk): Uint8Array {
    const length = this.schedule.hashLength;
    const truncated = raw.subarray(0, raw.length - length - 3);
    return concat(raw.subarray(0, raw.length - length), this.binder(psk, truncated));
  }

  protected takeMessage(raw: Uint8Array): void {
    if (this.connected) this.takeLate(raw);
    else if (raw[0] === HANDSHAKE_TYPE.serverHello) this.takeServerHello(raw);
    else this.transcript.push(raw);
    if (raw[0] === HANDSHAKE_TYPE.finished) this.applicationKeys();
  }

  private takeServerHello(raw: Uint8Array): void {
    const { value } = decodeMessage(serverHello, raw);
    if (isHelloRetryRequest(value)) {
      this.retries.push(value);
      const block = readBlock('HRR', value.extensions);
      this.shareGroup = block.get(keyShare) ?? this.shareGroup;
      this.retryCookie = block.get(cookie);
      this.replaceByHash();
      this.transcript.push(raw);
      if (this.stage === 'early') this.stage = 'plain';
      return;
    }
    this.helloServer = value;
    this.transcript.push(raw);
    const block = readBlock('SH13', value.extensions);
    if (!block.has(preSharedKey)) this.psk = undefined;
    const theirs = block.get(keyShare);
    const secret = theirs && this.share?.finish(theirs.share);
    if (secret instanceof Promise) throw new TypeError('the provider of the tests is synchronous');
    this.handshakeKeys(secret);
    if (this.stage !== 'early') this.stage = 'handshake';
  }

  private takeLate(raw: Uint8Array): void {
    if (raw[0] === HANDSHAKE_TYPE.newSessionTicket) this.tickets.push(decodeMessage(newSessionTicket, raw).value);
    if (raw[0] !== HANDSHAKE_TYPE.certificateRequest) return;
    this.requests.push(readAll(raw.subarray(4), (r) => ({ context: r.vec8(), rest: r.rest() })).context);
    decodeMessage(certificateRequest, raw);
    // RFC 9846, 4.4: the context of the answer is the handshake and the request.
    this.transcript.push(raw);
  }
}

/** A client peer and the server it plays with: AES-128-GCM and no tickets unless asked. */
export function againstServer(options: SslContextOptions | SslContext = {}, setUp: (peer: ClientPeer) => unknown = () => {}): ClientPeer {
  const context = options instanceof SslContext ? options : serverContext({ ...QUICK_SERVER, ...options });
  const peer = new ClientPeer(new Ssl(context));
  setUp(peer);
  return peer;
}

export const QUICK_SERVER: SslContextOptions = { minProtoVersion: 0x0304, groups: ['X25519', 'P-256'], numTickets: 0 };
