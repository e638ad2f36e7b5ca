import { describe, expect, it } from 'vitest';
import { TLS12_SUITES, TLS13_SUITES } from '../registry/cipher-suites.ts';
import { allows } from './security.ts';
import { initialValues } from './values.ts';

/** Names of the suites that a level leaves. */
function suitesAt(securityLevel: number): readonly string[] {
  const values = { ...initialValues(), securityLevel };
  return [...TLS13_SUITES, ...TLS12_SUITES]
    .filter((suite) => allows((name) => values[name], undefined, 'cipher', suite.bits, suite))
    .map(({ name }) => name);
}

describe('security levels', () => {
  it('0 allows every suite', () => {
    expect(suitesAt(0)).toHaveLength(TLS13_SUITES.length + TLS12_SUITES.length);
    expect(suitesAt(-1)).toEqual(suitesAt(0));
  });

  it('1 wants encryption, a server with a name, and no MD5', () => {
    const suites = suitesAt(1);
    expect(suites).toContain('DES-CBC3-SHA');
    expect(suites.filter((name) => name.includes('NULL') || name.startsWith('ADH') || name.startsWith('AECDH'))).toEqual([]);
  });

  it('2 takes what has 112 bits, and 8 bytes of tag are none', () => {
    expect(suitesAt(2)).toContain('AES128-SHA');
    expect(suitesAt(2).filter((name) => name.includes('CCM8') || name.includes('CCM_8'))).toEqual([]);
  });

  it('3 wants forward secrecy', () => {
    const suites = suitesAt(3);
    expect(suites).toContain('TLS_AES_128_GCM_SHA256');
    expect(suites.filter((name) => !/^(TLS_|ECDHE-(RSA|ECDSA)|DHE-RSA)/.test(name))).toEqual([]);
  });

  it('4 wants 192 bits, and no HMAC with SHA-1', () => {
    expect(suitesAt(4).filter((name) => !/256|CHACHA20/.test(name) || name.endsWith('-SHA'))).toEqual([]);
  });

  it('5 is the last', () => {
    expect(suitesAt(9)).toEqual(suitesAt(5));
  });
});
