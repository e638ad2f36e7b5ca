import { malformed } from '../asn1/asn1-error.ts';
import { bitString, explicit, implicit, integer, nullValue, octetString, oid, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import type { CryptoProvider, MlDsaName, MlDsaPrivateSpec, PrivateKeySpec } from '../crypto/provider.ts';
import { CURVE_OIDS, KEY_OIDS } from '../registry/oids.ts';
import { pssElement, RAW_KEY_OIDS } from './algorithms.ts';

/** Kinds of keys that are random bytes, so that a provider need not know how to make them. */
export type FreshKeyKind = 'P-256' | 'P-384' | 'P-521' | 'ed25519' | 'ed448' | MlDsaName;

/** A fresh private key for throw-away authorities and local servers. */
export function makePrivateKey(provider: CryptoProvider, kind: FreshKeyKind): PrivateKeySpec {
  if (kind !== 'P-256' && kind !== 'P-384' && kind !== 'P-521') return { kind, seed: provider.random(SEED_LENGTHS[kind]) };
  const { length, topByte } = SCALARS[kind];
  // A scalar at or above the group order is refused by the provider: rare enough to try again (FIPS 186-5, A.2.2).
  for (let attempt = 0; attempt < 64; attempt++) {
    const d = provider.random(length);
    d[0] = (d[0] as number) & topByte;
    const spec: PrivateKeySpec = { kind: 'ec', curve: kind, d, point: undefined };
    if (isUsable(spec, provider)) return spec;
  }
  return malformed('no usable key in 64 attempts');
}

/** A private key as PKCS#8 (RFC 5958). The result is a secret: wipe it when it has been written. */
export function pkcs8Element(spec: PrivateKeySpec): Uint8Array {
  switch (spec.kind) {
    case 'rsa':
    case 'rsa-pss': {
      const { n, e, d, p, q, dp, dq, qi } = spec;
      const key = sequence(integer(0), ...[n, e, d, p, q, dp, dq, qi].map(integer));
      return sequence(
        integer(0),
        sequence(
          oid(spec.kind === 'rsa' ? KEY_OIDS.rsaEncryption : KEY_OIDS.rsassaPss),
          spec.kind === 'rsa' ? nullValue() : spec.parameters && pssElement(spec.parameters),
        ),
        octetString(key),
      );
    }
    case 'ec': {
      const point = spec.point && explicit(1, bitString(spec.point));
      return sequence(
        integer(0),
        sequence(oid(KEY_OIDS.ecPublicKey), oid(CURVE_OIDS[spec.curve])),
        octetString(sequence(integer(1), octetString(spec.d), point)),
      );
    }
    case 'ed25519':
    case 'ed448':
      return sequence(integer(0), sequence(oid(KEY_OIDS[spec.kind])), octetString(octetString(spec.seed)));
    default:
      return sequence(integer(0), sequence(oid(RAW_KEY_OIDS[spec.kind])), octetString(mlDsaElement(spec)));
  }
}

/** A private key as a PEM file. */
export const privateKeyPem = (spec: PrivateKeySpec): string => pemText('PRIVATE KEY', pkcs8Element(spec));

/** ML-DSA-PrivateKey (RFC 9881, 6), in the form that says all that is known. */
function mlDsaElement({ seed, expanded }: MlDsaPrivateSpec): Uint8Array {
  if (seed === undefined) return octetString(expanded);
  return expanded === undefined ? implicit(0, seed) : sequence(octetString(seed), octetString(expanded));
}

const SEED_LENGTHS = { ed25519: 32, ed448: 57, 'ml-dsa-44': 32, 'ml-dsa-65': 32, 'ml-dsa-87': 32 } as const;

const SCALARS = {
  'P-256': { length: 32, topByte: 0xff },
  'P-384': { length: 48, topByte: 0xff },
  'P-521': { length: 66, topByte: 0x01 },
} as const;

function isUsable(spec: PrivateKeySpec, provider: CryptoProvider): boolean {
  try {
    return provider.importPrivateKey(spec).publicKey.kind === 'ec';
  } catch {
    return false;
  }
}
