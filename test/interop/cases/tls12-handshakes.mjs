// Handshakes of TLS 1.0 to 1.2: what is agreed on, what is refused, and handshakes on a connection in use.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ffdheGroup } from '../../../dist/crypto/ffdhe.js';
import {
  alertName,
  CONTENT_TYPE,
  HANDSHAKE_TYPE,
  MODES,
  OPTIONS,
  PeerAlert,
  SIGNATURE_SCHEMES,
  TlsFatal,
  TLS1_1_VERSION,
  TLS1_2_VERSION,
  TLS1_VERSION,
} from '../../../dist/index.js';
import { parseCertificate } from '../../../dist/x509/index.js';
import { pemBlocks } from '../../../dist/asn1/pem.js';
import { converse, stage } from '../conversation.mjs';
import { VERSIONS } from '../peers/names.mjs';
import { negotiation } from './negotiation.mjs';
import { traffic } from './traffic.mjs';

const TLS12 = { version: TLS1_2_VERSION };

/** Cases that say nothing of the version, spoken in TLS 1.2. */
export const inTls12 = (topics, name, defaults = TLS12) => {
  const { topic, cases } = topics.find((one) => one.topic === name);
  return {
    topic: `TLSv1.2 ${topic}`,
    cases: (peer, ours) =>
      cases(peer, ours).map(({ run, ...one }) => ({ ...one, ...(run && { run: (t) => run({ ...t, defaults: { ...defaults, ...t.defaults } }) }) })),
  };
};

// ---- certificates

/** Which kind of key signed. */
const schemeKey = (id) => SIGNATURE_SCHEMES.find((scheme) => scheme.id === id)?.key;
const KEY_KIND = { rsa: 'rsa', rsaPss: 'rsa-pss', p256: 'ec', p384: 'ec', p521: 'ec', ed25519: 'ed25519', ed448: 'ed448' };

const servers = {
  topic: 'TLSv1.2 certificates',
  cases: (peer, ours) =>
    Object.entries(KEY_KIND).map(([kind, key]) => ({
      title: kind,
      run: (t) =>
        converse(t, { ...TLS12, certificate: kind }, ({ connection }) =>
          assert.equal(schemeKey(ours === 'client' ? connection.peerSignatureScheme : connection.ownSignatureScheme), key),
        ),
    })),
};

const clients = {
  topic: 'TLSv1.2 client-certs',
  cases: (peer, ours) => [
    ...Object.entries(KEY_KIND).map(([kind, key]) => ({
      title: kind,
      run: (t) =>
        converse(t, { ...TLS12, clientCertificate: kind }, ({ connection }) =>
          assert.equal(schemeKey(ours === 'server' ? connection.peerSignatureScheme : connection.ownSignatureScheme), key),
        ),
    })),
    ...[TLS1_VERSION, TLS1_1_VERSION].flatMap((version) =>
      ['rsa', 'p256'].map((kind) => ({
        title: `${kind} in ${VERSIONS[version].name}`,
        run: (t) =>
          converse(
            t,
            { version, ciphers: [kind === 'rsa' ? 'ECDHE-RSA-AES128-SHA' : 'ECDHE-ECDSA-AES128-SHA'], certificate: kind, clientCertificate: kind },
            ({ connection }) => assert.ok(ours === 'server' ? connection.verifyResult === 'OK' && connection.peerChain.length > 0 : connection.ownCredential),
          ),
      })),
    ),
    {
      title: 'none, and that is allowed',
      run: (t) =>
        converse(t, { ...TLS12, requestClient: 'optional' }, ({ connection }) =>
          assert.equal(ours === 'client' ? connection.ownCredential : connection.peerChain[0], undefined),
        ),
    },
    ...(peer.name === 'openssl' ? byType(ours) : []),
  ],
};

