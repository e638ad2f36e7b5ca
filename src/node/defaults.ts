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
const CIPHERS = [
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

export const defaults: Defaults = {
  CLIENT_RENEG_LIMIT: 3,
  CLIENT_RENEG_WINDOW: 600,
  DEFAULT_CIPHERS: CIPHERS,
  DEFAULT_ECDH_CURVE: 'auto',
  DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3',
};

// Flags of the runtime (--tls-min-v1.3, --tls-cipher-list …) are understood by its own module, which is loaded for them alone.
const flags = `${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`;
if (flags.includes('--tls-')) {
  const { DEFAULT_CIPHERS, DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION } = process.getBuiltinModule('node:tls');
  Object.assign(defaults, { DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION });
  if (flags.includes('--tls-cipher-list')) Object.assign(defaults, { DEFAULT_CIPHERS });
}
