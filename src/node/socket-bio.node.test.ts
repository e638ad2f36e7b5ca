import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type * as net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closed, LIVE, listening, readAll } from '../../test/support/loopback.ts';
import { connect, createServer } from './index.ts';

const { ca, cert, key } = LIVE;
const servers: net.Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await closed(server);
});

/** What a server decrypts of 3 MB; `look` sees its bare socket first. */
async function upload(look: (raw: net.Socket) => void): Promise<{ readonly sent: Buffer; readonly received: Buffer }> {
  const server = createServer({ cert, key });
  // In front of the listener that makes a TLSSocket of it.
  server.prependListener('connection', look);
  servers.push(server);
  const client = connect({ port: await listening(server), host: 'localhost', ca });
  const [socket] = (await once(server, 'secureConnection')) as [net.Socket];
  const sent = randomBytes(3_000_000);
  client.end(sent);
  const received = await readAll(socket);
  socket.end();
  await once(client.resume(), 'close');
  return { sent, received };
}

describe('what a socket brought', () => {
  it.each([
    ['data', (raw: net.Socket, see: (chunk: Buffer) => void) => void raw.on('data', see)],
    [
      'data, from some time in the handshake on',
      (raw: net.Socket, see: (chunk: Buffer) => void) => void raw.once('data', () => setImmediate(() => raw.on('data', see))),
    ],
  ])('stays as it is for others that listen: %s', async (_name, listen) => {
    const seen: { readonly chunk: Buffer; readonly length: number }[] = [];
    const { sent, received } = await upload((raw) => listen(raw, (chunk) => void seen.push({ chunk, length: chunk.length })));
    expect(received.equals(sent)).toBe(true);
    expect(Math.max(...seen.map(({ length }) => length))).toBeGreaterThan(16_000);
    expect(seen.filter(({ chunk, length }) => chunk.length !== length)).toEqual([]);
  });

  it('is freed where nobody else listens', async () => {
    const brought: Uint8Array[] = [];
    const { sent, received } = await upload((raw) => {
      const push = raw.push.bind(raw);
      raw.push = (chunk: Uint8Array | null) => {
        if (chunk !== null && chunk.length > 4096) brought.push(chunk);
        return push(chunk);
      };
    });
    expect(received.equals(sent)).toBe(true);
    expect(brought.length).toBeGreaterThan(10);
    // Behind the last one, which holds the goodbye, nobody reads on.
    expect(brought.filter(({ length }) => length > 0).length).toBeLessThanOrEqual(1);
  });
});
