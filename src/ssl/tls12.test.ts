import { describe, expect, it } from 'vitest';
import { clientContext, connected, drain, handshake, join, pair, serverContext } from '../../test/support/connect.ts';
import { canDecrypt, type TestKeyName, testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import { fromUtf8, utf8 } from '../bytes/bytes.ts';
import { ffdheGroup } from '../crypto/ffdhe.ts';
import { jsProvider } from '../crypto/js.ts';
import { nodeProvider } from '../crypto/node.ts';
import { CIPHER_SUITES, type CipherSuite } from '../registry/cipher-suites.ts';
import { OPTIONS, VERIFY } from '../registry/options.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION, TLS1_VERSION } from '../registry/versions.ts';
import type { SslContextOptions } from './context.ts';
import { Ssl } from './ssl.ts';

const TLS12: SslContextOptions = { maxProtoVersion: TLS1_2_VERSION };
const LEGACY: SslContextOptions = {
  maxProtoVersion: TLS1_2_VERSION,
  minProtoVersion: TLS1_VERSION,
  securityLevel: 0,
  sigalgs: ['rsa_pkcs1_sha256', 'ecdsa_secp256r1_sha256', 'rsa_pss_rsae_sha256', 'rsa_pkcs1_sha1', 'ecdsa_sha1'],
};
const psk = { identity: utf8('a device'), key: new Uint8Array(32).fill(5) };

/** A certificate that a suite can use. */
const keyFor = ({ authentication, keyExchange }: CipherSuite): TestKeyName =>
  authentication === 'ecdsa' || (authentication === 'none' && keyExchange === 'ecdhe') ? 'ec256' : 'rsa';

const SUITES = CIPHER_SUITES.filter(({ keyExchange }) => canDecrypt || (keyExchange !== 'rsa' && keyExchange !== 'rsa-psk')).filter(
  ({ minVersion, cbc }) => minVersion < TLS1_3_VERSION && (cbc === undefined || nodeProvider.hasCbc(cbc)),
);
/** What a JavaScript-only provider has: no CBC of the older ciphers, and no RSA decryption. */
const inJs = ({ cbc, keyExchange }: CipherSuite): boolean =>
  (cbc === undefined || jsProvider.hasCbc(cbc)) && keyExchange !== 'rsa' && keyExchange !== 'rsa-psk';

function speak(suite: CipherSuite, settings: SslContextOptions): void {
  const both = { ...LEGACY, ...settings, cipherList: [suite.id], groups: ['X25519', 'P-256', 'ffdhe2048'] };
  const { client, server } = connected(
    { ...both, pskClientCallback: () => [psk] },
    { ...both, pskServerCallback: (_ssl, identity) => (fromUtf8(identity) === 'a device' ? psk : undefined) },
    keyFor(suite),
  );
  expect(client.connection?.suite?.id).toBe(suite.id);
  const text = 'x'.repeat(40_000);
  expect(client.write(utf8(text))).toBe(text.length);
  expect(fromUtf8(drain(server))).toBe(text);
  server.write(utf8('back'));
  expect(fromUtf8(drain(client))).toBe('back');
}

describe('TLS 1.2', () => {
  it.each(SUITES)('speaks $name', (suite) => speak(suite, { provider: nodeProvider }));
  it.each(SUITES.filter(inJs).filter(({ keyExchange }) => !keyExchange.startsWith('dhe')))('speaks $name in JavaScript alone', (suite) =>
    speak(suite, { provider: jsProvider }),
  );

  it.each(SUITES.filter(({ cbc, minVersion }) => cbc !== undefined && minVersion <= TLS1_VERSION))(
    'speaks $name in TLS 1.0 and 1.1',
    (suite) => {
      for (const maxProtoVersion of [0x0301, 0x0302]) speak(suite, { maxProtoVersion });
    },
  );

  it.each(SUITES.filter(({ cbc }) => cbc !== undefined).slice(0, 4))('speaks $name with the MAC inside', (suite) => {
    speak(suite, { options: OPTIONS.NO_ENCRYPT_THEN_MAC });
  });

  it.each<TestKeyName>(['ec256', 'ec384', 'ec521', 'ed25519', 'ed448', 'rsa', 'rsaPss'])('signs with a key of kind %s', (key) => {
    const { client } = connected(TLS12, {}, key);
    expect(client.connection?.version).toBe(TLS1_2_VERSION);
    expect(client.connection?.extendedMasterSecret).toBe(true);
  });

  it('is not chosen where both sides speak TLS 1.3, and a change on the way is noticed', () => {
    expect(connected().client.connection?.version).toBe(TLS1_3_VERSION);
    const both = pair({}, TLS12);
    both.client.doHandshake();
    both.server.doHandshake();
    // The server of this test speaks no TLS 1.3, so it leaves no mark; one that does would.
    handshake(both);
    expect(both.client.connection?.version).toBe(TLS1_2_VERSION);
  });

  it.each([
    ['a ticket', {}],
    ['a session id', { options: OPTIONS.NO_TICKET | OPTIONS.NO_RENEGOTIATION }],
  ])('resumes with %s', (_what, settings) => {
    const [client, server] = [clientContext(TLS12), serverContext(settings)];
    const first = connected(client, server);
    first.client.shutdown();
    const again = pair(client, server);
    again.client.setSession(first.client.session);
    handshake(again);
    expect(again.client.connection?.reused && again.server.connection?.reused).toBe(true);
    again.client.write(utf8('again'));
    expect(fromUtf8(drain(again.server))).toBe('again');
    expect(again.client.exportKeyingMaterial(20, 'EXPORTER-x')).toEqual(again.server.exportKeyingMaterial(20, 'EXPORTER-x'));
  });

  it('authenticates clients', () => {
    const client = { ...TLS12, cert: testCertificate({ key: 'client', subject: 'a client' }), key: testKey('client') };
    const { server } = connected(client, { ca: testAuthority, verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT });
    expect(server.connection?.peerChain[0]?.subject.values('2.5.4.3')).toEqual(['a client']);
  });

  it('has no place for ML-DSA keys, which sign in TLS 1.3 alone (draft-ietf-tls-mldsa, 3)', () => {
    const client = { ...TLS12, cert: testCertificate({ key: 'mlDsa44', subject: 'a client' }), key: testKey('mlDsa44') };
    const { server } = connected(client, { ca: testAuthority, verifyMode: VERIFY.PEER });
    expect(server.connection?.peerChain).toHaveLength(0);
    expect(() => connected(TLS12, {}, 'mlDsa44')).toThrow(expect.objectContaining({ alert: 'handshake_failure' }));
  });

  it('refuses a peer without extended master secret, unless told otherwise', () => {
    expect(() => connected({ ...TLS12, extendedMasterSecret: 'off' }, {})).toThrow(
      expect.objectContaining({ reason: 'EXTENDED_MASTER_SECRET_REQUIRED' }),
    );
    expect(
      connected({ ...TLS12, extendedMasterSecret: 'off' }, { extendedMasterSecret: 'offer' }).client.connection?.extendedMasterSecret,
    ).toBe(false);
  });

  it('negotiates again where both sides allow it', () => {
    const options = OPTIONS.LEGACY_SERVER_CONNECT;
    const both = connected({ ...TLS12, options }, { options });
    for (const side of [both.client, both.server]) {
      side.renegotiate();
      for (let turn = 0; turn < 6; turn++) {
        expect(both.client.read() ?? both.server.read()).toBeUndefined();
      }
      expect(both.client.isInitFinished && both.server.isInitFinished).toBe(true);
      both.client.write(utf8('ping'));
      expect(fromUtf8(drain(both.server))).toBe('ping');
      both.server.write(utf8('pong'));
      expect(fromUtf8(drain(both.client))).toBe('pong');
    }
  });

  it.each([
    [false, false],
    [true, true],
  ])('resumes in a renegotiation only where it is to be abbreviated (%s)', (abbreviated, reused) => {
    const options = OPTIONS.LEGACY_SERVER_CONNECT;
    const both = connected({ ...TLS12, options }, { options });
    both.client.renegotiate(abbreviated);
    for (let turn = 0; turn < 6; turn++) expect(both.client.read() ?? both.server.read()).toBeUndefined();
    expect(both.client.isInitFinished).toBe(true);
    expect(both.client.connection?.reused).toBe(reused);
  });

  it('refuses to negotiate again by default, and goes on', () => {
    const both = connected({ ...TLS12, options: OPTIONS.LEGACY_SERVER_CONNECT }, {});
    expect(() => both.server.renegotiate()).toThrow(expect.objectContaining({ reason: 'NO_RENEGOTIATION' }));
  });

  describe('finite-field groups', () => {
    const dhe = { ...TLS12, cipherList: CIPHER_SUITES.filter(({ name }) => name === 'DHE-RSA-AES128-GCM-SHA256').map(({ id }) => id) };
    const { prime, generator } = ffdheGroup('ffdhe3072');
    const custom = { prime, generator };
    /** Length in bytes of the prime in ServerKeyExchange. */
    const primeLength = (server: SslContextOptions, client: SslContextOptions = {}): number => {
      let length = 0;
      const ssl = new Ssl(clientContext({ ...dhe, ...client }));
      ssl.set('msgCallback', (write, _version, type, bytes) => {
        if (!write && type === 22 && bytes[0] === 12) length = ((bytes[4] as number) << 8) | (bytes[5] as number);
      });
      return finish(ssl, server, () => length);
    };
    const finish = (ssl: Ssl, server: SslContextOptions, value: () => number): number => {
      handshake(join(ssl, new Ssl(serverContext(server, 'rsa'))));
      return value();
    };

    it('are those of RFC 7919, as the client names them', () => {
      expect(primeLength({}, { groups: ['P-256', 'ffdhe3072', 'ffdhe2048'] })).toBe(256);
      expect(primeLength({}, { groups: ['P-256', 'ffdhe3072'] })).toBe(384);
    });

    it('are the one that was configured, or that a callback gives', () => {
      expect(primeLength({ tmpDh: custom })).toBe(384);
      const asked: number[] = [];
      const tmpDhCallback = (_ssl: Ssl, _export: boolean, bits: number) => {
        asked.push(bits);
        return custom;
      };
      expect(primeLength({ tmpDhCallback })).toBe(384);
      expect(asked).toEqual([2048]);
    });

    it('are refused where they are weaker than the security level', () => {
      expect(() => primeLength({ tmpDh: ffdheGroup('ffdhe2048'), securityLevel: 3 })).toThrow(
        expect.objectContaining({ alert: 'handshake_failure' }),
      );
      expect(() => primeLength({ dhAuto: 0 })).toThrow(expect.objectContaining({ alert: 'handshake_failure' }));
      expect(() => serverContext({ tmpDh: { prime: Uint8Array.of(4), generator } })).toThrow(
        expect.objectContaining({ reason: 'BAD_DH_VALUE' }),
      );
    });
  });

  it('does not offer a session for resumption that the application excludes', () => {
    const server = serverContext({ notResumableCallback: (_ssl, isForwardSecure) => isForwardSecure });
    for (const settings of [TLS12, {}]) {
      const both = connected(settings, server);
      drain(both.client);
      expect(both.client.session?.isResumable).toBe(false);
    }
  });

  it('shows every extension of the peer’s hello to whoever wants to see them', () => {
    for (const settings of [TLS12, {}]) {
      const both = pair(settings);
      const seen: number[] = [];
      both.server.set('tlsextDebugCallback', (_ssl, fromServer, type) => {
        expect(fromServer).toBe(false);
        seen.push(type);
      });
      handshake(both);
      expect(seen).toContain(10);
    }
  });
});
