import { Reader } from '../bytes/reader.ts';
import { build, type Writer } from '../bytes/writer.ts';

/** A handshake message: its type, the most bytes it may have, and its syntax both ways. Pure: no policy, no crypto. */
export interface MessageDef<Name extends string, Value> {
  readonly name: Name;
  readonly type: number;
  /** Bytes of the body; longer ones are refused before they are buffered. */
  readonly limit: number;
  read(r: Reader): Value;
  write(w: Writer, value: Value): void;
}

/** A message that arrived, with the bytes it arrived in: transcripts hash those, never a re-encoding. */
export interface Received<Name extends string, Value> {
  readonly name: Name;
  readonly value: Value;
  readonly raw: Uint8Array;
}

/** Bytes of a handshake message header: type and length (RFC 9846, 4). */
export const MESSAGE_HEADER_LENGTH = 4;

/** An extension before anyone judged it. */
export interface RawExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

export const readRawExtensions = (r: Reader): RawExtension[] => r.list16((e) => ({ type: e.u16(), data: e.vec16() }));

export function writeRawExtensions(w: Writer, extensions: readonly RawExtension[]): void {
  w.vec16((list) => {
    for (const { type, data } of extensions) list.u16(type).vec16(data);
  });
}

/** A whole message, header included. */
export function encodeMessage<Value>(def: MessageDef<string, Value>, value: Value): Uint8Array {
  return build((w) => w.u8(def.type).vec24((body) => def.write(body, value)));
}

/** Reads the body of a whole message. */
export function decodeMessage<Name extends string, Value>(def: MessageDef<Name, Value>, raw: Uint8Array): Received<Name, Value> {
  const r = new Reader(raw, MESSAGE_HEADER_LENGTH);
  const value = def.read(r);
  r.finish();
  return { name: def.name, value, raw };
}
