import { toHex, wipe } from '../bytes/bytes.ts';
import type { Credential, ExternalPsk, KeyedCredential } from '../config/credentials.ts';
import type { SettingName, Settings } from '../config/settings.ts';
import type { Prf } from '../crypto/prf.ts';
import type { CryptoProvider, KeyKind, PublicKeySpec, RunningHash } from '../crypto/provider.ts';
import type { KeySchedule } from '../crypto/schedule-tls13.ts';
import type { StatusRequest } from '../extensions/certificate-status.ts';
import { CERTIFICATE_TYPES } from '../registry/certificate-types.ts';
import type { CipherSuite } from '../registry/cipher-suites.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { INFO, OPTIONS } from '../registry/options.ts';
import { STATES, type StateName, stateOfMessage } from '../registry/states.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { TLS1_3_VERSION } from '../registry/versions.ts';
import type { SslSession } from '../session/session.ts';
import type { SessionStore } from '../session/store.ts';
import type { Ssl } from '../ssl/ssl.ts';
import type { RawExtension } from '../wire/message.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { CheckedSct } from '../x509/sct.ts';
import type { VerifyOutcome } from '../x509/verify.ts';
import { CryptoStreams } from './crypto-streams.ts';
import type { Established } from './established.ts';
import { MessageIo } from './io.ts';

/** What a connection's owner, the `Ssl`, provides: its settings, its clock, its primitives, its place in a context. */
export interface Owner {
  /** The handle that callbacks get. */
  readonly handle: Ssl;
  readonly provider: CryptoProvider;
  /** Sessions and ticket keys of the context the connection was made from. */
  readonly sessions: SessionStore;
  /** Milliseconds since 1970. */
  now(): number;
  get<K extends SettingName>(name: K): Settings[K];
  /** Configures a credential on this connection alone. */
  useCredential(kind: KeyKind, credential: Credential): void;
}

/** A raw public key (RFC 7250): DER SubjectPublicKeyInfo, and what it says. */
export interface RawKey {
  readonly spki: Uint8Array;
  readonly key: PublicKeySpec;
}

/** How far 0-RTT data has come, on either side (SSL_get_early_data_status(3) and OpenSSL's early data states). */
export type EarlyDataState =
  /** Nobody asked for it. */
  | 'none'
  /** Our side will offer or take it: SSL_write_early_data or SSL_read_early_data was called. */
  | 'wanted'
  /** Offered with the ClientHello; the server has not answered yet. */
  | 'offered'
  | 'accepted'
  | 'rejected';

/** How Encrypted ClientHello has come out, on either side (RFC 9849). */
export type EchState =
  /** Nobody spoke of it. */
  | 'none'
  /** The client sent random bytes in its place. */
  | 'grease'
  /** The client sealed its hello; the server has not answered yet. */
  | 'offered'
  /** The sealed hello is in force. */
  | 'accepted'
  /** The open one is. A client then goes on only to hear, from the public name, with what it should try again. */
  | 'rejected';

/** What the two sides found out about each other. Everything here outlives the handshake; nothing else does. */
export class Connection {
  readonly owner: Owner;
  readonly role: 'client' | 'server';
  /** Present where QUIC carries the handshake (RFC 9001). */
  readonly quic: CryptoStreams | undefined;
  readonly io: MessageIo;

  state: StateName = 'BEFORE';
  /** Whether messages go or are awaited; undefined: nothing is under way. */
  private flow: 'writing' | 'reading' | undefined;
  private toldDone = false;
  /** Whether a handshake, the first or a later one, is under way. */
  handshaking = false;
  private proofs: Established | undefined;
  private opened: SslSession | undefined;
  suite: CipherSuite | undefined;
  group = 0;
  /** TLS 1.2 and below: bits of the prime of a server's finite-field group; 0 for another kind of key exchange. */
  dhPrimeBits = 0;
  clientRandom: Uint8Array | undefined;
  serverRandom: Uint8Array | undefined;
  /** The version a client offers as its highest (SSL_client_version(3)). */
  clientVersion = 0;
  /** The name the client asked for, as the server took it or the client sent it. */
  serverName: string | undefined;
  alpn: Uint8Array | undefined;
  ech: EchState = 'none';
  /** The public name, which a client authenticates in place of its host after a rejection. */
  echPublicName: string | undefined;
  session: SslSession | undefined;
  reused = false;
  earlyData: EarlyDataState = 'none';
  earlyDataReceived: Uint8Array[] = [];
  /** No more early data will come (server). */
  earlyDataEnded = false;
  /** 0-RTT bytes that may still be sent, or taken. */
  earlyDataBudget = 0;

