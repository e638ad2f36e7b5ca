/** RFC 5246, figures 1 and 2, from the ClientHello on, as a server of TLS 1.0–1.2. */
import { concat, copyOf, EMPTY, sameBytes } from '../../bytes/bytes.ts';
import { build } from '../../bytes/writer.ts';
import type { DhGroup } from '../../crypto/ffdhe.ts';
import { Prf } from '../../crypto/prf.ts';
import { alpn } from '../../extensions/alpn.ts';
import { signedCertificateTimestamp, statusRequest } from '../../extensions/certificate-status.ts';
import { cookie } from '../../extensions/cookie.ts';
import { earlyData } from '../../extensions/early-data.ts';
import { type ExtensionBlock, encode } from '../../extensions/extension.ts';
import { signatureAlgorithms, signatureAlgorithmsCert, supportedGroups } from '../../extensions/id-lists.ts';
import { keyShare } from '../../extensions/key-share.ts';
import { preSharedKey, pskKeyExchangeModes } from '../../extensions/pre-shared-key.ts';
import { maxFragmentLength, recordSizeLimit } from '../../extensions/record-size.ts';
import { serverName } from '../../extensions/server-name.ts';
import { readBlock } from '../../extensions/table.ts';
import {
  ecPointFormats,
  encryptThenMac,
  extendedMasterSecret,
  renegotiationInfo,
  sessionTicket,
  UNCOMPRESSED,
} from '../../extensions/tls12.ts';
import { PlainSeal } from '../../record/protect-none.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import { OPTIONS, VERIFY } from '../../registry/options.ts';
import { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION } from '../../registry/versions.ts';
import { SslSession } from '../../session/session.ts';
import type { ClientHello } from '../../wire/client-hello.ts';
import type { RawExtension } from '../../wire/message.ts';
import { DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12, serverHello } from '../../wire/server-hello.ts';
import {
  certificateRequest12,
  certificateStatus,
  certificateVerify12,
  clientKeyExchange,
  newSessionTicket12,
  serverHelloDone,
  serverKeyExchange,
  writeSigned,
} from '../../wire/tls12-messages.ts';
import { receiveCertificate12, sendCertificate12 } from '../common/certificate12.ts';
import { askForCertificates, CERTIFICATE_TYPE, type Chosen12 } from '../common/credential.ts';
import { customExtensionsFor, EXT, parseCustomExtensions } from '../common/custom-extensions.ts';
import {
  hintBytes,
  makeDheKeys,
  makeEcdheKeys,
  type ServerKeys,
  serverExchange,
  signsParameters,
  usesDhe,
  usesEcdhe,
  usesPsk,
} from '../common/key-exchange12.ts';
import { helloRandom, suites12, verifyMode, verifySchemes, versions } from '../common/policy.ts';
import { takeTransportParameters } from '../common/quic.ts';
import { certificateTypeAnswers, chooseTypeUnseen, peerKey, showsRawKey } from '../common/raw-key.ts';
import { answerRecordSizes } from '../common/record-sizes.ts';
import { sign12, verify12 } from '../common/signed12.ts';
import { stapledResponses } from '../common/staple.ts';
import { announce, findSession, mayTicket, newSessionId, remember, sealSession, sessionOf } from '../common/tickets.ts';
import {
  type Agreed12,
  checkPointFormats,
  keysOf,
  masterSecret,
  type PendingKeys,
  randoms,
  receiveFinished,
  sendFinished,
  transcriptHash,
} from '../common/tls12.ts';
import { demandKeyUsage, mayRecallPeer, recallPeer, verifyPeer, waivedOrVerified } from '../common/verify-peer.ts';
import type { Connection } from '../connection.ts';
import type { Established } from '../established.ts';
import type { Handshake } from '../handshake.ts';
import type { Proof, Step } from '../step.ts';
import { settleAlpn, settleServerName } from './names.ts';
import type { ReadHello } from './select.ts';
import { type Choice12, chooseSuite12 } from './select12.ts';

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746, 3.3). */
const RENEGOTIATION_SCSV = 0x00ff;

