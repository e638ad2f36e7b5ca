import { crypto } from './node-runtime.ts';

/** The system's generator is asked for this much at a time: a call costs the same for 32 bytes as for 4096. */
const POOL_LENGTH = 4096;
const pool: Uint8Array = new Uint8Array(POOL_LENGTH);
let poolLeft = 0;

/** Fresh bytes from the system's generator, never the same ones twice. */
export function random(length: number): Uint8Array {
  if (length > POOL_LENGTH / 4) return crypto.randomFillSync(new Uint8Array(length));
  if (length > poolLeft) {
    crypto.randomFillSync(pool);
    poolLeft = POOL_LENGTH;
  }
  const at = POOL_LENGTH - poolLeft;
  poolLeft -= length;
  const out = pool.slice(at, at + length);
  // Once handed out, bytes are gone from here: they are somebody's key now.
  pool.fill(0, at, at + length);
  return out;
}
