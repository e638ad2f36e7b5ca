import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/bytes/bytes.ts';
import { earlyData } from '../../src/extensions/early-data.ts';
import { preSharedKey } from '../../src/extensions/pre-shared-key.ts';
import { OPTIONS, Ssl, SslContext, type SslContextOptions, VERIFY } from '../../src/index.ts';
import type { NewSessionTicket } from '../../src/wire/tls13-messages.ts';
import { readsEarlyData } from '../orders/orders.ts';
import { connected, drain, handshake, pair, serverContext } from '../support/connect.ts';
import { TEST_TIME, testAuthority, testCertificate } from '../support/pki.ts';
import { againstServer, ClientPeer, QUICK_SERVER } from './client-peer.ts';
import { appending, type PeerPsk, suiteOf } from './peer.ts';
import { againstClient, QUICK_CLIENT } from './server-peer.ts';
import { expectConnection, expectRefusal } from './verdict.ts';

// ---- a server

const KEYS = [new Uint8Array(80).fill(7)];
const NAME = 'server.example';

interface Visit {
  readonly options?: SslContextOptions;
  readonly name?: string | undefined;
  readonly psk?: (psk: PeerPsk) => PeerPsk;
  readonly early?: boolean;
  readonly alpn?: string;
}

/** A client with a ticket of one server comes to another that has the same ticket keys. */
function visits(first: Visit, second: Visit): ClientPeer {
  const context = ({ options = {} }: Visit): SslContext => serverContext({ ...QUICK_SERVER, numTickets: 1, ticketKeys: KEYS, ...options });
  const setUp = ({ name, alpn }: Visit, peer: ClientPeer): void => {
    peer.name = name;
    peer.alpn = alpn;
  };
  const before = againstServer(context(first), (peer) => setUp(first, peer)).handshake();
  const { ticketPsk } = before;
  return againstServer(context(second), (peer) => {
    setUp(second, peer);
    peer.psk = second.psk?.(ticketPsk) ?? ticketPsk;
    if (second.early) {
      peer.offersEarlyData = true;
      readsEarlyData(peer);
    }
  }).play('CH');
}

const isResumed = (peer: ClientPeer): boolean => {
  expect(peer.failure).toBeUndefined();
  return peer.victim.connection?.reused === true;
};

describe('a session is resumed by a server', () => {
  const demanding: SslContextOptions = {
    ca: testAuthority,
    verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT,
    sessionIdContext: utf8('app'),
  };

  it('that would make the same one again', () => {
    expect(isResumed(visits({ name: NAME }, { name: NAME }))).toBe(true);
    expect(isResumed(visits({}, {}))).toBe(true);
  });

  const NOT: readonly [name: string, first: Visit, second: Visit][] = [
    ['of another application', { options: { sessionIdContext: utf8('one') } }, { options: { sessionIdContext: utf8('two') } }],
    ['of an application, when it was of none', {}, { options: { sessionIdContext: utf8('two') } }],
    ['for another name', { name: NAME }, { name: 'other.example' }],
    ['for a name, when it was for none', {}, { name: NAME }],
    ['for no name, when it was for one', { name: NAME }, {}],
    ['that wants a certificate, when it had none', { options: { sessionIdContext: utf8('app') } }, { options: demanding }],
    ['that verifies clients, when nobody said of which application', {}, { options: { ca: testAuthority, verifyMode: VERIFY.PEER } }],
    [
      'after its time',
      { options: { now: () => 1000 * TEST_TIME, sessionTimeout: 100 } },
      { options: { now: () => 1000 * (TEST_TIME + 100) } },
    ],
    ['from the future', { options: { now: () => 1000 * (TEST_TIME + 100) } }, { options: { now: () => 1000 * TEST_TIME } }],
    ['with other ticket keys', {}, { options: { ticketKeys: [new Uint8Array(80).fill(8)] } }],
    ['that takes no tickets', {}, { options: { options: OPTIONS.NO_TICKET } }],
    [
      'without the suite',
      {},
      {
        options: { cipherSuites: 'TLS_AES_128_CCM_SHA256:TLS_AES_128_GCM_SHA256' },
        psk: (psk) => ({ ...psk, identity: utf8('not a ticket') }),
      },
    ],
  ];
  it.each(NOT)('but not by one %s', (_name, first, second) => {
    expect(isResumed(visits(first, second))).toBe(false);
  });

  it('only with the ticket as it was', () => {
    for (const at of [0, 20, 40, -1]) {
      const changed = (psk: PeerPsk): PeerPsk => {
        const identity = psk.identity.slice();
        const index = at < 0 ? identity.length + at : at;
        identity[index] = (identity[index] as number) ^ 1;
        return { ...psk, identity };
      };
      expect(isResumed(visits({}, { psk: changed }))).toBe(false);
      expect(isResumed(visits({}, { psk: (psk) => ({ ...psk, identity: psk.identity.slice(0, at || 1) }) }))).toBe(false);
    }
  });

  it('only with its secret', () => {
    expectRefusal(visits({}, { psk: (psk) => ({ ...psk, secret: utf8('another') }) }), 'decrypt_error', 'BINDER_DOES_NOT_VERIFY');
  });
});

