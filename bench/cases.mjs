// What is measured: a row of the table each. `sides` gives the work of every side that can do it.
import { generateKeyPairSync } from 'node:crypto';
import * as nodeTls from 'node:tls';
import { nodeProvider } from '../dist/crypto/node.js';
import * as libssl from '../dist/node/index.js';
import { issueCertificate, parsePrivateKey, pemText } from '../dist/x509/index.js';
import { serveElsewhere } from './client-server.mjs';
import * as floor from './floor.mjs';
import * as ours from './ours.mjs';
import { CLIENTS, forgeHandshakes, streamClient } from './peers.mjs';
import * as requests from './requests.mjs';
import * as streams from './streams.mjs';

const [AES128, AES256, CHACHA] = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const CHACHA12 = 'ECDHE+CHACHA20';
const HYBRID = 'X25519MLKEM768';
const GB = 1e-9;
const hasHybrid = Number.parseFloat(process.versions.openssl) >= 3.5;

/** @typedef {{ identity: { cert: string, key: string }, client?: { cert: string, key: string }, ca: { cert: string, key: string }, group: string, suite: string, version: string }} Setup */
/** @typedef {{ name: string, unit: string, batch: number, per: number, sides: Record<string, () => unknown> }} Case a side whose work is undefined is left out */

/** @returns {Case[]} */
export function cases(pki) {
  const setup = (certificate, change = {}) => ({
    identity: pki.server[certificate],
    ca: pki.ca,
    group: 'x25519',
    suite: AES128,
    version: 'TLSv1.3',
    ...change,
  });
  const p256 = setup('p256');
  // RFC 8422, 5.1: the curve of an ECDSA certificate is to be among the groups.
  const tls12 = setup('p256', { version: 'TLSv1.2', group: 'x25519:P-256' });
  const mutual = setup('p256', { client: pki.client.p256 });
  return [
    handshake('TLS 1.3, P-256 certificate, x25519', p256, { floor: floor.handshakes, forge: true }),
    handshake('TLS 1.3, RSA-2048, x25519', setup('rsa'), { floor: floor.handshakes }),
    handshake('TLS 1.3, P-256, AES-256, SHA-384', setup('p256', { suite: AES256 })),
    handshake(`TLS 1.3, P-256, ${HYBRID}`, setup('p256', { group: HYBRID }), { nodeTls: hasHybrid }),
    handshake('TLS 1.3, mutual', mutual),
    handshake('TLS 1.2, P-256, x25519', tls12),
    handshake('TLS 1.2, RSA-2048, x25519', setup('rsa', { version: 'TLSv1.2' })),
    resumed('TLS 1.3', p256, { floor: (one) => floor.handshakes({ ...one, resumed: true }) }),
    resumed('TLS 1.2', tls12),
    ...[
      ['AES-128-GCM', AES128],
      ['AES-256-GCM', AES256],
      ['ChaCha20-Poly1305', CHACHA],
    ].flatMap(([name, suite]) => [1024, 16_384, 1_048_576].map((size) => bulk(name, setup('p256', { suite }), size))),
    streamBulk('AES-128-GCM', p256, 1024),
    bulk('TLS 1.2, ChaCha20-Poly1305', setup('p256', { suite: CHACHA12, version: 'TLSv1.2', group: 'x25519:P-256' }), 16_384, false),
    echo(p256),
    ...overTcp(p256, tls12),
    ...clients(p256),
    ...https(p256),
  ];
}

function handshake(name, one, { floor: bare, forge = false, nodeTls: other = true } = {}) {
  const full = (side) => side.memoryHandshakes(side.contexts(one));
  return {
    name: `full handshake, ${name}`,
    unit: '/s',
    batch: 20,
    per: 1,
    sides: {
      libssl: () => full(ours),
      ...(other && { 'node:tls': () => full(streams) }),
      ...(bare && { primitives: () => bare(one) }),
      // TLS 1.1 with RSA is the newest it can; it is there for scale.
      ...(forge && { 'node-forge': () => forgeHandshakes(rsaIdentity()) }),
    },
  };
}

function resumed(name, one, { floor: bare } = {}) {
  const again = async (side) => {
    const both = side.contexts(one);
    return side.memoryHandshakes(both, await side.memorySession(both));
  };
  return {
    name: `resumed handshake, ${name}`,
    unit: '/s',
    batch: 20,
    per: 1,
    sides: { libssl: () => again(ours), 'node:tls': () => again(streams), ...(bare && { primitives: () => bare(one) }) },
  };
}

const sizeName = (size) => (size >= 1_048_576 ? `${size / 1_048_576} MiB` : `${size / 1024} KiB`);

function bulk(name, one, size, withFloor = true) {
  const chunk = new Uint8Array(size).fill(7);
  const both = (side) => side.memoryBulk(side.contexts(one), chunk);
  return {
    name: `bulk, ${name}, writes of ${sizeName(size)}`,
    unit: 'GB/s',
    batch: Math.max(16, Math.min(512, 4_194_304 / size)),
    per: size * GB,
    sides: { libssl: () => both(ours), 'node:tls': () => both(streams), ...(withFloor && { primitives: () => floor.bulk(one, chunk) }) },
  };
}

