import assert from 'node:assert/strict';
import { AT_ONCE, CUT_OFF, digest, fails, overOurs, TEN_MEGABYTES, text, together, UNKNOWN_AUTHORITY, until } from '../expect.mjs';
import { load } from '../load.mjs';

const mysql = load('mysql2/promise');
const SLEEPER = "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'";

export function cases({ server, pki, kill }) {
  const { port, user, password } = server;
  const options = ({ ssl, ...more } = {}) => ({
    host: 'localhost',
    port,
    user,
    password,
    ssl: { ca: pki.ca.cert, verifyIdentity: true, ...ssl },
    ...more,
  });

  async function withConnection(settings, work) {
    const connection = await mysql.createConnection(options(settings));
    connection.on('error', () => undefined);
    try {
      return await work(connection);
    } finally {
      await connection.end().catch(() => undefined);
    }
  }

  const streamOf = ({ connection }) => connection.stream;

  async function status(connection, name) {
    const [[row]] = await connection.query(`SHOW SESSION STATUS LIKE '${name}'`);
    return row.Value;
  }

  return [
    {
      topic: 'answer',
      run: () =>
        withConnection({}, async (connection) => {
          overOurs(streamOf(connection));
          assert.equal(await status(connection, 'Ssl_version'), 'TLSv1.3');
          assert.equal(await status(connection, 'Ssl_cipher'), streamOf(connection).getCipher().name);
        }),
    },
    {
      topic: 'TLS 1.2',
      run: () =>
        withConnection({ ssl: { maxVersion: 'TLSv1.2' } }, async (connection) => {
          overOurs(streamOf(connection), { version: 'TLSv1.2' });
          assert.equal(await status(connection, 'Ssl_version'), 'TLSv1.2');
        }),
    },
    {
      topic: 'wrong authority',
      run: () =>
        assert.rejects(
          withConnection({ ssl: { ca: pki.stranger.cert } }, () => 0),
          // mysql2 writes its own code over that of TLS.
          ({ code, verifyResult }) => code === 'HANDSHAKE_SSL_ERROR' && UNKNOWN_AUTHORITY.includes(verifyResult),
        ),
    },
    // Resolved to 127.0.0.1, and yet a name to mysql2, which does not look whether an address fits.
    {
      topic: 'wrong name',
      run: () =>
        assert.rejects(
          withConnection({ host: '127.1' }, () => 0),
          /127\.1\. is not in the cert's altnames/,
        ),
    },
    {
      topic: 'client certificate',
      run: async () => {
        const { cert, key } = pki.client;
        await withConnection({ user: 'certuser', ssl: { cert, key } }, async (connection) => {
          const [[row]] = await connection.query('SELECT CURRENT_USER() AS who');
          assert.equal(row.who, 'certuser@%');
        });
        await fails(
          withConnection({ user: 'certuser' }, () => 0),
          'ER_ACCESS_DENIED_ERROR',
        );
      },
    },
    {
      topic: '10 MB',
      run: () =>
        withConnection({}, async (connection) => {
          const sent = text(TEN_MEGABYTES);
          const [[row]] = await connection.query('SELECT ? AS back', [sent]);
          assert.equal(digest(row.back), digest(sent));
        }),
    },
    {
      topic: '50 at once',
      run: async () => {
        const pool = mysql.createPool({ ...options(), connectionLimit: AT_ONCE });
        const connections = await together(() => pool.getConnection());
        const answers = await Promise.all(connections.map((connection, i) => connection.query('SELECT ? AS i', [i])));
        for (const [i, [[row]]] of answers.entries()) assert.equal(row.i, i);
        assert.equal(new Set(connections.map(({ threadId }) => threadId)).size, AT_ONCE);
        await pool.end();
      },
    },
    {
      topic: 'resumption',
      // mysql2 keeps the newest session of a server with the `ssl` object it came from.
      run: async () => {
        const settings = options();
        for (const reused of [false, true, true]) {
          const connection = await mysql.createConnection(settings);
          assert.equal(streamOf(connection).isSessionReused(), reused);
          await connection.query('SELECT 1');
          await connection.end();
        }
      },
    },
    {
      topic: 'server killed',
      run: async () => {
        const connection = await mysql.createConnection(options());
        connection.on('error', () => undefined);
        const asked = connection.query('SELECT SLEEP(60)');
        await withConnection({}, (other) => until(async () => (await other.query(SLEEPER))[0].length === 1));
        kill();
        await fails(asked, CUT_OFF, 'PROTOCOL_CONNECTION_LOST');
      },
    },
  ];
}
