/** RFC 5246, figures 1 and 2, from the ServerHello on, as a client of TLS 1.0–1.2. */
import { concat, copyOf, EMPTY, sameBytes } from '../../bytes/bytes.ts';
import { Prf } from '../../crypto/prf.ts';
import { alpn } from '../../extensions/alpn.ts';
import { signedCertificateTimestamp, statusRequest } from '../../extensions/certificate-status.ts';
import type { ExtensionBlock } from '../../extensions/extension.ts';
import { maxFragmentLength, recordSizeLimit } from '../../extensions/record-size.ts';
import { readBlock } from '../../extensions/table.ts';
import { ecPointFormats, encryptThenMac, extendedMasterSecret, renegotiationInfo, sessionTicket } from '../../extensions/tls12.ts';
import { PlainSeal } from '../../record/protect-none.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import { OPTIONS } from '../../registry/options.ts';
import { SslSession } from '../../session/session.ts';
import type { ServerHello } from '../../wire/server-hello.ts';
import {
  type CertificateRequest12,
  certificateRequest12,
  certificateStatus,
  certificateVerify12,
  clientKeyExchange,
  newSessionTicket12,
  serverHelloDone,
  serverKeyExchange,
} from '../../wire/tls12-messages.ts';
import { orNothing } from '../common/candidates.ts';
import { receiveCertificate12, sendCertificate12 } from '../common/certificate12.ts';
import { askForClientCertificate, type Chosen12, chooseCredential12, type Demand12 } from '../common/credential.ts';
import { EXT, parseCustomExtensions } from '../common/custom-extensions.ts';
import {
  clientExchange,
  readServerKeys,
  type ServerOffer,
  signsParameters,
  usesDhe,
  usesEcdhe,
  usesPsk,
} from '../common/key-exchange12.ts';
import { demandAgreedType, peerKey, takeCertificateTypes } from '../common/raw-key.ts';
import { takeRecordSizes } from '../common/record-sizes.ts';
import { sign12, verify12 } from '../common/signed12.ts';
import { checkStaple } from '../common/staple.ts';
import { remember, sessionOf } from '../common/tickets.ts';
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
import { demandKeyUsage, recallPeer, reverifyPeer, verifyPeer, waivedOrVerified } from '../common/verify-peer.ts';
import type { Connection } from '../connection.ts';
import type { Established } from '../established.ts';
import type { Handshake } from '../handshake.ts';
import type { Proof, Step } from '../step.ts';
import { endRejected } from './ech.ts';
import type { SentOffer } from './hello.ts';

/** What a ServerHello of TLS 1.2 announces besides what was agreed on. */
interface Announced {
  readonly agreed: Agreed12;
  /** A NewSessionTicket will come. */
  readonly ticket: boolean;
  /** A CertificateStatus may come. */
  readonly status: boolean;
}

export function* clientTls12(handshake: Handshake, sent: SentOffer, hello: ServerHello, suite: CipherSuite): Step<Established> {
  const { connection, transcript } = handshake;
  const announced = readServerHello(connection, sent, hello, suite);
  const { agreed } = announced;
  if (!connection.established) connection.io.protectWrite(new PlainSeal(agreed.version));
  const hash = transcriptHash(agreed);
  transcript.start(hash);
  const prf = new Prf(connection.provider, agreed.version, suite.hash);
  const session = resumedSession(connection, sent, hello);
  if (session === undefined) return yield* fullHandshake(handshake, sent, hello, announced, prf);
  return yield* resume(handshake, session, announced, prf);
}

// ---- ServerHello

function readServerHello(connection: Connection, sent: SentOffer, hello: ServerHello, suite: CipherSuite): Announced {
  const block = readBlock('SH12', hello.extensions);
  block.onlyAnswersTo(sent.extensions);
  connection.io.version = hello.legacyVersion;
  connection.suite = suite;
  connection.serverRandom = copyOf(hello.random);
  checkRenegotiation(connection, block);
  connection.peerPointFormats = block.get(ecPointFormats);
  checkPointFormats(connection.peerPointFormats);
  readProtocol(connection, sent, block);
  takeCertificateTypes(connection, block);
  takeRecordSizes(connection, { limit: block.get(recordSizeLimit), code: block.get(maxFragmentLength) });
  parseCustomExtensions(connection, EXT.TLS1_2_SERVER_HELLO, hello.extensions);
  connection.signedCertificateTimestamps = block.get(signedCertificateTimestamp);
  const bound = block.has(extendedMasterSecret);
  // RFC 7627, 5.3: without it, resumption and exporters are open to a man in the middle (triple handshake).
  if (!bound && connection.get('extendedMasterSecret') === 'require') fatal('handshake_failure', 'EXTENDED_MASTER_SECRET_REQUIRED');
  // RFC 7627, 5.4: a renegotiation neither drops the binding nor adds it.
  if (connection.established && bound !== connection.extendedMasterSecret) fatal('handshake_failure', 'INCONSISTENT_EXTMS');
  return {
    agreed: {
      version: hello.legacyVersion,
      suite,
      extendedMasterSecret: bound,
      // RFC 7366, 3: for CBC alone; with another cipher it says nothing.
      encryptThenMac: block.has(encryptThenMac) && suite.cbc !== undefined,
    },
    ticket: block.has(sessionTicket),
    status: block.has(statusRequest),
  };
}

