import { copyOf, EMPTY, sameBytes } from '../../bytes/bytes.ts';
import { answerKeyShare } from '../../crypto/key-exchange.ts';
import { keySchedule, type Secret } from '../../crypto/schedule-tls13.ts';
import { alpn } from '../../extensions/alpn.ts';
import { earlyData } from '../../extensions/early-data.ts';
import { CONFIRMATION_LENGTH, encryptedClientHello } from '../../extensions/encrypted-client-hello.ts';
import { encode } from '../../extensions/extension.ts';
import { keyShare } from '../../extensions/key-share.ts';
import { postHandshakeAuth } from '../../extensions/post-handshake-auth.ts';
import { PSK_DHE_KE, PSK_KE, preSharedKey, pskKeyExchangeModes } from '../../extensions/pre-shared-key.ts';
import { maxFragmentLength, recordSizeLimit } from '../../extensions/record-size.ts';
import { serverName } from '../../extensions/server-name.ts';
import { supportedVersions } from '../../extensions/supported-versions.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { HANDSHAKE_TYPE } from '../../registry/content-types.ts';
import { fatal } from '../../registry/fatal.ts';
import { OPTIONS, VERIFY } from '../../registry/options.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../../registry/versions.ts';
import type { SslSession } from '../../session/session.ts';
import type { ClientHello } from '../../wire/client-hello.ts';
import { encodeMessage, type RawExtension } from '../../wire/message.ts';
import { type ServerHello, serverHello } from '../../wire/server-hello.ts';
import { encryptedExtensions, endOfEarlyData, finished } from '../../wire/tls13-messages.ts';
import {
  type CertificateDemand,
  type ChosenCredential,
  chooseCredential,
  NO_CONTEXT,
  sendCertificate,
  sendCertificateVerify,
} from '../common/certificate.ts';
import { customExtensionsFor, EXT } from '../common/custom-extensions.ts';
import { confirmation } from '../common/ech.ts';
import { checkFinished, verifyData } from '../common/finished.ts';
import { installApplicationSecrets, readWith, writeWith } from '../common/keys.ts';
import { helloRandom, verifyMode } from '../common/policy.ts';
import { demandAlpn, ownTransportParameters, takeTransportParameters } from '../common/quic.ts';
import { certificateTypeAnswers, choosePeerType, chooseTypeUnseen, noTypeInCommon, showsRawKey, wantedTypes } from '../common/raw-key.ts';
import { answerRecordSizes } from '../common/record-sizes.ts';
import { stapledResponses } from '../common/staple.ts';
import { sendTickets } from '../common/tickets.ts';
import { recallPeer, waivedOrVerified } from '../common/verify-peer.ts';
import type { Connection } from '../connection.ts';
import type { Established } from '../established.ts';
import type { Handshake } from '../handshake.ts';
import { type Proof, type Step, settle } from '../step.ts';
import { readClientCertificate, requestCertificate } from './client-auth.ts';
import { Consultation } from './consult.ts';
import { isInner } from './ech.ts';
import { settleAlpn, settleServerName } from './names.ts';
import type { SelectedPsk } from './psk.ts';
import { demandCookie, retryHello, takeUpCookie } from './retry.ts';
import { demandOf, type ReadHello, readHello, type Selection, select } from './select.ts';

