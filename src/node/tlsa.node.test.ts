import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { concat } from '../bytes/bytes.ts';
import { build } from '../bytes/writer.ts';
import { resolveTlsa, type TlsaAnswer } from './tlsa.ts';

const RECORD = concat(Uint8Array.of(3, 1, 1), new Uint8Array(32).fill(7));
const POINTER_TO_QUESTION = Uint8Array.of(0xc0, 12);

const resource = (owner: Uint8Array, type: number, data: Uint8Array): Uint8Array =>
  build((w) => w.bytes(owner).u16(type).u16(1).u32(60).vec16(data));

/** What a resolver says to a query: flags, and resources behind the repeated question. */
const reply = (query: Uint8Array, flags: number, ...resources: readonly Uint8Array[]): Uint8Array =>
  build((w) =>
    w
      .bytes(query.subarray(0, 2))
      .u16(0x8000 | flags)
      .u16(1)
      .u16(resources.length)
      .u16(0)
      .u16(0)
      .bytes(query.subarray(12, query.length - 11))
      .bytes(concat(...resources)),
  );

const open: (Socket | Server)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A resolver on this machine; each query gets every datagram of `say`. */
async function resolver(say: (query: Uint8Array) => readonly Uint8Array[], overTcp?: (query: Uint8Array) => Uint8Array): Promise<number> {
  const socket = createSocket('udp4');
  open.push(socket);
  socket.on('message', (query, { port, address }) => {
    for (const bytes of say(query)) socket.send(bytes, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  if (overTcp === undefined) return port;
  const server = createServer((connection) => {
    connection.on('data', (chunk) => connection.end(build((w) => w.vec16(overTcp(chunk.subarray(2))))));
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return port;
}

const ask = (port: number, timeout = 2000): Promise<TlsaAnswer> =>
  resolveTlsa('Example.com', 443, { servers: [{ address: '127.0.0.1', port }], timeout });

describe('resolveTlsa', () => {
  it('asks for the name of the service and gives its records', async () => {
    let question = '';
    const port = await resolver((query) => {
      question = Buffer.from(query.subarray(12)).toString('latin1');
      return [reply(query, 0x20, resource(POINTER_TO_QUESTION, 52, RECORD))];
    });
    const answer = await ask(port);
    expect(answer).toMatchObject({ authenticated: true, status: 'NOERROR', server: '127.0.0.1' });
    expect(answer.records).toEqual([{ usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32).fill(7) }]);
    expect(question).toContain('\x04_443\x04_tcp\x07Example\x03com\0');
  });

  it('says that an answer is not authenticated, and how a failure failed', async () => {
    expect(await ask(await resolver((query) => [reply(query, 0, resource(POINTER_TO_QUESTION, 52, RECORD))]))).toMatchObject({
      authenticated: false,
    });
    expect(await ask(await resolver((query) => [reply(query, 2)]))).toMatchObject({ status: 'SERVFAIL', records: [] });
    expect(await ask(await resolver((query) => [reply(query, 3 | 0x20)]))).toMatchObject({ status: 'NXDOMAIN', authenticated: true });
  });

  it('follows aliases, and takes no records of other names', async () => {
    const target = Buffer.from('\x03dns\x04test\0', 'latin1');
    const port = await resolver((query) => [
      reply(
        query,
        0x20,
        resource(POINTER_TO_QUESTION, 5, target),
        resource(target, 52, RECORD),
        resource(Buffer.from('\x05other\0', 'latin1'), 52, RECORD),
      ),
    ]);
    expect((await ask(port)).records).toHaveLength(1);
  });

  it('asks again over TCP where the answer did not fit', async () => {
    const port = await resolver(
      (query) => [reply(query, 0x200)],
      (query) => reply(query, 0x20, ...Array.from({ length: 40 }, () => resource(POINTER_TO_QUESTION, 52, RECORD))),
    );
    expect((await ask(port)).records).toHaveLength(40);
  });

  it('passes over datagrams that are not the answer', async () => {
    const port = await resolver((query) => {
      const good = reply(query, 0x20, resource(POINTER_TO_QUESTION, 52, RECORD));
      const otherId = good.slice();
      otherId[0] = (otherId[0] as number) ^ 1;
      const otherName = good.slice();
      otherName[14] = 0x39;
      return [Uint8Array.of(1, 2, 3), otherId, otherName, query, good];
    });
    expect((await ask(port)).records).toHaveLength(1);
  });

  it.each<[string, Uint8Array]>([
    ['a pointer to itself', resource(Uint8Array.of(0xc0, 39), 52, RECORD)],
    ['a pointer past the end', resource(Uint8Array.of(0xff, 0xff), 52, RECORD)],
    ['a record cut short', resource(POINTER_TO_QUESTION, 52, RECORD).subarray(0, -5)],
  ])('rejects %s', async (_, bad) => {
    await expect(ask(await resolver((query) => [reply(query, 0x20, bad)]))).rejects.toThrow('no answer');
  });

  it('rejects where nobody answers, and what is no name', async () => {
    await expect(ask(await resolver(() => []), 50)).rejects.toThrow('no answer');
    await expect(resolveTlsa('a..b', 443, { servers: [{ address: '127.0.0.1', port: 9 }] })).rejects.toThrow('no answer');
  });
});
