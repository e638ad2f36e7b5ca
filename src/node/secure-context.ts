import type { KeyObject } from 'node:crypto';
import { isPem } from '../asn1/pem.ts';
import { concat, utf8 } from '../bytes/bytes.ts';
import { readDhParameters } from '../config/dh-parameters.ts';
import type { Compressor } from '../crypto/provider.ts';
import { refuse } from '../registry/fatal.ts';
import { OPTIONS } from '../registry/options.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import { SslContext } from '../ssl/context.ts';
import { parseCertificate } from '../x509/certificate.ts';
import { parseCrls } from '../x509/crl.ts';
import { X509Store } from '../x509/store.ts';
import { installFetching } from './fetch-option.ts';
import { checkNames, type KeyWithPassphrase, type Material, type SecureContextOptions } from './options.ts';
import { systemStore } from './root-certificates.ts';
import { sigalgList } from './sigalg-names.ts';

/** Certificates, keys and settings that many connections share; `context` is the `SslContext` itself. */
export class SecureContext {
  readonly context: SslContext;

  constructor(options: SecureContextOptions = {}) {
    const { ssl = {} } = options;
    this.context = new SslContext({ ...ssl, ...(ssl.certStore === undefined && { certStore: trustOf(options.ca) }) });
    for (const [name, apply] of Object.entries(APPLY) as [keyof typeof APPLY, Apply][]) {
      const value = options[name];
      if (value !== undefined && value !== null) apply(this.context, value, options);
    }
  }
}

/** tls.createSecureContext: throws an `SslUsageError` for a certificate, key or list that cannot be used. */
export function createSecureContext(options: SecureContextOptions = {}): SecureContext {
  checkNames(options);
  return new SecureContext(options);
}

type Apply = (context: SslContext, value: unknown, options: SecureContextOptions) => void;
type Options = Omit<SecureContextOptions, 'ssl' | 'ca' | 'passphrase'>;
type Table = {
  readonly [K in keyof Options]-?: (context: SslContext, value: NonNullable<Options[K]>, options: SecureContextOptions) => void;
};

/** How each option becomes settings, in the order in which they are applied. */
const APPLY: Table = {
  cert: (context, value) => {
    for (const chain of listOf(value)) context.useCertificate(chain);
  },
  key: (context, value, { passphrase }) => {
    for (const key of listOf<Material | KeyWithPassphrase | KeyObject>(value)) useKey(context, key, passphrase);
  },
  crl: (context, value) => {
    const store = context.get('certStore');
    for (const crl of listOf(value).flatMap((material) => parseCrls(material))) store.addCrl(crl);
    context.get('verifyParam').setFlags(X509_V_FLAG.CRL_CHECK | X509_V_FLAG.CRL_CHECK_ALL);
  },
  ciphers: (context, value) => {
    const names = value.split(':');
    const suites = names.filter((name) => name.startsWith('TLS_'));
    const older = names.filter((name) => !name.startsWith('TLS_'));
    if (suites.length > 0) context.set('cipherSuites', suites);
    if (older.length > 0) context.set('cipherList', older.join(':'));
  },
  ecdhCurve: (context, value) => {
    if (value !== 'auto') context.set('groups', value);
  },
  sigalgs: (context, value) => context.set('sigalgs', sigalgList(value)),
  secureProtocol: (context, value) => {
    const version = /^TLSv1(?:_([123]))?_(?:client_|server_)?method$/.exec(value);
    if (version !== null) setBothVersions(context, version[1] === undefined ? 'TLSv1' : `TLSv1.${version[1]}`);
    else if (!/^(?:TLS|SSLv23)_(?:client_|server_)?method$/.test(value)) refuse('UNKNOWN_PROTOCOL', value);
  },
  minVersion: (context, value) => context.set('minProtoVersion', value),
  maxVersion: (context, value) => context.set('maxProtoVersion', value),
  secureOptions: (context, value) => addOptions(context, value),
  honorCipherOrder: (context, value) => {
    if (value) addOptions(context, OPTIONS.CIPHER_SERVER_PREFERENCE);
  },
  sessionIdContext: (context, value) => context.set('sessionIdContext', utf8(value)),
  sessionTimeout: (context, value) => context.set('sessionTimeout', value),
  ticketKeys: (context, value) => context.set('ticketKeys', [value.length === 48 ? widened(context, value) : value]),
  allowPartialTrustChain: (context, value) => {
    if (value) context.get('verifyParam').setFlags(X509_V_FLAG.PARTIAL_CHAIN);
  },
  dhparam: (context, value) => context.set('tmpDh', value === 'auto' ? undefined : readDhParameters(value)),
  pskIdentityHint: (context, value) => context.set('pskIdentityHint', value),
  fetchStatus: (context, value) => installFetching(context, value),
  certificateCompression: (context, value) =>
    context.set(
      'certCompression',
      value.map((name) => compressorNamed(context, name)),
    ),
};

const compressorNamed = ({ provider }: SslContext, name: string): Compressor =>
  provider.compressors?.find((one) => one.name === name) ?? refuse('BAD_COMPRESSION_ALGORITHM', name);

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

function trustOf(ca: SecureContextOptions['ca']): X509Store {
  if (ca === undefined || ca === null) return systemStore();
  const store = new X509Store();
  for (const material of listOf(ca)) {
    // A PEM bundle is read when a certificate is first looked up; DER is read, or refused, now.
    if (typeof material === 'string' || isPem(material)) store.addPem(material);
    else store.add(parseCertificate(material));
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
  if (secret !== undefined) context.set('defaultPasswordCallback', () => secret);
  context.usePrivateKey(pem);
}

const isMaterial = (value: object | string): value is Material => typeof value === 'string' || value instanceof Uint8Array;
const isKeyObject = (value: object | string): value is KeyObject => typeof value === 'object' && 'asymmetricKeyType' in value;

function setBothVersions(context: SslContext, version: string): void {
  context.set('minProtoVersion', version).set('maxProtoVersion', version);
}

function addOptions(context: SslContext, bits: number): void {
  context.set('options', context.get('options') | bits);
}

/** Node's 48 bytes are a name, a key for integrity and a key for encryption, 16 each; ours wants 32 bytes of key, so both are hashed together. */
function widened(context: SslContext, key: Uint8Array): Uint8Array {
  return concat(key.subarray(0, 16), new Uint8Array(32), context.provider.digest('sha256', key.subarray(16)));
}
