// One fresh process: the CPU time, in milliseconds, from nothing loaded to the end of a first handshake. It imports nothing by itself, since what
// it had loaded would be there for free.
//   node bench/start.mjs memory|tcp SIDE MODULE, with a setup as JSON in LIBSSL_BENCH_SETUP
const [, , how, side, entry] = process.argv;
const setup = JSON.parse(process.env.LIBSSL_BENCH_SETUP);

const before = process.cpuUsage();
await (how === 'tcp' ? overTcp(await import(entry)) : inMemory());
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1000);
process.exit();

async function inMemory() {
  process.env.LIBSSL_BENCH_ENTRY = entry;
  const { contexts, memoryConnection } = await import(side === 'libssl' ? './ours.mjs' : './streams.mjs');
  await memoryConnection(contexts(setup));
}

/** Both ends with what the module does by itself, but for the group: some runtimes' own module knows no hybrid. */
async function overTcp({ createServer, connect }) {
  const { identity, ca } = setup;
  const server = createServer({ cert: identity.cert, key: identity.key, ecdhCurve: 'X25519' });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  const client = connect({ port, host: '127.0.0.1', servername: 'server.example', ca: ca.cert, ecdhCurve: 'X25519' });
  await Promise.all([
    new Promise((secured) => server.once('secureConnection', secured)),
    new Promise((secured) => client.once('secureConnect', secured)),
  ]);
}
