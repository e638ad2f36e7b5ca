/** Cipher suites and lists of them (SSL_CTX_set_cipher_list(3), SSL_CIPHER_get_name(3)). */

import { parseCipherString } from '../config/cipher-string.ts';
import type { HashName } from '../crypto/provider.ts';
import { cipherDescription, cipherVersion } from '../registry/cipher-description.ts';
import { CIPHER_SUITES, type CipherSuite, cipherSuite, DEFAULT_TLS12_SUITES } from '../registry/cipher-suites.ts';
import { refuse } from '../registry/fatal.ts';
import { TLS1_2_VERSION } from '../registry/versions.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { asInt, type Holder, put } from './settings.ts';
import { alive } from './state.ts';
import { suiteBytes } from './suite-bytes.ts';
import type { Out, SSL, SSL_CIPHER, SSL_CTX } from './types.ts';

// ---- lists

/** TLS 1.2 and below, in the language of `openssl ciphers`. A string that matches nothing is refused and the old list stays. */
const setList = (func: string, holder: Holder, rules: string): number =>
  attempt(func, 0, () => {
    const newest = holder.get('maxProtoVersion');
    if (newest !== 0 && newest < TLS1_2_VERSION && parseCipherString(rules).suiteB !== undefined)
      refuse('AT_LEAST_TLS_1_2_NEEDED_IN_SUITEB_MODE');
    holder.set('cipherList', rules);
    return 1;
  });

export const SSL_CTX_set_cipher_list = (ctx: SSL_CTX, rules: string): number => setList('SSL_CTX_set_cipher_list', ctx, rules);
export const SSL_set_cipher_list = (ssl: SSL, rules: string): number => setList('SSL_set_cipher_list', ssl, rules);
/** TLS 1.3: names joined by colons; none for no TLS 1.3. */
export const SSL_CTX_set_ciphersuites = (ctx: SSL_CTX, names: string): number =>
  put('SSL_CTX_set_ciphersuites', ctx, 'cipherSuites', names);
export const SSL_set_ciphersuites = (ssl: SSL, names: string): number => put('SSL_set_ciphersuites', ssl, 'cipherSuites', names);

const suitesOf = (ids: readonly number[]): SSL_CIPHER[] => ids.flatMap((id) => cipherSuite(id) ?? []);

/** All that are configured, those of TLS 1.3 first. */
const listOf = (holder: Holder): SSL_CIPHER[] =>
  suitesOf([...holder.get('cipherSuites'), ...(holder.get('cipherList') ?? DEFAULT_TLS12_SUITES)]);

export const SSL_CTX_get_ciphers = (ctx: SSL_CTX): SSL_CIPHER[] => listOf(ctx);
export const SSL_get_ciphers = (ssl: SSL): SSL_CIPHER[] => listOf(alive(ssl));
/** Those that the protocol bounds leave. */
export const SSL_get1_supported_ciphers = (ssl: SSL): SSL_CIPHER[] => {
  const [min, max] = [alive(ssl).get('minProtoVersion'), ssl.get('maxProtoVersion') || c.TLS_MAX_VERSION];
  return listOf(ssl).filter(({ minVersion, maxVersion }) => minVersion <= max && maxVersion >= min);
};
/** The name of the `n`th; null past the end. */
export const SSL_get_cipher_list = (ssl: SSL, n: number): string | null => SSL_get_ciphers(ssl)[n]?.name ?? null;
/** On a server: what the client offered, of what is known here. */
export const SSL_get_client_ciphers = (ssl: SSL): SSL_CIPHER[] | null => {
  const ids = alive(ssl).connection?.peerCipherSuites;
  return ssl.isServer && ids !== undefined && ids.length > 0 ? suitesOf(ids) : null;
};
/** Names of what both sides have, joined by colons, in the client's order. */
export const SSL_get_shared_ciphers = (ssl: SSL): string | null => {
  const own = SSL_get_ciphers(ssl);
  const shared = SSL_get_client_ciphers(ssl)?.filter((cipher) => own.includes(cipher)) ?? [];
  return shared.length === 0 ? null : shared.map(({ name }) => name).join(':');
};
/** The client's list as it stands on the wire, two bytes each. */
export const SSL_get0_raw_cipherlist = (ssl: SSL): Uint8Array => suiteBytes(alive(ssl).connection?.peerCipherSuites ?? []);

// ---- the suite in use

/** null before one was agreed on. */
export const SSL_get_current_cipher = (ssl: SSL): SSL_CIPHER | null => alive(ssl).connection?.suite ?? null;
export const SSL_get_pending_cipher: (ssl: SSL) => SSL_CIPHER | null = SSL_get_current_cipher;
export const SSL_get_cipher_name = (ssl: SSL): string => SSL_CIPHER_get_name(SSL_get_current_cipher(ssl));
export const SSL_get_cipher: (ssl: SSL) => string = SSL_get_cipher_name;
export const SSL_get_cipher_version = (ssl: SSL): string => SSL_CIPHER_get_version(SSL_get_current_cipher(ssl));
export const SSL_get_cipher_bits = (ssl: SSL): number => SSL_CIPHER_get_bits(SSL_get_current_cipher(ssl));

// ---- of one suite

export const SSL_CIPHER_get_name = (cipher: SSL_CIPHER | null): string => cipher?.name ?? '(NONE)';
export const SSL_CIPHER_standard_name = (cipher: SSL_CIPHER | null): string => cipher?.standardName ?? '(NONE)';
/** OpenSSL's name of a suite by IANA's. */
export const OPENSSL_cipher_name = (rfc_name: string): string =>
  CIPHER_SUITES.find(({ standardName }) => standardName === rfc_name)?.name ?? '(NONE)';
