/** A further handshake on a connection of TLS 1.2 or below (RFC 5246, 7.4.1.1; RFC 5746), off unless it was turned on. */
import { ALERT_LEVEL, ALERTS } from '../registry/alerts.ts';
import { HANDSHAKE_TYPE } from '../registry/content-types.ts';
import { fatal, refuse } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { OPTIONS } from '../registry/options.ts';
import { helloRequest } from '../wire/tls12-messages.ts';
import { randoms } from './common/tls12.ts';
import type { Connection } from './connection.ts';
import { runHandshake } from './run.ts';
import type { Step } from './step.ts';

/** How long a message may be that asks for another handshake, or begins one; undefined: it may not come. */
export function renegotiationLimit(connection: Connection, type: number): number | undefined {
  if (connection.isServer) return type === HANDSHAKE_TYPE.clientHello ? LIMITS.clientHello.value : undefined;
  return type === HANDSHAKE_TYPE.helloRequest ? helloRequest.limit : undefined;
}

/** The peer wants another handshake. Refused politely, unless it was turned on and is safe. */
export function* answerRenegotiation(connection: Connection, raw: Uint8Array): Step<void> {
  const unsafe = !connection.secureRenegotiation && !connection.hasOption(OPTIONS.ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
  if (connection.hasOption(OPTIONS.NO_RENEGOTIATION) || unsafe) {
    // RFC 5246, 7.2.2: no_renegotiation is a warning; the connection goes on as it is.
    connection.io.sendAlert(ALERT_LEVEL.warning, ALERTS.no_renegotiation);
    connection.io.flush();
    connection.endFlow();
    return;
  }
  // What follows HelloRequest waits for our ClientHello.
  if (connection.io.midMessage) fatal('unexpected_message', 'NOT_ON_RECORD_BOUNDARY');
  const now = connection.owner.now();
  connection.renegotiations = [...connection.renegotiations.filter((at) => now - at < 600_000), now];
  if (connection.renegotiations.length > LIMITS.renegotiations.value) fatal('no_renegotiation', 'TOO_MANY_RENEGOTIATIONS');
  if (connection.isServer) connection.io.putBack(raw);
  // What a server asks for may be abbreviated; whether it is, it decides itself (as in OpenSSL).
  yield* renegotiate(connection, true);
}

/** Another handshake; application data that is still under way is kept for later. */
export function* renegotiate(connection: Connection, abbreviated = false): Step<void> {
  connection.abbreviates = abbreviated;
  connection.io.holdsData = true;
  try {
    yield* runHandshake(connection);
  } finally {
    connection.io.holdsData = false;
  }
}

/** A server cannot begin a handshake, but it can ask for one. */
export function requestRenegotiation(connection: Connection): void {
  // RFC 5246, 7.4.1.1: HelloRequest is not part of any transcript.
  connection.io.send(helloRequest, {});
  connection.io.flush();
  connection.endFlow();
}

/** Keying material for an application (RFC 5705). */
export function export12(connection: Connection, length: number, label: string, context: Uint8Array | undefined): Uint8Array {
  const { prf, masterSecret } = connection;
  if (prf === undefined || masterSecret === undefined) return refuse('UNINITIALIZED');
  // Within a renegotiation the randoms are of one handshake and the secret of another.
  if (connection.handshaking) refuse('STILL_IN_INIT', 'for exporters');
  // RFC 7627, 5.4: without the extended master secret two connections can be made to export the same.
  if (!connection.extendedMasterSecret) refuse('EXTENDED_MASTER_SECRET_REQUIRED', 'for exporters');
  const { client, server } = randoms(connection);
  return prf.exporter(masterSecret, label, client, server, context, length);
}
