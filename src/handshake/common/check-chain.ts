/** What a peer would make of a certificate of ours (SSL_check_chain(3)), and which chains it can verify (RFC 9846, 4.2.3). */
import { sameBytes } from '../../bytes/bytes.ts';
import type { PrivateKey } from '../../crypto/provider.ts';
import { groupByName } from '../../registry/groups.ts';
import { type SignatureScheme, signatureScheme } from '../../registry/signature-schemes.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../../registry/versions.ts';
import { signatureAlgorithmOf } from '../../x509/algorithms.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { keyMatches } from '../../x509/private-key.ts';
import type { Connection } from '../connection.ts';
import { fits } from './certificate-verify.ts';
import { signSchemes } from './policy.ts';

/** `CERT_PKEY_*`: the answers of SSL_check_chain(3). */
export const CERT_PKEY = {
  VALID: 0x1,
  SIGN: 0x2,
  EE_SIGNATURE: 0x10,
  CA_SIGNATURE: 0x20,
  EE_PARAM: 0x40,
  CA_PARAM: 0x80,
  EXPLICIT_SIGN: 0x100,
  ISSUER_NAME: 0x200,
  CERT_TYPE: 0x400,
} as const;

/** What all has to hold before a chain is VALID. */
const NEEDED =
  CERT_PKEY.SIGN |
  CERT_PKEY.EE_SIGNATURE |
  CERT_PKEY.CA_SIGNATURE |
  CERT_PKEY.EE_PARAM |
  CERT_PKEY.CA_PARAM |
  CERT_PKEY.ISSUER_NAME |
  CERT_PKEY.CERT_TYPE;

/** Whether the peer can verify the signatures in a chain: all of them, but for a root's own. */
export const canVerify = (chain: readonly Certificate[], ids: readonly number[]): boolean =>
  chain.every((one) => one.selfIssued || isSignedBy(one, ids));

/** A bit mask of CERT_PKEY; 0 before the peer said what it can do, and for a key that is another's. */
export function checkChain(connection: Connection, leaf: Certificate, key: PrivateKey, issuers: readonly Certificate[]): number {
  const offered = connection.peerSignatureSchemes;
  if (!keyMatches(leaf, key) || connection.version === 0) return 0;
  const certificateSchemes = connection.peerCertificateSchemes ?? offered;
  const unnamed = connection.version < TLS1_2_VERSION || offered.length === 0;
  const signs = signSchemes(connection).some((scheme) => offered.includes(scheme.id) && suits(connection, scheme, key));
  let result = signs ? CERT_PKEY.SIGN | CERT_PKEY.EXPLICIT_SIGN : 0;
  if (unnamed) result |= CERT_PKEY.SIGN;
  if (unnamed || isSignedBy(leaf, certificateSchemes)) result |= CERT_PKEY.EE_SIGNATURE;
  if (unnamed || canVerify(issuers, certificateSchemes)) result |= CERT_PKEY.CA_SIGNATURE;
  if (hasUsableCurve(connection, leaf)) result |= CERT_PKEY.EE_PARAM;
  if (issuers.every((one) => hasUsableCurve(connection, one))) result |= CERT_PKEY.CA_PARAM;
  if (isWanted(connection, [leaf, ...issuers])) result |= CERT_PKEY.ISSUER_NAME;
  if (isOfType(connection, key)) result |= CERT_PKEY.CERT_TYPE;
  return (result & NEEDED) === NEEDED ? result | CERT_PKEY.VALID : result;
}

const suits = (connection: Connection, scheme: SignatureScheme, key: PrivateKey): boolean =>
  connection.version >= TLS1_3_VERSION ? fits(scheme, key.publicKey) : scheme.tls12 && scheme.key === key.publicKey.kind;

function isSignedBy({ signatureAlgorithm }: Certificate, ids: readonly number[]): boolean {
  const made = signatureAlgorithmOf(signatureAlgorithm);
  return ids.some((id) => {
    const algorithm = signatureScheme(id)?.algorithm;
    return algorithm !== undefined && made?.kind === algorithm.kind && hashOf(made) === hashOf(algorithm);
  });
}

const hashOf = (algorithm: SignatureScheme['algorithm']): string | undefined => ('hash' in algorithm ? algorithm.hash : undefined);

/** RFC 8422, 5.3: before TLS 1.3 the curve of a certificate is one of supported_groups. */
function hasUsableCurve(connection: Connection, { publicKey }: Certificate): boolean {
  if (publicKey?.kind !== 'ec' || connection.version >= TLS1_3_VERSION || connection.peerGroups.length === 0) return true;
  return connection.peerGroups.includes(groupByName(publicKey.curve)?.id ?? 0);
}

const isWanted = ({ peerCaNames }: Connection, chain: readonly Certificate[]): boolean =>
  peerCaNames.length === 0 || chain.some(({ issuer }) => peerCaNames.some((name) => sameBytes(issuer.raw, name)));

/** rsa_sign or ecdsa_sign, where a server of TLS 1.2 or below named types (RFC 5246, 7.4.4). */
function isOfType({ peerCertificateTypes }: Connection, { publicKey }: PrivateKey): boolean {
  const type = publicKey.kind === 'rsa' || publicKey.kind === 'rsa-pss' ? 1 : 64;
  return peerCertificateTypes === undefined || peerCertificateTypes.includes(type);
}
