import { describe, expect, it } from 'vitest';
import { provider } from '#provider';
import { clientContext, connected, drain, handshake, type Pair, pair, serverContext } from '../../test/support/connect.ts';
import { testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import { outcome } from '../../test/support/probes.ts';
import { toHex } from '../bytes/bytes.ts';
import type { CertCompressor } from '../config/callbacks.ts';
import { HANDSHAKE_TYPE } from '../registry/content-types.ts';
import { PeerAlert, TlsFatal } from '../registry/fatal.ts';
import { VERIFY } from '../registry/options.ts';
import { SslContext, type SslContextOptions } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';

/** Takes one byte off the end, and puts it back: no compression, but a real transformation. */
const cut: CertCompressor = {
  id: 0xff01,
  compress: (data) => data.subarray(0, -1),
  decompress: (data, length) => {
    const out = new Uint8Array(length);
    out.set(data);
    return out;
  },
};
const CLIENT_AUTH: SslContextOptions = { verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT, ca: testAuthority };
const shown = testCertificate();
const OWN: SslContextOptions = { cert: testCertificate(), key: testKey('ec256') };

/** The types of handshake messages that a connection sends. */
function sentBy(ssl: Ssl): number[] {
  const types: number[] = [];
  ssl.set('msgCallback', (write, _version, contentType, bytes) => {
    if (write && contentType === 22) types.push(bytes[0] as number);
  });
  return types;
}

/** What the client and the server make of a handshake, with the alert where one of them sends one. */
function failure({ client, server }: Pair): string {
  const said = outcome(() => handshake({ client, server } as Pair));
  const { failure: error } = client;
  if (error instanceof TlsFatal) return `${error.reason} ${error.alert}`;
  return said;
}

describe('certificate compression (RFC 8879)', () => {
  it('compresses for a peer that offers it, and not for one that does not', () => {
    for (const [algorithms, type] of [
      [[cut], HANDSHAKE_TYPE.compressedCertificate],
      [[], HANDSHAKE_TYPE.certificate],
    ] as const) {
      const both = pair({ certCompression: algorithms }, { certCompression: [cut], cert: shown });
      const types = sentBy(both.server);
      handshake(both);
      expect(types).toContain(type);
      expect(both.client.connection?.peerChain.map(({ der }) => toHex(der))).toEqual([toHex(shown.der)]);
    }
  });

  it('takes the first of its own algorithms that the peer has', () => {
    const used: number[] = [];
    const numbered = (id: number): CertCompressor => ({
      ...cut,
      id,
      compress: (data, ssl) => {
        used.push(id);
        return cut.compress?.(data, ssl) ?? data;
      },
    });
    connected({ certCompression: [numbered(1), numbered(2)] }, { certCompression: [numbered(3), numbered(2), numbered(1)] });
    expect(used).toEqual([2]);
  });

  it('works for clients, in the handshake and after it', () => {
    const both = connected({ certCompression: [cut], ...OWN }, { certCompression: [cut], ...CLIENT_AUTH });
    expect(both.server.connection?.peerChain).toHaveLength(1);
    const late = connected(
      { certCompression: [cut], postHandshakeAuth: true, ...OWN },
      { certCompression: [cut], ...CLIENT_AUTH, verifyMode: VERIFY.PEER | VERIFY.POST_HANDSHAKE },
    );
    const types = sentBy(late.client);
    late.server.verifyClientPostHandshake();
    drain(late.client);
    drain(late.server);
    expect(types).toEqual([HANDSHAKE_TYPE.compressedCertificate, HANDSHAKE_TYPE.certificateVerify, HANDSHAKE_TYPE.finished]);
    expect(late.server.connection?.peerChain).toHaveLength(1);
  });

  it('says nothing of an algorithm that it cannot decompress, and sends none that it cannot compress', () => {
    const both = pair({ certCompression: [{ id: 1, compress: cut.compress }] }, { certCompression: [cut] });
    const types = sentBy(both.server);
    handshake(both);
    expect(types).toContain(HANDSHAKE_TYPE.certificate);
    const oneWay = pair({ certCompression: [cut] }, { certCompression: [{ id: cut.id, decompress: cut.decompress }] });
    const sent = sentBy(oneWay.server);
    handshake(oneWay);
    expect(sent).toContain(HANDSHAKE_TYPE.certificate);
  });

  it('compresses the same message once for one key', () => {
    let count = 0;
    const counted: CertCompressor = {
      ...cut,
      compress: (data, ssl) => {
        count++;
        return cut.compress?.(data, ssl) ?? data;
      },
    };
    const context = serverContext({ certCompression: [counted], key: testKey('ec256') });
    for (let i = 0; i < 3; i++) connected({ certCompression: [cut] }, context);
    expect(count).toBe(1);
  });

  it('is bad_certificate where the message is not what was announced, whatever the decompressor makes of it', () => {
    const refusing = (decompress: CertCompressor['decompress']): string =>
      failure(pair({ certCompression: [{ id: cut.id, decompress }] }, { certCompression: [cut] }));
    expect(refusing((data) => data)).toBe('BAD_DECOMPRESSION bad_certificate');
    expect(refusing((_data, length) => new Uint8Array(length + 1))).toBe('BAD_DECOMPRESSION bad_certificate');
    expect(
      refusing(() => {
        throw new Error('corrupt');
      }),
    ).toBe('BAD_DECOMPRESSION bad_certificate');
    expect(refusing((_data, length) => new Uint8Array(length).fill(9))).toBe('LENGTH_TOO_SHORT decode_error');
  });

  it('does not begin to decompress what is announced to be too long', () => {
    let asked = false;
    const decompress = (): Uint8Array => {
      asked = true;
      return new Uint8Array(0);
    };
    const client = { maxCertList: 200, certCompression: [{ id: cut.id, decompress }] };
    const both = pair(client, { certCompression: [{ id: cut.id, compress: () => new Uint8Array(10) }] });
    expect(failure(both)).toBe('EXCESSIVE_MESSAGE_SIZE illegal_parameter');
    expect(asked).toBe(false);
  });

  it('refuses an algorithm that was not offered with illegal_parameter, and tells the peer', () => {
    const clientSide = clientContext({ certCompression: [cut, { ...cut, id: 0xff02 }] });
    const both = pair(clientSide, { certCompression: [{ ...cut, id: 0xff02 }] });
    both.client.doHandshake();
    both.client.set('certCompression', [cut]);
    expect(failure(both)).toBe('BAD_COMPRESSION_ALGORITHM illegal_parameter');
    expect(() => both.server.doHandshake()).toThrow(PeerAlert);
  });
});

describe.skipIf(provider.compressors === undefined)('the compressors of the platform', () => {
  it.each((provider.compressors ?? []).map((compressor) => [compressor.name, compressor] as const))(
    '%s makes certificates shorter',
    (_name, compressor) => {
      const both = connected({ certCompression: [compressor] }, { certCompression: [compressor] });
      expect(both.client.connection?.peerChain).toHaveLength(1);
      const data = testCertificate().der;
      const compressed = compressor.compress?.(data) ?? data;
      expect(compressed.length).toBeLessThan(data.length);
      expect(toHex(compressor.decompress?.(compressed, data.length) ?? data.subarray(1))).toBe(toHex(data));
    },
  );

  it.each((provider.compressors ?? []).map((compressor) => [compressor.name, compressor] as const))(
    '%s stops at the announced length',
    (_name, compressor) => {
      const bomb = compressor.compress?.(new Uint8Array(1 << 24)) ?? new Uint8Array(0);
      expect(bomb.length).toBeLessThan(20_000);
      const client = new SslContext({ ...{ role: 'client' as const }, ca: testAuthority, certCompression: [compressor] });
      const both = pair(client, { certCompression: [{ id: compressor.id, compress: () => bomb }] });
      expect(failure(both)).toBe('BAD_DECOMPRESSION bad_certificate');
      expect(() => compressor.decompress?.(bomb, 1000)).toThrow();
    },
  );
});
