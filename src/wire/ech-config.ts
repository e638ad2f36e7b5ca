import { copyOf, fromLatin1, latin1 } from '../bytes/bytes.ts';
import { type Reader, readAll } from '../bytes/reader.ts';
import { build } from '../bytes/writer.ts';
import type { HpkeSymmetric } from '../crypto/hpke.ts';
import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { type RawExtension, readRawExtensions, writeRawExtensions } from './message.ts';

/** The one version of ECHConfig there is; the extension has the same number (RFC 9849, 4). */
export const ECH_VERSION = 0xfe0d;

/** What ECHConfigContents says (RFC 9849, 4). Nothing of it has been judged. */
export interface EchConfigContents {
  readonly configId: number;
  /** HPKE's KEM id. */
  readonly kem: number;
  readonly publicKey: Uint8Array;
  readonly cipherSuites: readonly HpkeSymmetric[];
  /** Bytes of the longest name behind the server; 0 where nobody knows. A hint for padding, no bound. */
  readonly maximumNameLength: number;
  /** The name of the server that holds the key, one character for each byte. */
  readonly publicName: string;
  readonly extensions: readonly RawExtension[];
}

export interface EchConfig extends EchConfigContents {
  /** The structure as it came, version and length included: HPKE binds it. */
  readonly raw: Uint8Array;
}

/** Reads an ECHConfigList to its end. Configs of versions nobody knows are passed over; syntax that is wrong is decode_error. */
export function parseEchConfigList(bytes: Uint8Array): readonly EchConfig[] {
  const configs = readAll(bytes, (r) => r.list16(readConfig, 1));
  if (configs.length > LIMITS.echConfigs.value) fatal('decode_error', 'BAD_LENGTH', `${configs.length} ECHConfigs`);
  return configs.filter((config) => config !== undefined);
}

/** Reads one ECHConfig to its end; undefined for a version nobody knows. */
export const parseEchConfig = (bytes: Uint8Array): EchConfig | undefined => readAll(bytes, readConfig);

function readConfig(r: Reader): EchConfig | undefined {
  const version = r.u16();
  const body = r.vec16();
  if (version !== ECH_VERSION) return undefined;
  return { ...readAll(body, readContents), raw: build((w) => w.u16(version).vec16(body)) };
}

function readContents(r: Reader): EchConfigContents {
  const contents = {
    configId: r.u8(),
    kem: r.u16(),
    publicKey: copyOf(r.vec16(1)),
    cipherSuites: r.list16((x) => ({ kdf: x.u16(), aead: x.u16() }), 1),
    maximumNameLength: r.u8(),
    publicName: latin1(r.vec8(1)),
    extensions: readRawExtensions(r).map(({ type, data }) => ({ type, data: copyOf(data) })),
  };
  // RFC 9849, 4.2: no extension stands twice.
  if (new Set(contents.extensions.map(({ type }) => type)).size !== contents.extensions.length)
    fatal('decode_error', 'BAD_EXTENSION', 'an ECHConfig extension twice');
  return contents;
}

/** The structure, version and length included. */
export const writeEchConfig = (contents: EchConfigContents): Uint8Array =>
  build((w) =>
    w.u16(ECH_VERSION).vec16((body) => {
      body.u8(contents.configId).u16(contents.kem).vec16(contents.publicKey);
      body.vec16((list) => {
        for (const { kdf, aead } of contents.cipherSuites) list.u16(kdf).u16(aead);
      });
      body.u8(contents.maximumNameLength).vec8(fromLatin1(contents.publicName));
      writeRawExtensions(body, contents.extensions);
    }),
  );

/** ECHConfigList of structures that are written already. */
export const writeEchConfigList = (configs: readonly { readonly raw: Uint8Array }[]): Uint8Array =>
  build((w) =>
    w.vec16((list) => {
      for (const { raw } of configs) list.bytes(raw);
    }),
  );

/** RFC 9849, 4.2: who does not know an extension with the high bit set must not use the config. */
export const isMandatory = ({ type }: RawExtension): boolean => (type & 0x8000) !== 0;

/** RFC 9849, 6.1.7: labels of letters, digits and hyphens, and no last one that some parser takes for a piece of an IPv4 address. */
export function isPublicName(name: string): boolean {
  const labels = name.split('.');
  const last = labels.at(-1) ?? '';
  return labels.every(isLdhLabel) && ![...last].every(isDigit) && !isHexNumber(last);
}

const isLdhLabel = (label: string): boolean =>
  label.length > 0 && label.length <= 63 && !label.startsWith('-') && !label.endsWith('-') && [...label].every(isLdh);

const isHexNumber = (label: string): boolean => label.toLowerCase().startsWith('0x') && [...label.slice(2)].every(isHexDigit);

const isDigit = (c: string): boolean => c >= '0' && c <= '9';
const isHexDigit = (c: string): boolean => isDigit(c) || (c.toLowerCase() >= 'a' && c.toLowerCase() <= 'f');
const isLdh = (c: string): boolean => isDigit(c) || (c.toLowerCase() >= 'a' && c.toLowerCase() <= 'z') || c === '-';
