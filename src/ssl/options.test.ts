import { describe, expect, it } from 'vitest';
import { clientContext, connected, drain, handshake, pair, serverContext } from '../../test/support/connect.ts';
import { TEST_TIME, testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import type { ClientHelloInfo } from '../config/callbacks.ts';
import { MODES, OPTIONS } from '../registry/options.ts';
import { TLS1_2_VERSION, TLS1_VERSION } from '../registry/versions.ts';
import type { SslContext, SslContextOptions } from './context.ts';

/** The ClientHello that a client with these settings sends. */
function helloOf(settings: SslContextOptions | SslContext): ClientHelloInfo {
  const hellos: ClientHelloInfo[] = [];
  const both = pair(settings, {
    clientHelloCallback: (_ssl, hello) => {
      hellos.push({ ...hello, raw: hello.raw.slice() });
      return 'ok';
    },
  });
  both.client.doHandshake();
  try {
    both.server.doHandshake();
  } catch {
    // The hello is what is looked at.
  }
  if (hellos[0] === undefined) throw new Error('no hello');
  return hellos[0];
}

const seconds = (random: Uint8Array | undefined): number =>
  random === undefined ? 0 : new DataView(random.slice(0, 4).buffer).getUint32(0);

describe('modes and options', () => {
  const intermediate = testCertificate({ subject: 'Intermediate', key: 'rsa', ca: true, serial: 7 });
  const leaf = testCertificate({ issuer: 'Intermediate', issuerKey: 'rsa', key: 'ec384' });
  const chainLength = (settings: SslContextOptions): number | undefined => {
    const server = serverContext({ cert: leaf, key: testKey('ec384'), ca: [intermediate, testAuthority], ...settings });
    const both = pair({ verifyMode: 0 }, server);
    handshake(both);
    return both.client.connection?.peerChain.length;
  };

  it('complete a chain from the store, unless NO_AUTO_CHAIN', () => {
    expect(chainLength({})).toBe(2);
    expect(chainLength({ maxProtoVersion: TLS1_2_VERSION })).toBe(2);
    expect(chainLength({ mode: MODES.NO_AUTO_CHAIN })).toBe(1);
  });

  it('say that a connection is a fallback, which a server that could do better refuses', () => {
    expect(helloOf({ mode: MODES.SEND_FALLBACK_SCSV }).cipherSuites).toContain(0x5600);
    expect(() => connected({ mode: MODES.SEND_FALLBACK_SCSV, maxProtoVersion: TLS1_2_VERSION })).toThrow(
      expect.objectContaining({ alert: 'inappropriate_fallback' }),
    );
    connected({ mode: MODES.SEND_FALLBACK_SCSV });
  });

  it('put the time into the random', () => {
    expect(seconds(helloOf({ mode: MODES.SEND_CLIENTHELLO_TIME }).random)).toBe(TEST_TIME);
    for (const maxProtoVersion of [0, TLS1_2_VERSION]) {
      expect(seconds(connected({ maxProtoVersion }, { mode: MODES.SEND_SERVERHELLO_TIME }).client.connection?.serverRandom)).toBe(
        TEST_TIME,
      );
    }
  });

  it('pad a hello out of the range that some servers hang on', () => {
    const settings = { groups: 'X25519', maxProtoVersion: TLS1_2_VERSION, alpnProtocols: ['x'.repeat(100)] };
    const plain = helloOf(settings).raw.length;
    expect(plain > 0xff && plain < 0x200).toBe(true);
    const padded = helloOf({ ...settings, options: OPTIONS.TLSEXT_PADDING });
    expect(padded.raw.length).toBe(0x200);
    expect(padded.extensions.some(({ type }) => type === 21)).toBe(true);
  });

  it('give ChaCha20 to clients that put it first', () => {
    const suites = { cipherSuites: 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256' };
    const server = { cipherSuites: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256' };
    expect(connected(suites, { ...server, options: OPTIONS.CIPHER_SERVER_PREFERENCE }).client.connection?.suite?.id).toBe(0x1301);
    const options = OPTIONS.CIPHER_SERVER_PREFERENCE | OPTIONS.PRIORITIZE_CHACHA;
    expect(connected(suites, { ...server, options }).client.connection?.suite?.id).toBe(0x1303);
    expect(connected({ cipherSuites: server.cipherSuites }, { ...server, options }).client.connection?.suite?.id).toBe(0x1301);
  });

  it('split the first byte off in TLS 1.0, against BEAST, unless told not to', () => {
    const old = {
      minProtoVersion: TLS1_VERSION,
      maxProtoVersion: TLS1_VERSION,
      securityLevel: 0,
      cipherList: [0xc013, 0xc009],
      sigalgs: ['rsa_pkcs1_sha256'],
    };
    const records = (options: number): number => {
      const both = connected({ ...old, options }, { ...old, sigalgs: ['ecdsa_sha1', 'rsa_pkcs1_sha1'] });
      let count = 0;
      both.server.set('msgCallback', (write, _version, type) => {
        if (!write && type === 256) count++;
      });
      both.client.write(new Uint8Array(100));
      expect(drain(both.server)).toHaveLength(100);
      return count;
    };
    expect(records(0)).toBe(2);
    expect(records(OPTIONS.DONT_INSERT_EMPTY_FRAGMENTS)).toBe(1);
  });

  it('judge what is in force anew where the policy of a context has changed, and ask a callback every time', () => {
    const client = clientContext();
    const offered = (): string => helloOf(client).cipherSuites.join();
    const atLevel = (level: number): string => {
      client.set('securityLevel', level);
      return offered();
    };
    const weak = atLevel(1);
    const strong = atLevel(4);
    expect(strong.length).toBeLessThan(weak.length);
    expect(atLevel(1)).toBe(weak);
    // A level above the highest is the highest.
    expect(atLevel(16_384)).toBe(atLevel(5));
    let asked = 0;
    client.set('securityCallback', (_ssl, operation, bits) => operation !== 'cipher' || (++asked > 0 && bits >= 192));
    client.set('securityLevel', 1);
    expect(offered()).not.toBe(weak);
    const once = asked;
    offered();
    expect(asked).toBe(2 * once);
    client.set('securityCallback', undefined);
    expect(offered()).toBe(weak);
  });

  it('leave a client that starts from its own context alone', () => {
    expect(helloOf({}).cipherSuites).not.toContain(0x5600);
    expect(clientContext().get('mode')).toBe(MODES.AUTO_RETRY);
  });
});
