import assert from 'node:assert/strict';
import { connect } from '../../../dist/node/index.js';
import { connectorOver } from '../../../examples/modules/connectors/ioredis.mjs';
import { digest, event, fails, overOurs, TEN_MEGABYTES, text, together, UNKNOWN_AUTHORITY, until } from '../expect.mjs';
import { load } from '../load.mjs';

const { Redis } = load('ioredis');

export function cases({ way, server, pki, kill }) {
  const options = ({ tls, ...more } = {}) => ({
    host: 'localhost',
    port: server.port,
    tls: { ca: pki.ca.cert, ...tls },
    lazyConnect: true,
    retryStrategy: () => null,
    ...(way === 'option' && { Connector: connectorOver(connect) }),
    ...more,
  });

  async function withRedis(settings, work) {
    const redis = new Redis(options(settings));
    const failed = event(redis, 'error').then(([error]) => {
      throw error;
    });
    failed.catch(() => undefined);
    try {
      await Promise.race([redis.connect(), failed]);
      return await work(redis);
    } catch (error) {
      // ioredis says 'Connection is closed.' to who called; why it did says its 'error'.
      throw redis.status === 'ready' ? error : await failed.catch((reason) => reason);
    } finally {
      redis.disconnect();
    }
  }

  return [
    {
      topic: 'answer',
      run: () =>
        withRedis({}, async (redis) => {
          overOurs(redis.stream);
          assert.equal(await redis.set('greeting', 'hello'), 'OK');
          assert.equal(await redis.get('greeting'), 'hello');
        }),
    },
    {
      topic: 'TLS 1.2',
      run: () =>
        withRedis({ tls: { maxVersion: 'TLSv1.2' } }, async (redis) => {
          overOurs(redis.stream, { version: 'TLSv1.2' });
          assert.equal(await redis.ping(), 'PONG');
        }),
    },
    {
      topic: 'wrong authority',
      run: () =>
        fails(
          withRedis({ tls: { ca: pki.stranger.cert } }, () => 0),
          ...UNKNOWN_AUTHORITY,
        ),
    },
    {
      topic: 'wrong name',
      run: () =>
        fails(
          withRedis({ host: '127.0.0.1' }, () => 0),
          'ERR_TLS_CERT_ALTNAME_INVALID',
        ),
    },
    {
      topic: 'client certificate',
      run: async () => {
        const { cert, key } = pki.client;
        await withRedis({}, (redis) => redis.config('SET', 'tls-auth-clients', 'yes'));
        try {
          await withRedis({ tls: { cert, key } }, async (redis) => assert.equal(await redis.ping(), 'PONG'));
          // Redis closes at once, so that what we write may find a closed door before its alert is read.
          await fails(
            withRedis({}, (redis) => redis.ping()),
            'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
            'EPIPE',
            'ECONNRESET',
          );
        } finally {
          await withRedis({ tls: { cert, key } }, (redis) => redis.config('SET', 'tls-auth-clients', 'optional'));
        }
      },
    },
    {
      topic: '10 MB',
      run: () =>
        withRedis({}, async (redis) => {
          const sent = text(TEN_MEGABYTES);
          await redis.set('large', sent);
          assert.equal(digest(await redis.get('large')), digest(sent));
        }),
    },
    {
      topic: '50 at once',
      run: async () => {
        const connections = await together(async () => {
          const redis = new Redis(options());
          await redis.connect();
          return redis;
        });
        const answers = await Promise.all(connections.map((redis, i) => redis.echo(String(i))));
        for (const [i, answer] of answers.entries()) assert.equal(answer, String(i));
        const ids = await Promise.all(connections.map((redis) => redis.client('ID')));
        assert.equal(new Set(ids).size, connections.length);
        for (const redis of connections) redis.disconnect();
      },
    },
    {
      topic: 'resumption',
      run: async () => {
        const session = await withRedis({}, async (redis) => {
          assert.equal(await redis.ping(), 'PONG');
          assert.equal(redis.stream.isSessionReused(), false);
          return redis.stream.getSession();
        });
        await withRedis({ tls: { session } }, async (redis) => assert.equal(redis.stream.isSessionReused(), true));
      },
    },
    {
      topic: 'server killed',
      run: async () => {
        const redis = new Redis(options({ maxRetriesPerRequest: 0 }));
        await redis.connect();
        redis.on('error', () => undefined);
        const closed = new Promise((resolve) => redis.on('close', resolve));
        const asked = redis.blpop('nothing', 60);
        await withRedis({}, (other) => until(async () => /^blocked_clients:1\r$/m.test(await other.info('clients'))));
        kill();
        await Promise.all([closed, assert.rejects(asked)]);
      },
    },
  ];
}
