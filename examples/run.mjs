// Runs every example, one after another: `npm run examples`. Each has to end by itself, in good time and with exit code 0.
// What an example needs stands here: certificates for those that take files, a server or a client for those that want a peer.
import { spawn } from 'node:child_process';
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, createServer } from 'libssl/node';
import { CA_PEM, CERT_PEM, KEY_PEM } from './port/pki.mjs';

const { SSL_OP_NO_TICKET } = constants;
const SECONDS = 60;
const folder = mkdtempSync(join(tmpdir(), 'libssl-examples-'));
const file = (name, content) => {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
  return join(folder, name);
};
const certFile = file('server.pem', CERT_PEM);
const keyFile = file('key.pem', KEY_PEM);
const caFile = file('ca.pem', CA_PEM);

/** How an example runs that cannot simply be started: it gets a `run(words, seen?)` and resolves with what was printed. */
const PEERS = {
  'node/https-server.mjs': async (run) => {
    let answer = '';
    await run([certFile, keyFile, '0'], async (line, child) => {
      const port = /https:\/\/localhost:(\d+)\//.exec(line)?.[1];
      if (port === undefined) return;
      answer = await get(port);
      child.kill();
    });
    if (!answer.startsWith('GET / over TLSv1.3')) throw new Error(`answered ${JSON.stringify(answer)}`);
  },
  'node/encrypted-client-hello.mjs': async (run) => {
    const printed = await run([certFile, keyFile, caFile]);
    if (printed !== 'asked for localhost, sealed: true\n') throw new Error(printed);
  },
  'node/many-cores.mjs': async (run) => {
    for (const way of ['cluster', 'threads'])
      await run([certFile, keyFile, '0', '2', way], async (line, child) => {
        const ports = Array.from(line.matchAll(/https:\/\/localhost:(\d+)\//g), ([, port]) => Number(port));
        if (ports.length === 0) return;
        for (const older of [{}, { maxVersion: 'TLSv1.2' }, { maxVersion: 'TLSv1.2', secureOptions: SSL_OP_NO_TICKET }])
          await resumesAnywhere(ports, older);
        child.kill();
      });
  },
  'node/resume-with-early-data.mjs': async (run) => {
    const server = createServer({ cert: CERT_PEM, key: KEY_PEM, ssl: { maxEarlyData: 16_384 } }, (socket) => {
      const answer = () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      socket.on('error', () => undefined);
      if (socket.earlyData === 'accepted') answer();
      else socket.once('data', answer);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const printed = await run(['localhost', String(server.address().port), caFile]);
      if (!printed.includes('resumed: true, early data: accepted')) throw new Error(printed);
    } finally {
      server.close();
    }
  },
};

/** A session of one worker is resumed by each, whether they share a port or have one of their own. */
async function resumesAnywhere(ports, options) {
  const ask = async (port, session) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: CA_PEM, session, ...options });
    let text = '';
    socket.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    let latest;
    socket.on('session', (one) => {
      latest = one;
    });
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    return { text, session: latest };
  };
  const { session } = await ask(ports[0]);
  if (session === undefined) throw new Error(`${JSON.stringify(options)}: no session`);
  const seen = new Set();
  for (let i = 0; i < 8; i++) {
    const { text } = await ask(ports[i % ports.length], session);
    if (!text.includes('resumed: true')) throw new Error(`${JSON.stringify(options)}: ${text}`);
    seen.add(/worker \d+/.exec(text)?.[0]);
  }
  if (seen.size !== 2) throw new Error(`only ${[...seen]} answered`);
}

/** Starts an example and resolves with its output; `seen` is shown each piece of it, and may end it. */
async function run(path, words, seen) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(path, import.meta.url)), ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let ended = false;
  let failure;
  const limit = setTimeout(() => {
    failure = new Error(`did not end within ${SECONDS} s`);
    child.kill('SIGKILL');
  }, 1000 * SECONDS);
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
      const fail = (error) => {
        failure ??= error;
        child.kill();
      };
      if (!ended)
        seen?.(String(chunk), {
          kill: () => {
            ended = true;
            child.kill();
          },
        })?.catch(fail);
    });
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  if (failure !== undefined) throw new Error(`${failure.message}\n${output}`);
  if (!ended && code !== 0) throw new Error(`exit code ${code}\n${output}`);
  return output;
}

function get(port) {
  return new Promise((resolve, reject) => {
    const asked = request({ host: 'localhost', port, ca: CA_PEM, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject).end();
  });
}

/** Every program of the folders beside this file; `pki.mjs` is a part of others. */
const EXAMPLES = ['node', 'port'].flatMap((name) =>
  readdirSync(new URL(name, import.meta.url))
    .filter((entry) => entry.endsWith('.mjs') && entry !== 'pki.mjs')
    .map((entry) => `${name}/${entry}`),
);

const counts = { passed: 0, failed: 0 };
try {
  for (const path of EXAMPLES) {
    try {
      const start = (words, seen) => run(path, words, seen);
      await (PEERS[path] ?? ((go) => go([])))(start);
      counts.passed++;
      console.log(`ok      ${path}`);
    } catch (error) {
      counts.failed++;
      console.log(`failed  ${path}\n${error.message}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
