import { generateKeyPairSync } from 'node:crypto';
import { pemText } from '../asn1/pem.ts';
import { nodeProvider } from '../crypto/node.ts';
import type { PrivateKey } from '../crypto/provider.ts';
import { spkiElement } from '../x509/algorithms.ts';
import { issueCertificate } from '../x509/issue.ts';
import { parsePrivateKey } from '../x509/private-key.ts';

const DAY = 86_400;

/** Certificates as PEM and the server's key: enough to serve `localhost` for a week. */
export interface Authority {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes an authority and a certificate for this machine's own name. The authority's key is forgotten at once, and it may
 * only vouch for loopback: somebody who trusts it trusts nobody else by it.
 */
export function throwAwayAuthority(now: number): Authority {
  const authority = freshKey();
  const server = freshKey();
  const validity = { notBefore: now - 3600, notAfter: now + 7 * DAY };
  const issuer = [
    ['O', 'libssl demonstration'],
    ['CN', 'libssl throw-away CA'],
  ] as const;
  const authorityId = keyId(authority.key);
  const ca = issueCertificate({
    subject: issuer,
    issuer,
    publicKey: authority.key.publicKey,
    signer: authority.key,
    serial: serialNumber(),
    ca: { pathLength: 0 },
    subjectKeyIdentifier: authorityId,
    permitted: { dns: ['localhost'], ip: [Uint8Array.of(127, 0, 0, 0, 255, 0, 0, 0), LOOPBACK6_ALONE] },
    ...validity,
  });
  const cert = issueCertificate({
    subject: 'localhost',
    issuer,
    publicKey: server.key.publicKey,
    signer: authority.key,
    serial: serialNumber(),
    names: { dns: ['localhost'], ip: [Uint8Array.of(127, 0, 0, 1), LOOPBACK6] },
    extKeyUsage: ['serverAuth'],
    subjectKeyIdentifier: keyId(server.key),
    authorityKeyIdentifier: authorityId,
    ...validity,
  });
  return { ca: pemText('CERTIFICATE', atOnce(ca)), cert: pemText('CERTIFICATE', atOnce(cert)), key: server.pem };
}

const LOOPBACK6 = new Uint8Array(16).fill(1, 15);
const LOOPBACK6_ALONE = new Uint8Array(32).fill(1, 15, 16).fill(0xff, 16);

function freshKey(): { readonly key: PrivateKey; readonly pem: string } {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  return { key: nodeProvider.importPrivateKey(parsePrivateKey(privateKey)), pem: privateKey };
}

/** RFC 7093, 2, method 1, over the whole key information: any identifier will do that names the key. */
const keyId = (key: PrivateKey): Uint8Array => nodeProvider.digest('sha256', spkiElement(key.publicKey)).slice(0, 20);

/** Positive, and random enough never to be seen twice. */
function serialNumber(): Uint8Array {
  const bytes = nodeProvider.random(16).slice();
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes;
}

/** Keys of this process sign at once. */
function atOnce(der: Uint8Array | Promise<Uint8Array>): Uint8Array {
  if (der instanceof Promise) throw new TypeError('a synchronous signer was expected');
  return der;
}
