/** Which of the PSKs a client offers is used (RFC 9846, 4.2.11). */
import { constantTimeEqual, sameBytes, toHex } from '../../bytes/bytes.ts';
import type { ExternalPsk } from '../../config/credentials.ts';
import { readImportedIdentity } from '../../crypto/imported-psk.ts';
import { bindersLength, type OfferedPsks } from '../../extensions/pre-shared-key.ts';
import { type CipherSuite, cipherSuite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import { VERIFY } from '../../registry/options.ts';
import { TLS1_3_VERSION } from '../../registry/versions.ts';
import type { SslSession } from '../../session/session.ts';
import { verifyMode } from '../common/policy.ts';
import { binderOf, checkExternal, externalPsk, hashLength, type Psk, wireForms } from '../common/psk.ts';
import { findSession } from '../common/tickets.ts';
import { mayRecallPeer } from '../common/verify-peer.ts';
import type { Connection } from '../connection.ts';
import type { Handshake } from '../handshake.ts';
import { type Step, settle } from '../step.ts';

export interface SelectedPsk {
  readonly psk: Psk;
  readonly index: number;
  readonly suite: CipherSuite;
  /** Whether the ticket is as old as the client says, within the tolerance (RFC 9846, 8.3). */
  readonly fresh: boolean;
}

/** The first identity that is known, allowed and fits a suite; its binder must hold. The others are not looked at. */
export function* selectPsk(
  handshake: Handshake,
  offered: OfferedPsks,
  raw: Uint8Array,
  suites: readonly CipherSuite[],
): Step<SelectedPsk | undefined> {
  const { connection } = handshake;
  // RFC 9846, 4.2.11: a binder for each identity.
  if (offered.identities.length !== offered.binders.length) fatal('illegal_parameter', 'BAD_PSK', 'binders');
  const examined = offered.identities.slice(0, connection.get('maxPskIdentities'));
  for (const [index, { identity, obfuscatedTicketAge }] of examined.entries()) {
    const psk = yield* findPsk(connection, identity);
    if (psk === undefined) continue;
    if (psk.kind === 'imported') handshake.keep(psk.secret);
    const own = psk.session?.data.cipherSuite;
    const suite = suites.find(({ id }) => id === own) ?? suites.find(({ hash }) => hash === psk.hash);
    if (suite === undefined) continue;
    checkBinder(handshake, psk, offered, index, raw);
    return { psk, index, suite, fresh: psk.session === undefined || isFresh(connection, psk.session, obfuscatedTicketAge) };
  }
  return undefined;
}

/** Where each identity stands, by its bytes: looking for many keys among many identities costs no more than both together. */
export const positionsOf = ({ identities }: OfferedPsks): ReadonlyMap<string, number> =>
  new Map(identities.map(({ identity }, index) => [toHex(identity), index] as const).toReversed());

/** The key of a credential, where the client offers it in a form for one of the suites, which come in the order that counts. */
export function matchPsk(
  handshake: Handshake,
  external: ExternalPsk,
  offered: OfferedPsks,
  positions: ReadonlyMap<string, number>,
  raw: Uint8Array,
  suites: readonly CipherSuite[],
): SelectedPsk | undefined {
  const forms = wireForms(handshake.connection.provider, external);
  for (const suite of suites) {
    const form = forms.find(({ hash }) => hash === suite.hash);
    const index = form && positions.get(toHex(form.identity));
    if (form === undefined || index === undefined) continue;
    const psk = form.psk();
    if (psk.kind === 'imported') handshake.keep(psk.secret);
    checkBinder(handshake, psk, offered, index, raw);
    return { psk, index, suite, fresh: true };
  }
  return undefined;
}

function checkBinder({ connection, transcript }: Handshake, psk: Psk, offered: OfferedPsks, index: number, raw: Uint8Array): void {
  const truncated = raw.subarray(0, raw.length - bindersLength(offered.binders));
  const binder = offered.binders[index] ?? fatal('illegal_parameter', 'BAD_PSK', 'binders');
  if (binder.length !== hashLength(psk.hash)) fatal('illegal_parameter', 'BAD_PSK', `a binder of ${binder.length} bytes`);
  // RFC 9846, 4.2.11: a binder that does not hold MUST end the handshake.
  if (!constantTimeEqual(binder, binderOf(connection.provider, psk, transcript, truncated)))
    fatal('decrypt_error', 'BINDER_DOES_NOT_VERIFY');
}

function* findPsk(connection: Connection, identity: Uint8Array): Step<Psk | undefined> {
  const session = yield* findSession(connection, identity);
  if (session !== undefined) {
    const suite = cipherSuite(session.data.cipherSuite);
    if (suite === undefined || !mayResume(connection, session)) return undefined;
    return {
      identity,
      secret: session.data.secret,
      hash: suite.hash,
      kind: 'resumption',
      session,
      maxEarlyData: session.data.maxEarlyData,
    };
  }
  return yield* externalKey(connection, identity);
}

/** A key that the application knows, by the identity itself or by the external one inside an imported one (RFC 9258, 3.1). */
function* externalKey(connection: Connection, identity: Uint8Array): Step<Psk | undefined> {
  const callback = connection.get('pskServerCallback');
  if (callback === undefined) return undefined;
  const imported = readImportedIdentity(identity);
  if (imported !== undefined && imported.targetProtocol === TLS1_3_VERSION) {
    const psk = yield* settle(callback(connection.owner.handle, imported.externalIdentity));
    const form =
      psk?.importContext && wireForms(connection.provider, checkExternal(psk)).find((candidate) => sameBytes(candidate.identity, identity));
    if (form) return form.psk();
  }
  const psk: ExternalPsk | undefined = yield* settle(callback(connection.owner.handle, identity));
  return psk === undefined || psk.importContext !== undefined ? undefined : externalPsk(checkExternal(psk));
}

/** Resuming never skips an authorisation (SSL_CTX_set_session_id_context(3)): the same application context, host and demands as a full handshake. */
function mayResume(connection: Connection, session: SslSession): boolean {
  const { data } = session;
  const mode = verifyMode(connection);
  if (data.version !== TLS1_3_VERSION || !session.isCurrent(connection.owner.now())) return false;
  if (data.isQuic !== (connection.quic !== undefined)) return false;
  if (!sameBytes(data.idContext, connection.get('sessionIdContext'))) return false;
  if (data.serverName !== connection.serverName) return false;
  if ((mode & VERIFY.PEER) === 0 || (mode & VERIFY.POST_HANDSHAKE) !== 0) return true;
  // A server that verifies its clients needs a context, or sessions of another application on the same keys would do.
  if (data.idContext.length === 0) return false;
  if (data.verifyResult !== 'OK' || !mayRecallPeer(connection, data)) return false;
  return (mode & VERIFY.FAIL_IF_NO_PEER_CERT) === 0 || session.namesPeer;
}

/** RFC 9846, 8.3. */
function isFresh(connection: Connection, session: SslSession, obfuscatedTicketAge: number): boolean {
  const { createdAt, ticketAgeAdd } = session.data;
  const claimed = (obfuscatedTicketAge - ticketAgeAdd + 0x1_0000_0000) % 0x1_0000_0000;
  const actual = connection.owner.now() - createdAt;
  return Math.abs(actual - claimed) <= 1000 * LIMITS.ticketAgeSkew.value;
}
