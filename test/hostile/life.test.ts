import { afterEach, describe, expect, it } from 'vitest';
import { concat, toHex, utf8 } from '../../src/bytes/bytes.ts';
import type { Aead, CryptoProvider, HmacKey } from '../../src/crypto/provider.ts';
import { type Bio, type MemBio, Ssl, SslContext, type SslContextOptions, SslError, TlsFatal, VERIFY } from '../../src/index.ts';
import { clientContext, drain, handshake, handshakeAsync, join, type Pair, pair, serverContext } from '../support/connect.ts';
import { testAuthority, testCertificate, testKey } from '../support/pki.ts';
import { againstServer, QUICK_SERVER } from './client-peer.ts';
import { type Peer, provider } from './peer.ts';
import { againstClient, QUICK_CLIENT, type ServerStep } from './server-peer.ts';

/** Every callback there is, doing `act` and then what it has to. */
function callbacks(act: (name: string, ssl: Ssl | undefined) => void): {
  readonly client: SslContextOptions;
  readonly server: SslContextOptions;
} {
  const both: SslContextOptions = {
    msgCallback: (_write, _version, _type, _bytes, ssl) => act('msg', ssl),
    infoCallback: (ssl) => act('info', ssl),
    keylogCallback: (ssl) => act('keylog', ssl),
    certCallback: (ssl) => {
      act('cert', ssl);
      return true;
    },
    newSessionCallback: (ssl) => act('new session', ssl),
    recordPaddingCallback: (ssl) => {
      act('padding', ssl);
      return 1;
    },
    verifyCallback: (ok, { connection }) => {
      act('verify', connection as Ssl);
      return ok;
    },
  };
  return {
    client: {
      ...QUICK_CLIENT,
      ...both,
      alpnProtocols: ['a'],
      cert: testCertificate({ key: 'client', subject: 'a client' }),
      key: testKey('client'),
      statusRequest: true,
      statusCallback: (ssl) => {
        act('status', ssl);
        return true;
      },
      pskClientCallback: (ssl) => {
        act('psk client', ssl);
        return [{ identity: utf8('unknown'), key: utf8('key') }];
      },
    },
    server: {
      ...QUICK_SERVER,
      ...both,
      numTickets: 1,
      ca: testAuthority,
      verifyMode: VERIFY.PEER,
      clientHelloCallback: (ssl) => {
        act('client hello', ssl);
        return 'ok';
      },
      serverNameCallback: (ssl) => {
        act('server name', ssl);
        return 'ok';
      },
      alpnSelectCallback: (ssl, [first]) => {
        act('alpn', ssl);
        return first ?? 'noack';
      },
      pskServerCallback: (ssl) => {
        act('psk server', ssl);
        return undefined;
      },
      statusCallback: (ssl) => {
        act('status', ssl);
        return undefined;
      },
    },
  };
}

const SIDES = ['client', 'server'] as const;
/** Names of the callbacks that a full handshake and some data reach, by side. */
function reached(side: 'client' | 'server'): readonly string[] {
  const names = new Set<string>();
  const { client, server } = callbacks(() => {});
  const seen = callbacks((name) => void names.add(name))[side];
  use(pair(side === 'client' ? seen : client, side === 'server' ? seen : server));
  return [...names];
}

function use(both: Pair): void {
  handshake(both);
  both.client.write(utf8('there'));
  drain(both.server);
  both.server.write(utf8('back'));
  drain(both.client);
}

const CALLS: readonly [name: string, call: (ssl: Ssl) => unknown][] = [
  ['doHandshake', (ssl) => ssl.doHandshake()],
  ['read', (ssl) => ssl.read()],
  ['peek', (ssl) => ssl.peek()],
  ['write', (ssl) => ssl.write(utf8('from within'))],
  ['flush', (ssl) => ssl.flush()],
  ['shutdown', (ssl) => ssl.shutdown()],
  ['keyUpdate', (ssl) => ssl.keyUpdate(true)],
  ['verifyClientPostHandshake', (ssl) => ssl.verifyClientPostHandshake()],
  ['clear', (ssl) => ssl.clear()],
];

