import { describe, expect, it } from 'vitest';
import { type Entity, freshKey, makeIntermediate, makeLeaf, makeRoot, NOW, storeOf, verifyNow } from '../../test/support/authorities.ts';
import { nodeProvider } from '../crypto/node.ts';
import { SslUsageError } from '../registry/fatal.ts';
import type { Reason } from '../registry/reasons.ts';
import { DANE_FLAG_NO_DANE_EE_NAMECHECKS, DaneRecords } from './dane.ts';
import type { VerifyOutcome } from './verify.ts';
import { X509VerifyParam } from './verify-params.ts';

const root = makeRoot();
const ca = makeIntermediate(root);
const leaf = makeLeaf(ca);
const empty = storeOf();
const store = storeOf(root);

const sha256 = (bytes: Uint8Array): Uint8Array => nodeProvider.digest('sha256', bytes);
const sha512 = (bytes: Uint8Array): Uint8Array => nodeProvider.digest('sha512', bytes);

type Record = readonly [usage: number, selector: number, matchingType: number, data: Uint8Array];

/** The record of a certificate. */
function tlsa(usage: number, selector: number, matchingType: number, { certificate }: Entity): Record {
  const data = selector === 0 ? certificate.der : certificate.spki;
  return [usage, selector, matchingType, matchingType === 0 ? data : matchingType === 1 ? sha256(data) : sha512(data)];
}

function recordsOf(...list: readonly Record[]): DaneRecords {
  const records = new DaneRecords();
  for (const record of list) records.add(...record);
  return records;
}

const verify = (
  chain: readonly Entity[],
  list: readonly Record[],
  trusted = empty,
  options: Parameters<typeof verifyNow>[2] = {},
): VerifyOutcome => verifyNow(chain, trusted, { dane: recordsOf(...list), ...options });

describe('DANE-EE(3)', () => {
  it.each([0, 1].flatMap((selector) => [0, 1, 2].map((type) => [selector, type] as const)))(
    '3 %i %i names the leaf, without a chain',
    (selector, type) => {
      expect(verify([leaf], [tlsa(3, selector, type, leaf)])).toMatchObject({
        accepted: true,
        chain: [leaf.certificate],
        dane: { depth: 0 },
      });
      expect(verify([makeLeaf(ca)], [tlsa(3, selector, type, leaf)])).toMatchObject({ accepted: false, result: 'DANE_NO_MATCH' });
    },
  );

  it('does not mind expiry, nor purpose (RFC 7671, 5.1)', () => {
    const old = makeLeaf(ca, { notAfter: NOW - 1, extKeyUsage: ['clientAuth'] });
    expect(verify([old], [tlsa(3, 1, 1, old)]).accepted).toBe(true);
  });

  it('checks the name unless the flag waives it', () => {
    const params = new X509VerifyParam({ hosts: ['example.org'] });
    expect(verify([leaf], [tlsa(3, 1, 1, leaf)], empty, { params }).result).toBe('HOSTNAME_MISMATCH');
    const waiving = recordsOf(tlsa(3, 1, 1, leaf));
    waiving.flags = DANE_FLAG_NO_DANE_EE_NAMECHECKS;
    expect(verifyNow([leaf], empty, { params, dane: waiving }).accepted).toBe(true);
  });

  it('keeps the security level of the key', () => {
    expect(verify([leaf], [tlsa(3, 1, 1, leaf)], empty, { securityLevel: 4 }).result).toBe('EE_KEY_TOO_SMALL');
  });

  it('tells the callback', () => {
    const calls: [boolean, number][] = [];
    verify([leaf], [tlsa(3, 1, 1, leaf)], empty, {
      verifyCallback: (ok, { depth }) => {
        calls.push([ok, depth]);
        return ok;
      },
    });
    expect(calls).toEqual([[true, 0]]);
  });
});