/** What a client says to TLS 1.3 servers alone. It is not read here: a ticket of an older version bound as a PSK is nobody's mistake. */
const ONLY_TLS13: ReadonlySet<number> = new Set([keyShare.id, preSharedKey.id, pskKeyExchangeModes.id, earlyData.id, cookie.id]);

export function* serverTls12(handshake: Handshake, hello: ClientHello, raw: Uint8Array, version: number): Step<Established> {
  const { connection, transcript } = handshake;
  connection.io.version = version;
  if (!connection.established) connection.io.protectWrite(new PlainSeal(version));
  connection.clientHelloVersion = hello.legacyVersion;
  // RFC 5246, 7.4.1.2: null compression MUST be among those offered.
  if (!hello.legacyCompressionMethods.includes(0)) fatal('illegal_parameter', 'NO_COMPRESSION_SPECIFIED');
  const read: ReadHello = {
    hello,
    raw,
    block: readBlock(
      'CH',
      hello.extensions.filter(({ type }) => !ONLY_TLS13.has(type)),
    ),
  };
  transcript.add(raw);
  checkRenegotiation(connection, read);
  connection.peerPointFormats = read.block.get(ecPointFormats);
  checkPointFormats(connection.peerPointFormats);
  const acknowledgeName = yield* settleServerName(connection, read);
  parseCustomExtensions(connection, EXT.CLIENT_HELLO, hello.extensions);
  takeTransportParameters(connection, read.block);
  const session = yield* resumable(connection, read, version);
  connection.peerGroups = read.block.get(supportedGroups) ?? [];
  connection.peerSignatureSchemes = read.block.get(signatureAlgorithms) ?? [];
  connection.peerCertificateSchemes = read.block.get(signatureAlgorithmsCert);
  if (session === undefined) yield* askForCertificates(connection);
  yield* settleAlpn(connection, read);
  const full = session === undefined ? chooseSuite12(connection, read, version, asksForCertificate(connection)) : undefined;
  const suite = full?.suite ?? sessionSuite(connection, read, session, version);
  const agreed: Agreed12 = {
    version,
    suite,
    extendedMasterSecret: usesExtendedMasterSecret(connection, read.block),
    encryptThenMac: read.block.has(encryptThenMac) && suite.cbc !== undefined && !connection.hasOption(OPTIONS.NO_ENCRYPT_THEN_MAC),
  };
  connection.suite = suite;
  transcript.start(transcriptHash(agreed));
  const prf = new Prf(connection.provider, version, suite.hash);
  if (full === undefined && session !== undefined) return yield* resume(handshake, read, agreed, session, prf, acknowledgeName);
  return yield* fullHandshake(handshake, read, agreed, full ?? fatal('internal_error', 'INTERNAL_ERROR'), prf, acknowledgeName);
}

// ---- ClientHello

/** RFC 5746, 3.6 and 3.7. */
function checkRenegotiation(connection: Connection, { hello, block }: ReadHello): void {
  const info = block.get(renegotiationInfo);
  const signalled = hello.cipherSuites.includes(RENEGOTIATION_SCSV);
  if (!connection.established) {
    if (info !== undefined && info.length !== 0) fatal('handshake_failure', 'RENEGOTIATION_MISMATCH');
    connection.secureRenegotiation = info !== undefined || signalled;
    return;
  }
  // RFC 5746, 3.7: the signal means a first handshake; within a connection it is an attack.
  if (signalled) fatal('handshake_failure', 'SCSV_RECEIVED_WHEN_RENEGOTIATING');
  if (!connection.secureRenegotiation && info === undefined && connection.hasOption(OPTIONS.ALLOW_UNSAFE_LEGACY_RENEGOTIATION)) return;
  if (info === undefined || !sameBytes(info, connection.peerFinished ?? EMPTY)) fatal('handshake_failure', 'RENEGOTIATION_MISMATCH');
}

