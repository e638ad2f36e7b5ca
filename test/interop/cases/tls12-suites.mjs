// Every suite of TLS 1.0 to 1.2 that a peer shares with us: one program for the suites of a family where the program is a server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { CIPHER_SUITES, OPTIONS, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION, TLS1_VERSION } from '../../../dist/index.js';
import { stage } from '../conversation.mjs';
import { VERSIONS } from '../peers/names.mjs';

const PSK = { identity: 'a device', key: randomBytes(32).toString('hex') };
const HINT = 'a hint of ours';

const OLDER = CIPHER_SUITES.filter(({ minVersion }) => minVersion < TLS1_3_VERSION);

const lines = (text) => text.trim().split(/[:\n,]/);
const memoised = (make) => {
  let made;
  return () => {
    made ??= make();
    return made;
  };
};

const ofOpenssl = memoised(() => lines(execFileSync('openssl', ['ciphers', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'], { encoding: 'utf8' })));

/** Each code point that `gnutls-cli --list` prints, with the oldest version it is for there. */
const gnutlsPoints = memoised(() => {
  const points = execFileSync('gnutls-cli', ['--list'], { encoding: 'utf8' }).matchAll(/^TLS_\S+\s+0x(..), 0x(..)\s+TLS1\.(\d)/gm);
  return new Map([...points].map(([, high, low, minor]) => [Number.parseInt(high + low, 16), TLS1_VERSION + Number(minor)]));
});

const ofGnutls = (version) => OLDER.filter(({ id }) => (gnutlsPoints().get(id) ?? TLS1_3_VERSION) <= version).map(({ name }) => name);

/** A Node is asked for each suite. */
const ofNode = (path) =>
  lines(
    execFileSync(
      path,
      [
        '-e',
        `console.log(${JSON.stringify(OLDER.map(({ name }) => name))}.filter((ciphers) => { try { tls.createSecureContext({ ciphers: ciphers + ':@SECLEVEL=0', maxVersion: 'TLSv1.2' }); return true; } catch { return false; } }).join())`,
      ],
      {
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '' },
      },
    ),
  );

/** A program that speaks HTTP to a host has neither pre-shared keys nor strangers. */
const needsCertificate = ({ authentication, keyExchange }) => authentication !== 'none' && !keyExchange.endsWith('psk');
const byCertificate = (names) => names.filter((name) => OLDER.some((suite) => suite.name === name && needsCertificate(suite)));

function sharedWith(peer, version) {
  if (peer.name === 'gnutls') return ofGnutls(version);
  if (peer.path !== undefined) {
    peer.suites ??= ofNode(peer.path);
    return peer.suites;
  }
  return peer.name === 'openssl' ? ofOpenssl() : byCertificate(ofOpenssl());
}

const familyOf = ({ keyExchange, authentication }) =>
  `${keyExchange}${authentication === 'none' ? ', anonymous' : keyExchange.endsWith('psk') ? '' : `, ${authentication}`}`;

const isFor = ({ minVersion, maxVersion }, version) => minVersion <= version && version <= maxVersion;

/** Suites of a version that both have, by family. */
function families(peer, version) {
  const shared = new Set(sharedWith(peer, version));
  const grouped = new Map();
  for (const suite of OLDER) {
    if (!shared.has(suite.name) || !isFor(suite, version)) continue;
    const family = familyOf(suite);
    grouped.set(family, [...(grouped.get(family) ?? []), suite]);
  }
  return grouped;
}

/** What a setup for suites of a family says besides. */
async function setupFor(t, version, suites) {
  const [{ keyExchange, authentication }] = suites;
  const usesPsk = keyExchange.endsWith('psk');
  return {
    version,
    ciphers: suites.map(({ name }) => name),
    certificate: authentication === 'rsa' ? 'rsa' : authentication === 'ecdsa' ? 'p256' : 'rsa',
    ...(usesPsk && { psk: PSK, pskHint: HINT }),
    us: {
      groups: ['x25519', 'secp256r1', 'ffdhe2048'],
      ...(usesPsk && t.ours === 'server' && { pskIdentityHint: HINT }),
    },
    them: {
      ...(t.peer.name === 'nginx' && keyExchange === 'dhe' && { conf: [`ssl_dhparam ${await dhParameters(t)};`] }),
      ...(t.peer.name.startsWith('node') && {
        tls: t.ours === 'client' ? { dhparam: 'auto' } : { rejectUnauthorized: authentication !== 'none' },
      }),
      ...(t.peer.name === 'gnutls' &&
        usesPsk &&
        t.ours === 'client' && { pskFile: await t.scope.file('psk', `${PSK.identity}:${PSK.key}\n`) }),
    },
  };
}

async function dhParameters(t) {
  return t.scope.file(
    'dh.pem',
    execFileSync('openssl', ['genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', 'group:ffdhe2048'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
}

/** Speaks each suite of a family in turn; says all that failed. */
async function speakAll(t, version, suites, settings = {}) {
  const setup = await setupFor(t, version, suites);
  const { connect, again } = await rounds(t, { ...setup, us: { ...setup.us, ...settings } });
  const failures = [];
  for (const [turn, suite] of suites.entries()) {
    try {
      const { end, peer } = await (turn === 0 ? connect(suite) : again(suite));
      await end.handshake();
      await peer.talk(end);
      assert.equal(end.connection.suite.name, suite.name);
      assert.equal(end.connection.version, version);
      if (suite.keyExchange.endsWith('psk')) assert.equal(Buffer.from(end.connection.pskIdentity).toString(), PSK.identity);
      await peer.part(end);
    } catch (error) {
      failures.push(`${suite.name}: ${error.message}`);
    }
  }
  assert.deepEqual(failures, []);
}

/** Connections with one suite each: ours is told, or the program. A Node client goes on in one process. */
async function rounds(t, setup) {
  if (t.ours === 'client') {
    const { connect } = await stage(t, setup);
    const only = ({ name }) => connect((ssl) => ssl.set('cipherList', [name]));
    return { connect: only, again: only };
  }
  const { connect, server } = await stage(t, setup);
  const fresh = (suite) => connect(undefined, { ciphers: [suite.name] });
  if (!t.peer.name.startsWith('node')) return { connect: fresh, again: fresh };
  let first;
  return {
    async connect(suite) {
      first = await fresh(suite);
      return first;
    },
    async again({ name }) {
      first.peer.turns = 0;
      first.peer.order({ again: { ciphers: `${name}:@SECLEVEL=0` } });
      return { end: await server.accept(), peer: first.peer };
    },
  };
}

const suitesOf = (version) => ({
  topic: `${VERSIONS[version].name} suites`,
  cases: (peer, ours) =>
    [...families(peer, version)].map(([family, suites]) => ({
      title: `${family}: ${suites.length}`,
      seconds: 60,
      skip:
        peer.name === 'gnutls' && ours === 'server' && /dhe-psk/.test(family)
          ? 'gnutls-cli 3.7 crashes after a handshake with DHE-PSK or ECDHE-PSK, with gnutls-serv too'
          : undefined,
      run: (t) => speakAll(t, version, suites),
    })),
});

/** CBC with the MAC inside, as it was before RFC 7366. */
const macInside = {
  topic: 'MAC inside',
  cases: (peer) =>
    [TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION].flatMap((version) => {
      const suites = [...families(peer, version).values()]
        .flat()
        .filter(({ cbc, keyExchange, authentication }) => cbc !== undefined && keyExchange === 'ecdhe' && authentication === 'rsa');
      return [
        {
          title: `${VERSIONS[version].name}: ${suites.length}`,
          run: (t) => speakAll(t, version, suites, { options: OPTIONS.NO_ENCRYPT_THEN_MAC }),
        },
      ];
    }),
};

export const tls12Suites = [suitesOf(TLS1_VERSION), suitesOf(TLS1_1_VERSION), suitesOf(TLS1_2_VERSION), macInside];
