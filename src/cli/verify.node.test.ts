import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Entity, freshKey, type IssueOptions, makeIntermediate, makeLeaf, makeRoot, NOW } from '../../test/support/authorities.ts';
import { makeCrl } from '../../test/support/crls.ts';
import { PLAIN_PROXY, PROXY_ROOT } from '../../test/support/proxies.ts';
import { start } from '../../test/support/terminal.ts';
import { contextConstructed } from '../asn1/der-reader.ts';
import { element, oid, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import { concat } from '../bytes/bytes.ts';
import { nodeProvider } from '../crypto/node.ts';
import type { HashName, PrivateKey } from '../crypto/provider.ts';
import { PURPOSE_OIDS } from '../registry/oids.ts';
import type { FreshKeyKind } from '../x509/make-key.ts';
import { nameHash } from '../x509/name-hash.ts';

const version = spawnSync('openssl', ['version'], { encoding: 'utf8' });
const installed = version.status === 0 && version.stdout.startsWith('OpenSSL 3.0');

const folder = mkdtempSync(join(tmpdir(), 'libssl-cli-x509-'));
afterAll(() => rmSync(folder, { recursive: true }));
const put = (name: string, ...ders: readonly (readonly [string, Uint8Array])[]): string => {
  const path = join(folder, name);
  writeFileSync(path, ders.map(([label, der]) => pemText(label, der)).join(''));
  return path;
};

const root = makeRoot('Root');
const ca = makeIntermediate(root);
const leaf = makeLeaf(ca, { names: { dns: ['example.com'], ip: [Uint8Array.of(192, 0, 2, 1)], email: ['a@example.com'] } });
const late = makeLeaf(ca, { notAfter: NOW - 1 });
const revoked = makeLeaf(ca);
const policedCa = makeIntermediate(root, 'Policed', { policies: ['1.2.3.4'] });
const policed = makeLeaf(policedCa, { policies: ['1.2.3.4'] });

const CERTIFICATE = 'CERTIFICATE';
/** A root with trust settings, as `openssl x509 -addtrust -addreject` writes it. */
const settled = (name: string, { certificate }: Entity, trust: readonly string[], reject: readonly string[] = []): string =>
  put(name, [
    'TRUSTED CERTIFICATE',
    concat(
      certificate.der,
      sequence(
        trust.length > 0 ? sequence(...trust.map(oid)) : undefined,
        reject.length > 0 ? element(contextConstructed(0), ...reject.map(oid)) : undefined,
      ),
    ),
  ]);

/** Chains for Suite B, by the curves and hashes of root, authority and leaf. */
const SUITE_B: readonly (readonly [name: string, root: SuiteBKey, ca: SuiteBKey, leaf: SuiteBKey])[] = [
  ['256-256-256', ['P-256'], ['P-256'], ['P-256']],
  ['384-384-384', ['P-384'], ['P-384'], ['P-384']],
  ['384-384-256', ['P-384'], ['P-384'], ['P-256']],
  ['384-256-256', ['P-384'], ['P-256'], ['P-256']],
  ['256-256-384', ['P-256'], ['P-256'], ['P-384']],
  ['256-384-256', ['P-256'], ['P-384'], ['P-256']],
  ['521-384-384', ['P-521'], ['P-384'], ['P-384']],
  ['384-384-521', ['P-384'], ['P-384'], ['P-521']],
  ['256-256-ed25519', ['P-256'], ['P-256'], ['ed25519']],
  ['256-ed25519-256', ['P-256'], ['ed25519'], ['P-256']],
  ['root-by-sha384', ['P-256', 'sha384'], ['P-256'], ['P-256']],
  ['leaf-by-sha384', ['P-256'], ['P-256', 'sha384'], ['P-256']],
  ['ca-by-sha256', ['P-384', 'sha256'], ['P-384'], ['P-384']],
];
type SuiteBKey = readonly [kind: FreshKeyKind, hash?: HashName];
const SUITE_B_FILES = SUITE_B.map(([name, ...kinds]) => {
  const keys = kinds.map(([kind]) => freshKey(kind));
  const by = (i: number): IssueOptions => {
    const [kind, hash = kind === 'P-384' ? 'sha384' : kind === 'P-521' ? 'sha512' : 'sha256'] = kinds[i] as SuiteBKey;
    return kind === 'ed25519' ? {} : { algorithm: { kind: 'ecdsa', hash } };
  };
  const [rootKey, caKey, leafKey] = keys as [PrivateKey, PrivateKey, PrivateKey];
  const top = makeRoot(`Root ${name}`, { key: rootKey, ...by(0) });
  const middle = makeIntermediate(top, 'Middle', { key: caKey, ...by(0) });
  const end = makeLeaf(middle, { key: leafKey, ...by(1) });
  return [
    put(`suite-b-root-${name}.pem`, [CERTIFICATE, top.certificate.der]),
    put(`suite-b-ca-${name}.pem`, [CERTIFICATE, middle.certificate.der]),
    put(`suite-b-${name}.pem`, [CERTIFICATE, end.certificate.der]),
  ] as const;
});

const FILES = {
  forServers: settled('for-servers.pem', root, [PURPOSE_OIDS.serverAuth]),
  notForServers: settled('not-for-servers.pem', root, [], [PURPOSE_OIDS.serverAuth]),
  intermediateForServers: settled('intermediate-for-servers.pem', ca, [PURPOSE_OIDS.serverAuth]),
  root: put('root.pem', [CERTIFICATE, root.certificate.der]),
  ca: put('ca.pem', [CERTIFICATE, ca.certificate.der]),
  leaf: put('leaf.pem', [CERTIFICATE, leaf.certificate.der]),
  both: put('both.pem', [CERTIFICATE, makeLeaf(ca, { extKeyUsage: ['serverAuth', 'clientAuth'] }).certificate.der]),
  late: put('late.pem', [CERTIFICATE, late.certificate.der]),
  revoked: put('revoked.pem', [CERTIFICATE, revoked.certificate.der]),
  policed: put('policed.pem', [CERTIFICATE, policed.certificate.der]),
  crl: put('crl.pem', ['X509 CRL', makeCrl(ca, { revoked: [{ serial: revoked.certificate.serialNumber }] }).der]),
  rootCrl: put('root-crl.pem', ['X509 CRL', makeCrl(root).der]),
  proxyRoot: put('proxy-root.pem', [CERTIFICATE, PROXY_ROOT.certificate.der]),
  proxyIssuer: put('proxy-issuer.pem', ...PLAIN_PROXY.slice(1).map(({ certificate }) => [CERTIFICATE, certificate.der] as const)),
  proxy: put('proxy.pem', ...PLAIN_PROXY.slice(0, 1).map(({ certificate }) => [CERTIFICATE, certificate.der] as const)),
  none: join(folder, 'none.pem'),
};
put(`${nameHash(root.certificate.subject, nodeProvider)}.0`, [CERTIFICATE, root.certificate.der]);

interface Run {
  readonly exit: number | null;
  readonly output: string;
  /** The lines that are the command's own, not those of OpenSSL's error queue or of a file system. */
  readonly errors: readonly string[];
}

const essential = (errors: string): readonly string[] =>
  errors.split('\n').filter((line) => line !== '' && !/^[0-9A-F]{16}:error:|^Could not|^Unable to load/.test(line));

async function ours(words: readonly string[]): Promise<Run> {
  const run = start(...words);
  const exit = await run.exit;
  return { exit, output: run.output(), errors: essential(run.errors()) };
}

function theirs(words: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync('openssl', words, {
    encoding: 'latin1',
    env: { ...process.env, OPENSSL_CONF: '/dev/null' },
  });
  return { exit: status, output: stdout, errors: essential(stderr) };
}

const AT = ['-attime', String(NOW)];
const TRUST = ['-CAfile', FILES.root, '-no-CApath', '-no-CAstore', '-untrusted', FILES.ca];

const VERIFICATIONS: readonly (readonly string[])[] = [
  [...TRUST, ...AT, FILES.leaf],
  [...TRUST, ...AT, '-show_chain', FILES.leaf],
  [...TRUST, ...AT, FILES.leaf, FILES.late, FILES.leaf],
  ['-CApath', folder, '-no-CAfile', '-untrusted', FILES.ca, ...AT, FILES.leaf],
  ['-CAstore', FILES.root, '-no-CAfile', '-no-CApath', '-untrusted', FILES.ca, ...AT, FILES.leaf],
  ['-trusted', FILES.root, '-untrusted', FILES.ca, ...AT, '-show_chain', FILES.leaf],
  ['-trusted', FILES.ca, ...AT, FILES.leaf],
  ['-trusted', FILES.ca, '-partial_chain', '-show_chain', ...AT, FILES.leaf],
  ['-no-CAfile', '-no-CApath', ...AT, FILES.leaf],
  ['-no-CAfile', '-no-CApath', ...AT, FILES.root],
  [...TRUST, '-attime', '100', FILES.leaf],
  [...TRUST, '-no_check_time', FILES.late],
  [...TRUST, ...AT, '-purpose', 'sslserver', FILES.leaf],
  [...TRUST, ...AT, '-purpose', 'sslclient', FILES.leaf],
  [...TRUST, ...AT, '-verify_hostname', 'example.com', '-verify_ip', '192.0.2.1', '-verify_email', 'a@example.com', FILES.leaf],
  [...TRUST, ...AT, '-verify_hostname', 'other.com', FILES.leaf],
  [...TRUST, ...AT, '-verify_ip', '192.0.2.2', FILES.leaf],
  [...TRUST, ...AT, '-verify_email', 'b@example.com', FILES.leaf],
  [...TRUST, ...AT, '-verify_depth', '0', FILES.leaf],
  [...TRUST, ...AT, '-auth_level', '4', FILES.leaf],
  [...TRUST, ...AT, '-x509_strict', FILES.leaf],
  [...TRUST, ...AT, '-crl_check', FILES.leaf],
  [...TRUST, ...AT, '-crl_check', '-CRLfile', FILES.crl, FILES.leaf],
  [...TRUST, ...AT, '-crl_check', '-CRLfile', FILES.crl, FILES.revoked],
  [...TRUST, ...AT, '-crl_check', '-crl_check_all', '-CRLfile', FILES.crl, FILES.leaf],
  [...TRUST, ...AT, '-crl_check', '-crl_check_all', '-CRLfile', FILES.crl, '-CRLfile', FILES.rootCrl, FILES.leaf],
  ...['forServers', 'notForServers', 'intermediateForServers'].flatMap((name) =>
    [['-purpose', 'sslserver'], ['-purpose', 'sslclient'], []].map((purpose) => [
      ...['-CAfile', FILES[name as keyof typeof FILES], '-no-CApath', '-no-CAstore', '-untrusted', FILES.ca],
      ...[...AT, ...purpose, FILES.both],
    ]),
  ),
  ...['-suiteB_128_only', '-suiteB_128', '-suiteB_192'].flatMap((flag) =>
    SUITE_B_FILES.map(([top, middle, end]) => ['-trusted', top, '-untrusted', middle, ...AT, flag, end]),
  ),
  [...TRUST, ...AT, '-explicit_policy', FILES.leaf],
  ...[[], ['-allow_proxy_certs']].map((allowed) => [
    '-trusted',
    FILES.proxyRoot,
    '-untrusted',
    FILES.proxyIssuer,
    ...AT,
    ...allowed,
    FILES.proxy,
  ]),
  [...TRUST, '-trusted', FILES.root, ...AT, FILES.leaf],
  [...TRUST, ...AT, FILES.none],
  [...TRUST, ...AT, FILES.none, FILES.leaf],
  ['-CAfile', FILES.none, FILES.leaf],
  [...TRUST, '-bogus'],
];

describe.skipIf(!installed)('verify, beside openssl 3.0 (skipped where that is not installed)', () => {
  it.each(VERIFICATIONS.map((words) => [words.map((word) => word.replace(`${folder}/`, '')).join(' '), words] as const))(
    '%s',
    async (_, words) => {
      const [we, they] = [await ours(['verify', ...words]), theirs(['verify', ...words])];
      expect({ exit: we.exit, output: we.output }).toEqual({ exit: they.exit, output: they.output });
      // How a file could not be loaded is said in words of our own.
      expect(we.errors.filter((line) => !line.startsWith('verify: '))).toEqual(
        they.errors.filter((line) => !line.startsWith('verify: ') && !line.startsWith('Error loading')),
      );
    },
  );
});

const certificate = (...words: readonly string[]): readonly string[] => ['-in', FILES.leaf, ...words];

const VIEWS: readonly (readonly string[])[] = [
  certificate(),
  certificate('-noout'),
  certificate('-noout', '-text'),
  certificate('-text', '-noout', '-in', FILES.ca),
  certificate('-noout', '-subject', '-issuer', '-serial', '-dates'),
  certificate('-noout', '-enddate', '-startdate'),
  certificate('-noout', '-fingerprint'),
  ...['md5', 'sha1', 'sha256', 'sha384', 'sha512'].map((name) => certificate('-noout', '-fingerprint', `-${name}`)),
  certificate('-noout', '-ext', 'subjectAltName,keyUsage,extendedKeyUsage,basicConstraints'),
  certificate('-noout', '-ext', 'nameConstraints'),
  certificate('-noout', '-pubkey'),
  certificate('-pubkey', '-subject'),
  certificate('-noout', '-hash', '-issuer_hash', '-email', '-modulus', '-ocsp_uri'),
  certificate('-noout', '-subject', '-nameopt', 'rfc2253'),
  certificate('-noout', '-checkhost', 'example.com', '-checkip', '192.0.2.1', '-checkemail', 'a@example.com'),
  certificate('-noout', '-checkhost', 'other.com', '-checkip', '192.0.2.9', '-checkemail', 'b@example.com'),
  certificate('-noout', '-checkend', '10'),
  certificate('-outform', 'DER'),
  ['-in', FILES.none, '-noout'],
  ['-in', FILES.crl, '-noout'],
];

describe.skipIf(!installed)('x509, beside openssl 3.0 (skipped where that is not installed)', () => {
  it.each(VIEWS.map((words) => [words.map((word) => word.replace(`${folder}/`, '')).join(' '), words] as const))('%s', async (_, words) => {
    expect(await ours(['x509', ...words])).toEqual(theirs(['x509', ...words]));
  });
});

describe('verify and x509', () => {
  it('read standard input, and say what is good and what is not by their exit codes', async () => {
    const good = start('verify', ...TRUST, ...AT);
    good.input.end(pemText(CERTIFICATE, leaf.certificate.der));
    expect([await good.exit, good.output()]).toEqual([0, 'stdin: OK\n']);
    const bad = start('verify', ...TRUST, '-attime', '100');
    bad.input.end(pemText(CERTIFICATE, leaf.certificate.der));
    expect([await bad.exit, bad.errors()]).toEqual([2, expect.stringContaining('error stdin: verification failed\n')]);
    const shown = start('x509', '-noout', '-subject');
    shown.input.end(leaf.certificate.der);
    expect([await shown.exit, shown.output()]).toEqual([0, 'subject=CN = leaf\n']);
    const soon = start('x509', '-noout', '-checkend', String(100 * 365 * 86_400));
    soon.input.end(leaf.certificate.der);
    expect([await soon.exit, soon.output()]).toEqual([1, 'Certificate will expire\n']);
  });

  it('demand policies as they are told, on a chain that has them', async () => {
    const issuer = put('policed-ca.pem', [CERTIFICATE, policedCa.certificate.der]);
    const words = ['verify', '-trusted', FILES.root, '-untrusted', issuer, ...AT, '-explicit_policy', '-policy'];
    expect(await start(...words, '1.2.3.4', FILES.policed).exit).toBe(0);
    const other = start(...words, '1.2.9', FILES.policed);
    expect([await other.exit, other.errors()]).toEqual([2, expect.stringContaining('no explicit policy')]);
  });

  it('read certificates out of PKCS #12 files', async () => {
    const { files, certificate: pem } = JSON.parse(readFileSync(new URL('../../test/vectors/pkcs12/files.json', import.meta.url), 'utf8'));
    const path = join(folder, 'aes256.p12');
    writeFileSync(path, Buffer.from(files.aes256.pfx, 'base64'));
    const good = start('x509', '-in', path, '-passin', 'pass:secret');
    expect([await good.exit, good.output()]).toEqual([0, pem]);
    const bad = start('x509', '-in', path, '-passin', 'pass:wrong', '-noout');
    expect([await bad.exit, bad.errors()]).toEqual([1, expect.stringContaining('a wrong password')]);
  });

  it('write certificates to files', async () => {
    const out = join(folder, 'out.der');
    expect(await start('x509', '-in', FILES.leaf, '-out', out, '-outform', 'DER').exit).toBe(0);
    expect(existsSync(out)).toBe(true);
    expect(await start('verify', ...TRUST, ...AT, out).exit).toBe(0);
  });
});
