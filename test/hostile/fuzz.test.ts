import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/bytes/bytes.ts';
import { build } from '../../src/bytes/writer.ts';
import { Fragments } from '../../src/handshake/fragments.ts';
import { ALERTS, CONTENT_TYPE, HANDSHAKE_TYPE, LIMITS, PeerAlert, TlsFatal, UnexpectedEof } from '../../src/index.ts';
import { CLIENT_ORDERS, type Order, SERVER_ORDERS } from '../orders/orders.ts';
import { againstServer } from './client-peer.ts';
import type { Peer } from './peer.ts';
import { SEED } from './seed.ts';
import { againstClient } from './server-peer.ts';
import { expectConnection } from './verdict.ts';

type Played = Peer & { play(...steps: readonly string[]): Peer };
const ORDERS = [...SERVER_ORDERS, ...CLIENT_ORDERS] as unknown as readonly (Order<string> & { readonly begin: () => Played })[];
/** Milliseconds that a slow machine may take for one of these. */
const SLOW = 60_000;
const anyOrder = fc.constantFrom(...ORDERS);

/** The only ways in which a conversation may come out: still waiting, connected, or ended with the alert that its reason names. */
function expectSound(peer: Peer): void {
  const { failure, victim } = peer;
  const { connection } = victim;
  expect(connection?.io.records.reader.buffered ?? 0).toBeLessThanOrEqual(65_536);
  expect(victim.unwritten).toBeLessThanOrEqual(70_000);
  const fatal = peer.alerts.filter(([, description]) => description !== ALERTS.close_notify);
  if (failure === undefined) {
    expect(fatal).toEqual([]);
    return;
  }
  if (failure instanceof TlsFatal) {
    // An alert under keys that the peer has not is there all the same; what it could read has to be right.
    expect(failure.alert, String(failure.stack)).not.toBe('internal_error');
    if (fatal.length > 0) expect(fatal).toEqual([[2, ALERTS[failure.alert]]]);
    return;
  }
  expect(failure instanceof PeerAlert || failure instanceof UnexpectedEof, String(failure)).toBe(true);
  expect(fatal).toEqual([]);
}

const settings = (numRuns: number) => ({ seed: SEED, numRuns });

/** Something done to one record of a conversation. */
interface Harm {
  readonly at: number;
  readonly how: 'flip' | 'cut' | 'end' | 'drop' | 'twice' | 'swap' | 'insert' | 'retype' | 'relength';
  readonly where: number;
  readonly bytes: Uint8Array;
}

const harm: fc.Arbitrary<Harm> = fc.record({
  at: fc.nat(8),
  how: fc.constantFrom<Harm['how'][]>('flip', 'flip', 'flip', 'cut', 'end', 'drop', 'twice', 'swap', 'insert', 'retype', 'relength'),
  where: fc.nat(2000),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
});

/** Does it on the wire, where no key is needed. */
function harmWire(peer: Peer, { at, how, where, bytes }: Harm): void {
  let count = 0;
  let kept: Uint8Array | undefined;
  peer.wire = (sealed) => {
    if (kept !== undefined) {
      const both = [sealed, kept];
      kept = undefined;
      return both;
    }
    if (count++ !== at) return [sealed];
    const record = sealed.slice();
    const place = where % record.length;
    switch (how) {
      case 'flip':
        record[place] = (record[place] as number) ^ (1 << (where % 8));
        return [record];
      case 'cut':
        return [record.subarray(0, place)];
      case 'end':
        peer.toVictim.write(record.subarray(0, place));
        peer.toVictim.end();
        return [];
      case 'drop':
        return [];
      case 'twice':
        return [record, record];
      case 'swap':
        kept = record;
        return [];
      case 'insert':
        return [record.subarray(0, place), bytes, record.subarray(place)];
      case 'retype':
        record[0] = 19 + (where % 7);
        return [record];
      case 'relength':
        record[3] = where >>> 8;
        record[4] = where;
        return [record];
    }
  };
}

