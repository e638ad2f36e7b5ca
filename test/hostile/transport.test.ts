import { describe, expect, it } from 'vitest';
import { concat, fromUtf8, utf8 } from '../../src/bytes/bytes.ts';
import { type Bio, type MemBio, MODES, OPTIONS, SHUTDOWN, Ssl, TlsFatal, UnexpectedEof } from '../../src/index.ts';
import { clientContext, connected, drain, handshake, join, type Pair, pair, serverContext } from '../support/connect.ts';
import { againstServer, QUICK_SERVER } from './client-peer.ts';
import { againstClient, QUICK_CLIENT } from './server-peer.ts';
import { expectConnection } from './verdict.ts';

const quick = (): Pair => connected(QUICK_CLIENT, QUICK_SERVER);

/** A BIO in front of another that does what a test wants. */
class Bent implements Bio {
  readonly inner: MemBio;
  readonly readable: (max: number) => Uint8Array | 'retry' | 'eof';
  readonly writable: (bytes: Uint8Array) => number;

  constructor(
    inner: MemBio,
    bend: { read?: (inner: MemBio, max: number) => Uint8Array | 'retry' | 'eof'; write?: (inner: MemBio, bytes: Uint8Array) => number },
  ) {
    this.inner = inner;
    this.readable = (max) => bend.read?.(inner, max) ?? inner.read(max);
    this.writable = (bytes) => bend.write?.(inner, bytes) ?? inner.write(bytes);
  }

  read(max: number): Uint8Array | 'retry' | 'eof' {
    return this.readable(max);
  }

  write(bytes: Uint8Array): number {
    return this.writable(bytes);
  }
}

describe('a transport', () => {
  it('of one byte at a time carries everything, with a retry at each byte', () => {
    const both = pair({ ...QUICK_CLIENT }, { ...QUICK_SERVER, numTickets: 1 });
    const everyOther = () => {
      let turn = 0;
      return () => ++turn % 2 === 0;
    };
    for (const [ssl, input, output] of [
      [both.client, both.toClient, both.toServer],
      [both.server, both.toServer, both.toClient],
    ] as const) {
      const [reads, writes] = [everyOther(), everyOther()];
      ssl.setBio(
        new Bent(input, { read: (inner) => (reads() ? inner.read(1) : 'retry') }),
        new Bent(output, { write: (inner, bytes) => (writes() ? inner.write(bytes.subarray(0, 1)) : 0) }),
      );
    }
    let steps = 0;
    while (!(both.client.isInitFinished && both.server.isInitFinished)) {
      if (++steps > 20_000) throw new Error('no progress');
      for (const ssl of [both.client, both.server])
        if (!ssl.isInitFinished && !ssl.doHandshake()) expect(['read', 'write']).toContain(ssl.want);
    }
    const text = utf8('through the eye of a needle');
    let sent = 0;
    while (sent === 0 && ++steps < 25_000) sent = both.client.write(text);
    const parts: Uint8Array[] = [];
    while (concat(...parts).length < text.length && ++steps < 30_000) parts.push(both.server.read() ?? new Uint8Array(0));
    expect(fromUtf8(concat(...parts))).toBe('through the eye of a needle');
  });

  it('that lends the same buffer again and again does not change what was read', () => {
    const lent = new Uint8Array(65_536);
    const { client, server, toServer, toClient } = quick();
    server.setBio(
      new Bent(toServer, {
        read: (inner, max) => {
          lent.fill(0xee);
          const bytes = inner.read(Math.min(max, 100));
          if (typeof bytes === 'string') return bytes;
          lent.set(bytes);
          return lent.subarray(0, bytes.length);
        },
      }),
      toClient,
    );
    for (const text of ['one', 'two', 'x'.repeat(300)]) client.write(utf8(text));
    const parts = [server.read(), server.read(), server.read()];
    lent.fill(0xff);
    expect(parts.map((part) => fromUtf8(part ?? new Uint8Array(0)))).toEqual(['one', 'two', 'x'.repeat(300)]);
  });

  it('that gives nothing, and says so with no bytes, is asked again later', () => {
    const { client, server, toServer, toClient } = quick();
    let empty = true;
    server.setBio(new Bent(toServer, { read: (inner, max) => (empty ? new Uint8Array(0) : inner.read(max)) }), toClient);
    client.write(utf8('later'));
    expect(server.read()).toBeUndefined();
    expect(server.want).toBe('read');
    empty = false;
    expect(fromUtf8(drain(server))).toBe('later');
  });

  const broken = (): never => {
    throw new Error('the line is dead');
  };
  it.each(['read', 'write'] as const)('whose %s fails ends the connection, once and for all', (which) => {
    for (const begin of [() => pair(QUICK_CLIENT, QUICK_SERVER), quick]) {
      const { client, toClient, toServer } = begin();
      client.setBio(
        new Bent(toClient, which === 'read' ? { read: broken } : {}),
        new Bent(toServer, which === 'write' ? { write: broken } : {}),
      );
      const use = (): unknown => (client.isInitFinished && which === 'write' ? client.write(utf8('x')) : client.read());
      expect(use).toThrow('the line is dead');
      expect(client.failure).toBeInstanceOf(TlsFatal);
      expect(client.failure?.cause).toBeInstanceOf(Error);
      expect(() => client.read()).toThrow(client.failure);
      expect(() => client.doHandshake()).toThrow(client.failure);
    }
  });
});

