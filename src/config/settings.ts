/**
 * Every setting there is. A row says what a setting is, what it starts as, how a connection gets it from its
 * context (`SSL_new`), what a duplicate gets (`SSL_dup`) and what `SSL_clear` does to it; lifecycle functions, the
 * option bags, the reference page and the test that visits every row are loops over this table. A setting that is
 * not here does not exist.
 */
import { concat, copyOf, EMPTY, utf8 } from '../bytes/bytes.ts';
import { type DhGroup, isUsableDhGroup } from '../crypto/ffdhe.ts';
import { CERTIFICATE_TYPES, type CertificateTypeName } from '../registry/certificate-types.ts';
import { cipherSuite, cipherSuiteByName, DEFAULT_TLS13_SUITES } from '../registry/cipher-suites.ts';
import { refuse } from '../registry/fatal.ts';
import { DEFAULT_GROUPS, groupByName, NAMED_GROUPS } from '../registry/groups.ts';
import { LIMITS } from '../registry/limits.ts';
import { CERT_FLAGS, MODES, OPTIONS, SESSION_CACHE } from '../registry/options.ts';
import { DEFAULT_SIGNATURE_SCHEMES, signatureSchemeByName } from '../registry/signature-schemes.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION, versionByName, versionName } from '../registry/versions.ts';
import { parseEchConfigList } from '../wire/ech-config.ts';
import { parsePublicKey } from '../x509/algorithms.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { DaneDigests, DaneRecords } from '../x509/dane.ts';
import type { CtLog } from '../x509/sct.ts';
import { X509Store } from '../x509/store.ts';
import { X509VerifyParam } from '../x509/verify-params.ts';
import type * as callbacks from './callbacks.ts';
import { acceptCipherList, parseCipherString } from './cipher-string.ts';
import { Credentials } from './credentials.ts';
import type { EchKeys } from './ech-keys.ts';

/** The value of each setting, as `get` returns it. */
export interface Settings {
  readonly options: number;
  readonly mode: number;
  readonly minProtoVersion: number;
  readonly maxProtoVersion: number;
  readonly cipherSuites: readonly number[];
  readonly cipherList: readonly number[] | undefined;
  readonly groups: readonly number[];
  readonly keyShares: readonly number[] | undefined;
  readonly serverGroupsHint: readonly number[];
  readonly sigalgs: readonly number[];
  readonly clientSigalgs: readonly number[] | undefined;
  readonly sigalgsCert: readonly number[] | undefined;
  readonly credentials: Credentials;
  readonly anonymousFallback: boolean;
  readonly certFlags: number;
  readonly certCallback: callbacks.CertCallback | undefined;
  readonly clientCertCallback: callbacks.ClientCertCallback | undefined;
  readonly verifyMode: number;
  readonly verifyDepth: number;
  readonly verifyCallback: callbacks.VerifyCallback | undefined;
  readonly certVerifyCallback: callbacks.CertVerifyCallback | undefined;
  readonly verifyParam: X509VerifyParam;
  readonly reverifyOnResume: boolean;
  readonly certStore: X509Store;
  readonly verifyStore: X509Store | undefined;
  readonly chainStore: X509Store | undefined;
  readonly extraChain: readonly Certificate[];
  readonly caList: readonly Uint8Array[] | undefined;
  readonly clientCaList: readonly Uint8Array[] | undefined;
  readonly maxCertList: number;
  readonly securityLevel: number;
  readonly securityCallback: callbacks.SecurityCallback | undefined;
  readonly securityExData: unknown;
  readonly serverName: string | undefined;
  readonly serverNameCallback: callbacks.ServerNameCallback | undefined;
  readonly clientHelloCallback: callbacks.ClientHelloCallback | undefined;
  readonly alpnProtocols: readonly Uint8Array[];
  readonly alpnSelectCallback: callbacks.AlpnSelectCallback | undefined;
  readonly statusRequest: boolean;
  readonly statusResponderIds: readonly Uint8Array[];
  readonly statusExtensions: Uint8Array;
  readonly statusCallback: callbacks.StatusCallback | undefined;
  readonly sctRequest: boolean;
  readonly sessionIdContext: Uint8Array;
  readonly sessionCacheMode: number;
  readonly sessionCacheSize: number;
  readonly sessionTimeout: number;
  readonly newSessionCallback: callbacks.NewSessionCallback | undefined;
  readonly removeSessionCallback: callbacks.RemoveSessionCallback | undefined;
  readonly getSessionCallback: callbacks.GetSessionCallback | undefined;
  readonly generateSessionIdCallback: callbacks.GenerateSessionIdCallback | undefined;
  readonly numTickets: number;
  readonly ticketKeys: readonly Uint8Array[];
  readonly ticketKeyCallback: callbacks.TicketKeyCallback | undefined;
  readonly ticketGenerateCallback: callbacks.TicketGenerateCallback | undefined;
  readonly ticketDecryptCallback: callbacks.TicketDecryptCallback | undefined;
  readonly maxEarlyData: number;
  readonly recvMaxEarlyData: number;
  readonly allowEarlyDataCallback: callbacks.AllowEarlyDataCallback | undefined;
  readonly pskClientCallback: callbacks.PskClientCallback | undefined;
  readonly pskServerCallback: callbacks.PskServerCallback | undefined;
  readonly maxPskIdentities: number;
  readonly postHandshakeAuth: boolean;
  readonly maxSendFragment: number;
  readonly splitSendFragment: number;
  readonly maxFragmentLength: number;
  readonly recordSizeLimit: number;
  readonly blockPadding: number;
  readonly recordPaddingCallback: callbacks.RecordPaddingCallback | undefined;
  readonly recordPaddingArg: unknown;
  readonly readAhead: boolean;
  readonly readBufferLength: number;
  readonly quietShutdown: boolean;
  readonly msgCallback: callbacks.MsgCallback | undefined;
  readonly msgCallbackArg: unknown;
  readonly infoCallback: callbacks.InfoCallback | undefined;
  readonly keylogCallback: callbacks.KeylogCallback | undefined;
  readonly defaultPasswordCallback: callbacks.PasswordCallback | undefined;
  readonly defaultPasswordUserdata: unknown;
  readonly cookieGenerateCallback: callbacks.CookieGenerateCallback | undefined;
  readonly cookieVerifyCallback: callbacks.CookieVerifyCallback | undefined;
  readonly customExtensions: readonly callbacks.CustomExtension[];
  readonly grease: boolean;
  readonly permuteExtensions: boolean;
  readonly checkHostName: boolean;
  readonly daneDigests: DaneDigests | undefined;
  readonly daneFlags: number;
  readonly dane: DaneRecords | undefined;
  readonly extendedMasterSecret: 'require' | 'offer' | 'off';
  readonly tmpDh: DhGroup | undefined;
  readonly tmpDhCallback: callbacks.TmpDhCallback | undefined;
  readonly dhAuto: number;
  readonly notResumableCallback: callbacks.NotResumableCallback | undefined;
  readonly tlsextDebugCallback: callbacks.TlsextDebugCallback | undefined;
  readonly tlsextDebugArg: unknown;
  readonly pskIdentityHint: string | undefined;
  readonly clientCertificateTypes: Uint8Array | undefined;
  readonly ctValidationCallback: callbacks.CtValidationCallback | 'strict' | 'permissive' | undefined;
  readonly ctLogStore: readonly CtLog[];
  readonly issuerLookup: callbacks.IssuerLookup | undefined;
  readonly crlLookup: callbacks.CrlLookup | undefined;
  readonly ocspLookup: callbacks.OcspLookup | undefined;
  readonly clientCertTypes: readonly number[] | undefined;
  readonly serverCertTypes: readonly number[] | undefined;
  readonly expectedRawKeys: readonly Uint8Array[];
  readonly certCompression: readonly callbacks.CertCompressor[];
  readonly echConfigList: Uint8Array | undefined;
  readonly rejectUnusableEchConfig: boolean;
  readonly echGrease: boolean;
  readonly echOuterAlpn: readonly Uint8Array[] | undefined;
  readonly echKeys: EchKeys | undefined;
  readonly quicMethod: callbacks.QuicMethod | undefined;
  readonly quicTransportParams: Uint8Array | undefined;
  readonly quicLegacyCodepoint: boolean;
  readonly quicEarlyData: boolean;
  readonly quicEarlyDataContext: Uint8Array | undefined;
}

