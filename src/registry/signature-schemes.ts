import type { CurveName, HashName, KeyKind, MlDsaName, SignatureAlgorithm } from '../crypto/provider.ts';

/** A signature scheme (RFC 9846, 4.2.3). */
export interface SignatureScheme {
  readonly id: number;
  /** IANA's name. */
  readonly name: string;
  /** The kind of key that signs with it. */
  readonly key: KeyKind;
  readonly algorithm: SignatureAlgorithm;
  /** The curve TLS 1.3 binds the scheme to. */
  readonly curve?: CurveName;
  /** Whether a TLS 1.3 CertificateVerify may use it; the others are for certificates and TLS 1.2. */
  readonly tls13: boolean;
  /** Whether TLS 1.2 may use it. */
  readonly tls12: boolean;
  /** Strength in bits, for the security level: that of the hash against collisions, or of the curve. */
  readonly bits: number;
}

const ecdsa = (id: number, name: string, hash: HashName, bits: number, curve?: CurveName): SignatureScheme => ({
  id,
  name,
  key: 'ec',
  algorithm: { kind: 'ecdsa', hash },
  tls13: curve !== undefined,
  tls12: true,
  bits,
  ...(curve && { curve }),
});

const pss = (id: number, name: string, key: 'rsa' | 'rsa-pss', hash: HashName, saltLength: number, bits: number): SignatureScheme => ({
  id,
  name,
  key,
  algorithm: { kind: 'rsa-pss', hash, mgfHash: hash, saltLength },
  tls13: true,
  tls12: true,
  bits,
});

const pkcs1 = (id: number, name: string, hash: HashName, bits: number): SignatureScheme => ({
  id,
  name,
  key: 'rsa',
  algorithm: { kind: 'rsa-pkcs1', hash },
  tls13: false,
  tls12: true,
  bits,
});

const edwards = (id: number, kind: 'ed25519' | 'ed448', bits: number): SignatureScheme => ({
  id,
  name: kind,
  key: kind,
  algorithm: { kind },
  tls13: true,
  tls12: true,
  bits,
});

/** draft-ietf-tls-mldsa, 3: with an empty context, and never below TLS 1.3. */
const mldsa = (id: number, name: string, kind: MlDsaName, bits: number): SignatureScheme => ({
  id,
  name,
  key: kind,
  algorithm: { kind },
  tls13: true,
  tls12: false,
  bits,
});

/** Every scheme that is built, in the default order of preference (OpenSSL's, from ML-DSA to PKCS#1). */
export const SIGNATURE_SCHEMES: readonly SignatureScheme[] = [
  mldsa(0x0905, 'mldsa65', 'ml-dsa-65', 192),
  mldsa(0x0906, 'mldsa87', 'ml-dsa-87', 256),
  mldsa(0x0904, 'mldsa44', 'ml-dsa-44', 128),
  ecdsa(0x0403, 'ecdsa_secp256r1_sha256', 'sha256', 128, 'P-256'),
  ecdsa(0x0503, 'ecdsa_secp384r1_sha384', 'sha384', 192, 'P-384'),
  ecdsa(0x0603, 'ecdsa_secp521r1_sha512', 'sha512', 256, 'P-521'),
  edwards(0x0807, 'ed25519', 128),
  edwards(0x0808, 'ed448', 224),
  pss(0x0809, 'rsa_pss_pss_sha256', 'rsa-pss', 'sha256', 32, 128),
  pss(0x080a, 'rsa_pss_pss_sha384', 'rsa-pss', 'sha384', 48, 192),
  pss(0x080b, 'rsa_pss_pss_sha512', 'rsa-pss', 'sha512', 64, 256),
  pss(0x0804, 'rsa_pss_rsae_sha256', 'rsa', 'sha256', 32, 128),
  pss(0x0805, 'rsa_pss_rsae_sha384', 'rsa', 'sha384', 48, 192),
  pss(0x0806, 'rsa_pss_rsae_sha512', 'rsa', 'sha512', 64, 256),
  pkcs1(0x0401, 'rsa_pkcs1_sha256', 'sha256', 128),
  pkcs1(0x0501, 'rsa_pkcs1_sha384', 'sha384', 192),
  pkcs1(0x0601, 'rsa_pkcs1_sha512', 'sha512', 256),
  ecdsa(0x0303, 'ecdsa_sha224', 'sha224', 112),
  ecdsa(0x0203, 'ecdsa_sha1', 'sha1', 63),
  pkcs1(0x0301, 'rsa_pkcs1_sha224', 'sha224', 112),
  pkcs1(0x0201, 'rsa_pkcs1_sha1', 'sha1', 63),
];

const BY_ID: ReadonlyMap<number, SignatureScheme> = new Map(SIGNATURE_SCHEMES.map((scheme) => [scheme.id, scheme]));
const BY_NAME: ReadonlyMap<string, SignatureScheme> = new Map(SIGNATURE_SCHEMES.map((scheme) => [scheme.name.toLowerCase(), scheme]));

export const signatureScheme = (id: number): SignatureScheme | undefined => BY_ID.get(id);

/** Looks a scheme up by IANA's name, in any case of letters. */
export const signatureSchemeByName = (name: string): SignatureScheme | undefined => BY_NAME.get(name.toLowerCase());

export const signatureSchemeName = (id: number): string => BY_ID.get(id)?.name ?? `0x${id.toString(16).padStart(4, '0')}`;

/** The schemes offered when none were configured: those with at least 112 bits. */
export const DEFAULT_SIGNATURE_SCHEMES: readonly number[] = SIGNATURE_SCHEMES.filter((scheme) => scheme.bits >= 112).map(
  (scheme) => scheme.id,
);
