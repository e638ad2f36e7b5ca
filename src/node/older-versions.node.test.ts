import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { closed, duplexPair, LIVE, listening } from '../../test/support/loopback.ts';
import { integer, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import { ffdheGroup } from '../crypto/ffdhe.ts';
import { OPTIONS } from '../registry/options.ts';
import tls, { type ConnectOptions, connect, createSecureContext, createServer, TLSSocket, type TLSSocketOptions } from './index.ts';

const { ca, cert, key } = LIVE;
const RENEGOTIATING = { options: OPTIONS.LEGACY_SERVER_CONNECT } as const;

/** Two ends that finished their handshake, and the length of the prime in ServerKeyExchange, if there was one. */
async function connected(
  server: TLSSocketOptions,
  client: ConnectOptions = {},
): Promise<{ readonly server: TLSSocket; readonly client: TLSSocket; readonly primeLength: () => number }> {
  const [a, b] = duplexPair();
  let length = 0;
  const theirs = new TLSSocket(b, { isServer: true, cert, key, maxVersion: 'TLSv1.2', ...server });
  const ours = connect({ socket: a, host: 'localhost', ca, ...client });
  ours.ssl.set('msgCallback', (write, _version, type, bytes) => {
    if (!write && type === 22 && bytes[0] === 12) length = ((bytes[4] as number) << 8) | (bytes[5] as number);
  });
  await Promise.all([once(ours, 'secureConnect'), once(theirs, 'secure')]);
  return { server: theirs, client: ours, primeLength: () => length };
}

const close = ({ server, client }: { readonly server: TLSSocket; readonly client: TLSSocket }): void => {
  client.destroy();
  server.destroy();
};

describe('options of TLS 1.2', () => {
  it('dhparam is the group of the server, and `auto` one of RFC 7919', async () => {
    const { prime, generator } = ffdheGroup('ffdhe3072');
    const der = sequence(integer(prime), integer(generator));
    const anonymous = { ciphers: 'ADH-AES128-GCM-SHA256:@SECLEVEL=0', checkServerIdentity: () => undefined };
    for (const [dhparam, length] of [
      [pemText('DH PARAMETERS', der), 384],
      [der, 384],
      ['auto', 256],
    ] as const) {
      const both = await connected({ ...anonymous, dhparam }, { ...anonymous, rejectUnauthorized: false });
      expect(both.primeLength()).toBe(length);
      close(both);
    }
  });

  it('dhparam is refused where it is none', () => {
    for (const dhparam of [cert, Buffer.from([1, 2, 3])])
      expect(() => createSecureContext({ dhparam })).toThrow(
        expect.objectContaining({ code: 'ERR_SSL_BAD_DH_VALUE', reason: 'bad dh value' }),
      );
  });

  it('pskIdentityHint reaches the callback of the client', async () => {
    const psk = Buffer.from('a shared key');
    const ciphers = 'PSK-AES128-GCM-SHA256';
    const hints: (string | null)[] = [];
    const both = await connected(
      { ciphers, pskIdentityHint: 'which', pskCallback: () => psk },
      {
        ciphers,
        maxVersion: 'TLSv1.2',
        checkServerIdentity: () => undefined,
        pskCallback: (hint: string | null) => {
          hints.push(hint);
          return { identity: 'me', psk };
        },
      },
    );
    expect([hints, both.client.getCipher()?.name]).toEqual([['which'], ciphers]);
    close(both);
  });
});

describe('TLS 1.0', () => {
  it('chains its blocks from record to record where sockets read to one place', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    const server = createServer({ cert, key, ...old }, (socket) => socket.on('error', () => undefined).pipe(socket));
    const port = await listening(server);
    const clients = ['a', 'b'].map(async (i) => {
      const client = connect({ port, host: 'localhost', ca, ...old });
      await once(client, 'secureConnect');
      let seen = '';
      client.on('data', (chunk: Buffer) => (seen += chunk.toString()));
      for (let n = 0; n < 20; n++) {
        const sent = `${i} ${n}`;
        seen = '';
        client.write(sent);
        // In CBC of TLS 1.0 the first byte goes alone.
        while (seen.length < sent.length) await once(client, 'data');
        expect(seen).toBe(sent);
      }
      expect(client.getProtocol()).toBe('TLSv1');
      client.end();
    });
    await Promise.all(clients);
    await closed(server);
  });
});