  peerChain: readonly Certificate[] = [];
  /** CertificateType values (RFC 7250) of what each side shows. */
  ownCertificateType: number = CERTIFICATE_TYPES.x509;
  peerCertificateType: number = CERTIFICATE_TYPES.x509;
  /** The raw public key the peer showed in place of certificates (SSL_get0_peer_rpk(3)). */
  peerRawKey: RawKey | undefined;
  verifiedChain: readonly Certificate[] = [];
  verifyResult: X509VerifyResult = 'OK';
  peerName: string | undefined;
  /** The identity of the pre-shared key in use, and the hint a TLS 1.2 server gave with it. */
  pskIdentity: Uint8Array | undefined;
  pskIdentityHint: string | undefined;
  /** The TLSA record that authenticated the server, and the depth of what it matched. */
  daneMatch: VerifyOutcome['dane'];
  peerSignatureScheme = 0;
  ownSignatureScheme = 0;
  ownCredential: KeyedCredential | undefined;
  /** The external pre-shared key in use, as the application gave it. */
  ownPsk: ExternalPsk | undefined;
  peerSignatureSchemes: readonly number[] = [];
  /** What the peer takes in certificates, where it said so apart. */
  peerCertificateSchemes: readonly number[] | undefined;
  peerGroups: readonly number[] = [];
  /** ECPointFormat values the peer named (TLS 1.2 and below). */
  peerPointFormats: Uint8Array | undefined;
  /** The status_request of a client. */
  peerStatusRequest: StatusRequest | undefined;
  peerCipherSuites: readonly number[] = [];
  peerCaNames: readonly Uint8Array[] = [];
  /** ClientCertificateType values of a server's request (TLS 1.2 and below). */
  peerCertificateTypes: Uint8Array | undefined;
  /** DER of the OCSP response the server stapled. */
  ocspResponse: Uint8Array | undefined;
  /** TLS 1.3: those about the certificates above the leaf, in the order of `peerChain`. */
  issuerOcspResponses: readonly (Uint8Array | undefined)[] = [];
  signedCertificateTimestamps: Uint8Array | undefined;
  /** The timestamps of the peer's certificate from everywhere, checked against the logs of the context (SSL_get0_peer_scts(3)). */
  peerScts: readonly CheckedSct[] = [];
  ownFinished: Uint8Array | undefined;
  peerFinished: Uint8Array | undefined;
  /** quic_transport_parameters of the peer. */
  peerQuicTransportParams: Uint8Array | undefined;
  /** max_fragment_length that was agreed on, as its code; 0: none. */
  maxFragmentLength = 0;

  /** TLS 1.0–1.2: the pseudorandom function and the master secret, kept for exporters. */
  prf: Prf | undefined;
  masterSecret: Uint8Array | undefined;
  extendedMasterSecret = false;
  /** legacy_version of the ClientHello, which an RSA premaster secret repeats. */
  clientHelloVersion = 0;
  /** When the peer began renegotiations lately, in milliseconds. */
  renegotiations: readonly number[] = [];
  /** The renegotiation under way may resume the session there is; otherwise it makes a new one (client). */
  abbreviates = false;
  /** Both sides know of RFC 5746. */
  secureRenegotiation = false;
  schedule: KeySchedule | undefined;
  readSecret: Uint8Array | undefined;
  writeSecret: Uint8Array | undefined;
  exporterSecret: Uint8Array | undefined;
  earlyExporterSecret: Uint8Array | undefined;
  resumptionSecret: Uint8Array | undefined;
  /** The transcript of the handshake, kept only where post-handshake authentication may come. */
  handshakeHash: RunningHash | undefined;
  /** Contexts of certificate requests that are out (server), with the transcripts they began. */
  readonly certificateRequests: Map<string, RunningHash> = new Map();
  certificateRequestsSent = 0;
  /** Most bytes, content type included, of the records we said we would take (RFC 8449). */
  recordLimit: number | undefined;

