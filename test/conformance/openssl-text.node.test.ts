import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Asn1Error } from '../../src/asn1/asn1-error.ts';
import { integer, octetString, oid, sequence } from '../../src/asn1/der-writer.ts';
import { pemText } from '../../src/asn1/pem.ts';
import { utf8 } from '../../src/bytes/bytes.ts';
import { EXTENSION_OIDS } from '../../src/registry/oids.ts';
import { parseCertificates } from '../../src/x509/certificate.ts';
import { certificateText } from '../../src/x509/text.ts';
// biome-ignore lint/correctness/useImportExtensions: the module is there under this name; biome sees its declarations only
import { type LimboCase, readLimbo } from '../../tools/limbo.mjs';
import { makeLeaf, makeRoot } from '../support/authorities.ts';

/** Of the 15208 certificates of x509-limbo all that are odd in some way, and of those that are alike one in so many. docs/x509-limbo.md has the total. */
const ONE_IN = 300;
const SUITE_TIME = 120_000;

const { stdout: version } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
const testcases = readLimbo(new URL('../vectors/x509-limbo/limbo-dev.json.gz', import.meta.url));

const certificatesOf = (testcase: LimboCase): string[] => [
  ...testcase.trusted_certs,
  ...testcase.untrusted_intermediates,
  testcase.peer_certificate,
];

function sample(): string[] {
  const isAlike = ({ id }: LimboCase): boolean => id.startsWith('bettertls') || id.startsWith('pathological');
  const alike = new Set(testcases.filter(isAlike).flatMap(certificatesOf));
  const odd = testcases.filter((testcase) => !isAlike(testcase)).flatMap(certificatesOf);
  return [...new Set([...odd, ...[...alike].filter((_, i) => i % ONE_IN === 0)])];
}

/** As bytes: what is no text in a certificate is none in print. */
const printedByOpenssl = (pem: string): string =>
  spawnSync('openssl', ['x509', '-noout', '-text'], { input: pem, encoding: 'latin1' }).stdout;

function printed(pem: string): string | undefined {
  try {
    return Buffer.from(parseCertificates(pem).map(certificateText).join(''), 'utf8').toString('latin1');
  } catch (error) {
    if (error instanceof Asn1Error) return undefined;
    throw error;
  }
}

describe.skipIf(!version?.startsWith('OpenSSL 3.0'))('certificates in words (skipped where OpenSSL is not 3.0, whose layout it is)', () => {
  it(
    'are what openssl x509 -text prints, byte for byte',
    () => {
      const pems = sample();
      const texts = pems.map(printed);
      // A negative serial number, a doubled extension, two signature algorithms: no certificates for a strict reader.
      expect(texts.filter((text) => text === undefined)).toHaveLength(3);
      expect(pems.length).toBeGreaterThan(250);
      for (const [i, pem] of pems.entries()) if (texts[i] !== undefined) expect(texts[i]).toBe(printedByOpenssl(pem));
    },
    SUITE_TIME,
  );

  it.each([
    sequence(integer(3), sequence(oid('1.3.6.1.5.5.7.21.1'))),
    sequence(sequence(oid('1.3.6.1.5.5.7.21.2'))),
    sequence(integer(300), sequence(oid('1.2.3.4'), octetString(utf8('a policy')))),
  ])('proxies included', (value) => {
    const { certificate } = makeLeaf(makeRoot(), { names: undefined, extensions: [{ oid: EXTENSION_OIDS.proxyCertInfo, value }] });
    const pem = pemText('CERTIFICATE', certificate.der);
    expect(printed(pem)).toBe(printedByOpenssl(pem));
  });
});
