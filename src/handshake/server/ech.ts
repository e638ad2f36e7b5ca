/** Encrypted ClientHello as a server: opening the hello that is meant (RFC 9849, 7). */
import { copyOf } from '../../bytes/bytes.ts';
import { Reader, readAll } from '../../bytes/reader.ts';
import { type EchKey, type EchKeys, echInfo } from '../../config/ech-keys.ts';
import { type HpkeRecipient, hpkeRecipient } from '../../crypto/hpke.ts';
import { echOuterExtensions, encryptedClientHello, readOuterTypes, type SealedHello } from '../../extensions/encrypted-client-hello.ts';
import type { ExtensionBlock } from '../../extensions/extension.ts';
import { supportedVersions } from '../../extensions/supported-versions.ts';
import { CONTENT_TYPE } from '../../registry/content-types.ts';
import { fatal } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import { TLS1_3_VERSION } from '../../registry/versions.ts';
import { type ClientHello, clientHello } from '../../wire/client-hello.ts';
import { decodeMessage, encodeMessage, MESSAGE_HEADER_LENGTH, type RawExtension, type Received } from '../../wire/message.ts';
import { versions } from '../common/policy.ts';
import type { Connection } from '../connection.ts';
import type { Handshake } from '../handshake.ts';
import { type Step, settle } from '../step.ts';

type ReceivedHello = Received<'ClientHello', ClientHello>;

/** The hello that is meant: the sealed one where one of our keys opens it, otherwise the one that came (RFC 9849, 7.1). */
export function* openHello(handshake: Handshake, received: ReceivedHello): Step<ReceivedHello> {
  const { connection } = handshake;
  if (!speaksEch(connection)) return received;
  const offered = echOf(received.value);
  if (offered === undefined) return received;
  const keys = connection.get('echKeys');
  if (offered === 'inner') {
    // RFC 9849, 7: such a hello comes out of an envelope, or from the server that opened it; who opens them itself has no such server.
    if (keys !== undefined) fatal('illegal_parameter', 'INVALID_CLIENT_HELLO_INNER', 'it came without its envelope');
    return received;
  }
  connection.ech = 'rejected';
  if (keys === undefined) return received;
  handshake.ech = { retryConfigs: keys.retryConfigs };
  for (const key of candidates(keys, offered)) {
    const { config, kem, privateKey } = key;
    const recipient = yield* settle(hpkeRecipient(connection.provider, kem, offered.suite, privateKey, offered.enc, echInfo(config)));
    const encoded = recipient && open(recipient, received.raw, offered.payload);
    if (recipient === undefined || encoded === undefined) {
      recipient?.wipe();
      continue;
    }
    handshake.ech = { opened: { recipient, suite: offered.suite, configId: offered.configId } };
    connection.ech = 'accepted';
    return innerHello(connection, encoded, received.value);
  }
  return received;
}

/** The second hello, under the context of the first (RFC 9849, 7.1.1). */
export function openSecondHello(handshake: Handshake, received: ReceivedHello): ReceivedHello {
  const { connection } = handshake;
  const opened = connection.ech === 'accepted' ? handshake.ech?.opened : undefined;
  if (opened === undefined) return received;
  const offered = echOf(received.value);
  if (offered === undefined) return fatal('missing_extension', 'MISSING_EXTENSION', encryptedClientHello.name);
  if (offered === 'inner') return fatal('illegal_parameter', 'INVALID_CLIENT_HELLO_AFTER_RETRY', encryptedClientHello.name);
  const { suite, configId, enc, payload } = offered;
  if (suite.kdf !== opened.suite.kdf || suite.aead !== opened.suite.aead || configId !== opened.configId || enc.length > 0)
    fatal('illegal_parameter', 'INVALID_CLIENT_HELLO_AFTER_RETRY', encryptedClientHello.name);
  const encoded = open(opened.recipient, received.raw, payload) ?? fatal('decrypt_error', 'DECRYPTION_FAILED', encryptedClientHello.name);
  return innerHello(connection, encoded, received.value);
}

/** The application will not serve what was sealed: the open hello is in force, and no configs say that another key would help. */
export function declineHello(handshake: Handshake): void {
  handshake.ech?.opened?.recipient.wipe();
  handshake.ech = undefined;
  handshake.connection.ech = 'rejected';
}

/** Whether the answers to a hello say that it was opened: by us, or by whoever sent it on to us (RFC 9849, 7.2). */
export const isInner = (connection: Connection, block: ExtensionBlock<'CH'>): boolean =>
  speaksEch(connection) && block.get(encryptedClientHello) === 'inner';

