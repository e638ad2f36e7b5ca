/** Encrypted ClientHello as a client: an offer sealed in the envelope of another one (RFC 9849, 6). */
import { copyOf, EMPTY, sameBytes } from '../../bytes/bytes.ts';
import { build } from '../../bytes/writer.ts';
import { echInfo } from '../../config/ech-keys.ts';
import {
  HPKE_TAG_LENGTH,
  type HpkeKem,
  type HpkeSender,
  type HpkeSymmetric,
  hpkeKem,
  hpkeKemOf,
  hpkeSender,
  isHpkeSymmetric,
} from '../../crypto/hpke.ts';
import { echOuterExtensions, encryptedClientHello, writeOuterTypes } from '../../extensions/encrypted-client-hello.ts';
import { encode } from '../../extensions/extension.ts';
import { preSharedKey } from '../../extensions/pre-shared-key.ts';
import { serverName } from '../../extensions/server-name.ts';
import { readBlock } from '../../extensions/table.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { EchRejected, fatal } from '../../registry/fatal.ts';
import { TLS1_3_VERSION } from '../../registry/versions.ts';
import { clientHello } from '../../wire/client-hello.ts';
import { type EchConfig, isMandatory, isPublicName, parseEchConfigList } from '../../wire/ech-config.ts';
import { decodeMessage, encodeMessage, MESSAGE_HEADER_LENGTH, type RawExtension, type Received } from '../../wire/message.ts';
import { isHelloRetryRequest, type ServerHello } from '../../wire/server-hello.ts';
import { confirms } from '../common/ech.ts';
import { helloRandom } from '../common/policy.ts';
import { hashLength } from '../common/psk.ts';
import type { Connection } from '../connection.ts';
import type { Handshake } from '../handshake.ts';
import { type Step, settle } from '../step.ts';
import { Transcript } from '../transcript.ts';
import type { SentOffer } from './hello.ts';
import { extensionsOf, helloOf, type Offer, offeredVersions, serverNameOf, suitesFor, writeHello } from './offer.ts';

/** The config that was chosen, and the context that seals under its key. */
export interface Sealing {
  readonly config: EchConfig;
  readonly suite: HpkeSymmetric;
  readonly sender: HpkeSender;
}

/** The hello that everybody sees, around the one that is meant. */
export interface Envelope {
  readonly sealing: Sealing;
  readonly offer: Offer;
  /** Types of its extensions, once it is written. */
  readonly extensions: ReadonlySet<number>;
  /** Of the hello that everybody sees. */
  readonly transcript: Transcript;
  /** The encapsulated key; empty in a second hello (RFC 9849, 6.1.5). */
  readonly enc: Uint8Array;
  /** A HelloRetryRequest confirmed that the sealed hello was opened. */
  readonly confirmed: boolean;
}

/** encrypted_client_hello of the hello that is meant. */
export const INNER: RawExtension = encode(encryptedClientHello, 'CH', 'inner');

/** These say what is to be hidden, or belong to one of the two hellos alone. */
const NEVER_SHARED: ReadonlySet<number> = new Set([serverName.id, encryptedClientHello.id]);

// ---- what to offer

/** The first config of the list that can be used, with a context for it; undefined where there is none (RFC 9849, 6.1). */
export function* chooseSealing(connection: Connection): Step<Sealing | undefined> {
  const list = connection.get('echConfigList');
  if (!connection.established && offeredVersions(connection).includes(TLS1_3_VERSION)) {
    for (const config of list === undefined ? [] : parseEchConfigList(list)) {
      const usable = usableSuite(config);
      const sender =
        usable && (yield* settle(hpkeSender(connection.provider, usable.kem, usable.suite, config.publicKey, echInfo(config))));
      if (usable !== undefined && sender !== undefined) return { config, suite: usable.suite, sender };
    }
  }
  if (connection.get('rejectUnusableEchConfig') && !connection.established) fatal('internal_error', 'UNUSABLE_ECH_CONFIG_LIST');
  return undefined;
}

/** RFC 9849, 4.2, 6.1 and 6.1.7: a KEM and a suite that we have, no demand that we do not know, a public name that is one. */
function usableSuite(config: EchConfig): { readonly kem: HpkeKem; readonly suite: HpkeSymmetric } | undefined {
  const kem = hpkeKem(config.kem);
  const suite = config.cipherSuites.find(isHpkeSymmetric);
  if (kem === undefined || suite === undefined) return undefined;
  return isPublicName(config.publicName) && !config.extensions.some(isMandatory) ? { kem, suite } : undefined;
}

