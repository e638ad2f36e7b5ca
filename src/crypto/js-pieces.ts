import * as agreement from './js-agreement.ts';
import * as ciphers from './js-ciphers.ts';
import * as kem from './js-kem.ts';
import * as keys from './js-keys.ts';
import * as keyedSha256 from './keyed-sha256.ts';

/**
 * The parts of the JavaScript provider that Node's stands on where a runtime lacks something, or where they are quicker. As `#js-pieces` bundlers
 * find this file, and so does Bun, which loads all of them as fast as none; Node and Deno find `node-on-demand.ts` in its place.
 */
export interface JsPieces {
  readonly agreement: typeof agreement;
  readonly ciphers: typeof ciphers;
  readonly kem: typeof kem;
  readonly keyedSha256: typeof keyedSha256;
  readonly keys: typeof keys;
}

const PIECES: JsPieces = { agreement, ciphers, kem, keyedSha256, keys };

export const jsPiece = <N extends keyof JsPieces>(name: N): JsPieces[N] => PIECES[name];
