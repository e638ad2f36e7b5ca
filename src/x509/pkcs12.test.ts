import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { base64Bytes } from '../asn1/base64.ts';
import { contextConstructed, TAG } from '../asn1/der-reader.ts';
import { element, integer, octetString, oid, sequence } from '../asn1/der-writer.ts';
import { concat, utf8 } from '../bytes/bytes.ts';
import { jsProvider } from '../crypto/js.ts';
import { nodeProvider } from '../crypto/node.ts';
import { HASH_OIDS, PKCS12_OIDS } from '../registry/oids.ts';
import { parseCertificates } from './certificate.ts';
import { isPkcs12, type Pkcs12, parsePkcs12, pkcs12Identity } from './pkcs12.ts';
import { parsePrivateKey } from './private-key.ts';

interface Vectors {
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
  readonly files: Readonly<Record<string, { readonly password: string; readonly pfx: string }>>;
  readonly rfc9579: Readonly<Record<string, string>>;
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../../test/vectors/pkcs12/files.json', import.meta.url), 'utf8'));
const fromBase64 = (text: string): Uint8Array => base64Bytes(utf8(text)) ?? new Uint8Array(0);
const file = (name: string): Uint8Array => fromBase64(vectors.files[name]?.pfx ?? '');
const key = parsePrivateKey(vectors.key);
const [certificate] = parseCertificates(vectors.certificate);
const [authority] = parseCertificates(vectors.authority);
const read = (bytes: Uint8Array, password = 'secret', provider = nodeProvider): Pkcs12 => parsePkcs12(bytes, () => password, provider);
const readable = Object.entries(vectors.files).filter(([name]) => !['rc2', 'certs', 'java'].includes(name));
/** Only OpenSSL has 3DES. */
const needs3des = ['3des', '2des', 'pbes2-3des', 'utf8'];

describe('PKCS #12 files of OpenSSL', () => {
  it.each(readable)('%s: has the key, its certificate and the authority’s', (name, { password, pfx }) => {
    const bytes = fromBase64(pfx);
    expect(isPkcs12(bytes)).toBe(true);
    for (const provider of needs3des.includes(name) && nodeProvider.hasCbc('3des-cbc') ? [nodeProvider] : [nodeProvider, jsProvider]) {
      if (needs3des.includes(name) && !provider.hasCbc('3des-cbc')) {
        expect(() => read(bytes, password, provider)).toThrow('cannot decrypt 3des-cbc');
        continue;
      }
      const { keys, certificates } = read(bytes, password, provider);
      expect(keys.map((one) => one.key)).toEqual([key]);
      expect(certificates.map((one) => one.certificate.der)).toEqual([certificate?.der, authority?.der]);
      expect([keys[0]?.friendlyName, certificates[0]?.friendlyName, certificates[1]?.friendlyName]).toEqual([
        'Der Schlüssel',
        'Der Schlüssel',
        undefined,
      ]);
      expect(keys[0]?.localKeyId).toEqual(certificates[0]?.localKeyId);
      const identity = pkcs12Identity({ keys, certificates }, provider);
      expect([identity.certificate?.der, identity.others.map(({ der }) => der)]).toEqual([certificate?.der, [authority?.der]]);
    }
  });

  it('may have certificates and no key', () => {
    const { key: none, certificate: own, others } = pkcs12Identity(read(file('certs')), nodeProvider);
    expect([none, own]).toEqual([undefined, undefined]);
    expect(others.map(({ der }) => der)).toEqual([certificate?.der, authority?.der]);
  });

  it('with RC2 are refused, in words that say what to do', () => {
    expect(() => read(file('rc2'))).toThrow(/RC2 with 40 bits.*openssl pkcs12 -legacy/);
  });

  it.each(['aes256', 'aes128-sha512', 'sha384', 'plain', 'nomac', 'empty'])('%s: a wrong password is one', (name) => {
    const plain = name === 'nomac' ? undefined : 'a wrong password, or a damaged file';
    expect(() => read(file(name), 'wrong')).toThrow(plain);
    expect(() => read(file(name), 'wrong')).toThrow(Asn1Error);
  });

  it('have a MAC over every byte of their contents', () => {
    const good = file('plain');
    const at = good.length - 400;
    const bad = good.slice();
    bad[at] = (bad[at] ?? 0) ^ 1;
    expect(() => read(bad)).toThrow('a wrong password, or a damaged file');
  });
});

describe('PKCS #12 files', () => {
  it('of Java are read', () => {
    const { key: own, certificate: leaf } = pkcs12Identity(read(file('java'), 'secret123'), nodeProvider);
    expect([own?.publicKey.kind, leaf?.subject.values('2.5.4.3')]).toEqual(['ec', ['java']]);
  });

  it.each(Object.entries(vectors.rfc9579))('of RFC 9579, %s: read or refused as it says', (name, pfx) => {
    const good = ['A.1', 'A.2', 'A.3'].includes(name);
    if (good) {
      expect(pkcs12Identity(read(fromBase64(pfx), '1234'), nodeProvider).certificate?.publicKey?.kind).toBe('rsa');
      expect(() => read(fromBase64(pfx), '12345')).toThrow('a wrong password');
    } else {
      expect(() => read(fromBase64(pfx), '1234')).toThrow(name === 'A.6' ? 'a MAC key of 0 bytes' : 'a wrong password');
    }
  });

  it('may be BER: of indefinite length and in pieces', () => {
    const indefinite = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array =>
      concat(Uint8Array.of(tag, 0x80), ...parts, Uint8Array.of(0, 0));
    const inPieces = (bytes: Uint8Array): Uint8Array =>
      indefinite(TAG.octetString | 0x20, octetString(bytes.subarray(0, 7)), octetString(bytes.subarray(7)));
    const bag = sequence(
      oid(PKCS12_OIDS.certBag),
      element(
        contextConstructed(0),
        sequence(oid(PKCS12_OIDS.x509Certificate), element(contextConstructed(0), octetString(certificate?.der ?? new Uint8Array(0)))),
      ),
    );
    const data = (contents: Uint8Array): Uint8Array =>
      indefinite(TAG.sequence, oid(PKCS12_OIDS.data), indefinite(contextConstructed(0), inPieces(contents)));
    const safes = indefinite(TAG.sequence, data(indefinite(TAG.sequence, bag)));
    const pfx = indefinite(TAG.sequence, integer(3), data(safes));
    expect(isPkcs12(pfx)).toBe(true);
    expect(read(pfx).certificates.map((one) => one.certificate.der)).toEqual([certificate?.der]);
    for (const cut of [1, 2, 5]) expect(() => read(pfx.subarray(0, pfx.length - cut))).toThrow(Asn1Error);
  });

  it('do not make the reader count for ever', () => {
    const empty = sequence(oid(PKCS12_OIDS.data), element(contextConstructed(0), octetString(sequence())));
    const pfx = (iterations: number): Uint8Array =>
      sequence(
        integer(3),
        empty,
        sequence(
          sequence(sequence(oid(HASH_OIDS.sha256)), octetString(new Uint8Array(32))),
          octetString(new Uint8Array(8)),
          integer(iterations),
        ),
      );
    expect(() => read(pfx(1))).toThrow('a wrong password');
    for (const iterations of [0, 10_000_001, 0x7fff_ffff]) expect(() => read(pfx(iterations))).toThrow('too many iterations');
  });

  it('are told from certificates and keys', () => {
    expect([certificate?.der ?? utf8(''), utf8('text'), new Uint8Array(0)].map(isPkcs12)).toEqual([false, false, false]);
  });

  it('end for any bytes, in contents or in a refusal', () => {
    const bytes = file('noiter');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = bytes.slice();
        changed[at] = value;
        try {
          read(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(Asn1Error);
        }
      }),
    );
  });
});
