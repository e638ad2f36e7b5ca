import { Asn1Error } from '../../asn1/asn1-error.ts';
import type { CertVerifyCallback } from '../../config/callbacks.ts';
import type { Awaitable } from '../../crypto/provider.ts';
import type { AlertName } from '../../registry/alerts.ts';
import { CERTIFICATE_TYPES } from '../../registry/certificate-types.ts';
import { fatal } from '../../registry/fatal.ts';
import { CERT_FLAGS, VERIFY } from '../../registry/options.ts';
import type { X509VerifyResult } from '../../registry/verify-results.ts';
import type { SessionData } from '../../session/session.ts';
import { parsePublicKey } from '../../x509/algorithms.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate.ts';
import type { DaneRecords } from '../../x509/dane.ts';
import { KEY_USAGE } from '../../x509/extensions.ts';
import { parseIp } from '../../x509/hostname.ts';
import { StoreContext, type VerifyOutcome, verifyChain } from '../../x509/verify.ts';
import type { X509VerifyParam } from '../../x509/verify-params.ts';
import type { Connection } from '../connection.ts';
import { type Proof, type Step, settle } from '../step.ts';
import { verifyMode } from './policy.ts';
import { acceptedTypes, expectsRawKey, mayRecall, verifyRawKey } from './raw-key.ts';
import { asksForStaple } from './staple.ts';
import { checkTransparency } from './transparency.ts';

/** Parses what a Certificate message carried, leaf first. */
export function parseChain(ders: readonly Uint8Array[]): readonly Certificate[] {
  try {
    return ders.map(parseCertificate);
  } catch (error) {
    if (error instanceof Asn1Error) return fatal('bad_certificate', 'CANNOT_PARSE_CERTIFICATE', error.message);
    throw error;
  }
}

/**
 * Verifies the peer's chain and keeps the result. Where the verify mode demands it, anything but X509_V_OK ends the
 * connection; this is the one place where a result is waived (SSL_CTX_set_verify(3)).
 */
export function* verifyPeer(connection: Connection, chain: readonly Certificate[]): Step<Proof<'identity'>> {
  if (expectsRawKey(connection)) return yield* verifyRawKey(connection);
  const { handle } = connection.owner;
  const lookup = connection.get('issuerLookup');
  const crls = connection.get('crlLookup');
  const ocsp = connection.get('ocspLookup');
  const asked = !connection.isServer && asksForStaple(connection);
  const params = verifyParameters(connection);
  const verify = (): Awaitable<VerifyOutcome> =>
    verifyChain({
      provider: connection.provider,
      chain,
      store: connection.get('verifyStore') ?? connection.get('certStore'),
      params,
      purpose: connection.isServer ? 'sslclient' : 'sslserver',
      now: Math.floor(connection.owner.now() / 1000),
      securityLevel: connection.get('securityLevel'),
      verifyCallback: connection.get('verifyCallback'),
      connection: handle,
      dane: daneRecords(connection),
      // RFC 7633, 4.2.3: who did not ask for a response cannot miss one.
      staples: asked ? [connection.ocspResponse, ...connection.issuerOcspResponses] : undefined,
      issuerLookup: lookup && ((certificate) => lookup(handle, certificate)),
      crlLookup: crls && ((certificate) => crls(handle, certificate)),
      ocspLookup: ocsp && ((certificate, issuer) => ocsp(handle, certificate, issuer)),
    });
  const callback = connection.get('certVerifyCallback');
  const outcome =
    callback === undefined ? yield* settle(verify(), 'retry_verify') : yield* verdict(connection, chain, params, verify, callback);
  connection.verifyResult = outcome.result;
  connection.verifiedChain = outcome.chain;
  connection.peerName = outcome.peername;
  connection.daneMatch = outcome.dane;
  if (!outcome.accepted && (verifyMode(connection) & VERIFY.PEER) !== 0) {
    fatal(ALERT_OF[outcome.result] ?? 'certificate_unknown', 'CERTIFICATE_VERIFY_FAILED', `${outcome.result} at depth ${outcome.depth}`);
  }
  yield* checkTransparency(connection);
  return waivedOrVerified();
}

