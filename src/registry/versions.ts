/** Protocol versions as they stand on the wire, with OpenSSL's `SSL_get_version` names. */
export const TLS1_VERSION = 0x0301;
export const TLS1_1_VERSION = 0x0302;
export const TLS1_2_VERSION = 0x0303;
export const TLS1_3_VERSION = 0x0304;

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x0300, 'SSLv3'],
  [TLS1_VERSION, 'TLSv1'],
  [TLS1_1_VERSION, 'TLSv1.1'],
  [TLS1_2_VERSION, 'TLSv1.2'],
  [TLS1_3_VERSION, 'TLSv1.3'],
]);

/** OpenSSL's name of a version, or its number where it has none. */
export const versionName = (version: number): string => NAMES.get(version) ?? `0x${version.toString(16).padStart(4, '0')}`;

const BY_NAME: ReadonlyMap<string, number> = new Map([...NAMES].map(([id, name]) => [name, id]));

/** The version of a name such as `TLSv1.3`, or undefined. */
export const versionByName = (name: string): number | undefined => BY_NAME.get(name);

/** The versions this library negotiates, oldest first. */
export const SUPPORTED_VERSIONS: readonly number[] = [TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION];
