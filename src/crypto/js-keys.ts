import { ed448 } from '@noble/curves/ed448.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { shake256 } from '@noble/hashes/sha3.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { constantTimeEqual, copyOf, sameBytes } from '../bytes/bytes.ts';
import { digest } from './js-hash.ts';
import { assertPublicKey, COORDINATE_LENGTH, publicRsa, suits } from './key-rules.ts';
import { leftPad } from './numbers.ts';
import type { MlDsaPrivateSpec, PrivateKey, PrivateKeySpec, PublicKey, PublicKeySpec, SignatureAlgorithm } from './provider.ts';
import { platformRandom } from './random.ts';
import { encryptPkcs1, RsaPrivate, type RsaPrivateSpec, RsaPublic } from './rsa.ts';

/** Signatures by @noble/curves, @noble/post-quantum and `rsa.ts`. */

const NIST = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } as const;
const EDWARDS = { ed25519, ed448 } as const;
const ML_DSA = { 'ml-dsa-44': ml_dsa44, 'ml-dsa-65': ml_dsa65, 'ml-dsa-87': ml_dsa87 } as const;

type Verify = (algorithm: SignatureAlgorithm, data: Uint8Array, signature: Uint8Array) => boolean;
type Sign = (algorithm: SignatureAlgorithm, data: Uint8Array) => Uint8Array;

export function importPublicKey(spec: PublicKeySpec): PublicKey {
  assertPublicKey(spec);
  const verify = verifier(spec);
  return {
    spec,
    ...(spec.kind === 'rsa' ? { encrypt: (plaintext: Uint8Array) => encryptPkcs1(spec.n, spec.e, plaintext, platformRandom) } : {}),
    verify(algorithm, data, signature) {
      if (!suits(spec, algorithm)) return false;
      try {
        return verify(algorithm, data, signature);
      } catch {
        // noble throws for signatures that are badly encoded: those do not verify.
        return false;
      }
    },
  };
}

export function importPrivateKey(spec: PrivateKeySpec): PrivateKey {
  switch (spec.kind) {
    case 'rsa':
    case 'rsa-pss':
      return rsaKey(spec);
    case 'ec':
      return ecKey(spec);
    case 'ed25519':
    case 'ed448':
      return edwardsKey(spec.kind, copyOf(spec.seed));
    default:
      return mlDsaKey(spec);
  }
}

function verifier(spec: PublicKeySpec): Verify {
  switch (spec.kind) {
    case 'rsa':
    case 'rsa-pss': {
      const key = new RsaPublic(spec.n, spec.e, digest);
      return (algorithm, data, signature) => isRsa(algorithm) && key.verify(algorithm, data, signature);
    }
    case 'ec': {
      const curve = NIST[spec.curve];
      curve.Point.fromBytes(spec.point).assertValidity();
      return (algorithm, data, signature) =>
        algorithm.kind === 'ecdsa' &&
        curve.verify(signature, digest(algorithm.hash, data), spec.point, { prehash: false, lowS: false, format: 'der' });
    }
    case 'ed25519':
    case 'ed448': {
      const curve = EDWARDS[spec.kind];
      curve.Point.fromBytes(spec.key);
      // RFC 8032, 5.1.7 and 5.2.7: canonical points and S below the order, not the lenient rules of ZIP 215.
      return (_algorithm, data, signature) => curve.verify(signature, data, spec.key, { zip215: false });
    }
    default: {
      const scheme = ML_DSA[spec.kind];
      return (_algorithm, data, signature) => scheme.verify(signature, data, spec.key);
    }
  }
}

function rsaKey(spec: RsaPrivateSpec): PrivateKey {
  const publicKey = publicRsa(spec);
  assertPublicKey(publicKey);
  const key = new RsaPrivate(spec, digest, platformRandom);
  return signing(publicKey, (algorithm, data) => (isRsa(algorithm) ? key.sign(algorithm, data) : misfit(publicKey, algorithm)));
}

function ecKey(spec: PrivateKeySpec & { readonly kind: 'ec' }): PrivateKey {
  const curve = NIST[spec.curve];
  const d = leftPad(spec.d, COORDINATE_LENGTH[spec.curve]);
  const point = curve.getPublicKey(d, false);
  if (spec.point !== undefined && !sameBytes(spec.point, point)) throw new RangeError('an EC private key with another key’s point');
  const publicKey: PublicKeySpec = { kind: 'ec', curve: spec.curve, point };
  return signing(publicKey, (algorithm, data) => {
    if (algorithm.kind !== 'ecdsa') return misfit(publicKey, algorithm);
    const extraEntropy = platformRandom(d.length);
    return curve.sign(digest(algorithm.hash, data), d, { prehash: false, lowS: false, format: 'der', extraEntropy });
  });
}

function edwardsKey(kind: 'ed25519' | 'ed448', seed: Uint8Array): PrivateKey {
  const curve = EDWARDS[kind];
  return signing({ kind, key: curve.getPublicKey(seed) }, (_algorithm, data) => curve.sign(data, seed));
}

/** FIPS 204, 5.2, with fresh randomness for each signature and no context. */
function mlDsaKey(spec: MlDsaPrivateSpec): PrivateKey {
  const scheme = ML_DSA[spec.kind];
  const expanded = expandedKey(spec);
  return signing({ kind: spec.kind, key: scheme.getPublicKey(expanded) }, (_algorithm, data) =>
    scheme.sign(data, expanded, { extraEntropy: platformRandom(scheme.lengths.signRand ?? 32) }),
  );
}

/** RFC 9881, 6: an expanded key is checked against its seed, or, having none, against the hash of the public key in it. */
function expandedKey({ kind, seed, expanded }: MlDsaPrivateSpec): Uint8Array {
  const scheme = ML_DSA[kind];
  if (seed === undefined) {
    const hash = shake256(scheme.getPublicKey(expanded), { dkLen: HASH_IN_KEY.end - HASH_IN_KEY.start });
    if (!sameBytes(hash, expanded.subarray(HASH_IN_KEY.start, HASH_IN_KEY.end))) throw new RangeError(`an inconsistent ${kind} key`);
    return copyOf(expanded);
  }
  const { secretKey } = scheme.keygen(seed);
  if (expanded !== undefined && !constantTimeEqual(expanded, secretKey)) throw new RangeError(`an ${kind} key of another seed`);
  return secretKey;
}

/** Where tr, the hash of the public key, stands in an expanded key: behind ρ and K (FIPS 204, algorithm 24). */
const HASH_IN_KEY = { start: 64, end: 128 } as const;

function signing(publicKey: PublicKeySpec, sign: Sign): PrivateKey {
  return { publicKey, sign: (algorithm, data) => (suits(publicKey, algorithm) ? sign(algorithm, data) : misfit(publicKey, algorithm)) };
}

const isRsa = (algorithm: SignatureAlgorithm): algorithm is Extract<SignatureAlgorithm, { kind: 'rsa-pkcs1' | 'rsa-pss' }> =>
  algorithm.kind === 'rsa-pkcs1' || algorithm.kind === 'rsa-pss';

function misfit(key: PublicKeySpec, algorithm: SignatureAlgorithm): never {
  throw new RangeError(`an ${key.kind} key does not make ${algorithm.kind} signatures with these parameters`);
}
