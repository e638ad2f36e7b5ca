import { describe, expect, it } from 'vitest';
import {
  clientContext,
  connected,
  drain,
  handshake,
  handshakeAsync,
  join,
  type Pair,
  pair,
  serverContext,
} from '../../test/support/connect.ts';
import { testCertificate } from '../../test/support/pki.ts';
import { extension, helloOf, outcome } from '../../test/support/probes.ts';
import { concat, EMPTY, fromUtf8, toHex, utf8 } from '../bytes/bytes.ts';
import { readAll } from '../bytes/reader.ts';
import type { ClientHelloInfo } from '../config/callbacks.ts';
import { EchKeys, echKey, makeEchKey } from '../config/ech-keys.ts';
import { jsProvider } from '../crypto/js.ts';
import { encryptedClientHello } from '../extensions/encrypted-client-hello.ts';
import { readServerName } from '../extensions/server-name.ts';
import { PeerAlert, TlsFatal } from '../registry/fatal.ts';
import { VERIFY } from '../registry/options.ts';
import { type ClientHello, clientHello } from '../wire/client-hello.ts';
import { writeEchConfig, writeEchConfigList } from '../wire/ech-config.ts';
import { decodeMessage } from '../wire/message.ts';
import type { SslContext, SslContextOptions } from './context.ts';
import { Ssl } from './ssl.ts';

const key = makeEchKey({ publicName: 'public.example', configId: 42, maximumNameLength: 32 });
const other = makeEchKey({ publicName: 'public.example', configId: 43 });
const keys = new EchKeys([key]);
const others = new EchKeys([other]);
const quiet = makeEchKey({ publicName: 'public.example', configId: 44 });
const SEALED: SslContextOptions = { echConfigList: keys.retryConfigs };
const NO_SHARE: SslContextOptions = { keyShares: [] };

/** A server of both names, with a certificate for each. */
const publicCertificate = testCertificate({ subject: 'public.example', names: { dns: ['public.example'] } });
const PUBLIC: SslContextOptions = { cert: publicCertificate };

/** The handshake messages that a side sends, as they stand on the wire. */
function sentBy(options: SslContextOptions): { readonly options: SslContextOptions; readonly sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  const msgCallback: SslContextOptions['msgCallback'] = (write, _version, type, bytes) => {
    if (write && type === 22) sent.push(bytes.slice());
  };
  return { options: { ...options, msgCallback }, sent };
}

const noting =
  (seen: ClientHelloInfo[]) =>
  (_ssl: Ssl, hello: ClientHelloInfo): 'ok' => {
    seen.push(hello);
    return 'ok';
  };

const helloIn = (raw: Uint8Array | undefined): ClientHello => decodeMessage(clientHello, raw ?? EMPTY).value;
const nameIn = ({ extensions }: Pick<ClientHello, 'extensions'>): string | undefined => {
  const found = extensions.find(({ type }) => type === 0);
  return found && fromUtf8(readServerName(found.data));
};
const typesIn = ({ extensions }: Pick<ClientHello, 'extensions'>): readonly number[] => extensions.map(({ type }) => type);
const echIn = ({ extensions }: Pick<ClientHello, 'extensions'>) => {
  const found = extensions.find(({ type }) => type === 0xfe0d);
  return found && readAll(found.data, encryptedClientHello.CH.read);
};

/** How a client and a server end where they do not agree. */
function failed(both: Pair): { readonly client: unknown; readonly server: unknown } {
  expect(() => handshake(both)).toThrow();
  outcome(() => both.server.doHandshake() && both.server.read());
  return { client: both.client.failure, server: both.server.failure };
}

const fatalOf = (error: unknown): readonly string[] | string => (error instanceof TlsFatal ? [error.alert, error.reason] : String(error));
const echoes = ({ client, server }: Pair): void => {
  client.write(utf8('to the server'));
  expect(fromUtf8(drain(server))).toBe('to the server');
  server.write(utf8('to the client'));
  expect(fromUtf8(drain(client))).toBe('to the client');
};

