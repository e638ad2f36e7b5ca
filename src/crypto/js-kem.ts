import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { wipe } from '../bytes/bytes.ts';
import type { DecapsulationKey, KemName } from './provider.ts';
import { platformRandom } from './random.ts';

/** ML-KEM by @noble/post-quantum. */

const KEMS = { 'ML-KEM-768': ml_kem768, 'ML-KEM-1024': ml_kem1024 } as const;

/** `seed` is d and z of FIPS 203, 7.1; given only to reproduce known answers. It is wiped. */
export function decapsulationKey(name: KemName, seed: Uint8Array = platformRandom(64)): DecapsulationKey {
  const kem = KEMS[name];
  const { publicKey, secretKey } = kem.keygen(seed);
  wipe(seed);
  return {
    encapsulationKey: publicKey,
    decapsulate: (ciphertext) => (ciphertext.length === kem.lengths.cipherText ? kem.decapsulate(ciphertext, secretKey) : undefined),
    wipe: () => wipe(secretKey),
  };
}

export function encapsulate(
  name: KemName,
  encapsulationKey: Uint8Array,
): { readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | undefined {
  const kem = KEMS[name];
  if (encapsulationKey.length !== kem.lengths.publicKey) return undefined;
  const message = platformRandom(32);
  try {
    const { cipherText, sharedSecret } = kem.encapsulate(encapsulationKey, message);
    return { ciphertext: cipherText, secret: sharedSecret };
  } catch {
    // With its length right, the modulus check of FIPS 203, 7.2, is all that can fail.
    return undefined;
  } finally {
    wipe(message);
  }
}
