import { describe, expect, it } from 'vitest';
import { clientContext, connected, drain, handshake, join, serverContext } from '../../test/support/connect.ts';
import { bioPair } from '../bio/pair.ts';
import { concat, fromUtf8, sameBytes, utf8 } from '../bytes/bytes.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { MODES, OPTIONS, SHUTDOWN } from '../registry/options.ts';
import { Ssl } from './ssl.ts';

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31) & 0xff);

describe('reading ahead', () => {
  /** A client that has read one of two records, and what is left in its BIO. */
  function afterOne(readAhead: boolean) {
    const { client, server, toClient } = connected({ readAhead });
    drain(client);
    server.write(new Uint8Array(100));
    const each = toClient.pending;
    server.write(new Uint8Array(100));
    server.shutdown();
    toClient.write(utf8('what the next protocol says'));
    // As it comes from a socket: in one piece.
    toClient.write(toClient.readAll());
    expect(client.read()).toHaveLength(100);
    return { client, toClient, each };
  }

  it('takes all the BIO has; what is not read waits here', () => {
    const { client, toClient } = afterOne(true);
    expect([toClient.pending, client.pending, client.hasPending]).toEqual([0, 0, true]);
    expect(drain(client)).toHaveLength(100);
  });

  it('leaves in the BIO what is not of the record that is due, and what comes behind close_notify to the next', () => {
    const { client, toClient, each } = afterOne(false);
    expect([client.pending, client.hasPending]).toEqual([0, false]);
    expect(toClient.pending).toBeGreaterThan(each);
    expect(drain(client)).toHaveLength(100);
    expect(client.want).toBe('zero_return');
    expect(fromUtf8(toClient.readAll())).toBe('what the next protocol says');
  });

  it.each([true, false])('goes on where records arrive byte by byte (%s)', (readAhead) => {
    const { client, server, toClient } = connected({ readAhead });
    drain(client);
    server.write(new Uint8Array(50).fill(7));
    const records = toClient.readAll();
    const got: number[] = [];
    for (const byte of records) {
      toClient.write(Uint8Array.of(byte));
      got.push(...drain(client));
    }
    expect(got).toEqual(new Array(50).fill(7));
  });
});

describe('reading and writing', () => {
  it('splits what is longer than a record and joins nothing', () => {
    const { client, server } = connected();
    const data = pattern(100_000);
    expect(client.write(data)).toBe(data.length);
    expect(server.read()?.length).toBe(16_384);
    expect(sameBytes(concat(data.subarray(0, 16_384), drain(server)), data)).toBe(true);
  });

  it('reads as much as it is asked for, and peeks without taking', () => {
    const { client, server } = connected();
    client.write(utf8('abcdef'));
    expect(fromUtf8(server.peek(3) ?? utf8(''))).toBe('abc');
    expect(server.pending).toBe(6);
    expect(fromUtf8(server.read(4) ?? utf8(''))).toBe('abcd');
    expect(server.pending).toBe(2);
    expect(fromUtf8(server.read() ?? utf8(''))).toBe('ef');
    expect(server.read()).toBeUndefined();
    expect(server.want).toBe('read');
  });

  it('does not look at the caller’s buffer after the call', () => {
    const { client, server } = connected();
    const data = utf8('unchanged');
    client.write(data);
    data.fill(0);
    expect(fromUtf8(drain(server))).toBe('unchanged');
  });

  /** A connected pair over BIOs that hold little, so that writes have to stop. */
  function narrow(mode: number): { readonly client: Ssl; readonly server: Ssl } {
    const { client, server } = join(new Ssl(clientContext({ mode })), new Ssl(serverContext()));
    const [a, b] = bioPair(20_000, 20_000);
    client.setBio(a);
    server.setBio(b);
    handshake({ client, server, toServer: undefined as never, toClient: undefined as never });
    return { client, server };
  }

  it('writes all or says what it waits for, and goes on with the same bytes', () => {
    const { client, server } = narrow(0);
    const data = pattern(100_000);
    const parts: Uint8Array[] = [];
    expect(client.write(data)).toBe(0);
    expect(client.want).toBe('write');
    for (let i = 0; i < 50 && client.write(data) === 0; i++) parts.push(drain(server));
    parts.push(drain(server));
    expect(sameBytes(concat(...parts), data)).toBe(true);
  });

  it('refuses another buffer for a write that stopped, unless it may move', () => {
    const strict = narrow(0);
    strict.client.write(pattern(100_000));
    expect(() => strict.client.write(pattern(100_000))).toThrow(expect.objectContaining({ reason: 'BAD_WRITE_RETRY' }));
    const moving = narrow(MODES.ACCEPT_MOVING_WRITE_BUFFER);
    moving.client.write(pattern(100_000));
    expect(() => moving.client.write(pattern(99_999))).toThrow(expect.objectContaining({ reason: 'BAD_WRITE_RETRY' }));
    drain(moving.server);
    expect(moving.client.write(pattern(100_000))).toBe(0);
  });

  it('counts a part as written where the mode allows it', () => {
    const { client, server } = narrow(MODES.ENABLE_PARTIAL_WRITE);
    const data = pattern(100_000);
    let at = 0;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < 50 && at < data.length; i++) {
      at += client.write(data.subarray(at));
      parts.push(drain(server));
    }
    expect(sameBytes(concat(...parts), data)).toBe(true);
  });
});

