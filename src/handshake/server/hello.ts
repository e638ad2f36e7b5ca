import { copyOf } from '../../bytes/bytes.ts';
import { supportedVersions } from '../../extensions/supported-versions.ts';
import { readBlock } from '../../extensions/table.ts';
import { PlainSeal } from '../../record/protect-none.ts';
import { alertByCode } from '../../registry/alerts.ts';
import { fatal } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import { SUPPORTED_VERSIONS, TLS1_2_VERSION, TLS1_3_VERSION, versionName } from '../../registry/versions.ts';
import { type ClientHello, clientHello } from '../../wire/client-hello.ts';
import type { Received } from '../../wire/message.ts';
import { versions } from '../common/policy.ts';
import type { Connection } from '../connection.ts';
import type { Established } from '../established.ts';
import type { Handshake } from '../handshake.ts';
import { type Step, untilAnswered } from '../step.ts';
import { declineHello, openHello } from './ech.ts';
import { serverTls12 } from './tls12.ts';
import { serverTls13 } from './tls13.ts';

/** TLS_FALLBACK_SCSV (RFC 7507): the client tries an older version than it speaks. */
const FALLBACK_SCSV = 0x5600;

/** A server's handshake up to the version; one function for each version goes on from there. */
export function* serverHandshake(handshake: Handshake): Step<Established> {
  const { connection } = handshake;
  // RFC 9846, 4.2.2: a stateless server may meet the compatibility record of a hello that it answered and forgot.
  if (connection.stateless) connection.io.changeCipherSpecs = LIMITS.changeCipherSpecRecords.value;
  const received = yield* handshake.receiveUncounted(clientHello);
  if (!connection.established) connection.io.protectWrite(new PlainSeal(TLS1_2_VERSION));
  connection.io.changeCipherSpecs = LIMITS.changeCipherSpecRecords.value;
  const { hello, raw } = yield* meantHello(handshake, received);
  connection.clientRandom = copyOf(hello.random);
  connection.peerCipherSuites = hello.cipherSuites;
  connection.showExtensions(hello.extensions);
  const version = chooseVersion(connection, hello);
  return version === TLS1_3_VERSION ? yield* serverTls13(handshake, hello, raw) : yield* serverTls12(handshake, hello, raw, version);
}

/** The hello to answer: what was sealed in the one that came, unless the application will not serve that. */
function* meantHello(
  handshake: Handshake,
  received: Received<'ClientHello', ClientHello>,
): Step<{ readonly hello: ClientHello; readonly raw: Uint8Array }> {
  const { connection } = handshake;
  const { value: hello, raw } = yield* openHello(handshake, received);
  if (yield* showClientHello(connection, hello, raw)) return { hello, raw };
  declineHello(handshake);
  yield* showClientHello(connection, received.value, received.raw);
  return { hello: received.value, raw: received.raw };
}

/** SSL_CTX_set_client_hello_cb(3). False where a hello that was sealed is to be put aside. */
function* showClientHello(connection: Connection, hello: ClientHello, raw: Uint8Array): Step<boolean> {
  const callback = connection.get('clientHelloCallback');
  if (callback === undefined) return true;
  const info = {
    raw,
    legacyVersion: hello.legacyVersion,
    random: hello.random,
    sessionId: hello.legacySessionId,
    cipherSuites: hello.cipherSuites,
    compressionMethods: hello.legacyCompressionMethods,
    extensions: hello.extensions,
  };
  const verdict = yield* untilAnswered(() => callback(connection.owner.handle, info), 'client_hello_cb');
  if (verdict === 'disable_ech') return connection.ech !== 'accepted';
  if (verdict !== 'ok') fatal(alertByCode(verdict.alert), 'CALLBACK_FAILED', 'ClientHello callback');
  return true;
}

/** The newest version both sides speak (RFC 9846, 4.2.1). */
function chooseVersion(connection: Connection, hello: ClientHello): number {
  const own = versions(connection);
  const extension = hello.extensions.find(({ type }) => type === supportedVersions.id);
  // RFC 5246, E.1: without the extension, legacy_version is the newest of all the versions up to it, TLS 1.2 at most.
  const offered =
    extension === undefined
      ? SUPPORTED_VERSIONS.filter((version) => version <= Math.min(hello.legacyVersion, TLS1_2_VERSION))
      : (readBlock('CH', [extension]).get(supportedVersions) ?? []);
  connection.clientVersion = Math.max(...offered.filter((version) => version >>> 8 === 3 && version <= TLS1_3_VERSION), 0);
  // RFC 5246, 7.4.1.1 and RFC 9846, 4.1.2: a connection keeps its version.
  const version = own.find((candidate) => offered.includes(candidate) && (!connection.established || candidate === connection.version));
  if (version === undefined) return fatal('protocol_version', 'UNSUPPORTED_PROTOCOL', versionName(connection.clientVersion));
  // RFC 7507, 3: a fallback although both sides speak something newer.
  if (hello.cipherSuites.includes(FALLBACK_SCSV) && (own[0] ?? 0) > connection.clientVersion)
    fatal('inappropriate_fallback', 'INAPPROPRIATE_FALLBACK');
  return version;
}