/** The server says which kinds of certificates it takes. */
function byType(ours) {
  if (ours === 'server') {
    return [
      {
        title: 'we ask for RSA alone',
        run: (t) =>
          converse(t, { ...TLS12, clientCertificate: 'rsa', us: { clientCertificateTypes: Uint8Array.of(1) } }, ({ peer }) =>
            peer.says(/Client Certificate Types: RSA sign\n/),
          ),
      },
    ];
  }
  const both = (t, kind, sigalgs) =>
    converse(
      t,
      { ...TLS12, clientCertificate: 'rsa', them: { args: ['-client_sigalgs', sigalgs] } },
      ({ connection }) => assert.equal(connection.ownCredential.key.publicKey.kind, kind),
      (ssl) => ssl.useCertificate(t.pki.client.p256.cert).usePrivateKey(t.pki.client.p256.key),
    );
  return [
    { title: 'of two, the one for ECDSA', run: (t) => both(t, 'ec', 'ECDSA+SHA256') },
    { title: 'of two, the one for RSA', run: (t) => both(t, 'rsa', 'RSA+SHA256') },
  ];
}

const refusals = {
  topic: 'TLSv1.2 refusals',
  cases(peer, ours) {
    if (!['openssl', 'gnutls'].includes(peer.name)) return [];
    const [mine, theirs] = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'];
    return [
      { title: 'no suite in common', run: (t) => refused(t, { ...TLS12, ciphers: [mine], them: { ciphers: [theirs] } }, 'handshake_failure') },
      {
        title: 'no client certificate where one is demanded',
        run: (t) =>
          refused(
            t,
            ours === 'client' ? { ...TLS12, them: { requestClient: 'required' } } : { ...TLS12, requestClient: 'required', them: { requestClient: undefined } },
            // gnutls-serv finds an empty list malformed.
            peer.name === 'gnutls' && ours === 'client' ? 'decode_error' : 'handshake_failure',
          ),
      },
      ...(peer.name === 'openssl' ? [{ title: 'a fallback that was not needed', run: (t) => fallback(t, ours) }] : []),
    ];
  },
};

/** RFC 7507: the client says that it tried something newer before. */
const fallback = (t, ours) =>
  refused(
    t,
    ours === 'client'
      ? { ...TLS12, us: { mode: MODES.AUTO_RETRY | MODES.SEND_FALLBACK_SCSV }, them: { version: 'any' } }
      : { us: { maxProtoVersion: 0 }, them: { version: TLS1_2_VERSION, args: ['-fallback_scsv'] } },
    'inappropriate_fallback',
  );

async function refused(t, setup, alert) {
  const { connect } = await stage(t, setup);
  const { end } = await connect();
  const failure = await failureOf(end);
  assert.ok(failure instanceof TlsFatal || failure instanceof PeerAlert, `it ended with ${failure}`);
  assert.equal(failure instanceof TlsFatal ? failure.alert : alertName(failure.alertCode), alert);
  end.socket.end();
}

async function failureOf(end) {
  try {
    await end.handshake();
    await end.read();
  } catch (error) {
    return error;
  }
  return undefined;
}

// ---- renegotiation

/** Counts hellos in either direction, and lets our side negotiate again. */
function renegotiable(more = 0) {
  const seen = { hellos: 0, requests: 0 };
  const msgCallback = (_write, _version, type, bytes) => {
    if (type !== CONTENT_TYPE.handshake) return;
    if (bytes[0] === HANDSHAKE_TYPE.clientHello) seen.hellos++;
    if (bytes[0] === HANDSHAKE_TYPE.helloRequest) seen.requests++;
  };
  const allow = (ssl) => ssl.set('options', (ssl.get('options') & ~OPTIONS.NO_RENEGOTIATION) | more);
  return { seen, msgCallback, allow };
}

const CLIENT_MAY = { openssl: { args: ['-client_renegotiation'] }, gnutls: {} };

