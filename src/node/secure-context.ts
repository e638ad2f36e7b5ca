import type { KeyObject } from 'node:crypto';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { base64Bytes } from '../asn1/base64.ts';
import { isPem, pemText } from '../asn1/pem.ts';
import { concat, toHex, utf8 } from '../bytes/bytes.ts';
import { readDhParameters } from '../config/dh-parameters.ts';
import { EchKeys, echKeysFromPem } from '../config/ech-keys.ts';
import { SETTINGS, type SettingName } from '../config/settings.ts';
import type { Compressor } from '../crypto/provider.ts';
import { refuse, SslError } from '../registry/fatal.ts';
import { OPTIONS } from '../registry/options.ts';
import { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION, TLS1_VERSION } from '../registry/versions.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import { SslContext } from '../ssl/context.ts';
import { parseCertificate } from '../x509/certificate.ts';
import { parseCrls } from '../x509/crl.ts';
import { parsePkcs12, pkcs12Identity } from '../x509/pkcs12.ts';
import { X509Store } from '../x509/store.ts';
import { keyMeetsLevel, signatureMeetsLevel } from '../x509/strength.ts';
import { checkBuffer, checkInteger, checkMaterial, checkObject, checkString, invalidType, invalidValue } from './arguments.ts';
import { crypto } from './builtins.ts';
import { CIPHERS, defaults, OLDER_SUITES } from './defaults.ts';
import { tlsError, withCode } from './errors.ts';
import { installFetching } from './fetch-option.ts';
import {
  checkNames,
  type FurtherSettings,
  type KeyWithPassphrase,
  type Material,
  type PfxWithPassphrase,
  type SecureContextOptions,
} from './options.ts';
import { systemAuthorities, systemStore } from './root-certificates.ts';
import { sigalgList } from './sigalg-names.ts';

const TICKET_KEYS_LENGTH = 48;

/** An `SslContext` that understands what packages call on the one of `node:tls`, to add authorities to those that it trusts. */
class TrustingContext extends SslContext {
  /** PEM; of several certificates all. */
  addCACert(authority: Material): void {
    checkMaterial('options.ca', authority);
    this.get('certStore').addPem(plain(authority));
  }

  /** Those of the runtime. */
  addRootCerts(): void {
    this.get('certStore').addLookup(systemAuthorities);
  }
}

/** Certificates, keys and settings that many connections share; `context` is the `SslContext` itself. */
export class SecureContext {
  readonly context: TrustingContext;
  /** Settings that each connection has for itself, as DANE's records. */
  readonly ofConnections: FurtherSettings;
  /** The ticket keys as Node has them, the first of them seals; empty: those of the day. */
  private ticketKeys: readonly Uint8Array[] = [];

  constructor(options: SecureContextOptions = {}) {
    const { ssl: given = {} } = options;
    const { ssl, ofConnections } = apart(given);
    this.ofConnections = ofConnections;
    const otherwise = DEFAULTS(options);
    this.context = new TrustingContext({ ...ssl, ...(ssl.certStore === undefined && { certStore: trustOf(options.ca) }) });
    // As in Node, and unlike the library: whoever asks for a renegotiation in TLS 1.2 gets it, if it is secure (RFC 5746) and not too often.
    if (ssl.options === undefined) this.context.set('options', this.context.get('options') & ~OPTIONS.NO_RENEGOTIATION);
    for (const [name, apply] of Object.entries(APPLY) as [keyof typeof APPLY, Apply][]) {
      const value = options[name] ?? otherwise[name];
      if (value !== undefined && value !== null) attempt(name, () => apply(this.context, value, options));
    }
    if (options.ticketKeys === undefined || options.ticketKeys === null) return;
    listOf(options.ticketKeys).forEach(checkTicketKey);
    this.setTicketKeys(options.ticketKeys);
  }

