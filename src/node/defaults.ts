import { hasRuntimeFlags } from './runtime-flags.ts';

/**
 * What `node:tls` lets a program change for every context to come: `tls.DEFAULT_…` and `tls.CLIENT_RENEG_…` are properties of the
 * default export that read and write these.
 */
export interface Defaults {
  /** Renegotiations a client may begin within the window; one more ends the connection. */
  CLIENT_RENEG_LIMIT: number;
  /** Seconds. */
  CLIENT_RENEG_WINDOW: number;
  DEFAULT_CIPHERS: string;
  DEFAULT_ECDH_CURVE: string;
  DEFAULT_MIN_VERSION: string;
  DEFAULT_MAX_VERSION: string;
}

/** The suites of `node:tls`, less those that are not built here. */
export const CIPHERS: string = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'DHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'DHE-RSA-AES128-SHA256',
  'ECDHE-RSA-AES256-SHA384',
  'DHE-RSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA256',
  'DHE-RSA-AES256-SHA256',
  'HIGH',
  '!aNULL',
  '!eNULL',
  '!EXPORT',
  '!DES',
  '!RC4',
  '!MD5',
  '!PSK',
  '!SRP',
  '!CAMELLIA',
].join(':');

/** What they come to for TLS 1.2 and below, so that no program waits until the words are read. A test holds the two together. */
export const OLDER_SUITES: readonly number[] = [
  ...[0xc02f, 0xc02b, 0xc030, 0xc02c, 0x009e, 0xc027, 0x0067, 0xc028, 0x006b, 0x009f, 0xcca9, 0xcca8, 0xccaa],
  ...[0xc0af, 0xc0ad, 0xc0a3, 0xc09f, 0xc0ae, 0xc0ac, 0xc0a2, 0xc09e, 0xc024, 0xc023, 0xc00a, 0xc014, 0x0039],
  ...[0xc009, 0xc013, 0x0033, 0x009d, 0xc0a1, 0xc09d, 0x009c, 0xc0a0, 0xc09c, 0x003d, 0x003c, 0x0035, 0x002f],
];

export const defaults: Defaults = {
  CLIENT_RENEG_LIMIT: 3,
  CLIENT_RENEG_WINDOW: 600,
  DEFAULT_CIPHERS: CIPHERS,
  DEFAULT_ECDH_CURVE: 'auto',
  DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3',
};

// --tls-min-v1.3, --tls-cipher-list and their like are understood by the runtime's own module, which is loaded for them alone.
if (hasRuntimeFlags('--tls-m') || hasRuntimeFlags('--tls-cipher-list')) {
  const { DEFAULT_CIPHERS, DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION } = process.getBuiltinModule('node:tls');
  Object.assign(defaults, { DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION });
  if (hasRuntimeFlags('--tls-cipher-list')) Object.assign(defaults, { DEFAULT_CIPHERS });
}
