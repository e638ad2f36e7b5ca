/** What a connection is willing to use: its settings, bounded by its security policy. */
import { copyOf } from '../../bytes/bytes.ts';
import { build } from '../../bytes/writer.ts';
import type { Credential } from '../../config/credentials.ts';
import { allows, type SecurityOperation } from '../../config/security.ts';
import { VERIFY_BY_ROLE } from '../../config/settings.ts';
import type { CryptoProvider } from '../../crypto/provider.ts';
import { type AeadSuite, type CipherSuite, cipherSuite, DEFAULT_TLS12_SUITES, isTls13Suite } from '../../registry/cipher-suites.ts';
import { namedGroup } from '../../registry/groups.ts';
import { CERT_FLAGS, MODES, OPTIONS, VERIFY } from '../../registry/options.ts';
import { type SignatureScheme, signatureScheme } from '../../registry/signature-schemes.ts';
import { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION, TLS1_VERSION } from '../../registry/versions.ts';
import type { Connection } from '../connection.ts';

/** Every version, newest first, and the option that switches it off. */
const NEWEST_FIRST: readonly (readonly [version: number, off: number])[] = [
  [TLS1_3_VERSION, OPTIONS.NO_TLSv1_3],
  [TLS1_2_VERSION, OPTIONS.NO_TLSv1_2],
  [TLS1_1_VERSION, OPTIONS.NO_TLSv1_1],
  [TLS1_VERSION, OPTIONS.NO_TLSv1],
];

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
  const options = connection.get('options');
  const left: number[] = [];
  for (const [version, off] of NEWEST_FIRST)
    if (version >= min && (max === 0 || version <= max) && (options & off) === 0) left.push(version);
  return left;
}

/** What lists of ids leave in force, by provider, list and what else it depends on. */
type Kept<T> = WeakMap<CryptoProvider, WeakMap<readonly number[], Map<number, readonly T[]>>>;

/**
 * What is in force of a list that was configured. Such lists are not changed in place, and most connections of a context have the
 * same, so the answer is kept, unless a callback is to be asked each time. `variant`: 16 bits of what else the judgement goes by.
 */
function inForce<T>(
  kept: Kept<T>,
  connection: Connection,
  ids: readonly number[],
  variant: number,
  judge: (id: number) => T | undefined,
): readonly T[] {
  if (connection.get('securityCallback') !== undefined) return judged(ids, judge);
  const lists = kept.get(connection.provider) ?? new WeakMap<readonly number[], Map<number, readonly T[]>>();
  if (!kept.has(connection.provider)) kept.set(connection.provider, lists);
  const variants = lists.get(ids) ?? new Map<number, readonly T[]>();
  if (!lists.has(ids)) lists.set(ids, variants);
  const level = Math.min(5, Math.max(0, connection.get('securityLevel')));
  // Bits 16 and 17 of the flags are Suite B's.
  const key = variant | (connection.get('certFlags') & CERT_FLAGS.SUITEB_128_LOS) | (level << 18);
  const list = variants.get(key) ?? judged(ids, judge);
  variants.set(key, list);
  return list;
}

function judged<T>(ids: readonly number[], judge: (id: number) => T | undefined): readonly T[] {
  const out: T[] = [];
  for (const id of ids) {
    const found = judge(id);
    if (found !== undefined) out.push(found);
  }
  return out;
}

const TLS13_SUITES: Kept<AeadSuite> = new WeakMap();
const TLS12_SUITES: Kept<CipherSuite> = new WeakMap();
const GROUPS: Kept<number> = new WeakMap();
const SCHEMES: Kept<SignatureScheme> = new WeakMap();

/** TLS 1.3 suites in force, best first. */
export function tls13Suites(connection: Connection): readonly AeadSuite[] {
  const overQuic = connection.quic !== undefined;
  return inForce(TLS13_SUITES, connection, connection.get('cipherSuites'), overQuic ? 1 : 0, (id) => {
    const suite = cipherSuite(id);
    if (suite === undefined || !isTls13Suite(suite) || !allowed(connection, 'cipher', suite.bits, suite)) return undefined;
    // RFC 9001, 5.3: it has no header protection, and MUST NOT be negotiated.
    return overQuic && suite.aead === 'aes-128-ccm-8' ? undefined : suite;
  });
}

/** Suites of TLS 1.2 and below in force, best first, that a version can use. */
export function suites12(connection: Connection, version: number): readonly CipherSuite[] {
  const left = suiteB(connection);
  return inForce(TLS12_SUITES, connection, connection.get('cipherList') ?? DEFAULT_TLS12_SUITES, version, (id) => {
    const suite = cipherSuite(id);
    if (suite === undefined || version < suite.minVersion || version > suite.maxVersion) return undefined;
    if (suite.cbc !== undefined && !connection.provider.hasCbc(suite.cbc)) return undefined;
    if (left !== undefined && !left.some((row) => row.suite === suite.name)) return undefined;
    return allowed(connection, 'cipher', suite.bits, suite) ? suite : undefined;
  });
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
  const variant = left === undefined ? 0 : (suite?.id ?? 0);
  return inForce(GROUPS, connection, connection.get('groups'), variant, (id) => {
    const group = namedGroup(id);
    if (group === undefined || (left !== undefined && !left.some(({ curve }) => group.parts.every((part) => part === curve))))
      return undefined;
    return allowed(connection, 'group', group.securityBits, group) ? id : undefined;
  });
}

/** Schemes that a list of code points leaves in force. */
export function schemes(connection: Connection, ids: readonly number[]): readonly SignatureScheme[] {
  const left = suiteB(connection);
  // draft-ietf-tls-mldsa, 4: not to be named where TLS 1.3 is out of the question.
  const tls13 = (connection.version || (versions(connection)[0] ?? 0)) >= TLS1_3_VERSION;
  return inForce(SCHEMES, connection, ids, tls13 ? 1 : 0, (id) => {
    const scheme = signatureScheme(id);
    if (scheme === undefined || (!tls13 && scheme.tls12 === false)) return undefined;
    if (left !== undefined && !left.some(({ curve }) => curve === scheme.curve)) return undefined;
    return allowed(connection, 'signature', scheme.bits, scheme) ? scheme : undefined;
  });
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
