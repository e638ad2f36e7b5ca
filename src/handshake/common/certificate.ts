/** The Certificate, CertificateVerify and Finished of one side (RFC 9846, 4.4), sent and received. */

import { EMPTY } from '../../bytes/bytes.ts';
import type { KeyedCredential } from '../../config/credentials.ts';
import type { PublicKeySpec } from '../../crypto/provider.ts';
import { signedCertificateTimestamp, statusRequest } from '../../extensions/certificate-status.ts';
import { delegatedCredential } from '../../extensions/delegated-credential.ts';
import { encode } from '../../extensions/extension.ts';
import { readBlock } from '../../extensions/table.ts';
import { fatal } from '../../registry/fatal.ts';
import { CERT_FLAGS, OPTIONS } from '../../registry/options.ts';
import type { SignatureScheme } from '../../registry/signature-schemes.ts';
import type { RawExtension } from '../../wire/message.ts';
import {
  type CertificateEntry,
  type CertificateMessage,
  certificate,
  certificateVerify,
  compressedCertificate,
} from '../../wire/tls13-messages.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { keyBits } from '../../x509/strength.ts';
import type { Connection } from '../connection.ts';
import type { Handshake } from '../handshake.ts';
import { type Step, settle } from '../step.ts';
import { type Candidate, candidateRanks, isWelcome, mayMeet, nothingToTry, type Unfit } from './candidates.ts';
import { compressedForm } from './certificate-compression.ts';
import { fits, signedContent } from './certificate-verify.ts';
import { chainToSend } from './chain.ts';
import { canVerify } from './check-chain.ts';
import { customExtensionsFor, EXT, parseCustomExtensions } from './custom-extensions.ts';
import { allowed, signSchemes } from './policy.ts';
import { expectsRawKey, showsRawKey, spkiOf, takeRawKey } from './raw-key.ts';
import type { Staples } from './staple.ts';
import { parseChain } from './verify-peer.ts';

/** What a peer's request for a certificate says, whichever side asks. */
export interface CertificateDemand {
  readonly schemes: readonly number[];
  /** DER names of the authorities the peer trusts; empty: any. */
  readonly authorities: readonly Uint8Array[];
  /** What the peer takes from the keys of delegated credentials, which it has none of where this is empty. */
  readonly delegation: readonly number[];
  readonly wantsStatus: boolean;
  readonly wantsTimestamps: boolean;
  /** How the peer can decompress certificates (RFC 8879). */
  readonly compression: readonly number[];
  /** Extension types the peer's message carried: answers in Certificate entries may be to these alone. */
  readonly asked: ReadonlySet<number>;
}

export interface ChosenCredential extends Candidate {
  readonly scheme: SignatureScheme;
}

/** The first of our credentials that will do for a peer that takes these types of certificate, and the scheme to sign with. */
export function chooseCredential(connection: Connection, takes: readonly number[], demand: CertificateDemand): ChosenCredential | Unfit {
  let unfit = nothingToTry(connection);
  for (const rank of candidateRanks(connection, takes)) {
    if ('psk' in rank || rank.candidates.length === 0) continue;
    const chosen = chooseAmong(connection, rank.candidates, demand);
    if (!('unfit' in chosen)) return chosen;
    unfit = chosen;
  }
  return unfit;
}

/**
 * The first scheme both sides have, in the peer's order or, with CIPHER_SERVER_PREFERENCE, in ours, for which a candidate has
 * the key. Certificates that the peer's authorities signed go first.
 */
export function chooseAmong(connection: Connection, candidates: readonly Candidate[], demand: CertificateDemand): ChosenCredential | Unfit {
  const { schemes, authorities, delegation } = demand;
  const usable = candidates.filter(({ credential }) => mayMeet(credential, authorities));
  if (usable.length === 0) return { unfit: 'NO_MATCHING_ISSUER' };
  const able = usable.flatMap((candidate) => {
    const { key, chain } = candidate.credential;
    if (!allowed(connection, 'own key', keyBits(key.publicKey), key.publicKey)) return [];
    if (isStrict(connection) && !canVerify(chain, connection.peerCertificateSchemes ?? schemes)) return [];
    const own = schemesFor(connection, candidate.credential, demand).filter((scheme) => fits(scheme, key.publicKey));
    return own.length === 0 ? [] : [{ ...candidate, own }];
  });
  const welcome = able.filter(({ credential }) => isWelcome(credential, authorities));
  // Schemes that only a credential's own list has come behind those of the connection.
  const ours = connection.hasOption(OPTIONS.CIPHER_SERVER_PREFERENCE) ? signSchemes(connection).map(({ id }) => id) : [];
  for (const among of [welcome, able]) {
    for (const id of [...ours, ...schemes, ...delegation]) {
      for (const { credential, type, own } of among) {
        const scheme = own.find((one) => one.id === id);
        if (scheme !== undefined) return { credential, type, scheme };
      }
    }
  }
  const shared = signSchemes(connection).some(({ id }) => schemes.includes(id));
  return { unfit: shared || !connection.isServer ? 'NO_SUITABLE_SIGNATURE_ALGORITHM' : 'NO_SHARED_SIGNATURE_ALGORITHMS' };
}

