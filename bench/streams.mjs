// TLS as streams, in memory and over loopback TCP: node:tls, or libssl/node, which has its shape.
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';

/** One end of a pair of streams: what is written here is read there. */
class Half extends Duplex {
  /** @type {Half | undefined} */
  other;
  /** @type {(() => void) | undefined} */
  taken;

  _read() {
    const taken = this.taken;
    this.taken = undefined;
    taken?.();
  }

  _write(chunk, _encoding, done) {
    if (chunk.length === 0) {
      process.nextTick(done);
      return;
    }
    this.other.taken = done;
    this.other.push(chunk);
  }

  _final(done) {
    this.other.push(null);
    done();
  }
}

function duplexPair() {
  const [a, b] = [new Half(), new Half()];
  a.other = b;
  b.other = a;
  return [a, b];
}

const CIPHER_LIST = { TLS_AES_128_GCM_SHA256: 'ECDHE+AESGCM' };

/** Contexts of both roles. @param {import('./cases.mjs').Setup} setup */
export function contexts({ identity, client: clientIdentity, ca, group, suite, version }, { createSecureContext } = tls) {
  const ciphers = version === 'TLSv1.2' ? (CIPHER_LIST[suite] ?? suite) : suite;
  const common = { ciphers, ecdhCurve: group.replace('x25519', 'X25519'), minVersion: version, maxVersion: version };
  const asks = clientIdentity && { ca: ca.cert, requestCert: true, rejectUnauthorized: true };
  const server = { ...common, cert: identity.cert, key: identity.key, ...asks };
  const client = { ...common, ca: ca.cert, ...(clientIdentity && { cert: clientIdentity.cert, key: clientIdentity.key }) };
  return {
    client: { secureContext: createSecureContext(client), servername: 'server.example' },
    server: { secureContext: createSecureContext(server), ...server },
  };
}

/** A connection over memory: ready when both sides say so and, after a full handshake, the client has a ticket (node:tls shows none of a resumed one). */
function connectInMemory(
  { client: options, server: { secureContext, requestCert, rejectUnauthorized } },
  session,
  { TLSSocket, connect } = tls,
) {
  const [a, b] = duplexPair();
  const server = new TLSSocket(b, { isServer: true, secureContext, requestCert, rejectUnauthorized });
  const client = connect({ ...options, socket: a, session });
  const full = session === undefined ? [once(client, 'session')] : [];
  return { client, server, ready: Promise.all([once(client, 'secureConnect'), once(server, 'secure'), ...full]) };
}

export const memoryHandshakes = (both, session) => async (count) => {
  for (let i = 0; i < count; i++) {
    const { client, server, ready } = connectInMemory(both, session);
    await ready;
    if (session !== undefined && !client.isSessionReused()) throw new Error('not resumed');
    client.destroy();
    server.destroy();
  }
};

export async function memorySession(both) {
  const { client, ready } = connectInMemory(both);
  const [, , [session]] = await ready;
  client.destroy();
  return session;
}

/** A connection that is kept. */
export async function memoryConnection(both) {
  const { client, server, ready } = connectInMemory(both);
  await ready;
  return { client, server };
}

export async function memoryBulk(both, chunk, module) {
  const { client, server, ready } = connectInMemory(both, undefined, module);
  await ready;
  return bulk(client, server, chunk);
}

export async function memoryEchoes(both, message) {
  const { client, server, ready } = connectInMemory(both);
  await ready;
  return echoes(client, server, message);
}

/** Chunks one way and the other by turns, each 16 of them read to the last byte. */
function bulk(client, server, chunk) {
  const waiting = { left: 0, done: () => undefined };
  for (const socket of [client, server]) {
    socket.on('data', (data) => {
      waiting.left -= data.length;
      if (waiting.left === 0) waiting.done();
    });
  }
  return async (count) => {
    for (let i = 0; i < count; i += 16) {
      const some = Math.min(16, count - i);
      const from = (i / 16) % 2 === 0 ? client : server;
      waiting.left = some * chunk.length;
      const all = new Promise((resolve) => (waiting.done = resolve));
      for (let j = 0; j < some; j++) if (!from.write(chunk)) await once(from, 'drain');
      await all;
    }
  };
}

function echoes(client, server, message) {
  server.on('data', (data) => server.write(data));
  let heard = () => undefined;
  client.on('data', () => heard());
  return async (count) => {
    for (let i = 0; i < count; i++) {
      const back = new Promise((resolve) => (heard = resolve));
      client.write(message);
      await back;
    }
  };
}

// ---- loopback

export async function tcp({ client: options, server: serverOptions }, { createServer, connect: dial } = tls) {
  const server = createServer({ ...serverOptions, noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connect = async (session) => {
    const accepted = once(server, 'secureConnection');
    const client = dial({ ...options, port: server.address().port, host: '127.0.0.1', session, noDelay: true });
    const [[peer]] = await Promise.all([accepted, once(client, 'secureConnect')]);
    peer.on('error', () => undefined);
    client.on('error', () => undefined);
    return { client, server: peer };
  };
  return { connect, close: () => server.close() };
}

/** A session of a connection over TCP, as its client is told of it. */
export async function tcpSession({ connect }) {
  const { client, server } = await connect();
  const [session] = await once(client, 'session');
  client.destroy();
  server.destroy();
  return session;
}

export const tcpHandshakes =
  ({ connect }, session) =>
  async (count) => {
    for (let i = 0; i < count; i++) {
      const { client, server } = await connect(session);
      if (session !== undefined && !client.isSessionReused()) throw new Error('not resumed');
      client.destroy();
      server.destroy();
    }
  };

export async function tcpBulk({ connect }, chunk) {
  const { client, server } = await connect();
  return bulk(client, server, chunk);
}

export async function tcpEchoes({ connect }, message) {
  const { client, server } = await connect();
  return echoes(client, server, message);
}
