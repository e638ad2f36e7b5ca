import { TLS1_3_VERSION } from '../registry/versions.ts';
import { SslSession } from '../session/session.ts';
import { clientHandshake } from './client/hello.ts';
import { sessionOf } from './common/tickets.ts';
import type { Connection } from './connection.ts';
import { Handshake } from './handshake.ts';
import { serverHandshake } from './server/hello.ts';
import type { Step } from './step.ts';

/** A handshake from its first message to its last, the connection's first or a renegotiation. */
export function* runHandshake(connection: Connection): Step<void> {
  const handshake = new Handshake(connection);
  connection.handshaking = true;
  connection.reused = false;
  connection.beginFlow();
  const { statistics } = connection.owner.sessions.cache;
  const side = connection.isServer ? 'accept' : 'connect';
  statistics[connection.established ? (`${side}Renegotiate` as const) : side]++;
  try {
    connection.establish(yield* connection.isServer ? serverHandshake(handshake) : clientHandshake(handshake));
  } finally {
    handshake.wipe();
  }
  if (connection.version >= TLS1_3_VERSION && !connection.reused) connection.replaceSession(new SslSession(sessionOf(connection)));
  statistics[`${side}Good` as const]++;
  if (connection.reused) statistics.hits++;
  connection.finishHandshake();
}