describe('the end of a transport', () => {
  it('without close_notify is an error', () => {
    const { client, toClient } = quick();
    toClient.end();
    expect(() => client.read()).toThrow(UnexpectedEof);
    expect(() => client.write(utf8('x'))).toThrow(UnexpectedEof);
  });

  it('within a record is an error, and gives nothing of it away', () => {
    const { client, server, toClient } = quick();
    server.write(utf8('cut short'));
    const record = toClient.readAll();
    toClient.write(record.subarray(0, -1));
    toClient.end();
    expect(() => client.read()).toThrow(UnexpectedEof);
  });

  it('is an end like any other where the option says so', () => {
    const { client, toClient } = connected({ ...QUICK_CLIENT, options: OPTIONS.IGNORE_UNEXPECTED_EOF }, QUICK_SERVER);
    toClient.end();
    expect(client.read()).toBeUndefined();
    expect(client.want).toBe('zero_return');
  });

  it('after close_notify is no error', () => {
    const { client, server, toClient } = quick();
    expect(server.shutdown()).toBe(false);
    toClient.end();
    expect(client.read()).toBeUndefined();
    expect(client.want).toBe('zero_return');
    expect(client.shutdownState).toBe(SHUTDOWN.RECEIVED);
  });
});

describe('close_notify', () => {
  it('hides what comes behind it', () => {
    const peer = againstClient().handshake();
    peer.sendData('before').sendAlert(0, 1).sendData('behind').sendAlert(40).turn();
    expectConnection(peer);
    expect(peer.text).toBe('before');
    expect(peer.victim.want).toBe('zero_return');
    expect(peer.turn().text).toBe('before');
  });

  it('is one whatever its level says', () => {
    const peer = againstClient().handshake().sendAlert(0, 2).turn();
    expectConnection(peer);
    expect(peer.victim.want).toBe('zero_return');
  });

  it('closes one direction: the other goes on', () => {
    const { client, server } = quick();
    server.shutdown();
    expect(client.read()).toBeUndefined();
    expect(client.write(utf8('still here'))).toBe(10);
    expect(fromUtf8(drain(server))).toBe('still here');
    expect(() => server.write(utf8('no more'))).toThrow(expect.objectContaining({ reason: 'PROTOCOL_IS_SHUTDOWN' }));
    expect(() => server.keyUpdate(false)).toThrow(expect.objectContaining({ reason: 'PROTOCOL_IS_SHUTDOWN' }));
    expect(() => server.verifyClientPostHandshake()).toThrow(expect.objectContaining({ reason: 'PROTOCOL_IS_SHUTDOWN' }));
    expect(client.shutdown()).toBe(true);
    expect(server.shutdown()).toBe(true);
  });

  it('is the last that is said: a request for new keys gets no answer', () => {
    const peer = againstServer().handshake();
    peer.victim.shutdown();
    peer.turn();
    const said = peer.messages.length;
    peer.sendKeyUpdate(1).sendData('more').turn();
    expect(peer.text).toBe('more');
    expect(peer.messages).toHaveLength(said);
    expect(peer.alerts).toEqual([[1, 0]]);
  });

  it('is the last that is said: a request for a certificate gets no answer', () => {
    const peer = againstClient({ postHandshakeAuth: true }).handshake();
    peer.victim.shutdown();
    peer.turn().play('PCR', 'DATA');
    expect(peer.failure).toBeUndefined();
    expect(peer.text).toBe('data');
    expect(peer.lateAnswer).toEqual([]);
  });

  it('is the last that is said: a failure after it sends no alert', () => {
    const peer = againstServer().handshake();
    peer.victim.shutdown();
    peer.turn().sendChangeCipherSpec().turn();
    expect(peer.failure).toBeInstanceOf(TlsFatal);
    expect(peer.alerts).toEqual([[1, 0]]);
  });

  it('within the handshake ends it without an error, and without a connection', () => {
    const peer = againstClient().play('SH').sendAlert(0, 1).turn();
    expect(peer.failure).toBeUndefined();
    expect(peer.victim.isInitFinished).toBe(false);
    expect(peer.victim.want).toBe('zero_return');
    peer.play('EE', 'CT', 'CV', 'FIN');
    expect(peer.victim.isInitFinished).toBe(false);
  });
});

