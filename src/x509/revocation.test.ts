import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeIntermediate, makeLeaf, makeRoot, NOW, storeOf, verifyNow } from '../../test/support/authorities.ts';
import { type CrlExtension, makeCrl } from '../../test/support/crls.ts';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { context, contextConstructed } from '../asn1/der-reader.ts';
import { element, explicit, integer, namedBits, namedBitsContents, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import { utf8 } from '../bytes/bytes.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import type { Certificate } from './certificate.ts';
import { CRL_REASONS, type Crl, parseCrl, parseCrls } from './crl.ts';
import { KEY_USAGE } from './extensions.ts';

const DAY = 86_400;
const root = makeRoot();
const ca = makeIntermediate(root);
const leaf = makeLeaf(ca);
const store = storeOf(root);

const entryFor = (certificate: Certificate, reason?: number) => ({
  serial: certificate.serialNumber,
  ...(reason === undefined ? {} : { extensions: [{ oid: EXTENSION_OIDS.reasonCode, value: element(0x0a, Uint8Array.of(reason)) }] }),
});

const verdict = (crls: readonly Crl[], flags = 0, chain = [leaf, ca]): X509VerifyResult =>
  verifyNow(chain, store, { crls, flags: flags | X509_V_FLAG.CRL_CHECK }).result;

/** DistributionPointName with one URI. */
const fullName = (uri: string): Uint8Array => explicit(0, element(contextConstructed(0), element(context(6), utf8(uri))));
const scope = (...fields: readonly (Uint8Array | undefined)[]): CrlExtension => ({
  oid: EXTENSION_OIDS.issuingDistributionPoint,
  critical: true,
  value: sequence(...fields),
});
const flag = (n: number): Uint8Array => element(context(n), Uint8Array.of(0xff));

describe('CRLs', () => {
  it('are asked for only with a flag', () => {
    expect(verifyNow([leaf, ca], store, { crls: [makeCrl(ca, { revoked: [entryFor(leaf.certificate)] })] }).result).toBe('OK');
    expect(verdict([])).toBe('UNABLE_TO_GET_CRL');
  });

  it('come from the store or the caller', () => {
    const own = storeOf(root);
    own.addCrl(makeCrl(ca));
    expect(verifyNow([leaf, ca], own, { flags: X509_V_FLAG.CRL_CHECK }).result).toBe('OK');
    const bundled = storeOf();
    bundled.addPem(pemText('CERTIFICATE', root.certificate.der) + pemText('X509 CRL', makeCrl(ca).der));
    expect(verifyNow([leaf, ca], bundled, { flags: X509_V_FLAG.CRL_CHECK }).result).toBe('OK');
  });

  it.each<[string, Crl, X509VerifyResult]>([
    ['the certificate is not on it', makeCrl(ca, { revoked: [entryFor(ca.certificate)] }), 'OK'],
    ['the certificate is on it', makeCrl(ca, { revoked: [entryFor(leaf.certificate)] }), 'CERT_REVOKED'],
    ['for a reason', makeCrl(ca, { revoked: [entryFor(leaf.certificate, CRL_REASONS.keyCompromise)] }), 'CERT_REVOKED'],
    ['on hold', makeCrl(ca, { revoked: [entryFor(leaf.certificate, CRL_REASONS.certificateHold)] }), 'CERT_REVOKED'],
    ['another issuer’s', makeCrl(root, { revoked: [entryFor(leaf.certificate)] }), 'UNABLE_TO_GET_CRL'],
    ['out of date', makeCrl(ca, { thisUpdate: NOW - 2 * DAY, nextUpdate: NOW - 1 }), 'CRL_HAS_EXPIRED'],
    ['to the second', makeCrl(ca, { thisUpdate: NOW, nextUpdate: NOW }), 'OK'],
    ['from the future', makeCrl(ca, { thisUpdate: NOW + 1 }), 'CRL_NOT_YET_VALID'],
    ['without a next update', makeCrl(ca, { nextUpdate: undefined }), 'OK'],
    [
      'an unknown critical extension',
      makeCrl(ca, { extensions: [{ oid: '1.2.3', critical: true, value: utf8('x') }] }),
      'UNHANDLED_CRITICAL_CRL_EXTENSION',
    ],
    [
      'an unknown critical extension of an entry',
      makeCrl(ca, { revoked: [{ serial: Uint8Array.of(7), extensions: [{ oid: '1.2.3', critical: true, value: utf8('x') }] }] }),
      'UNHANDLED_CRITICAL_CRL_EXTENSION',
    ],
    ['an unknown extension', makeCrl(ca, { extensions: [{ oid: '1.2.3', value: utf8('x') }] }), 'OK'],
    [
      'a malformed extension',
      makeCrl(ca, { extensions: [{ oid: EXTENSION_OIDS.authorityKeyIdentifier, value: utf8('x') }] }),
      'INVALID_EXTENSION',
    ],
    [
      'a malformed reason',
      makeCrl(ca, { revoked: [{ serial: Uint8Array.of(7), extensions: [{ oid: EXTENSION_OIDS.reasonCode, value: utf8('x') }] }] }),
      'INVALID_EXTENSION',
    ],
  ])('%s', (_, crl, result) => {
    expect(verdict([crl])).toBe(result);
  });

  it('must be signed by the issuer, with a key that may', () => {
    const good = makeCrl(ca, { revoked: [] });
    const der = good.der.slice();
    der[der.length - 5] = (der[der.length - 5] as number) ^ 1;
    expect(verdict([parseCrl(der)])).toBe('CRL_SIGNATURE_FAILURE');
    const impostor = makeRoot('Intermediate');
    expect(verdict([makeCrl(impostor)])).toBe('CRL_SIGNATURE_FAILURE');
    const mute = makeIntermediate(root, 'Mute', { keyUsage: KEY_USAGE.keyCertSign });
    expect(verdict([makeCrl(mute)], 0, [makeLeaf(mute), mute])).toBe('KEYUSAGE_NO_CRL_SIGN');
  });

  it('the newest that is in force decides', () => {
    const old = makeCrl(ca, { thisUpdate: NOW - 3 * DAY });
    const revoking = makeCrl(ca, { thisUpdate: NOW - DAY, revoked: [entryFor(leaf.certificate)] });
    const expired = makeCrl(ca, { thisUpdate: NOW - 5 * DAY, nextUpdate: NOW - 4 * DAY });
    for (const crls of [
      [old, revoking, expired],
      [expired, revoking, old],
    ]) {
      expect(verdict(crls)).toBe('CERT_REVOKED');
    }
    expect(verdict([expired, old])).toBe('OK');
  });

  it('of the whole path with CRL_CHECK_ALL, the anchor included', () => {
    const all = X509_V_FLAG.CRL_CHECK_ALL;
    expect(verdict([makeCrl(ca), makeCrl(root)], all)).toBe('OK');
    expect(verdict([makeCrl(ca)], all)).toBe('UNABLE_TO_GET_CRL');
    expect(verdict([makeCrl(ca), makeCrl(root, { revoked: [entryFor(ca.certificate)] })], all)).toBe('CERT_REVOKED');
  });

  it('under X509_STRICT have a number, a key identifier and a next update', () => {
    const identifier = {
      oid: EXTENSION_OIDS.authorityKeyIdentifier,
      value: sequence(element(context(0), ca.certificate.extensions.subjectKeyIdentifier ?? new Uint8Array(0))),
    };
    expect(verdict([makeCrl(ca, { extensions: [identifier] })], X509_V_FLAG.X509_STRICT)).toBe('OK');
    expect(verdict([makeCrl(ca)], X509_V_FLAG.X509_STRICT)).toBe('INVALID_EXTENSION');
    expect(verdict([makeCrl(ca, { extensions: [identifier], nextUpdate: undefined })], X509_V_FLAG.X509_STRICT)).toBe('INVALID_EXTENSION');
  });

  it('may be overridden, and are heard all the same', () => {
    const results: X509VerifyResult[] = [];
    const crls = [makeCrl(ca, { thisUpdate: NOW - 2 * DAY, nextUpdate: NOW - 1, revoked: [entryFor(leaf.certificate)] })];
    verifyNow([leaf, ca], store, {
      crls,
      flags: X509_V_FLAG.CRL_CHECK,
      verifyCallback: (ok, { result, crl }) => {
        if (!ok) results.push(result);
        if (!ok) expect(crl).toBe(crls[0]);
        return true;
      },
    });
    expect(results).toEqual(['CRL_HAS_EXPIRED', 'CERT_REVOKED']);
  });
});

describe('scopes', () => {
  const point = sequence(sequence(fullName('http://crl.example/1')));
  const pointed = makeLeaf(ca, { extensions: [{ oid: EXTENSION_OIDS.cRLDistributionPoints, value: point }] });
  const status = (crls: readonly Crl[], flags = 0): X509VerifyResult => verdict(crls, flags, [pointed, ca]);

  it('the distribution points must have a name in common', () => {
    expect(status([makeCrl(ca, { extensions: [scope(fullName('http://crl.example/1'))] })])).toBe('OK');
    expect(status([makeCrl(ca, { extensions: [scope(fullName('http://crl.example/2'))] })])).toBe('DIFFERENT_CRL_SCOPE');
    expect(verdict([makeCrl(ca, { extensions: [scope(fullName('http://crl.example/1'))] })])).toBe('DIFFERENT_CRL_SCOPE');
  });

  it('a list for users, authorities or attributes only', () => {
    expect(verdict([makeCrl(ca, { extensions: [scope(flag(1))] })])).toBe('OK');
    expect(verdict([makeCrl(ca, { extensions: [scope(flag(2))] })])).toBe('DIFFERENT_CRL_SCOPE');
    expect(verdict([makeCrl(ca, { extensions: [scope(flag(5))] })])).toBe('DIFFERENT_CRL_SCOPE');
    const users = [makeCrl(ca), makeCrl(root, { extensions: [scope(flag(1))] })];
    expect(verdict(users, X509_V_FLAG.CRL_CHECK_ALL)).toBe('DIFFERENT_CRL_SCOPE');
  });

  it('lists for some reasons need the flag, and all reasons together', () => {
    const reasons = (mask: number): CrlExtension => scope(element(context(3), namedBitsContents(mask)));
    const some = makeCrl(ca, { extensions: [reasons(0b110)] });
    const rest = makeCrl(ca, { extensions: [reasons(0x1f8)] });
    const flags = X509_V_FLAG.EXTENDED_CRL_SUPPORT;
    expect(verdict([some, rest])).toBe('DIFFERENT_CRL_SCOPE');
    expect(verdict([some], flags)).toBe('DIFFERENT_CRL_SCOPE');
    expect(verdict([some, rest], flags)).toBe('OK');
    expect(namedBits(0b110)).toHaveLength(4);
  });

  it('an indirect list speaks for others, when the certificate names its issuer, and that one has a path', () => {
    const authority = makeIntermediate(root, 'CRL issuer', { keyUsage: KEY_USAGE.cRLSign, ca: false });
    const stranger = makeIntermediate(makeRoot('Stranger'), 'CRL issuer', { keyUsage: KEY_USAGE.cRLSign, ca: false });
    const named = makeLeaf(ca, {
      extensions: [
        {
          oid: EXTENSION_OIDS.cRLDistributionPoints,
          value: sequence(sequence(element(contextConstructed(2), explicit(4, authority.certificate.subject.raw)))),
        },
      ],
    });
    const issuedBy = (name: Uint8Array): CrlExtension => ({
      oid: EXTENSION_OIDS.certificateIssuer,
      critical: true,
      value: sequence(explicit(4, name)),
    });
    const list = (by: typeof authority, revoked: boolean): Crl =>
      makeCrl(by, {
        extensions: [scope(flag(4))],
        revoked: [
          { serial: Uint8Array.of(1), extensions: [issuedBy(root.certificate.subject.raw)] },
          { serial: named.certificate.serialNumber },
          ...(revoked ? [{ serial: named.certificate.serialNumber, extensions: [issuedBy(ca.certificate.subject.raw)] }] : []),
        ],
      });
    const check = (by: typeof authority, revoked: boolean, flags: number): X509VerifyResult =>
      verdict([list(by, revoked)], flags, [named, ca, by]);
    const flags = X509_V_FLAG.EXTENDED_CRL_SUPPORT;
    expect(check(authority, false, 0)).toBe('UNABLE_TO_GET_CRL');
    expect(check(authority, false, flags)).toBe('OK');
    expect(check(authority, true, flags)).toBe('CERT_REVOKED');
    expect(check(stranger, false, flags)).toBe('UNABLE_TO_GET_CRL_ISSUER');
  });
});

describe('delta CRLs', () => {
  const delta = (base: number, number: number, revoked: Parameters<typeof makeCrl>[1] = {}): Crl =>
    makeCrl(ca, { number, extensions: [{ oid: EXTENSION_OIDS.deltaCRLIndicator, critical: true, value: integer(base) }], ...revoked });
  const flags = X509_V_FLAG.USE_DELTAS;

  it('add to and remove from their base', () => {
    const revoking = { revoked: [entryFor(leaf.certificate, CRL_REASONS.superseded)] };
    const removing = { revoked: [entryFor(leaf.certificate, CRL_REASONS.removeFromCRL)] };
    expect(verdict([makeCrl(ca, { number: 5 }), delta(5, 6, revoking)], flags)).toBe('CERT_REVOKED');
    expect(verdict([makeCrl(ca, { number: 5 }), delta(5, 6, revoking)])).toBe('OK');
    expect(verdict([makeCrl(ca, { number: 5, ...revoking }), delta(5, 6, removing)], flags)).toBe('OK');
  });

  it('apply only to a base that is not older than they presume, nor newer than they are', () => {
    const revoking = { revoked: [entryFor(leaf.certificate)] };
    expect(verdict([makeCrl(ca, { number: 4 }), delta(5, 6, revoking)], flags)).toBe('OK');
    expect(verdict([makeCrl(ca, { number: 6 }), delta(5, 6, revoking)], flags)).toBe('OK');
    expect(verdict([makeCrl(ca, { number: 300 }), delta(255, 301, revoking)], flags)).toBe('CERT_REVOKED');
  });

  it('are no base themselves', () => {
    expect(verdict([delta(5, 6)], flags)).toBe('UNABLE_TO_GET_CRL');
  });
});

describe('parseCrl', () => {
  const crl = makeCrl(ca, { revoked: [entryFor(leaf.certificate, 1), { serial: Uint8Array.of(9) }] });

  it('reads fields and entries', () => {
    expect(crl.issuer.matches(ca.certificate.subject)).toBe(true);
    expect(crl.entries.map(({ reason }) => reason)).toEqual([1, undefined]);
    expect(crl.find(Uint8Array.of(9), ca.certificate.subject)?.revocationDate).toBe(NOW - DAY);
    expect(crl.find(Uint8Array.of(9), root.certificate.subject)).toBeUndefined();
    expect(parseCrls(pemText('X509 CRL', crl.der))).toHaveLength(1);
    expect(parseCrls(crl.der)).toHaveLength(1);
  });

  it('ends for any bytes, in a list or in its own refusal', () => {
    fc.assert(
      fc.property(fc.nat(crl.der.length - 1), fc.nat(255), (at, value) => {
        const der = crl.der.slice();
        der[at] = value;
        try {
          void parseCrl(der).entries;
        } catch (error) {
          expect(error).toBeInstanceOf(Asn1Error);
        }
      }),
      { numRuns: 500 },
    );
  });
});
