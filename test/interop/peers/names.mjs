// The registry's names of groups and suites in the words of the peers.

const OPENSSL_GROUP = { secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521', x25519: 'X25519', x448: 'X448' };

export const opensslGroup = (name) => OPENSSL_GROUP[name] ?? name;

export const gnutlsGroup = (name) => `GROUP-${name.toUpperCase()}`;

export const gnutlsCipher = (suite) => suite.replace(/^TLS_/, '').replace(/_SHA\d+$/, '').replace('CHACHA20_POLY1305', 'CHACHA20-POLY1305').replaceAll('_', '-');

const isHybrid = (group) => group.includes('MLKEM');

/** OpenSSL has the hybrid groups from 3.5 on. @param {string | undefined} version of OpenSSL */
export function missingHybrids(version = '0.0', groups) {
  const [major, minor] = version.split('.').map(Number);
  const has = major > 3 || (major === 3 && minor >= 5);
  return !has && groups.some(isHybrid) ? `OpenSSL ${version} has no ML-KEM (3.5 has)` : undefined;
}