/** A server that forgets the first hello has no context for the second. */
const speaksEch = (connection: Connection): boolean =>
  !connection.established && !connection.stateless && versions(connection).includes(TLS1_3_VERSION);

function echOf({ extensions }: ClientHello): SealedHello | 'inner' | undefined {
  const found = extensions.filter(({ type }) => type === encryptedClientHello.id);
  // RFC 9846, 4.2: no extension stands twice. The envelope is not read any further where its content is taken.
  if (found.length > 1) fatal('illegal_parameter', 'BAD_EXTENSION', `${encryptedClientHello.name} twice`);
  return found[0] && readAll(found[0].data, encryptedClientHello.CH.read);
}

/** Keys of the id that the client names, whose config has the suite it used; as many as are tried. */
const candidates = ({ keys }: EchKeys, { configId, suite }: SealedHello): readonly EchKey[] =>
  keys
    .filter(({ config }) => config.configId === configId)
    .filter(({ config }) => config.cipherSuites.some(({ kdf, aead }) => kdf === suite.kdf && aead === suite.aead))
    .slice(0, LIMITS.echTrials.value);

/** RFC 9849, 5.2: what is authenticated is the open hello with zeros in the place of the payload, which is a view into it. */
function open(recipient: HpkeRecipient, raw: Uint8Array, payload: Uint8Array): Uint8Array | undefined {
  const aad = copyOf(raw.subarray(MESSAGE_HEADER_LENGTH));
  const at = payload.byteOffset - raw.byteOffset - MESSAGE_HEADER_LENGTH;
  aad.fill(0, at, at + payload.length);
  return recipient.open(aad, payload);
}

/** ClientHelloInner out of its encoded form (RFC 9849, 5.1), checked for what it must be (7.1). */
function innerHello(connection: Connection, encoded: Uint8Array, outer: ClientHello): ReceivedHello {
  const r = new Reader(encoded);
  const hello = clientHello.read(r);
  if (!r.rest().every((byte) => byte === 0)) fatal('illegal_parameter', 'INVALID_CLIENT_HELLO_INNER', 'padding that is not zero');
  if (hello.legacySessionId.length > 0) fatal('illegal_parameter', 'INVALID_CLIENT_HELLO_INNER', 'a session id');
  const extensions = withOuterExtensions(hello.extensions, outer.extensions);
  const raw = encodeMessage(clientHello, { ...hello, legacySessionId: outer.legacySessionId, extensions });
  if (echOf({ ...hello, extensions }) !== 'inner') fatal('illegal_parameter', 'INVALID_CLIENT_HELLO_INNER', 'not one that was sealed');
  if (!offersTls13Alone(extensions)) fatal('illegal_parameter', 'INVALID_CLIENT_HELLO_INNER', 'an older version');
  connection.showMessage(false, CONTENT_TYPE.clientHelloInner, raw);
  return decodeMessage(clientHello, raw);
}

function offersTls13Alone(extensions: readonly RawExtension[]): boolean {
  const extension = extensions.find(({ type }) => type === supportedVersions.id);
  const offered = extension === undefined ? [] : readAll(extension.data, supportedVersions.CH.read);
  return offered.length > 0 && !offered.some((version) => version >>> 8 === 3 && version < TLS1_3_VERSION);
}

/**
 * The extensions with those put in that stand in the outer hello alone. Both lists are walked once, so that a reference that goes back, or
 * stands twice, finds nothing; and since the sealed bytes stand beside what they refer to, what comes out is no longer than what came
 * (RFC 9849, 5.1 and 10.12.4).
 */
function withOuterExtensions(inner: readonly RawExtension[], outer: readonly RawExtension[]): readonly RawExtension[] {
  let at = 0;
  const next = (wanted: number): RawExtension => {
    while (at < outer.length && outer[at]?.type !== wanted) at++;
    const found = outer[at++];
    if (found === undefined || FORBIDDEN.has(wanted)) return fatal('illegal_parameter', 'INVALID_OUTER_EXTENSION', `extension ${wanted}`);
    return found;
  };
  return inner.flatMap((extension) =>
    extension.type === echOuterExtensions.id ? readAll(extension.data, readOuterTypes).map(next) : [extension],
  );
}

/** RFC 9849, 5.1: the envelope's own extension is not for the content, and a reference is none to another. */
const FORBIDDEN: ReadonlySet<number> = new Set([encryptedClientHello.id, echOuterExtensions.id]);
