import { constantTimeEqual, wipe } from '../../bytes/bytes.ts';
import type { KeySchedule } from '../../crypto/schedule-tls13.ts';
import { fatal } from '../../registry/fatal.ts';
import type { Proof } from '../step.ts';

/** verify_data (RFC 9846, 4.4.4): an HMAC over a transcript hash with a key of the sender's traffic secret. */
export function verifyData(schedule: KeySchedule, baseKey: Uint8Array, transcriptHash: Uint8Array): Uint8Array {
  const key = schedule.finishedKey(baseKey);
  const data = schedule.hmac(key, transcriptHash);
  wipe(key);
  return data;
}

/** RFC 9846, 4.4.4: a Finished that does not hold MUST end the connection with decrypt_error. */
export function checkFinished(
  schedule: KeySchedule,
  baseKey: Uint8Array,
  transcriptHash: Uint8Array,
  received: Uint8Array,
): Proof<'finished'> {
  if (!constantTimeEqual(verifyData(schedule, baseKey, transcriptHash), received)) fatal('decrypt_error', 'DIGEST_CHECK_FAILED');
  // This is where the proof is made: the check above is what it stands for.
  return {} as Proof<'finished'>;
}
