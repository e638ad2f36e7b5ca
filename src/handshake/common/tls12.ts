/** What both sides of a TLS 1.0–1.2 handshake do alike: secrets, keys, change_cipher_spec and Finished (RFC 5246, 6.3, 7.1, 7.4.9 and 8.1). */
import { constantTimeEqual, copyOf, wipe } from '../../bytes/bytes.ts';
import type { Prf } from '../../crypto/prf.ts';
import type { HashName } from '../../crypto/provider.ts';
import { UNCOMPRESSED } from '../../extensions/tls12.ts';
import { keyBlockLength, keysFromBlock } from '../../record/key-block.ts';
import { openFor, sealFor } from '../../record/protect-tls12.ts';
import type { OpenProtection, SealProtection } from '../../record/protection.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { TLS1_2_VERSION } from '../../registry/versions.ts';
import { finished } from '../../wire/tls13-messages.ts';
import type { Connection } from '../connection.ts';
import type { Handshake } from '../handshake.ts';
import { receiveChangeCipherSpec } from '../io.ts';
import type { Proof, Step } from '../step.ts';

/** What the hellos agreed on. */
export interface Agreed12 {
  readonly version: number;
  readonly suite: CipherSuite;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
}

/** The hash of the transcript: the suite's, or before TLS 1.2 MD5 and SHA-1 side by side. */
export const transcriptHash = ({ version, suite }: Agreed12): HashName => (version >= TLS1_2_VERSION ? suite.hash : 'md5-sha1');

/** The keys of both directions, waiting for their change_cipher_spec. */
export interface PendingKeys {
  readonly seal: SealProtection;
  readonly open: OpenProtection;
}

/** RFC 8422, 5.1.2: who names point formats names the uncompressed one. */
export function checkPointFormats(formats: Uint8Array | undefined): void {
  if (formats !== undefined && !formats.includes(UNCOMPRESSED)) fatal('illegal_parameter', 'TLS_INVALID_ECPOINTFORMAT_LIST');
}

/** The randoms of the hellos. */
export function randoms(connection: Connection): { readonly client: Uint8Array; readonly server: Uint8Array } {
  const { clientRandom, serverRandom } = connection;
  if (clientRandom === undefined || serverRandom === undefined) return fatal('internal_error', 'INTERNAL_ERROR', 'no randoms');
  return { client: clientRandom, server: serverRandom };
}

/** The master secret of a premaster secret, which is wiped. */
export function masterSecret(handshake: Handshake, agreed: Agreed12, prf: Prf, premaster: Uint8Array): Uint8Array {
  const { client, server } = randoms(handshake.connection);
  // RFC 7627, 4: bound to the hash of everything up to ClientKeyExchange.
  const master = agreed.extendedMasterSecret
    ? prf.extendedMasterSecret(premaster, handshake.transcript.digest())
    : prf.masterSecret(premaster, client, server);
  wipe(premaster);
  return master;
}

/** Keeps what a connection needs of its master secret, and makes the record keys. */
export function keysOf(connection: Connection, agreed: Agreed12, prf: Prf, master: Uint8Array): PendingKeys {
  const { client, server } = randoms(connection);
  connection.prf = prf;
  connection.masterSecret = copyOf(master);
  connection.suite = agreed.suite;
  connection.extendedMasterSecret = agreed.extendedMasterSecret;
  connection.logSecret('CLIENT_RANDOM', master);
  const block = prf.keyBlock(master, server, client, keyBlockLength(agreed.suite, agreed.version));
  const keys = keysFromBlock(agreed.suite, agreed.version, block);
  const [own, theirs] = connection.isServer ? [keys.server, keys.client] : [keys.client, keys.server];
  const seal = sealFor(connection.provider, agreed.suite, agreed.version, own, agreed.encryptThenMac);
  const open = openFor(connection.provider, agreed.suite, agreed.version, theirs, agreed.encryptThenMac, connection.recordLimit);
  return { seal, open };
}

/** change_cipher_spec and Finished of this side. */
export function sendFinished(handshake: Handshake, prf: Prf, master: Uint8Array, keys: PendingKeys): void {
  const { connection, transcript } = handshake;
  connection.io.sendChangeCipherSpec();
  connection.io.protectWrite(keys.seal);
  const verifyData = prf.verifyData(master, connection.isServer ? 'server finished' : 'client finished', transcript.digest());
  connection.ownFinished = verifyData;
  handshake.send(finished, { verifyData });
}

/** change_cipher_spec and Finished of the peer. */
export function* receiveFinished(handshake: Handshake, prf: Prf, master: Uint8Array, keys: PendingKeys): Step<Proof<'finished'>> {
  const { connection, transcript } = handshake;
  yield* receiveChangeCipherSpec(connection.io);
  connection.io.protectRead(keys.open);
  // Data of a renegotiation stays under the old keys: under the new ones nothing is proven before Finished.
  connection.io.holdsData = false;
  const expected = prf.verifyData(master, connection.isServer ? 'client finished' : 'server finished', transcript.digest());
  const { verifyData } = (yield* handshake.receive(finished)).value;
  // Nothing is due behind it in the same breath: who renegotiates begins anew.
  if (connection.io.midMessage) fatal('unexpected_message', 'NOT_ON_RECORD_BOUNDARY');
  // RFC 5246, 7.4.9: the recipient MUST verify it.
  if (!constantTimeEqual(verifyData, expected)) fatal('decrypt_error', 'DIGEST_CHECK_FAILED');
  connection.peerFinished = verifyData;
  // This is where the proof is made: the check above is what it stands for.
  return {} as Proof<'finished'>;
}
