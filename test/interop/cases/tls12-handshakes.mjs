// Handshakes of TLS 1.0 to 1.2: what is agreed on and what is refused.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { ffdheGroup } from '../../../dist/crypto/ffdhe.js';
import {
  alertName,
  MODES,
  PeerAlert,
  SIGNATURE_SCHEMES,
  TLS1_1_VERSION,
  TLS1_2_VERSION,
  TLS1_VERSION,
  TlsFatal,
} from '../../../dist/index.js';
import { converse, stage } from '../conversation.mjs';
import { VERSIONS } from '../peers/names.mjs';
import { negotiation } from './negotiation.mjs';
import { inTls12, TLS12 } from './tls12.mjs';

// ---- certificates

/** Which kind of key signed. */
const schemeKey = (id) => SIGNATURE_SCHEMES.find((scheme) => scheme.id === id)?.key;
const KEY_KIND = { rsa: 'rsa', rsaPss: 'rsa-pss', p256: 'ec', p384: 'ec', p521: 'ec', ed25519: 'ed25519', ed448: 'ed448' };

const servers = {
  topic: 'TLSv1.2 certificates',
  cases: (_peer, ours) =>
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
            {
              version,
              ciphers: [kind === 'rsa' ? 'ECDHE-RSA-AES128-SHA' : 'ECDHE-ECDSA-AES128-SHA'],
              certificate: kind,
              clientCertificate: kind,
            },
            ({ connection }) =>
              assert.ok(ours === 'server' ? connection.verifyResult === 'OK' && connection.peerChain.length > 0 : connection.ownCredential),
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
      {
        title: 'no suite in common',
        run: (t) => refused(t, { ...TLS12, ciphers: [mine], them: { ciphers: [theirs] } }, 'handshake_failure'),
      },
      {
        title: 'no client certificate where one is demanded',
        run: (t) =>
          refused(
            t,
            ours === 'client'
              ? { ...TLS12, them: { requestClient: 'required' } }
              : { ...TLS12, requestClient: 'required', them: { requestClient: undefined } },
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

// ---- extended master secret

const extendedMasterSecret = {
  topic: 'extended-master-secret',
  cases(peer) {
    if (peer.name !== 'gnutls')
      return [
        {
          title: 'offered and taken',
          run: (t) => converse(t, TLS12, ({ connection }) => assert.equal(connection.extendedMasterSecret, true)),
        },
      ];
    const without = { ...TLS12, them: { flags: ['%NO_SESSION_HASH'] } };
    return [
      {
        title: 'offered and taken',
        run: (t) => converse(t, TLS12, ({ connection }) => assert.equal(connection.extendedMasterSecret, true)),
      },
      {
        title: 'theirs off, ours wanted',
        run: (t) =>
          converse(t, { ...without, us: { extendedMasterSecret: 'offer' } }, ({ connection }) =>
            assert.equal(connection.extendedMasterSecret, false),
          ),
      },
      {
        title: 'ours off',
        run: (t) =>
          converse(t, { ...TLS12, us: { extendedMasterSecret: 'off' } }, ({ connection }) =>
            assert.equal(connection.extendedMasterSecret, false),
          ),
      },
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
        {
          title: 'as strong as the certificate (dh_auto)',
          run: (t) => converse(t, setup, ({ peer: theirs }) => theirs.says('Server Temp Key: DH, 2048 bits')),
        },
        {
          title: 'ours (tmp_dh)',
          run: (t) =>
            converse(t, { ...setup, us: { tmpDh: ffdheGroup('ffdhe3072') } }, ({ peer: theirs }) =>
              theirs.says('Server Temp Key: DH, 3072 bits'),
            ),
        },
      ];
    }
    return [
      {
        title: 'their own',
        run: async (t) =>
          converse(t, { ...setup, them: { args: ['-dhparam', await dhFile(t, 'modp_3072')] } }, ({ connection }) =>
            assert.equal(connection.suite.keyExchange, 'dhe'),
          ),
      },
      {
        title: 'too small for our security level',
        run: async (t) => {
          const { connect } = await stage(t, {
            ...setup,
            us: { securityLevel: 3, groups: ['x25519'] },
            them: { args: ['-dhparam', await dhFile(t, 'modp_2048')] },
          });
          const { end } = await connect();
          await assert.rejects(end.handshake());
          end.socket.end();
        },
      },
    ];
  },
};

const dhFile = async (t, group) =>
  t.scope.file(
    'dh.pem',
    execFileSync('openssl', ['genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', `group:${group}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );

export const tls12Handshakes = [
  servers,
  clients,
  refusals,
  inTls12(negotiation, 'alpn'),
  inTls12(negotiation, 'sni'),
  extendedMasterSecret,
  dh,
];