  /** The 48 bytes that open and seal tickets; where nobody gave any they are made now and hold from now on. */
  getTicketKeys(): Buffer {
    if (this.ticketKeys.length === 0) this.setTicketKeys(crypto.randomBytes(TICKET_KEYS_LENGTH));
    return Buffer.from(this.ticketKeys[0] as Uint8Array);
  }

  /** One key, or several: the first seals, all open, so that a fleet can move from one to the next. */
  setTicketKeys(keys: Uint8Array | readonly Uint8Array[]): void {
    this.ticketKeys = listOf(keys).map((key) => Uint8Array.from(key));
    this.context.set(
      'ticketKeys',
      this.ticketKeys.map((key) => (key.length === TICKET_KEYS_LENGTH ? widened(this.context, key) : key)),
    );
  }
}

/** What belongs to a context, and what to each of its connections. */
function apart(given: FurtherSettings): { readonly ssl: FurtherSettings; readonly ofConnections: FurtherSettings } {
  const isOfConnection = ([name]: [string, unknown]): boolean => name in SETTINGS && SETTINGS[name as SettingName].scope === 'connection';
  const own = Object.entries(given).filter(isOfConnection);
  if (own.length === 0) return { ssl: given, ofConnections: {} };
  return { ssl: Object.fromEntries(Object.entries(given).filter((one) => !isOfConnection(one))), ofConnections: Object.fromEntries(own) };
}

/** tls.createSecureContext: throws for a certificate, key or list that cannot be used, with Node's codes. */
export function createSecureContext(options: SecureContextOptions | null = {}): SecureContext {
  checkObject('options', options ?? {});
  checkNames(options ?? {});
  return new SecureContext(options ?? {});
}

/** What a server says its sessions belong to, unless it is told. */
export const defaultSessionIdContext = (): string => crypto.createHash('sha1').update(process.argv.join(' ')).digest('hex').slice(0, 32);

/** The suites of the day, unless they are set by the library's own names. */
export const defaultCiphers = ({ ssl = {} }: Pick<SecureContextOptions, 'ssl'>): Pick<SecureContextOptions, 'ciphers'> =>
  ssl.cipherList === undefined && ssl.cipherSuites === undefined ? { ciphers: defaults.DEFAULT_CIPHERS } : {};

/** What holds where an option is not there, or is undefined. */
const DEFAULTS = ({ secureProtocol, ssl = {} }: SecureContextOptions): SecureContextOptions => ({
  ...defaultCiphers({ ssl }),
  ...(ssl.groups === undefined && { ecdhCurve: defaults.DEFAULT_ECDH_CURVE }),
  ...(!secureProtocol && ssl.minProtoVersion === undefined && { minVersion: defaults.DEFAULT_MIN_VERSION }),
  ...(!secureProtocol && ssl.maxProtoVersion === undefined && { maxVersion: defaults.DEFAULT_MAX_VERSION }),
});

type Options = Omit<SecureContextOptions, 'ssl' | 'ca' | 'passphrase' | 'ticketKeys' | 'singleUse'>;
type Table = {
  readonly [K in keyof Options]-?: (context: SslContext, value: NonNullable<Options[K]>, options: SecureContextOptions) => void;
};
type Apply = (context: SslContext, value: unknown, options: SecureContextOptions) => void;

