// What comes back: tickets, pre-shared keys, 0-RTT data.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { OPTIONS } from '../../../dist/index.js';
import { converse, stage } from '../conversation.mjs';
import { comeBack } from './come-back.mjs';

/** Sessions our client was given, as they come. */
function keep() {
  const sessions = [];
  return { sessions, newSessionCallback: (_ssl, session) => sessions.push(session.upRef()) };
}

const resumption = {
  topic: 'resumption',
  cases: (peer, ours) => [
    { title: 'a ticket, with a fresh key agreement', run: (t) => resume(t, {}) },
    ...(ours === 'client' || peer.name === 'openssl'
      ? [
          {
            title: 'after a retry',
            run: (t) =>
              resume(
                t,
                { groups: ['x25519', 'secp384r1'] },
                ours === 'client' ? { again: (ssl) => ssl.set('groups', ['x448', 'secp384r1']) } : { args: ['-groups', 'X448:P-384'] },
              ),
          },
        ]
      : []),
    ...(peer.name === 'openssl' ? [{ title: 'a ticket alone (psk_ke)', run: (t) => pskAlone(t) }] : []),
    ...(ours === 'server' ? [{ title: 'a stateful ticket', run: (t) => resume(t, { us: { options: OPTIONS.NO_TICKET } }) }] : []),
    ...(ours === 'server'
      ? [{ title: 'a ticket key shared by a fleet', run: (t) => resume(t, { us: { ticketKeys: [randomBytes(80)] } }) }]
      : []),
    { title: 'with a client certificate', run: (t) => resume(t, { clientCertificate: 'p256' }) },
  ],
};

/** A full handshake, then one from what it left. */
async function resume(t, setup, { again, args } = {}) {
  const second = t.ours === 'client' ? await resumeAsClient(t, setup, again) : await comeBack(t, setup, { args });
  assert.equal(second.connection.reused, true);
  return second;
}

async function resumeAsClient(t, setup, again) {
  const { sessions, newSessionCallback } = keep();
  const { connect } = await stage(t, { ...setup, us: { newSessionCallback } });
  const first = await connect();
  await first.end.handshake();
  await first.peer.talk(first.end);
  await first.peer.part(first.end);
  assert.ok(sessions.length > 0, 'no ticket came');
  const { end, peer } = await connect((ssl) => {
    ssl.setSession(sessions[0]);
    again?.(ssl);
  });
  await end.handshake();
  await peer.talk(end);
  await peer.part(end);
  return end;
}

/** Both sides allow a handshake without a key agreement, and have no group in common when it comes to it. */
async function pskAlone(t) {
  const setup = { pskOnly: true, groups: ['x25519', 'secp256r1'], them: { groups: ['x25519'] } };
  const end = await resume(
    t,
    setup,
    t.ours === 'client' ? { again: (ssl) => ssl.set('groups', ['secp256r1']) } : { args: ['-groups', 'X448'] },
  );
  assert.equal(end.connection.group, 0);
}

// ---- external keys

const PSK = { identity: 'someone', key: randomBytes(32).toString('hex') };

const external = {
  topic: 'external-psk',
  cases(peer, ours) {
    if (!['openssl', 'gnutls'].includes(peer.name)) return [];
    const openssl = peer.name === 'openssl';
    const suites = ['TLS_AES_128_GCM_SHA256'];
    const withKey = (t) => withPskFile(t, { psk: PSK, certificate: undefined, suites });
    const check = ({ connection }) => {
      assert.equal(connection.peerChain.length, 0);
      assert.equal(connection.ownCredential, undefined);
    };
    return [
      { title: 'with a key agreement', run: async (t) => converse(t, await withKey(t), check) },
      {
        title: 'alone (psk_ke)',
        run: async (t) =>
          converse(
            t,
            { ...(await withKey(t)), pskOnly: true, ...(openssl && { them: { groups: ['x448'] }, us: { groups: ['x25519'] } }) },
            ({ connection }) => assert.equal(connection.group, 0),
          ),
      },
      {
        title: 'a key that is not the same',
        run: async (t) => {
          const { connect } = await stage(t, {
            ...(await withKey(t)),
            ...(ours === 'server' && { them: { psk: { ...PSK, key: '00'.repeat(32) } } }),
            ...(ours === 'client' && { us: wrongKey }),
          });
          const { end } = await connect();
          await assert.rejects(end.handshake());
          end.socket.end();
        },
      },
    ];
  },
};

const wrongKey = { pskClientCallback: () => [{ identity: Buffer.from(PSK.identity), key: new Uint8Array(32) }] };

