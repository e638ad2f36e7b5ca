import { once } from 'node:events';
import * as tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { TEST_KEYS } from '../../test/support/keys.ts';
import { closed, LIVE, listening, livePem, readAll } from '../../test/support/loopback.ts';
import { connect, createSecureContext, createServer, type Server, type TLSSocket } from './index.ts';

const { ca, cert, key, clientCert, clientKey } = LIVE;
const servers: (Server | tls.Server)[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) if (server.listening) await closed(server);
});

const ours = (options: Parameters<typeof createServer>[0] = {}, listener: (socket: TLSSocket) => void = echo): Promise<number> => {
  const server = createServer({ cert, key, ...(typeof options === 'object' ? options : {}) }, listener);
  servers.push(server);
  return listening(server);
};

const theirs = (options: tls.TlsOptions = {}): Promise<number> => {
  const server = tls.createServer({ cert, key, minVersion: 'TLSv1.3', ...options }, (socket) => socket.pipe(socket));
  servers.push(server);
  return listening(server);
};

function echo(socket: TLSSocket): void {
  // Clients here are destroyed with tickets unread: the reset is theirs.
  socket.on('error', () => undefined).pipe(socket);
}

describe('a client of ours', () => {
  it('talks to a server of node:tls', async () => {
    const port = await theirs({ ALPNProtocols: ['b', 'a'] });
    const socket = connect({ port, host: 'localhost', ca, ALPNProtocols: ['a', 'b'] });
    await once(socket, 'secureConnect');
    expect([socket.authorized, socket.authorizationError, socket.getProtocol(), socket.alpnProtocol]).toEqual([true, null, 'TLSv1.3', 'b']);
    expect(socket.getCipher()).toEqual({ name: 'TLS_AES_256_GCM_SHA384', standardName: 'TLS_AES_256_GCM_SHA384', version: 'TLSv1.3' });
    expect([socket.remoteAddress, socket.remotePort, socket.connecting, socket.encrypted]).toEqual(['127.0.0.1', port, false, true]);
    socket.end('hello');
    expect((await readAll(socket)).toString()).toBe('hello');
  });

  it('takes a port and a host in front, as node:tls does', async () => {
    const port = await theirs();
    const socket = connect(port, '127.0.0.1', { ca });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it('gives sessions that resume, with its own server and with that of node:tls', async () => {
    for (const port of [await ours(), await theirs()]) {
      const first = connect({ port, host: 'localhost', ca });
      const [session] = (await once(first, 'session')) as [Buffer];
      first.end();
      await readAll(first);
      const second = connect({ port, host: 'localhost', ca, session });
      await once(second, 'secureConnect');
      expect([second.isSessionReused(), second.authorized]).toEqual([true, true]);
      second.destroy();
    }
  });

  it('exports the same keying material as its peer', async () => {
    const server = createServer({ cert, key }, (socket) => socket.on('error', () => undefined));
    servers.push(server);
    const port = await listening(server);
    const socket = connect({ port, host: 'localhost', ca });
    const [[peer]] = (await Promise.all([once(server, 'secureConnection'), once(socket, 'secureConnect')])) as [[TLSSocket], unknown];
    const context = Buffer.from('context');
    expect(socket.exportKeyingMaterial(32, 'label', context)).toEqual(peer.exportKeyingMaterial(32, 'label', context));
    expect(socket.getFinished()).toEqual(peer.getPeerFinished());
    socket.destroy();
  });

  it('shows the certificate of its peer in the shapes of node:tls', async () => {
    const port = await ours();
    const socket = connect({ port, host: 'localhost', ca });
    await once(socket, 'secureConnect');
    const node = tls.connect({ port, host: 'localhost', ca });
    await once(node, 'secureConnect');
    expect(socket.getPeerCertificate()).toMatchObject({
      subject: { CN: 'localhost' },
      fingerprint256: node.getPeerCertificate().fingerprint256,
    });
    expect(socket.getPeerX509Certificate()?.fingerprint256).toBe(node.getPeerX509Certificate()?.fingerprint256);
    expect(socket.getPeerCertificate(true)?.issuerCertificate).toMatchObject({ subject: { CN: 'Test CA' } });
    for (const end of [socket, node]) end.destroy();
  });

  it('reports the ephemeral key', async () => {
    const port = await theirs({ ecdhCurve: 'P-256' });
    const socket = connect({ port, host: 'localhost', ca });
    await once(socket, 'secureConnect');
    expect(socket.getEphemeralKeyInfo()).toEqual({ type: 'ECDH', name: 'prime256v1', size: 256 });
    socket.destroy();
  });

  it('writes a key log for those who listen', async () => {
    const port = await theirs();
    const socket = connect({ port, host: 'localhost', ca });
    const lines: string[] = [];
    socket.on('keylog', (line: Buffer) => lines.push(line.toString().split(' ')[0] as string));
    await once(socket, 'secureConnect');
    expect(lines).toContain('CLIENT_TRAFFIC_SECRET_0');
    socket.destroy();
  });

  it('reports no identity, and goes on, where it is told to', async () => {
    const port = await theirs();
    const socket = connect({ port, host: 'localhost', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    expect([socket.authorized, socket.authorizationError]).toEqual([false, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']);
    socket.destroy();
  });

  it('lets checkServerIdentity judge in place of the name check', async () => {
    const port = await theirs();
    const verdict = Object.assign(new Error('not that one'), { code: 'NOT_THAT_ONE' });
    const hosts: string[] = [];
    const checkServerIdentity = (host: string): Error | undefined => (hosts.push(host) > 1 ? verdict : undefined);
    const accepted = connect({ port, host: '127.0.0.1', servername: 'other.example', ca, checkServerIdentity });
    await once(accepted, 'secureConnect');
    accepted.destroy();
    const refused = connect({ port, host: '127.0.0.1', servername: 'other.example', ca, checkServerIdentity });
    await expect(once(refused, 'secureConnect')).rejects.toBe(verdict);
    expect([hosts, refused.authorizationError]).toEqual([['other.example', 'other.example'], 'NOT_THAT_ONE']);
  });
});

describe('a server of ours', () => {
  it('talks to a client of node:tls', async () => {
    const port = await ours({ ALPNProtocols: ['h', 'i'] });
    const socket = tls.connect({ port, host: 'localhost', ca, ALPNProtocols: ['i', 'h'] });
    await once(socket, 'secureConnect');
    expect([socket.authorized, socket.getProtocol(), socket.alpnProtocol]).toEqual([true, 'TLSv1.3', 'h']);
    socket.end('hello');
    expect((await readAll(socket)).toString()).toBe('hello');
  });

  it('knows its clients by their certificates', async () => {
    const seen: unknown[] = [];
    const port = await ours({ ca, requestCert: true }, (socket) => {
      seen.push(socket.authorized, socket.getPeerCertificate()?.['subject']);
      socket.end('welcome');
    });
    const socket = tls.connect({ port, host: 'localhost', ca, cert: clientCert, key: clientKey });
    expect((await readAll(socket)).toString()).toBe('welcome');
    expect(seen).toEqual([true, { CN: 'client' }]);
  });

  it('turns clients without a certificate away where it demands one, and lets them in where it only asks', async () => {
    const strict = createServer({ cert, key, ca, requestCert: true });
    servers.push(strict);
    const refused = tls.connect({ port: await listening(strict), host: 'localhost', ca });
    refused.on('error', () => undefined);
    const [error] = (await once(strict, 'tlsClientError')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
    const seen: unknown[] = [];
    const port = await ours({ ca, requestCert: true, rejectUnauthorized: false }, (socket) => {
      seen.push(socket.authorized, socket.authorizationError);
      socket.end();
    });
    await readAll(tls.connect({ port, host: 'localhost', ca }));
    expect(seen).toEqual([false, 'UNABLE_TO_GET_ISSUER_CERT']);
  });

  it('chooses a context by the name a client asks for', async () => {
    const other = createSecureContext({ cert: livePem({ subject: 'other', names: { dns: ['other.example'] } }), key });
    const byCallback = await ours({ SNICallback: (name, done) => setImmediate(done, null, name === 'other.example' ? other : undefined) });
    const server = createServer({ cert, key }, echo);
    server.addContext('*.example', other);
    servers.push(server);
    for (const port of [byCallback, await listening(server)]) {
      const socket = tls.connect({ port, host: '127.0.0.1', servername: 'other.example', ca });
      await once(socket, 'secureConnect');
      expect(socket.getPeerCertificate().subject.CN).toBe('other');
      socket.destroy();
    }
  });

  it('turns the delay of small segments off where HTTP/2 was agreed on', async () => {
    const port = await ours({ ALPNProtocols: ['h2', 'http/1.1'] });
    for (const [protocol, expected] of [
      ['h2', [undefined]],
      ['http/1.1', []],
    ] as const) {
      const socket = connect({ port, host: 'localhost', ca, ALPNProtocols: [protocol] });
      const calls: (boolean | undefined)[] = [];
      Object.assign(socket.transport, { setNoDelay: (noDelay?: boolean) => calls.push(noDelay) });
      await once(socket, 'secureConnect');
      expect(calls).toEqual(expected);
      socket.destroy();
    }
  });

  it('asks ALPNCallback, and refuses where it finds nothing', async () => {
    const port = await ours({ ALPNCallback: ({ servername, protocols }) => (servername === 'localhost' ? protocols.at(-1) : undefined) });
    const socket = tls.connect({ port, host: 'localhost', servername: 'localhost', ca, ALPNProtocols: ['a', 'b'] });
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe('b');
    socket.destroy();
    const refused = tls.connect({ port, host: '127.0.0.1', servername: 'server.example', ca, ALPNProtocols: ['a'] });
    await expect(once(refused, 'secureConnect')).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' });
  });

  it('staples what OCSPRequest answers, and a client of ours hears that there was nothing', async () => {
    const server = createServer({ cert, key }, echo);
    servers.push(server);
    const port = await listening(server);
    const without = connect({ port, host: 'localhost', ca, requestOCSP: true });
    expect(await once(without, 'OCSPResponse')).toEqual([null]);
    without.destroy();
    const answer = (_leaf: Uint8Array, _issuer: unknown, done: (error: null, response: Uint8Array) => void): void =>
      done(null, Buffer.from('staple'));
    server.addListener('OCSPRequest', answer);
    const socket = tls.connect({ port, host: 'localhost', ca, requestOCSP: true } as tls.ConnectionOptions);
    const [response] = (await once(socket, 'OCSPResponse')) as [Buffer];
    expect(response.toString()).toBe('staple');
    socket.destroy();
  });

  it('is refused for a group of Diffie and Hellman that is too small, whoever it is', async () => {
    const port = await ours({
      maxVersion: 'TLSv1.2',
      ciphers: 'DHE-RSA-AES128-GCM-SHA256',
      cert: livePem({ key: 'rsa' }),
      key: TEST_KEYS.rsa,
    });
    for (const [minDHSize, outcome] of [
      [3072, 'ERR_TLS_DH_PARAM_SIZE'],
      [2048, 2048],
    ]) {
      const socket = connect({ port, host: 'localhost', rejectUnauthorized: false, minDHSize: Number(minDHSize) });
      const seen = await once(socket, 'secureConnect').then(
        () => socket.getEphemeralKeyInfo()?.size,
        ({ code }: NodeJS.ErrnoException) => code,
      );
      expect(seen).toBe(outcome);
      socket.destroy();
    }
  });

  it('shows the client what was stapled while it can still say no', async () => {
    const server = createServer({ cert, key }, () => expect.unreachable());
    servers.push(server);
    const failed = once(server, 'tlsClientError');
    const socket = connect({ port: await listening(server), host: 'localhost', ca, requestOCSP: true });
    socket.on('secureConnect', () => expect.unreachable());
    socket.once('OCSPResponse', () => socket.destroy());
    await once(socket, 'close');
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }, {}]);
  });

  it('shows the certificate that setKeyCert brings while the protocol is chosen', async () => {
    const other = { cert: livePem({ subject: 'acme', key: 'rsa' }), key: TEST_KEYS.rsa };
    for (const [maxVersion, chosen] of [
      ['TLSv1.2', other],
      ['TLSv1.3', createSecureContext(other)],
    ] as const) {
      const port = await ours({
        maxVersion,
        ALPNCallback(this: TLSSocket, { protocols: [first] }) {
          this.setKeyCert(chosen);
          return first;
        },
      });
      const socket = connect({ port, host: 'localhost', ca, ALPNProtocols: ['acme-tls/1'], checkServerIdentity: () => undefined });
      await once(socket, 'secureConnect');
      expect([socket.alpnProtocol, socket.getPeerCertificate()]).toMatchObject(['acme-tls/1', { subject: { CN: 'acme' } }]);
      socket.destroy();
    }
  });

  it('agrees on a pre-shared key', async () => {
    const psk = Buffer.from('0123456789abcdef');
    const port = await ours({ pskCallback: (_socket, identity) => (identity === 'me' ? psk : null) });
    const socket = connect({ port, host: 'localhost', pskCallback: () => ({ psk, identity: 'me' }), checkServerIdentity: () => undefined });
    await once(socket, 'secureConnect');
    expect(socket.getPeerCertificate()).toEqual({});
    socket.destroy();
  });

  it('takes 0-RTT data, apart from the rest, and once', async () => {
    const early: string[] = [];
    const port = await ours({ ssl: { maxEarlyData: 1024 } }, (socket) => socket.end());
    (servers[0] as Server).on('connection', () => undefined);
    const first = connect({ port, host: 'localhost', ca });
    const [session] = (await once(first, 'session')) as [Buffer];
    await readAll(first);
    const server = servers[0] as Server;
    server.on('secureConnection', (socket: TLSSocket) => early.push(socket.earlyData));
    for (const expected of ['accepted', 'rejected']) {
      const socket = connect({ port, host: 'localhost', ca, session, earlyData: Buffer.from('GET /') });
      await once(socket, 'secureConnect');
      expect(socket.earlyData).toBe(expected);
      await readAll(socket);
    }
    expect(early[0]).toBe('accepted');
  });
});
