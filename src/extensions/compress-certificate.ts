import { fatal } from '../registry/fatal.ts';
import type { Codec, ExtensionDef } from './extension.ts';

/** Algorithms that one side can decompress, best first: 1 to 127 of them. */
const algorithms: Codec<readonly number[]> = {
  read: (r) => {
    const ids = r.list8((x) => x.u16(), 1);
    if (new Set(ids).size !== ids.length) fatal('illegal_parameter', 'BAD_EXTENSION', 'a compression algorithm twice');
    return ids;
  },
  write: (w, ids) => {
    w.vec8((list) => {
      for (const id of ids) list.u16(id);
    });
  },
};

/** compress_certificate: how the peer may compress its Certificate message (RFC 8879, 3). */
export const compressCertificate: ExtensionDef<{ CH: readonly number[]; CR: readonly number[] }> = {
  id: 27,
  name: 'compress_certificate',
  spec: 'RFC 8879, 3',
  CH: algorithms,
  CR: algorithms,
};
