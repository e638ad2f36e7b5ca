import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_KEYS } from './support/keys.ts';
import { TEST_TIME, testAuthority, testCertificate } from './support/pki.ts';

/** The JavaScript that is published, where its dependencies are found and where they are not. `npm test` has built what it is made of. */
const ROOT = new URL('../', import.meta.url).pathname;
const cache = `${ROOT}node_modules/.cache`;
let near: string;
let alone: string;

beforeAll(() => {
  mkdirSync(cache, { recursive: true });
  near = mkdtempSync(join(cache, 'package-'));
  alone = mkdtempSync(join(tmpdir(), 'libssl-package-'));
  execFileSync(process.execPath, [`${ROOT}tools/bundle.mjs`, near]);
  cpSync(near, alone, { recursive: true });
});

afterAll(() => {
  for (const folder of [near, alone]) rmSync(folder, { recursive: true });
});

/** What a program prints that runs in a folder. */
const run = (folder: string, program: string): string =>
  execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder, encoding: 'utf8' }).trim();

/** A handshake of TLS 1.3 on a curve that every runtime has. */
const HANDSHAKE = `
  import { MemBio, Ssl, SslContext } from './index.js';
  const [cert, ca] = ${JSON.stringify([testCertificate(), testAuthority].map(({ der }) => Buffer.from(der).toString('base64')))}
    .map((text) => Buffer.from(text, 'base64'));
  const key = ${JSON.stringify(TEST_KEYS.ec256)};
  const common = { groups: ['x25519'], now: () => ${TEST_TIME * 1000} };
  const server = new Ssl(new SslContext({ role: 'server', cert, key, ...common }));
  const client = new Ssl(new SslContext({ role: 'client', ca, ...common })).set('serverName', 'server.example');
  const [toServer, toClient] = [new MemBio(), new MemBio()];
  client.setBio(toClient, toServer);
  server.setBio(toServer, toClient);
  while (!(client.doHandshake() & server.doHandshake()));
  server.write(Buffer.from('hello'));
  console.log(Buffer.from(client.read()).toString());
`;

/** What each piece makes of known input. */
const PIECES = `
  import { jsPiece } from './crypto/node-on-demand.js';
  const hex = (bytes) => Buffer.from(bytes).toString('hex');
  const bytes = (length) => new Uint8Array(length);
  const kem = jsPiece('kem').decapsulationKey('ML-KEM-768');
  const { ciphertext, secret } = jsPiece('kem').encapsulate('ML-KEM-768', kem.encapsulationKey);
  const sealed = bytes(16);
  jsPiece('ciphers').aead('aes-128-gcm', bytes(16)).seal(bytes(12), bytes(0), bytes(0), sealed, 0);
  const key = jsPiece('keys').importPrivateKey({ kind: 'ed25519', seed: Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex') });
  console.log(JSON.stringify({
    kem: hex(kem.decapsulate(ciphertext)) === hex(secret),
    ciphers: hex(sealed),
    agreement: hex(jsPiece('agreement').agreementKey('x25519', bytes(32).fill(9, 0, 1)).publicKey),
    keys: hex(key.publicKey.key),
    keyedSha256: hex(new (jsPiece('keyedSha256').KeyedSha256)(bytes(20).fill(0x0b)).mac(Buffer.from('Hi There'))),
  }));
`;

describe('the package as it is published', () => {
  it.each(['./index.js', './node/index.js', './x509/index.js', './openssl/index.js', './crypto/node.js'])(
    'imports %s without any other package',
    (entry) => {
      expect(run(alone, `console.log(Object.keys(await import('${entry}')).length > 0)`)).toBe('true');
    },
  );

  it('makes a handshake without any other package', () => {
    expect(run(alone, HANDSHAKE)).toBe('hello');
  });

  it('loads each piece of the JavaScript provider when it is asked for', () => {
    expect(JSON.parse(run(near, PIECES))).toEqual({
      kem: true,
      // The tag of test case 1 of the GCM specification.
      ciphers: '58e2fccefa7e3061367f1d57a4e7455a',
      // RFC 7748, 5.2, after one iteration; RFC 8032, 7.1; RFC 4231, 4.2.
      agreement: '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
      keys: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      keyedSha256: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    });
  });

  it('says what is missing where a bundler left a piece out', () => {
    const program = `import { jsPiece } from './crypto/node-on-demand.js'; try { jsPiece('kem'); } catch (error) { console.log(error.message); }`;
    expect(run(alone, program)).toBe('cannot load ./js-kem.js; a bundler takes it along under the condition "module"');
  });
});
