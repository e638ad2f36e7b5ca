import { malformed, unlessMalformed } from '../asn1/asn1-error.ts';
import { context, contextConstructed, DerReader, readDer, TAG } from '../asn1/der-reader.ts';
import { explicit, integer, nullValue, octetString, oid, sequence } from '../asn1/der-writer.ts';
import { readGeneralizedTime } from '../asn1/time.ts';
import { sameBytes } from '../bytes/bytes.ts';
import type { Awaitable, CryptoProvider, HashName } from '../crypto/provider.ts';
import { EXTENSION_OIDS, HASH_OIDS, namesByOid, OCSP_BASIC, PURPOSE_OIDS } from '../registry/oids.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithms.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { isAuthority } from './check-certificate.ts';
import { type Extension, KEY_USAGE, readExtensions } from './extensions.ts';
import { type Flow, runFlow, settle } from './flow.ts';
import { type Name, readName } from './name.ts';
import { X509Store } from './store.ts';
import { keyMeetsLevel, signatureMeetsLevel } from './strength.ts';
import { Verification } from './verification.ts';
import { X509VerifyParam } from './verify-params.ts';

/** CertID (RFC 6960, 4.1.1): whose status is told, by hashes of the issuer's name and key. */
export interface CertId {
  readonly hash: HashName;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  readonly serialNumber: Uint8Array;
}

export interface SingleResponse {
  /** Undefined where its hash is not known: such an entry is about no certificate of ours. */
  readonly certId: CertId | undefined;
  readonly status: 'good' | 'revoked' | 'unknown';
  /** Seconds since 1970, for a revoked certificate. */
  readonly revocationTime: number | undefined;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly extensions: readonly Extension[];
}

/** A BasicOCSPResponse (RFC 6960, 4.2.1), parsed and not verified. */
export interface OcspResponse {
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly responderName: Name | undefined;
  readonly responderKeyHash: Uint8Array | undefined;
  readonly producedAt: number;
  readonly responses: readonly SingleResponse[];
  readonly extensions: readonly Extension[];
  readonly certificates: readonly Certificate[];
}

export interface OcspVerdict {
  /** `invalid`: the response proves nothing. */
  readonly status: 'good' | 'revoked' | 'unknown' | 'invalid';
  /** Why it is invalid, in words for a log. */
  readonly reason: string;
  readonly response: SingleResponse | undefined;
}

export interface OcspCheck {
  readonly provider: CryptoProvider;
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  /** Seconds since 1970. */
  readonly now: number;
  readonly securityLevel?: number;
  /** The nonce that was sent, if one was: a response must then return it. */
  readonly nonce?: Uint8Array;
}

/** Seconds by which a responder's clock may be ahead or behind, as OpenSSL's tools allow. */
export const OCSP_CLOCK_SKEW = 300;

/** Checks an OCSP response about one certificate (RFC 6960, 3.2). Answers at once where the provider does; never throws. */
export function checkOcspResponse(der: Uint8Array, check: OcspCheck): Awaitable<OcspVerdict> {
  const { provider, certificate, now, securityLevel } = check;
  const request = {
    provider,
    chain: [certificate],
    store: new X509Store(),
    params: new X509VerifyParam(),
    purpose: 'any',
    now,
    securityLevel,
  } as const;
  return runFlow(verifyOcspResponse(new Verification(request, certificate), der, certificate, check.issuer, check.nonce));
}

/** The same within a verification, at its time, level and budget. */
export function* verifyOcspResponse(
  v: Verification,
  der: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  nonce?: Uint8Array,
): Flow<OcspVerdict> {
  const response = unlessMalformed(() => parseOcspResponse(der));
  if (response === undefined) return invalid('not a successful basic response');
  if (response.extensions.some(({ critical, oid: id }) => critical && id !== EXTENSION_OIDS.ocspNonce))
    return invalid('an unknown critical extension');
  if (nonce !== undefined && !hasNonce(response, nonce)) return invalid('not the nonce that was sent');
  const single = response.responses.find(({ certId }) => certId !== undefined && isAbout(certId, certificate, issuer, v.provider));
  if (single === undefined) return invalid('nothing about this certificate');
  if (single.extensions.some(({ critical }) => critical)) return invalid('an unknown critical extension');
  const stale = staleness(single, v.time);
  if (stale !== undefined) return invalid(stale);
  const responder = yield* findResponder(v, response, issuer);
  if (responder === undefined) return invalid('no authorised responder');
  if (!signatureMeetsLevel(response.signatureAlgorithm, v.securityLevel)) return invalid('a weak signature');
  if (!(yield* settle(v.isSignedBy(response, responder)))) return invalid('a wrong signature');
  return { status: single.status, reason: '', response: single };
}