function usesExtendedMasterSecret(connection: Connection, block: ExtensionBlock<'CH'>): boolean {
  const wanted = connection.get('extendedMasterSecret');
  const offered = block.has(extendedMasterSecret);
  // RFC 7627, 5.3: without it, resumption and exporters are open to a man in the middle (triple handshake).
  if (!offered && wanted === 'require') fatal('handshake_failure', 'EXTENDED_MASTER_SECRET_REQUIRED');
  const used = offered && wanted !== 'off';
  // RFC 7627, 5.4: a renegotiation neither drops the binding nor adds it.
  if (connection.established && used !== connection.extendedMasterSecret) fatal('handshake_failure', 'INCONSISTENT_EXTMS');
  return used;
}

// ---- resumption

/** The session a ticket or a session id stands for, if everything it was made under still holds. */
function* resumable(connection: Connection, { hello, block }: ReadHello, version: number): Step<SslSession | undefined> {
  const ticket = block.get(sessionTicket);
  const identity = ticket !== undefined && ticket.length > 0 && !connection.hasOption(OPTIONS.NO_TICKET) ? ticket : hello.legacySessionId;
  if (identity.length === 0 || (connection.established && connection.hasOption(OPTIONS.NO_SESSION_RESUMPTION_ON_RENEGOTIATION)))
    return undefined;
  const session = yield* findSession(connection, identity);
  if (session === undefined || !mayResume(connection, session, version, block)) return undefined;
  const { cipherSuite } = session.data;
  // A suite that is spoken no longer, or by only one of us, makes it a full handshake.
  return hello.cipherSuites.includes(cipherSuite) && suites12(connection, version).some(({ id }) => id === cipherSuite)
    ? session
    : undefined;
}

function mayResume(connection: Connection, session: SslSession, version: number, block: ExtensionBlock<'CH'>): boolean {
  const { data } = session;
  if (data.version !== version || !session.isCurrent(connection.owner.now())) return false;
  if (!sameBytes(data.idContext, connection.get('sessionIdContext')) || data.serverName !== connection.serverName) return false;
  const offered = block.has(extendedMasterSecret);
  // RFC 7627, 5.3: a session with the binding and a hello without it MUST end the handshake; the other way round it is a full one.
  if (data.extendedMasterSecret && !offered) fatal('handshake_failure', 'INCONSISTENT_EXTMS');
  if (data.extendedMasterSecret !== (offered && connection.get('extendedMasterSecret') !== 'off')) return false;
  const mode = verifyMode(connection);
  if ((mode & VERIFY.PEER) === 0) return true;
  // Who asks anew on a connection in use asks for the certificate that the session does not have.
  if (connection.established && !session.namesPeer) return false;
  if (data.idContext.length === 0 || data.verifyResult !== 'OK' || !mayRecallPeer(connection, data)) return false;
  return (mode & VERIFY.FAIL_IF_NO_PEER_CERT) === 0 || session.namesPeer;
}

function sessionSuite(connection: Connection, { hello }: ReadHello, session: SslSession | undefined, version: number): CipherSuite {
  const suite = suites12(connection, version).find(({ id }) => id === session?.data.cipherSuite && hello.cipherSuites.includes(id));
  return suite ?? fatal('illegal_parameter', 'REQUIRED_CIPHER_MISSING');
}

