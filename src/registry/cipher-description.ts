/** Suites in words (SSL_CIPHER_description(3)). */
import type { CipherSuite } from './cipher-suites.ts';
import { TLS1_VERSION, versionName } from './versions.ts';

/** One line of `openssl ciphers -v` as OpenSSL 3.0 lays it out, without its end: name, oldest version, key exchange, proof, cipher, MAC. */
export const cipherDescription = (suite: CipherSuite): string =>
  [
    suite.name.padEnd(30),
    versionName(suite.minVersion).padEnd(7),
    `Kx=${KEY_EXCHANGES[suite.keyExchange].padEnd(8)}`,
    `Au=${AUTHENTICATIONS[suite.authentication].padEnd(5)}`,
    `Enc=${encryption(suite).padEnd(22)}`,
    `Mac=${mac(suite).padEnd(4)}`,
  ].join(' ');

/** The oldest version of a suite as SSL_CIPHER_get_version(3) names it: not quite as everywhere else. */
export const cipherVersion = ({ minVersion }: CipherSuite): string => (minVersion === TLS1_VERSION ? 'TLSv1.0' : versionName(minVersion));

const KEY_EXCHANGES = {
  any: 'any',
  ecdhe: 'ECDH',
  dhe: 'DH',
  rsa: 'RSA',
  psk: 'PSK',
  'dhe-psk': 'DHEPSK',
  'ecdhe-psk': 'ECDHEPSK',
  'rsa-psk': 'RSAPSK',
} as const;

const AUTHENTICATIONS = { any: 'any', rsa: 'RSA', ecdsa: 'ECDSA', psk: 'PSK', none: 'None' } as const;

const WHOLE: readonly (readonly [string, string])[] = [
  ['chacha20', 'CHACHA20/POLY1305(256)'],
  ['3des', '3DES(168)'],
];

function encryption({ aead, cbc, keyLength }: CipherSuite): string {
  const name = aead ?? cbc ?? 'None';
  const whole = WHOLE.find(([start]) => name.startsWith(start));
  if (whole !== undefined || name === 'None') return whole?.[1] ?? name;
  const family = name.startsWith('camellia') ? 'Camellia' : 'AES';
  const mode = aead === undefined ? '' : name.endsWith('gcm') ? 'GCM' : name.endsWith('8') ? 'CCM8' : 'CCM';
  return `${family}${mode}(${8 * keyLength})`;
}

const mac = (suite: CipherSuite): string => (suite.aead === undefined ? (suite.mac ?? '').toUpperCase() : 'AEAD');
