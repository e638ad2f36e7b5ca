import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as net from 'node:net';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { closed, duplexPair, LIVE, listening, readAll } from '../../test/support/loopback.ts';
import { connect, createServer, type Server, TLSSocket } from './index.ts';

const { ca, cert, key } = LIVE;
const servers: net.Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) if (server.listening) await closed(server);
});

function serve(listener: (socket: TLSSocket) => void, options: object = {}): Promise<number> {
  const server = createServer({ cert, key, ...options }, listener);
  servers.push(server);
  return listening(server);
}

/** Both ends over a pair of streams that are no sockets. */
function overPair(options: object = {}): {
  readonly client: TLSSocket;
  readonly server: TLSSocket;
  readonly wires: readonly [Duplex, Duplex];
} {
  const wires = duplexPair();
  const server = new TLSSocket(wires[1], { isServer: true, cert, key, ...options });
  const client = connect({ socket: wires[0], host: 'localhost', ca, ...options });
  return { client, server, wires };
}

describe('over any Duplex', () => {
  it('connects and carries data both ways', async () => {
    const { client, server } = overPair();
    server.pipe(server);
    await once(client, 'secureConnect');
    expect([client.authorized, client.remoteAddress, client.address()]).toEqual([true, undefined, {}]);
    const data = randomBytes(300_000);
    client.end(data);
    expect((await readAll(client)).equals(data)).toBe(true);
  });

  it('sends what is written before the handshake is complete', async () => {
    const { client, server } = overPair();
    client.end('early bird');
    expect((await readAll(server)).toString()).toBe('early bird');
  });

  it('times an idle connection out where the transport cannot', async () => {
    const { client } = overPair();
    await once(client, 'secureConnect');
    client.setTimeout(10);
    await once(client, 'timeout');
    expect([client.timeout, client.destroyed]).toEqual([10, false]);
    client.destroy();
  });
});

describe('what went through', () => {
  it('is counted as plaintext, with what still waits, as node:tls counts it', async () => {
    const { client, server } = overPair();
    client.write(Buffer.alloc(1000));
    expect([client.bytesRead, client.bytesWritten]).toEqual([0, 1000]);
    client.end(Buffer.alloc(70_000));
    expect((await readAll(server)).length).toBe(71_000);
    expect([client.bytesWritten, server.bytesRead, server.bytesWritten]).toEqual([71_000, 71_000, 0]);
  });
});

describe('small writes of one turn', () => {
  it('share a record, behind the first, and arrive in their order', async () => {
    const { client, server } = overPair();
    await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
    const records: number[] = [];
    client.ssl.set(
      'msgCallback',
      (write, _version, type, bytes) => void (write && type === 0x100 && records.push(((bytes[3] ?? 0) << 8) | (bytes[4] ?? 0))),
    );
    const written: number[] = [];
    for (let i = 0; i < 50; i++) client.write(Buffer.alloc(100, i), () => written.push(i));
    expect([records, client.writableLength, client.bytesWritten]).toEqual([[117], 5000, 5000]);
    client.end();
    const all = await readAll(server);
    expect(all.equals(Buffer.concat(Array.from({ length: 50 }, (_, i) => Buffer.alloc(100, i))))).toBe(true);
    expect([records.slice(0, 2), written]).toEqual([[117, 4917], Array.from({ length: 50 }, (_, i) => i)]);
  });
});

