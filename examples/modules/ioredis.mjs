// Redis with libssl beneath:
//   node examples/modules/ioredis.mjs HOST PORT CA-FILE
import { readFileSync } from 'node:fs';
import { AbstractConnector, Redis } from 'ioredis';
import { connect } from 'libssl/node';

const [host, port, caFile] = process.argv.slice(2);

/** Where ioredis gets its connections from. */
class Connector extends AbstractConnector {
  constructor(options) {
    super(options.disconnectTimeout);
    this.options = options;
  }

  async connect() {
    const { host, port, tls } = this.options;
    this.stream = connect({ host, port, ...tls });
    this.stream.once('error', (error) => {
      this.firstError = error;
    });
    return this.stream;
  }
}

const redis = new Redis({ host, port: Number(port), tls: { ca: readFileSync(caFile) }, Connector });
await redis.set('greeting', 'hello');
console.log(await redis.get('greeting'), 'over', redis.stream.getProtocol());
await redis.quit();
