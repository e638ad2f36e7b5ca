// A session that is resumed, and a request that goes out with the first flight (0-RTT):
//   node examples/node/resume-with-early-data.mjs HOST [PORT] [CA-FILE]
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'libssl/node';

const [host = 'localhost', port = '443', caFile] = process.argv.slice(2);
const options = { host, port: Number(port), ...(caFile !== undefined && { ca: readFileSync(caFile) }) };

const first = connect(options);
first.write(`HEAD / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
const [session] = await once(first, 'session');
first.destroy();
console.log(`a session of ${session.length} bytes`);

// Early data may be replayed by somebody who recorded it: only what does no harm twice belongs there.
const request = Buffer.from(`HEAD / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
const second = connect({ ...options, session, earlyData: request });
await once(second, 'secureConnect');
console.log(`resumed: ${second.isSessionReused()}, early data: ${second.earlyData}`);
if (second.earlyData !== 'accepted') second.write(request);
for await (const chunk of second) process.stdout.write(chunk);
