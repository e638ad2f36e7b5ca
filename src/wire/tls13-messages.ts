import { HANDSHAKE_TYPE } from '../registry/content-types.ts';
import { LIMITS } from '../registry/limits.ts';
import { type MessageDef, type RawExtension, readRawExtensions, writeRawExtensions } from './message.ts';

/** RFC 9846, 4.3.1. */
export const encryptedExtensions: MessageDef<'EncryptedExtensions', { readonly extensions: readonly RawExtension[] }> = {
  name: 'EncryptedExtensions',
  type: HANDSHAKE_TYPE.encryptedExtensions,
  limit: LIMITS.encryptedExtensions.value,
  read: (r) => ({ extensions: readRawExtensions(r) }),
  write: (w, { extensions }) => writeRawExtensions(w, extensions),
};

/** RFC 9846, 4.3.2. */
export interface CertificateRequest {
  readonly context: Uint8Array;
  readonly extensions: readonly RawExtension[];
}

export const certificateRequest: MessageDef<'CertificateRequest', CertificateRequest> = {
  name: 'CertificateRequest',
  type: HANDSHAKE_TYPE.certificateRequest,
  limit: LIMITS.certificateRequest.value,
  read: (r) => ({ context: r.vec8(), extensions: readRawExtensions(r) }),
  write: (w, { context, extensions }) => {
    w.vec8(context);
    writeRawExtensions(w, extensions);
  },
};

export interface CertificateEntry {
  readonly data: Uint8Array;
  readonly extensions: readonly RawExtension[];
}

/** RFC 9846, 4.4.2. */
export interface CertificateMessage {
  readonly context: Uint8Array;
  readonly entries: readonly CertificateEntry[];
}

export const certificate: MessageDef<'Certificate', CertificateMessage> = {
  name: 'Certificate',
  type: HANDSHAKE_TYPE.certificate,
  limit: LIMITS.certificateList.value,
  read: (r) => ({
    context: r.vec8(),
    entries: r.list24((x) => ({ data: x.vec24(1), extensions: readRawExtensions(x) })),
  }),
  write: (w, { context, entries }) => {
    w.vec8(context).vec24((list) => {
      for (const entry of entries) {
        list.vec24(entry.data);
        writeRawExtensions(list, entry.extensions);
      }
    });
  },
};

/** A Certificate message, compressed (RFC 8879, 4). */
export interface CompressedCertificate {
  readonly algorithm: number;
  readonly uncompressedLength: number;
  readonly compressed: Uint8Array;
}

export const compressedCertificate: MessageDef<'CompressedCertificate', CompressedCertificate> = {
  name: 'CompressedCertificate',
  type: HANDSHAKE_TYPE.compressedCertificate,
  limit: LIMITS.certificateList.value,
  read: (r) => ({ algorithm: r.u16(), uncompressedLength: r.u24(), compressed: r.vec24(1) }),
  write: (w, { algorithm, uncompressedLength, compressed }) => {
    w.u16(algorithm).u24(uncompressedLength).vec24(compressed);
  },
};

/** RFC 9846, 4.4.3. */
export const certificateVerify: MessageDef<'CertificateVerify', { readonly algorithm: number; readonly signature: Uint8Array }> = {
  name: 'CertificateVerify',
  type: HANDSHAKE_TYPE.certificateVerify,
  limit: LIMITS.certificateVerify.value,
  read: (r) => ({ algorithm: r.u16(), signature: r.vec16() }),
  write: (w, { algorithm, signature }) => {
    w.u16(algorithm).vec16(signature);
  },
};

/** RFC 9846, 4.4.4. Its length is the hash's and is checked with its value. */
export const finished: MessageDef<'Finished', { readonly verifyData: Uint8Array }> = {
  name: 'Finished',
  type: HANDSHAKE_TYPE.finished,
  limit: LIMITS.finished.value,
  read: (r) => ({ verifyData: r.rest() }),
  write: (w, { verifyData }) => {
    w.bytes(verifyData);
  },
};

/** RFC 9846, 4.5. */
export const endOfEarlyData: MessageDef<'EndOfEarlyData', Record<never, never>> = {
  name: 'EndOfEarlyData',
  type: HANDSHAKE_TYPE.endOfEarlyData,
  limit: 0,
  read: () => ({}),
  write: () => {},
};

/** RFC 9846, 4.6.1. */
export interface NewSessionTicket {
  readonly lifetime: number;
  readonly ageAdd: number;
  readonly nonce: Uint8Array;
  readonly ticket: Uint8Array;
  readonly extensions: readonly RawExtension[];
}

export const newSessionTicket: MessageDef<'NewSessionTicket', NewSessionTicket> = {
  name: 'NewSessionTicket',
  type: HANDSHAKE_TYPE.newSessionTicket,
  limit: LIMITS.newSessionTicket.value,
  read: (r) => ({ lifetime: r.u32(), ageAdd: r.u32(), nonce: r.vec8(), ticket: r.vec16(1), extensions: readRawExtensions(r) }),
  write: (w, { lifetime, ageAdd, nonce, ticket, extensions }) => {
    w.u32(lifetime).u32(ageAdd).vec8(nonce).vec16(ticket);
    writeRawExtensions(w, extensions);
  },
};

/** RFC 9846, 4.6.3: update_not_requested (0) or update_requested (1). */
export const keyUpdate: MessageDef<'KeyUpdate', { readonly requestUpdate: number }> = {
  name: 'KeyUpdate',
  type: HANDSHAKE_TYPE.keyUpdate,
  limit: LIMITS.keyUpdate.value,
  read: (r) => ({ requestUpdate: r.u8() }),
  write: (w, { requestUpdate }) => {
    w.u8(requestUpdate);
  },
};
