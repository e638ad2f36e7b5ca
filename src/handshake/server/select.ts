/** What a server chooses from a ClientHello of TLS 1.3, before it answers (RFC 9846, 4.1.1). */
import { sameBytes } from '../../bytes/bytes.ts';
import { certificateAuthorities } from '../../extensions/certificate-authorities.ts';
import { signedCertificateTimestamp, statusRequest } from '../../extensions/certificate-status.ts';
import { compressCertificate } from '../../extensions/compress-certificate.ts';
import { cookie } from '../../extensions/cookie.ts';
import { delegatedCredential } from '../../extensions/delegated-credential.ts';
import { earlyData } from '../../extensions/early-data.ts';
import { encryptedClientHello } from '../../extensions/encrypted-client-hello.ts';
import type { ExtensionBlock } from '../../extensions/extension.ts';
import { signatureAlgorithms, supportedGroups } from '../../extensions/id-lists.ts';
import { type KeyShareEntry, keyShare } from '../../extensions/key-share.ts';
import { type OfferedPsks, PSK_DHE_KE, PSK_KE, preSharedKey, pskKeyExchangeModes } from '../../extensions/pre-shared-key.ts';
import { readBlock } from '../../extensions/table.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { OPTIONS } from '../../registry/options.ts';
import type { ClientHello } from '../../wire/client-hello.ts';
import type { RawExtension } from '../../wire/message.ts';
import { candidateRanks } from '../common/candidates.ts';
import { type CertificateDemand, chooseAmong } from '../common/certificate.ts';
import { groups, sharedSuites, tls13Suites } from '../common/policy.ts';
import { wantedTypes } from '../common/raw-key.ts';
import type { Connection } from '../connection.ts';
import type { Handshake } from '../handshake.ts';
import type { Step } from '../step.ts';
import type { Consultation } from './consult.ts';
import { matchPsk, positionsOf, type SelectedPsk, selectPsk } from './psk.ts';

/** A ClientHello, read and checked for what every TLS 1.3 one must be. */
export interface ReadHello {
  readonly hello: ClientHello;
  readonly raw: Uint8Array;
  readonly block: ExtensionBlock<'CH'>;
}

/** What was chosen: exactly one of a share to answer, a group to ask a share for, or a PSK alone. */
export interface Selection {
  readonly suite: CipherSuite;
  readonly psk: SelectedPsk | undefined;
  readonly share: KeyShareEntry | undefined;
  readonly retryGroup: number | undefined;
}

export function readHello(hello: ClientHello, raw: Uint8Array): ReadHello {
  // RFC 9846, 4.1.2: one compression method, the null one.
  if (hello.legacyCompressionMethods.length !== 1 || hello.legacyCompressionMethods[0] !== 0)
    fatal('illegal_parameter', 'INVALID_COMPRESSION_ALGORITHM');
  const block = readBlock('CH', hello.extensions);
  // RFC 9846, 4.2.11: pre_shared_key MUST be the last extension; its binders cover all before it.
  if (block.has(preSharedKey) && hello.extensions.at(-1)?.type !== preSharedKey.id)
    fatal('illegal_parameter', 'BAD_EXTENSION', 'pre_shared_key is not the last extension');
  // RFC 9846, 4.2.9: a PSK without its modes is missing_extension.
  if (block.has(preSharedKey) && !block.has(pskKeyExchangeModes)) fatal('missing_extension', 'MISSING_PSK_KEX_MODES_EXTENSION');
  return { hello, raw, block };
}

/** Chooses suite, PSK and group. `fixed`: the suite that a HelloRetryRequest promised. */
export function* select(
  handshake: Handshake,
  read: ReadHello,
  fixed: CipherSuite | undefined,
  consultation: Consultation,
): Step<Selection> {
  const { connection } = handshake;
  const shared = sharedSuites(connection, tls13Suites(connection), read.hello.cipherSuites);
  const suites = fixed === undefined ? shared : shared.filter((suite) => suite === fixed);
  const [preferred] = suites;
  if (preferred === undefined)
    return fatal(fixed === undefined ? 'handshake_failure' : 'illegal_parameter', fixed === undefined ? 'NO_SHARED_CIPHER' : 'BAD_CIPHER');
  const modes = read.block.get(pskKeyExchangeModes) ?? new Uint8Array(0);
  const offered = read.block.get(preSharedKey);
  const withDhe = modes.includes(PSK_DHE_KE);
  const alone = modes.includes(PSK_KE) && connection.hasOption(OPTIONS.ALLOW_NO_DHE_KEX);
  const mayUsePsk = offered !== undefined && (withDhe || alone);
  const psk = mayUsePsk
    ? ((yield* selectPsk(handshake, offered, read.raw, suites)) ?? (yield* credentialPsk(handshake, read, offered, suites, consultation)))
    : undefined;
  if (psk !== undefined && !withDhe) return { suite: psk.suite, psk, share: undefined, retryGroup: undefined };
  const { isKeyless, psks } = connection.get('credentials');
  if (psk === undefined && mayUsePsk && isKeyless && psks.length > 0) fatal('handshake_failure', 'PSK_IDENTITY_NOT_FOUND');
  // RFC 9846, 9.2: without a PSK these must be there; supported_groups and key_share come together.
  if (psk === undefined && !read.block.has(signatureAlgorithms)) fatal('missing_extension', 'MISSING_SIGALGS_EXTENSION');
  const share = selectShare(connection, read);
  if (share === undefined && psk !== undefined && alone) return { suite: psk.suite, psk, share: undefined, retryGroup: undefined };
  if (share === undefined) return fatal('handshake_failure', 'NO_SUITABLE_KEY_SHARE');
  return {
    suite: psk?.suite ?? preferred,
    psk,
    ...(typeof share === 'number' ? { share: undefined, retryGroup: share } : { share, retryGroup: undefined }),
  };
}

