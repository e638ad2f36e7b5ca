// TLS stacks in JavaScript as clients over loopback TCP, and node-forge, which knows TLS 1.1 and RSA alone, in memory with itself.
// Their packages are the benchmark's own: npm install --prefix bench/peers
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect as connectTcp } from 'node:net';

const require = createRequire(new URL('./peers/package.json', import.meta.url));

/** A peer's module, or undefined where the packages are not installed. */
export async function peer(name) {
  try {
    return await import(require.resolve(name));
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * A client of each: `(port) => Promise<{ ask(bytes), close() }>` where `ask` wants so many bytes and waits for them.
 * @param {{ ca: { cert: string } }} setup
 */
export const CLIENTS = {
  'lemon-tls': async ({ ca }) => {
    const module = await peer('lemon-tls');
    if (module === undefined) return undefined;
    const lemon = module.default ?? module;
    return (port) =>
      streamClient((options) => lemon.connect(options), { port, host: '127.0.0.1', servername: 'server.example', ca: ca.cert });
  },
  subtls: async ({ ca }) => {
    const module = await peer('subtls');
    if (module === undefined) return undefined;
    const { startTls, TrustedCert, SocketReadQueue } = module;
    const database = await TrustedCert.databaseFromPEM(ca.cert);
    return async (port) => {
      const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      const queue = new SocketReadQueue(socket);
      const { read, write } = await startTls('server.example', database, queue.read.bind(queue), (data) => socket.write(data));
      return {
        async ask(bytes) {
          await write(request(bytes));
          for (let got = 0; got < bytes; ) got += (await read())?.length ?? 0;
        },
        close: () => socket.destroy(),
      };
    };
  },
  '@reclaimprotocol/tls': async ({ ca }) => {
    const module = await peer('@reclaimprotocol/tls');
    if (module === undefined) return undefined;
    const { webcryptoCrypto } = await peer('@reclaimprotocol/tls/webcrypto');
    module.setCryptoImplementation(webcryptoCrypto);
    const rootCAs = [module.loadX509FromPem(ca.cert)];
    return (port) => reclaimClient(module, rootCAs, port);
  },
};

async function reclaimClient({ makeTLSClient }, rootCAs, port) {
  const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
  let left = 0;
  let done = () => undefined;
  const ready = Promise.withResolvers?.() ?? resolvers();
  const tls = makeTLSClient({
    host: 'server.example',
    rootCAs,
    cipherSuites: ['TLS_AES_128_GCM_SHA256'],
    namedCurves: ['X25519'],
    supportedProtocolVersions: ['TLS1_3'],
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    write: ({ header, content }) => {
      socket.write(header);
      socket.write(content);
    },
    onHandshake: () => ready.resolve(),
    onApplicationData: (bytes) => {
      left -= bytes.length;
      if (left <= 0) done();
    },
    onTlsEnd: (error) => ready.reject(error ?? new Error('ended')),
  });
  ready.promise.catch(() => undefined);
  socket.on('data', (bytes) => tls.handleReceivedBytes(bytes));
  await once(socket, 'connect');
  await tls.startHandshake();
  await ready.promise;
  return {
    ask: (bytes) =>
      new Promise((resolve) => {
        left = bytes;
        done = resolve;
        tls.write(request(bytes));
      }),
    close: () => socket.destroy(),
  };
}

function resolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}

/** A client with the face of node:tls. */
export async function streamClient(dial, options) {
  const socket = dial({ ...options, noDelay: true });
  await once(socket, 'secureConnect');
  let left = 0;
  let done = () => undefined;
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    left -= bytes.length;
    if (left <= 0) done();
  });
  return {
    ask: (bytes) =>
      new Promise((resolve) => {
        left = bytes;
        done = resolve;
        socket.write(request(bytes));
      }),
    close: () => socket.destroy(),
  };
}

/** What the server in client-server.mjs is asked for: that many bytes. */
function request(bytes) {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, bytes);
  return out;
}

/** Handshakes of node-forge with itself, which verify the chain like the others. */
export async function forgeHandshakes({ identity, ca }) {
  const module = await peer('node-forge');
  if (module === undefined) return undefined;
  const forge = module.default ?? module;
  return async (count) => {
    for (let i = 0; i < count; i++) forgePair(forge, identity, ca);
  };
}

function forgePair(forge, identity, ca) {
  const ends = {};
  let open = 0;
  const common = {
    cipherSuites: [forge.tls.CipherSuites.TLS_RSA_WITH_AES_128_CBC_SHA],
    connected: () => void open++,
    dataReady: () => undefined,
    closed: () => undefined,
    error: (_connection, error) => {
      throw new Error(error.message);
    },
  };
  ends.client = forge.tls.createConnection({
    ...common,
    server: false,
    caStore: [ca.cert],
    virtualHost: 'server.example',
    verify: (_connection, verified) => verified,
    tlsDataReady: (connection) => ends.server.process(connection.tlsData.getBytes()),
  });
  ends.server = forge.tls.createConnection({
    ...common,
    server: true,
    getCertificate: () => identity.cert,
    getPrivateKey: () => identity.key,
    tlsDataReady: (connection) => ends.client.process(connection.tlsData.getBytes()),
  });
  ends.client.handshake();
  if (open !== 2) throw new Error('node-forge did not connect');
}
