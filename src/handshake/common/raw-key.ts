/** Raw public keys in place of certificates (RFC 7250): what is offered, what is chosen, and whether a key is the expected one. */
import { unlessMalformed } from '../../asn1/asn1-error.ts';
import { readDer } from '../../asn1/der-reader.ts';
import { sameBytes } from '../../bytes/bytes.ts';
import type { KeyedCredential } from '../../config/credentials.ts';
import type { PublicKeySpec } from '../../crypto/provider.ts';
import { clientCertificateType, serverCertificateType } from '../../extensions/certificate-type.ts';
import { type ExtensionBlock, encode } from '../../extensions/extension.ts';
import { CERTIFICATE_TYPES } from '../../registry/certificate-types.ts';
import { fatal } from '../../registry/fatal.ts';
import { VERIFY } from '../../registry/options.ts';
import type { X509VerifyResult } from '../../registry/verify-results.ts';
import type { RawExtension } from '../../wire/message.ts';
import { parsePublicKey, publicKeyOf, readSpki, samePublicKey, spkiElement } from '../../x509/algorithms.ts';
import type { TlsaRecord } from '../../x509/dane.ts';
import { StoreContext } from '../../x509/verify.ts';
import type { Connection, RawKey } from '../connection.ts';
import { type Proof, type Step, settle } from '../step.ts';
import { ownTypes } from './candidates.ts';
import { verifyMode } from './policy.ts';

const { x509, rpk } = CERTIFICATE_TYPES;

/** Whether a side shows a raw public key rather than certificates, as was agreed on. */
export const showsRawKey = (connection: Connection): boolean => connection.ownCertificateType === rpk;
export const expectsRawKey = (connection: Connection): boolean => connection.peerCertificateType === rpk;

/** The key the peer signs with: its raw key, or the one in its certificate. */
export const peerKey = ({ peerRawKey, peerChain }: Connection): PublicKeySpec | undefined => peerRawKey?.key ?? peerChain[0]?.publicKey;

/** The raw key a credential shows: its certificate's own encoding where it has one. */
export const spkiOf = ({ leaf, key }: KeyedCredential): Uint8Array => leaf?.spki ?? spkiElement(key.publicKey);

// ---- agreement

/** The types this side takes from its peer, best first. */
export const acceptedTypes = (connection: Connection): readonly number[] =>
  connection.get(connection.isServer ? 'clientCertTypes' : 'serverCertTypes') ?? [x509];

/** RFC 7250, 4.1: what a client can do; X.509 alone goes without saying. */
export function offeredCertificateTypes(connection: Connection): readonly RawExtension[] {
  const own = ownTypes(connection);
  const theirs = acceptedTypes(connection);
  return [
    ...(own.some((type) => type !== x509) ? [encode(clientCertificateType, 'CH', own)] : []),
    ...(theirs.some((type) => type !== x509) ? [encode(serverCertificateType, 'CH', theirs)] : []),
  ];
}

/** Client: takes the server's choice, which is one of what was offered (RFC 7250, 4.2); X.509 where it says nothing. */
export function takeCertificateTypes<P extends 'EE' | 'SH12'>(connection: Connection, block: ExtensionBlock<P>): void {
  const own = block.get(clientCertificateType) ?? x509;
  const theirs = block.get(serverCertificateType) ?? x509;
  if (block.has(clientCertificateType) && !ownTypes(connection).includes(own))
    fatal('illegal_parameter', 'BAD_EXTENSION', 'client_certificate_type');
  if (block.has(serverCertificateType) && !acceptedTypes(connection).includes(theirs))
    fatal('illegal_parameter', 'BAD_EXTENSION', 'server_certificate_type');
  connection.ownCertificateType = own;
  connection.peerCertificateType = theirs;
}

/** A server with certificates that the client, having said nothing else, did not want. */
export function demandAgreedType(connection: Connection): void {
  // RFC 7250, 4.2: without a type that both sides have there is no handshake.
  if (!acceptedTypes(connection).includes(connection.peerCertificateType))
    fatal('unsupported_certificate', 'BAD_EXTENSION', 'certificate type');
}

/** Server: what it would show, were it not resuming: OpenSSL and BoringSSL say so then as well. */
export function chooseTypeUnseen(connection: Connection, block: ExtensionBlock<'CH'>): boolean {
  const type = ownTypes(connection).find((own) => wantedTypes(block).includes(own));
  connection.ownCertificateType = type ?? x509;
  return type !== undefined;
}

/** Server: what a client takes from it. */
export const wantedTypes = (block: ExtensionBlock<'CH'>): readonly number[] => block.get(serverCertificateType) ?? [x509];

/** Server: chooses what the client is to show, in its own order. */
export function choosePeerType(connection: Connection, block: ExtensionBlock<'CH'>): void {
  const offered = block.get(clientCertificateType) ?? [x509];
  connection.peerCertificateType = acceptedTypes(connection).find((type) => offered.includes(type)) ?? noTypeInCommon();
}

