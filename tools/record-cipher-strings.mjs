// Asks the installed OpenSSL (3.0) again what each string of test/vectors/cipher-strings.json means: `node tools/record-cipher-strings.mjs`.
// To add a string, add a key with any value. Kept are the suites that are built here; TLS 1.3 is not the strings' affair.
// Beside the strings stands the line of `openssl ciphers -v` for every suite that both have.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { CIPHER_SUITES, TLS12_SUITES } from '../dist/registry/cipher-suites.js';

const PATH = new URL('../test/vectors/cipher-strings.json', import.meta.url);
const BUILT = new Set(TLS12_SUITES.map(({ name }) => name));

/** @param {string} string */
function meaningOf(string) {
  const { status, stdout, stderr } = spawnSync('openssl', ['ciphers', '--', string], { encoding: 'utf8' });
  if (stderr.includes(':invalid command:')) return 'INVALID_COMMAND';
  if (stderr.includes(':no cipher match:')) return 'NO_CIPHER_MATCH';
  if (status !== 0) throw new Error(`openssl ciphers '${string}': ${stderr}`);
  // Where OpenSSL has suites and this library has none of them, nothing is left to agree on.
  const names = stdout
    .trim()
    .split(':')
    .filter((name) => BUILT.has(name));
  return names.length > 0 ? names.join(':') : 'NO_CIPHER_MATCH';
}

const TLS13 = CIPHER_SUITES.filter(({ name }) => name.startsWith('TLS_')).map(({ name }) => name);

/** Lines of `openssl ciphers -v` by the suite's name. */
function descriptions() {
  const words = ['ciphers', '-v', '-ciphersuites', TLS13.join(':'), 'ALL:COMPLEMENTOFALL'];
  const { stdout } = spawnSync('openssl', words, { encoding: 'utf8' });
  const lines = stdout.trimEnd().split('\n');
  const named = new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line]));
  return Object.fromEntries(CIPHER_SUITES.flatMap(({ name }) => (named.has(name) ? [[name, named.get(name)]] : [])));
}

const { strings } = JSON.parse(readFileSync(PATH, 'utf8'));
const version = spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout.trim();
const meanings = Object.fromEntries(Object.keys(strings).map((string) => [string, meaningOf(string)]));
writeFileSync(PATH, `${JSON.stringify({ recordedWith: version, strings: meanings, descriptions: descriptions() }, null, 2)}\n`);
console.log(`${Object.keys(meanings).length} strings recorded with ${version}`);
