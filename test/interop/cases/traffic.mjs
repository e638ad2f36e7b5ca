// A connection in use: key updates, large transfers, closing one way, exporters, sizes of records.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { CONTENT_TYPE, HANDSHAKE_TYPE } from '../../../dist/index.js';
import { converse, stage } from '../conversation.mjs';
import { freePort } from '../scope.mjs';

// ---- key updates

/** Counts KeyUpdate messages by direction. */
function counter() {
  const seen = { sent: 0, received: 0 };
  const msgCallback = (write, _version, type, bytes) => {
    if (type === CONTENT_TYPE.handshake && bytes[0] === HANDSHAKE_TYPE.keyUpdate) seen[write ? 'sent' : 'received']++;
  };
  return { seen, msgCallback };
}

const LETTERS = { openssl: { both: 'K\n', one: 'k\n' }, gnutls: { both: '^rekey^\n', one: '^rekey1^\n' } };

const keyUpdates = {
  topic: 'key-update',
  cases(peer, ours) {
    const letters = peer.name === 'gnutls' && ours === 'client' ? undefined : LETTERS[peer.name];
    const them = peer.name === 'gnutls' && ours === 'server' ? { args: ['--inline-commands'] } : {};
    return [
      { title: 'ours, and theirs at our request', run: (t) => weUpdate(t, true) },
      { title: 'ours alone, five times', run: (t) => weUpdate(t, false) },
      ...(letters ? [{ title: 'theirs, and ours at their request', run: (t) => theyUpdate(t, letters.both, true, them) }] : []),
      ...(letters ? [{ title: 'theirs alone', run: (t) => theyUpdate(t, letters.one, false, them) }] : []),
    ];
  },
};

async function weUpdate(t, request) {
  const { seen, msgCallback } = counter();
  const { connect } = await stage(t, { us: { msgCallback } });
  const { end, peer } = await connect();
  await end.handshake();
  const once = t.peer.name === 'curl';
  if (!once) await peer.talk(end);
  for (let i = request ? 1 : 5; i > 0; i--) end.ssl.keyUpdate(request);
  await peer.talk(end);
  if (!once) await peer.talk(end);
  assert.deepEqual(seen, { sent: request ? 1 : 5, received: request && !once ? 1 : seen.received });
  await peer.part(end);
}

async function theyUpdate(t, letter, request, them) {
  const { seen, msgCallback } = counter();
  const { connect } = await stage(t, { us: { msgCallback }, them });
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  peer.write(letter);
  await end.until(() => seen.received === 1);
  await peer.talk(end);
  assert.deepEqual(seen, { sent: request ? 1 : 0, received: 1 });
  await peer.part(end);
}

// ---- large transfers

/** 100 MB: enough for thousands of records, less than any key's limit. */
export const BULK = 100_000_000;

const transfers = {
  topic: 'transfers',
  cases: (peer, ours) => [
    { title: '100 MB to us', run: (t) => (TO_US[`${peer.name}/${ours}`] ?? nodeToUs)(t), seconds: 60 },
    peer.name === 'gnutls' && ours === 'server'
      ? { title: '2 MB from us (gnutls-cli writes its output byte by byte)', run: (t) => pipedFromUs(t, 2_000_000), seconds: 60 }
      : { title: '100 MB from us', run: (t) => (FROM_US[`${peer.name}/${ours}`] ?? nodeFromUs)(t), seconds: 60 },
  ],
};

/** Reads and hashes until close_notify, or until a number of bytes have come, `rest` among them. */
async function absorb(end, { until = Number.POSITIVE_INFINITY, rest = new Uint8Array(0) } = {}) {
  const hash = createHash('sha256').update(rest);
  let length = rest.length;
  while (length < until) {
    const bytes = await end.read();
    if (bytes === undefined) break;
    hash.update(bytes);
    length += bytes.length;
    // Other connections of the run want their turn.
    if (end.bio.chunks.length === 0) await new Promise(setImmediate);
  }
  return { length, sha256: hash.digest('hex') };
}

const same = (received, { bytes, sha256 }) => assert.deepEqual(received, { length: bytes.length, sha256 });

const digestOf = async (program, { bytes }) => {
  await program.until(() => program.received.length >= bytes.length, 'all of the data');
  return { length: program.received.length, sha256: program.received.hash.digest('hex') };
};

/** A program between a file and us: its standard input goes out, what comes goes to its standard output. */
const quiet = { openssl: { args: ['-quiet'] }, gnutls: { quiet: true } };

async function pipedToUs(t) {
  const bulk = await t.bulk();
  const { connect } = await pipe(t, {});
  const { end, peer } = await connect();
  await end.handshake();
  // Not before: s_server that has something to send makes the handshake in its write, and may then wait in a read for ever.
  peer.program.feed(bulk.path);
  same(await absorb(end, { until: bulk.bytes.length }), bulk);
  end.finish();
}

