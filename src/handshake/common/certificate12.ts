/** The Certificate message of TLS 1.0–1.2, sent and received: a chain, or a raw public key where that was agreed on (RFC 7250, 3). */
import { EMPTY } from '../../bytes/bytes.ts';
import type { KeyedCredential } from '../../config/credentials.ts';
import { certificate12, rawKey12 } from '../../wire/tls12-messages.ts';
import type { Handshake } from '../handshake.ts';
import type { Step } from '../step.ts';
import type { Shown } from './certificate.ts';
import { chainToSend } from './chain.ts';
import { expectsRawKey, showsRawKey, spkiOf, takeRawKey } from './raw-key.ts';
import { parseChain } from './verify-peer.ts';

/** Sends what a credential shows; without one, nothing (a client may decline, RFC 5246, 7.4.6). */
export function sendCertificate12(handshake: Handshake, credential: KeyedCredential | undefined): void {
  const { connection } = handshake;
  connection.ownCredential = credential;
  if (showsRawKey(connection)) handshake.send(rawKey12, credential === undefined ? EMPTY : spkiOf(credential));
  else handshake.send(certificate12, credential === undefined ? [] : chainToSend(connection, credential).map(({ der }) => der));
}

/** Takes the peer's and keeps it. The key is undefined where it is of an unknown kind. */
export function* receiveCertificate12(handshake: Handshake): Step<Shown> {
  const { connection } = handshake;
  const limit = connection.get('maxCertList');
  if (expectsRawKey(connection)) {
    const spki = (yield* handshake.receive({ ...rawKey12, limit })).value;
    return { chain: [], key: takeRawKey(connection, [spki]) };
  }
  const chain = parseChain((yield* handshake.receive({ ...certificate12, limit })).value);
  connection.peerChain = chain;
  connection.peerRawKey = undefined;
  return { chain, key: chain[0]?.publicKey };
}
