import { malformed, unlessMalformed } from '../asn1/asn1-error.ts';
import { contextConstructed, DerReader, TAG } from '../asn1/der-reader.ts';
import { element, explicit, sequence } from '../asn1/der-writer.ts';
import { latin1 } from '../bytes/bytes.ts';
import { readAll } from '../bytes/reader.ts';
import { build } from '../bytes/writer.ts';
import type { Awaitable, CryptoProvider, PublicKeySpec, SignatureAlgorithm } from '../crypto/provider.ts';
import { TlsFatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import { importPublicKey } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import { type Flow, runFlow, settle } from './flow.ts';

/** A SignedCertificateTimestamp (RFC 6962, 3.2). */
export interface Sct {
  /** 0 for the only version there is; others are kept and count as unknown. */
  readonly version: number;
  /** SHA-256 of the log's key. */
  readonly logId: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly extensions: Uint8Array;
  readonly hashAlgorithm: number;
  readonly signatureAlgorithm: number;
  readonly signature: Uint8Array;
}

/** Where an SCT came from (RFC 6962, 3.3): only one in the certificate signs the precertificate. */
export type SctSource = 'certificate' | 'tls' | 'ocsp';

/** A transparency log as a log list names it. */
export interface CtLog {
  readonly name: string;
  readonly publicKey: PublicKeySpec;
  /** SHA-256 of its SubjectPublicKeyInfo. */
  readonly logId: Uint8Array;
}

export type SctStatus = 'valid' | 'invalid' | 'unknown-log' | 'unknown-version' | 'unverified';

export interface CheckedSct {
  readonly sct: Sct;
  readonly source: SctSource;
  readonly status: SctStatus;
  readonly log: CtLog | undefined;
}

/** Reads a SignedCertificateTimestampList; undefined where it is malformed. An SCT of another version has only its version. */
export function parseSctList(bytes: Uint8Array): readonly Sct[] | undefined {
  try {
    return readAll(bytes, (r) => r.list16((x) => parseSct(x.vec16(1)), 1));
  } catch (error) {
    if (error instanceof TlsFatal) return undefined;
    throw error;
  }
}

/** SCTs inside a certificate; undefined where the extension is malformed, empty where there is none. */
export function embeddedScts(certificate: Certificate): readonly Sct[] | undefined {
  const list = certificate.extensions.signedCertificateTimestamps;
  return list === undefined ? [] : parseSctList(list);
}

/**
 * Verifies SCTs of a certificate against known logs (RFC 6962, 3.2). `issuer` is needed for those inside the certificate.
 * `now` is in seconds since 1970: a timestamp in the future is invalid. Answers at once where the provider does.
 */
export function verifyScts(
  scts: readonly Sct[],
  source: SctSource,
  certificate: Certificate,
  issuer: Certificate | undefined,
  logs: readonly CtLog[],
  provider: CryptoProvider,
  now: number,
): Awaitable<CheckedSct[]> {
  return runFlow(verifyAll(scts, source, certificate, issuer, logs, provider, now));
}

function* verifyAll(
  scts: readonly Sct[],
  source: SctSource,
  certificate: Certificate,
  issuer: Certificate | undefined,
  logs: readonly CtLog[],
  provider: CryptoProvider,
  now: number,
): Flow<CheckedSct[]> {
  const byId = new Map(logs.map((log) => [latin1(log.logId), log]));
  const entry = source === 'certificate' ? precertificateEntry(certificate, issuer, provider) : certificateEntry(certificate);
  const checked: CheckedSct[] = [];
  // RFC 6962 names no bound; nobody has use for more than a handful.
  for (const sct of scts.slice(0, MAX_SCTS)) {
    const log = byId.get(latin1(sct.logId));
    checked.push({ sct, source, log, status: yield* statusOf(sct, log, entry, provider, now) });
  }
  return checked;
}

function* statusOf(
  sct: Sct,
  log: CtLog | undefined,
  entry: Uint8Array | undefined,
  provider: CryptoProvider,
  now: number,
): Flow<SctStatus> {
  if (sct.version !== 0) return 'unknown-version';
  if (log === undefined) return 'unknown-log';
  if (entry === undefined) return 'unverified';
  const algorithm = ALGORITHMS.get(sct.hashAlgorithm * 256 + sct.signatureAlgorithm);
  const key = importPublicKey(provider, log.publicKey);
  if (algorithm === undefined || key === undefined || sct.timestamp > now * 1000) return 'invalid';
  return (yield* settle(key.verify(algorithm, signedData(sct, entry), sct.signature))) ? 'valid' : 'invalid';
}

/** The bytes a log signs: `digitally-signed` of RFC 6962, 3.2. */
function signedData(sct: Sct, entry: Uint8Array): Uint8Array {
  const high = Math.floor(sct.timestamp / 2 ** 32);
  return build((w) =>
    w
      .u8(0)
      .u8(0)
      .u32(high)
      .u32(sct.timestamp % 2 ** 32)
      .bytes(entry)
      .vec16(sct.extensions),
  );
}

const MAX_SCTS: number = LIMITS.certificateTimestamps.value;

/** RFC 6962, 2.1.4: SHA-256 with ECDSA on P-256, or RSA. */
const ALGORITHMS: ReadonlyMap<number, SignatureAlgorithm> = new Map<number, SignatureAlgorithm>([
  [0x0403, { kind: 'ecdsa', hash: 'sha256' }],
  [0x0401, { kind: 'rsa-pkcs1', hash: 'sha256' }],
]);

const X509_ENTRY = 0;
const PRECERT_ENTRY = 1;

const certificateEntry = ({ der }: Certificate): Uint8Array => build((w) => w.u16(X509_ENTRY).vec24(der));

/** The precertificate a log saw: without the list itself, under the hash of the issuer's key. */
function precertificateEntry(certificate: Certificate, issuer: Certificate | undefined, provider: CryptoProvider): Uint8Array | undefined {
  const tbs = issuer && unlessMalformed(() => withoutSctList(certificate));
  return tbs && build((w) => w.u16(PRECERT_ENTRY).bytes(provider.digest('sha256', issuer.spki)).vec24(tbs));
}

function withoutSctList(certificate: Certificate): Uint8Array {
  const r = new DerReader(certificate.tbs).enter(TAG.sequence);
  const parts: Uint8Array[] = [];
  while (!r.empty && r.tag !== contextConstructed(3)) parts.push(r.element());
  const extensions = r.inside(contextConstructed(3), (x) => x.list(TAG.sequence, (y) => y.element(TAG.sequence)));
  const kept = extensions.filter(
    (extension) => new DerReader(extension).enter(TAG.sequence).oid() !== EXTENSION_OIDS.signedCertificateTimestamps,
  );
  if (kept.length !== extensions.length - 1) malformed('not exactly one list of timestamps');
  return sequence(...parts, ...(kept.length > 0 ? [explicit(3, element(TAG.sequence, ...kept))] : []));
}

function parseSct(bytes: Uint8Array): Sct {
  const version = bytes[0] ?? 255;
  if (version !== 0)
    return {
      version,
      logId: bytes.subarray(0, 0),
      timestamp: 0,
      extensions: bytes,
      hashAlgorithm: 0,
      signatureAlgorithm: 0,
      signature: bytes,
    };
  return readAll(bytes, (r) => ({
    version: r.u8(),
    logId: r.bytes(32),
    timestamp: r.u32() * 2 ** 32 + r.u32(),
    extensions: r.vec16(),
    hashAlgorithm: r.u8(),
    signatureAlgorithm: r.u8(),
    signature: r.vec16(),
  }));
}
