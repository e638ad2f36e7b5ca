import type { Reader } from '../bytes/reader.ts';
import type { Writer } from '../bytes/writer.ts';
import type { HpkeSymmetric } from '../crypto/hpke.ts';
import { fatal } from '../registry/fatal.ts';
import { ECH_VERSION, parseEchConfigList } from '../wire/ech-config.ts';
import type { ExtensionDef } from './extension.ts';

/** ECHClientHello of type outer: the sealed ClientHelloInner, and how to open it. */
export interface SealedHello {
  readonly suite: HpkeSymmetric;
  readonly configId: number;
  /** Empty in a second ClientHello, which goes under the context of the first. */
  readonly enc: Uint8Array;
  readonly payload: Uint8Array;
}

/** ECHClientHello: `inner` says nothing but that this hello is the one that was sealed. */
export type EchClientHello = SealedHello | 'inner';

/** ECHClientHelloType. */
const OUTER = 0;
const INNER = 1;

/** Bytes of a confirmation in a HelloRetryRequest or at the end of ServerHello.random (RFC 9849, 7.2). */
export const CONFIRMATION_LENGTH = 8;

/** encrypted_client_hello: the hello that is meant, inside of one for show (RFC 9849, 5). EncryptedExtensions have an ECHConfigList. */
export const encryptedClientHello: ExtensionDef<{ CH: EchClientHello; HRR: Uint8Array; EE: Uint8Array }> = {
  id: ECH_VERSION,
  name: 'encrypted_client_hello',
  spec: 'RFC 9849, 5',
  CH: { read: readHello, write: writeHello },
  HRR: { read: (r) => r.bytes(CONFIRMATION_LENGTH), write: (w, confirmation) => void w.bytes(confirmation) },
  EE: {
    read: (r) => {
      const list = r.rest();
      parseEchConfigList(list);
      return list;
    },
    write: (w, list) => void w.bytes(list),
  },
};

function readHello(r: Reader): EchClientHello {
  const type = r.u8();
  if (type === INNER) return 'inner';
  // RFC 9849, 7: any other type is illegal_parameter.
  if (type !== OUTER) fatal('illegal_parameter', 'BAD_EXTENSION', `ECHClientHello of type ${type}`);
  return { suite: { kdf: r.u16(), aead: r.u16() }, configId: r.u8(), enc: r.vec16(), payload: r.vec16(1) };
}

function writeHello(w: Writer, hello: EchClientHello): void {
  if (hello === 'inner') w.u8(INNER);
  else w.u8(OUTER).u16(hello.suite.kdf).u16(hello.suite.aead).u8(hello.configId).vec16(hello.enc).vec16(hello.payload);
}

/**
 * ech_outer_extensions: extensions of the sealed hello that stand in the outer one, by their types (RFC 9849, 5.1). It stands in a
 * sealed hello alone; anywhere on the wire it is out of place.
 */
export const echOuterExtensions: { readonly id: number; readonly name: string; readonly spec: string } = {
  id: 0xfd00,
  name: 'ech_outer_extensions',
  spec: 'RFC 9849, 5.1',
};

/** OuterExtensions<2..254>. */
export const readOuterTypes = (r: Reader): readonly number[] => r.list8((x) => x.u16(), 1);

export function writeOuterTypes(w: Writer, types: readonly number[]): void {
  w.vec8((list) => {
    for (const type of types) list.u16(type);
  });
}
