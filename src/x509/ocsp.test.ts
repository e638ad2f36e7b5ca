import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entity, makeIntermediate, makeLeaf, makeRoot, NOW, storeOf, verifyNow } from '../../test/support/authorities.ts';
import { makeOcsp, type OcspOptions } from '../../test/support/crls.ts';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { element, sequence } from '../asn1/der-writer.ts';
import { utf8 } from '../bytes/bytes.ts';
import { nodeProvider } from '../crypto/node.ts';
import { KEY_USAGE } from './extensions.ts';
import { checkOcspResponse, OCSP_CLOCK_SKEW, type OcspVerdict, ocspRequest, parseOcspResponse } from './ocsp.ts';

const DAY = 86_400;
const root = makeRoot();
const ca = makeIntermediate(root);
const leaf = makeLeaf(ca);
const other = makeLeaf(ca);

function check(der: Uint8Array, options: { readonly now?: number; readonly nonce?: Uint8Array } = {}): OcspVerdict {
  const verdict = checkOcspResponse(der, {
    provider: nodeProvider,
    certificate: leaf.certificate,
    issuer: ca.certificate,
    now: NOW,
    ...options,
  });
  if (verdict instanceof Promise) throw new TypeError('the verification was not synchronous');
  return verdict;
}

const answer = (options: OcspOptions = {}, about = [leaf.certificate], issuer: Entity = ca): Uint8Array => makeOcsp(issuer, about, options);

describe('checkOcspResponse', () => {
  it('tells what the issuer says', () => {
    expect(check(answer()).status).toBe('good');
    expect(check(answer({ status: 'revoked' }))).toMatchObject({ status: 'revoked', response: { revocationTime: NOW - DAY } });
    expect(check(answer({ status: 'unknown' })).status).toBe('unknown');
    expect(check(answer({ hash: 'sha256', byName: true })).status).toBe('good');
  });

  it('takes the entry about this certificate, wherever it stands', () => {
    expect(check(answer({ status: 'revoked' }, [other.certificate, leaf.certificate])).status).toBe('good');
    expect(check(answer({ status: 'revoked' }, [leaf.certificate, other.certificate])).status).toBe('revoked');
    expect(check(answer({}, [other.certificate]))).toMatchObject({ status: 'invalid', reason: 'nothing about this certificate' });
  });

  it('does not mistake a certificate of another issuer with the same number', () => {
    const twin = makeIntermediate(root, 'Twin');
    expect(check(answer({ responder: ca }, [leaf.certificate], twin)).status).toBe('invalid');
  });

  it('keeps the time, with a little patience for clocks', () => {
    const { status } = check(answer({ thisUpdate: NOW + OCSP_CLOCK_SKEW }));
    expect(status).toBe('good');
    expect(check(answer({ thisUpdate: NOW + OCSP_CLOCK_SKEW + 1, nextUpdate: NOW + DAY })).status).toBe('invalid');
    expect(check(answer({ nextUpdate: NOW - OCSP_CLOCK_SKEW })).status).toBe('good');
    expect(check(answer({ nextUpdate: NOW - OCSP_CLOCK_SKEW - 1 })).status).toBe('invalid');
    expect(check(answer({ nextUpdate: undefined })).status).toBe('invalid');
    expect(check(answer({ thisUpdate: NOW, nextUpdate: NOW - 1 })).status).toBe('invalid');
  });

  it('demands the nonce that was sent', () => {
    expect(check(answer({ nonce: utf8('n') }), { nonce: utf8('n') }).status).toBe('good');
    expect(check(answer({ nonce: utf8('m') }), { nonce: utf8('n') }).status).toBe('invalid');
    expect(check(answer(), { nonce: utf8('n') }).status).toBe('invalid');
  });

  it('refuses critical extensions it does not know', () => {
    const odd = { oid: '1.2.3', critical: true, value: utf8('x') };
    expect(check(answer({ singleExtensions: [odd] })).status).toBe('invalid');
    expect(check(answer({ responseExtensions: [odd] })).status).toBe('invalid');
    expect(check(answer({ responseExtensions: [{ ...odd, critical: false }] })).status).toBe('good');
  });

  it('refuses a signature that is not right, and what is no response', () => {
    const der = answer();
    der[der.length - 5] = (der[der.length - 5] as number) ^ 1;
    expect(check(der)).toMatchObject({ status: 'invalid', reason: 'a wrong signature' });
    expect(check(sequence(element(0x0a, Uint8Array.of(6)))).status).toBe('invalid');
    expect(check(new Uint8Array(0)).status).toBe('invalid');
    expect(() => parseOcspResponse(sequence(element(0x0a, Uint8Array.of(6))))).toThrow('status 6');
  });

  describe('of a responder', () => {
    const options = { names: undefined, extKeyUsage: ['ocspSigning'] } as const;
    const delegated = (responder: Entity): OcspVerdict['status'] =>
      check(answer({ responder, certificates: [responder.certificate] })).status;

    it('to whom the issuer delegated it', () => {
      const responder = makeLeaf(ca, options);
      expect(delegated(responder)).toBe('good');
      expect(check(answer({ responder })).status).toBe('invalid');
    });

    it.each<[string, Entity]>([
      ['without the purpose', makeLeaf(ca, { ...options, extKeyUsage: ['serverAuth'] })],
      ['with any purpose', makeLeaf(ca, { ...options, extKeyUsage: ['anyExtendedKeyUsage'] })],
      ['of another issuer', makeLeaf(root, options)],
      ['of an impostor with the issuer’s name', makeLeaf(makeRoot('Intermediate'), options)],
      ['that has expired', makeLeaf(ca, { ...options, notAfter: NOW - 1 })],
      ['that may not sign', makeLeaf(ca, { ...options, keyUsage: KEY_USAGE.keyEncipherment })],
      ['below one with the purpose', makeLeaf(makeIntermediate(ca, 'Below', { extKeyUsage: ['ocspSigning'] }), options)],
    ])('%s is refused', (_, responder) => {
      expect(delegated(responder)).toBe('invalid');
    });
  });

  it('ends for any bytes', () => {
    const der = answer();
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), (at, value) => {
        const changed = der.slice();
        changed[at] = value;
        expect(['good', 'invalid']).toContain(check(changed).status);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(() => parseOcspResponse(bytes)).toThrow(Asn1Error);
      }),
    );
  });
});

