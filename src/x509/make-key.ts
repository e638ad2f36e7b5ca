import { malformed } from '../asn1/asn1-error.ts';
import { bitString, explicit, integer, nullValue, octetString, oid, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import type { CryptoProvider, PrivateKeySpec } from '../crypto/provider.ts';
import { CURVE_OIDS, KEY_OIDS } from '../registry/oids.ts';
import { pssElement } from './algorithms.ts';

/** Kinds of keys that are random bytes, so that a provider need not know how to make them. */
export type FreshKeyKind = 'P-256' | 'P-384' | 'P-521' | 'ed25519' | 'ed448';

/** A fresh private key for throw-away authorities and local servers. */
export function makePrivateKey(provider: CryptoProvider, kind: FreshKeyKind): PrivateKeySpec {
  if (kind === 'ed25519' || kind === 'ed448') return { kind, seed: provider.random(kind === 'ed25519' ? 32 : 57) };
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
    default:
      return sequence(integer(0), sequence(oid(KEY_OIDS[spec.kind])), octetString(octetString(spec.seed)));
  }
}

/** A private key as a PEM file. */
export const privateKeyPem = (spec: PrivateKeySpec): string => pemText('PRIVATE KEY', pkcs8Element(spec));

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
