/**
 * Issuers, CRLs and OCSP responses from where certificates say they can be had. Nothing here is used unless a program asks for
 * it: whoever presents a certificate chooses the addresses, so that following them tells third parties who connects to whom.
 */

import { provider } from '#provider';
import { unlessMalformed } from '../asn1/asn1-error.ts';
import { ACCESS_OIDS } from '../registry/oids.ts';
import { type Certificate, parseCertificates } from '../x509/certificate.ts';
import { type Crl, parseCrls } from '../x509/crl.ts';
import { ocspRequest } from '../x509/ocsp.ts';
import { net } from './builtins.ts';
import { exchange, type HttpExchange } from './http-exchange.ts';
import { isPublicAddress } from './public-address.ts';

export interface FetchLimits {
  /** Bytes of one answer; 1 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds for one answer; 5000. */
  readonly timeout?: number;
  /** Requests of this fetcher altogether; 8. */
  readonly maxRequests?: number;
  /** Whether a URL may be asked; by default plain http on port 80 of a host that has a public name, not an address. */
  readonly allow?: (url: URL) => boolean;
  /**
   * Whether an address that the host of a URL stands for may be asked; by default one of the public Internet. The name is looked up once, and only
   * addresses that are allowed are connected to, so that no name leads into the network around us.
   */
  readonly allowAddress?: (address: string, url: URL) => boolean;
  /** The addresses of a host; by default what the system says (`dns.lookup`). */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>;
}

/** Answers are unverified: verification decides what they are worth. Whatever cannot be had is missing from the result. */
export class StatusFetcher {
  private readonly maxBytes: number;
  private readonly timeout: number;
  private readonly allow: (url: URL) => boolean;
  private readonly allowAddress: (address: string, url: URL) => boolean;
  private readonly resolve: (hostname: string) => Promise<readonly string[]>;
  private requestsLeft: number;

  constructor(limits: FetchLimits = {}) {
    const { maxBytes = 1 << 20, timeout = 5000, maxRequests = 8, allow = isPublicHttp } = limits;
    this.maxBytes = maxBytes;
    this.timeout = timeout;
    this.allow = allow;
    this.allowAddress = limits.allowAddress ?? isPublicAddress;
    this.resolve = limits.resolve ?? systemAddresses;
    this.requestsLeft = maxRequests;
  }

  /** Issuers by the caIssuers of authorityInfoAccess (RFC 5280, 4.2.2.1); fits the setting `issuerLookup` behind the connection. */
  async issuersOf(certificate: Certificate): Promise<readonly Certificate[]> {
    const answers = await this.fetchAll(addressesIn(certificate, ACCESS_OIDS.caIssuers));
    const found = answers.flatMap((bytes) => unlessMalformed(() => parseCertificates(bytes)) ?? []);
    return found.filter(({ subject }) => subject.matches(certificate.issuer));
  }

  /** The CRLs its distribution points name (RFC 5280, 4.2.1.13). */
  async crlsOf(certificate: Certificate): Promise<readonly Crl[]> {
    const { cRLDistributionPoints: points = [], freshestCRL: deltas = [] } = certificate.extensions;
    const urls = [...points, ...deltas].flatMap(({ name }) =>
      name?.kind === 'full' ? name.names.flatMap((general) => (general.kind === 'uri' ? [general.value] : [])) : [],
    );
    const answers = await this.fetchAll(urls);
    return answers.flatMap((bytes) => unlessMalformed(() => parseCrls(bytes)) ?? []);
  }

  /** An OCSP response about it from its responder, with a nonce to check if one is given (RFC 6960, A.1). */
  async ocspOf(certificate: Certificate, issuer: Certificate, nonce?: Uint8Array): Promise<Uint8Array | undefined> {
    const body = ocspRequest(certificate, issuer, provider, nonce);
    for (const url of addressesIn(certificate, ACCESS_OIDS.ocsp)) {
      const answer = await this.fetchOne(url, { type: 'application/ocsp-request', bytes: body });
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  private async fetchAll(urls: readonly string[]): Promise<readonly Uint8Array[]> {
    const out: Uint8Array[] = [];
    for (const url of new Set(urls)) {
      const bytes = await this.fetchOne(url);
      if (bytes !== undefined) out.push(bytes);
    }
    return out;
  }

  private async fetchOne(text: string, body?: HttpExchange['body']): Promise<Uint8Array | undefined> {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== 'http:' || !this.allow(url) || this.requestsLeft <= 0) return undefined;
    this.requestsLeft--;
    const signal = AbortSignal.timeout(this.timeout);
    try {
      for (const address of await within(signal, this.addressesOf(url))) {
        // A host has several addresses so that one of them may be out of reach.
        const asked = exchange({ url, address, body, maxBytes: this.maxBytes, signal }).then((answer) => ({ answer }));
        const found = await within(signal, asked).catch(() => undefined);
        if (found !== undefined) return found.answer;
      }
    } catch {
      // Nobody of that name, or no answer in time: it cannot be had.
    }
    return undefined;
  }

  private async addressesOf(url: URL): Promise<readonly string[]> {
    const host = hostOf(url);
    const found = net.isIP(host) > 0 ? [host] : await this.resolve(host);
    return found.filter((address) => this.allowAddress(address, url)).slice(0, MOST_ADDRESSES);
  }
}

const MOST_ADDRESSES = 4;

async function systemAddresses(hostname: string): Promise<readonly string[]> {
  const { lookup } = await import('node:dns/promises');
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

/** The outcome, unless the time is over first. */
async function within<T>(signal: AbortSignal, outcome: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const over = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([outcome, over]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const addressesIn = ({ extensions }: Certificate, method: string): readonly string[] =>
  (extensions.authorityInfoAccess ?? []).flatMap((access) =>
    access.method === method && access.location.kind === 'uri' ? [access.location.value] : [],
  );

/** Without the brackets of an IPv6 address. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/** Certificates come from strangers: their addresses shall not reach into the network around us. */
function isPublicHttp(url: URL): boolean {
  const host = hostOf(url);
  return url.port === '' && net.isIP(host) === 0 && host.includes('.') && !/\.(local|internal|localhost|home\.arpa|test)\.?$/.test(host);
}
