import type { Bio } from '../bio/bio.ts';
import { EMPTY, sameBytes } from '../bytes/bytes.ts';
import type { EncryptionLevel } from '../config/callbacks.ts';
import type { Credential, ExternalPsk } from '../config/credentials.ts';
import type { Scope, SettingInput, SettingName, Settings } from '../config/settings.ts';
import { SETTING_NAMES, SETTINGS } from '../config/settings.ts';
import { adoptCert, duplicateValues, inheritValues, setValue, type Values } from '../config/values.ts';
import type { CryptoProvider, KeyKind, PrivateKey } from '../crypto/provider.ts';
import { checkChain } from '../handshake/common/check-chain.ts';
import { Connection, type Owner } from '../handshake/connection.ts';
import type { CryptoStreams } from '../handshake/crypto-streams.ts';
import { Driver } from '../handshake/driver.ts';
import { sendCertificateRequest, sendKeyUpdate } from '../handshake/post-handshake.ts';
import { export12, renegotiate, requestRenegotiation } from '../handshake/renegotiation.ts';
import type { Stop, Want } from '../handshake/step.ts';
import { ALERTS, alertByCode } from '../registry/alerts.ts';
import { EchRejected, refuse, type SslError } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { OPTIONS, SHUTDOWN } from '../registry/options.ts';
import { TLS1_3_VERSION } from '../registry/versions.ts';
import { ExData } from '../session/ex-data.ts';
import type { SslSession } from '../session/session.ts';
import type { SessionStore } from '../session/store.ts';
import type { Certificate } from '../x509/certificate.ts';
import { DaneRecords } from '../x509/dane.ts';
import type { Role, SslContext } from './context.ts';
import { type CertificateSource, type CredentialOptions, type KeySource, withChain, withCredential, withKey } from './credentials.ts';
import { Plaintext } from './io.ts';

/** Why the last call stopped (SSL_want(3)); `zero_return`: the peer said close_notify. */
export type SslWant = 'nothing' | Exclude<Want, 'closed'> | 'zero_return';

/** A look-up in the table itself costs several times as much, and a handshake asks three hundred times. */
const SCOPES: ReadonlyMap<SettingName, Scope> = new Map(SETTING_NAMES.map((name) => [name, SETTINGS[name].scope]));

const SETTABLE: readonly Scope[] = ['snapshot', 'lookup', 'connection'];

/**
 * SSL: one connection. Bytes come from and go to its BIOs; calls never wait. A call that cannot go on returns what says so
 * and leaves the reason in `want`; a failure is thrown as an `SslError`, once and for every call after it.
 */
export class Ssl implements Owner {
  /** The context it was made from: sessions and ticket keys stay there. */
  readonly sessionContext: SslContext;
  private current: SslContext;
  private values: Values;
  private references = 1;
  private chosenRole: Role | undefined;
  private configuredSession: SslSession | undefined;
  private inputBio: Bio | undefined;
  private outputBio: Bio | undefined;
  private running: { readonly connection: Connection; readonly driver: Driver; readonly io: Plaintext } | undefined;
  private wanted: SslWant = 'nothing';
  private waitsFor: Promise<unknown> | undefined;
  private shutdownFlags = 0;
  private exValues: ExData;

  /** SSL_new(3): takes the context's settings and two references to it. */
  constructor(context: SslContext) {
    this.values = inheritValues(context.values);
    this.sessionContext = context.upRef();
    this.current = context.upRef();
    this.chosenRole = context.role;
    this.exValues = new ExData('SSL', this);
  }

  // ---- settings

  /** A setting as it is in force: the connection's own, or its context's where it is looked up. */
  get<K extends SettingName>(name: K): Settings[K] {
    switch (SCOPES.get(name)) {
      case 'context':
        return this.current.get(name);
      case 'session':
        return this.sessionContext.get(name);
      case 'lookup':
        return this.values[name] ?? this.current.get(name);
      default:
        return this.values[name];
    }
  }

  set<K extends SettingName>(name: K, value: SettingInput<K>): this {
    setValue(this.live().values, name, value, SETTABLE);
    this.running?.io.configure();
    return this;
  }

  /** Loads a certificate chain, leaf first, into the slot of its kind of key. */
  useCertificate(chain: CertificateSource): this {
    return this.set('credentials', withChain(this.values.credentials, chain));
  }

