// Redis with libssl beneath:
//   node examples/modules/ioredis.mjs HOST PORT CA-FILE
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { connect } from 'libssl/node';
import { connectorOver } from './connectors/ioredis.mjs';

const [host, port, caFile] = process.argv.slice(2);

const redis = new Redis({ host, port: Number(port), tls: { ca: readFileSync(caFile) }, Connector: connectorOver(connect) });
await redis.set('greeting', 'hello');
console.log(await redis.get('greeting'), 'over', redis.stream.getProtocol());
await redis.quit();
