/** Extensions that only TLS 1.2 and below answer; a ClientHello that may end there offers them. */
import { type Codec, type ExtensionDef, FLAG } from './extension.ts';

/** extended_master_secret: the master secret is bound to the handshake it came from (RFC 7627). */
export const extendedMasterSecret: ExtensionDef<{ CH: true; SH12: true }> = {
  id: 23,
  name: 'extended_master_secret',
  spec: 'RFC 7627, 5.1',
  CH: FLAG,
  SH12: FLAG,
};

/** encrypt_then_mac: CBC records are sealed the other way round (RFC 7366). */
export const encryptThenMac: ExtensionDef<{ CH: true; SH12: true }> = {
  id: 22,
  name: 'encrypt_then_mac',
  spec: 'RFC 7366, 2',
  CH: FLAG,
  SH12: FLAG,
};

/** session_ticket: the ticket a client has, or its wish for one; empty in an answer (RFC 5077, 3.2). */
export const sessionTicket: ExtensionDef<{ CH: Uint8Array; SH12: true }> = {
  id: 35,
  name: 'session_ticket',
  spec: 'RFC 5077, 3.2',
  CH: { read: (r) => r.rest(), write: (w, ticket) => void w.bytes(ticket) },
  SH12: FLAG,
};

const verifyData: Codec<Uint8Array> = { read: (r) => r.vec8(), write: (w, data) => void w.vec8(data) };

/** renegotiation_info: the Finished values of the handshake before, or nothing in a first one (RFC 5746, 3.2). */
export const renegotiationInfo: ExtensionDef<{ CH: Uint8Array; SH12: Uint8Array }> = {
  id: 0xff01,
  name: 'renegotiation_info',
  spec: 'RFC 5746, 3.2',
  CH: verifyData,
  SH12: verifyData,
};

const formats: Codec<Uint8Array> = { read: (r) => r.vec8(1), write: (w, list) => void w.vec8(list) };

/** ec_point_formats: uncompressed, which every peer must take (RFC 8422, 5.1.2). */
export const ecPointFormats: ExtensionDef<{ CH: Uint8Array; SH12: Uint8Array }> = {
  id: 11,
  name: 'ec_point_formats',
  spec: 'RFC 8422, 5.1.2',
  CH: formats,
  SH12: formats,
};

/** ECPointFormat uncompressed. */
export const UNCOMPRESSED = 0;
