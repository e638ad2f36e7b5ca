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

export interface FetchLimits {
  /** Bytes of one answer; 1 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds for one answer; 5000. */
  readonly timeout?: number;
  /** Requests of this fetcher altogether; 8. */
  readonly maxRequests?: number;
  /** Whether an address may be asked; by default plain http on port 80 of a host that has a public name, not an address. */
  readonly allow?: (url: URL) => boolean;
}

/** Answers are unverified: verification decides what they are worth. Whatever cannot be had is missing from the result. */
export class StatusFetcher {
  private readonly maxBytes: number;
  private readonly timeout: number;
  private readonly allow: (url: URL) => boolean;
  private requestsLeft: number;

  constructor({ maxBytes = 1 << 20, timeout = 5000, maxRequests = 8, allow = isPublicHttp }: FetchLimits = {}) {
    this.maxBytes = maxBytes;
    this.timeout = timeout;
    this.allow = allow;
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
      const answer = await this.fetchOne(url, {
        method: 'POST',
        headers: { 'content-type': 'application/ocsp-request' },
        body: body.slice(),
      });
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  private async fetchAll(urls: readonly string[]): Promise<readonly Uint8Array[]> {
    const out: Uint8Array[] = [];
    for (const url of new Set(urls)) {
      const bytes = await this.fetchOne(url, {});
      if (bytes !== undefined) out.push(bytes);
    }
    return out;
  }

  private async fetchOne(address: string, request: RequestInit): Promise<Uint8Array | undefined> {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url?.protocol !== 'http:' || !this.allow(url) || this.requestsLeft <= 0) return undefined;
    this.requestsLeft--;
    try {
      // A redirection could lead where `allow` would not: it counts as a failure.
      const response = await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(this.timeout) });
      return response.ok && response.body !== null ? await this.bodyOf(response.body) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The body as long as it stays within the limit, whatever its headers say. */
  private async bodyOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return Buffer.concat(chunks);
      length += value.length;
      if (length > this.maxBytes) {
        await reader.cancel();
        return undefined;
      }
      chunks.push(value);
    }
  }
}

const addressesIn = ({ extensions }: Certificate, method: string): readonly string[] =>
  (extensions.authorityInfoAccess ?? []).flatMap((access) =>
    access.method === method && access.location.kind === 'uri' ? [access.location.value] : [],
  );

/** Certificates come from strangers: their addresses shall not reach into the network around us. */
function isPublicHttp({ hostname, port }: URL): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return port === '' && net.isIP(bare) === 0 && bare.includes('.') && !/\.(local|internal|localhost|home\.arpa|test)\.?$/.test(bare);
}