/** RFC 5746, 3.4 and 3.5: empty in a first handshake; both Finished values in a later one. */
function checkRenegotiation(connection: Connection, block: ExtensionBlock<'SH12'>): void {
  const info = block.get(renegotiationInfo);
  const { ownFinished = EMPTY, peerFinished = EMPTY } = connection;
  if (info === undefined) {
    if (connection.established && connection.secureRenegotiation) fatal('handshake_failure', 'RENEGOTIATION_MISMATCH');
    if (!connection.hasOption(OPTIONS.LEGACY_SERVER_CONNECT)) fatal('handshake_failure', 'UNSAFE_LEGACY_RENEGOTIATION_DISABLED');
    connection.secureRenegotiation = false;
    return;
  }
  // RFC 5746, 3.5: it does not appear on the way either.
  if (connection.established && !connection.secureRenegotiation) fatal('handshake_failure', 'RENEGOTIATION_MISMATCH');
  const expected = connection.established ? concat(ownFinished, peerFinished) : EMPTY;
  if (!sameBytes(info, expected)) fatal('handshake_failure', 'RENEGOTIATION_MISMATCH');
  connection.secureRenegotiation = true;
}

function readProtocol(connection: Connection, { offer }: SentOffer, block: ExtensionBlock<'SH12'>): void {
  const protocol = block.get(alpn);
  // RFC 7301, 3.1: the server chooses among what we offered.
  if (protocol !== undefined && !offer.alpn.some((name) => sameBytes(name, protocol))) {
    fatal('illegal_parameter', 'BAD_EXTENSION', 'ALPN');
  }
  connection.alpn = protocol;
}

// ---- resumption

/** The session we offered, if the server took it up: it echoes our session id (RFC 5246, 7.4.1.3; RFC 5077, 3.4). */
function resumedSession(connection: Connection, { offer }: SentOffer, hello: ServerHello): SslSession | undefined {
  const { session } = offer.resumption12 ?? {};
  if (hello.legacySessionIdEcho.length === 0 || !sameBytes(hello.legacySessionIdEcho, offer.sessionId)) return undefined;
  // RFC 9846, 4.1.3 and D.4: an id that stands for no session cannot be taken up.
  if (session === undefined) return fatal('illegal_parameter', 'INVALID_SESSION_ID');
  // RFC 5246, 7.4.1.3: version and suite are the session's.
  if (session.data.version !== hello.legacyVersion) fatal('illegal_parameter', 'SSL_SESSION_VERSION_MISMATCH');
  if (session.data.cipherSuite !== hello.cipherSuite) fatal('illegal_parameter', 'OLD_SESSION_CIPHER_NOT_RETURNED');
  connection.reused = true;
  recallPeer(connection, session.data);
  // What stands in this hello is not of the certificate that was checked.
  connection.ocspResponse = session.data.ocspResponse;
  connection.signedCertificateTimestamps = session.data.signedCertificateTimestamps;
  connection.group = session.data.group;
  connection.pskIdentityHint = session.data.pskIdentityHint;
  connection.pskIdentity = session.data.pskIdentity;
  return session;
}

function* resume(handshake: Handshake, session: SslSession, { agreed, ticket }: Announced, prf: Prf): Step<Established> {
  const { connection } = handshake;
  // RFC 7627, 5.3: the binding neither appears nor disappears on the way.
  if (session.data.extendedMasterSecret !== agreed.extendedMasterSecret) fatal('handshake_failure', 'INCONSISTENT_EXTMS');
  const identity = yield* reverifyPeer(connection);
  const master = handshake.keep(copyOf(session.data.secret));
  const keys = keysOf(connection, agreed, prf, master);
  if (ticket) yield* receiveTicket(handshake, session.data.secret);
  const held = yield* receiveFinished(handshake, prf, master, keys);
  sendFinished(handshake, prf, master, keys);
  yield* handshake.flush();
  if (ticket) rememberSession(connection);
  return { identity, finished: held };
}