/** Does it to a message before it is sealed: what a peer with the right keys may send. */
function harmMessage(peer: Peer, { at, how, where, bytes }: Harm): void {
  let count = 0;
  const send = peer.sendRaw.bind(peer);
  peer.sendRaw = (raw, size, seal) => {
    if (count++ !== at) return send(raw, size, seal);
    const place = where % raw.length;
    const body = raw.subarray(4);
    const reframed = (content: Uint8Array): Uint8Array => build((w) => w.u8(raw[0] as number).vec24(content));
    switch (how) {
      case 'flip': {
        const out = raw.slice();
        out[place] = (out[place] as number) ^ (1 << (where % 8));
        return send(out, size, seal);
      }
      case 'cut':
        return send(reframed(body.subarray(0, where % (body.length + 1))), size, seal);
      case 'insert':
        return send(reframed(concat(body.subarray(0, place), bytes, body.subarray(place))), size, seal);
      case 'twice':
        return send(concat(raw, raw), size, seal);
      case 'retype':
        return send(concat(Uint8Array.of(where % 256), raw.subarray(1)), size, seal);
      case 'relength':
        return send(concat(raw.subarray(0, 2), Uint8Array.of(where >>> 8, where), raw.subarray(4)), size, seal);
      case 'end':
        send(raw.subarray(0, place), size, seal);
        peer.toVictim.end();
        return peer;
      default:
        return peer;
    }
  };
}

describe('whatever happens to a conversation, its end is one that the RFC knows', () => {
  it(
    'when a record is changed, cut, dropped, repeated, moved or made up',
    () => {
      fc.assert(
        fc.property(anyOrder, harm, (order, change) => {
          const peer = order.begin();
          harmWire(peer, change);
          expectSound(peer.play(...order.steps));
        }),
        settings(400),
      );
    },
    SLOW,
  );

  it(
    'when a message is changed, cut, extended, repeated or renamed by who has the keys',
    () => {
      fc.assert(
        fc.property(anyOrder, harm, (order, change) => {
          const peer = order.begin();
          harmMessage(peer, change);
          expectSound(peer.play(...order.steps));
        }),
        settings(400),
      );
    },
    SLOW,
  );

  it(
    'when it is cut short after any record',
    () => {
      for (const order of ORDERS) {
        for (let at = 0; at <= order.steps.length; at++) {
          const peer = order.begin();
          peer.play(...order.steps.slice(0, at)).toVictim.end();
          peer.turn();
          expectSound(peer);
          expect(peer.failure, `${order.name} after ${at}`).toMatchObject({ reason: 'UNEXPECTED_EOF_WHILE_READING' });
          if (!peer.victim.connection?.established) expect(peer.failure).toBeInstanceOf(TlsFatal);
        }
      }
    },
    SLOW,
  );
});

describe('rubbish', () => {
  const stages: readonly (() => Peer)[] = [
    () => againstClient().turn(),
    () => againstClient().play('HRR'),
    () => againstClient().play('SH'),
    () => againstClient().play('SH', 'EE'),
    () => againstClient().play('SH', 'EE', 'CT'),
    () => againstClient().play('SH', 'EE', 'CT', 'CV'),
    () => againstClient().handshake(),
    () => againstServer().turn(),
    () => againstServer({ groups: ['P-256'] }).play('CH'),
    () => againstServer().play('CH'),
    () => againstServer().handshake(),
  ];
  const stage = fc.constantFrom(...stages);

  it(
    'on the wire',
    () => {
      fc.assert(
        fc.property(stage, fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }), (begin, chunks) => {
          const peer = begin();
          for (const chunk of chunks) peer.sendBytes(chunk);
          expectSound(peer.turn());
        }),
        settings(300),
      );
    },
    SLOW,
  );

  it(
    'in records',
    () => {
      const record = fc.tuple(fc.constantFrom(20, 21, 22, 23), fc.uint8Array({ maxLength: 600 }), fc.boolean());
      fc.assert(
        fc.property(stage, fc.array(record, { minLength: 1, maxLength: 4 }), (begin, records) => {
          const peer = begin();
          for (const [type, content, plain] of records) peer.sendRecord(type, content, plain ? { stage: 'plain' } : {});
          expectSound(peer.turn());
        }),
        settings(300),
      );
    },
    SLOW,
  );

  it(
    'in messages of every kind and of up to the greatest length',
    () => {
      const type = fc.constantFrom(...Object.values(HANDSHAKE_TYPE));
      const body = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc
          .tuple(fc.constantFrom(0, 1, 255), fc.constantFrom(1000, 16_384, 20_000, 65_536, 102_400))
          .map(([byte, length]) => new Uint8Array(length).fill(byte)),
      );
      fc.assert(
        fc.property(stage, type, body, (begin, kind, content) => {
          const peer = begin();
          peer.sendRaw(build((w) => w.u8(kind).vec24(content)));
          expectSound(peer.turn());
        }),
        settings(300),
      );
    },
    SLOW,
  );

  it('that begins like a message and never ends', () => {
    const peer = againstServer().turn();
    const length = LIMITS.clientHello.value;
    peer.sendRaw(Uint8Array.of(HANDSHAKE_TYPE.clientHello, 0, length >>> 8, length & 0xff).with(1, length >>> 16));
    for (let i = 0; i < 10; i++) peer.sendRecord(CONTENT_TYPE.handshake, new Uint8Array(16_384));
    // Judged when it is whole, and no more is kept than one record beyond it.
    peer.turn();
    expectSound(peer);
    expect(peer.failure).toBeInstanceOf(TlsFatal);
  });
});

