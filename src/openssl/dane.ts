/** DANE: verification by TLSA records (SSL_CTX_dane_enable(3)). */
import type { HashName } from '../crypto/provider.ts';
import { refuse, SslError } from '../registry/fatal.ts';
import { parsePublicKey } from '../x509/algorithms.ts';
import type { DaneMatch } from '../x509/check-path.ts';
import { type DaneDigests, USUAL_DANE_DIGESTS } from '../x509/dane.ts';
import { attempt, reportError } from './errors.ts';
import type { EVP_PKEY_public } from './raw-keys.ts';
import type { Holder } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX, X509 } from './types.ts';

export const SSL_CTX_dane_enable = (ctx: SSL_CTX): number => {
  if (ctx.get('daneDigests') === undefined) ctx.set('daneDigests', USUAL_DANE_DIGESTS);
  return 1;
};

/** Gives a matching type its digest and rank; a digest of null takes it away. Type 0, the data itself, is fixed. */
export const SSL_CTX_dane_mtype_set = (ctx: SSL_CTX, md: HashName | null, mtype: number, ord: number): number =>
  attempt('SSL_CTX_dane_mtype_set', 0, () => {
    if (mtype === 0 && md !== null) refuse('DANE_CANNOT_OVERRIDE_MTYPE_FULL');
    const digests: Map<number, { readonly hash: HashName; readonly rank: number }> = new Map(ctx.get('daneDigests') ?? USUAL_DANE_DIGESTS);
    if (md === null) digests.delete(mtype);
    else digests.set(mtype, { hash: md, rank: ord });
    ctx.set('daneDigests', digests satisfies DaneDigests);
    return 1;
  });

/** 1; 0 where the context is not enabled, or the connection is already; -1 for a domain that is none. */
export function SSL_dane_enable(ssl: SSL, basedomain: string | null): number {
  try {
    ssl.enableDane(basedomain ?? undefined);
    return 1;
  } catch (error) {
    reportError('SSL_dane_enable', error);
    return error instanceof SslError && error.reason === 'ERROR_SETTING_TLSA_BASE_DOMAIN' ? -1 : 0;
  }
}

/** 1; 0 for a record that cannot be used, with the reason; -1 where DANE is not enabled. */
export function SSL_dane_tlsa_add(ssl: SSL, usage: number, selector: number, mtype: number, data: Uint8Array): number {
  try {
    ssl.addTlsa(usage, selector, mtype, data);
    return 1;
  } catch (error) {
    reportError('SSL_dane_tlsa_add', error);
    return error instanceof SslError && error.reason === 'DANE_NOT_ENABLED' ? -1 : 0;
  }
}

/** The result is the mask before. */
const flagsOf = (holder: Holder, add: number, remove: number): number => {
  const before = holder.get('daneFlags');
  holder.set('daneFlags', (before | add) & ~remove);
  return before;
};

export const SSL_CTX_dane_set_flags = (ctx: SSL_CTX, flags: number): number => flagsOf(ctx, flags, 0);
export const SSL_CTX_dane_clear_flags = (ctx: SSL_CTX, flags: number): number => flagsOf(ctx, 0, flags);
export const SSL_dane_set_flags = (ssl: SSL, flags: number): number => flagsOf(ssl, flags, 0);
export const SSL_dane_clear_flags = (ssl: SSL, flags: number): number => flagsOf(ssl, 0, flags);

/** What authenticated the peer, unless something else is wrong with it. */
const matchOf = (ssl: SSL): DaneMatch | undefined => {
  const { connection } = alive(ssl);
  return connection?.verifyResult === 'OK' ? connection.daneMatch : undefined;
};

/**
 * Depth of the certificate that a record matched, and that certificate; or of the last one of the chain, and the key in the record that signed
 * it; -1 where none did, or the verify result is not X509_V_OK.
 */
export function SSL_get0_dane_authority(ssl: SSL): {
  readonly depth: number;
  readonly mcert: X509 | null;
  readonly mspki: EVP_PKEY_public | null;
} {
  const match = matchOf(ssl);
  if (match === undefined) return { depth: -1, mcert: null, mspki: null };
  const { record, depth, certificate } = match;
  const publicKey = certificate === undefined ? parsePublicKey(record.data) : undefined;
  return { depth, mcert: certificate ?? null, mspki: publicKey === undefined ? null : { publicKey } };
}

/** The record that matched; null where SSL_get0_dane_authority says -1. */
export function SSL_get0_dane_tlsa(
  ssl: SSL,
): { readonly depth: number; readonly usage: number; readonly selector: number; readonly mtype: number; readonly data: Uint8Array } | null {
  const match = matchOf(ssl);
  if (match === undefined) return null;
  const { usage, selector, matchingType, data } = match.record;
  return { depth: match.depth, usage, selector, mtype: matchingType, data };
}
