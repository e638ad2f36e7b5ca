// Our connections over memory BIOs.

/** The package as it is published, where somebody has put it together. */
const { MemBio, Ssl, SslContext } = await import(process.env.LIBSSL_BENCH_ENTRY ?? '../dist/index.js');

const CIPHER_LIST = { TLS_AES_128_GCM_SHA256: 'ECDHE+AESGCM' };

/** Contexts of both roles. @param {import('./cases.mjs').Setup} setup */
export function contexts({ identity, client: clientIdentity, ca, group, suite, version }) {
  const suites = version === 'TLSv1.2' ? { cipherList: CIPHER_LIST[suite] ?? suite } : { cipherSuites: [suite] };
  const common = { groups: group.split(':'), ...suites, minProtoVersion: version, maxProtoVersion: version };
  const sessions = [];
  const client = new SslContext({
    role: 'client',
    ca: ca.cert,
    ...common,
    ...(clientIdentity && { cert: clientIdentity.cert, key: clientIdentity.key }),
    newSessionCallback: (_ssl, session) => sessions.length < 1 && sessions.push(session.upRef()),
  });
  const asks = clientIdentity && { ca: ca.cert, verifyMode: 3 };
  const server = new SslContext({ role: 'server', cert: identity.cert, key: identity.key, ...common, ...asks });
  return { client, server, sessions };
}

/** Two connections back to back, before their handshake. */
function pair({ client: clientContext, server: serverContext }, session) {
  const client = new Ssl(clientContext).set('serverName', 'server.example');
  const server = new Ssl(serverContext);
  const toServer = new MemBio();
  const toClient = new MemBio();
  client.setBio(toClient, toServer);
  server.setBio(toServer, toClient);
  if (session !== undefined) client.setSession(session);
  return { client, server };
}

function shake({ client, server }) {
  for (;;) {
    const done = client.doHandshake();
    if (server.doHandshake() && done) return;
  }
}

const end = ({ client, server }) => {
  client.free();
  server.free();
};

/** Handshakes with all that belongs to them: the client has its tickets when one is over. */
export const memoryHandshakes = (both, session) => async (count) => {
  for (let i = 0; i < count; i++) {
    const ends = pair(both, session);
    shake(ends);
    ends.client.read();
    if (session !== undefined && !ends.client.connection?.reused) throw new Error('not resumed');
    end(ends);
  }
};

/** A connection that is kept, its tickets read. */
export function memoryConnection(both) {
  const ends = pair(both);
  shake(ends);
  ends.client.read();
  return ends;
}

export function memorySession(both) {
  end(memoryConnection(both));
  return both.sessions[0];
}

/** Sends chunks one way and the other by turns, each read to its last byte. */
export function memoryBulk(both, chunk) {
  const { client, server } = memoryConnection(both);
  return async (count) => {
    for (let i = 0; i < count; i++) {
      const [from, to] = i % 2 === 0 ? [client, server] : [server, client];
      from.write(chunk);
      for (let read = 0; read < chunk.length; ) read += to.read()?.length ?? 0;
    }
  };
}

export function memoryEchoes(both, message) {
  const { client, server } = memoryConnection(both);
  return async (count) => {
    for (let i = 0; i < count; i++) {
      client.write(message);
      server.write(server.read());
      client.read();
    }
  };
}
