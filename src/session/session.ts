import { copyOf, EMPTY, wipe } from '../bytes/bytes.ts';
import { refuse } from '../registry/fatal.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import type { Certificate } from '../x509/certificate.ts';
import { ExData } from './ex-data.ts';

/** What two sides agreed on in a handshake and may build the next one upon. */
export interface SessionData {
  readonly version: number;
  readonly cipherSuite: number;
  /** TLS 1.3: the PSK made from the resumption secret and the ticket's nonce. TLS 1.2: the master secret. */
  readonly secret: Uint8Array;
  readonly id: Uint8Array;
  /** The application's name for what the session belongs to; it resumes nowhere else. */
  readonly idContext: Uint8Array;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Seconds. */
  readonly timeout: number;
  /** The peer's chain as it sent it, leaf first. */
  readonly peerChain: readonly Certificate[];
  /** The raw public key it showed instead, as DER SubjectPublicKeyInfo (RFC 7250). */
  readonly peerRawKey: Uint8Array | undefined;
  readonly verifyResult: X509VerifyResult;
  /** What a server stapled when its certificate was checked; kept in memory alone. */
  readonly ocspResponse: Uint8Array | undefined;
  readonly signedCertificateTimestamps: Uint8Array | undefined;
  readonly serverName: string | undefined;
  readonly alpn: Uint8Array | undefined;
  /** The server's ticket; empty where the session is known by its id. */
  readonly ticket: Uint8Array;
  /** Seconds, as the server said. */
  readonly ticketLifetime: number;
  readonly ticketAgeAdd: number;
  readonly maxEarlyData: number;
  readonly extendedMasterSecret: boolean;
  readonly maxFragmentLength: number;
  readonly group: number;
  /** TLS 1.2: what a server hinted at, and the identity of the key that was used (RFC 4279). */
  readonly pskIdentityHint: string | undefined;
  readonly pskIdentity: Uint8Array | undefined;
  /** What the application put into the ticket (SSL_SESSION_set1_ticket_appdata(3)). */
  readonly ticketAppData: Uint8Array;
  /** It was made over QUIC, and resumes there alone. */
  readonly isQuic: boolean;
  /** What a server's 0-RTT depends on besides (SSL_set_quic_early_data_context). */
  readonly quicEarlyDataContext: Uint8Array;
}

const BLANK: SessionData = {
  version: 0,
  cipherSuite: 0,
  secret: EMPTY,
  id: EMPTY,
  idContext: EMPTY,
  createdAt: 0,
  timeout: 304, // SSL_SESSION_new(3): five minutes and four seconds
  peerChain: [],
  peerRawKey: undefined,
  verifyResult: 'UNSPECIFIED',
  ocspResponse: undefined,
  signedCertificateTimestamps: undefined,
  serverName: undefined,
  alpn: undefined,
  ticket: EMPTY,
  ticketLifetime: 0,
  ticketAgeAdd: 0,
  maxEarlyData: 0,
  extendedMasterSecret: false,
  maxFragmentLength: 0,
  group: 0,
  pskIdentityHint: undefined,
  pskIdentity: undefined,
  ticketAppData: EMPTY,
  isQuic: false,
  quicEarlyDataContext: EMPTY,
};

/** SSL_SESSION: reference counted; its secret is wiped when the last reference is freed. */
export class SslSession {
  private values: SessionData;
  private references = 1;
  private usable = true;
  readonly exData: ExData;

  constructor(data: Partial<SessionData> = {}) {
    this.values = { ...BLANK, ...data };
    this.exData = new ExData('SSL_SESSION', this);
  }

  /** What the session holds. A session is an object of its own; what it holds is not changed in place. */
  get data(): SessionData {
    if (this.references === 0) refuse('USE_AFTER_FREE', 'a session after its last free');
    return this.values;
  }

  /** Replaces parts of it: SSL_SESSION_set_time(3) and its like. */
  update(change: Partial<SessionData>): void {
    this.values = { ...this.data, ...change };
  }

  /** SSL_SESSION_is_resumable(3). */
  get isResumable(): boolean {
    return (
      this.usable && this.references > 0 && this.values.secret.length > 0 && (this.values.id.length > 0 || this.values.ticket.length > 0)
    );
  }

  /** Whether the peer showed who it is, by a certificate or a raw public key. */
  get namesPeer(): boolean {
    return this.data.peerChain.length > 0 || this.data.peerRawKey !== undefined;
  }

  /** Ends its use: a connection that it was used on ended badly (RFC 9846, 6.2 leaves this to us; RFC 5246, 7.2.2 demands it). */
  invalidate(): void {
    this.usable = false;
  }

  /** Whether `now`, in milliseconds, is within its lifetime. */
  isCurrent(now: number): boolean {
    const { createdAt, timeout } = this.values;
    return now >= createdAt - 1000 && now < createdAt + 1000 * timeout;
  }

  upRef(): this {
    if (this.references === 0) refuse('USE_AFTER_FREE', 'a session after its last free');
    this.references++;
    return this;
  }

  free(): void {
    if (this.references === 0) refuse('USE_AFTER_FREE', 'a session freed more often than it was taken');
    if (--this.references > 0) return;
    this.exData.free(this);
    wipe(this.values.secret);
  }

  /** SSL_SESSION_dup(3): the same contents in an object of its own. */
  dup(): SslSession {
    const copy = new SslSession({ ...this.data, secret: copyOf(this.data.secret) });
    copy.usable = this.usable;
    if (!copy.exData.copyFrom(this.exData)) refuse('COPY_PARAMETERS_FAILED', 'an ex_data callback refused');
    return copy;
  }

  get referenceCount(): number {
    return this.references;
  }

  [Symbol.dispose](): void {
    this.free();
  }

  toJSON(): string {
    return '[SslSession]';
  }
}
