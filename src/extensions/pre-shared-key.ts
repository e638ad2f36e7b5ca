import type { ExtensionDef } from './extension.ts';

export interface PskIdentity {
  readonly identity: Uint8Array;
  readonly obfuscatedTicketAge: number;
}

export interface OfferedPsks {
  readonly identities: readonly PskIdentity[];
  readonly binders: readonly Uint8Array[];
}

/** pre_shared_key: always the last extension of a ClientHello, since its binders sign what stands before them (RFC 9846, 4.2.11). */
export const preSharedKey: ExtensionDef<{ CH: OfferedPsks; SH13: number }> = {
  id: 41,
  name: 'pre_shared_key',
  spec: 'RFC 9846, 4.2.11',
  CH: {
    read: (r) => ({
      identities: r.list16((x) => ({ identity: x.vec16(1), obfuscatedTicketAge: x.u32() }), 1),
      binders: r.list16((x) => x.vec8(32), 1),
    }),
    write: (w, { identities, binders }) => {
      w.vec16((list) => {
        for (const { identity, obfuscatedTicketAge } of identities) list.vec16(identity).u32(obfuscatedTicketAge);
      });
      w.vec16((list) => {
        for (const binder of binders) list.vec8(binder);
      });
    },
  },
  SH13: { read: (r) => r.u16(), write: (w, selected) => void w.u16(selected) },
};

/** Bytes that the binders of a list take at the end of a ClientHello, their length included. */
export const bindersLength = (binders: readonly { readonly length: number }[]): number =>
  binders.reduce((sum, binder) => sum + 1 + binder.length, 2);

/** PSK-only and PSK with (EC)DHE (RFC 9846, 4.2.9). */
export const PSK_KE = 0;
export const PSK_DHE_KE = 1;

/** psk_key_exchange_modes: how the client is willing to use a PSK (RFC 9846, 4.2.9). */
export const pskKeyExchangeModes: ExtensionDef<{ CH: Uint8Array }> = {
  id: 45,
  name: 'psk_key_exchange_modes',
  spec: 'RFC 9846, 4.2.9',
  CH: { read: (r) => r.vec8(1), write: (w, modes) => void w.vec8(modes) },
};
