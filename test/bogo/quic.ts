/** The runner's stand-in for QUIC: records of a type, a level, a suite, and a secret followed by the plaintext. */
import { CONTENT_TYPE, type EncryptionLevel, type QuicMethod, type Ssl } from '../../src/index.ts';
import { demand } from './state.ts';
import type { SocketBio } from './transport.ts';

/** In the order of their numbers. */
const LEVELS: readonly EncryptionLevel[] = ['initial', 'early_data', 'handshake', 'application'];
const HEADER_LENGTH = 8;

interface Keys {
  readonly suite: number;
  readonly secret: Uint8Array;
}

const NO_KEYS: Keys = { suite: 0, secret: new Uint8Array() };

export class MockQuic implements QuicMethod {
  private readonly bio: SocketBio;
  private readonly readKeys: Map<EncryptionLevel, Keys> = new Map([['initial', NO_KEYS]]);
  private readonly writeKeys: Map<EncryptionLevel, Keys> = new Map([['initial', NO_KEYS]]);
  /** Application data that came. */
  readonly data: Uint8Array[] = [];

  constructor(bio: SocketBio) {
    this.bio = bio;
  }

  readonly setReadSecret: QuicMethod['setReadSecret'] = (_ssl, level, { id }, secret) => {
    this.readKeys.set(level, { suite: id, secret });
  };

  readonly setWriteSecret: QuicMethod['setWriteSecret'] = (_ssl, level, { id }, secret) => {
    this.writeKeys.set(level, { suite: id, secret });
  };

  readonly addHandshakeData: QuicMethod['addHandshakeData'] = (_ssl, level, data) => this.send(CONTENT_TYPE.handshake, level, data);

  readonly flushFlight = (): void => {};

  readonly sendAlert: QuicMethod['sendAlert'] = (_ssl, level, alert) => this.send(CONTENT_TYPE.alert, level, Uint8Array.of(2, alert));

  /** Application data; a client's goes early as long as the handshake is not over. */
  write(ssl: Ssl, data: Uint8Array): void {
    const early = !ssl.isServer && ssl.connection?.earlyData === 'offered';
    this.send(CONTENT_TYPE.applicationData, early ? 'early_data' : 'application', data);
  }

  /** Takes the next record in, and lets the handshake go on where it was one of its; false at the end. */
  async receive(ssl: Ssl): Promise<boolean> {
    const header = await this.bio.readExactly(HEADER_LENGTH);
    if (header === undefined) return false;
    const view = new DataView(header.buffer, header.byteOffset);
    const [type, number] = header;
    const level = LEVELS[number as number] ?? 'initial';
    const body = (await this.bio.readExactly(view.getUint32(4))) ?? new Uint8Array();
    const keys = this.readKeys.get(level);
    // Early data that was refused, for which there are no keys.
    if (keys === undefined && level === 'early_data') return true;
    demand(keys !== undefined, `a record at level ${level}, which has no keys yet`);
    const { suite, secret } = keys ?? NO_KEYS;
    demand(view.getUint16(2) === suite, `a suite of level ${level} is not the one expected`);
    demand(Buffer.compare(body.subarray(0, secret.length), secret) === 0, `a secret of level ${level} is not the one expected`);
    const content = body.subarray(secret.length);
    if (type === CONTENT_TYPE.applicationData) {
      this.data.push(content);
      return true;
    }
    if (type !== CONTENT_TYPE.handshake) return false;
    ssl.provideQuicData(level, content);
    if (ssl.isInitFinished) ssl.processQuicPostHandshake();
    return true;
  }

  private send(type: number, level: EncryptionLevel, data: Uint8Array): void {
    const { suite, secret } = this.writeKeys.get(level) ?? NO_KEYS;
    const header = new Uint8Array(HEADER_LENGTH);
    const view = new DataView(header.buffer);
    header[0] = type;
    header[1] = LEVELS.indexOf(level);
    view.setUint16(2, suite);
    view.setUint32(4, secret.length + data.length);
    for (const part of [header, secret, data]) this.bio.write(part);
  }
}
