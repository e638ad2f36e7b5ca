/** The keys of a server that Encrypted ClientHello is sealed for, with the configs that were published of them (RFC 9849, 4). */
import { provider as defaultProvider } from '#provider';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { readDer, TAG } from '../asn1/der-reader.ts';
import { integer, octetString, oid, sequence } from '../asn1/der-writer.ts';
import { pemBlocks, pemText } from '../asn1/pem.ts';
import { concat, copyOf, sameBytes, utf8, wipe } from '../bytes/bytes.ts';
import { type HpkeKem, type HpkeSymmetric, hpkeKem, hpkeKemOf, hpkePrivateKey, hpkePublicKey, isHpkeSymmetric } from '../crypto/hpke.ts';
import type { CryptoProvider, StaticCurve } from '../crypto/provider.ts';
import { refuse, TlsFatal } from '../registry/fatal.ts';
import { KEY_OIDS } from '../registry/oids.ts';
import {
  type EchConfig,
  isPublicName,
  parseEchConfig,
  parseEchConfigList,
  writeEchConfig,
  writeEchConfigList,
} from '../wire/ech-config.ts';
import { pkcs8Element } from '../x509/make-key.ts';
import { parsePrivateKey } from '../x509/private-key.ts';

/** A config and the private key that belongs to it. */
export interface EchKey {
  readonly config: EchConfig;
  readonly kem: HpkeKem;
  /** In the form of RFC 9180, 7.1. */
  readonly privateKey: Uint8Array;
  /** Whether clients that used a wrong key are told this one. */
  readonly isRetryConfig: boolean;
}

/** What a new key is for. */
export interface EchKeyOptions {
  /** The DNS name of the server that holds the key: what an outer ClientHello asks for. */
  readonly publicName: string;
  /** 0 to 255, different for the keys in use; undefined: random. */
  readonly configId?: number;
  /** Bytes of the longest name behind the server, 0 to 255, for padding; 0: not said. */
  readonly maximumNameLength?: number;
  readonly curve?: StaticCurve;
  readonly cipherSuites?: readonly HpkeSymmetric[];
}

/** Every AEAD with HKDF-SHA256, the KDF that everybody has. */
const CIPHER_SUITES: readonly HpkeSymmetric[] = [
  { kdf: 1, aead: 1 },
  { kdf: 1, aead: 2 },
  { kdf: 1, aead: 3 },
];

/** The keys of a context, best first (SSL_ECH_KEYS). Immutable: contexts share them, and a change makes a new value. */
export class EchKeys {
  readonly keys: readonly EchKey[];

  constructor(keys: readonly EchKey[] = []) {
    this.keys = keys;
  }

  with(...keys: readonly EchKey[]): EchKeys {
    return new EchKeys([...this.keys, ...keys]);
  }

  /** RFC 9849, 4.1: ids that are the same cost a trial for each key. */
  get hasDuplicateConfigId(): boolean {
    return new Set(this.keys.map(({ config }) => config.configId)).size !== this.keys.length;
  }

  /** ECHConfigList of the keys that clients are told: what goes into DNS, and to clients that used another one. */
  get retryConfigs(): Uint8Array {
    return writeEchConfigList(this.keys.filter(({ isRetryConfig }) => isRetryConfig).map(({ config }) => config));
  }
}

/**
 * Puts a published ECHConfig and its private key together (SSL_ECH_KEYS_add). Refuses a config that the library cannot keep the
 * promises of, and one of another key: both are mistakes of a deployment that clients would run into.
 */
export function echKey(
  config: Uint8Array,
  privateKey: Uint8Array,
  isRetryConfig = true,
  provider: CryptoProvider = defaultProvider,
): EchKey {
  const parsed = readable(() => parseEchConfig(config)) ?? refuse('UNSUPPORTED_ECH_SERVER_CONFIG', 'another version');
  const kem = hpkeKem(parsed.kem);
  if (kem === undefined || !parsed.cipherSuites.every(isHpkeSymmetric) || parsed.extensions.length > 0 || !isPublicName(parsed.publicName))
    return refuse('UNSUPPORTED_ECH_SERVER_CONFIG');
  if (!sameBytes(publicOf(provider, kem, privateKey), parsed.publicKey)) refuse('ECH_SERVER_CONFIG_AND_PRIVATE_KEY_MISMATCH');
  return { config: parsed, kem, privateKey: copyOf(privateKey), isRetryConfig };
}

/** A fresh key and its config (SSL_marshal_ech_config). */
export function makeEchKey(options: EchKeyOptions, provider: CryptoProvider = defaultProvider): EchKey {
  const { curve = 'x25519' } = options;
  const kem = hpkeKemOf(curve) ?? refuse('BAD_SETTING_VALUE', curve);
  const privateKey = hpkePrivateKey(provider, kem);
  return echKey(marshalEchConfig(privateKey, options, provider), privateKey, true, provider);
}

