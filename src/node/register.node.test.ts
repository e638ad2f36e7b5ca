import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import { createRequire } from 'node:module';
import type { Server as NetServer } from 'node:net';
import * as tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIVE, listening, readAll } from '../../test/support/loopback.ts';
import * as face from './index.ts';

const { ca, cert, key } = LIVE;

describe('after libssl/node/register', () => {
  const before = { connect: tls.connect, getCiphers: tls.getCiphers };
  const web: NetServer = https.createServer({ cert, key }, (_request, response) => response.end('hello'));
  const web2 = http2.createSecureServer({ cert, key });
  web2.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('hello');
  });
  let port = 0;
  let port2 = 0;

  beforeAll(async () => {
    [port, port2] = [await listening(web), await listening(web2)];
    await import('./register.ts');
  });
  afterAll(() => {
    for (const each of [web, web2]) each.close();
  });

  it('node:tls is ours, by every way in which it is imported, and the rest of it is as it was', () => {
    const required = createRequire(import.meta.url)('tls') as typeof tls;
    for (const module of [tls, required]) {
      expect([module.connect, module.createServer, module.TLSSocket, module.Server]).toEqual([
        face.connect,
        face.createServer,
        face.TLSSocket,
        face.Server,
      ]);
      expect(module.connect).not.toBe(before.connect);
      expect(module.rootCertificates.length).toBeGreaterThan(0);
    }
  });

  it('carries node:https, with the sessions that its agent keeps', async () => {
    const agent = new https.Agent({ keepAlive: false });
    const resumed: boolean[] = [];
    for (let i = 0; i < 2; i++) {
      const request = https.get({ port, host: 'localhost', ca, agent });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const socket = response.socket as unknown as face.TLSSocket;
      expect(socket).toBeInstanceOf(face.TLSSocket);
      resumed.push(socket.isSessionReused());
      expect((await readAll(response)).toString()).toBe('hello');
    }
    expect(resumed).toEqual([false, true]);
  });

  it('carries node:http2', async () => {
    const client = http2.connect(`https://localhost:${port2}`, { ca });
    const stream = client.request();
    expect((await readAll(stream)).toString()).toBe('hello');
    expect(client.socket).toBeInstanceOf(face.TLSSocket);
    client.close();
    await once(client, 'close');
  });

  it('tells sessions of node:http2 on both sides that they are encrypted, and of what protocol and origin', async () => {
    const accepted = once(web2, 'session') as Promise<[http2.ServerHttp2Session]>;
    const client = http2.connect(`https://localhost:${port2}`, { ca });
    // Not before the handshake is complete: there is no protocol until then.
    expect([client.connecting, client.encrypted, client.alpnProtocol]).toEqual([true, undefined, undefined]);
    await once(client, 'connect');
    const [server] = await accepted;
    for (const session of [client, server]) expect([session.encrypted, session.alpnProtocol]).toEqual([true, 'h2']);
    expect(client.originSet).toEqual([`https://localhost:${port2}`]);
    client.close();
    await once(client, 'close');
  });

  it('fails a session of node:http2 whose server nobody trusts, before it is connected', async () => {
    const client = http2.connect(`https://localhost:${port2}`);
    client.on('connect', () => expect.unreachable());
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it('takes the defaults that are set on node:tls, and what is put into the place of its functions', () => {
    const module = createRequire(import.meta.url)('tls') as {
      DEFAULT_MAX_VERSION: string;
      createSecureContext: (options: object) => unknown;
    };
    const { DEFAULT_MAX_VERSION: newest, createSecureContext: made } = module;
    const asked: object[] = [];
    try {
      module.DEFAULT_MAX_VERSION = 'TLSv1.2';
      expect(face.createSecureContext().context.get('maxProtoVersion')).toBe(0x0303);
      module.createSecureContext = (options) => {
        asked.push(options);
        return made(options);
      };
      face
        .connect({ port, ca })
        .on('error', () => undefined)
        .destroy();
      face.createServer({ cert, key });
    } finally {
      Object.assign(module, { DEFAULT_MAX_VERSION: newest, createSecureContext: made });
    }
    expect(asked).toMatchObject([
      { ca, ciphers: face.DEFAULT_CIPHERS },
      { cert, key },
    ]);
  });

  it('serves by node:http2, which was loaded before', async () => {
    const server = http2.createSecureServer({ cert, key }, (_request, response) => response.end('hello'));
    expect(server).toBeInstanceOf(face.Server);
    const client = http2.connect(`https://localhost:${await listening(server)}`, { ca });
    expect((await readAll(client.request())).toString()).toBe('hello');
    client.close();
    server.close();
    await once(server, 'close');
  });

  it('verifies', async () => {
    const request = https.get({ port, host: 'localhost', agent: false });
    const [error] = (await once(request, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });
});
