import { describe, expect, it } from 'vitest';
import { makeIntermediate, makeLeaf, makeRoot, NOW, storeOf, verifyNow } from '../../test/support/authorities.ts';
import { fromHex } from '../bytes/bytes.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { Budget, BudgetExceeded, VERIFY_LIMITS } from './budget.ts';
import { parseIp } from './ip-address.ts';
import type { IssueNames, NameParts } from './issue.ts';
import { constraintProblem } from './name-constraints.ts';

const root = makeRoot();
const store = storeOf(root);
const subnet = (address: string, mask: string): Uint8Array => Uint8Array.from([...(parseIp(address) ?? []), ...(parseIp(mask) ?? [])]);

interface Case {
  readonly permitted?: IssueNames;
  readonly excluded?: IssueNames;
  readonly names?: IssueNames | undefined;
  readonly subject?: NameParts;
}

function verdict({ permitted, excluded, subject = [['CN', 'leaf']], ...rest }: Case): X509VerifyResult {
  const names = 'names' in rest ? rest.names : { dns: ['example.com'] };
  const ca = makeIntermediate(root, 'CA', { ...(permitted && { permitted }), ...(excluded && { excluded }) });
  return verifyNow([makeLeaf(ca, { names, subject }), ca], store).result;
}

const dns = (...names: string[]): IssueNames => ({ dns: names });
const email = (...names: string[]): IssueNames => ({ email: names });
const uri = (...names: string[]): IssueNames => ({ uri: names });
const ip = (...addresses: Uint8Array[]): IssueNames => ({ ip: addresses });
const directory = (...names: NameParts[]): IssueNames => ({ directory: names });