/** The envelope of an offer: for the public name, and with nothing in it that tells one host behind it from another. */
export function makeEnvelope(connection: Connection, inner: Offer, sealing: Sealing): Envelope {
  const versions = offeredVersions(connection);
  const offer: Offer = {
    ...inner,
    versions,
    suites: suitesFor(connection, versions),
    // RFC 9849, 6.1: the random MUST be another one.
    random: helloRandom(connection),
    serverName: sealing.config.publicName,
    alpn: connection.get('echOuterAlpn') ?? inner.alpn,
    psks: [],
    isEnvelope: true,
    greasePsk: inner.psks.length > 0 ? greasePsk(connection, inner) : undefined,
  };
  const transcript = new Transcript(connection.provider);
  return { sealing, offer, extensions: new Set(), transcript, enc: sealing.sender.enc, confirmed: false };
}

/** The same for the second hello: the context of the first goes on (RFC 9849, 6.1.5). */
export const nextEnvelope = (envelope: Envelope, changed: Partial<Offer>, hasPsks: boolean): Envelope => ({
  ...envelope,
  offer: { ...envelope.offer, ...changed, greasePsk: hasPsks ? envelope.offer.greasePsk : undefined },
  enc: EMPTY,
});

/** RFC 9849, 6.1.2: identities and binders as long as the real ones, of random bytes. */
function greasePsk({ provider }: Connection, { psks }: Offer): RawExtension {
  const data = build((w) => {
    w.vec16((list) => {
      for (const { identity } of psks) list.vec16(provider.random(identity.length)).bytes(provider.random(4));
    });
    w.vec16((list) => {
      for (const { hash } of psks) list.vec8(provider.random(hashLength(hash)));
    });
  });
  return { type: preSharedKey.id, data };
}

/** encrypted_client_hello that seals nothing (RFC 9849, 6.2). */
export function* greaseEch({ provider }: Connection): Step<RawExtension> {
  const kem = hpkeKemOf('x25519') ?? fatal('internal_error', 'INTERNAL_ERROR');
  const key = yield* settle(provider.ephemeral(kem.curve));
  key.wipe();
  const [configId = 0, aead = 0, length = 0] = provider.random(3);
  // As long as a hello of ours is when it is sealed: names of 0 to 96 bytes, in steps of 32.
  const payload = provider.random(PAD * (4 + (length % 4)) + HPKE_TAG_LENGTH);
  return encode(encryptedClientHello, 'CH', { suite: { kdf: 1, aead: 1 + (aead % 3) }, configId, enc: key.publicKey, payload });
}

// ---- the two messages

export interface SealedOffer {
  /** The message that goes on the wire. */
  readonly raw: Uint8Array;
  readonly inner: { readonly raw: Uint8Array; readonly extensions: ReadonlySet<number> };
  readonly envelope: Envelope;
}

/** Both ClientHellos. Extensions that are the same in both travel once, in the open one (RFC 9849, 5.1 and 6.1.1). */
export function sealOffer(connection: Connection, offer: Offer, envelope: Envelope, transcript: Transcript): SealedOffer {
  const { sealing, enc } = envelope;
  const outside = extensionsOf(connection, { ...envelope.offer, ech: undefined });
  const inside = extensionsOf(connection, offer);
  const isShared = (extension: RawExtension): boolean =>
    !NEVER_SHARED.has(extension.type) && outside.some(({ type, data }) => type === extension.type && sameBytes(data, extension.data));
  const shared = inside.filter(isShared);
  const own = inside.filter((extension) => !isShared(extension));
  // RFC 9849, 6.1: those that are shared stand side by side, and in the open hello in the same order.
  const inner = writeHello(connection, offer, [...own, ...shared], transcript);
  const psk = offer.psks.length > 0 ? decodeMessage(clientHello, inner.raw).value.extensions.slice(-1) : [];
  const encoded = encodeInner(offer, [...own, ...compressed(shared), ...psk], sealing.config);
  const written = (payload: Uint8Array) => {
    const ech = encode(encryptedClientHello, 'CH', { suite: sealing.suite, configId: sealing.config.configId, enc, payload });
    const filled = { ...envelope.offer, ech };
    return { offer: filled, ...writeHello(connection, filled, extensionsOf(connection, filled), envelope.transcript) };
  };
  const blank = written(new Uint8Array(encoded.length + HPKE_TAG_LENGTH));
  // RFC 9849, 5.2: what is authenticated is the open hello with zeros in the place of the payload.
  const { raw, extensions, offer: filled } = written(sealing.sender.seal(blank.raw.subarray(MESSAGE_HEADER_LENGTH), encoded));
  envelope.transcript.add(raw);
  connection.ech = 'offered';
  return { raw, inner, envelope: { ...envelope, offer: filled, extensions } };
}

