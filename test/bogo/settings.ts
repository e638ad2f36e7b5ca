/** Flags of the runner as settings of a context and a connection. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  ALERTS,
  type CertCompressor,
  CONTENT_TYPE,
  type Credential,
  type CredentialOptions,
  cipherSuiteByName,
  EchKeys,
  type ExternalPsk,
  echKey,
  HANDSHAKE_TYPE,
  INFO,
  MODES,
  NAMED_GROUPS,
  OPTIONS,
  type PrivateKey,
  SESSION_CACHE,
  type SettingInput,
  type SettingName,
  Ssl,
  SslContext,
  type SslContextOptions,
  type SslSession,
  signatureScheme,
  TLS1_3_VERSION,
  TLS1_VERSION,
  TlsFatal,
  VERIFY,
} from '../../src/index.ts';
import { type CredentialFlags, type Flags, Unimplemented } from './flags.ts';
import { policyOptions } from './policies.ts';
import { clock, demand, type State } from './state.ts';

/** What servers keep from one connection to the next. */
export interface Kept {
  readonly ticketKeys: readonly Uint8Array[];
  readonly sessions: Map<string, SslSession>;
}

/** What the runner takes for granted that nobody configured: BoringSSL's defaults, where ours are narrower. */
const VERIFIED = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201];
const SIGNED = [0x0904, 0x0905, 0x0906, 0x0807, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601, 0x0203, 0x0201];
const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const ALL_SUITES = 'ALL:!aNULL:3DES';
const EARLY_DATA = 14_336;
const after = (prefix: Uint8Array, data: Uint8Array): Uint8Array => new Uint8Array(Buffer.concat([prefix, data]));
/** The runner's own algorithms: one that makes the message longer, one that makes it shorter, one that never gives the same twice. */
const COMPRESSORS: readonly CertCompressor[] = [
  { id: 0xff02, compress: (data) => after(Uint8Array.of(1, 2, 3, 4), data), decompress: (data) => data.subarray(4) },
  { id: 0xff01, compress: (data) => data.subarray(2), decompress: (data) => after(Uint8Array.of(0, 0), data) },
  { id: 0xff03, compress: (data) => after(crypto.getRandomValues(new Uint8Array(1)), data), decompress: (data) => data.subarray(1) },
];
/** A scheme that nobody has, which the runner uses for just that. */
const UNREAL = 0xff01;

/** `later`: what the runner's -async tests want from every callback. */
const later = async <T>(value: T): Promise<T> => {
  await null;
  return value;
};

export function makeConnection(state: State, kept: Kept, session: SslSession | undefined): Ssl {
  const { flags } = state;
  const context = new SslContext({ ...contextOptions(state, kept), ...policyOptions(flags), now: () => clock.now });
  if (flags['trust-cert']) context.trust(readFileSync(flags['trust-cert'], 'utf8'));
  const loaded = loadCredentials(flags);
  // Otherwise a callback brings it.
  const atOnce = !flags.async && !flags['use-early-callback'] && !flags['use-old-client-cert-callback'];
  installCallbacks(context, state, loaded);
  const ssl = new Ssl(context);
  state.ssl = ssl;
  if (atOnce) useCredentials(ssl, loaded);
  if (session !== undefined && !flags.server) ssl.setSession(session);
  if (flags['host-name'] !== undefined) ssl.set('serverName', flags['host-name']);
  if (flags['quic-transport-params'] !== undefined) ssl.set('quicTransportParams', flags['quic-transport-params']);
  if (flags['max-send-fragment'] !== undefined) ssl.set('maxSendFragment', flags['max-send-fragment']);
  return ssl;
}

