/** Pre-shared keys: those that tickets stand for, and those that were agreed on elsewhere (RFC 9846, 4.2.11; RFC 9258). */

import { wipe } from '../../bytes/bytes.ts';
import type { ExternalPsk } from '../../config/credentials.ts';
import { importPsk, TARGET_KDFS, writeImportedIdentity } from '../../crypto/imported-psk.ts';
import type { CryptoProvider, HashName } from '../../crypto/provider.ts';
import { keySchedule, type PskKind } from '../../crypto/schedule-tls13.ts';
import { refuse } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import { TLS1_3_VERSION } from '../../registry/versions.ts';
import type { SslSession } from '../../session/session.ts';
import type { Transcript } from '../transcript.ts';

/** A PSK as one side knows it. */
export interface Psk {
  readonly identity: Uint8Array;
  readonly secret: Uint8Array;
  readonly hash: HashName;
  /** It decides the label of the binder key, which keeps kinds apart (RFC 9846, 7.1; RFC 9258, 5.2). */
  readonly kind: PskKind;
  /** The session it resumes; undefined for an external key. */
  readonly session: SslSession | undefined;
  /** An external key as the application gave it. */
  readonly configured?: ExternalPsk;
  readonly maxEarlyData: number;
}

/** Bytes of a hash, and so of a binder. */
export const hashLength = (hash: HashName): number => (hash === 'sha384' ? 48 : 32);

/** The binder of a PSK over a ClientHello without its binders (RFC 9846, 4.2.11.2). */
export function binderOf(provider: CryptoProvider, psk: Psk, transcript: Transcript, truncatedHello: Uint8Array): Uint8Array {
  const schedule = keySchedule(provider, psk.hash);
  const early = schedule.earlySecret(psk.secret);
  const binderKey = schedule.binderKey(early, psk.kind);
  const finishedKey = schedule.finishedKey(binderKey);
  const binder = schedule.hmac(finishedKey, transcript.digestWith(psk.hash, truncatedHello));
  wipe(early, binderKey, finishedKey);
  return binder;
}

/** An external key is refused where it is too long for any peer, or empty. */
export function checkExternal(psk: ExternalPsk): ExternalPsk {
  if (psk.key.length === 0 || psk.key.length > LIMITS.pskKey.value) refuse('BAD_PSK', `a key of ${psk.key.length} bytes`);
  if (psk.identity.length === 0 || psk.identity.length > LIMITS.pskIdentity.value)
    refuse('BAD_PSK_IDENTITY', `${psk.identity.length} bytes`);
  return psk;
}

/** A raw external key (RFC 9846, 4.2.11: its hash is SHA-256 unless said). */
export const externalPsk = (psk: ExternalPsk): Psk => ({
  identity: psk.identity,
  secret: psk.key,
  hash: psk.hash ?? 'sha256',
  kind: 'external',
  session: undefined,
  configured: psk,
  maxEarlyData: psk.maxEarlyData ?? 0,
});

/** An external key as it stands on the wire; the key itself is made where it is needed. */
export interface WireForm {
  readonly identity: Uint8Array;
  readonly hash: HashName;
  readonly psk: () => Psk;
}

/** The forms of an external key on the wire: itself, or one for each hash where it is imported (RFC 9258, 3.1). */
export function wireForms(provider: CryptoProvider, external: ExternalPsk): readonly WireForm[] {
  const { importContext } = external;
  if (importContext === undefined) {
    const psk = externalPsk(external);
    return [{ identity: psk.identity, hash: psk.hash, psk: () => psk }];
  }
  return ([0x0001, 0x0002] as const).map((targetKdf) => {
    const imported = { externalIdentity: external.identity, context: importContext, targetProtocol: TLS1_3_VERSION, targetKdf };
    const identity = writeImportedIdentity(imported);
    const hash = TARGET_KDFS[targetKdf];
    const secret = (): Uint8Array => importPsk(provider, external.key, imported, external.hash);
    return { identity, hash, psk: () => ({ ...externalPsk(external), identity, secret: secret(), hash, kind: 'imported' }) };
  });
}
