import { type CipherSuite, isTls13Suite } from '../registry/cipher-suites.ts';
import type { Ssl } from '../ssl/ssl.ts';
import type { Settings } from './settings.ts';

/** Bits of strength that each security level demands (SSL_CTX_set_security_level(3)). */
const LEVEL_BITS: readonly number[] = [0, 80, 112, 128, 192, 256];

/** What a security callback is asked about: OpenSSL's SSL_SECOP_* in words. */
export type SecurityOperation = 'cipher' | 'group' | 'signature' | 'peer key' | 'own key' | 'version' | 'ticket' | 'ca digest';

/** The bits that a security level demands; levels below 0 count as 0 and above 5 as 5. */
const levelBits = (level: number): number => LEVEL_BITS[Math.min(5, Math.max(0, level))] as number;

/** Whether the security policy of a connection allows something of a strength. */
export function allows(
  get: <K extends 'securityLevel' | 'securityCallback'>(name: K) => Settings[K],
  handle: Ssl | undefined,
  operation: SecurityOperation,
  bits: number,
  what?: unknown,
): boolean {
  const callback = get('securityCallback');
  if (callback !== undefined) return callback(handle, operation, bits, what);
  const level = get('securityLevel');
  // What is asked about with `cipher` is a suite.
  return bits >= levelBits(level) && (operation !== 'cipher' || what === undefined || fits(what as CipherSuite, level));
}

/** What a level demands of a suite beside bits (SSL_CTX_set_security_level(3)). */
function fits(suite: CipherSuite, level: number): boolean {
  if (level >= 1 && (suite.authentication === 'none' || suite.mac === 'md5')) return false;
  if (level >= 3 && !isTls13Suite(suite) && suite.keyExchange !== 'ecdhe' && suite.keyExchange !== 'dhe') return false;
  // HMAC with SHA-1 has 160 bits.
  return level < 4 || suite.mac !== 'sha1';
}
