import { sameBytes } from '../../bytes/bytes.ts';
import type { CipherSuite } from '../../registry/cipher-suites.ts';
import { cipherSuite } from '../../registry/cipher-suites.ts';
import { LIMITS } from '../../registry/limits.ts';
import { OPTIONS, VERIFY } from '../../registry/options.ts';
import { TLS1_3_VERSION } from '../../registry/versions.ts';
import type { SslSession } from '../../session/session.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { matchHost, matchIp, parseIp } from '../../x509/hostname.ts';
import { verifyMode } from '../common/policy.ts';
import { checkExternal, type Psk, wireForms } from '../common/psk.ts';
import { mayRecallPeer } from '../common/verify-peer.ts';
import type { Connection } from '../connection.ts';
import { type Step, settle } from '../step.ts';

/** The PSKs to offer: the session's first, since early data goes under the first, then the application's and those of the credentials. */
export function* offeredPsks(connection: Connection, suites: readonly CipherSuite[]): Step<readonly Psk[]> {
  const hashes = new Set(suites.map(({ hash }) => hash));
  const resumption = resumptionPsk(connection);
  const callback = connection.get('pskClientCallback');
  const asked = callback === undefined ? [] : yield* settle(callback(connection.owner.handle, undefined));
  const external = [...asked, ...connection.get('credentials').psks];
  const forms = external.flatMap((psk) => wireForms(connection.provider, checkExternal(psk)).filter(({ hash }) => hashes.has(hash)));
  return [...(resumption && hashes.has(resumption.hash) ? [resumption] : []), ...forms.map(({ psk }) => psk())];
}

/** Whether a key agreed on beforehand may stand for the server's identity. */
export const knowsPsks = (connection: Connection): boolean =>
  connection.get('pskClientCallback') !== undefined || connection.get('credentials').psks.length > 0;

/**
 * Whether nothing but a PSK will do: there are some among the credentials, and certificates are not verified. Whoever knows no key
 * could otherwise show any certificate.
 */
export const demandsPsk = (connection: Connection): boolean =>
  !connection.isServer && connection.get('credentials').psks.length > 0 && (verifyMode(connection) & VERIFY.PEER) === 0;

/** The ticket of the session that was set, as long as it is good for this host and in time. */
function resumptionPsk(connection: Connection): Psk | undefined {
  const { session } = connection;
  if (session === undefined || !session.isResumable) return undefined;
  const { data } = session;
  const suite = cipherSuite(data.cipherSuite);
  // A session belongs to the transport it was made on: what TLS guarantees of the two is not the same.
  if (data.isQuic !== (connection.quic !== undefined)) return undefined;
  if (data.version !== TLS1_3_VERSION || data.ticket.length === 0 || suite === undefined) return undefined;
  if (!isInTime(connection, session) || !belongsHere(connection, session)) return undefined;
  return { identity: data.ticket, secret: data.secret, hash: suite.hash, kind: 'resumption', session, maxEarlyData: data.maxEarlyData };
}

/** A session stands for an identity that was checked: it is not used for another host, purpose or demand than it was made for. */
function belongsHere(connection: Connection, session: SslSession): boolean {
  const { idContext, verifyResult, peerChain } = session.data;
  if (!isForHost(connection, session) || !sameBytes(idContext, connection.get('sessionIdContext'))) return false;
  if (!mayRecallPeer(connection, session.data) || (demandsPsk(connection) && session.namesPeer)) return false;
  if ((verifyMode(connection) & VERIFY.PEER) === 0) return true;
  const [leaf] = peerChain;
  const { hosts, ip } = connection.get('verifyParam').values;
  if (leaf !== undefined && hosts.length > 0 && !hosts.some((host) => covers(connection, leaf, host))) return false;
  if (leaf !== undefined && ip !== undefined && !matchIp(leaf, ip)) return false;
  // Resuming skips verification: what was not verified then has to be now. A PSK is an identity of its own.
  return verifyResult === 'OK' && (session.namesPeer || knowsPsks(connection));
}

/**
 * The host the session was made with. One that does not say, because it was read from a file of OpenSSL, whose client notes only
 * names that the server acknowledged, is good for a host that its certificate covers.
 */
function isForHost(connection: Connection, { data: { serverName, peerChain } }: SslSession): boolean {
  const wanted = connection.get('serverName');
  if (serverName === wanted) return true;
  const [leaf] = peerChain;
  return serverName === undefined && wanted !== undefined && leaf !== undefined && covers(connection, leaf, wanted);
}

function covers(connection: Connection, leaf: Certificate, host: string): boolean {
  const address = parseIp(host);
  if (address !== undefined) return matchIp(leaf, address);
  return matchHost(leaf, host, connection.get('verifyParam').values.hostFlags) !== undefined;
}

/** RFC 9846, 4.6.1: clients MUST NOT use tickets for longer than their lifetime, nor for more than seven days. */
function isInTime(connection: Connection, session: SslSession): boolean {
  const { createdAt, ticketLifetime } = session.data;
  const lifetime = 1000 * Math.min(ticketLifetime, LIMITS.sessionLifetime.value);
  return session.isCurrent(connection.owner.now()) && connection.owner.now() - createdAt <= lifetime;
}

/** The session of TLS 1.2 or below that was set, with its ticket if it has one. */
export function resumable12(
  connection: Connection,
  versions: readonly number[],
): { readonly session: SslSession; readonly ticket: Uint8Array } | undefined {
  const { session } = connection;
  if (session === undefined || !session.isResumable || session.data.version >= TLS1_3_VERSION) return undefined;
  const { version, id, ticket } = session.data;
  if (!versions.includes(version) || id.length === 0 || !belongsHere(connection, session)) return undefined;
  if (!session.isCurrent(connection.owner.now())) return undefined;
  // The id of a session with a ticket is ours alone: without the ticket no server knows it.
  if (ticket.length > 0 && connection.hasOption(OPTIONS.NO_TICKET)) return undefined;
  return { session, ticket };
}
