import { describe, expect, it } from 'vitest';
import { EMPTY } from '../bytes/bytes.ts';
import { hpkeKemOf, hpkePrivateKey } from '../crypto/hpke.ts';
import { jsProvider } from '../crypto/js.ts';
import { nodeProvider } from '../crypto/node.ts';
import { parseEchConfigList, writeEchConfig } from '../wire/ech-config.ts';
import { EchKeys, echKey, echKeyPem, echKeysFromPem, makeEchKey, marshalEchConfig } from './ech-keys.ts';

const CURVES = ['P-256', 'P-384', 'P-521', 'x25519', 'x448'] as const;
const reason = (of: string) => expect.objectContaining({ name: 'SslUsageError', reason: of });
const key = makeEchKey({ publicName: 'public.example', configId: 5, maximumNameLength: 40 });

describe('keys of Encrypted ClientHello', () => {
  it.each(CURVES)('are made, written as PEM and read again: %s', (curve) => {
    for (const provider of [nodeProvider, jsProvider]) {
      const made = makeEchKey({ publicName: 'public.example', curve }, provider);
      expect(made.config.publicName).toBe('public.example');
      const [read, ...more] = echKeysFromPem(echKeyPem(made), true, provider);
      expect(more).toEqual([]);
      expect(read).toEqual(made);
    }
  });

  it('have random ids where nobody chose one', () => {
    const ids = new Set(Array.from({ length: 32 }, () => makeEchKey({ publicName: 'a.example' }).config.configId));
    expect(ids.size).toBeGreaterThan(4);
  });

  it('are told to clients only where they are for that', () => {
    const quiet = echKey(key.config.raw, key.privateKey, false);
    const other = makeEchKey({ publicName: 'public.example', configId: 6 });
    const keys = new EchKeys([quiet]).with(key, other);
    expect(parseEchConfigList(keys.retryConfigs).map(({ configId }) => configId)).toEqual([5, 6]);
    expect(keys.hasDuplicateConfigId).toBe(true);
    expect(new EchKeys([key, other]).hasDuplicateConfigId).toBe(false);
  });

  it('belong to their configs', () => {
    const other = hpkePrivateKey(nodeProvider, key.kem);
    expect(() => echKey(key.config.raw, other)).toThrow(reason('ECH_SERVER_CONFIG_AND_PRIVATE_KEY_MISMATCH'));
    expect(() => echKey(key.config.raw, EMPTY)).toThrow(reason('ECH_SERVER_CONFIG_AND_PRIVATE_KEY_MISMATCH'));
    expect(() => echKey(key.config.raw.subarray(1), key.privateKey)).toThrow(reason('BAD_DATA'));
  });

  it.each([
    ['another KEM', { kem: 0x30 }],
    [
      'a suite that is not built',
      {
        cipherSuites: [
          { kdf: 1, aead: 1 },
          { kdf: 1, aead: 0xffff },
        ],
      },
    ],
    ['an extension', { extensions: [{ type: 1, data: EMPTY }] }],
    ['a public name that is none', { publicName: '1.2.3.4' }],
  ])('do not promise %s', (_what, change) => {
    const config = writeEchConfig({ ...key.config, ...change });
    expect(() => echKey(config, key.privateKey)).toThrow(reason('UNSUPPORTED_ECH_SERVER_CONFIG'));
  });

  it('are not made for what cannot be published', () => {
    expect(() => makeEchKey({ publicName: '127.0.0.1' })).toThrow(reason('INVALID_ECH_PUBLIC_NAME'));
    expect(() => makeEchKey({ publicName: 'a.example', configId: 256 })).toThrow(reason('BAD_LENGTH'));
    expect(() => marshalEchConfig(key.privateKey, { publicName: 'a.example', maximumNameLength: -1 })).toThrow(reason('BAD_LENGTH'));
    expect(hpkeKemOf('x25519')?.id).toBe(0x20);
  });

  it('are read from PEM of both parts alone', () => {
    const pem = echKeyPem(key);
    const [secret = '', list = ''] = pem.split(/(?=-----BEGIN ECHCONFIG)/);
    expect(() => echKeysFromPem(secret)).toThrow(reason('BAD_DATA'));
    expect(() => echKeysFromPem(list)).toThrow(reason('BAD_DATA'));
    expect(() => echKeysFromPem(secret + list.slice(0, -10))).toThrow(reason('BAD_DATA'));
    const foreign = echKeyPem(makeEchKey({ publicName: 'a.example' })).slice(secret.length);
    expect(() => echKeysFromPem(secret + foreign)).toThrow(reason('ECH_SERVER_CONFIG_AND_PRIVATE_KEY_MISMATCH'));
  });
});
