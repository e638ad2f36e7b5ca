import { describe, expect, it } from 'vitest';
import { clientContext, connected, drain, handshake, handshakeAsync, type Pair, pair, serverContext } from '../../test/support/connect.ts';
import { TEST_TIME, testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import { concat, fromUtf8, utf8 } from '../bytes/bytes.ts';
import { OPTIONS, SESSION_CACHE, VERIFY } from '../registry/options.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import type { SslSession } from '../session/session.ts';
import type { SslContext } from './context.ts';

/** A session of a first connection between two contexts. */
function sessionOf(client: SslContext, server: SslContext, name?: string): SslSession {
  const both = pair(client, server);
  if (name !== undefined) both.client.set('serverName', name);
  handshake(both);
  drain(both.client);
  const { session } = both.client;
  if (session === undefined || !session.isResumable) throw new Error('no ticket came');
  return session.upRef();
}

function resumed(client: SslContext, server: SslContext, session: SslSession): Pair {
  const both = pair(client, server);
  both.client.setSession(session);
  handshake(both);
  return both;
}

const isReused = (both: Pair): boolean => both.client.connection?.reused === true && both.server.connection?.reused === true;

describe('resumption', () => {
  it.each([
    ['a sealed ticket', {}],
    ['a reference into the cache', { options: OPTIONS.NO_TICKET | OPTIONS.ENABLE_MIDDLEBOX_COMPAT }],
  ])('works with %s', (_what, settings) => {
    const [client, server] = [clientContext(), serverContext(settings)];
    const session = sessionOf(client, server);
    const both = resumed(client, server, session);
    expect(isReused(both)).toBe(true);
    expect(server.sessions.cache.size > 0).toBe('options' in settings);
    both.client.write(utf8('again'));
    expect(fromUtf8(drain(both.server))).toBe('again');
  });

  it('crosses a session file', () => {
    const [client, server] = [clientContext(), serverContext()];
    const session = decodeSession(encodeSession(sessionOf(client, server)));
    expect(isReused(resumed(clientContext(), server, session))).toBe(true);
  });

  it('works on a key alone where both sides allow it', () => {
    const options = OPTIONS.ALLOW_NO_DHE_KEX | OPTIONS.ENABLE_MIDDLEBOX_COMPAT;
    const [client, server] = [clientContext({ options, groups: 'X25519' }), serverContext({ options, groups: 'X25519' })];
    const session = sessionOf(client, server);
    server.set('groups', 'P-256');
    const both = resumed(client, server, session);
    expect(isReused(both)).toBe(true);
    expect(both.client.connection?.group).toBe(0);
  });

  it('does not happen across hosts, session id contexts, or a stricter server', () => {
    const [client, server] = [clientContext(), serverContext()];
    const session = sessionOf(client, server);
    session.update({ serverName: 'other.example' });
    expect(isReused(resumed(client, server, session))).toBe(false);
    session.update({ serverName: 'server.example' });
    expect(isReused(resumed(client, server, session))).toBe(true);
    server.set('sessionIdContext', utf8('another application'));
    expect(isReused(resumed(client, server, session))).toBe(false);
    server.set('sessionIdContext', utf8(''));
    server.set('verifyMode', VERIFY.PEER).trust(testAuthority);
    expect(isReused(resumed(client, server, session))).toBe(false);
  });

  it('keeps the client’s certificate for a server that asks for one', () => {
    const client = clientContext({ cert: testCertificate({ key: 'client', subject: 'a client' }), key: testKey('client') });
    const server = serverContext({
      ca: testAuthority,
      verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT,
      sessionIdContext: utf8('app'),
    });
    const both = resumed(client, server, sessionOf(client, server));
    expect(isReused(both)).toBe(true);
    expect(both.server.connection?.peerChain[0]?.subject.values('2.5.4.3')).toEqual(['a client']);
  });

  it('ends with the lifetime', () => {
    let now = 1000 * TEST_TIME;
    const clock = { now: () => now };
    const [client, server] = [clientContext(clock), serverContext({ ...clock, sessionTimeout: 100 })];
    const session = sessionOf(client, server);
    now += 99_000;
    expect(isReused(resumed(client, server, session))).toBe(true);
    now += 2_000;
    expect(isReused(resumed(client, server, session))).toBe(false);
  });

  it('survives a rotation of ticket keys, and not two', () => {
    let now = 1000 * TEST_TIME;
    const clock = { now: () => now };
    const [client, server] = [clientContext(clock), serverContext({ ...clock, sessionTimeout: 604_800 })];
    const session = sessionOf(client, server);
    now += 86_400_000;
    expect(isReused(resumed(client, server, session))).toBe(true);
    now += 86_400_000;
    expect(isReused(resumed(client, server, session))).toBe(false);
  });

  it('is shared by a fleet with the same ticket keys', () => {
    const [older, newer] = [new Uint8Array(80).fill(1), new Uint8Array(80).fill(2)];
    const client = clientContext();
    const session = sessionOf(client, serverContext({ ticketKeys: [older] }));
    expect(isReused(resumed(client, serverContext({ ticketKeys: [newer, older] }), session))).toBe(true);
    expect(isReused(resumed(client, serverContext({ ticketKeys: [newer] }), session))).toBe(false);
  });

  it('finds ticket keys through a callback, later if it must', async () => {
    const key = { name: new Uint8Array(16).fill(7), key: new Uint8Array(32).fill(9) };
    const [client, server] = [clientContext(), serverContext({ ticketKeyCallback: async () => key })];
    const first = pair(client, server);
    await handshakeAsync(first);
    drain(first.client);
    const again = pair(client, server);
    again.client.setSession(first.client.session);
    await handshakeAsync(again);
    expect(isReused(again)).toBe(true);
  });

  it('finds a session with the application where the cache has none', () => {
    const known = new Map<string, SslSession>();
    const keyOf = (id: Uint8Array): string => id.join();
    const client = clientContext();
    const server = serverContext({
      options: OPTIONS.NO_TICKET,
      sessionCacheMode: SESSION_CACHE.SERVER | SESSION_CACHE.NO_INTERNAL,
      newSessionCallback: (_ssl, session) => known.set(keyOf(session.data.id), session.upRef()),
      getSessionCallback: (_ssl, id) => known.get(keyOf(id)),
    });
    expect(isReused(resumed(client, server, sessionOf(client, server)))).toBe(true);
    expect(known.size).toBe(3);
    expect(server.sessions.cache.size).toBe(0);
  });

  it.each([0, 1, 5, 16])('gives %i tickets if told to', (count) => {
    let tickets = 0;
    const { client } = connected({ newSessionCallback: () => void tickets++ }, { numTickets: count });
    expect(client.read()).toBeUndefined();
    expect(tickets).toBe(count);
  });
});

describe('external pre-shared keys', () => {
  const identity = utf8('a device');
  const key = new Uint8Array(32).fill(5);

  it.each([
    ['as they are', {}],
    ['imported', { importContext: utf8('both sides know') }],
    ['of SHA-384', { hash: 'sha384' as const }],
  ])('work %s, without a certificate on either side', (_what, more) => {
    const psk = { identity, key, ...more };
    const asked: string[] = [];
    const client = clientContext({ pskClientCallback: () => [psk] });
    const server = serverContext({
      pskServerCallback: (_ssl, wanted) => {
        asked.push(fromUtf8(wanted));
        return fromUtf8(wanted) === 'a device' ? psk : undefined;
      },
    });
    const both = pair(client, server);
    both.server.set('credentials', both.server.get('credentials'));
    handshake(both);
    expect(asked[0]).toBe('a device');
    expect(both.server.connection?.ownSignatureScheme).toBe(0);
    expect(both.client.connection?.reused).toBe(false);
    both.client.write(utf8('known'));
    expect(fromUtf8(drain(both.server))).toBe('known');
  });

  it('that differ end the handshake with decrypt_error', () => {
    const both = pair(
      clientContext({ pskClientCallback: () => [{ identity, key }] }),
      serverContext({ pskServerCallback: () => ({ identity, key: new Uint8Array(32) }) }),
    );
    both.client.doHandshake();
    expect(() => both.server.doHandshake()).toThrow(expect.objectContaining({ reason: 'BINDER_DOES_NOT_VERIFY', alert: 'decrypt_error' }));
  });

  it('nobody knows lead to a full handshake', () => {
    const { client } = connected({ pskClientCallback: () => [{ identity, key }] }, { pskServerCallback: () => undefined });
    expect(client.connection?.peerChain).toHaveLength(1);
  });
});

describe('early data', () => {
  const early = { maxEarlyData: 1000 };

  /** A second connection of two contexts, on which the client has written early data. */
  function withEarlyData(client: SslContext, server: SslContext, session: SslSession, text = 'early'): Pair {
    const both = pair(client, server);
    both.client.setSession(session);
    expect(both.client.writeEarlyData(utf8(text))).toBe(text.length);
    return both;
  }

  function readEarly({ server }: Pair): string {
    let all: Uint8Array = new Uint8Array(0);
    for (let i = 0; i < 100; i++) {
      const piece = server.readEarlyData();
      if (piece === 'finish') return `${fromUtf8(all)}.`;
      if (piece === undefined) return fromUtf8(all);
      all = concat(all, piece);
    }
    throw new Error('no end of early data');
  }

  it('arrives before the handshake is complete, and the rest after it', () => {
    const [client, server] = [clientContext(), serverContext(early)];
    const both = withEarlyData(client, server, sessionOf(client, server));
    expect(both.client.writeEarlyData(utf8(' and more'))).toBe(9);
    expect(readEarly(both)).toBe('early and more');
    expect(both.server.isInitFinished).toBe(false);
    expect(both.server.writeEarlyData(utf8('half a round trip'))).toBe(17);
    handshake(both);
    expect(both.client.connection?.earlyData).toBe('accepted');
    both.client.write(utf8('late'));
    expect(fromUtf8(drain(both.server))).toBe('late');
    expect(fromUtf8(drain(both.client))).toBe('half a round trip');
  });

  it('is passed over by a server that does not want it', () => {
    const [client, server] = [clientContext(), serverContext(early)];
    const both = withEarlyData(client, server, sessionOf(client, server));
    handshake(both);
    expect(both.client.connection?.earlyData).toBe('rejected');
    both.client.write(utf8('late'));
    expect(fromUtf8(drain(both.server))).toBe('late');
  });

  it('is passed over when the server asks for another share', () => {
    const client = clientContext({ groups: 'X25519:P-256' });
    const server = serverContext({ ...early });
    const session = sessionOf(client, server);
    server.set('groups', 'P-256');
    const both = withEarlyData(client, server, session);
    expect(readEarly(both)).toBe('');
    handshake(both);
    expect(both.client.connection?.earlyData).toBe('rejected');
    expect(isReused(both)).toBe(true);
    both.client.write(utf8('late'));
    expect(fromUtf8(drain(both.server))).toBe('late');
  });

  it('is accepted once', () => {
    const [client, server] = [clientContext(), serverContext({ ...early, numTickets: 1 })];
    const session = sessionOf(client, server);
    expect(readEarly(withEarlyData(client, server, session.dup()))).toBe('early');
    const replay = withEarlyData(client, server, session.dup());
    expect(readEarly(replay)).toBe('.');
    handshake(replay);
    expect(replay.client.connection?.earlyData).toBe('rejected');
    expect(isReused(replay)).toBe(false);
  });

  it('is refused when the ticket is not as old as the client says', () => {
    let now = 1000 * TEST_TIME;
    const [client, server] = [clientContext(), serverContext({ ...early, now: () => now })];
    const session = sessionOf(client, server);
    now += 11_000;
    const both = withEarlyData(client, server, session);
    expect(readEarly(both)).toBe('.');
    handshake(both);
    expect(both.client.connection?.earlyData).toBe('rejected');
  });

  it('is refused where the application says so', async () => {
    const [client, server] = [clientContext(), serverContext({ ...early, allowEarlyDataCallback: async () => false })];
    const both = withEarlyData(client, server, sessionOf(client, server));
    both.server.readEarlyData();
    await both.server.settled;
    expect(readEarly(both)).toBe('.');
    handshake(both);
    expect(both.client.connection?.earlyData).toBe('rejected');
  });

  it('cannot be more than the ticket allows', () => {
    const [client, server] = [clientContext(), serverContext(early)];
    const both = withEarlyData(client, server, sessionOf(client, server), 'x'.repeat(1000));
    expect(() => both.client.writeEarlyData(utf8('y'))).toThrow(expect.objectContaining({ reason: 'TOO_MUCH_EARLY_DATA' }));
    expect(readEarly(both)).toBe('x'.repeat(1000));
  });

  it('has an exporter of its own', () => {
    const [client, server] = [clientContext(), serverContext(early)];
    const both = withEarlyData(client, server, sessionOf(client, server));
    readEarly(both);
    expect(both.client.exportKeyingMaterial(20, 'EXPORTER-x', utf8('c'), true)).toEqual(
      both.server.exportKeyingMaterial(20, 'EXPORTER-x', utf8('c'), true),
    );
  });
});

describe('a server that keeps nothing of a client before it proved its address', () => {
  it('asks for a cookie and goes on with whoever brings it', () => {
    const server = serverContext({
      cookieGenerateCallback: () => utf8('from here'),
      cookieVerifyCallback: (_ssl, cookie) => fromUtf8(cookie) === 'from here',
    });
    const both = pair({}, server);
    both.client.doHandshake();
    expect(both.server.stateless()).toBe(false);
    expect(both.server.inBefore).toBe(true);
    both.client.doHandshake();
    expect(both.server.stateless()).toBe(true);
    handshake(both);
    both.client.write(utf8('proven'));
    expect(fromUtf8(drain(both.server))).toBe('proven');
  });

  it('does not take a cookie that the application refuses', () => {
    const both = pair({}, serverContext({ cookieGenerateCallback: () => utf8('a'), cookieVerifyCallback: () => false }));
    both.client.doHandshake();
    expect(both.server.stateless()).toBe(false);
    both.client.doHandshake();
    expect(both.server.stateless()).toBe(false);
    expect(() => both.client.doHandshake()).toThrow(expect.objectContaining({ alert: 'unexpected_message' }));
  });
});
