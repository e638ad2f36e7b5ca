import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../bytes/bytes.ts';
import { jsProvider } from './js.ts';
import { COORDINATE_LENGTH } from './key-rules.ts';
import { KeyedSha256 } from './keyed-sha256.ts';
import { nodeProvider } from './node.ts';
import { NodeAead } from './node-aead.ts';
import { leftPad } from './numbers.ts';
import type { AeadName, CbcName, CryptoProvider, CurveName, HashName, PrivateKeySpec, SignatureAlgorithm } from './provider.ts';

/** What both providers promise, and that each understands what the other made. */
const PROVIDERS = [nodeProvider, jsProvider] as const;
const PAIRS: readonly (readonly [CryptoProvider, CryptoProvider])[] = [
  [nodeProvider, jsProvider],
  [jsProvider, nodeProvider],
];
const HASHES: readonly HashName[] = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'md5-sha1'];
const AEADS: Readonly<Record<AeadName, number>> = {
  'aes-128-gcm': 16,
  'aes-256-gcm': 32,
  'chacha20-poly1305': 32,
  'aes-128-ccm': 16,
  'aes-256-ccm': 32,
  'aes-128-ccm-8': 16,
  'aes-256-ccm-8': 32,
};
const bytes = (length: number): Uint8Array => nodeProvider.random(length);

describe.each(PROVIDERS)('random bytes of %s', (provider) => {
  it('have the length asked for and never come twice', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 2000; i++) seen.add(toHex(provider.random(16)));
    expect(seen.size).toBe(2000);
    for (const length of [0, 1, 1024, 1025, 4096, 65_537, 200_000]) expect(provider.random(length)).toHaveLength(length);
  });

  it('stand alone: no two share memory', () => {
    const [a, b] = [provider.random(32), provider.random(32)];
    expect(a.buffer.byteLength).toBe(32);
    expect(a.buffer).not.toBe(b.buffer);
  });
});

