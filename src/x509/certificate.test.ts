import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeIntermediate, makeLeaf, makeRoot, NOW } from '../../test/support/authorities.ts';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { contextConstructed, DerReader, TAG } from '../asn1/der-reader.ts';
import { bitString, boolean, element, explicit, integer, octetString, oid, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import { concat, fromHex, toHex } from '../bytes/bytes.ts';
import { nodeProvider } from '../crypto/node.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import { type Certificate, parseCertificate, parseCertificates } from './certificate.ts';
import { KEY_USAGE, MAX_EXTENSIONS } from './extensions.ts';
import { MAX_NAMES } from './general-name.ts';

const root = makeRoot();
const ca = makeIntermediate(root, 'CA', { ca: { pathLength: 2 }, permitted: { dns: ['example.com'] } });
const leaf = makeLeaf(ca, {
  subject: [
    ['C', 'CH'],
    ['O', 'Example'],
    ['CN', 'example.com'],
  ],
  names: {
    dns: ['example.com', '*.example.com'],
    ip: [Uint8Array.of(192, 0, 2, 1)],
    email: ['a@example.com'],
    uri: ['https://example.com/'],
  },
  extKeyUsage: ['serverAuth', 'clientAuth'],
  policies: ['2.23.140.1.2.1'],
  tlsFeature: [5],
  serial: fromHex('00ff01'),
}).certificate;

/** The fields of a TBSCertificate, so that one can be replaced. */
function partsOf(certificate: Certificate): Uint8Array[] {
  const r = new DerReader(certificate.tbs).enter(TAG.sequence);
  const parts: Uint8Array[] = [];
  while (!r.empty) parts.push(r.element());
  return parts;
}

const reassemble = (parts: readonly Uint8Array[], certificate: Certificate = leaf): Uint8Array =>
  sequence(sequence(...parts), certificate.signatureAlgorithm.raw, bitString(certificate.signature));

const withPart = (index: number, part: Uint8Array): Uint8Array => reassemble(partsOf(leaf).map((old, i) => (i === index ? part : old)));

const VERSION = 0;
const SERIAL = 1;
const ALGORITHM = 2;
const VALIDITY = 4;
const SPKI = 6;
const EXTENSIONS = 7;

const extension = (id: string, value: Uint8Array, critical?: boolean): Uint8Array =>
  sequence(oid(id), critical === undefined ? undefined : boolean(critical), octetString(value));
const withExtensions = (...list: readonly Uint8Array[]): Uint8Array => withPart(EXTENSIONS, explicit(3, sequence(...list)));

describe('parseCertificate', () => {
  it('reads every field', () => {
    expect(leaf.version).toBe(3);
    expect(toHex(leaf.serialNumber)).toBe('ff01');
    expect(leaf.subject.values('2.5.4.3')).toEqual(['example.com']);
    expect(leaf.issuer.matches(ca.certificate.subject)).toBe(true);
    expect(leaf.notBefore).toBeLessThan(NOW);
    expect(leaf.notAfter).toBeGreaterThan(NOW);
    expect(leaf.publicKey?.kind).toBe('ec');
    expect(leaf.selfIssued).toBe(false);
    expect(root.certificate.selfIssued).toBe(true);
    expect(leaf.fingerprint(nodeProvider)).toEqual(nodeProvider.digest('sha256', leaf.der));
  });

  it('reads the extensions it knows', () => {
    const { extensions } = leaf;
    expect(extensions.keyUsage).toBe(KEY_USAGE.digitalSignature);
    expect(extensions.extKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(extensions.subjectAltName?.map(({ kind }) => kind)).toEqual(['email', 'dns', 'dns', 'uri', 'ip']);
    expect(extensions.certificatePolicies).toEqual([{ policy: '2.23.140.1.2.1', qualifiers: [] }]);
    expect(extensions.tlsFeature).toEqual([5]);
    expect(extensions.authorityKeyIdentifier?.keyIdentifier).toEqual(ca.certificate.extensions.subjectKeyIdentifier);
    expect(ca.certificate.extensions.basicConstraints).toEqual({ ca: true, pathLength: 2 });
    expect(ca.certificate.extensions.nameConstraints?.permitted).toHaveLength(1);
    expect(leaf.malformedExtensions).toEqual([]);
  });

  it('copies nothing but what many certificates share', () => {
    for (const view of [leaf.tbs, leaf.spki, leaf.signature, leaf.serialNumber]) expect(view.buffer).toBe(leaf.der.buffer);
    const again = parseCertificate(leaf.der.slice());
    expect(again.issuer).toBe(leaf.issuer);
    expect(again.signatureAlgorithm).toBe(leaf.signatureAlgorithm);
    expect(again.issuer.raw.buffer).not.toBe(again.der.buffer);
  });

  it('is the same after being taken apart and put together', () => {
    expect(reassemble(partsOf(leaf))).toEqual(leaf.der);
  });

  it.each([
    ['a byte too many', concat(leaf.der, Uint8Array.of(0))],
    ['a byte too few', leaf.der.subarray(0, -1)],
    ['a negative serial number', withPart(SERIAL, fromHex('0201ff'))],
    ['an empty serial number', withPart(SERIAL, fromHex('0200'))],
    ['a serial number that is not minimal', withPart(SERIAL, fromHex('02020001'))],
    ['version 1 spelled out', withPart(VERSION, explicit(0, integer(0)))],
    ['version 4', withPart(VERSION, explicit(0, integer(3)))],
    ['extensions in version 2', withPart(VERSION, explicit(0, integer(1)))],
    ['another signature algorithm inside', withPart(ALGORITHM, sequence(oid('1.2.840.113549.1.1.11'), fromHex('0500')))],
    ['times that are none', withPart(VALIDITY, sequence(element(TAG.utcTime), element(TAG.utcTime)))],
    ['no time at all', withPart(VALIDITY, sequence())],
    ['a key that is not whole bytes', withPart(SPKI, sequence(sequence(oid('1.2.3')), fromHex('030201fe')))],
    ['an empty list of extensions', withExtensions()],
    ['an extension that appears twice', withExtensions(extension('1.2.3', fromHex('0500')), extension('1.2.3', fromHex('0500')))],
    ['something after the extensions', reassemble([...partsOf(leaf), element(contextConstructed(4))])],
    [
      'too many extensions',
      withExtensions(...Array.from({ length: MAX_EXTENSIONS + 1 }, (_, i) => extension(`1.2.${i}`, fromHex('0500')))),
    ],
    ['nothing', new Uint8Array(0)],
  ])('refuses %s', (_, der) => {
    expect(() => parseCertificate(der)).toThrow(Asn1Error);
  });

  it('accepts as many extensions as allowed', () => {
    const many = Array.from({ length: MAX_EXTENSIONS }, (_, i) => extension(`1.2.${i}`, fromHex('0500')));
    expect(parseCertificate(withExtensions(...many)).extensionList).toHaveLength(MAX_EXTENSIONS);
  });

  it('reads as many names as allowed, and calls more malformed', () => {
    const names = (n: number): Certificate =>
      parseCertificate(
        withExtensions(extension(EXTENSION_OIDS.subjectAltName, sequence(...Array.from({ length: n }, () => fromHex('820161'))))),
      );
    expect(names(MAX_NAMES).extensions.subjectAltName).toHaveLength(MAX_NAMES);
    expect(names(MAX_NAMES + 1).malformedExtensions).toEqual([EXTENSION_OIDS.subjectAltName]);
  });

  it('remembers unknown critical extensions', () => {
    const certificate = parseCertificate(withExtensions(extension('1.2.3', fromHex('0500'), true), extension('1.2.4', fromHex('0500'))));
    expect(certificate.isCritical('1.2.3')).toBe(true);
    expect(certificate.isCritical('1.2.4')).toBe(false);
    expect(certificate.has('1.2.4')).toBe(true);
  });

  it.each([
    ['trailing bytes', EXTENSION_OIDS.keyUsage, '0302078000'],
    ['another type', EXTENSION_OIDS.basicConstraints, '0500'],
    ['no names', EXTENSION_OIDS.subjectAltName, '3000'],
    ['a name that is not ASCII', EXTENSION_OIDS.subjectAltName, '30048202c3bc'],
    ['no purpose', EXTENSION_OIDS.extKeyUsage, '3000'],
    ['constraints on nothing', EXTENSION_OIDS.nameConstraints, '3000'],
    ['a negative path length', EXTENSION_OIDS.basicConstraints, '30060101ff0201ff'],
    ['a mark with contents', EXTENSION_OIDS.ocspNoCheck, '050100'],
  ])('lists an extension with %s as malformed, and does not show it', (_, id, hex) => {
    const certificate = parseCertificate(withExtensions(extension(id, fromHex(hex))));
    expect(certificate.malformedExtensions).toEqual([id]);
    expect(Object.keys(certificate.extensions)).toEqual([]);
  });

  it('leaves the key of an unknown algorithm undefined and tells which it is', () => {
    const certificate = parseCertificate(withPart(SPKI, sequence(sequence(oid('1.2.3.4')), bitString(fromHex('aa')))));
    expect(certificate.publicKey).toBeUndefined();
    expect(certificate.publicKeyAlgorithm.oid).toBe('1.2.3.4');
  });

  it('has no key for a point in another form than uncompressed, or on another curve', () => {
    const key = (curve: string, point: string): Uint8Array =>
      withPart(SPKI, sequence(sequence(oid('1.2.840.10045.2.1'), oid(curve)), bitString(fromHex(point))));
    expect(parseCertificate(key('1.2.840.10045.3.1.7', `02${'11'.repeat(32)}`)).publicKey).toBeUndefined();
    expect(parseCertificate(key('1.2.840.10045.3.1.1', `04${'11'.repeat(48)}`)).publicKey).toBeUndefined();
    expect(parseCertificate(key('1.2.840.10045.3.1.7', `04${'11'.repeat(63)}`)).publicKey).toBeUndefined();
  });

  it('ends for any bytes, in a certificate or in its own refusal', () => {
    const survives = (der: Uint8Array): void => {
      try {
        const certificate = parseCertificate(der);
        void certificate.extensions;
        void certificate.publicKey;
        void certificate.subject.key;
        void certificate.selfIssued;
      } catch (error) {
        expect(error).toBeInstanceOf(Asn1Error);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), survives));
    const position = fc.nat(leaf.der.length - 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(position, fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const der = leaf.der.slice();
        for (const [at, value] of changes) der[at] = value;
        survives(der);
      }),
      { numRuns: 2000 },
    );
    for (let length = 0; length < leaf.der.length; length++)
      expect(() => parseCertificate(leaf.der.subarray(0, length))).toThrow(Asn1Error);
  });
});

describe('parseCertificates', () => {
  it('reads bundles and single certificates, in PEM and in DER', () => {
    const bundle = pemText('CERTIFICATE', leaf.der) + pemText('PRIVATE KEY', fromHex('00')) + pemText('CERTIFICATE', root.certificate.der);
    expect(parseCertificates(bundle).map((certificate) => toHex(certificate.der))).toEqual([leaf.der, root.certificate.der].map(toHex));
    expect(parseCertificates(leaf.der)).toHaveLength(1);
    expect(parseCertificates('')).toEqual([]);
    expect(() => parseCertificates(pemText('CERTIFICATE', fromHex('3000')))).toThrow(Asn1Error);
  });
});
