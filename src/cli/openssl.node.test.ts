import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIVE, readAll } from '../../test/support/loopback.ts';
import { filesIn, type Session, start } from '../../test/support/terminal.ts';
import { CIPHER_SUITES } from '../registry/cipher-suites.ts';

const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
/** What is compared is the output of OpenSSL 3; without it there is nothing to compare. */
const present = status === 0 && stdout.startsWith('OpenSSL 3.');

const files = filesIn({ 'ca.pem': LIVE.ca, 'server.pem': LIVE.cert + LIVE.key });
const CLIENT = ['s_client', '-CAfile', files.path('ca.pem'), '-groups', 'P-256', '-verify_return_error'];
const SERVER = ['s_server', '-cert', files.path('server.pem'), '-accept', '127.0.0.1:0', '-alpn', 'y', '-rev'];

/** Runs `openssl`; with `CLOSE` typed, a server under -rev closes and the client leaves. */
async function openssl(
  words: readonly string[],
  typed: string,
): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
  const child = spawn('openssl', words, { stdio: ['pipe', 'pipe', 'pipe'] });
  // A command that reads nothing may be gone before it is written to.
  child.stdin.on('error', () => undefined);
  child.stdin.write(typed);
  const [output, errors, [code]] = await Promise.all([
    readAll(child.stdout),
    readAll(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ]);
  return { code, output: output.toString('latin1'), errors: errors.toString('latin1') };
}

/** The same with the command of ours. */
async function ours(
  words: readonly string[],
  typed: string,
): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
  const run = start(...words);
  run.input.write(typed);
  return { code: await run.exit, output: run.output(), errors: run.errors() };
}

/** A report without what differs from connection to connection. */
const comparable = (text: string): string[] =>
  text
    .replace(/(\nVerify return code[\s\S]*?\n---\n)[\s\S]*/, '$1')
    .replace(/^CONNECTED.*/, 'CONNECTED')
    .replace(/read \d+ bytes and written \d+ bytes/, 'read N bytes and written N bytes')
    .replace(/Keying material: .*/, 'Keying material: …')
    .split('\n');

describe.skipIf(!present)('beside OpenSSL 3', () => {
  let server: Session;
  let target: readonly string[];

  beforeAll(async () => {
    server = start(...SERVER);
    const [, port = ''] = await server.says(/ACCEPT \S+:(\d+)/);
    target = ['-connect', `localhost:${port}`];
  });
  afterAll(() => {
    server.input.end();
    files.remove();
  });

  it.each([
    ['plain', []],
    [
      'with everything',
      ['-showcerts', '-alpn', 'x,y', '-keymatexport', 'label', '-verify_hostname', 'localhost', '-servername', 'localhost'],
    ],
  ])('s_client reports a connection in the same words: %s', async (_name, words) => {
    const theirs = await openssl([...CLIENT, ...target, ...words], 'abc\nCLOSE\n');
    const mine = await ours([...CLIENT, ...target, ...words], 'abc\nCLOSE\n');
    expect([mine.code, theirs.code]).toEqual([0, 0]);
    expect(comparable(mine.output)).toEqual(comparable(theirs.output));
    for (const { output } of [mine, theirs]) expect(output).toMatch(/cba\n[\s\S]*closed\n$/);
  });

  it('s_client says the same of a certificate that nobody vouches for', async () => {
    const words = ['s_client', ...target, '-no-CAfile', '-no-CApath', '-no-CAstore', '-groups', 'P-256'];
    const theirs = await openssl(words, 'CLOSE\n');
    const mine = await ours(words, 'CLOSE\n');
    const problems = (text: string): string[] => text.split('\n').filter((line) => /^(?:depth|verify)/.test(line));
    expect(problems(mine.errors)).toEqual(problems(theirs.errors));
    expect(comparable(mine.output)).toEqual(comparable(theirs.output));
  });

  it('session files cross from one to the other', async () => {
    const theirFile = files.path('theirs.pem');
    const ourFile = files.path('ours.pem');
    await openssl([...CLIENT, ...target, '-sess_out', theirFile], 'CLOSE\n');
    await ours([...CLIENT, ...target, '-sess_out', ourFile], 'CLOSE\n');
    expect((await ours([...CLIENT, ...target, '-sess_in', theirFile], 'CLOSE\n')).output).toContain('\nReused, TLSv1.3, Cipher is');
    expect((await openssl([...CLIENT, ...target, '-sess_in', ourFile], 'CLOSE\n')).output).toContain('\nReused, TLSv1.3, Cipher is');
  });

  it.each([
    ['-v'],
    ['-v', 'ALL:COMPLEMENTOFALL'],
    ['-V', '-stdname', 'ALL:eNULL:@STRENGTH'],
    ['-stdname', 'HIGH:!aNULL:+SHA1'],
    ['-s', '-v', 'DEFAULT'],
    ['-s', '-v', '-tls1_2', 'DEFAULT'],
    ['-s', '-v', '-tls1_1', '-psk', 'DEFAULT'],
    ['-s', '-v', 'AES:eNULL:!AESCCM:@SECLEVEL=0'],
    ['-v', '-ciphersuites', 'TLS_AES_128_CCM_8_SHA256', 'AES128-SHA'],
  ])('ciphers %s %s %s lists the suites that both have in the same words', async (...words) => {
    const theirs = await openssl(['ciphers', ...words], '');
    // Without a cipher string each says what it would offer by itself; ours is OpenSSL's DEFAULT without CBC and RSA key exchange.
    const mine = await ours(['ciphers', ...(words.length > 1 ? words : [...words, 'DEFAULT'])], '');
    const names = new Set(CIPHER_SUITES.flatMap(({ cbc, name }) => (cbc === '3des-cbc' ? [] : [name])));
    const shared = (text: string): string[] => text.split('\n').filter((line) => line.split(/ +/).some((word) => names.has(word)));
    expect(shared(mine.output)).toEqual(shared(theirs.output));
    expect(shared(mine.output).length).toBeGreaterThan(1);
  });
});