function contextOptions(state: State, kept: Kept): SslContextOptions {
  const { flags } = state;
  const { 'verify-prefs': verify, credential } = flags;
  const verified = known(verify, VERIFIED);
  const signed = known(credential['signing-prefs'], SIGNED);
  return defined({
    role: flags.server ? 'server' : 'client',
    securityLevel: 0,
    extendedMasterSecret: 'offer',
    checkHostName: false,
    options: options(flags),
    mode: mode(flags),
    minProtoVersion: flags['min-version'] ?? TLS1_VERSION,
    maxProtoVersion: flags['max-version'],
    cipherSuites: TLS13_SUITES,
    cipherList: suites(flags.cipher ?? ALL_SUITES),
    groups: flags.curves.length > 0 ? knownGroups(flags.curves) : undefined,
    serverGroupsHint: flags['server-supported-groups-hint'],
    keyShares: flags['no-key-shares'] ? [] : flags['key-shares'].length > 0 ? flags['key-shares'] : undefined,
    sigalgs: flags.server ? signed : verified,
    clientSigalgs: flags.server ? verified : signed,
    verifyMode: verifyMode(flags),
    clientCertTypes: certTypes(flags, flags.server ? 'accepted-peer-cert-types' : 'available-client-cert-types'),
    serverCertTypes: flags.server ? lateTypes(flags) : certTypes(flags, 'accepted-peer-cert-types'),
    anonymousFallback: false,
    reverifyOnResume: flags['reverify-on-resume'],
    clientCaList: flags.server ? caNames(flags['use-client-ca-list']) : undefined,
    alpnProtocols: flags['advertise-alpn'] === undefined ? undefined : latin1(flags['advertise-alpn']),
    statusRequest: flags['enable-ocsp-stapling'],
    sctRequest: flags['enable-signed-cert-timestamps'],
    sessionIdContext: latin1('shim'),
    sessionCacheMode: SESSION_CACHE.BOTH | SESSION_CACHE.NO_INTERNAL,
    ticketKeys: kept.ticketKeys,
    getSessionCallback: (_ssl: Ssl, id: Uint8Array) => {
      const session = kept.sessions.get(hex(id))?.upRef();
      return flags.async ? later(session) : session;
    },
    newSessionCallback: (_ssl: Ssl, session: SslSession) => {
      // What BoringSSL counts on a server are entries of its cache; its tickets of TLS 1.3 are none.
      if (!flags.server || session.data.version < TLS1_3_VERSION) state.newSession = session.upRef();
      if (flags.server) kept.sessions.set(hex(session.data.id), session.upRef());
    },
    numTickets: flags['no-ticket'] ? 0 : undefined,
    maxEarlyData: flags['enable-early-data'] && flags.server ? EARLY_DATA : 0,
    recvMaxEarlyData: EARLY_DATA,
    maxCertList: flags['max-cert-list'],
    certCompression: COMPRESSORS.filter(
      ({ id }) => flags['install-cert-compression-algs'] || flags['install-one-cert-compression-alg'] === id,
    ),
    // BoringSSL's servers of TLS 1.3 always do.
    grease: flags['enable-grease'] || flags.server,
    permuteExtensions: flags['permute-extensions'],
    quietShutdown: !flags['check-close-notify'],
    quicLegacyCodepoint: flags['quic-use-legacy-codepoint'] === 1,
    quicEarlyData: flags['enable-early-data'],
    quicEarlyDataContext: flags['quic-early-data-context'] === undefined ? undefined : latin1(flags['quic-early-data-context']),
    pskIdentityHint: flags['psk-identity'],
    echConfigList: flags['ech-config-list'],
    echGrease: flags['enable-ech-grease'],
    rejectUnusableEchConfig: flags['reject-unusable-ech-config'],
    echKeys: echKeys(flags),
  });
}

function echKeys(flags: Flags): EchKeys | undefined {
  const { 'ech-server-config': configs, 'ech-server-key': keys, 'ech-is-retry-config': retries } = flags;
  if (configs.length === 0) return undefined;
  return new EchKeys(configs.map((config, i) => echKey(config, keys[i] ?? new Uint8Array(), retries[i] === 1)));
}

