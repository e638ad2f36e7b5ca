import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../bytes/bytes.ts';
import { type ImportedIdentity, importPsk, readImportedIdentity, writeImportedIdentity } from './imported-psk.ts';
import { jsProvider } from './js.ts';
import { nodeProvider } from './node.ts';

const identity: ImportedIdentity = { externalIdentity: utf8('client 1'), context: utf8('ctx'), targetProtocol: 0x0304, targetKdf: 1 };
const wire = fromHex(`0008${toHex(utf8('client 1'))}0003${toHex(utf8('ctx'))}03040001`);

describe('ImportedIdentity (RFC 9258, 3.1)', () => {
  it('has this form on the wire', () => {
    expect(toHex(writeImportedIdentity(identity))).toBe(toHex(wire));
    expect(readImportedIdentity(wire)).toEqual(identity);
  });

  it('may have an empty context, but no empty external identity', () => {
    expect(readImportedIdentity(fromHex('000161000003040002'))?.targetKdf).toBe(2);
    expect(readImportedIdentity(fromHex('0000000003040001'))).toBeUndefined();
  });

  it('is not seen in other identities: cut off, too long, of an unknown KDF', () => {
    for (let length = 0; length < wire.length; length++) expect(readImportedIdentity(wire.subarray(0, length))).toBeUndefined();
    expect(readImportedIdentity(concat(wire, Uint8Array.of(0)))).toBeUndefined();
    expect(readImportedIdentity(fromHex('0001610000030400ff'))).toBeUndefined();
  });
});

describe('the imported key (RFC 9258, 4.1)', () => {
  const externalPsk = fromHex('00112233445566778899aabbccddeeff');
  /** ipskx in one block, by the runtime's HMAC. */
  function expected(hash: string, zeros: number, target: ImportedIdentity, length: number): string {
    const extracted = createHmac(hash, new Uint8Array(zeros)).update(externalPsk).digest();
    const context = createHash(hash).update(writeImportedIdentity(target)).digest();
    const label = utf8('tls13 derived psk');
    const info = concat(Uint8Array.of(0, length, label.length), label, Uint8Array.of(context.length), context, Uint8Array.of(1));
    return toHex(createHmac(hash, extracted).update(info).digest().subarray(0, length));
  }

  for (const provider of [nodeProvider, jsProvider]) {
    it(`has the length of the target's hash (${provider.name})`, () => {
      expect(toHex(importPsk(provider, externalPsk, identity))).toBe(expected('sha256', 32, identity, 32));
      const sha384 = { ...identity, targetKdf: 2 } as const;
      expect(toHex(importPsk(provider, externalPsk, sha384, 'sha384'))).toBe(expected('sha384', 48, sha384, 48));
      expect(toHex(importPsk(provider, externalPsk, identity, 'sha384'))).toBe(expected('sha384', 48, identity, 32));
    });

    it(`differs with every field of the identity (${provider.name})`, () => {
      const others: readonly ImportedIdentity[] = [
        identity,
        { ...identity, externalIdentity: utf8('client 2') },
        { ...identity, context: utf8('') },
        { ...identity, targetProtocol: 0xfefc },
        { ...identity, targetKdf: 2 },
      ];
      const keys = others.map((other) => toHex(importPsk(provider, externalPsk, other)));
      expect(new Set(keys).size).toBe(others.length);
    });
  }
});
