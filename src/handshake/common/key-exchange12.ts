/** Key exchanges of TLS 1.0–1.2: what ServerKeyExchange and ClientKeyExchange carry, and the secret they lead to (RFC 5246, 7.4.3 and 7.4.7; RFC 8422; RFC 4279; RFC 5489). */

import { concat, copyOf, fromUtf8, utf8, wipe } from '../../bytes/bytes.ts';
import { Reader } from '../../bytes/reader.ts';
import { build } from '../../bytes/writer.ts';
import type { ExternalPsk } from '../../config/credentials.ts';
import { type DhGroup, ffdheGroup, isFfdhe, isUsableDhGroup } from '../../crypto/ffdhe.ts';
import { stripZeros } from '../../crypto/numbers.ts';
import type { AgreementName, EphemeralKey } from '../../crypto/provider.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { groupName, namedGroup } from '../../registry/groups.ts';
import { LIMITS } from '../../registry/limits.ts';
import { type DigitallySigned, readSigned } from '../../wire/tls12-messages.ts';
import type { Connection } from '../connection.ts';
import { type Step, settle } from '../step.ts';
import { allowed, groups } from './policy.ts';
import { peerKey } from './raw-key.ts';

/** ECCurveType named_curve (RFC 8422, 5.4); no other is spoken. */
const NAMED_CURVE = 3;

export const usesEcdhe = ({ keyExchange }: CipherSuite): boolean => keyExchange === 'ecdhe' || keyExchange === 'ecdhe-psk';
export const usesDhe = ({ keyExchange }: CipherSuite): boolean => keyExchange === 'dhe' || keyExchange === 'dhe-psk';
export const usesPsk = ({ keyExchange }: CipherSuite): boolean => keyExchange.endsWith('psk');
/** Whether the server signs its ephemeral key. */
export const signsParameters = ({ keyExchange, authentication }: CipherSuite): boolean =>
  (keyExchange === 'ecdhe' || keyExchange === 'dhe') && authentication !== 'none';

/** Groups of a list that TLS 1.2 can use for ECDHE. */
export const curves = (ids: readonly number[]): readonly number[] => ids.filter((id) => namedGroup(id)?.kind === 'ec');

// ---- ServerKeyExchange

/** A server's ephemeral key and the bytes that announce it, which are what it signs. */
export interface ServerKeys {
  readonly params: Uint8Array;
  readonly ephemeral: EphemeralKey;
}

export function* makeEcdheKeys(connection: Connection, group: number): Step<ServerKeys> {
  const ephemeral = yield* settle(connection.provider.ephemeral(primitiveOf(group)));
  return { ephemeral, params: build((w) => w.u8(NAMED_CURVE).u16(group).vec8(ephemeral.publicKey)) };
}

export function* makeDheKeys(connection: Connection, group: DhGroup | number): Step<ServerKeys> {
  const named = typeof group === 'number' ? primitiveOf(group) : undefined;
  const { prime, generator } = typeof group === 'number' ? ffdheOf(group) : group;
  const ephemeral = yield* settle(
    named === undefined ? connection.provider.ephemeralDh(prime, generator) : connection.provider.ephemeral(named),
  );
  return { ephemeral, params: build((w) => w.vec16(prime).vec16(generator).vec16(ephemeral.publicKey)) };
}

function primitiveOf(group: number): AgreementName {
  const [part] = namedGroup(group)?.parts ?? [];
  if (part === undefined || part.startsWith('ML-KEM')) return fatal('internal_error', 'INTERNAL_ERROR', groupName(group));
  return part as AgreementName;
}

function ffdheOf(group: number): DhGroup {
  const name = primitiveOf(group);
  return isFfdhe(name) ? ffdheGroup(name) : fatal('internal_error', 'INTERNAL_ERROR', groupName(group));
}

/** A ServerKeyExchange as a client reads it. */
export interface ServerOffer {
  readonly hint: string | undefined;
  /** What the signature covers. */
  readonly params: Uint8Array;
  readonly ecdhe: { readonly group: number; readonly point: Uint8Array } | undefined;
  readonly dhe: { readonly prime: Uint8Array; readonly generator: Uint8Array; readonly value: Uint8Array } | undefined;
  readonly signed: DigitallySigned | undefined;
}

