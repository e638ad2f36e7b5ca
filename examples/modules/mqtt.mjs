// MQTT with libssl beneath:
//   node examples/modules/mqtt.mjs HOST PORT CA-FILE
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'libssl/node';
import { MqttClient } from 'mqtt';

const [host, port, caFile] = process.argv.slice(2);

// In place of `mqtt.connect`: the client asks this for a stream, each time it connects.
const client = new MqttClient(() => connect({ host, port, ca: readFileSync(caFile) }), { clean: true });
await once(client, 'connect');
await client.subscribeAsync('greetings');
const heard = once(client, 'message');
await client.publishAsync('greetings', 'hello');
const [, message] = await heard;
console.log(String(message), 'over', client.stream.getProtocol());
await client.endAsync();
