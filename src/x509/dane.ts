import { unlessMalformed } from '../asn1/asn1-error.ts';
import { copyOf, sameBytes } from '../bytes/bytes.ts';
import type { CryptoProvider, HashName, PublicKeySpec } from '../crypto/provider.ts';
import { refuse } from '../registry/fatal.ts';
import { parsePublicKey } from './algorithms.ts';
import { type Certificate, parseCertificate } from './certificate.ts';

/** Certificate usages (RFC 6698, 2.1.1; RFC 7218). */
export const DANE_USAGE = { PKIX_TA: 0, PKIX_EE: 1, DANE_TA: 2, DANE_EE: 3 } as const;

/** What of the certificate is matched (RFC 6698, 2.1.2). */
export const DANE_SELECTOR = { CERT: 0, SPKI: 1 } as const;

/** Matching type 0: the data itself, not a digest of it (RFC 6698, 2.1.3). */
const DANE_MATCHING_FULL = 0;

/** DANE_FLAG_NO_DANE_EE_NAMECHECKS: a DANE-EE(3) match needs no host name either, as RFC 7671, 5.1 has it. */
export const DANE_FLAG_NO_DANE_EE_NAMECHECKS = 1;

/** One TLSA record. */
export interface TlsaRecord {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  readonly data: Uint8Array;
}

/** The digests that matching types stand for, and their rank: of two the higher is used (RFC 7671, 9). */
export type DaneDigests = ReadonlyMap<number, { readonly hash: HashName; readonly rank: number }>;

export const USUAL_DANE_DIGESTS: DaneDigests = new Map([
  [1, { hash: 'sha256', rank: 1 }],
  [2, { hash: 'sha512', rank: 2 }],
]);

/**
 * The TLSA records a connection verifies its peer with. Whoever adds them vouches that DNSSEC did: records from an
 * insecure answer must not come here. Without any record, verification is the ordinary one.
 */
export class DaneRecords {
  /** Mask of `DANE_FLAG_*`. */
  flags = 0;
  private readonly digests: DaneDigests;
  private list: readonly TlsaRecord[] = [];
  private anchorKeys: readonly PublicKeySpec[] = [];
  private authorities: readonly Certificate[] = [];

  constructor(digests: DaneDigests = USUAL_DANE_DIGESTS) {
    this.digests = digests;
  }

  /** Records in the order they are matched: usage, selector and digest, each from the highest down. */
  get records(): readonly TlsaRecord[] {
    return this.list;
  }

  /** Adds a record. Refuses one that is not usable, for which other records of the set may make up (RFC 7671, 5.7 and 9). */
  add(usage: number, selector: number, matchingType: number, data: Uint8Array): void {
    if (usage < 0 || usage > 3) refuse('DANE_TLSA_BAD_CERTIFICATE_USAGE', String(usage));
    if (selector !== DANE_SELECTOR.CERT && selector !== DANE_SELECTOR.SPKI) refuse('DANE_TLSA_BAD_SELECTOR', String(selector));
    if (data.length === 0) refuse('DANE_TLSA_NULL_DATA');
    const digest = this.digests.get(matchingType);
    if (matchingType === DANE_MATCHING_FULL) this.addFull(usage, selector, data);
    else if (digest === undefined) refuse('DANE_TLSA_BAD_MATCHING_TYPE', String(matchingType));
    else if (data.length !== DIGEST_LENGTHS[digest.hash]) refuse('DANE_TLSA_BAD_DIGEST_LENGTH', String(data.length));
    const record = { usage, selector, matchingType, data: copyOf(data) };
    this.list = [...this.list, record].sort((a, b) => b.usage - a.usage || b.selector - a.selector || this.rank(b) - this.rank(a));
  }

  get enabled(): boolean {
    return this.list.length > 0;
  }

  /** Whether some record relies on the ordinary trust store as well. */
  get usesPkix(): boolean {
    return this.list.some(({ usage }) => usage <= DANE_USAGE.PKIX_EE);
  }

  /** Whether some record is about an authority, whether it is trusted anyway or not. */
  get namesAuthorities(): boolean {
    return this.list.some(({ usage }) => usage === DANE_USAGE.PKIX_TA || usage === DANE_USAGE.DANE_TA);
  }

