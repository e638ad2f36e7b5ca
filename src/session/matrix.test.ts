import { describe, expect, it } from 'vitest';
import { clientContext, drain, handshakeAsync, type Pair, pair, serverContext } from '../../test/support/connect.ts';
import { TEST_TIME, testAuthority, testCertificate } from '../../test/support/pki.ts';
import { toHex, utf8 } from '../bytes/bytes.ts';
import { OPTIONS, SESSION_CACHE, VERIFY } from '../registry/options.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../registry/versions.ts';
import { SslContext, type SslContextOptions } from '../ssl/context.ts';
import type { SslSession } from './session.ts';

const VERSIONS = [
  ['TLS 1.2', TLS1_2_VERSION],
  ['TLS 1.3', TLS1_3_VERSION],
] as const;
const KEEPING = ['tickets', 'a cache'] as const;
type Keeping = (typeof KEEPING)[number];

const DEFAULTS = new SslContext().get('options');
const NAMES = ['server.example', 'other.example'];
const cert = testCertificate({ names: { dns: NAMES } });

/** What a server's application was asked and told. */
interface Diary {
  readonly kept: Map<string, SslSession>;
  readonly removed: string[];
  asked: number;
  keysAsked: number;
}

type Callbacks = (diary: Diary) => SslContextOptions;

const keep = ({ kept }: Diary): SslContextOptions => ({
  newSessionCallback: (_ssl, session) => kept.set(toHex(session.data.id), session.upRef()),
});
const EXTERNAL = SESSION_CACHE.SERVER | SESSION_CACHE.NO_INTERNAL;
const TICKET_KEY = { name: new Uint8Array(16).fill(7), key: new Uint8Array(32).fill(9) };

/** Each way for an application to take part. */
const CALLBACKS: Readonly<Record<string, Callbacks>> = {
  'no callbacks': () => ({}),
  'new and remove': (diary) => ({ ...keep(diary), removeSessionCallback: (_context, { data }) => diary.removed.push(toHex(data.id)) }),
  'a cache of its own': (diary) => ({
    ...keep(diary),
    sessionCacheMode: EXTERNAL,
    getSessionCallback: (_ssl, id) => {
      diary.asked++;
      return diary.kept.get(toHex(id))?.upRef();
    },
  }),
  'a cache of its own that answers later': (diary) => ({
    ...keep(diary),
    sessionCacheMode: EXTERNAL,
    getSessionCallback: async (_ssl, id) => {
      diary.asked++;
      return diary.kept.get(toHex(id))?.upRef();
    },
  }),
  'ticket keys': (diary) => ({
    ticketKeyCallback: () => {
      diary.keysAsked++;
      return TICKET_KEY;
    },
  }),
  'ticket keys that come later': (diary) => ({
    ticketKeyCallback: async () => {
      diary.keysAsked++;
      return TICKET_KEY;
    },
  }),
  'session ids': (diary) => ({
    ...keep(diary),
    generateSessionIdCallback: (_ssl, length) => new Uint8Array(length).fill(diary.kept.size + 1),
  }),
};

interface Stage {
  readonly client: SslContext;
  readonly server: SslContext;
  /** The context that connections move to, if they do. */
  readonly second: SslContext | undefined;
  readonly diary: Diary;
}

function stage(version: number, keeping: Keeping, moves: boolean, callbacks: Callbacks = () => ({})): Stage {
  const diary: Diary = { kept: new Map(), removed: [], asked: 0, keysAsked: 0 };
  const options = keeping === 'a cache' ? DEFAULTS | OPTIONS.NO_TICKET : DEFAULTS;
  const common = { minProtoVersion: version, maxProtoVersion: version };
  const server = serverContext({ ...common, cert, options, sessionIdContext: utf8('app'), ...callbacks(diary) });
  const second = moves ? serverContext({ ...common, cert, options, sessionIdContext: utf8('moved') }) : undefined;
  if (second !== undefined) {
    server.set('serverNameCallback', (ssl) => {
      ssl.setContext(second);
      return 'ok';
    });
  }
  return { client: clientContext(common), server, second, diary };
}

async function connect({ client, server }: Stage, session?: SslSession, name = 'server.example'): Promise<Pair> {
  const both = pair(client, server);
  both.client.set('serverName', name);
  if (session !== undefined) both.client.setSession(session);
  await handshakeAsync(both);
  drain(both.client);
  return both;
}

