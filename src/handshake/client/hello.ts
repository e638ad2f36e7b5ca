import { sameBytes } from '../../bytes/bytes.ts';
import { offerKeyShares } from '../../crypto/key-exchange.ts';
import { keySchedule } from '../../crypto/schedule-tls13.ts';
import { cookie } from '../../extensions/cookie.ts';
import { keyShare } from '../../extensions/key-share.ts';
import { supportedVersions } from '../../extensions/supported-versions.ts';
import { readBlock } from '../../extensions/table.ts';
import { PlainSeal } from '../../record/protect-none.ts';
import { type CipherSuite, cipherSuite, cipherSuiteName } from '../../registry/cipher-suites.ts';
import { CONTENT_TYPE } from '../../registry/content-types.ts';
import { fatal } from '../../registry/fatal.ts';
import { groupName } from '../../registry/groups.ts';
import { LIMITS } from '../../registry/limits.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION, versionName } from '../../registry/versions.ts';
import { DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12, isHelloRetryRequest, type ServerHello, serverHello } from '../../wire/server-hello.ts';
import { EXT, parseCustomExtensions } from '../common/custom-extensions.ts';
import { writeWith } from '../common/keys.ts';
import { demandHostName } from '../common/verify-peer.ts';
import type { Established } from '../established.ts';
import type { Handshake } from '../handshake.ts';
import { type Step, settle } from '../step.ts';
import { chooseSealing, type Envelope, greaseEch, INNER, makeEnvelope, nextEnvelope, sealOffer, settleEnvelope } from './ech.ts';
import { makeOffer, type Offer, offeredVersions, offers13, writeOffer } from './offer.ts';
import { knowsPsks } from './psk.ts';
import { clientTls12 } from './tls12.ts';
import { clientTls13 } from './tls13.ts';

/** An offer that went out, and the types of the extensions that answers may be to. */
export interface SentOffer {
  readonly offer: Offer;
  readonly extensions: ReadonlySet<number>;
  /** The envelope it went in, as long as the server has not shown which of the two it took. */
  readonly envelope?: Envelope;
}

/** A client's handshake up to the ServerHello that settles the version; one function for each version goes on from there. */
export function* clientHandshake(handshake: Handshake): Step<Established> {
  const { connection } = handshake;
  connection.serverName = connection.get('serverName');
  if (!knowsPsks(connection)) demandHostName(connection);
  let sent: SentOffer | undefined;
  try {
    const { offer, envelope } = yield* prepare(handshake);
    for (const psk of offer.psks) if (psk.kind === 'imported') handshake.keep(psk.secret);
    sent = sendHello(handshake, offer, envelope);
    connection.io.changeCipherSpecs = LIMITS.changeCipherSpecRecords.value;
    if (sent.offer.earlyData) yield* beginEarlyData(handshake, sent.offer);
    else if (connection.earlyData === 'wanted') connection.earlyData = 'none';
    yield* handshake.flush();
    let answer = yield* handshake.receiveUncounted(serverHello);
    let retrySuite: CipherSuite | undefined;
    if (isHelloRetryRequest(answer.value)) {
      retrySuite = checkAnswer(sent.offer, answer.value, TLS1_3_VERSION);
      sent = settleEnvelope(handshake, sent, answer, retrySuite);
      sent = yield* retry(handshake, sent, answer.value, answer.raw, retrySuite);
      answer = yield* handshake.receiveUncounted(serverHello);
      // RFC 9846, 4.1.4: a second HelloRetryRequest is unexpected_message.
      if (isHelloRetryRequest(answer.value)) fatal('unexpected_message', 'UNEXPECTED_MESSAGE', 'a second HelloRetryRequest');
    }
    connection.showExtensions(answer.value.extensions);
    const chosen = chosenSuite13(sent.offer, answer.value);
    sent = settleEnvelope(handshake, sent, answer, chosen);
    const version = versionOf(sent.offer, answer.value);
    const suite = chosen ?? checkAnswer(sent.offer, answer.value, version);
    handshake.transcript.add(answer.raw);
    if (version < TLS1_3_VERSION) {
      // RFC 9846, 4.1.2 and 4.2.10: neither a retry nor early data leads to an older version.
      if (retrySuite !== undefined || sent.offer.earlyData) fatal('protocol_version', 'BAD_PROTOCOL_VERSION_NUMBER', versionName(version));
      return yield* clientTls12(handshake, sent, answer.value, suite);
    }
    // RFC 9846, 4.1.4: the suite of the retry MUST stay.
    if (retrySuite !== undefined && suite !== retrySuite) {
      fatal('illegal_parameter', 'WRONG_CIPHER_RETURNED', 'not the suite of the HelloRetryRequest');
    }
    handshake.transcript.start(suite.hash);
    handshake.transcript.forget();
    return yield* clientTls13(handshake, sent, answer.value, suite);
  } finally {
    for (const share of sent?.offer.keyShares ?? []) share.wipe();
    sent?.envelope?.sealing.sender.wipe();
  }
}

