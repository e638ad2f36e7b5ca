import type { Codec, ExtensionDef } from './extension.ts';

/** Whatever QUIC says to QUIC: TLS carries it and authenticates it. */
const opaque: Codec<Uint8Array> = { read: (r) => r.rest(), write: (w, parameters) => void w.bytes(parameters) };

type Forms = { CH: Uint8Array; EE: Uint8Array };

/** quic_transport_parameters (RFC 9001, 8.2). */
export const quicTransportParameters: ExtensionDef<Forms> = {
  id: 57,
  name: 'quic_transport_parameters',
  spec: 'RFC 9001, 8.2',
  CH: opaque,
  EE: opaque,
};

/** The same as drafts up to 32 numbered it. */
export const quicTransportParametersLegacy: ExtensionDef<Forms> = {
  id: 0xffa5,
  name: 'quic_transport_parameters (draft)',
  spec: 'draft-ietf-quic-tls-32, 8.2',
  CH: opaque,
  EE: opaque,
};