describe('staples in a verification', () => {
  const store = storeOf(root);
  const verdict = (entity: Entity, staples: readonly (Uint8Array | undefined)[] | undefined) =>
    verifyNow([entity, ca], store, { staples }).result;
  const must = makeLeaf(ca, { tlsFeature: [5] });

  it('count when they verify, and revocation ends it', () => {
    expect(verdict(leaf, [answer()])).toBe('OK');
    expect(verdict(leaf, [answer({ status: 'revoked' })])).toBe('CERT_REVOKED');
    expect(verdict(leaf, [answer({ status: 'unknown' })])).toBe('OCSP_CERT_UNKNOWN');
    expect(verdict(leaf, [answer({ nextUpdate: NOW - DAY })])).toBe('OCSP_VERIFY_FAILED');
    expect(verdict(leaf, [answer({}, [other.certificate])])).toBe('OCSP_VERIFY_FAILED');
  });

  it('are for their own place in the chain', () => {
    const above = makeOcsp(root, [ca.certificate]);
    expect(verdict(leaf, [answer(), above])).toBe('OK');
    expect(verdict(leaf, [undefined, above])).toBe('OK');
    expect(verdict(leaf, [above])).toBe('OCSP_VERIFY_FAILED');
    expect(verdict(leaf, [answer(), makeOcsp(root, [ca.certificate], { status: 'revoked' })])).toBe('CERT_REVOKED');
  });

  it('are a must where the certificate says so and somebody asked', () => {
    expect(verdict(must, undefined)).toBe('OK');
    expect(verdict(must, [])).toBe('OCSP_VERIFY_NEEDED');
    expect(verdict(must, [answer({}, [must.certificate])])).toBe('OK');
  });
});

describe('ocspRequest', () => {
  it('is DER that names the certificate', () => {
    const request = ocspRequest(leaf.certificate, ca.certificate, nodeProvider, utf8('nonce'));
    expect(request[0]).toBe(0x30);
    expect(Buffer.from(request).includes(Buffer.from(leaf.certificate.serialNumber))).toBe(true);
    expect(Buffer.from(request).includes('nonce')).toBe(true);
  });
});