describe('back-pressure', () => {
  it('loses nothing where several sockets read by turns and stop in the middle of a chunk', async () => {
    const data = randomBytes(1_000_000);
    const port = await serve((socket) => void socket.end(data));
    const readSlowly = async (): Promise<boolean> => {
      const pieces: Buffer[] = [];
      const socket = connect({ port, host: 'localhost', ca });
      for await (const piece of socket) {
        pieces.push(piece);
        await new Promise(setImmediate);
      }
      return Buffer.concat(pieces).equals(data);
    };
    expect(await Promise.all([readSlowly(), readSlowly(), readSlowly()])).toEqual([true, true, true]);
  });

  it('stops a writer whose peer does not read', async () => {
    const { client, server } = overPair();
    await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
    const chunk = Buffer.alloc(65_536);
    let written = 0;
    for (let i = 0; i < 64; i++) client.write(chunk, () => (written += chunk.length));
    // Everything that can move has moved when several turns of the loop bring nothing new.
    for (let turn = 0, before = -1; turn < 20; turn = written === before ? turn + 1 : 0) {
      before = written;
      await new Promise(setImmediate);
    }
    expect(written).toBeLessThan(1 << 20);
    expect(server.readableLength).toBeLessThan(1 << 18);
    client.end();
    expect((await readAll(server)).length).toBe(64 * chunk.length);
  });

  it('holds a fast sender back over TCP until its slow reader wants more', async () => {
    let written = 0;
    const port = await serve((socket) => {
      socket.on('error', () => undefined);
      const chunk = Buffer.alloc(1 << 20);
      const more = (): void => {
        written += chunk.length;
        if (written < 1 << 30) socket.write(chunk, more);
      };
      socket.write(chunk, more);
    });
    const client = connect({ port, host: 'localhost', ca });
    await once(client, 'secureConnect');
    for (let turn = 0, before = -1; turn < 50; turn = written === before ? turn + 1 : 0) {
      before = written;
      await new Promise(setImmediate);
    }
    // The kernel's buffers, ours, and a megabyte on its way: far from the gigabyte that waits.
    expect(written).toBeLessThan(32 << 20);
    client.destroy();
  });
});

describe('a reader', () => {
  it('that takes one chunk each time it hears "readable" gets all of them, and the end', async () => {
    const data = randomBytes(2 << 20);
    const port = await serve((socket) => {
      socket.end(data);
      socket.destroySoon();
    });
    const client = connect({ port, host: 'localhost', ca });
    await once(client, 'secureConnect');
    const pieces: Buffer[] = [];
    client.on('readable', () => {
      const piece = client.read() as Buffer | null;
      if (piece !== null) pieces.push(piece);
    });
    await once(client, 'end');
    expect(Buffer.concat(pieces).equals(data)).toBe(true);
  });
});

describe('a writer', () => {
  it('that destroys when it hears that a write is over has sent what it wrote behind that', async () => {
    const port = await serve((socket) => {
      socket.write('hello ', () => {
        socket.write('world', () => socket.destroy());
        socket.write(', and more');
      });
    });
    const client = connect({ port, host: 'localhost', ca });
    client.on('error', () => undefined);
    expect((await readAll(client)).toString()).toBe('hello world, and more');
  });

  it('that said goodbye hears nothing of a peer that is gone before it arrives', async () => {
    const { client, server, wires } = overPair();
    await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
    const seen: string[] = [];
    for (const name of ['error', 'close']) server.on(name, () => seen.push(name));
    server.end();
    wires[1].destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' }));
    await once(server, 'close');
    expect(seen).toEqual(['close']);
    client.destroy();
  });
});

describe('large transfers', () => {
  it('carry 32 MB each way at once, with the server of node:tls', async () => {
    const server = tls.createServer({ cert, key }, (socket) => socket.pipe(socket));
    servers.push(server);
    const socket = connect({ port: await listening(server), host: 'localhost', ca });
    const data = randomBytes(32 << 20);
    socket.end(data);
    expect((await readAll(socket)).equals(data)).toBe(true);
  });
});