describe('hashing', () => {
  it.each(HASHES)('%s is the same in both, at once or in parts, with snapshots between', (name) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (parts) => {
        const [a, b] = [nodeProvider.hash(name), jsProvider.hash(name)];
        let fed: Uint8Array = new Uint8Array();
        for (const part of parts) {
          const before = a.clone();
          a.update(part);
          b.update(part);
          expect(toHex(before.snapshot())).toBe(toHex(nodeProvider.digest(name, fed)));
          fed = concat(fed, part);
          expect(toHex(a.snapshot())).toBe(toHex(b.snapshot()));
          expect(toHex(b.clone().snapshot())).toBe(toHex(jsProvider.digest(name, fed)));
        }
        expect(toHex(nodeProvider.digest(name, fed))).toBe(toHex(jsProvider.digest(name, fed)));
      }),
      { numRuns: 30 },
    );
  });

  it.each(HASHES.filter((name) => name !== 'md5-sha1'))(
    'an HMAC over %s is the same in both, for keys and messages of any length',
    (name) => {
      for (const keyLength of [0, 1, 63, 64, 65, 127, 128, 129, 300]) {
        const key = bytes(keyLength);
        const [a, b] = [nodeProvider.hmac(name, key), jsProvider.hmac(name, key)];
        for (const length of [0, 1, 50, 1900, 2048, 17_000]) {
          const message = bytes(length);
          const tag = toHex(a.mac(message));
          expect(toHex(b.mac(message))).toBe(tag);
          const cut = length >> 1;
          expect(toHex(a.mac(message.subarray(0, cut), message.subarray(cut)))).toBe(tag);
          expect(toHex(b.mac(message.subarray(0, cut), message.subarray(cut)))).toBe(tag);
        }
      }
    },
  );

  it.each(['md5', 'sha1', 'sha256', 'sha384'] as const)('a key of the schedules makes the HMACs over %s', (name) => {
    for (const keyLength of [0, 1, 32, 48, 63, 64, 65, 128, 300]) {
      const key = bytes(keyLength);
      const expected = nodeProvider.hmac(name, key);
      for (const provider of PROVIDERS) {
        const prf = provider.prfKey(name, key);
        for (const length of [0, 1, 31, 32, 54, 55, 56, 63, 64, 65, 119, 120, 128, 1000]) {
          const message = bytes(length);
          const tag = toHex(expected.mac(message));
          expect(toHex(prf.mac(message))).toBe(tag);
          for (const cut of [0, 1, length >> 1, length]) expect(toHex(prf.mac(message.subarray(0, cut), message.subarray(cut)))).toBe(tag);
        }
      }
    }
  });

  it.each(PROVIDERS)('tags stay the same when a provider changes its way after many keys: $name', (provider) => {
    const [key, data] = [new Uint8Array(32).fill(1), Uint8Array.of(1, 2, 3)];
    const tags = Array.from({ length: 600 }, () => toHex(provider.prfKey('sha256', key).mac(data)));
    expect(new Set(tags)).toEqual(new Set([toHex(provider.hmac('sha256', key).mac(data))]));
  });

  it.each(['hmac', 'prfKey'] as const)('keys of one hash do not disturb each other: %s', (kind) => {
    for (const provider of PROVIDERS) {
      const [a, b] = [provider[kind]('sha256', bytes(32)), provider[kind]('sha256', bytes(32))];
      const message = bytes(40);
      const [tagA, tagB] = [toHex(a.mac(message)), toHex(b.mac(message))];
      a.wipe();
      expect(toHex(b.mac(message))).toBe(tagB);
      expect(tagA).not.toBe(tagB);
    }
  });

  it('a key of the schedules that was wiped makes no tag, also after others took its place', () => {
    for (const provider of PROVIDERS) {
      const message = bytes(40);
      const keys = Array.from({ length: 6 }, () => provider.prfKey('sha256', bytes(32)));
      const tags = keys.map((key) => toHex(key.mac(message)));
      const [gone, ...left] = keys;
      gone?.wipe();
      gone?.wipe();
      const next = [provider.prfKey('sha256', bytes(32)), provider.prfKey('sha256', bytes(32))];
      const nextTags = next.map((key) => toHex(key.mac(message)));
      expect(left.map((key) => toHex(key.mac(message)))).toEqual(tags.slice(1));
      expect(next.map((key) => toHex(key.mac(message)))).toEqual(nextTags);
      expect(new Set([...tags, ...nextTags]).size).toBe(8);
      if (provider.prfKey('sha256', message) instanceof KeyedSha256) expect(() => gone?.mac(message)).toThrow('wiped');
    }
  });

  it('there is no HMAC over both hashes of TLS 1.0', () => {
    for (const provider of PROVIDERS) expect(() => provider.hmac('md5-sha1', bytes(16))).toThrow(RangeError);
  });
});

