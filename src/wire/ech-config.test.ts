import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, EMPTY, fromHex } from '../bytes/bytes.ts';
import { TlsFatal } from '../registry/fatal.ts';
import {
  type EchConfigContents,
  isMandatory,
  isPublicName,
  parseEchConfig,
  parseEchConfigList,
  writeEchConfig,
  writeEchConfigList,
} from './ech-config.ts';

const CONTENTS: EchConfigContents = {
  configId: 7,
  kem: 0x20,
  publicKey: new Uint8Array(32).fill(9),
  cipherSuites: [
    { kdf: 1, aead: 1 },
    { kdf: 1, aead: 3 },
  ],
  maximumNameLength: 64,
  publicName: 'public.example',
  extensions: [{ type: 0x1234, data: Uint8Array.of(1, 2) }],
};

const raw = writeEchConfig(CONTENTS);
const list = (...configs: readonly Uint8Array[]): Uint8Array => writeEchConfigList(configs.map((config) => ({ raw: config })));
const refusal = (bytes: Uint8Array): unknown => {
  try {
    return parseEchConfigList(bytes);
  } catch (error) {
    return error instanceof TlsFatal ? error.alert : error;
  }
};

describe('ECHConfigList (RFC 9849, 4)', () => {
  it('is read and written byte for byte', () => {
    expect(parseEchConfig(raw)).toEqual({ ...CONTENTS, raw });
    expect(parseEchConfigList(list(raw, raw)).map((config) => config.raw)).toEqual([raw, raw]);
    // By the RFC's struct: version, length, id, KEM, key, suites, name length, name, extensions.
    expect(raw).toEqual(
      concat(
        fromHex('fe0d 0047 07 0020 0020'),
        CONTENTS.publicKey,
        fromHex('0008 00010001 00010003 40 0e'),
        new TextEncoder().encode('public.example'),
        fromHex('0006 1234 0002 0102'),
      ),
    );
  });

  it('passes over versions that nobody knows, whatever is in them', () => {
    const unknown = fromHex('badd 0003 ffffff');
    expect(parseEchConfigList(list(unknown, raw, unknown))).toHaveLength(1);
    expect(parseEchConfigList(list(unknown))).toEqual([]);
    expect(parseEchConfig(unknown)).toBeUndefined();
  });

  it.each<[string, Uint8Array]>([
    ['nothing', EMPTY],
    ['an empty list', fromHex('0000')],
    ['a byte too many', concat(list(raw), Uint8Array.of(0))],
    ['a byte too few', list(raw).subarray(0, -1)],
    ['an empty key', list(writeEchConfig({ ...CONTENTS, publicKey: EMPTY }))],
    ['no suites', list(writeEchConfig({ ...CONTENTS, cipherSuites: [] }))],
    ['an empty name', list(writeEchConfig({ ...CONTENTS, publicName: '' }))],
    ['an extension twice', list(writeEchConfig({ ...CONTENTS, extensions: [...CONTENTS.extensions, ...CONTENTS.extensions] }))],
    ['65 configs', list(...Array.from({ length: 65 }, () => raw))],
  ])('is decode_error with %s', (_what, bytes) => expect(refusal(bytes)).toBe('decode_error'));

  it('has room for 64 configs', () => expect(parseEchConfigList(list(...Array.from({ length: 64 }, () => raw)))).toHaveLength(64));

  it('is read to its end or refused, whatever the bytes are', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // A good one with a byte changed comes further.
      fc.tuple(fc.nat(raw.length + 1), fc.nat(255)).map(([at, byte]) => list(raw).map((old, i) => (i === at ? byte : old))),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        const result = refusal(bytes);
        if (result === 'decode_error') return;
        expect(Array.isArray(result)).toBe(true);
        // What was read says the same again.
        for (const config of parseEchConfigList(bytes)) expect(writeEchConfig(config)).toEqual(config.raw);
      }),
      { numRuns: 2000 },
    );
  });

  it('has extensions that must be known, by the high bit', () => {
    expect(isMandatory({ type: 0x8000, data: EMPTY })).toBe(true);
    expect(isMandatory({ type: 0x7fff, data: EMPTY })).toBe(false);
  });
});

describe('public names (RFC 9849, 6.1.7)', () => {
  const long = 'a'.repeat(63);
  it.each(['example.com', 'a', 'a-b.C0', `${long}.${long}`, '1.2.3.4a', '0x.example', 'a.0xg', '1.example'])('%s is one', (name) =>
    expect(isPublicName(name)).toBe(true),
  );
  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '-a',
    'a-',
    'a_b.example',
    'exämple',
    `${long}a.b`,
    '1.2.3.4',
    'a.1',
    'a.0x',
    'a.0XaF',
    '0x7f000001',
    'a b',
    'a:1',
    '[::1]',
  ])('%s is none', (name) => expect(isPublicName(name)).toBe(false));
});
