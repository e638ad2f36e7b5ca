import type { Ssl } from '../ssl/ssl.ts';
import type { Settings } from './settings.ts';

/** Bits of strength that each security level demands (SSL_CTX_set_security_level(3)). */
const LEVEL_BITS: readonly number[] = [0, 80, 112, 128, 192, 256];

/** What a security callback is asked about: OpenSSL's SSL_SECOP_* in words. */
export type SecurityOperation = 'cipher' | 'group' | 'signature' | 'peer key' | 'own key' | 'version' | 'ticket' | 'ca digest';

/** The bits that a security level demands; levels below 0 count as 0 and above 5 as 5. */
export const levelBits = (level: number): number => LEVEL_BITS[Math.min(5, Math.max(0, level))] as number;

/** Whether the security policy of a connection allows something of a strength. */
export function allows(
  get: <K extends 'securityLevel' | 'securityCallback'>(name: K) => Settings[K],
  handle: Ssl | undefined,
  operation: SecurityOperation,
  bits: number,
  what?: unknown,
): boolean {
  const callback = get('securityCallback');
  return callback === undefined ? bits >= levelBits(get('securityLevel')) : callback(handle, operation, bits, what);
}