describe('record sizes', () => {
  const sizes = (settings: Parameters<typeof connected>[0], other: Parameters<typeof connected>[1], length = 40_000): number[] => {
    const seen: number[] = [];
    const { client, server } = connected({ ...settings }, other);
    server.set('msgCallback', (write, _version, type, bytes) => {
      if (!write && type === CONTENT_TYPE.recordHeader) seen.push((((bytes[3] as number) << 8) | (bytes[4] as number)) - 17);
    });
    client.write(pattern(length));
    drain(server);
    return seen;
  };

  it('keep to max_send_fragment', () => {
    expect(sizes({ maxSendFragment: 16_000 }, {})).toEqual([16_000, 16_000, 8000]);
    expect(sizes({ splitSendFragment: 15_000 }, {})).toEqual([15_000, 15_000, 10_000]);
  });

  it('keep to a max_fragment_length that was agreed on', () => {
    expect(Math.max(...sizes({ maxFragmentLength: 2 }, {}))).toBe(1024);
  });

  it('keep to the record_size_limit of the peer', () => {
    expect(Math.max(...sizes({ recordSizeLimit: 5000 }, { recordSizeLimit: 3000 }))).toBe(3000);
  });

  it('keep to both in TLS 1.2 as well', () => {
    const old = { maxProtoVersion: 0x0303 };
    // 8 bytes of nonce and 16 of tag in place of the 17 that were taken off.
    expect(Math.max(...sizes({ ...old, recordSizeLimit: 5000 }, { recordSizeLimit: 3000 }))).toBe(3000 + 24 - 17);
    expect(Math.max(...sizes({ ...old, maxFragmentLength: 2 }, {}))).toBe(1024 + 24 - 17);
  });

  it('are padded to blocks, or as a callback says', () => {
    expect(sizes({ blockPadding: 512 }, {}, 100)).toEqual([512]);
    expect(sizes({ recordPaddingCallback: (_ssl, _type, length) => 1000 - length }, {}, 100)).toEqual([1000]);
  });
});