/** Both sides as streams over the same pair: they join what is written in one turn, where each call of `ssl.write` makes a record. */
function streamBulk(name, one, size) {
  const chunk = new Uint8Array(size).fill(7);
  return {
    ...bulk(`${name}, streams`, one, size, false),
    sides: {
      libssl: () => streams.memoryBulk(streams.contexts(one, libssl), chunk, libssl),
      'node:tls': () => streams.memoryBulk(streams.contexts(one), chunk),
    },
  };
}

function echo(one) {
  const message = new Uint8Array(64).fill(7);
  const both = (side) => side.memoryEchoes(side.contexts(one), message);
  return {
    name: 'echo of 64 bytes',
    unit: '/s',
    batch: 500,
    per: 1,
    sides: { libssl: () => both(ours), 'node:tls': () => both(streams), primitives: () => floor.echoes(one, message) },
  };
}

function overTcp(one, tls12) {
  const chunk = new Uint8Array(65_536).fill(7);
  const message = new Uint8Array(64).fill(7);
  const row = (name, unit, batch, per, work, setup = one) => ({
    name: `over TCP: ${name}`,
    unit,
    batch,
    per,
    sides: Object.fromEntries(
      Object.entries({ libssl, 'node:tls': nodeTls }).map(([side, tls]) => [
        side,
        async () => work(await streams.tcp(streams.contexts(setup, tls), tls)),
      ]),
    ),
  });
  const again = async (both) => streams.tcpHandshakes(both, await streams.tcpSession(both));
  return [
    row('full handshake, TLS 1.3', '/s', 20, 1, streams.tcpHandshakes),
    row('full handshake, TLS 1.2', '/s', 20, 1, streams.tcpHandshakes, tls12),
    row('resumed handshake, TLS 1.3', '/s', 20, 1, again),
    row('bulk, AES-128-GCM', 'GB/s', 64, chunk.length * GB, (both) => streams.tcpBulk(both, chunk)),
    row('echo of 64 bytes', '/s', 200, 1, (both) => streams.tcpEchoes(both, message)),
  ];
}

/** Every stack as a client of one and the same node:tls server, which runs in a process of its own. */
function clients(one) {
  const size = 8_388_608;
  /** subtls has no other group. */
  const groupOf = { subtls: 'P-256' };
  const dialers = {
    libssl: () => streamDialer(libssl, one),
    'node:tls': () => streamDialer(nodeTls, one),
    ...Object.fromEntries(Object.entries(CLIENTS).map(([name, make]) => [name, () => make(one)])),
  };
  const row = (name, unit, batch, per, work) => ({
    name: `client over TCP: ${name}`,
    unit,
    batch,
    per,
    sides: Object.fromEntries(
      Object.entries(dialers).map(([side, make]) => [
        side,
        async () => {
          const dial = await make();
          if (dial === undefined) return undefined;
          const { port } = await serveElsewhere(one.identity, groupOf[side] ?? 'X25519');
          return work(() => dial(port));
        },
      ]),
    ),
  });
  return [
    row('full handshake and one byte', '/s', 5, 1, (dial) => async (count) => {
      for (let i = 0; i < count; i++) {
        const client = await dial();
        await client.ask(1);
        client.close();
      }
    }),
    row('download, AES-128-GCM', 'GB/s', 1, size * GB, async (dial) => {
      const client = await dial();
      return async (count) => {
        for (let i = 0; i < count; i++) await client.ask(size);
      };
    }),
  ];
}

function streamDialer(tls, one) {
  const { client } = streams.contexts(one, tls);
  return (port) => streamClient(tls.connect, { ...client, port, host: '127.0.0.1' });
}

function https(one) {
  return [true, false].map((keepAlive) => ({
    name: `HTTPS requests, ${keepAlive ? 'one connection kept' : 'a connection each'}`,
    unit: '/s',
    batch: keepAlive ? 100 : 20,
    per: 1,
    sides: {
      libssl: () => requests.over(libssl, streams.contexts(one, libssl), keepAlive),
      'node:tls': () => requests.over(nodeTls, streams.contexts(one, nodeTls), keepAlive),
    },
  }));
}

/** An authority and a server with RSA keys, which is all that node-forge can verify. */
function rsaIdentity() {
  const [authority, own] = [0, 1].map(() => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    return { pem, key: nodeProvider.importPrivateKey(parsePrivateKey(pem)) };
  });
  const now = Date.now() / 1000;
  const issue = (subject, key, rest) =>
    pemText(
      'CERTIFICATE',
      issueCertificate({
        subject,
        issuer: 'RSA CA',
        publicKey: key.publicKey,
        signer: authority.key,
        notBefore: now - 86_400,
        notAfter: now + 86_400,
        serial: 7,
        ...rest,
      }),
    );
  return {
    ca: { cert: issue('RSA CA', authority.key, { ca: true }) },
    identity: { cert: issue('server.example', own.key, { names: { dns: ['server.example'] } }), key: own.pem },
  };
}
