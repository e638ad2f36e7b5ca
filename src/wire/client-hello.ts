import type { Reader } from '../bytes/reader.ts';
import { HANDSHAKE_TYPE } from '../registry/content-types.ts';
import { LIMITS } from '../registry/limits.ts';
import { type MessageDef, type RawExtension, readRawExtensions, writeRawExtensions } from './message.ts';

/** RFC 9846, 4.1.2. */
export interface ClientHello {
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly legacySessionId: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly legacyCompressionMethods: Uint8Array;
  readonly extensions: readonly RawExtension[];
}

export const clientHello: MessageDef<'ClientHello', ClientHello> = {
  name: 'ClientHello',
  type: HANDSHAKE_TYPE.clientHello,
  limit: LIMITS.clientHello.value,
  read: (r) => ({
    legacyVersion: r.u16(),
    random: r.bytes(32),
    legacySessionId: r.vec8(0, 32),
    cipherSuites: r.list16((x) => x.u16(), 1),
    legacyCompressionMethods: r.vec8(1),
    extensions: extensionsOrNone(r), // RFC 5246, 7.4.1.2: may be absent before TLS 1.3
  }),
  write: (w, hello) => {
    w.u16(hello.legacyVersion).bytes(hello.random).vec8(hello.legacySessionId);
    w.vec16((list) => {
      for (const suite of hello.cipherSuites) list.u16(suite);
    });
    w.vec8(hello.legacyCompressionMethods);
    writeRawExtensions(w, hello.extensions);
  },
};

const extensionsOrNone = (r: Reader): RawExtension[] => (r.empty ? [] : readRawExtensions(r));
