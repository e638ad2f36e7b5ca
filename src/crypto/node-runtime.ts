import { Buffer } from 'node:buffer';

/** Small pieces that all of the node:crypto provider's files share. */

/**
 * node:crypto as the runtime has it. An `import` of a module of Node's reads each of its exports and so loads what stands behind them, here WebCrypto,
 * which takes as long as a handshake of a program that is warm.
 */
export const crypto: typeof import('node:crypto') = process.getBuiltinModule('node:crypto');

/** The bytes of a `Buffer`, without its deviating methods. */
export const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

export const base64url = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');

export const fromBase64url = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));

/** Whether a probe of the runtime says yes; whatever it throws means no. */
export function works(probe: () => boolean): boolean {
  try {
    return probe();
  } catch {
    return false;
  }
}

/** A question about the runtime that is asked once for each name. */
export function memoised<K, V>(find: (key: K) => V): (key: K) => V {
  const found = new Map<K, V>();
  return (key) => {
    const known = found.get(key);
    if (known !== undefined) return known;
    const value = find(key);
    found.set(key, value);
    return value;
  };
}

/** A question about the runtime that is asked once. */
export function once(probe: () => boolean): () => boolean {
  let answer: boolean | undefined;
  return () => {
    answer ??= works(probe);
    return answer;
  };
}
