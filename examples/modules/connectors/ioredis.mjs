// Where ioredis gets its connections from: `new Redis({ host, port, tls, Connector: connectorOver(connect) })`.
import { AbstractConnector } from 'ioredis';

/** A connector of ioredis over a function like `connect` of `libssl/node`. */
export const connectorOver = (connect) =>
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
  };
