import { boolean, integer, oid, sequence } from '../../src/asn1/der-writer.ts';
import { EXTENSION_OIDS } from '../../src/registry/oids.ts';
import type { X509VerifyResult } from '../../src/registry/verify-results.ts';
import { KEY_USAGE } from '../../src/x509/extensions.ts';
import type { IssueExtension, NameParts } from '../../src/x509/issue.ts';
import { type Entity, type IssueOptions, makeIntermediate, makeLeaf, makeRoot } from './authorities.ts';

/** id-ppl-inheritAll (RFC 3820, 3.8.2). */
const INHERIT_ALL = '1.3.6.1.5.5.7.21.1';

const proxyInfo = (pathLength?: number): IssueExtension => ({
  oid: EXTENSION_OIDS.proxyCertInfo,
  critical: true,
  value: sequence(pathLength === undefined ? undefined : integer(pathLength), sequence(oid(INHERIT_ALL))),
});

interface ProxyOptions extends IssueOptions {
  readonly pathLength?: number;
  readonly subjectParts?: NameParts;
}

let number = 1;

/** A proxy of an end entity or of another proxy: named after it, with a number behind. */
function makeProxy(issuer: Entity, parts: NameParts, options: ProxyOptions = {}): Entity & { readonly parts: NameParts } {
  const { pathLength, subjectParts, ...rest } = options;
  const subject: NameParts = subjectParts ?? [...parts, ['CN', String(number++)]];
  const entity = makeLeaf(issuer, { names: undefined, subject, ...rest, extensions: [proxyInfo(pathLength), ...(rest.extensions ?? [])] });
  return { ...entity, parts: subject };
}

const NAME: NameParts = [
  ['O', 'Example'],
  ['CN', 'Somebody'],
];

const root = makeRoot('Proxy root');
const shallow = makeIntermediate(root, 'Shallow', { ca: { pathLength: 0 } });
const somebody = (options: IssueOptions = {}, issuer: Entity = root): Entity =>
  makeLeaf(issuer, { subject: NAME, names: undefined, ...options });
const person = somebody();
const proxy = makeProxy(person, NAME);
const second = makeProxy(proxy, proxy.parts);
const limited = makeProxy(person, NAME, { pathLength: 0 });
const one = makeProxy(person, NAME, { pathLength: 1 });
const belowOne = makeProxy(one, one.parts, { pathLength: 5 });
const authority = makeIntermediate(root, 'x', { subject: NAME });
const mute = somebody({ keyUsage: KEY_USAGE.keyEncipherment });
const deep = somebody({}, shallow);
const deepProxy = makeProxy(deep, NAME);

export interface ProxyCase {
  readonly title: string;
  /** Leaf first, without the root. */
  readonly chain: readonly Entity[];
  /** Where it is `OK` without X509_V_FLAG_ALLOW_PROXY_CERTS, that is for the result with it. */
  readonly result: X509VerifyResult;
  readonly depth: number;
  /** What `openssl verify -allow_proxy_certs` of OpenSSL 3.0 says where it says something else, and why. */
  readonly openssl?: { readonly result: X509VerifyResult; readonly depth: number; readonly reason: string };
}

export const PROXY_ROOT: Entity = root;
export const PLAIN_PROXY: readonly Entity[] = [proxy, person];

/** RFC 3820 as X509_V_FLAG_ALLOW_PROXY_CERTS has it. */
export const PROXY_CASES: readonly ProxyCase[] = [
  { title: 'a proxy of an end entity', chain: [proxy, person], result: 'OK', depth: 0 },
  { title: 'a proxy of a proxy', chain: [second, proxy, person], result: 'OK', depth: 0 },
  { title: 'a proxy that may have none, and has none', chain: [limited, person], result: 'OK', depth: 0 },
  {
    title: 'a proxy of one that may have none (3.8.1)',
    chain: [makeProxy(limited, limited.parts), limited, person],
    result: 'PROXY_PATH_LENGTH_EXCEEDED',
    depth: 1,
  },
  {
    title: 'one proxy below one that may have one, whatever it allows itself',
    chain: [belowOne, one, person],
    result: 'OK',
    depth: 0,
    openssl: {
      result: 'PROXY_PATH_LENGTH_EXCEEDED',
      depth: 1,
      reason: 'it counts what the lower proxy allows, where RFC 3820, 4.1.3 (b) counts proxies',
    },
  },
  {
    title: 'two proxies below one that may have one',
    chain: [makeProxy(belowOne, belowOne.parts), belowOne, one, person],
    result: 'PROXY_PATH_LENGTH_EXCEEDED',
    depth: 2,
  },
  { title: 'proxies do not count for the length of an authority’s paths', chain: [deepProxy, deep, shallow], result: 'OK', depth: 0 },
  {
    title: 'nor do proxies of proxies',
    chain: [makeProxy(deepProxy, deepProxy.parts), deepProxy, deep, shallow],
    result: 'OK',
    depth: 0,
  },
  { title: 'a proxy of an authority (3.1)', chain: [makeProxy(authority, NAME), authority], result: 'INVALID_NON_CA', depth: 1 },
  { title: 'a proxy of a root', chain: [makeProxy(root, [['CN', 'Proxy root']])], result: 'INVALID_NON_CA', depth: 1 },
  {
    title: 'a proxy of somebody whose key may not sign (3.1)',
    chain: [makeProxy(mute, NAME), mute],
    result: 'KEYUSAGE_NO_DIGITAL_SIGNATURE',
    depth: 1,
  },
  {
    title: 'an end entity below a proxy',
    chain: [makeLeaf(proxy, { names: undefined }), proxy, person],
    result: 'INVALID_CA',
    depth: 1,
  },
  {
    title: 'a name that adds nothing to the issuer’s (3.4)',
    chain: [makeProxy(person, NAME, { subjectParts: [NAME[0] as NameParts[0], ['CN', 'Other']] }), person],
    result: 'PROXY_SUBJECT_NAME_VIOLATION',
    depth: 0,
  },
  {
    title: 'a name that adds two parts',
    chain: [makeProxy(person, NAME, { subjectParts: [...NAME, ['CN', '1'], ['CN', '2']] }), person],
    result: 'PROXY_SUBJECT_NAME_VIOLATION',
    depth: 0,
  },
  {
    title: 'a name that adds something else than a common name',
    chain: [makeProxy(person, NAME, { subjectParts: [...NAME, ['OU', '1']] }), person],
    result: 'PROXY_SUBJECT_NAME_VIOLATION',
    depth: 0,
  },
  {
    title: 'a name in the middle that breaks the rule',
    chain: (() => {
      const odd = makeProxy(person, NAME, { subjectParts: [...NAME, ['OU', '1']] });
      return [makeProxy(odd, odd.parts), odd, person];
    })(),
    result: 'PROXY_SUBJECT_NAME_VIOLATION',
    depth: 1,
  },
];

/** Proxies that are none: OpenSSL 3.0 calls their extensions invalid in words of its own. */
export const BROKEN_PROXIES: readonly { readonly title: string; readonly chain: readonly Entity[] }[] = [
  { title: 'with alternative names (3.5)', chain: [makeProxy(person, NAME, { names: { dns: ['example.com'] } }), person] },
  {
    title: 'that is an authority (3.7)',
    chain: [
      makeProxy(person, NAME, { extensions: [{ oid: EXTENSION_OIDS.basicConstraints, critical: true, value: sequence(boolean(true)) }] }),
      person,
    ],
  },
];
