// Certificates: parsing beside node:crypto and @peculiar/x509, and verification of a chain of three beside its signature checks alone.
//   npm run bench:x509 -- [--rounds N]
import { generateKeyPair, X509Certificate } from 'node:crypto';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import 'reflect-metadata'; // @peculiar/x509 asks for it
import * as peculiar from '@peculiar/x509';
import { nodeProvider } from '../dist/crypto/node.js';
import { issueCertificate, parseCertificate, parsePrivateKey, verifyChain, X509Store, X509VerifyParam } from '../dist/x509/index.js';
import { measure, median } from './measure.mjs';

const NOW = 1_800_000_000;
const HOST = 'server.example';

const makePair = promisify(generateKeyPair);

/** A private key. */
async function freshKey(kind) {
  const { privateKey } = await (kind === 'P-256' ? makePair('ec', { namedCurve: kind }) : makePair('rsa', { modulusLength: 2048 }));
  return nodeProvider.importPrivateKey(parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })));
}

/** A root, an intermediate and a server's certificate, as DER. */
async function makeChain(kind, leaf, number) {
  const [root, ca] = await Promise.all([freshKey(kind), freshKey(kind)]);
  const issue = (subject, issuer, key, signer, rest) =>
    issueCertificate({ subject, issuer, publicKey: key.publicKey, signer, notBefore: NOW - 1e6, notAfter: NOW + 1e6, serial: 7, ...rest });
  return [
    issue(`leaf ${number}`, `CA ${number}`, leaf, ca, { names: { dns: [HOST, 'www.server.example'] }, extKeyUsage: ['serverAuth'] }),
    issue(`CA ${number}`, `Root ${number}`, ca, root, { ca: true }),
    issue(`Root ${number}`, `Root ${number}`, root, root, { ca: true }),
  ];
}

/** Chains enough that the provider, which remembers 64 keys, has forgotten those of the first when it comes round again. */
const STRANGERS = 33;

async function makeChains(kind) {
  const leaf = await freshKey(kind);
  return await Promise.all(Array.from({ length: STRANGERS }, (_, number) => makeChain(kind, leaf, number)));
}

/**
 * What is known beforehand. `cold`: nothing, each chain is a stranger's. `parsed anew`: the keys, as to a client that comes back to a server.
 * `warm`: the parsed certificates, too.
 */
const KNOWN = ['cold', 'parsed anew', 'warm'];

const repeat = (work) => async (count) => {
  for (let i = 0; i < count; i++) await work();
};

const parameters = () => {
  const params = new X509VerifyParam();
  params.setHost(HOST);
  return params;
};

/** Verifies a chain against a store with its root. */
function verification(chains, known) {
  const prepare = (ders) => {
    const [leaf, ca, root] = ders.map(parseCertificate);
    const store = new X509Store();
    store.add(root);
    return { chain: [leaf, ca], store };
  };
  const prepared = prepare(chains[0]);
  let turn = 0;
  return repeat(() => {
    const ders = chains[known === 'cold' ? turn++ % chains.length : 0];
    const { chain, store } = known === 'warm' ? prepared : prepare(ders);
    const { result } = verifyChain({
      provider: nodeProvider,
      chain,
      store,
      params: parameters(),
      purpose: 'sslserver',
      now: NOW,
      securityLevel: 2,
    });
    if (result !== 'OK') throw new Error(result);
  });
}

/** The two signatures of the chain and nothing else. Their keys are made ready first, unless they were when the certificates were parsed. */
function signatures(chains, known, algorithm) {
  const prepared = chains.map((ders) => ders.map(parseCertificate));
  const load = ([, ca, root]) => [ca, root].map(({ publicKey }) => nodeProvider.importPublicKey(publicKey));
  const loaded = load(prepared[0]);
  let turn = 0;
  return repeat(() => {
    const chain = prepared[known === 'cold' ? turn++ % chains.length : 0];
    const [leaf, ca] = chain;
    const [caKey, rootKey] = known === 'warm' ? loaded : load(chain);
    if (!caKey.verify(algorithm, leaf.tbs, leaf.signature) || !rootKey.verify(algorithm, ca.tbs, ca.signature))
      throw new Error('signature');
  });
}

/** Measures everything and prints a line for each, by the time that all threads spent: the clock counts the neighbours of a busy machine as well. */
export async function measureCertificates(rounds) {
  const chains = { 'P-256': await makeChains('P-256'), 'RSA-2048': await makeChains('RSA-2048') };
  const [[der]] = chains['P-256'];
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
    for (const known of KNOWN) {
      rows.push({
        name: `verify a chain of three, ${kind}, ${known}`,
        sides: {
          libssl: verification(chains[kind], known),
          'its signatures alone': signatures(chains[kind], known, algorithm),
        },
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
