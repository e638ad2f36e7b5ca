import assert from 'node:assert/strict';
import { AT_ONCE, CUT_OFF, digest, fails, overOurs, TEN_MEGABYTES, text, together, UNKNOWN_AUTHORITY, until } from '../expect.mjs';
import { load } from '../load.mjs';

const pg = load('pg');

const SLEEPER = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'";

export function cases({ server, pki, kill }) {
  const { port, user, password, database } = server;
  const options = ({ ssl, ...more } = {}) => ({
    host: 'localhost',
    port,
    user,
    password,
    database,
    ssl: { ca: pki.ca.cert, ...ssl },
    ...more,
  });

  /** Connects, works and ends. */
  async function withClient(settings, work) {
    const client = new pg.Client(options(settings));
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  const tls = 'SELECT ssl, version, cipher, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()';

  return [
    {
      topic: 'answer',
      run: () =>
        withClient({}, async (client) => {
          overOurs(client.connection.stream);
          const { rows } = await client.query(tls);
          assert.deepEqual(
            { ...rows[0] },
            { ssl: true, version: 'TLSv1.3', cipher: client.connection.stream.getCipher().name, client_dn: null },
          );
        }),
    },
    {
      topic: 'TLS 1.2',
      run: () =>
        withClient({ ssl: { maxVersion: 'TLSv1.2' } }, async (client) => {
          overOurs(client.connection.stream, { version: 'TLSv1.2' });
          assert.equal((await client.query(tls)).rows[0].version, 'TLSv1.2');
        }),
    },
    {
      topic: 'channel binding',
      run: async () => {
        const client = new pg.Client(options({ enableChannelBinding: true }));
        let mechanism;
        const { connection } = client;
        const send = connection.sendSASLInitialResponseMessage;
        connection.sendSASLInitialResponseMessage = function (name, response) {
          mechanism = name;
          return send.call(this, name, response);
        };
        await client.connect();
        await client.end();
        assert.equal(mechanism, 'SCRAM-SHA-256-PLUS');
      },
    },
    {
      topic: 'wrong authority',
      run: () =>
        fails(
          withClient({ ssl: { ca: pki.stranger.cert } }, () => 0),
          ...UNKNOWN_AUTHORITY,
        ),
    },
    {
      topic: 'wrong name',
      run: () =>
        fails(
          withClient({ host: '127.0.0.1' }, () => 0),
          'ERR_TLS_CERT_ALTNAME_INVALID',
        ),
    },
    {
      topic: 'client certificate',
      run: async () => {
        const { cert, key } = pki.client;
        await withClient({ user: 'certuser', ssl: { cert, key } }, () => 0).then(assert.fail, (error) => {
          // The role does not exist, and that is said only to who is certified to be it.
          assert.equal(error.code, '28000');
          assert.match(error.message, /role "certuser" does not exist/);
        });
        await withClient({ ssl: { cert, key } }, async (client) => {
          assert.equal((await client.query(tls)).rows[0].client_dn, '/CN=certuser');
        });
        // connection requires a valid client certificate
        await fails(
          withClient({ user: 'certuser' }, () => 0),
          '28000',
        );
      },
    },
    {
      topic: '10 MB',
      run: () =>
        withClient({}, async (client) => {
          const sent = text(TEN_MEGABYTES);
          const { rows } = await client.query('SELECT $1::text AS back', [sent]);
          assert.equal(digest(rows[0].back), digest(sent));
        }),
    },
    {
      topic: '50 at once',
      run: async () => {
        const pool = new pg.Pool({ ...options(), max: AT_ONCE });
        const clients = await together(() => pool.connect());
        assert.equal(pool.totalCount, AT_ONCE);
        const answers = await Promise.all(clients.map((client, i) => client.query('SELECT $1::int AS i', [i])));
        for (const [i, { rows }] of answers.entries()) assert.equal(rows[0].i, i);
        for (const client of clients) client.release();
        await pool.end();
      },
    },
    {
      topic: 'no sessions of the server',
      run: async () => {
        // PostgreSQL gives no tickets, so a reconnection is a full handshake.
        const session = await withClient({}, async (client) => {
          assert.equal(client.connection.stream.getTLSTicket(), undefined);
          return client.connection.stream.getSession();
        });
        await withClient({ ssl: { session } }, (client) => assert.equal(client.connection.stream.isSessionReused(), false));
      },
    },
    {
      topic: 'server killed',
      run: async () => {
        const client = new pg.Client(options());
        client.on('error', () => undefined);
        await client.connect();
        const asked = client.query('SELECT pg_sleep(60)');
        await withClient({}, (other) => until(async () => (await other.query(SLEEPER)).rowCount === 1));
        kill();
        await fails(asked, CUT_OFF, 'Connection terminated unexpectedly');
      },
    },
  ];
}
