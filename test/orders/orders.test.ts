import { describe, expect, it } from 'vitest';
import { TlsFatal } from '../../src/index.ts';
import { CLIENT_ORDERS, isLegal, type Order, SERVER_ORDERS } from './orders.ts';

describe.each(SERVER_ORDERS)('a client gets $name', (order) => rules(order));
describe.each(CLIENT_ORDERS)('a server gets $name', (order) => rules(order));

/** Every legal order leads to a connection; every other one to unexpected_message, as the peer sees it. */
function rules<Step extends string>(order: Order<Step>): void {
  it('and takes it', () => {
    expect(isLegal(order, order.steps)).toBe(true);
    expectConnection(order, order.steps);
  });

  it.each(mutations(order.steps))('and judges it with $what', ({ steps }) => {
    if (isLegal(order, steps)) expectConnection(order, steps);
    else expectRefusal(order, steps);
  });
}

interface Mutation<Step> {
  readonly what: string;
  readonly steps: readonly Step[];
}

/** Each message left out, each one twice, each pair the other way round. */
function mutations<Step extends string>(steps: readonly Step[]): readonly Mutation<Step>[] {
  return steps.flatMap((step, at) => {
    const next = steps[at + 1];
    return [
      { what: `${step} (${at}) left out`, steps: steps.toSpliced(at, 1) },
      { what: `${step} (${at}) twice`, steps: steps.toSpliced(at, 0, step) },
      ...(next === undefined ? [] : [{ what: `${step} (${at}) and ${next} swapped`, steps: steps.toSpliced(at, 2, next, step) }]),
    ];
  });
}

function expectConnection<Step extends string>(order: Order<Step>, steps: readonly Step[]): void {
  const peer = order.begin();
  peer.play(...steps);
  expect(peer.failure, steps.join(' ')).toBeUndefined();
  expect(peer.alerts).toEqual([]);
  expect(peer.victim.isInitFinished).toBe(true);
  expect(peer.text).toBe(steps.map((step) => ({ DATA: 'data', EARLY: 'early' })[step as string] ?? '').join(''));
  expect(peer.victim.write(Uint8Array.of(1))).toBe(1);
  peer.turn();
  expect(peer.received.at(-1)).toEqual(Uint8Array.of(1));
}

function expectRefusal<Step extends string>(order: Order<Step>, steps: readonly Step[]): void {
  const peer = order.begin();
  peer.play(...steps);
  const told = [peer.failure instanceof TlsFatal && peer.failure.alert, ...peer.alerts];
  expect(told, `${steps.join(' ')}: ${peer.failure}`).toEqual(['unexpected_message', [2, 10]]);
}
