// A throw-away authority and a certificate for localhost, as PEM.
import { nodeProvider } from 'libssl/crypto/node';
import { issueCertificate, makePrivateKey, pemText, privateKeyPem } from 'libssl/x509';

const now = Math.floor(Date.now() / 1000);
const validity = { notBefore: now - 3600, notAfter: now + 86_400 };

const authorityKey = nodeProvider.importPrivateKey(makePrivateKey(nodeProvider, 'P-256'));
const serverKey = makePrivateKey(nodeProvider, 'P-256');

const authority = await issueCertificate({
  ...validity,
  subject: 'Example CA',
  issuer: 'Example CA',
  publicKey: authorityKey.publicKey,
  signer: authorityKey,
  serial: 1,
  ca: true,
});
const server = await issueCertificate({
  ...validity,
  subject: 'localhost',
  issuer: 'Example CA',
  publicKey: nodeProvider.importPrivateKey(serverKey).publicKey,
  signer: authorityKey,
  serial: 2,
  names: { dns: ['localhost'] },
});

export const CA_PEM = pemText('CERTIFICATE', authority);
export const CERT_PEM = pemText('CERTIFICATE', server);
export const KEY_PEM = privateKeyPem(serverKey);
