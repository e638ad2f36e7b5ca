import { type ChildProcess, fork } from 'node:child_process';
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LIVE, listening } from '../../test/support/loopback.ts';
import { type ConnectOptions, connect, createServer, type Server, SessionKeeper, sharedSessions } from './index.ts';

const { ca, cert, key } = LIVE;
/** A client of TLS 1.2 without tickets: its sessions are ids. */
const BY_ID: ConnectOptions = { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET };

interface Visit {
  readonly reused: boolean;
  readonly earlyData: string;
  /** What the server says of early data. */
  readonly said: string;
  readonly session: Buffer | undefined;
}

/** A connection to a worker, until it is over. */
async function visit(port: number, options: ConnectOptions = {}): Promise<Visit> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options });
  let session: Buffer | undefined;
  let said = '';
  socket.on('session', (latest: Buffer) => {
    session = latest;
  });
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(socket, 'secureConnect');
  const { earlyData } = socket;
  const reused = socket.isSessionReused();
  socket.end();
  await once(socket, 'close');
  return { reused, earlyData, said, session };
}

describe.each(['cluster', 'threads'])('sessions shared by workers of %s', (mode) => {
  let fleet: ChildProcess;
  let ports: readonly number[] = [];
  const told = async (): Promise<Record<string, unknown>> => (await once(fleet, 'message'))[0] as Record<string, unknown>;
  const rotate = async (): Promise<void> => {
    fleet.send('rotate');
    await told();
    // The answer to a question comes behind the keys.
    for (const port of ports) await visit(port, { ...BY_ID, session: (await visit(port, BY_ID)).session });
  };

  async function start(server: object): Promise<void> {
    const env = { ...process.env, LIBSSL_FLEET: mode, LIBSSL_FLEET_SERVER: JSON.stringify({ cert, key, ...server }) };
    fleet = fork(new URL('../../test/support/fleet.mjs', import.meta.url), { env, execArgv: [] });
    ports = (await told())['ports'] as number[];
  }
  const stop = async (): Promise<void> => {
    fleet.kill();
    await once(fleet, 'exit');
  };

  describe('with tickets', () => {
    beforeAll(() => start({}));
    afterAll(stop);

    it.each([
      ['TLS 1.3', {}],
      ['TLS 1.2, by ticket', { maxVersion: 'TLSv1.2' }],
      ['TLS 1.2, by id', BY_ID],
    ] as [string, ConnectOptions][])('%s: made at one, resumed at each', async (_name, options) => {
      const [here = 0, there = 0] = ports;
      const first = await visit(here, options);
      expect(first.reused).toBe(false);
      for (const port of [there, here]) expect((await visit(port, { ...options, session: first.session })).reused).toBe(true);
    });

    it('made before a change of ticket keys, resumed after it; not after two', async () => {
      const [here = 0, there = 0] = ports;
      const { session } = await visit(here);
      const older = await visit(here, { maxVersion: 'TLSv1.2' });
      const renewed = async (): Promise<boolean> =>
        (await visit(there, { maxVersion: 'TLSv1.2', session: older.session })).session !== undefined;
      expect(await renewed()).toBe(false);
      await rotate();
      expect(await renewed()).toBe(true);
      expect((await visit(there, { session })).reused).toBe(true);
      const fresh = await visit(there);
      await rotate();
      expect((await visit(here, { session })).reused).toBe(false);
      expect((await visit(here, { session: fresh.session })).reused).toBe(true);
    });
  });

  describe('with early data', () => {
    beforeAll(() => start({ maxEarlyData: 1024 }));
    afterAll(stop);

    it('takes it at another worker, once in all', async () => {
      const [here = 0, there = 0] = ports;
      const { session } = await visit(here);
      const options = { session, earlyData: Buffer.from('early') };
      const early = await visit(there, options);
      expect([early.reused, early.earlyData, early.said]).toEqual([true, 'accepted', 'accepted']);
      for (const port of [here, there]) {
        const replay = await visit(port, options);
        expect([replay.reused, replay.earlyData, replay.said]).toEqual([false, 'rejected', 'rejected']);
      }
    });

    it('takes it from one of two that come at the same time', async () => {
      const { session } = await visit(ports[0] ?? 0);
      const both = await Promise.all(ports.map((port) => visit(port, { session, earlyData: Buffer.from('early') })));
      expect(both.map(({ earlyData }) => earlyData).sort()).toEqual(['accepted', 'rejected']);
    });
  });
});

