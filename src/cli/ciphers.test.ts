import { describe, expect, it } from 'vitest';
import vectors from '../../test/vectors/cipher-strings.json' with { type: 'json' };
import { cipherDescription } from '../registry/cipher-description.ts';
import { CIPHER_SUITES, cipherSuiteByName } from '../registry/cipher-suites.ts';
import { SslError } from '../registry/fatal.ts';
import { ciphersOutput } from './ciphers.ts';

const DESCRIPTIONS: Readonly<Record<string, string>> = vectors.descriptions;

/** 3DES is not in the OpenSSL that was asked. */
const withoutTripleDes = (output: string): string[] => output.split('\n').filter((line) => line !== '' && !line.includes('Enc=3DES'));

function linesOf(rules: string): readonly string[] | string {
  try {
    const lines = withoutTripleDes(ciphersOutput(['-v', '-ciphersuites', 'TLS_AES_128_GCM_SHA256', '--', rules]));
    return lines.length > 1 ? lines : 'NO_CIPHER_MATCH';
  } catch (error) {
    if (error instanceof SslError) return error.reason;
    throw error;
  }
}

describe('the description of a suite', () => {
  it.each(CIPHER_SUITES.map((suite) => [suite.name, suite] as const))('%s', (name, suite) => {
    const recorded = DESCRIPTIONS[name];
    if (suite.cbc === '3des-cbc')
      expect(cipherDescription(suite)).toMatch(/^\S+ +(?:SSLv3|TLSv1) +Kx=\S+ +Au=\S+ +Enc=3DES\(168\) {14}Mac=SHA1$/);
    else expect(cipherDescription(suite)).toBe(recorded);
  });
});

describe('libssl ciphers -v', () => {
  const first = DESCRIPTIONS['TLS_AES_128_GCM_SHA256'];
  it.each(Object.entries(vectors.strings))('%j prints what OpenSSL prints', (rules, meaning) => {
    const refused = cipherSuiteByName(meaning.split(':')[0] ?? '') === undefined;
    expect(linesOf(rules)).toEqual(refused ? meaning : [first, ...meaning.split(':').map((name) => DESCRIPTIONS[name])]);
  });
});

describe('libssl ciphers', () => {
  it('joins names by colons, those of TLS 1.3 first', () => {
    expect(ciphersOutput(['AES128-SHA:AES256-SHA'])).toBe(
      'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:AES128-SHA:AES256-SHA\n',
    );
    expect(ciphersOutput([])).toMatch(/^TLS_AES_256_GCM_SHA384:.*:ECDHE-ECDSA-AES256-GCM-SHA384:/);
  });

  it('shows code points and standard names', () => {
    const description = DESCRIPTIONS['AES128-SHA'];
    const last = (...words: string[]): string | undefined =>
      ciphersOutput([...words, 'AES128-SHA'])
        .split('\n')
        .at(-2);
    expect(last('-V')).toBe(`          0x00,0x2F - ${description}`);
    expect(last('-stdname')).toBe(`TLS_RSA_WITH_AES_128_CBC_SHA                  - ${description}`);
    expect(last('-V', '-stdname')).toBe(`          0x00,0x2F - TLS_RSA_WITH_AES_128_CBC_SHA                  - ${description}`);
    expect(ciphersOutput(['-convert', 'TLS_RSA_WITH_AES_128_CBC_SHA'])).toBe('OpenSSL cipher name: AES128-SHA\n');
    expect(ciphersOutput(['-convert', 'AES128-SHA'])).toBe('OpenSSL cipher name: (NONE)\n');
  });

  it('leaves out with -s what level, version and missing keys forbid', () => {
    const names = (...words: string[]): string[] =>
      ciphersOutput(['-s', ...words])
        .trim()
        .split(':');
    expect(names('-tls1_3', 'ALL')).toEqual(['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256']);
    expect(names('-tls1_1', 'AES128-SHA:AES128-SHA256')).toEqual(['AES128-SHA']);
    expect(names('-tls1_2', 'AES128-SHA:PSK-AES128-CBC-SHA')).toEqual(['AES128-SHA']);
    expect(names('-tls1_2', '-psk', 'AES128-SHA:PSK-AES128-CBC-SHA')).toEqual(['AES128-SHA', 'PSK-AES128-CBC-SHA']);
    expect(names('-tls1_2', 'AES128-SHA:ADH-AES128-SHA')).toEqual(['AES128-SHA']);
    expect(names('-tls1_2', 'AES128-SHA:ADH-AES128-SHA:@SECLEVEL=0')).toEqual(['AES128-SHA', 'ADH-AES128-SHA']);
  });
});