describe.each(Object.keys(AEADS) as readonly AeadName[])('%s', (name) => {
  const key = bytes(AEADS[name]);

  it('one key serves any number of records, and none once it was wiped', () => {
    const [nonce, aad, text] = [bytes(12), bytes(5), bytes(40)];
    for (const [sealing, opening] of PAIRS) {
      const [a, b] = [sealing.aead(name, key), opening.aead(name, key)];
      const sealed = Array.from({ length: 8 }, () => {
        const out = new Uint8Array(80);
        return toHex(out.subarray(0, a.seal(nonce, aad, text, out, 0)));
      });
      expect(new Set(sealed).size).toBe(1);
      for (const one of sealed) expect(toHex(b.open(nonce, aad, fromHex(one)) ?? aad)).toBe(toHex(text));
      a.wipe();
      expect(() => a.seal(nonce, aad, text, new Uint8Array(80), 0)).toThrow();
    }
  });

  it('what one provider seals the other opens, for every length of a record', () => {
    const lengths = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: 17_000 }), fc.constantFrom(16_383, 16_384, 16_385));
    fc.assert(
      fc.property(
        fc.constantFrom(...PAIRS),
        lengths,
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 9 }),
        ([sealer, opener], length, aadLength, at) => {
          const [nonce, aad, plaintext] = [bytes(12), bytes(aadLength), bytes(length)];
          const sealing = sealer.aead(name, key);
          const out = new Uint8Array(at + length + sealing.tagLength + 3).fill(0xee);
          const written = sealing.seal(nonce, aad, plaintext, out, at);
          expect(written).toBe(length + sealing.tagLength);
          expect(out.subarray(0, at).every((byte) => byte === 0xee)).toBe(true);
          expect(out.subarray(at + written).every((byte) => byte === 0xee)).toBe(true);
          const opened = opener.aead(name, key).open(nonce, aad, out.subarray(at, at + written));
          expect(opened !== undefined && toHex(opened) === toHex(plaintext)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('seals nothing at all, wherever it lies', () => {
    for (const provider of PROVIDERS) {
      // Once its buffer was looked at, an empty array has no address of its own.
      const nowhere = new Uint8Array(0);
      expect(nowhere.buffer.byteLength).toBe(0);
      for (const nothing of [nowhere, bytes(5).subarray(2, 2)]) {
        const aead = provider.aead(name, key);
        const [nonce, aad, sealed] = [bytes(12), bytes(5), new Uint8Array(aead.tagLength)];
        expect(aead.seal(nonce, aad, nothing, sealed, 0)).toBe(aead.tagLength);
        expect(aead.open(nonce, aad, sealed)).toHaveLength(0);
      }
    }
  });

  it.each(PROVIDERS)('any change is noticed (%s)', (provider) => {
    const aead = provider.aead(name, key);
    const [nonce, aad] = [bytes(12), bytes(5)];
    const sealed = new Uint8Array(40 + aead.tagLength);
    aead.seal(nonce, aad, bytes(40), sealed, 0);
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice();
      changed[i] = (changed[i] as number) ^ (1 << (i & 7));
      expect(aead.open(nonce, aad, changed)).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length++) expect(aead.open(nonce, aad, sealed.subarray(0, length))).toBeUndefined();
    expect(aead.open(bytes(12), aad, sealed)).toBeUndefined();
    expect(aead.open(nonce, bytes(5), sealed)).toBeUndefined();
    expect(aead.open(nonce, aad, sealed)).toHaveLength(40);
  });

  it.each(PROVIDERS)('the nonce and the key may be rewritten in place, the plaintext stays whole (%s)', (provider) => {
    const [given, nonce, plaintext] = [key.slice(), bytes(12), bytes(16_385)];
    const aead = provider.aead(name, given);
    given.fill(0);
    const kept = toHex(plaintext);
    const first = new Uint8Array(plaintext.length + aead.tagLength);
    const second = first.slice();
    const firstNonce = nonce.slice();
    aead.seal(nonce, new Uint8Array(), plaintext, first, 0);
    nonce[11] = (nonce[11] as number) ^ 1;
    aead.seal(nonce, new Uint8Array(), plaintext, second, 0);
    expect(toHex(plaintext)).toBe(kept);
    expect(toHex(provider.aead(name, key).open(firstNonce, new Uint8Array(), first) ?? new Uint8Array())).toBe(kept);
    expect(toHex(aead.open(nonce, new Uint8Array(), second) ?? new Uint8Array())).toBe(kept);
  });

  it('a key of another length is refused', () => {
    for (const provider of PROVIDERS) expect(() => provider.aead(name, bytes(AEADS[name] + 1))).toThrow(RangeError);
  });
});

describe('native primitives', () => {
  // A probe that wrongly says no would go unseen otherwise: the other provider stands in, correct and slow.
  it('are used for AES-GCM, X25519, P-256 and ECDSA on every runtime', async () => {
    for (const name of ['aes-128-gcm', 'aes-256-gcm'] as const)
      expect(nodeProvider.aead(name, bytes(AEADS[name]))).toBeInstanceOf(NodeAead);
    expect((await nodeProvider.ephemeral('x25519')).constructor.name).toBe('OkpKey');
    expect((await nodeProvider.ephemeral('P-256')).constructor.name).toBe('EcKey');
    const key = nodeProvider.importPrivateKey(ec('P-256'));
    expect(key.constructor.name).toBe('NodePrivateKey');
    expect(nodeProvider.importPublicKey(key.publicKey).constructor.name).toBe('NodePublicKey');
  });
});

