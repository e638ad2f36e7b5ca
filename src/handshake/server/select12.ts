/** What a server of TLS 1.0–1.2 makes a full handshake with: a suite, the credential it signs or decrypts with, and a group. */
import type { DhGroup } from '../../crypto/ffdhe.ts';
import type { KeyKind } from '../../crypto/provider.ts';
import { certificateAuthorities } from '../../extensions/certificate-authorities.ts';
import type { ExtensionBlock } from '../../extensions/extension.ts';
import { signatureAlgorithms, supportedGroups } from '../../extensions/id-lists.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { namedGroup } from '../../registry/groups.ts';
import { type Candidate, candidateRanks, type Unfit } from '../common/candidates.ts';
import { type Chosen12, chooseAmong12 } from '../common/credential.ts';
import { curves, signsParameters, usesDhe, usesEcdhe, usesPsk } from '../common/key-exchange12.ts';
import { groups, sharedSuites, suites12 } from '../common/policy.ts';
import { choosePeerType, noTypeInCommon, wantedTypes } from '../common/raw-key.ts';
import type { Connection } from '../connection.ts';
import { chooseDhGroup } from './dh.ts';
import type { ReadHello } from './select.ts';

export interface Choice12 {
  readonly suite: CipherSuite;
  /** The group of an ephemeral key; undefined where the suite has none. */
  readonly group: number | DhGroup | undefined;
  readonly chosen: Chosen12 | undefined;
}

/**
 * For the first of our credentials that will do, the first suite both sides have, in the order that counts, that it fits and for
 * which there is a group. Suites that need no certificate are tried together with the last rank. `asks`: for a certificate of the client.
 */
export function chooseSuite12(connection: Connection, read: ReadHello, version: number, asks: boolean): Choice12 {
  const { hello, block } = read;
  const shared = sharedSuites(connection, suites12(connection, version), hello.cipherSuites);
  if (asks) choosePeerType(connection, block);
  connection.peerCaNames = block.get(certificateAuthorities) ?? [];
  const ranks = candidateRanks(connection, wantedTypes(block)).flatMap((rank) => ('psk' in rank ? [] : [rank.candidates]));
  let unfit: Unfit = { unfit: shared.length === 0 ? 'NO_SHARED_CIPHER' : 'NO_SUITABLE_SIGNATURE_ALGORITHM' };
  for (const [index, candidates] of ranks.entries()) {
    const last = index === ranks.length - 1;
    for (const suite of shared) {
      if (keyKinds(suite) === undefined ? !last : candidates.length === 0) continue;
      const choice = trySuite(connection, block, suite, version, candidates);
      if ('unfit' in choice) {
        unfit = choice;
        continue;
      }
      if (choice.chosen !== undefined) connection.ownCertificateType = choice.chosen.type;
      return choice;
    }
  }
  const noForm = ranks.every((candidates) => candidates.length === 0) && !connection.get('credentials').isKeyless;
  return noForm ? noTypeInCommon() : fatal('handshake_failure', unfit.unfit);
}

function trySuite(
  connection: Connection,
  block: ExtensionBlock<'CH'>,
  suite: CipherSuite,
  version: number,
  candidates: readonly Candidate[],
): Choice12 | Unfit {
  const unfit: Unfit = { unfit: 'NO_SUITABLE_SIGNATURE_ALGORITHM' };
  if (usesPsk(suite) && connection.get('pskServerCallback') === undefined) return unfit;
  const chosen = credentialFor(connection, block, suite, version, candidates);
  if (chosen !== undefined && 'unfit' in chosen) return chosen;
  const group = groupFor(connection, block, suite, chosen);
  return group === undefined && (usesEcdhe(suite) || usesDhe(suite)) ? unfit : { suite, group, chosen };
}

/** The candidate for a suite; undefined where it needs none. */
function credentialFor(
  connection: Connection,
  block: ExtensionBlock<'CH'>,
  suite: CipherSuite,
  version: number,
  candidates: readonly Candidate[],
): Chosen12 | Unfit | undefined {
  const kinds = keyKinds(suite);
  if (kinds === undefined) return undefined;
  const chosen = chooseAmong12(connection, candidates, {
    version,
    schemes: block.get(signatureAlgorithms),
    authorities: connection.peerCaNames,
    certificateTypes: undefined,
    kinds,
    groups: block.get(supportedGroups),
    signs: signsParameters(suite),
  });
  // Whether a kind of certificate is right is the suite's to say here, and another suite may say otherwise.
  return 'unfit' in chosen && chosen.unfit === 'UNKNOWN_CERTIFICATE_TYPE' ? { unfit: 'NO_SUITABLE_SIGNATURE_ALGORITHM' } : chosen;
}

/** Kinds of key a suite needs a certificate for; undefined: it needs none. */
function keyKinds({ authentication, keyExchange }: CipherSuite): readonly KeyKind[] | undefined {
  if (keyExchange === 'rsa' || keyExchange === 'rsa-psk') return ['rsa'];
  if (authentication === 'rsa') return ['rsa', 'rsa-pss'];
  return authentication === 'ecdsa' ? ['ec', 'ed25519', 'ed448'] : undefined;
}

function groupFor(
  connection: Connection,
  block: ExtensionBlock<'CH'>,
  suite: CipherSuite,
  chosen: Chosen12 | undefined,
): number | DhGroup | undefined {
  const theirs = block.get(supportedGroups);
  if (usesEcdhe(suite)) {
    const own = curves(groups(connection, suite));
    // RFC 8422, 4: a client that names no curves can do any; P-256 is the one everybody has.
    return theirs === undefined ? own.find((id) => namedGroup(id)?.parts[0] === 'P-256') : own.find((id) => theirs.includes(id));
  }
  return usesDhe(suite) ? chooseDhGroup(connection, theirs, rsaBits(chosen)) : undefined;
}

/** Bits of the RSA key that signs, by which a callback chooses a group that is not the weaker link; 0 without one. */
function rsaBits(chosen: Chosen12 | undefined): number {
  const key = chosen?.credential.key.publicKey;
  return key?.kind === 'rsa' ? 8 * key.n.length : 0;
}