export function readServerKeys(suite: CipherSuite, version: number, body: Uint8Array): ServerOffer {
  const r = new Reader(body);
  const hint = usesPsk(suite) ? fromUtf8(r.vec16()) : undefined;
  const start = body.length - r.remaining;
  const ecdhe = usesEcdhe(suite) ? readCurve(r) : undefined;
  const dhe = usesDhe(suite) ? { prime: r.vec16(1), generator: r.vec16(1), value: r.vec16(1) } : undefined;
  const params = body.subarray(start, body.length - r.remaining);
  const signed = signsParameters(suite) ? readSigned(r, version) : undefined;
  r.finish();
  return { hint, params, ecdhe, dhe, signed };
}

function readCurve(r: Reader): { readonly group: number; readonly point: Uint8Array } {
  // RFC 8422, 5.4: explicit curves are not to be used.
  if (r.u8() !== NAMED_CURVE) fatal('illegal_parameter', 'WRONG_CURVE');
  return { group: r.u16(), point: r.vec8(1) };
}

// ---- the client's answer

/** A ClientKeyExchange and the premaster secret behind it. */
export interface Exchange {
  readonly body: Uint8Array;
  readonly premaster: Uint8Array;
}

/** Answers a server's ephemeral key, or sends a secret under its RSA key, and mixes a PSK in where the suite has one. */
export function* clientExchange(
  connection: Connection,
  suite: CipherSuite,
  offer: ServerOffer | undefined,
  clientVersion: number,
): Step<Exchange> {
  const psk = usesPsk(suite) ? yield* clientPsk(connection, offer?.hint) : undefined;
  const agreed = yield* clientAgreement(connection, suite, offer, clientVersion);
  if (psk === undefined) return agreed ?? fatal('internal_error', 'INTERNAL_ERROR', suite.name);
  const identity = build((w) => w.vec16(psk.identity));
  return { body: concat(identity, agreed?.body ?? new Uint8Array(0)), premaster: pskPremaster(psk.key, agreed?.premaster) };
}

function* clientAgreement(
  connection: Connection,
  suite: CipherSuite,
  offer: ServerOffer | undefined,
  clientVersion: number,
): Step<Exchange | undefined> {
  if (offer?.ecdhe !== undefined) return yield* answerEcdhe(connection, offer.ecdhe);
  if (offer?.dhe !== undefined) return yield* answerDhe(connection, offer.dhe);
  if (suite.keyExchange === 'rsa' || suite.keyExchange === 'rsa-psk') return yield* sealPremaster(connection, clientVersion);
  return undefined;
}

function* answerEcdhe(connection: Connection, { group, point }: { readonly group: number; readonly point: Uint8Array }): Step<Exchange> {
  // RFC 8422, 5.4: the curve MUST be one the client offered.
  if (!curves(groups(connection, connection.suite)).includes(group)) fatal('illegal_parameter', 'WRONG_CURVE', groupName(group));
  connection.group = group;
  const ephemeral = yield* settle(connection.provider.ephemeral(primitiveOf(group)));
  const secret = yield* settle(ephemeral.agree(point));
  if (secret === undefined) return fatal('illegal_parameter', 'BAD_ECPOINT', groupName(group));
  return { body: build((w) => w.vec8(ephemeral.publicKey)), premaster: secret };
}

function* answerDhe(connection: Connection, { prime, generator, value }: NonNullable<ServerOffer['dhe']>): Step<Exchange> {
  const bits = 8 * stripZeros(prime).length;
  if (!isUsableDhGroup(prime, generator) || bits > LIMITS.dhPrimeBits.value)
    fatal('illegal_parameter', 'BAD_DH_VALUE', `a prime of ${bits} bits`);
  connection.dhPrimeBits = bits;
  if (!allowed(connection, 'group', dhStrength(bits), { prime, generator })) fatal('handshake_failure', 'DH_KEY_TOO_SMALL', `${bits} bits`);
  const ephemeral = yield* settle(connection.provider.ephemeralDh(prime, generator));
  const secret = yield* settle(ephemeral.agree(value));
  // RFC 7919, 5.1: 1 < Y < p-1.
  if (secret === undefined) return fatal('illegal_parameter', 'BAD_DH_VALUE');
  // RFC 5246, 8.1.2: leading zeros are stripped; keys are used once, so Raccoon learns nothing from it.
  return { body: build((w) => w.vec16(ephemeral.publicKey)), premaster: stripZeros(secret) };
}

/** Strength in bits of a finite-field prime (NIST SP 800-57, as OpenSSL's DH_security_bits counts). */
export function dhStrength(bits: number): number {
  if (bits >= 15360) return 256;
  if (bits >= 7680) return 192;
  if (bits >= 3072) return 128;
  if (bits >= 2048) return 112;
  return bits >= 1024 ? 80 : 0;
}

