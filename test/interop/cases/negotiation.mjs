// What the two sides agree on: suites, groups, retries, protocols, names.
import assert from 'node:assert/strict';
import { CIPHER_SUITES, groupName, NAMED_GROUPS, TLS1_3_VERSION } from '../../../dist/index.js';
import { OTHER_NAME, SERVER_NAME } from '../certificates.mjs';
import { converse, stage } from '../conversation.mjs';
import { SslContext } from '../ours.mjs';

const SHORT_TAG = 'TLS_AES_128_CCM_8_SHA256';

const suites = {
  topic: 'suites',
  cases: () =>
    CIPHER_SUITES.filter(({ minVersion }) => minVersion === TLS1_3_VERSION).map(({ name }) => {
      const setup = { suites: [name], ...(name === SHORT_TAG && { securityLevel: 0 }) };
      return { title: name, setup, run: (t) => converse(t, setup, ({ connection }) => assert.equal(connection.suite.name, name)) };
    }),
};

const groups = {
  topic: 'groups',
  cases: () =>
    NAMED_GROUPS.map(({ name, kind }) => {
      const setup = { groups: [name], ...(kind === 'ffdhe' && { certificate: 'rsa' }) };
      return { title: name, setup, run: (t) => converse(t, setup, ({ connection }) => assert.equal(groupName(connection.group), name)) };
    }),
};

/** The client sends a share for one group, the server takes another alone. */
const RETRIES = [
  ['x25519', 'secp384r1'],
  ['secp256r1', 'x448'],
  ['x25519', 'X25519MLKEM768'],
  ['X25519MLKEM768', 'x25519'],
  ['x25519', 'SecP384r1MLKEM1024'],
];

const retries = {
  topic: 'hello-retry',
  cases: () =>
    RETRIES.map(([first, second]) => {
      const both = { groups: [first, second] };
      return {
        title: `${first}, then ${second}`,
        setup: both,
        async run(t) {
          let hellos = 0;
          const count = (_write, _version, type, bytes) => {
            if (type === 22 && bytes[0] === 1) hellos++;
          };
          const [us, them] =
            t.ours === 'client' ? [{ keyShares: [first] }, { groups: [second] }] : [{ groups: [second] }, { singleShare: true }];
          await converse(t, { ...both, us: { ...us, msgCallback: count }, them }, ({ connection }) => {
            assert.equal(groupName(connection.group), second);
            assert.equal(hellos, 2);
          });
        },
      };
    }),
};

const alpn = {
  topic: 'alpn',
  cases: (peer, ours) =>
    peer.name === 'nginx'
      ? [{ title: 'http/1.1', run: (t) => converse(t, { alpn: ['http/1.1'] }, chose('http/1.1')) }]
      : [
          {
            title: 'the second of two',
            run: (t) => converse(t, { alpn: ['h2', 'http/1.1'], us: second(ours), them: secondOfTheirs(ours) }, chose('http/1.1')),
          },
          {
            title: 'nothing offered',
            run: (t) => converse(t, ours === 'client' ? { them: { alpn: ['h2'] } } : { us: { alpnProtocols: ['h2'] } }, chose(undefined)),
          },
        ],
};

const second = (ours) => (ours === 'client' ? {} : { alpnProtocols: ['http/1.1'] });
const secondOfTheirs = (ours) => (ours === 'client' ? { alpn: ['http/1.1'] } : {});
const chose =
  (name) =>
  ({ connection }) =>
    assert.equal(connection.alpn && Buffer.from(connection.alpn).toString(), name);

const serverNames = {
  topic: 'sni',
  cases: (peer, ours) => [
    ...(ours === 'server' || peer.name !== 'gnutls'
      ? [{ title: 'another host by its name', run: (t) => (ours === 'client' ? meetOther(t) : hostOther(t)) }]
      : [{ title: 'another host by its name', skip: 'gnutls-serv has one name alone' }]),
    { title: 'the name is seen', run: (t) => converse(t, {}, ({ connection }) => assert.equal(connection.serverName, SERVER_NAME)) },
  ],
};

const meetOther = (t) =>
  converse(t, { serverName: OTHER_NAME, them: { other: { name: OTHER_NAME, ...t.pki.other } } }, ({ connection }) => {
    assert.equal(connection.peerName, OTHER_NAME);
  });

function hostOther(t) {
  const other = new SslContext({ role: 'server', cert: t.pki.other.cert, key: t.pki.other.key });
  const serverNameCallback = (ssl, name) => {
    if (name === OTHER_NAME) ssl.setContext(other);
    return 'ok';
  };
  // The peer verifies the certificate against the name, so that it connects is the proof.
  return converse(t, { serverName: OTHER_NAME, us: { serverNameCallback } }, ({ connection }) =>
    assert.equal(connection.serverName, OTHER_NAME),
  );
}

const compatibility = {
  topic: 'middlebox-compat',
  cases: (peer) =>
    ['openssl', 'gnutls'].includes(peer.name)
      ? [
          { title: 'off on our side', run: (t) => converse(t, { middleboxes: false, them: { middleboxes: true } }) },
          { title: 'off on theirs', run: (t) => converse(t, { them: { middleboxes: false } }) },
          { title: 'off on both', run: (t) => converse(t, { middleboxes: false }) },
        ]
      : [],
};

const cookies = {
  topic: 'stateless-cookie',
  cases: (peer, ours) => {
    if (ours === 'server') {
      const skip =
        peer.name === 'gnutls'
          ? 'GnuTLS 3.7 takes no HelloRetryRequest without a group (key_share_send_params, illegal_parameter)'
          : undefined;
      return [
        { title: 'we keep nothing of the first hello', skip, run: (t) => stateless(t, {}) },
        {
          title: 'nor do we, and ask for another group',
          run: (t) => stateless(t, { groups: ['x25519', 'secp384r1'], us: { groups: ['secp384r1'] }, them: { singleShare: true } }),
        },
      ];
    }
    const skip = 's_server -stateless of OpenSSL 3.0 ends every connection with "ERROR", those of its own s_client too';
    return peer.name === 'openssl' ? [{ title: 'the server keeps nothing', skip }] : [];
  },
};

/** Each hello meets a fresh connection object of ours, as if it had come to another process. */
async function stateless(t, setup) {
  const { connect } = await stage(t, setup);
  const { end, peer } = await connect();
  await end.stateless();
  await end.handshake();
  await peer.talk(end);
  assert.equal(end.connection.cookieVerified, true);
  await peer.part(end);
}

/** What a ClientHello of ours may look like besides. */
const shapes = {
  topic: 'hello-shapes',
  cases: (_peer, ours) =>
    ours === 'client'
      ? [
          { title: 'GREASE', run: (t) => converse(t, { us: { grease: true } }) },
          { title: 'extensions in any order', run: (t) => converse(t, { us: { permuteExtensions: true, grease: true } }) },
          { title: 'no key share', run: (t) => converse(t, { groups: ['x25519'], us: { keyShares: ['secp256r1'] } }) },
        ]
      : [],
};

export const negotiation = [suites, groups, retries, alpn, serverNames, compatibility, cookies, shapes];