/** A scheme that is not built here has no test for us. */
function known(schemes: readonly number[], fallback: readonly number[]): readonly number[] {
  const unknown = schemes.find((id) => id !== UNREAL && signatureScheme(id) === undefined);
  if (unknown !== undefined) throw new Unimplemented(`signature scheme ${unknown}`);
  return schemes.length > 0 ? schemes : fallback;
}

function knownGroups(ids: readonly number[]): readonly number[] {
  const unknown = ids.find((id) => !NAMED_GROUPS.some((group) => group.id === id));
  if (unknown !== undefined) throw new Unimplemented(`group ${unknown}`);
  return ids;
}

const defined = (
  options: { readonly [K in SettingName]?: SettingInput<K> | undefined } & { role: 'client' | 'server' },
): SslContextOptions => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

function options(flags: Flags): number {
  const renegotiates = flags['renegotiate-once'] || flags['renegotiate-freely'] || flags['forbid-renegotiation-after-handshake'];
  const chosen: readonly (readonly [boolean, number])[] = [
    [flags['no-tls1'], OPTIONS.NO_TLSv1],
    [flags['no-tls11'], OPTIONS.NO_TLSv1_1],
    [flags['no-tls12'], OPTIONS.NO_TLSv1_2],
    [flags['no-tls13'], OPTIONS.NO_TLSv1_3],
    [flags['no-ticket'], OPTIONS.NO_TICKET],
    [!flags['no-legacy-server-connect'], OPTIONS.LEGACY_SERVER_CONNECT],
    [!renegotiates, OPTIONS.NO_RENEGOTIATION],
    [renegotiates, OPTIONS.ALLOW_UNSAFE_LEGACY_RENEGOTIATION],
    [flags.cipher !== undefined || flags['server-preference'], OPTIONS.CIPHER_SERVER_PREFERENCE],
    [!flags['cbc-record-splitting'], OPTIONS.DONT_INSERT_EMPTY_FRAGMENTS],
  ];
  // Replays are not what these tests are about: the runner sends the same ticket twice where it likes.
  const always = OPTIONS.ENABLE_MIDDLEBOX_COMPAT | OPTIONS.NO_ANTI_REPLAY | OPTIONS.NO_ENCRYPT_THEN_MAC;
  return chosen.reduce((bits, [on, bit]) => (on ? bits | bit : bits), always as number);
}

const mode = (flags: Flags): number =>
  MODES.AUTO_RETRY | (flags['partial-write'] ? MODES.ENABLE_PARTIAL_WRITE : 0) | (flags['fallback-scsv'] ? MODES.SEND_FALLBACK_SCSV : 0);

const certTypes = (flags: Flags, name: 'accepted-peer-cert-types' | 'available-client-cert-types'): readonly number[] | undefined =>
  flags[name].length > 0 ? flags[name] : undefined;

/** A server whose credentials a callback brings, which a resumption does not ask, says beforehand what they show. */
function lateTypes({ credentials, async, 'use-early-callback': early }: Flags): SettingInput<'serverCertTypes'> {
  const kinds = [...new Set(credentials.flatMap(({ kind }) => (kind === 'psk' ? [] : [kind])))];
  return async && !early && kinds.includes('rpk') ? kinds : undefined;
}

function verifyMode(flags: Flags): number {
  if (flags['require-any-client-certificate']) return VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT;
  // BoringSSL never waives a raw public key.
  const rawKey = flags['accepted-peer-cert-types'].includes(2) && !flags.server;
  return flags['verify-peer'] || rawKey ? VERIFY.PEER : VERIFY.NONE;
}

/** The runner writes IANA's names, alone or with OpenSSL's words; [A|B] are BoringSSL's groups of equal preference. */
function suites(text: string): string {
  if (text.includes('[')) throw new Unimplemented('groups of equal preference');
  return text
    .split(':')
    .map((word) => cipherSuiteByName(word)?.name ?? word)
    .join(':');
}