// ---- early data

const EARLY: SslContextOptions = { maxEarlyData: 1000, ticketKeys: [] };

describe('early data', () => {
  /** A server that gave out a ticket, and whoever comes with it. */
  function ticketed(
    options: SslContextOptions = {},
    name?: string,
  ): { readonly context: SslContext; readonly come: (change?: (peer: ClientPeer) => void) => ClientPeer } {
    const context = serverContext({ ...QUICK_SERVER, numTickets: 1, ...EARLY, ...options });
    const first = againstServer(context, (peer) => {
      peer.name = name;
    }).handshake();
    const { ticketPsk } = first;
    return {
      context,
      come: (change) =>
        againstServer(context, (peer) => {
          peer.name = name;
          peer.psk = ticketPsk;
          peer.offersEarlyData = true;
          readsEarlyData(peer);
          change?.(peer);
        }),
    };
  }

  it('is taken once', () => {
    const { come } = ticketed();
    const peer = come().play('CH', 'EARLY', 'EOED', 'FIN', 'DATA');
    expectConnection(peer);
    expect(peer.text).toBe('earlydata');
  });

  it('is not taken again, when its flight is replayed', () => {
    const { context, come } = ticketed();
    const sent: Uint8Array[] = [];
    const first = come((peer) => {
      peer.wire = (record) => {
        sent.push(record.slice());
        return [record];
      };
    }).play('CH', 'EARLY');
    expect(first.text).toBe('early');
    for (let i = 0; i < 3; i++) {
      const replay = new ClientPeer(new Ssl(context));
      readsEarlyData(replay);
      for (const record of sent) replay.sendBytes(record);
      replay.advance();
      replay.advance();
      expect(replay.text).toBe('');
      expect(replay.victim.connection?.earlyData).not.toBe('accepted');
    }
  });

  it('is not taken again from two connections at the same time', async () => {
    const release: (() => void)[] = [];
    const { come } = ticketed({
      allowEarlyDataCallback: () => new Promise((resolve) => release.push(() => resolve(true))),
      options: OPTIONS.ENABLE_MIDDLEBOX_COMPAT,
    });
    const both = [come(), come()];
    for (const peer of both) peer.play('CH', 'EARLY');
    for (const go of release) go();
    await undefined;
    await undefined;
    for (const peer of both) peer.turn();
    const taken = both.filter((peer) => peer.text === 'early');
    // The callback took the responsibility for the second one, if the cache did not know the ticket any more.
    expect(taken.length).toBeGreaterThan(0);
    expect(both.every((peer) => peer.failure === undefined)).toBe(true);
  });

  const CHANGED: readonly [name: string, options: SslContextOptions, change: (peer: ClientPeer) => void, ticketName?: string][] = [
    [
      'for another name',
      {},
      (peer) => {
        peer.name = 'other.example';
      },
      NAME,
    ],
    ['that the callback refuses', { allowEarlyDataCallback: () => false }, () => {}],
    [
      'after a HelloRetryRequest',
      {},
      (peer) => {
        peer.shareGroup = 0x0017;
        peer.groups = [0x0017, 0x001d];
      },
    ],
  ];
  it.each(CHANGED)('is not taken %s', (what, options, change, ticketName) => {
    const { context, come } = ticketed(options, ticketName);
    if (what.includes('Retry')) context.set('groups', 'X25519');
    const peer = come(change).play('CH');
    peer.sendData('early').turn();
    expect(peer.failure).toBeUndefined();
    expect(peer.text).toBe('');
    expect(peer.victim.connection?.earlyData).not.toBe('accepted');
  });

  it('is not taken where nobody could know that it is new: a PSK of its own, and no one asked', () => {
    const key = utf8('a key of both sides');
    const psk = { identity: utf8('id'), key, maxEarlyData: 100 };
    const come = (options: SslContextOptions): ClientPeer =>
      againstServer({ pskServerCallback: () => psk, ...options }, (peer) => {
        peer.psk = { identity: psk.identity, secret: key, kind: 'external' };
        peer.offersEarlyData = true;
        readsEarlyData(peer);
      }).play('CH', 'EARLY');
    expect(come({}).text).toBe('');
    expect(come({ allowEarlyDataCallback: () => true }).text).toBe('early');
    expect(come({ options: OPTIONS.NO_ANTI_REPLAY }).text).toBe('early');
  });

  it('is not taken by a server that reads none', () => {
    const { come } = ticketed();
    const peer = come((self) => {
      self.advance = () => {
        if (!self.victim.isInitFinished) return self.victim.doHandshake();
        const data = self.victim.read();
        if (data !== undefined) self.delivered.push(data);
        return data !== undefined;
      };
    }).play('CH', 'EARLY');
    expect(peer.text).toBe('');
    expect(peer.failure).toBeUndefined();
  });
});

