import type { JsPieces } from './js-pieces.ts';

/** Where the pieces are, once built. The bundle that is published keeps a file of its own for each. */
export const PIECE_FILES: Readonly<Record<keyof JsPieces, string>> = {
  agreement: './js-agreement.js',
  ciphers: './js-ciphers.js',
  kem: './js-kem.js',
  keyedSha256: './keyed-sha256.js',
  keys: './js-keys.js',
};

const load = process.getBuiltinModule('node:module').createRequire(import.meta.url);
const loaded: Partial<{ -readonly [N in keyof JsPieces]: JsPieces[N] }> = {};

/**
 * A part of the JavaScript provider, loaded now if it was not before. Together they take longer to load than all the rest, and most programs need
 * none; that a runtime lacks something shows in the midst of a synchronous call, where an `import()` could not be waited for.
 */
export function jsPiece<N extends keyof JsPieces>(name: N): JsPieces[N] {
  const known = loaded[name];
  if (known !== undefined) return known;
  try {
    const piece = load(PIECE_FILES[name]) as JsPieces[N];
    loaded[name] = piece;
    return piece;
  } catch (cause) {
    throw new Error(`cannot load ${PIECE_FILES[name]}; a bundler takes it along under the condition "module"`, { cause });
  }
}