function* resume(
  handshake: Handshake,
  read: ReadHello,
  agreed: Agreed12,
  session: SslSession,
  prf: Prf,
  acknowledgeName: boolean,
): Step<Established> {
  const { connection } = handshake;
  connection.reused = true;
  connection.replaceSession(session.upRef());
  recallPeer(connection, session.data);
  connection.group = session.data.group;
  connection.pskIdentityHint = session.data.pskIdentityHint;
  connection.pskIdentity = session.data.pskIdentity;
  // Who resumes by a session id and can take tickets gets its first.
  const due = connection.renewsTicket || read.block.get(sessionTicket)?.length === 0;
  const renew = due && !connection.hasOption(OPTIONS.NO_TICKET);
  // RFC 5077, 3.4: whatever id came with the ticket is echoed to say that it was taken.
  sendServerHello(handshake, read, agreed, { id: read.hello.legacySessionId, ticket: renew, status: false, acknowledgeName });
  const master = handshake.keep(copyOf(session.data.secret));
  const keys = keysOf(connection, agreed, prf, master);
  if (renew) yield* sendTicket(handshake, master);
  sendFinished(handshake, prf, master, keys);
  yield* handshake.flush();
  const held = yield* receiveFinished(handshake, prf, master, keys);
  return { identity: waivedOrVerified(), finished: held };
}

// ---- a full handshake

function* fullHandshake(
  handshake: Handshake,
  read: ReadHello,
  agreed: Agreed12,
  { suite, group, chosen }: Choice12,
  prf: Prf,
  acknowledgeName: boolean,
): Step<Established> {
  const { connection, transcript } = handshake;
  const asks = chosen !== undefined && asksForCertificate(connection);
  if (!asks) transcript.forget();
  connection.ownCredential = chosen?.credential;
  connection.peerStatusRequest = read.block.get(statusRequest);
  const wantsStatus = connection.peerStatusRequest !== undefined && chosen !== undefined && !showsRawKey(connection);
  const staple = wantsStatus ? ((yield* stapledResponses(connection))?.[0] ?? chosen.credential.ocspResponse) : undefined;
  const keepsTickets = read.block.has(sessionTicket) && !connection.hasOption(OPTIONS.NO_TICKET);
  const keeps = !(connection.get('notResumableCallback')?.(connection.owner.handle, usesEcdhe(suite) || usesDhe(suite)) ?? false);
  const usesTicket = keepsTickets && keeps;
  const id = usesTicket || !keeps ? EMPTY : newSessionId(connection);
  sendServerHello(handshake, read, agreed, { id, ticket: usesTicket, status: staple !== undefined, acknowledgeName });
  if (chosen !== undefined) {
    sendCertificate12(handshake, chosen.credential);
  }
  if (staple !== undefined) {
    handshake.send(certificateStatus, staple);
  }
  const keys = yield* sendServerKeys(handshake, agreed, group, chosen);
  if (asks) sendCertificateRequest(handshake, agreed.version);
  handshake.send(serverHelloDone, {});
  yield* handshake.flush();

  const identity = asks ? yield* readClientCertificate(handshake) : waivedOrVerified();
  const body = (yield* handshake.receive(clientKeyExchange)).value;
  const premaster = yield* serverExchange(connection, suite, keys, body);
  keys?.ephemeral.wipe();
  const master = handshake.keep(masterSecret(handshake, agreed, prf, premaster));
  if (asks && (connection.peerChain.length > 0 || connection.peerRawKey !== undefined))
    yield* readCertificateVerify(handshake, agreed.version);
  transcript.forget();
  const pending: PendingKeys = keysOf(connection, agreed, prf, master);
  const held = yield* receiveFinished(handshake, prf, master, pending);
  connection.replaceSession(new SslSession({ ...sessionOf(connection), secret: copyOf(master), id }));
  if (usesTicket) yield* sendTicket(handshake, master);
  sendFinished(handshake, prf, master, pending);
  // A session that went out as a ticket is the client's to keep. Others are kept before the client can come back with them.
  if (connection.session !== undefined && !usesTicket && keeps) {
    remember(connection, connection.session);
    announce(connection, connection.session);
  }
  yield* handshake.flush();
  return { identity, finished: held };
}

