import { copyOf } from '../bytes/bytes.ts';
import { readAll } from '../bytes/reader.ts';

/** DelegatedCredential (RFC 9345, 4): a key that a certificate's own key vouches for, for some days. */
export interface DelegatedCredential {
  readonly bytes: Uint8Array;
  /** Seconds from the certificate's notBefore on. */
  readonly validTime: number;
  /** dc_cert_verify_algorithm: what its key signs a handshake with. */
  readonly scheme: number;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** What the certificate's key signed it with. */
  readonly signedWith: number;
  readonly signature: Uint8Array;
}

/** Undefined where the bytes are not one, or more than one. */
export function readDelegatedCredential(source: Uint8Array): DelegatedCredential | undefined {
  const bytes = copyOf(source);
  try {
    return readAll(bytes, (r) => ({
      bytes,
      validTime: r.u32(),
      scheme: r.u16(),
      spki: r.vec24(1),
      signedWith: r.u16(),
      signature: r.vec16(),
    }));
  } catch {
    return undefined;
  }
}
