import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { concat, copyOf, fromHex, toHex } from '../bytes/bytes.ts';
import { jsProvider } from './js.ts';
import * as jsAgreement from './js-agreement.ts';
import { decapsulationKey } from './js-kem.ts';
import { nodeProvider } from './node.ts';
import * as nodeAgreement from './node-agreement.ts';
import { leftPad } from './numbers.ts';
import type {
  AeadName,
  CbcName,
  CryptoProvider,
  CurveName,
  EphemeralKey,
  HashName,
  KemName,
  PrivateKey,
  PublicKeySpec,
  SignatureAlgorithm,
} from './provider.ts';

/**
 * C2SP Wycheproof vectors over both providers. What is `valid` must be accepted and give the stated output, what is
 * `invalid` must be refused; `acceptable` ones are refused, for the reasons beside each suite.
 *
 * In JavaScript curves and RSA are a hundred times slower, so there only every third valid vector of those suites is
 * run, which halves half a minute; every invalid one is.
 */

interface Subject {
  readonly provider: CryptoProvider;
  readonly agreementKey: (name: CurveName | 'x25519' | 'x448', secret: Uint8Array) => EphemeralKey;
  readonly validStride: number;
}

const SUBJECTS: readonly Subject[] = [
  { provider: nodeProvider, agreementKey: nodeAgreement.agreementKey, validStride: 1 },
  { provider: jsProvider, agreementKey: jsAgreement.agreementKey, validStride: 3 },
];

/** A vector or the group it stands in: strings are mostly hex. */
interface Vector {
  readonly [name: string]: unknown;
}

interface File {
  readonly testGroups: readonly (Vector & { readonly tests: readonly Vector[] })[];
}

const DIRECTORY = new URL('../../test/vectors/wycheproof/', import.meta.url);

function load(name: string): File {
  return JSON.parse(gunzipSync(readFileSync(new URL(`${name}_test.json.gz`, DIRECTORY))).toString('utf8'));
}

const hex = (vector: Vector, name: string): Uint8Array => {
  const value = vector[name];
  if (typeof value !== 'string') throw new Error(`${name} is not hexadecimal`);
  return fromHex(value);
};
const inner = (vector: Vector, name: string): Vector => vector[name] as Vector;
const number = (vector: Vector, name: string): number => vector[name] as number;
const hashName = (vector: Vector, name = 'sha'): HashName => String(vector[name]).replace('SHA-', 'sha') as HashName;

/** `true` for accepted (with the right output), `false` for refused, `undefined` for a vector that is no subject here. */
type Verdict = boolean | undefined;
type Run = (subject: Subject, group: Vector, test: Vector, file: string) => Verdict | Promise<Verdict>;

/** Lists what came out otherwise than it should, so that a failure names its vectors. */
async function surprises(
  name: string,
  subject: Subject,
  run: Run,
  slow: boolean,
): Promise<{ readonly ran: number; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  let ran = 0;
  let valid = 0;
  for (const group of load(name).testGroups) {
    for (const test of group.tests) {
      if (slow && test['result'] === 'valid' && valid++ % subject.validStride !== 0) continue;
      const verdict = await run(subject, group, test, name);
      if (verdict === undefined) continue;
      ran++;
      if (verdict !== (test['result'] === 'valid'))
        wrong.push(`${name} ${test['tcId']} ${test['result']}: ${test['comment'] ?? test['flags']}`);
    }
  }
  return { ran, wrong };
}

function suite(title: string, names: readonly string[], run: Run, slow = false): void {
  describe(title, () => {
    for (const subject of SUBJECTS) {
      for (const name of names) {
        it(`${subject.provider.name}: ${name}`, { timeout: 60_000 }, async () => {
          const { ran, wrong } = await surprises(name, subject, run, slow);
          expect(wrong).toEqual([]);
          expect(ran).toBeGreaterThan(0);
        });
      }
    }
  });
}

const sameHex = (actual: Uint8Array | undefined, expected: Uint8Array): boolean =>
  actual !== undefined && toHex(actual) === toHex(expected);

