/** Which of our certificates a TLS 1.0–1.2 handshake shows (RFC 5246, 7.4.2, 7.4.4 and 7.4.6). */

import type { KeyedCredential } from '../../config/credentials.ts';
import type { KeyKind } from '../../crypto/provider.ts';
import { fatal } from '../../registry/fatal.ts';
import { groupByName } from '../../registry/groups.ts';
import type { SignatureScheme } from '../../registry/signature-schemes.ts';
import { keyBits } from '../../x509/strength.ts';
import type { Connection } from '../connection.ts';
import { type Step, untilAnswered } from '../step.ts';
import { type Candidate, candidateRanks, isWelcome, mayMeet, nothingToTry, type Unfit } from './candidates.ts';
import { isStrict } from './certificate.ts';
import { canVerify } from './check-chain.ts';
import { allowed, signSchemes } from './policy.ts';
import { IMPLIED_SCHEMES, signingScheme } from './signed12.ts';

/** What the peer, and on a server the suite, demand of our certificate. */
export interface Demand12 {
  readonly version: number;
  /** The peer's schemes; undefined where it named none. */
  readonly schemes: readonly number[] | undefined;
  /** DER names; empty: any. */
  readonly authorities: readonly Uint8Array[];
  /** ClientCertificateType values that a server asked for; undefined on a server. */
  readonly certificateTypes: Uint8Array | undefined;
  /** Kinds of key the suite signs or decrypts with; undefined: any. */
  readonly kinds: readonly KeyKind[] | undefined;
  /** Curves the client can do; undefined: any. */
  readonly groups: readonly number[] | undefined;
  /** Whether the key is to sign; in an RSA key exchange it decrypts. */
  readonly signs: boolean;
}

export interface Chosen12 extends Candidate {
  readonly scheme: SignatureScheme | 'fixed';
}

/** rsa_sign and ecdsa_sign (RFC 5246, 7.4.4; RFC 8422, 5.5). */
export const CERTIFICATE_TYPE = { rsaSign: 1, ecdsaSign: 64 } as const;

/** Undefined for keys that TLS 1.2 has no type for, which is ML-DSA's. */
function typeOf(kind: KeyKind): number | undefined {
  if (kind === 'rsa' || kind === 'rsa-pss') return CERTIFICATE_TYPE.rsaSign;
  return kind === 'ec' || kind === 'ed25519' || kind === 'ed448' ? CERTIFICATE_TYPE.ecdsaSign : undefined;
}

/** The first of a client's credentials that will do. */
export function chooseCredential12(connection: Connection, demand: Demand12): Chosen12 | Unfit {
  let unfit = nothingToTry(connection);
  for (const rank of candidateRanks(connection, [connection.ownCertificateType])) {
    if ('psk' in rank || rank.candidates.length === 0) continue;
    const chosen = chooseAmong12(connection, rank.candidates, demand);
    if (!('unfit' in chosen)) return chosen;
    unfit = chosen;
  }
  return unfit;
}

/** The first candidate that will do, those that the peer's authorities signed before the others, and the scheme to sign with. */
export function chooseAmong12(connection: Connection, candidates: readonly Candidate[], demand: Demand12): Chosen12 | Unfit {
  const met = candidates.filter(({ credential }) => mayMeet(credential, demand.authorities));
  if (met.length === 0) return { unfit: 'NO_MATCHING_ISSUER' };
  const usable = met.filter(({ credential }) => isUsable(connection, credential, demand));
  if (usable.length === 0) return { unfit: 'UNKNOWN_CERTIFICATE_TYPE' };
  const able = usable.flatMap((candidate): readonly Chosen12[] => {
    const scheme = demand.signs ? schemeFor(connection, candidate.credential, demand) : 'fixed';
    return scheme === undefined ? [] : [{ ...candidate, scheme }];
  });
  const [first] = able;
  return able.find(({ credential }) => isWelcome(credential, demand.authorities)) ?? first ?? { unfit: 'NO_SUITABLE_SIGNATURE_ALGORITHM' };
}

/** The first scheme of the peer's that we sign with and that the key is for. */
function schemeFor(
  connection: Connection,
  credential: KeyedCredential,
  { version, schemes }: Demand12,
): SignatureScheme | 'fixed' | undefined {
  const own = signSchemes(connection, credential);
  const shared = (schemes ?? IMPLIED_SCHEMES).flatMap((id) => own.find((scheme) => scheme.id === id) ?? []);
  return signingScheme(version, credential.key.publicKey, shared);
}

function isUsable(
  connection: Connection,
  { chain, key, delegation }: KeyedCredential,
  { certificateTypes, kinds, groups, schemes, signs }: Demand12,
): boolean {
  const { publicKey } = key;
  // RFC 9345, 4.1: for TLS 1.3 alone.
  if (delegation !== undefined) return false;
  if (!allowed(connection, 'own key', keyBits(publicKey), publicKey)) return false;
  if (isStrict(connection) && schemes !== undefined && !canVerify(chain, schemes)) return false;
  // Not every key can be trusted to decrypt.
  if (!signs && key.decryptPremaster === undefined) return false;
  if (kinds !== undefined && !kinds.includes(publicKey.kind)) return false;
  if (certificateTypes !== undefined && !certificateTypes.includes(typeOf(publicKey.kind) ?? -1)) return false;
  // RFC 8422, 5.3: the certificate's curve is one that the client can do.
  return groups === undefined || publicKey.kind !== 'ec' || groups.includes(groupByName(publicKey.curve)?.id ?? 0);
}

/** SSL_CTX_set_cert_cb(3), then SSL_CTX_set_client_cert_cb(3) where nothing is configured. */
export function* askForClientCertificate(connection: Connection): Step<void> {
  yield* askForCertificates(connection);
  const callback = connection.get('clientCertCallback');
  if (callback === undefined || !connection.get('credentials').isKeyless) return;
  const credential = yield* untilAnswered(() => callback(connection.owner.handle), 'x509_lookup');
  if (credential?.key !== undefined) connection.owner.useCredential(credential.key.publicKey.kind, credential);
}

/** SSL_CTX_set_cert_cb(3). */
export function* askForCertificates(connection: Connection): Step<void> {
  const callback = connection.get('certCallback');
  if (callback === undefined) return;
  const ready = yield* untilAnswered(() => callback(connection.owner.handle), 'x509_lookup');
  if (!ready) fatal('internal_error', 'CERT_CB_ERROR');
}