describe('a server that has the key', () => {
  it.each([
    ['at once', {}],
    ['after a retry', NO_SHARE],
    ['in random order', { permuteExtensions: true, grease: true }],
    ['with TLS 1.3 alone', { minProtoVersion: 'TLSv1.3' }],
    ['over the other provider', { provider: jsProvider, ...NO_SHARE }],
  ] satisfies readonly (readonly [string, SslContextOptions])[])('takes the hello that was sealed %s', (_when, options) => {
    const { options: client, sent } = sentBy({ ...SEALED, alpnProtocols: ['h2'], ...options });
    const seen: ClientHelloInfo[] = [];
    const both = connected(client, {
      echKeys: keys,
      alpnProtocols: ['h2'],
      clientHelloCallback: noting(seen),
    });
    expect([both.client.echAccepted, both.server.echAccepted]).toEqual([true, true]);
    expect([both.client.echNameOverride, both.client.echRetryConfigs]).toEqual([undefined, undefined]);
    expect([both.server.connection?.serverName, fromUtf8(both.client.connection?.alpn ?? EMPTY)]).toEqual(['server.example', 'h2']);
    echoes(both);
    // Outside nothing tells of it but the extension, and the random is another one.
    for (const raw of sent.filter(([type]) => type === 1)) {
      const open = helloIn(raw);
      expect(nameIn(open)).toBe('public.example');
      expect(toHex(raw)).not.toContain(toHex(utf8('server.example')));
      expect(open.random).not.toEqual(both.client.connection?.clientRandom);
    }
    expect(nameIn(seen[0] as ClientHelloInfo)).toBe('server.example');
    expect(echIn(seen[0] as ClientHelloInfo)).toBe('inner');
  });

  it('takes it from chunks of any kind, of one byte each', () => {
    const both = pair(SEALED, { echKeys: keys });
    for (let turn = 0; turn < 2000 && !(both.client.isInitFinished && both.server.isInitFinished); turn++) {
      const { toServer, toClient } = both;
      for (const [side, bio] of [[both.server, toServer] as const, [both.client, toClient] as const]) {
        const bytes = bio.read(65_536);
        // What a socket of Node gives are Buffers, whose slices are no copies.
        const all = bytes instanceof Uint8Array && typeof Buffer !== 'undefined' ? Buffer.from(bytes) : bytes;
        if (all instanceof Uint8Array) bio.write(all);
        side.doHandshake();
      }
    }
    expect([both.client.echAccepted, both.server.echAccepted]).toEqual([true, true]);
  });

  it('finds it among several, also of the same id', () => {
    const twin = makeEchKey({ publicName: 'public.example', configId: 42 });
    const { client } = connected(SEALED, { echKeys: new EchKeys([other, twin, key]) });
    expect(client.echAccepted).toBe(true);
  });

  it.each(['P-256', 'P-384', 'P-521', 'x448'] as const)('has it on %s', (curve) => {
    const own = new EchKeys([makeEchKey({ publicName: 'public.example', curve, cipherSuites: [{ kdf: 3, aead: 2 }] })]);
    expect(connected({ echConfigList: own.retryConfigs }, { echKeys: own }).server.echAccepted).toBe(true);
  });

  it('is tried for no more than 16 keys of one id', () => {
    const twins = Array.from({ length: 16 }, () => makeEchKey({ publicName: 'public.example', configId: 42 }));
    expect(connected(SEALED, { echKeys: new EchKeys([...twins.slice(1), key]) }).server.echAccepted).toBe(true);
    const both = pair(SEALED, { ...PUBLIC, echKeys: new EchKeys([...twins, key]) });
    expect(fatalOf(failed(both).client)).toEqual(['ech_required', 'ECH_REJECTED']);
  });

  it('shows the sealed hello to the message callbacks', () => {
    const shown: string[] = [];
    const note = (who: string) => (write: boolean, _v: number, type: number, bytes: Uint8Array) => {
      if (type === 512) shown.push(`${who} ${write ? 'sent' : 'got'} ${nameIn(helloIn(bytes))}`);
    };
    connected({ ...SEALED, msgCallback: note('client') }, { echKeys: keys, msgCallback: note('server') });
    expect(shown).toEqual(['client sent server.example', 'server got server.example']);
  });

  it('may put it aside; the client then hears that there is no ECH here', () => {
    const names: (string | undefined)[] = [];
    const both = pair(SEALED, {
      ...PUBLIC,
      echKeys: keys,
      clientHelloCallback: (ssl, hello) => {
        names.push(nameIn(hello));
        return ssl.echAccepted ? 'disable_ech' : 'ok';
      },
    });
    expect(fatalOf(failed(both).client)).toEqual(['ech_required', 'ECH_REJECTED']);
    expect(names).toEqual(['server.example', 'public.example']);
    expect(both.client.echRetryConfigs).toEqual(EMPTY);
  });

  it('waits for keys of a provider that takes its time', async () => {
    const slow = {
      ...jsProvider,
      agreementKey: async (...args: Parameters<typeof jsProvider.agreementKey>) => jsProvider.agreementKey(...args),
    };
    const both = pair(SEALED, { echKeys: keys, provider: slow });
    await handshakeAsync(both);
    expect(both.server.echAccepted).toBe(true);
  });
});