// TLS has 12-byte nonces, 16-byte tags (8 for CCM_8) and no 192-bit keys: other vectors are no subject.
function aead(cipher: 'gcm' | 'ccm' | 'chacha'): Run {
  return ({ provider }, group, test) => {
    const [keySize, tagSize] = [number(group, 'keySize'), number(group, 'tagSize')];
    if (number(group, 'ivSize') !== 96 || keySize === 192 || (tagSize !== 128 && !(cipher === 'ccm' && tagSize === 64))) return undefined;
    const name = (cipher === 'chacha' ? 'chacha20-poly1305' : `aes-${keySize}-${cipher}${tagSize === 64 ? '-8' : ''}`) as AeadName;
    const key = provider.aead(name, hex(test, 'key'));
    const sealed = concat(hex(test, 'ct'), hex(test, 'tag'));
    const [nonce, aad, plaintext] = [hex(test, 'iv'), hex(test, 'aad'), hex(test, 'msg')];
    const opened = key.open(nonce, aad, sealed);
    if (opened === undefined) return false;
    const out = new Uint8Array(plaintext.length + key.tagLength);
    return key.seal(nonce, aad, plaintext, out, 0) === out.length && sameHex(opened, plaintext) && sameHex(out, sealed);
  };
}

suite('AES-GCM', ['aes_gcm'], aead('gcm'));
suite('AES-CCM', ['aes_ccm'], aead('ccm'));
suite('ChaCha20-Poly1305', ['chacha20_poly1305'], aead('chacha'));

// The padding is PKCS #7, which a provider neither adds nor removes: valid vectors show the mode.
const cbc =
  (cipher: string): Run =>
  ({ provider }, group, test) => {
    const name = `${cipher}-${number(group, 'keySize')}-cbc` as CbcName;
    if (!provider.hasCbc(name)) return provider === jsProvider ? false : undefined;
    if (test['result'] !== 'valid') return undefined;
    const message = hex(test, 'msg');
    const padding = 16 - (message.length % 16);
    const padded = concat(message, new Uint8Array(padding).fill(padding));
    const [key, iv, ciphertext] = [hex(test, 'key'), hex(test, 'iv'), hex(test, 'ct')];
    return (
      sameHex(provider.cbcEncrypt(name, key, iv, padded), ciphertext) && sameHex(provider.cbcDecrypt(name, key, iv, ciphertext), padded)
    );
  };

suite('AES-CBC', ['aes_cbc_pkcs5'], cbc('aes'));

describe('CBC ciphers that JavaScript lacks', () => {
  const node = SUBJECTS[0] as Subject;
  for (const [cipher, name] of [
    ['camellia', 'camellia_cbc_pkcs5'],
    ['aria', 'aria_cbc_pkcs5'],
  ] as const) {
    it(`node: ${name}, where OpenSSL has it`, async () => {
      const run: Run = (subject, group, test) => (number(group, 'keySize') === 192 ? undefined : cbc(cipher)(subject, group, test, name));
      expect((await surprises(name, node, run, false)).wrong).toEqual([]);
      expect(jsProvider.hasCbc(`${cipher}-128-cbc`)).toBe(false);
    });
  }
});

/** Some files say their hash in their name alone. */
const hashOfFile = (file: string): HashName => (file.match(/sha\d+/)?.[0] ?? 'sha256') as HashName;

suite('HMAC', ['hmac_sha1', 'hmac_sha224', 'hmac_sha256', 'hmac_sha384', 'hmac_sha512'], ({ provider }, group, test, file) => {
  const key = provider.hmac(hashOfFile(file), hex(test, 'key'));
  return sameHex(key.mac(hex(test, 'msg')).subarray(0, number(group, 'tagSize') / 8), hex(test, 'tag'));
});

/** HKDF (RFC 5869) over the provider's HMAC. */
suite('HKDF', ['hkdf_sha1', 'hkdf_sha256', 'hkdf_sha384', 'hkdf_sha512'], ({ provider }, _group, test, file) => {
  const hash = hashOfFile(file);
  const [length, info] = [number(test, 'size'), hex(test, 'info')];
  const key = provider.hmac(hash, provider.hmac(hash, hex(test, 'salt')).mac(hex(test, 'ikm')));
  let block: Uint8Array = new Uint8Array(0);
  const blocks: Uint8Array[] = [];
  for (let i = 1; blocks.length * block.length < length; i++) {
    if (i > 255) return false;
    block = key.mac(block, info, Uint8Array.of(i));
    blocks.push(block);
  }
  return sameHex(concat(...blocks).subarray(0, length), hex(test, 'okm'));
});

// Beyond 5000 rounds there is nothing new, only time.
suite('PBKDF2', ['pbkdf2_hmacsha1', 'pbkdf2_hmacsha256'], ({ provider }, _group, test, file) => {
  const iterations = number(test, 'iterationCount');
  if (iterations > 5000) return undefined;
  const hash = file.includes('sha256') ? 'sha256' : 'sha1';
  return sameHex(provider.pbkdf2(hash, hex(test, 'password'), hex(test, 'salt'), iterations, number(test, 'dkLen')), hex(test, 'dk'));
});