const compressed = (shared: readonly RawExtension[]): readonly RawExtension[] =>
  shared.length === 0
    ? []
    : [
        {
          type: echOuterExtensions.id,
          data: build((w) =>
            writeOuterTypes(
              w,
              shared.map(({ type }) => type),
            ),
          ),
        },
      ];

/** Lengths are rounded up to this. */
const PAD = 32;

/** What server_name takes besides the name. */
const SERVER_NAME_OVERHEAD = 9;

/** EncodedClientHelloInner with the padding of RFC 9849, 6.1.3. */
function encodeInner(offer: Offer, extensions: readonly RawExtension[], { maximumNameLength }: EchConfig): Uint8Array {
  const hello = { ...helloOf(offer, extensions), legacySessionId: EMPTY };
  const bytes = encodeMessage(clientHello, hello).subarray(MESSAGE_HEADER_LENGTH);
  const name = serverNameOf(offer);
  const missing =
    name === undefined ? maximumNameLength + SERVER_NAME_OVERHEAD : maximumNameLength - (name.data.length + 4 - SERVER_NAME_OVERHEAD);
  const least = bytes.length + Math.max(0, missing);
  const out = new Uint8Array(Math.ceil(least / PAD) * PAD);
  out.set(bytes);
  return out;
}

// ---- which of the two the server took

/**
 * Goes on with the hello that the server took (RFC 9849, 6.1.4). `suite` is the one it chose for TLS 1.3; an older version never
 * belongs to the sealed hello.
 */
export function settleEnvelope(
  handshake: Handshake,
  sent: SentOffer,
  { value, raw }: Received<'ServerHello', ServerHello>,
  suite: CipherSuite | undefined,
): SentOffer {
  const { connection } = handshake;
  const { envelope, offer } = sent;
  if (envelope === undefined) return sent;
  if (suite !== undefined && isConfirmed(handshake, offer, value, raw, suite)) {
    connection.ech = 'accepted';
    return { ...sent, envelope: { ...envelope, confirmed: true } };
  }
  // RFC 9849, 6.1.5: accepted once, accepted for good.
  if (envelope.confirmed) fatal('illegal_parameter', 'INCONSISTENT_ECH_NEGOTIATION');
  connection.ech = 'rejected';
  connection.echPublicName = envelope.sealing.config.publicName;
  connection.clientRandom = envelope.offer.random;
  handshake.transcript = envelope.transcript;
  envelope.sealing.sender.wipe();
  return { offer: envelope.offer, extensions: envelope.extensions };
}

function isConfirmed(handshake: Handshake, offer: Offer, hello: ServerHello, raw: Uint8Array, suite: CipherSuite): boolean {
  const { connection, transcript } = handshake;
  const isRetry = isHelloRetryRequest(hello);
  // Syntax first: a confirmation of another length is decode_error.
  const signal = isRetry ? readBlock('HRR', hello.extensions).get(encryptedClientHello) : hello.random.subarray(24);
  if (signal === undefined) return false;
  // A retry's transcript begins with the hash of the first hello (RFC 9846, 4.4.1), which is not settled before this.
  const before = isRetry ? transcript.afterRetry(suite.hash) : transcript;
  return confirms(connection.provider, suite.hash, isRetry ? 'retry' : 'hello', offer.random, before, raw, signal);
}

/** RFC 9849, 6.1.6: the public name has been authenticated; what it had to say is with what to try again. */
export function endRejected(connection: Connection, retryConfigs: Uint8Array | undefined): never {
  // The session that was sealed in is as good as before, and nothing of this handshake is one.
  connection.replaceSession(undefined);
  throw new EchRejected(retryConfigs === undefined ? EMPTY : copyOf(retryConfigs));
}
