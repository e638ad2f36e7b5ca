import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import * as https from 'node:https';
import { connect, Server } from '../../../dist/node/index.js';
import { digest, event, fails, overOurs, together, UNKNOWN_AUTHORITY } from '../expect.mjs';
import { load } from '../load.mjs';
import { httpsIsOurs, LARGE, Servers, serverOver } from '../web.mjs';

const { WebSocket, WebSocketServer } = load('ws');

export function cases({ way, pki }) {
  const ours = way === 'option';
  const { cert, key } = pki.server;

  /** A server that sends back what it hears. */
  async function withServer(options, work) {
    const tls = { cert, key, ...options };
    const web = httpsIsOurs(way) ? https.createServer(tls) : createHttpServer();
    const server = httpsIsOurs(way) ? web : serverOver(tls, web);
    assert.ok(server instanceof Server);
    const sockets = new WebSocketServer({ server: web });
    sockets.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    const servers = new Servers();
    try {
      return await work(await servers.start(server), sockets);
    } finally {
      sockets.close();
      servers.end();
    }
  }

  /** A client whose connection lies beside it. */
  function open(port, { host = 'localhost', ...options } = {}) {
    const made = {};
    const client = new WebSocket(`wss://${host}:${port}/`, {
      ca: pki.ca.cert,
      ...options,
      ...(ours && { createConnection: connect }),
      finishRequest: (request) => {
        request.on('socket', (socket) => {
          made.socket = socket;
        });
        request.end();
      },
    });
    return { client, made };
  }

  async function withClient(port, options, work) {
    const { client, made } = open(port, options);
    try {
      await event(client, 'open');
      return await work(client, made.socket);
    } finally {
      client.on('error', () => undefined);
      client.terminate();
    }
  }

  async function echo(client, data) {
    client.send(data);
    const [back] = await event(client, 'message');
    return back;
  }

  return [
    {
      topic: 'answer',
      run: () =>
        withServer({}, ({ port }) =>
          withClient(port, {}, async (client, socket) => {
            overOurs(socket);
            assert.equal(String(await echo(client, 'hello')), 'hello');
            client.close(1000, 'bye');
            const [code] = await event(client, 'close');
            assert.equal(code, 1000);
          }),
        ),
    },
    {
      topic: 'TLS 1.2',
      run: () =>
        withServer({ maxVersion: 'TLSv1.2' }, ({ port }) =>
          withClient(port, {}, async (_client, socket) => overOurs(socket, { version: 'TLSv1.2' })),
        ),
    },
    {
      topic: 'wrong authority',
      run: () =>
        withServer({}, ({ port }) =>
          fails(
            withClient(port, { ca: pki.stranger.cert }, () => 0),
            ...UNKNOWN_AUTHORITY,
          ),
        ),
    },
    {
      topic: 'wrong name',
      run: () =>
        withServer({}, ({ port }) =>
          fails(
            withClient(port, { host: '127.0.0.1' }, () => 0),
            'ERR_TLS_CERT_ALTNAME_INVALID',
          ),
        ),
    },
    {
      topic: 'client certificate',
      run: () =>
        withServer({ requestCert: true, ca: pki.ca.cert }, async ({ port }) => {
          const { cert: clientCert, key: clientKey } = pki.client;
          await withClient(port, { cert: clientCert, key: clientKey }, async (client) =>
            assert.equal(String(await echo(client, 'x')), 'x'),
          );
          await fails(
            withClient(port, {}, () => 0),
            'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
          );
        }),
    },
    {
      topic: '10 MB',
      run: () =>
        withServer({}, ({ port }) =>
          withClient(port, {}, async (client) => assert.equal(digest(await echo(client, Buffer.from(LARGE))), digest(LARGE))),
        ),
    },
    {
      topic: '50 at once',
      run: () =>
        withServer({}, async ({ port }, { clients }) => {
          const open50 = await together(async () => {
            const { client } = open(port);
            await event(client, 'open');
            return client;
          });
          assert.equal(clients.size, open50.length);
          const back = await Promise.all(open50.map((client, i) => echo(client, String(i))));
          assert.deepEqual(
            back.map(String),
            open50.map((_, i) => String(i)),
          );
          for (const client of open50) client.terminate();
        }),
    },
    {
      topic: 'resumption',
      run: () =>
        withServer({}, async ({ port }) => {
          const session = await withClient(port, {}, async (client, socket) => {
            await echo(client, 'x');
            return socket.getSession();
          });
          await withClient(port, { session }, (_client, socket) => assert.equal(socket.isSessionReused(), true));
        }),
    },
    {
      topic: 'server killed',
      run: () =>
        withServer({}, async ({ port, end }) => {
          const { client } = open(port);
          await event(client, 'open');
          client.on('error', () => undefined);
          const closed = new Promise((resolve) => client.on('close', resolve));
          end();
          // "Closed abnormally": no close frame came.
          assert.equal(await closed, 1006);
        }),
    },
  ];
}