/** RFC 5280, 4.2.1.3: a certificate that says what its key is for is held to it, whether or not it is verified. */
export function demandKeyUsage([leaf]: readonly Certificate[], use: 'digitalSignature' | 'keyEncipherment'): void {
  const keyUsage = leaf?.extensions.keyUsage;
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE[use]) === 0) fatal('illegal_parameter', 'WRONG_CERTIFICATE_TYPE', `not for ${use}`);
}

/** Takes over from a session whom it was made with: that was verified then. */
export function recallPeer(connection: Connection, { peerChain, peerRawKey, verifyResult }: SessionData): void {
  const key = peerRawKey && parsePublicKey(peerRawKey);
  connection.peerChain = peerChain;
  connection.peerRawKey = peerRawKey && key && { spki: peerRawKey, key };
  connection.peerCertificateType = peerRawKey === undefined ? CERTIFICATE_TYPES.x509 : CERTIFICATE_TYPES.rpk;
  connection.verifyResult = verifyResult;
}

/** Whether the peer of a session is one that would be taken now: it showed what we accept, and no raw key but an expected one. */
export function mayRecallPeer(connection: Connection, { peerChain, peerRawKey }: SessionData): boolean {
  const accepted = acceptedTypes(connection);
  if (peerRawKey === undefined) return peerChain.length === 0 || accepted.includes(CERTIFICATE_TYPES.x509);
  const key = parsePublicKey(peerRawKey);
  return key !== undefined && accepted.includes(CERTIFICATE_TYPES.rpk) && mayRecall(connection, { spki: peerRawKey, key });
}

/** A session brings the certificate of its handshake along; whether that is still good is looked at only where it was asked for. */
export function* reverifyPeer(connection: Connection): Step<Proof<'identity'>> {
  const { peerChain, peerRawKey } = connection;
  const shown = peerChain.length > 0 || peerRawKey !== undefined;
  return connection.get('reverifyOnResume') && shown ? yield* verifyPeer(connection, peerChain) : waivedOrVerified();
}

/** What the application's own verification says, with or without the help of the built-in one. */
function* verdict(
  connection: Connection,
  chain: readonly Certificate[],
  params: X509VerifyParam,
  verify: () => Awaitable<VerifyOutcome>,
  callback: CertVerifyCallback,
): Step<VerifyOutcome> {
  const context = new StoreContext(params, connection.owner.handle);
  context.chain = chain;
  context.certificate = chain[0];
  let own: VerifyOutcome | undefined;
  const take = (outcome: VerifyOutcome): boolean => {
    own = outcome;
    context.result = outcome.result;
    context.depth = outcome.depth;
    context.certificate = outcome.certificate;
    context.chain = outcome.chain;
    return outcome.accepted;
  };
  const builtIn = (): Awaitable<boolean> => {
    const outcome = verify();
    return outcome instanceof Promise ? outcome.then(take) : take(outcome);
  };
  const accepted = yield* settle(callback(connection.owner.handle, context, builtIn), 'retry_verify');
  const found: VerifyOutcome | undefined = own;
  const result = !accepted && context.result === 'OK' ? 'UNSPECIFIED' : context.result;
  return { depth: 0, certificate: chain[0], peername: undefined, dane: undefined, ...found, accepted, result, chain: found?.chain ?? [] };
}

/** The TLSA records of a client, under the flags in force now. */
function daneRecords(connection: Connection): DaneRecords | undefined {
  // RFC 9849, 6.1.7: the records are those of the host that is meant, not of the public name.
  const records = connection.isServer || connection.echPublicName !== undefined ? undefined : connection.get('dane');
  if (records !== undefined) records.flags = connection.get('daneFlags');
  return records;
}

/** A peer that was never asked for a certificate, or may do without one, or is known by a PSK: the mode says that is enough. */
export const waivedOrVerified = (): Proof<'identity'> => ({}) as Proof<'identity'>;