describe('the end', () => {
  it('leaves our direction open after the peer said close_notify, where that is wanted', async () => {
    const { client, server } = overPair({ allowHalfOpen: true });
    server.end('last words');
    expect((await readAll(client)).toString()).toBe('last words');
    expect([client.readableEnded, client.writable]).toEqual([true, true]);
    client.end('answer');
    expect((await readAll(server)).toString()).toBe('answer');
  });

  it('answers close_notify with its own otherwise', async () => {
    const port = await serve((socket) => socket.end('bye'));
    const socket = connect({ port, host: 'localhost', ca });
    expect((await readAll(socket)).toString()).toBe('bye');
    await once(socket, 'close');
    expect(socket.errored).toBe(null);
  });

  it('half-closes towards node:tls', async () => {
    const server = tls.createServer({ cert, key, allowHalfOpen: true }, async (socket) => {
      const all = await readAll(socket);
      socket.end(`got ${all.length}`);
    });
    servers.push(server);
    const socket = connect({ port: await listening(server), host: 'localhost', ca, allowHalfOpen: true });
    socket.end('12345');
    expect((await readAll(socket)).toString()).toBe('got 5');
  });

  it('ends where the transport does, as node:tls does, and says whether the peer had said so', async () => {
    for (const cut of [true, false]) {
      const { client, server, wires } = overPair();
      await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
      const ended = once(client.resume(), 'end');
      server.on('error', () => undefined);
      if (cut) wires[1].end();
      else server.end();
      await ended;
      expect(client.truncated).toBe(cut);
      server.destroy();
    }
  });

  it('fails for an end without close_notify where it is told to: data may be missing', async () => {
    const { client, server, wires } = overPair({ requireCloseNotify: true });
    await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
    client.resume();
    server.on('error', () => undefined);
    wires[1].end();
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException & { library: string; reason: string }];
    expect([error.code, error.library, error.reason]).toEqual([
      'ERR_SSL_UNEXPECTED_EOF_WHILE_READING',
      'SSL routines',
      'unexpected eof while reading',
    ]);
    server.destroy();
  });

  it('is not an error, and not an end of the data, where the peer hangs up without a word after our goodbye', async () => {
    const { client, server, wires } = overPair({ requireCloseNotify: true });
    client.allowHalfOpen = false;
    await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
    const seen: string[] = [];
    for (const name of ['end', 'error', 'close']) client.on(name, () => seen.push(name));
    client.resume();
    await new Promise<void>((resolve) => client.end(resolve));
    wires[1].end();
    await once(client, 'close');
    expect(seen).toEqual(['close']);
    server.destroy();
  });

  it('is an error after our goodbye too, where the answer was still to come', async () => {
    const { client, server, wires } = overPair({ requireCloseNotify: true, allowHalfOpen: true });
    await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
    client.resume();
    client.end('question');
    await once(server.resume(), 'end');
    wires[1].end();
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_SSL_UNEXPECTED_EOF_WHILE_READING');
    server.destroy();
  });

  it('tells a writer that its transport is gone', async () => {
    const { client, server, wires } = overPair();
    await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
    client.on('error', () => undefined);
    wires[0].destroy();
    await once(wires[0], 'close');
    const error = await new Promise((resolve) => client.write('x', resolve));
    expect(error).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ERR_STREAM_DESTROYED)$/) });
    server.destroy();
  });

  it('lets go of the connection when it is destroyed from one of its own events', async () => {
    const { client, server } = overPair();
    client.once('session', () => client.destroy());
    server.on('error', () => undefined);
    client.resume();
    await once(client, 'close');
    expect([client.ssl.referenceCount, client.getProtocol(), client.getPeerCertificate()]).toEqual([0, null, null]);
    server.destroy();
  });
});