interface HelloAnswer {
  readonly id: Uint8Array;
  readonly ticket: boolean;
  readonly status: boolean;
  readonly acknowledgeName: boolean;
}

function sendServerHello(handshake: Handshake, { hello, block }: ReadHello, agreed: Agreed12, answer: HelloAnswer): void {
  const { connection } = handshake;
  connection.serverRandom = serverRandom(connection, agreed.version);
  const { ownFinished = EMPTY, peerFinished = EMPTY } = connection;
  const extensions: RawExtension[] = [];
  const ec = agreed.suite.keyExchange.startsWith('ecdhe') && block.has(ecPointFormats);
  if (connection.secureRenegotiation) {
    extensions.push(encode(renegotiationInfo, 'SH12', connection.established ? concat(peerFinished, ownFinished) : EMPTY));
  }
  if (answer.acknowledgeName && !connection.reused) extensions.push(encode(serverName, 'SH12', true));
  const sizes = answerRecordSizes(connection, { limit: block.get(recordSizeLimit), code: block.get(maxFragmentLength) });
  if (sizes.limit !== undefined) extensions.push(encode(recordSizeLimit, 'SH12', sizes.limit));
  if (sizes.code !== undefined) extensions.push(encode(maxFragmentLength, 'SH12', sizes.code));
  if (connection.reused ? chooseTypeUnseen(connection, block) : connection.ownCredential !== undefined)
    extensions.push(...certificateTypeAnswers(connection, block, 'SH12', !connection.reused && asksForCertificate(connection)));
  if (ec) extensions.push(encode(ecPointFormats, 'SH12', Uint8Array.of(UNCOMPRESSED)));
  if (answer.ticket) extensions.push(encode(sessionTicket, 'SH12', true));
  if (answer.status) extensions.push(encode(statusRequest, 'SH12', true));
  if (connection.alpn !== undefined) extensions.push(encode(alpn, 'SH12', connection.alpn));
  const timestamps = connection.ownCredential?.signedCertificateTimestamps;
  if (timestamps !== undefined && !connection.reused && block.has(signedCertificateTimestamp)) {
    extensions.push(encode(signedCertificateTimestamp, 'SH12', timestamps));
  }
  if (agreed.encryptThenMac) extensions.push(encode(encryptThenMac, 'SH12', true));
  if (agreed.extendedMasterSecret) extensions.push(encode(extendedMasterSecret, 'SH12', true));
  extensions.push(...customExtensionsFor(connection, EXT.TLS1_2_SERVER_HELLO, new Set(hello.extensions.map(({ type }) => type))));
  handshake.send(serverHello, {
    legacyVersion: agreed.version,
    random: connection.serverRandom,
    legacySessionIdEcho: answer.id,
    cipherSuite: agreed.suite.id,
    legacyCompressionMethod: 0,
    extensions,
  });
}

/** RFC 9846, 4.1.3: a server that speaks something newer says so at the end of its random. */
function serverRandom(connection: Connection, version: number): Uint8Array {
  const random = helloRandom(connection);
  const [newest = version] = versions(connection);
  if (newest === TLS1_3_VERSION && version === TLS1_2_VERSION) random.set(DOWNGRADE_TO_TLS12, 24);
  else if (newest >= TLS1_2_VERSION && version <= TLS1_1_VERSION) random.set(DOWNGRADE_TO_TLS11, 24);
  return random;
}

/** ServerKeyExchange: an ephemeral key, signed where there is a key to sign with, or a hint alone. */
function* sendServerKeys(
  handshake: Handshake,
  { suite }: Agreed12,
  group: number | DhGroup | undefined,
  chosen: Chosen12 | undefined,
): Step<ServerKeys | undefined> {
  const { connection } = handshake;
  const hint = connection.get('pskIdentityHint');
  const keys = yield* makeKeys(connection, suite, group);
  if (keys === undefined && !(usesPsk(suite) && hint !== undefined)) return undefined;
  const hintPart = usesPsk(suite) ? hintBytes(hint) : EMPTY;
  if (keys === undefined || chosen === undefined || !signsParameters(suite)) {
    handshake.send(serverKeyExchange, concat(hintPart, keys?.params ?? EMPTY));
    return keys;
  }
  const { client, server } = randoms(connection);
  const signed = yield* sign12(connection, chosen.credential.key, chosen.scheme, concat(client, server, keys.params));
  handshake.send(
    serverKeyExchange,
    build((w) => writeSigned(w.bytes(keys.params), signed)),
  );
  return keys;
}

