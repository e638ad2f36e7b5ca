import { provider } from '#provider';
import { toHex } from '../bytes/bytes.ts';
import type { Certificate } from '../x509/certificate.ts';
import { checkOcspResponse } from '../x509/ocsp.ts';
import { type FetchLimits, StatusFetcher } from './fetch-status.ts';

/** What is known of one certificate. */
interface Entry {
  /** The last good response; it is stapled until it is out of date. */
  response: Uint8Array | undefined;
  /** Milliseconds since 1970: until when the response holds, and when it is worth asking again. */
  validUntil: number;
  askAfter: number;
  pending: Promise<void> | undefined;
}

/** A responder that gave nothing is asked again after a minute; one that gave something after half the life of its answer, at most after half a day. */
const RETRY_AFTER = 60_000;
const MOST_BETWEEN = 12 * 3_600_000;

/**
 * Keeps OCSP responses about a server's own certificates, for stapling. Only the first handshake waits for a response, and no longer than
 * the time limit; afterwards the next one is fetched while the last one is still good. Only verified responses that say "good" are kept.
 */
export class Stapler {
  private readonly entries: Map<string, Entry> = new Map();
  private readonly limits: FetchLimits;
  private readonly now: () => number;

  constructor(limits: FetchLimits, now: () => number) {
    this.limits = limits;
    this.now = now;
  }

  /** Responses for a chain by place: one for each certificate whose issuer follows it. */
  async responsesFor(chain: readonly Certificate[]): Promise<readonly (Uint8Array | undefined)[]> {
    return await Promise.all(chain.slice(0, -1).map((certificate, i) => this.responseFor(certificate, chain[i + 1] as Certificate)));
  }

  private async responseFor(certificate: Certificate, issuer: Certificate): Promise<Uint8Array | undefined> {
    const name = toHex(certificate.fingerprint(provider));
    const entry = this.entries.get(name) ?? { response: undefined, validUntil: 0, askAfter: 0, pending: undefined };
    this.entries.set(name, entry);
    const first = entry.askAfter === 0;
    if (this.now() >= entry.askAfter) {
      entry.pending ??= this.refresh(entry, certificate, issuer).finally(() => {
        entry.pending = undefined;
      });
    }
    if (first) await entry.pending;
    return this.now() < entry.validUntil ? entry.response : undefined;
  }

  private async refresh(entry: Entry, certificate: Certificate, issuer: Certificate): Promise<void> {
    const fetched = await new StatusFetcher(this.limits).ocspOf(certificate, issuer);
    const now = this.now();
    entry.askAfter = now + RETRY_AFTER;
    if (fetched === undefined) return;
    const { status, response } = await checkOcspResponse(fetched, { provider, certificate, issuer, now: Math.floor(now / 1000) });
    if (status !== 'good' || response?.nextUpdate === undefined) return;
    entry.response = fetched;
    entry.validUntil = response.nextUpdate * 1000;
    entry.askAfter = now + Math.min(MOST_BETWEEN, Math.max(RETRY_AFTER, (entry.validUntil - now) / 2));
  }
}