const CURVES: Readonly<Record<string, CurveName>> = { secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };
const COORDINATES: Readonly<Record<CurveName, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

// Compressed points are `acceptable`: TLS takes the uncompressed form only (RFC 9846, 4.2.8.2).
suite(
  'ECDH with points',
  ['ecdh_secp256r1_ecpoint', 'ecdh_secp384r1_ecpoint', 'ecdh_secp521r1_ecpoint'],
  async ({ agreementKey }, group, test) => {
    const curve = CURVES[String(group['curve'])] as CurveName;
    const key = agreementKey(curve, leftPad(hex(test, 'private'), COORDINATES[curve]));
    const shared = await key.agree(hex(test, 'public'));
    return shared !== undefined && sameHex(shared, hex(test, 'shared'));
  },
  true,
);

// All-zero secrets are `acceptable`, and refused (RFC 9846, 7.4.2); every other acceptable value must be computed rightly.
suite(
  'X25519 and X448',
  ['x25519', 'x448'],
  async ({ agreementKey }, _group, test, file) => {
    const shared = await agreementKey(file === 'x448' ? 'x448' : 'x25519', hex(test, 'private')).agree(hex(test, 'public'));
    const expected = hex(test, 'shared');
    if (test['result'] === 'valid') return sameHex(shared, expected);
    const right = expected.every((byte) => byte === 0) ? shared === undefined : sameHex(shared, expected);
    return !right;
  },
  true,
);

async function verifies(provider: CryptoProvider, spec: PublicKeySpec, algorithm: SignatureAlgorithm, test: Vector): Promise<boolean> {
  return provider.importPublicKey(spec).verify(algorithm, hex(test, 'msg'), hex(test, 'sig'));
}

suite(
  'ECDSA',
  ['secp256r1_sha256', 'secp256r1_sha512', 'secp384r1_sha256', 'secp384r1_sha384', 'secp384r1_sha512', 'secp521r1_sha512'].map(
    (name) => `ecdsa_${name}`,
  ),
  ({ provider }, group, test) => {
    const key = inner(group, 'publicKey');
    const curve = CURVES[String(key['curve'])] as CurveName;
    return verifies(provider, { kind: 'ec', curve, point: hex(key, 'uncompressed') }, { kind: 'ecdsa', hash: hashName(group) }, test);
  },
  true,
);

suite('EdDSA', ['ed25519', 'ed448'], ({ provider }, group, test, file) => {
  const kind = file === 'ed448' ? 'ed448' : 'ed25519';
  return verifies(provider, { kind, key: hex(inner(group, 'publicKey'), 'pk') }, { kind }, test);
});

const rsaNumbers = (key: Vector): { n: Uint8Array; e: Uint8Array } => ({ n: hex(key, 'modulus'), e: hex(key, 'publicExponent') });

// Signatures whose DigestInfo lacks the NULL are `acceptable`; there is one encoding to compare with, so they are refused.
suite(
  'RSASSA-PKCS1-v1_5',
  ['2048_sha256', '2048_sha384', '2048_sha512', '3072_sha256', '4096_sha512'].map((name) => `rsa_signature_${name}`),
  ({ provider }, group, test) =>
    verifies(provider, { kind: 'rsa', ...rsaNumbers(inner(group, 'publicKey')) }, { kind: 'rsa-pkcs1', hash: hashName(group) }, test),
  true,
);

suite('RSASSA-PKCS1-v1_5, generated', ['rsa_pkcs1_2048_sig_gen'], async ({ provider }, group, test) => {
  const verdict = await verifies(
    provider,
    { kind: 'rsa', ...rsaNumbers(inner(group, 'privateKey')) },
    { kind: 'rsa-pkcs1', hash: hashName(group) },
    test,
  );
  // SHA-1 is `acceptable`. Whether a weak hash will do is for the security level to say, not for a primitive.
  return test['result'] === 'acceptable' ? !verdict : verdict;
});

const pss = (group: Vector): SignatureAlgorithm & { readonly kind: 'rsa-pss' } => ({
  kind: 'rsa-pss',
  hash: hashName(group),
  mgfHash: hashName(group, 'mgfSha'),
  saltLength: number(group, 'sLen'),
});

