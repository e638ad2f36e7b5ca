import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LIVE } from '../../test/support/loopback.ts';

/** What `npm test` has built: the flags are those of a process of its own. */
const MODULE = new URL('../../dist/node/index.js', import.meta.url).href;

/** A program that connects to itself once over the library, and says what was agreed. */
const PROGRAM = `
import tls from ${JSON.stringify(MODULE)};
const { cert, key, ca } = ${JSON.stringify(LIVE)};
const server = tls.createServer({ cert, key }, (socket) => socket.end()).listen(0, '127.0.0.1', () => {
  const client = tls.connect({ ...(process.env.TRUSTED === undefined && { ca }), port: server.address().port, host: 'localhost', lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) });
  client.on('secureConnect', () => console.log(JSON.stringify([client.getProtocol(), client.getCipher().name])));
  client.on('error', ({ code }) => console.log(JSON.stringify(code)));
  client.resume().on('close', () => server.close());
});
`;

describe('flags of the runtime', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'libssl-flags-'));
  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (flags: readonly string[], options = '', env: object = {}): { readonly stdout: string; readonly stderr: string } =>
    spawnSync(process.execPath, [...flags, join(folder, 'program.mjs')], {
      encoding: 'utf8',
      env: { ...process.env, NODE_EXTRA_CA_CERTS: '', SSL_CERT_FILE: '', NODE_OPTIONS: options, ...env },
    });

  it.each([
    [['--tls-max-v1.2'], '', 'TLSv1.2', /^ECDHE-/],
    [[], '--tls-max-v1.2', 'TLSv1.2', /^ECDHE-/],
    [['--tls-cipher-list=TLS_CHACHA20_POLY1305_SHA256'], '', 'TLSv1.3', /^TLS_CHACHA20/],
    [['--tls-cipher-list', 'ECDHE-ECDSA-AES256-GCM-SHA384', '--tls-max-v1.2'], '', 'TLSv1.2', /^ECDHE-ECDSA-AES256-GCM-SHA384$/],
  ])('%j and NODE_OPTIONS "%s" decide on version and suite', (flags, options, version, suite) => {
    expect(JSON.parse(run(flags, options).stdout)).toEqual([version, expect.stringMatching(suite)]);
  });

  it('what the environment says of authorities holds where `ca` does not say', () => {
    const file = join(folder, 'ca.pem');
    writeFileSync(file, LIVE.ca);
    const outcome = (flags: readonly string[], env: object): unknown => JSON.parse(run(flags, '', { TRUSTED: 'default', ...env }).stdout);
    const connected = ['TLSv1.3', expect.any(String)];
    expect(outcome([], {})).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(outcome([], { NODE_EXTRA_CA_CERTS: file })).toEqual(connected);
    expect(outcome([], { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual(connected);
    expect(outcome([], { SSL_CERT_FILE: file })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(outcome(['--use-openssl-ca'], { SSL_CERT_FILE: file })).toEqual(connected);
  });

  it('--tls-keylog writes the secrets of both sides to a file that others cannot read, and says so', () => {
    const file = join(folder, 'key log.txt');
    const { stderr } = run(['--tls-max-v1.2'], `"--tls-keylog=${file}"`);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toEqual([expect.stringMatching(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/), lines[0]]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(stderr.match(/Using --tls-keylog makes TLS connections insecure/g)).toHaveLength(1);
  });

  it('--trace-tls writes what is sent and received, and says so', () => {
    const { stdout, stderr } = run(['--trace-tls']);
    expect(JSON.parse(stdout)[0]).toBe('TLSv1.3');
    expect(stderr.match(/Enabling --trace-tls can expose sensitive data/g)).toHaveLength(1);
    expect(stderr).toMatch(/Sent Record/);
  });
});