const renegotiation = {
  topic: 'renegotiation',
  cases(peer, ours) {
    const isNode = peer.name.startsWith('node');
    if (ours === 'client') {
      if (peer.name === 'openssl') {
        return [
          { title: 'ours', run: (t) => weRenegotiate(t, CLIENT_MAY.openssl) },
          { title: 'ours, in TLS 1.0', run: (t) => weRenegotiate(t, CLIENT_MAY.openssl, { version: TLS1_VERSION, ciphers: ['ECDHE-ECDSA-AES128-SHA'] }) },
          { title: 'theirs', run: (t) => theyRenegotiate(t, 'r\n') },
          { title: 'theirs, to ask for our certificate', run: (t) => theyAsk(t) },
          { title: 'theirs, which we decline', run: (t) => weDecline(t, 'r\n') },
        ];
      }
      if (peer.name === 'gnutls') return [{ title: 'to a server without RFC 5746', run: legacyServer }, { title: 'a server without RFC 5746, where that is not allowed', run: legacyServerRefused }];
      return [];
    }
    if (peer.name === 'openssl') {
      return [
        { title: 'ours', run: (t) => weRenegotiate(t, {}) },
        { title: 'theirs', run: (t) => theyRenegotiate(t, 'R\n') },
        { title: 'theirs, which we decline', run: (t) => weDecline(t, 'R\n') },
      ];
    }
    if (peer.name === 'gnutls') {
      return [
        { title: 'theirs', run: gnutlsRehandshakes },
        { title: 'a client without RFC 5746', run: (t) => converse(t, { ...TLS12, them: { flags: ['%DISABLE_SAFE_RENEGOTIATION'] } }, ({ connection }) => assert.equal(connection.secureRenegotiation, false)) },
      ];
    }
    if (isNode) return [{ title: 'theirs', run: nodeRenegotiates }, { title: 'ours', run: (t) => weRenegotiate(t, {}) }];
    return [];
  },
};

async function weRenegotiate(t, them, setup = TLS12) {
  const { seen, msgCallback, allow } = renegotiable();
  const { connect } = await stage(t, { ...setup, us: { msgCallback }, them });
  const { end, peer } = await connect(allow);
  await end.handshake();
  await peer.talk(end);
  end.ssl.renegotiate();
  await end.until(() => seen.hellos === 2 && end.ssl.isInitFinished);
  await peer.talk(end);
  assert.equal(end.connection.secureRenegotiation, true);
  await peer.part(end);
}

async function theyRenegotiate(t, command) {
  const { seen, msgCallback, allow } = renegotiable();
  const { connect } = await stage(t, { ...TLS12, us: { msgCallback } });
  const { end, peer } = await connect(allow);
  await end.handshake();
  await peer.talk(end);
  peer.write(command);
  await end.until(() => seen.hellos === 2 && end.ssl.isInitFinished);
  await peer.talk(end);
  await peer.part(end);
}

async function theyAsk(t) {
  const { seen, msgCallback, allow } = renegotiable();
  const { connect } = await stage(t, { ...TLS12, clientCertificate: 'p256', requestClient: undefined, us: { msgCallback }, them: { args: ['-CAfile', t.pki.ca.certFile, '-no_resumption_on_reneg'] } });
  const { end, peer } = await connect(allow);
  await end.handshake();
  await peer.talk(end);
  assert.equal(end.connection.ownSignatureScheme, 0);
  peer.write('R\n');
  await end.until(() => seen.hellos === 2 && end.ssl.isInitFinished);
  await peer.talk(end);
  assert.notEqual(end.connection.ownSignatureScheme, 0);
  await peer.part(end);
}

/** OpenSSL ends a connection on which it may not negotiate again; that is its choice (the alert is a warning). */
async function weDecline(t, command) {
  const { connect } = await stage(t, TLS12);
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  peer.write(command);
  await Promise.race([peer.says(/no renegotiation/i), end.read().catch(() => new Promise(() => undefined))]);
  end.socket.end();
}