describe.each(SIDES)('a callback of a %s', (side) => {
  const other = side === 'client' ? 'server' : 'client';

  it('is there to be tested', () => {
    expect(reached(side).toSorted()).toEqual(
      side === 'client'
        ? ['cert', 'info', 'keylog', 'msg', 'new session', 'padding', 'psk client', 'status', 'verify']
        : [
            'alpn',
            'cert',
            'client hello',
            'info',
            'keylog',
            'msg',
            'new session',
            'padding',
            'psk server',
            'server name',
            'status',
            'verify',
          ],
    );
  });

  it.each(CALLS)('that calls %s on its own connection is refused, and nothing is harmed', (_name, call) => {
    const reasons = new Set<string>();
    let inside = false;
    const acting = callbacks((_callback, ssl) => {
      // What a refused call says to the info callback is not of interest.
      if (ssl === undefined || inside || ssl.role !== side) return;
      inside = true;
      try {
        const connected = ssl.isInitFinished;
        const result = call(ssl);
        // On a connection in use there is no handshake to do, and nothing is done.
        if (!(connected && result === true)) reasons.add(`it was done: ${result}`);
      } catch (error) {
        reasons.add(error instanceof SslError ? error.reason : String(error));
      } finally {
        inside = false;
      }
    });
    const still = callbacks(() => {});
    const contexts = { [side]: acting[side], [other]: still[other] } as { client: SslContextOptions; server: SslContextOptions };
    const both = pair(contexts.client, contexts.server);
    use(both);
    const harmless = [
      'CALLED_FROM_CALLBACK',
      'STILL_IN_INIT',
      'SHUTDOWN_WHILE_IN_INIT',
      'NOT_SERVER',
      'EXTENSION_NOT_RECEIVED',
      'UNINITIALIZED',
    ];
    expect([...reasons].filter((reason) => !harmless.includes(reason))).toEqual([]);
    expect(reasons.has('CALLED_FROM_CALLBACK')).toBe(true);
    both.client.write(utf8('and on'));
    expect(drain(both.server)).toEqual(utf8('and on'));
  });

  it.each(reached(side).map((name) => [name]))('(%s) that frees its connection takes effect when the call ends', (name) => {
    let freed = false;
    let victim: Ssl | undefined;
    const acting = callbacks((callback, ssl) => {
      if (callback !== name || freed || ssl === undefined || ssl.role !== side) return;
      freed = true;
      victim = ssl;
      ssl.free();
    });
    const still = callbacks(() => {});
    const both = pair(side === 'client' ? acting.client : still.client, side === 'server' ? acting.server : still.server);
    const trace: string[] = [];
    const watched = (inner: MemBio): Bio => ({
      read: (max) => {
        trace.push('used');
        return inner.read(max);
      },
      write: (bytes) => {
        trace.push('used');
        return inner.write(bytes);
      },
      free: () => void trace.push('let go'),
    });
    if (side === 'client') both.client.setBio(watched(both.toClient), watched(both.toServer));
    else both.server.setBio(watched(both.toServer), watched(both.toClient));
    // The call that was under way may end as it would have; whatever comes after it is refused.
    expect(() => use(both)).toThrow(SslError);
    expect(freed).toBe(true);
    expect(victim?.referenceCount).toBe(0);
    expect(trace.slice(-2)).toEqual(['let go', 'let go']);
    expect(trace.indexOf('let go')).toBe(trace.length - 2);
    expect(() => victim?.read()).toThrow(expect.objectContaining({ reason: 'USE_AFTER_FREE' }));
    expect(() => victim?.free()).toThrow(expect.objectContaining({ reason: 'USE_AFTER_FREE' }));
  });

  it.each(reached(side).map((name) => [name]))('(%s) that throws ends the connection with internal_error', (name) => {
    const acting = callbacks((callback, ssl) => {
      if (callback === name && (ssl === undefined || ssl.role === side)) throw new TypeError('a fault of the application');
    });
    const still = callbacks(() => {});
    const both = pair(side === 'client' ? acting.client : still.client, side === 'server' ? acting.server : still.server);
    expect(() => use(both)).toThrow('a fault of the application');
    const { failure } = both[side];
    expect(failure).toBeInstanceOf(TlsFatal);
    expect(failure?.cause).toBeInstanceOf(TypeError);
    expect(() => both[side].read()).toThrow(failure);
  });
});