  usePrivateKey(key: KeySource): this {
    return this.set('credentials', withKey(this, key));
  }

  /** Adds a credential to the list, behind those that are there (SSL_add1_credential). The first that suits the peer is used. */
  addCredential(credential: CredentialOptions | ExternalPsk): this {
    return this.set('credentials', withCredential(this, credential));
  }

  useCredential(kind: KeyKind, credential: Credential): void {
    this.set('credentials', this.values.credentials.with(kind, credential));
  }

  /** SSL_check_chain(3): CERT_PKEY bits of a certificate, its key and its issuers, as the peer would judge them; 0 before it said anything. */
  checkChain(leaf: Certificate, key: PrivateKey, issuers: readonly Certificate[] = []): number {
    const connection = this.live().running?.connection;
    return connection === undefined ? 0 : checkChain(connection, leaf, key, issuers);
  }

  /** SSL_dane_enable(3): verifies the server by TLSA records of this domain, which is also whom it means unless that was said. */
  enableDane(baseDomain?: string): this {
    const digests = this.live().current.get('daneDigests');
    if (digests === undefined) refuse('CONTEXT_NOT_DANE_ENABLED');
    else if (this.values.dane !== undefined) refuse('DANE_ALREADY_ENABLED');
    else this.values.dane = new DaneRecords(digests);
    if (baseDomain === undefined) return this;
    if (this.values.serverName === undefined) this.set('serverName', baseDomain);
    if (!this.values.verifyParam.setHost(baseDomain)) refuse('ERROR_SETTING_TLSA_BASE_DOMAIN', baseDomain);
    return this;
  }

  /** SSL_dane_tlsa_add(3): one record of a DNSSEC-validated answer. Refuses one that is not usable; the others still count. */
  addTlsa(usage: number, selector: number, matchingType: number, data: Uint8Array): this {
    const records = this.live().values.dane ?? refuse('DANE_NOT_ENABLED');
    records.add(usage, selector, matchingType, data);
    return this;
  }

  // ---- the context

  get context(): SslContext {
    return this.current;
  }

  /**
   * SSL_set_SSL_CTX(3): moves to another context, whose certificates and what belongs to them replace ours; undefined moves
   * back to the one it was made from. Options, versions, verification and ALPN stay.
   */
  setContext(context: SslContext = this.sessionContext): SslContext {
    const before = this.live().current;
    if (context === before) return before;
    this.current = context.upRef();
    if (sameBytes(this.values.sessionIdContext, before.get('sessionIdContext')))
      this.values.sessionIdContext = context.get('sessionIdContext');
    adoptCert(this.values, context.values);
    before.free();
    return context;
  }

  // ---- life cycle

  get referenceCount(): number {
    return this.references;
  }

  upRef(): this {
    this.live().references++;
    return this;
  }

