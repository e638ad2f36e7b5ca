import type { Reader } from '../bytes/reader.ts';
import type { Writer } from '../bytes/writer.ts';
import { HANDSHAKE_TYPE } from '../registry/content-types.ts';
import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import { TLS1_2_VERSION } from '../registry/versions.ts';
import type { MessageDef } from './message.ts';

/** RFC 5246, 7.4.1.1. */
export const helloRequest: MessageDef<'HelloRequest', Record<never, never>> = {
  name: 'HelloRequest',
  type: HANDSHAKE_TYPE.helloRequest,
  limit: 0,
  read: () => ({}),
  write: () => {},
};

/** A chain in DER, leaf first (RFC 5246, 7.4.2). */
export const certificate12: MessageDef<'Certificate', readonly Uint8Array[]> = {
  name: 'Certificate',
  type: HANDSHAKE_TYPE.certificate,
  limit: LIMITS.certificateList.value,
  read: (r) => r.list24((x) => x.vec24(1)),
  write: (w, chain) => {
    w.vec24((list) => {
      for (const der of chain) list.vec24(der);
    });
  },
};

/** A SubjectPublicKeyInfo in place of a chain; a client that declines sends it empty (RFC 7250, 3). */
export const rawKey12: MessageDef<'Certificate', Uint8Array> = {
  name: 'Certificate',
  type: HANDSHAKE_TYPE.certificate,
  limit: LIMITS.certificateList.value,
  read: (r) => r.vec24(),
  write: (w, spki) => {
    w.vec24(spki);
  },
};

/** RFC 6066, 8: a status type and, for ocsp, the DER of the response. */
export const certificateStatus: MessageDef<'CertificateStatus', Uint8Array> = {
  name: 'CertificateStatus',
  type: HANDSHAKE_TYPE.certificateStatus,
  limit: LIMITS.certificateList.value,
  read: (r) => (r.u8() === OCSP ? r.vec24(1) : fatal('decode_error', 'UNSUPPORTED_STATUS_TYPE')),
  write: (w, response) => {
    w.u8(OCSP).vec24(response);
  },
};

const OCSP = 1;

/** Its syntax is the key exchange's (RFC 5246, 7.4.3). */
export const serverKeyExchange: MessageDef<'ServerKeyExchange', Uint8Array> = {
  name: 'ServerKeyExchange',
  type: HANDSHAKE_TYPE.serverKeyExchange,
  limit: LIMITS.keyExchange.value,
  read: (r) => r.rest(),
  write: (w, body) => {
    w.bytes(body);
  },
};

export interface CertificateRequest12 {
  /** ClientCertificateType values. */
  readonly certificateTypes: Uint8Array;
  /** Undefined before TLS 1.2. */
  readonly signatureSchemes: readonly number[] | undefined;
  /** DER names. */
  readonly authorities: readonly Uint8Array[];
}

/** RFC 5246, 7.4.4. */
export const certificateRequest12 = (version: number): MessageDef<'CertificateRequest', CertificateRequest12> => ({
  name: 'CertificateRequest',
  type: HANDSHAKE_TYPE.certificateRequest,
  limit: LIMITS.certificateRequest.value,
  read: (r) => ({
    certificateTypes: r.vec8(1),
    signatureSchemes: version >= TLS1_2_VERSION ? r.list16((x) => x.u16(), 1) : undefined,
    authorities: r.list16((x) => x.vec16(1)),
  }),
  write: (w, request) => {
    w.vec8(request.certificateTypes);
    const { signatureSchemes } = request;
    if (signatureSchemes !== undefined) {
      w.vec16((list) => {
        for (const id of signatureSchemes) list.u16(id);
      });
    }
    w.vec16((list) => {
      for (const name of request.authorities) list.vec16(name);
    });
  },
});

/** RFC 5246, 7.4.5. */
export const serverHelloDone: MessageDef<'ServerHelloDone', Record<never, never>> = {
  name: 'ServerHelloDone',
  type: HANDSHAKE_TYPE.serverHelloDone,
  limit: 0,
  read: () => ({}),
  write: () => {},
};

/** Its syntax is the key exchange's (RFC 5246, 7.4.7). */
export const clientKeyExchange: MessageDef<'ClientKeyExchange', Uint8Array> = {
  name: 'ClientKeyExchange',
  type: HANDSHAKE_TYPE.clientKeyExchange,
  limit: LIMITS.keyExchange.value,
  read: (r) => r.rest(),
  write: (w, body) => {
    w.bytes(body);
  },
};

/** A signature and, from TLS 1.2 on, its scheme (RFC 5246, 4.7). */
export interface DigitallySigned {
  readonly algorithm: number | undefined;
  readonly signature: Uint8Array;
}

export const readSigned = (r: Reader, version: number): DigitallySigned => ({
  algorithm: version >= TLS1_2_VERSION ? r.u16() : undefined,
  signature: r.vec16(),
});

export function writeSigned(w: Writer, { algorithm, signature }: DigitallySigned): void {
  if (algorithm !== undefined) w.u16(algorithm);
  w.vec16(signature);
}

/** RFC 5246, 7.4.8. */
export const certificateVerify12 = (version: number): MessageDef<'CertificateVerify', DigitallySigned> => ({
  name: 'CertificateVerify',
  type: HANDSHAKE_TYPE.certificateVerify,
  limit: LIMITS.certificateVerify.value,
  read: (r) => readSigned(r, version),
  write: (w, signed) => writeSigned(w, signed),
});

/** RFC 5077, 3.3. */
export const newSessionTicket12: MessageDef<'NewSessionTicket', { readonly lifetime: number; readonly ticket: Uint8Array }> = {
  name: 'NewSessionTicket',
  type: HANDSHAKE_TYPE.newSessionTicket,
  limit: LIMITS.newSessionTicket.value,
  read: (r) => ({ lifetime: r.u32(), ticket: r.vec16() }),
  write: (w, { lifetime, ticket }) => {
    w.u32(lifetime).vec16(ticket);
  },
};
