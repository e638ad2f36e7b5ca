import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pemText } from '../../src/asn1/pem.ts';
import { toHex } from '../../src/bytes/bytes.ts';
import { nodeProvider } from '../../src/crypto/node.ts';
import { X509_VERIFY_RESULTS } from '../../src/registry/verify-results.ts';
import { DANE_FLAG_NO_DANE_EE_NAMECHECKS, DaneRecords } from '../../src/x509/dane.ts';
import { makePrivateKey, privateKeyPem } from '../../src/x509/make-key.ts';
import { X509VerifyParam } from '../../src/x509/verify-params.ts';
import { type Entity, makeIntermediate, makeLeaf, makeRoot, NOW, storeOf, verifyNow } from '../support/authorities.ts';

/** The same chain and TLSA records to the verifier here and to `openssl s_client -dane_tlsa_rrdata`: both must come to the same end. */

const { stdout: version } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
const HOST = 'example.com';

const leafKey = makePrivateKey(nodeProvider, 'P-256');
const key = nodeProvider.importPrivateKey(leafKey);
const root = makeRoot('DANE root');
const ca = makeIntermediate(root, 'DANE authority');
const good = makeLeaf(ca, { key });
const elsewhere = makeLeaf(ca, { key, names: { dns: ['example.org'] } });
const expired = makeLeaf(ca, { key, notAfter: NOW - 1 });
const stranger = makeRoot('Stranger');

type Rrdata = readonly [usage: number, selector: number, matchingType: number, of: Entity];

interface Case {
  readonly title: string;
  /** What the server sends. */
  readonly chain: readonly Entity[];
  readonly records: readonly Rrdata[];
  readonly trusted?: readonly Entity[];
  readonly noNames?: boolean;
}

const CASES: readonly Case[] = [
  ...[0, 1].flatMap((selector) =>
    [0, 1, 2].flatMap((type): Case[] => [
      { title: `3 ${selector} ${type}`, chain: [good], records: [[3, selector, type, good]] },
      { title: `2 ${selector} ${type} of an authority that is sent`, chain: [good, ca], records: [[2, selector, type, ca]] },
      { title: `2 ${selector} ${type} of one that is not`, chain: [good, ca], records: [[2, selector, type, root]] },
      { title: `1 ${selector} ${type}`, chain: [good, ca], records: [[1, selector, type, good]], trusted: [root] },
      { title: `0 ${selector} ${type}`, chain: [good, ca], records: [[0, selector, type, root]], trusted: [root] },
      { title: `0 ${selector} ${type} without trust`, chain: [good, ca, root], records: [[0, selector, type, root]] },
    ]),
  ),
  { title: '3 1 1 of another', chain: [good], records: [[3, 1, 1, stranger]] },
  { title: '1 1 1 of another', chain: [good, ca], records: [[1, 1, 1, stranger]], trusted: [root] },
  { title: '0 1 1 of another', chain: [good, ca], records: [[0, 1, 1, stranger]], trusted: [root] },
  { title: '2 1 1 of another, with trust', chain: [good, ca], records: [[2, 1, 1, stranger]], trusted: [root] },
  { title: '2 1 1 of one that is not sent, but trusted', chain: [good, ca], records: [[2, 1, 1, root]], trusted: [root] },
  { title: '2 1 0 of one that is not sent, but trusted', chain: [good, ca], records: [[2, 1, 0, root]], trusted: [root] },
  { title: '2 1 1 of one that is sent, and trusted', chain: [good, ca, root], records: [[2, 1, 1, root]], trusted: [root] },
  { title: '3 1 1 and an expired certificate', chain: [expired], records: [[3, 1, 1, expired]] },
  { title: '2 1 1 and an expired certificate', chain: [expired, ca], records: [[2, 1, 1, ca]] },
  { title: '3 1 1 and another name', chain: [elsewhere], records: [[3, 1, 1, elsewhere]] },
  { title: '3 1 1 and another name that does not matter', chain: [elsewhere], records: [[3, 1, 1, elsewhere]], noNames: true },
  { title: '2 1 1 and another name that matters', chain: [elsewhere, ca], records: [[2, 1, 1, ca]], noNames: true },
  {
    title: 'a stronger digest that does not match',
    chain: [good],
    records: [
      [3, 1, 1, good],
      [3, 1, 2, stranger],
    ],
  },
  {
    title: 'a stronger digest of the other selector',
    chain: [good],
    records: [
      [3, 1, 1, good],
      [3, 0, 2, stranger],
    ],
  },
  {
    title: 'a stronger digest that does not match, and the data itself',
    chain: [good],
    records: [
      [3, 1, 0, good],
      [3, 1, 2, stranger],
    ],
  },
  {
    title: 'a certificate that only helps',
    chain: [good],
    records: [
      [0, 0, 0, ca],
      [0, 0, 1, root],
    ],
    trusted: [root],
  },
  {
    title: 'an end entity and an authority',
    chain: [good, ca],
    records: [
      [1, 1, 1, good],
      [2, 1, 1, ca],
    ],
  },
  {
    title: 'an end entity and the key of an authority',
    chain: [good, ca],
    records: [
      [1, 1, 1, good],
      [2, 1, 0, root],
    ],
  },
  { title: 'a leaf that calls itself an authority', chain: [good], records: [[2, 0, 1, good]] },
];