async function pipedFromUs(t, length = BULK) {
  const bulk = await t.bulk(length);
  const { connect } = await pipe(t, { digest: true });
  const { end, peer } = await connect();
  await end.handshake();
  await end.write(bulk.bytes);
  same(await digestOf(peer.program, bulk), bulk);
  end.finish();
}

async function pipe(t, them) {
  // A quiet s_server does not say its port.
  const port = t.peer.name === 'openssl' && t.ours === 'client' ? await freePort() : undefined;
  return stage(t, { them: { ...quiet[t.peer.name], ...them, ...(port && { silentPort: port }) } });
}

async function gnutlsServes(t) {
  const bulk = await t.bulk();
  const { connect } = await stage(t, { them: { httpData: bulk.path } });
  const { end } = await connect();
  await end.handshake();
  await end.says('GET / HTTP/1.0\r\n\r\n');
  same(await absorb(end, { rest: await untilBlankLine(end) }), bulk);
}

/** Its echo in pieces: gnutls-serv gathers lines, so the data are text. */
async function gnutlsEchoes(t) {
  const { connect } = await stage(t, {});
  const { end } = await connect();
  await end.handshake();
  const line = Buffer.from(`${'x'.repeat(8191)}\n`);
  let length = 0;
  for (let sent = 0; sent < BULK; sent += line.length) {
    await end.write(line);
    const echo = await absorb(end, { until: line.length });
    length += echo.length;
  }
  assert.ok(length >= BULK);
}

async function curlGets(t) {
  const bulk = await t.bulk();
  const { connect } = await stage(t, { them: { digest: true } });
  const { end, peer } = await connect();
  await end.handshake();
  await end.hears('\r\n\r\n');
  await end.says(`HTTP/1.1 200 OK\r\nContent-Length: ${bulk.bytes.length}\r\nConnection: close\r\n\r\n`);
  await end.write(bulk.bytes);
  same(await digestOf(peer.program, bulk), bulk);
  await peer.part(end);
}

async function curlPuts(t) {
  const bulk = await t.bulk();
  const { connect } = await stage(t, { them: { args: ['--upload-file', bulk.path, '--header', 'Expect:'] } });
  const { end, peer } = await connect();
  await end.handshake();
  same(await absorb(end, { until: bulk.bytes.length, rest: await untilBlankLine(end) }), bulk);
  await end.says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  await peer.part(end);
}

/** Reads an HTTP head; gives what came after it. */
async function untilBlankLine(end) {
  let bytes = Buffer.alloc(0);
  for (;;) {
    bytes = Buffer.concat([bytes, await end.read()]);
    const at = bytes.indexOf('\r\n\r\n');
    if (at >= 0) return bytes.subarray(at + 4);
  }
}

async function nginxServes(t) {
  const bulk = await t.bulk();
  const { connect } = await stage(t, { them: { root: dirname(bulk.path) } });
  const { end } = await connect();
  await end.handshake();
  await end.says('GET /files/bulk HTTP/1.1\r\nHost: server.example\r\nConnection: close\r\n\r\n');
  same(await absorb(end, { rest: await untilBlankLine(end) }), bulk);
}

/** Through nginx to an HTTP server of ours, which says what it got. */
async function nginxTakes(t) {
  const bulk = await t.bulk();
  const sink = createServer((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (data) => hash.update(data)).on('end', () => response.end(`hash ${hash.digest('hex')}.`));
  });
  await new Promise((resolve) => sink.listen(0, '127.0.0.1', resolve));
  t.scope.onEnd(() => sink.close());
  const { connect } = await stage(t, { them: { proxy: sink.address().port } });
  const { end, peer } = await connect();
  await end.handshake();
  await end.says(`PUT /up HTTP/1.1\r\nHost: server.example\r\nContent-Length: ${bulk.bytes.length}\r\n\r\n`);
  await end.write(bulk.bytes);
  await end.hears(`hash ${bulk.sha256}.`);
  await peer.part(end);
}

async function nodeToUs(t) {
  const bulk = await t.bulk();
  const { connect } = await stage(t, {});
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  peer.order({ send: bulk.path, end: true });
  same(await absorb(end), bulk);
  end.finish();
  await peer.ended();
}

async function nodeFromUs(t) {
  const bulk = await t.bulk();
  const { connect } = await stage(t, {});
  const { end, peer } = await connect();
  await end.handshake();
  await end.write(bulk.bytes);
  end.finish();
  const { length, sha256 } = await peer.event('end');
  same({ length, sha256 }, bulk);
}

const TO_US = {
  'openssl/client': pipedToUs,
  'openssl/server': pipedToUs,
  'gnutls/client': gnutlsServes,
  'gnutls/server': pipedToUs,
  'curl/server': curlPuts,
  'nginx/client': nginxServes,
};
const FROM_US = {
  'openssl/client': pipedFromUs,
  'openssl/server': pipedFromUs,
  'gnutls/client': gnutlsEchoes,
  'curl/server': curlGets,
  'nginx/client': nginxTakes,
};

