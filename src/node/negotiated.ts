/** What was agreed and who the peer is, in the shapes of `node:tls`. */

import type { X509Certificate } from 'node:crypto';
import type { Connection } from '../handshake/connection.ts';
import { groupName, namedGroup } from '../registry/groups.ts';
import { versionName } from '../registry/versions.ts';
import type { Certificate } from '../x509/certificate.ts';
import { crypto } from './builtins.ts';

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
export function ephemeralKeyInfo({ group, reused, dhPrimeBits }: Connection): EphemeralKeyInfo {
  if (reused) return {};
  if (dhPrimeBits > 0) return { type: 'DH', size: dhPrimeBits };
  if (group === 0) return {};
  const name = groupName(group);
  const known = EPHEMERAL_KEYS[name];
  if (known !== undefined) return { type: 'ECDH', ...known };
  const kind = namedGroup(group)?.kind;
  return kind === 'ffdhe' ? { type: 'DH', size: Number(name.slice('ffdhe'.length)) } : { type: 'KEM', name };
}

export const x509Of = (certificate: Certificate): X509Certificate => new crypto.X509Certificate(certificate.der);

/** A chain in Node's newer form: `issuerCertificate` of each is the next. */
export function x509Chain([leaf, ...issuers]: readonly Certificate[]): X509Certificate | undefined {
  if (leaf === undefined) return undefined;
  const issuer = x509Chain(issuers);
  const form = x509Of(leaf);
  return issuer === undefined ? form : Object.defineProperty(form, 'issuerCertificate', { value: issuer, configurable: true });
}

/** The peer's chain: as it was verified or, where it was not or not as far, as it was sent, in this handshake or in the one of the session. */
export function peerChainOf({ peerChain, verifiedChain, session }: Connection): readonly Certificate[] {
  if (verifiedChain.length > peerChain.length || (verifiedChain.length > 0 && session?.data.verifyResult === 'OK')) return verifiedChain;
  return peerChain.length > 0 ? peerChain : (session?.data.peerChain ?? []);
}

/** A chain in Node's older form; `detailed`: with `issuerCertificate`, up to a certificate that is its own issuer. */
export function legacyCertificate(chain: readonly Certificate[], detailed: boolean): PeerCertificate {
  const [leaf, ...issuers] = detailed ? chain.map(legacyForm) : chain.slice(0, 1).map(legacyForm);
  if (leaf === undefined) return {};
  let lower = leaf;
  for (const issuer of issuers) {
    lower.issuerCertificate = issuer;
    lower = issuer;
  }
  if (detailed && chain.at(-1)?.selfIssued === true) lower.issuerCertificate = lower;
  return leaf;
}

export function legacyForm(certificate: Certificate): PeerCertificate {
  const form = x509Of(certificate).toLegacyObject() as unknown as PeerCertificate;
  const { infoAccess } = form;
  if (typeof infoAccess === 'string') form['infoAccess'] = infoAccessLists(infoAccess);
  return form;
}

/** Lines of `method:value`, where a value that holds a quote is a JSON string, as lists by method. */
function infoAccessLists(text: string): Record<string, string[]> {
  const lists: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const value = line.slice(colon + 1);
    const method = line.slice(0, colon);
    lists[method] = [...(lists[method] ?? []), value.startsWith('"') ? (JSON.parse(value) as string) : value];
  }
  return lists;
}