function* makeKeys(connection: Connection, suite: CipherSuite, group: number | DhGroup | undefined): Step<ServerKeys | undefined> {
  if (group === undefined) return undefined;
  if (typeof group === 'number') connection.group = group;
  return typeof group === 'number' && usesEcdhe(suite) ? yield* makeEcdheKeys(connection, group) : yield* makeDheKeys(connection, group);
}

// ---- client authentication

const asksForCertificate = (connection: Connection): boolean => {
  const mode = verifyMode(connection);
  // SSL_VERIFY_CLIENT_ONCE: not again in a renegotiation, once it was asked for on this connection.
  return (mode & VERIFY.PEER) !== 0 && !(connection.certificateRequestsSent > 0 && (mode & VERIFY.CLIENT_ONCE) !== 0);
};

function sendCertificateRequest(handshake: Handshake, version: number): void {
  const { connection } = handshake;
  connection.certificateRequestsSent++;
  handshake.send(certificateRequest12(version), {
    certificateTypes: connection.get('clientCertificateTypes') ?? Uint8Array.of(CERTIFICATE_TYPE.rsaSign, CERTIFICATE_TYPE.ecdsaSign),
    signatureSchemes: version >= TLS1_2_VERSION ? verifySchemes(connection).map(({ id }) => id) : undefined,
    authorities: connection.get('clientCaList') ?? connection.get('caList') ?? [],
  });
}

function* readClientCertificate(handshake: Handshake): Step<Proof<'identity'>> {
  const { connection } = handshake;
  const { chain, key } = yield* receiveCertificate12(handshake);
  demandKeyUsage(chain, 'digitalSignature');
  if (chain.length > 0 || key !== undefined) return yield* verifyPeer(connection, chain);
  connection.verifyResult = 'OK';
  // RFC 5246, 7.4.6: handshake_failure, where the server insists.
  if ((verifyMode(connection) & VERIFY.FAIL_IF_NO_PEER_CERT) !== 0) fatal('handshake_failure', 'PEER_DID_NOT_RETURN_A_CERTIFICATE');
  return waivedOrVerified();
}

function* readCertificateVerify(handshake: Handshake, version: number): Step<void> {
  const { connection, transcript } = handshake;
  const signed = transcript.all();
  const key = peerKey(connection) ?? fatal('unsupported_certificate', 'UNKNOWN_CERTIFICATE_TYPE');
  const message = yield* handshake.receive(certificateVerify12(version));
  yield* verify12(connection, key, verifySchemes(connection), signed, message.value);
}

// ---- tickets

/** RFC 5077, 3.3: the session sealed, or nothing where it cannot be. */
function* sendTicket(handshake: Handshake, master: Uint8Array): Step<void> {
  const { connection } = handshake;
  const lifetime = Math.min(connection.get('sessionTimeout') || 7200, LIMITS.sessionLifetime.value);
  // RFC 5077, 3.3: one was announced, so an empty one says that there is none.
  const wanted = mayTicket(connection);
  const session = new SslSession({ ...sessionOf(connection), secret: copyOf(master), timeout: lifetime, ticketLifetime: lifetime });
  const ticket = wanted ? ((yield* sealSession(connection, session.data)) ?? EMPTY) : EMPTY;
  session.free();
  handshake.send(newSessionTicket12, { lifetime, ticket });
}
