/** Which of our credentials could be shown to a peer, in what form, and in what order they are tried. */
import { sameBytes } from '../../bytes/bytes.ts';
import type { ExternalPsk, KeyedCredential } from '../../config/credentials.ts';
import { CERTIFICATE_TYPES } from '../../registry/certificate-types.ts';
import { fatal } from '../../registry/fatal.ts';
import type { Reason } from '../../registry/reasons.ts';
import type { Connection } from '../connection.ts';

const { x509, rpk } = CERTIFICATE_TYPES;

/** A credential in one of the forms it can be shown in. */
export interface Candidate {
  readonly credential: KeyedCredential;
  /** CertificateType (RFC 7250). */
  readonly type: number;
}

/** Candidates among which the peer's order of schemes decides, or a pre-shared key. */
export type CandidateRank = { readonly psk: ExternalPsk } | { readonly candidates: readonly Candidate[] };

/** Why none of some credentials will do. */
export interface Unfit {
  readonly unfit: Reason;
}

/** The types this side can show, best first: as configured, or as its credentials have it. */
export function ownTypes(connection: Connection): readonly number[] {
  const shown = connection.get('credentials').ranks.flatMap((rank) => ('psk' in rank ? [] : rank.keyed.flatMap(usualForm)));
  return configuredTypes(connection) ?? (shown.length === 0 ? [x509] : [...new Set(shown)]);
}

/** What can be tried with a peer that takes some types of certificate, best first. Where types were configured, their order decides within a rank. */
export function candidateRanks(connection: Connection, takes: readonly number[]): readonly CandidateRank[] {
  const types = configuredTypes(connection)?.filter((type) => takes.includes(type));
  return connection.get('credentials').ranks.flatMap((rank): readonly CandidateRank[] => {
    if ('psk' in rank) return [rank];
    const inForms = (formsOf: (credential: KeyedCredential) => readonly number[], wanted: readonly number[]): CandidateRank => ({
      candidates: rank.keyed.flatMap((credential) =>
        formsOf(credential).flatMap((type) => (wanted.includes(type) ? [{ credential, type }] : [])),
      ),
    });
    return types === undefined ? [inForms(usualForm, takes)] : types.map((type) => inForms(forms, [type]));
  });
}

const configuredTypes = (connection: Connection): readonly number[] | undefined =>
  connection.get(connection.isServer ? 'serverCertTypes' : 'clientCertTypes');

/** Where no types are configured: a certificate is shown as such, a key without one only if it was meant to be. */
const usualForm = ({ shows, leaf }: KeyedCredential): readonly number[] => {
  if (shows !== undefined) return [CERTIFICATE_TYPES[shows]];
  return leaf === undefined ? [] : [x509];
};

const forms = ({ shows, leaf }: KeyedCredential): readonly number[] => {
  if (shows !== undefined) return [CERTIFICATE_TYPES[shows]];
  return leaf === undefined ? [rpk] : [x509, rpk];
};

/** RFC 9846, 4.4.2.3: a client without a suitable certificate goes on without one, unless that is worse than not going on. */
export function orNothing<T extends Candidate>(connection: Connection, chosen: T | Unfit): T | undefined {
  if (!('unfit' in chosen)) return chosen;
  if (!connection.get('anonymousFallback') && !connection.get('credentials').isKeyless) fatal('handshake_failure', chosen.unfit);
  return undefined;
}

/** What is wrong where there is nothing to try. */
export function nothingToTry(connection: Connection): Unfit {
  const { isKeyless, psks } = connection.get('credentials');
  if (!isKeyless) return { unfit: 'UNKNOWN_CERTIFICATE_TYPE' };
  return { unfit: psks.length > 0 ? 'PSK_IDENTITY_NOT_FOUND' : 'NO_SUITABLE_SIGNATURE_ALGORITHM' };
}

/** Whether one of the authorities a peer named, as DER names, issued a certificate of a chain; any will do where it named none. */
export const isWelcome = ({ chain }: KeyedCredential, authorities: readonly Uint8Array[]): boolean =>
  authorities.length === 0 || isIssuedBy(chain, authorities);

/** Whether a credential may be used with a peer that named these authorities (SSL_CREDENTIAL_set_must_match_issuer). */
export const mayMeet = ({ chain, mustMatchIssuer = false }: KeyedCredential, authorities: readonly Uint8Array[]): boolean =>
  !mustMatchIssuer || isIssuedBy(chain, authorities);

const isIssuedBy = (chain: KeyedCredential['chain'], authorities: readonly Uint8Array[]): boolean =>
  chain.some(({ issuer }) => authorities.some((name) => sameBytes(issuer.raw, name)));