/** GnuTLS reads its keys from a file. */
async function withPskFile(t, setup) {
  return { ...setup, them: { identity: undefined, pskFile: await t.scope.file('psk', `${PSK.identity}:${PSK.key}\n`) } };
}

// ---- 0-RTT

const EARLY = 'early from us to you';
const LIMIT = 8192;

const early = {
  topic: 'early-data',
  cases(peer, ours) {
    if (ours === 'client') {
      if (peer.name === 'openssl') {
        return [
          { title: 'accepted', run: (t) => sendEarly(t, {}, { accepted: true }) },
          { title: 'a replayed ticket: refused', run: (t) => sendEarly(t, {}, { accepted: false, twice: true }) },
          {
            title: 'refused by a retry',
            run: (t) =>
              sendEarly(
                t,
                { groups: ['x25519', 'secp384r1'] },
                { accepted: false, again: (ssl) => ssl.set('groups', ['x448', 'secp384r1']) },
              ),
          },
        ];
      }
      if (peer.name === 'gnutls') return [{ title: 'accepted', run: (t) => sendEarly(t, {}, { accepted: true }) }];
      if (peer.name === 'nginx') return [{ title: 'accepted', run: sendEarlyRequest }];
      return [];
    }
    if (!['openssl', 'gnutls'].includes(peer.name)) return [];
    return [
      { title: 'accepted', run: (t) => takeEarly(t, {}, true) },
      { title: 'a handful of kilobytes', run: (t) => takeEarly(t, {}, true, 'e'.repeat(7000)) },
      { title: 'refused by the application', run: (t) => takeEarly(t, { us: { allowEarlyDataCallback: () => false } }, false) },
      ...(peer.name === 'openssl'
        ? [
            {
              title: 'refused by a retry',
              run: (t) => takeEarly(t, { groups: ['x25519', 'secp384r1'] }, false, EARLY, ['-groups', 'X448:P-384']),
            },
          ]
        : []),
    ];
  },
};

async function sendEarly(t, setup, { accepted, twice = false, again }) {
  const { sessions, newSessionCallback } = keep();
  const { connect } = await stage(t, { ...setup, earlyData: LIMIT, us: { newSessionCallback } });
  const first = await connect();
  await first.end.handshake();
  await first.peer.talk(first.end);
  await first.peer.part(first.end);
  assert.ok(
    sessions.some((session) => session.data.maxEarlyData > 0),
    'no ticket for early data came',
  );
  for (let turn = twice ? 0 : 1; turn < 2; turn++) {
    const { end, peer } = await connect((ssl) => {
      ssl.setSession(sessions[0]);
      again?.(ssl);
    });
    assert.equal(end.ssl.writeEarlyData(Buffer.from(`${EARLY}, ${turn}\n`)), EARLY.length + 4);
    await end.handshake();
    const expected = accepted || (twice && turn === 0);
    assert.equal(end.connection.earlyData, expected ? 'accepted' : 'rejected');
    // gnutls-serv takes early data without a word.
    if (expected && t.peer.name !== 'gnutls') await peer.says(`${EARLY}, ${turn}`);
    await peer.talk(end);
    await peer.part(end);
  }
}

/** nginx says in the variable `$ssl_early_data` whether a request came early. */
async function sendEarlyRequest(t) {
  const { sessions, newSessionCallback } = keep();
  const { connect } = await stage(t, { earlyData: LIMIT, us: { newSessionCallback } });
  const first = await connect();
  await first.end.handshake();
  await first.peer.talk(first.end);
  await first.peer.part(first.end);
  const { end } = await connect((ssl) => ssl.setSession(sessions[0]));
  end.ssl.writeEarlyData(Buffer.from('GET / HTTP/1.1\r\nHost: server.example\r\n\r\n'));
  await end.handshake();
  await end.hears('early 1.');
  assert.equal(end.connection.earlyData, 'accepted');
}

async function takeEarly(t, { us, ...setup }, accepted, text = EARLY, args = []) {
  const file = await t.scope.file('early', `${text}\n`);
  let received = '';
  const end = await comeBack(
    t,
    { ...setup, us: { maxEarlyData: LIMIT, ...us } },
    {
      args,
      earlyFile: file,
      beforeHandshake: async (second) => {
        received = await second.readEarly();
      },
    },
  );
  assert.equal(end.connection.earlyData, accepted ? 'accepted' : 'rejected');
  assert.equal(received, accepted ? `${text}\n` : '');
}

export const sessions = [resumption, external, early];
