import assert from 'node:assert/strict';
import * as http from 'node:http';
import * as https from 'node:https';
import { TLSSocket } from '../../../dist/node/index.js';
import { digest, fails, overOurs, together, UNKNOWN_AUTHORITY } from '../expect.mjs';
import { load } from '../load.mjs';
import { Agent, answered, curl, curlSays, httpsIsOurs, LARGE, serverOver } from '../web.mjs';

const { fastify } = load('fastify');

export function cases({ way, pki }) {
  const ours = way === 'option';
  const { cert, key } = pki.server;

  /** fastify over connections of ours: `serverFactory` is where it takes a server. */
  function make(tls) {
    const serverFactory = (handler) => {
      const web = http.createServer(handler);
      const server = serverOver(tls, web);
      server.on('close', () => web.close());
      return server;
    };
    return fastify({ bodyLimit: 1 << 24, forceCloseConnections: true, ...(httpsIsOurs(way) ? { https: tls } : { serverFactory }) });
  }

  async function withServer(options, work) {
    const app = make({ cert, key, ...options });
    let sockets = 0;
    app.server.on('secureConnection', (socket) => {
      assert.ok(socket instanceof TLSSocket);
      sockets++;
    });
    app.get('/', async ({ socket }) => ({ hello: socket.getPeerCertificate().subject?.CN ?? 'world', over: socket.getProtocol() }));
    app.post('/echo', async ({ body }) => body);
    app.get('/cut', (_request, reply) => reply.raw.write('the first half'));
    await app.listen({ port: 0, host: '127.0.0.1' });
    try {
      return await work({ port: app.server.address().port, count: () => sockets, app });
    } finally {
      await app.close();
    }
  }

  async function ask(port, { path = '/', body, look, ...options } = {}) {
    const method = body === undefined ? 'GET' : 'POST';
    const agent = ours ? new Agent() : new https.Agent();
    const request = https.request({ port, path, method, host: 'localhost', ca: pki.ca.cert, agent, ...options });
    if (body !== undefined) request.setHeader('content-type', 'text/plain');
    const arrived = answered(request, look);
    request.end(body);
    const response = await arrived;
    const pieces = [];
    for await (const piece of response) pieces.push(piece);
    return { text: Buffer.concat(pieces).toString() };
  }

  return [
    {
      topic: 'answer',
      run: () =>
        withServer({}, async ({ port }) => {
          const { text } = await ask(port, { look: overOurs });
          assert.deepEqual(JSON.parse(text), { hello: 'world', over: 'TLSv1.3' });
        }),
    },
    {
      topic: 'curl',
      run: () =>
        withServer({}, async ({ port }) => assert.equal(JSON.parse(await curl(pki, `https://localhost:${port}/`)).over, 'TLSv1.3')),
    },
    {
      topic: 'TLS 1.2',
      run: () =>
        withServer({ maxVersion: 'TLSv1.2' }, async ({ port }) => assert.equal(JSON.parse((await ask(port)).text).over, 'TLSv1.2')),
    },
    {
      topic: 'wrong authority',
      run: () => withServer({}, ({ port }) => fails(ask(port, { ca: pki.stranger.cert }), ...UNKNOWN_AUTHORITY)),
    },
    {
      topic: 'wrong name',
      run: () => withServer({}, ({ port }) => fails(ask(port, { host: '127.0.0.1' }), 'ERR_TLS_CERT_ALTNAME_INVALID')),
    },
    {
      topic: 'client certificate',
      run: () =>
        withServer({ requestCert: true, ca: pki.ca.cert }, async ({ port }) => {
          const { text } = await ask(port, { cert: pki.client.cert, key: pki.client.key });
          assert.equal(JSON.parse(text).hello, 'certuser');
          await fails(ask(port), 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ECONNRESET');
        }),
    },
    {
      topic: '10 MB',
      run: () =>
        withServer({}, async ({ port }) => assert.equal(digest((await ask(port, { path: '/echo', body: LARGE })).text), digest(LARGE))),
    },
    {
      topic: '50 at once',
      run: () =>
        withServer({}, async ({ port, count }) => {
          for (const { text } of await together(() => ask(port))) assert.equal(JSON.parse(text).hello, 'world');
          assert.equal(count(), 50);
        }),
    },
    {
      topic: 'kept alive',
      run: () =>
        withServer({}, async ({ port, count }) => {
          const url = `https://localhost:${port}/`;
          assert.equal((await curlSays(pki, url, url)).connects, 0);
          assert.equal(count(), 1);
        }),
    },
    {
      topic: 'resumption',
      run: () =>
        withServer({}, async ({ port }) => {
          let session;
          await ask(port, { look: (socket) => (session = socket.getSession()) });
          let reused;
          await ask(port, { session, look: (socket) => (reused = socket.isSessionReused()) });
          assert.equal(reused, true);
        }),
    },
  ];
}
