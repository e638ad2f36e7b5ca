import { describe, expect, it } from 'vitest';
import { makeLeaf, makeRoot } from '../../test/support/authorities.ts';
import { context } from '../asn1/der-reader.ts';
import { element, sequence } from '../asn1/der-writer.ts';
import { utf8 } from '../bytes/bytes.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import { X509_CHECK_FLAG } from '../registry/x509-flags.ts';
import type { Certificate } from './certificate.ts';
import { asciiLower, matchEmail, matchHost, matchIp } from './hostname.ts';
import { addressText, parseIp } from './ip-address.ts';
import type { IssueNames } from './issue.ts';

const root = makeRoot();
const withNames = (names: IssueNames): Certificate => makeLeaf(root, { subject: 'cn.example.com', names }).certificate;
const withDns = (...dns: string[]): Certificate => withNames({ dns });
const bare = makeLeaf(root, { subject: 'cn.example.com', names: undefined }).certificate;

describe('matchHost', () => {
  it.each([
    ['example.com', 'example.com'],
    ['EXAMPLE.com', 'example.COM'],
    ['example.com', 'example.com.'],
    ['*.example.com', 'www.example.com'],
    ['*.example.com', 'WWW.EXAMPLE.COM.'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['*.example.com', 'xn--bcher-kva.example.com'],
    ['*.xn--bcher-kva.example', 'www.XN--BCHER-KVA.example'],
    ['my_service.local', 'my_service.local'],
    ['localhost', 'localhost'],
    ['a.b.c.d.example.com', 'a.b.c.d.example.com'],
  ])('%s covers %s', (presented, host) => {
    expect(matchHost(withDns(presented), host)).toBe(presented);
  });

  it.each([
    ['example.com', 'www.example.com'],
    ['www.example.com', 'example.com'],
    ['*.example.com', 'example.com'],
    ['*.example.com', 'a.b.example.com'],
    ['*.example.com', '.example.com'],
    ['*.com', 'example.com'],
    ['*', 'localhost'],
    ['w*.example.com', 'www.example.com'],
    ['*w.example.com', 'www.example.com'],
    ['www.*.com', 'www.example.com'],
    ['*.*.example.com', 'a.b.example.com'],
    ['xn--*.example.com', 'xn--a.example.com'],
    ['*.xn--bcher-kva.example', 'www.bücher.example'],
    ['xn--bcher-kva.example', 'bücher.example'],
    ['xn--bcher-*.example', 'xn--bcher-kva.example'],
    ['f*.example.com', 'foo.example.com'],
    ['*xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['example.com.', 'example.com'],
    ['example.com', 'example.com..'],
    ['example..com', 'example..com'],
    ['-a.example.com', '-a.example.com'],
    ['example.com', ''],
    ['example.com', '.'],
    ['example.com', '*.example.com'],
    ['*.example.com', '*.example.com'],
    ['example.com\0.evil.example', 'example.com'],
    ['example.com', 'example.com\0'],
    ['bücher.example'.replace('ü', 'u'), 'bücher.example'],
    ['192.0.2.1', '192.0.2.1'],
    ['*.0.2.1', '192.0.2.1'],
    ['K.example', '\u212a.example'],
  ])('%s does not cover %s', (presented, host) => {
    expect(matchHost(withDns(presented), host)).toBeUndefined();
  });

  it('refuses partial wildcards whatever the flags say (RFC 9525, 6.3)', () => {
    for (const flags of [0, X509_CHECK_FLAG.NO_PARTIAL_WILDCARDS, X509_CHECK_FLAG.MULTI_LABEL_WILDCARDS])
      expect(matchHost(withDns('f*.example.com'), 'foo.example.com', flags)).toBeUndefined();
  });

  it('takes no U-label of a certificate for what it stands for: an IA5String has none', () => {
    const bytes = element(context(2), utf8('bücher.example'));
    const certificate = makeLeaf(root, {
      names: undefined,
      extensions: [{ oid: EXTENSION_OIDS.subjectAltName, value: sequence(bytes) }],
    }).certificate;
    expect(certificate.malformedExtensions).toEqual([EXTENSION_OIDS.subjectAltName]);
    for (const host of ['bücher.example', 'xn--bcher-kva.example']) expect(matchHost(certificate, host)).toBeUndefined();
  });

  it('looks at every alternative name', () => {
    expect(matchHost(withDns('a.example', 'b.example'), 'b.example')).toBe('b.example');
  });

  it('takes the common name only where it is asked to and there is no alternative name of any kind', () => {
    const host = 'cn.example.com';
    const ask = X509_CHECK_FLAG.ALWAYS_CHECK_SUBJECT;
    expect(matchHost(bare, host)).toBeUndefined();
    expect(matchHost(bare, host, ask)).toBe(host);
    expect(matchHost(bare, host, ask | X509_CHECK_FLAG.NEVER_CHECK_SUBJECT)).toBeUndefined();
    expect(matchHost(withDns('other.example'), host, ask)).toBeUndefined();
    expect(matchHost(withNames({ ip: [Uint8Array.of(192, 0, 2, 1)] }), host, ask)).toBeUndefined();
    expect(matchHost(withNames({ uri: ['https://other.example/'] }), host, ask)).toBeUndefined();
  });

  it('follows the flags of OpenSSL', () => {
    const wild = withDns('*.example.com');
    expect(matchHost(wild, 'www.example.com', X509_CHECK_FLAG.NO_WILDCARDS)).toBeUndefined();
    expect(matchHost(wild, 'a.b.example.com', X509_CHECK_FLAG.MULTI_LABEL_WILDCARDS)).toBe('*.example.com');
    expect(matchHost(wild, 'example.com', X509_CHECK_FLAG.MULTI_LABEL_WILDCARDS)).toBeUndefined();
    const deep = withDns('a.b.example.com');
    expect(matchHost(deep, '.example.com')).toBe('a.b.example.com');
    expect(matchHost(deep, '.example.com', X509_CHECK_FLAG.SINGLE_LABEL_SUBDOMAINS)).toBeUndefined();
    expect(matchHost(deep, '.b.example.com', X509_CHECK_FLAG.SINGLE_LABEL_SUBDOMAINS)).toBe('a.b.example.com');
    expect(matchHost(withDns('example.com'), '.example.com')).toBeUndefined();
  });
});

describe('matchIp', () => {
  it('compares bytes, and addresses only', () => {
    const certificate = withNames({ ip: [Uint8Array.of(192, 0, 2, 1)], dns: ['192.0.2.7'] });
    expect(matchIp(certificate, Uint8Array.of(192, 0, 2, 1))).toBe(true);
    expect(matchIp(certificate, Uint8Array.of(192, 0, 2, 7))).toBe(false);
    expect(matchIp(certificate, parseIp('::ffff:192.0.2.1') as Uint8Array)).toBe(false);
  });
});

describe('matchEmail', () => {
  it('folds the domain and not the local part', () => {
    const certificate = withNames({ email: ['User@Example.com'] });
    expect(matchEmail(certificate, 'User@EXAMPLE.COM')).toBe(true);
    expect(matchEmail(certificate, 'user@example.com')).toBe(false);
    for (const bad of ['', '@', 'User@', '@example.com', 'User', 'User@example.com\0'])
      expect(matchEmail(certificate, bad), bad).toBe(false);
  });

  it('falls back to the subject for want of any address among the names', () => {
    const subject = [['emailAddress', 'a@example.com']] as const;
    expect(matchEmail(makeLeaf(root, { subject }).certificate, 'a@example.com')).toBe(true);
    expect(matchEmail(makeLeaf(root, { subject }).certificate, 'a@example.com', X509_CHECK_FLAG.NEVER_CHECK_SUBJECT)).toBe(false);
    expect(matchEmail(makeLeaf(root, { subject, names: { email: ['b@example.com'] } }).certificate, 'a@example.com')).toBe(false);
  });
});

describe('asciiLower', () => {
  it('folds ASCII and nothing else', () => {
    expect(asciiLower('AZaz09-')).toBe('azaz09-');
    expect(asciiLower('\u0130\u212aÄ')).toBe('\u0130\u212aÄ');
  });
});

describe('IP addresses', () => {
  it.each([
    ['192.0.2.1', 'c0000201'],
    ['0.0.0.0', '00000000'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
    ['2001:db8::1:0:0:1', '20010db8000000000001000000000001'],
    ['1::', '00010000000000000000000000000000'],
  ])('reads and writes %s', (text, hex) => {
    expect(Buffer.from(parseIp(text) ?? []).toString('hex')).toBe(hex);
    expect(addressText(Uint8Array.from(Buffer.from(hex, 'hex')))).toBe(text);
  });

  it('reads other forms of IPv6 addresses', () => {
    expect(addressText(parseIp('2001:0DB8:0:0:0:0:0:1') as Uint8Array)).toBe('2001:db8::1');
    expect(addressText(parseIp('::ffff:192.0.2.1') as Uint8Array)).toBe('::ffff:c000:201');
    expect(addressText(parseIp('1:2:3:4:5:6:1.2.3.4') as Uint8Array)).toBe('1:2:3:4:5:6:102:304');
  });

  it.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.',
    ' 1.2.3.4',
    '0x1.2.3.4',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    'g::',
    '::1%eth0',
    '[::1]',
    '1.2.3.4::',
    '1:2:3:4:5:6:7::8:9',
  ])('does not read %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });
});