const caNames = (text: string | undefined): readonly Uint8Array[] | undefined =>
  text === undefined || text.startsWith('<') ? undefined : text.split(',').map((name) => new Uint8Array(Buffer.from(name, 'hex')));

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const sha256 = (bytes: Uint8Array = new Uint8Array()): string => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

// ---- credentials

/** What the flags configure: a list of credentials, and the default one behind it. */
interface Loaded {
  readonly list: readonly (CredentialOptions | ExternalPsk)[];
  readonly ordinary: Credential | undefined;
}

function loadCredentials(flags: Flags): Loaded {
  return {
    list: flags.credentials.map((one) => {
      if (one.kind === 'psk') return pskOf(one);
      const { chain, key } = load(one, flags);
      if (key === undefined) throw new Unimplemented('a credential without a key');
      return {
        ...(chain.length > 0 && { cert: chain }),
        key,
        shows: one.kind,
        mustMatchIssuer: one['must-match-issuer'],
        ...(one['delegated-credential'] && { delegatedCredential: one['delegated-credential'] }),
        ...(one['signing-prefs'].length > 0 && { sigalgs: known(one['signing-prefs'], []) }),
        ...staples(one, false),
      };
    }),
    ordinary:
      flags.credential['cert-file'] === undefined && flags.credential['key-file'] === undefined ? undefined : load(flags.credential, flags),
  };
}

const pskOf = ({
  'psk-importer-key': key = new Uint8Array(),
  'psk-importer-identity': identity = new Uint8Array(),
  'psk-importer-context': importContext = new Uint8Array(),
  'psk-importer-sha384': sha384,
}: CredentialFlags): ExternalPsk => ({ key, identity, importContext, hash: sha384 ? 'sha384' : 'sha256' });

function load(
  credential: CredentialFlags,
  { async, 'private-key-delay-ms': delay = 0, 'use-ocsp-callback': usesCallback }: Flags,
): Credential {
  const { 'cert-file': certificate, 'key-file': keyFile } = credential;
  const loader = new SslContext();
  if (certificate !== undefined) loader.useCertificate(readFileSync(certificate, 'utf8'));
  const chain = loader.get('credentials').selected?.chain ?? [];
  // The key of a delegated credential is another than its certificate's.
  const keys = credential['delegated-credential'] === undefined ? loader : new SslContext();
  if (keyFile !== undefined) keys.usePrivateKey(readFileSync(keyFile, 'utf8'));
  const key = keys.get('credentials').selected?.key;
  return { chain, key: key && (async ? slowKey(key, delay) : key), ...staples(credential, usesCallback) };
}

const staples = (
  { 'ocsp-response': ocspResponse, 'signed-cert-timestamps': signedCertificateTimestamps }: CredentialFlags,
  usesCallback: boolean,
) => ({
  ...(ocspResponse && !usesCallback && { ocspResponse }),
  ...(signedCertificateTimestamps && { signedCertificateTimestamps }),
});

/** A key that lives elsewhere. */
function slowKey(key: PrivateKey, delay: number): PrivateKey {
  const elsewhere = async <T>(work: () => T | Promise<T>): Promise<T> => {
    await null;
    clock.now += delay;
    return work();
  };
  const { decryptPremaster } = key;
  return {
    publicKey: key.publicKey,
    sign: (algorithm, data) => elsewhere(() => key.sign(algorithm, data)),
    ...(decryptPremaster && {
      decryptPremaster: (ciphertext, substitute) => elsewhere(() => decryptPremaster.call(key, ciphertext, substitute)),
    }),
  };
}

function useCredentials(ssl: Ssl, { list, ordinary }: Loaded): void {
  for (const credential of list) ssl.addCredential(credential);
  const kind = ordinary?.key?.publicKey.kind ?? ordinary?.chain[0]?.publicKey?.kind;
  if (ordinary !== undefined && kind !== undefined) ssl.useCredential(kind, ordinary);
}

// ---- callbacks

