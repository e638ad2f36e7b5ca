/**
 * What the library needs from a cryptography provider: primitives, nothing that knows TLS. Long-term keys and key
 * agreement return a value or a promise of one, so that a key may live in another process and WebCrypto may be
 * used; hashing and record protection are synchronous, because records are.
 *
 * Providers: `node.ts` (node:crypto, with @noble for what a runtime lacks) and `js.ts` (@noble alone).
 */

export type Awaitable<T> = T | Promise<T>;

export type HashName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'md5-sha1';

/** A hash in progress, of which a digest may be taken at any time without ending it. */
export interface RunningHash {
  update(data: Uint8Array): void;
  /** The digest of all that was fed so far; feeding may go on. */
  snapshot(): Uint8Array;
  clone(): RunningHash;
}

/** An HMAC key whose inner and outer states are kept, so that using it often is cheap. */
export interface HmacKey {
  /** The tag over the parts in their order. */
  mac(...parts: readonly Uint8Array[]): Uint8Array;
  wipe(): void;
}

export type AeadName =
  | 'aes-128-gcm'
  | 'aes-256-gcm'
  | 'chacha20-poly1305'
  | 'aes-128-ccm'
  | 'aes-256-ccm'
  | 'aes-128-ccm-8'
  | 'aes-256-ccm-8';

