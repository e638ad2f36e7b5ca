import { describe, expect, it } from 'vitest';
import vectors from '../../test/vectors/cipher-strings.json' with { type: 'json' };
import { cipherSuite, cipherSuiteName, DEFAULT_TLS12_SUITES, TLS12_SUITES } from '../registry/cipher-suites.ts';
import { SslError } from '../registry/fatal.ts';
import { acceptCipherList, parseCipherString } from './cipher-string.ts';
import { initialValues, setValue } from './values.ts';

const isTripleDes = (id: number): boolean => cipherSuite(id)?.cbc === '3des-cbc';

/** Names in order, or the reason of the refusal. */
function meaningOf(rules: string, except: (id: number) => boolean = () => false): string {
  try {
    const names = parseCipherString(rules)
      .suites.filter((id) => !except(id))
      .map(cipherSuiteName);
    return names.length > 0 ? names.join(':') : 'NO_CIPHER_MATCH';
  } catch (error) {
    if (error instanceof SslError) return error.reason;
    throw error;
  }
}

const reasonOf = (call: () => unknown): string | undefined => {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof SslError ? error.reason : String(error);
  }
};

describe('cipher strings', () => {
  // OpenSSL 3.0 is built without 3DES, so those suites have tests of their own below.
  it.each(Object.entries(vectors.strings))('%j means what OpenSSL takes it for', (rules, meaning) => {
    expect(meaningOf(rules, isTripleDes)).toBe(meaning);
  });

  it('finds 3DES by all its words, and puts it between 128 bits and none', () => {
    const all = TLS12_SUITES.filter(({ id }) => isTripleDes(id)).map(({ name }) => name);
    expect(all).toHaveLength(10);
    expect(meaningOf('3DES')).toBe(all.join(':'));
    expect(meaningOf('MEDIUM')).toBe(all.join(':'));
    expect(meaningOf('3DES:!FIPS')).toBe('NO_CIPHER_MATCH');
    expect(meaningOf('EDH-RSA-DES-CBC3-SHA')).toBe('DHE-RSA-DES-CBC3-SHA');
    expect(meaningOf('NULL-SHA:DES-CBC3-SHA:AES128-SHA:CAMELLIA256-SHA:@STRENGTH')).toBe(
      'CAMELLIA256-SHA:AES128-SHA:DES-CBC3-SHA:NULL-SHA',
    );
    expect(parseCipherString('DEFAULT').suites.some(isTripleDes)).toBe(false);
  });

  it('gives the security level that stands last', () => {
    expect(parseCipherString('ALL').securityLevel).toBeUndefined();
    expect(parseCipherString('ALL:@SECLEVEL=0').securityLevel).toBe(0);
    expect(parseCipherString('@SECLEVEL=1:AES@SECLEVEL=5').securityLevel).toBe(5);
  });

  it('keeps OpenSSL’s own order and names in the table', () => {
    expect(new Set(TLS12_SUITES.map(({ id }) => id)).size).toBe(TLS12_SUITES.length);
    expect(new Set(TLS12_SUITES.flatMap(({ name, standardName }) => [name, standardName])).size).toBe(2 * TLS12_SUITES.length);
    expect(TLS12_SUITES.filter(({ aead, mac }) => (aead === undefined) === (mac === undefined))).toEqual([]);
  });

  it('offers forward secrecy and AEADs alone where nobody chose', () => {
    for (const id of DEFAULT_TLS12_SUITES) {
      const suite = cipherSuite(id);
      expect(suite?.aead).toBeDefined();
      expect(['ecdhe', 'dhe']).toContain(suite?.keyExchange);
      expect(['rsa', 'ecdsa']).toContain(suite?.authentication);
      expect(suite?.bits).toBeGreaterThanOrEqual(128);
    }
  });
});

describe('lists of suites', () => {
  it('take code points and names of either kind, each once', () => {
    expect(acceptCipherList([0xc02f, 'AES128-SHA', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'])).toEqual([0xc02f, 0x002f]);
    expect(acceptCipherList('AES128-SHA')).toEqual([0x002f]);
  });

  it.each([[[]], [[0x1301]], [['TLS_AES_128_GCM_SHA256']], [[0x0005]], [['RC4-SHA']], ['RC4-SHA'], ['']])('refuse %j', (value) => {
    expect(reasonOf(() => acceptCipherList(value))).toBe('NO_CIPHER_MATCH');
  });
});

describe('the setting', () => {
  it('keeps what a string means, and the security level it names', () => {
    const values = initialValues();
    setValue(values, 'cipherList', 'AES128-SHA:@SECLEVEL=0', ['lookup']);
    expect(values.cipherList).toEqual([0x002f]);
    expect(values.securityLevel).toBe(0);
  });

  it('leaves both as they were where a string is refused or names no level', () => {
    const values = initialValues();
    setValue(values, 'cipherList', 'AES128-SHA', ['lookup']);
    expect(values.securityLevel).toBe(2);
    expect(reasonOf(() => setValue(values, 'cipherList', '@SECLEVEL=0:FOO', ['lookup']))).toBe('NO_CIPHER_MATCH');
    expect(values.cipherList).toEqual([0x002f]);
    expect(values.securityLevel).toBe(2);
  });

  it('can be given back to the context', () => {
    const values = initialValues();
    setValue(values, 'cipherList', ['AES128-SHA'], ['lookup']);
    setValue(values, 'cipherList', undefined, ['lookup']);
    expect(values.cipherList).toBeUndefined();
  });
});
