import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeLeaf, makeRoot } from '../../test/support/authorities.ts';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { pemBlocks } from '../asn1/pem.ts';
import { toHex, utf8 } from '../bytes/bytes.ts';
import { nodeProvider } from '../crypto/node.ts';
import { makePrivateKey, pkcs8Element, privateKeyPem } from './make-key.ts';
import { keyMatches, parsePrivateKey, publicSpecOf } from './private-key.ts';

/** One P-256 key in the forms OpenSSL 3.0 writes; the password is `secret`. */
const PLAIN = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgV40PSbxjDpyaFd4F
KhsvbG0R0hjkXoNXOCK27McRhXehRANCAAQ8YgSIs1bFomXkJqDLa8Vqxky0pHQQ
OjlG2zmemP3lEfHMK1LEKFmsOl1ccNqfQjxCCdQO7TaDAjr3qUK0dlP7
-----END PRIVATE KEY-----`;
const SEC1 = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIFeND0m8Yw6cmhXeBSobL2xtEdIY5F6DVzgituzHEYV3oAoGCCqGSM49
AwEHoUQDQgAEPGIEiLNWxaJl5Cagy2vFasZMtKR0EDo5Rts5npj95RHxzCtSxChZ
rDpdXHDan0I8QgnUDu02gwI696lCtHZT+w==
-----END EC PRIVATE KEY-----`;
const SCRYPT = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAhQUeosV7RDiQICBAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBCK8Qwog+YmPWVPuksJ3fVKBIGQh/hXW6hXRHVN
4Bs3RSFH9pCppOV7ZacPk4b6jYgWqsK20C8flei+MNEPnUF2ABlq8cZvA26kGqwd
B4C9u05fIyBCBPHQNT6O1s7J7LpyriNTBo7vx4H9uSUyluDmNbmMhlUGWVJYzX84
mp0fugOMpawAGNjVCeMmHVYMlzVV004VdTyeLhf7NKJFUamKa1nG
-----END ENCRYPTED PRIVATE KEY-----`;
const DEK_AES = `-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,B14105011CA3F44D352646694D934A5C

erkbJnk00XRjPhee+y8Eu+JN/U5bG6tv80koPirikbiPt2jG4tuxZX9dnZJew+/g
JaN/K/bOzdHkkFKST/COKXumMPpukYtrf/pr5rJqagepHMDWddL9p02DKH+lB3ky
QWpMnNxGSOTluQfMo/Dh/4AHu1HhKoPFKxzlU7Yu/5k=
-----END EC PRIVATE KEY-----`;
const DEK_3DES = `-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: DES-EDE3-CBC,6380B5258A87CF46