const folder = mkdtempSync(join(tmpdir(), 'libssl-dane-'));
const pem = (entities: readonly Entity[]): string => entities.map(({ certificate }) => pemText('CERTIFICATE', certificate.der)).join('');

let server: Server;
let shown: readonly Entity[] = [];

beforeAll(async () => {
  server = createServer({}, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const dataOf = ([, selector, type, { certificate }]: Rrdata): Uint8Array => {
  const whole = selector === 0 ? certificate.der : certificate.spki;
  return type === 0
    ? whole
    : createHash(type === 1 ? 'sha256' : 'sha512')
        .update(whole)
        .digest();
};

interface Verdict {
  readonly code: number;
  /** `usage selector type`, and the depth of the match. */
  readonly match: string | undefined;
}

function ours({ chain, records, trusted = [], noNames = false }: Case): Verdict {
  const dane = new DaneRecords();
  if (noNames) dane.flags = DANE_FLAG_NO_DANE_EE_NAMECHECKS;
  for (const record of records) dane.add(record[0], record[1], record[2], dataOf(record));
  const params = new X509VerifyParam({ hosts: [HOST] });
  const { result, dane: found } = verifyNow(chain, storeOf(...trusted), { dane, params });
  const match = found && `${found.record.usage} ${found.record.selector} ${found.record.matchingType} at depth ${found.depth}`;
  return { code: X509_VERIFY_RESULTS[result], match };
}

async function theirs({ chain, records, trusted = [], noNames = false }: Case): Promise<Verdict> {
  shown = chain;
  server.setSecureContext({ cert: pem(shown), key: privateKeyPem(leafKey) });
  const file = join(folder, 'trusted.pem');
  // OpenSSL wants a file: a stranger's certificate makes nothing trusted.
  writeFileSync(file, pem(trusted.length > 0 ? trusted : [makeRoot('Nobody')]));
  const { port } = server.address() as AddressInfo;
  const words = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', HOST, '-attime', String(NOW)];
  words.push('-CAfile', file, '-no-CApath', '-no-CAstore', '-verify_return_error', '-dane_tlsa_domain', HOST);
  for (const record of records) words.push('-dane_tlsa_rrdata', `${record[0]} ${record[1]} ${record[2]} ${toHex(dataOf(record))}`);
  if (noNames) words.push('-dane_ee_no_namechecks');
  const run = spawn('openssl', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [run.stdout, run.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')));
  await new Promise((resolve) => run.once('close', resolve));
  const [, error] = /verify error:num=(\d+)/.exec(out) ?? [];
  const [, tlsa, depth] = /DANE TLSA (\d \d \d) .* at depth (\d+)/.exec(out) ?? [];
  return { code: Number(error ?? 0), match: tlsa === undefined ? undefined : `${tlsa} at depth ${depth}` };
}

describe.skipIf(!version?.startsWith('OpenSSL 3'))('DANE by openssl s_client (skipped without OpenSSL 3)', () => {
  it.each(CASES)('$title', async (one) => {
    expect(ours(one)).toEqual(await theirs(one));
  });
});
