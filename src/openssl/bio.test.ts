import { beforeEach, describe, expect, it } from 'vitest';
import { bytes, clientCtx, connect, connectedPair, joined, readText, serverCtx, there } from '../../test/support/openssl.ts';
import * as o from './index.ts';

beforeEach(() => o.ERR_clear_error());

const mem = (): o.BIO => there(o.BIO_new(o.BIO_s_mem()));
const textOf = (bio: o.BIO): string => new TextDecoder().decode(o.BIO_get_mem_data(bio));

describe('a memory BIO', () => {
  it('gives back what was written, then says retry', () => {
    const bio = mem();
    expect(o.BIO_puts(bio, 'one line\nand more')).toBe(17);
    expect([o.BIO_pending(bio), o.BIO_eof(bio)]).toEqual([17, 0]);
    expect(o.BIO_gets(bio, 80)).toBe('one line\n');
    const buf = new Uint8Array(20);
    expect(o.BIO_read(bio, buf, 3)).toBe(3);
    expect(textOf(bio)).toBe(' more');
    expect(o.BIO_read(bio, buf)).toBe(5);
    expect(o.BIO_read(bio, buf)).toBe(-1);
    expect([o.BIO_should_retry(bio) !== 0, o.BIO_should_read(bio) !== 0, o.BIO_should_write(bio)]).toEqual([true, true, 0]);
    o.BIO_set_mem_eof_return(bio, 0);
    expect(o.BIO_read(bio, buf)).toBe(0);
    o.BIO_set_mem_eof_return(bio, -1);
    expect(o.BIO_read(bio, buf)).toBe(-1);
    expect(o.BIO_reset(bio)).toBe(1);
  });

  it('of given bytes can only be read, and ends', () => {
    const bio = o.BIO_new_mem_buf('read only');
    expect(o.BIO_write(bio, bytes('x'))).toBe(-1);
    expect(o.ERR_reason_error_string(o.ERR_get_error())).toBe('write to read only BIO');
    expect(o.BIO_gets(bio, 5)).toBe('read');
    expect(o.BIO_gets(bio, 50)).toBe(' only');
    expect(o.BIO_read(bio, new Uint8Array(1))).toBe(0);
  });

  it('is counted, and is gone after its last free', () => {
    const bio = mem();
    expect(o.BIO_up_ref(bio)).toBe(1);
    expect([o.BIO_free(bio), o.BIO_free(bio), o.BIO_free(null)]).toEqual([1, 1, 0]);
    expect(() => o.BIO_write(bio, bytes('x'))).toThrow(expect.objectContaining({ reason: 'USE_AFTER_FREE' }));
  });
});

describe('a BIO pair', () => {
  it('carries bytes both ways within its bounds', () => {
    const [a, b] = there(o.BIO_new_bio_pair(10, 0));
    expect([o.BIO_ctrl_get_write_guarantee(a), o.BIO_get_write_buf_size(b)]).toEqual([10, 17 * 1024]);
    expect(o.BIO_write(a, bytes('0123456789abc'))).toBe(10);
    expect(o.BIO_write(a, bytes('abc'))).toBe(-1);
    expect(o.BIO_should_write(a)).not.toBe(0);
    expect([o.BIO_ctrl_pending(b), o.BIO_ctrl_wpending(a)]).toEqual([10, 10]);
    const buf = new Uint8Array(20);
    expect(o.BIO_read(b, buf)).toBe(10);
    expect(o.BIO_read(b, buf)).toBe(-1);
    o.BIO_shutdown_wr(a);
    expect(o.BIO_read(b, buf)).toBe(0);
  });

  it('breaks when one side goes', () => {
    const [a, b] = there(o.BIO_new_bio_pair());
    expect(o.BIO_make_bio_pair(a, b)).toBe(0);
    o.BIO_free(a);
    expect(o.BIO_write(b, bytes('x'))).toBe(-1);
    expect(o.ERR_reason_error_string(o.ERR_peek_last_error())).toBe('broken pipe');
  });
});