suite(
  'RSASSA-PSS',
  [
    '2048_sha1_mgf1_20',
    '2048_sha256_mgf1_0',
    '2048_sha256_mgf1_32',
    '2048_sha256_mgf1sha1_20',
    '2048_sha384_mgf1_48',
    '4096_sha512_mgf1_64',
    'misc',
  ].map((name) => `rsa_pss_${name}`),
  ({ provider }, group, test) => verifies(provider, { kind: 'rsa', ...rsaNumbers(inner(group, 'publicKey')) }, pss(group), test),
  true,
);

suite(
  'RSASSA-PSS with keys that have parameters',
  ['2048_sha256_mgf1_32_params', '2048_sha512_mgf1sha256_32_params', 'misc_params'].map((name) => `rsa_pss_${name}`),
  ({ provider }, group, test) => {
    const algorithm = pss(group);
    return verifies(provider, { kind: 'rsa-pss', ...rsaNumbers(inner(group, 'publicKey')), parameters: algorithm }, algorithm, test);
  },
  true,
);

function decryptionKey(provider: CryptoProvider, numbers: Vector): PrivateKey {
  const [d, p, q] = [hex(numbers, 'privateExponent'), hex(numbers, 'prime1'), hex(numbers, 'prime2')];
  const [dp, dq, qi] = [hex(numbers, 'exponent1'), hex(numbers, 'exponent2'), hex(numbers, 'coefficient')];
  return provider.importPrivateKey({ kind: 'rsa', ...rsaNumbers(numbers), d, p, q, dp, dq, qi });
}

describe('RSAES-PKCS1-v1_5 of the RSA key exchange', () => {
  const numbers = inner(load('rsa_pkcs1_2048').testGroups[0] as Vector, 'privateKey');
  const key = decryptionKey(nodeProvider, numbers);

  it('is absent in JavaScript and on Deno, where RSA is not constant-time', () => {
    expect(decryptionKey(jsProvider, numbers).decryptPremaster).toBeUndefined();
    expect(key.decryptPremaster === undefined).toBe('Deno' in globalThis);
  });

  it.skipIf(key.decryptPremaster === undefined)(
    'node: rsa_pkcs1_2048 gives the message, or the substitute and no sign of which',
    async () => {
      const run: Run = async (_subject, group, test) => {
        const decrypting = decryptionKey(nodeProvider, inner(group, 'privateKey'));
        const message = hex(test, 'msg');
        const valid = test['result'] === 'valid';
        // The length that is looked for is the substitute's: 48 bytes in TLS, here whatever the vector has.
        const substitute = new Uint8Array(valid ? message.length : 48).fill(0xa5);
        const kept = copyOf(substitute);
        const out = await decrypting.decryptPremaster?.(hex(test, 'ct'), substitute);
        expect(substitute).toEqual(kept);
        return valid ? sameHex(out, message) : !sameHex(out, substitute);
      };
      expect((await surprises('rsa_pkcs1_2048', SUBJECTS[0] as Subject, run, false)).wrong).toEqual([]);
    },
  );
});

// The message that is encapsulated cannot be chosen, so the check of the key is what is tested here.
suite('ML-KEM encapsulation keys', ['mlkem_768_encaps', 'mlkem_1024_encaps'], async ({ provider }, group, test) => {
  return (await provider.encapsulate(String(group['parameterSet']) as KemName, hex(test, 'ek'))) !== undefined;
});

describe('ML-KEM decapsulation', () => {
  for (const file of ['mlkem_768', 'mlkem_1024']) {
    it(`js: ${file}`, async () => {
      const run: Run = async (_subject, group, test) => {
        const seed = hex(test, 'seed');
        if (seed.length !== 64) return undefined;
        const key = decapsulationKey(String(group['parameterSet']) as KemName, seed);
        const secret = await key.decapsulate(hex(test, 'c'));
        return sameHex(key.encapsulationKey, hex(test, 'ek')) && sameHex(secret, hex(test, 'K'));
      };
      expect((await surprises(file, SUBJECTS[1] as Subject, run, false)).wrong).toEqual([]);
    });
  }
});

// TLS and X.509 use the empty context; vectors with another are no subject here.
suite('ML-DSA', ['mldsa_44_verify', 'mldsa_65_verify', 'mldsa_87_verify'], async ({ provider }, group, test, file) => {
  if (typeof test['ctx'] === 'string' && test['ctx'] !== '') return undefined;
  const kind = `ml-dsa-${file.slice(6, 8)}` as 'ml-dsa-44';
  try {
    return await verifies(provider, { kind, key: hex(group, 'publicKey') }, { kind }, test);
  } catch {
    // A key of the wrong length is refused when it is imported.
    return false;
  }
});
