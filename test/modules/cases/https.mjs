import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import * as https from 'node:https';
import { Server } from '../../../dist/node/index.js';
import { digest, event, fails, overOurs, together, UNKNOWN_AUTHORITY } from '../expect.mjs';
import { Agent, answer, answered, curl, curlSays, httpsIsOurs, LARGE, Servers, serverOver } from '../web.mjs';

export function cases({ way, server: nginx, pki }) {
  const ours = way === 'option';
  const makeServer = httpsIsOurs(way) ? https.createServer : (options, listener) => serverOver(options, createHttpServer(listener));
  const makeAgent = (options) => (ours ? new Agent(options) : new https.Agent(options));
  const { cert, key } = pki.server;

  /** A request and its answer; `look` is shown the connection when the answer begins. */
  async function ask(port, { path = '/', body, look, ...options } = {}) {
    const request = https.request({
      port,
      path,
      host: 'localhost',
      ca: pki.ca.cert,
      method: body === undefined ? 'GET' : 'POST',
      ...options,
    });
    const arrived = answered(request, look);
    request.end(body);
    const response = await arrived;
    const pieces = [];
    for await (const piece of response) pieces.push(piece);
    return { text: Buffer.concat(pieces).toString() };
  }

  async function withServer(options, work) {
    const servers = new Servers();
    const agent = makeAgent({ keepAlive: true });
    const server = makeServer({ cert, key, ...options }, answer);
    assert.ok(server instanceof Server);
    try {
      return await work(await servers.start(server), agent);
    } finally {
      agent.destroy();
      servers.end();
    }
  }

  return [
    {
      topic: 'answer',
      run: () =>
        withServer({}, async ({ port }, agent) => {
          const { text } = await ask(port, { agent, look: overOurs });
          assert.equal(text, 'hello GET');
        }),
    },
    {
      topic: 'curl',
      run: () => withServer({}, async ({ port }) => assert.equal(await curl(pki, `https://localhost:${port}/`), 'hello GET')),
    },
    {
      topic: 'nginx',
      run: async () => {
        const agent = makeAgent({ keepAlive: false });
        const { text } = await ask(nginx.port, { agent, look: overOurs });
        assert.equal(text, 'HTTP/1.1 TLSv1.3 . ');
      },
    },
    {
      topic: 'TLS 1.2',
      run: () =>
        withServer({ maxVersion: 'TLSv1.2' }, async ({ port }, agent) => {
          await ask(port, { agent, look: (socket) => overOurs(socket, { version: 'TLSv1.2' }) });
        }),
    },
    {
      topic: 'wrong authority',
      run: () => withServer({}, ({ port }, agent) => fails(ask(port, { agent, ca: pki.stranger.cert }), ...UNKNOWN_AUTHORITY)),
    },
    {
      topic: 'wrong name',
      run: () => withServer({}, ({ port }, agent) => fails(ask(port, { agent, host: '127.0.0.1' }), 'ERR_TLS_CERT_ALTNAME_INVALID')),
    },
    {
      topic: 'client certificate',
      run: async () => {
        await withServer({ requestCert: true, ca: pki.ca.cert }, async ({ port }, agent) => {
          const { text } = await ask(port, { agent, cert: pki.client.cert, key: pki.client.key });
          assert.equal(text, 'hello GET');
          await fails(ask(port, { agent: makeAgent({}) }), 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ECONNRESET');
        });
        const { text } = await ask(nginx.portForCertificates, { agent: makeAgent({}), cert: pki.client.cert, key: pki.client.key });
        assert.equal(text, 'HTTP/1.1 TLSv1.3 . CN=certuser');
      },
    },
    {
      topic: '10 MB',
      run: () =>
        withServer({}, async ({ port }, agent) => {
          const { text } = await ask(port, { agent, path: '/echo', body: LARGE });
          assert.equal(digest(text), digest(LARGE));
          const back = await curl(pki, `https://localhost:${port}/echo`, '--data-binary', `@${pki.large}`);
          assert.equal(digest(back), digest(LARGE));
        }),
    },
    {
      topic: '50 at once',
      run: () =>
        withServer({}, async ({ port, accepted }, agent) => {
          const answers = await together(() => ask(port, { agent, path: '/crowd' }));
          assert.equal(accepted(), answers.length);
          for (const { text } of answers) assert.equal(text.length, 100_000);
        }),
    },
    {
      topic: 'kept alive',
      run: () =>
        withServer({}, async ({ port, accepted }, agent) => {
          for (let i = 0; i < 5; i++) await ask(port, { agent });
          assert.equal(accepted(), 1);
          const url = `https://localhost:${port}/`;
          assert.equal((await curlSays(pki, url, url)).connects, 0);
        }),
    },
    {
      topic: 'resumption',
      run: async () => {
        // The agent of `node:https` keeps sessions itself; one with a createConnection of its own is given them.
        const agent = makeAgent({ keepAlive: false });
        let session;
        const look = (socket) => {
          assert.equal(socket.isSessionReused(), false);
          session = socket.getSession();
        };
        await ask(nginx.port, { agent, look });
        const { text } = await ask(nginx.port, { agent, ...(ours && { session }) });
        assert.equal(text, 'HTTP/1.1 TLSv1.3 r ');
      },
    },
    {
      topic: 'server killed',
      run: () =>
        withServer({}, async ({ port, end }, agent) => {
          const request = https.get({ port, path: '/cut', host: 'localhost', ca: pki.ca.cert, agent });
          const [response] = await event(request, 'response');
          const failed = (async () => {
            for await (const _piece of response) end();
          })();
          await fails(failed, 'ECONNRESET');
        }),
    },
  ];
}