/** RFC 9846, figure 1, from the ClientHello on, as a server. */
export function* serverTls13(handshake: Handshake, hello: ClientHello, raw: Uint8Array): Step<Established> {
  const { connection, transcript } = handshake;
  connection.io.version = TLS1_3_VERSION;
  const first = readHello(hello, raw);
  // RFC 9001, 8.4.
  if (connection.quic !== undefined && hello.legacySessionId.length > 0) fatal('illegal_parameter', 'UNEXPECTED_COMPATIBILITY_MODE');
  const acknowledgeName = yield* settleServerName(connection, first);
  const consultation = new Consultation(connection);
  const { read, choice, retried } = yield* negotiate(handshake, first, consultation);
  const { suite, psk } = choice;
  connection.suite = suite;
  transcript.start(suite.hash);
  transcript.forget();
  consultation.tell(read);
  resume(connection, psk);
  if (psk === undefined) yield* consultation.ask(read);
  if (psk === undefined && mayAskForCertificate(connection)) choosePeerType(connection, read.block);
  // Before a certificate is chosen: the application may have another one for the protocol (acme-tls/1 of RFC 8737).
  yield* settleAlpn(connection, read);
  demandAlpn(connection);
  const demand = demandOf(connection, read);
  const chosen = psk === undefined ? chooseOwn(connection, read, demand) : undefined;
  connection.ownCredential = chosen?.credential;
  takeTransportParameters(connection, read.block);
  const wantsEarlyData = connection.earlyData === 'wanted';
  // Offered with the first hello counts: after a retry the second cannot say it again.
  connection.earlyData = first.block.has(earlyData) ? 'rejected' : 'none';
  const acceptsEarlyData = wantsEarlyData && (yield* decideEarlyData(connection, read, choice, retried));

  const schedule = keySchedule(connection.provider, suite.hash);
  connection.schedule = schedule;
  const early = psk && handshake.keep(schedule.keyOf(schedule.earlySecret(psk.psk.secret)));
  connection.earlyDataEnded = !acceptsEarlyData;
  const earlyTraffic = early && acceptsEarlyData ? handshake.keep(earlyTrafficSecret(connection, early, transcript.digest())) : undefined;

  const shared = yield* sendServerHello(handshake, read, choice);
  const handshakeSecret = handshake.keep(schedule.keyOf(schedule.handshakeSecret(early, shared)));
  const [clientSecret, serverSecret] = schedule.deriveSecrets(handshakeSecret, transcript.digest(), 'c hs traffic', 's hs traffic');
  handshake.keep(clientSecret);
  handshake.keep(serverSecret);
  connection.logSecret('CLIENT_HANDSHAKE_TRAFFIC_SECRET', clientSecret);
  connection.logSecret('SERVER_HANDSHAKE_TRAFFIC_SECRET', serverSecret);
  writeWith(connection, 'handshake', suite, schedule, serverSecret);
  if (earlyTraffic !== undefined) readWith(connection, 'early_data', suite, schedule, earlyTraffic, true);
  // Records of early data and of the handshake come one after the other; over QUIC they come side by side.
  if (earlyTraffic === undefined || connection.quic !== undefined) readWith(connection, 'handshake', suite, schedule, clientSecret, true);
  if (read.block.has(earlyData) && !acceptsEarlyData) connection.io.records.reader.skipEarlyData(connection.get('recvMaxEarlyData'), false);

  sendEncryptedExtensions(handshake, read, acknowledgeName, acceptsEarlyData, psk !== undefined);
  const asksCertificate = psk === undefined && asksForCertificate(connection);
  if (asksCertificate) requestCertificate(handshake, NO_CONTEXT);
  if (chosen !== undefined) yield* authenticate(handshake, chosen, demand);
  connection.ownFinished = verifyData(schedule, serverSecret, transcript.digest());
  handshake.send(finished, { verifyData: connection.ownFinished });
  const mainSecret = handshake.keep(schedule.keyOf(schedule.mainSecret(handshakeSecret)));
  const application = installApplicationSecrets(connection, mainSecret, transcript.digest());
  handshake.keep(application.client);
  handshake.keep(application.server);
  writeWith(connection, 'application', suite, schedule, application.server);
  connection.enter('EARLY_DATA');
  yield* handshake.flush();

  // RFC 9001, 8.3: over QUIC early data is QUIC's, and its end is not said.
  if (earlyTraffic !== undefined && connection.quic === undefined) yield* takeEarlyData(handshake, suite, clientSecret);
  const identity = asksCertificate ? yield* readClientCertificate(handshake, NO_CONTEXT, handshake.transcript) : waivedOrVerified();
  const held = yield* readFinished(handshake, clientSecret);
  readWith(connection, 'application', suite, schedule, application.client);
  connection.resumptionSecret = schedule.deriveSecret(mainSecret, 'res master', transcript.digest());
  connection.peerOffersPostHandshakeAuth = read.block.has(postHandshakeAuth);
  if (connection.peerOffersPostHandshakeAuth) connection.handshakeHash = transcript.fork();
  connection.peerResumes = canResume(connection, read);
  yield* sendTickets(connection, psk === undefined ? connection.get('numTickets') : Math.min(1, connection.get('numTickets')));
  yield* handshake.flush();
  return { identity, finished: held };
}

