import { nodeProvider } from '../../src/crypto/node.ts';
import type { PrivateKey } from '../../src/crypto/provider.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate.ts';
import { type IssueRequest, issueCertificate } from '../../src/x509/issue.ts';
import { type FreshKeyKind, makePrivateKey } from '../../src/x509/make-key.ts';
import { X509Store } from '../../src/x509/store.ts';
import { type VerifyOutcome, type VerifyRequest, verifyChain } from '../../src/x509/verify.ts';
import { X509VerifyParam } from '../../src/x509/verify-params.ts';

/** Someone who has a certificate, and may issue others. */
export interface Entity {
  readonly certificate: Certificate;
  readonly key: PrivateKey;
}

/** All that `IssueRequest` takes; what is left out gets a usual value. */
export type IssueOptions = Partial<IssueRequest> & { readonly key?: PrivateKey };

/** 2024-06-01T00:00:00Z: in the middle of the validity of everything issued here. */
export const NOW = 1_717_200_000;
const YEAR = 365 * 86_400;

let serial = 1000;

export const freshKey = (kind: FreshKeyKind = 'P-256'): PrivateKey => nodeProvider.importPrivateKey(makePrivateKey(nodeProvider, kind));

/** A self-signed certificate authority. */
export function makeRoot(name = 'Root', options: IssueOptions = {}): Entity {
  const key = options.key ?? freshKey();
  return make({ subject: name, issuer: name, publicKey: key.publicKey, signer: key, ca: true, ...options }, key);
}

/** A certificate authority below another one. */
export const makeIntermediate = (issuer: Entity, name = 'Intermediate', options: IssueOptions = {}): Entity =>
  makeBelow(issuer, { subject: name, ca: true, ...options });

/** A server's certificate for `example.com`. */
export const makeLeaf = (issuer: Entity, options: IssueOptions = {}): Entity =>
  makeBelow(issuer, { subject: 'leaf', names: { dns: ['example.com'] }, extKeyUsage: ['serverAuth'], ...options });

function makeBelow(issuer: Entity, options: IssueOptions & { readonly subject: IssueRequest['subject'] }): Entity {
  const key = options.key ?? freshKey();
  const authorityKeyIdentifier = issuer.certificate.extensions.subjectKeyIdentifier;
  return make(
    {
      issuer: issuer.certificate.subject,
      publicKey: key.publicKey,
      signer: issuer.key,
      ...(authorityKeyIdentifier && { authorityKeyIdentifier }),
      ...options,
    },
    key,
  );
}

function make(request: Omit<IssueRequest, 'notBefore' | 'notAfter' | 'serial'> & IssueOptions, key: PrivateKey): Entity {
  const { key: _, ...rest } = request;
  const spki = nodeProvider.digest('sha1', publicBytes(request.publicKey));
  const der = issueCertificate({ notBefore: NOW - YEAR, notAfter: NOW + YEAR, serial: serial++, subjectKeyIdentifier: spki, ...rest });
  if (der instanceof Promise) throw new TypeError('the provider of the tests is synchronous');
  return { certificate: parseCertificate(der), key };
}

const publicBytes = (spec: IssueRequest['publicKey']): Uint8Array => ('point' in spec ? spec.point : 'key' in spec ? spec.key : spec.n);

export const storeOf = (...entities: readonly (Entity | Certificate)[]): X509Store => {
  const store = new X509Store();
  for (const entity of entities) store.add('key' in entity ? entity.certificate : entity);
  return store;
};

/** Verifies a server's chain at `NOW`, synchronously. */
export function verifyNow(
  chain: readonly Entity[],
  store: X509Store,
  options: Partial<VerifyRequest> & { readonly flags?: number } = {},
): VerifyOutcome {
  const { flags = 0, ...rest } = options;
  const params = options.params ?? new X509VerifyParam();
  params.setFlags(flags);
  const outcome = verifyChain({
    provider: nodeProvider,
    chain: chain.map(({ certificate }) => certificate),
    store,
    purpose: 'sslserver',
    now: NOW,
    ...rest,
    params,
  });
  if (outcome instanceof Promise) throw new TypeError('the verification was not synchronous');
  return outcome;
}