/** The ECHConfig of a private key. */
export function marshalEchConfig(privateKey: Uint8Array, options: EchKeyOptions, provider: CryptoProvider = defaultProvider): Uint8Array {
  const { publicName, configId = provider.random(1)[0] as number, maximumNameLength = 0 } = options;
  const { curve = 'x25519', cipherSuites = CIPHER_SUITES } = options;
  const kem = hpkeKemOf(curve) ?? refuse('BAD_SETTING_VALUE', curve);
  if (!isPublicName(publicName) || publicName.length > 255) refuse('INVALID_ECH_PUBLIC_NAME', publicName);
  if (!isByte(configId) || !isByte(maximumNameLength)) refuse('BAD_LENGTH', 'config id and maximum name length are 0 to 255');
  const publicKey = publicOf(provider, kem, privateKey);
  return writeEchConfig({ configId, kem: kem.id, publicKey, cipherSuites, maximumNameLength, publicName, extensions: [] });
}

const isByte = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 0xff;

function publicOf(provider: CryptoProvider, kem: HpkeKem, privateKey: Uint8Array): Uint8Array {
  const publicKey = hpkePublicKey(provider, kem, privateKey);
  if (publicKey instanceof Promise) return refuse('BAD_SETTING_VALUE', 'configuring an ECH key needs a synchronous provider');
  return publicKey ?? refuse('ECH_SERVER_CONFIG_AND_PRIVATE_KEY_MISMATCH', `no private key of ${kem.name}`);
}

/** What cannot be read is a wrong setting, whatever alert its syntax error would be on the wire. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TlsFatal || error instanceof Asn1Error) return refuse('BAD_DATA', error.message);
    throw error;
  }
}

// ---- files

/** Keys as PEM: a private key (PKCS#8) and an ECHConfigList with configs of it (RFC 9934). */
export function echKeyPem({ kem, privateKey, config }: EchKey): string {
  const der = pkcs8Of(kem, privateKey);
  const text = pemText('PRIVATE KEY', der) + pemText('ECHCONFIG', writeEchConfigList([config]));
  wipe(der);
  return text;
}

/** Reads a PEM file with one private key and one list, of which configs of other keys are passed over. */
export function echKeysFromPem(
  pem: string | Uint8Array,
  isRetryConfig = true,
  provider: CryptoProvider = defaultProvider,
): readonly EchKey[] {
  const blocks = readable(() => [...pemBlocks(pem)]);
  const key = blocks.find(({ label }) => label === 'PRIVATE KEY')?.bytes ?? refuse('BAD_DATA', 'no PRIVATE KEY');
  const list = blocks.find(({ label }) => label === 'ECHCONFIG')?.bytes ?? refuse('BAD_DATA', 'no ECHCONFIG');
  const { curve, secret } = readable(() => readPkcs8(key));
  const kem = hpkeKemOf(curve) ?? refuse('BAD_SETTING_VALUE', curve);
  const publicKey = publicOf(provider, kem, secret);
  const configs = readable(() => parseEchConfigList(list)).filter(
    (config) => config.kem === kem.id && sameBytes(config.publicKey, publicKey),
  );
  if (configs.length === 0) refuse('ECH_SERVER_CONFIG_AND_PRIVATE_KEY_MISMATCH');
  return configs.map(({ raw }) => echKey(raw, secret, isRetryConfig, provider));
}

const MONTGOMERY: ReadonlyMap<string, 'x25519' | 'x448'> = new Map([
  [KEY_OIDS.x25519, 'x25519'],
  [KEY_OIDS.x448, 'x448'],
]);

/** RFC 8410, 7 for the curves of RFC 7748; RFC 5915 for those of NIST. */
function pkcs8Of({ curve }: HpkeKem, privateKey: Uint8Array): Uint8Array {
  if (curve !== 'x25519' && curve !== 'x448') return pkcs8Element({ kind: 'ec', curve, d: privateKey, point: undefined });
  return sequence(integer(0), sequence(oid(KEY_OIDS[curve])), octetString(octetString(privateKey)));
}

function readPkcs8(der: Uint8Array): { readonly curve: StaticCurve; readonly secret: Uint8Array } {
  const montgomery = readDer(der, (r) => {
    const inner = r.enter(TAG.sequence);
    inner.skip();
    const curve = MONTGOMERY.get(inner.enter(TAG.sequence).oid());
    return curve && { curve, secret: copyOf(readDer(inner.contents(TAG.octetString), (x) => x.contents(TAG.octetString))) };
  });
  if (montgomery !== undefined) return montgomery;
  const spec = parsePrivateKey(der);
  return spec.kind === 'ec' ? { curve: spec.curve, secret: spec.d } : refuse('BAD_DATA', `a private key of ${spec.kind}`);
}

/** What HPKE binds a hello to, besides the key itself (RFC 9849, 6.1). */
export const echInfo = ({ raw }: EchConfig): Uint8Array => concat(utf8('tls ech\0'), raw);
