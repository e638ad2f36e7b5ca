import type { Codec, ExtensionDef } from './extension.ts';

/** A list of 16-bit code points, not empty. */
export const codePoints: Codec<readonly number[]> = {
  read: (r) => r.list16((x) => x.u16(), 1),
  write: (w, ids) => {
    w.vec16((items) => {
      for (const id of ids) items.u16(id);
    });
  },
};

/** supported_groups: the key agreements one side can do, best first (RFC 9846, 4.2.7). */
export const supportedGroups: ExtensionDef<{ CH: readonly number[]; EE: readonly number[]; SH12: readonly number[] }> = {
  id: 10,
  name: 'supported_groups',
  spec: 'RFC 9846, 4.2.7',
  CH: codePoints,
  EE: codePoints,
  SH12: codePoints, // forbidden, but sent by some servers; RFC 8422, 4 names no answer and clients ignore it
};

/** signature_algorithms: what the peer's handshake signatures, and without the next its certificates, may use (RFC 9846, 4.2.3). */
export const signatureAlgorithms: ExtensionDef<{ CH: readonly number[]; CR: readonly number[] }> = {
  id: 13,
  name: 'signature_algorithms',
  spec: 'RFC 9846, 4.2.3',
  CH: codePoints,
  CR: codePoints,
};

/** signature_algorithms_cert: what signatures in certificates may use (RFC 9846, 4.2.3). */
export const signatureAlgorithmsCert: ExtensionDef<{ CH: readonly number[]; CR: readonly number[] }> = {
  id: 50,
  name: 'signature_algorithms_cert',
  spec: 'RFC 9846, 4.2.3',
  CH: codePoints,
  CR: codePoints,
};
