import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIntermediate, makeLeaf, makeRoot, NOW } from '../../test/support/authorities.ts';
import { makeCrl, makeOcsp, type OcspOptions } from '../../test/support/crls.ts';
import { context, contextConstructed } from '../asn1/der-reader.ts';
import { element, oid, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import { utf8 } from '../bytes/bytes.ts';
import { nodeProvider } from '../crypto/node.ts';
import type { PrivateKey } from '../crypto/provider.ts';
import { ACCESS_OIDS, EXTENSION_OIDS } from '../registry/oids.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import type { Certificate } from '../x509/certificate.ts';
import { checkOcspResponse } from '../x509/ocsp.ts';
import { X509VerifyParam } from '../x509/verify-params.ts';
import type { FetchStatusOptions } from './fetch-option.ts';
import { type FetchLimits, StatusFetcher } from './fetch-status.ts';
import { connect, createServer as createTlsServer } from './index.ts';
import type { SecureContextOptions } from './options.ts';

import { Stapler } from './stapler.ts';

const root = makeRoot();
const ca = makeIntermediate(root);
let server: Server;
let requests: string[] = [];
let base = '';
let leaf: Certificate;
let leafKey: PrivateKey;
/** What the responder says of the leaf, and the lists. */
let status: OcspOptions = {};
let revoked: readonly Certificate[] = [];

/** Extensions that say where things can be had. */
const pointing = (to: string) => [
  {
    oid: EXTENSION_OIDS.authorityInfoAccess,
    value: sequence(
      sequence(oid(ACCESS_OIDS.ocsp), element(context(6), utf8(`${to}/ocsp`))),
      sequence(oid(ACCESS_OIDS.caIssuers), element(context(6), utf8(`${to}/ca.der`))),
    ),
  },
  {
    oid: EXTENSION_OIDS.cRLDistributionPoints,
    value: sequence(sequence(element(contextConstructed(0), element(contextConstructed(0), element(context(6), utf8(`${to}/ca.crl`)))))),
  },
];

const makePointing = (to: string): Certificate => makeLeaf(ca, { extensions: pointing(to) }).certificate;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const answers: Record<string, Uint8Array> = {
      '/ca.der': ca.certificate.der,
      '/ca.crl': makeCrl(ca, { revoked: revoked.map(({ serialNumber }) => ({ serial: serialNumber })) }).der,
      '/ocsp': makeOcsp(ca, [leaf], status),
      '/big/ca.der': new Uint8Array(1 << 16),
    };
    const answer = answers[request.url ?? ''];
    if (request.url?.startsWith('/moved')) response.writeHead(302, { location: `${base}/ca.der` }).end();
    else if (request.url?.startsWith('/slow')) setTimeout(() => response.end(ca.certificate.der), 1000).unref();
    else response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const entity = makeLeaf(ca, { extensions: pointing(base), names: { dns: ['localhost'] } });
  leaf = entity.certificate;
  leafKey = entity.key;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const everywhere: FetchLimits = { allow: () => true, allowAddress: () => true };
const fetcher = (limits: FetchLimits = {}): StatusFetcher => new StatusFetcher({ ...everywhere, ...limits });

describe('StatusFetcher', () => {
  it('fetches issuers, CRLs and OCSP responses from where the certificate says', async () => {
    requests = [];
    const one = fetcher();
    expect((await one.issuersOf(leaf)).map(({ der }) => der)).toEqual([ca.certificate.der]);
    expect(await one.crlsOf(leaf)).toHaveLength(1);
    const response = await one.ocspOf(leaf, ca.certificate);
    const check = { provider: nodeProvider, certificate: leaf, issuer: ca.certificate, now: NOW };
    expect(await checkOcspResponse(response ?? new Uint8Array(0), check)).toMatchObject({ status: 'good' });
    expect(requests).toEqual(['GET /ca.der', 'GET /ca.crl', 'POST /ocsp']);
  });

  it('asks nobody on this network, and nothing but http, unless told otherwise', async () => {
    requests = [];
    expect(await new StatusFetcher().issuersOf(leaf)).toEqual([]);
    expect(requests).toEqual([]);
    expect(await fetcher().issuersOf(makePointing('https://127.0.0.1'))).toEqual([]);
    expect(await fetcher().issuersOf(makePointing('file:///etc'))).toEqual([]);
  });

  it.each<[string, () => Certificate, FetchLimits]>([
    ['too large an answer', () => makePointing(`${base}/big`), { maxBytes: 1000 }],
    ['a slow one', () => makePointing(`${base}/slow`), { timeout: 50 }],
    ['one too many', () => leaf, { maxRequests: 0 }],
    ['a redirection', () => makePointing(`${base}/moved`), {}],
    ['none', () => makePointing(`${base}/none`), {}],
  ])('goes without %s', async (_, certificate, limits) => {
    expect(await fetcher(limits).issuersOf(certificate())).toEqual([]);
  });

  it('connects to no address of this network, whatever name it has, unless told otherwise', async () => {
    requests = [];
    const named = makePointing(base.replace('127.0.0.1', 'ca.example'));
    const asked: string[] = [];
    const resolve = async (hostname: string): Promise<readonly string[]> => {
      asked.push(hostname);
      return ['10.0.0.1', '169.254.169.254', 'fe80::1', '::1', '127.0.0.1'];
    };
    const allow = (): boolean => true;
    expect(await new StatusFetcher({ allow, resolve }).issuersOf(named)).toEqual([]);
    expect(await new StatusFetcher({ allow }).issuersOf(leaf)).toEqual([]);
    expect(await new StatusFetcher({ allow }).issuersOf(makePointing(base.replace('127.0.0.1', 'localhost')))).toEqual([]);
    expect(requests).toEqual([]);
    const allowAddress = (address: string): boolean => address === '127.0.0.1';
    expect(await new StatusFetcher({ allow, resolve, allowAddress }).issuersOf(named)).toHaveLength(1);
    // Looked up once for each request: what was judged is what was connected to.
    expect(asked).toEqual(['ca.example', 'ca.example']);
    expect(requests).toEqual(['GET /ca.der']);
  });

  it('goes on to the next address where one is out of reach, and without any where there is none', async () => {
    const named = makePointing(base.replace('127.0.0.1', 'ca.example'));
    expect(await fetcher({ resolve: async () => ['127.0.0.2', '127.0.0.1'] }).issuersOf(named)).toHaveLength(1);
    expect(await fetcher({ resolve: async () => [] }).issuersOf(named)).toEqual([]);
    expect(await fetcher({ resolve: () => Promise.reject(new Error('no such host')) }).issuersOf(named)).toEqual([]);
    expect(await fetcher({ timeout: 50, resolve: () => new Promise(() => undefined) }).issuersOf(named)).toEqual([]);
  });

  it('takes no issuer of another name', async () => {
    expect(await fetcher().issuersOf(makeLeaf(root, { extensions: pointing(base) }).certificate)).toEqual([]);
  });
});

const pem = (...certificates: readonly Certificate[]): string => certificates.map(({ der }) => pemText('CERTIFICATE', der)).join('');
const here: FetchStatusOptions = everywhere;
const now = (): number => NOW * 1000;

interface Meeting {
  readonly error: string | undefined;
  readonly staple: Buffer | null | undefined;
}

/** A client meets a server that sends `chain`, over TCP. */
async function meet(chain: readonly Certificate[], client: SecureContextOptions, serving: SecureContextOptions = {}): Promise<Meeting> {
  const peer = createTlsServer({ ...serving, cert: pem(...chain), ssl: { now, key: leafKey } }, (socket) => socket.end('hello'));
  peer.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  let staple: Buffer | null | undefined;
  const error = await new Promise<string | undefined>((resolve) => {
    const socket = connect({
      port: peer.port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: pem(root.certificate),
      requestOCSP: true,
      ...client,
      ssl: { now, ...client.ssl },
    });
    socket.on('OCSPResponse', (response: Buffer | null) => {
      staple = response;
    });
    socket.on('error', (cause: Error & { code?: string }) => resolve(cause.code ?? cause.message));
    socket.on('end', () => resolve(undefined));
    socket.resume();
  });
  peer.close();
  return { error, staple };
}

const CRL_CHECK = { verifyParam: new X509VerifyParam({ flags: X509_V_FLAG.CRL_CHECK }) };

describe('the option fetchStatus', () => {
  it('is off: nothing is fetched unless a program says so', async () => {
    requests = [];
    expect((await meet([leaf], {})).error).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect((await meet([leaf, ca.certificate], { ssl: CRL_CHECK })).error).toBe('UNABLE_TO_GET_CRL');
    expect((await meet([leaf, ca.certificate], {})).staple).toBe(null);
    expect(requests).toEqual([]);
  });

  it('asks nobody on this network by default', async () => {
    requests = [];
    expect((await meet([leaf], { fetchStatus: true })).error).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(requests).toEqual([]);
  });

  it('completes a chain while the handshake waits', async () => {
    requests = [];
    expect((await meet([leaf], { fetchStatus: { ...here, ocsp: false } })).error).toBe(undefined);
    expect(requests).toEqual(['GET /ca.der']);
  });

  it('finds CRLs, and what they say holds', async () => {
    const client = { fetchStatus: { ...here, ocsp: false }, ssl: CRL_CHECK };
    expect((await meet([leaf, ca.certificate], client)).error).toBe(undefined);
    revoked = [leaf];
    expect((await meet([leaf, ca.certificate], client)).error).toBe('CERT_REVOKED');
    revoked = [];
  });

  it('finds OCSP responses; one that proves nothing is none', async () => {
    const client = { fetchStatus: here };
    requests = [];
    expect((await meet([leaf, ca.certificate], client)).error).toBe(undefined);
    expect(requests).toEqual(['POST /ocsp']);
    status = { status: 'revoked' };
    expect((await meet([leaf, ca.certificate], client)).error).toBe('CERT_REVOKED');
    status = { nextUpdate: NOW - 86_400, thisUpdate: NOW - 2 * 86_400 };
    expect((await meet([leaf, ca.certificate], client)).error).toBe(undefined);
    status = {};
  });

  it('stays within the requests it is allowed', async () => {
    requests = [];
    const client = { fetchStatus: { ...here, maxRequests: 1 }, ssl: CRL_CHECK };
    expect((await meet([leaf], client)).error).toBe('UNABLE_TO_GET_CRL');
    expect(requests).toEqual(['GET /ca.der']);
  });

  it('staples for a server', async () => {
    const { error, staple } = await meet([leaf, ca.certificate], {}, { fetchStatus: here });
    expect(error).toBe(undefined);
    const check = { provider: nodeProvider, certificate: leaf, issuer: ca.certificate, now: NOW };
    expect(await checkOcspResponse(new Uint8Array(staple ?? []), check)).toMatchObject({ status: 'good' });
  });
});

describe('Stapler', () => {
  it('asks once while an answer is fresh, again after half of its life, and keeps the last good one until it ends', async () => {
    let time = NOW * 1000;
    const stapler = new Stapler(here, () => time);
    const chain = [leaf, ca.certificate];
    requests = [];
    const first = await stapler.responsesFor(chain);
    expect(first[0]).toBeInstanceOf(Uint8Array);
    expect(await stapler.responsesFor(chain)).toEqual(first);
    expect(requests).toEqual(['POST /ocsp']);
    status = { status: 'revoked' };
    time += 13 * 3_600_000;
    expect(await stapler.responsesFor(chain)).toEqual(first);
    await expectRequests(2);
    status = {};
    time += 100 * 86_400_000;
    expect(await stapler.responsesFor(chain)).toEqual([undefined]);
  });
});

/** The second request was begun in the background. */
async function expectRequests(count: number): Promise<void> {
  for (let turn = 0; turn < 100 && requests.length < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(requests).toHaveLength(count);
}