describe('however a conversation is cut into pieces, it is the same', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 });

  it(
    'messages into records',
    () => {
      fc.assert(
        fc.property(anyOrder, sizes, (order, pieces) => {
          const peer = order.begin();
          const send = peer.sendRaw.bind(peer);
          let turn = 0;
          peer.sendRaw = (raw, _size, seal) => send(raw, pieces[turn++ % pieces.length], seal);
          expectConnection(peer.play(...order.steps));
          expect(peer.text.replace('early', '').replaceAll('data', '').replaceAll('early', '')).toBe('');
        }),
        settings(120),
      );
    },
    SLOW,
  );

  it(
    'messages into records of one byte each',
    () => {
      for (const order of ORDERS) {
        const peer = order.begin();
        const send = peer.sendRaw.bind(peer);
        peer.sendRaw = (raw, _size, seal) => send(raw, 1, seal);
        expectConnection(peer.play(...order.steps));
      }
    },
    SLOW,
  );

  it('several messages into one record, as far as they have the same keys', () => {
    const peer = againstClient().play('SH');
    const raws: Uint8Array[] = [];
    const send = peer.sendRaw.bind(peer);
    peer.sendRaw = (raw) => {
      raws.push(raw);
      return peer;
    };
    for (const step of ['EE', 'CT', 'CV'] as const) peer.step(step);
    peer.sendRaw = (raw, size, seal) => send(concat(...raws, raw), size, seal);
    peer.step('FIN');
    peer.sendRaw = send;
    expectConnection(peer.play('NST', 'DATA'));
    expect(peer.text).toBe('data');
  });

  it(
    'records into reads of one byte each, with a turn of the victim after each',
    () => {
      for (const order of ORDERS) {
        const peer = order.begin();
        peer.wire = (record) => {
          for (const byte of record) {
            peer.toVictim.write(Uint8Array.of(byte));
            peer.turn();
          }
          return [];
        };
        expectConnection(peer.play(...order.steps));
      }
    },
    SLOW,
  );

  it(
    'records into reads of any size',
    () => {
      fc.assert(
        fc.property(anyOrder, sizes, (order, pieces) => {
          const peer = order.begin();
          let turn = 0;
          peer.wire = (record) => {
            const out: Uint8Array[] = [];
            for (let at = 0; at < record.length; ) {
              const size = pieces[turn++ % pieces.length] as number;
              out.push(record.subarray(at, at + size));
              at += size;
            }
            return out;
          };
          expectConnection(peer.play(...order.steps));
        }),
        settings(120),
      );
    },
    SLOW,
  );

  it('at a cost that grows with its bytes and not with their square', () => {
    const fragments = new Fragments();
    const rooms = new Set<ArrayBufferLike>();
    for (let i = 0; i < 65_536; i++) {
      fragments.append(Uint8Array.of(i));
      rooms.add(fragments.bytes.buffer);
    }
    expect(fragments.length).toBe(65_536);
    expect(rooms.size).toBeLessThan(20);
    expect(fragments.bytes.every((byte, i) => byte === i % 256)).toBe(true);
    expect([...fragments.take(3)]).toEqual([0, 1, 2]);
    fragments.append(utf8('!'));
    expect(fragments.take(65_534).at(-1)).toBe(0x21);
    expect(fragments.length).toBe(0);
  });
});