async function sessionOf(where: Stage, name?: string): Promise<SslSession> {
  const { session } = (await connect(where, undefined, name)).client;
  if (session === undefined || !session.isResumable) throw new Error('nothing to resume');
  return session.upRef();
}

const isReused = ({ client, server }: Pair): boolean => {
  expect(client.connection?.reused).toBe(server.connection?.reused);
  return client.connection?.reused === true;
};

describe.each(VERSIONS)('sessions of %s', (_name, version) => {
  describe.each(KEEPING)('with %s', (keeping) => {
    describe.each([
      ['in one context', false],
      ['in a context that connections move to', true],
    ] as const)('%s', (_where, moves) => {
      it.each(Object.entries(CALLBACKS))('resume: %s', async (_what, callbacks) => {
        const where = stage(version, keeping, moves, callbacks);
        const { server, second, diary } = where;
        const session = await sessionOf(where);
        expect(isReused(await connect(where, session))).toBe(true);
        // Sessions stay with the context that connections began in.
        expect(second?.sessions.cache.size ?? 0).toBe(0);
        const { sessionCacheMode } = callbacks(diary);
        if (sessionCacheMode !== undefined) expect(server.sessions.cache.size).toBe(0);
        else expect(server.sessions.cache.size > 0).toBe(keeping === 'a cache');
      });

      it('ask and tell what the application is there for', async () => {
        for (const [what, callbacks] of Object.entries(CALLBACKS)) {
          const where = stage(version, keeping, moves, callbacks);
          const { diary } = where;
          await connect(where, await sessionOf(where));
          const stateful = keeping === 'a cache';
          // A TLS 1.2 session that its ticket carries has no id to be told by.
          const told = 'newSessionCallback' in callbacks(diary) && (stateful || version === TLS1_3_VERSION);
          expect([what, diary.kept.size > 0]).toEqual([what, told]);
          expect([what, diary.asked > 0]).toEqual([what, stateful && what.startsWith('a cache of its own')]);
          expect([what, diary.keysAsked > 0]).toEqual([what, !stateful && what.startsWith('ticket keys')]);
        }
      });

      it('do not cross session id contexts', async () => {
        const where = stage(version, keeping, moves);
        const session = await sessionOf(where);
        (where.second ?? where.server).set('sessionIdContext', utf8('another application'));
        expect(isReused(await connect(where, session))).toBe(false);
      });

      it('do not cross hosts, whatever the client says', async () => {
        const where = stage(version, keeping, moves);
        const session = await sessionOf(where);
        expect(isReused(await connect(where, session, 'other.example'))).toBe(false);
        session.update({ serverName: 'other.example' });
        expect(isReused(await connect(where, session, 'other.example'))).toBe(false);
      });

      it('do not spare a client the verification that it did not make', async () => {
        const where = stage(version, keeping, moves);
        where.client.set('verifyMode', VERIFY.NONE);
        where.client.set('certStore', clientContext({}).get('certStore'));
        const careless = {
          ...where,
          client: new SslContext({ role: 'client', now: where.client.now, verifyMode: VERIFY.NONE, maxProtoVersion: version }),
        };
        const session = await sessionOf(careless);
        expect(session.data.verifyResult).not.toBe('OK');
        expect(isReused(await connect(careless, session))).toBe(true);
        where.client.set('verifyMode', VERIFY.PEER);
        expect(isReused(await connect(where, session))).toBe(false);
      });

      it('do not spare the server’s certificate the names that are expected now', async () => {
        const where = stage(version, keeping, moves);
        const session = await sessionOf(where);
        where.client.get('verifyParam').setHost('third.example');
        await expect(connect(where, session)).rejects.toThrow(expect.objectContaining({ reason: 'CERTIFICATE_VERIFY_FAILED' }));
      });

      it('do not spare a client the certificate that is demanded now', async () => {
        const where = stage(version, keeping, moves);
        const session = await sessionOf(where);
        where.server.set('verifyMode', VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT).trust(testAuthority);
        where.second?.trust(testAuthority);
        await expect(connect(where, session)).rejects.toThrow(expect.objectContaining({ reason: 'PEER_DID_NOT_RETURN_A_CERTIFICATE' }));
      });

      it('are as good for a file that names no host as its certificate says', async () => {
        const where = stage(version, keeping, moves);
        const session = await sessionOf(where, 'other.example');
        const nameless = session.dup();
        nameless.update({ serverName: undefined });
        expect(isReused(await connect(where, nameless, 'other.example'))).toBe(true);
        nameless.update({ peerChain: [testCertificate({ names: { dns: ['third.example'] } })] });
        expect(isReused(await connect(where, nameless, 'other.example'))).toBe(false);
      });
    });
  });

  it('made where connections move are not good where they stay', async () => {
    for (const keeping of KEEPING) {
      const where = stage(version, keeping, true);
      const session = await sessionOf(where);
      where.server.set('serverNameCallback', undefined);
      expect(isReused(await connect(where, session))).toBe(false);
    }
  });

  it('are not told of and not kept where the mode says so', async () => {
    const where = stage(version, 'a cache', false, CALLBACKS['new and remove']);
    where.server.set('sessionCacheMode', SESSION_CACHE.OFF);
    await connect(where);
    expect(where.diary.kept.size).toBe(0);
    expect(where.server.sessions.cache.size).toBe(0);
  });

  it('may have ids shorter than 32 bytes', async () => {
    const where = stage(version, 'a cache', false);
    let next = 0;
    where.server.set('generateSessionIdCallback', () => Uint8Array.of(1, 2, 3, next++));
    expect(isReused(await connect(where, await sessionOf(where)))).toBe(true);
  });

  it('are removed with a word to the application', async () => {
    const where = stage(version, 'a cache', false, CALLBACKS['new and remove']);
    await connect(where);
    const ids = [...where.diary.kept.keys()];
    where.server.sessions.cache.flush('all');
    expect(where.diary.removed).toEqual(ids);
  });
});

