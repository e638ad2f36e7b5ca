import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from '../../../dist/node/index.js';
import { digest, event, fails, overOurs, TEN_MEGABYTES, text, together, UNKNOWN_AUTHORITY } from '../expect.mjs';
import { load } from '../load.mjs';

const { MqttClient, connect: connectMqtt } = load('mqtt');

export function cases({ way, server, pki, kill }) {
  /** A client that is on its way to the server. */
  function client({ host = 'localhost', port = server.port, ...tls } = {}) {
    const options = { reconnectPeriod: 0, connectTimeout: 10_000, protocolVersion: 5 };
    const target = { host, port, ca: pki.ca.cert, ...tls };
    return way === 'option' ? new MqttClient(() => connect(target), options) : connectMqtt({ protocol: 'mqtts', ...target, ...options });
  }

  async function withClient(settings, work) {
    const mqtt = client(settings);
    try {
      await event(mqtt, 'connect');
      mqtt.on('error', () => undefined);
      return await work(mqtt);
    } finally {
      mqtt.on('error', () => undefined);
      mqtt.end(true);
    }
  }

  return [
    {
      topic: 'answer',
      run: () =>
        withClient({}, async (mqtt) => {
          overOurs(mqtt.stream);
          await mqtt.subscribeAsync('greetings', { qos: 1 });
          const heard = once(mqtt, 'message');
          await mqtt.publishAsync('greetings', 'hello', { qos: 1 });
          assert.equal(String((await heard)[1]), 'hello');
        }),
    },
    {
      topic: 'TLS 1.2',
      run: () => withClient({ maxVersion: 'TLSv1.2' }, async (mqtt) => overOurs(mqtt.stream, { version: 'TLSv1.2' })),
    },
    {
      topic: 'wrong authority',
      run: () =>
        fails(
          withClient({ ca: pki.stranger.cert }, () => 0),
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
        await withClient({ port: server.portForCertificates, cert, key }, (mqtt) => overOurs(mqtt.stream));
        await fails(
          withClient({ port: server.portForCertificates }, () => 0),
          'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
        );
      },
    },
    {
      topic: '10 MB',
      run: () =>
        withClient({}, async (mqtt) => {
          const sent = text(TEN_MEGABYTES);
          await mqtt.subscribeAsync('large', { qos: 1 });
          const heard = once(mqtt, 'message');
          await mqtt.publishAsync('large', sent, { qos: 1 });
          assert.equal(digest((await heard)[1]), digest(sent));
        }),
    },
    {
      topic: '50 at once',
      run: async () => {
        const clients = await together(async () => {
          const mqtt = client();
          await event(mqtt, 'connect');
          return mqtt;
        });
        const heard = clients.map((mqtt) => once(mqtt, 'message'));
        await Promise.all(clients.map((mqtt) => mqtt.subscribeAsync('everybody', { qos: 1 })));
        await clients[0].publishAsync('everybody', 'hello', { qos: 1 });
        for (const [, message] of await Promise.all(heard)) assert.equal(String(message), 'hello');
        for (const mqtt of clients) mqtt.end(true);
      },
    },
    {
      topic: 'resumption',
      run: async () => {
        const session = await withClient({}, async (mqtt) => {
          assert.equal(mqtt.stream.isSessionReused(), false);
          // Tickets stand before everything that mosquitto says, so they are here.
          return mqtt.stream.getSession();
        });
        await withClient({ session }, (mqtt) => assert.equal(mqtt.stream.isSessionReused(), true));
      },
    },
    {
      topic: 'server killed',
      run: async () => {
        const mqtt = client();
        await event(mqtt, 'connect');
        mqtt.on('error', () => undefined);
        const closed = new Promise((resolve) => mqtt.on('close', resolve));
        kill();
        await closed;
        assert.equal(mqtt.connected, false);
      },
    },
  ];
}
