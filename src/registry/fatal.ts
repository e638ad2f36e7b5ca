import { type AlertName, alertName } from './alerts.ts';
import { REASONS, type Reason } from './reasons.ts';

/** Any failure this library reports, with OpenSSL's reason. */
export class SslError extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, detail = '', options?: ErrorOptions) {
    super(detail === '' ? sentence(reason) : `${sentence(reason)}: ${detail}`, options);
    this.name = new.target.name;
    this.reason = reason;
  }

  /** `ERR_SSL_…`, the spelling Node programs match on. */
  get code(): string {
    return `ERR_SSL_${this.reason}`;
  }

  /** The number `ERR_GET_REASON` returns for it. */
  get reasonCode(): number {
    return REASONS[this.reason];
  }
}

/**
 * A failure that ends the connection. It carries the alert the RFC names and OpenSSL's reason, and it is thrown
 * where the check stands; only the handshake driver catches it, sends the alert and latches the failure.
 */
export class TlsFatal extends SslError {
  readonly alert: AlertName;

  constructor(alert: AlertName, reason: Reason, detail = '', options?: ErrorOptions) {
    super(reason, detail, options);
    this.alert = alert;
  }
}

/** The server, authenticated as the public name, could not open the sealed ClientHello (RFC 9849, 6.1.6). */
export class EchRejected extends TlsFatal {
  /** ECHConfigList to try once more with, on a new connection; empty: without. */
  readonly retryConfigs: Uint8Array;

  constructor(retryConfigs: Uint8Array) {
    super('ech_required', 'ECH_REJECTED');
    this.retryConfigs = retryConfigs;
  }
}

/** The peer ended the connection with a fatal alert; none is sent back. */
export class PeerAlert extends SslError {
  readonly alertCode: number;

  constructor(alertCode: number) {
    super(ALERT_REASONS.get(1000 + alertCode) ?? 'ALERT_RECEIVED', alertName(alertCode));
    this.alertCode = alertCode;
  }
}

/** The transport ended without close_notify: data may have been cut off (RFC 9846, 6.1). */
export class UnexpectedEof extends SslError {
  constructor() {
    super('UNEXPECTED_EOF_WHILE_READING');
  }
}

/** A setting, a file or a call that is refused before any peer is involved. Nothing goes on the wire. */
export class SslUsageError extends SslError {}

/** Ends the connection: the one way code below the driver reports a failure. */
export function fatal(alert: AlertName, reason: Reason, detail?: string): never {
  throw new TlsFatal(alert, reason, detail);
}

/** Refuses a setting, a file or a call. */
export function refuse(reason: Reason, detail?: string): never {
  throw new SslUsageError(reason, detail);
}

/** OpenSSL's reason string: the name in lower case with spaces. */
export const sentence = (reason: Reason): string => reason.toLowerCase().replaceAll('_', ' ');

/** OpenSSL's reason for an alert that was received is 1000 plus the alert's code. */
const ALERT_REASONS: ReadonlyMap<number, Reason> = new Map(
  (Object.keys(REASONS) as Reason[]).filter((name) => REASONS[name] >= 1000).map((name) => [REASONS[name], name]),
);
