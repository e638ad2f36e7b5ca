// Encrypted ClientHello (RFC 9849) with crypto/tls of Go: opened, opened after a retry, on other curves, and not opened.
import assert from 'node:assert/strict';
import { EchKeys, makeEchKey } from '../../../dist/index.js';
import { SERVER_NAME } from '../certificates.mjs';
import { connectTo, listen, SslContext } from '../ours.mjs';

/** Go compiles its program for the first case. */
const SECONDS = 120;
const P384 = 24;
const CURVES = ['x25519', 'P-256', 'P-384', 'P-521'];

const keysFor = (publicName, options) => new EchKeys([makeEchKey({ publicName, ...options })]);

const cases = [
  { title: 'opened', run: (t) => opened(t) },
  { title: 'opened after a HelloRetryRequest', run: (t) => opened(t, { retry: true }) },
  ...CURVES.slice(1).map((curve) => ({ title: `a key on ${curve}`, run: (t) => opened(t, { key: { curve } }) })),
  ...[1, 2, 3].map((aead) => ({ title: `AEAD ${aead} of HPKE`, run: (t) => opened(t, { key: { cipherSuites: [{ kdf: 1, aead }] } }) })),
  { title: 'not opened, and tried again', run: rejected },
  { title: 'random bytes in its place', run: grease, ours: 'client' },
];

export const ech = [
  {
    topic: 'Encrypted ClientHello',
    cases: (peer, ours) =>
      peer.name === 'go'
        ? cases.filter((one) => (one.ours ?? ours) === ours).map(({ title, run }) => ({ title, run, seconds: SECONDS }))
        : [],
  },
];

const context = (t, settings) =>
  t.ours === 'client'
    ? new SslContext({ role: 'client', ca: t.pki.ca.cert, ...settings })
    : new SslContext({ role: 'server', cert: t.pki.server.p256.cert, key: t.pki.server.p256.key, ...settings });

/** Our client, to the end of its handshake. */
async function ourClient(t, port, settings) {
  const end = await connectTo(t.scope, context(t, settings), port, (ssl) => ssl.set('serverName', SERVER_NAME));
  return await end.handshake();
}

async function opened(t, { retry = false, key } = {}) {
  const keys = keysFor('public.example', key);
  if (t.ours === 'client') {
    const peer = await t.peer.server(t.scope, { identity: t.pki.server.p256, key: keys.keys[0], groups: retry ? [P384] : undefined });
    const us = await ourClient(t, peer.port, { echConfigList: keys.retryConfigs });
    assert.equal(us.ssl.echAccepted, true);
    await peer.says(`name ${SERVER_NAME} ech true`);
    await us.says('from us\n');
    await us.hears('from us\n');
    return;
  }
  const { port, accept } = await listen(t.scope, context(t, { echKeys: keys, ...(retry && { groups: 'P-384' }) }));
  const peer = t.peer.client(t.scope, { ca: t.pki.ca, serverName: SERVER_NAME, list: keys.retryConfigs }, port);
  const us = await (await accept()).handshake();
  assert.deepEqual([us.ssl.echAccepted, us.connection.serverName], [true, SERVER_NAME]);
  await us.hears('from go\n');
  await us.says('from us\n');
  await peer.says('ech true');
  await peer.says('heard from us');
}

async function rejected(t) {
  // The certificate is for this name, so that it can be the public one.
  const [old, current] = [keysFor(SERVER_NAME, { configId: 1 }), keysFor(SERVER_NAME, { configId: 2 })];
  if (t.ours === 'client') {
    const peer = await t.peer.server(t.scope, { identity: t.pki.server.p256, key: current.keys[0] });
    let us;
    const prepare = (ssl) => {
      us = ssl.set('serverName', 'secret.example');
    };
    const end = await connectTo(t.scope, context(t, { echConfigList: old.retryConfigs }), peer.port, prepare);
    await assert.rejects(end.handshake(), { reason: 'ECH_REJECTED' });
    assert.deepEqual(Buffer.from(us.echRetryConfigs), Buffer.from(current.retryConfigs));
    const again = await ourClient(t, peer.port, { echConfigList: us.echRetryConfigs });
    assert.equal(again.ssl.echAccepted, true);
    return;
  }
  const { port, accept } = await listen(t.scope, context(t, { echKeys: current }));
  const peer = t.peer.client(t.scope, { ca: t.pki.ca, serverName: 'secret.example', list: old.retryConfigs }, port);
  const us = await accept();
  await us.handshake().catch(() => undefined);
  await peer.says(`rejected ${Buffer.from(current.retryConfigs).toString('hex')}`);
  await assert.rejects(us.read(), { reason: 'TLSV1_ALERT_ECH_REQUIRED' });
}

async function grease(t) {
  for (const key of [undefined, keysFor('public.example').keys[0]]) {
    const peer = await t.peer.server(t.scope, { identity: t.pki.server.p256, key });
    const us = await ourClient(t, peer.port, { echGrease: true });
    assert.equal(us.ssl.echAccepted, false);
    await peer.says(`name ${SERVER_NAME} ech false`);
  }
}
