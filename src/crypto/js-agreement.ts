import { pow } from '@noble/curves/abstract/modular.js';
import { x448 } from '@noble/curves/ed448.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { copyOf, wipe } from '../bytes/bytes.ts';
import { ffdheGroup, isAcceptableDhValue, isFfdhe, isUsableDhGroup } from './ffdhe.ts';
import { isUncompressedPoint } from './key-rules.ts';
import { stripZeros, toBigInt, toBytes } from './numbers.ts';
import type { AgreementName, CurveName, EphemeralKey, StaticCurve } from './provider.ts';
import { platformRandom } from './random.ts';

/** Key agreement by @noble/curves. */

const MONTGOMERY = { x25519: { curve: x25519, length: 32 }, x448: { curve: x448, length: 56 } } as const;
const NIST = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } as const;

/** Twice the bits of the strongest strength claimed for RFC 7919's groups, and more than its section 5.2 asks for. */
const DH_EXPONENT_LENGTH = 64;

export function ephemeral(name: AgreementName): EphemeralKey {
  if (isFfdhe(name)) {
    const { prime, generator } = ffdheGroup(name);
    return ephemeralDh(prime, generator);
  }
  return name === 'x25519' || name === 'x448' ? montgomery(name, platformRandom(MONTGOMERY[name].length)) : nist(name, freshScalar(name));
}

export function agreementKey(name: StaticCurve, secret: Uint8Array): EphemeralKey {
  return name === 'x25519' || name === 'x448' ? montgomery(name, copyOf(secret)) : nist(name, copyOf(secret));
}

/** Finite-field Diffie-Hellman on JavaScript's integers. Not constant-time, which is borne for a key that is used once. */
export function ephemeralDh(prime: Uint8Array, generator: Uint8Array): EphemeralKey {
  if (!isUsableDhGroup(prime, generator)) throw new RangeError('not a usable Diffie-Hellman group');
  const p = toBigInt(prime);
  const length = stripZeros(prime).length;
  const exponent = platformRandom(Math.min(DH_EXPONENT_LENGTH, length - 1));
  return {
    publicKey: toBytes(pow(toBigInt(generator), toBigInt(exponent), p), length),
    agree: (peer) =>
      peer.length <= length && isAcceptableDhValue(prime, peer) ? toBytes(pow(toBigInt(peer), toBigInt(exponent), p), length) : undefined,
    wipe: () => wipe(exponent),
  };
}

function montgomery(name: 'x25519' | 'x448', secret: Uint8Array): EphemeralKey {
  const { curve, length } = MONTGOMERY[name];
  return {
    publicKey: curve.getPublicKey(secret),
    agree: (peer) => (peer.length === length ? orUndefined(() => curve.getSharedSecret(secret, peer)) : undefined),
    wipe: () => wipe(secret),
  };
}

function freshScalar(name: CurveName): Uint8Array {
  const { lengths, utils } = NIST[name];
  if (lengths.seed === undefined) throw new Error(`no seed length for ${name}`);
  const seed = platformRandom(lengths.seed);
  const scalar = utils.randomSecretKey(seed);
  wipe(seed);
  return scalar;
}

function nist(name: CurveName, secret: Uint8Array): EphemeralKey {
  const curve = NIST[name];
  return {
    publicKey: curve.getPublicKey(secret, false),
    // The compressed shared point is a parity byte and the x-coordinate that TLS uses.
    agree: (peer) => (isUncompressedPoint(name, peer) ? orUndefined(() => curve.getSharedSecret(secret, peer).slice(1)) : undefined),
    wipe: () => wipe(secret),
  };
}

/** noble throws for points off the curve and for all-zero results: both are a peer's fault, not ours. */
function orUndefined(agree: () => Uint8Array): Uint8Array | undefined {
  try {
    return agree();
  } catch {
    return undefined;
  }
}
