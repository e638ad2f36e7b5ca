import { sameBytes } from '../../bytes/bytes.ts';
import { keySchedule } from '../../crypto/schedule-tls13.ts';
import { alpn } from '../../extensions/alpn.ts';
import { certificateAuthorities } from '../../extensions/certificate-authorities.ts';
import { signedCertificateTimestamp, statusRequest } from '../../extensions/certificate-status.ts';
import { compressCertificate } from '../../extensions/compress-certificate.ts';
import { delegatedCredential } from '../../extensions/delegated-credential.ts';
import { earlyData } from '../../extensions/early-data.ts';
import { encryptedClientHello } from '../../extensions/encrypted-client-hello.ts';
import type { ExtensionBlock } from '../../extensions/extension.ts';
import { signatureAlgorithms, signatureAlgorithmsCert } from '../../extensions/id-lists.ts';
import { keyShare } from '../../extensions/key-share.ts';
import { preSharedKey } from '../../extensions/pre-shared-key.ts';
import { maxFragmentLength, recordSizeLimit } from '../../extensions/record-size.ts';
import { readBlock } from '../../extensions/table.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { groupName } from '../../registry/groups.ts';
import { OPTIONS } from '../../registry/options.ts';
import { TLS1_3_VERSION } from '../../registry/versions.ts';
import type { ServerHello } from '../../wire/server-hello.ts';
import {
  type CertificateRequest,
  certificateRequest,
  certificateVerify,
  encryptedExtensions,
  endOfEarlyData,
  finished,
} from '../../wire/tls13-messages.ts';
import { orNothing } from '../common/candidates.ts';
import {
  type CertificateDemand,
  chooseCredential,
  NO_CONTEXT,
  readCertificate,
  sendCertificate,
  sendCertificateVerify,
} from '../common/certificate.ts';
import { certificateForms, readCertificateMessage } from '../common/certificate-compression.ts';
import { checkCertificateVerify } from '../common/certificate-verify.ts';
import { askForClientCertificate } from '../common/credential.ts';
import { EXT, parseCustomExtensions } from '../common/custom-extensions.ts';
import { checkFinished, verifyData } from '../common/finished.ts';
import { installApplicationSecrets, readWith, writeWith } from '../common/keys.ts';
import type { Psk } from '../common/psk.ts';
import { demandAlpn, takeTransportParameters } from '../common/quic.ts';
import { demandAgreedType, takeCertificateTypes } from '../common/raw-key.ts';
import { takeRecordSizes } from '../common/record-sizes.ts';
import { checkStaple } from '../common/staple.ts';
import { demandHostName, demandKeyUsage, recallPeer, reverifyPeer, verifyPeer } from '../common/verify-peer.ts';
import type { Connection } from '../connection.ts';
import type { Established } from '../established.ts';
import type { Handshake } from '../handshake.ts';
import { type Proof, type Step, settle } from '../step.ts';
import { endRejected } from './ech.ts';
import type { SentOffer } from './hello.ts';
import { demandsPsk } from './psk.ts';

/** RFC 9846, figure 1, from the ServerHello on, as a client. */
export function* clientTls13(handshake: Handshake, sent: SentOffer, hello: ServerHello, suite: CipherSuite): Step<Established> {
  const { connection, transcript } = handshake;
  const { io } = connection;
  const block = readBlock('SH13', hello.extensions);
  block.onlyAnswersTo(sent.extensions);
  io.version = TLS1_3_VERSION;
  connection.suite = suite;
  connection.serverRandom = hello.random;
  parseCustomExtensions(connection, EXT.TLS1_3_SERVER_HELLO, hello.extensions);

  const psk = chosenPsk(sent, block, suite);
  if (psk === undefined && demandsPsk(connection)) fatal('missing_extension', 'MISSING_EXTENSION', 'pre_shared_key');
  const shared = yield* agreedSecret(handshake, sent, block, psk);
  const schedule = keySchedule(connection.provider, suite.hash);
  connection.schedule = schedule;
  const early = psk && handshake.keep(schedule.keyOf(schedule.earlySecret(psk.secret)));
  const handshakeSecret = handshake.keep(schedule.keyOf(schedule.handshakeSecret(early, shared)));
  const [clientSecret, serverSecret] = schedule.deriveSecrets(handshakeSecret, transcript.digest(), 'c hs traffic', 's hs traffic');
  handshake.keep(clientSecret);
  handshake.keep(serverSecret);
  connection.logSecret('CLIENT_HANDSHAKE_TRAFFIC_SECRET', clientSecret);
  connection.logSecret('SERVER_HANDSHAKE_TRAFFIC_SECRET', serverSecret);
  readWith(connection, 'handshake', suite, schedule, serverSecret);
  // Records of early data end before those of the handshake begin; over QUIC they go side by side.
  const apart = connection.quic !== undefined || connection.earlyData !== 'offered';
  if (apart) beginProtectedFlight(handshake, suite, clientSecret);
  resume(connection, psk);

  const ee = (yield* handshake.receive(encryptedExtensions)).value;
  const encrypted = readBlock('EE', ee.extensions);
  readEncryptedExtensions(connection, sent, encrypted, psk);
  parseCustomExtensions(connection, EXT.TLS1_3_ENCRYPTED_EXTENSIONS, ee.extensions);
  if (!apart && connection.earlyData === 'rejected') beginProtectedFlight(handshake, suite, clientSecret);

  const { identity, request } =
    psk === undefined ? yield* serverAuthentication(handshake, sent) : { identity: yield* reverifyPeer(connection), request: undefined };

  const beforeFinished = transcript.digest();
  const theirs = (yield* handshake.receive(finished)).value;
  const held = checkFinished(schedule, serverSecret, beforeFinished, theirs.verifyData);
  connection.peerFinished = theirs.verifyData;
  io.changeCipherSpecs = 0;
  const mainSecret = handshake.keep(schedule.keyOf(schedule.mainSecret(handshakeSecret)));
  const application = installApplicationSecrets(connection, mainSecret, transcript.digest());
  readWith(connection, 'application', suite, schedule, application.server);

  if (!apart && connection.earlyData === 'accepted') {
    handshake.send(endOfEarlyData, {});
    writeWith(connection, 'handshake', suite, schedule, clientSecret);
  }
  if (request !== undefined) yield* clientAuthentication(handshake, request);
  connection.ownFinished = verifyData(schedule, clientSecret, transcript.digest());
  handshake.send(finished, { verifyData: connection.ownFinished });
  connection.resumptionSecret = schedule.deriveSecret(mainSecret, 'res master', transcript.digest());
  if (connection.get('postHandshakeAuth')) connection.handshakeHash = transcript.fork();
  writeWith(connection, 'application', suite, schedule, application.client);
  handshake.keep(application.client);
  handshake.keep(application.server);
  yield* handshake.flush();
  if (connection.ech === 'rejected') endRejected(connection, encrypted.get(encryptedClientHello));
  return { identity, finished: held };
}

