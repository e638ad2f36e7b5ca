// Speed beside node:tls, on the same machine in the same run: handshakes, bulk data and small messages, in memory and over loopback TCP.
//   npm run bench -- [--quick] [--rounds N] [--only words] [--json FILE] [--readme]
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as nodeTls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as libssl from '../dist/node/index.js';
import { makeCertificates } from '../test/interop/certificates.mjs';
import { measure, median } from './measure.mjs';
import * as ours from './ours.mjs';
import * as streams from './streams.mjs';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const BEGIN = '<!-- bench -->';
const END = '<!-- /bench -->';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string' },
    readme: { type: 'boolean' },
  },
});
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 7));
const words = flags.only?.toLowerCase().split(',') ?? [];

const directory = mkdtempSync(join(tmpdir(), 'libssl-bench-'));
const pki = makeCertificates(directory);
rmSync(directory, { recursive: true });

const [AES128, AES256, CHACHA] = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
/** Four full records at a time. */
const CHUNK = new Uint8Array(65_536).fill(7);
const MESSAGE = new Uint8Array(64).fill(7);
const GB = 1e-9;
const HYBRID = 'X25519MLKEM768';
const hasHybrid = Number.parseFloat(process.versions.openssl) >= 3.5;

const setup = (certificate, group = 'x25519', suite = AES128) => ({ identity: pki.server[certificate], ca: pki.ca, group, suite });

/** What is measured. `make` gives the work of one side. */
const ROWS = [
  handshake('full handshake, P-256 certificate, x25519', setup('p256')),
  handshake('full handshake, P-256, x25519, AES-256 and SHA-384', setup('p256', 'x25519', AES256)),
  handshake('full handshake, RSA-2048, x25519', setup('rsa')),
  handshake(`full handshake, P-256, ${HYBRID}`, setup('p256', HYBRID), hasHybrid),
  resumed('resumed handshake, x25519', setup('p256')),
  bulk('bulk, AES-128-GCM', setup('p256')),
  bulk('bulk, AES-256-GCM', setup('p256', 'x25519', AES256)),
  bulk('bulk, ChaCha20-Poly1305', setup('p256', 'x25519', CHACHA)),
  { name: 'echo of 64 bytes', unit: '/s', batch: 500, per: 1, make: (side) => side.memoryEchoes(side.contexts(setup('p256')), MESSAGE) },
  {
    name: 'full handshake over TCP, P-256, x25519',
    unit: '/s',
    batch: 20,
    per: 1,
    over: 'tcp',
    make: async (tls) => streams.tcpHandshakes(await tcpOf(tls)),
  },
  {
    name: 'bulk over TCP, AES-128-GCM',
    unit: 'GB/s',
    batch: 64,
    per: CHUNK.length * GB,
    over: 'tcp',
    make: async (tls) => streams.tcpBulk(await tcpOf(tls), CHUNK),
  },
  {
    name: 'echo of 64 bytes over TCP',
    unit: '/s',
    batch: 200,
    per: 1,
    over: 'tcp',
    make: async (tls) => streams.tcpEchoes(await tcpOf(tls), MESSAGE),
  },
];

function tcpOf(tls) {
  return streams.tcp(streams.contexts(setup('p256'), tls), tls);
}

function handshake(name, one, both = true) {
  return { name, unit: '/s', batch: 20, per: 1, both, make: (side) => side.memoryHandshakes(side.contexts(one)) };
}

function resumed(name, one) {
  const make = async (side) => {
    const both = side.contexts(one);
    return side.memoryHandshakes(both, await side.memorySession(both));
  };
  return { name, unit: '/s', batch: 20, per: 1, make };
}

function bulk(name, one) {
  return { name, unit: 'GB/s', batch: 64, per: CHUNK.length * GB, make: (side) => side.memoryBulk(side.contexts(one), CHUNK) };
}

const chosen = ROWS.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
const rows = [];
for (const { make, over, both = true, ...row } of chosen) {
  const [mine, other] = over === 'tcp' ? [libssl, nodeTls] : [ours, streams];
  const sides = { libssl: await make(mine), ...(both ? { 'node:tls': await make(other) } : {}) };
  rows.push({ ...row, sides });
}

const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node} (OpenSSL ${process.versions.openssl}), ${process.platform}-${process.arch}`;
console.log(`${machine}; ${rounds} rounds`);
const results = await measure(rows, rounds, (round) => console.log(`round ${round + 1} of ${rounds}`));

const table = [
  ['', 'libssl', 'node:tls', 'ratio', 'libssl per CPU second', 'node:tls per CPU second', 'ratio'],
  ...rows.map(({ name, unit }, index) => {
    const { libssl: mine, 'node:tls': other } = results[index];
    return [name, ...cells('wall', mine, other, unit), ...cells('cpu', mine, other, unit)];
  }),
];
console.log(plain(table));
if (flags.json) {
  const data = rows.map(({ name, unit }, index) => ({ name, unit, ...results[index] }));
  writeFileSync(flags.json, `${JSON.stringify({ machine, rounds, results: data }, undefined, 2)}\n`);
}
if (flags.readme && existsSync(README)) writeReadme();
process.exit();

function cells(kind, mine, other, unit) {
  const ratio = other === undefined ? '' : (median(mine[kind]) / median(other[kind])).toFixed(2);
  return [spread(mine[kind], unit), other === undefined ? '–' : spread(other[kind], unit), ratio];
}

/** Median, and the least and the most of all rounds. */
function spread(values, unit) {
  const text = (value) => (unit === 'GB/s' ? value.toFixed(2) : Math.round(value).toLocaleString('en'));
  return `${text(median(values))}${unit === 'GB/s' ? ' GB' : ''}/s (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}

function plain(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) => line.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join('  '))
    .join('\n');
}

function writeReadme() {
  const page = readFileSync(README, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  const lines = [table[0], table[0].map((_, i) => (i === 0 ? '---' : '---:')), ...table.slice(1)]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
  const words = `${machine}. Both ends in one process; medians of ${rounds} interleaved rounds (least–most). A handshake counts for both sides, verification and two tickets included.`;
  const block = `${BEGIN}\n\n${words}\n\n${lines}\n\n${END}`;
  writeFileSync(
    README,
    begin >= 0 && end > begin ? page.slice(0, begin) + block + page.slice(end + END.length) : `${page.trimEnd()}\n\n${block}\n`,
  );
}