/** How each option becomes settings, in the order in which they are applied. */
const APPLY: Table = {
  secureProtocol: (context, value, { minVersion, maxVersion }) => {
    if (!value) return;
    const clash = minVersion ?? maxVersion;
    if (clash !== undefined && clash !== null) throw versionConflict(clash, value);
    setVersions(context, value);
  },
  minVersion: (context, value) => context.set('minProtoVersion', version(value, 'minimum')),
  maxVersion: (context, value) => context.set('maxProtoVersion', version(value, 'maximum')),
  secureOptions: (context, value) => {
    if (!value) return;
    checkInteger('secureOptions', value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    addOptions(context, value);
  },
  honorCipherOrder: (context, value) => {
    if (value) addOptions(context, OPTIONS.CIPHER_SERVER_PREFERENCE);
  },
  // Before the certificates: @SECLEVEL says which of them are strong enough.
  ciphers: (context, value) => setCiphers(context, value),
  cert: (context, value) => {
    if (!value) return;
    for (const chain of listOf(value)) {
      checkMaterial('options.cert', chain);
      context.useCertificate(plain(chain));
    }
    checkStrength(context);
  },
  key: (context, value, { passphrase }) => {
    if (!value) return;
    if (!Array.isArray(value) && !isKeyObject(value as object)) checkMaterial('options.key', value);
    for (const key of listOf<Material | KeyWithPassphrase | KeyObject>(value)) useKey(context, key, passphrase);
  },
  pfx: (context, value, { passphrase }) => {
    if (!value) return;
    for (const one of listOf<Material | PfxWithPassphrase>(value)) usePfx(context, one, passphrase);
  },
  sigalgs: (context, value) => {
    checkString('options.sigalgs', value);
    if (value === '') throw invalidValue('options.sigalgs', value);
    context.set('sigalgs', sigalgList(value));
  },
  privateKeyIdentifier: (_context, value, { privateKeyEngine, key }) => {
    if (privateKeyEngine === undefined || privateKeyEngine === null) throw invalidValue('options.privateKeyEngine', privateKeyEngine);
    if (key) throw invalidValue('options.privateKeyIdentifier', value);
    checkEngineName('options.privateKeyIdentifier', value);
  },
  privateKeyEngine: (_context, value, { privateKeyIdentifier }) => {
    if (privateKeyIdentifier !== undefined && privateKeyIdentifier !== null) refuseEngine('options.privateKeyEngine', value);
  },
  ecdhCurve: (context, value) => {
    checkString('options.ecdhCurve', value);
    if (value !== 'auto') context.set('groups', value);
  },
  dhparam: (context, value) => {
    checkMaterial('options.dhparam', value);
    if (value === 'auto') return;
    const group = readDhParameters(plain(value));
    const bits = bitsOf(group.prime);
    if (bits < 1024) throw withCode('ERR_INVALID_ARG_VALUE', 'DH parameter is less than 1024 bits', {}, TypeError);
    if (bits < 2048) process.emitWarning('DH parameter is less than 2048 bits', 'SecurityWarning');
    context.set('tmpDh', group);
  },
  crl: (context, value) => {
    const store = context.get('certStore');
    for (const material of listOf(value)) {
      checkMaterial('options.crl', material);
      const crls = parseCrls(plain(material));
      if (crls.length === 0) throw withCode('ERR_CRYPTO_OPERATION_FAILED', 'Failed to parse CRL');
      for (const crl of crls) store.addCrl(crl);
    }
    context.get('verifyParam').setFlags(X509_V_FLAG.CRL_CHECK | X509_V_FLAG.CRL_CHECK_ALL);
  },
  sessionIdContext: (context, value) => {
    checkString('options.sessionIdContext', value);
    context.set('sessionIdContext', utf8(value));
  },
  clientCertEngine: (_context, value) => refuseEngine('options.clientCertEngine', value),
  sessionTimeout: (context, value) => {
    checkInteger('options.sessionTimeout', value, 0);
    context.set('sessionTimeout', value);
  },
  allowPartialTrustChain: (context, value) => {
    if (value) context.get('verifyParam').setFlags(X509_V_FLAG.PARTIAL_CHAIN);
  },
  fetchStatus: (context, value) => installFetching(context, value),
  echConfigList: (context, value) => context.set('echConfigList', typeof value === 'string' ? echListOf(value) : value),
  echGrease: (context, value) => context.set('echGrease', value),
  echKeys: (context, value) =>
    context.set('echKeys', new EchKeys(listOf(value).flatMap((pem) => echKeysFromPem(plain(pem), true, context.provider)))),
  pskIdentityHint: (context, value) => {
    checkString('options.pskIdentityHint', value);
    context.set('pskIdentityHint', value);
  },
  certificateCompression: (context, value) => {
    if (!Array.isArray(value)) throw invalidType('options.certificateCompression', 'an instance of Array', value);
    if (value.length > 3) throw invalidValue('options.certificateCompression', value, 'can specify at most 3 algorithms');
    context.set(
      'certCompression',
      value.map((name, i) => compressorNamed(context, name, i)),
    );
  },
};

/** An ECHConfigList out of its base64, as DNS and command lines have it. */
export const echListOf = (text: string): Uint8Array => base64Bytes(utf8(text)) ?? refuse('INVALID_ECH_CONFIG_LIST', 'not base64');

function compressorNamed({ provider }: SslContext, name: string, i: number): Compressor {
  const known = provider.compressors?.find((one) => one.name === name);
  if (known === undefined) throw invalidValue(`options.certificateCompression[${i}]`, name, "must be 'zlib', 'brotli', or 'zstd'");
  return known;
}

/** Node's 48 bytes, or OpenSSL's 80. */
function checkTicketKey(key: unknown): void {
  checkBuffer('options.ticketKeys', key);
  if (key.byteLength === TICKET_KEYS_LENGTH || key.byteLength === 80) return;
  throw invalidValue('options.ticketKeys', key.byteLength, 'must be exactly 48 bytes');
}

/** The size of a number that may have zero bytes in front. */
const bitsOf = (number: Uint8Array): number => BigInt(`0x${toHex(number)}`).toString(2).length;

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

/** The bytes of a view, whatever its type. */
const plain = (material: Material): string | Uint8Array =>
  typeof material === 'string' ? material : new Uint8Array(material.buffer, material.byteOffset, material.byteLength);

function trustOf(ca: SecureContextOptions['ca']): X509Store {
  if (!ca) return systemStore();
  const store = new X509Store();
  for (const material of listOf(ca)) {
    checkMaterial('options.ca', material);
    const bytes = plain(material);
    // A PEM bundle is read when a certificate is first looked up; DER is read, or refused, now.
    if (typeof bytes === 'string' || isPem(bytes)) store.addPem(bytes);
    else store.add(parseCertificate(bytes));
  }
  return store;
}

function useKey(context: SslContext, key: Material | KeyWithPassphrase | KeyObject, shared: string | undefined): void {
  if (isKeyObject(key)) {
    context.usePrivateKey(key.export({ type: 'pkcs8', format: 'der' }));
    return;
  }
  const { pem, passphrase } = isMaterial(key) ? { pem: key } : key;
  const secret = passphrase ?? shared;
  checkMaterial('options.key', pem);
  if (secret !== undefined && secret !== null) {
    checkString('options.passphrase', secret);
    context.set('defaultPasswordCallback', () => secret);
  }
  context.usePrivateKey(plain(pem));
}

/** As Node does it: the key with its certificate, and all other certificates both to send along and to trust. */
function usePfx(context: SslContext, given: Material | PfxWithPassphrase, shared: string | undefined): void {
  const { buf, passphrase } = typeof given === 'object' && 'buf' in given ? given : { buf: given };
  checkMaterial('options.pfx', buf);
  const secret = passphrase ?? shared;
  if (secret !== undefined && secret !== null) checkString('options.passphrase', secret);
  const material = plain(buf);
  const bytes = typeof material === 'string' ? utf8(material) : material;
  const { key, certificate, others } = opened(() =>
    pkcs12Identity(
      parsePkcs12(bytes, () => secret ?? '', context.provider),
      context.provider,
    ),
  );
  if (key === undefined) throw withCode('ERR_CRYPTO_OPERATION_FAILED', 'Unable to load private key from PFX data');
  if (certificate === undefined) throw withCode('ERR_CRYPTO_OPERATION_FAILED', 'Unable to load PFX certificate');
  context.useCertificate([certificate, ...others].map(({ der }) => pemText('CERTIFICATE', der)).join(''));
  context.usePrivateKey(key);
  checkStrength(context);
  const store = context.get('certStore');
  for (const other of others) store.add(other);
}

/** A certificate that the security level forbids is refused now, as in Node, and not when a handshake finds nothing to show. */
function checkStrength(context: SslContext): void {
  const level = context.get('securityLevel');
  const chain = context.get('credentials').selected?.chain ?? [];
  if (context.get('securityCallback') !== undefined) return;
  for (const [i, { publicKey, signatureAlgorithm, selfIssued }] of chain.entries()) {
    if (!keyMeetsLevel(publicKey, level)) refuse(i === 0 ? 'EE_KEY_TOO_SMALL' : 'CA_KEY_TOO_SMALL');
    if (!selfIssued && !signatureMeetsLevel(signatureAlgorithm, level)) refuse('CA_MD_TOO_WEAK');
  }
}

/** What is wrong with a file, in Node's words. */
function opened<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Asn1Error)) throw error;
    throw new Error(error.message.startsWith('a wrong password') ? 'mac verify failure' : error.message, { cause: error });
  }
}