describe('a keeper of sessions', () => {
  const servers: Server[] = [];
  const channels: MessagePort[] = [];
  const keepers: SessionKeeper[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    for (const port of channels.splice(0)) port.close();
    for (const keeper of keepers.splice(0)) keeper.close();
  });

  const keep = (options?: ConstructorParameters<typeof SessionKeeper>[0]): SessionKeeper => {
    const keeper = new SessionKeeper(options);
    keepers.push(keeper);
    return keeper;
  };

  /** A worker in this process. */
  async function member(keeper: SessionKeeper): Promise<{ readonly port: number; readonly channel: MessagePort }> {
    const { port1, port2 } = new MessageChannel();
    channels.push(port1, port2);
    keeper.add(port1);
    const server = createServer({ cert, key, ssl: await sharedSessions(port2) }, (socket) => socket.on('error', () => undefined).end());
    servers.push(server);
    return { port: await listening(server), channel: port1 };
  }

  it('is not asked for sessions that tickets carry, and keeps the others', async () => {
    const keeper = keep();
    const { port } = await member(keeper);
    await visit(port);
    await visit(port, { maxVersion: 'TLSv1.2' });
    expect(keeper.size).toBe(0);
    await visit(port, BY_ID);
    expect(keeper.size).toBe(1);
  });

  it('keeps no more than it may: the oldest goes first', async () => {
    const keeper = keep({ limit: 2 });
    const { port } = await member(keeper);
    const sessions: (Buffer | undefined)[] = [];
    for (let i = 0; i < 3; i++) sessions.push((await visit(port, BY_ID)).session);
    expect(keeper.size).toBe(2);
    const reused: boolean[] = [];
    for (const session of sessions.toReversed()) reused.push((await visit(port, { ...BY_ID, session })).reused);
    expect(reused).toEqual([true, true, false]);
  });

  it('that is gone leaves handshakes that are full ones', async () => {
    const keeper = keep();
    const { port, channel } = await member(keeper);
    const { session } = await visit(port, BY_ID);
    channel.close();
    await new Promise(setImmediate);
    const again = await visit(port, { ...BY_ID, session });
    expect(again.reused).toBe(false);
  });

  it('drops what expired when keys change', async () => {
    const keeper = keep();
    const { port } = await member(keeper);
    await visit(port, BY_ID);
    keeper.rotate();
    expect(keeper.size).toBe(1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 });
    keeper.rotate();
    vi.useRealTimers();
    expect(keeper.size).toBe(0);
  });

  it('changes keys by itself, and says the next one before it seals', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const keeper = keep({ rotation: 10 });
    const { port1, port2 } = new MessageChannel();
    channels.push(port1, port2);
    keeper.add(port1);
    const keysSaid = async (): Promise<string[]> => {
      const [{ 'libssl:sessions': said }] = (await once(port2, 'message')) as [{ 'libssl:sessions': { keys: { name: string }[] } }];
      return said.keys.map(({ name }) => name);
    };
    vi.advanceTimersByTime(10_000);
    const [sealing, next, previous] = await keysSaid();
    vi.advanceTimersByTime(10_000);
    vi.useRealTimers();
    expect(await keysSaid()).toEqual([next, expect.any(String), sealing]);
    expect(new Set([sealing, next, previous]).size).toBe(3);
  });

  it.each([{ rotation: 0 }, { rotation: 2_147_484 }, { rotation: 1.5 }, { limit: -1 }])('refuses %o', (options) => {
    expect(() => new SessionKeeper(options)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });

  it('passes over what the program says on the same channel', async () => {
    const keeper = keep();
    const { port, channel } = await member(keeper);
    for (const message of [null, 'text', 7, { keys: [] }]) channel.postMessage(message);
    const { session } = await visit(port);
    expect((await visit(port, { session })).reused).toBe(true);
  });
});
