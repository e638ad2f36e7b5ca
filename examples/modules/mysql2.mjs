// MariaDB and MySQL with libssl beneath:
//   node examples/modules/mysql2.mjs mysql://USER:PASSWORD@HOST:PORT/DATABASE CA-FILE
import 'libssl/node/register'; // The line that changes: `mysql2` calls `node:tls` itself.
import { readFileSync } from 'node:fs';
import mysql from 'mysql2/promise';

const [uri, caFile] = process.argv.slice(2);
const connection = await mysql.createConnection({ uri, ssl: { ca: readFileSync(caFile), verifyIdentity: true } });
const [[row]] = await connection.query("SHOW SESSION STATUS LIKE 'Ssl_version'");
console.log(row.Variable_name, row.Value);
await connection.end();