// ---- a client

describe('a session is offered by a client', () => {
  const first = (options: SslContextOptions = {}, ticket: Partial<NewSessionTicket> = {}): ReturnType<typeof againstClient> => {
    const peer = againstClient(options);
    peer.edits = { NST: (value: NewSessionTicket) => ({ ...value, ...ticket }) };
    return peer.handshake().play('NST');
  };
  const offers = (peer: ReturnType<typeof againstClient>, options: SslContextOptions = {}, name = NAME): boolean => {
    const { session } = peer.victim;
    expect(session?.data.ticket.length).toBeGreaterThan(0);
    const again = againstClient(options, ({ victim }) => victim.set('serverName', name).setSession(session)).turn();
    expect(again.failure).toBeUndefined();
    return again.offered.has(preSharedKey);
  };

  it('that means the same host', () => {
    expect(offers(first())).toBe(true);
  });

  it('but not to another host', () => {
    expect(offers(first(), {}, 'other.example')).toBe(false);
  });

  it('but not where it was made without verification, and now there is some', () => {
    const careless = first({
      verifyMode: VERIFY.NONE,
      ca: testCertificate({ subject: 'Another CA', issuer: 'Another CA', key: 'ca', ca: true }),
    });
    expect(careless.victim.connection?.verifyResult).not.toBe('OK');
    expect(offers(careless)).toBe(false);
    expect(offers(careless, { verifyMode: VERIFY.NONE })).toBe(true);
  });

  it('but not in another application', () => {
    expect(offers(first({ sessionIdContext: utf8('one') }), { sessionIdContext: utf8('two') })).toBe(false);
  });

  it('but not without its suite’s hash', () => {
    expect(offers(first(), { cipherSuites: 'TLS_AES_256_GCM_SHA384' })).toBe(false);
  });

  it('but not after its connection failed', () => {
    const peer = first();
    peer.sendChangeCipherSpec().turn();
    expect(peer.failure).toBeDefined();
    expect(offers(peer)).toBe(false);
  });

  it('with early data only where the ticket allows it', () => {
    const peer = first();
    const again = againstClient({}, ({ victim }) => victim.set('serverName', NAME).setSession(peer.victim.session));
    expect(() => again.victim.writeEarlyData(utf8('early'))).toThrow(expect.objectContaining({ reason: 'BAD_EARLY_DATA' }));
    expect(again.turn().offered.has(earlyData)).toBe(false);
  });
});