  /** Gives up one reference; with the last one keys are wiped, and the session, the BIOs and both contexts are let go of. */
  free(): void {
    this.live();
    if (this.references > 1) {
      this.references--;
      return;
    }
    const driver = this.running?.driver;
    // In a callback the connection stands half-way between two states: it ends when that call does.
    if (driver?.isRunning) {
      driver.afterwards(() => this.free());
      return;
    }
    this.exValues.free(this);
    this.inputBio?.free?.();
    if (this.outputBio !== this.inputBio) this.outputBio?.free?.();
    this.dropConnection();
    this.configuredSession?.free();
    this.configuredSession = undefined;
    this.references = 0;
    this.sessionContext.free();
    this.current.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  /**
   * SSL_dup(3): a connection configured the same and independent from then on. One that has begun its handshake cannot be
   * configured again, so it is returned itself, with one more reference. Undefined where an ex_data callback refused.
   */
  dup(): Ssl | undefined {
    if (this.live().running !== undefined) return this.upRef();
    const copy = new Ssl(this.current);
    copy.values = duplicateValues(this.values);
    copy.chosenRole = this.chosenRole;
    copy.shutdownFlags = this.shutdownFlags;
    copy.configuredSession = this.configuredSession?.upRef();
    if (copy.exValues.copyFrom(this.exValues)) return copy;
    copy.free();
    return undefined;
  }

  /** SSL_clear(3): ready for another connection with the same settings, role, BIOs and, unless it ended badly, session. */
  clear(): void {
    if (this.live().running?.driver.isRunning) refuse('CALLED_FROM_CALLBACK', 'called from a callback of the same connection');
    this.configuredSession = this.keepSession();
    this.dropConnection();
    this.shutdownFlags = 0;
    this.stopAt('nothing');
    this.values.verifyParam.peername = undefined;
  }

  /** Takes the session over from a connection that ends; one that ended without a shutdown is bad (RFC 5246, 7.2.1; SSL_clear(3)). */
  private keepSession(): SslSession | undefined {
    const { running } = this;
    if (running === undefined) return this.configuredSession;
    const { connection } = running;
    this.configuredSession?.free();
    this.configuredSession = undefined;
    const session = connection.session?.upRef();
    if (session === undefined || !connection.established || (this.shutdownFlags & SHUTDOWN.SENT) !== 0) return session;
    this.sessions.cache.remove(session);
    session.invalidate();
    session.free();
    return undefined;
  }

  private dropConnection(): void {
    const { running } = this;
    if (running === undefined) return;
    const { connection, driver } = running;
    if (connection.established && (this.shutdownFlags & SHUTDOWN.SENT) === 0 && connection.session !== undefined)
      this.sessions.cache.remove(connection.session);
    driver.drop();
    connection.wipe();
    connection.replaceSession(undefined);
    this.running = undefined;
  }

  // ---- role, BIOs, session

  get role(): Role | undefined {
    return this.chosenRole;
  }

  /** SSL_is_server(3): also before a role is chosen, where the context does not say "client". */
  get isServer(): boolean {
    return this.chosenRole !== 'client';
  }

  /** SSL_set_connect_state(3), SSL_set_accept_state(3): chooses the role and begins anew. */
  setRole(role: Role): this {
    if (this.live().running !== undefined) this.clear();
    this.chosenRole = role;
    return this;
  }

  get rbio(): Bio | undefined {
    return this.inputBio;
  }

  get wbio(): Bio | undefined {
    return this.outputBio;
  }

  /** SSL_set_bio(3): records are read from `input` and written to `output`, which is the same where only one is given. */
  setBio(input: Bio | undefined, ...rest: readonly [output?: Bio | undefined]): this {
    this.live();
    const output = rest.length === 0 ? input : rest[0];
    this.inputBio = input;
    this.outputBio = output;
    if (this.running !== undefined) {
      this.running.connection.io.records.input = input;
      this.running.connection.io.records.output = output;
    }
    return this;
  }

  /** The session in use, or the one to be tried (SSL_get_session(3)); borrowed. */
  get session(): SslSession | undefined {
    return this.running?.connection.session ?? this.configuredSession;
  }

  /** SSL_set_session(3): the session a client tries to resume. */
  setSession(session: SslSession | undefined): this {
    this.live();
    session?.upRef();
    this.configuredSession?.free();
    this.configuredSession = session;
    this.running?.connection.replaceSession(session?.upRef());
    return this;
  }

  get exData(): ExData {
    return this.exValues;
  }

  // ---- what Owner asks for

  get handle(): Ssl {
    return this;
  }

  get provider(): CryptoProvider {
    return this.sessionContext.provider;
  }

  get sessions(): SessionStore {
    return this.sessionContext.sessions;
  }

  now(): number {
    return this.sessionContext.now();
  }

  // ---- progress

  /** Why the last call stopped. */
  get want(): SslWant {
    return this.wanted;
  }

  /** Settles when an asynchronous answer is there that the last call stopped for. */
  get settled(): Promise<unknown> | undefined {
    return this.waitsFor;
  }

  /** The failure that ended the connection, if one did. */
  get failure(): SslError | undefined {
    return this.running?.driver.failure;
  }

  /**
   * SSL_ech_accepted: whether the sealed ClientHello is in force. A client that sends early data is told so before the server has
   * answered: the data was sealed in.
   */
  get echAccepted(): boolean {
    const { ech = 'none', earlyData = 'none' } = this.running?.connection ?? {};
    return ech === 'accepted' || (ech === 'offered' && earlyData === 'offered');
  }

  /** SSL_get0_ech_name_override: the public name that a client authenticates once its sealed ClientHello was not opened. */
  get echNameOverride(): string | undefined {
    return this.running?.connection.echPublicName;
  }

  /**
   * SSL_get0_ech_retry_configs: after a failure with ECH_REJECTED, the ECHConfigList to try once more with, on a new connection; empty
   * where the public name says that there is no ECH any more. Undefined in any other state: then nobody has said anything.
   */
  get echRetryConfigs(): Uint8Array | undefined {
    return this.failure instanceof EchRejected ? this.failure.retryConfigs : undefined;
  }

  /** What is known of the peer and agreed with it; undefined before the first I/O. */
  get connection(): Connection | undefined {
    return this.running?.connection;
  }

  /** SSL_in_before(3). */
  get inBefore(): boolean {
    return this.running === undefined;
  }

  /** The credential this side authenticated with, as it was configured (SSL_get0_selected_credential); undefined where it used none. */
  get selectedCredential(): Credential | ExternalPsk | undefined {
    const connection = this.running?.connection;
    return connection?.ownPsk ?? connection?.ownCredential?.configured;
  }

  /** SSL_is_init_finished(3). */
  get isInitFinished(): boolean {
    const connection = this.running?.connection;
    return connection?.established === true && !connection.handshaking && this.failure === undefined;
  }

  /** SSL_do_handshake(3): true when it is complete; false where it must wait, for what `want` says. */
  doHandshake(): boolean {
    const { connection, driver } = this.start();
    if (driver.failure !== undefined) throw driver.failure;
    if (connection.established && !driver.busy) return this.stopAt('nothing', true);
    return this.drive(false);
  }

  /**
   * SSL_stateless(3): reads a ClientHello without keeping anything of its sender. True: it brought a cookie that holds, go on
   * with `doHandshake`. False: it was sent one, and this connection is as new. Undefined: it must wait, for what `want` says.
   */
  stateless(): boolean | undefined {
    if (!this.isServer) refuse('NOT_SERVER');
    const { connection } = this.start();
    if (connection.state === 'BEFORE') connection.stateless = true;
    const done = this.drive(false);
    if (connection.cookieVerified) return this.stopAt('nothing', true);
    if (!connection.cookieDemanded) return done ? refuse('BAD_PACKET') : undefined;
    this.clear();
    return false;
  }

  /** Goes on with what is under way. `forEarlyData`: stop where early data may be written or was read. */
  private drive(forEarlyData: boolean): boolean {
    const stop = this.start().driver.resume(forEarlyData);
    return stop === undefined ? this.stopAt('nothing', true) : this.stopFor(stop);
  }

  private start(): NonNullable<Ssl['running']> {
    this.live();
    if (this.running !== undefined) return this.running;
    if (this.chosenRole === undefined) return refuse('CONNECTION_TYPE_NOT_SET');
    if (!this.isQuic && (this.inputBio === undefined || this.outputBio === undefined)) return refuse('BIO_NOT_SET');
    const connection = new Connection(this, this.chosenRole);
    connection.io.records.input = this.inputBio;
    connection.io.records.output = this.outputBio;
    if (this.isQuic && this.get('quicEarlyData')) connection.earlyData = 'wanted';
    if (this.chosenRole === 'client') connection.replaceSession(this.configuredSession?.upRef());
    const driver = new Driver(connection);
    this.running = { connection, driver, io: new Plaintext(connection, driver) };
    driver.beginHandshake();
    return this.running;
  }

  private stopFor({ want, settled }: Stop): false {
    this.waitsFor = settled;
    if (want !== 'closed') return this.stopAt(want, false);
    this.shutdownFlags |= SHUTDOWN.RECEIVED;
    return this.stopAt('zero_return', false);
  }

  private stopAt<T>(want: SslWant, result?: T): T {
    this.wanted = want;
    if (want === 'nothing') this.waitsFor = undefined;
    return result as T;
  }

  // ---- application data

  /** SSL_read(3): up to `max` bytes, as a view that is the caller's; undefined where there are none, for what `want` says. */
  read(max: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    return this.fill() ? this.stopAt('nothing', this.started.io.take(max)) : undefined;
  }

  /** SSL_peek(3): the same bytes come again with the next read. */
  peek(max: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    return this.fill() ? this.stopAt('nothing', this.started.io.look(max)) : undefined;
  }

  /** Makes sure that there is plaintext to give. */
  private fill(): boolean {
    this.demandRecords();
    for (;;) {
      const { connection, driver, io } = this.start();
      if (io.length > 0) return true;
      if (driver.busy || !connection.established) {
        if (!this.drive(false)) return false;
        continue;
      }
      const outcome = io.receive();
      if (outcome === 'data') return true;
      if (outcome === 'again') continue;
      if (typeof outcome === 'object') return this.stopFor(outcome);
      if (outcome === 'closed') this.shutdownFlags |= SHUTDOWN.RECEIVED;
      return this.stopAt(outcome === 'closed' ? 'zero_return' : 'read', false);
    }
  }

  /**
   * SSL_write(3): how many bytes were taken; 0 where it must wait, and then the call is to be repeated with the same bytes.
   * All of them are taken at once, unless ENABLE_PARTIAL_WRITE says that a part will do.
   */
  write(bytes: Uint8Array): number {
    this.demandRecords();
    const { connection, driver, io } = this.start();
    if (driver.failure !== undefined) throw driver.failure;
    if ((this.shutdownFlags & SHUTDOWN.SENT) !== 0) refuse('PROTOCOL_IS_SHUTDOWN');
    if ((driver.busy || !connection.established) && !this.drive(false)) return 0;
    return this.wrote(io.write(bytes));
  }

  private wrote(count: number): number {
    return this.stopAt(count === 0 && this.unwritten > 0 ? 'write' : 'nothing', count);
  }

  /** Decrypted bytes that can be read without touching the BIO (SSL_pending(3)). */
  get pending(): number {
    return this.running?.io.length ?? 0;
  }

  /** Whether anything, decrypted or not, is waiting here (SSL_has_pending(3)). */
  get hasPending(): boolean {
    return this.pending > 0 || (this.running?.connection.io.records.reader.buffered ?? 0) > 0;
  }

  /** Bytes that were sealed and that the BIO did not take yet. */
  get unwritten(): number {
    return this.running?.connection.io.records.writer.pending ?? 0;
  }

  /** Hands the BIO what it did not take before, the alert of a connection that failed included. */
  flush(): boolean {
    const { connection, driver } = this.start();
    // A connection that failed may still owe its peer the alert.
    return driver.failure === undefined ? driver.guard(() => connection.io.flush()) : connection.io.flush();
  }

  // ---- early data (RFC 9846, 2.3)

  /** Client: sends 0-RTT data with a session that allows it; server: sends before the client's Finished. Counts like `write`. */
  writeEarlyData(bytes: Uint8Array): number {
    this.demandRecords();
    const { connection, driver, io } = this.start();
    if (connection.isServer) {
      if (connection.established || connection.writeSecret === undefined) refuse('REQUEST_SENT', 'not while the client has yet to finish');
      return this.wrote(io.write(bytes));
    }
    if (connection.state === 'BEFORE') connection.earlyData = 'wanted';
    // Where no PSK allows early data the hello says nothing of it, and nobody waits for an answer.
    const driven = connection.earlyData !== 'wanted' || this.drive(true);
    if (!driven && connection.earlyData === 'wanted') return 0;
    if (connection.earlyData !== 'offered' || !driver.busy) refuse('BAD_EARLY_DATA', 'the session allows none');
    if (bytes.length > connection.earlyDataBudget) refuse('TOO_MUCH_EARLY_DATA');
    const count = this.wrote(io.write(bytes));
    connection.earlyDataBudget -= count;
    return count;
  }

  /** Server: 0-RTT data as it comes, `'finish'` when no more will, undefined where it must wait. Never mixed with `read`. */
  readEarlyData(): Uint8Array | 'finish' | undefined {
    this.demandRecords();
    const { connection } = this.start();
    if (!connection.isServer) refuse('NOT_SERVER');
    if (connection.state === 'BEFORE') connection.earlyData = 'wanted';
    for (;;) {
      const chunk = connection.earlyDataReceived.shift();
      if (chunk !== undefined) return this.stopAt('nothing', chunk);
      if (connection.earlyDataEnded || connection.established) return this.stopAt('nothing', 'finish');
      const done = this.drive(true);
      if (!done && this.wanted !== 'early_data' && !connection.earlyDataEnded) return undefined;
    }
  }

  // ---- QUIC in the place of records (RFC 9001)

  /** Whether QUIC carries the handshake (SSL_is_quic). */
  get isQuic(): boolean {
    return this.get('quicMethod') !== undefined;
  }

  /** The level at which handshake bytes are due (SSL_quic_read_level). */
  get quicReadLevel(): EncryptionLevel {
    return this.streams.readLevel;
  }

  /** The level at which ours go (SSL_quic_write_level). */
  get quicWriteLevel(): EncryptionLevel {
    return this.streams.writeLevel;
  }

  /** Most bytes of a level that wait here at a time (SSL_quic_max_handshake_flight_len). */
  quicMaxHandshakeFlightLen(level: EncryptionLevel): number {
    // RFC 9001, 8.3: EndOfEarlyData is not sent.
    if (level === 'early_data') return 0;
    const certificates = this.chosenRole === 'server' ? 1 : 2;
    const room = level === 'handshake' ? certificates * this.get('maxCertList') : 0;
    return Math.max(LIMITS.quicFlight.value, room);
  }

  /**
   * SSL_provide_quic_data: bytes of the CRYPTO stream of a level, in order and each once. Refuses those of another level than is due, and more than may
   * wait; `doHandshake` or `processQuicPostHandshake` then looks at them.
   */
  provideQuicData(level: EncryptionLevel, bytes: Uint8Array): void {
    const { streams } = this;
    // RFC 9001, 4.1.3: bytes belong to their level; those of one that is over, or has not begun, are not kept.
    if (level !== streams.readLevel) refuse('WRONG_ENCRYPTION_LEVEL_RECEIVED', `${level} in place of ${streams.readLevel}`);
    const waiting = streams.buffered + this.started.connection.io.pending;
    if (waiting + bytes.length > this.quicMaxHandshakeFlightLen(level)) refuse('EXCESSIVE_MESSAGE_SIZE');
    streams.provide(bytes);
  }

  /** SSL_process_quic_post_handshake: deals with tickets that came after the handshake. */
  processQuicPostHandshake(): void {
    const { connection, driver, io } = this.start();
    if (connection.quic === undefined || !connection.established || driver.busy) refuse('SHOULD_NOT_HAVE_BEEN_CALLED');
    io.receiveMessages();
  }

  /** There are no records to read or write, and no keys to change, where QUIC has them. */
  private demandRecords(): void {
    const { running } = this;
    const isQuic = running === undefined ? this.isQuic : running.connection.quic !== undefined;
    if (isQuic) refuse('SHOULD_NOT_HAVE_BEEN_CALLED', 'QUIC carries the data of this connection');
  }

  private get streams(): CryptoStreams {
    return this.start().connection.quic ?? refuse('SHOULD_NOT_HAVE_BEEN_CALLED', 'not a connection over QUIC');
  }

  // ---- after the handshake

  /** SSL_key_update(3): new keys for what we send; `request`: the peer shall change its own too. */
  keyUpdate(request: boolean): void {
    this.demandRecords();
    const { connection, driver } = this.start();
    if (!connection.established || driver.busy) refuse('STILL_IN_INIT');
    if (connection.version < TLS1_3_VERSION) refuse('WRONG_SSL_VERSION');
    if (connection.io.sentCloseNotify) refuse('PROTOCOL_IS_SHUTDOWN');
    driver.guard(() => {
      sendKeyUpdate(connection, request);
      connection.io.flush();
    });
  }

  /** SSL_verify_client_post_handshake(3). */
  verifyClientPostHandshake(): void {
    this.demandRecords();
    const { connection, driver } = this.start();
    if (!connection.established || driver.busy) refuse('STILL_IN_INIT');
    if (connection.version < TLS1_3_VERSION) refuse('WRONG_SSL_VERSION');
    if (connection.io.sentCloseNotify) refuse('PROTOCOL_IS_SHUTDOWN');
    driver.guard(() => {
      sendCertificateRequest(connection);
      connection.io.flush();
    });
  }

  /**
   * SSL_renegotiate(3), TLS 1.2 and below: a client begins another handshake with the next call, a server asks for one.
   * `abbreviated`: a client offers to resume the session it has (SSL_renegotiate_abbreviated).
   */
  renegotiate(abbreviated = false): void {
    const { connection, driver } = this.start();
    if (!connection.established || driver.busy) refuse('STILL_IN_INIT');
    if (connection.version >= TLS1_3_VERSION) refuse('WRONG_SSL_VERSION');
    if (connection.hasOption(OPTIONS.NO_RENEGOTIATION)) refuse('NO_RENEGOTIATION');
    if (connection.isServer) driver.guard(() => requestRenegotiation(connection));
    else driver.begin(renegotiate(connection, abbreviated));
  }

  /** SSL_export_keying_material(3), and SSL_export_keying_material_early(3) with `early`. */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array, early = false): Uint8Array {
    const connection = this.running?.connection;
    if (connection?.prf !== undefined) return export12(connection, length, label, context);
    const secret = early ? connection?.earlyExporterSecret : connection?.exporterSecret;
    if (connection?.schedule === undefined || secret === undefined) return refuse('UNINITIALIZED', 'no secret to export from yet');
    return connection.schedule.exporter(secret, label, context ?? EMPTY, length);
  }