/** The offer, and an envelope for it where the server has published a key. */
function* prepare(handshake: Handshake): Step<{ readonly offer: Offer; readonly envelope: Envelope | undefined }> {
  const { connection } = handshake;
  const sealing = yield* chooseSealing(connection);
  if (sealing === undefined) {
    const offer = yield* makeOffer(connection, offeredVersions(connection));
    if (!offers13(offer) || !connection.get('echGrease') || connection.established) return { offer, envelope: undefined };
    connection.ech = 'grease';
    return { offer: { ...offer, ech: yield* greaseEch(connection) }, envelope: undefined };
  }
  // RFC 9849, 6.1: neither an older version nor a session of one.
  const offer = yield* makeOffer(connection, [TLS1_3_VERSION]);
  return { offer: { ...offer, ech: INNER }, envelope: makeEnvelope(connection, offer, sealing) };
}

function sendHello(handshake: Handshake, offer: Offer, envelope?: Envelope): SentOffer {
  const { connection, transcript } = handshake;
  connection.clientRandom = offer.random;
  connection.clientVersion = Math.max(...(envelope?.offer ?? offer).versions);
  const sealed = envelope && sealOffer(connection, offer, envelope, transcript);
  const { raw, extensions } = sealed?.inner ?? writeOffer(connection, offer, transcript);
  if (sealed !== undefined) connection.showMessage(true, CONTENT_TYPE.clientHelloInner, raw);
  connection.io.sendRaw(sealed?.raw ?? raw);
  transcript.add(raw);
  // RFC 9846, 5.1: only the first ClientHello's record may say 0x0301. A renegotiation stays under its keys.
  if (!connection.established) connection.io.protectWrite(new PlainSeal(TLS1_2_VERSION));
  return { offer, extensions, ...(sealed && { envelope: sealed.envelope }) };
}

/** Early data goes right behind the ClientHello, under keys of the first PSK alone (RFC 9846, 4.2.10). */
function* beginEarlyData(handshake: Handshake, offer: Offer): Step<void> {
  const { connection } = handshake;
  const psk = offer.psks[0] ?? fatal('internal_error', 'INTERNAL_ERROR', 'early data without a PSK');
  const suite = earlySuite(offer, psk.session?.data.cipherSuite);
  const schedule = keySchedule(connection.provider, suite.hash);
  const early = handshake.keep(schedule.earlySecret(psk.secret));
  const helloHash = handshake.transcript.digestWith(suite.hash, new Uint8Array(0));
  const [traffic, exporter] = schedule.deriveSecrets(early, helloHash, 'c e traffic', 'e exp master');
  handshake.keep(traffic);
  connection.earlyExporterSecret = exporter;
  connection.logSecret('CLIENT_EARLY_TRAFFIC_SECRET', traffic);
  connection.logSecret('EARLY_EXPORTER_SECRET', exporter);
  if (connection.middleboxCompat) connection.io.sendChangeCipherSpec();
  connection.suite = suite;
  connection.schedule = schedule;
  connection.earlyData = 'offered';
  connection.earlyDataBudget = psk.maxEarlyData;
  writeWith(connection, 'early_data', suite, schedule, traffic);
  yield* handshake.flush();
  connection.enter('EARLY_DATA');
  // The application writes its early data while the handshake stands here, and then lets it go on.
  yield { want: 'early_data' };
}

/** The suite that a resumed session had; an external PSK takes the first of its hash. */
const earlySuite = (offer: Offer, id: number | undefined): CipherSuite =>
  offer.suites.find((suite) => suite.id === id) ??
  offer.suites.find(({ hash }) => hash === offer.psks[0]?.hash) ??
  fatal('internal_error', 'NO_CIPHERS_AVAILABLE');

/** Checks what a ServerHello and a HelloRetryRequest have in common, and gives the suite they chose. */
function checkAnswer(offer: Offer, hello: ServerHello, version: number): CipherSuite {
  if (version === TLS1_3_VERSION) checkTls13(offer, hello);
  if (hello.legacyCompressionMethod !== 0) fatal('illegal_parameter', 'UNSUPPORTED_COMPRESSION_ALGORITHM');
  const suite = cipherSuite(hello.cipherSuite);
  // RFC 9846, 4.1.3: one that we offered, and that belongs to the version.
  if (suite === undefined || !offer.suites.includes(suite) || version < suite.minVersion || version > suite.maxVersion) {
    return fatal('illegal_parameter', 'WRONG_CIPHER_RETURNED', cipherSuiteName(hello.cipherSuite));
  }
  return suite;
}

/** The suite of a server that chose TLS 1.3. */
const chosenSuite13 = (offer: Offer, hello: ServerHello): CipherSuite | undefined =>
  hello.extensions.some(({ type }) => type === supportedVersions.id) ? checkAnswer(offer, hello, TLS1_3_VERSION) : undefined;