/** The PSK the server took, if any: one that we offered and that fits the suite (RFC 9846, 4.2.11). */
function chosenPsk({ offer }: SentOffer, block: ExtensionBlock<'SH13'>, suite: CipherSuite): Psk | undefined {
  const index = block.get(preSharedKey);
  if (index === undefined) return undefined;
  const psk = offer.psks[index];
  if (psk === undefined || psk.hash !== suite.hash) return fatal('illegal_parameter', 'BAD_PSK', `selected identity ${index}`);
  return psk;
}

/** The (EC)DHE secret; none in a handshake on a PSK alone, where we allowed that. */
function* agreedSecret(
  handshake: Handshake,
  { offer }: SentOffer,
  block: ExtensionBlock<'SH13'>,
  psk: Psk | undefined,
): Step<Uint8Array | undefined> {
  const { connection } = handshake;
  const theirs = block.get(keyShare);
  if (theirs === undefined) {
    if (psk === undefined || !connection.hasOption(OPTIONS.ALLOW_NO_DHE_KEX)) fatal('missing_extension', 'NO_SUITABLE_KEY_SHARE');
    return undefined;
  }
  const ours = offer.keyShares.find(({ group }) => group === theirs.group);
  // RFC 9846, 4.2.8: the group MUST be one we sent a share for.
  if (ours === undefined) return fatal('illegal_parameter', 'BAD_KEY_SHARE', groupName(theirs.group));
  connection.group = theirs.group;
  return handshake.keep(yield* settle(ours.finish(theirs.share)));
}

/** The first of our protected records is near: the compatibility record goes before it (RFC 9846, D.4), once. */
function beginProtectedFlight({ connection }: Handshake, suite: CipherSuite, secret: Uint8Array): void {
  if (connection.middleboxCompat && !connection.io.sentChangeCipherSpec) {
    connection.io.sendChangeCipherSpec();
  }
  if (connection.schedule !== undefined) writeWith(connection, 'handshake', suite, connection.schedule, secret);
}

/** What a resumed session brings along: it was authenticated when it was made. */
function resume(connection: Connection, psk: Psk | undefined): void {
  if (psk?.session === undefined) connection.pskIdentity = psk?.identity;
  connection.ownPsk = psk?.configured;
  if (psk?.session === undefined) return;
  connection.reused = true;
  recallPeer(connection, psk.session.data);
  connection.ocspResponse = psk.session.data.ocspResponse;
  connection.signedCertificateTimestamps = psk.session.data.signedCertificateTimestamps;
}

