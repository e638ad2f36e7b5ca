import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EMPTY, fromHex, toHex, utf8 } from '../bytes/bytes.ts';
import { type HpkeKem, hpkeKem, hpkePrivateKey, hpkePublicKey, hpkeRecipient, hpkeSender, isHpkeSymmetric } from './hpke.ts';
import { jsProvider } from './js.ts';
import { nodeProvider } from './node.ts';
import type { CryptoProvider } from './provider.ts';

interface Vector {
  readonly kem: number;
  readonly kdf: number;
  readonly aead: number;
  readonly info: string;
  readonly ikmE: string;
  readonly skEm: string;
  readonly ikmR: string;
  readonly pkRm: string;
  readonly skRm: string;
  readonly enc: string;
  readonly encryptions: readonly { readonly sequence: number; readonly pt: string; readonly aad: string; readonly ct: string }[];
}

/** RFC 9180, appendix A: the base mode of every suite that seals. */
const VECTORS: readonly Vector[] = JSON.parse(readFileSync(new URL('../../test/vectors/rfc9180-base.json', import.meta.url), 'utf8'));

const PROVIDERS = [nodeProvider, jsProvider];
const KEM_IDS = [0x10, 0x11, 0x12, 0x20, 0x21];

const kemOf = (id: number): HpkeKem => hpkeKem(id) ?? expect.fail(`no KEM ${id}`);

/** A message that a recipient opens who has seen as many before. */
async function exchange(provider: CryptoProvider, other: CryptoProvider, kem: HpkeKem, kdf: number, aead: number) {
  const secret = hpkePrivateKey(provider, kem);
  const publicKey = (await hpkePublicKey(provider, kem, secret)) ?? expect.fail('no public key');
  const sender = (await hpkeSender(other, kem, { kdf, aead }, publicKey, utf8('info'))) ?? expect.fail('no sender');
  const recipient = (await hpkeRecipient(provider, kem, { kdf, aead }, secret, sender.enc, utf8('info'))) ?? expect.fail('no recipient');
  return { secret, publicKey, sender, recipient };
}

describe.each(PROVIDERS)('HPKE over $name', (provider) => {
  it.each(VECTORS)('has the vectors of RFC 9180: KEM $kem, KDF $kdf, AEAD $aead', async (vector) => {
    const kem = kemOf(vector.kem);
    expect(toHex(hpkePrivateKey(provider, kem, fromHex(vector.ikmR)))).toBe(vector.skRm);
    expect(toHex(hpkePrivateKey(provider, kem, fromHex(vector.ikmE)))).toBe(vector.skEm);
    expect(toHex((await hpkePublicKey(provider, kem, fromHex(vector.skRm))) ?? EMPTY)).toBe(vector.pkRm);
    const info = fromHex(vector.info);
    const ephemeral = provider.agreementKey(kem.curve, fromHex(vector.skEm));
    const sender = await hpkeSender(provider, kem, vector, fromHex(vector.pkRm), info, ephemeral);
    const recipient = await hpkeRecipient(provider, kem, vector, fromHex(vector.skRm), fromHex(vector.enc), info);
    expect(toHex(sender?.enc ?? EMPTY)).toBe(vector.enc);
    let sequence = 0;
    for (const { sequence: wanted, pt, aad, ct } of vector.encryptions) {
      // What the RFC leaves out counts too.
      for (; sequence < wanted; sequence++) {
        const sealed = sender?.seal(utf8(`Count-${sequence}`), fromHex(pt)) ?? EMPTY;
        expect(toHex(recipient?.open(utf8(`Count-${sequence}`), sealed) ?? EMPTY)).toBe(pt);
      }
      expect(toHex(sender?.seal(fromHex(aad), fromHex(pt)) ?? EMPTY)).toBe(ct);
      expect(toHex(recipient?.open(fromHex(aad), fromHex(ct)) ?? EMPTY)).toBe(pt);
      sequence++;
    }
  });

  it.each(KEM_IDS.flatMap((id) => [1, 2, 3].flatMap((kdf) => [1, 2, 3].map((aead) => ({ id, kdf, aead })))))(
    'opens what the other provider sealed: KEM $id, KDF $kdf, AEAD $aead',
    async ({ id, kdf, aead }) => {
      expect(isHpkeSymmetric({ kdf, aead })).toBe(true);
      const other = provider === nodeProvider ? jsProvider : nodeProvider;
      const { sender, recipient } = await exchange(provider, other, kemOf(id), kdf, aead);
      for (const text of ['first', 'second', '']) {
        expect(recipient.open(utf8('aad'), sender.seal(utf8('aad'), utf8(text)))).toStrictEqual(utf8(text));
      }
    },
  );

  it('opens nothing that was changed, and goes on with the next that was not', async () => {
    const { sender, recipient } = await exchange(provider, provider, kemOf(0x20), 1, 1);
    const sealed = sender.seal(utf8('aad'), utf8('text'));
    expect(recipient.open(utf8('AAD'), sealed)).toBeUndefined();
    expect(recipient.open(utf8('aad'), sealed.subarray(0, 15))).toBeUndefined();
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(recipient.open(utf8('aad'), changed)).toBeUndefined();
    }
    expect(recipient.open(utf8('aad'), sealed)).toStrictEqual(utf8('text'));
    // The same message once more is not the next one.
    expect(recipient.open(utf8('aad'), sealed)).toBeUndefined();
  });

  it.each(KEM_IDS)('has no context with what is no public key: KEM %d', async (id) => {
    const kem = kemOf(id);
    const suite = { kdf: 1, aead: 1 };
    const secret = hpkePrivateKey(provider, kem);
    for (const key of [
      EMPTY,
      new Uint8Array(kem.publicLength - 1),
      new Uint8Array(kem.publicLength),
      new Uint8Array(kem.publicLength + 1),
    ]) {
      expect(await hpkeSender(provider, kem, suite, key, EMPTY)).toBeUndefined();
      expect(await hpkeRecipient(provider, kem, suite, secret, key, EMPTY)).toBeUndefined();
    }
    for (const length of [kem.privateLength - 1, kem.privateLength + 1])
      expect(await hpkePublicKey(provider, kem, new Uint8Array(length).fill(1))).toBeUndefined();
  });

  it('takes private keys of the NIST curves between 0 and the order', async () => {
    for (const id of [0x10, 0x11, 0x12]) {
      const kem = kemOf(id);
      const order = fromHex(kem.order?.bytes ?? '');
      expect(await hpkePublicKey(provider, kem, order)).toBeUndefined();
      expect(await hpkePublicKey(provider, kem, new Uint8Array(kem.privateLength))).toBeUndefined();
      expect(await hpkePublicKey(provider, kem, new Uint8Array(kem.privateLength).fill(0xff))).toBeUndefined();
      const last = order.map((byte, i) => (i === order.length - 1 ? byte - 1 : byte));
      expect((await hpkePublicKey(provider, kem, last))?.length).toBe(kem.publicLength);
    }
  });
});