/** The version a server chose (RFC 9846, 4.2.1). */
function versionOf(offer: Offer, hello: ServerHello): number {
  if (hello.extensions.some(({ type }) => type === supportedVersions.id)) return TLS1_3_VERSION;
  const { legacyVersion } = hello;
  if (legacyVersion >= TLS1_3_VERSION || !offer.versions.includes(legacyVersion))
    fatal('protocol_version', 'UNSUPPORTED_PROTOCOL', versionName(legacyVersion));
  checkDowngrade(offer, hello);
  return legacyVersion;
}

function checkTls13(offer: Offer, hello: ServerHello): void {
  const extension = hello.extensions.find(({ type }) => type === supportedVersions.id);
  const version = extension && readBlock('SH13', [extension]).get(supportedVersions);
  // RFC 9846, 4.2.1: a version we did not offer, or one before TLS 1.3, is illegal_parameter.
  if (version !== TLS1_3_VERSION || !offers13(offer)) fatal('illegal_parameter', 'BAD_PROTOCOL_VERSION_NUMBER', versionName(version ?? 0));
  if (hello.legacyVersion !== TLS1_2_VERSION) fatal('illegal_parameter', 'BAD_LEGACY_VERSION');
  // RFC 9846, 4.1.3: the echo MUST be ours.
  if (!sameBytes(hello.legacySessionIdEcho, offer.sessionId)) fatal('illegal_parameter', 'INVALID_SESSION_ID');
}

/** RFC 9846, 4.1.3: a server that could have spoken a newer version says so in its random. */
function checkDowngrade(offer: Offer, hello: ServerHello): void {
  const mark = hello.random.subarray(24);
  const fromTls13 = offers13(offer) && (sameBytes(mark, DOWNGRADE_TO_TLS12) || sameBytes(mark, DOWNGRADE_TO_TLS11));
  const fromTls12 = offer.versions.includes(TLS1_2_VERSION) && hello.legacyVersion < TLS1_2_VERSION && sameBytes(mark, DOWNGRADE_TO_TLS11);
  if (fromTls13 || fromTls12) fatal('illegal_parameter', 'INAPPROPRIATE_FALLBACK', 'the server was made to choose an older version');
}

/** The second ClientHello: the first but for what the server asked to change (RFC 9846, 4.1.2 and 4.1.4). */
function* retry(
  handshake: Handshake,
  { offer, extensions, envelope }: SentOffer,
  hello: ServerHello,
  raw: Uint8Array,
  suite: CipherSuite,
): Step<SentOffer> {
  const { connection, transcript } = handshake;
  // RFC 9846, 5.1: whose turn it is not has not begun a message.
  if (connection.io.midMessage) fatal('unexpected_message', 'NOT_ON_RECORD_BOUNDARY');
  const block = readBlock('HRR', hello.extensions);
  // RFC 9846, 4.2: the cookie is the one extension of a server that answers nothing.
  block.onlyAnswersTo(new Set([...extensions, cookie.id]));
  parseCustomExtensions(connection, EXT.TLS1_3_HELLO_RETRY_REQUEST, hello.extensions);
  transcript.replaceByHash(suite.hash);
  transcript.add(raw);
  envelope?.transcript.replaceByHash(suite.hash);
  envelope?.transcript.add(raw);
  if (connection.earlyData === 'offered') {
    // RFC 9846, 4.2.10: a retry refuses early data; the second hello is in the clear again.
    connection.earlyData = 'rejected';
    connection.io.protectWrite(new PlainSeal(TLS1_2_VERSION));
  } else if (connection.middleboxCompat) {
    connection.io.sendChangeCipherSpec();
  }
  const group = block.get(keyShare);
  const retryCookie = block.get(cookie);
  // RFC 9846, 4.1.4: a retry that would not change the hello is illegal_parameter.
  if (group === undefined && retryCookie === undefined) fatal('illegal_parameter', 'EMPTY_HELLO_RETRY_REQUEST');
  if (group !== undefined && (!offer.groups.includes(group) || offer.keyShares.some((share) => share.group === group))) {
    fatal('illegal_parameter', 'BAD_KEY_SHARE', `${groupName(group)} in a HelloRetryRequest`);
  }
  const keyShares = group === undefined ? offer.keyShares : yield* settle(offerKeyShares(connection.provider, [group]));
  if (group !== undefined) for (const share of offer.keyShares) share.wipe();
  const changed = { keyShares, cookie: retryCookie, retried: true, earlyData: false };
  const psks = offer.psks.filter(({ hash }) => hash === suite.hash);
  const second = sendHello(handshake, { ...offer, ...changed, psks }, envelope && nextEnvelope(envelope, changed, psks.length > 0));
  yield* handshake.flush();
  return second;
}