function readEncryptedExtensions(connection: Connection, sent: SentOffer, block: ExtensionBlock<'EE'>, psk: Psk | undefined): void {
  block.onlyAnswersTo(sent.extensions);
  // RFC 9849, 5: configs to try again with make no sense beside a hello that was opened.
  if (connection.ech === 'accepted' && block.has(encryptedClientHello))
    fatal('unsupported_extension', 'UNSOLICITED_EXTENSION', encryptedClientHello.name);
  const protocol = block.get(alpn);
  // RFC 7301, 3.1: the server chooses among what we offered.
  if (protocol !== undefined && !sent.offer.alpn.some((name) => sameBytes(name, protocol)))
    fatal('illegal_parameter', 'BAD_EXTENSION', 'ALPN');
  connection.alpn = protocol;
  demandAlpn(connection);
  takeTransportParameters(connection, block);
  if (psk === undefined) takeCertificateTypes(connection, block);
  takeRecordSizes(connection, { limit: block.get(recordSizeLimit), code: block.get(maxFragmentLength) });
  if (connection.earlyData !== 'offered') return;
  if (block.get(earlyData) === undefined) {
    connection.earlyData = 'rejected';
    return;
  }
  // RFC 9846, 4.2.10: accepted early data belongs to the first PSK and to the ALPN protocol it was sent for.
  const before = psk?.session?.data.alpn;
  if (psk === undefined || psk !== sent.offer.psks[0]) fatal('illegal_parameter', 'BAD_EARLY_DATA');
  if (psk.session !== undefined && !sameProtocol(before, protocol)) fatal('illegal_parameter', 'BAD_EARLY_DATA', 'another ALPN protocol');
  if (psk.session !== undefined && psk.session.data.cipherSuite !== connection.suite?.id)
    fatal('illegal_parameter', 'BAD_EARLY_DATA', 'another suite');
  connection.earlyData = 'accepted';
}

const sameProtocol = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameBytes(a, b);

/** The server's certificate and its signature, and its request for ours if it makes one (RFC 9846, 4.3.2 and 4.4). */
function* serverAuthentication(
  handshake: Handshake,
  sent: SentOffer,
): Step<{ readonly identity: Proof<'identity'>; readonly request: CertificateRequest | undefined }> {
  const { connection, transcript } = handshake;
  demandAgreedType(connection);
  let request: CertificateRequest | undefined;
  const forms = certificateForms(connection);
  let message = yield* handshake.receive(certificateRequest, ...forms);
  if (message.name === 'CertificateRequest') {
    request = message.value;
    // RFC 9846, 4.3.2: within the main handshake the context is empty.
    if (request.context.length !== 0) fatal('illegal_parameter', 'INVALID_CONTEXT', 'certificate_request_context');
    message = yield* handshake.receive(...forms);
  }
  const shown = readCertificateMessage(connection, message.raw);
  const { chain, key } = readCertificate(connection, shown, NO_CONTEXT, sent.extensions);
  // RFC 9846, 4.4.2.4: a server without a certificate is decode_error.
  if (key === undefined) return fatal('decode_error', 'LENGTH_TOO_SHORT', 'no server certificate');
  demandKeyUsage(chain, 'digitalSignature');

  const signed = transcript.digest();
  const proof = (yield* handshake.receive(certificateVerify)).value;
  // The signature first: it costs one check, and the chain is not worth building for a peer that does not hold the key.
  yield* checkCertificateVerify(connection, key, sent.offer.schemes, signed, proof);
  // Whoever meant a PSK and got a certificate instead must know whose it has to be.
  demandHostName(connection);
  const identity = yield* verifyPeer(connection, chain);
  yield* checkStaple(connection);
  return { identity, request };
}

/** Our certificate, if we have one that the server can use; it has been verified before this (RFC 9846, 4.4.2.3). */
export function* clientAuthentication(handshake: Handshake, request: CertificateRequest): Step<void> {
  const { connection } = handshake;
  const demand = readRequest(connection, request);
  // RFC 9849, 6.1.7: who we are is not for the public name.
  if (connection.ech === 'rejected') {
    sendCertificate(handshake, request.context, undefined, demand, undefined);
    return;
  }
  yield* askForClientCertificate(connection);
  const chosen = orNothing(connection, chooseCredential(connection, [connection.ownCertificateType], demand));
  sendCertificate(handshake, request.context, chosen?.credential, demand, undefined);
  if (chosen === undefined) return;
  yield* sendCertificateVerify(handshake, chosen);
}

function readRequest(connection: Connection, request: CertificateRequest): CertificateDemand {
  const block = readBlock('CR', request.extensions);
  const schemes = block.get(signatureAlgorithms);
  // RFC 9846, 4.3.2: signature_algorithms MUST be there.
  if (schemes === undefined) return fatal('missing_extension', 'MISSING_SIGALGS_EXTENSION');
  parseCustomExtensions(connection, EXT.TLS1_3_CERTIFICATE_REQUEST, request.extensions);
  connection.peerSignatureSchemes = schemes;
  connection.peerCertificateSchemes = block.get(signatureAlgorithmsCert);
  connection.peerCaNames = block.get(certificateAuthorities) ?? [];
  return {
    schemes,
    authorities: connection.peerCaNames,
    wantsStatus: block.has(statusRequest),
    wantsTimestamps: block.has(signedCertificateTimestamp),
    compression: block.get(compressCertificate) ?? [],
    delegation: block.get(delegatedCredential) ?? [],
    asked: new Set(request.extensions.map(({ type }) => type)),
  };
}
