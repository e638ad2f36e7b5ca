import { describe, expect, it } from 'vitest';
import { clientContext, connected, drain, type Pair, pair, serverContext } from '../../test/support/connect.ts';
import { utf8 } from '../bytes/bytes.ts';
import type { SslSession } from '../session/session.ts';

const LIMIT = 1000;

/** A client and a server that exchanged a ticket for early data, and may have to agree on a group by a retry. */
function acquainted() {
  const sessions: SslSession[] = [];
  const client = clientContext({ newSessionCallback: (_ssl, session) => sessions.push(session.upRef()) });
  const server = serverContext({ maxEarlyData: LIMIT, groups: 'x25519:secp384r1' });
  drain(connected(client, server).client);
  return { client, server, session: sessions[0] };
}

/** Both sides by turns, the server asking for early data first. */
function finish({ client, server }: Pair): void {
  for (let turn = 0; turn < 20; turn++) {
    const done = client.doHandshake();
    if (server.readEarlyData() === 'finish' && server.doHandshake() && done) return;
  }
  throw new Error('no progress');
}

describe('what a server says of early data', () => {
  it('is that it was rejected, when a retry took the offer back', () => {
    const { client, server, session } = acquainted();
    const both = pair(client, server);
    both.client.setSession(session).set('groups', 'x448:secp384r1');
    both.client.writeEarlyData(utf8('too early'));
    finish(both);
    expect(both.client.connection?.earlyData).toBe('rejected');
    expect(both.server.connection?.earlyData).toBe('rejected');
  });

  it('is that there was none, when none was offered', () => {
    const { client, server } = acquainted();
    const both = pair(client, server);
    finish(both);
    expect(both.server.connection?.earlyData).toBe('none');
  });
});
