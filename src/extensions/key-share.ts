import type { Reader } from '../bytes/reader.ts';
import type { Writer } from '../bytes/writer.ts';
import { fatal } from '../registry/fatal.ts';
import type { ExtensionDef } from './extension.ts';

export interface KeyShareEntry {
  readonly group: number;
  readonly share: Uint8Array;
}

const readEntry = (r: Reader): KeyShareEntry => ({ group: r.u16(), share: r.vec16(1) });

function writeEntry(w: Writer, { group, share }: KeyShareEntry): void {
  w.u16(group).vec16(share);
}

/** key_share: public values, the server's answer, and the group a HelloRetryRequest asks for (RFC 9846, 4.2.8). */
export const keyShare: ExtensionDef<{ CH: readonly KeyShareEntry[]; SH13: KeyShareEntry; HRR: number }> = {
  id: 51,
  name: 'key_share',
  spec: 'RFC 9846, 4.2.8',
  CH: {
    read: (r) => {
      const entries = r.list16(readEntry);
      // RFC 9846, 4.2.8: clients MUST NOT offer two shares for one group.
      if (new Set(entries.map(({ group }) => group)).size !== entries.length) {
        fatal('illegal_parameter', 'BAD_KEY_SHARE', 'two shares for one group');
      }
      return entries;
    },
    write: (w, entries) => {
      w.vec16((list) => {
        for (const entry of entries) writeEntry(list, entry);
      });
    },
  },
  SH13: { read: readEntry, write: writeEntry },
  HRR: { read: (r) => r.u16(), write: (w, group) => void w.u16(group) },
};
