import { nodeProvider } from '../../src/crypto/node.ts';
import type { CryptoProvider, PrivateKey } from '../../src/crypto/provider.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate.ts';
import { KEY_USAGE } from '../../src/x509/extensions.ts';
import { type IssueRequest, issueCertificate } from '../../src/x509/issue.ts';
import { parsePrivateKey } from '../../src/x509/private-key.ts';
import { TEST_KEYS } from './keys.ts';

/** A moment within the validity of every test certificate: seconds since 1970. */
export const TEST_TIME = 1_800_000_000;

export type TestKeyName = keyof typeof TEST_KEYS;

/** A test key through a provider. */
export const testKey = (name: TestKeyName, provider: CryptoProvider = nodeProvider): PrivateKey =>
  provider.importPrivateKey(parsePrivateKey(TEST_KEYS[name]));

/** Issues a certificate for a test key, by the test authority unless said otherwise. */
export function testCertificate(
  request: Partial<IssueRequest> & { readonly key?: TestKeyName; readonly issuerKey?: TestKeyName } = {},
): Certificate {
  const { key = 'ec256', issuerKey = 'ca', ...rest } = request;
  const der = issueCertificate({
    subject: 'server.example',
    issuer: 'Test CA',
    publicKey: testKey(key).publicKey,
    signer: testKey(issuerKey),
    notBefore: TEST_TIME - 86_400 * 365,
    notAfter: TEST_TIME + 86_400 * 365,
    serial: 0x1234,
    // For both of the things that a suite may want of an RSA key.
    ...(key === 'rsa' && !rest.ca ? { keyUsage: KEY_USAGE.digitalSignature | KEY_USAGE.keyEncipherment } : {}),
    ...(rest.ca ? {} : { names: { dns: ['server.example'], ip: [Uint8Array.of(127, 0, 0, 1)] } }),
    ...rest,
  });
  if (der instanceof Promise) throw new TypeError('the test signer is synchronous');
  return parseCertificate(der);
}

/** The authority that signs test certificates. */
export const testAuthority: Certificate = testCertificate({ subject: 'Test CA', key: 'ca', ca: true, serial: 1 });

/** Deno's RSA decryption is not constant-time, so its keys do not decrypt and RSA key exchange is not spoken there. */
export const canDecrypt: boolean = testKey('rsa').decryptPremaster !== undefined;