/** Chooses; asks for another ClientHello where the first has no share we can use, or no cookie where one is demanded. */
function* negotiate(
  handshake: Handshake,
  first: ReadHello,
  consultation: Consultation,
): Step<{ readonly read: ReadHello; readonly choice: Selection; readonly retried: boolean }> {
  const { connection, transcript } = handshake;
  const taken = connection.stateless ? takeUpCookie(handshake, first) : undefined;
  if (taken !== undefined) {
    const choice = yield* select(handshake, first, taken.suite, consultation);
    if (choice.retryGroup !== undefined) fatal('illegal_parameter', 'BAD_KEY_SHARE', 'not the share that was asked for');
    transcript.add(first.raw);
    return { read: first, choice, retried: true };
  }
  const choice = yield* select(handshake, first, undefined, consultation);
  transcript.add(first.raw);
  const retry = { suite: choice.suite, group: choice.retryGroup ?? 0 };
  if (connection.stateless) return yield* demandCookie(handshake, first, retry);
  if (choice.retryGroup === undefined) return { read: first, choice, retried: false };
  const second = yield* retryHello(handshake, first, retry);
  // RFC 9846, 4.1.2: PSKs may be left out that do not go with the suite, and no others.
  const { psk } = choice;
  if (psk !== undefined && !second.block.get(preSharedKey)?.identities.some(({ identity }) => sameBytes(identity, psk.psk.identity)))
    fatal('illegal_parameter', 'BAD_PSK', 'not in the second ClientHello any more');
  const again = yield* select(handshake, second, choice.suite, consultation);
  // RFC 9846, 4.2.8: the second hello has exactly the share that was asked for.
  const shares = second.block.get(keyShare);
  if (again.share === undefined || again.share.group !== retry.group || shares?.length !== 1)
    fatal('illegal_parameter', 'BAD_KEY_SHARE', 'not the share that was asked for');
  transcript.add(second.raw);
  return { read: second, choice: again, retried: true };
}

/** RFC 9846, 4.6.1: no tickets for a client that could not use them with us. */
function canResume(connection: Connection, { block }: ReadHello): boolean {
  const modes = block.get(pskKeyExchangeModes) ?? new Uint8Array(0);
  return modes.includes(PSK_DHE_KE) || (modes.includes(PSK_KE) && connection.hasOption(OPTIONS.ALLOW_NO_DHE_KEX));
}

function resume(connection: Connection, selected: SelectedPsk | undefined): void {
  const session = selected?.psk.session;
  connection.ownPsk = selected?.psk.configured;
  if (session === undefined) connection.pskIdentity = selected && copyOf(selected.psk.identity);
  if (session === undefined) return;
  connection.reused = true;
  connection.replaceSession(session.upRef());
  recallPeer(connection, session.data);
}

/** RFC 9846, 4.2.10 and 8: accepted only where nothing could make it mean something else than when it was sent, and only once. */
function* decideEarlyData(connection: Connection, { block, hello }: ReadHello, { psk, suite }: Selection, retried: boolean): Step<boolean> {
  if (!block.has(earlyData) || retried || psk === undefined || psk.index !== 0 || psk.psk.maxEarlyData === 0 || !psk.fresh) return false;
  const { session } = psk.psk;
  if (session !== undefined && (session.data.cipherSuite !== suite.id || !sameProtocol(session.data.alpn, connection.alpn))) return false;
  if (
    connection.quic !== undefined &&
    !sameBytes(session?.data.quicEarlyDataContext ?? EMPTY, connection.get('quicEarlyDataContext') ?? EMPTY)
  )
    return false;
  const callback = connection.get('allowEarlyDataCallback');
  if (callback !== undefined && !(yield* settle(callback(connection.owner.handle)))) return false;
  if (!isFirstUse(connection, session, callback !== undefined)) return false;
  connection.earlyData = 'accepted';
  connection.earlyDataBudget = Math.min(psk.psk.maxEarlyData, connection.get('recvMaxEarlyData'));
  connection.clientRandom = hello.random;
  return true;
}

