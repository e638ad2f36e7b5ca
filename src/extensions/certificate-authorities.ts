import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import type { Codec, ExtensionDef } from './extension.ts';

const names: Codec<readonly Uint8Array[]> = {
  read: (r) => {
    if (r.remaining > LIMITS.certificateAuthorities.value)
      fatal('decode_error', 'BAD_EXTENSION', `${r.remaining} bytes of certificate authorities`);
    return r.list16((x) => x.vec16(1), 1);
  },
  write: (w, list) => {
    w.vec16((items) => {
      for (const name of list) items.vec16(name);
    });
  },
};

/** certificate_authorities: DER names of the authorities one side trusts (RFC 9846, 4.2.4). */
export const certificateAuthorities: ExtensionDef<{ CH: readonly Uint8Array[]; CR: readonly Uint8Array[] }> = {
  id: 47,
  name: 'certificate_authorities',
  spec: 'RFC 9846, 4.2.4',
  CH: names,
  CR: names,
};
