/** How records of one direction are sealed or opened under the current keys. */
export interface SealProtection {
  /** Most bytes that sealing adds to a plaintext, header included. */
  readonly overhead: number;
  /** Records sealed under this key so far (for CBC: blocks), and how many it may seal. */
  readonly sealed: number;
  readonly recordLimit: number;
  /** Application data goes out with its first byte in a record of its own. */
  readonly splitsData?: boolean;
  /**
   * Writes one whole record, header included, to `out` from `at` on; returns its length. `padding` zero bytes hide
   * the length where the protocol can (TLS 1.3).
   */
  seal(type: number, plaintext: Uint8Array, padding: number, out: Uint8Array, at: number): number;
  wipe(): void;
}

export interface OpenProtection {
  /** Most bytes a record's fragment may have, without its header. */
  readonly maxFragment: number;
  /** Whether change_cipher_spec comes in the clear all the same: TLS 1.3's compatibility records do. */
  readonly plainChangeCipherSpec: boolean;
  /** Opens one record in place or to fresh memory. Undefined where it does not authenticate. */
  open(header: Uint8Array, fragment: Uint8Array): OpenedRecord | undefined;
  wipe(): void;
}

export interface OpenedRecord {
  readonly type: number;
  /** Owned by the receiver. */
  readonly content: Uint8Array;
}

/** Bytes of a TLS record header: type, version, length. */
export const HEADER_LENGTH = 5;

/** Writes a record header (RFC 9846, 5.1). */
export function writeHeader(out: Uint8Array, at: number, type: number, version: number, length: number): void {
  out[at] = type;
  out[at + 1] = version >>> 8;
  out[at + 2] = version;
  out[at + 3] = length >>> 8;
  out[at + 4] = length;
}
