/** Two connections whose handshake bytes go from one to the other by encryption level, as QUIC carries them in CRYPTO frames. */
import { type EncryptionLevel, type QuicMethod, Ssl, SslContext } from '../../src/index.ts';
import { clientContext, serverContext } from './connect.ts';

/** One end of a QUIC that loses nothing: what its TLS says, in order. */
export class QuicEnd {
  readonly ssl: Ssl;
  readonly sent: { readonly level: EncryptionLevel; readonly data: Uint8Array }[] = [];
  readonly alerts: number[] = [];
  flights = 0;
  /** Secrets by level. */
  readonly read: Map<EncryptionLevel, Uint8Array> = new Map();
  readonly write: Map<EncryptionLevel, Uint8Array> = new Map();

  constructor(ssl: Ssl, transportParams: Uint8Array) {
    const method: QuicMethod = {
      setReadSecret: (_ssl, level, _suite, secret) => void this.read.set(level, secret),
      setWriteSecret: (_ssl, level, _suite, secret) => void this.write.set(level, secret),
      addHandshakeData: (_ssl, level, data) => void this.sent.push({ level, data }),
      flushFlight: () => void this.flights++,
      sendAlert: (_ssl, _level, alert) => void this.alerts.push(alert),
    };
    this.ssl = ssl.set('quicMethod', method).set('quicTransportParams', transportParams);
  }

  /** Gives the other end what was said, and lets it go on. True when its handshake is complete. */
  deliverTo(peer: QuicEnd): boolean {
    for (const { level, data } of this.sent.splice(0)) {
      peer.ssl.provideQuicData(level, data);
      if (peer.ssl.isInitFinished) peer.ssl.processQuicPostHandshake();
      else peer.ssl.doHandshake();
    }
    return peer.ssl.isInitFinished;
  }
}

export interface QuicPair {
  readonly client: QuicEnd;
  readonly server: QuicEnd;
}

const ALPN = { alpnProtocols: ['h3'] };

export const quicServerContext = (options: Parameters<typeof serverContext>[0] = {}): SslContext => serverContext({ ...ALPN, ...options });

function serverOf(server: Ssl | SslContext | Parameters<typeof serverContext>[0]): Ssl {
  if (server instanceof Ssl) return server;
  return new Ssl(server instanceof SslContext ? server : quicServerContext(server));
}

/** Two ends that did nothing yet. */
export function quicPair(
  client: Parameters<typeof clientContext>[0] = {},
  server: Ssl | SslContext | Parameters<typeof serverContext>[0] = {},
): QuicPair {
  const ends = {
    client: new QuicEnd(new Ssl(clientContext({ ...ALPN, ...client })), Uint8Array.of(1, 2, 3)),
    server: new QuicEnd(serverOf(server), Uint8Array.of(4, 5)),
  };
  ends.client.ssl.set('serverName', 'server.example');
  return ends;
}

/** Lets both go on until both are connected and nothing is under way. */
export function quicHandshake({ client, server }: QuicPair): void {
  client.ssl.doHandshake();
  for (let turn = 0; turn < 10; turn++) {
    client.deliverTo(server);
    if (server.deliverTo(client) && client.sent.length === 0 && server.ssl.isInitFinished) return;
  }
  throw new Error(`no progress: client wants ${client.ssl.want}, server wants ${server.ssl.want}`);
}
