/** TLSA records from a command line, and what is said of the one that matched. */
import type { Writable } from 'node:stream';
import { fromHex, toHex } from '../bytes/bytes.ts';
import type { Connection } from '../handshake/connection.ts';
import { SslUsageError } from '../registry/fatal.ts';
import type { Ssl } from '../ssl/ssl.ts';
import { DANE_FLAG_NO_DANE_EE_NAMECHECKS, DANE_USAGE, DaneRecords, type TlsaRecord } from '../x509/dane.ts';
import { type Arguments, type OptionGroup, usage } from './arguments.ts';

export const DANE_OPTIONS: OptionGroup = {
  title: 'DANE options',
  options: [
    { name: 'dane_tlsa_domain', value: 'val', help: 'DANE TLSA base domain' },
    { name: 'dane_tlsa_rrdata', value: 'val', help: 'DANE TLSA record: "usage selector type hexadecimal"; may be repeated' },
    { name: 'dane_ee_no_namechecks', help: 'No name checks where a DANE-EE record matched' },
  ],
};

/** The base domain and the records of a command line; whoever writes them vouches for DNSSEC. */
export interface DaneWords {
  readonly domain: string;
  readonly records: readonly TlsaRecord[];
  readonly flags: number;
}

/** Reads the options; undefined where DANE is not asked for. A record that cannot be used is said so. */
export function daneOf(args: Arguments, errors: Writable): DaneWords | undefined {
  const domain = args.text('dane_tlsa_domain');
  const texts = args.all('dane_tlsa_rrdata');
  if (domain === undefined) return texts.length > 0 ? usage('DANE TLSA authentication requires the -dane_tlsa_domain option') : undefined;
  if (texts.length === 0) usage('DANE TLSA authentication requires at least one -dane_tlsa_rrdata option');
  const usable = new DaneRecords();
  for (const text of texts) if (!addRecord(usable, text)) errors.write(`warning: unusable TLSA rrdata: ${text}\n`);
  if (!usable.enabled) usage('Failed to import any TLSA records');
  return { domain, records: usable.records, flags: args.has('dane_ee_no_namechecks') ? DANE_FLAG_NO_DANE_EE_NAMECHECKS : 0 };
}

export function useDane(ssl: Ssl, { domain, records, flags }: DaneWords): void {
  ssl.enableDane(domain).set('daneFlags', flags);
  for (const { usage: certificateUsage, selector, matchingType, data } of records)
    ssl.addTlsa(certificateUsage, selector, matchingType, data);
}

/** Of records that cannot be used others may make up for it (RFC 7671, 5.7). */
function addRecord(records: DaneRecords, text: string): boolean {
  const [, fields, hex = ''] = /^\s*(\d+\s+\d+\s+\d+)\s+([0-9a-fA-F\s]+)$/.exec(text) ?? [];
  const [certificateUsage = 256, selector = 256, type = 256] = fields?.split(/\s+/).map(Number) ?? [];
  const digits = hex.replace(/\s/g, '');
  if (digits.length === 0 || digits.length % 2 !== 0) return false;
  try {
    records.add(certificateUsage, selector, type, fromHex(digits));
    return true;
  } catch (error) {
    if (error instanceof SslUsageError) return false;
    throw error;
  }
}

const TAIL_BYTES = 12;

/** `DANE TLSA 3 1 1 …0123456789ab matched EE certificate at depth 0`. */
export function daneLines({ daneMatch }: Connection): readonly string[] {
  if (daneMatch === undefined) return [];
  const { record, depth, certificate } = daneMatch;
  const { usage: certificateUsage, selector, matchingType, data } = record;
  const tail = `${data.length > TAIL_BYTES ? '...' : ''}${toHex(data.subarray(-TAIL_BYTES))}`;
  const isKey = certificate === undefined && certificateUsage === DANE_USAGE.DANE_TA;
  const what = isKey ? 'signed the certificate' : depth === 0 ? 'matched EE certificate' : 'matched TA certificate';
  return [`DANE TLSA ${certificateUsage} ${selector} ${matchingType} ${tail} ${what} at depth ${depth}`];
}
