import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import * as https from 'node:https';
import * as tls from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { LIVE, listening, livePem, readAll } from '../../test/support/loopback.ts';
import { filesIn, type Session, start } from '../../test/support/terminal.ts';

const files = filesIn({
  'ca.pem': LIVE.ca,
  'server.pem': LIVE.cert + LIVE.key,
  'client.pem': LIVE.clientCert + LIVE.clientKey,
  'other.pem': livePem({ subject: 'other', names: { dns: ['other.example'] } }) + LIVE.key,
  'early.txt': 'GET /early\r\n',
});
afterAll(() => files.remove());

const CA = files.path('ca.pem');
const SERVER = ['-accept', '127.0.0.1:0', '-cert', files.path('server.pem')];

/** A server of ours, and its port. */
async function server(...words: readonly string[]): Promise<{ readonly run: Session; readonly port: string }> {
  const run = start('s_server', ...SERVER, ...words);
  const [, port = ''] = await run.says(/ACCEPT 127\.0\.0\.1:(\d+)/);
  return { run, port };
}

/** A client of ours that trusts the test authority. */
const client = (port: string, ...words: readonly string[]): Session =>
  start('s_client', '-connect', `localhost:${port}`, '-CAfile', CA, ...words);

/** The client leaves, and both ends are asked for their exit codes. */
async function leave(run: Session, peer?: Session): Promise<void> {
  run.input.write('Q\n');
  expect(await run.exit).toBe(0);
  peer?.input.write('Q\n');
  if (peer !== undefined) expect(await peer.exit).toBe(0);
}

describe('s_client and s_server', () => {
  it('talk to each other and say so', async () => {
    const { run, port } = await server();
    const other = client(port);
    await other.says(/read R BLOCK\n[\s\S]*read R BLOCK\n/);
    other.input.write('from the client\n');
    await run.says(/from the client\n/);
    run.input.write('from the server\n');
    await other.says(/from the server\n/);
    await leave(other, run);
    expect(other.output()).toMatch(/^CONNECTED\(\w{8}\)\n---\nCertificate chain\n 0 s:CN = localhost\n {3}i:CN = Test CA\n/);
    expect(other.output()).toContain('\n---\nNew, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384\nServer public key is 256 bit\n');
    expect(other.output()).toMatch(/SSL handshake has read \d+ bytes and written \d+ bytes\nVerification: OK\n/);
    expect(other.output()).toContain('Verify return code: 0 (ok)\n---\n');
    expect(other.errors()).toBe('depth=1 CN = Test CA\nverify return:1\ndepth=0 CN = localhost\nverify return:1\nDONE\n');
    expect(run.output()).toContain('-----BEGIN SSL SESSION PARAMETERS-----');
    expect(run.output()).toContain('CIPHER is TLS_AES_256_GCM_SHA384\n');
    expect(run.output()).toContain('   1 server accepts that finished\n');
  });

  it('go on past a problem with the certificate, or end with exit code 1 where that was asked for', async () => {
    const { run, port } = await server('-naccept', '2');
    const lax = start('s_client', '-connect', `127.0.0.1:${port}`, '-no-CAfile');
    await lax.says(/Verify return code: 21 \(unable to verify the first certificate\)/);
    expect(lax.errors()).toContain('verify error:num=20:unable to get local issuer certificate\nverify return:1\n');
    await leave(lax);
    const strict = start('s_client', '-connect', `127.0.0.1:${port}`, '-no-CAfile', '-verify_return_error');
    expect(await strict.exit).toBe(1);
    expect(strict.errors()).toContain('error:0A000086:SSL routines::certificate verify failed');
    expect(await run.exit).toBe(0);
    expect(run.errors()).toContain('SSL alert number 48');
  });

  it('check a name where one is given', async () => {
    const { run, port } = await server();
    const wrong = client(port, '-verify_hostname', 'elsewhere.example', '-verify_return_error');
    expect(await wrong.exit).toBe(1);
    expect(wrong.errors()).toContain('verify error:num=62:hostname mismatch');
    const right = client(port, '-verify_hostname', 'server.example', '-brief');
    await right.says(/Verified peername: server\.example/);
    await leave(right, run);
  });

  it('use certificates of both sides', async () => {
    const { run, port } = await server('-Verify', '1', '-CAfile', CA);
    const anonymous = client(port);
    expect(await anonymous.exit).toBe(1);
    const known = client(port, '-cert', files.path('client.pem'));
    await run.says(/Client certificate\n[\s\S]*subject=CN = client\n/);
    await leave(known, run);
    expect(known.output()).toContain('Acceptable client certificate CA names\nCN = Test CA\n');
    expect(run.errors()).toContain('verify depth is 1, must return a certificate\n');
  });

  it('resume from a session file, and send 0-RTT data with it', async () => {
    const { run, port } = await server('-early_data', '-max_early_data', '1000');
    const session = files.path('session.pem');
    const first = client(port, '-sess_out', session);
    await first.says(/read R BLOCK/);
    await leave(first);
    expect(readFileSync(session, 'latin1')).toMatch(/^-----BEGIN SSL SESSION PARAMETERS-----\n/);
    const second = client(port, '-sess_in', session, '-early_data', files.path('early.txt'));
    await second.says(/Early data was accepted/);
    await run.says(/End of early data/);
    await leave(second, run);
    expect(second.output()).toContain('---\nReused, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384\n');
    expect(run.output()).toContain('Early data received:\nGET /early\r\n\nEnd of early data\n');
  });

  it('reconnect five times with the session', async () => {
    const { run, port } = await server('-naccept', '6', '-www');
    const other = client(port, '-reconnect', '-brief');
    await other.says(/(?:CONNECTION ESTABLISHED[\s\S]*?){6}/);
    await leave(other);
    expect(await run.exit).toBe(0);
    expect(run.output()).toContain('   5 session cache hits\n');
  });

  it('show messages, states and secrets', async () => {
    const { run, port } = await server('-state');
    const log = files.path('keys.txt');
    const other = client(port, '-msg', '-state', '-keylogfile', log, '-keymatexport', 'a label', '-keymatexportlen', '8');
    await other.says(/Keying material: [0-9A-F]{16}\n/);
    await leave(other, run);
    expect(other.output()).toMatch(/>>> TLS 1\.3, Handshake \[length [0-9a-f]{4}\], ClientHello\n {4}01 00/);
    expect(other.output()).toMatch(/<<< TLS 1\.2, RecordHeader \[length 0005\]\n {4}16 03 03/);
    expect(other.output()).toMatch(/>>> TLS 1\.3, Alert \[length 0002\], warning close_notify\n {4}01 00\n/);
    expect(other.errors()).toContain('SSL_connect:SSLv3/TLS write client hello\n');
    expect(run.errors()).toContain('SSL_accept:TLSv1.3 write encrypted extensions\n');
    expect(readFileSync(log, 'latin1')).toMatch(/\nCLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]{96}\n/);
  });

  it('update keys and go on', async () => {
    const { run, port } = await server();
    const other = client(port, '-msg');
    await other.says(/read R BLOCK/);
    other.input.write('K\n');
    await other.says(/Handshake \[length 0005\], KeyUpdate\n {4}18 00 00 01 01\n/);
    other.input.write('after the update\n');
    await run.says(/after the update/);
    run.input.write('k\n');
    await other.says(/<<< TLS 1\.3, Handshake \[length 0005\], KeyUpdate\n/);
    await leave(other, run);
  });

  it('ask for a certificate after the handshake', async () => {
    const { run, port } = await server('-verify', '1', '-CAfile', CA);
    const other = client(port, '-enable_pha', '-cert', files.path('client.pem'), '-msg');
    await run.says(/CIPHER is/);
    run.input.write('c\n');
    await other.says(
      /<<< TLS 1\.3, Handshake \[length \w{4}\], CertificateRequest\n[\s\S]*CertificateRequest\n[\s\S]*>>> TLS 1\.3, Handshake \[length \w{4}\], Finished/,
    );
    await leave(other, run);
  });

  it('agree on a protocol, a name and a pre-shared key', async () => {
    const { run, port } = await server(
      '-alpn',
      'h2,http/1.1',
      '-servername',
      'other.example',
      '-cert2',
      files.path('other.pem'),
      '-psk',
      '0a0b0c',
    );
    const named = client(port, '-alpn', 'http/1.1', '-servername', 'other.example');
    await named.says(/subject=CN = other\n[\s\S]*ALPN protocol: http\/1\.1\n/);
    await leave(named);
    expect(run.output()).toContain('Hostname in TLS extension: "other.example"\nSwitching server context.\n');
    const shared = client(port, '-psk', '0a0b0c');
    await shared.says(/Cipher is TLS_(?:AES_128_GCM|CHACHA20_POLY1305)_SHA256/);
    await leave(shared, run);
    expect(shared.output()).toContain('no peer certificate available');
  });

  it('reports what cannot be reached with exit code 1', async () => {
    const run = start('s_client', '-connect', '127.0.0.1:1');
    expect(await run.exit).toBe(1);
    expect(run.errors()).toMatch(/connect:errno=\d+\n$/);
  });
});