/** Parses an OCSPResponse; throws `Asn1Error`, also where the responder reports an error of its own. */
export function parseOcspResponse(der: Uint8Array): OcspResponse {
  return readDer(der, (outer) =>
    outer.inside(TAG.sequence, (r) => {
      const status = r.small(TAG.enumerated);
      if (status !== 0) malformed(`the responder reports status ${status}`);
      return r.inside(contextConstructed(0), (x) =>
        x.inside(TAG.sequence, (y) => {
          if (y.oid() !== OCSP_BASIC) malformed('not a basic response');
          return readDer(y.contents(TAG.octetString), readBasic);
        }),
      );
    }),
  );
}

/** An OCSPRequest for one certificate, with SHA-1 identifiers as responders expect them (RFC 5019), and a nonce if wanted. */
export function ocspRequest(certificate: Certificate, issuer: Certificate, provider: CryptoProvider, nonce?: Uint8Array): Uint8Array {
  const certId = sequence(
    sequence(oid(HASH_OIDS.sha1), nullValue()),
    octetString(provider.digest('sha1', issuer.subject.raw)),
    octetString(provider.digest('sha1', issuer.publicKeyBytes)),
    integer(certificate.serialNumber),
  );
  const extensions = nonce && explicit(2, sequence(sequence(oid(EXTENSION_OIDS.ocspNonce), octetString(octetString(nonce)))));
  return sequence(sequence(sequence(sequence(certId)), extensions));
}

const HASHES = namesByOid(HASH_OIDS);

const invalid = (reason: string): OcspVerdict => ({ status: 'invalid', reason, response: undefined });

/** RFC 6960, 3.2 (1): the response is about the certificate in question, not merely about its serial number. */
function isAbout(id: CertId, certificate: Certificate, issuer: Certificate, provider: CryptoProvider): boolean {
  return (
    sameBytes(id.serialNumber, certificate.serialNumber) &&
    sameBytes(id.issuerNameHash, provider.digest(id.hash, issuer.subject.raw)) &&
    sameBytes(id.issuerKeyHash, provider.digest(id.hash, issuer.publicKeyBytes))
  );
}

/** RFC 6960, 3.2 (5), (6): told in the past, and not yet superseded. Without nextUpdate newer information is always at hand. */
function staleness({ thisUpdate, nextUpdate }: SingleResponse, time: number | undefined): string | undefined {
  if (nextUpdate !== undefined && nextUpdate < thisUpdate) return 'next update before this update';
  if (time === undefined) return undefined;
  if (thisUpdate > time + OCSP_CLOCK_SKEW) return 'not yet valid';
  return nextUpdate === undefined || nextUpdate < time - OCSP_CLOCK_SKEW ? 'out of date' : undefined;
}

function hasNonce(response: OcspResponse, nonce: Uint8Array): boolean {
  const extension = response.extensions.find(({ oid: id }) => id === EXTENSION_OIDS.ocspNonce);
  const value = extension && unlessMalformed(() => readDer(extension.value, (r) => r.contents(TAG.octetString)));
  return value !== undefined && sameBytes(value, nonce);
}

/** RFC 6960, 4.2.2.2: the issuer itself, or one to whom the issuer, directly, delegated it. */
function* findResponder(v: Verification, response: OcspResponse, issuer: Certificate): Flow<Certificate | undefined> {
  if (isResponder(issuer, response, v.provider)) return issuer;
  for (const candidate of response.certificates) {
    if (isResponder(candidate, response, v.provider) && (yield* isDelegate(v, candidate, issuer))) return candidate;
  }
  return undefined;
}

