import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { Server as NetServer } from 'node:net';
import * as native from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { TEST_KEYS } from '../../test/support/keys.ts';
import { closed, LIVE, listening, livePem, readAll } from '../../test/support/loopback.ts';
import * as ours from './index.ts';

const { ca, cert, key, clientCert, clientKey } = LIVE;
const other = { cert: livePem({ subject: 'other', key: 'rsa', names: { dns: ['localhost'] } }), key: TEST_KEYS.rsa };
const servers: NetServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await closed(server);
});

/** The part of a socket that is looked at, whoever made it. */
type Socket = native.TLSSocket;

const MODULES = { 'libssl/node': ours as unknown as typeof native, 'node:tls': native };

async function serve(tls: typeof native, options: native.TlsOptions, listener: (socket: Socket) => void = quiet): Promise<number> {
  const server = tls.createServer({ cert, key, ...options }, listener);
  servers.push(server);
  return listening(server);
}

function quiet(socket: Socket): void {
  socket.on('error', () => undefined).resume();
}

async function met(
  tls: typeof native,
  options: native.TlsOptions,
  connecting: native.ConnectionOptions = {},
): Promise<readonly [Socket, Socket]> {
  const accepted: Socket[] = [];
  const port = await serve(tls, options, (socket) => {
    quiet(socket);
    accepted.push(socket);
  });
  const client = tls.connect({ port, host: 'localhost', servername: 'localhost', ca, ...connecting });
  await once(client, 'secureConnect');
  while (accepted.length === 0) await new Promise(setImmediate);
  return [client, accepted[0] as Socket];
}

const gone = (sockets: readonly Socket[]): void => {
  for (const socket of sockets) socket.destroy();
};

