import { copyOf } from '../bytes/bytes.ts';
import type { EncryptionLevel, QuicMethod } from '../config/callbacks.ts';
import type { Carrier } from '../record/carrier.ts';
import type { OpenedRecord } from '../record/protection.ts';
import { ALERT_LEVEL } from '../registry/alerts.ts';
import type { AeadSuite } from '../registry/cipher-suites.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { fatal } from '../registry/fatal.ts';
import type { Ssl } from '../ssl/ssl.ts';

/**
 * QUIC in the place of records (RFC 9001, 4.1): handshake bytes come and go by encryption level, and each secret is handed to
 * whoever protects the packets. Nothing is sealed or opened here.
 */
export class CryptoStreams implements Carrier {
  /** The level at which handshake bytes are due, and that at which ours go. Early data never changes them: it carries no handshake. */
  readLevel: EncryptionLevel = 'initial';
  writeLevel: EncryptionLevel = 'initial';
  private readonly method: QuicMethod;
  private readonly ssl: Ssl;
  private arrived: Uint8Array[] = [];
  private unflushed = false;

  constructor(method: QuicMethod, ssl: Ssl) {
    this.method = method;
    this.ssl = ssl;
  }

  // ---- handshake bytes

  /** Bytes that were provided and not asked for yet. */
  get buffered(): number {
    return this.arrived.reduce((sum, { length }) => sum + length, 0);
  }

  /** Takes bytes of the level that is due. */
  provide(bytes: Uint8Array): void {
    if (bytes.length > 0) this.arrived.push(copyOf(bytes));
  }

  next(): OpenedRecord | 'retry' {
    const content = this.arrived.shift();
    return content === undefined ? 'retry' : { type: CONTENT_TYPE.handshake, content };
  }

  append(type: number, bytes: Uint8Array): void {
    const { method, ssl, writeLevel } = this;
    if (type === CONTENT_TYPE.handshake) {
      this.unflushed = true;
      method.addHandshakeData(ssl, writeLevel, bytes);
    } else if (type === CONTENT_TYPE.alert && bytes[0] === ALERT_LEVEL.fatal) {
      // RFC 9001, 4.8: an alert is a CONNECTION_CLOSE of type 0x0100 and its code. QUIC has no other alerts.
      method.sendAlert(ssl, writeLevel, bytes[1] as number);
    } else fatal('internal_error', 'QUIC_INTERNAL_ERROR', `content type ${type}`);
  }

  flush(): boolean {
    if (this.unflushed) this.method.flushFlight(this.ssl);
    this.unflushed = false;
    return true;
  }

  // ---- secrets

  readWith(level: EncryptionLevel, suite: AeadSuite, secret: Uint8Array): void {
    // RFC 9001, 4.1.3: no bytes of the level before may be left.
    if (this.arrived.length > 0) fatal('unexpected_message', 'NOT_ON_RECORD_BOUNDARY');
    if (level !== 'early_data') this.readLevel = level;
    this.method.setReadSecret(this.ssl, level, suite, copyOf(secret));
  }

  writeWith(level: EncryptionLevel, suite: AeadSuite, secret: Uint8Array): void {
    if (level !== 'early_data') this.writeLevel = level;
    this.method.setWriteSecret(this.ssl, level, suite, copyOf(secret));
  }
}
