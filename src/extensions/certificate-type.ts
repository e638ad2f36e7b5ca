import type { Codec, ExtensionDef } from './extension.ts';

/** The CertificateType values one side can do, best first. */
const offered: Codec<readonly number[]> = {
  read: (r) => [...r.vec8(1)],
  write: (w, types) => void w.vec8(Uint8Array.from(types)),
};

/** The one that was chosen. */
const chosen: Codec<number> = { read: (r) => r.u8(), write: (w, type) => void w.u8(type) };

type Forms = { CH: readonly number[]; EE: number; SH12: number };

/** client_certificate_type: what a client can show instead of X.509 certificates (RFC 7250, 3). */
export const clientCertificateType: ExtensionDef<Forms> = {
  id: 19,
  name: 'client_certificate_type',
  spec: 'RFC 7250, 3',
  CH: offered,
  EE: chosen,
  SH12: chosen,
};

/** server_certificate_type: what a client can take from a server (RFC 7250, 3). */
export const serverCertificateType: ExtensionDef<Forms> = {
  id: 20,
  name: 'server_certificate_type',
  spec: 'RFC 7250, 3',
  CH: offered,
  EE: chosen,
  SH12: chosen,
};