/** An AEAD under one key (RFC 5116). Nonces have 12 bytes and may be a buffer the caller rewrites in place. */
export interface Aead {
  readonly tagLength: number;
  /** Writes ciphertext and tag to `out` from `at` on; returns the number of bytes written. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out: Uint8Array, at: number): number;
  /** The plaintext of ciphertext-and-tag, or undefined where the tag does not hold; nothing is released before it does. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  wipe(): void;
}

/** Block modes of TLS 1.0–1.2 and of encrypted private keys. No padding is added or removed. */
export type CbcName =
  | 'aes-128-cbc'
  | 'aes-256-cbc'
  | 'aes-192-cbc'
  | '3des-cbc'
  | 'camellia-128-cbc'
  | 'camellia-256-cbc'
  | 'aria-128-cbc'
  | 'aria-256-cbc';

export type CurveName = 'P-256' | 'P-384' | 'P-521';
/** The parameter sets of FIPS 204. */
export type MlDsaName = 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87';
/** Curves on which a key may outlive a handshake (HPKE). */
export type StaticCurve = CurveName | 'x25519' | 'x448';
export type AgreementName = StaticCurve | FfdheName;
export type FfdheName = 'ffdhe2048' | 'ffdhe3072' | 'ffdhe4096' | 'ffdhe6144' | 'ffdhe8192';
export type KemName = 'ML-KEM-768' | 'ML-KEM-1024';

/** One Diffie-Hellman key, nearly always an ephemeral one that is used once. */
export interface EphemeralKey {
  /** Raw form: u-coordinate (x25519, x448), uncompressed point (P-*), big-endian left-padded integer (ffdhe). */
  readonly publicKey: Uint8Array;
  /**
   * The shared secret in its TLS 1.3 form (x-coordinate, u-coordinate, or left-padded integer). Undefined where the
   * peer's value is not acceptable: wrong length, off the curve, infinity, an all-zero result, or outside 1 < Y < p-1.
   */
  agree(peer: Uint8Array): Awaitable<Uint8Array | undefined>;
  /** Forgets the private part. */
  wipe(): void;
}

/** One ephemeral KEM key, used once (FIPS 203). */
export interface DecapsulationKey {
  readonly encapsulationKey: Uint8Array;
  /** The shared secret; undefined where the ciphertext has the wrong length. Implicit rejection is the primitive's. */
  decapsulate(ciphertext: Uint8Array): Awaitable<Uint8Array | undefined>;
  wipe(): void;
}

/** A public key as the certificate parser hands it over: numbers and strings, no encoding left. Integers are big-endian. */
export type PublicKeySpec =
  | { readonly kind: 'rsa'; readonly n: Uint8Array; readonly e: Uint8Array }
  /** id-RSASSA-PSS: a key that may be used with PSS only, and with these parameters if there are any. */
  | { readonly kind: 'rsa-pss'; readonly n: Uint8Array; readonly e: Uint8Array; readonly parameters?: PssParameters }
  | { readonly kind: 'ec'; readonly curve: CurveName; readonly point: Uint8Array }
  | { readonly kind: 'ed25519' | 'ed448'; readonly key: Uint8Array }
  | { readonly kind: MlDsaName; readonly key: Uint8Array };

export interface PssParameters {
  readonly hash: HashName;
  readonly mgfHash: HashName;
  readonly saltLength: number;
}

export type KeyKind = PublicKeySpec['kind'];

/** A private key as the PKCS#8 reader hands it over. */
export type PrivateKeySpec =
  | {
      readonly kind: 'rsa' | 'rsa-pss';
      readonly n: Uint8Array;
      readonly e: Uint8Array;
      readonly d: Uint8Array;
      readonly p: Uint8Array;
      readonly q: Uint8Array;
      readonly dp: Uint8Array;
      readonly dq: Uint8Array;
      readonly qi: Uint8Array;
      readonly parameters?: PssParameters;
    }
  | { readonly kind: 'ec'; readonly curve: CurveName; readonly d: Uint8Array; readonly point: Uint8Array | undefined }
  | { readonly kind: 'ed25519' | 'ed448'; readonly seed: Uint8Array }
  | MlDsaPrivateSpec;

/** The seed ξ of FIPS 204 (32 bytes), the expanded key that comes of it, or both, which then must agree (RFC 9881, 6). */
export type MlDsaPrivateSpec = { readonly kind: MlDsaName } & (
  | { readonly seed: Uint8Array; readonly expanded?: Uint8Array }
  | { readonly seed?: never; readonly expanded: Uint8Array }
);

/** How a signature is made: the same for handshakes and for certificates. */
export type SignatureAlgorithm =
  | { readonly kind: 'rsa-pkcs1'; readonly hash: HashName }
  | { readonly kind: 'rsa-pss'; readonly hash: HashName; readonly mgfHash: HashName; readonly saltLength: number }
  /** The signature is DER (RFC 3279). */
  | { readonly kind: 'ecdsa'; readonly hash: HashName }
  | { readonly kind: 'ed25519' | 'ed448' }
  | { readonly kind: MlDsaName };

/** A public key made ready for use. Import once, verify often. */
export interface PublicKey {
  readonly spec: PublicKeySpec;
  verify(algorithm: SignatureAlgorithm, data: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
  /** RSAES-PKCS1-v1_5 (RFC 8017, 7.2.1), for the RSA key exchange of TLS 1.2. Present on keys of kind `rsa`. */
  encrypt?(plaintext: Uint8Array): Awaitable<Uint8Array>;
}

/**
 * A private key is something that signs. A key in an HSM, a KMS or another process is one more implementation:
 * `sign` may return a promise, and the handshake waits with WANT_ASYNC.
 */
export interface PrivateKey {
  /** The public half; it says which signature schemes fit and which certificate belongs to the key. */
  readonly publicKey: PublicKeySpec;
  sign(algorithm: SignatureAlgorithm, data: Uint8Array): Awaitable<Uint8Array>;
  /**
   * RSA decryption for the RSA key exchange of TLS 1.2: the 48-byte premaster secret, or, where anything about the
   * padding is wrong, `substitute`; never a sign of which it was. Absent where the provider cannot do that safely.
   */
  decryptPremaster?(ciphertext: Uint8Array, substitute: Uint8Array): Awaitable<Uint8Array>;
}

/** CPU and memory cost N, block size and parallelization of scrypt. */
export interface ScryptCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** A way to make Certificate messages shorter (RFC 8879, 3); a direction that it cannot do is absent. */
export interface Compressor {
  /** Its CertificateCompressionAlgorithm. */
  readonly id: number;
  readonly name: string;
  compress?(data: Uint8Array): Uint8Array;
  /** The `length` bytes that were compressed. Never makes more than that, whatever `data` says; throws where it is not what it should be. */
  decompress?(data: Uint8Array, length: number): Uint8Array;
}

export interface CryptoProvider {
  readonly name: string;
  /** What the platform can compress certificates with, best first; nothing is compressed unless a setting says so. */
  readonly compressors?: readonly Compressor[];
  /** Fresh bytes from the system's generator. */
  random(length: number): Uint8Array;
  hash(name: HashName): RunningHash;
  /** One-off hash. */
  digest(name: HashName, data: Uint8Array): Uint8Array;
  hmac(name: HashName, key: Uint8Array): HmacKey;
  /**
   * The same by whatever is quickest for a few short messages: key schedules, Finished values, binders. Never for tags over a
   * content whose length is secret: its time may depend on the length in another way than `hmac` has it.
   */
  prfKey(name: HashName, key: Uint8Array): HmacKey;
  aead(name: AeadName, key: Uint8Array): Aead;
  /** Whether `cbcEncrypt` and `cbcDecrypt` know a cipher. */
  hasCbc(name: CbcName): boolean;
  cbcEncrypt(name: CbcName, key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array;
  cbcDecrypt(name: CbcName, key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  /** A fresh key of a named curve or RFC 7919 group. */
  ephemeral(name: AgreementName): Awaitable<EphemeralKey>;
  /** The key with a given private part, in the raw form of RFC 7748 or as a big-endian number. Throws where it is none of the curve. */
  agreementKey(name: StaticCurve, secret: Uint8Array): Awaitable<EphemeralKey>;
  /** A fresh key of a finite-field group given by its prime and generator (TLS 1.2 DHE). */
  ephemeralDh(prime: Uint8Array, generator: Uint8Array): Awaitable<EphemeralKey>;
  decapsulationKey(name: KemName): Awaitable<DecapsulationKey>;
  /** Undefined where the encapsulation key has the wrong length or fails FIPS 203's modulus check. */
  encapsulate(
    name: KemName,
    encapsulationKey: Uint8Array,
  ): Awaitable<{ readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | undefined>;
  /** Throws where the key is not one the provider can use (a point off its curve, an even modulus …). */
  importPublicKey(spec: PublicKeySpec): PublicKey;
  importPrivateKey(spec: PrivateKeySpec): PrivateKey;
  /** PBKDF2 with HMAC (RFC 8018), for encrypted private keys. */
  pbkdf2(hash: HashName, password: Uint8Array, salt: Uint8Array, iterations: number, length: number): Uint8Array;
  /** scrypt (RFC 7914), for the same; the caller has bounded `128 r (n + p)` bytes of memory. */
  scrypt(password: Uint8Array, salt: Uint8Array, cost: ScryptCost, length: number): Uint8Array;
}
