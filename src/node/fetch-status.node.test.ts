import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIntermediate, makeLeaf, makeRoot, NOW } from '../../test/support/authorities.ts';
import { makeCrl, makeOcsp } from '../../test/support/crls.ts';
import { context, contextConstructed } from '../asn1/der-reader.ts';
import { element, oid, sequence } from '../asn1/der-writer.ts';
import { utf8 } from '../bytes/bytes.ts';
import { nodeProvider } from '../crypto/node.ts';
import { ACCESS_OIDS, EXTENSION_OIDS } from '../registry/oids.ts';
import type { Certificate } from '../x509/certificate.ts';
import { checkOcspResponse } from '../x509/ocsp.ts';
import { type FetchLimits, StatusFetcher } from './fetch-status.ts';

const root = makeRoot();
const ca = makeIntermediate(root);
let server: Server;
let requests: string[] = [];
let base = '';
let leaf: Certificate;

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
      '/ca.crl': makeCrl(ca).der,
      '/ocsp': makeOcsp(ca, [leaf]),
      '/big/ca.der': new Uint8Array(1 << 16),
    };
    const answer = answers[request.url ?? ''];
    if (request.url?.startsWith('/moved')) response.writeHead(302, { location: `${base}/ca.der` }).end();
    else if (request.url?.startsWith('/slow')) setTimeout(() => response.end(ca.certificate.der), 1000).unref();
    else response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  leaf = makePointing(base);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const fetcher = (limits: FetchLimits = {}): StatusFetcher => new StatusFetcher({ allow: () => true, ...limits });

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

  it('takes no issuer of another name', async () => {
    expect(await fetcher().issuersOf(makeLeaf(root, { extensions: pointing(base) }).certificate)).toEqual([]);
  });
});