  /** Keys that are trust anchors without a certificate: `2 1 0` records (RFC 7671, 5.2.2). */
  get keys(): readonly PublicKeySpec[] {
    return this.anchorKeys;
  }

  /** Authorities that the peer need not send: `2 0 0` records, which are trusted, and `0 0 0` records, which are not thereby. */
  get certificates(): readonly Certificate[] {
    return this.authorities;
  }

  /** The record of one of these usages that a certificate matches, or undefined. */
  match(certificate: Certificate, usages: readonly number[], provider: CryptoProvider): TlsaRecord | undefined {
    for (const usage of usages) {
      for (const selector of [DANE_SELECTOR.SPKI, DANE_SELECTOR.CERT]) {
        const record = this.matchSelected(usage, selector, certificate, provider);
        if (record !== undefined) return record;
      }
    }
    return undefined;
  }

  /** The `2 1 0` record of a key. */
  recordOfKey(key: PublicKeySpec): TlsaRecord | undefined {
    return this.list.filter(isKeyAnchor)[this.anchorKeys.indexOf(key)];
  }

  /** Whether a raw public key is one the records name: DANE-EE(3) SPKI(1), the only usage without a certificate (RFC 7250, 4.2.2). */
  matchRawKey(spki: Uint8Array, provider: CryptoProvider): TlsaRecord | undefined {
    return this.matchData(DANE_USAGE.DANE_EE, DANE_SELECTOR.SPKI, spki, provider);
  }

  /** An independent copy, for SSL_dup. */
  clone(): DaneRecords {
    const copy = new DaneRecords(this.digests);
    copy.flags = this.flags;
    copy.list = this.list;
    copy.anchorKeys = this.anchorKeys;
    copy.authorities = this.authorities;
    return copy;
  }

  private matchSelected(usage: number, selector: number, certificate: Certificate, provider: CryptoProvider): TlsaRecord | undefined {
    return this.matchData(usage, selector, selector === DANE_SELECTOR.CERT ? certificate.der : certificate.spki, provider);
  }

  /** Digest agility (RFC 7671, 9): of the digests for one usage and selector only the strongest counts; full data always does. */
  private matchData(usage: number, selector: number, data: Uint8Array, provider: CryptoProvider): TlsaRecord | undefined {
    const records = this.list.filter((record) => record.usage === usage && record.selector === selector);
    const strongest = Math.max(0, ...records.map((record) => this.rank(record)));
    return records.find((record) => {
      if (record.matchingType === DANE_MATCHING_FULL) return sameBytes(record.data, data);
      const digest = this.digests.get(record.matchingType);
      return digest !== undefined && digest.rank === strongest && sameBytes(record.data, provider.digest(digest.hash, data));
    });
  }

  private addFull(usage: number, selector: number, data: Uint8Array): void {
    if (selector === DANE_SELECTOR.CERT) {
      const certificate = unlessMalformed(() => parseCertificate(copyOf(data))) ?? refuse('DANE_TLSA_BAD_CERTIFICATE');
      if (certificate.publicKey === undefined) refuse('DANE_TLSA_BAD_CERTIFICATE', 'its key cannot be used');
      const ofAuthority = usage === DANE_USAGE.PKIX_TA || usage === DANE_USAGE.DANE_TA;
      if (ofAuthority) this.authorities = [...this.authorities, certificate];
      return;
    }
    const key = parsePublicKey(copyOf(data)) ?? refuse('DANE_TLSA_BAD_PUBLIC_KEY');
    if (usage === DANE_USAGE.DANE_TA) this.anchorKeys = [...this.anchorKeys, key];
  }

  private rank({ matchingType }: TlsaRecord): number {
    return this.digests.get(matchingType)?.rank ?? 0;
  }
}

const DIGEST_LENGTHS: Readonly<Record<HashName, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  'md5-sha1': 36,
};

const isKeyAnchor = ({ usage, selector, matchingType }: TlsaRecord): boolean =>
  usage === DANE_USAGE.DANE_TA && selector === DANE_SELECTOR.SPKI && matchingType === DANE_MATCHING_FULL;
