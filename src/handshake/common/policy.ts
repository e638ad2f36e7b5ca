/** What a connection is willing to use: its settings, bounded by its security policy. */
import { copyOf } from '../../bytes/bytes.ts';
import { build } from '../../bytes/writer.ts';
import type { Credential } from '../../config/credentials.ts';
import { allows, type SecurityOperation } from '../../config/security.ts';
import { VERIFY_BY_ROLE } from '../../config/settings.ts';
import { type AeadSuite, type CipherSuite, cipherSuite, DEFAULT_TLS12_SUITES, isTls13Suite } from '../../registry/cipher-suites.ts';
import { namedGroup } from '../../registry/groups.ts';
import { CERT_FLAGS, MODES, OPTIONS, VERIFY } from '../../registry/options.ts';
import { type SignatureScheme, signatureScheme } from '../../registry/signature-schemes.ts';
import { SUPPORTED_VERSIONS, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION, TLS1_VERSION } from '../../registry/versions.ts';
import type { Connection } from '../connection.ts';

const OFF_BITS: ReadonlyMap<number, number> = new Map([
  [TLS1_VERSION, OPTIONS.NO_TLSv1],
  [TLS1_1_VERSION, OPTIONS.NO_TLSv1_1],
  [TLS1_2_VERSION, OPTIONS.NO_TLSv1_2],
  [TLS1_3_VERSION, OPTIONS.NO_TLSv1_3],
]);

export const allowed = (connection: Connection, operation: SecurityOperation, bits: number, what?: unknown): boolean =>
  allows((name) => connection.get(name), connection.owner.handle, operation, bits, what);

/** The verify mode in force: where nobody chose one, clients verify and servers do not ask. */
export function verifyMode(connection: Connection): number {
  const mode = connection.get('verifyMode');
  if (mode !== VERIFY_BY_ROLE) return mode;
  return connection.isServer ? VERIFY.NONE : VERIFY.PEER;
}

/** Versions in force, newest first: within both bounds and not switched off; over QUIC nothing before TLS 1.3 (RFC 9001, 4.2). */
export function versions(connection: Connection): readonly number[] {
  const min = connection.quic === undefined ? connection.get('minProtoVersion') : TLS1_3_VERSION;
  const max = connection.get('maxProtoVersion');
  return SUPPORTED_VERSIONS.filter(
    (version) => version >= min && (max === 0 || version <= max) && !connection.hasOption(OFF_BITS.get(version) ?? 0),
  ).toReversed();
}

/** TLS 1.3 suites in force, best first. */
export function tls13Suites(connection: Connection): readonly AeadSuite[] {
  const suites: AeadSuite[] = [];
  for (const id of connection.get('cipherSuites')) {
    const suite = cipherSuite(id);
    if (suite === undefined || !isTls13Suite(suite) || !allowed(connection, 'cipher', suite.bits, suite)) continue;
    // RFC 9001, 5.3: it has no header protection, and MUST NOT be negotiated.
    if (connection.quic !== undefined && suite.aead === 'aes-128-ccm-8') continue;
    suites.push(suite);
  }
  return suites;
}

/** Suites of TLS 1.2 and below in force, best first, that a version can use. */
export function suites12(connection: Connection, version: number): readonly CipherSuite[] {
  const suites: CipherSuite[] = [];
  const left = suiteB(connection);
  for (const id of connection.get('cipherList') ?? DEFAULT_TLS12_SUITES) {
    const suite = cipherSuite(id);
    if (suite === undefined || version < suite.minVersion || version > suite.maxVersion) continue;
    if (suite.cbc !== undefined && !connection.provider.hasCbc(suite.cbc)) continue;
    if (left !== undefined && !left.some((row) => row.suite === suite.name)) continue;
    if (allowed(connection, 'cipher', suite.bits, suite)) suites.push(suite);
  }
  return suites;
}

/** RFC 6460, 3.1: the curve that goes with each suite. */
const SUITE_B: readonly { readonly flag: number; readonly suite: string; readonly curve: string }[] = [
  { flag: CERT_FLAGS.SUITEB_128_LOS_ONLY, suite: 'ECDHE-ECDSA-AES128-GCM-SHA256', curve: 'P-256' },
  { flag: CERT_FLAGS.SUITEB_192_LOS, suite: 'ECDHE-ECDSA-AES256-GCM-SHA384', curve: 'P-384' },
];