function installCallbacks(context: SslContext, state: State, loaded: Loaded): void {
  const { flags } = state;
  installHelloCallbacks(context, state, loaded);
  installCertificateCallbacks(context, state, loaded);
  if (flags['select-alpn'] !== undefined || flags['select-empty-alpn'] || flags['decline-alpn'] || flags['reject-alpn'])
    context.set('alpnSelectCallback', (_ssl, offered) => selectAlpn(state, offered));
  if (flags['use-ocsp-callback']) context.set('statusCallback', (ssl) => staple(ssl, flags));
  if (flags.psk !== undefined) installPsk(context, flags, latin1(flags.psk));
  if (flags['use-ticket-callback'] || flags['use-ticket-aead-callback']) installTicketKey(context, flags);
  context.set('infoCallback', (_ssl, where) => {
    if (where !== INFO.HANDSHAKE_DONE) return;
    state.handshakes++;
    demand(!flags['handshake-never-done'], 'the handshake completed');
  });
  context.set('msgCallback', (write, _version, contentType, bytes) => {
    const line = traceLine(contentType, bytes);
    if (line !== undefined) state.trace += `${write ? 'write' : 'read'} ${line}\n`;
  });
}

function installHelloCallbacks(context: SslContext, state: State, loaded: Loaded): void {
  const { flags } = state;
  let waited = !flags.async;
  context.set('clientHelloCallback', (ssl) => {
    state.earlyCallbackCalled = true;
    if (ssl.echAccepted && flags['fail-early-callback-ech-rewind']) return 'disable_ech';
    if (flags['fail-early-callback']) return { alert: ALERTS.handshake_failure };
    if (flags['fail-ddos-callback']) return { alert: ALERTS.internal_error };
    if (!flags['use-early-callback']) return 'ok';
    if (!waited) {
      waited = true;
      return 'retry';
    }
    useCredentials(ssl, loaded);
    return 'ok';
  });
  context.set('serverNameCallback', (_ssl, name) => {
    state.serverName = name;
    if (flags['expect-no-server-name'] && name !== undefined) return { alert: ALERTS.internal_error };
    return flags['no-server-name-ack'] ? 'noack' : 'ok';
  });
}

function installCertificateCallbacks(context: SslContext, state: State, loaded: Loaded): void {
  const { flags } = state;
  let waited = !flags.async;
  const mustWait = (): boolean => {
    const wait = !waited;
    waited = true;
    return wait;
  };
  if (flags['use-old-client-cert-callback']) {
    context.set('clientCertCallback', (ssl) => {
      checkRequest(ssl, flags);
      return mustWait() ? 'retry' : loaded.ordinary;
    });
  } else {
    context.set('certCallback', (ssl) => {
      checkRequest(ssl, state.flags);
      if (state.flags['fail-cert-callback']) return false;
      if (!flags.async || flags['use-early-callback']) return true;
      if (mustWait()) return 'retry';
      useCredentials(ssl, loaded);
      return true;
    });
  }
  context.set('verifyCallback', (_ok, store) => {
    checkNameOverride(state);
    const { 'expect-peer-rpk-sha256': rawKeyHash } = flags;
    const fails =
      state.flags['verify-fail'] || (rawKeyHash !== undefined && hex(rawKeyHash) !== sha256(state.ssl?.connection?.peerRawKey?.spki));
    store.result = fails ? 'APPLICATION_VERIFICATION' : 'OK';
    // BoringSSL's custom callback names the alert itself.
    if (fails && flags['use-custom-verify-callback'] && verifyMode(flags) !== VERIFY.NONE)
      throw new TlsFatal('certificate_unknown', 'CERTIFICATE_VERIFY_FAILED');
    return flags['use-custom-verify-callback'] && flags.async ? later(!fails) : !fails;
  });
}

/** The name that the certificate has to be for. */
function checkNameOverride({ ssl, flags }: State): void {
  const name = ssl?.echNameOverride;
  demand(!flags['expect-no-ech-name-override'] || name === undefined, 'an ECH name override');
  const expected = flags['expect-ech-name-override'];
  demand(expected === undefined || name === expected, `the ECH name override was ${name}`);
}

