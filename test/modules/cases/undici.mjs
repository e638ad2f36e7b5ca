import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from '../../../dist/node/index.js';
import { digest, event, fails, overOurs, together, UNKNOWN_AUTHORITY } from '../expect.mjs';
import { load } from '../load.mjs';
import { answer, LARGE, Servers } from '../web.mjs';

const undici = load('undici');

export function cases({ way, server: nginx, pki }) {
  const ours = way === 'option';
  const { cert, key } = pki.server;

  /** An agent, and the connections that it made. */
  function makeAgent({ allowH2 = false, connections = null, ...tls } = {}) {
    const sockets = [];
    const options = { ca: pki.ca.cert, ...tls };
    const connector = undici.buildConnector({ allowH2, ...options });
    const overLibssl = ({ hostname, port }, done) => {
      const ALPNProtocols = allowH2 ? ['h2', 'http/1.1'] : ['http/1.1'];
      const socket = connect({ host: hostname, port, ALPNProtocols, ...options });
      event(socket, 'secureConnect').then(() => done(null, socket), done);
      sockets.push(socket);
    };
    const watched = (target, done) => sockets.push(connector(target, done));
    return { agent: new undici.Agent({ allowH2, connections, connect: ours ? overLibssl : watched }), sockets };
  }

  async function ask(agent, port, { path = '/', host = 'localhost', body } = {}) {
    const { body: answered } = await undici.request(`https://${host}:${port}${path}`, {
      dispatcher: agent,
      method: body ? 'POST' : 'GET',
      body,
    });
    return answered.text();
  }

  async function withServer(options, work) {
    const servers = new Servers();
    const web = createHttpServer(answer);
    try {
      return await work(await servers.start(createServer({ cert, key, ...options }, (socket) => web.emit('connection', socket))));
    } finally {
      servers.end();
    }
  }

  async function withAgent(options, work) {
    const { agent, sockets } = makeAgent(options);
    try {
      return await work(agent, sockets);
    } finally {
      await agent.destroy();
    }
  }

  return [
    {
      topic: 'answer',
      run: () =>
        withServer({}, ({ port }) =>
          withAgent({}, async (agent, sockets) => {
            const response = await undici.fetch(`https://localhost:${port}/`, { dispatcher: agent });
            assert.equal(await response.text(), 'hello GET');
            overOurs(sockets[0]);
          }),
        ),
    },
    {
      topic: 'nginx',
      run: () =>
        withAgent({ allowH2: true }, async (agent, sockets) => {
          assert.equal(await ask(agent, nginx.port), 'HTTP/2.0 TLSv1.3 . ');
          overOurs(sockets[0]);
        }),
    },
    {
      topic: 'TLS 1.2',
      run: () =>
        withAgent({ maxVersion: 'TLSv1.2' }, async (agent, sockets) => {
          assert.match(await ask(agent, nginx.port), /^HTTP\/1.1 TLSv1.2/);
          overOurs(sockets[0], { version: 'TLSv1.2' });
        }),
    },
    {
      topic: 'wrong authority',
      run: () => withAgent({ ca: pki.stranger.cert }, (agent) => fails(ask(agent, nginx.port), ...UNKNOWN_AUTHORITY)),
    },
    {
      topic: 'wrong name',
      run: () => withAgent({}, (agent) => fails(ask(agent, nginx.port, { host: '127.0.0.1' }), 'ERR_TLS_CERT_ALTNAME_INVALID')),
    },
    {
      topic: 'client certificate',
      run: async () => {
        await withAgent({ cert: pki.client.cert, key: pki.client.key }, async (agent) =>
          assert.equal(await ask(agent, nginx.portForCertificates), 'HTTP/1.1 TLSv1.3 . CN=certuser'),
        );
        await withServer({ requestCert: true, ca: pki.ca.cert }, ({ port }) =>
          withAgent({}, (agent) => fails(ask(agent, port), 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')),
        );
      },
    },
    {
      topic: '10 MB',
      run: () =>
        withServer({}, ({ port }) =>
          withAgent({}, async (agent) => assert.equal(digest(await ask(agent, port, { path: '/echo', body: LARGE })), digest(LARGE))),
        ),
    },
    {
      topic: '50 at once',
      run: () =>
        withServer({}, ({ port, accepted }) =>
          withAgent({}, async (agent) => {
            const answers = await together(() => ask(agent, port, { path: '/crowd' }));
            for (const text of answers) assert.equal(text.length, 100_000);
            assert.equal(accepted(), answers.length);
          }),
        ),
    },
    {
      topic: 'kept alive',
      run: () =>
        withServer({}, ({ port }) =>
          withAgent({ connections: 1 }, async (agent, sockets) => {
            for (let i = 0; i < 5; i++) assert.equal(await ask(agent, port), 'hello GET');
            assert.equal(sockets.length, 1);
          }),
        ),
    },
    {
      topic: 'resumption',
      run: async () => {
        // undici's own connector keeps sessions; one of ours is given them.
        const connector = ours ? undefined : undici.buildConnector({ ca: pki.ca.cert });
        let session;
        for (const expected of ['HTTP/1.1 TLSv1.3 . ', 'HTTP/1.1 TLSv1.3 r ']) {
          const agent = ours ? makeAgent({ session }) : { agent: new undici.Agent({ connect: connector }), sockets: [] };
          assert.equal(await ask(agent.agent, nginx.port), expected);
          session = agent.sockets[0]?.getSession();
          await agent.agent.destroy();
        }
      },
    },
    {
      topic: 'server killed',
      run: () =>
        withServer({}, ({ port, end }) =>
          withAgent({}, async (agent) => {
            const { body } = await undici.request(`https://localhost:${port}/cut`, { dispatcher: agent });
            const failed = (async () => {
              for await (const _piece of body) end();
            })();
            await fails(failed, 'UND_ERR_SOCKET', 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING');
          }),
        ),
    },
  ];
}