/**
 * RFC 9846, 8.1: early data is taken once for each ticket. A ticket out of our cache is struck off here, in one step with
 * accepting it; for keys that the cache does not hold, only the application's callback can have looked.
 */
function isFirstUse(connection: Connection, session: SslSession | undefined, judged: boolean): boolean {
  if (connection.hasOption(OPTIONS.NO_ANTI_REPLAY)) return true;
  return (session !== undefined && connection.owner.sessions.cache.remove(session)) || judged;
}

const sameProtocol = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameBytes(a, b);

function earlyTrafficSecret(connection: Connection, early: Secret, helloHash: Uint8Array): Uint8Array {
  const { schedule } = connection;
  if (schedule === undefined) return fatal('internal_error', 'INTERNAL_ERROR');
  const [traffic, exporter] = schedule.deriveSecrets(early, helloHash, 'c e traffic', 'e exp master');
  connection.earlyExporterSecret = exporter;
  connection.logSecret('CLIENT_EARLY_TRAFFIC_SECRET', traffic);
  connection.logSecret('EARLY_EXPORTER_SECRET', exporter);
  return traffic;
}

/** ServerHello, with our share; gives the (EC)DHE secret, if there is one. */
function* sendServerHello(
  handshake: Handshake,
  { hello, block }: ReadHello,
  { suite, psk, share }: Selection,
): Step<Uint8Array | undefined> {
  const { connection } = handshake;
  const answer = share && (yield* settle(answerKeyShare(connection.provider, share.group, share.share)));
  if (share !== undefined) connection.group = share.group;
  const random = helloRandom(connection);
  const extensions: RawExtension[] = [encode(supportedVersions, 'SH13', TLS1_3_VERSION)];
  if (share !== undefined && answer !== undefined) extensions.push(encode(keyShare, 'SH13', { group: share.group, share: answer.share }));
  if (psk !== undefined) extensions.push(encode(preSharedKey, 'SH13', psk.index));
  extensions.push(...customExtensionsFor(connection, EXT.TLS1_3_SERVER_HELLO, typesOf(hello)));
  const answered: ServerHello = {
    legacyVersion: TLS1_2_VERSION,
    random,
    legacySessionIdEcho: hello.legacySessionId,
    cipherSuite: suite.id,
    legacyCompressionMethod: 0,
    extensions,
  };
  if (isInner(connection, block)) confirmHello(handshake, hello, suite, answered);
  connection.serverRandom = random;
  handshake.send(serverHello, answered);
  if (hello.legacySessionId.length > 0 && connection.middleboxCompat && !connection.io.sentChangeCipherSpec) {
    connection.io.sendChangeCipherSpec();
  }
  return answer && handshake.keep(answer.secret);
}

/** The last eight bytes of the random say that the hello was opened (RFC 9849, 7.2). */
function confirmHello({ connection, transcript }: Handshake, { random }: ClientHello, { hash }: CipherSuite, answer: ServerHello): void {
  const signal = answer.random.subarray(-CONFIRMATION_LENGTH);
  signal.fill(0);
  signal.set(confirmation(connection.provider, hash, 'hello', random, transcript, encodeMessage(serverHello, answer)));
}

const typesOf = (hello: ClientHello): ReadonlySet<number> => new Set(hello.extensions.map(({ type }) => type));

function sendEncryptedExtensions(
  handshake: Handshake,
  { block, hello }: ReadHello,
  acknowledgeName: boolean,
  acceptsEarlyData: boolean,
  onPsk: boolean,
): void {
  const { connection } = handshake;
  const extensions: RawExtension[] = [];
  if (acknowledgeName && !connection.reused) extensions.push(encode(serverName, 'EE', true));
  if (connection.alpn !== undefined) extensions.push(encode(alpn, 'EE', connection.alpn));
  if (!onPsk || (connection.reused && chooseTypeUnseen(connection, block)))
    extensions.push(...certificateTypeAnswers(connection, block, 'EE', !onPsk && mayAskForCertificate(connection)));
  const sizes = answerRecordSizes(connection, { limit: block.get(recordSizeLimit), code: block.get(maxFragmentLength) });
  if (sizes.limit !== undefined) extensions.push(encode(recordSizeLimit, 'EE', sizes.limit));
  if (sizes.code !== undefined) extensions.push(encode(maxFragmentLength, 'EE', sizes.code));
  extensions.push(...ownTransportParameters(connection, 'EE'));
  if (acceptsEarlyData) extensions.push(encode(earlyData, 'EE', true));
  // RFC 9849, 7.1: a server with keys MUST say which, where none of them fitted.
  if (handshake.ech?.retryConfigs !== undefined) extensions.push(encode(encryptedClientHello, 'EE', handshake.ech.retryConfigs));
  extensions.push(...customExtensionsFor(connection, EXT.TLS1_3_ENCRYPTED_EXTENSIONS, typesOf(hello)));
  handshake.send(encryptedExtensions, { extensions });
}