describe('what takes its time', () => {
  const unhandled: unknown[] = [];
  afterEach(() => {
    expect(unhandled).toEqual([]);
  });

  const later = <T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void; readonly reject: (error: Error) => void } => {
    let resolve: (value: T) => void = () => {};
    let reject: (error: Error) => void = () => {};
    const promise = new Promise<T>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    return { promise, resolve, reject };
  };

  const SLOW: readonly [name: string, side: 'client' | 'server', make: (answer: Promise<never>) => SslContextOptions][] = [
    ['the ClientHello callback', 'server', (clientHello) => ({ clientHelloCallback: () => clientHello })],
    ['the server name callback', 'server', (answer) => ({ serverNameCallback: () => answer })],
    ['the ALPN callback', 'server', (answer) => ({ alpnSelectCallback: () => answer })],
    ['the certificate callback', 'server', (answer) => ({ certCallback: () => answer })],
    ['the PSK callback of a server', 'server', (answer) => ({ pskServerCallback: () => answer })],
    ['the PSK callback of a client', 'client', (answer) => ({ pskClientCallback: () => answer })],
    ['the verify callback', 'client', (answer) => ({ verifyCallback: () => answer })],
    ['the status callback', 'client', (answer) => ({ statusRequest: true, statusCallback: () => answer })],
    [
      'a key that signs elsewhere',
      'server',
      (answer) => ({ cert: testCertificate(), key: { publicKey: testKey('ec256').publicKey, sign: () => answer } }),
    ],
  ];
  const begin = (side: 'client' | 'server', options: SslContextOptions): Pair => {
    const offers = (
      side === 'server' ? { alpnProtocols: ['a'], pskClientCallback: () => [{ identity: utf8('i'), key: utf8('k') }] } : {}
    ) as SslContextOptions;
    return pair(
      side === 'client' ? { ...QUICK_CLIENT, ...options } : { ...QUICK_CLIENT, ...offers },
      side === 'server' ? { ...QUICK_SERVER, ...options } : QUICK_SERVER,
    );
  };
  const proceed = (both: Pair): void => {
    for (let turn = 0; turn < 4; turn++) for (const ssl of [both.client, both.server]) if (ssl.failure === undefined) ssl.doHandshake();
  };

  it.each(SLOW)('%s may fail: the connection ends with internal_error', async (_name, side, make) => {
    const { promise, reject } = later<never>();
    const both = begin(side, make(promise));
    proceed(both);
    expect(both[side].settled).toBeInstanceOf(Promise);
    reject(new Error('the module is gone'));
    await expect(handshakeAsync(both)).rejects.toThrow('the module is gone');
    expect(both[side].failure).toMatchObject({ alert: 'internal_error' });
    const other = both[side === 'client' ? 'server' : 'client'];
    expect(() => other.doHandshake()).toThrow(expect.objectContaining({ alertCode: 80 }));
  });

  it.each(SLOW)('%s may come too late: a connection that was freed meanwhile stays so', async (_name, side, make) => {
    for (const end of ['resolve', 'reject'] as const) {
      const answer = later<never>();
      const both = begin(side, make(answer.promise));
      proceed(both);
      const written = both.toClient.pending + both.toServer.pending;
      both[side].free();
      if (end === 'resolve') answer.resolve(undefined as never);
      else answer.reject(new Error('too late'));
      await answer.promise.catch(() => undefined);
      await undefined;
      expect(() => both[side].doHandshake()).toThrow(expect.objectContaining({ reason: 'USE_AFTER_FREE' }));
      expect(both.toClient.pending + both.toServer.pending).toBe(written);
    }
  });

  it.each(SLOW)('%s may come too late: a connection that was cleared meanwhile does not hear of it', async (_name, side, make) => {
    const answer = later<never>();
    const both = begin(side, make(answer.promise));
    proceed(both);
    both[side].clear();
    expect(both[side].settled).toBeUndefined();
    answer.reject(new Error('too late'));
    await answer.promise.catch(() => undefined);
    await undefined;
    expect(both[side].failure).toBeUndefined();
    expect(both[side].inBefore).toBe(true);
  });
});

// ---- secrets

/** A provider that remembers every secret it saw: keys and results of HMACs, keys of AEADs, and what agreements gave. */
function spying(): { readonly spy: CryptoProvider; readonly secrets: Set<Uint8Array> } {
  const secrets = new Set<Uint8Array>();
  const remember = <T extends Uint8Array | undefined>(secret: T): T => {
    if (secret !== undefined) secrets.add(secret);
    return secret;
  };
  const watched = (keyed: HmacKey): HmacKey => ({ mac: (...parts) => remember(keyed.mac(...parts)), wipe: () => keyed.wipe() });
  const spy: CryptoProvider = Object.assign(Object.create(provider) as CryptoProvider, {
    hmac: (name: Parameters<CryptoProvider['hmac']>[0], key: Uint8Array): HmacKey => watched(provider.hmac(name, remember(key))),
    prfKey: (name: Parameters<CryptoProvider['prfKey']>[0], key: Uint8Array): HmacKey => watched(provider.prfKey(name, remember(key))),
    aead: (name: Parameters<CryptoProvider['aead']>[0], key: Uint8Array): Aead => provider.aead(name, remember(key)),
    ephemeral: (name: Parameters<CryptoProvider['ephemeral']>[0]) => {
      const key = provider.ephemeral(name);
      if (key instanceof Promise) throw new TypeError('the provider of the tests is synchronous');
      return Object.assign(Object.create(key) as typeof key, {
        publicKey: key.publicKey,
        agree: (peer: Uint8Array) => remember(key.agree(peer) as Uint8Array | undefined),
        wipe: () => key.wipe(),
      });
    },
  });
  return { spy, secrets };
}

