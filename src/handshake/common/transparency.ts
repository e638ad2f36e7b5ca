/** Certificate transparency as a client judges it (RFC 6962, 3.3; SSL_CTX_set_ct_validation_callback(3)). */
import { unlessMalformed } from '../../asn1/asn1-error.ts';
import { readDer, TAG } from '../../asn1/der-reader.ts';
import { fatal } from '../../registry/fatal.ts';
import { EXTENSION_OIDS } from '../../registry/oids.ts';
import { VERIFY } from '../../registry/options.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { DANE_USAGE } from '../../x509/dane.ts';
import { parseOcspResponse } from '../../x509/ocsp.ts';
import { type CheckedSct, embeddedScts, parseSctList, type Sct, type SctSource, verifyScts } from '../../x509/sct.ts';
import type { Connection } from '../connection.ts';
import { type Step, settle } from '../step.ts';
import { verifyMode } from './policy.ts';

/**
 * Judges the timestamps of a server's certificate. As in OpenSSL only a chain that was verified by public authorities is
 * looked at: whom a TLSA record vouches for needs no log (RFC 7671, 4.2).
 */
export function* checkTransparency(connection: Connection): Step<void> {
  const callback = connection.get('ctValidationCallback');
  const [leaf, issuer] = connection.verifiedChain;
  if (callback === undefined || connection.isServer || connection.verifyResult !== 'OK' || leaf === undefined || issuer === undefined)
    return;
  if (connection.daneMatch !== undefined && connection.daneMatch.record.usage >= DANE_USAGE.DANE_TA) return;
  const logs = connection.get('ctLogStore');
  const time = connection.owner.now();
  const scts = yield* collect(connection, leaf, issuer);
  connection.peerScts = scts;
  if (callback === 'permissive') return;
  const enough =
    callback === 'strict'
      ? scts.some(({ status }) => status === 'valid')
      : yield* settle(callback(connection.owner.handle, scts, { certificate: leaf, issuer, logs, time }), 'retry_verify');
  if (enough) return;
  connection.verifyResult = 'NO_VALID_SCTS';
  if ((verifyMode(connection) & VERIFY.PEER) !== 0) fatal('handshake_failure', callback === 'strict' ? 'NO_VALID_SCTS' : 'CALLBACK_FAILED');
}

/** The timestamps from all three places, in OpenSSL's order, verified. A list that is malformed counts as none. */
function* collect(connection: Connection, leaf: Certificate, issuer: Certificate): Step<readonly CheckedSct[]> {
  const { signedCertificateTimestamps: sent, ocspResponse, provider } = connection;
  const places: readonly (readonly [SctSource, readonly Sct[] | undefined])[] = [
    ['tls', sent && parseSctList(sent)],
    ['ocsp', ocspResponse && unlessMalformed(() => sctsOfResponse(ocspResponse))],
    ['certificate', embeddedScts(leaf)],
  ];
  const now = Math.floor(connection.owner.now() / 1000);
  const out: CheckedSct[] = [];
  for (const [source, scts = []] of places)
    out.push(...(yield* settle(verifyScts(scts, source, leaf, issuer, connection.get('ctLogStore'), provider, now))));
  return out;
}

/** RFC 6962, 3.3: an extension of the single response. Whose signature the response has does not matter: the log's is what counts. */
function sctsOfResponse(der: Uint8Array): readonly Sct[] {
  const extensions = parseOcspResponse(der).responses.flatMap((single) => single.extensions);
  const lists = extensions.filter(({ oid }) => oid === EXTENSION_OIDS.ocspSignedCertificateTimestamps);
  return lists.flatMap(({ value }) => parseSctList(readDer(value, (r) => r.contents(TAG.octetString))) ?? []);
}