// Each promise is held against node:tls itself.
describe.each(Object.entries(MODULES))('%s', (_name, tls) => {
  it('pauseOnConnect holds data back until somebody asks for it', async () => {
    const port = await serve(tls, { pauseOnConnect: true }, (socket) => {
      expect(socket.isPaused()).toBe(true);
      setImmediate(() => socket.pipe(socket));
    });
    const client = tls.connect({ port, host: 'localhost', ca });
    client.end('hello');
    expect((await readAll(client)).toString()).toBe('hello');
  });

  it('allowPartialTrustChain trusts an authority that is not a root', async () => {
    const intermediate = livePem({ subject: 'Between', key: 'rsa', ca: true });
    const leaf = livePem({ subject: 'localhost', issuer: 'Between', issuerKey: 'rsa', names: { dns: ['localhost'] } });
    const outcome = async (allowPartialTrustChain: boolean): Promise<unknown> => {
      const port = await serve(tls, { cert: leaf });
      const client = tls.connect({ port, host: 'localhost', ca: intermediate, allowPartialTrustChain } as native.ConnectionOptions);
      const seen = await once(client, 'secureConnect').then(
        () => client.authorized,
        ({ code }: NodeJS.ErrnoException) => code,
      );
      client.destroy();
      return seen;
    };
    expect(await outcome(true)).toBe(true);
    expect(await outcome(false)).toMatch(/^UNABLE_TO_GET_ISSUER_CERT/);
  });

  it('setSecureContext is for connections from then on', async () => {
    const server = tls.createServer({ cert, key }, quiet);
    servers.push(server);
    const port = await listening(server);
    const subject = async (): Promise<unknown> => {
      const client = tls.connect({ port, host: 'localhost', ca });
      await once(client, 'secureConnect');
      const { CN } = client.getPeerCertificate().subject;
      client.destroy();
      return CN;
    };
    const before = await subject();
    server.setSecureContext(other);
    expect([before, await subject()]).toEqual(['localhost', 'other']);
  });

  it.each([true, false])('honorCipherOrder %s says whose order counts', async (honorCipherOrder) => {
    const [strong, weak] = ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256'];
    const both = await met(
      tls,
      { honorCipherOrder, maxVersion: 'TLSv1.2', ciphers: `${strong}:${weak}` },
      { ciphers: `${weak}:${strong}` },
    );
    expect(both[0].getCipher().name).toBe(honorCipherOrder ? strong : weak);
    gone(both);
  });

  it('tells the certificates of both sides, ours included, in both forms', async () => {
    const both = await met(tls, { requestCert: true, ca }, { cert: clientCert, key: clientKey });
    const [client, server] = both;
    for (const [socket, own] of [
      [client, clientCert],
      [server, cert],
    ] as const) {
      const expected = new X509Certificate(own);
      expect(socket.getX509Certificate()?.raw).toEqual(expected.raw);
      expect(socket.getCertificate()).toMatchObject({ fingerprint256: expected.fingerprint256 });
    }
    expect(server.getPeerX509Certificate()?.raw).toEqual(new X509Certificate(clientCert).raw);
    gone(both);
  });

  it('getSharedSigalgs, on the server, names what both sides take', async () => {
    const both = await met(tls, { sigalgs: 'ECDSA+SHA256:RSA-PSS+SHA256' }, { sigalgs: 'RSA-PSS+SHA256:ECDSA+SHA256:ECDSA+SHA384' });
    expect([...both[1].getSharedSigalgs()].sort()).toEqual(['ECDSA+SHA256', 'RSA-PSS+SHA256']);
    gone(both);
  });

  it('getTLSTicket gives what the session is resumed by', async () => {
    const both = await met(tls, { maxVersion: 'TLSv1.2' });
    expect(both[0].getTLSTicket()?.length).toBeGreaterThan(100);
    gone(both);
  });

  it('setMaxSendFragment takes 512 to 16,384 bytes', async () => {
    const both = await met(tls, {});
    expect([511, 512, 16_384, 16_385].map((size) => both[0].setMaxSendFragment(size))).toEqual([false, true, true, false]);
    gone(both);
  });

  it('setServername is for clients', async () => {
    const both = await met(tls, {});
    expect(() => (both[1] as unknown as { setServername(name: string): void }).setServername('x')).toThrow(
      expect.objectContaining({ code: 'ERR_TLS_SNI_FROM_SERVER' }),
    );
    gone(both);
  });

  it('onread brings data into a buffer of the program’s', async () => {
    const port = await serve(tls, {}, (socket) => void socket.on('error', () => undefined).end('hello, world'));
    const buffer = Buffer.alloc(5);
    const pieces: string[] = [];
    const onread = {
      buffer,
      callback: (length: number, into: Uint8Array) => pieces.push(Buffer.from(into.subarray(0, length)).toString()) > 0,
    };
    const client = tls.connect({ port, host: 'localhost', ca, onread } as unknown as native.ConnectionOptions);
    await once(client, 'end');
    expect(pieces.join('')).toBe('hello, world');
    client.destroy();
  });

  it('convertALPNProtocols writes the wire form', () => {
    const out: { ALPNProtocols?: Buffer } = {};
    (tls as unknown as typeof ours).convertALPNProtocols(['h2', 'http/1.1'], out);
    expect(out.ALPNProtocols?.toString('latin1')).toBe('\x02h2\x08http/1.1');
  });
});

describe('libssl/node', () => {
  it('enableTrace writes messages, by their names', async () => {
    const written: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
    try {
      gone(await met(MODULES['libssl/node'], {}, { enableTrace: true } as native.ConnectionOptions));
    } finally {
      process.stderr.write = write;
    }
    for (const line of [/Sent Record/, /ClientHello, Length=\d+/, /Received Record/, /ServerHello, Length=\d+/])
      expect(written.join('')).toMatch(line);
  });

  it('setDefaultCACertificates says whom connections trust from then on', async () => {
    const before = ours.getCACertificates();
    const port = await serve(MODULES['libssl/node'], {});
    const outcome = async (): Promise<unknown> => {
      const client = ours.connect({ port, host: 'localhost' });
      const seen = await once(client, 'secureConnect').then(
        () => client.authorized,
        ({ code }: NodeJS.ErrnoException) => code,
      );
      client.destroy();
      return seen;
    };
    expect(await outcome()).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    ours.setDefaultCACertificates([ca]);
    try {
      expect([await outcome(), ours.getCACertificates().length]).toEqual([true, 1]);
    } finally {
      ours.setDefaultCACertificates(before);
    }
    expect(await outcome()).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });
});