/** What of `secrets` can still be read, but for constants and for what stood on the wire anyway. */
function alive(
  secrets: Iterable<Uint8Array>,
  constants: ReadonlySet<Uint8Array>,
  peer: Peer,
  own: readonly Uint8Array[] = [],
): readonly string[] {
  const open = toHex(concat(...peer.said, ...peer.messages));
  const readable = [...secrets].filter((secret) => !constants.has(secret) && !own.includes(secret) && secret.some((byte) => byte !== 0));
  return readable.map(toHex).filter((secret) => !open.includes(secret));
}

/** The secrets that a connection itself keeps. */
function keptBy({ connection }: Ssl): readonly Uint8Array[] {
  const { readSecret, writeSecret, exporterSecret, earlyExporterSecret, resumptionSecret } = connection ?? {};
  return [readSecret, writeSecret, exporterSecret, earlyExporterSecret, resumptionSecret].filter((secret) => secret !== undefined);
}

const STAGES: readonly (readonly ServerStep[])[] = [
  [],
  ['HRR'],
  ['SH'],
  ['SH', 'EE'],
  ['SH', 'EE', 'CR'],
  ['SH', 'EE', 'CT'],
  ['SH', 'EE', 'CT', 'CV'],
  ['SH', 'EE', 'CT', 'CV', 'FIN'],
  ['SH', 'EE', 'CT', 'CV', 'FIN', 'NST', 'KU', 'DATA'],
];

const imports = (key: Uint8Array): SslContextOptions => ({
  pskClientCallback: () => [{ identity: utf8('id'), key, importContext: utf8('test') }],
});

