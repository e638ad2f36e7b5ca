// Certificates of servers and of clients, when the connection begins and later, and what is refused.
import assert from 'node:assert/strict';
import { alertName, PeerAlert, TlsFatal, VERIFY } from '../../../dist/index.js';
import { KEY_KINDS } from '../certificates.mjs';
import { converse, stage } from '../conversation.mjs';

/** What a certificate of a kind must be signed for with. */
const SCHEME = {
  rsa: /^0x080[456]$/,
  rsaPss: /^0x080[9ab]$/,
  p256: /^0x0403$/,
  p384: /^0x0503$/,
  p521: /^0x0603$/,
  ed25519: /^0x0807$/,
  ed448: /^0x0808$/,
};
const hex = (id) => `0x${id.toString(16).padStart(4, '0')}`;

const servers = {
  topic: 'certificates',
  cases: (_peer, ours) =>
    KEY_KINDS.map((kind) => ({
      title: kind,
      run: (t) =>
        converse(t, { certificate: kind }, ({ connection }) =>
          assert.match(hex(ours === 'client' ? connection.peerSignatureScheme : connection.ownSignatureScheme), SCHEME[kind]),
        ),
    })),
};

const clients = {
  topic: 'client-certs',
  cases: (_peer, ours) => [
    ...KEY_KINDS.map((kind) => ({
      title: kind,
      run: (t) =>
        converse(t, { clientCertificate: kind }, ({ connection }) => {
          assert.match(hex(ours === 'server' ? connection.peerSignatureScheme : connection.ownSignatureScheme), SCHEME[kind]);
          if (ours === 'server') assert.equal(connection.verifyResult, 'OK');
        }),
    })),
    {
      title: 'none, and that is allowed',
      run: (t) =>
        converse(t, { requestClient: 'optional' }, ({ connection }) =>
          assert.equal(ours === 'client' ? connection.ownCredential : connection.peerChain[0], undefined),
        ),
    },
  ],
};

/** Programs that answer a request that comes late. */
const REAUTH = {
  'openssl/server': { them: { postHandshakeAuth: true } },
  'gnutls/server': { them: { postHandshakeAuth: true } },
};

const late = {
  topic: 'post-handshake-auth',
  cases(peer, ours) {
    if (ours === 'server') {
      const setup = REAUTH[`${peer.name}/server`];
      return setup === undefined ? [] : ['p256', 'rsa', 'ed25519'].map((kind) => ({ title: kind, run: (t) => askLate(t, kind, setup) }));
    }
    if (peer.name === 'openssl')
      return ['p256', 'rsa'].map((kind) => ({
        title: kind,
        run: (t) => askedLate(t, kind, 'c\n', { args: ['-CAfile', t.pki.ca.certFile] }),
      }));
    if (peer.name === 'gnutls') return [{ title: 'p256', run: (t) => askedLate(t, 'p256', undefined, {}) }];
    return [];
  },
};

/** Our server asks when the connection is in use. */
async function askLate(t, kind, setup) {
  const { connect } = await stage(t, {
    clientCertificate: kind,
    us: { verifyMode: VERIFY.PEER | VERIFY.POST_HANDSHAKE | VERIFY.FAIL_IF_NO_PEER_CERT },
    ...setup,
  });
  const { end, peer } = await connect();
  await end.handshake();
  assert.equal(end.connection.peerChain.length, 0);
  await peer.talk(end);
  end.ssl.verifyClientPostHandshake();
  await peer.talk(end);
  assert.match(hex(end.connection.peerSignatureScheme), SCHEME[kind]);
  assert.equal(end.connection.verifyResult, 'OK');
  await peer.part(end);
}

/** The peer's server asks when the connection is in use. */
async function askedLate(t, kind, command, them) {
  const { connect } = await stage(t, {
    clientCertificate: kind,
    requestClient: undefined,
    us: { postHandshakeAuth: true },
    them: { requestClient: undefined, ...them },
  });
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  command === undefined ? await end.says('**REAUTH**\n') : peer.write(command);
  await end.until(() => end.connection.ownSignatureScheme !== 0);
  await peer.talk(end);
  assert.match(hex(end.connection.ownSignatureScheme), SCHEME[kind]);
  await peer.part(end);
}

/** How each program says which alert it got. */
const REFUSALS = [
  {
    title: 'a server of an unknown authority',
    run: (t) =>
      refused(
        t,
        { them: { identity: t.pki.stranger }, us: t.ours === 'server' ? { cert: t.pki.stranger.cert, key: t.pki.stranger.key } : {} },
        peerAlert(t, 'unknown_ca'),
        /unknown.?ca|self.signed|unable to get|not trusted|verif|fatal alert/i,
      ),
  },
  {
    title: 'no suite in common',
    run: (t) =>
      refused(t, DISJOINT, 'handshake_failure', /handshake.?failure|no.shared.cipher|no supported cipher|Handshake failed|fatal alert/i),
  },
];

/** GnuTLS's client says bad_certificate whatever is wrong with one. */
const peerAlert = ({ peer, ours }, alert) => (peer.name === 'gnutls' && ours === 'server' ? 'bad_certificate' : alert);

const DISJOINT = { suites: ['TLS_AES_128_GCM_SHA256'], them: { suites: ['TLS_CHACHA20_POLY1305_SHA256'] } };

const refusals = {
  topic: 'refusals',
  cases(peer, ours) {
    if (!['openssl', 'gnutls'].includes(peer.name)) return [];
    return [
      ...REFUSALS,
      {
        title: 'no client certificate where one is demanded',
        run: (t) =>
          refused(
            t,
            ours === 'client' ? { them: { requestClient: 'required' } } : { requestClient: 'required', them: { requestClient: undefined } },
            'certificate_required',
            /certificate.?required|certificate is required|peer did not return/i,
          ),
      },
      ...(ours === 'client'
        ? [
            {
              title: 'a server of another name',
              run: (t) =>
                refused(t, { serverName: 'wrong.example' }, 'bad_certificate', /bad.?certificate|certificate is bad|fatal alert/i),
            },
          ]
        : []),
    ];
  },
};

/** The connection comes to nothing: our side knows the alert, whoever sent it, and the peer says why. */
async function refused(t, setup, alert, theirWords) {
  const { connect } = await stage(t, setup);
  const { end, peer } = await connect();
  const failure = await failureOf(end);
  const name = failure instanceof TlsFatal ? failure.alert : failure instanceof PeerAlert ? alertName(failure.alertCode) : undefined;
  assert.ok(failure instanceof TlsFatal || failure instanceof PeerAlert, `it ended with ${failure}`);
  assert.equal(name, alert);
  end.socket.end();
  await peer.says(theirWords);
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

export const authentication = [servers, clients, late, refusals];