/** The connection's parameters, with the host a client asked for where none was set for checking. */
function verifyParameters(connection: Connection): X509VerifyParam {
  const params = connection.get('verifyParam').clone();
  const depth = connection.get('verifyDepth');
  if (depth >= 0) params.assign({ depth });
  // Suite B has the same bits there.
  params.setFlags(connection.get('certFlags') & CERT_FLAGS.SUITEB_128_LOS);
  if (connection.echPublicName !== undefined) {
    // RFC 9849, 6.1.7: after a rejection the certificate MUST be valid for the public name, a DNS name.
    return params.assign({ hosts: [connection.echPublicName], ip: undefined, email: undefined });
  }
  if (needsHostName(connection, params) && connection.serverName !== undefined) expect(params, connection.serverName);
  return params;
}

/** An address is looked for among addresses, a name among names. */
function expect(params: X509VerifyParam, name: string): void {
  const address = parseIp(name);
  if (address !== undefined) params.setIp(address);
  else params.setHost(name);
}

const needsHostName = (connection: Connection, params: X509VerifyParam): boolean =>
  !connection.isServer &&
  connection.get('checkHostName') &&
  acceptedTypes(connection).includes(CERTIFICATE_TYPES.x509) &&
  params.values.hosts.length === 0 &&
  params.values.ip === undefined &&
  params.values.email === undefined;

/**
 * A client that verifies its peer has to know whom it means: any certificate of any trusted authority would do
 * otherwise. Refused before a byte is sent.
 */
export function demandHostName(connection: Connection): void {
  const verifies = (verifyMode(connection) & VERIFY.PEER) !== 0;
  if (verifies && connection.serverName === undefined && needsHostName(connection, connection.get('verifyParam'))) {
    fatal('internal_error', 'NO_HOST_NAME_TO_VERIFY', 'set serverName or a host of verifyParam, or turn checkHostName off');
  }
}

/** The alert that tells a peer what was wrong with its certificate (OpenSSL's mapping; RFC 9846, 6.2). */
const ALERT_OF: Partial<Record<X509VerifyResult, AlertName>> = {
  UNABLE_TO_GET_ISSUER_CERT: 'unknown_ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown_ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown_ca',
  UNABLE_TO_GET_CRL: 'unknown_ca',
  UNABLE_TO_GET_CRL_ISSUER: 'unknown_ca',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown_ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown_ca',
  CERT_CHAIN_TOO_LONG: 'unknown_ca',
  PATH_LENGTH_EXCEEDED: 'unknown_ca',
  INVALID_CA: 'unknown_ca',
  INVALID_NON_CA: 'unknown_ca',
  SUBJECT_ISSUER_MISMATCH: 'certificate_unknown',
  CERT_HAS_EXPIRED: 'certificate_expired',
  CRL_HAS_EXPIRED: 'certificate_expired',
  CERT_REVOKED: 'certificate_revoked',
  CERT_SIGNATURE_FAILURE: 'decrypt_error',
  CRL_SIGNATURE_FAILURE: 'decrypt_error',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'bad_certificate',
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: 'bad_certificate',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'bad_certificate',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'bad_certificate',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'bad_certificate',
  ERROR_IN_CRL_LAST_UPDATE_FIELD: 'bad_certificate',
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: 'bad_certificate',
  CERT_NOT_YET_VALID: 'bad_certificate',
  CRL_NOT_YET_VALID: 'bad_certificate',
  CERT_UNTRUSTED: 'bad_certificate',
  CERT_REJECTED: 'bad_certificate',
  HOSTNAME_MISMATCH: 'bad_certificate',
  EMAIL_MISMATCH: 'bad_certificate',
  IP_ADDRESS_MISMATCH: 'bad_certificate',
  DANE_NO_MATCH: 'bad_certificate',
  OCSP_VERIFY_NEEDED: 'bad_certificate_status_response',
  OCSP_VERIFY_FAILED: 'bad_certificate_status_response',
  OCSP_CERT_UNKNOWN: 'bad_certificate_status_response',
  EE_KEY_TOO_SMALL: 'bad_certificate',
  CA_KEY_TOO_SMALL: 'bad_certificate',
  CA_MD_TOO_WEAK: 'bad_certificate',
  INVALID_PURPOSE: 'unsupported_certificate',
  APPLICATION_VERIFICATION: 'handshake_failure',
  OUT_OF_MEM: 'internal_error',
  UNSPECIFIED: 'internal_error',
  INVALID_CALL: 'internal_error',
  STORE_LOOKUP: 'internal_error',
};