describe('buffers of the caller', () => {
  it('may change once a write took them', () => {
    const { client, server } = quick();
    const bytes = utf8('as it was');
    expect(client.write(bytes)).toBe(9);
    bytes.fill(0x21);
    expect(fromUtf8(drain(server))).toBe('as it was');
  });

  it('may change once a memory BIO took them', () => {
    const { client, server, toServer } = quick();
    client.write(utf8('as it was'));
    const record = toServer.readAll();
    toServer.write(record);
    record.fill(0);
    expect(fromUtf8(drain(server))).toBe('as it was');
  });

  it('may be shared between threads, and are read once', () => {
    const { client, server } = quick();
    const shared = new Uint8Array(new SharedArrayBuffer(5));
    shared.set(utf8('hello'));
    expect(client.write(shared)).toBe(5);
    shared.fill(0);
    expect(fromUtf8(drain(server))).toBe('hello');
  });

  it('that were read are the caller’s own', () => {
    const { client, server } = quick();
    client.write(utf8('one two'));
    const first = server.read(3);
    first?.fill(0);
    const second = server.read();
    expect(fromUtf8(second ?? new Uint8Array(0))).toBe(' two');
    client.write(utf8('three'));
    const third = server.read();
    second?.fill(0);
    expect(fromUtf8(third ?? new Uint8Array(0))).toBe('three');
  });

  it('that are empty are written at once', () => {
    const { client } = quick();
    expect(client.write(new Uint8Array(0))).toBe(0);
    expect(client.want).toBe('nothing');
  });

  it('must stay the same between the tries of one write', () => {
    const { client, toServer, toClient } = quick();
    client.setBio(toClient, new Bent(toServer, { write: () => 0 }));
    const bytes = utf8('stuck');
    expect(client.write(bytes)).toBe(0);
    expect(client.want).toBe('write');
    expect(() => client.write(utf8('stuck'))).toThrow(expect.objectContaining({ reason: 'BAD_WRITE_RETRY' }));
    expect(() => client.write(bytes.subarray(1))).toThrow(expect.objectContaining({ reason: 'BAD_WRITE_RETRY' }));
    expect(client.write(bytes)).toBe(0);
    client.set('mode', MODES.ACCEPT_MOVING_WRITE_BUFFER);
    client.setBio(toClient, toServer);
    expect(client.write(utf8('stuck'))).toBe(5);
  });
});

describe('a peer that does not read', () => {
  it('makes no more than one answer to its requests for new keys wait', () => {
    const { client, server, toClient, toServer } = quick();
    let stuck = true;
    server.setBio(toServer, new Bent(toClient, { write: (inner, bytes) => (stuck ? 0 : inner.write(bytes)) }));
    const bytes = new Uint8Array(1000);
    expect(server.write(bytes)).toBe(0);
    const before = server.unwritten;
    for (let i = 0; i < 200; i++) {
      client.keyUpdate(true);
      client.write(utf8('x'));
      drain(server);
      expect(server.write(bytes)).toBe(0);
    }
    expect(server.unwritten).toBe(before);
    stuck = false;
    expect(server.write(bytes)).toBe(1000);
    expect(drain(client)).toHaveLength(1000);
  });

  it('makes no more than a few records wait', () => {
    const { server, toClient, toServer } = quick();
    server.setBio(toServer, new Bent(toClient, { write: () => 0 }));
    const much = new Uint8Array(10_000_000);
    for (let i = 0; i < 10; i++) expect(server.write(much)).toBe(0);
    expect(server.unwritten).toBeLessThan(70_000);
  });
});

describe('SSL_clear', () => {
  it('makes a connection as new, with its settings', () => {
    const settings = { ...QUICK_CLIENT, alpnProtocols: ['a'], maxFragmentLength: 1 } as const;
    const [client, server] = [new Ssl(clientContext(settings)), new Ssl(serverContext({ ...QUICK_SERVER, alpnProtocols: ['a'] }))];
    for (let round = 0; round < 3; round++) {
      const both = join(client, server);
      handshake(both);
      expect(fromUtf8(client.connection?.alpn ?? utf8(''))).toBe('a');
      client.write(utf8(`round ${round}`));
      expect(fromUtf8(drain(server))).toBe(`round ${round}`);
      client.clear();
      server.clear();
      expect([client.inBefore, server.inBefore, client.pending, client.shutdownState]).toEqual([true, true, 0, 0]);
    }
  });

  it('forgets a failure', () => {
    const peer = againstClient().handshake().sendChangeCipherSpec().turn();
    expect(peer.failure).toBeInstanceOf(TlsFatal);
    peer.victim.clear();
    expect(peer.victim.failure).toBeUndefined();
    handshake(join(peer.victim, new Ssl(serverContext(QUICK_SERVER))));
    expect(peer.victim.isInitFinished).toBe(true);
  });

  it('in the middle of a handshake begins another', () => {
    const peer = againstClient().play('SH', 'EE');
    peer.victim.clear();
    handshake(join(peer.victim, new Ssl(serverContext(QUICK_SERVER))));
    expect(peer.victim.isInitFinished).toBe(true);
  });

  it('leaves nothing of a peer’s limits behind', () => {
    const client = new Ssl(clientContext(QUICK_CLIENT));
    handshake(join(client, new Ssl(serverContext(QUICK_SERVER))));
    client.clear();
    const both = join(client, new Ssl(serverContext(QUICK_SERVER)));
    handshake(both);
    client.write(new Uint8Array(16_384));
    expect(both.toServer.readAll().length).toBeGreaterThan(16_384);
  });
});