  postHandshakeMessages = 0;
  ticketsReceived = 0;
  /** The ticket that was taken is to be replaced: its key is an old one, or the application said so (server). */
  renewsTicket = false;
  ticketsSent = 0;
  /** The peer asked for new keys and has not got them yet. */
  keyUpdateOwed = false;
  /** The client said that it can resume with what it is given (server). */
  peerResumes = false;
  /** The client said that it will answer a CertificateRequest after the handshake (server). */
  peerOffersPostHandshakeAuth = false;
  /** Demand a cookie before anything is kept of a client (SSL_stateless(3)). */
  stateless = false;
  /** A cookie was asked for, and this connection ends there. */
  cookieDemanded = false;
  /** The ClientHello brought a cookie of ours that holds. */
  cookieVerified = false;

  constructor(owner: Owner, role: 'client' | 'server') {
    this.owner = owner;
    this.role = role;
    const method = owner.get('quicMethod');
    this.quic = method && new CryptoStreams(method, owner.handle);
    this.io = new MessageIo(
      {
        message: (write, contentType, bytes) => this.observeMessage(write, contentType, bytes),
        alert: (write, level, description) => {
          this.inform(write ? INFO.WRITE | INFO.ALERT : INFO.READ | INFO.ALERT, (level << 8) | description);
        },
        awaiting: () => this.turnToReading(),
      },
      this.quic,
    );
  }

  /** Whether the first handshake is complete: the proofs are there. */
  get established(): boolean {
    return this.proofs !== undefined;
  }

  /** Counts as connected from here on. */
  establish(proofs: Established): void {
    this.proofs = proofs;
  }

  get isServer(): boolean {
    return this.role === 'server';
  }

  get provider(): CryptoProvider {
    return this.owner.provider;
  }

  get version(): number {
    return this.io.version;
  }

  get<K extends SettingName>(name: K): Settings[K] {
    return this.owner.get(name);
  }

  hasOption(bit: number): boolean {
    return (this.owner.get('options') & bit) !== 0;
  }

  /** Whether to look like TLS 1.2 to middleboxes (RFC 9846, D.4); over QUIC there is nothing for them to see (RFC 9001, 8.4). */
  get middleboxCompat(): boolean {
    return this.quic === undefined && this.hasOption(OPTIONS.ENABLE_MIDDLEBOX_COMPAT);
  }

  // ---- states and what the info callback hears of them, at OpenSSL's moments (SSL_CTX_set_info_callback(3))

  /** Something is begun: a handshake, or a message after it. In TLS 1.3 only handshakes are told of. */
  beginFlow(): void {
    if (this.flow !== undefined) return;
    this.flow = 'writing';
    this.toldDone = false;
    if (!this.established || this.version < TLS1_3_VERSION) this.inform(INFO.HANDSHAKE_START, 1);
  }

  /** Says that the state is about to change, and changes it. */
  enter(state: StateName): void {
    this.inform(this.side | INFO.LOOP, 1);
    this.state = state;
  }

  /** A message is awaited: what there was to write is written, and OpenSSL says so by a change from a state to itself. */
  turnToReading(): void {
    if (this.flow === 'writing') this.enter(this.state);
    this.flow = 'reading';
  }

  /** What was begun is over. */
  endFlow(): void {
    const wasHandshake = this.handshaking || this.version < TLS1_3_VERSION;
    this.handshaking = false;
    this.enter('OK');
    if (wasHandshake) this.tellDone();
    this.flow = undefined;
    this.inform(this.side | INFO.EXIT, 1);
  }

