import { type Reader, readAll } from '../bytes/reader.ts';
import { build } from '../bytes/writer.ts';
import type { CryptoProvider, HashName } from './provider.ts';
import { keySchedule } from './schedule-tls13.ts';

/**
 * Imported pre-shared keys (RFC 9258): an external PSK that was never tied to a protocol or a hash becomes one key
 * for each protocol and KDF it is used with.
 */
export interface ImportedIdentity {
  /** 1 to 65535 bytes. */
  readonly externalIdentity: Uint8Array;
  /** What both sides know about where the key is used; may be empty. */
  readonly context: Uint8Array;
  /** The protocol version: 0x0304 for TLS 1.3, 0xfefc for DTLS 1.3. */
  readonly targetProtocol: number;
  readonly targetKdf: TargetKdf;
}

/** IANA's TLS KDF Identifiers (RFC 9258, 11), with the hash that a PSK for them is used with. */
export const TARGET_KDFS = { 1: 'sha256', 2: 'sha384' } as const;

export type TargetKdf = keyof typeof TARGET_KDFS;

/** The identity that goes on the wire, in place of the external one (RFC 9258, 3.1). */
export function writeImportedIdentity(identity: ImportedIdentity): Uint8Array {
  return build((w) => w.vec16(identity.externalIdentity).vec16(identity.context).u16(identity.targetProtocol).u16(identity.targetKdf));
}

/** Reads an identity from the wire; undefined where it is none, since any byte string may be an identity of another kind. */
export function readImportedIdentity(bytes: Uint8Array): ImportedIdentity | undefined {
  try {
    return readAll(bytes, identityOf);
  } catch {
    return undefined;
  }
}

/** The imported key, ipskx (RFC 9258, 4.1). `hash` is the one the external PSK is associated with: SHA-256 where nothing was said. */
export function importPsk(
  provider: CryptoProvider,
  externalPsk: Uint8Array,
  identity: ImportedIdentity,
  hash: HashName = 'sha256',
): Uint8Array {
  const schedule = keySchedule(provider, hash);
  // epskx is the extract of an early secret; its derivation always has the labels of TLS 1.3, whatever the target.
  const extracted = schedule.earlySecret(externalPsk);
  const length = keySchedule(provider, TARGET_KDFS[identity.targetKdf]).hashLength;
  const psk = schedule.expandLabel(extracted, 'derived psk', provider.digest(hash, writeImportedIdentity(identity)), length);
  extracted.fill(0);
  return psk;
}

function identityOf(r: Reader): ImportedIdentity | undefined {
  const externalIdentity = r.vec16(1);
  const context = r.vec16();
  const targetProtocol = r.u16();
  const kdf = r.u16();
  return isTargetKdf(kdf) ? { externalIdentity, context, targetProtocol, targetKdf: kdf } : undefined;
}

const isTargetKdf = (kdf: number): kdf is TargetKdf => Object.hasOwn(TARGET_KDFS, kdf);