function selectAlpn(state: State, offered: readonly Uint8Array[]): Uint8Array | 'noack' | { readonly alert: number } {
  const { flags } = state;
  demand(!state.alpnAsked, 'the ALPN callback was called twice');
  state.alpnAsked = true;
  if (flags['decline-alpn']) return 'noack';
  if (flags['reject-alpn']) return { alert: ALERTS.no_application_protocol };
  const wanted = flags['expect-advertised-alpn'];
  const wire = Buffer.concat(offered.map((name) => Buffer.concat([Buffer.of(name.length), name])));
  demand(wanted === undefined || wire.equals(latin1(wanted)), 'bad ALPN select callback inputs');
  return latin1(flags['select-alpn'] ?? '');
}

function checkRequest(ssl: Ssl, flags: Flags): void {
  const { connection } = ssl;
  const types = flags['expect-certificate-types'];
  const schemes = flags['expect-peer-verify-pref'];
  const names = flags['expect-client-ca-list'];
  demand(types === undefined || hex(connection?.peerCertificateTypes ?? new Uint8Array()) === hex(types), 'certificate types mismatch');
  demand(schemes.length === 0 || `${connection?.peerSignatureSchemes}` === `${schemes}`, 'peer verify preferences mismatch');
  if (names === undefined || flags.server) return;
  const wanted = names.startsWith('<') ? '' : names;
  demand((connection?.peerCaNames ?? []).map(hex).join() === wanted, 'client CA list mismatch');
}

function staple(ssl: Ssl, flags: Flags): Uint8Array | boolean | undefined {
  if (!flags.server) {
    demand(flags['expect-ocsp-response'] === undefined || ssl.connection?.ocspResponse !== undefined, 'no OCSP response in the callback');
    return !flags['fail-ocsp-callback'];
  }
  if (flags['fail-ocsp-callback']) return false;
  return flags['set-ocsp-in-callback'] ? flags.credential['ocsp-response'] : undefined;
}

function installPsk(context: SslContext, { 'psk-identity': identity }: Flags, key: Uint8Array): void {
  const psk = { identity: latin1(identity ?? ''), key };
  // BoringSSL knows such keys before TLS 1.3 alone, where the version is settled when it asks for one.
  context.set('pskClientCallback', (ssl, hint) => {
    if ((ssl.connection?.version ?? 0) === 0) return [];
    demand((hint ?? '') === (identity ?? ''), 'the PSK hint is not the one expected');
    return [psk];
  });
  context.set('pskServerCallback', (ssl, asked) => {
    if (ssl.connection?.version === TLS1_3_VERSION) return undefined;
    demand(hex(asked) === hex(psk.identity), 'the PSK identity is not the one expected');
    return psk;
  });
}

/** The same key for every ticket. */
function installTicketKey(context: SslContext, flags: Flags): void {
  const key = { name: new Uint8Array(16), key: new Uint8Array(32), renew: flags['renew-ticket'] };
  context.set('ticketKeyCallback', (_ssl, name) => {
    const answer = name === undefined && flags['skip-ticket'] ? undefined : key;
    return flags.async ? later(answer) : answer;
  });
}

function traceLine(contentType: number, bytes: Uint8Array): string | undefined {
  switch (contentType) {
    case CONTENT_TYPE.handshake:
      return bytes[0] === undefined || !Object.values<number>(HANDSHAKE_TYPE).includes(bytes[0]) ? 'hs ?' : `hs ${bytes[0]}`;
    case CONTENT_TYPE.clientHelloInner:
      return 'clienthelloinner';
    case CONTENT_TYPE.changeCipherSpec:
      return 'ccs';
    case CONTENT_TYPE.alert:
      return `alert ${bytes[0]} ${bytes[1]}`;
    default:
      return undefined;
  }
}
