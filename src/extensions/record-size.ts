import { fatal } from '../registry/fatal.ts';
import type { Codec, ExtensionDef } from './extension.ts';

const code: Codec<number> = { read: (r) => r.u8(), write: (w, value) => void w.u8(value) };

/** max_fragment_length: 2^9 to 2^12 bytes of plaintext, as the codes 1 to 4 (RFC 6066, 4). */
export const maxFragmentLength: ExtensionDef<{ CH: number; EE: number; SH12: number }> = {
  id: 1,
  name: 'max_fragment_length',
  spec: 'RFC 6066, 4',
  CH: code,
  EE: code,
  SH12: code,
};

/** Plaintext bytes of a max_fragment_length code, or undefined for a code that does not exist. */
export const fragmentLengthOf = (value: number): number | undefined => (value >= 1 && value <= 4 ? 2 ** (8 + value) : undefined);

const limit: Codec<number> = {
  read: (r) => {
    const value = r.u16();
    // RFC 8449, 4: a value below 64 is a fatal error.
    if (value < 64) fatal('illegal_parameter', 'BAD_EXTENSION', `a record_size_limit of ${value}`);
    return value;
  },
  write: (w, value) => void w.u16(value),
};

/** record_size_limit: most bytes of a record this side wants to receive; in TLS 1.3 the content type counts (RFC 8449). */
export const recordSizeLimit: ExtensionDef<{ CH: number; EE: number; SH12: number }> = {
  id: 28,
  name: 'record_size_limit',
  spec: 'RFC 8449, 4',
  CH: limit,
  EE: limit,
  SH12: limit,
};
