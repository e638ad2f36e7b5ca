import { sameBytes } from '../../bytes/bytes.ts';
import type { KeyedCredential } from '../../config/credentials.ts';
import { MODES } from '../../registry/options.ts';
import type { Certificate } from '../../x509/certificate.ts';
import type { X509Store } from '../../x509/store.ts';
import type { Connection } from '../connection.ts';

/** Intermediates that are looked for; a longer chain is configured as one. */
const MOST_INTERMEDIATES = 10;

/**
 * The chain to send for a credential: the one that was configured, or for a certificate alone the context's extra certificates
 * (SSL_CTX_add_extra_chain_cert(3)), or its issuers from the chain store or the trust store (SSL_CTX_add1_chain_cert(3)), unless
 * the mode NO_AUTO_CHAIN forbids it. That one ends before the root, which the peer has or does not trust.
 */
export function chainToSend(connection: Connection, { chain, leaf }: KeyedCredential): readonly Certificate[] {
  if (chain.length > 1 || leaf === undefined) return chain;
  const extra = connection.get('extraChain');
  if (extra.length > 0) return [leaf, ...extra];
  if ((connection.get('mode') & MODES.NO_AUTO_CHAIN) !== 0) return chain;
  return [leaf, ...issuersOf(leaf, connection.get('chainStore') ?? connection.get('certStore'))];
}

/** Issuers by name and key identifier, up to the root and without it. Nothing is verified: this is our own certificate. */
export function issuersOf(leaf: Certificate, store: X509Store): readonly Certificate[] {
  const issuers: Certificate[] = [];
  let last = leaf;
  while (issuers.length < MOST_INTERMEDIATES && !last.selfIssued) {
    const issuer = store.withSubject(last.issuer).find((candidate) => isIssuer(candidate, last));
    if (issuer === undefined || issuer.selfIssued) break;
    issuers.push(issuer);
    last = issuer;
  }
  return issuers;
}

function isIssuer(candidate: Certificate, subject: Certificate): boolean {
  const wanted = subject.extensions.authorityKeyIdentifier?.keyIdentifier;
  const has = candidate.extensions.subjectKeyIdentifier;
  return wanted === undefined || has === undefined || sameBytes(wanted, has);
}