// ---- a full handshake

function* fullHandshake(handshake: Handshake, sent: SentOffer, hello: ServerHello, announced: Announced, prf: Prf): Step<Established> {
  const { connection, transcript } = handshake;
  const { agreed } = announced;
  const { suite, version } = agreed;
  const authenticated = suite.authentication === 'rsa' || suite.authentication === 'ecdsa' || suite.keyExchange === 'rsa-psk';
  const identity = authenticated ? yield* readServerCertificate(handshake, announced) : waivedOrVerified();
  const { offer, request } = yield* readServerFlight(handshake, sent, agreed);
  const chosen = request && (yield* sendClientCertificate(handshake, request, version));

  const exchange = yield* clientExchange(connection, suite, offer, sent.offer.legacyVersion);
  handshake.send(clientKeyExchange, exchange.body);
  const master = handshake.keep(masterSecret(handshake, agreed, prf, exchange.premaster));
  if (chosen !== undefined) {
    handshake.send(certificateVerify12(version), yield* sign12(connection, chosen.credential.key, chosen.scheme, transcript.all()));
  }
  transcript.forget();
  const keys: PendingKeys = keysOf(connection, agreed, prf, master);
  sendFinished(handshake, prf, master, keys);
  yield* handshake.flush();
  keepSession(connection, hello, master);
  if (announced.ticket) yield* receiveTicket(handshake, master);
  const held = yield* receiveFinished(handshake, prf, master, keys);
  // TLS 1.2 has no place for configs to try again with (RFC 9849, 6.1.6).
  if (connection.ech === 'rejected') endRejected(connection, undefined);
  rememberSession(connection);
  return { identity, finished: held };
}

/** The server's chain and, behind it, its OCSP response (RFC 5246, 7.4.2; RFC 6066, 8). */
function* readServerCertificate(handshake: Handshake, { status, agreed }: Announced): Step<Proof<'identity'>> {
  const { connection } = handshake;
  demandAgreedType(connection);
  const before = identityOf(connection);
  const { chain, key } = yield* receiveCertificate12(handshake);
  const now = identityOf(connection);
  // RFC 5246, 7.4.2: a server's list is not empty.
  if (now === undefined) return fatal('decode_error', 'LENGTH_TOO_SHORT', 'no server certificate');
  checkKeyKind(agreed.suite, key?.kind);
  demandKeyUsage(chain, usesRsaEncryption(agreed.suite) ? 'keyEncipherment' : 'digitalSignature');
  // RFC 5746 says nothing of it, but a server that becomes another one on the way is what 3SHAKE was made of.
  if (connection.established && before !== undefined && !sameBytes(before, now)) fatal('illegal_parameter', 'SERVER_CERT_CHANGED');
  connection.ocspResponse = undefined;
  if (status) yield* readStaple(handshake);
  const identity = yield* verifyPeer(connection, chain);
  yield* checkStaple(connection);
  return identity;
}

/** What a server showed, as bytes. */
const identityOf = ({ peerChain, peerRawKey }: Connection): Uint8Array | undefined => peerRawKey?.spki ?? peerChain[0]?.der;

const usesRsaEncryption = ({ keyExchange }: CipherSuite): boolean => keyExchange === 'rsa' || keyExchange === 'rsa-psk';

/** RFC 5246, 7.4.2: the certificate's key is of the kind that the suite signs or seals with. */
function checkKeyKind(suite: CipherSuite, kind: string | undefined): void {
  const rsa = kind === 'rsa' || (kind === 'rsa-pss' && suite.keyExchange !== 'rsa' && suite.keyExchange !== 'rsa-psk');
  const fits = suite.authentication === 'ecdsa' ? kind === 'ec' || kind === 'ed25519' || kind === 'ed448' : rsa;
  if (!fits) fatal('illegal_parameter', 'WRONG_CERTIFICATE_TYPE', `${kind ?? 'an unknown key'} for ${suite.name}`);
}

/** The message may be missing although it was announced (RFC 6066, 8). */
function* readStaple(handshake: Handshake): Step<void> {
  const { connection } = handshake;
  const message = yield* handshake.receiveUncounted(
    certificateStatus,
    serverKeyExchange,
    certificateRequest12(connection.version),
    serverHelloDone,
  );
  if (message.name !== 'CertificateStatus') return connection.io.putBack(message.raw);
  connection.ocspResponse = message.value;
  handshake.transcript.add(message.raw);
}