/** RFC 7250, 4.2: unsupported_certificate where the two have none in common. */
export const noTypeInCommon = (): never => fatal('unsupported_certificate', 'BAD_EXTENSION', 'no certificate type in common');

/** Server: says what it chose, to a client that asked. `asks`: it will request a certificate. */
export function certificateTypeAnswers<P extends 'EE' | 'SH12'>(
  connection: Connection,
  block: ExtensionBlock<'CH'>,
  place: P,
  asks: boolean,
): readonly RawExtension[] {
  return [
    ...(asks && block.has(clientCertificateType) ? [encode(clientCertificateType, place, connection.peerCertificateType)] : []),
    ...(block.has(serverCertificateType) ? [encode(serverCertificateType, place, connection.ownCertificateType)] : []),
  ];
}

// ---- the peer's key

/** Keeps the key a peer showed, out of the entries of its Certificate message; undefined where it showed none. */
export function takeRawKey(connection: Connection, entries: readonly Uint8Array[]): PublicKeySpec | undefined {
  // RFC 9846, 4.4.2: no more than one entry.
  if (entries.length > 1) fatal('illegal_parameter', 'BAD_LENGTH', `${entries.length} raw public keys`);
  const [spki] = entries;
  connection.peerChain = [];
  connection.peerRawKey = undefined;
  if (spki === undefined || spki.length === 0) return undefined;
  // RFC 9846, 6.2: what cannot be decoded, and what can but is of no kind that is known.
  const info = unlessMalformed(() => readDer(spki, readSpki)) ?? fatal('decode_error', 'CANNOT_PARSE_PUBLIC_KEY');
  const key = publicKeyOf(info) ?? fatal('unsupported_certificate', 'UNKNOWN_CERTIFICATE_TYPE', 'a raw public key');
  connection.peerRawKey = { spki, key };
  return key;
}

/**
 * A raw key proves nothing but itself: it must be one that the application expects, or that a DANE-EE record names
 * (RFC 7250, 6; RFC 7671, 5.1). The verify callback sees the result, with no certificate, and may override it.
 */
export function* verifyRawKey(connection: Connection): Step<Proof<'identity'>> {
  const raw = connection.peerRawKey ?? fatal('internal_error', 'INTERNAL_ERROR');
  const { record, result } = judge(connection, raw);
  const known = result === 'OK';
  const context = new StoreContext(connection.get('verifyParam').clone(), connection.owner.handle);
  context.result = result;
  const callback = connection.get('verifyCallback');
  const accepted = callback === undefined ? known : yield* settle(callback(known, context), 'retry_verify');
  connection.verifyResult = !accepted && context.result === 'OK' ? 'UNSPECIFIED' : context.result;
  connection.verifiedChain = [];
  connection.peerName = undefined;
  connection.daneMatch = record && accepted ? { record, depth: 0, certificate: undefined } : undefined;
  if (!accepted && (verifyMode(connection) & VERIFY.PEER) !== 0)
    fatal(ALERT_OF[connection.verifyResult] ?? 'bad_certificate', 'CERTIFICATE_VERIFY_FAILED', connection.verifyResult);
  // This is where the proof is made, as for certificates: the key is the expected one, or the verify mode waives that.
  return {} as Proof<'identity'>;
}

/** Whether the key of a session, which was verified when it was made, is not one that has to be another now. */
export const mayRecall = (connection: Connection, raw: RawKey): boolean => judge(connection, raw).result !== 'DANE_NO_MATCH';

/** What is known of a key beforehand: it is expected, or it is not among those that are, or none is. */
function judge(
  connection: Connection,
  raw: RawKey,
): { readonly record: TlsaRecord | undefined; readonly result: 'OK' | 'DANE_NO_MATCH' | 'RPK_UNTRUSTED' } {
  const records = connection.isServer ? undefined : connection.get('dane');
  const record = records?.matchRawKey(raw.spki, connection.provider);
  const expected = connection.get('expectedRawKeys');
  if (record !== undefined || expected.some((spki) => isKey(spki, raw))) return { record, result: 'OK' };
  return { record, result: expected.length > 0 || records?.enabled === true ? 'DANE_NO_MATCH' : 'RPK_UNTRUSTED' };
}

function isKey(spki: Uint8Array, raw: RawKey): boolean {
  if (sameBytes(spki, raw.spki)) return true;
  const key = parsePublicKey(spki);
  return key !== undefined && key.kind === raw.key.kind && samePublicKey(key, raw.key);
}

const ALERT_OF: Partial<Record<X509VerifyResult, 'bad_certificate' | 'handshake_failure'>> = {
  DANE_NO_MATCH: 'bad_certificate',
  RPK_UNTRUSTED: 'bad_certificate',
  APPLICATION_VERIFICATION: 'handshake_failure',
};