describe('DANE-TA(2)', () => {
  it.each([0, 1].flatMap((selector) => [0, 1, 2].map((type) => [selector, type] as const)))(
    '2 %i %i trusts an authority of the chain',
    (selector, type) => {
      expect(verify([leaf, ca], [tlsa(2, selector, type, ca)])).toMatchObject({ accepted: true, dane: { record: { usage: 2 } } });
      expect(verify([leaf, ca, root], [tlsa(2, selector, type, root)])).toMatchObject({ accepted: true, dane: { depth: 2 } });
      expect(verify([leaf, ca], [tlsa(2, selector, type, makeRoot())]).result).toBe('DANE_NO_MATCH');
    },
  );

  it('does not need the certificate or the key from the peer, where the record has it', () => {
    expect(verify([leaf, ca], [tlsa(2, 0, 0, root)])).toMatchObject({ accepted: true, dane: { depth: 2 } });
    expect(verify([leaf, ca], [tlsa(2, 1, 0, root)])).toMatchObject({
      accepted: true,
      dane: { depth: 1, certificate: undefined },
      chain: [leaf.certificate, ca.certificate],
    });
    expect(verify([leaf, ca], [tlsa(2, 0, 1, root)]).result).toBe('DANE_NO_MATCH');
  });

  it('takes a key for the one that signed, whatever name its owner has', () => {
    const other = makeIntermediate(root, 'Other name', { key: ca.key });
    expect(verify([leaf], [tlsa(2, 1, 0, other)])).toMatchObject({ accepted: true, dane: { depth: 0, certificate: undefined } });
    expect(verify([leaf], [tlsa(2, 1, 0, makeIntermediate(root, 'Intermediate'))]).result).toBe('DANE_NO_MATCH');
    expect(verify([leaf], [tlsa(2, 1, 1, ca)]).result).toBe('DANE_NO_MATCH');
  });

  it('does not name a leaf', () => {
    expect(verify([leaf], [tlsa(2, 0, 1, leaf)]).accepted).toBe(false);
  });

  it('checks everything else: names, validity, signatures', () => {
    const params = new X509VerifyParam({ hosts: ['example.org'] });
    expect(verify([leaf, ca], [tlsa(2, 0, 1, ca)], empty, { params }).result).toBe('HOSTNAME_MISMATCH');
    expect(verify([makeLeaf(ca, { notAfter: NOW - 1 }), ca], [tlsa(2, 0, 1, ca)]).result).toBe('CERT_HAS_EXPIRED');
    const impostor = makeRoot('Intermediate', { key: freshKey() });
    expect(verify([makeLeaf(impostor), ca], [tlsa(2, 0, 1, ca)]).accepted).toBe(false);
  });

  it('has no use for the trust store', () => {
    expect(verify([leaf, ca], [tlsa(2, 0, 1, makeRoot('Other'))], store).result).toBe('DANE_NO_MATCH');
  });
});

describe('PKIX-TA(0) and PKIX-EE(1)', () => {
  it('need the trust store as well', () => {
    for (const record of [tlsa(1, 1, 1, leaf), tlsa(0, 0, 1, root), tlsa(0, 1, 2, ca)]) {
      expect(verify([leaf, ca], [record], store).accepted).toBe(true);
      expect(verify([leaf, ca], [record]).accepted).toBe(false);
    }
    expect(verify([leaf, ca], [tlsa(1, 1, 1, makeLeaf(ca))], store)).toMatchObject({ result: 'DANE_NO_MATCH', depth: 0 });
    expect(verify([leaf, ca], [tlsa(0, 1, 1, leaf)], store)).toMatchObject({ result: 'DANE_NO_MATCH', depth: 2 });
  });

  it('may bring an authority that the peer does not send, and does not trust it', () => {
    expect(verify([leaf], [tlsa(0, 0, 0, ca)], store)).toMatchObject({ accepted: true, dane: { depth: 1, record: { usage: 0 } } });
    expect(verify([leaf], [tlsa(0, 0, 0, ca)]).result).not.toBe('OK');
    expect(verify([leaf], [tlsa(0, 0, 1, ca)], store).accepted).toBe(false);
    expect(verify([leaf], [tlsa(1, 0, 0, leaf)], store).accepted).toBe(false);
  });

  it('are not what is told where another record vouches by itself', () => {
    const ee = tlsa(1, 1, 1, leaf);
    expect(verify([leaf, ca], [ee, tlsa(2, 1, 1, ca)], store)).toMatchObject({ accepted: true, dane: { depth: 1, record: { usage: 2 } } });
    expect(verify([leaf, ca], [ee, tlsa(2, 1, 1, ca)])).toMatchObject({ accepted: true, dane: { record: { usage: 2 } } });
    expect(verify([leaf, ca], [ee, tlsa(2, 1, 0, root)])).toMatchObject({ accepted: true, dane: { record: { usage: 2 }, depth: 1 } });
    expect(verify([leaf, ca], [ee, tlsa(0, 1, 1, ca)], store)).toMatchObject({ accepted: true, dane: { depth: 0, record: { usage: 1 } } });
    expect(verify([leaf, ca], [tlsa(0, 1, 1, root), tlsa(0, 1, 1, ca)], store)).toMatchObject({ dane: { depth: 1 } });
    expect(verify([leaf, ca], [ee, tlsa(3, 0, 2, leaf)], store)).toMatchObject({
      chain: [leaf.certificate],
      dane: { record: { usage: 3 } },
    });
  });

  it('beside records that do not', () => {
    expect(verify([leaf, ca], [tlsa(1, 1, 1, makeLeaf(ca)), tlsa(3, 1, 1, leaf)]).accepted).toBe(true);
    expect(verify([leaf, ca], [tlsa(3, 1, 1, makeLeaf(ca)), tlsa(1, 1, 1, leaf)], store).accepted).toBe(true);
  });
});

