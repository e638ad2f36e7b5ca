import type { ExtensionDef } from './extension.ts';

/** supported_versions: what the client speaks, and what the server chose (RFC 9846, 4.2.1). */
export const supportedVersions: ExtensionDef<{ CH: readonly number[]; SH13: number; HRR: number }> = {
  id: 43,
  name: 'supported_versions',
  spec: 'RFC 9846, 4.2.1',
  CH: {
    read: (r) => r.list8((x) => x.u16(), 1),
    write: (w, versions) => {
      w.vec8((list) => {
        for (const version of versions) list.u16(version);
      });
    },
  },
  SH13: { read: (r) => r.u16(), write: (w, version) => void w.u16(version) },
  HRR: { read: (r) => r.u16(), write: (w, version) => void w.u16(version) },
};
