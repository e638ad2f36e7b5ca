// PostgreSQL with libssl beneath, channel binding included:
//   node examples/modules/pg.mjs postgres://USER:PASSWORD@HOST:PORT/DATABASE CA-FILE
import 'libssl/node/register'; // The line that changes: `pg` calls `node:tls` itself.
import { readFileSync } from 'node:fs';
import pg from 'pg';

const [connectionString, caFile] = process.argv.slice(2);
const client = new pg.Client({ connectionString, ssl: { ca: readFileSync(caFile) }, enableChannelBinding: true });
await client.connect();
const { rows } = await client.query('SELECT version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
console.log(rows[0].version, rows[0].cipher);
await client.end();
