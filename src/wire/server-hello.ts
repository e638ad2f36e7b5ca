import { fromHex, sameBytes } from '../bytes/bytes.ts';
import { HANDSHAKE_TYPE } from '../registry/content-types.ts';
import { LIMITS } from '../registry/limits.ts';
import { type MessageDef, type RawExtension, readRawExtensions, writeRawExtensions } from './message.ts';

/** RFC 9846, 4.1.3. */
export interface ServerHello {
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly legacySessionIdEcho: Uint8Array;
  readonly cipherSuite: number;
  readonly legacyCompressionMethod: number;
  readonly extensions: readonly RawExtension[];
}

export const serverHello: MessageDef<'ServerHello', ServerHello> = {
  name: 'ServerHello',
  type: HANDSHAKE_TYPE.serverHello,
  limit: LIMITS.serverHello.value,
  read: (r) => ({
    legacyVersion: r.u16(),
    random: r.bytes(32),
    legacySessionIdEcho: r.vec8(0, 32),
    cipherSuite: r.u16(),
    legacyCompressionMethod: r.u8(),
    extensions: r.empty ? [] : readRawExtensions(r), // RFC 5246, 7.4.1.3: may be absent before TLS 1.3
  }),
  write: (w, hello) => {
    w.u16(hello.legacyVersion).bytes(hello.random).vec8(hello.legacySessionIdEcho);
    w.u16(hello.cipherSuite).u8(hello.legacyCompressionMethod);
    // RFC 5246, 7.4.1.3: where there are none, not even their length stands there.
    if (hello.extensions.length > 0) writeRawExtensions(w, hello.extensions);
  },
};

/** The random that makes a ServerHello a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 9846, 4.1.3). */
export const HELLO_RETRY_RANDOM: Uint8Array = fromHex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c');

export const isHelloRetryRequest = (hello: ServerHello): boolean => sameBytes(hello.random, HELLO_RETRY_RANDOM);

/** Last eight bytes of a server's random where it could have spoken a newer version (RFC 9846, 4.1.3). */
export const DOWNGRADE_TO_TLS12: Uint8Array = fromHex('444f574e47524401');
export const DOWNGRADE_TO_TLS11: Uint8Array = fromHex('444f574e47524400');