  /** What was begun must wait, or has failed. */
  leaveFlow(): void {
    if (this.flow !== undefined) this.inform(this.side | INFO.EXIT, -1);
  }

  private tellDone(): void {
    if (!this.toldDone) this.inform(INFO.HANDSHAKE_DONE, 1);
    this.toldDone = true;
  }

  private get side(): number {
    return this.isServer ? INFO.ACCEPT : INFO.CONNECT;
  }

  inform(where: number, ret: number): void {
    this.owner.get('infoCallback')?.(this.owner.handle, where, ret);
  }

  /** A message goes or has come. */
  private passMessage(write: boolean, contentType: number, type: number): void {
    const state = stateOfMessage(this.isServer, write, contentType, type);
    if (state === undefined) return;
    this.beginFlow();
    if (write) this.flow = 'writing';
    else this.turnToReading();
    this.enter(state);
    // TLS 1.3: a server is done before it gives tickets.
    if (state === 'SW_SESSION_TICKET' && this.handshaking && this.version === TLS1_3_VERSION) this.tellDone();
  }

  get stateId(): number {
    return STATES[this.state].id;
  }

  /** Writes a line of the key log (NSS key log format). */
  logSecret(label: string, secret: Uint8Array): void {
    const callback = this.owner.get('keylogCallback');
    if (callback === undefined || this.clientRandom === undefined) return;
    callback(this.owner.handle, `${label} ${toHex(this.clientRandom)} ${toHex(secret)}`);
  }

  /** Shows the extensions of the peer's hello to whoever wants to see them. */
  showExtensions(extensions: readonly RawExtension[]): void {
    const callback = this.owner.get('tlsextDebugCallback');
    if (callback === undefined) return;
    for (const { type, data } of extensions) callback(this.owner.handle, !this.isServer, type, data, this.owner.get('tlsextDebugArg'));
  }

  /** The state after any handshake. */
  finishHandshake(): void {
    this.holdOpened(undefined);
    this.endFlow();
  }

  /** Keeps a session that came out of a ticket, and belongs to nobody yet, until the handshake is over. */
  holdOpened(session: SslSession | undefined): SslSession | undefined {
    this.opened?.free();
    this.opened = session;
    return session;
  }

  /** Takes a session over in place of the one before, which loses a reference. */
  replaceSession(session: SslSession | undefined): void {
    this.session?.free();
    this.session = session;
  }

  /** Forgets every key and secret. */
  wipe(): void {
    this.io.wipe();
    this.holdOpened(undefined);
    wipe(this.readSecret, this.writeSecret, this.exporterSecret, this.earlyExporterSecret, this.resumptionSecret, this.masterSecret);
    this.masterSecret = undefined;
    this.prf = undefined;
    this.readSecret = undefined;
    this.writeSecret = undefined;
    this.exporterSecret = undefined;
    this.earlyExporterSecret = undefined;
    this.resumptionSecret = undefined;
    this.handshakeHash = undefined;
    this.certificateRequests.clear();
  }

  private observeMessage(write: boolean, contentType: number, bytes: Uint8Array): void {
    this.passMessage(write, contentType, bytes[0] as number);
    // OpenSSL tells of change_cipher_spec where it is sent, and of its record alone where it comes.
    if (!write && contentType === CONTENT_TYPE.changeCipherSpec) return;
    this.showMessage(write, contentType, bytes);
  }

  /** Shows something to the message callback. */
  showMessage(write: boolean, contentType: number, bytes: Uint8Array): void {
    const callback = this.owner.get('msgCallback');
    callback?.(write, this.spokenVersion(contentType), contentType, bytes, this.owner.handle, this.owner.get('msgCallbackArg'));
  }

  /** What the message callback is told: record headers have 0, and before there is a version it is the newest there could be. */
  spokenVersion(contentType: number): number {
    if (contentType === CONTENT_TYPE.recordHeader) return 0;
    return this.version || (this.isServer ? TLS1_3_VERSION : this.clientVersion);
  }
}