describe('no secret outlives', () => {
  const { spy, secrets } = spying();
  const client = (): ReturnType<typeof againstClient> => againstClient({ provider: spy });
  const server = (options: SslContextOptions = {}): ReturnType<typeof againstServer> =>
    againstServer({ provider: spy, key: testKey('ec256', spy), cert: testCertificate(), ...options });
  // Constants of the key schedule are secrets of nobody: they are there from the first connection on.
  const constants = ((): ReadonlySet<Uint8Array> => {
    const first = client().handshake();
    const second = server().handshake();
    const candidates = new Set(secrets);
    secrets.clear();
    first.victim.free();
    second.victim.free();
    client().handshake().victim.free();
    server().handshake().victim.free();
    againstClient({ provider: spy, cipherSuites: 'TLS_AES_256_GCM_SHA384', ...imports(utf8('any')) })
      .turn()
      .victim.free();
    return new Set([...candidates].filter((secret) => secrets.has(secret)));
  })();
  afterEach(() => secrets.clear());

  it('and there are secrets to look at', () => {
    const peer = client().handshake();
    expect(secrets.size).toBeGreaterThan(10);
    expect(alive(secrets, constants, peer).length).toBeGreaterThan(1);
    expect(keptBy(peer.victim)).toHaveLength(4);
  });

  it.each(STAGES.map((steps) => [steps.join(' ') || 'its ClientHello', steps] as const))(
    'a client that is freed after %s',
    (_name, steps) => {
      const peer = client().play(...steps);
      const kept = keptBy(peer.victim);
      peer.victim.free();
      expect(alive([...secrets, ...kept], constants, peer)).toEqual([]);
    },
  );

  it.each(STAGES.map((steps) => [steps.join(' ') || 'its ClientHello', steps] as const))(
    'a client that is cleared after %s',
    (_name, steps) => {
      const peer = client().play(...steps);
      const kept = keptBy(peer.victim);
      peer.victim.clear();
      expect(alive([...secrets, ...kept], constants, peer)).toEqual([]);
    },
  );

  it.each(STAGES.map((steps) => [steps.join(' ') || 'its ClientHello', steps] as const))('a client that fails after %s', (_name, steps) => {
    const peer = client().play(...steps);
    const kept = keptBy(peer.victim);
    peer.sendRecord(22, new Uint8Array(0)).turn();
    expect(peer.failure).toBeInstanceOf(TlsFatal);
    // A session belongs to whoever may resume it; this connection has let go of its own.
    const own = peer.victim.session?.data.secret;
    expect(alive([...secrets, ...kept], constants, peer, own === undefined ? [] : [own])).toEqual([]);
  });

  it.each([[['CH']], [['CH', 'FIN']], [['CH', 'FIN', 'KU', 'DATA']]] as const)('a server that is freed after %s', (steps) => {
    const peer = server().play(...steps);
    const kept = keptBy(peer.victim);
    peer.victim.free();
    expect(alive([...secrets, ...kept], constants, peer)).toEqual([]);
  });

  it.each([[['CH']], [['CH', 'FIN']], [['CH', 'FIN', 'KU', 'DATA']]] as const)('a server that fails after %s', (steps) => {
    const peer = server().play(...steps);
    const kept = keptBy(peer.victim);
    peer.sendRecord(22, new Uint8Array(0)).turn();
    expect(peer.failure).toBeInstanceOf(TlsFatal);
    expect(alive([...secrets, ...kept], constants, peer)).toEqual([]);
  });

  it.each([0, 2000])('a server that resumed a session, with %i bytes of early data allowed', (maxEarlyData) => {
    const context = serverContext({ ...QUICK_SERVER, numTickets: 1, maxEarlyData, provider: spy, key: testKey('ec256', spy) });
    const first = againstServer(context).handshake();
    const { ticketPsk } = first;
    first.victim.free();
    const again = againstServer(context, (peer) => {
      peer.psk = ticketPsk;
    }).handshake();
    expect(again.victim.connection?.reused).toBe(true);
    const { session } = again.victim;
    const kept = keptBy(again.victim);
    again.victim.free();
    // A context has ticket keys, and sessions that may be resumed yet.
    context.free();
    expect(session?.referenceCount).toBe(0);
    // Finished messages of the first connection stood on the wire too.
    again.said.push(...first.said, ...first.messages);
    expect(alive([...secrets, ...kept], constants, again)).toEqual([]);
  });

  it('a client with an imported key', () => {
    const key = utf8('a key that was imported');
    const peer = againstClient({
      provider: spy,
      ...imports(key),
    }).turn();
    const kept = keptBy(peer.victim);
    peer.victim.free();
    expect(alive([...secrets, ...kept], constants, peer, [key])).toEqual([]);
  });

  it('a connection whose info callback throws when it fails', () => {
    let failing = false;
    const peer = againstClient({
      provider: spy,
      infoCallback: () => {
        if (failing) throw new Error('from the info callback');
      },
    }).handshake();
    failing = true;
    const kept = keptBy(peer.victim);
    peer.sendRecord(22, new Uint8Array(0)).turn();
    expect(peer.failure).toMatchObject({ reason: 'BAD_LENGTH' });
    expect(() => peer.victim.read()).toThrow(peer.failure as Error);
    expect(alive([...secrets, ...kept], constants, peer)).toEqual([]);
  });
});

describe('a handle after its last free', () => {
  it('is refused by every call', () => {
    const { client } = pair(QUICK_CLIENT, QUICK_SERVER);
    client.free();
    for (const [, call] of CALLS) expect(() => call(client)).toThrow(expect.objectContaining({ reason: 'USE_AFTER_FREE' }));
    for (const call of [
      () => client.upRef(),
      () => client.dup(),
      () => client.setSession(undefined),
      () => client.set('mode', 0),
      () => client.setRole('server'),
    ]) {
      expect(call).toThrow(expect.objectContaining({ reason: 'USE_AFTER_FREE' }));
    }
  });

  it('of a context is refused as well', () => {
    const context = new SslContext();
    context.free();
    expect(() => new Ssl(context)).toThrow(expect.objectContaining({ reason: 'USE_AFTER_FREE' }));
    expect(() => context.free()).toThrow(expect.objectContaining({ reason: 'USE_AFTER_FREE' }));
  });

  it('and one that has keys is never doubled', () => {
    const both = join(new Ssl(clientContext(QUICK_CLIENT)), new Ssl(serverContext(QUICK_SERVER)));
    handshake(both);
    expect(both.client.dup()).toBe(both.client);
    expect(both.client.referenceCount).toBe(2);
  });
});