describe('block modes', () => {
  const modes: readonly (readonly [CbcName, number])[] = [
    ['aes-128-cbc', 16],
    ['aes-192-cbc', 24],
    ['aes-256-cbc', 32],
  ];
  it.each(modes)('%s is the same in both, without padding', (name, keyLength) => {
    const [key, iv, text] = [bytes(keyLength), bytes(16), bytes(160)];
    for (const [a, b] of PAIRS) {
      const ciphertext = a.cbcEncrypt(name, key, iv, text);
      expect(ciphertext).toHaveLength(160);
      expect(toHex(b.cbcDecrypt(name, key, iv, ciphertext))).toBe(toHex(text));
      expect(() => a.cbcEncrypt(name, key, iv, bytes(15))).toThrow();
    }
  });

  it('3DES is OpenSSL’s to have', () => {
    expect(jsProvider.hasCbc('3des-cbc')).toBe(false);
    if (!nodeProvider.hasCbc('3des-cbc')) return;
    const [key, iv, text] = [bytes(24), bytes(8), bytes(64)];
    expect(toHex(nodeProvider.cbcDecrypt('3des-cbc', key, iv, nodeProvider.cbcEncrypt('3des-cbc', key, iv, text)))).toBe(toHex(text));
  });
});

/** An RSA key with all its numbers, from the Wycheproof vectors. */
const RSA = ((): Omit<PrivateKeySpec & { kind: 'rsa' }, 'kind'> => {
  const path = new URL('../../test/vectors/wycheproof/rsa_pkcs1_2048_test.json.gz', import.meta.url);
  const key: Readonly<Record<string, string>> = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')).testGroups[0].privateKey;
  const at = (name: string): Uint8Array => fromHex(key[name] ?? '');
  const [n, e, d, p, q] = [at('modulus'), at('publicExponent'), at('privateExponent'), at('prime1'), at('prime2')];
  return { n, e, d, p, q, dp: at('exponent1'), dq: at('exponent2'), qi: at('coefficient') };
})();

const ec = (curve: CurveName): PrivateKeySpec => {
  const d = bytes(COORDINATE_LENGTH[curve]);
  d[0] = 0;
  d[1] = 1;
  return { kind: 'ec', curve, d, point: undefined };
};