describe('failures', () => {
  it('names a certificate for another host', async () => {
    const port = await serve((socket) => socket.end());
    const socket = connect({ port, host: 'localhost', servername: 'elsewhere.example', ca });
    await expect(once(socket, 'secureConnect')).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      host: 'elsewhere.example',
      cert: { subject: { CN: 'localhost' } },
    });
    expect([socket.authorized, socket.authorizationError]).toEqual([false, 'ERR_TLS_CERT_ALTNAME_INVALID']);
  });

  it('names an authority that nobody trusts, and the server hears of it', async () => {
    const server = createServer({ cert, key });
    servers.push(server);
    const socket = connect({ port: await listening(server), host: 'localhost' });
    const heard = once(server, 'tlsClientError');
    await expect(once(socket, 'secureConnect')).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    const [error] = (await heard) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA');
  });

  it('calls a peer that does not speak TLS what it is', async () => {
    const plain = net.createServer((socket) => socket.resume().end('220 hello, this is SMTP\r\n'));
    servers.push(plain);
    const socket = connect({ port: await listening(plain), host: 'localhost', ca });
    await expect(once(socket, 'secureConnect')).rejects.toMatchObject({ code: 'ERR_SSL_WRONG_VERSION_NUMBER', library: 'SSL routines' });
    const server = createServer({ cert, key });
    servers.push(server);
    const port = await listening(server);
    for (const [request, code] of [
      ['GET / HTTP/1.1', 'ERR_SSL_HTTP_REQUEST'],
      ['CONNECT a.example:443 HTTP/1.1', 'ERR_SSL_HTTPS_PROXY_REQUEST'],
    ]) {
      const client = net.connect(port, '127.0.0.1', () => client.write(`${request}\r\n\r\n`));
      client.resume().on('error', () => undefined);
      const [error] = (await once(server, 'tlsClientError')) as [NodeJS.ErrnoException];
      expect(error.code).toBe(code);
    }
  });

  it('closes a socket that was made with new, where nobody listens for errors of its handshake', async () => {
    for (const isServer of [true, false]) {
      const [wire, other] = duplexPair();
      other.on('error', () => undefined);
      const socket = new TLSSocket(wire, { isServer, cert, key });
      const told: string[] = [];
      socket.on('_tlsError', ({ code }: NodeJS.ErrnoException) => told.push(String(code)));
      other.write(Buffer.alloc(100, 42));
      // Not `once`, which listens for errors.
      await new Promise((resolve) => socket.on('close', resolve));
      expect(told).toEqual(['ERR_SSL_WRONG_VERSION_NUMBER']);
    }
  });

  it('hangs up on a peer that goes on sending what nobody reads after a failure', async () => {
    const server = createServer({ cert, key });
    servers.push(server);
    const client = net.connect(await listening(server), '127.0.0.1', () => client.write(Buffer.alloc(8 << 20, 42)));
    client.resume().on('error', () => undefined);
    const [error, socket] = (await once(server, 'tlsClientError')) as [NodeJS.ErrnoException, TLSSocket];
    expect(error.code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
    await once(socket.transport, 'close');
    expect((socket.transport as net.Socket).bytesRead).toBeLessThan(1 << 20);
    client.destroy();
  });

  it('gives a silent peer up after handshakeTimeout', async () => {
    const silent = net.createServer((socket) => socket.resume().on('end', () => socket.end()));
    servers.push(silent);
    const socket = connect({ port: await listening(silent), host: 'localhost', ca, handshakeTimeout: 20 });
    await expect(once(socket, 'secureConnect')).rejects.toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
    const server: Server = createServer({ cert, key, handshakeTimeout: 20 });
    servers.push(server);
    const client = net.connect(await listening(server), '127.0.0.1');
    client.resume().on('error', () => undefined);
    const [error] = (await once(server, 'tlsClientError')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
    client.destroy();
  });

  it('reports a peer that hangs up in the handshake as a reset', async () => {
    const rude = net.createServer((socket) => socket.once('data', () => socket.end()));
    servers.push(rude);
    const port = await listening(rude);
    const socket = connect({ port, host: 'localhost', ca });
    await expect(once(socket, 'secureConnect')).rejects.toMatchObject({ code: 'ECONNRESET', port });
  });

  it('passes errors of the transport on', async () => {
    const server = net.createServer();
    const port = await listening(server);
    await closed(server);
    await expect(once(connect({ port, host: '127.0.0.1', ca }), 'secureConnect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
