import { describe, expect, it } from 'vitest';
import { EMPTY, fromHex, toHex } from '../bytes/bytes.ts';
import { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_VERSION } from '../registry/versions.ts';
import { jsProvider } from './js.ts';
import { nodeProvider } from './node.ts';
import { Prf } from './prf.ts';
import type { HashName } from './provider.ts';

const PROVIDERS = [nodeProvider, jsProvider];

/** An exporter without context is the bare function: label and seed, at any length. */
const bare = (prf: Prf, secret: string, label: string, seed: string, length: number): string =>
  toHex(prf.exporter(fromHex(secret), label, fromHex(seed), EMPTY, undefined, length));

/** For TLS 1.2, the vectors that were posted to the IETF's TLS list; for the older function, what OpenSSL's TLS1-PRF gives with MD5-SHA1. */
const VECTORS: readonly (readonly [number, HashName, string, string, string, string])[] = [
  [
    TLS1_2_VERSION,
    'sha256',
    '9bbe436ba940f017b17652849a71db35',
    'test label',
    'a0ba9f936cda311827a6f796ffd5198c',
    'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
  ],
  [
    TLS1_2_VERSION,
    'sha384',
    'b80b733d6ceefcdc71566ea48e5567df',
    'test label',
    'cd665cf6a8447dd6ff8b27555edb7465',
    '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f',
  ],
  [
    TLS1_VERSION,
    'sha256',
    '9bbe436ba940f017b17652849a71db35',
    'test label',
    'a0ba9f936cda311827a6f796ffd5198c',
    '661740e6f98bc901efd2738502a71c03f76dd2f86298549b1148eff06714cf0f6b7c532cd8c69f1530e0bb680eec34c495fa75a8bfcc9c335484c0d3d194ab6e32975903c50ebcdbe9d67c0591bdbd80dddcc36d33ccd58adf96caae173f48dc40f983e2',
  ],
  [
    TLS1_VERSION,
    'sha256',
    '0102030405',
    'odd',
    '06',
    'b10c5d552812a4f2ed8c65c0f6b44634326ba350fb844cd94027a900ab98a29af8df66410b0428464488fdf3cc07aeaa918e1fc08583c2293afba60a5cb4009556b74b759346e7bbc693b2581f',
  ],
];

describe('the pseudorandom function', () => {
  for (const provider of PROVIDERS) {
    it.each(VECTORS)(`of version %i with %s is right with ${provider.name}`, (version, hash, secret, label, seed, expected) => {
      expect(bare(new Prf(provider, version, hash), secret, label, seed, expected.length / 2)).toBe(expected);
    });
  }

  it('is the same in TLS 1.0 and 1.1, whatever hash the suite names', () => {
    const [a, b] = [new Prf(nodeProvider, TLS1_VERSION, 'sha256'), new Prf(nodeProvider, TLS1_1_VERSION, 'sha384')];
    expect(bare(a, '010203', 'label', '04', 100)).toBe(bare(b, '010203', 'label', '04', 100));
  });

  it('says what the transcript is hashed with', () => {
    expect(new Prf(nodeProvider, TLS1_1_VERSION, 'sha384').transcriptHash).toBe('md5-sha1');
    expect(new Prf(nodeProvider, TLS1_2_VERSION, 'sha384').transcriptHash).toBe('sha384');
  });

  it('starts every output with the bytes of a shorter one', () => {
    for (const version of [TLS1_VERSION, TLS1_2_VERSION]) {
      const prf = new Prf(nodeProvider, version, 'sha256');
      const long = bare(prf, '0102030405', 'label', '06', 200);
      for (const length of [0, 1, 15, 16, 17, 20, 31, 32, 33, 64]) {
        expect(bare(prf, '0102030405', 'label', '06', length)).toBe(long.slice(0, 2 * length));
      }
    }
  });
});

describe('what comes out of it', () => {
  const prf = new Prf(nodeProvider, TLS1_2_VERSION, 'sha256');
  const [secret, client, server] = [fromHex('aa'.repeat(48)), fromHex('bb'.repeat(32)), fromHex('cc'.repeat(32))];

  it('is a master secret of 48 bytes over both randoms, client first', () => {
    expect(toHex(prf.masterSecret(secret, client, server))).toBe(
      bare(prf, toHex(secret), 'master secret', toHex(client) + toHex(server), 48),
    );
    expect(toHex(prf.extendedMasterSecret(secret, client))).toBe(bare(prf, toHex(secret), 'extended master secret', toHex(client), 48));
  });

  it('is a key block over both randoms, server first', () => {
    expect(toHex(prf.keyBlock(secret, server, client, 104))).toBe(
      bare(prf, toHex(secret), 'key expansion', toHex(server) + toHex(client), 104),
    );
  });

  it('is a Finished of 12 bytes, another one for each side', () => {
    expect(toHex(prf.verifyData(secret, 'client finished', client))).toBe(bare(prf, toHex(secret), 'client finished', toHex(client), 12));
    expect(prf.verifyData(secret, 'client finished', client)).not.toEqual(prf.verifyData(secret, 'server finished', client));
  });

  it('tells no context from an empty one (RFC 5705, 4)', () => {
    const none = prf.exporter(secret, 'EXPORTER-x', client, server, undefined, 20);
    const empty = prf.exporter(secret, 'EXPORTER-x', client, server, EMPTY, 20);
    expect(none).not.toEqual(empty);
    expect(toHex(empty)).toBe(bare(prf, toHex(secret), 'EXPORTER-x', `${toHex(client)}${toHex(server)}0000`, 20));
    expect(() => prf.exporter(secret, 'EXPORTER-x', client, server, new Uint8Array(65_536), 20)).toThrow(RangeError);
  });
});