describe('records', () => {
  it('of which only the strongest digest counts, per usage and selector (RFC 7671, 9)', () => {
    const wrong = tlsa(3, 1, 2, makeLeaf(ca));
    expect(verify([leaf], [tlsa(3, 1, 1, leaf), wrong]).accepted).toBe(false);
    expect(verify([leaf], [tlsa(3, 1, 1, leaf), tlsa(3, 0, 2, makeLeaf(ca))]).accepted).toBe(true);
    expect(verify([leaf], [tlsa(3, 1, 0, leaf), wrong]).accepted).toBe(true);
    expect(verify([leaf], [tlsa(3, 1, 1, makeLeaf(ca)), tlsa(3, 1, 1, leaf)]).accepted).toBe(true);
  });

  it('that only name other end entities are judged at the leaf, without a path', () => {
    for (const usage of [1, 3]) {
      const seen: string[] = [];
      const verifyCallback = (ok: boolean, { result, depth }: { result: string; depth: number }): boolean => {
        seen.push(`${ok} ${result} ${depth}`);
        return true;
      };
      const options = { verifyCallback, params: new X509VerifyParam({ hosts: ['example.org'] }) };
      const outcome = verify([leaf, ca], [tlsa(usage, 1, 1, makeLeaf(ca))], store, options);
      expect(outcome).toMatchObject({ accepted: true, result: 'DANE_NO_MATCH', depth: 0, chain: [leaf.certificate], dane: undefined });
      expect(seen).toEqual(['false DANE_NO_MATCH 0']);
    }
  });

  it('have digests that a context chose: ranked as it says, and refused where it took one away', () => {
    const digests = new Map([
      [1, { hash: 'sha256', rank: 7 }],
      [2, { hash: 'sha512', rank: 2 }],
      [9, { hash: 'sha384', rank: 3 }],
    ] as const);
    const add = (...list: readonly Record[]): DaneRecords => {
      const records = new DaneRecords(digests);
      for (const record of list) records.add(...record);
      return records;
    };
    const byNine: Record = [3, 1, 9, nodeProvider.digest('sha384', leaf.certificate.spki)];
    const accepts = (...list: readonly Record[]): boolean => verifyNow([leaf], empty, { dane: add(...list) }).accepted;
    expect(
      add(tlsa(3, 1, 0, leaf), tlsa(3, 1, 2, leaf), byNine, tlsa(3, 1, 1, leaf)).records.map(({ matchingType }) => matchingType),
    ).toEqual([1, 9, 2, 0]);
    expect(accepts(byNine)).toBe(true);
    expect(accepts(byNine, tlsa(3, 1, 2, makeLeaf(ca)))).toBe(true);
    expect(accepts(tlsa(3, 1, 2, leaf), tlsa(3, 1, 1, makeLeaf(ca)))).toBe(false);
    expect(() => recordsOf(byNine)).toThrow(SslUsageError);
    expect(() => new DaneRecords(new Map()).add(...tlsa(3, 1, 1, leaf))).toThrow(
      expect.objectContaining({ reason: 'DANE_TLSA_BAD_MATCHING_TYPE' }),
    );
  });

  it('are as if they were not there when there are none', () => {
    expect(verify([leaf, ca], [], store)).toMatchObject({ accepted: true, dane: undefined });
  });

  it.each<[Reason, Record]>([
    ['DANE_TLSA_BAD_CERTIFICATE_USAGE', [4, 0, 1, new Uint8Array(32)]],
    ['DANE_TLSA_BAD_SELECTOR', [3, 2, 1, new Uint8Array(32)]],
    ['DANE_TLSA_BAD_MATCHING_TYPE', [3, 0, 3, new Uint8Array(32)]],
    ['DANE_TLSA_BAD_DIGEST_LENGTH', [3, 0, 1, new Uint8Array(31)]],
    ['DANE_TLSA_NULL_DATA', [3, 0, 1, new Uint8Array(0)]],
    ['DANE_TLSA_BAD_CERTIFICATE', [3, 0, 0, new Uint8Array(8)]],
    ['DANE_TLSA_BAD_PUBLIC_KEY', [3, 1, 0, new Uint8Array(8)]],
  ])('are refused with %s', (reason, record) => {
    const records = new DaneRecords();
    expect(() => records.add(...record)).toThrow(SslUsageError);
    try {
      records.add(...record);
    } catch (error) {
      expect((error as SslUsageError).reason).toBe(reason);
    }
    expect(records.enabled).toBe(false);
  });

  it('are copied for a duplicate', () => {
    const one = recordsOf(tlsa(3, 1, 1, leaf));
    const two = one.clone();
    two.add(...tlsa(2, 1, 0, root));
    expect([one.records.length, one.keys.length, two.records.length, two.keys.length]).toEqual([1, 0, 2, 1]);
    expect(two.records.map(({ usage }) => usage)).toEqual([3, 2]);
  });

  it('name raw public keys by 3 1 x only', () => {
    expect(recordsOf(tlsa(3, 1, 1, leaf)).matchRawKey(leaf.certificate.spki, nodeProvider)).toBeDefined();
    expect(recordsOf(tlsa(3, 1, 1, leaf)).matchRawKey(ca.certificate.spki, nodeProvider)).toBeUndefined();
    expect(recordsOf(tlsa(1, 1, 1, leaf)).matchRawKey(leaf.certificate.spki, nodeProvider)).toBeUndefined();
  });
});
