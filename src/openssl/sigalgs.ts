/** Signature algorithms by OpenSSL's numbers and names (SSL_CTX_set1_sigalgs(3)). */
import type { SettingName } from '../config/settings.ts';
import { SIGNATURE_SCHEMES, type SignatureScheme, signatureScheme, signatureSchemeByName } from '../registry/signature-schemes.ts';
import * as c from './constants.ts';
import { type Holder, putQuietly } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

type ListName = Extract<SettingName, 'sigalgs' | 'clientSigalgs'>;

// ---- lists: a bad one is 0, nothing is pushed, the old one stays

const HASH_NIDS: Readonly<Record<string, number>> = {
  sha1: c.NID_sha1,
  sha224: c.NID_sha224,
  sha256: c.NID_sha256,
  sha384: c.NID_sha384,
  sha512: c.NID_sha512,
};

const hashOf = ({ algorithm }: SignatureScheme): string | undefined => ('hash' in algorithm ? algorithm.hash : undefined);
const hashNid = (scheme: SignatureScheme): number => HASH_NIDS[hashOf(scheme) ?? ''] ?? c.NID_undef;

const KEY_NIDS: Readonly<Record<string, number>> = {
  ecdsa: c.EVP_PKEY_EC,
  ed25519: c.NID_ED25519,
  ed448: c.NID_ED448,
  'ml-dsa-44': c.EVP_PKEY_ML_DSA_44,
  'ml-dsa-65': c.EVP_PKEY_ML_DSA_65,
  'ml-dsa-87': c.EVP_PKEY_ML_DSA_87,
  'rsa-pss': c.EVP_PKEY_RSA_PSS,
  'rsa-pkcs1': c.EVP_PKEY_RSA,
};
const signatureNid = ({ algorithm }: SignatureScheme): number => KEY_NIDS[algorithm.kind] ?? c.NID_undef;

/** Pairs of a hash and a kind of signature. */
function fromNids(pairs: readonly number[]): readonly number[] | undefined {
  if (pairs.length === 0 || pairs.length % 2 !== 0) return undefined;
  const ids: number[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const scheme = SIGNATURE_SCHEMES.find((one) => hashNid(one) === pairs[i] && signatureNid(one) === pairs[i + 1]);
    if (scheme === undefined) return undefined;
    ids.push(scheme.id);
  }
  return ids;
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['RSA', 'rsa-pkcs1'],
  ['RSA-PSS', 'rsa-pss'],
  ['PSS', 'rsa-pss'],
  ['ECDSA', 'ecdsa'],
]);

/** IANA's names, or a kind and a hash (`RSA+SHA256`), joined by colons; no repetitions. */
function fromNames(list: string): readonly number[] | undefined {
  const ids = list.split(':').map((name) => signatureSchemeByName(name)?.id ?? byParts(name)?.id);
  return ids.includes(undefined) || new Set(ids).size < ids.length ? undefined : (ids as number[]);
}

function byParts(name: string): SignatureScheme | undefined {
  const [kind = '', hash = '', ...more] = name.split('+');
  const algorithm = KINDS.get(kind.toUpperCase());
  return more.length > 0
    ? undefined
    : SIGNATURE_SCHEMES.find((one) => one.algorithm.kind === algorithm && hashOf(one) === hash.toLowerCase());
}

const putList = (holder: Holder, name: ListName, ids: readonly number[] | undefined): number =>
  ids === undefined ? 0 : putQuietly(holder, name, ids);

export const SSL_CTX_set1_sigalgs = (ctx: SSL_CTX, pairs: readonly number[]): number => putList(ctx, 'sigalgs', fromNids(pairs));
export const SSL_set1_sigalgs = (ssl: SSL, pairs: readonly number[]): number => putList(ssl, 'sigalgs', fromNids(pairs));
export const SSL_CTX_set1_sigalgs_list = (ctx: SSL_CTX, list: string): number => putList(ctx, 'sigalgs', fromNames(list));
export const SSL_set1_sigalgs_list = (ssl: SSL, list: string): number => putList(ssl, 'sigalgs', fromNames(list));
export const SSL_CTX_set1_client_sigalgs = (ctx: SSL_CTX, pairs: readonly number[]): number =>
  putList(ctx, 'clientSigalgs', fromNids(pairs));
export const SSL_set1_client_sigalgs = (ssl: SSL, pairs: readonly number[]): number => putList(ssl, 'clientSigalgs', fromNids(pairs));
export const SSL_CTX_set1_client_sigalgs_list = (ctx: SSL_CTX, list: string): number => putList(ctx, 'clientSigalgs', fromNames(list));
export const SSL_set1_client_sigalgs_list = (ssl: SSL, list: string): number => putList(ssl, 'clientSigalgs', fromNames(list));

// ---- what the peer offers and what was used

/** One entry of a list: numbers of the key and of the hash (0 for schemes without one), and the two bytes on the wire. */
export interface SigalgEntry {
  readonly count: number;
  readonly sign: number;
  readonly hash: number;
  readonly rsig: number;
  readonly rhash: number;
}

function entry(ids: readonly number[], idx: number): SigalgEntry | null {
  const id = ids[Math.max(0, idx)];
  if (id === undefined) return null;
  const scheme = signatureScheme(id);
  const named = scheme === undefined ? { sign: c.NID_undef, hash: c.NID_undef } : { sign: signatureNid(scheme), hash: hashNid(scheme) };
  return { count: ids.length, ...named, rsig: id & 0xff, rhash: id >>> 8 };
}

/** The `idx`th algorithm of the peer's list, with the length of the list; null past its end. */
export const SSL_get_sigalgs = (ssl: SSL, idx: number): SigalgEntry | null => entry(alive(ssl).connection?.peerSignatureSchemes ?? [], idx);

/** The same of those that both sides have. */
export const SSL_get_shared_sigalgs = (ssl: SSL, idx: number): SigalgEntry | null => {
  const own = alive(ssl).get('sigalgs');
  return entry(
    (ssl.connection?.peerSignatureSchemes ?? []).filter((id) => own.includes(id)),
    idx,
  );
};

const nidOf = (id: number | undefined, nid: (scheme: SignatureScheme) => number): number | null => {
  const scheme = signatureScheme(id ?? 0);
  return scheme === undefined ? null : nid(scheme);
};

/** The hash of the peer's signature; null where it made none. */
export const SSL_get_peer_signature_nid = (ssl: SSL): number | null => nidOf(alive(ssl).connection?.peerSignatureScheme, hashNid);
export const SSL_get_peer_signature_type_nid = (ssl: SSL): number | null => nidOf(alive(ssl).connection?.peerSignatureScheme, signatureNid);
/** Those of ours. */
export const SSL_get_signature_nid = (ssl: SSL): number | null => nidOf(alive(ssl).connection?.ownSignatureScheme, hashNid);
export const SSL_get_signature_type_nid = (ssl: SSL): number | null => nidOf(alive(ssl).connection?.ownSignatureScheme, signatureNid);