describe('SSL_set_bio takes references', () => {
  type Name = 'A' | 'B' | 'C' | null;
  const rows: readonly (readonly [
    current: readonly [Name, Name],
    next: readonly [Name, Name],
    taken: Partial<Record<'A' | 'B' | 'C', number>>,
  ])[] = [
    [[null, null], ['A', 'A'], { A: 1 }],
    [[null, null], ['A', 'B'], { A: 1, B: 1 }],
    [['A', 'A'], ['A', 'A'], {}],
    [['A', 'B'], ['A', 'A'], {}],
    [['A', 'B'], ['B', 'B'], {}],
    [['A', 'A'], ['A', 'B'], { B: 1 }],
    [['A', 'A'], ['B', 'A'], { A: 1, B: 1 }],
    [['A', 'A'], ['B', 'B'], { B: 1 }],
    [['A', 'A'], ['B', 'C'], { B: 1, C: 1 }],
    [['A', 'B'], ['C', 'B'], { C: 1 }],
    [['A', 'B'], ['A', 'C'], { C: 1 }],
    [['A', 'B'], ['C', 'C'], { C: 1 }],
    [['A', 'B'], ['B', 'A'], { A: 1, B: 1 }],
  ];

  it.each(rows)('%j, then %j: %j', (current, next, taken) => {
    const bios = { A: mem(), B: mem(), C: mem() };
    const named = (name: Name): o.BIO | null => (name === null ? null : bios[name]);
    const ssl = there(o.SSL_new(clientCtx()));
    const extra = 8;
    for (const bio of Object.values(bios)) for (let i = 0; i < extra; i++) o.BIO_up_ref(bio);
    o.SSL_set_bio(ssl, named(current[0]), named(current[1]));
    const givenFirst = (name: 'A' | 'B'): number => (current.includes(name) ? 1 : 0);
    o.SSL_set_bio(ssl, named(next[0]), named(next[1]));
    expect([o.SSL_get_rbio(ssl), o.SSL_get_wbio(ssl)]).toEqual([named(next[0]), named(next[1])]);
    o.SSL_free(ssl);
    // All that the connection was given is given back: what is missing was taken from the caller.
    const gone = Object.fromEntries(Object.entries(bios).map(([name, bio]) => [name, extra + 1 - bio.references]));
    expect(gone).toEqual({
      A: givenFirst('A') + (taken.A ?? 0),
      B: givenFirst('B') + (taken.B ?? 0),
      C: taken.C ?? 0,
    });
  });

  it('with set0 exactly one each, also for the same BIO again', () => {
    const bio = mem();
    for (let i = 0; i < 3; i++) o.BIO_up_ref(bio);
    const ssl = there(o.SSL_new(clientCtx()));
    o.SSL_set0_rbio(ssl, bio);
    expect(bio.references).toBe(4);
    o.SSL_set0_rbio(ssl, bio);
    expect(bio.references).toBe(3);
    o.SSL_set0_wbio(ssl, bio);
    expect([o.SSL_get_rbio(ssl), o.SSL_get_wbio(ssl), bio.references]).toEqual([bio, bio, 3]);
    o.SSL_free(ssl);
    expect(bio.references).toBe(1);
  });

  it('of a connected pair, and frees them with the connection', () => {
    const { client, server, toClient, toServer } = connectedPair();
    expect([toClient.references, toServer.references]).toEqual([2, 2]);
    o.SSL_set_bio(client, null, null);
    expect([toClient.references, toServer.references]).toEqual([1, 1]);
    o.SSL_free(server);
    expect([toClient.references, toServer.references]).toEqual([0, 0]);
  });
});

describe('the SSL filter', () => {
  it('reads and writes a connection over a BIO pair', () => {
    const [ours, theirs] = there(o.BIO_new_bio_pair());
    const clients = clientCtx();
    const filter = there(o.BIO_new_ssl(clients, 1));
    const ssl = there(o.BIO_get_ssl(filter));
    o.SSL_set_tlsext_host_name(ssl, 'server.example');
    const chain = there(o.BIO_push(filter, ours));
    expect([o.SSL_get_rbio(ssl), o.SSL_get_wbio(ssl), ours.references]).toEqual([ours, ours, 3]);
    const server = there(o.SSL_new(serverCtx()));
    o.SSL_set_accept_state(server);
    o.SSL_set_bio(server, theirs, theirs);
    for (let i = 0; i < 5 && o.BIO_do_handshake(chain) !== 1; i++) {
      expect(o.BIO_should_retry(chain)).not.toBe(0);
      o.SSL_accept(server);
    }
    expect(o.SSL_accept(server)).toBe(1);
    expect(o.BIO_puts(chain, 'through the filter')).toBe(18);
    expect(readText(server)).toBe('through the filter');
    o.SSL_write(server, bytes('and back'));
    const buf = new Uint8Array(20);
    expect(o.BIO_read(chain, buf)).toBe(8);
    expect(o.BIO_read(chain, buf)).toBe(-1);
    expect(o.BIO_should_read(chain)).not.toBe(0);
    o.BIO_ssl_shutdown(chain);
    expect(o.SSL_read(server, buf)).toBe(0);
    expect(o.SSL_get_error(server, 0)).toBe(o.SSL_ERROR_ZERO_RETURN);
    o.BIO_free_all(chain);
    expect([ours.references, ssl.referenceCount, clients.referenceCount]).toEqual([0, 0, 1]);
  });

  it.each([
    ['the filter', false, false],
    ['the memory', true, false],
    ['the filter after the connection’s BIOs changed', false, true],
    ['the memory after the connection’s BIOs changed', true, true],
  ] as const)('gives every reference back when %s is popped', (_what, popsMemory, changes) => {
    const memory = mem();
    const filter = there(o.BIO_new(o.BIO_f_ssl()));
    const ssl = there(o.SSL_new(clientCtx()));
    o.BIO_set_ssl(filter, ssl, o.BIO_CLOSE);
    o.BIO_push(filter, memory);
    if (changes) o.SSL_set_bio(ssl, mem(), mem());
    o.BIO_pop(popsMemory ? memory : filter);
    o.BIO_free_all(filter);
    expect(ssl.referenceCount).toBe(0);
    expect(memory.references).toBe(1);
    o.BIO_free(memory);
  });

  it('collects small writes behind a buffer', () => {
    const { client, server } = joined(there(o.SSL_new(clientCtx())), there(o.SSL_new(serverCtx())));
    connect({ client, server, toClient: there(o.SSL_get_rbio(client)), toServer: there(o.SSL_get_wbio(client)) });
    const filter = there(o.BIO_new(o.BIO_f_ssl()));
    o.BIO_set_ssl(filter, client, o.BIO_NOCLOSE);
    const chain = there(o.BIO_push(there(o.BIO_new(o.BIO_f_buffer())), filter));
    for (const word of ['GET ', '/ ', 'HTTP/1.0\r\n']) o.BIO_puts(chain, word);
    expect([readText(server), o.BIO_wpending(chain) >= 16]).toEqual(['', true]);
    expect(o.BIO_flush(chain)).toBe(1);
    expect(readText(server)).toBe('GET / HTTP/1.0\r\n');
    expect(o.BIO_find_type(chain, o.BIO_TYPE_SSL)).toBe(filter);
  });
});