describe('name constraints', () => {
  it.each<[string, Case, X509VerifyResult]>([
    ['the domain itself is permitted', { permitted: dns('example.com') }, 'OK'],
    ['what is below it as well', { permitted: dns('example.com'), names: dns('a.b.EXAMPLE.com') }, 'OK'],
    ['what merely ends alike is not', { permitted: dns('example.com'), names: dns('badexample.com') }, 'PERMITTED_VIOLATION'],
    [
      'one name outside is one too many',
      { permitted: dns('example.com'), names: dns('example.com', 'example.org') },
      'PERMITTED_VIOLATION',
    ],
    ['one of several subtrees will do', { permitted: dns('example.org', 'example.com') }, 'OK'],
    [
      'exclusion wins',
      { permitted: dns('example.com'), excluded: dns('bad.example.com'), names: dns('www.bad.example.com') },
      'EXCLUDED_VIOLATION',
    ],
    ['the empty constraint is everything', { excluded: dns('') }, 'EXCLUDED_VIOLATION'],
    ['a constraint on one kind leaves the others alone', { permitted: email('example.org') }, 'OK'],
    ['case does not matter', { excluded: dns('EXAMPLE.COM') }, 'EXCLUDED_VIOLATION'],
    ['a wildcard is permitted below its parent', { permitted: dns('example.com'), names: dns('*.example.com') }, 'OK'],
    [
      'a wildcard reaches beyond a permitted host',
      { permitted: dns('www.example.com'), names: dns('*.example.com') },
      'PERMITTED_VIOLATION',
    ],
    ['a wildcard includes an excluded host', { excluded: dns('www.example.com'), names: dns('*.example.com') }, 'EXCLUDED_VIOLATION'],
    ['a wildcard does not reach two labels down', { excluded: dns('a.b.example.com'), names: dns('*.example.com') }, 'OK'],
    [
      'a leading dot is no DNS constraint',
      { permitted: dns('.example.com'), names: dns('www.example.com') },
      'UNSUPPORTED_CONSTRAINT_SYNTAX',
    ],
    ['nor is a wildcard', { permitted: dns('*.example.com'), names: dns('www.example.com') }, 'UNSUPPORTED_CONSTRAINT_SYNTAX'],
    ['a name that is none cannot be judged', { permitted: dns('example.com'), names: dns('a..example.com') }, 'UNSUPPORTED_NAME_SYNTAX'],
    [
      'a common name is no way round, for want of other names',
      { permitted: dns('example.org'), names: undefined, subject: [['CN', 'www.example.com']] },
      'PERMITTED_VIOLATION',
    ],

    [
      'an address in a permitted network',
      { permitted: ip(subnet('192.0.2.0', '255.255.255.0')), names: ip(parseIp('192.0.2.77') as Uint8Array) },
      'OK',
    ],
    [
      'an address outside',
      { permitted: ip(subnet('192.0.2.0', '255.255.255.0')), names: ip(parseIp('192.0.3.1') as Uint8Array) },
      'PERMITTED_VIOLATION',
    ],
    [
      'an address of the other family',
      { permitted: ip(subnet('::', '::')), names: ip(parseIp('192.0.2.1') as Uint8Array) },
      'PERMITTED_VIOLATION',
    ],
    [
      'an excluded IPv6 network',
      { excluded: ip(subnet('2001:db8::', 'ffff:ffff::')), names: ip(parseIp('2001:db8::1') as Uint8Array) },
      'EXCLUDED_VIOLATION',
    ],
    [
      'a mask with holes',
      { permitted: ip(subnet('192.0.2.0', '255.0.255.0')), names: ip(parseIp('192.0.2.1') as Uint8Array) },
      'UNSUPPORTED_CONSTRAINT_SYNTAX',
    ],
    [
      'a network of no family',
      { permitted: ip(fromHex('0a00ff00')), names: ip(parseIp('10.0.0.1') as Uint8Array) },
      'UNSUPPORTED_CONSTRAINT_SYNTAX',
    ],
    [
      'an address of no family',
      { permitted: ip(subnet('10.0.0.0', '255.0.0.0')), names: ip(fromHex('0a000001ff')) },
      'UNSUPPORTED_NAME_SYNTAX',
    ],

    ['all mailboxes of a host', { permitted: email('example.com'), names: email('a@Example.com') }, 'OK'],
    ['but not of one below', { permitted: email('example.com'), names: email('a@www.example.com') }, 'PERMITTED_VIOLATION'],
    ['those below, with a leading dot', { permitted: email('.example.com'), names: email('a@www.example.com') }, 'OK'],
    ['but not the host itself', { permitted: email('.example.com'), names: email('a@example.com') }, 'PERMITTED_VIOLATION'],
    ['one mailbox', { permitted: email('a@example.com'), names: email('a@EXAMPLE.com') }, 'OK'],
    ['whose local part has a case', { permitted: email('a@example.com'), names: email('A@example.com') }, 'PERMITTED_VIOLATION'],
    [
      'an address in the subject counts as well',
      { permitted: email('example.com'), subject: [['emailAddress', 'a@example.org']] },
      'PERMITTED_VIOLATION',
    ],
    ['an address that is none', { permitted: email('example.com'), names: email('example.com') }, 'UNSUPPORTED_NAME_SYNTAX'],

    ['the host of a URI', { permitted: uri('example.com'), names: uri('https://user@example.com:443/x') }, 'OK'],
    ['hosts below, with a leading dot', { permitted: uri('.example.com'), names: uri('https://www.example.com') }, 'OK'],
    ['another host', { permitted: uri('example.com'), names: uri('https://www.example.com/?example.com') }, 'PERMITTED_VIOLATION'],
    ['a URI with an address', { permitted: uri('example.com'), names: uri('https://192.0.2.1/') }, 'UNSUPPORTED_NAME_SYNTAX'],
    ['a URI without a host', { excluded: uri('example.com'), names: uri('urn:example:com') }, 'UNSUPPORTED_NAME_SYNTAX'],

    [
      'a subject within a directory',
      {
        permitted: directory([
          ['C', 'CH'],
          ['O', 'Example'],
        ]),
        subject: [
          ['C', 'ch'],
          ['O', 'EXAMPLE '],
          ['CN', 'x'],
        ],
      },
      'OK',
    ],
    [
      'a subject elsewhere',
      {
        permitted: directory([
          ['C', 'CH'],
          ['O', 'Example'],
        ]),
        subject: [
          ['C', 'CH'],
          ['O', 'Other'],
        ],
      },
      'PERMITTED_VIOLATION',
    ],
    [
      'an excluded directory',
      {
        excluded: directory([['C', 'CH']]),
        subject: [
          ['C', 'CH'],
          ['O', 'Example'],
        ],
      },
      'EXCLUDED_VIOLATION',
    ],
    ['an excluded mailbox', { excluded: email('a@example.com'), names: email('a@EXAMPLE.com') }, 'EXCLUDED_VIOLATION'],
    ['another mailbox of its host', { excluded: email('a@example.com'), names: email('b@example.com') }, 'OK'],
    ['a mailbox of an excluded host', { excluded: email('example.com'), names: email('b@example.com') }, 'EXCLUDED_VIOLATION'],
    [
      'a permitted host of mailboxes but for one',
      { permitted: email('example.com'), excluded: email('a@example.com'), names: email('a@example.com') },
      'EXCLUDED_VIOLATION',
    ],
    ['an excluded host of URIs', { excluded: uri('example.com'), names: uri('http://example.com/') }, 'EXCLUDED_VIOLATION'],
    ['a URI below an excluded domain', { excluded: uri('.example.com'), names: uri('http://a.example.com/') }, 'EXCLUDED_VIOLATION'],
    ['a URI beside it', { permitted: uri('.example.com'), excluded: uri('a.example.com'), names: uri('http://b.example.com/') }, 'OK'],
    [
      'an address in the excluded part of a permitted network',
      {
        permitted: ip(subnet('10.0.0.0', '255.0.0.0')),
        excluded: ip(subnet('10.1.0.0', '255.255.0.0')),
        names: ip(parseIp('10.1.2.3') as Uint8Array),
      },
      'EXCLUDED_VIOLATION',
    ],
    [
      'and beside it',
      {
        permitted: ip(subnet('10.0.0.0', '255.0.0.0')),
        excluded: ip(subnet('10.1.0.0', '255.255.0.0')),
        names: ip(parseIp('10.2.2.3') as Uint8Array),
      },
      'OK',
    ],
    [
      'an excluded part of a permitted directory, among the names',
      {
        permitted: directory([['C', 'CH']]),
        excluded: directory([
          ['C', 'CH'],
          ['O', 'Example'],
        ]),
        subject: [['C', 'CH']],
        names: directory([
          ['C', 'CH'],
          ['O', 'Example'],
          ['CN', 'x'],
        ]),
      },
      'EXCLUDED_VIOLATION',
    ],
    [
      'a common name that is excluded, for want of other names',
      { excluded: dns('example.com'), names: undefined, subject: [['CN', 'www.example.com']] },
      'EXCLUDED_VIOLATION',
    ],
    ['a common name beside other names, which is none', { permitted: dns('example.com'), subject: [['CN', 'www.example.org']] }, 'OK'],
    ['a common name that could be no host', { permitted: dns('example.com'), names: undefined, subject: [['CN', 'Some Body']] }, 'OK'],
    [
      'a directory name among the names',
      { permitted: directory([['C', 'CH']]), subject: [['C', 'CH']], names: directory([['C', 'DE']]) },
      'PERMITTED_VIOLATION',
    ],
  ])('%s', (_, values, result) => {
    expect(verdict(values)).toBe(result);
  });

  it('of every authority hold, one after the other', () => {
    const one = makeIntermediate(root, 'One', { permitted: dns('example.com') });
    const two = makeIntermediate(one, 'Two', { permitted: dns('a.example.com') });
    expect(verifyNow([makeLeaf(two, { names: dns('a.example.com') }), two, one], store).result).toBe('OK');
    expect(verifyNow([makeLeaf(two, { names: dns('b.example.com') }), two, one], store)).toMatchObject({
      result: 'PERMITTED_VIOLATION',
      depth: 0,
    });
    const wider = makeIntermediate(one, 'Wider', { permitted: dns('com') });
    expect(verifyNow([makeLeaf(wider, { names: dns('example.org') }), wider, one], store).result).toBe('PERMITTED_VIOLATION');
  });

  it('hold for intermediates, but not for self-issued ones', () => {
    const constrained = makeRoot('Constrained', {
      permitted: directory([['O', 'Example']]),
      subject: [['O', 'Root']],
      issuer: [['O', 'Root']],
    });
    const outside = makeIntermediate(constrained, 'ignored', { subject: [['O', 'Other']] });
    const selfIssued = makeIntermediate(constrained, 'ignored', { subject: [['O', 'Root']] });
    const inside = { subject: [['O', 'Example']] as const };
    expect(verifyNow([makeLeaf(outside, inside), outside], storeOf(constrained))).toMatchObject({
      result: 'PERMITTED_VIOLATION',
      depth: 1,
    });
    expect(verifyNow([makeLeaf(selfIssued, inside), selfIssued], storeOf(constrained)).result).toBe('OK');
  });

  it('that cannot be read are refused', () => {
    const refused = (hex: string): X509VerifyResult => {
      const ca = makeIntermediate(root, 'CA', {
        extensions: [{ oid: EXTENSION_OIDS.nameConstraints, critical: true, value: fromHex(hex) }],
      });
      return verifyNow([makeLeaf(ca), ca], store).result;
    };
    // A minimum of one; a registeredID, of which the certificate has none; another kind of name it has.
    expect(refused('3014a0123010820b6578616d706c652e636f6d800101')).toBe('SUBTREE_MINMAX');
    expect(refused('3008a0063004880229 01'.replaceAll(' ', ''))).toBe('OK');
    expect(refused('3000')).toBe('INVALID_EXTENSION');
  });

  it('of a kind that is not understood refuse the names of that kind', () => {
    const ca = makeIntermediate(root, 'CA', {
      extensions: [{ oid: EXTENSION_OIDS.nameConstraints, critical: true, value: fromHex('3008a006300488022901') }],
    });
    const named = makeLeaf(ca, { extensions: [{ oid: EXTENSION_OIDS.subjectAltName, value: fromHex('300488022901') }] });
    expect(verifyNow([named, ca], store).result).toBe('UNSUPPORTED_CONSTRAINT_TYPE');
  });

  it('cost what names times constraints cost, and not more than the budget', () => {
    const many = (n: number, suffix: string): string[] => Array.from({ length: n }, (_, i) => `h${i}.${suffix}`);
    const leaf = makeLeaf(root, { names: dns(...many(255, 'example.com')) }).certificate;
    const subtrees = (n: number) => ({
      permitted: [],
      excluded: many(n, 'example.org').map((value) => ({ base: { kind: 'dns', value } as const, bounded: false })),
    });
    const budget = new Budget();
    const { value } = VERIFY_LIMITS.nameComparisons;
    expect(constraintProblem(leaf, true, subtrees(value / 256), budget)).toBeUndefined();
    expect(budget.spent('nameComparisons')).toBe(value);
    expect(() => constraintProblem(leaf, true, subtrees(1), budget)).toThrow(BudgetExceeded);
    const ca = makeIntermediate(root, 'CA', { excluded: dns(...many(257, 'example.org')) });
    const end = makeLeaf(ca, { names: dns(...many(255, 'example.com')) });
    expect(verifyNow([end, ca], store, { now: NOW, verifyCallback: () => true })).toMatchObject({ accepted: false, result: 'UNSPECIFIED' });
  });
});