describe('KeyUpdate', () => {
  it('changes keys in either direction, and in both on request', () => {
    const { client, server } = connected();
    for (const request of [false, true]) {
      client.keyUpdate(request);
      client.write(utf8('new keys'));
      expect(fromUtf8(drain(server))).toBe('new keys');
      server.write(utf8('mine too'));
      expect(fromUtf8(drain(client))).toBe('mine too');
      server.keyUpdate(request);
      server.write(utf8('and again'));
      expect(fromUtf8(drain(client))).toBe('and again');
      client.write(utf8('and back'));
      expect(fromUtf8(drain(server))).toBe('and back');
    }
  });

  it('answers many requests once', () => {
    const { client, server } = connected();
    for (let i = 0; i < 20; i++) client.keyUpdate(true);
    let updates = 0;
    server.set('msgCallback', (write, _version, type, bytes) => {
      if (write && type === CONTENT_TYPE.handshake && bytes[0] === 24) updates++;
    });
    // The server's output is stuck, so that it owes its answer until it writes again.
    const output = server.wbio;
    server.setBio(server.rbio, { read: () => 'retry', write: () => 0 });
    drain(server);
    server.setBio(server.rbio, output);
    server.write(utf8('here'));
    expect(updates).toBeLessThanOrEqual(2);
    expect(fromUtf8(drain(client))).toBe('here');
  });
});

describe('the end', () => {
  it('is said by both sides', () => {
    const { client, server } = connected();
    expect(client.shutdown()).toBe(false);
    expect(client.want).toBe('nothing');
    expect(server.read()).toBeUndefined();
    expect(server.want).toBe('zero_return');
    expect(server.shutdownState).toBe(SHUTDOWN.RECEIVED);
    server.write(utf8('the other half is still open'));
    expect(server.shutdown()).toBe(true);
    expect(fromUtf8(drain(client))).toBe('the other half is still open');
    expect(client.shutdown()).toBe(true);
  });

  it('refuses to write after it said so', () => {
    const { client } = connected();
    client.shutdown();
    expect(() => client.write(utf8('too late'))).toThrow(expect.objectContaining({ reason: 'PROTOCOL_IS_SHUTDOWN' }));
  });

  it('without close_notify is an error, unless the option says otherwise', () => {
    const strict = connected();
    strict.toServer.end();
    expect(() => strict.server.read()).toThrow(expect.objectContaining({ reason: 'UNEXPECTED_EOF_WHILE_READING' }));
    const lenient = connected({}, { options: OPTIONS.IGNORE_UNEXPECTED_EOF });
    lenient.toServer.end();
    expect(lenient.server.read()).toBeUndefined();
    expect(lenient.server.want).toBe('zero_return');
  });

  it('is quiet where it was told to be', () => {
    const { client, server } = connected({ quietShutdown: true });
    expect(client.shutdown()).toBe(true);
    expect(server.read()).toBeUndefined();
    expect(server.want).toBe('read');
  });

  it('reports the same failure for ever', () => {
    const { client, server, toServer } = connected();
    toServer.write(new Uint8Array(40).fill(23));
    const failed = (): unknown => {
      try {
        server.read();
      } catch (error) {
        return error;
      }
      return undefined;
    };
    const first = failed();
    expect(first).toBeDefined();
    expect(failed()).toBe(first);
    expect(() => server.write(utf8('x'))).toThrow();
    expect(() => client.read()).toThrow();
  });
});

describe('exporters and logs', () => {
  it('give both sides the same material, by label and context', () => {
    const { client, server } = connected();
    const ours = client.exportKeyingMaterial(48, 'EXPORTER-test', utf8('context'));
    expect(server.exportKeyingMaterial(48, 'EXPORTER-test', utf8('context'))).toEqual(ours);
    expect(server.exportKeyingMaterial(48, 'EXPORTER-test', utf8('other'))).not.toEqual(ours);
  });

  it('write the lines of a key log', () => {
    const [ours, theirs]: [string[], string[]] = [[], []];
    connected({ keylogCallback: (_ssl, line) => void ours.push(line) }, { keylogCallback: (_ssl, line) => void theirs.push(line) });
    expect(ours.map((line) => line.split(' ')[0])).toEqual([
      'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
      'SERVER_HANDSHAKE_TRAFFIC_SECRET',
      'CLIENT_TRAFFIC_SECRET_0',
      'SERVER_TRAFFIC_SECRET_0',
      'EXPORTER_SECRET',
    ]);
    expect([...theirs].sort()).toEqual([...ours].sort());
  });
});
