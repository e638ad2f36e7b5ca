// Runs as a process of its own: a node:tls server or client that does what it is told, one JSON object a line in and out.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as tls from 'node:tls';

const setup = JSON.parse(process.argv[2] ?? '{}');
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const identity = (...several) => ({
  cert: several.map(({ certFile }) => readFileSync(certFile)),
  key: several.map(({ keyFile }) => readFileSync(keyFile)),
});
/** @type {tls.TLSSocket | undefined} */
let socket;

const options = {
  ...setup.tls,
  ...(setup.psk ? preSharedKey(setup.psk) : {}),
  ...(setup.alpn ? { ALPNProtocols: setup.alpn } : {}),
  ...(setup.caFile ? { ca: readFileSync(setup.caFile) } : {}),
  allowHalfOpen: true,
};

if (setup.role === 'server') serve();
else connect();

createInterface({ input: process.stdin }).on('line', (line) => obey(JSON.parse(line)));

/** The callback of either side; what a client must check of a server without a certificate is nothing. */
function preSharedKey({ identity: name, key }) {
  const psk = Buffer.from(key, 'hex');
  if (setup.role === 'client') return { pskCallback: () => ({ identity: name, psk }), checkServerIdentity: () => undefined };
  return { pskCallback: (_socket, wanted) => (wanted === name ? psk : null), ...(setup.pskHint ? { pskIdentityHint: setup.pskHint } : {}) };
}

function serve() {
  const { requestClient, other } = setup;
  const server = tls.createServer({
    ...options,
    ...(setup.identity ? identity(...[setup.identity, setup.second].filter(Boolean)) : {}),
    requestCert: requestClient !== undefined,
    rejectUnauthorized: requestClient === 'required',
  });
  if (other) server.addContext(other.name, { ...options, ...identity(other) });
  server.on('secureConnection', take);
  server.on('tlsClientError', (error) => tell({ event: 'error', message: error.message, code: error.code }));
  server.listen(0, '127.0.0.1', () => tell({ event: 'listening', port: server.address().port }));
}

function connect(session, more = {}) {
  const client = tls.connect({
    ...options,
    port: setup.port,
    host: '127.0.0.1',
    ...(setup.serverName ? { servername: setup.serverName } : {}),
    ...(setup.clientIdentity ? identity(setup.clientIdentity) : {}),
    ...(session ? { session } : {}),
    ...more,
    allowHalfOpen: true,
  });
  client.on('session', (bytes) => {
    kept = bytes;
    tell({ event: 'session' });
  });
  client.on('secureConnect', () => take(client));
  client.on('error', (error) => tell({ event: 'error', message: error.message, code: error.code }));
}

/** @type {Buffer | undefined} */
let kept;

function take(connection) {
  socket = connection;
  const hash = createHash('sha256');
  let length = 0;
  tell({
    event: 'secure',
    protocol: connection.getProtocol(),
    suite: connection.getCipher().standardName,
    group: connection.getEphemeralKeyInfo?.()?.name,
    alpn: connection.alpnProtocol,
    reused: connection.isSessionReused(),
    serverName: connection.servername,
    authorized: connection.authorized,
    peer: connection.getPeerCertificate()?.subject?.CN,
    exported: setup.exporter ? connection.exportKeyingMaterial(setup.exporter.length, setup.exporter.label).toString('hex') : undefined,
  });
  connection.on('data', (data) => {
    hash.update(data);
    length += data.length;
    if (length < 4096) tell({ event: 'data', text: data.toString('latin1') });
  });
  connection.on('end', () => {
    tell({ event: 'end', length, sha256: hash.digest('hex') });
    if (!setup.keepOpen) connection.end();
  });
  connection.on('error', (error) => tell({ event: 'error', message: error.message, code: error.code }));
  connection.on('close', () => tell({ event: 'close' }));
}

async function obey({ say, end, send, reconnect, again, renegotiate }) {
  if (renegotiate) socket?.renegotiate({}, (error) => tell(error ? { event: 'error', message: error.message } : { event: 'renegotiated' }));
  if (reconnect) connect(kept);
  if (again) connect(undefined, again);
  if (say !== undefined) socket?.write(say);
  if (send !== undefined) await sendFile(send);
  if (end) socket?.end();
}

async function sendFile(path) {
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at += 65_536) {
    if (socket?.write(bytes.subarray(at, at + 65_536)) === false) await new Promise((resolve) => socket?.once('drain', resolve));
  }
}