  // ---- the end

  /** SSL_SENT_SHUTDOWN and SSL_RECEIVED_SHUTDOWN as far as they happened (SSL_get_shutdown(3)). */
  get shutdownState(): number {
    return this.shutdownFlags;
  }

  set shutdownState(flags: number) {
    this.shutdownFlags = flags;
  }

  /**
   * SSL_send_fatal_alert: ends the connection with an alert of the application's choice, and refuses codes that no RFC has for a fatal one. True when it
   * is out; false where it waits for the BIO, which `flush` gives it to. Every later call reports that the connection has ended.
   */
  sendFatalAlert(code: number): boolean {
    const alert = alertByCode(code);
    // RFC 9846, 6.1: these two end nothing, or not like this.
    if (ALERTS[alert] !== code || alert === 'close_notify' || alert === 'user_canceled') refuse('BAD_VALUE', `alert ${code}`);
    this.start().driver.abort(alert);
    return this.stopAt(this.unwritten > 0 ? 'write' : 'nothing', this.unwritten === 0);
  }

  /**
   * SSL_shutdown(3): says close_notify; called again, waits for the peer's. True when both were said; false with `want`
   * `'nothing'`: ours is out, call again for the peer's; otherwise it must wait.
   */
  shutdown(): boolean {
    this.demandRecords();
    if (this.live().running === undefined) return refuse('UNINITIALIZED');
    const { connection, driver, io } = this.start();
    if (this.get('quietShutdown')) {
      this.shutdownFlags = SHUTDOWN.SENT | SHUTDOWN.RECEIVED;
      return this.stopAt('nothing', true);
    }
    if (driver.failure !== undefined) throw driver.failure;
    if (connection.handshaking) return refuse('SHUTDOWN_WHILE_IN_INIT');
    if ((this.shutdownFlags & SHUTDOWN.SENT) === 0) {
      const gone = io.sayGoodbye();
      this.shutdownFlags |= SHUTDOWN.SENT;
      if (!gone) return this.stopAt('write', false);
      if (connection.io.receivedCloseNotify) this.shutdownFlags |= SHUTDOWN.RECEIVED;
      return this.stopAt('nothing', (this.shutdownFlags & SHUTDOWN.RECEIVED) !== 0);
    }
    if (connection.io.records.writer.pending > 0) {
      // The first call goes on: it said that it had to wait, and now it says whether all is over.
      if (!this.flush()) return this.stopAt('write', false);
      return this.stopAt('nothing', (this.shutdownFlags & SHUTDOWN.RECEIVED) !== 0);
    }
    if ((this.shutdownFlags & SHUTDOWN.RECEIVED) === 0 && this.fill()) refuse('APPLICATION_DATA_AFTER_CLOSE_NOTIFY');
    const complete = (this.shutdownFlags & SHUTDOWN.RECEIVED) !== 0;
    return complete ? this.stopAt('nothing', true) : false;
  }

  toJSON(): string {
    return '[Ssl]';
  }

  private get started(): NonNullable<Ssl['running']> {
    return this.running ?? refuse('UNINITIALIZED');
  }

  private live(): this {
    if (this.references === 0) refuse('USE_AFTER_FREE', 'a connection after its last free');
    return this;
  }
}
