import { contextConstructed } from '../../src/asn1/der-reader.ts';
import { bitString, boolean, element, explicit, integer, octetString, oid, sequence } from '../../src/asn1/der-writer.ts';
import { generalizedTimeElement, timeElement } from '../../src/asn1/time.ts';
import { nodeProvider } from '../../src/crypto/node.ts';
import { EXTENSION_OIDS, HASH_OIDS, OCSP_BASIC } from '../../src/registry/oids.ts';
import { signatureAlgorithmElement } from '../../src/x509/algorithms.ts';
import type { Certificate } from '../../src/x509/certificate.ts';
import { type Crl, parseCrl } from '../../src/x509/crl.ts';
import { usualAlgorithm } from '../../src/x509/issue.ts';
import { type Entity, NOW } from './authorities.ts';

const DAY = 86_400;

export interface CrlExtension {
  readonly oid: string;
  readonly critical?: boolean;
  readonly value: Uint8Array;
}

export interface CrlOptions {
  readonly revoked?: readonly { readonly serial: Uint8Array; readonly extensions?: readonly CrlExtension[] }[];
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | undefined;
  readonly number?: number;
  readonly extensions?: readonly CrlExtension[];
}

const extensionElement = ({ oid: id, critical, value }: CrlExtension): Uint8Array =>
  sequence(oid(id), critical === true ? boolean(true) : undefined, octetString(value));

const signed = (issuer: Entity, tbs: Uint8Array, ...rest: readonly Uint8Array[]): Uint8Array => {
  const algorithm = usualAlgorithm(issuer.key.publicKey);
  const signature = issuer.key.sign(algorithm, tbs);
  if (signature instanceof Promise) throw new TypeError('the provider of the tests is synchronous');
  return sequence(tbs, signatureAlgorithmElement(algorithm), bitString(signature), ...rest);
};

/** A CRL of an authority, in force at `NOW`. */
export function makeCrl(issuer: Entity, options: CrlOptions = {}): Crl {
  const { revoked = [], thisUpdate = NOW - DAY, number = 1, extensions = [] } = options;
  const nextUpdate = 'nextUpdate' in options ? options.nextUpdate : NOW + DAY;
  const all: CrlExtension[] = [{ oid: EXTENSION_OIDS.cRLNumber, value: integer(number) }, ...extensions];
  const entries = revoked.map(({ serial, extensions: own }) =>
    sequence(integer(serial), timeElement(NOW - DAY), own === undefined ? undefined : sequence(...own.map(extensionElement))),
  );
  const tbs = sequence(
    integer(1),
    signatureAlgorithmElement(usualAlgorithm(issuer.key.publicKey)),
    issuer.certificate.subject.raw,
    timeElement(thisUpdate),
    nextUpdate === undefined ? undefined : timeElement(nextUpdate),
    entries.length === 0 ? undefined : sequence(...entries),
    explicit(0, sequence(...all.map(extensionElement))),
  );
  return parseCrl(signed(issuer, tbs));
}

export interface OcspOptions {
  readonly status?: 'good' | 'revoked' | 'unknown';
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | undefined;
  /** Who signs; by default the issuer. */
  readonly responder?: Entity;
  readonly certificates?: readonly Certificate[];
  readonly hash?: 'sha1' | 'sha256';
  readonly nonce?: Uint8Array;
  readonly byName?: boolean;
  readonly singleExtensions?: readonly CrlExtension[];
  readonly responseExtensions?: readonly CrlExtension[];
}

/** An OCSP response about certificates of one issuer; the options hold for the first, the others are good. */
export function makeOcsp(issuer: Entity, about: readonly Certificate[], options: OcspOptions = {}): Uint8Array {
  const { responder = issuer, hash = 'sha1', thisUpdate = NOW - DAY, certificates = [], byName = false } = options;
  const nextUpdate = 'nextUpdate' in options ? options.nextUpdate : NOW + DAY;
  const digest = (bytes: Uint8Array): Uint8Array => octetString(nodeProvider.digest(hash, bytes));
  const single = (certificate: Certificate, i: number): Uint8Array =>
    sequence(
      sequence(
        sequence(oid(HASH_OIDS[hash])),
        digest(issuer.certificate.subject.raw),
        digest(issuer.certificate.publicKeyBytes),
        integer(certificate.serialNumber),
      ),
      statusElement(i === 0 ? (options.status ?? 'good') : 'good'),
      generalizedTimeElement(thisUpdate),
      nextUpdate === undefined ? undefined : explicit(0, generalizedTimeElement(nextUpdate)),
      options.singleExtensions === undefined ? undefined : explicit(1, sequence(...options.singleExtensions.map(extensionElement))),
    );
  const nonce = options.nonce && { oid: EXTENSION_OIDS.ocspNonce, value: octetString(options.nonce) };
  const extensions = [...(nonce ? [nonce] : []), ...(options.responseExtensions ?? [])];
  const data = sequence(
    byName
      ? explicit(1, responder.certificate.subject.raw)
      : explicit(2, octetString(nodeProvider.digest('sha1', responder.certificate.publicKeyBytes))),
    generalizedTimeElement(thisUpdate),
    sequence(...about.map(single)),
    extensions.length === 0 ? undefined : explicit(1, sequence(...extensions.map(extensionElement))),
  );
  const basic = signed(
    responder,
    data,
    ...(certificates.length === 0 ? [] : [explicit(0, sequence(...certificates.map(({ der }) => der)))]),
  );
  return sequence(element(0x0a, Uint8Array.of(0)), explicit(0, sequence(oid(OCSP_BASIC), octetString(basic))));
}

function statusElement(status: 'good' | 'revoked' | 'unknown'): Uint8Array {
  if (status === 'revoked') return element(contextConstructed(1), generalizedTimeElement(NOW - DAY));
  return element(status === 'good' ? 0x80 : 0x82);
}
