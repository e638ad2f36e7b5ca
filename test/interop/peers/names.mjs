// The registry's names of groups and suites in the words of the peers.

const OPENSSL_GROUP = { secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521', x25519: 'X25519', x448: 'X448' };

export const opensslGroup = (name) => OPENSSL_GROUP[name] ?? name;

export const gnutlsGroup = (name) => `GROUP-${name.toUpperCase()}`;

export const gnutlsCipher = (suite) =>
  suite
    .replace(/^TLS_/, '')
    .replace(/_SHA\d+$/, '')
    .replace('CHACHA20_POLY1305', 'CHACHA20-POLY1305')
    .replaceAll('_', '-');

/** Versions in the words of OpenSSL's programs, of GnuTLS, and of everybody else. */
export const VERSIONS = {
  769: { openssl: 'tls1', gnutls: 'VERS-TLS1.0', name: 'TLSv1', curl: '1.0' },
  770: { openssl: 'tls1_1', gnutls: 'VERS-TLS1.1', name: 'TLSv1.1', curl: '1.1' },
  771: { openssl: 'tls1_2', gnutls: 'VERS-TLS1.2', name: 'TLSv1.2', curl: '1.2' },
  772: { openssl: 'tls1_3', gnutls: 'VERS-TLS1.3', name: 'TLSv1.3', curl: '1.3' },
};

export const isTls13 = (version) => version === 0x0304;

/** A cipher string of suites of TLS 1.2 and below, for OpenSSL and what is made of it. */
export const opensslCiphers = (ciphers) => `${ciphers.join(':')}:@SECLEVEL=0`;

const GNUTLS_KX = {
  'ecdhe/rsa': 'ECDHE-RSA',
  'ecdhe/ecdsa': 'ECDHE-ECDSA',
  'ecdhe/none': 'ANON-ECDH',
  'dhe/rsa': 'DHE-RSA',
  'dhe/none': 'ANON-DH',
  'rsa/rsa': 'RSA',
  'psk/psk': 'PSK',
  'rsa-psk/rsa': 'RSA-PSK',
  'dhe-psk/psk': 'DHE-PSK',
  'ecdhe-psk/psk': 'ECDHE-PSK',
};

/** The parts of a priority string that leave one suite of TLS 1.2 and below. */
export function gnutlsSuiteParts({ keyExchange, authentication, aead, cbc, mac }) {
  const cipher = (aead ?? cbc ?? 'null').toUpperCase();
  const hash = aead === undefined ? mac.toUpperCase() : 'AEAD';
  return [cipher, hash, GNUTLS_KX[`${keyExchange}/${authentication}`]];
}

const isHybrid = (group) => group.includes('MLKEM');

/** OpenSSL has the hybrid groups from 3.5 on. @param {string | undefined} version of OpenSSL */
export function missingHybrids(version = '0.0', groups) {
  const [major, minor] = version.split('.').map(Number);
  const has = major > 3 || (major === 3 && minor >= 5);
  return !has && groups.some(isHybrid) ? `OpenSSL ${version} has no ML-KEM (3.5 has)` : undefined;
}
