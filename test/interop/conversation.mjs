// One connection between us and a peer, from a setup that both understand.
import { OPTIONS, VERIFY } from '../../dist/index.js';
import { SERVER_NAME } from './certificates.mjs';
import { connectTo, listen, SslContext } from './ours.mjs';

/**
 * What a case gets.
 * @typedef {object} Stage
 * @property {import('./scope.mjs').Scope} scope
 * @property {ReturnType<typeof import('./certificates.mjs').makeCertificates>} pki
 * @property {any} peer the adapter
 * @property {'client' | 'server'} ours
 * @property {(name: string) => Promise<{ path: string, bytes: Buffer, sha256: string }>} bulk the file of large transfers
 */

/**
 * A setup: what both sides shall speak (`version`, `suites`, `ciphers`, `groups`, `alpn`, `serverName` …), with the registry's
 * names, and the kinds of certificates. `us` goes over our part of it, as settings of the library; `them` over the peer's.
 * `defaults` of the stage hold for every setup.
 */
function resolve({ pki, defaults = {} }, given) {
  const { certificate = 'p256', clientCertificate, us, them, ...setup } = merge(defaults, given);
  const shared = {
    serverName: SERVER_NAME,
    ca: pki.ca,
    identity: certificate && pki.server[certificate],
    clientIdentity: clientCertificate && pki.client[clientCertificate],
    requestClient: clientCertificate && 'required',
    ...setup,
  };
  return { shared, us, theirs: { ...shared, ...them } };
}

const merge = (defaults, given) => ({
  ...defaults,
  ...given,
  us: { ...defaults.us, ...given.us },
  them: { ...defaults.them, ...given.them },
});

/** The context of our side. */
function contextOf({ ours }, { shared, us }) {
  const {
    version,
    ciphers,
    suites,
    groups,
    alpn,
    securityLevel,
    identity,
    second,
    clientIdentity,
    requestClient,
    ca,
    pskOnly,
    middleboxes = true,
    psk,
  } = shared;
  const { options = 0, ...settings } = us;
  const context = new SslContext({
    role: ours,
    ...(suites && { cipherSuites: suites }),
    ...(version && { minProtoVersion: version, maxProtoVersion: version }),
    ...(ciphers && { cipherList: ciphers, securityLevel: 0 }),
    ...(groups && { groups }),
    ...(alpn && { alpnProtocols: alpn }),
    ...(securityLevel !== undefined && { securityLevel }),
    ...(ours === 'client' ? clientSettings({ ca, clientIdentity, psk }) : serverSettings({ ca, identity, requestClient, psk })),
    ...settings,
  });
  if (second && ours === 'server') context.useCertificate(second.cert).usePrivateKey(second.key);
  let bits = context.get('options') | options;
  if (pskOnly) bits |= OPTIONS.ALLOW_NO_DHE_KEX;
  if (!middleboxes) bits &= ~OPTIONS.ENABLE_MIDDLEBOX_COMPAT;
  return context.set('options', bits);
}

const externalPsk = ({ identity, key, hash }) => ({ identity: Buffer.from(identity), key: Buffer.from(key, 'hex'), ...(hash && { hash }) });

const clientSettings = ({ ca, clientIdentity, psk }) => ({
  ca: ca.cert,
  ...(clientIdentity && { cert: clientIdentity.cert, key: clientIdentity.key }),
  ...(psk && { pskClientCallback: () => [externalPsk(psk)] }),
});

const serverSettings = ({ ca, identity, requestClient, psk }) => ({
  sessionIdContext: Buffer.from('interop'),
  ...(identity && { cert: identity.cert, key: identity.key }),
  ...(requestClient && { ca: ca.cert, verifyMode: VERIFY.PEER | (requestClient === 'required' ? VERIFY.FAIL_IF_NO_PEER_CERT : 0) }),
  ...(psk && { pskServerCallback: (_ssl, identity) => (Buffer.from(identity).toString() === psk.identity ? externalPsk(psk) : undefined) }),
});

/** Starts the peer's server, or ours, and gives a function that makes one connection after another to it. */
export async function stage(t, setup) {
  const resolved = resolve(t, setup);
  const context = contextOf(t, resolved);
  return t.ours === 'client' ? clientStage(t, resolved, context) : serverStage(t, resolved, context);
}

async function clientStage(t, { shared, theirs }, context) {
  const peer = await t.peer.server(t.scope, theirs);
  return {
    context,
    peer,
    async connect(prepare) {
      const end = await connectTo(t.scope, context, peer.port, (ssl) => {
        ssl.set('serverName', shared.serverName);
        prepare?.(ssl);
      });
      return { end, peer };
    },
  };
}

async function serverStage(t, { theirs }, context) {
  let prepare;
  const server = await listen(t.scope, context, (ssl) => prepare?.(ssl));
  return {
    context,
    server,
    /** `overrides`: what this one connection's peer is told besides. */
    async connect(prepareThis, overrides) {
      prepare = prepareThis;
      const peer = await t.peer.client(t.scope, { ...theirs, ...overrides }, server.port);
      const gone = peer.program.exit.then(() => {
        throw new Error('the peer ended before it connected');
      });
      gone.catch(() => undefined);
      return { end: await Promise.race([server.accept(), gone]), peer };
    },
  };
}

/** Connects, lets both sides speak, looks at what was agreed, and ends it in good order. */
export async function converse(t, setup, check, prepare) {
  const { connect } = await stage(t, setup);
  const { end, peer } = await connect(prepare);
  await end.handshake();
  await peer.talk(end);
  await check?.({ end, peer, connection: end.connection });
  await peer.part(end);
}

/** The two roles we can have with a peer. */
export const roles = (peer) => peer.roles.map((role) => (role === 'client' ? 'server' : 'client'));
