// Records connections of TLS 1.0–1.2 between the installed OpenSSL and itself, for test/vectors/tls12-connections.json:
// `node tools/record-tls12.mjs`. The key exchange is a pre-shared key, so that all secrets can be computed again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATH = new URL('../test/vectors/tls12-connections.json', import.meta.url);
const PSK = '00112233445566778899aabbccddeeff';
const EXPORTER = { label: 'EXPORTER-recorded', length: 40 };
const LINE = 'to be, or not to be';

const AEAD = ['PSK-AES128-GCM-SHA256', 'PSK-AES256-GCM-SHA384', 'PSK-CHACHA20-POLY1305', 'PSK-AES128-CCM', 'PSK-AES256-CCM8'];
const CBC = ['PSK-AES128-CBC-SHA', 'PSK-AES128-CBC-SHA256', 'PSK-AES256-CBC-SHA384', 'PSK-CAMELLIA128-SHA256'];
const CLEAR = ['PSK-NULL-SHA', 'PSK-NULL-SHA384'];

const CASES = [
  ...AEAD.map((suite) => ({ version: 'tls1_2', suite, encryptThenMac: false })),
  ...CBC.flatMap((suite) => [true, false].map((encryptThenMac) => ({ version: 'tls1_2', suite, encryptThenMac }))),
  ...CLEAR.map((suite) => ({ version: 'tls1_2', suite, encryptThenMac: false })),
  ...['tls1', 'tls1_1'].flatMap((version) =>
    ['PSK-AES128-CBC-SHA', 'PSK-AES256-CBC-SHA384'].flatMap((suite) =>
      [true, false].map((encryptThenMac) => ({ version, suite, encryptThenMac })),
    ),
  ),
  { version: 'tls1', suite: 'PSK-NULL-SHA', encryptThenMac: false },
];

/**
 * What a program had printed when the first thing matched, and what that was.
 * @param {import('node:child_process').ChildProcessWithoutNullStreams} program
 * @param {RegExp} pattern
 */
async function printed(program, pattern) {
  let text = '';
  for await (const chunk of program.stdout) {
    text += chunk;
    const found = pattern.exec(text);
    if (found !== null) return { text, found };
  }
  throw new Error(`it ended before ${pattern}: ${text}`);
}

/**
 * A port that hands on what it gets, and keeps it.
 * @param {number} target
 */
async function recorder(target) {
  /** @type {{ client: Buffer[], server: Buffer[] }} */
  const taken = { client: [], server: [] };
  const server = createServer((client) => {
    const onward = createConnection(target, '127.0.0.1');
    client.on('data', (bytes) => taken.client.push(bytes) && onward.write(bytes)).on('end', () => onward.end());
    onward.on('data', (bytes) => taken.server.push(bytes) && client.write(bytes)).on('end', () => client.end());
    for (const socket of [client, onward]) socket.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port, taken };
}

/**
 * @param {(typeof CASES)[number]} connection
 * @param {string} folder
 */
async function record({ version, suite, encryptThenMac }, folder) {
  const keys = join(folder, 'keys');
  const common = [`-${version}`, '-cipher', `${suite}:@SECLEVEL=0`, '-psk', PSK, ...(encryptThenMac ? [] : ['-no_etm'])];
  const server = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', '-nocert', '-rev', '-no_ticket', ...common]);
  const accepting = await printed(server, /ACCEPT 127\.0\.0\.1:(\d+)\n/);
  const proxy = await recorder(Number(accepting.found[1]));
  const exporting = ['-keymatexport', EXPORTER.label, '-keymatexportlen', String(EXPORTER.length)];
  const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${proxy.port}`, '-keylogfile', keys, ...exporting, ...common]);
  client.stdin.write(`${LINE}\n`);
  const { text } = await printed(client, new RegExp([...LINE].reverse().join('')));
  client.kill();
  server.kill();
  proxy.server.close();
  const master = /CLIENT_RANDOM \S+ (\S+)/.exec(readFileSync(keys, 'utf8'))?.[1];
  rmSync(keys);
  const exported = /Keying material: (\S+)/.exec(text)?.[1]?.toLowerCase();
  const [clientBytes, serverBytes] = [proxy.taken.client, proxy.taken.server].map((chunks) => Buffer.concat(chunks).toString('hex'));
  return { version, suite, encryptThenMac, master, exported, client: clientBytes, server: serverBytes };
}

const folder = mkdtempSync(join(tmpdir(), 'record-'));
const connections = [];
for (const one of CASES) connections.push(await record(one, folder));
rmSync(folder, { recursive: true });
writeFileSync(PATH, `${JSON.stringify({ psk: PSK, exporter: EXPORTER, line: LINE, connections }, null, 2)}\n`);
console.log(`${connections.length} connections recorded`);