describe('s_client', () => {
  it('talks to a server of node:tls', async () => {
    const peer = tls.createServer({ cert: LIVE.cert, key: LIVE.key }, (socket) => socket.pipe(socket));
    const other = client(String(await listening(peer)));
    other.input.write('hello\n');
    await other.says(/read R BLOCK\n[\s\S]*hello\n/);
    await leave(other);
    peer.close();
  });

  it('says that the server closed the connection', async () => {
    const { run, port } = await server();
    const other = client(port);
    await run.says(/CIPHER is/);
    run.input.write('q\n');
    expect(await other.exit).toBe(0);
    expect(other.output()).toMatch(/closed\n$/);
    run.input.write('Q\n');
    expect(await run.exit).toBe(0);
  });
});

describe('s_server', () => {
  async function get(port: string, path: string): Promise<string> {
    const request = https.get({ port, path, host: 'localhost', ca: LIVE.ca, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return (await readAll(response)).toString();
  }

  it('serves a page about the connection', async () => {
    const { run, port } = await server('-www', '-naccept', '1');
    const page = await get(port, '/');
    expect(page).toContain('New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384');
    expect(page).not.toContain('Resumption PSK');
    expect(await run.exit).toBe(0);
  });

  it('serves files below its directory, and nothing else', async () => {
    const { run, port } = await server('-WWW', '-naccept', '4');
    expect(await get(port, '/package.json')).toBe(readFileSync('package.json', 'utf8'));
    for (const path of ['/src/%2e./../package.json', '//etc/passwd', '/src']) {
      expect(await get(port, path)).toMatch(/^(?:'.*' (?:contains|is)|Error opening '.*')/);
    }
    expect(await run.exit).toBe(0);
  });

  it('sends lines back reversed', async () => {
    const { run, port } = await server('-rev', '-naccept', '1');
    const socket = tls.connect({ port: Number(port), host: 'localhost', ca: LIVE.ca });
    socket.write('abc\r\ndef\nCLOSE\n');
    expect((await readAll(socket)).toString()).toBe('cba\nfed\n');
    socket.destroy();
    expect(await run.exit).toBe(0);
  });
});
