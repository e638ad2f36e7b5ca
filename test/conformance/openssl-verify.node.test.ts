import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pemText } from '../../src/asn1/pem.ts';
import { utf8 } from '../../src/bytes/bytes.ts';
import { nodeProvider } from '../../src/crypto/node.ts';
import { X509_VERIFY_RESULTS, type X509VerifyResult } from '../../src/registry/verify-results.ts';
import { X509_V_FLAG } from '../../src/registry/x509-flags.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate.ts';
import { KEY_USAGE } from '../../src/x509/extensions.ts';
import { type VerifyOutcome, verifyChain } from '../../src/x509/verify.ts';
import { X509VerifyParam } from '../../src/x509/verify-params.ts';
import { type Entity, freshKey, type IssueOptions, makeIntermediate, makeLeaf, makeRoot, NOW, storeOf } from '../support/authorities.ts';

/**
 * Random chains, each with a fault or two or none, judged by us and by the installed `openssl verify`. The verdicts must
 * agree but for the reasons below, and so must nearly all of the error numbers: where there are two faults, either may come first.
 */
const GROUPS = 50;
const LEAVES = 45;

/** Where we refuse what OpenSSL accepts, by our result and the reason. */
const STRICTER: Partial<Record<X509VerifyResult, string>> = {
  UNSUPPORTED_CONSTRAINT_SYNTAX: 'a DNS constraint with a leading dot, which RFC 5280 does not have; OpenSSL reads it like one of a URI',
  EXCLUDED_VIOLATION: 'a wildcard that stands for an excluded host (CVE-2025-61727)',
  HOSTNAME_MISMATCH: 'a common name is no host name (RFC 9525, 2)',
  UNSPECIFIED: 'under -x509_strict a serial number must be positive (RFC 5280, 4.1.2.2)',
  NO_EXPLICIT_POLICY: 'an authority’s demand for an explicit policy is obeyed without a flag (RFC 5280, 6.1.4)',
  INVALID_EXTENSION: 'under -x509_strict name constraints are critical and in authorities only (RFC 5280, 4.2.1.10)',
};

const version = spawnSync('openssl', ['version'], { encoding: 'utf8' });
const installed = version.status === 0 && version.stdout.startsWith('OpenSSL 3');