const isMaterial = (value: object | string): value is Material => typeof value !== 'object' || !('pem' in value);
const isKeyObject = (value: object | string): value is KeyObject => typeof value === 'object' && 'asymmetricKeyType' in value;

const namesIn = (ciphers: string): string[] => ciphers.split(':').filter((name) => name !== '');
/** What is said of TLS 1.2 and below. */
const olderRules = (names: readonly string[]): string => names.filter((name) => !/^!?TLS_/.test(name)).join(':');

/** The last list that was read: most contexts of a program have the same. */
let lastRules = olderRules(namesIn(CIPHERS));
let lastSuites = OLDER_SUITES;

/** Suites of TLS 1.3 are those that begin with `TLS_`; where there are no others, older versions are off. */
function setCiphers(context: SslContext, value: string): void {
  checkString('options.ciphers', value);
  const names = namesIn(value || defaults.DEFAULT_CIPHERS);
  const suites = names.filter((name) => name.startsWith('TLS_'));
  const older = olderRules(names);
  if (names.length === 0) throw invalidValue('options.ciphers', value.split(':'));
  if (suites.length > 0) context.set('cipherSuites', suites);
  if (older === '') {
    if (context.get('maxProtoVersion') >= TLS1_3_VERSION) context.set('minProtoVersion', TLS1_3_VERSION);
    return;
  }
  if (older !== lastRules) {
    context.set('cipherList', older);
    if (older.includes('@')) return;
    lastSuites = context.get('cipherList') ?? [];
    lastRules = older;
  }
  context.set('cipherList', lastSuites);
}