/** Counters that are not zero. */
const counts = ({ sessions }: SslContext): Record<string, number> =>
  Object.fromEntries(Object.entries(sessions.cache.statistics).filter(([, count]) => count > 0));

describe.each(VERSIONS)('statistics of %s (SSL_CTX_sess_number(3))', (_name, version) => {
  it.each(KEEPING)('count connections and what was resumed, with %s', async (keeping) => {
    const where = stage(version, keeping, false);
    const session = await sessionOf(where);
    await connect(where, session);
    expect(counts(where.client)).toEqual({ connect: 2, connectGood: 2, hits: 1 });
    expect(counts(where.server)).toEqual({ accept: 2, acceptGood: 2, hits: 1 });
  });

  it('count what was not found, and what the application found', async () => {
    const where = stage(version, 'a cache', false, CALLBACKS['a cache of its own']);
    where.server.set('sessionCacheMode', SESSION_CACHE.SERVER | SESSION_CACHE.NO_INTERNAL_STORE);
    const session = await sessionOf(where);
    await connect(where, session);
    expect(counts(where.server)).toEqual({ accept: 2, acceptGood: 2, hits: 1, misses: 1, callbackHits: 1 });
  });

  it.each(KEEPING)('count what was too old, with %s', async (keeping) => {
    let now = 1000 * TEST_TIME;
    const where = stage(version, keeping, false, () => ({ now: () => now, sessionTimeout: 100 }));
    const session = await sessionOf(where);
    now += 101_000;
    await connect(where, session);
    expect(counts(where.server)).toEqual({ accept: 2, acceptGood: 2, timeouts: 1 });
  });

  it('count what had to make room', async () => {
    const where = stage(version, 'a cache', false, () => ({ sessionCacheSize: 1, numTickets: 1 }));
    await connect(where);
    await connect(where);
    expect(counts(where.server)).toEqual({ accept: 2, acceptGood: 2, cacheFull: 1 });
  });

  it('count handshakes that failed as begun', async () => {
    const where = stage(version, 'tickets', false);
    where.client.set('certStore', new SslContext().get('certStore'));
    await expect(connect(where)).rejects.toThrow();
    expect(counts(where.client)).toEqual({ connect: 1 });
    expect(counts(where.server)).toEqual({ accept: 1 });
  });
});

describe('statistics of TLS 1.2', () => {
  it('count handshakes on a connection in use apart', async () => {
    const where = stage(TLS1_2_VERSION, 'tickets', false);
    for (const context of [where.client, where.server]) context.set('options', OPTIONS.LEGACY_SERVER_CONNECT);
    const both = await connect(where);
    both.client.renegotiate();
    for (let turn = 0; turn < 6; turn++) expect(both.client.read() ?? both.server.read()).toBeUndefined();
    expect(counts(where.client)).toMatchObject({ connect: 1, connectRenegotiate: 1, connectGood: 2 });
    expect(counts(where.server)).toMatchObject({ accept: 1, acceptRenegotiate: 1, acceptGood: 2 });
  });
});
