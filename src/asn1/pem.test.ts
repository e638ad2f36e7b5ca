import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, utf8 } from '../bytes/bytes.ts';
import { Asn1Error } from './asn1-error.ts';
import { base64Bytes, base64Text } from './base64.ts';
import { isPem, pemBlocks, pemText } from './pem.ts';

const blocks = (text: string): [string, string][] =>
  [...pemBlocks(text)].map(({ label, bytes }) => [label, Buffer.from(bytes).toString('hex')]);

describe('PEM', () => {
  it('reads the blocks of a bundle in their order, and skips what is around them', () => {
    const text = `# a comment: with a colon\n${pemText('CERTIFICATE', fromHex('010203'))}\nsubject=CN = x\n${pemText('X509 CRL', fromHex('04'))}trailer`;
    expect(blocks(text)).toEqual([
      ['CERTIFICATE', '010203'],
      ['X509 CRL', '04'],
    ]);
  });

  it('does not mind line ends, blanks and line lengths', () => {
    expect(blocks('-----BEGIN A-----\r\nAQ\r\nID\r\n\r\n-----END A-----\r\n')).toEqual([['A', '010203']]);
    expect(blocks('-----BEGIN A-----  \n AQID \n-----END A-----')).toEqual([['A', '010203']]);
    expect(blocks('-----BEGIN A-----\n-----END A-----\n')).toEqual([['A', '']]);
  });

  it('reads the headers of traditionally encrypted keys, continued ones too', () => {
    const text =
      '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,\n 0011\n\nAQID\n-----END RSA PRIVATE KEY-----\n';
    const [block] = pemBlocks(text);
    expect(block?.headers).toEqual(
      new Map([
        ['Proc-Type', '4,ENCRYPTED'],
        ['DEK-Info', 'AES-128-CBC,0011'],
      ]),
    );
    expect(block?.bytes).toEqual(fromHex('010203'));
  });

  it.each([
    ['no end', '-----BEGIN A-----\nAQID\n'],
    ['another end', '-----BEGIN A-----\nAQID\n-----END B-----\n'],
    ['a block in a block', '-----BEGIN A-----\nAQID\n-----BEGIN A-----\nAQID\n-----END A-----\n'],
    ['no base64', '-----BEGIN A-----\nA?ID\n-----END A-----\n'],
    ['base64 cut short', '-----BEGIN A-----\nAQI\n-----END A-----\n'],
    ['bytes after the padding', '-----BEGIN A-----\nAQ==AQID\n-----END A-----\n'],
    ['bits after the last byte', '-----BEGIN A-----\nAR==\n-----END A-----\n'],
  ])('refuses a block with %s', (_, text) => {
    expect(() => blocks(text)).toThrow(Asn1Error);
  });

  it('tells PEM from DER', () => {
    expect(isPem(utf8('text\n-----BEGIN CERTIFICATE-----\n'))).toBe(true);
    expect(isPem(fromHex('3082'))).toBe(false);
    expect(isPem(new Uint8Array(0))).toBe(false);
  });

  it('writes what it reads, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect([...pemBlocks(pemText('X', bytes))]).toEqual([{ label: 'X', headers: new Map(), bytes }]);
        expect(base64Bytes(utf8(base64Text(bytes)))).toEqual(bytes);
        expect(base64Text(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      }),
    );
  });

  it('ends for any text, in blocks or in its own refusal', () => {
    const piece = fc.constantFrom('-----BEGIN A-----', '-----END A-----', '-----', '\n', '\r\n', 'AQID', 'K: v', ' ', '=', ':');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          expect(blocks(pieces.join('')).length).toBeLessThanOrEqual(pieces.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Asn1Error);
        }
      }),
    );
  });
});
