/** The option `fetchStatus`: what certificates point at is fetched during handshakes, within limits. */
import type { SslContext } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';
import type { Certificate } from '../x509/certificate.ts';
import { type FetchLimits, StatusFetcher } from './fetch-status.ts';
import { Stapler } from './stapler.ts';

/** What is fetched; all of it where the option is `true`. The limits count for each connection, and for each refresh of a staple. */
export interface FetchStatusOptions extends FetchLimits {
  /** Missing issuers of the peer's certificates, by authorityInfoAccess. */
  readonly issuers?: boolean | undefined;
  /** CRLs, where certificates are looked for in them and none in force was given. */
  readonly crls?: boolean | undefined;
  /** OCSP responses about certificates of the peer that none was stapled for. */
  readonly ocsp?: boolean | undefined;
  /** Server: OCSP responses about its own certificates, to staple. */
  readonly staple?: boolean | undefined;
}

/** Sets the look-ups of a context; those that somebody set before stay. */
export function installFetching(context: SslContext, option: boolean | FetchStatusOptions): void {
  if (option === false) return;
  const { issuers = true, crls = true, ocsp = true, staple = true, ...limits } = option === true ? {} : option;
  const fetchers = new WeakMap<Ssl, StatusFetcher>();
  const fetcherOf = (ssl: Ssl): StatusFetcher => {
    const fetcher = fetchers.get(ssl) ?? new StatusFetcher(limits);
    fetchers.set(ssl, fetcher);
    return fetcher;
  };
  if (issuers) context.set('issuerLookup', context.get('issuerLookup') ?? ((ssl, certificate) => fetcherOf(ssl).issuersOf(certificate)));
  if (crls) context.set('crlLookup', context.get('crlLookup') ?? ((ssl, certificate) => fetcherOf(ssl).crlsOf(certificate)));
  if (ocsp)
    context.set('ocspLookup', context.get('ocspLookup') ?? ((ssl, certificate, issuer) => fetcherOf(ssl).ocspOf(certificate, issuer)));
  if (staple && context.get('statusCallback') === undefined) installStapling(context, limits);
}

/** A client that has this context judges nothing by it. */
function installStapling(context: SslContext, limits: FetchLimits): void {
  const stapler = new Stapler(limits, () => context.now());
  context.set('statusCallback', (ssl) => {
    if (!ssl.isServer) return true;
    const chain = ssl.connection?.ownCredential?.chain ?? [];
    return stapler.responsesFor([...chain, ...issuerInStore(context, chain)]);
  });
}

/** The issuer of the last certificate of a chain, where the server trusts it and does not send it. */
function issuerInStore(context: SslContext, chain: readonly Certificate[]): readonly Certificate[] {
  const top = chain[chain.length - 1];
  return top === undefined || top.selfIssued ? [] : context.get('certStore').withSubject(top.issuer).slice(0, 1);
}
