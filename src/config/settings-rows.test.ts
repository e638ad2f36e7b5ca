import { describe, expect, it } from 'vitest';
import { clientContext, drain, handshake, join, serverContext } from '../../test/support/connect.ts';
import { testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import { asked, extension, helloOf, Marks, meet, met, outcome, recordSizes, type See, suites, works } from '../../test/support/probes.ts';
import { quicHandshake, quicPair } from '../../test/support/quic.ts';
import { latin1, toHex, utf8 } from '../bytes/bytes.ts';
import { ffdheGroup } from '../crypto/ffdhe.ts';
import { nodeProvider } from '../crypto/node.ts';
import { CERT_FLAGS, OPTIONS, SESSION_CACHE, VERIFY } from '../registry/options.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import { SslSession } from '../session/session.ts';
import { SslContext, type SslContextOptions } from '../ssl/context.ts';
import { Ssl } from '../ssl/ssl.ts';
import { clientHello } from '../wire/client-hello.ts';
import { decodeMessage } from '../wire/message.ts';
import { DaneRecords, USUAL_DANE_DIGESTS } from '../x509/dane.ts';
import { X509Store } from '../x509/store.ts';
import { X509VerifyParam } from '../x509/verify-params.ts';
import type { CertCompressor, QuicMethod } from './callbacks.ts';
import { Credentials } from './credentials.ts';
import { EchKeys, makeEchKey } from './ech-keys.ts';
import { SETTING_NAMES, SETTINGS, type SettingInput, type SettingName, type Settings } from './settings.ts';

/** Two values of a setting, what is refused, and how a handshake shows which of the two is at work. */
interface Probe<K extends SettingName> {
  readonly values: readonly [SettingInput<K>, SettingInput<K>];
  /** What the values are kept as, where that differs from what goes in. */
  readonly kept?: readonly [unknown, unknown];
  /** Values outside the legal range. */
  readonly refuses?: readonly unknown[];
  readonly seen: Sight;
}

interface Sight {
  readonly by: 'client' | 'server';
  readonly see: See;
  /** What is seen with each of the values; equality is enough where they are left out. */
  readonly shows?: readonly [unknown, unknown];
  /** Settings of the context besides. */
  readonly base?: SslContextOptions;
}

const client = (see: See, shows?: readonly [unknown, unknown], base: SslContextOptions = {}): Sight => ({
  by: 'client',
  see,
  ...(shows && { shows }),
  base,
});
const server = (see: See, shows?: readonly [unknown, unknown], base: SslContextOptions = {}): Sight => ({
  by: 'server',
  see,
  ...(shows && { shows }),
  base,
});

const marks = new Marks();
/** What is seen of two callbacks that leave their marks. */
const MARKED = [['first'], ['second']] as const;
const during =
  (peer: SslContextOptions = {}): See =>
  (subject) =>
    marks.during(() => met(subject, peer));
/** Two callbacks that leave a mark and then answer the same. */
const marking = <F>(make: (mark: <T>(answer: T) => T) => F): readonly [F, F] => [
  make((answer) => marks.leave('first', answer)),
  make((answer) => marks.leave('second', answer)),
];

const NO_TICKETS: SslContextOptions = { options: OPTIONS.NO_TICKET };
const TLS12: SslContextOptions = { maxProtoVersion: 'TLSv1.2' };

const authority = testCertificate({ subject: 'Intermediate', key: 'ec384', ca: true, serial: 7 });
const leafBelow = testCertificate({ issuer: 'Intermediate', issuerKey: 'ec384' });
const ownLeaf: SslContextOptions = { cert: leafBelow };
const chainBelow: SslContextOptions = { cert: [leafBelow, authority] };
const credentialOf = (key: 'rsa' | 'ed25519'): Credentials =>
  Credentials.none.with(key, { chain: [testCertificate({ key })], key: testKey(key) });

const storeOf = (...certificates: Parameters<X509Store['add']>[0][]): X509Store => {
  const store = new X509Store();
  for (const certificate of certificates) store.add(certificate);
  return store;
};

/** A TLSA record of the test server's key, or of another one. */
function tlsa(data: Uint8Array): DaneRecords {
  const records = new DaneRecords(USUAL_DANE_DIGESTS);
  records.add(3, 1, 1, data);
  return records;
}
const serverKeyHash = nodeProvider.digest('sha256', testCertificate().spki);

/** Seals a ticket under a key of its own, so that its name shows on the wire. */
const ticketKey = (fill: number): Uint8Array => new Uint8Array(80).fill(fill);
const ticketName: See = (subject) => {
  const ticket = met(subject).client.session?.data.ticket ?? new Uint8Array(0);
  return toHex(ticket.subarray(0, 2));
};

/** The key of P-384 of the tests, encrypted with the password "first". */
const ENCRYPTED_KEY = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIBHDBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQI/l1mm+hdnbACAggA
MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBCiF9KrMRWRsKPBwcdhGEQbBIHA
xoXca7/B9owXYdSI0OIn/PcH35DXwJowCI5OI6us6sregDYJR6YXTGEu4uIqUxC3
suCRPcbJi11ivpvh3yvmJl2y+9X0ejYn9zm6ljMdrEruPhH1QJlIrOIrr2Sv31vC
TCxPds+U0Pn/cKbOaqHLTZDKjuqcpU0MEjeUlxbLCJR9r2zERJibsF6eoyScFo4U
a7E6tFABMDE9x5Y0PVksKZZ+uWosgZ9cBluezxsO77aYU++NRxDaWhviDERYCTja
-----END ENCRYPTED PRIVATE KEY-----`;
const loadsKey: See = (subject) => outcome(() => subject.set('credentials', Credentials.none).usePrivateKey(ENCRYPTED_KEY));

const name1 = testAuthority.subject.raw;
const name2 = authority.subject.raw;

const ALPN: SslContextOptions = { alpnProtocols: ['test'], checkHostName: false };
const silentQuic: QuicMethod = {
  setReadSecret: () => {},
  setWriteSecret: () => {},
  addHandshakeData: () => {},
  flushFlight: () => {},
  sendAlert: () => {},
};
/** An extension in the ClientHello of a client that speaks over QUIC. */
const overQuic =
  (type: number): See =>
  (subject) => {
    let hello: Uint8Array = new Uint8Array(0);
    subject.set('quicMethod', { ...silentQuic, addHandshakeData: (_ssl, _level, data) => (hello = data) });
    outcome(() => subject.doHandshake());
    if (hello.length === 0) return undefined;
    const found = decodeMessage(clientHello, hello).value.extensions.find((one) => one.type === type);
    return found && toHex(found.data);
  };

/** Stands for one; nothing is compressed here. */
const compressor = (id: number): CertCompressor => ({ id, decompress: (data) => data });

const echOne = new EchKeys([makeEchKey({ publicName: 'server.example', configId: 1 })]);
const echOther = new EchKeys([makeEchKey({ publicName: 'server.example', configId: 9 })]);
const echTwo = new EchKeys([makeEchKey({ publicName: 'server.example', configId: 2 })]);

const psk = (identity: string) => ({ identity: utf8(identity), key: new Uint8Array(32).fill(1) });

/** One probe for each row; a row without one does not compile. */
const PROBES: { readonly [K in SettingName]: Probe<K> } = {
  options: {
    values: [OPTIONS.CIPHER_SERVER_PREFERENCE, 0],
    seen: server(
      (subject) => met(subject, { cipherSuites: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384' }).client.connection?.suite?.id,
      [0x1302, 0x1301],
    ),
  },
  mode: {
    values: [0x20, 0x4],
    seen: client((subject) => toHex(helloOf(subject).random.subarray(0, 4)) === (1_800_000_000).toString(16), [true, false]),
  },
  minProtoVersion: { values: [0x0304, 0x0303], refuses: [7, 42, 0x0305, 'TLSv1.4'], seen: client(extension(43), ['020304', '0403040303']) },
  maxProtoVersion: {
    values: [0x0303, 0x0304],
    refuses: [7, 42, 0x0305],
    seen: client((subject) => helloOf(subject).extensions.some(({ type }) => type === 43), [false, true]),
  },
  cipherSuites: {
    values: ['TLS_AES_128_GCM_SHA256', ['TLS_CHACHA20_POLY1305_SHA256', 0x1302]],
    kept: [[0x1301], [0x1303, 0x1302]],
    refuses: ['TLS_NO_SUCH', 'ECDHE-RSA-AES128-GCM-SHA256'],
    seen: client((subject) => (suites(subject) as number[]).filter((id) => id >> 8 === 0x13), [[0x1301], [0x1303, 0x1302]]),
  },
  cipherList: {
    values: ['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384'],
    kept: [[0xc030], [0xc02b, 0xc030]],
    refuses: ['NOTHING', []],
    seen: client((subject) => (suites(subject) as number[]).filter((id) => id >> 8 === 0xc0), [[0xc030], [0xc02b, 0xc030]]),
  },
  groups: {
    values: ['P-384', 'X25519:P-256'],
    kept: [[24], [29, 23]],
    refuses: ['P-128', [0x9999]],
    seen: client(extension(10), ['00020018', '0004001d0017']),
  },
  keyShares: {
    values: [['P-256'], ['X25519', 'P-384']],
    kept: [[23], [29, 24]],
    refuses: [['P-128']],
    seen: client((subject) => `${extension(51)(subject)}`.length, [2 * (2 + 4 + 65), 2 * (2 + 4 + 32 + 4 + 97)]),
  },
  serverGroupsHint: {
    values: [[0x7777, 'P-256'], ['P-384']],
    kept: [[0x7777, 23], [24]],
    refuses: [['P-128']],
    seen: client((subject) => `${extension(51)(subject)}`.length, [2 * (2 + 4 + 65), 2 * (2 + 4 + 97)], { keyShares: ['X25519'] }),
  },
  sigalgs: {
    values: ['ed25519', 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256'],
    kept: [[0x0807], [0x0403, 0x0804]],
    refuses: ['dsa_sha1', 'ed25519:nothing'],
    seen: client(extension(13), ['00020807', '000404030804']),
  },
  clientSigalgs: {
    values: ['ed25519', 'ecdsa_secp384r1_sha384'],
    kept: [[0x0807], [0x0503]],
    refuses: ['dsa_sha1'],
    seen: server((subject) => met(subject).client.connection?.peerSignatureSchemes, [[0x0807], [0x0503]], { verifyMode: VERIFY.PEER }),
  },
  sigalgsCert: {
    values: ['ed448', 'ed25519'],
    kept: [[0x0808], [0x0807]],
    refuses: ['dsa_sha1'],
    seen: client(extension(50), ['00020808', '00020807']),
  },
  credentials: {
    values: [credentialOf('rsa'), credentialOf('rsa').add({ chain: [testCertificate({ key: 'ed25519' })], key: testKey('ed25519') })],
    seen: server((subject) => met(subject).client.connection?.peerChain[0]?.publicKey?.kind, ['rsa', 'ed25519']),
  },
  certCallback: { values: marking((mark) => () => mark(true)), seen: server(during(), MARKED) },
  clientCertCallback: { values: marking((mark) => () => mark(undefined)), seen: client(during({ verifyMode: VERIFY.PEER }), MARKED) },
  verifyMode: {
    values: [VERIFY.PEER, VERIFY.NONE],
    refuses: [16, -2, 1.5],
    seen: server((subject) => (met(subject).client.connection?.peerSignatureSchemes.length ?? 0) > 0, [true, false]),
  },
  verifyDepth: { values: [0, 5], refuses: [-2, 0.5], seen: client(works(chainBelow), ['CERTIFICATE_VERIFY_FAILED', 'ok']) },
  verifyCallback: { values: marking((mark) => (ok: boolean) => mark(ok)), seen: client(during(), MARKED) },
  certVerifyCallback: { values: marking((mark) => () => mark(true)), seen: client(during(), MARKED) },
  verifyParam: {
    values: [new X509VerifyParam({ hosts: ['server.example'] }), new X509VerifyParam({ hosts: ['other.example'] })],
    seen: client(works(), ['ok', 'CERTIFICATE_VERIFY_FAILED']),
  },
  reverifyOnResume: {
    values: [true, false],
    seen: client(
      (subject) => {
        const peer = serverContext();
        const before = join(new Ssl(subject.context), new Ssl(peer));
        handshake(before);
        drain(before.client);
        let asked = 0;
        subject.set('verifyCallback', (ok) => {
          asked++;
          return ok;
        });
        handshake(join(subject.setSession(before.client.session), new Ssl(peer)));
        return asked > 0;
      },
      [true, false],
    ),
  },
  certStore: { values: [storeOf(testAuthority), new X509Store()], seen: client(works(), ['ok', 'CERTIFICATE_VERIFY_FAILED']) },
  verifyStore: { values: [new X509Store(), storeOf(testAuthority)], seen: client(works(), ['CERTIFICATE_VERIFY_FAILED', 'ok']) },
  chainStore: {
    values: [storeOf(authority), new X509Store()],
    seen: server((subject) => meetAnd(subject, ({ client: peer }) => peer.connection?.peerChain.length), [2, 1], ownLeaf),
  },
  extraChain: {
    values: [[authority], [authority, testAuthority]],
    seen: server((subject) => meetAnd(subject, ({ client: peer }) => peer.connection?.peerChain.length), [2, 3], ownLeaf),
  },
  caList: {
    values: [[name1], [name1, name2]],
    seen: client((subject) => `${extension(47)(subject)}`.length, [2 * (4 + name1.length), 2 * (6 + name1.length + name2.length)]),
  },
  clientCaList: {
    values: [[name1], [name2]],
    seen: server((subject) => met(subject).client.connection?.peerCaNames.map(toHex), [[toHex(name1)], [toHex(name2)]], {
      verifyMode: VERIFY.PEER,
    }),
  },
  maxCertList: { values: [100, 100_000], refuses: [-1, 0x100_0000], seen: client(works(), ['EXCESSIVE_MESSAGE_SIZE', 'ok']) },
  securityLevel: {
    values: [4, 1],
    refuses: [0x8000_0000, 0.5],
    seen: client((subject) => (suites(subject) as number[]).includes(0x1301), [false, true]),
  },
  securityCallback: { values: marking((mark) => () => mark(true)), seen: client(during(), MARKED) },
  securityExData: {
    values: ['first', 'second'],
    seen: client(during(), MARKED, { securityCallback: (ssl) => marks.leave(ssl?.get('securityExData'), true) }),
  },
  serverName: {
    values: ['one.example', 'two.example'],
    refuses: ['a\0b', 'x'.repeat(256)],
    seen: client(
      (subject) => latin1(helloOf(subject).extensions.find(({ type }) => type === 0)?.data ?? utf8('')).slice(5),
      ['one.example', 'two.example'],
    ),
  },
  serverNameCallback: { values: marking((mark) => () => mark('ok' as const)), seen: server(during(), MARKED) },
  clientHelloCallback: { values: marking((mark) => () => mark('ok' as const)), seen: server(during(), MARKED) },
  alpnProtocols: {
    values: [['h2'], Uint8Array.of(1, 0x61, 1, 0x62)],
    kept: [[utf8('h2')], [utf8('a'), utf8('b')]],
    refuses: [[''], Uint8Array.of(5, 1), ['x'.repeat(256)]],
    seen: client(extension(16), ['0003026832', '000401610162']),
  },
  alpnSelectCallback: {
    values: [() => utf8('a'), () => utf8('b')],
    seen: server((subject) => toHex(met(subject, { alpnProtocols: ['a', 'b'] }).client.connection?.alpn ?? utf8('')), ['61', '62']),
  },
  statusRequest: { values: [true, false], seen: client(extension(5), ['0100000000', undefined]) },
  statusResponderIds: {
    values: [[Uint8Array.of(1, 2)], [Uint8Array.of(3), Uint8Array.of(4)]],
    refuses: [[new Uint8Array(0)]],
    seen: client(extension(5), ['010004000201020000', '0100060001030001040000'], { statusRequest: true }),
  },
  statusExtensions: {
    values: [Uint8Array.of(1, 2), Uint8Array.of(3)],
    refuses: [new Uint8Array(0x1_0000)],
    seen: client(extension(5), ['01000000020102', '010000000103'], { statusRequest: true }),
  },
  statusCallback: {
    values: marking((mark) => () => mark(undefined)),
    seen: server(during({ statusRequest: true, statusCallback: () => true }), MARKED),
  },
  sctRequest: { values: [true, false], seen: client(extension(18), ['', undefined]) },
  sessionIdContext: {
    values: [utf8('one'), utf8('two')],
    refuses: [new Uint8Array(33)],
    seen: server((subject) => toHex(met(subject).server.session?.data.idContext ?? utf8('')), [toHex(utf8('one')), toHex(utf8('two'))]),
  },
  sessionCacheMode: {
    values: [SESSION_CACHE.SERVER, SESSION_CACHE.OFF],
    refuses: [-1, 0x400],
    seen: server((subject) => met(emptied(subject)).server.sessions.cache.size, [2, 0], NO_TICKETS),
  },
  sessionCacheSize: {
    values: [1, 10],
    refuses: [-1, 0.5],
    seen: server((subject) => met(emptied(subject)).server.sessions.cache.size, [1, 2], NO_TICKETS),
  },
  sessionTimeout: {
    values: [60, 120],
    refuses: [-1, 0x8000_0000],
    seen: server((subject) => met(subject).client.session?.data.ticketLifetime, [60, 120]),
  },
  newSessionCallback: { values: marking((mark) => () => mark(undefined)), seen: server(during(), MARKED) },
  removeSessionCallback: {
    values: marking((mark) => () => mark(undefined)),
    seen: server(
      (subject) => {
        met(emptied(subject));
        return marks.during(() => emptied(subject));
      },
      MARKED,
      NO_TICKETS,
    ),
  },
  getSessionCallback: {
    values: marking((mark) => () => mark(undefined)),
    seen: server(
      (subject) => {
        const before = met(new Ssl(subject.context)).client.session;
        return marks.during(() => {
          const again = meet(subject);
          again.client.setSession(before);
          handshake(again);
        });
      },
      MARKED,
      { ...NO_TICKETS, sessionCacheMode: SESSION_CACHE.SERVER | SESSION_CACHE.NO_INTERNAL },
    ),
  },
  generateSessionIdCallback: {
    values: [() => new Uint8Array(32).fill(1), () => new Uint8Array(32).fill(2)],
    seen: server((subject) => met(emptied(subject), TLS12).client.session?.data.id[0], [1, 2], NO_TICKETS),
  },
  numTickets: {
    values: [0, 3],
    refuses: [-1, 17],
    seen: server(
      (subject) => {
        let count = 0;
        met(subject, { newSessionCallback: () => void count++ });
        return count;
      },
      [0, 3],
    ),
  },
  ticketKeys: {
    values: [[ticketKey(0x11)], [ticketKey(0x22), ticketKey(0x11)]],
    refuses: [[new Uint8Array(79)]],
    seen: server(ticketName, ['1111', '2222']),
  },
  ticketKeyCallback: {
    values: [0x33, 0x44].map((fill) => () => ({ name: new Uint8Array(16).fill(fill), key: new Uint8Array(32) })) as never,
    seen: server(ticketName, ['3333', '4444']),
  },
  maxEarlyData: {
    values: [1000, 2000],
    refuses: [-1, 0x1_0000_0000],
    seen: server((subject) => met(subject).client.session?.data.maxEarlyData, [1000, 2000]),
  },
  recvMaxEarlyData: {
    values: [100, 5000],
    refuses: [-1, 0x1_0000_0000],
    seen: server(skippedEarlyData, ['TOO_MUCH_SKIPPED_EARLY_DATA', 'ok'], { maxEarlyData: 1000 }),
  },
  allowEarlyDataCallback: {
    values: [() => true, () => false],
    seen: server((subject) => earlyData(subject), ['accepted', 'rejected'], { maxEarlyData: 1000 }),
  },
  pskClientCallback: {
    values: [() => [psk('one')], () => [psk('second')]],
    seen: client((subject) => helloOf(subject).extensions.find(({ type }) => type === 41)?.data[3], [3, 6]),
  },
  pskServerCallback: {
    values: marking((mark) => () => mark(undefined)),
    seen: server(during({ pskClientCallback: () => [psk('mine')] }), MARKED),
  },
  maxPskIdentities: {
    values: [1, 3],
    refuses: [0, 0x1_0000],
    seen: server(
      (subject) => {
        let asked = 0;
        subject.set('pskServerCallback', () => {
          asked++;
          return undefined;
        });
        met(subject, { pskClientCallback: () => [psk('a'), psk('b'), psk('c')] });
        return asked;
      },
      [1, 3],
    ),
  },
  postHandshakeAuth: { values: [true, false], seen: client(extension(49), ['', undefined]) },
  maxSendFragment: {
    values: [8000, 12_000],
    refuses: [511, 16_385],
    seen: client(recordSizes, [
      [8000, 8000, 4000],
      [12_000, 8000],
    ]),
  },
  splitSendFragment: {
    values: [8000, 12_000],
    refuses: [0, 16_385],
    seen: client(recordSizes, [
      [8000, 8000, 4000],
      [12_000, 8000],
    ]),
  },
  maxFragmentLength: { values: [1, 4], refuses: [5, -1], seen: client(extension(1), ['01', '04']) },
  recordSizeLimit: { values: [1000, 5000], refuses: [63, 16_385], seen: client(extension(28), ['03e9', '1389']) },
  blockPadding: {
    values: [1000, 7000],
    refuses: [-1, 16_385],
    seen: client(recordSizes, [
      [16_384, 4000],
      [16_384, 7000],
    ]),
  },
  recordPaddingCallback: {
    values: [() => 10, () => 20],
    seen: client(recordSizes, [
      [16_384, 3626],
      [16_384, 3636],
    ]),
  },
  recordPaddingArg: {
    values: [10, 20],
    seen: client(
      recordSizes,
      [
        [16_384, 3626],
        [16_384, 3636],
      ],
      { recordPaddingCallback: (_ssl, _type, _length, arg) => Number(arg) },
    ),
  },
  readAhead: { values: [true, false], seen: client((subject) => asked(subject).every((size) => size > 16_384), [true, false]) },
  readBufferLength: {
    values: [200_000, 300_000],
    refuses: [-1, 0.5],
    seen: client((subject) => Math.max(...asked(subject)), [200_000, 300_000]),
  },
  quietShutdown: {
    values: [true, false],
    seen: client(
      (subject) => {
        const { server: peer } = met(subject);
        subject.shutdown();
        peer.read();
        return peer.want;
      },
      ['read', 'zero_return'],
    ),
  },
  msgCallback: { values: marking((mark) => () => mark(undefined)), seen: client(during(), MARKED) },
  msgCallbackArg: {
    values: ['first', 'second'],
    seen: client(during(), MARKED, { msgCallback: (_write, _version, _type, _bytes, _ssl, arg) => marks.leave(arg) }),
  },
  infoCallback: { values: marking((mark) => () => mark(undefined)), seen: client(during(), MARKED) },
  keylogCallback: { values: marking((mark) => () => mark(undefined)), seen: client(during(), MARKED) },
  defaultPasswordCallback: { values: [() => 'first', () => 'second'], seen: client(loadsKey, ['ok', 'BAD_SETTING_VALUE']) },
  defaultPasswordUserdata: {
    values: ['first', 'second'],
    seen: client(loadsKey, ['ok', 'BAD_SETTING_VALUE'], { defaultPasswordCallback: (_writing, userdata) => `${userdata}` }),
  },
  cookieGenerateCallback: { values: marking((mark) => () => mark(utf8('cookie'))), seen: server(asksForCookie, MARKED) },
  cookieVerifyCallback: {
    values: marking((mark) => () => mark(true)),
    seen: server(asksForCookie, MARKED, { cookieGenerateCallback: () => utf8('cookie') }),
  },
  customExtensions: {
    values: [[{ type: 0x1234, context: 0x80, add: () => utf8('a') }], [{ type: 0x1234, context: 0x80, add: () => utf8('bc') }]],
    seen: client(extension(0x1234), ['61', '6263']),
  },
  grease: {
    values: [true, false],
    seen: client((subject) => (suites(subject) as number[]).some((id) => (id & 0x0f0f) === 0x0a0a), [true, false]),
  },
  permuteExtensions: {
    values: [true, false],
    seen: client(
      (subject) => {
        const order = helloOf(subject).extensions.map(({ type }) => type);
        const usual = helloOf(new Ssl(clientContext())).extensions.map(({ type }) => type);
        return order.join() === usual.join();
      },
      [false, true],
    ),
  },
  checkHostName: {
    values: [false, true],
    seen: client((subject) => works()(subject.set('serverName', 'other.example')), ['ok', 'CERTIFICATE_VERIFY_FAILED']),
  },
  daneDigests: {
    values: [USUAL_DANE_DIGESTS, new Map([[1, { hash: 'sha256', rank: 1 }]])],
    seen: client(
      (subject) => outcome(() => subject.enableDane().addTlsa(3, 1, 2, new Uint8Array(64))),
      ['ok', 'DANE_TLSA_BAD_MATCHING_TYPE'],
    ),
  },
  daneFlags: {
    values: [1, 0],
    seen: client(
      (subject) => works()(subject.enableDane('other.example').addTlsa(3, 1, 1, serverKeyHash)),
      ['ok', 'CERTIFICATE_VERIFY_FAILED'],
      { daneDigests: USUAL_DANE_DIGESTS },
    ),
  },
  dane: { values: [tlsa(new Uint8Array(32)), tlsa(serverKeyHash)], seen: client(works(), ['CERTIFICATE_VERIFY_FAILED', 'ok']) },
  extendedMasterSecret: { values: ['off', 'offer'], refuses: ['perhaps'], seen: client(extension(23), [undefined, ''], TLS12) },
  tmpDh: {
    values: [ffdheGroup('ffdhe2048'), ffdheGroup('ffdhe3072')],
    refuses: [{ prime: Uint8Array.of(4), generator: Uint8Array.of(2) }],
    seen: server(primeLength, [256, 384], { credentials: credentialOf('rsa'), cipherList: 'DHE-RSA-AES128-GCM-SHA256' }),
  },
  tmpDhCallback: {
    values: marking((mark) => () => mark(undefined)),
    seen: server(during({ ...TLS12, cipherList: 'DHE-RSA-AES128-GCM-SHA256' }), MARKED, {
      credentials: credentialOf('rsa'),
      cipherList: 'DHE-RSA-AES128-GCM-SHA256',
    }),
  },
  dhAuto: {
    values: [0, 1],
    refuses: [-1, 3],
    seen: server((subject) => works({ ...TLS12, cipherList: 'DHE-RSA-AES128-GCM-SHA256' })(subject) === 'ok', [false, true], {
      credentials: credentialOf('rsa'),
      cipherList: 'DHE-RSA-AES128-GCM-SHA256',
    }),
  },
  anonymousFallback: {
    values: [true, false],
    seen: client(works({ verifyMode: VERIFY.PEER, clientSigalgs: ['rsa_pss_rsae_sha256'] }), ['ok', 'NO_SUITABLE_SIGNATURE_ALGORITHM'], {
      cert: testCertificate(),
      key: testKey('ec256'),
    }),
  },
  certFlags: {
    values: [CERT_FLAGS.SUITEB_128_LOS_ONLY, CERT_FLAGS.SUITEB_192_LOS],
    seen: client(extension(10), ['00020017', '00020018']),
  },
  ticketGenerateCallback: { values: marking((mark) => () => mark(true)), seen: server(during(), MARKED, { numTickets: 1 }) },
  ticketDecryptCallback: {
    values: marking((mark) => () => mark('use' as const)),
    seen: server((subject) => {
      const before = met(new Ssl(subject.context)).client.session;
      return marks.during(() => {
        const again = meet(subject);
        again.client.setSession(before);
        handshake(again);
      });
    }, MARKED),
  },
  notResumableCallback: { values: marking((mark) => () => mark(false)), seen: server(during(TLS12), MARKED) },
  tlsextDebugCallback: { values: marking((mark) => () => mark(undefined)), seen: client(during(), MARKED) },
  tlsextDebugArg: {
    values: ['first', 'second'],
    seen: client(
      (subject) => during()(subject.set('tlsextDebugCallback', (_ssl, _fromServer, _type, _data, arg) => marks.leave(arg))),
      MARKED,
    ),
  },
  pskIdentityHint: {
    values: ['first', 'second'],
    refuses: ['x'.repeat(129)],
    seen: server(
      (subject) =>
        marks.during(() =>
          met(subject, {
            ...TLS12,
            cipherList: 'ECDHE-PSK-CHACHA20-POLY1305',
            pskClientCallback: (_ssl, hint) => marks.leave(hint, [psk('mine')]),
          }),
        ),
      MARKED,
      { ...TLS12, cipherList: 'ECDHE-PSK-CHACHA20-POLY1305', pskServerCallback: () => psk('mine') },
    ),
  },
  clientCertificateTypes: {
    values: [Uint8Array.of(1), Uint8Array.of(64, 1)],
    refuses: [new Uint8Array(256)],
    seen: server((subject) => toHex(met(subject, TLS12).client.connection?.peerCertificateTypes ?? utf8('')), ['01', '4001'], {
      verifyMode: VERIFY.PEER,
    }),
  },
  ctValidationCallback: {
    values: ['strict', 'permissive'],
    refuses: ['lenient'],
    seen: client(works(), ['NO_VALID_SCTS', 'ok']),
  },
  ctLogStore: {
    values: [[{ name: 'log', publicKey: testKey('ec256').publicKey, logId: new Uint8Array(32) }], []],
    seen: client(works(), ['ok', 'CALLBACK_FAILED'], { ctValidationCallback: (_ssl, _scts, { logs }) => logs.length > 0 }),
  },
  crlLookup: {
    values: marking((mark) => () => mark([])),
    seen: client(during(), MARKED, { verifyParam: new X509VerifyParam({ flags: X509_V_FLAG.CRL_CHECK }) }),
  },
  ocspLookup: { values: marking((mark) => () => mark(undefined)), seen: client(during(), MARKED) },
  issuerLookup: { values: marking((mark) => () => mark([])), seen: client(during(ownLeaf), MARKED) },
  clientCertTypes: {
    values: [['rpk'], ['x509', 'rpk']],
    kept: [[2], [0, 2]],
    refuses: [['raw'], [1], ['rpk', 2]],
    seen: client(extension(19), ['0102', '020002']),
  },
  serverCertTypes: {
    values: [['rpk'], ['x509', 'rpk']],
    kept: [[2], [0, 2]],
    refuses: [['raw'], [1], ['rpk', 2]],
    seen: client(extension(20), ['0102', '020002']),
  },
  expectedRawKeys: {
    values: [[testCertificate().spki], [authority.spki]],
    refuses: [[Uint8Array.of(0x30, 0)]],
    seen: client(works({ serverCertTypes: ['rpk'] }), ['ok', 'CERTIFICATE_VERIFY_FAILED'], { serverCertTypes: ['rpk'] }),
  },
  certCompression: {
    values: [[compressor(1)], [compressor(2), compressor(1)]],
    refuses: [[compressor(1), compressor(1)], [compressor(0x1_0000)]],
    seen: client(extension(27), ['020001', '0400020001']),
  },
  echConfigList: {
    values: [echOne.retryConfigs, echTwo.retryConfigs],
    refuses: [new Uint8Array(0), Uint8Array.of(0, 0), echOne.retryConfigs.subarray(1)],
    seen: client(sealedFor, [1, 2]),
  },
  rejectUnusableEchConfig: { values: [true, false], seen: client(works(), ['UNUSABLE_ECH_CONFIG_LIST', 'ok']) },
  echGrease: { values: [true, false], seen: client((subject) => typeof extension(0xfe0d)(subject), ['string', 'undefined']) },
  echOuterAlpn: {
    values: [['one'], []],
    kept: [[utf8('one')], []],
    refuses: [[''], Uint8Array.of(9, 1)],
    seen: client(extension(16), ['0004036f6e65', undefined], { echConfigList: echOne.retryConfigs, alpnProtocols: ['h2'] }),
  },
  echKeys: {
    values: [echOne, echTwo],
    refuses: [new EchKeys(), new EchKeys(echOne.keys.map((key) => ({ ...key, isRetryConfig: false })))],
    seen: server(toldConfig, [1, 2]),
  },
  quicMethod: {
    values: marking((mark) => ({ ...silentQuic, addHandshakeData: () => mark(undefined) })),
    seen: client((subject) => marks.during(() => subject.set('quicTransportParams', new Uint8Array(1)).doHandshake()), MARKED, ALPN),
  },
  quicTransportParams: {
    values: [Uint8Array.of(1, 2), Uint8Array.of(3)],
    refuses: [new Uint8Array(0x1_0000)],
    seen: client(overQuic(57), ['0102', '03'], { ...ALPN, quicMethod: silentQuic }),
  },
  quicLegacyCodepoint: {
    values: [true, false],
    seen: client((subject) => overQuic(0xffa5)(subject.set('quicTransportParams', Uint8Array.of(9))), ['09', undefined], {
      ...ALPN,
      quicMethod: silentQuic,
    }),
  },
  quicEarlyData: {
    values: [true, false],
    seen: server((subject) => ticketOverQuic(subject).data.maxEarlyData, [0xffff_ffff, 0], {
      alpnProtocols: ['h3'],
      quicEarlyDataContext: Uint8Array.of(1),
    }),
  },
  quicEarlyDataContext: {
    values: [Uint8Array.of(1), Uint8Array.of(2)],
    seen: server(earlyDataOverQuic, ['accepted', 'rejected'], { alpnProtocols: ['h3'], quicEarlyData: true }),
  },
};

/** The config id of the key that a server tells a client about. */
function toldConfig(subject: Ssl): number | undefined {
  const { client } = meet(subject, { echConfigList: echOther.retryConfigs });
  outcome(() => handshake(join(client, subject)));
  return client.echRetryConfigs?.[6];
}

/** The config id that a client seals for. */
function sealedFor(subject: Ssl): number {
  return Number.parseInt(`${extension(0xfe0d)(subject)}`.slice(10, 12), 16);
}

/** What a client gets of a server over QUIC to resume. */
function ticketOverQuic(subject: Ssl): SslSession {
  const both = quicPair({}, subject);
  quicHandshake(both);
  return both.client.ssl.session ?? new SslSession();
}

/** How 0-RTT fares with a ticket that was made under the context of one byte, 1. */
function earlyDataOverQuic(subject: Ssl): string | undefined {
  const session = ticketOverQuic(new Ssl(subject.context).set('quicEarlyDataContext', Uint8Array.of(1)));
  const both = quicPair({ quicEarlyData: true }, subject);
  both.client.ssl.setSession(session);
  quicHandshake(both);
  return both.client.ssl.connection?.earlyData;
}

/** Reads something off a pair, connected or not. */
function meetAnd<T>(subject: Ssl, read: (pair: ReturnType<typeof meet>) => T): T {
  const pair = meet(subject);
  outcome(() => handshake(pair));
  return read(pair);
}

function emptied(subject: Ssl): Ssl {
  subject.sessions.cache.flush('all');
  return subject;
}

/** A stateless server asks for a cookie, and takes it. */
function asksForCookie(subject: Ssl): unknown {
  const pair = meet(subject);
  return marks.during(() => {
    pair.client.doHandshake();
    subject.stateless();
    pair.client.doHandshake();
    subject.stateless();
  });
}

/** Whether early data on a resumed connection is taken. */
function earlyData(subject: Ssl): string | undefined {
  const before = met(new Ssl(subject.context)).client.session;
  const pair = meet(subject);
  pair.client.setSession(before);
  pair.client.writeEarlyData(utf8('early'));
  subject.readEarlyData();
  for (let i = 0; i < 3; i++) {
    pair.client.doHandshake();
    subject.readEarlyData();
  }
  return pair.client.connection?.earlyData;
}

/** How a server that does not want early data takes 300 bytes of it. */
function skippedEarlyData(subject: Ssl): string {
  const before = met(new Ssl(subject.context)).client.session;
  const pair = meet(subject);
  pair.client.setSession(before);
  pair.client.writeEarlyData(new Uint8Array(300));
  return outcome(() => handshake(pair));
}

/** Bytes of the prime in a ServerKeyExchange. */
function primeLength(subject: Ssl): number {
  let length = 0;
  met(subject, {
    ...TLS12,
    cipherList: 'DHE-RSA-AES128-GCM-SHA256',
    msgCallback: (write, _version, type, bytes) => {
      if (!write && type === 22 && bytes[0] === 12) length = ((bytes[4] as number) << 8) | (bytes[5] as number);
    },
  });
  return length;
}

// ---- the loops

const NEEDS_CONTEXT = new Set(['context', 'session']);

const contextFor = ({ by, base }: Sight): SslContext => (by === 'client' ? clientContext(base) : serverContext(base));

const kept = <K extends SettingName>(name: K, which: 0 | 1): unknown => {
  const probe: Probe<K> = PROBES[name];
  return (probe.kept ?? probe.values)[which];
};

const alike = (a: unknown, b: unknown): void => {
  if (a instanceof X509VerifyParam && b instanceof X509VerifyParam) expect(a.values).toEqual(b.values);
  else if (a instanceof DaneRecords && b instanceof DaneRecords) expect(a.records).toEqual(b.records);
  else expect(a).toEqual(b);
};

describe.each(SETTING_NAMES)('%s', <K extends SettingName>(name: K) => {
  const { scope, copy } = SETTINGS[name];
  const probe: Probe<K> = PROBES[name];
  const [one, other] = probe.values;
  const onContext = NEEDS_CONTEXT.has(scope);
  const role = probe.seen?.by ?? 'client';
  const fresh = (): SslContext => new SslContext({ role });
  const get = (holder: Ssl | SslContext): Settings[K] => (holder instanceof Ssl ? holder.get(name) : holder.get(name));
  const set = (holder: Ssl | SslContext, value: SettingInput<K>): unknown =>
    holder instanceof Ssl ? holder.set(name, value) : holder.set(name, value);

  it(`is ${scope === 'snapshot' ? 'copied by' : scope === 'connection' ? 'not given to' : 'looked up by'} a new connection`, () => {
    const context = fresh();
    const initial = get(new Ssl(context));
    if (scope === 'connection') {
      expect(() => set(context, one)).toThrow(expect.objectContaining({ reason: 'UNKNOWN_SETTING' }));
      return;
    }
    const early = new Ssl(context);
    set(context, one);
    alike(get(new Ssl(context)), kept(name, 0));
    alike(get(early), scope === 'snapshot' ? initial : kept(name, 0));
    if (copy !== undefined) expect(get(new Ssl(context))).not.toBe(get(context));
  });

  it('is equal in a duplicate, and independent of it from then on', () => {
    const context = fresh();
    const source = new Ssl(context);
    set(onContext ? context : source, one);
    const duplicate = source.dup() as Ssl;
    alike(get(duplicate), kept(name, 0));
    if (onContext) {
      expect(() => set(source, one)).toThrow(expect.objectContaining({ reason: 'UNKNOWN_SETTING' }));
      return;
    }
    if (copy !== undefined) expect(get(duplicate)).not.toBe(get(source));
    set(source, other);
    alike(get(duplicate), kept(name, 0));
    set(duplicate, one);
    alike(get(source), kept(name, 1));
    const again = source.dup() as Ssl;
    set(again, one);
    alike(get(source), kept(name, 1));
  });

  it('is kept by clear', () => {
    const ssl = new Ssl(fresh());
    set(onContext ? ssl.context : ssl, one);
    ssl.clear();
    alike(get(ssl), kept(name, 0));
  });

  if (probe.refuses !== undefined) {
    it('refuses what is out of range and keeps what it had', () => {
      const ssl = new Ssl(fresh());
      const holder = onContext ? ssl.context : ssl;
      set(holder, one);
      for (const value of probe.refuses ?? []) {
        expect(() => set(holder, value as SettingInput<K>), String(value)).toThrow(expect.objectContaining({ name: 'SslUsageError' }));
        alike(get(holder), kept(name, 0));
      }
    });
  }

  const { seen } = probe;

  /** What is seen with a value set on the connection itself, or on its context where it belongs there. */
  const withValue = (which: 0 | 1): { readonly ssl: Ssl; readonly context: SslContext } => {
    const context = contextFor(seen);
    const ssl = new Ssl(context);
    set(onContext ? context : ssl, probe.values[which]);
    return { ssl, context };
  };
  const first = (): unknown => (seen.shows === undefined ? seen.see(withValue(0).ssl) : seen.shows[0]);
  const second = (): unknown => (seen.shows === undefined ? seen.see(withValue(1).ssl) : seen.shows[1]);

  it('shows in a handshake (a) of the connection', () => {
    expect(seen.see(withValue(0).ssl)).toEqual(first());
    expect(seen.see(withValue(1).ssl)).toEqual(second());
    expect(first()).not.toEqual(second());
  });

  it(`${scope === 'connection' ? 'does not show' : 'shows'} in a handshake (b) of a sibling that SSL_new makes`, () => {
    const context = contextFor(seen);
    if (scope === 'connection') new Ssl(context).set(name, one);
    else set(context, one);
    const sight = seen.see(new Ssl(context));
    if (scope === 'connection') expect(sight).not.toEqual(first());
    else expect(sight).toEqual(first());
  });

  it('shows in a handshake (c) of a duplicate, (d) also after the source was changed', () => {
    const { ssl, context } = withValue(0);
    const [before, after] = [ssl.dup() as Ssl, ssl.dup() as Ssl];
    expect(seen.see(before)).toEqual(first());
    // What stays on the context changes for all of its connections.
    set(onContext ? context : ssl, other);
    expect(seen.see(after)).toEqual(onContext ? second() : first());
  });

  it('shows in a handshake (e) of the source after the duplicate was changed', () => {
    const { ssl, context } = withValue(0);
    const duplicate = ssl.dup() as Ssl;
    set(onContext ? context : duplicate, other);
    expect(seen.see(ssl)).toEqual(onContext ? second() : first());
  });
});
