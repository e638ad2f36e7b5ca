// Runs cases of C2SP's x509-limbo through `verifyChain`: the same code behind the test suite and `npm run conformance:x509`.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { nodeProvider } from 'libssl/crypto/node';
import {
  Asn1Error,
  parseCertificate,
  parseCertificates,
  parseCrls,
  parseIp,
  pemBlocks,
  verifyChain,
  X509_V_FLAG,
  X509Store,
  X509VerifyParam,
} from 'libssl/x509';

/** Features whose cases are skipped, and why. */
export const UNCLAIMED = {
  'pedantic-public-suffix-wildcard': 'needs a public suffix list, which is the caller’s to bring (isPublicSuffix)',
  'no-cert-policies': 'for implementations without certificate policies; this one has them',
};

/** Reads a limbo file, plain or gzipped. */
export function readLimbo(path) {
  const bytes = readFileSync(path);
  const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  const { testcases } = JSON.parse(text.toString('utf8'));
  if (!Array.isArray(testcases)) throw new SyntaxError('not a limbo file: it has no testcases');
  return testcases;
}

/** The verdict on one case: `skip`, `SUCCESS` or `FAILURE`, with what led to it. */
export function runCase(testcase) {
  const skipped = testcase.features.find((feature) => feature in UNCLAIMED);
  if (skipped !== undefined) return { verdict: 'skip', detail: UNCLAIMED[skipped] };
  try {
    const outcome = verifyChain(requestOf(testcase));
    if (outcome instanceof Promise) throw new TypeError('node:crypto verifies synchronously');
    return { verdict: outcome.accepted ? 'SUCCESS' : 'FAILURE', detail: `${outcome.result} at depth ${outcome.depth}` };
  } catch (error) {
    // A peer's certificate that cannot be parsed ends the handshake before verification.
    if (error instanceof Asn1Error) return { verdict: 'FAILURE', detail: `malformed: ${error.message}` };
    throw error;
  }
}

function requestOf(testcase) {
  const params = new X509VerifyParam();
  // The suite's anchors need not be self-signed, and its rules are those of RFC 5280 for issuers as well.
  params.setFlags(X509_V_FLAG.X509_STRICT | X509_V_FLAG.PARTIAL_CHAIN | (testcase.crls.length > 0 ? X509_V_FLAG.CRL_CHECK : 0));
  if (testcase.max_chain_depth !== null) params.setDepth(testcase.max_chain_depth);
  for (const name of [testcase.expected_peer_name, ...testcase.expected_peer_names]) if (name !== null) expectName(params, name);
  return {
    provider: nodeProvider,
    chain: [certificateOf(testcase.peer_certificate), ...testcase.untrusted_intermediates.flatMap(leniently)],
    store: storeOf(testcase),
    params,
    purpose: purposeOf(testcase),
    now: Math.floor((testcase.validation_time === null ? Date.now() : Date.parse(testcase.validation_time)) / 1000),
    securityLevel: 2,
    profile: testcase.id.startsWith('webpki::') ? 'webpki' : 'rfc5280',
  };
}

function storeOf({ trusted_certs: anchors, crls }) {
  const store = new X509Store();
  for (const certificate of anchors.flatMap(leniently)) store.add(certificate);
  for (const crl of crls.flatMap((pem) => parseCrls(pem))) store.addCrl(crl);
  return store;
}

function expectName(params, { kind, value }) {
  if (kind === 'DNS') params.addHost(value);
  else if (kind === 'IP') params.setIp(parseIp(value));
  else params.setEmail(value);
}

const purposeOf = ({ validation_kind: kind }) => (kind === 'SERVER' ? 'sslserver' : 'sslclient');

const certificateOf = (pem) => {
  const [block] = pemBlocks(pem);
  return parseCertificate(block.bytes);
};

/** A certificate that is not the peer's own and cannot be parsed is simply not there. */
function leniently(pem) {
  try {
    return parseCertificates(pem);
  } catch (error) {
    if (error instanceof Asn1Error) return [];
    throw error;
  }
}
