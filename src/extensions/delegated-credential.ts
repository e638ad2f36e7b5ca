import type { Codec, ExtensionDef } from './extension.ts';
import { codePoints } from './id-lists.ts';

/** A DelegatedCredential as it is. */
const opaque: Codec<Uint8Array> = { read: (r) => r.rest(), write: (w, bytes) => void w.bytes(bytes) };

/** delegated_credential: that one side takes them, and one of them beside the certificate that made it (RFC 9345, 4.1.1 and 4.1.2). */
export const delegatedCredential: ExtensionDef<{ CH: readonly number[]; CR: readonly number[]; CT: Uint8Array }> = {
  id: 34,
  name: 'delegated_credential',
  spec: 'RFC 9345, 4.1',
  CH: codePoints,
  CR: codePoints,
  CT: opaque,
};
