import { expect } from 'vitest';
import { ALERTS, type AlertName, type Reason, TlsFatal } from '../../src/index.ts';
import type { Peer } from './peer.ts';

/** A peer of any version. */
type Judged = Pick<Peer, 'victim' | 'failure' | 'alerts'>;

/** The victim ended the connection for this reason, and the peer saw this alert, fatal and alone. */
export function expectRefusal(peer: Judged, alert: AlertName, reason: Reason): void {
  const { failure } = peer;
  const why = failure instanceof TlsFatal ? [failure.alert, failure.reason] : [String(failure)];
  expect(why, String(failure)).toEqual([alert, reason]);
  expect(peer.alerts).toEqual([[2, ALERTS[alert]]]);
  // Once is for ever: nothing that comes later is looked at, and every call says the same.
  expect(() => peer.victim.read()).toThrow(failure as Error);
  expect(() => peer.victim.doHandshake()).toThrow(failure as Error);
}

/** The victim is content. */
export function expectConnection(peer: Judged): void {
  expect(peer.failure).toBeUndefined();
  expect(peer.alerts).toEqual([]);
  expect(peer.victim.isInitFinished).toBe(true);
}