/** RFC 5246, 7.4.7.1: 48 bytes, the first two the version the client offered. */
function* sealPremaster(connection: Connection, clientVersion: number): Step<Exchange> {
  const key = peerKey(connection) ?? fatal('internal_error', 'MISSING_RSA_CERTIFICATE');
  const recipient = connection.provider.importPublicKey(key);
  if (recipient.encrypt === undefined) return fatal('internal_error', 'MISSING_RSA_ENCRYPTING_CERT');
  const premaster = concat(Uint8Array.of(clientVersion >>> 8, clientVersion & 0xff), connection.provider.random(46));
  const sealed = yield* settle(recipient.encrypt(premaster));
  return { body: build((w) => w.vec16(sealed)), premaster };
}

// ---- the server's end of it

/** The premaster secret from a ClientKeyExchange. */
export function* serverExchange(
  connection: Connection,
  suite: CipherSuite,
  keys: ServerKeys | undefined,
  body: Uint8Array,
): Step<Uint8Array> {
  const r = new Reader(body);
  const psk = usesPsk(suite) ? yield* serverPsk(connection, r.vec16(0, LIMITS.pskIdentity.value)) : undefined;
  const secret = yield* serverAgreement(connection, suite, keys, r);
  r.finish();
  if (psk !== undefined) return pskPremaster(psk, secret);
  return secret ?? fatal('internal_error', 'INTERNAL_ERROR', suite.name);
}

function* serverAgreement(
  connection: Connection,
  suite: CipherSuite,
  keys: ServerKeys | undefined,
  r: Reader,
): Step<Uint8Array | undefined> {
  if (keys !== undefined) {
    const secret = yield* settle(keys.ephemeral.agree(usesEcdhe(suite) ? r.vec8(1) : r.vec16(1)));
    if (secret === undefined) return fatal('illegal_parameter', usesEcdhe(suite) ? 'BAD_ECPOINT' : 'BAD_DH_VALUE');
    return usesEcdhe(suite) ? secret : stripZeros(secret);
  }
  if (suite.keyExchange === 'rsa' || suite.keyExchange === 'rsa-psk') return yield* openPremaster(connection, r.vec16(1));
  return undefined;
}

/**
 * RFC 5246, 7.4.7.1: whatever is wrong with the message, the handshake goes on with a secret made beforehand and fails
 * at Finished, so that nobody learns what was wrong (Bleichenbacher).
 */
function* openPremaster(connection: Connection, sealed: Uint8Array): Step<Uint8Array> {
  const key = connection.ownCredential?.key;
  if (key?.decryptPremaster === undefined) return fatal('internal_error', 'MISSING_RSA_ENCRYPTING_CERT');
  const substitute = concat(connection.provider.random(48));
  const premaster = yield* settle(key.decryptPremaster(sealed, substitute));
  const { clientHelloVersion } = connection;
  // The version inside is checked by putting the right one in its place: a wrong one fails at Finished like everything else.
  premaster[0] = clientHelloVersion >>> 8;
  premaster[1] = clientHelloVersion;
  return premaster;
}

// ---- pre-shared keys (RFC 4279)

function* clientPsk(connection: Connection, hint: string | undefined): Step<ExternalPsk> {
  const callback = connection.get('pskClientCallback');
  const keys = callback === undefined ? [] : yield* settle(callback(connection.owner.handle, hint));
  const [psk] = keys;
  if (psk === undefined) return fatal('handshake_failure', 'PSK_IDENTITY_NOT_FOUND');
  connection.pskIdentityHint = hint;
  connection.pskIdentity = psk.identity;
  return psk;
}

/** RFC 4279, 2: an unknown identity may be answered, or hidden behind a random key; the handshake then fails at Finished. */
function* serverPsk(connection: Connection, identity: Uint8Array): Step<Uint8Array> {
  const callback = connection.get('pskServerCallback');
  const psk = callback && (yield* settle(callback(connection.owner.handle, identity)));
  connection.pskIdentity = copyOf(identity);
  return psk?.key ?? connection.provider.random(32).slice();
}

/** RFC 4279, 2: the other secret and the key, each behind its length; without another secret, zeros as long as the key. */
function pskPremaster(key: Uint8Array, other: Uint8Array = new Uint8Array(key.length)): Uint8Array {
  const premaster = build((w) => w.vec16(other).vec16(key));
  wipe(other);
  return premaster;
}

/** A hint as a ServerKeyExchange carries it. */
export const hintBytes = (hint: string | undefined): Uint8Array => build((w) => w.vec16(utf8(hint ?? '')));