const VERSIONS: Readonly<Record<string, number>> = {
  TLSv1: TLS1_VERSION,
  'TLSv1.1': TLS1_1_VERSION,
  'TLSv1.2': TLS1_2_VERSION,
  'TLSv1.3': TLS1_3_VERSION,
};

function version(name: string, which: string): number {
  const known = Object.hasOwn(VERSIONS, name) ? VERSIONS[name] : undefined;
  if (known !== undefined) return known;
  const text = `${JSON.stringify(name)} is not a valid ${which} TLS protocol version`;
  throw withCode('ERR_TLS_INVALID_PROTOCOL_VERSION', text, {}, TypeError);
}

function versionConflict(name: string, method: string): Error {
  const text = `TLS protocol version ${JSON.stringify(name)} conflicts with secureProtocol ${JSON.stringify(method)}`;
  return withCode('ERR_TLS_PROTOCOL_VERSION_CONFLICT', text, {}, TypeError);
}

/** `TLSv1_2_method` and its like are one version, `SSLv23_method` all that had that name, `TLS_method` all there are. */
function setVersions(context: SslContext, method: string): void {
  checkString('options.secureProtocol', method);
  const [, name] = /^(SSLv2|SSLv3|SSLv23|TLSv1|TLSv1_1|TLSv1_2|TLSv1_3|TLS)_(?:server_|client_)?method$/.exec(method) ?? [];
  const refused = (text: string): Error => withCode('ERR_TLS_INVALID_PROTOCOL_METHOD', text, {}, TypeError);
  if (name === undefined || name === 'TLSv1_3') throw refused(`Unknown method: ${method}`);
  if (name === 'SSLv2' || name === 'SSLv3') throw refused(`${name} methods disabled`);
  if (name === 'SSLv23')
    context.set('minProtoVersion', version(defaults.DEFAULT_MIN_VERSION, 'minimum')).set('maxProtoVersion', TLS1_2_VERSION);
  else if (name === 'TLS') context.set('minProtoVersion', TLS1_VERSION).set('maxProtoVersion', TLS1_3_VERSION);
  else {
    const only = version(name.replace('_', '.'), 'minimum');
    context.set('minProtoVersion', only).set('maxProtoVersion', only);
  }
}