describe('a client takes back early data', () => {
  /** A client with a ticket that allows early data, and a server that says yes to it. */
  function accepted(
    first: SslContextOptions,
    second: SslContextOptions,
    protocol: { before?: string; after?: string },
    suite = 0x1301,
  ): ReturnType<typeof againstClient> {
    const say = (name: string | undefined) =>
      name === undefined ? {} : { EE: appending(16, concat(Uint8Array.of(0, name.length + 1, name.length), utf8(name))) };
    const peer = againstClient({ ...first, alpnProtocols: ['a', 'b'] });
    peer.edits = { ...say(protocol.before), NST: appending(earlyData.id, Uint8Array.of(0, 0, 1, 0)) };
    peer.handshake().play('NST');
    const { session } = peer.victim;
    const secret = session?.data.secret.slice() ?? new Uint8Array(0);
    const again = againstClient({ ...second, alpnProtocols: ['a', 'b'] }, (self) => {
      self.victim.setSession(session);
      self.psk = { identity: utf8('ticket 1'), secret, kind: 'resumption' };
      self.usePsk = true;
      self.acceptEarlyData = true;
      self.edits = say(protocol.after);
      self.victim.writeEarlyData(utf8('early'));
    });
    const turns = (self: typeof again): void => {
      self.suite = suiteOf(suite);
    };
    return again.play(turns, 'SH', 'EE', 'FIN', 'DATA');
  }

  it('where everything is as it was', () => {
    const peer = accepted({}, {}, { before: 'a', after: 'a' });
    expectConnection(peer);
    expect(peer.victim.connection?.earlyData).toBe('accepted');
  });

  it('but not under another suite', () => {
    const both = { cipherSuites: ['TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'] } as const;
    const peer = accepted(both, both, { before: 'a', after: 'a' }, 0x1303);
    expectRefusal(peer, 'illegal_parameter', 'BAD_EARLY_DATA');
  });

  it('but not under another protocol', () => {
    expectRefusal(accepted({}, {}, { before: 'a', after: 'b' }), 'illegal_parameter', 'BAD_EARLY_DATA');
    expectRefusal(accepted({}, {}, { before: 'a' }), 'illegal_parameter', 'BAD_EARLY_DATA');
    expectRefusal(accepted({}, {}, { after: 'b' }), 'illegal_parameter', 'BAD_EARLY_DATA');
  });
});

// ---- pre-shared keys

describe('a key among the credentials', () => {
  it('stays in the second ClientHello where it is what a server goes by', () => {
    const server = new SslContext({ role: 'server', ...QUICK_SERVER, groups: ['P-256'] }).addCredential({
      identity: utf8('us'),
      key: utf8('a key'),
    });
    const peer = againstServer(server, (self) => {
      self.psk = { identity: utf8('us'), secret: utf8('a key'), kind: 'external' };
    }).play('CH');
    expect(peer.retries).toHaveLength(1);
    peer.psk = undefined;
    peer.play('CH');
    expectRefusal(peer, 'illegal_parameter', 'BAD_PSK');
  });
});

describe('an imported key', () => {
  const key = utf8('one key for both directions');
  const psk = (context: string) => ({ identity: utf8('us'), key, importContext: utf8(context) });

  it('is not reflected: what one role offers the other does not take', () => {
    const offered = againstClient({ pskClientCallback: () => [psk('from a to b')] }).turn();
    const mirror = serverContext({ ...QUICK_SERVER, pskServerCallback: () => psk('from b to a') });
    const peer = new ClientPeer(new Ssl(mirror));
    peer.sendRaw(offered.messages[0] as Uint8Array).turn();
    expect(peer.failure).toBeUndefined();
    expect(peer.helloServer).toBeDefined();
    expect(peer.victim.connection?.established).toBe(false);
  });

  it('serves where both sides import it for the same purpose', () => {
    const both = connected(
      { ...QUICK_CLIENT, pskClientCallback: () => [psk('x')] },
      { ...QUICK_SERVER, pskServerCallback: () => psk('x') },
    );
    both.client.write(utf8('hello'));
    expect(drain(both.server)).toEqual(utf8('hello'));
    expect(both.client.connection?.peerChain).toEqual([]);
  });

  it('is a matter of bytes: identities are not cut at NUL', () => {
    const identity = utf8('user\0admin');
    const asked: Uint8Array[] = [];
    const both = pair(
      { ...QUICK_CLIENT, pskClientCallback: () => [{ identity, key }] },
      {
        ...QUICK_SERVER,
        pskServerCallback: (_ssl, name) => {
          asked.push(name);
          return { identity: name, key };
        },
      },
    );
    handshake(both);
    expect(asked).toEqual([identity]);
  });
});
