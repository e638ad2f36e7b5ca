/** Which of our certificates a TLS 1.0–1.2 handshake shows (RFC 5246, 7.4.2, 7.4.4 and 7.4.6). */

import { sameBytes } from '../../bytes/bytes.ts';
import type { KeyedCredential } from '../../config/credentials.ts';
import type { KeyKind } from '../../crypto/provider.ts';
import { fatal } from '../../registry/fatal.ts';
import { groupByName } from '../../registry/groups.ts';
import type { SignatureScheme } from '../../registry/signature-schemes.ts';
import { keyBits } from '../../x509/strength.ts';
import type { Connection } from '../connection.ts';
import { type Step, untilAnswered } from '../step.ts';
import { isStrict } from './certificate.ts';
import { canVerify } from './check-chain.ts';
import { allowed } from './policy.ts';
import { showsRawKey } from './raw-key.ts';
import { IMPLIED_SCHEMES, signingScheme } from './signed12.ts';

/** What the peer, and on a server the suite, demand of our certificate. */
export interface Demand12 {
  readonly version: number;
  /** The peer's schemes; undefined where it named none. */
  readonly schemes: readonly number[] | undefined;
  readonly own: readonly SignatureScheme[];
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

export interface Chosen12 {
  readonly credential: KeyedCredential;
  readonly scheme: SignatureScheme | 'fixed';
}

/** rsa_sign and ecdsa_sign (RFC 5246, 7.4.4; RFC 8422, 5.5). */
export const CERTIFICATE_TYPE = { rsaSign: 1, ecdsaSign: 64 } as const;

const typeOf = (kind: KeyKind): number => (kind === 'rsa' || kind === 'rsa-pss' ? CERTIFICATE_TYPE.rsaSign : CERTIFICATE_TYPE.ecdsaSign);

export function chooseCredential12(connection: Connection, demand: Demand12): Chosen12 | undefined {
  const ids = demand.schemes ?? IMPLIED_SCHEMES;
  const shared = ids.flatMap((id) => demand.own.find((scheme) => scheme.id === id) ?? []);
  const { keyed, ready } = connection.get('credentials');
  const usable = (showsRawKey(connection) ? keyed : ready).filter((credential) => isUsable(connection, credential, demand));
  const welcome = usable.filter((credential) => isWelcome(credential, demand.authorities));
  for (const credential of [...welcome, ...usable]) {
    const scheme = demand.signs ? signingScheme(demand.version, credential.key.publicKey, shared) : 'fixed';
    if (scheme !== undefined) return { credential, scheme };
  }
  return undefined;
}

function isUsable(
  connection: Connection,
  { chain, key }: KeyedCredential,
  { certificateTypes, kinds, groups, schemes }: Demand12,
): boolean {
  const { publicKey } = key;
  if (!allowed(connection, 'own key', keyBits(publicKey), publicKey)) return false;
  if (isStrict(connection) && schemes !== undefined && !canVerify(chain, schemes)) return false;
  if (kinds !== undefined && !kinds.includes(publicKey.kind)) return false;
  if (certificateTypes !== undefined && !certificateTypes.includes(typeOf(publicKey.kind))) return false;
  // RFC 8422, 5.3: the certificate's curve is one that the client can do.
  return groups === undefined || publicKey.kind !== 'ec' || groups.includes(groupByName(publicKey.curve)?.id ?? 0);
}

const isWelcome = ({ chain }: KeyedCredential, authorities: readonly Uint8Array[]): boolean =>
  authorities.length === 0 || chain.some(({ issuer }) => authorities.some((name) => sameBytes(issuer.raw, name)));

/** SSL_CTX_set_cert_cb(3), then SSL_CTX_set_client_cert_cb(3) where nothing is configured. */
export function* askForClientCertificate(connection: Connection): Step<void> {
  yield* askForCertificates(connection);
  const callback = connection.get('clientCertCallback');
  if (callback === undefined || connection.get('credentials').ready.length > 0) return;
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
