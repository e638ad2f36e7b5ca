import { describe, expect, it } from 'vitest';
import { makeIntermediate, makeLeaf, makeRoot, verifyNow } from '../../test/support/authorities.ts';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { contextConstructed } from '../asn1/der-reader.ts';
import { element, octetString, oid, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import { concat, utf8 } from '../bytes/bytes.ts';
import { PURPOSE_OIDS } from '../registry/oids.ts';
import { X509_TRUST } from '../registry/x509-flags.ts';
import { type Certificate, parseCertificates } from './certificate.ts';
import { X509Store } from './store.ts';
import type { VerifyOutcome } from './verify.ts';
import { X509VerifyParam } from './verify-params.ts';

const { serverAuth, clientAuth, anyExtendedKeyUsage } = PURPOSE_OIDS;
const root = makeRoot();
const ca = makeIntermediate(root);
const chain = [makeLeaf(ca, { extKeyUsage: ['serverAuth', 'clientAuth'] }), ca];

/** A TRUSTED CERTIFICATE as `openssl x509 -addtrust -addreject -setalias` writes it. */
const trustedBytes = ({ der }: Certificate, trust?: readonly string[], reject?: readonly string[]): Uint8Array =>
  concat(
    der,
    sequence(
      trust && sequence(...trust.map(oid)),
      reject && element(contextConstructed(0), ...reject.map(oid)),
      element(0x0c, utf8('alias')),
      octetString(Uint8Array.of(1)),
    ),
  );

function verdict(
  certificate: Certificate,
  trust?: readonly string[],
  reject?: readonly string[],
  params = new X509VerifyParam(),
): VerifyOutcome {
  const store = new X509Store();
  store.addPem(pemText('TRUSTED CERTIFICATE', trustedBytes(certificate, trust, reject)));
  return verifyNow(chain, store, { params });
}

const ANCHOR = root.certificate;

describe('a trusted certificate', () => {
  it('is an anchor for the purposes it names', () => {
    expect(verdict(ANCHOR, [serverAuth]).result).toBe('OK');
    expect(verdict(ANCHOR, [anyExtendedKeyUsage]).result).toBe('OK');
    expect(verdict(ANCHOR, [clientAuth]).result).toBe('CERT_REJECTED');
    expect(verdict(ANCHOR, []).result).toBe('CERT_REJECTED');
  });

  it('is none for those it rejects, whatever else it says', () => {
    expect(verdict(ANCHOR, undefined, [clientAuth]).result).toBe('OK');
    expect(verdict(ANCHOR, undefined, [serverAuth]).result).toBe('CERT_REJECTED');
    expect(verdict(ANCHOR, [serverAuth], [anyExtendedKeyUsage]).result).toBe('CERT_REJECTED');
  });

  it('need not be a root where it is trusted by name', () => {
    expect(verdict(ca.certificate, [serverAuth])).toMatchObject({ result: 'OK', chain: { length: 2 } });
    expect(verdict(ca.certificate).result).toBe('UNABLE_TO_GET_ISSUER_CERT');
  });

  it('is judged for the trust that the parameters ask for', () => {
    const asking = (trust: number): X509VerifyParam => new X509VerifyParam({ trust });
    expect(verdict(ANCHOR, [clientAuth], undefined, asking(X509_TRUST.SSL_CLIENT)).result).toBe('OK');
    expect(verdict(ANCHOR, [serverAuth], undefined, asking(X509_TRUST.SSL_CLIENT)).result).toBe('CERT_REJECTED');
    expect(verdict(ANCHOR, [clientAuth], undefined, asking(X509_TRUST.COMPAT)).result).toBe('OK');
  });

  it('may come without settings, and not with anything behind them', () => {
    const parse = (bytes: Uint8Array): Certificate[] => parseCertificates(pemText('TRUSTED CERTIFICATE', bytes));
    expect(parse(ANCHOR.der)[0]?.trustSettings).toBeUndefined();
    expect(parse(trustedBytes(ANCHOR, [serverAuth]))[0]?.trustSettings).toEqual({ trust: [serverAuth], reject: [] });
    expect(() => parse(concat(trustedBytes(ANCHOR), Uint8Array.of(5, 0)))).toThrow(Asn1Error);
    expect(() => parse(concat(ANCHOR.der, Uint8Array.of(5, 0)))).toThrow(Asn1Error);
  });
});