/** What Suite B leaves, where the certificate flags ask for it: a bit for each level of security. */
function suiteB(connection: Connection): typeof SUITE_B | undefined {
  const flags = connection.get('certFlags') & CERT_FLAGS.SUITEB_128_LOS;
  return flags === 0 ? undefined : SUITE_B.filter(({ flag }) => (flags & flag) !== 0);
}

/** Groups in force, best first; of Suite B that of the suite, where one was agreed on. */
export function groups(connection: Connection, suite?: CipherSuite): readonly number[] {
  const left = suiteB(connection)?.filter((row) => suite === undefined || row.suite === suite.name);
  return connection.get('groups').filter((id) => {
    const group = namedGroup(id);
    if (group === undefined || (left !== undefined && !left.some(({ curve }) => group.parts.every((part) => part === curve)))) return false;
    return allowed(connection, 'group', group.securityBits, group);
  });
}

/** Schemes that a list of code points leaves in force. */
export function schemes(connection: Connection, ids: readonly number[]): readonly SignatureScheme[] {
  const out: SignatureScheme[] = [];
  const left = suiteB(connection);
  // draft-ietf-tls-mldsa, 4: not to be named where TLS 1.3 is out of the question.
  const tls13 = (connection.version || (versions(connection)[0] ?? 0)) >= TLS1_3_VERSION;
  for (const id of ids) {
    const scheme = signatureScheme(id);
    if (!tls13 && scheme?.tls12 === false) continue;
    if (left !== undefined && !left.some(({ curve }) => curve === scheme?.curve)) continue;
    if (scheme !== undefined && allowed(connection, 'signature', scheme.bits, scheme)) out.push(scheme);
  }
  return out;
}

/** Schemes for signatures of this side's peer: what goes into signature_algorithms. */
export function verifySchemes(connection: Connection): readonly SignatureScheme[] {
  const client = connection.isServer ? connection.get('clientSigalgs') : undefined;
  return schemes(connection, client ?? connection.get('sigalgs'));
}

/** Schemes for signatures of this side: those of the credential, where it has its own, or the connection's. */
export function signSchemes(connection: Connection, { sigalgs }: Pick<Credential, 'sigalgs'> = {}): readonly SignatureScheme[] {
  const client = connection.isServer ? undefined : connection.get('clientSigalgs');
  return schemes(connection, sigalgs ?? client ?? connection.get('sigalgs'));
}

/**
 * Suites that both sides have: in the client's order, or with CIPHER_SERVER_PREFERENCE in ours. With PRIORITIZE_CHACHA a
 * client that puts ChaCha20-Poly1305 first, as those without AES hardware do, gets it.
 */
export function sharedSuites<S extends CipherSuite>(connection: Connection, own: readonly S[], offered: readonly number[]): readonly S[] {
  if (!connection.hasOption(OPTIONS.CIPHER_SERVER_PREFERENCE)) return offered.flatMap((id) => own.find((suite) => suite.id === id) ?? []);
  const shared = own.filter(({ id }) => offered.includes(id));
  const first = cipherSuite(offered.find((id) => cipherSuite(id) !== undefined) ?? 0);
  if (!connection.hasOption(OPTIONS.PRIORITIZE_CHACHA) || first?.aead !== 'chacha20-poly1305') return shared;
  return [...shared.filter(({ aead }) => aead === first.aead), ...shared.filter(({ aead }) => aead !== first.aead)];
}

/** 32 random bytes of a hello; with the mode that says so the first four are the time (RFC 5246, 7.4.1.2; SSL_MODE_SEND_*HELLO_TIME). */
export function helloRandom(connection: Connection): Uint8Array {
  const random = copyOf(connection.provider.random(32));
  const mode = connection.isServer ? MODES.SEND_SERVERHELLO_TIME : MODES.SEND_CLIENTHELLO_TIME;
  if ((connection.get('mode') & mode) !== 0) random.set(build((w) => w.u32(Math.floor(connection.owner.now() / 1000))));
  return random;
}
