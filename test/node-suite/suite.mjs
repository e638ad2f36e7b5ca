// Node's own tests of TLS, in a checkout of nodejs/node, and how one of them is run.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../tools/source-aliases.mjs';

/** Those about TLS and HTTPS, and those about HTTP/2 that use either. */
const FOLDERS = ['parallel', 'sequential'];
const OURS = /^test-(?:tls|https)-.*\.m?js$/;
const PERHAPS = /^test-(?:http2|http)-.*\.m?js$/;
const USES_TLS = /createSecureServer|createSecureContext|(?:require\(|from )'(?:node:)?(?:tls|https)'/;

/** A checkout that is older than the runtime looks at its experiments one by one, and stumbles over the warning of one that wants a file. */
const CALM = [`--localstorage-file=${join(tmpdir(), 'libssl-node-suite-storage')}`];

/**
 * The tests of a checkout, `parallel/test-tls-0-dns-altname` and its like.
 * @param {string} checkout
 */
export const testsOf = (checkout) =>
  FOLDERS.flatMap((folder) => {
    const path = join(checkout, 'test', folder);
    const isOne = (/** @type {string} */ file) =>
      OURS.test(file) || (PERHAPS.test(file) && USES_TLS.test(readFileSync(join(path, file), 'utf8')));
    return existsSync(path)
      ? readdirSync(path)
          .filter(isOne)
          .map((file) => `${folder}/${file}`)
      : [];
  }).sort();

/**
 * Runs one test as Node's runner does: with the flags that its own comment asks for, in a process group that is ended with it.
 * @param {{ program: string, major: number, checkout: string, name: string, native: boolean, seconds: number, worker: number }} how
 * @returns {Promise<{ outcome: 'pass' | 'skip' | 'fail', output: string }>}
 */
export function runTest({ program, major, checkout, name, native, seconds, worker }) {
  const path = join(checkout, 'test', name);
  const flags = [...readFileSync(path, 'utf8').matchAll(/^\/\/ Flags: (.*)$/gm)].flatMap(([, line = '']) => line.trim().split(/\s+/));
  const register = pathToFileURL(`${ROOT}dist/node/register.js`).href;
  // What the environment adds to the authorities, the tests do not count on.
  const { NODE_EXTRA_CA_CERTS: _extra, SSL_CERT_FILE: _file, SSL_CERT_DIR: _folder, ...inherited } = process.env;
  const env = {
    ...inherited,
    NO_COLOR: '1',
    NODE_TEST_KNOWN_GLOBALS: '0',
    TEST_THREAD_ID: String(worker),
    TEST_SERIAL_ID: String(worker),
    NODE_OPTIONS: [...(major >= 22 ? CALM : []), ...(native ? [] : [`--import=${register}`])].join(' '),
  };
  return new Promise((resolve) => {
    const child = spawn(program, [...flags, path], { env, cwd: checkout, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let late = false;
    const note = (/** @type {Buffer} */ bytes) => {
      if (output.length < 20_000) output += bytes;
    };
    const stop = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Nobody is left of it.
      }
    };
    const timer = setTimeout(() => {
      late = true;
      stop();
    }, seconds * 1000);
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.on('close', (code) => {
      clearTimeout(timer);
      stop();
      if (late) output += `\nnot over after ${seconds} seconds`;
      const skipped = /^1\.\.0 # Skipped/m.test(output);
      resolve({ outcome: code !== 0 ? 'fail' : skipped ? 'skip' : 'pass', output });
    });
  });
}