/** Bits of the key. */
export const SSL_CIPHER_get_bits = (cipher: SSL_CIPHER | null): number => (cipher === null ? 0 : strength(cipher));
export const SSL_CIPHER_get_version = (cipher: SSL_CIPHER | null): string => (cipher === null ? '(NONE)' : cipherVersion(cipher));
/** The code point with 0x0300 before it. */
export const SSL_CIPHER_get_id = (cipher: SSL_CIPHER): number => 0x300_0000 | cipher.id;
export const SSL_CIPHER_get_protocol_id = (cipher: SSL_CIPHER): number => cipher.id;
export const SSL_CIPHER_is_aead = (cipher: SSL_CIPHER): number => asInt(cipher.aead !== undefined);
/** A suite by its two bytes. */
export const SSL_CIPHER_find = (_ssl: SSL, ptr: Uint8Array): SSL_CIPHER | null => cipherSuite(((ptr[0] ?? 0) << 8) | (ptr[1] ?? 0)) ?? null;
export const SSL_CIPHER_get_handshake_digest = (cipher: SSL_CIPHER): HashName => cipher.hash;

const strength = ({ aead, keyLength, bits }: CipherSuite): number => (aead === undefined ? bits : 8 * keyLength);

const CIPHER_NIDS: Readonly<Record<string, number>> = {
  'aes-128-gcm': c.NID_aes_128_gcm,
  'aes-256-gcm': c.NID_aes_256_gcm,
  'chacha20-poly1305': c.NID_chacha20_poly1305,
  'aes-128-ccm': c.NID_aes_128_ccm,
  'aes-128-ccm-8': c.NID_aes_128_ccm,
  'aes-256-ccm': c.NID_aes_256_ccm,
  'aes-256-ccm-8': c.NID_aes_256_ccm,
  '3des-cbc': c.NID_des_ede3_cbc,
  'aes-128-cbc': c.NID_aes_128_cbc,
  'aes-256-cbc': c.NID_aes_256_cbc,
  'camellia-128-cbc': c.NID_camellia_128_cbc,
  'camellia-256-cbc': c.NID_camellia_256_cbc,
};
const DIGEST_NIDS: Readonly<Record<string, number>> = { md5: c.NID_md5, sha1: c.NID_sha1, sha256: c.NID_sha256, sha384: c.NID_sha384 };
const KX_NIDS = {
  any: c.NID_kx_any,
  ecdhe: c.NID_kx_ecdhe,
  dhe: c.NID_kx_dhe,
  rsa: c.NID_kx_rsa,
  psk: c.NID_kx_psk,
  'dhe-psk': c.NID_kx_dhe_psk,
  'ecdhe-psk': c.NID_kx_ecdhe_psk,
  'rsa-psk': c.NID_kx_rsa_psk,
} as const;
const AUTH_NIDS = {
  any: c.NID_auth_any,
  rsa: c.NID_auth_rsa,
  ecdsa: c.NID_auth_ecdsa,
  psk: c.NID_auth_psk,
  none: c.NID_auth_null,
} as const;

export const SSL_CIPHER_get_cipher_nid = ({ aead, cbc }: SSL_CIPHER): number => CIPHER_NIDS[aead ?? cbc ?? ''] ?? c.NID_undef;
export const SSL_CIPHER_get_digest_nid = ({ aead, mac }: SSL_CIPHER): number =>
  aead === undefined ? (DIGEST_NIDS[mac ?? ''] ?? c.NID_undef) : c.NID_undef;
export const SSL_CIPHER_get_kx_nid = ({ keyExchange }: SSL_CIPHER): number => KX_NIDS[keyExchange];
export const SSL_CIPHER_get_auth_nid = ({ authentication }: SSL_CIPHER): number => AUTH_NIDS[authentication];

/** One line, as `openssl ciphers -v` of 3.0 prints it. */
export const SSL_CIPHER_description = (cipher: SSL_CIPHER): string => `${cipherDescription(cipher)}\n`;

// ---- compression: there is none

export const SSL_get_current_compression = (_ssl: SSL): null => null;
export const SSL_get_current_expansion = (_ssl: SSL): null => null;
export const SSL_COMP_get_name = (_comp: null): null => null;
/** Suites out of the bytes of a hello: those that are built, and the values that only signal something. */
export const SSL_bytes_to_cipher_list = (
  _ssl: SSL,
  bytes: Uint8Array,
  isv2format: number,
  sk: Out<readonly SSL_CIPHER[]>,
  scsvs: Out<readonly number[]>,
): number =>
  attempt('SSL_bytes_to_cipher_list', 0, () => {
    const size = isv2format === 0 ? 2 : 3;
    if (bytes.length === 0) refuse('NO_CIPHERS_SPECIFIED');
    if (bytes.length % size !== 0) refuse('ERROR_IN_RECEIVED_CIPHER_LIST');
    const ids = Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(size * i, size * (i + 1)))
      // SSL 2.0's own kinds have a first byte.
      .filter((kind) => size === 2 || kind[0] === 0)
      .map((kind) => ((kind.at(-2) as number) << 8) | (kind.at(-1) as number));
    sk.value = ids.flatMap((id) => cipherSuite(id) ?? []);
    scsvs.value = ids.filter((id) => SIGNALS.has(id));
    return 1;
  });

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV and TLS_FALLBACK_SCSV. */
const SIGNALS: ReadonlySet<number> = new Set([0x00ff, 0x5600]);
