/** Putting traffic secrets to work (RFC 9846, 7.2 and 7.3). */
import { copyOf, wipe } from '../../bytes/bytes.ts';
import type { EncryptionLevel } from '../../config/callbacks.ts';
import type { KeySchedule, Secret } from '../../crypto/schedule-tls13.ts';
import { Tls13Open, Tls13Seal, type TrafficKeys } from '../../record/protect-tls13.ts';
import { type AeadSuite, type CipherSuite, isTls13Suite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import type { Connection } from '../connection.ts';

/** Opens what comes with keys of a traffic secret; over QUIC they are made elsewhere. `plainAlerts`: see `Tls13Open`. */
export function readWith(
  connection: Connection,
  level: EncryptionLevel,
  suite: CipherSuite,
  schedule: KeySchedule,
  secret: Uint8Array,
  plainAlerts = false,
): void {
  const { io, provider, quic, recordLimit = LIMITS.plaintext.value + 1 } = connection;
  io.demandBoundary();
  if (quic === undefined)
    withKeys(suite, schedule, secret, (keys) => io.protectRead(new Tls13Open(provider, tls13(suite), keys, recordLimit, plainAlerts)));
  else quic.readWith(level, tls13(suite), secret);
}

/** Seals what goes with keys of a traffic secret; over QUIC they are made elsewhere. */
export function writeWith(
  connection: Connection,
  level: EncryptionLevel,
  suite: CipherSuite,
  schedule: KeySchedule,
  secret: Uint8Array,
): void {
  const { io, provider, quic } = connection;
  io.sealFlight();
  if (quic === undefined) withKeys(suite, schedule, secret, (keys) => io.protectWrite(new Tls13Seal(provider, tls13(suite), keys)));
  else quic.writeWith(level, tls13(suite), secret);
}

/** Lends the keys of a secret (RFC 9846, 7.3), which are wiped afterwards. */
function withKeys(suite: CipherSuite, schedule: KeySchedule, secret: Uint8Array, use: (keys: TrafficKeys) => void): void {
  const keys = schedule.trafficKeys(secret, suite.keyLength);
  use(keys);
  wipe(keys.key, keys.iv);
}

const tls13 = (suite: CipherSuite): AeadSuite =>
  isTls13Suite(suite) ? suite : fatal('internal_error', 'INTERNAL_ERROR', `${suite.name} in TLS 1.3`);

/** The keys after this side's KeyUpdate (RFC 9846, 7.2). */
export function updateWriteKeys(connection: Connection): void {
  const { suite, schedule, writeSecret } = established(connection);
  const next = schedule.nextTrafficSecret(writeSecret);
  wipe(writeSecret);
  connection.writeSecret = next;
  writeWith(connection, 'application', suite, schedule, next);
}

/** The keys after the peer's KeyUpdate. */
export function updateReadKeys(connection: Connection): void {
  const { suite, schedule, readSecret } = established(connection);
  const next = schedule.nextTrafficSecret(readSecret);
  wipe(readSecret);
  connection.readSecret = next;
  readWith(connection, 'application', suite, schedule, next);
}

export interface Established13 {
  readonly suite: CipherSuite;
  readonly schedule: KeySchedule;
  readonly readSecret: Uint8Array;
  readonly writeSecret: Uint8Array;
}

/** The keys of a TLS 1.3 connection in use. */
export function established(connection: Connection): Established13 {
  const { suite, schedule, readSecret, writeSecret } = connection;
  if (suite === undefined || schedule === undefined || readSecret === undefined || writeSecret === undefined) {
    return fatal('internal_error', 'INTERNAL_ERROR', 'no traffic keys');
  }
  return { suite, schedule, readSecret, writeSecret };
}

/** Secrets of application data, and what is kept of a handshake besides them (RFC 9846, 7.1). */
export function installApplicationSecrets(
  connection: Connection,
  mainSecret: Secret,
  serverFinishedHash: Uint8Array,
): { readonly client: Uint8Array; readonly server: Uint8Array } {
  const schedule = connection.schedule ?? fatal('internal_error', 'INTERNAL_ERROR', 'no key schedule');
  const [client, server, exporter] = schedule.deriveSecrets(mainSecret, serverFinishedHash, 'c ap traffic', 's ap traffic', 'exp master');
  connection.exporterSecret = exporter;
  connection.logSecret('CLIENT_TRAFFIC_SECRET_0', client);
  connection.logSecret('SERVER_TRAFFIC_SECRET_0', server);
  connection.logSecret('EXPORTER_SECRET', exporter);
  connection.readSecret = copyOf(connection.isServer ? client : server);
  connection.writeSecret = copyOf(connection.isServer ? server : client);
  return { client, server };
}