const SIGNERS: readonly (readonly [string, PrivateKeySpec, SignatureAlgorithm])[] = [
  ...(['sha1', 'sha256', 'sha384', 'sha512', 'md5-sha1'] as const).map(
    (hash) => [`rsa-pkcs1 ${hash}`, { kind: 'rsa', ...RSA }, { kind: 'rsa-pkcs1', hash }] as const,
  ),
  ...(['sha256', 'sha384', 'sha512'] as const).map((hash) => {
    const saltLength = nodeProvider.digest(hash, new Uint8Array()).length;
    return [`rsa-pss ${hash}`, { kind: 'rsa', ...RSA }, { kind: 'rsa-pss', hash, mgfHash: hash, saltLength }] as const;
  }),
  ['rsa-pss with two hashes', { kind: 'rsa-pss', ...RSA }, { kind: 'rsa-pss', hash: 'sha256', mgfHash: 'sha1', saltLength: 20 }],
  ['ecdsa P-256 sha256', ec('P-256'), { kind: 'ecdsa', hash: 'sha256' }],
  ['ecdsa P-256 sha512', ec('P-256'), { kind: 'ecdsa', hash: 'sha512' }],
  ['ecdsa P-384 sha1', ec('P-384'), { kind: 'ecdsa', hash: 'sha1' }],
  ['ecdsa P-384 sha384', ec('P-384'), { kind: 'ecdsa', hash: 'sha384' }],
  ['ecdsa P-521 sha512', ec('P-521'), { kind: 'ecdsa', hash: 'sha512' }],
  ['ed25519', { kind: 'ed25519', seed: bytes(32) }, { kind: 'ed25519' }],
  ['ed448', { kind: 'ed448', seed: bytes(57) }, { kind: 'ed448' }],
  ...(['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const).map((kind) => [kind, { kind, seed: bytes(32) }, { kind }] as const),
];

describe.each(SIGNERS.map(([name, spec, algorithm]) => ({ name, spec, algorithm })))('signatures: $name', ({ spec, algorithm }) => {
  it('what one provider signs the other verifies, and nothing else', async () => {
    const message = bytes(100);
    for (const [signer, verifier] of PAIRS) {
      const key = signer.importPrivateKey(spec);
      expect(key.publicKey).toEqual(verifier.importPrivateKey(spec).publicKey);
      const signature = await key.sign(algorithm, message);
      for (const provider of [signer, verifier]) {
        const publicKey = provider.importPublicKey(key.publicKey);
        expect(await publicKey.verify(algorithm, message, signature)).toBe(true);
        expect(await publicKey.verify(algorithm, bytes(100), signature)).toBe(false);
        expect(await publicKey.verify(algorithm, message, signature.subarray(1))).toBe(false);
        expect(await publicKey.verify(algorithm, message, concat(signature, Uint8Array.of(0)))).toBe(false);
        expect(await publicKey.verify(algorithm, message, new Uint8Array())).toBe(false);
      }
    }
  });
});

const ML_DSA = [
  ['ml-dsa-44', ml_dsa44],
  ['ml-dsa-65', ml_dsa65],
  ['ml-dsa-87', ml_dsa87],
] as const;

describe.each(PROVIDERS)('keys of %s', (provider) => {
  const pss = { kind: 'rsa-pss', hash: 'sha256', mgfHash: 'sha256', saltLength: 32 } as const;
  const signing = (spec: PrivateKeySpec, algorithm: SignatureAlgorithm) => async () =>
    provider.importPrivateKey(spec).sign(algorithm, bytes(8));

  it('serve only algorithms of their kind', async () => {
    const rsa = provider.importPrivateKey({ kind: 'rsa', ...RSA });
    const signature = await rsa.sign({ kind: 'rsa-pkcs1', hash: 'sha256' }, bytes(1));
    for (const kind of ['ed25519', 'ed448', 'ml-dsa-44'] as const)
      expect(await provider.importPublicKey(rsa.publicKey).verify({ kind }, bytes(1), signature)).toBe(false);
    await expect(signing({ kind: 'rsa', ...RSA }, { kind: 'ecdsa', hash: 'sha256' })()).rejects.toThrow();
    await expect(signing({ kind: 'ed25519', seed: bytes(32) }, { kind: 'ed448' })()).rejects.toThrow();
  });

  it('for PSS never make or take PKCS #1 signatures, and keep to their parameters (RFC 4055, 3.3)', async () => {
    const message = bytes(8);
    const pkcs1 = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
    const signature = await provider.importPrivateKey({ kind: 'rsa', ...RSA }).sign(pkcs1, message);
    expect(await provider.importPublicKey({ kind: 'rsa-pss', n: RSA.n, e: RSA.e }).verify(pkcs1, message, signature)).toBe(false);
    await expect(signing({ kind: 'rsa-pss', ...RSA }, pkcs1)()).rejects.toThrow();
    const bound = provider.importPublicKey({
      kind: 'rsa-pss',
      n: RSA.n,
      e: RSA.e,
      parameters: { hash: 'sha256', mgfHash: 'sha256', saltLength: 32 },
    });
    for (const [algorithm, fits] of [
      [pss, true],
      [{ ...pss, saltLength: 40 }, true],
      [{ ...pss, saltLength: 31 }, false],
      [{ ...pss, hash: 'sha384' }, false],
      [{ ...pss, mgfHash: 'sha1' }, false],
    ] as const) {
      const signed = await provider.importPrivateKey({ kind: 'rsa', ...RSA }).sign(algorithm, message);
      expect(await bound.verify(algorithm, message, signed)).toBe(fits);
    }
  });

  it.each(ML_DSA)(
    'of kind %s are the same from seed, expanded key and both, and refused where these disagree (RFC 9881, 6)',
    async (kind, { keygen }) => {
      const seed = bytes(32);
      const { publicKey: key, secretKey: expanded } = keygen(seed);
      const message = bytes(8);
      for (const spec of [{ seed }, { expanded }, { seed, expanded }]) {
        const own = provider.importPrivateKey({ kind, ...spec });
        expect(own.publicKey).toEqual({ kind, key });
        const signature = await own.sign({ kind }, message);
        expect(signature).not.toEqual(await own.sign({ kind }, message));
        expect(await provider.importPublicKey(own.publicKey).verify({ kind }, message, signature)).toBe(true);
      }
      const damaged = expanded.slice();
      // In tr, the hash of the public key.
      damaged[64] = (damaged[64] ?? 0) ^ 1;
      expect(() => provider.importPrivateKey({ kind, expanded: damaged })).toThrow(RangeError);
      expect(() => provider.importPrivateKey({ kind, seed, expanded: damaged })).toThrow(RangeError);
      expect(() => provider.importPrivateKey({ kind, seed: bytes(31) })).toThrow();
      expect(() => provider.importPrivateKey({ kind, expanded: expanded.subarray(1) })).toThrow();
    },
  );

  it('are refused when badly formed', () => {
    const point = new Uint8Array(65).fill(1);
    point[0] = 4;
    const even = RSA.n.slice();
    even[even.length - 1] = 0;
    expect(() => provider.importPublicKey({ kind: 'ec', curve: 'P-256', point })).toThrow();
    expect(() => provider.importPublicKey({ kind: 'ec', curve: 'P-256', point: point.subarray(0, 33) })).toThrow(RangeError);
    expect(() => provider.importPublicKey({ kind: 'ec', curve: 'P-256', point: new Uint8Array(65) })).toThrow(RangeError);
    expect(() => provider.importPublicKey({ kind: 'rsa', n: even, e: RSA.e })).toThrow(RangeError);
    for (const e of [[1], [2], [4], [2, 0, 0, 0, 1]])
      expect(() => provider.importPublicKey({ kind: 'rsa', n: RSA.n, e: Uint8Array.from(e) })).toThrow(RangeError);
    expect(() => provider.importPublicKey({ kind: 'rsa', n: new Uint8Array(1025).fill(0xff), e: RSA.e })).toThrow(RangeError);
    expect(() => provider.importPublicKey({ kind: 'ed25519', key: bytes(31) })).toThrow(RangeError);
    expect(() => provider.importPublicKey({ kind: 'ml-dsa-44', key: bytes(1311) })).toThrow(RangeError);
    expect(() => provider.importPrivateKey({ kind: 'ec', curve: 'P-256', d: bytes(31), point })).toThrow(RangeError);
    expect(() => provider.importPrivateKey({ kind: 'ec', curve: 'P-256', d: new Uint8Array(32), point: undefined })).toThrow();
    expect(() => provider.importPrivateKey({ kind: 'ec', curve: 'P-256', d: new Uint8Array(32).fill(0xff), point: undefined })).toThrow();
    expect(() => provider.importPrivateKey({ kind: 'ed25519', seed: bytes(31) })).toThrow();
  });

  it('never give away a faulty RSA signature, from which the primes could be computed', async () => {
    const dp = RSA.dp.slice();
    dp[5] = (dp[5] as number) ^ 1;
    const message = bytes(8);
    let signature: Uint8Array;
    try {
      signature = await provider.importPrivateKey({ kind: 'rsa', ...RSA, dp }).sign(pss, message);
    } catch {
      return;
    }
    // OpenSSL notices a wrong CRT result and takes the slow way with d.
    expect(await provider.importPublicKey({ kind: 'rsa', n: RSA.n, e: RSA.e }).verify(pss, message, signature)).toBe(true);
  });

  it('of a key agreement are gone once wiped', async () => {
    for (const name of ['x25519', 'P-256', 'ffdhe2048'] as const) {
      const [key, peer] = [await provider.ephemeral(name), await provider.ephemeral(name)];
      const before = await key.agree(peer.publicKey);
      expect(before).toEqual(await peer.agree(key.publicKey));
      key.wipe();
      let after: Uint8Array | undefined;
      try {
        after = await key.agree(peer.publicKey);
      } catch {
        after = undefined;
      }
      expect(after === undefined || toHex(after) !== toHex(before ?? new Uint8Array())).toBe(true);
    }
  });

  it('of RSA may carry leading zeros in their numbers', async () => {
    const zero = Uint8Array.of(0);
    const padded = { ...RSA, n: concat(zero, zero, RSA.n), e: concat(zero, RSA.e), dp: concat(zero, RSA.dp) };
    const message = bytes(8);
    const signature = await provider.importPrivateKey({ kind: 'rsa', ...padded }).sign(pss, message);
    expect(await provider.importPublicKey({ kind: 'rsa', n: padded.n, e: padded.e }).verify(pss, message, signature)).toBe(true);
  });
});

describe('integers', () => {
  it('are padded on the left, never cut', () => {
    expect(toHex(leftPad(fromHex('0000abcd'), 3))).toBe('00abcd');
    expect(() => leftPad(fromHex('01abcd'), 2)).toThrow(RangeError);
  });
});