// ---- closing one way

const halfClose = {
  topic: 'half-close',
  cases(peer, ours) {
    const isNode = peer.name.startsWith('node');
    if (isNode)
      return [
        { title: 'they close first, and read on', run: theyClose },
        { title: 'we close first, and read on', run: weClose },
      ];
    if (peer.name === 'gnutls' && ours === 'server') return [{ title: 'they close first, and read on', run: theyClose }];
    if (peer.name === 'gnutls' || peer.name === 'openssl') return [{ title: 'we close first', run: (t) => converse(t, {}) }];
    return [];
  },
};

async function theyClose(t) {
  const { connect } = await stage(t, { them: { keepOpen: true } });
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  if (peer.order) peer.order({ end: true });
  else peer.program.endInput();
  assert.equal(await end.read(), undefined);
  await end.says('after their end\n');
  await peer.says('after their end');
  await peer.part(end);
}

async function weClose(t) {
  const { connect } = await stage(t, { them: { keepOpen: true } });
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  end.finish();
  await peer.event('end');
  peer.order({ say: 'after our end' });
  await end.hears('after our end');
  peer.order({ end: true });
  assert.equal(await end.read(), undefined);
  end.socket.end();
  await peer.ended();
}

// ---- exporters

const EXPORT = { label: 'EXPERIMENTAL interop', length: 42 };

const exporters = {
  topic: 'exporters',
  cases: (peer) =>
    ['curl', 'nginx'].includes(peer.name)
      ? []
      : ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'].map((suite) => ({
          title: suite,
          run: (t) =>
            converse(t, { suites: [suite], exporter: EXPORT }, async ({ end, peer: theirs }) => {
              const value = Buffer.from(end.ssl.exportKeyingMaterial(EXPORT.length, EXPORT.label)).toString('hex');
              if (theirs.secure) assert.equal(theirs.secure.exported, value);
              else await theirs.says(new RegExp(`key(?:ing)? material: ${value}`, 'i'));
            }),
        })),
};

// ---- sizes of records

/** Lengths of protected records by direction, without headers. */
function lengths() {
  const seen = { sent: [], received: [] };
  const msgCallback = (write, _version, type, bytes) => {
    if (type === CONTENT_TYPE.recordHeader && bytes[0] === CONTENT_TYPE.applicationData)
      seen[write ? 'sent' : 'received'].push((bytes[3] << 8) | bytes[4]);
  };
  return { seen, msgCallback };
}

/** Content type and tag of one record. */
const AROUND = 1 + 16;
const LONG = 'long '.repeat(2000);

const sizes = {
  topic: 'record-sizes',
  cases(peer, ours) {
    if (peer.name === 'openssl') {
      return [
        {
          title: 'max_fragment_length of 1024',
          run: (t) => bounded(t, ours === 'client' ? { us: { maxFragmentLength: 2 } } : { them: { args: ['-maxfraglen', '1024'] } }, 1024),
        },
        { title: 'their records of 512', run: (t) => bounded(t, { them: { args: ['-max_send_frag', '512'] } }, undefined, 512) },
        { title: 'their padding to 4096', run: (t) => converse(t, { them: { args: ['-record_padding', '4096'] } }) },
        { title: 'our padding to 512', run: (t) => bounded(t, { us: { blockPadding: 512 } }) },
        { title: 'our records of 512', run: (t) => bounded(t, { us: { maxSendFragment: 512 } }, 512) },
      ];
    }
    if (peer.name === 'gnutls') {
      return [
        {
          title: 'record_size_limit of 1000, theirs',
          run: (t) => bounded(t, { us: { recordSizeLimit: 16_384 }, them: { recordSize: 1000 } }, 1000),
        },
        { title: 'record_size_limit of 700, ours', run: (t) => bounded(t, { us: { recordSizeLimit: 700 } }, undefined, 700) },
        { title: 'our padding to 512', run: (t) => bounded(t, { us: { blockPadding: 512 } }) },
      ];
    }
    return [];
  },
};

/** Data longer than a record; `sent` and `received`: the most bytes of content that a record may have. */
async function bounded(t, { us, ...setup }, sent, received) {
  const { seen, msgCallback } = lengths();
  const { connect } = await stage(t, { ...setup, us: { ...us, msgCallback } });
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  await end.says(`${LONG}\n`);
  await peer.talk(end);
  if (peer.turns === 2 && t.peer.name === 'openssl') {
    peer.write(`${LONG}\n`);
    await end.hears(LONG);
  }
  if (sent !== undefined) assert.ok(Math.max(...seen.sent) <= sent + AROUND, `we sent a record of ${Math.max(...seen.sent)}`);
  if (received !== undefined)
    assert.ok(Math.max(...seen.received.slice(6)) <= received + AROUND, `we got a record of ${Math.max(...seen.received)}`);
  await peer.part(end);
}

export const traffic = [keyUpdates, transfers, halfClose, exporters, sizes];
