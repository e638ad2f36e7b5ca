import { readAll } from '../bytes/reader.ts';
import { type Codec, type ExtensionDef, FLAG } from './extension.ts';

/** CertificateStatusType ocsp (RFC 6066, 8). */
const OCSP = 1;

export interface StatusRequest {
  readonly responderIds: readonly Uint8Array[];
  /** DER of the request's Extensions, or empty. */
  readonly requestExtensions: Uint8Array;
}

/** The request; a status type other than ocsp, which nobody specified, reads as undefined and is ignored. */
const request: Codec<StatusRequest | undefined> = {
  read: (r) => {
    if (r.u8() !== OCSP) {
      r.rest();
      return undefined;
    }
    return { responderIds: r.list16((x) => x.vec16(1)), requestExtensions: r.vec16() };
  },
  write: (w, value) => {
    if (value === undefined) return;
    w.u8(OCSP).vec16((list) => {
      for (const id of value.responderIds) list.vec16(id);
    });
    w.vec16(value.requestExtensions);
  },
};

/** The DER of an OCSP response, or undefined for a status type other than ocsp. */
const response: Codec<Uint8Array | undefined> = {
  read: (r) => {
    if (r.u8() === OCSP) return r.vec24(1);
    r.rest();
    return undefined;
  },
  write: (w, value) => {
    if (value !== undefined) w.u8(OCSP).vec24(value);
  },
};

/** status_request: OCSP stapling; in TLS 1.3 the response stands at each certificate (RFC 9846, 4.4.2.1). */
export const statusRequest: ExtensionDef<{ CH: StatusRequest | undefined; CT: Uint8Array | undefined; CR: true; SH12: true }> = {
  id: 5,
  name: 'status_request',
  spec: 'RFC 6066, 8',
  CH: request,
  CT: response,
  CR: FLAG, // RFC 9846, 4.4.2.1: empty in a CertificateRequest
  SH12: FLAG,
};

/** The list as it stands. RFC 6962, 3.3: neither it nor a timestamp in it is empty. */
const scts: Codec<Uint8Array> = {
  read: (r) => {
    const list = r.rest();
    readAll(list, (x) => x.list16((sct) => sct.vec16(1), 1));
    return list;
  },
  write: (w, list) => void w.bytes(list),
};

/** signed_certificate_timestamp: a SignedCertificateTimestampList at the certificate it speaks of (RFC 6962, 3.3.1). */
export const signedCertificateTimestamp: ExtensionDef<{ CH: true; CT: Uint8Array; CR: true; SH12: Uint8Array }> = {
  id: 18,
  name: 'signed_certificate_timestamp',
  spec: 'RFC 6962, 3.3.1',
  CH: FLAG,
  CT: scts,
  CR: FLAG,
  SH12: scts,
};