interface ServerFlight {
  readonly offer: ServerOffer | undefined;
  readonly request: CertificateRequest12 | undefined;
}

/** ServerKeyExchange, CertificateRequest and ServerHelloDone: the first where the suite has it, the second if the server wants it. */
function* readServerFlight(handshake: Handshake, sent: SentOffer, { suite, version }: Agreed12): Step<ServerFlight> {
  const { connection } = handshake;
  let offer: ServerOffer | undefined;
  const requestDef = certificateRequest12(version);
  const anonymous = suite.authentication === 'none' || suite.authentication === 'psk';
  if (usesEcdhe(suite) || usesDhe(suite)) {
    offer = yield* checkServerKeys(handshake, sent, suite, version, (yield* handshake.receive(serverKeyExchange)).value);
  }
  const hintMayCome = usesPsk(suite) && offer === undefined;
  let message = hintMayCome
    ? yield* handshake.receive(serverKeyExchange, requestDef, serverHelloDone)
    : yield* handshake.receive(requestDef, serverHelloDone);
  if (message.name === 'ServerKeyExchange') {
    // RFC 4279, 2: plain PSK and RSA_PSK send it for a hint alone.
    offer = readServerKeys(suite, version, message.value);
    message = yield* handshake.receive(requestDef, serverHelloDone);
  }
  if (message.name !== 'CertificateRequest') return { offer, request: undefined };
  // RFC 5246, 7.4.4: an anonymous server MUST NOT ask.
  if (anonymous) fatal('unexpected_message', 'TLS_CLIENT_CERT_REQ_WITH_ANON_CIPHER');
  connection.peerCaNames = message.value.authorities;
  connection.peerSignatureSchemes = message.value.signatureSchemes ?? [];
  connection.peerCertificateTypes = message.value.certificateTypes;
  yield* handshake.receive(serverHelloDone);
  return { offer, request: message.value };
}

function* checkServerKeys(handshake: Handshake, sent: SentOffer, suite: CipherSuite, version: number, body: Uint8Array): Step<ServerOffer> {
  const { connection } = handshake;
  const offer = readServerKeys(suite, version, body);
  if (!signsParameters(suite) || offer.signed === undefined) return offer;
  const key = peerKey(connection) ?? fatal('unsupported_certificate', 'UNKNOWN_CERTIFICATE_TYPE');
  const { client, server } = randoms(connection);
  yield* verify12(connection, key, sent.offer.schemes, concat(client, server, offer.params), offer.signed);
  return offer;
}

function* sendClientCertificate(handshake: Handshake, request: CertificateRequest12, version: number): Step<Chosen12 | undefined> {
  const { connection } = handshake;
  // RFC 9849, 6.1.7: who we are is not for the public name.
  if (connection.ech === 'rejected') {
    sendCertificate12(handshake, undefined);
    return undefined;
  }
  yield* askForClientCertificate(connection);
  const demand: Demand12 = {
    version,
    schemes: request.signatureSchemes,
    authorities: request.authorities,
    certificateTypes: request.certificateTypes,
    kinds: undefined,
    groups: undefined,
    signs: true,
  };
  const chosen = orNothing(connection, chooseCredential12(connection, demand));
  sendCertificate12(handshake, chosen?.credential);
  return chosen;
}

// ---- sessions

function keepSession(connection: Connection, hello: ServerHello, master: Uint8Array): void {
  connection.replaceSession(new SslSession({ ...sessionOf(connection), secret: copyOf(master), id: copyOf(hello.legacySessionIdEcho) }));
}

function rememberSession(connection: Connection): void {
  const { session } = connection;
  if (session === undefined || !session.isResumable) return;
  remember(connection, session);
  connection.get('newSessionCallback')?.(connection.owner.handle, session);
}

/** RFC 5077, 3.3: a new ticket; an empty one means that there is none after all. */
function* receiveTicket(handshake: Handshake, master: Uint8Array): Step<void> {
  const { connection } = handshake;
  const { lifetime, ticket } = (yield* handshake.receive(newSessionTicket12)).value;
  if (ticket.length === 0) return;
  connection.replaceSession(
    new SslSession({
      ...sessionOf(connection),
      secret: copyOf(master),
      ticket: copyOf(ticket),
      ticketLifetime: lifetime,
      // RFC 5077, 3.4: an id of our own making tells from the echo whether the ticket was taken.
      id: connection.provider.digest('sha256', ticket),
      timeout: Math.min(lifetime || connection.get('sessionTimeout'), LIMITS.sessionLifetime.value),
    }),
  );
}