describe('renegotiate', () => {
  it('makes another handshake from either end, also while nobody reads', async () => {
    const both = await connected({ ssl: RENEGOTIATING }, { ssl: RENEGOTIATING });
    for (const [one, other] of [
      [both.client, both.server],
      [both.server, both.client],
    ] as const) {
      const before = other.ssl.connection?.peerFinished;
      const ended = once(other, 'secure');
      expect(await new Promise((resolve) => one.renegotiate({}, resolve))).toBeNull();
      await ended;
      expect(other.ssl.connection?.peerFinished).not.toBe(before);
      one.write('after it');
      expect(String((await once(other, 'data'))[0])).toBe('after it');
      other.removeAllListeners('data').pause();
    }
    close(both);
  });

  it('lets a server ask for the certificate of the client', async () => {
    const both = await connected({ ssl: RENEGOTIATING, ca }, { ssl: RENEGOTIATING, cert: LIVE.clientCert, key: LIVE.clientKey });
    expect(both.server.getPeerCertificate()).toEqual({});
    await new Promise((resolve) => both.server.renegotiate({ requestCert: true }, resolve));
    expect(both.server.getPeerCertificate()).toMatchObject({ subject: { CN: 'client' } });
    close(both);
  });

  it('is refused where options or TLS 1.3 forbid it, and the connection goes on', async () => {
    for (const [options, code] of [
      [{ secureOptions: OPTIONS.NO_RENEGOTIATION }, 'ERR_SSL_NO_RENEGOTIATION'],
      [{ maxVersion: 'TLSv1.3' }, 'ERR_SSL_WRONG_SSL_VERSION'],
    ] as const) {
      const both = await connected(options, options);
      let refused: unknown;
      const heard = new Promise<void>((resolve) => {
        expect(
          both.client.renegotiate({}, (error) => {
            refused = error;
            resolve();
          }),
        ).toBe(false);
      });
      await heard;
      expect(refused).toMatchObject({ code });
      both.client.write('still here');
      expect(String((await once(both.server, 'data'))[0])).toBe('still here');
      close(both);
    }
  });

  it('fails at a client whose server wants none', async () => {
    const both = await connected({ secureOptions: OPTIONS.NO_RENEGOTIATION });
    const failed = once(both.client, 'error');
    both.server.on('error', () => undefined);
    both.client.renegotiate({});
    expect((await failed)[0]).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' });
    close(both);
  });

  it('costs a client the connection after disableRenegotiation, and after CLIENT_RENEG_LIMIT of its own', async () => {
    const disabled = await connected({});
    disabled.client.on('error', () => undefined);
    disabled.server.disableRenegotiation();
    disabled.client.renegotiate({});
    expect((await once(disabled.server, 'error'))[0]).toMatchObject({ code: 'ERR_TLS_RENEGOTIATION_DISABLED' });
    const limited = await connected({});
    limited.client.on('error', () => undefined);
    for (let i = 0; i < tls.CLIENT_RENEG_LIMIT; i++)
      expect(await new Promise((resolve) => limited.client.renegotiate({}, resolve))).toBeNull();
    limited.client.renegotiate({});
    expect((await once(limited.server, 'error'))[0]).toMatchObject({ code: 'ERR_TLS_SESSION_ATTACK' });
  });
});

describe('stateless', () => {
  it('demands a cookie before anything else', async () => {
    const both = await connected({ maxVersion: 'TLSv1.3', stateless: true });
    expect(both.server.ssl.connection?.cookieVerified).toBe(true);
    both.client.write('proven');
    expect(String((await once(both.server, 'data'))[0])).toBe('proven');
    close(both);
  });
});