/** The schemes of ours that the peer takes from a credential. A delegated one has its own, and the peer must take the certificate's as well. */
function schemesFor(
  connection: Connection,
  credential: KeyedCredential,
  { schemes, delegation }: CertificateDemand,
): readonly SignatureScheme[] {
  const { delegation: delegated } = credential;
  if (delegated === undefined) return signSchemes(connection, credential).filter(({ id }) => schemes.includes(id));
  // RFC 9345, 4.1.1: both algorithms are ones that the peer named, each in its own list.
  const known = delegation.includes(delegated.scheme) && schemes.includes(delegated.signedWith);
  return known ? signSchemes(connection, { sigalgs: [delegated.scheme] }) : [];
}

/** SSL_CERT_FLAG_TLS_STRICT: a chain that the peer did not say it can verify is not shown. */
export const isStrict = (connection: Connection): boolean => (connection.get('certFlags') & CERT_FLAGS.TLS_STRICT) !== 0;

/** Sends a chain, or none (a client may decline, RFC 9846, 4.4.2). */
export function sendCertificate(
  handshake: Handshake,
  context: Uint8Array,
  credential: KeyedCredential | undefined,
  demand: CertificateDemand,
  staples: Staples,
): void {
  const { connection } = handshake;
  connection.ownCredential = credential;
  const message = { context, entries: credential === undefined ? [] : entriesOf(connection, credential, demand, staples) };
  const compressed = credential && compressedForm(connection, demand.compression, credential.key, message);
  if (compressed === undefined) handshake.send(certificate, message);
  else handshake.send(compressedCertificate, compressed);
}

function entriesOf(connection: Connection, credential: KeyedCredential, demand: CertificateDemand, staples: Staples): CertificateEntry[] {
  if (showsRawKey(connection)) return [{ data: spkiOf(credential), extensions: [] }];
  const responses = staples ?? [credential.ocspResponse, ...(credential.issuerOcspResponses ?? [])];
  return chainToSend(connection, credential).map((one, index) => ({
    data: one.der,
    extensions: [
      ...statusOf(demand, responses[index]),
      ...(index === 0 ? timestampsOf(demand, credential) : []),
      ...(index === 0 && credential.delegation ? [encode(delegatedCredential, 'CT', credential.delegation.bytes)] : []),
      ...customExtensionsFor(connection, EXT.TLS1_3_CERTIFICATE, demand.asked, one, index),
    ],
  }));
}

/** RFC 9846, 4.4.2.1: each certificate may have a response of its own. */
const statusOf = ({ wantsStatus }: CertificateDemand, response: Uint8Array | undefined): readonly RawExtension[] =>
  wantsStatus && response !== undefined ? [encode(statusRequest, 'CT', response)] : [];

const timestampsOf = (
  { wantsTimestamps }: CertificateDemand,
  { signedCertificateTimestamps: list }: KeyedCredential,
): readonly RawExtension[] => (wantsTimestamps && list !== undefined ? [encode(signedCertificateTimestamp, 'CT', list)] : []);

/** Signs the transcript with the chosen key; a key elsewhere is waited for. */
export function* sendCertificateVerify(handshake: Handshake, { credential, scheme }: ChosenCredential): Step<void> {
  const { connection, transcript } = handshake;
  const content = signedContent(connection.role, transcript.digest());
  const signature = yield* settle(credential.key.sign(scheme.algorithm, content));
  connection.ownSignatureScheme = scheme.id;
  handshake.send(certificateVerify, { algorithm: scheme.id, signature });
}

/** What a peer shows in its Certificate message: the key it will sign with, undefined where it shows nothing. */
export interface Shown {
  readonly chain: readonly Certificate[];
  readonly key: PublicKeySpec | undefined;
}

/**
 * Takes the peer's Certificate apart and keeps what stands at its certificates. `asked`: extension types that our request
 * carried. A key of an unknown kind is unsupported_certificate.
 */
export function readCertificate(
  connection: Connection,
  message: CertificateMessage,
  context: Uint8Array,
  asked: ReadonlySet<number>,
): Shown {
  // RFC 9846, 4.4.2: the context of the request, or nothing.
  if (message.context.length !== context.length || message.context.some((byte, i) => byte !== context[i])) {
    fatal('illegal_parameter', 'INVALID_CONTEXT', 'certificate_request_context');
  }
  const data = message.entries.map((entry) => entry.data);
  if (expectsRawKey(connection)) {
    for (const { extensions } of message.entries) readBlock('CT', extensions).onlyAnswersTo(asked);
    return { chain: [], key: takeRawKey(connection, data) };
  }
  const chain = parseChain(data);
  const responses: (Uint8Array | undefined)[] = [];
  for (const [index, { extensions }] of message.entries.entries()) {
    const block = readBlock('CT', extensions);
    block.onlyAnswersTo(asked);
    parseCustomExtensions(connection, EXT.TLS1_3_CERTIFICATE, extensions, chain[index], index);
    responses.push(block.get(statusRequest));
    if (index === 0) connection.signedCertificateTimestamps = block.get(signedCertificateTimestamp);
  }
  connection.ocspResponse = responses[0];
  connection.issuerOcspResponses = responses.slice(1);
  connection.peerChain = chain;
  connection.peerRawKey = undefined;
  const [leaf] = chain;
  return { chain, key: leaf && (leaf.publicKey ?? fatal('unsupported_certificate', 'UNKNOWN_CERTIFICATE_TYPE')) };
}

export const NO_CONTEXT: Uint8Array = EMPTY;
