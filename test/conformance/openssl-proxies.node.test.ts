import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pemText } from '../../src/asn1/pem.ts';
import { X509_VERIFY_RESULTS } from '../../src/registry/verify-results.ts';
import { type Entity, NOW } from '../support/authorities.ts';
import { BROKEN_PROXIES, PROXY_CASES, PROXY_ROOT } from '../support/proxies.ts';

const { stdout: version } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
const folder = mkdtempSync(join(tmpdir(), 'libssl-proxies-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, entities: readonly Entity[]): string {
  const path = join(folder, name);
  writeFileSync(path, entities.map(({ certificate }) => pemText('CERTIFICATE', certificate.der)).join(''));
  return path;
}

/** The first problem that `openssl verify` names, and its depth. */
function askOpenssl([leaf, ...others]: readonly Entity[], ...options: string[]): [number, number] {
  const words = ['verify', '-no-CApath', '-no-CAstore', '-purpose', 'sslserver', '-attime', String(NOW), ...options];
  words.push('-CAfile', fileOf('root.pem', [PROXY_ROOT]));
  if (others.length > 0) words.push('-untrusted', fileOf('untrusted.pem', others));
  const { stdout, stderr } = spawnSync('openssl', [...words, fileOf('leaf.pem', leaf === undefined ? [] : [leaf])], { encoding: 'utf8' });
  const [, error, depth] = /error (\d+) at (\d+) depth lookup/.exec(stderr) ?? [];
  return stdout.includes(': OK') ? [0, 0] : [Number(error), Number(depth)];
}

describe.skipIf(!version?.startsWith('OpenSSL 3'))('proxy certificates by openssl verify (skipped without OpenSSL 3)', () => {
  it.each(PROXY_CASES)('$title', ({ chain, result, depth, openssl }) => {
    const expected = openssl ?? { result, depth };
    expect(askOpenssl(chain, '-allow_proxy_certs')).toEqual([X509_VERIFY_RESULTS[expected.result], expected.depth]);
    if (result === 'OK') expect(askOpenssl(chain)).toEqual([X509_VERIFY_RESULTS.PROXY_CERTIFICATES_NOT_ALLOWED, 0]);
  });

  it.each(BROKEN_PROXIES)('one $title is refused there, too', ({ chain }) => {
    expect(askOpenssl(chain, '-allow_proxy_certs')[0]).not.toBe(0);
  });
});
