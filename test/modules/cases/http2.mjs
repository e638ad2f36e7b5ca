import assert from 'node:assert/strict';
import * as http2 from 'node:http2';
import { connect, createServer, Server } from '../../../dist/node/index.js';
import { digest, event, fails, overOurs, together, UNKNOWN_AUTHORITY, until } from '../expect.mjs';
import { answer, curl, curlSays, LARGE, Servers } from '../web.mjs';

function serverOverOurs(options, listener) {
  const web = http2.createServer(listener);
  return createServer({ ...options, ALPNProtocols: ['h2'] }, (socket) => web.emit('connection', socket));
}

/** The connection under a session: Node wraps one that has no handle of its own. */
const under = ({ socket }) => socket.stream ?? socket;

export function cases({ way, server: nginx, pki }) {
  const ours = way === 'option';
  const makeServer = ours ? serverOverOurs : http2.createSecureServer;
  const { cert, key } = pki.server;

  function open(port, { host = 'localhost', ...options } = {}) {
    const tls = { host, port, ca: pki.ca.cert, ALPNProtocols: ['h2'], ...options };
    return http2.connect(`https://${host}:${port}`, ours ? { createConnection: () => connect(tls) } : { ca: pki.ca.cert, ...options });
  }

  async function ask(session, { path = '/', body } = {}) {
    const stream = session.request({ ':path': path, ':method': body === undefined ? 'GET' : 'POST' });
    stream.end(body);
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  async function withSession(port, options, work) {
    const session = open(port, options);
    const failed = event(session, 'error').then(([error]) => {
      throw error;
    });
    failed.catch(() => undefined);
    try {
      // The server's settings come behind its judgement of our certificate; in one runtime at once with 'connect', in another later.
      await Promise.race([Promise.all([event(session, 'connect'), event(session, 'remoteSettings')]), failed]);
      return await Promise.race([work(session), failed]);
    } finally {
      session.destroy();
    }
  }

  async function withServer(options, work) {
    const servers = new Servers();
    try {
      const server = makeServer({ cert, key, ...options }, answer);
      assert.ok(server instanceof Server);
      return await work(await servers.start(server));
    } finally {
      servers.end();
    }
  }

  return [
    {
      topic: 'answer',
      run: () =>
        withServer({}, ({ port }) =>
          withSession(port, {}, async (session) => {
            overOurs(under(session));
            assert.equal(under(session).alpnProtocol, 'h2');
            assert.equal(await ask(session), 'hello GET');
          }),
        ),
    },
    {
      topic: 'curl',
      run: () =>
        withServer({}, async ({ port }) => {
          const { version, body } = await curlSays(pki, `https://localhost:${port}/`, '--http2');
          assert.equal(version, '2');
          assert.match(body, /^hello GET/);
        }),
    },
    {
      topic: 'nginx',
      run: () =>
        withSession(nginx.port, {}, async (session) => {
          overOurs(under(session));
          assert.equal(await ask(session), 'HTTP/2.0 TLSv1.3 . ');
        }),
    },
    {
      topic: 'TLS 1.2',
      run: () =>
        withServer({ maxVersion: 'TLSv1.2' }, ({ port }) =>
          withSession(port, {}, async (session) => overOurs(under(session), { version: 'TLSv1.2' })),
        ),
    },
    {
      topic: 'wrong authority',
      run: () =>
        withServer({}, ({ port }) =>
          fails(
            withSession(port, { ca: pki.stranger.cert }, () => 0),
            ...UNKNOWN_AUTHORITY,
          ),
        ),
    },
    {
      topic: 'wrong name',
      run: () =>
        withServer({}, ({ port }) =>
          fails(
            withSession(port, { host: '127.0.0.1' }, () => 0),
            'ERR_TLS_CERT_ALTNAME_INVALID',
          ),
        ),
    },
    {
      topic: 'client certificate',
      run: async () => {
        const { cert: clientCert, key: clientKey } = pki.client;
        await withServer({ requestCert: true, ca: pki.ca.cert }, async ({ port }) => {
          await withSession(port, { cert: clientCert, key: clientKey }, async (session) => assert.equal(await ask(session), 'hello GET'));
          await fails(
            withSession(port, {}, () => 0),
            'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
          );
        });
        await withSession(nginx.portForCertificates, { cert: clientCert, key: clientKey }, async (session) =>
          assert.equal(await ask(session), 'HTTP/2.0 TLSv1.3 . CN=certuser'),
        );
      },
    },
    {
      topic: '10 MB',
      run: () =>
        withServer({}, ({ port }) =>
          withSession(port, {}, async (session) => {
            assert.equal(digest(await ask(session, { path: '/echo', body: LARGE })), digest(LARGE));
            const back = await curl(pki, `https://localhost:${port}/echo`, '--http2', '--data-binary', `@${pki.large}`);
            assert.equal(digest(back), digest(LARGE));
          }),
        ),
    },
    {
      topic: '50 at once',
      run: () =>
        withServer({}, async ({ port, sockets }) => {
          await together(() => withSession(port, {}, async (session) => assert.equal(await ask(session), 'hello GET')));
          await until(() => sockets.size === 0);
        }),
    },
    {
      topic: 'kept alive',
      run: () =>
        withServer({}, ({ port, sockets }) =>
          withSession(port, {}, async (session) => {
            for (const text of await together(() => ask(session))) assert.equal(text, 'hello GET');
            assert.equal(sockets.size, 1);
          }),
        ),
    },
    {
      topic: 'resumption',
      run: async () => {
        const session = await withSession(nginx.port, {}, async (h2) => {
          assert.equal(await ask(h2), 'HTTP/2.0 TLSv1.3 . ');
          return under(h2).getSession();
        });
        await withSession(nginx.port, { session }, async (h2) => assert.equal(await ask(h2), 'HTTP/2.0 TLSv1.3 r '));
      },
    },
    {
      topic: 'server killed',
      run: () =>
        withServer({}, async ({ port, end }) => {
          const session = open(port);
          session.on('error', () => undefined);
          const stream = session.request({ ':path': '/cut' });
          stream.on('error', () => undefined);
          const closed = new Promise((resolve) => session.on('close', resolve));
          const aborted = new Promise((resolve) => stream.on('close', () => resolve(stream.aborted || stream.rstCode !== 0)));
          stream.once('data', end);
          assert.equal(await aborted, true);
          await closed;
        }),
    },
  ];
}