const asksForCertificate = (connection: Connection): boolean => {
  const mode = verifyMode(connection);
  return (mode & VERIFY.PEER) !== 0 && (mode & VERIFY.POST_HANDSHAKE) === 0;
};

/** Whether a client certificate may be asked for at all, now or after the handshake. */
const mayAskForCertificate = (connection: Connection): boolean => (verifyMode(connection) & VERIFY.PEER) !== 0;

/** Our certificate or raw public key, whichever the client takes. */
function chooseOwn(connection: Connection, { block }: ReadHello, demand: CertificateDemand): ChosenCredential {
  const chosen = chooseCredential(connection, wantedTypes(block), demand);
  if (!('unfit' in chosen)) {
    connection.ownCertificateType = chosen.type;
    return chosen;
  }
  return chosen.unfit === 'UNKNOWN_CERTIFICATE_TYPE' ? noTypeInCommon() : fatal('handshake_failure', chosen.unfit);
}

/** Our certificate and the proof that we hold its key. */
function* authenticate(handshake: Handshake, chosen: ChosenCredential, demand: CertificateDemand): Step<void> {
  const { connection } = handshake;
  const staples = demand.wantsStatus && !showsRawKey(connection) ? yield* stapledResponses(connection) : undefined;
  sendCertificate(handshake, NO_CONTEXT, chosen.credential, demand, staples);
  yield* sendCertificateVerify(handshake, chosen);
}

/** Early data until its end is said (RFC 9846, 4.2.10 and 4.5); the application reads it while the handshake stands here. */
function* takeEarlyData(handshake: Handshake, suite: CipherSuite, clientSecret: Uint8Array): Step<void> {
  const { connection, transcript } = handshake;
  connection.io.awaitMessage();
  for (;;) {
    const incoming = connection.io.receive((type) => (type === HANDSHAKE_TYPE.endOfEarlyData ? endOfEarlyData.limit : undefined));
    if (incoming === 'closed') yield { want: 'closed' };
    else if (incoming === 'eof') fatal('decode_error', 'UNEXPECTED_EOF_WHILE_READING', 'within early data');
    else if (incoming === 'retry') yield { want: 'read' };
    else if (incoming === 'change_cipher_spec') fatal('unexpected_message', 'UNEXPECTED_CCS_MESSAGE');
    else if (incoming.kind === 'data') {
      connection.earlyDataBudget -= incoming.content.length;
      if (connection.earlyDataBudget < 0) fatal('unexpected_message', 'TOO_MUCH_EARLY_DATA');
      if (incoming.content.length === 0) continue;
      connection.earlyDataReceived.push(incoming.content);
      yield { want: 'early_data' };
    } else {
      transcript.add(incoming.raw);
      break;
    }
  }
  connection.earlyDataEnded = true;
  if (connection.schedule !== undefined) readWith(connection, 'handshake', suite, connection.schedule, clientSecret);
}

function* readFinished(handshake: Handshake, clientSecret: Uint8Array): Step<Proof<'finished'>> {
  const { connection, transcript } = handshake;
  const before = transcript.digest();
  const theirs = (yield* handshake.receive(finished)).value;
  const { schedule } = connection;
  if (schedule === undefined) return fatal('internal_error', 'INTERNAL_ERROR');
  const held = checkFinished(schedule, clientSecret, before, theirs.verifyData);
  connection.peerFinished = theirs.verifyData;
  connection.io.changeCipherSpecs = 0;
  return held;
}
