import { readAll } from '../bytes/reader.ts';
import { fatal } from '../registry/fatal.ts';
import { type ExtensionDef, FLAG } from './extension.ts';

/** The one name type there is: host_name. */
const HOST_NAME = 0;

/** server_name: the host the client means (RFC 6066, 3). The bytes of the name; what they may be is policy. */
export const serverName: ExtensionDef<{ CH: Uint8Array; EE: true; SH12: true }> = {
  id: 0,
  name: 'server_name',
  spec: 'RFC 6066, 3',
  CH: {
    read: (r) => {
      const names = r.list16((x) => ({ type: x.u8(), name: x.vec16(1) }), 1);
      const hosts = names.filter(({ type }) => type === HOST_NAME);
      // RFC 6066, 3: not more than one name of the same type. Other types have no known syntax.
      if (names.length !== 1 || hosts[0] === undefined) return fatal('decode_error', 'BAD_EXTENSION', 'server_name');
      return hosts[0].name;
    },
    write: (w, name) => {
      w.vec16((list) => list.u8(HOST_NAME).vec16(name));
    },
  },
  EE: FLAG,
  SH12: FLAG,
};

/** Whether bytes are a host name as server_name may carry it: printable ASCII, no NUL, no trailing dot, not an address literal with colons. */
export function isHostName(name: Uint8Array): boolean {
  if (name.length === 0 || name.length > 255 || name.at(-1) === 0x2e) return false;
  return name.every((byte) => byte > 0x20 && byte < 0x7f && byte !== 0x3a);
}

/** Reads the extension's body on its own, for callers that hold raw ClientHellos. */
export const readServerName = (data: Uint8Array): Uint8Array => readAll(data, serverName.CH.read);
