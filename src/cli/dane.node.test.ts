import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { LIVE } from '../../test/support/loopback.ts';
import { filesIn, type Session, start } from '../../test/support/terminal.ts';
import { pemText } from '../asn1/pem.ts';
import { nodeProvider } from '../crypto/node.ts';
import { parseCertificates } from '../x509/certificate.ts';
import { nameHash } from '../x509/name-hash.ts';

const [authority] = parseCertificates(LIVE.ca);
const [leaf] = parseCertificates(LIVE.cert);
if (authority === undefined || leaf === undefined) throw new Error('no test certificates');

const files = filesIn({
  'server.pem': LIVE.cert + LIVE.key,
  [`${nameHash(authority.subject, nodeProvider)}.0`]: pemText('CERTIFICATE', authority.der),
});
afterAll(() => files.remove());

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const GOOD = `3 1 1 ${sha256(leaf.spki)}`;
const BAD = `3 1 1 ${'00'.repeat(32)}`;

async function server(): Promise<{ readonly run: Session; readonly port: string }> {
  const run = start('s_server', '-accept', '127.0.0.1:0', '-cert', files.path('server.pem'), '-naccept', '1');
  const [, port = ''] = await run.says(/ACCEPT 127\.0\.0\.1:(\d+)/);
  return { run, port };
}

const client = (port: string, ...words: readonly string[]): Session =>
  start('s_client', '-connect', `localhost:${port}`, '-no-CAfile', '-verify_return_error', ...words);

describe('s_client', () => {
  it('verifies a server by TLSA records, and says by which', async () => {
    const { run, port } = await server();
    const one = client(
      port,
      '-dane_tlsa_domain',
      'localhost',
      '-dane_tlsa_rrdata',
      BAD,
      '-dane_tlsa_rrdata',
      '9 9 9 00',
      '-dane_tlsa_rrdata',
      GOOD,
    );
    await one.says(/DANE TLSA 3 1 1 \.\.\.[0-9a-f]{24} matched EE certificate at depth 0\n/);
    expect(one.output()).toContain('Verification: OK\n');
    expect(one.errors()).toContain('warning: unusable TLSA rrdata: 9 9 9 00\n');
    one.input.write('Q\n');
    expect([await one.exit, await run.exit]).toEqual([0, 0]);
  });

  it('refuses a server that no record names', async () => {
    const { run, port } = await server();
    const one = client(port, '-dane_tlsa_domain', 'localhost', '-dane_tlsa_rrdata', BAD);
    expect(await one.exit).toBe(1);
    expect(one.errors()).toContain('verify error:num=65:no matching DANE TLSA records');
    await run.exit;
  });

  it('trusts what a directory of hashed names holds', async () => {
    const { run, port } = await server();
    const one = client(port, '-CApath', files.path('.'), '-verify_hostname', 'localhost');
    await one.says(/Verify return code: 0 \(ok\)/);
    one.input.write('Q\n');
    expect([await one.exit, await run.exit]).toEqual([0, 0]);
  });

  it.each([
    [['-dane_tlsa_domain', 'localhost'], 'requires at least one -dane_tlsa_rrdata option'],
    [['-dane_tlsa_domain', 'localhost', '-dane_tlsa_rrdata', '3 1 1 xy'], 'Failed to import any TLSA records'],
    [['-dane_tlsa_rrdata', GOOD], 'requires the -dane_tlsa_domain option'],
  ] as const)('refuses %j before it connects', async (words, message) => {
    const one = start('s_client', '-connect', 'localhost:1', ...words);
    expect([await one.exit, one.errors()]).toEqual([1, expect.stringContaining(message)]);
  });
});
