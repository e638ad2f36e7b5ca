import { beforeEach, describe, expect, it } from 'vitest';
import { clientContext, handshake, join, serverContext } from '../../test/support/connect.ts';
import { outcome } from '../../test/support/probes.ts';
import * as o from './index.ts';

const reason = (): string => o.ERR_reason_error_string(o.ERR_get_error()) ?? '';

function freshKey(): o.EVP_HPKE_KEY {
  const key = o.EVP_HPKE_KEY_new();
  expect(o.EVP_HPKE_KEY_generate(key, o.EVP_hpke_x25519_hkdf_sha256())).toBe(1);
  return key;
}

function keysOf(...configs: readonly (readonly [config_id: number, is_retry_config: number])[]): o.SSL_ECH_KEYS {
  const keys = o.SSL_ECH_KEYS_new();
  for (const [id, retry] of configs) {
    const key = freshKey();
    const config = o.SSL_marshal_ech_config(id, key, 'server.example', 32);
    expect(o.SSL_ECH_KEYS_add(keys, retry, config as Uint8Array, key)).toBe(1);
  }
  return keys;
}

function connection(list: Uint8Array | null, keys: o.SSL_ECH_KEYS) {
  const servers = serverContext();
  expect(o.SSL_CTX_set1_ech_keys(servers, keys)).toBe(1);
  const both = join(o.SSL_new(clientContext()) as o.SSL, o.SSL_new(servers) as o.SSL);
  if (list !== null) expect(o.SSL_set1_ech_config_list(both.client, list)).toBe(1);
  return both;
}

beforeEach(() => o.ERR_clear_error());

describe('Encrypted ClientHello by BoringSSL’s names', () => {
  it('is accepted', () => {
    const keys = keysOf([1, 1], [2, 0]);
    const both = connection(o.SSL_ECH_KEYS_marshal_retry_configs(keys), o.SSL_ECH_KEYS_up_ref(keys));
    o.SSL_ECH_KEYS_free(keys);
    handshake(both);
    expect([o.SSL_ech_accepted(both.client), o.SSL_ech_accepted(both.server)]).toEqual([1, 1]);
    expect([o.SSL_get0_ech_name_override(both.client), o.SSL_get0_ech_retry_configs(both.client)]).toEqual([null, null]);
  });

  it('is rejected, with what to try again', () => {
    const keys = keysOf([1, 1]);
    const both = connection(o.SSL_ECH_KEYS_marshal_retry_configs(keysOf([9, 1])), keys);
    expect(outcome(() => handshake(both))).toBe('ECH_REJECTED');
    expect([o.SSL_ech_accepted(both.client), o.SSL_get0_ech_name_override(both.client)]).toEqual([0, 'server.example']);
    expect(o.SSL_get0_ech_retry_configs(both.client)).toEqual(o.SSL_ECH_KEYS_marshal_retry_configs(keys));
  });

  it('is imitated, or demanded', () => {
    const keys = keysOf([1, 1]);
    const grease = connection(null, keys);
    o.SSL_set_enable_ech_grease(grease.client, 1);
    handshake(grease);
    expect(grease.client.connection?.ech).toBe('grease');
    const strict = connection(null, keys);
    o.SSL_set_reject_unusable_ech_config(strict.client, 1);
    expect(outcome(() => handshake(strict))).toBe('UNUSABLE_ECH_CONFIG_LIST');
  });

  it('has protocols for everybody to see', () => {
    const context = clientContext();
    expect(o.SSL_CTX_ech_set1_outer_alpn_protos(context, Uint8Array.of(2, 0x68, 0x32))).toBe(1);
    const ssl = o.SSL_new(context) as o.SSL;
    expect(ssl.get('echOuterAlpn')).toEqual([Uint8Array.of(0x68, 0x32)]);
    expect(o.SSL_ech_set1_outer_alpn_protos(ssl, new Uint8Array(0))).toBe(1);
    expect([ssl.get('echOuterAlpn'), o.SSL_ech_set1_outer_alpn_protos(ssl, Uint8Array.of(9))]).toEqual([[], 0]);
  });

  it('knows of ids that stand twice', () => {
    expect(o.SSL_ECH_KEYS_has_duplicate_config_id(keysOf([1, 1], [2, 1]))).toBe(0);
    expect(o.SSL_ECH_KEYS_has_duplicate_config_id(keysOf([1, 1], [1, 1]))).toBe(1);
  });

  it('refuses with a reason on the queue', () => {
    expect([o.SSL_CTX_set1_ech_keys(serverContext(), keysOf([1, 0])), reason()]).toEqual([0, 'ech server would have no retry configs']);
    const ssl = o.SSL_new(clientContext()) as o.SSL;
    expect([o.SSL_set1_ech_config_list(ssl, Uint8Array.of(0, 0)), reason()]).toEqual([0, 'invalid ech config list']);
    const key = freshKey();
    expect([o.SSL_marshal_ech_config(1, key, '1.2.3.4', 0), reason()]).toEqual([null, 'invalid ech public name']);
    expect([o.SSL_marshal_ech_config(1, key, 'a.example', 256), reason()]).toEqual([null, 'bad length']);
    const config = o.SSL_marshal_ech_config(1, key, 'a.example', 0) as Uint8Array;
    expect([o.SSL_ECH_KEYS_add(o.SSL_ECH_KEYS_new(), 1, config, freshKey()), reason()]).toEqual([
      0,
      'ech server config and private key mismatch',
    ]);
  });

  it('takes private keys as bytes', () => {
    const key = freshKey();
    const copy = o.EVP_HPKE_KEY_new();
    expect(o.EVP_HPKE_KEY_init(copy, o.EVP_hpke_x25519_hkdf_sha256(), o.EVP_HPKE_KEY_private_key(key))).toBe(1);
    expect(o.SSL_marshal_ech_config(1, copy, 'a.example', 0)).toEqual(o.SSL_marshal_ech_config(1, key, 'a.example', 0));
    expect([o.EVP_HPKE_KEY_init(copy, o.EVP_hpke_p256_hkdf_sha256(), new Uint8Array(32)), reason()]).toEqual([0, 'bad value']);
  });
});