export type SettingName = keyof Settings;

/**
 * How a connection comes by a value:
 * - `snapshot`: it takes what the context has when `SSL_new` runs; later changes of the context do not reach it;
 * - `lookup`: until it has one of its own, the context is asked each time;
 * - `context`: only the context has it, and it is asked each time;
 * - `session`: the same, but of the context the connection was made from, whichever it was moved to since: sessions stay where they are;
 * - `connection`: only connections have it, and each starts with the initial value.
 */
export type Scope = 'snapshot' | 'lookup' | 'context' | 'session' | 'connection';

export interface SettingRow<T> {
  readonly scope: Scope;
  readonly initial: () => T;
  /** Checks a value and gives it the form it is kept in. Throws `SslUsageError`; the old value then stays. */
  readonly accept: (value: never) => T;
  /** Other settings that a value sets along with its own: a cipher string may name a security level, or Suite B. */
  readonly brings?: (value: never, current: Settings) => Partial<Settings>;
  /** Part of what OpenSSL keeps in its CERT: moving a connection to another context takes it from there (SSL_set_SSL_CTX(3)). */
  readonly ofCert?: true;
  /** A copy that shares nothing changeable with its source. Values are immutable unless a row says how to copy them. */
  readonly copy?: (value: T) => T;
  /** OpenSSL functions that set and read it. */
  readonly openssl: readonly string[];
  /** One sentence for the reference page. */
  readonly summary: string;
}

interface RowOptions<T, Input> {
  readonly scope?: Scope;
  readonly accept?: (value: Input) => T;
  readonly brings?: (value: Input, current: Settings) => Partial<Settings>;
  readonly copy?: (value: T) => T;
  readonly ofCert?: true;
  readonly openssl: readonly string[];
  readonly summary: string;
}

/** A row whose values are immutable. `Input` is what setters take where that is more than `T`. */
function row<T, Input = T>(initial: () => T, { scope = 'snapshot', accept, ...rest }: RowOptions<T, Input>): SettingRow<T> {
  return { scope, initial, accept: accept ?? ((value: T) => value), ...rest };
}

const integer =
  (min: number, max: number) =>
  (value: number): number =>
    Number.isSafeInteger(value) && value >= min && value <= max ? value : refuse('BAD_SETTING_VALUE', `${value} is not in ${min}..${max}`);

/** OR of bits that fit 32 bits, kept as a non-negative number. */
const mask = (value: number): number => value >>> 0;

function acceptVersion(value: number | string): number {
  const version = typeof value === 'string' ? (versionByName(value) ?? refuse('UNKNOWN_PROTOCOL', value)) : value;
  // SSL_CTX_set_min_proto_version(3): 0 is "no bound"; versions nobody knows are refused and the bound stays.
  if (version !== 0 && versionName(version).startsWith('0x')) refuse('UNKNOWN_PROTOCOL', versionName(version));
  return version;
}

/** A list of code points or names, or names joined by colons; later repetitions are dropped. */
function idList(what: string, byName: (name: string) => number | undefined, known: (id: number) => boolean) {
  return (value: string | readonly (string | number)[]): readonly number[] => {
    const names = typeof value === 'string' ? value.split(':') : value;
    const ids = names.map((name) => {
      const id = typeof name === 'number' ? name : byName(name);
      return id !== undefined && known(id) ? id : refuse('BAD_SETTING_VALUE', `${what} ${name}`);
    });
    return [...new Set(ids)];
  };
}

const acceptGroups = idList(
  'group',
  (name) => groupByName(name)?.id,
  (id) => NAMED_GROUPS.some((group) => group.id === id),
);
/** A server may know groups that we do not. */
const acceptAnyGroups = idList(
  'group',
  (name) => groupByName(name)?.id,
  () => true,
);
const acceptSigalgs = idList(
  'signature algorithm',
  (name) => signatureSchemeByName(name)?.id,
  () => true,
);

function acceptSuites(value: string | readonly (string | number)[]): readonly number[] {
  if (value === '') return [];
  const suites = idList(
    'TLS 1.3 suite',
    (name) => cipherSuiteByName(name)?.id,
    (id) => cipherSuite(id)?.minVersion === TLS1_3_VERSION,
  );
  try {
    return suites(value);
  } catch {
    return refuse('NO_CIPHER_MATCH', String(value));
  }
}

/** What a cipher string sets beside the list (SSL_CTX_set_cipher_list(3)): `@SECLEVEL=n`, and the flags of Suite B. */
function broughtByList(rules: string, { certFlags }: Settings): Partial<Settings> {
  const { securityLevel, suiteB } = parseCipherString(rules);
  return {
    ...(securityLevel !== undefined && { securityLevel }),
    ...(suiteB !== undefined && { certFlags: ((certFlags & ~CERT_FLAGS.SUITEB_128_LOS) | suiteB) >>> 0 }),
  };
}