yrjIJE0XeqzJNKA4/tgEAVFNgLguF3ZsDGnXTXobWoXG5B9dR/QvdqyBjLzYywm5
N4qSgKAi8J2DXRt0fZ3W2Yu/kGwx+nN01hfFlNk/6ggUaVc/oOrWgT33zWiC5UD/
jfpv7+W9GtA1dDeFrRq5uisR0G4VQP2m+dWMfdDP1j0=
-----END EC PRIVATE KEY-----`;

const ML_DSA = { 'ml-dsa-44': ml_dsa44, 'ml-dsa-65': ml_dsa65, 'ml-dsa-87': ml_dsa87 } as const;

const password = (): string => 'secret';
const ec = parsePrivateKey(PLAIN);
const der = (pem: string): Uint8Array => [...pemBlocks(pem)][0]?.bytes ?? new Uint8Array(0);

describe('parsePrivateKey', () => {
  it('reads every form OpenSSL writes', () => {
    expect(ec.kind).toBe('ec');
    for (const pem of [SEC1, SCRYPT, DEK_AES, DEK_3DES]) expect(parsePrivateKey(pem, password, nodeProvider)).toEqual(ec);
    for (const pem of [PLAIN, SEC1, SCRYPT]) expect(parsePrivateKey(der(pem), password, nodeProvider)).toEqual(ec);
  });

  it('reads what node:crypto writes, encrypted by PBES2 with each cipher', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const plain = parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'der' }));
    expect(plain.kind).toBe('rsa');
    expect(parsePrivateKey(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString())).toEqual(plain);
    expect(parsePrivateKey(privateKey.export({ type: 'pkcs1', format: 'der' }))).toEqual(plain);
    for (const cipher of ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'des-ede3-cbc']) {
      const options = { format: 'pem', cipher, passphrase: 'secret' } as const;
      expect(parsePrivateKey(privateKey.export({ type: 'pkcs8', ...options }).toString(), password, nodeProvider), cipher).toEqual(plain);
      expect(parsePrivateKey(privateKey.export({ type: 'pkcs1', ...options }).toString(), password, nodeProvider), cipher).toEqual(plain);
    }
  });

  it.each(['ed25519', 'ed448'] as const)('reads %s keys', (kind) => {
    const privateKey = kind === 'ed25519' ? generateKeyPairSync('ed25519').privateKey : generateKeyPairSync('ed448').privateKey;
    const key = parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(key.kind).toBe(kind);
    expect(pkcs8Element(key)).toEqual(new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })));
  });

  it.each(['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)('reads %s keys in the three forms of RFC 9881, and no other', (kind) => {
    const seed = nodeProvider.random(32);
    const { secretKey: expanded } = ML_DSA[kind].keygen(seed);
    for (const form of [{ seed }, { expanded }, { seed, expanded }]) {
      const written = pkcs8Element({ kind, ...form });
      expect(parsePrivateKey(written)).toEqual({ kind, ...form });
      expect(() => parsePrivateKey(written.slice(0, -1))).toThrow(Asn1Error);
    }
    for (const bad of [{ seed: seed.subarray(1) }, { expanded: expanded.subarray(1) }, { seed, expanded: expanded.subarray(1) }])
      expect(() => parsePrivateKey(pkcs8Element({ kind, ...bad }))).toThrow('wrong length');
  });

  it('takes the first key of a file with other things in it', () => {
    const { certificate } = makeRoot();
    expect(parsePrivateKey(`-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${PLAIN}\n${SEC1}`)).toEqual(ec);
    expect(() => parsePrivateKey(certificate.der)).toThrow(Asn1Error);
  });

  it('asks for a password only when one is needed, and refuses a wrong one', () => {
    let asked = 0;
    const counting = (): string => {
      asked++;
      return 'secret';
    };
    parsePrivateKey(PLAIN, counting, nodeProvider);
    expect(asked).toBe(0);
    parsePrivateKey(SCRYPT, counting, nodeProvider);
    expect(asked).toBe(1);
    for (const pem of [SCRYPT, DEK_AES]) {
      expect(() => parsePrivateKey(pem, () => utf8('wrong'), nodeProvider)).toThrow(Asn1Error);
      expect(() => parsePrivateKey(pem, undefined, nodeProvider)).toThrow('no password');
      expect(() => parsePrivateKey(pem, password)).toThrow('no provider');
    }
  });

  it('ends for any bytes, in a key or in its own refusal', () => {
    const bytes = der(PLAIN);
    const survives = (input: Uint8Array): void => {
      try {
        parsePrivateKey(input);
      } catch (error) {
        expect(error).toBeInstanceOf(Asn1Error);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), survives));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = bytes.slice();
        changed[at] = value;
        survives(changed);
      }),
    );
  });
});

describe('keys and certificates', () => {
  it('match when the public halves do', () => {
    const root = makeRoot();
    const leaf = makeLeaf(root);
    expect(keyMatches(leaf.certificate, leaf.key)).toBe(true);
    expect(keyMatches(leaf.certificate, root.key)).toBe(false);
  });

  it.each(['P-256', 'P-384', 'P-521', 'ed25519', 'ed448'] as const)('a fresh %s key is one that others read', (kind) => {
    const spec = makePrivateKey(nodeProvider, kind);
    const spki = createPrivateKey(privateKeyPem(spec)).export({ type: 'pkcs8', format: 'der' });
    const publicKey = publicSpecOf(parsePrivateKey(spki), nodeProvider);
    expect(publicKey).toEqual(publicSpecOf(spec, nodeProvider));
    expect(toHex(parsePrivateKeyBytes(spec))).not.toMatch(/^0+$/);
  });
});

const parsePrivateKeyBytes = (spec: ReturnType<typeof makePrivateKey>): Uint8Array => ('d' in spec ? spec.d : (spec.seed ?? spec.expanded));