async function gnutlsRehandshakes(t) {
  const { seen, msgCallback, allow } = renegotiable();
  const { connect } = await stage(t, { ...TLS12, us: { msgCallback }, them: { args: ['--rehandshake'] } });
  const { end, peer } = await connect(allow);
  await end.handshake();
  await end.until(() => seen.hellos === 2 && end.ssl.isInitFinished);
  await peer.talk(end);
  await peer.part(end);
}

async function nodeRenegotiates(t) {
  const { seen, msgCallback, allow } = renegotiable();
  const { connect } = await stage(t, { ...TLS12, us: { msgCallback } });
  const { end, peer } = await connect(allow);
  await end.handshake();
  await peer.talk(end);
  peer.order({ renegotiate: true });
  await end.until(() => seen.hellos === 2 && end.ssl.isInitFinished);
  await peer.event('renegotiated');
  await peer.talk(end);
  await peer.part(end);
}

const UNSAFE = { ...TLS12, them: { flags: ['%DISABLE_SAFE_RENEGOTIATION'] } };

const legacyServer = (t) => converse(t, { ...UNSAFE, us: { options: OPTIONS.LEGACY_SERVER_CONNECT } }, ({ connection }) => assert.equal(connection.secureRenegotiation, false));

async function legacyServerRefused(t) {
  const { connect } = await stage(t, UNSAFE);
  const { end } = await connect((ssl) => ssl.set('options', ssl.get('options') & ~OPTIONS.LEGACY_SERVER_CONNECT));
  await assert.rejects(end.handshake(), { reason: 'UNSAFE_LEGACY_RENEGOTIATION_DISABLED' });
  end.socket.end();
}

// ---- extended master secret

const extendedMasterSecret = {
  topic: 'extended-master-secret',
  cases(peer, ours) {
    if (peer.name !== 'gnutls') return [{ title: 'offered and taken', run: (t) => converse(t, TLS12, ({ connection }) => assert.equal(connection.extendedMasterSecret, true)) }];
    const without = { ...TLS12, them: { flags: ['%NO_SESSION_HASH'] } };
    return [
      { title: 'offered and taken', run: (t) => converse(t, TLS12, ({ connection }) => assert.equal(connection.extendedMasterSecret, true)) },
      { title: 'theirs off, ours wanted', run: (t) => converse(t, { ...without, us: { extendedMasterSecret: 'offer' } }, ({ connection }) => assert.equal(connection.extendedMasterSecret, false)) },
      { title: 'ours off', run: (t) => converse(t, { ...TLS12, us: { extendedMasterSecret: 'off' } }, ({ connection }) => assert.equal(connection.extendedMasterSecret, false)) },
      {
        title: 'theirs off, ours required',
        run: async (t) => {
          const { connect } = await stage(t, without);
          const { end } = await connect();
          await assert.rejects(end.handshake(), { reason: 'EXTENDED_MASTER_SECRET_REQUIRED' });
          end.socket.end();
        },
      },
    ];
  },
};

// ---- finite-field groups

const dh = {
  topic: 'finite fields',
  cases(peer, ours) {
    if (peer.name !== 'openssl') return [];
    const setup = { ...TLS12, ciphers: ['DHE-RSA-AES128-GCM-SHA256'], certificate: 'rsa' };
    if (ours === 'server') {
      return [
        { title: 'as strong as the certificate (dh_auto)', run: (t) => converse(t, setup, ({ peer: theirs }) => theirs.says('Server Temp Key: DH, 2048 bits')) },
        { title: 'ours (tmp_dh)', run: (t) => converse(t, { ...setup, us: { tmpDh: ffdheGroup('ffdhe3072') } }, ({ peer: theirs }) => theirs.says('Server Temp Key: DH, 3072 bits')) },
      ];
    }
    return [
      { title: 'their own', run: async (t) => converse(t, { ...setup, them: { args: ['-dhparam', await dhFile(t, 'modp_3072')] } }, ({ connection }) => assert.equal(connection.suite.keyExchange, 'dhe')) },
      {
        title: 'too small for our security level',
        run: async (t) => {
          const { connect } = await stage(t, { ...setup, us: { securityLevel: 3, groups: ['x25519'] }, them: { args: ['-dhparam', await dhFile(t, 'modp_2048')] } });
          const { end } = await connect();
          await assert.rejects(end.handshake());
          end.socket.end();
        },
      },
    ];
  },
};