const optional =
  <T, Input>(accept: (value: Input) => T) =>
  (value: Input | undefined): T | undefined =>
    value === undefined ? undefined : accept(value);

/** ALPN names as text, as bytes, or as the wire's length-prefixed list. */
function acceptAlpn(value: Uint8Array | readonly (string | Uint8Array)[]): readonly Uint8Array[] {
  const names =
    value instanceof Uint8Array ? splitAlpn(value) : value.map((name) => (typeof name === 'string' ? utf8(name) : copyOf(name)));
  for (const name of names) {
    // RFC 7301, 3.1: names are not empty. OpenSSL's CVE-2024-5535 came from letting such lists through.
    if (name.length === 0 || name.length > LIMITS.alpnName.value) refuse('INVALID_ALPN_PROTOCOLS', `a name of ${name.length} bytes`);
  }
  return names;
}

function splitAlpn(wire: Uint8Array): Uint8Array[] {
  const names: Uint8Array[] = [];
  for (let at = 0; at < wire.length; ) {
    const length = wire[at] as number;
    if (length === 0 || at + 1 + length > wire.length) refuse('INVALID_ALPN_PROTOCOLS', 'a malformed list');
    names.push(wire.slice(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return names;
}

function acceptServerName(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (utf8(value).length > LIMITS.serverName.value || value.includes('\0')) refuse('SSL3_EXT_INVALID_SERVERNAME', value);
  return value;
}

/** SSL_CTX_set_tlsext_ticket_keys(3): 80 bytes each, newest first: 16 of name, 32 for integrity, 32 for encryption. */
const acceptTicketKeys = (value: readonly Uint8Array[]): readonly Uint8Array[] =>
  value.map((key) => (key.length === 80 ? copyOf(key) : refuse('INVALID_TICKET_KEYS_LENGTH', `${key.length} bytes`)));

const bytesUpTo =
  (max: number, reason: 'SSL_SESSION_ID_CONTEXT_TOO_LONG' | 'BAD_SETTING_VALUE') =>
  (value: Uint8Array): Uint8Array =>
    value.length > max ? refuse(reason, `${value.length} bytes`) : copyOf(value);

type CertificateTypes = Uint8Array | readonly (number | CertificateTypeName)[];

/** Names or numbers of certificate types, each once; none at all is as if nothing was said, like NULL for SSL_set1_client_cert_type(3). */
function acceptCertificateTypes(value: CertificateTypes): readonly number[] | undefined {
  const known: readonly number[] = Object.values(CERTIFICATE_TYPES);
  const types = Array.from<number | CertificateTypeName>(value).map((type) => (typeof type === 'number' ? type : CERTIFICATE_TYPES[type]));
  if (types.some((type, i) => !known.includes(type) || types.indexOf(type) !== i))
    refuse('BAD_SETTING_VALUE', `certificate types ${value}`);
  return types.length === 0 ? undefined : types;
}

/** RFC 8879, 3: each algorithm once; 127 are what its list has room for. */
function acceptCompressors(value: readonly callbacks.CertCompressor[]): readonly callbacks.CertCompressor[] {
  const ids = value.map(({ id }) => integer(0, 0xffff)(id));
  if (new Set(ids).size !== ids.length || ids.length > 127) refuse('BAD_SETTING_VALUE', `compression algorithms ${ids}`);
  return [...value];
}

/** The bytes stay as they came: they are bound to what is sealed. */
function acceptEchConfigList(list: Uint8Array): Uint8Array {
  try {
    parseEchConfigList(list);
  } catch {
    return refuse('INVALID_ECH_CONFIG_LIST', `${list.length} bytes`);
  }
  return copyOf(list);
}

/** RFC 9849, 7.1: a server that has keys MUST have configs to send to clients that used others. */
const acceptEchKeys = (keys: EchKeys): EchKeys =>
  keys.keys.some(({ isRetryConfig }) => isRetryConfig) ? keys : refuse('ECH_SERVER_WOULD_HAVE_NO_RETRY_CONFIGS');

const none = (): undefined => undefined;

/** Nobody chose a verify mode: clients verify, servers do not ask. */
export const VERIFY_BY_ROLE = -1;

/** The table. Order is the order of the reference page. */
export const SETTINGS: { readonly [K in SettingName]: SettingRow<Settings[K]> } = {
  options: row(() => OPTIONS.LEGACY_SERVER_CONNECT | OPTIONS.NO_COMPRESSION | OPTIONS.ENABLE_MIDDLEBOX_COMPAT | OPTIONS.NO_RENEGOTIATION, {
    accept: mask,
    openssl: ['SSL_set_options', 'SSL_clear_options', 'SSL_get_options'],
    summary: 'SSL_OP_* bits.',
  }),
  mode: row<number>(() => MODES.AUTO_RETRY, {
    accept: mask,
    openssl: ['SSL_set_mode', 'SSL_clear_mode', 'SSL_get_mode'],
    summary: 'SSL_MODE_* bits.',
  }),
  minProtoVersion: row<number, number | string>(() => TLS1_2_VERSION, {
    accept: acceptVersion,
    openssl: ['SSL_set_min_proto_version', 'SSL_get_min_proto_version'],
    summary: 'Oldest version; 0 for no bound.',
  }),
  maxProtoVersion: row<number, number | string>(() => 0, {
    accept: acceptVersion,
    openssl: ['SSL_set_max_proto_version', 'SSL_get_max_proto_version'],
    summary: 'Newest version; 0 for no bound.',
  }),
  cipherSuites: row(() => DEFAULT_TLS13_SUITES, {
    accept: acceptSuites,
    openssl: ['SSL_set_ciphersuites'],
    summary: 'TLS 1.3 suites, best first.',
  }),
  cipherList: row<readonly number[] | undefined, string | readonly (string | number)[] | undefined>(none, {
    scope: 'lookup',
    accept: optional(acceptCipherList),
    brings: (value, current) => (typeof value === 'string' ? broughtByList(value, current) : {}),
    openssl: ['SSL_set_cipher_list', 'SSL_get_ciphers', 'SSL_get_cipher_list'],
    summary:
      'Suites of TLS 1.2 and below, best first, or a cipher string, which may set `securityLevel` and `certFlags` too; undefined: forward secret AEAD suites.',
  }),
  groups: row(() => DEFAULT_GROUPS, {
    accept: acceptGroups,
    openssl: ['SSL_set1_groups', 'SSL_set1_groups_list', 'SSL_get1_groups'],
    summary: 'Key agreement groups, best first.',
  }),
  keyShares: row<readonly number[] | undefined>(none, {
    accept: optional(acceptGroups),
    openssl: [],
    summary: 'Groups a client sends a key share for at once; undefined: the best post-quantum hybrid and the best classical group.',
  }),
  serverGroupsHint: row<readonly number[]>(() => [], {
    accept: acceptAnyGroups,
    openssl: ['SSL_set1_server_supported_groups_hint'],
    summary:
      'Groups that the server is known to take: a client sends a share for the first of its own among them; where there is none, as `keyShares` says.',
  }),
  sigalgs: row(() => DEFAULT_SIGNATURE_SCHEMES, {
    ofCert: true,
    accept: acceptSigalgs,
    openssl: ['SSL_set1_sigalgs', 'SSL_set1_sigalgs_list'],
    summary: 'Signature schemes, best first: for our signatures, and what the peer may use.',
  }),
  clientSigalgs: row<readonly number[] | undefined>(none, {
    ofCert: true,
    accept: optional(acceptSigalgs),
    openssl: ['SSL_set1_client_sigalgs', 'SSL_set1_client_sigalgs_list'],
    summary: 'The same for client authentication; undefined: as `sigalgs`.',
  }),
  sigalgsCert: row<readonly number[] | undefined>(none, {
    ofCert: true,
    accept: optional(acceptSigalgs),
    openssl: [],
    summary: 'Schemes that signatures in the peer’s certificates may use; undefined: as `sigalgs`.',
  }),
  credentials: row(() => Credentials.none, {
    ofCert: true,
    openssl: [
      'SSL_use_certificate',
      'SSL_use_PrivateKey',
      'SSL_use_cert_and_key',
      'SSL_set1_chain',
      'SSL_add1_chain_cert',
      'SSL_set_current_cert',
      'SSL_add1_credential',
    ],
    summary: 'Certificates, raw public keys and pre-shared keys in order of preference, and one slot for each kind of key behind them.',
  }),
  anonymousFallback: row<boolean>(() => true, {
    accept: Boolean,
    openssl: [],
    summary:
      'Client: go on without a certificate where the server asks for one and none of those there are will do; false: that is a failure.',
  }),
  certFlags: row(() => 0, {
    accept: mask,
    ofCert: true,
    openssl: ['SSL_set_cert_flags', 'SSL_clear_cert_flags', 'SSL_CTX_set_cert_flags', 'SSL_CTX_clear_cert_flags'],
    summary: 'SSL_CERT_FLAG_* bits: show only chains that the peer can verify; keep to Suite B.',
  }),
  certCallback: row<Settings['certCallback']>(none, {
    ofCert: true,
    openssl: ['SSL_set_cert_cb'],
    summary: 'Chooses certificates when they are needed; may wait.',
  }),
  clientCertCallback: row<Settings['clientCertCallback']>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_set_client_cert_cb'],
    summary: 'Gives a client certificate when none is configured; may wait.',
  }),
  verifyMode: row<number>(() => VERIFY_BY_ROLE, {
    accept: integer(VERIFY_BY_ROLE, 15),
    openssl: ['SSL_set_verify', 'SSL_get_verify_mode'],
    summary: 'SSL_VERIFY_* bits; -1: PEER for a client, NONE for a server.',
  }),
  verifyDepth: row(() => -1, {
    accept: integer(-1, 0x7fff_ffff),
    openssl: ['SSL_set_verify_depth', 'SSL_get_verify_depth'],
    summary: 'Most intermediates in a chain; -1: the default of 100.',
  }),
  verifyCallback: row<Settings['verifyCallback']>(none, {
    openssl: ['SSL_set_verify', 'SSL_get_verify_callback'],
    summary: 'May overrule each step of verification; may wait.',
  }),
  certVerifyCallback: row<Settings['certVerifyCallback']>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_set_cert_verify_callback'],
    summary: 'Judges the peer’s chain in place of the built-in verification; may wait.',
  }),
  verifyParam: row(() => new X509VerifyParam(), {
    copy: (param) => param.clone(),
    openssl: [
      'SSL_set1_param',
      'SSL_get0_param',
      'SSL_set_purpose',
      'SSL_set_trust',
      'SSL_set1_host',
      'SSL_add1_host',
      'SSL_set_hostflags',
    ],
    summary: 'X509 verification parameters: flags, purpose, hosts, depth, time.',
  }),
  reverifyOnResume: row<boolean>(() => false, {
    openssl: [],
    summary: 'The certificate of a session is verified anew when it is resumed: trust may have ended since.',
  }),
  certStore: row(() => new X509Store(), {
    scope: 'context',
    openssl: ['SSL_CTX_set_cert_store', 'SSL_CTX_set1_cert_store', 'SSL_CTX_get_cert_store', 'SSL_CTX_load_verify_locations'],
    summary: 'Trust anchors and certificate revocation lists.',
  }),
  verifyStore: row<X509Store | undefined>(none, {
    ofCert: true,
    openssl: ['SSL_set0_verify_cert_store', 'SSL_set1_verify_cert_store'],
    summary: 'Trust anchors for this connection in place of the context’s store.',
  }),
  chainStore: row<X509Store | undefined>(none, {
    ofCert: true,
    openssl: ['SSL_set0_chain_cert_store', 'SSL_set1_chain_cert_store'],
    summary: 'Where the issuers of our own certificate are found, in place of the trust store.',
  }),
  extraChain: row<readonly Certificate[]>(() => [], {
    scope: 'context',
    openssl: ['SSL_CTX_add_extra_chain_cert', 'SSL_CTX_get_extra_chain_certs', 'SSL_CTX_clear_extra_chain_certs'],
    summary: 'Certificates that go behind a leaf that has no chain of its own.',
  }),
  caList: row<Settings['caList']>(none, {
    scope: 'lookup',
    openssl: ['SSL_set0_CA_list', 'SSL_get0_CA_list', 'SSL_add1_to_CA_list'],
    summary: 'DER names of authorities to send to the peer, as client or server.',
  }),
  clientCaList: row<Settings['clientCaList']>(none, {
    scope: 'lookup',
    openssl: ['SSL_set_client_CA_list', 'SSL_get_client_CA_list', 'SSL_add_client_CA'],
    summary: 'The same for a server’s CertificateRequest, before `caList`.',
  }),
  maxCertList: row<number>(() => LIMITS.certificateList.value, {
    accept: integer(0, 0xff_ffff),
    openssl: ['SSL_set_max_cert_list', 'SSL_get_max_cert_list'],
    summary: 'Most bytes of a peer’s Certificate message.',
  }),
  securityLevel: row(() => 2, {
    ofCert: true,
    accept: integer(-0x8000_0000, 0x7fff_ffff),
    openssl: ['SSL_set_security_level', 'SSL_get_security_level'],
    summary: 'Least strength of everything negotiated, 0 to 5.',
  }),
  securityCallback: row<Settings['securityCallback']>(none, {
    ofCert: true,
    openssl: ['SSL_set_security_callback', 'SSL_get_security_callback'],
    summary: 'Decides in place of the security level.',
  }),
  securityExData: row<unknown>(none, {
    ofCert: true,
    openssl: ['SSL_set0_security_ex_data', 'SSL_get0_security_ex_data'],
    summary: 'A value for the security callback.',
  }),
  serverName: row<string | undefined>(none, {
    scope: 'connection',
    accept: acceptServerName,
    openssl: ['SSL_set_tlsext_host_name', 'SSL_get_servername'],
    summary: 'The host a client asks for (SNI).',
  }),
  serverNameCallback: row<Settings['serverNameCallback']>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_set_tlsext_servername_callback', 'SSL_CTX_set_tlsext_servername_arg'],
    summary: 'Sees the name a client asked for and may switch context; may wait.',
  }),
  clientHelloCallback: row<Settings['clientHelloCallback']>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_set_client_hello_cb'],
    summary: 'Sees the raw ClientHello before anything is decided; may wait.',
  }),
  alpnProtocols: row<readonly Uint8Array[], Uint8Array | readonly (string | Uint8Array)[]>(() => [], {
    accept: acceptAlpn,
    openssl: ['SSL_set_alpn_protos'],
    summary: 'Protocols: a client offers them; a server without a callback chooses among them, in its own order.',
  }),
  alpnSelectCallback: row<Settings['alpnSelectCallback']>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_set_alpn_select_cb'],
    summary: 'Chooses among the protocols offered; may wait.',
  }),
  statusRequest: row<boolean>(() => false, {
    openssl: ['SSL_set_tlsext_status_type', 'SSL_get_tlsext_status_type'],
    summary: 'A client asks for a stapled OCSP response.',
  }),
  statusResponderIds: row<readonly Uint8Array[]>(() => [], {
    scope: 'connection',
    accept: (ids) =>
      ids.map((id) => (id.length > 0 && id.length <= 0xffff ? copyOf(id) : refuse('BAD_SETTING_VALUE', `${id.length} bytes`))),
    openssl: ['SSL_set_tlsext_status_ids', 'SSL_get_tlsext_status_ids'],
    summary: 'Responders a client names with that, as DER of ResponderID (RFC 6066, 8).',
  }),
  statusExtensions: row(() => EMPTY, {
    scope: 'connection',
    accept: bytesUpTo(0xffff, 'BAD_SETTING_VALUE'),
    openssl: ['SSL_set_tlsext_status_exts', 'SSL_get_tlsext_status_exts'],
    summary: 'Extensions of the OCSP request that go with that, as DER; empty: none.',
  }),
  statusCallback: row<Settings['statusCallback']>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_set_tlsext_status_cb'],
    summary: 'Server: gives the OCSP response to staple. Client: judges the one that came. May wait.',
  }),
  sctRequest: row<boolean>(() => false, { openssl: ['SSL_enable_ct'], summary: 'A client asks for signed certificate timestamps.' }),
  sessionIdContext: row(() => EMPTY, {
    accept: bytesUpTo(32, 'SSL_SESSION_ID_CONTEXT_TOO_LONG'),
    openssl: ['SSL_set_session_id_context'],
    summary: 'Sessions resume only where this is the same; at most 32 bytes.',
  }),
  sessionCacheMode: row<number>(() => SESSION_CACHE.SERVER, {
    scope: 'session',
    accept: integer(0, 0x3ff),
    openssl: ['SSL_CTX_set_session_cache_mode', 'SSL_CTX_get_session_cache_mode'],
    summary: 'SSL_SESS_CACHE_* bits.',
  }),
  sessionCacheSize: row<number>(() => LIMITS.sessionCache.value, {
    scope: 'session',
    accept: integer(0, Number.MAX_SAFE_INTEGER),
    openssl: ['SSL_CTX_sess_set_cache_size', 'SSL_CTX_sess_get_cache_size'],
    summary: 'Most sessions kept; 0 for no bound.',
  }),
  sessionTimeout: row(() => 7200, {
    scope: 'session',
    accept: integer(0, 0x7fff_ffff),
    openssl: ['SSL_CTX_set_timeout', 'SSL_CTX_get_timeout'],
    summary: 'Seconds a new session lives.',
  }),
  newSessionCallback: row<Settings['newSessionCallback']>(none, {
    scope: 'session',
    openssl: ['SSL_CTX_sess_set_new_cb', 'SSL_CTX_sess_get_new_cb'],
    summary: 'Told of each session that may be resumed.',
  }),
  removeSessionCallback: row<Settings['removeSessionCallback']>(none, {
    scope: 'session',
    openssl: ['SSL_CTX_sess_set_remove_cb', 'SSL_CTX_sess_get_remove_cb'],
    summary: 'Told of each session that leaves the cache.',
  }),
  getSessionCallback: row<Settings['getSessionCallback']>(none, {
    scope: 'session',
    openssl: ['SSL_CTX_sess_set_get_cb', 'SSL_CTX_sess_get_get_cb'],
    summary: 'Finds a session the cache does not hold; may wait.',
  }),
  generateSessionIdCallback: row<Settings['generateSessionIdCallback']>(none, {
    openssl: ['SSL_set_generate_session_id'],
    summary: 'Makes the id of a new session.',
  }),
  numTickets: row(() => 2, {
    accept: integer(0, LIMITS.ticketsSent.value),
    openssl: ['SSL_set_num_tickets', 'SSL_get_num_tickets'],
    summary: 'Tickets a TLS 1.3 server sends after a full handshake.',
  }),
  ticketKeys: row<readonly Uint8Array[]>(() => [], {
    scope: 'session',
    accept: acceptTicketKeys,
    openssl: ['SSL_CTX_set_tlsext_ticket_keys', 'SSL_CTX_get_tlsext_ticket_keys'],
    summary: 'Ticket keys shared by a fleet, 80 bytes each: the first seals, all open. Empty: keys of our own, rotated daily.',
  }),
  ticketKeyCallback: row<Settings['ticketKeyCallback']>(none, {
    scope: 'session',
    openssl: ['SSL_CTX_set_tlsext_ticket_key_cb'],
    summary: 'Finds ticket keys by name; may wait.',
  }),
  ticketGenerateCallback: row<Settings['ticketGenerateCallback']>(none, {
    scope: 'session',
    openssl: ['SSL_CTX_set_session_ticket_cb'],
    summary: 'Runs before a ticket is made, and may put data into the session that goes into it.',
  }),
  ticketDecryptCallback: row<Settings['ticketDecryptCallback']>(none, {
    scope: 'session',
    openssl: ['SSL_CTX_set_session_ticket_cb'],
    summary: 'Sees each ticket that comes back, and decides what becomes of it.',
  }),
  maxEarlyData: row(() => 0, {
    accept: integer(0, 0xffff_ffff),
    openssl: ['SSL_set_max_early_data', 'SSL_get_max_early_data'],
    summary: 'Bytes of 0-RTT data that tickets allow; 0: none.',
  }),
  recvMaxEarlyData: row<number>(() => LIMITS.earlyDataSkipped.value, {
    accept: integer(0, 0xffff_ffff),
    openssl: ['SSL_set_recv_max_early_data', 'SSL_get_recv_max_early_data'],
    summary: 'Most bytes of 0-RTT data taken or passed over.',
  }),
  allowEarlyDataCallback: row<Settings['allowEarlyDataCallback']>(none, {
    openssl: ['SSL_set_allow_early_data_cb'],
    summary: 'Has the last word on accepting 0-RTT data; may wait.',
  }),
  pskClientCallback: row<Settings['pskClientCallback']>(none, {
    openssl: ['SSL_set_psk_use_session_callback', 'SSL_set_psk_client_callback'],
    summary: 'External pre-shared keys a client offers; may wait.',
  }),
  pskServerCallback: row<Settings['pskServerCallback']>(none, {
    openssl: ['SSL_set_psk_find_session_callback', 'SSL_set_psk_server_callback'],
    summary: 'Finds an external pre-shared key by its identity; may wait.',
  }),
  maxPskIdentities: row<number>(() => LIMITS.pskIdentitiesExamined.value, {
    accept: integer(1, 0xffff),
    openssl: [],
    summary: 'Most PSK identities of one ClientHello that are looked at.',
  }),
  postHandshakeAuth: row<boolean>(() => false, {
    openssl: ['SSL_set_post_handshake_auth', 'SSL_CTX_set_post_handshake_auth'],
    summary: 'A client says that it will answer a CertificateRequest after the handshake.',
  }),
  maxSendFragment: row<number>(() => LIMITS.plaintext.value, {
    accept: integer(512, LIMITS.plaintext.value),
    openssl: ['SSL_set_max_send_fragment'],
    summary: 'Most plaintext bytes in a record we send.',
  }),
  splitSendFragment: row<number>(() => LIMITS.plaintext.value, {
    accept: integer(1, LIMITS.plaintext.value),
    openssl: ['SSL_set_split_send_fragment'],
    summary: 'Plaintext bytes at which application data is split, at most max_send_fragment.',
  }),
  maxFragmentLength: row(() => 0, {
    accept: integer(0, 4),
    openssl: ['SSL_set_tlsext_max_fragment_length', 'SSL_SESSION_get_max_fragment_length'],
    summary: 'max_fragment_length a client asks for: 0 none, 1 to 4 for 512 to 4096 bytes.',
  }),
  recordSizeLimit: row(() => 0, {
    accept: (value: number) => (value === 0 ? 0 : integer(64, LIMITS.plaintext.value)(value)),
    openssl: [],
    summary: 'Most plaintext bytes in a record we want to receive (RFC 8449); 0: do not say.',
  }),
  blockPadding: row(() => 0, {
    accept: integer(0, LIMITS.plaintext.value),
    openssl: ['SSL_set_block_padding'],
    summary: 'TLS 1.3 records are padded to a multiple of this; 0 and 1: not.',
  }),
  recordPaddingCallback: row<Settings['recordPaddingCallback']>(none, {
    openssl: ['SSL_set_record_padding_callback'],
    summary: 'Says how many bytes of padding a TLS 1.3 record gets.',
  }),
  recordPaddingArg: row<unknown>(none, {
    openssl: ['SSL_set_record_padding_callback_arg', 'SSL_get_record_padding_callback_arg'],
    summary: 'A value for it.',
  }),
  readAhead: row<boolean>(() => true, {
    openssl: ['SSL_set_read_ahead', 'SSL_get_read_ahead'],
    summary:
      'Reading takes what the BIO has, so that records share a call; without, it takes one header and then one body, and what follows stays in the BIO. Contexts of SSL_CTX_new begin without.',
  }),
  readBufferLength: row(() => 0, {
    accept: integer(0, 0x7fff_ffff),
    openssl: ['SSL_CTX_set_default_read_buffer_len', 'SSL_set_default_read_buffer_len'],
    summary: 'Least bytes that reading ahead asks the BIO for; 0: as many as are good.',
  }),
  quietShutdown: row<boolean>(() => false, {
    openssl: ['SSL_set_quiet_shutdown', 'SSL_get_quiet_shutdown'],
    summary: 'Shutting down sends and awaits nothing.',
  }),
  msgCallback: row<Settings['msgCallback']>(none, { openssl: ['SSL_set_msg_callback'], summary: 'Sees every protocol message.' }),
  msgCallbackArg: row<unknown>(none, { openssl: ['SSL_set_msg_callback_arg'], summary: 'A value for it.' }),
  infoCallback: row<Settings['infoCallback']>(none, {
    scope: 'lookup',
    openssl: ['SSL_set_info_callback', 'SSL_get_info_callback'],
    summary: 'Sees states and alerts.',
  }),
  keylogCallback: row<Settings['keylogCallback']>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_set_keylog_callback', 'SSL_CTX_get_keylog_callback'],
    summary: 'Gets secrets as lines of an NSS key log file.',
  }),
  defaultPasswordCallback: row<Settings['defaultPasswordCallback']>(none, {
    openssl: ['SSL_set_default_passwd_cb', 'SSL_get_default_passwd_cb'],
    summary: 'Gives the password of an encrypted private key.',
  }),
  defaultPasswordUserdata: row<unknown>(none, {
    openssl: ['SSL_set_default_passwd_cb_userdata', 'SSL_get_default_passwd_cb_userdata'],
    summary: 'A value for it.',
  }),
  cookieGenerateCallback: row<Settings['cookieGenerateCallback']>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_set_stateless_cookie_generate_cb'],
    summary: 'Makes the application’s part of a HelloRetryRequest cookie.',
  }),
  cookieVerifyCallback: row<Settings['cookieVerifyCallback']>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_set_stateless_cookie_verify_cb'],
    summary: 'Checks it.',
  }),
  customExtensions: row<readonly callbacks.CustomExtension[]>(() => [], {
    ofCert: true,
    openssl: ['SSL_CTX_add_custom_ext', 'SSL_CTX_add_client_custom_ext', 'SSL_CTX_add_server_custom_ext'],
    summary: 'Extensions the application sends and reads itself.',
  }),
  grease: row<boolean>(() => false, {
    openssl: [],
    summary: 'A client sprinkles reserved values over its ClientHello, a server puts one into its tickets (RFC 8701).',
  }),
  permuteExtensions: row<boolean>(() => false, { openssl: [], summary: 'A client sends its extensions in random order.' }),
  checkHostName: row<boolean>(() => true, {
    openssl: [],
    summary: 'A client that verifies its peer must know which host it means; false: any name will do.',
  }),
  daneDigests: row<DaneDigests | undefined>(none, {
    scope: 'context',
    openssl: ['SSL_CTX_dane_enable', 'SSL_CTX_dane_mtype_set'],
    summary: 'Digests of TLSA records and their rank; undefined: connections of the context cannot use DANE.',
  }),
  daneFlags: row(() => 0, {
    accept: mask,
    openssl: ['SSL_dane_set_flags', 'SSL_dane_clear_flags', 'SSL_CTX_dane_set_flags', 'SSL_CTX_dane_clear_flags'],
    summary: 'DANE_FLAG_* bits.',
  }),
  dane: row<DaneRecords | undefined>(none, {
    scope: 'connection',
    copy: (records) => records?.clone(),
    openssl: ['SSL_dane_enable', 'SSL_dane_tlsa_add', 'SSL_get0_dane'],
    summary: 'TLSA records to verify the server with; whoever adds them vouches for DNSSEC.',
  }),
  extendedMasterSecret: row<Settings['extendedMasterSecret']>(() => 'require', {
    accept: (value) => (['require', 'offer', 'off'].includes(value) ? value : refuse('BAD_SETTING_VALUE', value)),
    openssl: [],
    summary: 'TLS 1.2 and below: `require` refuses peers without extended_master_secret, `offer` takes them, `off` does not speak of it.',
  }),
  tmpDh: row<DhGroup | undefined>(none, {
    accept: (group) => (group === undefined || isUsableDhGroup(group.prime, group.generator) ? group : refuse('BAD_DH_VALUE')),
    ofCert: true,
    openssl: ['SSL_set_tmp_dh', 'SSL_CTX_set_tmp_dh'],
    summary: 'The finite-field group of a TLS 1.2 server, by its prime and generator.',
  }),
  tmpDhCallback: row<Settings['tmpDhCallback']>(none, {
    ofCert: true,
    openssl: ['SSL_set_tmp_dh_callback', 'SSL_CTX_set_tmp_dh_callback'],
    summary: 'Gives that group when it is needed.',
  }),
  dhAuto: row<number>(() => 1, {
    accept: integer(0, 2),
    ofCert: true,
    openssl: ['SSL_set_dh_auto', 'SSL_CTX_set_dh_auto'],
    summary: 'Without such a group: 0 no DHE, otherwise a group of RFC 7919.',
  }),
  notResumableCallback: row<Settings['notResumableCallback']>(none, {
    openssl: ['SSL_set_not_resumable_session_callback', 'SSL_CTX_set_not_resumable_session_callback'],
    summary: 'Says that the session of a handshake shall not be resumed.',
  }),
  tlsextDebugCallback: row<Settings['tlsextDebugCallback']>(none, {
    scope: 'connection',
    openssl: ['SSL_set_tlsext_debug_callback'],
    summary: 'Sees every extension of the peer’s hello.',
  }),
  tlsextDebugArg: row<unknown>(none, { scope: 'connection', openssl: ['SSL_set_tlsext_debug_arg'], summary: 'A value for it.' }),
  pskIdentityHint: row<string | undefined>(none, {
    accept: (value) =>
      value !== undefined && utf8(value).length > 128 ? refuse('DATA_LENGTH_TOO_LONG', `${utf8(value).length} bytes`) : value,
    ofCert: true,
    openssl: ['SSL_use_psk_identity_hint', 'SSL_get_psk_identity_hint'],
    summary: 'What a TLS 1.2 server says to help a client choose its pre-shared key; at most 128 bytes.',
  }),
  clientCertificateTypes: row<Uint8Array | undefined>(none, {
    accept: (value) =>
      value !== undefined && value.length > 255 ? refuse('BAD_SETTING_VALUE', `${value.length} types`) : value && copyOf(value),
    ofCert: true,
    openssl: ['SSL_set1_client_certificate_types', 'SSL_get0_certificate_types'],
    summary: 'Certificate types that a TLS 1.2 server asks clients for.',
  }),
  ctValidationCallback: row<Settings['ctValidationCallback']>(none, {
    accept: (value) =>
      typeof value === 'string' && !['strict', 'permissive'].includes(value) ? refuse('BAD_SETTING_VALUE', value) : value,
    openssl: ['SSL_set_ct_validation_callback', 'SSL_enable_ct', 'SSL_disable_ct', 'SSL_ct_is_enabled'],
    summary:
      'A client asks for certificate timestamps and judges those of a verified server: `strict` demands a valid one, `permissive` none; may wait.',
  }),
  ctLogStore: row<readonly CtLog[]>(() => [], {
    scope: 'context',
    accept: (logs) => [...logs],
    openssl: ['SSL_CTX_set0_ctlog_store', 'SSL_CTX_get0_ctlog_store', 'SSL_CTX_set_ctlog_list_file'],
    summary: 'Certificate transparency logs whose timestamps count.',
  }),
  issuerLookup: row<Settings['issuerLookup']>(none, {
    openssl: [],
    summary: 'Finds issuers that neither the peer nor the store has; they are not trusted. May wait.',
  }),
  crlLookup: row<Settings['crlLookup']>(none, {
    openssl: [],
    summary: 'Finds CRLs where certificates are looked for in them and the store has none in force. May wait.',
  }),
  ocspLookup: row<Settings['ocspLookup']>(none, {
    openssl: [],
    summary: 'Finds OCSP responses about certificates that none was stapled for. May wait.',
  }),
  clientCertTypes: row<readonly number[] | undefined, CertificateTypes | undefined>(none, {
    accept: optional(acceptCertificateTypes),
    openssl: ['SSL_set1_client_cert_type', 'SSL_get0_client_cert_type'],
    summary:
      'What clients authenticate with, best first: certificates (`x509`) or raw public keys (`rpk`, RFC 7250); undefined: what their credentials show, and certificates for the peer.',
  }),
  serverCertTypes: row<readonly number[] | undefined, CertificateTypes | undefined>(none, {
    accept: optional(acceptCertificateTypes),
    openssl: ['SSL_set1_server_cert_type', 'SSL_get0_server_cert_type'],
    summary: 'The same for servers.',
  }),
  expectedRawKeys: row<readonly Uint8Array[]>(() => [], {
    accept: (keys) =>
      keys.map((spki) => (parsePublicKey(spki) === undefined ? refuse('BAD_SETTING_VALUE', 'not a public key') : copyOf(spki))),
    openssl: ['SSL_add_expected_rpk'],
    summary: 'Raw public keys of which the peer’s must be one, as DER SubjectPublicKeyInfo; without one, only a DANE-EE record can vouch.',
  }),
  certCompression: row<readonly callbacks.CertCompressor[]>(() => [], {
    accept: acceptCompressors,
    ofCert: true,
    openssl: ['SSL_CTX_add_cert_compression_alg', 'SSL_set1_cert_comp_preference', 'SSL_CTX_set1_cert_comp_preference'],
    summary: 'How Certificate messages may be compressed in TLS 1.3, best first (RFC 8879); none: not at all.',
  }),
  echConfigList: row<Uint8Array | undefined>(none, {
    accept: optional(acceptEchConfigList),
    openssl: ['SSL_set1_ech_config_list'],
    summary:
      'ECHConfigList of the server, from DNS: a client seals its ClientHello for the first config it can use (RFC 9849), and takes no server for the one meant that cannot open it.',
  }),
  rejectUnusableEchConfig: row<boolean>(() => false, {
    openssl: ['SSL_set_reject_unusable_ech_config'],
    summary: 'A client without a config that it can use does not connect.',
  }),
  echGrease: row<boolean>(() => false, {
    openssl: ['SSL_set_enable_ech_grease'],
    summary: 'A client without a config that it can use sends random bytes in the place of a sealed ClientHello.',
  }),
  echOuterAlpn: row<readonly Uint8Array[] | undefined, Uint8Array | readonly (string | Uint8Array)[] | undefined>(none, {
    accept: optional(acceptAlpn),
    openssl: ['SSL_ech_set1_outer_alpn_protos', 'SSL_CTX_ech_set1_outer_alpn_protos'],
    summary:
      'Protocols that stand in the open beside a sealed ClientHello; empty for none; undefined: `alpnProtocols`, which everybody then sees.',
  }),
  echKeys: row<EchKeys | undefined>(none, {
    scope: 'context',
    accept: optional(acceptEchKeys),
    openssl: ['SSL_CTX_set1_ech_keys'],
    summary: 'Keys that a server opens sealed ClientHellos with, best first; without any it is a backend server (RFC 9849, 3.1).',
  }),
  quicMethod: row<Settings['quicMethod']>(none, {
    openssl: ['SSL_set_quic_method', 'SSL_CTX_set_quic_method'],
    summary: 'Carries the handshake over QUIC in place of records (RFC 9001); TLS 1.3 alone is spoken then.',
  }),
  quicTransportParams: row<Uint8Array | undefined>(none, {
    scope: 'connection',
    accept: optional((value: Uint8Array) => (value.length > 0xffff ? refuse('BAD_SETTING_VALUE', `${value.length} bytes`) : copyOf(value))),
    openssl: ['SSL_set_quic_transport_params'],
    summary: 'What quic_transport_parameters says: at most 65,535 bytes; needed over QUIC, and refused without it.',
  }),
  quicLegacyCodepoint: row<boolean>(() => false, {
    openssl: ['SSL_set_quic_use_legacy_codepoint'],
    summary: 'That extension has the number of drafts up to 32.',
  }),
  quicEarlyData: row<boolean>(() => false, {
    openssl: ['SSL_set_early_data_enabled', 'SSL_CTX_set_early_data_enabled'],
    summary: '0-RTT over QUIC: a client offers it with a session that allows it, a server allows and takes it.',
  }),
  quicEarlyDataContext: row<Uint8Array | undefined>(none, {
    accept: optional(copyOf),
    openssl: ['SSL_set_quic_early_data_context'],
    summary: 'What a server’s 0-RTT over QUIC depends on: taken only where the ticket was made under the same; without one, never.',
  }),
};

