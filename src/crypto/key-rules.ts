import { bitLength, toBigInt } from './numbers.ts';
import type { CbcName, CurveName, KeyKind, PrivateKeySpec, PublicKeySpec, SignatureAlgorithm } from './provider.ts';

/** What every provider asks of a key before it touches one, so that no runtime accepts what another refuses. */

/** Larger moduli make a verification cost tens of milliseconds for whoever sends the certificate. */
const RSA_MOST_MODULUS_BITS = 8192;
const RSA_LEAST_MODULUS_BITS = 512;
/** As in other stacks; a longer exponent only slows verification down. */
const RSA_MOST_EXPONENT_BITS = 33;

/** Bytes of a coordinate. */
export const COORDINATE_LENGTH: Readonly<Record<CurveName, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

/** Bytes of a key, for those block ciphers that the JavaScript provider has. */
export const AES_CBC_KEY_LENGTH: Readonly<Partial<Record<CbcName, number>>> = { 'aes-128-cbc': 16, 'aes-192-cbc': 24, 'aes-256-cbc': 32 };

const RAW_KEY_LENGTH = { ed25519: 32, ed448: 57, 'ml-dsa-44': 1312, 'ml-dsa-65': 1952, 'ml-dsa-87': 2592 } as const;

/** Refuses a public key that is badly formed by its numbers and lengths alone. Curve points are the primitive's to check. */
export function assertPublicKey(spec: PublicKeySpec): void {
  switch (spec.kind) {
    case 'rsa':
    case 'rsa-pss':
      assertRsa(toBigInt(spec.n), toBigInt(spec.e));
      return;
    case 'ec':
      if (!isUncompressedPoint(spec.curve, spec.point)) throw new RangeError(`not an uncompressed ${spec.curve} point`);
      return;
    default:
      if (spec.key.length !== RAW_KEY_LENGTH[spec.kind]) throw new RangeError(`an ${spec.kind} key does not have ${spec.key.length} bytes`);
  }
}

/** A secret that is still there. */
export function alive<T>(secret: T | undefined): T {
  if (secret === undefined) throw new Error('this key was wiped');
  return secret;
}

/** TLS allows the uncompressed form only (RFC 8422, 5.1.1; RFC 9846, 4.2.8.2). */
export function isUncompressedPoint(curve: CurveName, point: Uint8Array): boolean {
  return point.length === 1 + 2 * COORDINATE_LENGTH[curve] && point[0] === 4;
}

/** Whether a key of this kind may be used with an algorithm. */
export function suits(
  key: { readonly kind: KeyKind } & Partial<Pick<PublicKeySpec & { kind: 'rsa-pss' }, 'parameters'>>,
  algorithm: SignatureAlgorithm,
): boolean {
  switch (key.kind) {
    case 'rsa':
      return algorithm.kind === 'rsa-pkcs1' || algorithm.kind === 'rsa-pss';
    case 'rsa-pss': {
      if (algorithm.kind !== 'rsa-pss') return false;
      const { parameters } = key;
      // RFC 4055, 3.3: the hashes must be the key's, and the salt at least as long as the key says.
      if (parameters === undefined) return true;
      return (
        parameters.hash === algorithm.hash && parameters.mgfHash === algorithm.mgfHash && parameters.saltLength <= algorithm.saltLength
      );
    }
    case 'ec':
      return algorithm.kind === 'ecdsa';
    default:
      return algorithm.kind === key.kind;
  }
}

/** The public half of an RSA key. */
export function publicRsa(spec: PrivateKeySpec & { readonly kind: 'rsa' | 'rsa-pss' }): PublicKeySpec {
  const { kind, n, e, parameters } = spec;
  if (kind === 'rsa') return { kind, n, e };
  return parameters === undefined ? { kind, n, e } : { kind, n, e, parameters };
}

function assertRsa(n: bigint, e: bigint): void {
  const bits = bitLength(n);
  if (bits < RSA_LEAST_MODULUS_BITS || bits > RSA_MOST_MODULUS_BITS) throw new RangeError(`an RSA modulus of ${bits} bits`);
  if ((n & 1n) === 0n) throw new RangeError('an even RSA modulus');
  if ((e & 1n) === 0n || e < 3n || bitLength(e) > RSA_MOST_EXPONENT_BITS)
    throw new RangeError('an RSA public exponent that is even, 1 or too long');
}
