// TLS over something that is no socket: here the two ends of a pair of streams in one process. Needs no files.
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'libssl/node';

/** Two streams, each of which reads what the other writes. */
function pair() {
  const ends = [0, 1].map((side) => {
    let taken;
    return new Duplex({
      read() {
        taken?.();
        taken = undefined;
      },
      write(chunk, _encoding, done) {
        const other = ends[1 - side];
        if (other.push(chunk)) done();
        else taken = done;
      },
      final(done) {
        ends[1 - side].push(null);
        done();
      },
    });
  });
  return ends;
}

// Both ends know a key beforehand, so no certificate is needed.
const psk = { identity: 'example', psk: Buffer.from('a key that both ends have') };
const [a, b] = pair();

const server = new TLSSocket(b, {
  isServer: true,
  secureContext: createSecureContext(),
  pskCallback: (_socket, identity) => (identity === psk.identity ? psk.psk : null),
});
server.on('data', (chunk) => server.end(String(chunk).toUpperCase()));

const client = connect({ socket: a, pskCallback: () => psk, checkServerIdentity: () => undefined });
await once(client, 'secureConnect');
client.write('hello through a pair of streams\n');
console.log(client.getProtocol(), client.getCipher().name);
for await (const chunk of client) process.stdout.write(chunk);