function addOptions(context: SslContext, bits: number): void {
  context.set('options', context.get('options') | bits);
}

const OR_NOTHING = 'of type string or one of null or undefined';

function checkEngineName(name: string, value: unknown): void {
  if (typeof value !== 'string') throw invalidType(name, OR_NOTHING, value);
}

/** There are no engines here: a key that lies elsewhere is an object that signs (`ssl: { key }`). */
function refuseEngine(name: string, value: unknown): never {
  checkEngineName(name, value);
  throw withCode('ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED', 'Custom engines not supported by this OpenSSL');
}

/** Node's 48 bytes are a name, a key for integrity and a key for encryption, 16 each; ours wants 32 bytes of key, so both are hashed together. */
function widened(context: SslContext, key: Uint8Array): Uint8Array {
  return concat(key.subarray(0, 16), new Uint8Array(32), context.provider.digest('sha256', key.subarray(16)));
}

/** Applies an option; a refusal of ours is told with the code OpenSSL's decoders have for it, where Node shows theirs. */
function attempt(option: string, apply: () => void): void {
  try {
    apply();
  } catch (error) {
    if (!(error instanceof SslError)) throw error;
    const [code, library, reason, text] = (FOREIGN[option] ?? []).find(([, , , , sign]) => sign.test(error.message)) ?? [];
    if (code === undefined || text === undefined) throw tlsError(error);
    throw Object.assign(new Error(text, { cause: error }), { code, ...(library !== '' && { library, reason }) });
  }
}

type Foreign = readonly [code: string, library: string, reason: string, text: string, sign: RegExp];

/** What failures of OpenSSL's other libraries look like through Node, by option and what ours says. */
const FOREIGN: Readonly<Record<string, readonly Foreign[]>> = {
  cert: [['ERR_OSSL_PEM_NO_START_LINE', 'PEM routines', 'no start line', 'error:0480006C:PEM routines::no start line', /certificate set/]],
  key: [
    [
      'ERR_OSSL_X509_KEY_VALUES_MISMATCH',
      'x509 certificate routines',
      'key values mismatch',
      'error:05800074:x509 certificate routines::key values mismatch',
      /does not belong/,
    ],
    ['ERR_OSSL_BAD_DECRYPT', 'Provider routines', 'bad decrypt', 'error:1C800064:Provider routines::bad decrypt', /password/],
    ['ERR_OSSL_UNSUPPORTED', 'DECODER routines', 'unsupported', 'error:1E08010C:DECODER routines::unsupported', /bad setting value/],
  ],
  ecdhCurve: [['ERR_CRYPTO_OPERATION_FAILED', '', '', 'Failed to set ECDH curve', /bad setting value/]],
  crl: [['ERR_CRYPTO_OPERATION_FAILED', '', '', 'Failed to parse CRL', /./]],
};
