// Staples, and extensions of the application, in TLS 1.2 and 1.3.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pemBlocks } from '../../../dist/asn1/pem.js';
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../../../dist/index.js';
import { parseCertificate } from '../../../dist/x509/index.js';
import { converse } from '../conversation.mjs';
import { VERSIONS } from '../peers/names.mjs';

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
  execFileSync(
    'openssl',
    [
      'ocsp',
      '-index',
      index,
      '-rsigner',
      ca.certFile,
      '-rkey',
      ca.keyFile,
      '-CA',
      ca.certFile,
      '-reqin',
      request,
      '-respout',
      response,
      '-ndays',
      '2',
    ],
    { stdio: 'pipe' },
  );
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
    const versions = [TLS1_2_VERSION, TLS1_3_VERSION];
    if (ours === 'client')
      return SERVES[peer.name]
        ? versions.map((version) => ({ title: `to us, ${VERSIONS[version].name}`, run: (t) => stapled(t, version) }))
        : [];
    return ASKS[peer.name]
      ? versions.map((version) => ({ title: `from us, ${VERSIONS[version].name}`, run: (t) => staples(t, version) }))
      : [];
  },
};

async function stapled(t, version) {
  const { response, der } = await ocspResponse(t, t.pki.server.p256);
  await converse(t, { version, us: { statusRequest: true }, them: SERVES[t.peer.name](response) }, ({ connection }) =>
    assert.deepEqual(Buffer.from(connection.ocspResponse ?? []), der),
  );
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
      ? [TLS1_2_VERSION, ...(ours === 'client' ? [TLS1_3_VERSION] : [])].map((version) => ({
          title: `serverinfo, ${VERSIONS[version].name}`,
          run: (t) => (ours === 'client' ? readServerinfo(t, version) : tellServerinfo(t, version)),
        }))
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
  return t.scope.file(
    'serverinfo.pem',
    `-----BEGIN ${label}-----\n${Buffer.concat([header, TOLD]).toString('base64')}\n-----END ${label}-----\n`,
  );
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
  await converse(t, { version, us: { customExtensions }, them: { args: ['-serverinfo', await serverinfoFile(t)] } }, () =>
    assert.deepEqual(heard, [TOLD.toString()]),
  );
}

async function tellServerinfo(t, version) {
  const customExtensions = [
    {
      type: EXTENSION,
      context: CONTEXT,
      add: (_ssl, place) => (place === 0x80 ? undefined : new Uint8Array(TOLD)),
      parse: () => undefined,
    },
  ];
  const header = Buffer.alloc(4);
  header.writeUInt16BE(EXTENSION);
  header.writeUInt16BE(TOLD.length, 2);
  const printed = Buffer.concat([header, TOLD]).toString('base64');
  await converse(t, { version, us: { customExtensions }, them: { args: ['-serverinfo', `${EXTENSION}`] } }, ({ peer }) =>
    peer.says(printed),
  );
}

export const tls12Extensions = [stapling, extensions];