function isResponder(candidate: Certificate, { responderName, responderKeyHash }: OcspResponse, provider: CryptoProvider): boolean {
  if (responderName !== undefined) return candidate.subject.matches(responderName);
  return responderKeyHash !== undefined && sameBytes(responderKeyHash, provider.digest('sha1', candidate.publicKeyBytes));
}

function* isDelegate(v: Verification, candidate: Certificate, issuer: Certificate): Flow<boolean> {
  const { extKeyUsage, keyUsage } = candidate.extensions;
  const current = v.time === undefined || (candidate.notBefore <= v.time && v.time <= candidate.notAfter);
  const mayAnswer =
    extKeyUsage?.includes(PURPOSE_OIDS.ocspSigning) === true && (keyUsage === undefined || (keyUsage & KEY_USAGE.digitalSignature) !== 0);
  const sound = candidate.malformedExtensions.length === 0 && current && mayAnswer && candidate.issuer.matches(issuer.subject);
  const strong = keyMeetsLevel(candidate.publicKey, v.securityLevel) && signatureMeetsLevel(candidate.signatureAlgorithm, v.securityLevel);
  return sound && strong && isAuthority(issuer) !== 'no' && (yield* settle(v.isSignedBy(candidate, issuer)));
}

function readBasic(outer: DerReader): OcspResponse {
  return outer.inside(TAG.sequence, (r) => {
    const tbs = r.element(TAG.sequence);
    const signatureAlgorithm = readAlgorithm(r);
    const signature = r.bytesInBits();
    const certificates =
      r.optional(contextConstructed(0), (x) =>
        x.inside(contextConstructed(0), (y) => y.list(TAG.sequence, (z) => parseCertificate(z.element(TAG.sequence)))),
      ) ?? [];
    return { tbs, signatureAlgorithm, signature, certificates, ...new DerReader(tbs).inside(TAG.sequence, readResponseData) };
  });
}

function readResponseData(r: DerReader): Omit<OcspResponse, 'tbs' | 'signatureAlgorithm' | 'signature' | 'certificates'> {
  if (r.tag === contextConstructed(0) && r.inside(contextConstructed(0), (x) => x.small()) !== 0) malformed('an unknown version');
  const responderName = r.optional(contextConstructed(1), (x) => x.inside(contextConstructed(1), readName));
  const responderKeyHash = responderName === undefined ? r.inside(contextConstructed(2), (x) => x.contents(TAG.octetString)) : undefined;
  const producedAt = readGeneralizedTime(r);
  const responses = r.list(TAG.sequence, readSingle);
  const extensions = r.optional(contextConstructed(1), (x) => x.inside(contextConstructed(1), readExtensions)) ?? [];
  return { responderName, responderKeyHash, producedAt, responses, extensions };
}

function readSingle(outer: DerReader): SingleResponse {
  return outer.inside(TAG.sequence, (r) => {
    const certId = r.inside(TAG.sequence, readCertId);
    const { status, revocationTime } = readStatus(r);
    const thisUpdate = readGeneralizedTime(r);
    const nextUpdate = r.optional(contextConstructed(0), (x) => x.inside(contextConstructed(0), readGeneralizedTime));
    const extensions = r.optional(contextConstructed(1), (x) => x.inside(contextConstructed(1), readExtensions)) ?? [];
    return { certId, status, revocationTime, thisUpdate, nextUpdate, extensions };
  });
}

function readCertId(r: DerReader): CertId | undefined {
  const hash = HASHES.get(readAlgorithm(r).oid);
  const issuerNameHash = r.contents(TAG.octetString);
  const issuerKeyHash = r.contents(TAG.octetString);
  const serialNumber = r.unsigned();
  return hash && { hash, issuerNameHash, issuerKeyHash, serialNumber };
}

function readStatus(r: DerReader): Pick<SingleResponse, 'status' | 'revocationTime'> {
  switch (r.tag) {
    case context(0):
      r.skip();
      return { status: 'good', revocationTime: undefined };
    case contextConstructed(1): {
      const inner = r.enter(contextConstructed(1));
      return { status: 'revoked', revocationTime: readGeneralizedTime(inner) };
    }
    case context(2):
      r.skip();
      return { status: 'unknown', revocationTime: undefined };
    default:
      return malformed('an unknown status');
  }
}
