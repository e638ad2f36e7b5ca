import { describe, expect, it } from 'vitest';
import { makeIntermediate, makeRoot } from '../../test/support/authorities.ts';
import { makeCrl } from '../../test/support/crls.ts';
import { pemText } from '../asn1/pem.ts';
import { utf8 } from '../bytes/bytes.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import { makeName } from './issue.ts';
import { X509Store } from './store.ts';

const root = makeRoot().certificate;
const other = makeIntermediate(makeRoot()).certificate;

describe('X509Store', () => {
  it('finds certificates by subject, however it is written', () => {
    const store = new X509Store();
    expect(store.add(root)).toBe(true);
    expect(store.withSubject(makeName(' ROOT'))).toEqual([root]);
    expect(store.withSubject(other.subject)).toEqual([]);
    expect(store.has(root)).toBe(true);
    expect(store.has(makeRoot().certificate)).toBe(false);
  });

  it('holds each certificate once', () => {
    const store = new X509Store();
    store.add(root);
    expect(store.add(root)).toBe(false);
    store.addPem(pemText('CERTIFICATE', root.der));
    expect(store.certificates).toEqual([root]);
  });

  it('reads bundles when it is asked, and leaves out what cannot be parsed', () => {
    const store = new X509Store();
    store.addPem(
      utf8(
        `# roots\n${pemText('CERTIFICATE', root.der)}${pemText('CERTIFICATE', Uint8Array.of(0x30, 0))}${pemText('X509 CERTIFICATE', other.der)}`,
      ),
    );
    store.addPem('-----BEGIN CERTIFICATE-----\nnever ends');
    expect(store.certificates.map(({ der }) => der)).toEqual([root.der, other.der]);
  });

  it('takes CRLs from bundles and from callers', () => {
    const crl = makeCrl(makeRoot());
    const store = new X509Store();
    store.addCrl(crl);
    store.addPem(pemText('X509 CRL', crl.der));
    expect(store.crls).toHaveLength(2);
  });

  it('has parameters of its own', () => {
    const store = new X509Store();
    store.setFlags(X509_V_FLAG.PARTIAL_CHAIN);
    expect(store.params.has(X509_V_FLAG.PARTIAL_CHAIN)).toBe(true);
  });

  it('goes with its last reference', () => {
    const store = new X509Store();
    store.add(root);
    store.upRef();
    store.free();
    expect(store.certificates).toHaveLength(1);
    store.free();
    expect(store.certificates).toHaveLength(0);
    store.free();
  });
});
