/** What was agreed and who the peer is, in the shapes of `node:tls`. */
import { X509Certificate } from 'node:crypto';
import type { Connection } from '../handshake/connection.ts';
import { groupName, namedGroup } from '../registry/groups.ts';
import { versionName } from '../registry/versions.ts';
import type { Certificate } from '../x509/certificate.ts';

export interface CipherInfo {
  readonly name: string;
  readonly standardName: string;
  readonly version: string;
}

export interface EphemeralKeyInfo {
  readonly type?: 'ECDH' | 'DH' | 'KEM';
  readonly name?: string;
  /** Bits. */
  readonly size?: number;
}

/** A certificate in Node's older form; with its issuers linked to it where they are asked for and known. */
export type PeerCertificate = Record<string, unknown> & { issuerCertificate?: PeerCertificate };

export const cipherInfo = ({ suite }: Connection): CipherInfo | undefined =>
  suite && { name: suite.name, standardName: suite.standardName, version: versionName(suite.minVersion) };

/** The names and sizes that OpenSSL gives. */
export const EPHEMERAL_KEYS: Readonly<Record<string, { readonly name: string; readonly size: number }>> = {
  secp256r1: { name: 'prime256v1', size: 256 },
  secp384r1: { name: 'secp384r1', size: 384 },
  secp521r1: { name: 'secp521r1', size: 521 },
  x25519: { name: 'X25519', size: 253 },
  x448: { name: 'X448', size: 448 },
};

/** The peer's ephemeral key of a full handshake; empty where there was none. */
export function ephemeralKeyInfo({ group, reused }: Connection): EphemeralKeyInfo {
  if (group === 0 || reused) return {};
  const name = groupName(group);
  const known = EPHEMERAL_KEYS[name];
  if (known !== undefined) return { type: 'ECDH', ...known };
  const kind = namedGroup(group)?.kind;
  return kind === 'ffdhe' ? { type: 'DH', size: Number(name.slice('ffdhe'.length)) } : { type: 'KEM', name };
}

export const x509Of = (certificate: Certificate): X509Certificate => new X509Certificate(certificate.der);

/** `detailed`: with `issuerCertificate`, along the chain that was verified or, failing that, the one that was sent. */
export function peerCertificate({ peerChain, verifiedChain }: Connection, detailed: boolean): PeerCertificate {
  const chain = verifiedChain.length > 0 ? verifiedChain : peerChain;
  const [leaf, ...issuers] = chain.map((certificate) => x509Of(certificate).toLegacyObject() as unknown as PeerCertificate);
  if (leaf === undefined) return {};
  if (!detailed) return leaf;
  let lower = leaf;
  for (const issuer of issuers) {
    lower.issuerCertificate = issuer;
    lower = issuer;
  }
  // Node's mark for the end: a certificate that is its own issuer.
  if (chain.at(-1)?.selfIssued === true) lower.issuerCertificate = lower;
  return leaf;
}