const dhFile = async (t, group) =>
  t.scope.file('dh.pem', execFileSync('openssl', ['genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', `group:${group}`], { stdio: ['ignore', 'pipe', 'ignore'] }));

// ---- records

const LONG = 'long '.repeat(2000);

const fragments = {
  topic: 'TLSv1.2 record-sizes',
  cases: (peer, ours) =>
    peer.name === 'openssl' ? [512, 1024, 2048, 4096].map((size, at) => ({ title: `max_fragment_length of ${size}`, run: (t) => bounded(t, size, ours === 'client' ? { us: { maxFragmentLength: at + 1 } } : { them: { args: ['-maxfraglen', `${size}`] } }) })) : [],
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

// ---- stapling

const serialOf = (pem) => {
  const [{ bytes }] = pemBlocks(pem);
  return Buffer.from(parseCertificate(bytes).serialNumber).toString('hex').toUpperCase();
};

/** A response of our authority about a certificate, made by `openssl ocsp`. */
async function ocspResponse(t, { certFile, cert }) {
  const index = await t.scope.file('index.txt', `V\t400101000000Z\t\t${serialOf(cert)}\tunknown\t/CN=server.example\n`);
  const response = await t.scope.file('ocsp.der');
  const { ca } = t.pki;
  const request = await t.scope.file('ocsp-request.der');
  execFileSync('openssl', ['ocsp', '-issuer', ca.certFile, '-cert', certFile, '-no_nonce', '-reqout', request], { stdio: 'pipe' });
  execFileSync('openssl', ['ocsp', '-index', index, '-rsigner', ca.certFile, '-rkey', ca.keyFile, '-CA', ca.certFile, '-reqin', request, '-respout', response, '-ndays', '2'], { stdio: 'pipe' });
  return { response, der: readFileSync(response) };
}

const SERVES = {
  openssl: (file) => ({ args: ['-status_file', file] }),
  gnutls: (file) => ({ args: [`--ocsp-response=${file}`] }),
  nginx: (file) => ({ conf: ['ssl_stapling on;', `ssl_stapling_file ${file};`] }),
};
const ASKS = {
  openssl: [{ args: ['-status'] }, /OCSP Response Status: successful/],
  gnutls: [{ args: ['--ocsp'] }, /Options:.*OCSP status request/],
  curl: [{ args: ['--cert-status'] }, /SSL certificate status: good/],
};

const stapling = {
  topic: 'stapling',
  cases(peer, ours) {
    const versions = [TLS1_2_VERSION, 0x0304];
    if (ours === 'client') return SERVES[peer.name] ? versions.map((version) => ({ title: `to us, ${VERSIONS[version].name}`, run: (t) => stapled(t, version) })) : [];
    return ASKS[peer.name] ? versions.map((version) => ({ title: `from us, ${VERSIONS[version].name}`, run: (t) => staples(t, version) })) : [];
  },
};

async function stapled(t, version) {
  const { response, der } = await ocspResponse(t, t.pki.server.p256);
  await converse(t, { version, us: { statusRequest: true }, them: SERVES[t.peer.name](response) }, ({ connection }) => assert.deepEqual(Buffer.from(connection.ocspResponse ?? []), der));
}

async function staples(t, version) {
  const { der } = await ocspResponse(t, t.pki.server.p256);
  const [them, words] = ASKS[t.peer.name];
  const { cert, key } = t.pki.server.p256;
  // curl looks for the issuer in what it was sent.
  const us = { cert: cert + t.pki.ca.cert, key, statusCallback: () => new Uint8Array(der) };
  await converse(t, { version, us, them }, ({ peer }) => peer.says(words));
}

// ---- extensions of the application

const EXTENSION = 1000;
/** SSL_EXT_CLIENT_HELLO, TLS1_2_SERVER_HELLO and TLS1_3_CERTIFICATE. */
const CONTEXT = 0x80 | 0x100 | 0x1000;
const TOLD = Buffer.from('what the server tells');

/** s_client -serverinfo offers its extensions in every version, and takes an answer in TLS 1.2 alone. */
const extensions = {
  topic: 'custom-extensions',
  cases: (peer, ours) =>
    peer.name === 'openssl'
      ? [TLS1_2_VERSION, ...(ours === 'client' ? [0x0304] : [])].map((version) => ({ title: `serverinfo, ${VERSIONS[version].name}`, run: (t) => (ours === 'client' ? readServerinfo(t, version) : tellServerinfo(t, version)) }))
      : [],
};

/** A file as s_server reads it: version 2, with the contexts. */
async function serverinfoFile(t) {
  const header = Buffer.alloc(8);
  // SSL_EXT_CLIENT_HELLO, TLS1_2_SERVER_HELLO, TLS1_3_CERTIFICATE, IGNORE_ON_RESUMPTION; then type and length.
  header.writeUInt32BE(CONTEXT | 0x40);
  header.writeUInt16BE(EXTENSION, 4);
  header.writeUInt16BE(TOLD.length, 6);
  const label = 'SERVERINFOV2 FOR EXTENSION';
  return t.scope.file('serverinfo.pem', `-----BEGIN ${label}-----\n${Buffer.concat([header, TOLD]).toString('base64')}\n-----END ${label}-----\n`);
}

async function readServerinfo(t, version) {
  const heard = [];
  const customExtensions = [
    {
      type: EXTENSION,
      context: CONTEXT,
      add: (_ssl, place) => (place === 0x80 ? new Uint8Array(0) : undefined),
      parse: (_ssl, _place, data) => {
        heard.push(Buffer.from(data).toString());
        return undefined;
      },
    },
  ];
  await converse(t, { version, us: { customExtensions }, them: { args: ['-serverinfo', await serverinfoFile(t)] } }, () => assert.deepEqual(heard, [TOLD.toString()]));
}

async function tellServerinfo(t, version) {
  const customExtensions = [{ type: EXTENSION, context: CONTEXT, add: (_ssl, place) => (place === 0x80 ? undefined : new Uint8Array(TOLD)), parse: () => undefined }];
  const header = Buffer.alloc(4);
  header.writeUInt16BE(EXTENSION);
  header.writeUInt16BE(TOLD.length, 2);
  const printed = Buffer.concat([header, TOLD]).toString('base64');
  await converse(t, { version, us: { customExtensions }, them: { args: ['-serverinfo', `${EXTENSION}`] } }, ({ peer }) => peer.says(printed));
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
  cases: (peer) => (peer.name === 'openssl' ? [TLS1_VERSION, TLS1_2_VERSION, 0x0304].map((version) => ({ title: VERSIONS[version].name, run: (t) => sameLog(t, version) })) : []),
};

async function sameLog(t, version) {
  const lines = [];
  const file = await t.scope.file('keys.log');
  const ciphers = version < TLS1_2_VERSION ? { ciphers: ['ECDHE-ECDSA-AES256-SHA'] } : {};
  await converse(t, { version, ...ciphers, us: { keylogCallback: (_ssl, line) => lines.push(line) }, them: { args: ['-keylogfile', file] } });
  const theirs = readFileSync(file, 'utf8').split('\n').filter((line) => /^[A-Z]/.test(line));
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

export const tls12Handshakes = [
  servers,
  clients,
  refusals,
  inTls12(negotiation, 'alpn'),
  inTls12(negotiation, 'sni'),
  renegotiation,
  extendedMasterSecret,
  dh,
  fragments,
  stapling,
  extensions,
  exporters,
  keyLog,
  inTls12(traffic, 'half-close'),
  transfers,
];
