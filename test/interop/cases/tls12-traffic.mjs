// A connection of TLS 1.0 to 1.2 in use: sizes of records, exporters, the key log, large transfers, closing one way.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { CONTENT_TYPE, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION, TLS1_VERSION } from '../../../dist/index.js';
import { converse, stage } from '../conversation.mjs';
import { VERSIONS } from '../peers/names.mjs';
import { inTls12, TLS12 } from './tls12.mjs';
import { traffic } from './traffic.mjs';

// ---- records

const LONG = 'long '.repeat(2000);

const fragments = {
  topic: 'TLSv1.2 record-sizes',
  cases: (peer, ours) =>
    peer.name === 'openssl'
      ? [512, 1024, 2048, 4096].map((size, at) => ({
          title: `max_fragment_length of ${size}`,
          run: (t) =>
            bounded(t, size, ours === 'client' ? { us: { maxFragmentLength: at + 1 } } : { them: { args: ['-maxfraglen', `${size}`] } }),
        }))
      : [],
};

async function bounded(t, size, { us, ...setup }) {
  const lengths = { sent: 0, received: 0 };
  const msgCallback = (write, _version, type, bytes) => {
    const way = write ? 'sent' : 'received';
    if (type === CONTENT_TYPE.recordHeader) lengths[way] = Math.max(lengths[way], (bytes[3] << 8) | bytes[4]);
  };
  const { connect } = await stage(t, { ...TLS12, ...setup, us: { ...us, msgCallback } });
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  await end.says(`${LONG}\n`);
  await peer.talk(end);
  peer.write(`${LONG}\n`);
  await end.hears(LONG);
  // An explicit nonce and a tag.
  for (const way of ['sent', 'received']) assert.ok(lengths[way] <= size + 8 + 16, `${way}: ${lengths[way]}`);
  await peer.part(end);
}

// ---- exporters and the key log

const EXPORT = { label: 'EXPERIMENTAL interop', length: 42 };

const exporters = {
  topic: 'TLSv1.2 exporters',
  cases: (peer) =>
    ['curl', 'nginx'].includes(peer.name)
      ? []
      : [TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION].map((version) => ({
          title: VERSIONS[version].name,
          run: (t) =>
            converse(t, { version, ciphers: ['ECDHE-ECDSA-AES256-SHA'], exporter: EXPORT }, async ({ end, peer: theirs }) => {
              const value = Buffer.from(end.ssl.exportKeyingMaterial(EXPORT.length, EXPORT.label)).toString('hex');
              if (theirs.secure) assert.equal(theirs.secure.exported, value);
              else await theirs.says(new RegExp(`key(?:ing)? material: ${value}`, 'i'));
            }),
        })),
};

const keyLog = {
  topic: 'key-log',
  cases: (peer) =>
    peer.name === 'openssl'
      ? [TLS1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION].map((version) => ({
          title: VERSIONS[version].name,
          run: (t) => sameLog(t, version),
        }))
      : [],
};

async function sameLog(t, version) {
  const lines = [];
  const file = await t.scope.file('keys.log');
  const ciphers = version < TLS1_2_VERSION ? { ciphers: ['ECDHE-ECDSA-AES256-SHA'] } : {};
  await converse(t, {
    version,
    ...ciphers,
    us: { keylogCallback: (_ssl, line) => lines.push(line) },
    them: { args: ['-keylogfile', file] },
  });
  const theirs = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
  assert.ok(lines.length > 0);
  assert.deepEqual(lines.map((line) => line.toLowerCase()).sort(), theirs.map((line) => line.toLowerCase()).sort());
}

// ---- a connection in use

/** 20 MB: more than a thousand records. */
const BULK = 20_000_000;

const transfers = {
  topic: 'TLSv1.2 transfers',
  cases: (peer, ours) =>
    traffic
      .find(({ topic }) => topic === 'transfers')
      .cases(peer, ours)
      // gnutls-serv echoes 100 MB line by line in that case; TLS 1.3 will do for it.
      .filter(({ title }) => !(peer.name === 'gnutls' && ours === 'client' && title.includes('from us')))
      .map((one) => ({ ...one, title: one.title.replace('100 MB', '20 MB'), run: async (t) => one.run(await withLess(t)) })),
};

async function withLess(t) {
  const whole = await t.bulk();
  const bytes = whole.bytes.subarray(0, BULK);
  const path = await t.scope.file('bulk', bytes);
  const { sha256 } = await t.bulk(BULK);
  const less = { path, bytes, sha256 };
  return { ...t, defaults: TLS12, bulk: async (length) => (length === undefined || length > BULK ? less : t.bulk(length)) };
}

export const tls12Traffic = [fragments, exporters, keyLog, inTls12(traffic, 'half-close'), transfers];