export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS) as SettingName[];

/** What `set` takes: the kept form, or whatever else the row's `accept` reads. */
export interface SettingInputs {
  readonly minProtoVersion: number | string;
  readonly maxProtoVersion: number | string;
  readonly cipherSuites: string | readonly (string | number)[];
  readonly cipherList: string | readonly (string | number)[] | undefined;
  readonly groups: string | readonly (string | number)[];
  readonly keyShares: string | readonly (string | number)[] | undefined;
  readonly serverGroupsHint: string | readonly (string | number)[];
  readonly sigalgs: string | readonly (string | number)[];
  readonly clientSigalgs: string | readonly (string | number)[] | undefined;
  readonly sigalgsCert: string | readonly (string | number)[] | undefined;
  readonly alpnProtocols: Uint8Array | readonly (string | Uint8Array)[];
  readonly echOuterAlpn: Uint8Array | readonly (string | Uint8Array)[] | undefined;
  readonly clientCertTypes: CertificateTypes | undefined;
  readonly serverCertTypes: CertificateTypes | undefined;
}

export type SettingInput<K extends SettingName> = K extends keyof SettingInputs ? SettingInputs[K] : Settings[K];

/** Checks a value for a setting and gives it the form it is kept in. */
export function accept<K extends SettingName>(name: K, value: SettingInput<K>): Settings[K] {
  // `SettingInput` says what the row's `accept` reads; the two stand side by side in this file.
  return SETTINGS[name].accept(value as never) as Settings[K];
}

/** The ALPN list in its wire form. */
export const alpnWire = (names: readonly Uint8Array[]): Uint8Array =>
  concat(...names.map((name) => concat(Uint8Array.of(name.length), name)));
