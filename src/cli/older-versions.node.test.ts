import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { LIVE } from '../../test/support/loopback.ts';
import { filesIn, type Session, start } from '../../test/support/terminal.ts';
import { integer, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import { ffdheGroup } from '../crypto/ffdhe.ts';

const files = filesIn({
  'ca.pem': LIVE.ca,
  'server.pem': LIVE.cert + LIVE.key,
  'client.pem': LIVE.clientCert + LIVE.clientKey,
});
afterAll(() => files.remove());

const CA = ['-CAfile', files.path('ca.pem')];

async function server(...words: readonly string[]): Promise<{ readonly run: Session; readonly port: string }> {
  const run = start('s_server', '-accept', '127.0.0.1:0', '-cert', files.path('server.pem'), ...words);
  const [, port = ''] = await run.says(/ACCEPT 127\.0\.0\.1:(\d+)/);
  return { run, port };
}

const client = (port: string, ...words: readonly string[]): Session => start('s_client', '-connect', `localhost:${port}`, ...CA, ...words);

async function leave(run: Session, peer?: Session): Promise<void> {
  run.input.write('Q\n');
  expect(await run.exit).toBe(0);
  peer?.input.write('Q\n');
  if (peer !== undefined) expect(await peer.exit).toBe(0);
}

/** The rest of the words in both directions. */
async function talk(one: Session, other: Session): Promise<void> {
  one.input.write('ping\n');
  await other.says(/ping\n/);
  other.input.write('pong\n');
  await one.says(/pong\n/);
}

describe('s_client and s_server below TLS 1.3', () => {
  it.each([
    ['tls1_2', 'TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256', 'TLSv1.2'],
    ['tls1_1', 'TLSv1.1', 'ECDHE-ECDSA-AES128-SHA', 'TLSv1.0'],
    ['tls1', 'TLSv1', 'ECDHE-ECDSA-AES256-SHA', 'TLSv1.0'],
  ])('-%s is spoken and reported with its session', async (flag, version, suite, since) => {
    const words = [`-${flag}`, '-cipher', `${suite}:@SECLEVEL=0`];
    const { run, port } = await server(...words);
    const other = client(port, ...words);
    await other.says(/Extended master secret: yes\n---\n/);
    await talk(other, run);
    await leave(other, run);
    expect(other.output()).toContain(`New, ${since}, Cipher is ${suite}\n`);
    expect(other.output()).toContain('Secure Renegotiation IS supported\n');
    expect(other.output()).toMatch(new RegExp(`SSL-Session:\n {4}Protocol {2}: ${version}\n {4}Cipher {4}: ${suite}\n`));
    expect(run.output()).toContain(`Shared ciphers:${suite}\n`);
  });

  it('-no_tls1_2 and the like switch versions off', async () => {
    const { run, port } = await server('-no_tls1_3', '-naccept', '2');
    const older = client(port, '-brief');
    await older.says(/Protocol version: TLSv1\.2\n/);
    await leave(older);
    const none = client(port, '-no_tls1_2');
    expect(await none.exit).toBe(1);
    expect(await run.exit).toBe(0);
  });

  it('R begins another handshake on the client', async () => {
    const { run, port } = await server('-tls1_2', '-client_renegotiation');
    const other = client(port, '-msg');
    await other.says(/Extended master secret/);
    other.input.write('R\n');
    await other.says(/ClientHello[\s\S]*Finished[\s\S]*ClientHello[\s\S]*Finished[\s\S]*Finished/);
    await talk(other, run);
    await leave(other, run);
    expect(other.errors()).toContain('RENEGOTIATING\n');
    expect(run.output()).toContain('   1 server renegotiates (SSL_accept())\n');
  });

  it('r and R ask for another on the server, R with the certificate of the client', async () => {
    const { run, port } = await server('-tls1_2', ...CA);
    const other = client(port, '-cert', files.path('client.pem'), '-msg');
    await run.says(/CIPHER is/);
    run.input.write('r\n');
    // Abbreviated: the server is the first to finish.
    await other.says(
      /HelloRequest[\s\S]*<<< TLS 1\.2, Handshake \[length \w+\], Finished[\s\S]*>>> TLS 1\.2, Handshake \[length \w+\], Finished/,
    );
    await talk(run, other);
    run.input.write('R\n');
    await other.says(/HelloRequest[\s\S]*CertificateRequest[\s\S]*<<< TLS 1\.2, Handshake \[length \w+\], Finished/);
    other.input.write('here now\n');
    await run.says(/here now\n/);
    await leave(other, run);
    expect(run.errors()).toContain('depth=0 CN = client\nverify return:1\n');
    expect(run.output()).toContain('   2 server renegotiates (SSL_accept())\n');
  });

  it('a server renegotiates for no client that asks, unless it was told to', async () => {
    const { run, port } = await server('-tls1_2');
    const other = client(port, '-msg');
    await run.says(/CIPHER is/);
    other.input.write('R\n');
    await other.says(/<<< TLS 1\.2, Alert \[length 0002\], warning no_renegotiation/);
    run.input.write('Q\n');
    expect(await run.exit).toBe(0);
    await other.exit;
    expect(run.output()).toContain('   0 server renegotiates (SSL_accept())\n');
  });

  it('K says that there are no key updates, and goes on', async () => {
    const { run, port } = await server('-tls1_2');
    const other = client(port);
    await run.says(/CIPHER is/);
    for (const side of [other, run]) {
      side.input.write('K\n');
      await side.says(/error:.*wrong ssl version/);
    }
    await talk(other, run);
    await leave(other, run);
  });

  it('TLS 1.3 and -no_renegotiation have none', async () => {
    const { run, port } = await server();
    for (const [words, reason] of [
      [[], 'wrong ssl version'],
      [['-tls1_2', '-no_renegotiation'], 'no renegotiation'],
    ] as const) {
      const other = client(port, ...words);
      await other.says(/---\n(?:read R BLOCK|$)/);
      other.input.write('R\n');
      await other.says(new RegExp(`RENEGOTIATING\n.*${reason}`));
      await leave(other);
    }
    run.input.write('Q\n');
    expect(await run.exit).toBe(0);
  });

  it('agree on a pre-shared key with a hint', async () => {
    const words = ['-tls1_2', '-psk', '0a0b', '-cipher', 'PSK-AES128-GCM-SHA256'];
    const { run, port } = await server(...words, '-psk_hint', 'which one');
    const other = client(port, ...words);
    await other.says(/PSK identity: Client_identity\n {4}PSK identity hint: which one\n/);
    await leave(other, run);
  });

  it('-no_etm and -no_ems leave the extensions out', async () => {
    const { run, port } = await server('-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA256');
    const other = client(port, '-cipher', 'ECDHE-ECDSA-AES128-SHA256', '-no_etm', '-no_ems');
    await other.says(/Extended master secret: no\n/);
    await talk(other, run);
    await leave(other, run);
  });

  it('-dhparam is the group of the server', async () => {
    const group = ffdheGroup('ffdhe3072');
    const path = files.path('dh.pem');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(path, pemText('DH PARAMETERS', sequence(integer(group.prime), integer(group.generator))));
    const suite = 'DHE-RSA-AES128-GCM-SHA256';
    const bad = start('s_server', '-accept', '127.0.0.1:0', '-cert', files.path('server.pem'), '-dhparam', files.path('ca.pem'));
    expect(await bad.exit).toBe(1);
    expect(bad.errors()).toContain('bad dh value');
    const run = start(
      's_server',
      '-accept',
      '127.0.0.1:0',
      '-cert',
      files.path('server.pem'),
      '-tls1_2',
      '-dhparam',
      path,
      '-cipher',
      `ADH-AES128-GCM-SHA256:${suite}:@SECLEVEL=0`,
    );
    const [, port = ''] = await run.says(/ACCEPT 127\.0\.0\.1:(\d+)/);
    expect(run.output()).toContain('Setting temp DH parameters\n');
    const other = client(port, '-cipher', 'ADH-AES128-GCM-SHA256:@SECLEVEL=0', '-msg');
    // 4 bytes of a header, and prime, generator and public value with two bytes of length each.
    await other.says(
      new RegExp(`Handshake \\[length ${(4 + 2 + 384 + 2 + 1 + 2 + 384).toString(16).padStart(4, '0')}\\], ServerKeyExchange`),
    );
    await leave(other, run);
  });

  it('resume from a session file, which sess_id prints and converts', async () => {
    const { run, port } = await server('-tls1_2');
    const path = files.path('session12.pem');
    const first = client(port, '-sess_out', path);
    await first.says(/Extended master secret/);
    await leave(first);
    const second = client(port, '-sess_in', path);
    await second.says(/Reused, TLSv1\.2, Cipher is ECDHE-ECDSA-/);
    await leave(second, run);

    const text = start('sess_id', '-in', path, '-text', '-noout');
    expect(await text.exit).toBe(0);
    expect(text.output()).toMatch(
      /^SSL-Session:\n {4}Protocol {2}: TLSv1\.2\n[\s\S]* {4}Master-Key: [0-9A-F]{96}\n[\s\S]*Extended master secret: yes\n$/,
    );
    const der = files.path('session12.der');
    expect(await start('sess_id', '-in', path, '-outform', 'DER', '-out', der).exit).toBe(0);
    const back = start('sess_id', '-in', der, '-inform', 'DER');
    expect(await back.exit).toBe(0);
    expect(back.output()).toBe(readFileSync(path, 'latin1'));
    const certificate = start('sess_id', '-in', path, '-cert');
    expect([await certificate.exit, certificate.output()]).toEqual([0, LIVE.cert]);
    const missing = start('sess_id', '-in', files.path('ca.pem'));
    expect([await missing.exit, missing.errors()]).toEqual([1, expect.stringContaining("Can't open session file")]);
  });

  it('-stateless demands a cookie first', async () => {
    const { run, port } = await server('-stateless');
    const other = client(port, '-msg');
    await other.says(/read R BLOCK/);
    await talk(other, run);
    await leave(other, run);
    expect(other.output().match(/>>> TLS 1\.3, Handshake \[length \w+\], ClientHello/g)).toHaveLength(2);
  });
});
