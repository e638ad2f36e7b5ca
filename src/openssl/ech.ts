/** Encrypted ClientHello (RFC 9849): BoringSSL's calls, and of OpenSSL 4's the outer ALPN protocols. */
import { provider } from '#provider';
import { EchKeys, echKey, marshalEchConfig } from '../config/ech-keys.ts';
import { type HpkeKem, hpkeKemOf, hpkePrivateKey, hpkePublicKey } from '../crypto/hpke.ts';
import type { StaticCurve } from '../crypto/provider.ts';
import { refuse } from '../registry/fatal.ts';
import { REASONS } from '../registry/reasons.ts';
import { attempt } from './errors.ts';
import { asInt, done, put } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

export const TLSEXT_TYPE_ech = 0xfe0d;
export const SSL_AD_ECH_REQUIRED = 121;
export const SSL_R_ECH_REJECTED: number = REASONS.ECH_REJECTED;

// ---- HPKE keys

export type EVP_HPKE_KEM = HpkeKem;

/** A private key and its KEM, once they are set. */
export interface EVP_HPKE_KEY {
  kem: EVP_HPKE_KEM | undefined;
  privateKey: Uint8Array;
}

const kemOf = (curve: StaticCurve): EVP_HPKE_KEM => hpkeKemOf(curve) ?? refuse('INTERNAL_ERROR', curve);

export const EVP_hpke_x25519_hkdf_sha256 = (): EVP_HPKE_KEM => kemOf('x25519');
export const EVP_hpke_p256_hkdf_sha256 = (): EVP_HPKE_KEM => kemOf('P-256');

export const EVP_HPKE_KEY_new = (): EVP_HPKE_KEY => ({ kem: undefined, privateKey: new Uint8Array(0) });

/** Takes a private key in the form of RFC 9180, 7.1. */
export const EVP_HPKE_KEY_init = (key: EVP_HPKE_KEY, kem: EVP_HPKE_KEM, privateKey: Uint8Array): number =>
  attempt('EVP_HPKE_KEY_init', 0, () => {
    if (hpkePublicKey(provider, kem, privateKey) === undefined) refuse('BAD_VALUE', `no private key of ${kem.name}`);
    return done(Object.assign(key, { kem, privateKey: privateKey.slice() }));
  });

/** A fresh one. */
export const EVP_HPKE_KEY_generate = (key: EVP_HPKE_KEY, kem: EVP_HPKE_KEM): number =>
  done(Object.assign(key, { kem, privateKey: hpkePrivateKey(provider, kem) }));

/** A copy, which is a secret. */
export const EVP_HPKE_KEY_private_key = (key: EVP_HPKE_KEY): Uint8Array => key.privateKey.slice();

// ---- servers

/** Keys that contexts share: a context takes what is there when it is set. */
export interface SSL_ECH_KEYS {
  keys: EchKeys;
}

export const SSL_ECH_KEYS_new = (): SSL_ECH_KEYS => ({ keys: new EchKeys() });
export const SSL_ECH_KEYS_up_ref = (keys: SSL_ECH_KEYS): SSL_ECH_KEYS => keys;
export const SSL_ECH_KEYS_free = (_keys: SSL_ECH_KEYS | null): void => {};

/** Adds a published ECHConfig with its private key; 0 where it is of another key, or promises what is not built here. */
export const SSL_ECH_KEYS_add = (keys: SSL_ECH_KEYS, is_retry_config: number, ech_config: Uint8Array, key: EVP_HPKE_KEY): number =>
  attempt('SSL_ECH_KEYS_add', 0, () => {
    keys.keys = keys.keys.with(echKey(ech_config, key.privateKey, is_retry_config !== 0));
    return 1;
  });

export const SSL_ECH_KEYS_has_duplicate_config_id = (keys: SSL_ECH_KEYS): number => asInt(keys.keys.hasDuplicateConfigId);

/** The ECHConfigList to publish. */
export const SSL_ECH_KEYS_marshal_retry_configs = (keys: SSL_ECH_KEYS): Uint8Array => keys.keys.retryConfigs;

/** 0 where no key of them is one that clients are told. */
export const SSL_CTX_set1_ech_keys = (ctx: SSL_CTX, keys: SSL_ECH_KEYS): number => put('SSL_CTX_set1_ech_keys', ctx, 'echKeys', keys.keys);

/** An ECHConfig for a key; null with the reason on the queue for a name that is none or a length of more than a byte. */
export const SSL_marshal_ech_config = (
  config_id: number,
  key: EVP_HPKE_KEY,
  public_name: string,
  max_name_len: number,
): Uint8Array | null =>
  attempt('SSL_marshal_ech_config', null, () => {
    const { curve } = key.kem ?? refuse('PASSED_NULL_PARAMETER');
    return marshalEchConfig(key.privateKey, { curve, configId: config_id, publicName: public_name, maximumNameLength: max_name_len });
  });

// ---- clients

/** 0 for what is not an ECHConfigList; configs that cannot be used are passed over later. */
export const SSL_set1_ech_config_list = (ssl: SSL, ech_config_list: Uint8Array): number =>
  put('SSL_set1_ech_config_list', ssl, 'echConfigList', ech_config_list);

export const SSL_set_enable_ech_grease = (ssl: SSL, enable: number): void => void alive(ssl).set('echGrease', enable !== 0);
export const SSL_set_reject_unusable_ech_config = (ssl: SSL, enable: number): void =>
  void alive(ssl).set('rejectUnusableEchConfig', enable !== 0);

/** The wire's list, a length byte before each name; empty for none. */
export const SSL_CTX_ech_set1_outer_alpn_protos = (ctx: SSL_CTX, protos: Uint8Array): number =>
  put('SSL_CTX_ech_set1_outer_alpn_protos', ctx, 'echOuterAlpn', protos);
export const SSL_ech_set1_outer_alpn_protos = (ssl: SSL, protos: Uint8Array): number =>
  put('SSL_ech_set1_outer_alpn_protos', ssl, 'echOuterAlpn', protos);

// ---- how it came out

export const SSL_ech_accepted = (ssl: SSL): number => asInt(alive(ssl).echAccepted);

/** The name to verify in place of the host; null where that is the host itself. */
export const SSL_get0_ech_name_override = (ssl: SSL): string | null => alive(ssl).echNameOverride ?? null;

/** After SSL_R_ECH_REJECTED: the ECHConfigList to try again with, empty for "without ECH". Null at any other time. */
export const SSL_get0_ech_retry_configs = (ssl: SSL): Uint8Array | null => alive(ssl).echRetryConfigs ?? null;