const folder = mkdtempSync(join(tmpdir(), 'libssl-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Mulberry32: the same chains on every run. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = makeRandom(20_260_101);
const chance = (probability: number): boolean => random() < probability;
const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;

const DAY = 86_400;

const authorityFault = (): IssueOptions =>
  pick<() => IssueOptions>(
    () => ({ notAfter: NOW - DAY }),
    () => ({ notBefore: NOW + DAY }),
    () => ({ ca: false }),
    () => ({ ca: false, keyUsage: 0 }),
    () => ({ ca: false, keyUsage: KEY_USAGE.keyCertSign }),
    () => ({ ca: { pathLength: 0 } }),
    () => ({ keyUsage: KEY_USAGE.digitalSignature }),
    () => ({ keyUsage: 0 }),
    () => ({ extKeyUsage: ['clientAuth'] }),
    () => ({ extKeyUsage: ['serverAuth', 'clientAuth'] }),
    () => ({ extKeyUsage: ['anyExtendedKeyUsage'] }),
    () => ({ permitted: { dns: [pick('example.com', '.example.com', 'example.org', 'www.example.com', '')] } }),
    () => ({ excluded: { dns: [pick('example.com', 'www.example.com', 'example.org')] } }),
    () => ({ permitted: { email: [pick('example.com', '.example.com', 'a@example.com')] } }),
    () => ({ permitted: { ip: [Uint8Array.of(192, 0, 2, 0, 255, 255, 255, 0)] } }),
    () => ({ permitted: { directory: [[['O', pick('Example', 'Other')]]] } }),
    () => ({ extensions: [{ oid: '1.2.3.4', critical: chance(0.5), value: utf8('x') }] }),
    () => ({ authorityKeyIdentifier: utf8('nobody') }),
    () => ({ subjectKeyIdentifier: undefined }),
  )();

const leafFault = (): IssueOptions =>
  pick<() => IssueOptions>(
    () => ({ notAfter: NOW - DAY }),
    () => ({ notBefore: NOW + DAY }),
    () => ({ extKeyUsage: [pick('clientAuth', 'anyExtendedKeyUsage', 'codeSigning')] }),
    () => ({ keyUsage: pick(0, KEY_USAGE.keyCertSign, KEY_USAGE.cRLSign, KEY_USAGE.keyAgreement, KEY_USAGE.nonRepudiation) }),
    () => ({ names: { dns: [pick('www.example.com', '*.example.com', '*.com', 'EXAMPLE.com', 'example.org', 'a.b.example.com')] } }),
    () => ({ names: { ip: [pick(Uint8Array.of(192, 0, 2, 1), Uint8Array.of(10, 0, 0, 1))] } }),
    () => ({ names: { email: [pick('a@example.com', 'b@www.example.com', 'a@EXAMPLE.com')] } }),
    () => ({ names: undefined, subject: pick('example.com', 'www.example.com', 'somebody') }),
    () => ({
      subject: [
        ['O', pick('Example', 'Other')],
        ['CN', 'x'],
      ],
    }),
    () => ({ subject: [] }),
    () => ({ ca: true }),
    () => ({ extensions: [{ oid: '1.2.3.4', critical: chance(0.5), value: utf8('x') }] }),
    () => ({ authorityKeyIdentifier: utf8('nobody') }),
    () => ({ serial: 0 }),
  )();

const faults = (probability: number, fault: () => IssueOptions): IssueOptions =>
  chance(probability) ? { ...fault(), ...(chance(0.2) ? fault() : {}) } : {};

function forge(entity: Entity): Entity {
  const der = entity.certificate.der.slice();
  der[der.length - 8] = (der[der.length - 8] as number) ^ 1;
  return { ...entity, certificate: parseCertificate(der) };
}

interface Group {
  readonly anchors: readonly Certificate[];
  readonly untrusted: readonly Certificate[];
  readonly leaves: readonly Certificate[];
  readonly flags: number;
  readonly host: string | undefined;
}

function makeGroup(): Group {
  const root = makeRoot('Root', chance(0.2) ? faults(1, authorityFault) : {});
  const other = makeRoot('Other root');
  const levels: Entity[] = [root];
  for (let i = 0; i < pick(1, 1, 2, 3); i++)
    levels.push(makeIntermediate(levels[i] as Entity, pick('A', 'B', `Level ${i}`), faults(0.25, authorityFault)));
  const bottom = levels[levels.length - 1] as Entity;
  // The lowest authority again, from another issuer or with another validity.
  const twin = makeIntermediate(pick(other, root), 'Twin', {
    key: bottom.key,
    subject: bottom.certificate.subject,
    ...faults(0.5, authorityFault),
  });
  const pool = [...levels.slice(1), ...(chance(0.4) ? [twin] : []), ...(chance(0.3) ? [makeIntermediate(other, 'Unused')] : [])];
  const untrusted = pool.filter(() => !chance(0.1)).sort(() => random() - 0.5);
  const anchors = pick([root], [root], [root, other], [other], [bottom, root]);
  const leaves = Array.from({ length: LEAVES }, () => makeOneLeaf(levels, bottom));
  const flags = (chance(0.3) ? X509_V_FLAG.X509_STRICT : 0) | (chance(0.3) ? X509_V_FLAG.PARTIAL_CHAIN : 0);
  const certificates = (entities: readonly Entity[]): Certificate[] => entities.map(({ certificate }) => certificate);
  return {
    anchors: certificates(anchors),
    untrusted: certificates(untrusted),
    leaves: certificates(leaves),
    flags,
    host: chance(0.5) ? 'example.com' : undefined,
  };
}

function makeOneLeaf(levels: readonly Entity[], bottom: Entity): Entity {
  if (chance(0.03)) return makeRoot('self', { ca: chance(0.5), names: { dns: ['example.com'] }, key: freshKey() });
  const leaf = makeLeaf(chance(0.85) ? bottom : pick(...levels), faults(0.55, leafFault));
  return chance(0.05) ? forge(leaf) : leaf;
}

/** Error numbers by leaf, 0 for those that are good. One process judges the whole group. */
function askOpenssl({ anchors, untrusted, leaves, flags, host }: Group): number[] {
  const write = (name: string, certificates: readonly Certificate[]): string => {
    const path = join(folder, name);
    writeFileSync(path, certificates.map(({ der }) => pemText('CERTIFICATE', der)).join(''));
    return path;
  };
  const options = [
    '-no-CApath',
    '-no-CAstore',
    '-purpose',
    'sslserver',
    '-auth_level',
    '2',
    '-attime',
    String(NOW),
    '-CAfile',
    write('anchors.pem', anchors),
  ];
  if (untrusted.length > 0) options.push('-untrusted', write('untrusted.pem', untrusted));
  if ((flags & X509_V_FLAG.X509_STRICT) !== 0) options.push('-x509_strict');
  if ((flags & X509_V_FLAG.PARTIAL_CHAIN) !== 0) options.push('-partial_chain');
  if (host !== undefined) options.push('-verify_hostname', host);
  const paths = leaves.map((leaf, i) => write(`leaf${i}.pem`, [leaf]));
  const { stdout, stderr } = spawnSync('openssl', ['verify', ...options, ...paths], { encoding: 'utf8' });
  return readAnswers(`${stdout}\n${stderr}`, stderr, paths);
}

/** A bad leaf prints `error N at D depth lookup` before `error FILE: verification failed`; a good one `FILE: OK`. */
function readAnswers(all: string, stderr: string, paths: readonly string[]): number[] {
  const failed = new Map<string, number>();
  let first: number | undefined;
  for (const line of stderr.split('\n')) {
    const error = /^error (\d+) at \d+ depth lookup/.exec(line);
    const end = /^error (.*): verification failed$/.exec(line);
    if (error !== null) first ??= Number(error[1]);
    if (end?.[1] === undefined) continue;
    failed.set(end[1], first ?? 1);
    first = undefined;
  }
  return paths.map((path) => {
    if (all.includes(`${path}: OK`)) return 0;
    return failed.get(path) ?? Number.NaN;
  });
}

function verifyOne({ anchors, untrusted, flags, host }: Group, leaf: Certificate): VerifyOutcome {
  const params = new X509VerifyParam({ authLevel: 2, flags, ...(host !== undefined && { hosts: [host] }) });
  const outcome = verifyChain({
    provider: nodeProvider,
    chain: [leaf, ...untrusted],
    store: storeOf(...anchors),
    params,
    purpose: 'sslserver',
    now: NOW,
  });
  if (outcome instanceof Promise) throw new TypeError('the verification was not synchronous');
  return outcome;
}

describe.skipIf(!installed)('against openssl verify (skipped where OpenSSL 3 is not installed)', () => {
  const rows = Array.from({ length: installed ? GROUPS : 0 }, (_, i) => {
    const group = makeGroup();
    const theirs = askOpenssl(group);
    return group.leaves.map((leaf, j) => ({
      id: `${i}/${j}`,
      ours: verifyOne(group, leaf).result,
      theirs: theirs[j] as number,
      group,
      leaf,
    }));
  }).flat();

  it('has an answer for each of more than 2000 chains, good ones and bad ones', () => {
    expect(rows.length).toBeGreaterThan(2000);
    expect(rows.filter(({ theirs }) => Number.isNaN(theirs))).toEqual([]);
    expect(rows.filter(({ theirs }) => theirs === 0).length).toBeGreaterThan(500);
  });

  it('accepts what OpenSSL refuses only where OpenSSL accepts the very path, and had merely not found it', () => {
    const accepted = rows.filter(({ ours, theirs }) => ours === 'OK' && theirs !== 0);
    for (const { id, group, leaf } of accepted) {
      const path = verifyOne(group, leaf).chain;
      const anchor = path[path.length - 1] as Certificate;
      expect(askOpenssl({ ...group, anchors: [anchor], untrusted: path.slice(1, -1), leaves: [leaf] }), id).toEqual([0]);
    }
    expect(accepted.length / rows.length).toBeLessThan(0.1);
  });

  it('refuses what OpenSSL accepts only for the reasons given', () => {
    const refused = rows.filter(({ ours, theirs }) => ours !== 'OK' && theirs === 0 && STRICTER[ours] === undefined);
    expect(refused.map(({ id, ours }) => `${id}: ${ours}`)).toEqual([]);
  });

  it('names the same error nearly always', () => {
    const bad = rows.filter(({ ours, theirs }) => ours !== 'OK' && theirs !== 0);
    const different = bad.filter(({ ours, theirs }) => X509_VERIFY_RESULTS[ours] !== theirs);
    expect(different.length / bad.length).toBeLessThan(0.1);
  });
});
