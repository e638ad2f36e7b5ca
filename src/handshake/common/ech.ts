/** How a server shows that it opened a sealed ClientHello (RFC 9849, 7.2). */
import { constantTimeEqual, copyOf } from '../../bytes/bytes.ts';
import type { CryptoProvider, HashName } from '../../crypto/provider.ts';
import { keySchedule } from '../../crypto/schedule-tls13.ts';
import { CONFIRMATION_LENGTH } from '../../extensions/encrypted-client-hello.ts';
import type { Transcript } from '../transcript.ts';

const LABELS = { hello: 'ech accept confirmation', retry: 'hrr ech accept confirmation' } as const;

export type ConfirmedMessage = keyof typeof LABELS;

/** The signal for a ServerHello or a HelloRetryRequest in which eight zeros stand in its place. `random`: of the sealed hello. */
export function confirmation(
  provider: CryptoProvider,
  hash: HashName,
  message: ConfirmedMessage,
  random: Uint8Array,
  transcript: Transcript,
  blank: Uint8Array,
): Uint8Array {
  const schedule = keySchedule(provider, hash);
  const secret = schedule.extract(new Uint8Array(schedule.hashLength), random);
  return schedule.expandLabel(secret, LABELS[message], transcript.digestWith(hash, blank), CONFIRMATION_LENGTH);
}

/** Whether a message bears the signal. `signal` is a view into the message, where it stands. */
export function confirms(
  provider: CryptoProvider,
  hash: HashName,
  message: ConfirmedMessage,
  random: Uint8Array,
  transcript: Transcript,
  raw: Uint8Array,
  signal: Uint8Array,
): boolean {
  const blank = copyOf(raw);
  const at = signal.byteOffset - raw.byteOffset;
  blank.fill(0, at, at + CONFIRMATION_LENGTH);
  return constantTimeEqual(confirmation(provider, hash, message, random, transcript, blank), signal);
}
