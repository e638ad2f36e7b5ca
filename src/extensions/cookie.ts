import type { Codec, ExtensionDef } from './extension.ts';

const form: Codec<Uint8Array> = { read: (r) => r.vec16(1), write: (w, cookie) => void w.vec16(cookie) };

/** cookie: what a server asks to be given back with the second ClientHello (RFC 9846, 4.2.2). */
export const cookie: ExtensionDef<{ CH: Uint8Array; HRR: Uint8Array }> = {
  id: 44,
  name: 'cookie',
  spec: 'RFC 9846, 4.2.2',
  CH: form,
  HRR: form,
};