/** The first pre-shared key among the credentials that the client offers as well, unless a certificate before it will do. */
function* credentialPsk(
  handshake: Handshake,
  read: ReadHello,
  offered: OfferedPsks,
  suites: readonly CipherSuite[],
  consultation: Consultation,
): Step<SelectedPsk | undefined> {
  const { connection } = handshake;
  yield* consultation.ask(read);
  if (connection.get('credentials').psks.length === 0) return undefined;
  const positions = positionsOf(offered);
  const demand = demandOf(connection, read);
  for (const rank of candidateRanks(connection, wantedTypes(read.block))) {
    const psk = 'psk' in rank ? matchPsk(handshake, rank.psk, offered, positions, read.raw, suites) : undefined;
    if (psk !== undefined || ('candidates' in rank && !('unfit' in chooseAmong(connection, rank.candidates, demand)))) return psk;
  }
  return undefined;
}

/** What a ClientHello demands of our certificate. */
export function demandOf(connection: Connection, { block, hello }: ReadHello): CertificateDemand {
  connection.peerCaNames = block.get(certificateAuthorities) ?? [];
  connection.peerStatusRequest = block.get(statusRequest);
  return {
    schemes: connection.peerSignatureSchemes,
    authorities: connection.peerCaNames,
    wantsStatus: connection.peerStatusRequest !== undefined,
    wantsTimestamps: block.has(signedCertificateTimestamp),
    compression: block.get(compressCertificate) ?? [],
    delegation: block.get(delegatedCredential) ?? [],
    asked: new Set(hello.extensions.map(({ type }) => type)),
  };
}

/** The share to answer, in our order of groups; a group that both sides have but no share was sent for; or nothing. */
function selectShare(connection: Connection, { block }: ReadHello): KeyShareEntry | number | undefined {
  const theirs = block.get(supportedGroups);
  const shares = block.get(keyShare);
  if (theirs === undefined || shares === undefined) return fatal('missing_extension', 'MISSING_SUPPORTED_GROUPS_EXTENSION');
  connection.peerGroups = theirs;
  // RFC 9846, 4.2.8: shares are for groups of the list, in its order.
  let at = -1;
  for (const { group } of shares) {
    // Looked for from where the one before stood: a list of thousands is walked once, not once for each share.
    const next = theirs.indexOf(group, at + 1);
    if (next < 0) fatal('illegal_parameter', 'BAD_KEY_SHARE', 'shares that are not those of supported_groups in their order');
    at = next;
  }
  const common = groups(connection).filter((group) => theirs.includes(group));
  for (const group of common) {
    const share = shares.find((entry) => entry.group === group);
    if (share !== undefined) return share;
  }
  return common[0];
}

/** Extensions that may differ between the two ClientHellos of a retry (RFC 9846, 4.1.2). */
const MAY_CHANGE: ReadonlySet<number> = new Set([keyShare.id, earlyData.id, cookie.id, preSharedKey.id, 21]);

/** What was sealed is sealed anew, or left out, where it was not opened; that a hello came out of an envelope stays (RFC 9849, 7.1.1). */
const isSealed = ({ type, data }: RawExtension): boolean => type === encryptedClientHello.id && data.length > 1;

/** RFC 9846, 4.1.2: the second ClientHello is the first but for what the retry asked to change. */
export function checkSecondHello(first: ReadHello, second: ReadHello): void {
  const a = first.hello;
  const b = second.hello;
  const same =
    a.legacyVersion === b.legacyVersion &&
    sameBytes(a.random, b.random) &&
    sameBytes(a.legacySessionId, b.legacySessionId) &&
    a.cipherSuites.length === b.cipherSuites.length &&
    a.cipherSuites.every((suite, i) => suite === b.cipherSuites[i]);
  const fixedOf = ({ hello }: ReadHello) => hello.extensions.filter((extension) => !MAY_CHANGE.has(extension.type) && !isSealed(extension));
  const [before, after] = [fixedOf(first), fixedOf(second)];
  const sameExtensions =
    before.length === after.length && before.every(({ type, data }, i) => type === after[i]?.type && sameBytes(data, after[i].data));
  // A PSK may be dropped or bound anew, but not added.
  const samePsks = first.block.has(preSharedKey) || !second.block.has(preSharedKey);
  if (!same || !sameExtensions || !samePsks) fatal('illegal_parameter', 'INVALID_CLIENT_HELLO_AFTER_RETRY');
  // RFC 9846, 4.2.10: early data cannot follow a retry.
  if (second.block.has(earlyData)) fatal('illegal_parameter', 'BAD_EARLY_DATA', 'early_data after a HelloRetryRequest');
}