describe('a server that has it not', () => {
  it.each([
    ['at once', {}],
    ['after a retry', NO_SHARE],
  ])('is authenticated as the public name, and says %s with what to try again', (_when, options) => {
    const both = pair({ ...SEALED, ...options }, { ...PUBLIC, echKeys: others });
    const { client, server } = failed(both);
    expect(fatalOf(client)).toEqual(['ech_required', 'ECH_REJECTED']);
    expect(server).toMatchObject({ alertCode: 121, reason: 'TLSV1_ALERT_ECH_REQUIRED' });
    expect(server).toBeInstanceOf(PeerAlert);
    expect(both.client.echRetryConfigs).toEqual(others.retryConfigs);
    expect([both.client.echAccepted, both.client.echNameOverride]).toEqual([false, 'public.example']);
    // With those it works out.
    const again = connected({ echConfigList: both.client.echRetryConfigs }, { echKeys: others });
    expect(again.client.echAccepted).toBe(true);
  });

  it('tells clients of those keys alone that are for that', () => {
    const both = pair(SEALED, { ...PUBLIC, echKeys: new EchKeys([echKey(quiet.config.raw, quiet.privateKey, false), other]) });
    failed(both);
    expect(both.client.echRetryConfigs).toEqual(others.retryConfigs);
  });

  it('does not count where its certificate is not for the public name', () => {
    const both = pair(SEALED, { echKeys: others });
    expect(fatalOf(failed(both).client)).toEqual(['bad_certificate', 'CERTIFICATE_VERIFY_FAILED']);
    expect(both.client.echRetryConfigs).toBeUndefined();
  });

  it('does not count for a host that was set for verification either', () => {
    const both = pair(SEALED, { echKeys: others });
    both.client.get('verifyParam').setHost('server.example');
    expect(fatalOf(failed(both).client)).toEqual(['bad_certificate', 'CERTIFICATE_VERIFY_FAILED']);
  });

  it.each(['TLSv1.2', 'TLSv1.3'])('may speak %s and know nothing of it', (maxProtoVersion) => {
    const both = pair(SEALED, { ...PUBLIC, maxProtoVersion });
    expect(fatalOf(failed(both).client)).toEqual(['ech_required', 'ECH_REJECTED']);
    expect(both.client.echRetryConfigs).toEqual(EMPTY);
  });

  it.each(['TLSv1.2', 'TLSv1.3'])('gets no certificate of the client in %s', (maxProtoVersion) => {
    const asked: string[] = [];
    const both = pair(
      { ...SEALED, cert: testCertificate({ key: 'client' }), certCallback: () => asked.push('callback') > 0 },
      { ...PUBLIC, maxProtoVersion, verifyMode: VERIFY.PEER },
    );
    failed(both);
    expect(both.server.connection?.peerChain).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('leaves no session, and the one that was offered as it was', () => {
    const sessions: unknown[] = [];
    const before = connected(SEALED, { echKeys: keys });
    drain(before.client);
    const session = before.client.session;
    const both = pair({ ...SEALED, newSessionCallback: (_ssl, made) => void sessions.push(made) }, { ...PUBLIC, echKeys: others });
    both.client.setSession(session);
    failed(both);
    expect(sessions).toEqual([]);
    expect(session?.isResumable).toBe(true);
  });
});

describe('what goes outside', () => {
  it('is the same extensions once, and those that tell nothing', () => {
    const { options, sent } = sentBy({ ...SEALED, alpnProtocols: ['h2'], postHandshakeAuth: true, minProtoVersion: 'TLSv1.2' });
    connected(options, { echKeys: keys });
    const open = helloIn(sent[0]);
    // Versions before TLS 1.3 are offered here alone.
    expect(typesIn(open)).toEqual(expect.arrayContaining([0, 10, 13, 16, 23, 35, 43, 45, 49, 51, 0xfe0d, 0xff01]));
    const hello = echIn(open);
    // What was sealed would not have room for the key share otherwise.
    const share = open.extensions.find(({ type }) => type === 51)?.data.length ?? 0;
    expect(typeof hello === 'object' && hello.payload.length).toBeLessThan(share);
  });

  it('is padded so that names of any length look the same', () => {
    const lengths = ['a.example', 'a-longer-name.example', `${'x'.repeat(24)}.example`].map((name) => {
      const client = new Ssl(clientContext(SEALED));
      client.set('serverName', name);
      const hello = echIn(helloOf(client));
      return typeof hello === 'object' ? hello.payload.length : 0;
    });
    expect(new Set(lengths).size).toBe(1);
    expect(((lengths[0] ?? 0) - 16) % 32).toBe(0);
  });

  it('can have other protocols, or none', () => {
    const own: SslContextOptions = { ...SEALED, alpnProtocols: ['secret'], echOuterAlpn: ['http/1.1'] };
    const both = connected(own, { echKeys: keys, alpnProtocols: ['secret'] });
    expect(fromUtf8(both.client.connection?.alpn ?? EMPTY)).toBe('secret');
    expect(extension(16)(new Ssl(clientContext(own)))).toBe(`0009${toHex(concat(Uint8Array.of(8), utf8('http/1.1')))}`);
    expect(extension(16)(new Ssl(clientContext({ ...own, echOuterAlpn: [] })))).toBeUndefined();
    // What stood inside alone is no answer to what stood outside.
    const wrong = pair(own, { ...PUBLIC, echKeys: others, alpnSelectCallback: () => utf8('http/1.1') });
    expect(fatalOf(failed(wrong).client)).toEqual(['ech_required', 'ECH_REJECTED']);
  });

  it('has none of the extensions of the application', () => {
    const custom = { type: 0x7777, context: 0x80, role: 'client', add: () => utf8('secret') } as const;
    const { options, sent } = sentBy({ ...SEALED, customExtensions: [custom] });
    const seen: ClientHelloInfo[] = [];
    connected(options, { echKeys: keys, clientHelloCallback: noting(seen) });
    expect(typesIn(helloIn(sent[0]))).not.toContain(0x7777);
    expect(typesIn(seen[0] as ClientHelloInfo)).toContain(0x7777);
  });
});

describe('resumption', () => {
  const servers = (options: SslContextOptions = {}) => serverContext({ echKeys: keys, maxEarlyData: 1000, ...options });
  const sessionWith = (server: SslContext) => {
    const first = join(new Ssl(clientContext(SEALED)), new Ssl(server));
    handshake(first);
    drain(first.client);
    return first.client.session;
  };

  it.each([
    ['at once', {}],
    ['after a retry', NO_SHARE],
  ])('is sealed, with random bytes in its place outside, %s', (_when, options) => {
    const server = servers();
    const { options: client, sent } = sentBy({ ...SEALED, ...options });
    const both = join(new Ssl(clientContext(client)), new Ssl(server));
    const session = sessionWith(server);
    both.client.setSession(session);
    handshake(both);
    expect([both.client.echAccepted, both.client.connection?.reused, both.server.connection?.reused]).toEqual([true, true, true]);
    echoes(both);
    const open = helloIn(sent[0]);
    expect(typesIn(open).at(-1)).toBe(41);
    const psk = open.extensions.at(-1)?.data ?? EMPTY;
    expect(psk.length).toBeGreaterThan(session?.data.ticket.length ?? 0);
    expect(toHex(psk)).not.toContain(toHex(session?.data.ticket ?? utf8('no ticket')));
  });

  it('takes early data that was sealed in', () => {
    const server = servers();
    const both = join(new Ssl(clientContext(SEALED)), new Ssl(server));
    both.client.setSession(sessionWith(server));
    expect(both.client.writeEarlyData(utf8('early'))).toBe(5);
    expect(both.client.echAccepted).toBe(true);
    expect(fromUtf8(both.server.readEarlyData() as Uint8Array)).toBe('early');
    both.client.doHandshake();
    expect(both.server.readEarlyData()).toBe('finish');
    handshake(both);
    expect([both.client.connection?.earlyData, both.client.echAccepted]).toEqual(['accepted', true]);
    echoes(both);
  });

  it('passes over early data where it cannot open the hello', () => {
    const session = sessionWith(servers());
    const both = join(new Ssl(clientContext(SEALED)), new Ssl(servers({ ...PUBLIC, echKeys: others })));
    both.client.setSession(session);
    both.client.writeEarlyData(utf8('early'));
    expect(fatalOf(failed(both).client)).toEqual(['ech_required', 'ECH_REJECTED']);
    expect([both.client.connection?.earlyData, both.server.connection?.reused]).toEqual(['rejected', false]);
  });

  it('of TLS 1.2 is not offered, inside or outside', () => {
    const server = serverContext({ echKeys: keys });
    const first = join(new Ssl(clientContext({ maxProtoVersion: 'TLSv1.2' })), new Ssl(server));
    handshake(first);
    const { options, sent } = sentBy(SEALED);
    const both = join(new Ssl(clientContext(options)), new Ssl(server));
    both.client.setSession(first.client.session);
    handshake(both);
    expect(both.client.connection?.reused).toBe(false);
    expect(helloIn(sent[0]).extensions.find(({ type }) => type === 35)?.data).toEqual(EMPTY);
  });
});

describe('configs', () => {
  const changed = (change: Partial<Parameters<typeof writeEchConfig>[0]>) => ({ raw: writeEchConfig({ ...key.config, ...change }) });
  const UNUSABLE = [
    changed({ kem: 0x99 }),
    changed({ cipherSuites: [{ kdf: 9, aead: 9 }] }),
    changed({ extensions: [{ type: 0xffff, data: EMPTY }] }),
    changed({ publicName: '10.0.0.1' }),
    changed({ publicKey: new Uint8Array(31) }),
    changed({ publicKey: new Uint8Array(32) }),
  ];

  it('that cannot be used are passed over', () => {
    const list = writeEchConfigList([...UNUSABLE, changed({ extensions: [{ type: 1, data: EMPTY }] }), key.config]);
    const own = new EchKeys([other, key]);
    expect(fatalOf(failed(pair({ echConfigList: list }, { ...PUBLIC, echKeys: own })).client)).toEqual(['ech_required', 'ECH_REJECTED']);
    expect(connected({ echConfigList: writeEchConfigList([...UNUSABLE, key.config]) }, { echKeys: own }).client.echAccepted).toBe(true);
  });

  it('of which none can be used leave the hello as it is, unless that was forbidden', () => {
    const echConfigList = writeEchConfigList(UNUSABLE);
    expect(extension(0xfe0d)(new Ssl(clientContext({ echConfigList })))).toBeUndefined();
    expect(extension(0xfe0d)(new Ssl(clientContext({ echConfigList, echGrease: true })))).toBeTypeOf('string');
    for (const options of [{ echConfigList }, { ...SEALED, maxProtoVersion: 'TLSv1.2' }, {}])
      expect(outcome(() => connected({ ...options, rejectUnusableEchConfig: true }))).toBe('UNUSABLE_ECH_CONFIG_LIST');
  });
});

describe('random bytes in its place', () => {
  it.each([
    ['a server without keys', {}],
    ['a server with keys', { echKeys: keys }],
    ['a server of TLS 1.2', { maxProtoVersion: 'TLSv1.2' }],
  ])('mean nothing to %s', (_who, options) => {
    const both = connected({ echGrease: true }, options);
    expect([both.client.echAccepted, both.client.connection?.ech, both.client.echRetryConfigs]).toEqual([false, 'grease', undefined]);
    echoes(both);
  });

  it('are the same after a retry, and others for another connection', () => {
    const { options, sent } = sentBy({ echGrease: true, keyShares: [] });
    connected(options, { echKeys: keys });
    connected(options, {});
    const hellos = sent
      .filter(([type]) => type === 1)
      .map((raw) => toHex(helloIn(raw).extensions.find(({ type }) => type === 0xfe0d)?.data ?? EMPTY));
    expect(hellos).toHaveLength(4);
    expect([hellos[0] === hellos[1], hellos[2] === hellos[3], hellos[0] === hellos[2]]).toEqual([true, true, false]);
    expect(hellos[0]).toMatch(/^00 ?0001000[123]/);
  });
});
