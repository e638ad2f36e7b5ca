/** Raw public keys in place of certificates (RFC 7250), as OpenSSL has them from 3.2 on. */

import type { SettingName } from '../config/settings.ts';
import type { PublicKeySpec } from '../crypto/provider.ts';
import { refuse } from '../registry/fatal.ts';
import { parsePublicKey, spkiElement } from '../x509/algorithms.ts';
import { attempt } from './errors.ts';
import { type Holder, put, putQuietly } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX, SSL_SESSION } from './types.ts';

export const TLSEXT_cert_type_x509 = 0;
export const TLSEXT_cert_type_rpk = 2;

/** The public half of an EVP_PKEY; a private key has one, too. */
export interface EVP_PKEY_public {
  readonly publicKey: PublicKeySpec;
}

/** A DER SubjectPublicKeyInfo as a key; null where it is none. */
export const d2i_PUBKEY = (der: Uint8Array): EVP_PKEY_public | null =>
  attempt('d2i_PUBKEY', null, () => keyOf(der) ?? refuse('CANNOT_PARSE_PUBLIC_KEY'));
export const i2d_PUBKEY = (pkey: EVP_PKEY_public): Uint8Array => spkiElement(pkey.publicKey);

function keyOf(spki: Uint8Array | undefined): EVP_PKEY_public | null {
  const publicKey = spki && parsePublicKey(spki);
  return publicKey === undefined ? null : { publicKey };
}

// ---- types, best first. Null takes back what was said; types that are unknown or stand twice are refused, and the old ones stay

type TypesRow = Extract<SettingName, 'clientCertTypes' | 'serverCertTypes'>;

const setTypes = (owner: Holder, row: TypesRow, val: Uint8Array | null): number => putQuietly(owner, row, val ?? undefined);
/** Null where nothing was said. */
const typesOf = (owner: Holder, row: TypesRow): Uint8Array | null => {
  const types = owner.get(row);
  return types === undefined ? null : Uint8Array.from(types);
};

export const SSL_CTX_set1_client_cert_type = (ctx: SSL_CTX, val: Uint8Array | null): number => setTypes(ctx, 'clientCertTypes', val);
export const SSL_CTX_set1_server_cert_type = (ctx: SSL_CTX, val: Uint8Array | null): number => setTypes(ctx, 'serverCertTypes', val);
export const SSL_set1_client_cert_type = (ssl: SSL, val: Uint8Array | null): number => setTypes(ssl, 'clientCertTypes', val);
export const SSL_set1_server_cert_type = (ssl: SSL, val: Uint8Array | null): number => setTypes(ssl, 'serverCertTypes', val);

export const SSL_CTX_get0_client_cert_type = (ctx: SSL_CTX): Uint8Array | null => typesOf(ctx, 'clientCertTypes');
export const SSL_CTX_get0_server_cert_type = (ctx: SSL_CTX): Uint8Array | null => typesOf(ctx, 'serverCertTypes');
export const SSL_get0_client_cert_type = (ssl: SSL): Uint8Array | null => typesOf(ssl, 'clientCertTypes');
export const SSL_get0_server_cert_type = (ssl: SSL): Uint8Array | null => typesOf(ssl, 'serverCertTypes');

/** The type of what one side shows; X.509 before anything was negotiated. */
const negotiated = (ssl: SSL, ofServer: boolean): number => {
  const { connection, isServer } = alive(ssl);
  const type = isServer === ofServer ? connection?.ownCertificateType : connection?.peerCertificateType;
  return type ?? TLSEXT_cert_type_x509;
};

export const SSL_get_negotiated_client_cert_type = (ssl: SSL): number => negotiated(ssl, false);
export const SSL_get_negotiated_server_cert_type = (ssl: SSL): number => negotiated(ssl, true);

// ---- the peer's key

export const SSL_get0_peer_rpk = (ssl: SSL): EVP_PKEY_public | null => keyOf(alive(ssl).connection?.peerRawKey?.spki);
export const SSL_SESSION_get0_peer_rpk = (session: SSL_SESSION): EVP_PKEY_public | null => keyOf(session.data.peerRawKey);

/** One more key that the peer's may be. Where OpenSSL keeps it among the TLSA records, and so wants DANE enabled, it is a list of its own here. */
export const SSL_add_expected_rpk = (ssl: SSL, rpk: EVP_PKEY_public): number =>
  put('SSL_add_expected_rpk', ssl, 'expectedRawKeys', [...ssl.get('expectedRawKeys'), i2d_PUBKEY(rpk)]);
