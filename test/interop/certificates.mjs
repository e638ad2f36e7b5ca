// An authority and, of each kind of key, a server's and a client's certificate, issued by the library itself.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { provider } from '../../dist/crypto/node.js';
import { issueCertificate, parsePrivateKey, pemText } from '../../dist/x509/index.js';

const KINDS = {
  rsa: ['rsa', { modulusLength: 2048 }],
  rsaPss: ['rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256', saltLength: 32 }],
  p256: ['ec', { namedCurve: 'P-256' }],
  p384: ['ec', { namedCurve: 'P-384' }],
  p521: ['ec', { namedCurve: 'P-521' }],
  ed25519: ['ed25519', {}],
  ed448: ['ed448', {}],
};

/** The kinds of keys, in the order of the reports. */
export const KEY_KINDS = Object.keys(KINDS);

export const SERVER_NAME = 'server.example';
export const OTHER_NAME = 'other.example';

const DAY = 86_400;
const DIGITAL_SIGNATURE = 1;
const KEY_ENCIPHERMENT = 4;

/**
 * Writes everything into a directory; gives the paths and texts.
 * @param {string} directory
 */
export function makeCertificates(directory) {
  const { ca, leaf } = makeAuthority(directory);
  const server = (file, kind, name) =>
    leaf(file, kind, name, {
      names: { dns: [name], ip: [Uint8Array.of(127, 0, 0, 1)] },
      extKeyUsage: ['serverAuth'],
      // RFC 5246, 7.4.2: a key that TLS 1.2 encrypts to says that it may be.
      ...(kind === 'rsa' && { keyUsage: DIGITAL_SIGNATURE | KEY_ENCIPHERMENT }),
    });
  return {
    ca,
    server: Object.fromEntries(KEY_KINDS.map((kind) => [kind, server(`server-${kind}`, kind, SERVER_NAME)])),
    client: Object.fromEntries(
      KEY_KINDS.map((kind) => [kind, leaf(`client-${kind}`, kind, `client ${kind}`, { extKeyUsage: ['clientAuth'] })]),
    ),
    other: server('other', 'p256', OTHER_NAME),
    stranger: strangerOf(directory),
  };
}

/** An authority, and what issues certificates in its name. */
export function makeAuthority(directory, issuer = 'Interop CA') {
  const authority = makeKey('p256');
  const ca = write(directory, 'ca', issue({ name: issuer, issuer, key: authority, authority, ca: true }), authority.pem);
  const leaf = (file, kind, name, request) => {
    const key = makeKey(kind);
    return write(directory, file, issue({ name, issuer, key, authority, ...request }), key.pem);
  };
  return { ca, leaf };
}

/** A server of an authority that nobody trusts. */
function strangerOf(directory) {
  const authority = makeKey('p256');
  const key = makeKey('p256');
  return write(
    directory,
    'stranger',
    issue({ name: SERVER_NAME, key, authority, issuer: 'Unknown CA', names: { dns: [SERVER_NAME] } }),
    key.pem,
  );
}

function makeKey(kind) {
  const [type, options] = KINDS[kind];
  const { privateKey } = generateKeyPairSync(type, { ...options, privateKeyEncoding: { format: 'pem', type: 'pkcs8' } });
  return { pem: privateKey, key: provider.importPrivateKey(parsePrivateKey(privateKey)) };
}

function issue({ name, key, authority, issuer = 'Interop CA', ...request }) {
  const now = Math.floor(Date.now() / 1000);
  const serial = randomBytes(16);
  serial[0] = 1 + (serial[0] & 0x7e);
  return issueCertificate({
    subject: name,
    issuer,
    publicKey: key.key.publicKey,
    signer: authority.key,
    notBefore: now - DAY,
    notAfter: now + 30 * DAY,
    serial,
    ...request,
  });
}

function write(directory, name, der, keyPem) {
  const paths = { certFile: join(directory, `${name}.pem`), keyFile: join(directory, `${name}-key.pem`) };
  const cert = pemText('CERTIFICATE', der);
  writeFileSync(paths.certFile, cert);
  writeFileSync(paths.keyFile, keyPem, { mode: 0o600 });
  return { ...paths, cert, key: keyPem };
}
