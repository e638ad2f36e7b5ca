// Handshakes on a connection in use, of either side's choosing.
import assert from 'node:assert/strict';
import { ALERTS, CONTENT_TYPE, HANDSHAKE_TYPE, OPTIONS, TLS1_VERSION } from '../../../dist/index.js';
import { converse, stage } from '../conversation.mjs';
import { TLS12 } from './tls12.mjs';

const ALERT_WARNING = 1;

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
          {
            title: 'ours, in TLS 1.0',
            run: (t) => weRenegotiate(t, CLIENT_MAY.openssl, { version: TLS1_VERSION, ciphers: ['ECDHE-ECDSA-AES128-SHA'] }),
          },
          { title: 'theirs', run: (t) => theyRenegotiate(t, 'r\n') },
          { title: 'theirs, to ask for our certificate', run: (t) => theyAsk(t) },
          { title: 'theirs, which we decline', run: (t) => weDecline(t, 'r\n') },
        ];
      }
      if (peer.name === 'gnutls')
        return [
          { title: 'to a server without RFC 5746', run: legacyServer },
          { title: 'a server without RFC 5746, where that is not allowed', run: legacyServerRefused },
        ];
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
        {
          title: 'a client without RFC 5746',
          run: (t) =>
            converse(t, { ...TLS12, them: { flags: ['%DISABLE_SAFE_RENEGOTIATION'] } }, ({ connection }) =>
              assert.equal(connection.secureRenegotiation, false),
            ),
        },
      ];
    }
    if (isNode)
      return [
        { title: 'theirs', run: nodeRenegotiates },
        { title: 'ours', run: (t) => weRenegotiate(t, {}) },
      ];
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
  const { connect } = await stage(t, {
    ...TLS12,
    clientCertificate: 'p256',
    requestClient: undefined,
    us: { msgCallback },
    them: { args: ['-CAfile', t.pki.ca.certFile, '-no_resumption_on_reneg'] },
  });
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

/** We say no with a warning; that OpenSSL then ends the connection is its choice. */
async function weDecline(t, command) {
  const alerts = [];
  const msgCallback = (write, _version, type, bytes) => {
    if (write && type === CONTENT_TYPE.alert) alerts.push([...bytes]);
  };
  const { connect } = await stage(t, { ...TLS12, us: { msgCallback } });
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  peer.write(command);
  await end.until(() => alerts.length > 0);
  assert.deepEqual(alerts, [[ALERT_WARNING, ALERTS.no_renegotiation]]);
  await peer.says(/no renegotiation/i);
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

const legacyServer = (t) =>
  converse(t, { ...UNSAFE, us: { options: OPTIONS.LEGACY_SERVER_CONNECT } }, ({ connection }) =>
    assert.equal(connection.secureRenegotiation, false),
  );

async function legacyServerRefused(t) {
  const { connect } = await stage(t, UNSAFE);
  const { end } = await connect((ssl) => ssl.set('options', ssl.get('options') & ~OPTIONS.LEGACY_SERVER_CONNECT));
  await assert.rejects(end.handshake(), { reason: 'UNSAFE_LEGACY_RENEGOTIATION_DISABLED' });
  end.socket.end();
}

export const tls12Renegotiation = [renegotiation];
