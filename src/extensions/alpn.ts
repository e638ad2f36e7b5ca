import type { Reader } from '../bytes/reader.ts';
import type { Writer } from '../bytes/writer.ts';
import { fatal } from '../registry/fatal.ts';
import type { Codec, ExtensionDef } from './extension.ts';

const readNames = (r: Reader): Uint8Array[] => r.list16((x) => x.vec8(1), 1);

function writeNames(w: Writer, names: readonly Uint8Array[]): void {
  w.vec16((list) => {
    for (const name of names) list.vec8(name);
  });
}

const answer: Codec<Uint8Array> = {
  read: (r) => {
    const [name, ...others] = readNames(r);
    // RFC 7301, 3.1: the answer MUST contain exactly one name.
    if (name === undefined || others.length > 0) return fatal('decode_error', 'BAD_EXTENSION', 'an ALPN answer with more than one name');
    return name;
  },
  write: (w, name) => writeNames(w, [name]),
};

/** application_layer_protocol_negotiation: the protocols offered, and the one chosen (RFC 7301). */
export const alpn: ExtensionDef<{ CH: readonly Uint8Array[]; EE: Uint8Array; SH12: Uint8Array }> = {
  id: 16,
  name: 'application_layer_protocol_negotiation',
  spec: 'RFC 7301, 3.1',
  CH: { read: readNames, write: writeNames },
  EE: answer,
  SH12: answer,
};
