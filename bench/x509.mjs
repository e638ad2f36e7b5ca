// Certificates: parsing beside node:crypto and @peculiar/x509, and verification of a chain of three beside its signature checks alone.
//   npm run bench:x509 -- [--rounds N]
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import 'reflect-metadata'; // @peculiar/x509 asks for it
import * as peculiar from '@peculiar/x509';
import { nodeProvider } from '../dist/crypto/node.js';
import { issueCertificate, parseCertificate, parsePrivateKey, verifyChain, X509Store, X509VerifyParam } from '../dist/x509/index.js';
import { measure, median } from './measure.mjs';

const NOW = 1_800_000_000;
const HOST = 'server.example';

/** A private key as PKCS#8. */
function freshKey(kind) {
  const { privateKey } =
    kind === 'P-256' ? generateKeyPairSync('ec', { namedCurve: kind }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/** A root, an intermediate and a server's certificate, as DER, with the keys that signed them. */
function makeChain(kind) {
  const keys = [0, 1, 2].map(() => nodeProvider.importPrivateKey(parsePrivateKey(freshKey(kind))));
  const [root, ca, leaf] = keys;
  const issue = (subject, issuer, key, signer, rest) =>
    issueCertificate({ subject, issuer, publicKey: key.publicKey, signer, notBefore: NOW - 1e6, notAfter: NOW + 1e6, serial: 7, ...rest });
  return [
    issue('leaf', 'CA', leaf, ca, { names: { dns: [HOST, 'www.server.example'] }, extKeyUsage: ['serverAuth'] }),
    issue('CA', 'Root', ca, root, { ca: true }),
    issue('Root', 'Root', root, root, { ca: true }),
  ];
}

const repeat = (work) => async (count) => {
  for (let i = 0; i < count; i++) await work();
};

const parameters = () => {
  const params = new X509VerifyParam();
  params.setHost(HOST);
  return params;
};

/** Verifies certificates that were parsed just now, against a store that was, or against ones that are known. */
function verification(ders, fresh) {
  const parse = () => ders.map(parseCertificate);
  const known = parse();
  const storeOf = ([, , root]) => {
    const store = new X509Store();
    store.add(root);
    return store;
  };
  const store = storeOf(known);
  return repeat(() => {
    const [leaf, ca, root] = fresh ? parse() : known;
    const outcome = verifyChain({
      provider: nodeProvider,
      chain: [leaf, ca],
      store: fresh ? storeOf([leaf, ca, root]) : store,
      params: parameters(),
      purpose: 'sslserver',
      now: NOW,
      securityLevel: 2,
    });
    if (outcome.result !== 'OK') throw new Error(outcome.result);
  });
}

/** The two signatures of the chain and nothing else, with keys that are loaded already, or not. */
function signatures(ders, fresh, algorithm) {
  const [leaf, ca, root] = ders.map(parseCertificate);
  const load = () => [ca, root].map(({ publicKey }) => nodeProvider.importPublicKey(publicKey));
  const loaded = load();
  return repeat(() => {
    const [caKey, rootKey] = fresh ? load() : loaded;
    if (!caKey.verify(algorithm, leaf.tbs, leaf.signature) || !rootKey.verify(algorithm, ca.tbs, ca.signature))
      throw new Error('signature');
  });
}

/** Measures everything and prints a line for each, by the time that all threads spent: the clock counts the neighbours of a busy machine as well. */
export async function measureCertificates(rounds) {
  const [der] = makeChain('P-256');
  /** What whoever has parsed a certificate looks at. */
  const look = {
    libssl: () => parseCertificate(der).extensions.subjectAltName.length,
    'node:crypto': () => new X509Certificate(der).subjectAltName.length,
    '@peculiar/x509': () => new peculiar.X509Certificate(der).getExtension(peculiar.SubjectAlternativeNameExtension).names.items.length,
  };

  const rows = [
    {
      name: 'parse a certificate, read its names',
      sides: Object.fromEntries(Object.entries(look).map(([name, work]) => [name, repeat(work)])),
      batch: 200,
      per: 1,
    },
  ];
  for (const [kind, algorithm] of [
    ['P-256', { kind: 'ecdsa', hash: 'sha256' }],
    ['RSA-2048', { kind: 'rsa-pkcs1', hash: 'sha256' }],
  ]) {
    const ders = makeChain(kind);
    for (const fresh of [true, false]) {
      const name = `verify a chain of three, ${kind}, ${fresh ? 'cold' : 'warm'}`;
      rows.push({
        name,
        sides: { libssl: verification(ders, fresh), 'its signatures alone': signatures(ders, fresh, algorithm) },
        batch: 50,
        per: 1,
      });
    }
  }

  const results = await measure(rows, rounds);
  for (const [index, { name }] of rows.entries()) {
    const [[, mine], ...others] = Object.entries(results[index]).map(([side, { cpu }]) => [side, median(cpu)]);
    const beside = others.map(([side, rate]) => `${side} ${micros(rate)} (${ratio(mine, rate)})`);
    console.log(`${name}: libssl ${micros(mine)}; ${beside.join('; ')}`);
  }
}

/** How much faster, or how many times as long. */
const ratio = (mine, other) =>
  mine >= other ? `libssl is ${(mine / other).toFixed(1)} times as fast` : `libssl takes ${(other / mine).toFixed(2)} times that`;

function micros(rate) {
  return `${(1e6 / rate).toFixed(1)} µs`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values: flags } = parseArgs({ options: { rounds: { type: 'string' } } });
  const rounds = Number(flags.rounds ?? 5);
  console.log(`${cpus()[0]?.model.trim()}, Node ${process.versions.node} (OpenSSL ${process.versions.openssl}); ${rounds} rounds`);
  await measureCertificates(rounds);
}
