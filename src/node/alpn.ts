import { concat, utf8 } from '../bytes/bytes.ts';
import { invalidValue } from './arguments.ts';
import { withCode } from './errors.ts';

type Names = readonly (string | ArrayBufferView)[];

/** tls.convertALPNProtocols: sets `out.ALPNProtocols` to the wire form of the names (RFC 7301, 3.1), as a copy. */
export function convertALPNProtocols(protocols: Names | ArrayBufferView, out: { ALPNProtocols?: Buffer }): void {
  if (ArrayBuffer.isView(protocols)) out.ALPNProtocols = wireForm(protocols);
  else if (Array.isArray(protocols)) out.ALPNProtocols = Buffer.from(concat(...protocols.flatMap(prefixed)));
}

function prefixed(name: string | ArrayBufferView, i: number): readonly Uint8Array[] {
  const bytes = ArrayBuffer.isView(name) ? bytesOf(name) : utf8(String(name));
  if (bytes.length === 0) throw invalidValue(`protocols[${i}]`, name, 'must be a non-empty string');
  if (bytes.length > 255) {
    const text = `The byte length of the protocol at index ${i} exceeds the maximum length. It must be <= 255. Received ${bytes.length}`;
    throw withCode('ERR_OUT_OF_RANGE', text, {}, RangeError);
  }
  return [Uint8Array.of(bytes.length), bytes];
}

function wireForm(view: ArrayBufferView): Buffer {
  const bytes = Buffer.from(bytesOf(view));
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at] as number;
    if (length === 0) throw invalidValue('ALPNProtocols', bytes, 'must not contain zero-length protocol');
    at += 1 + length;
    if (at > bytes.length) throw invalidValue('ALPNProtocols', bytes, 'contains truncated protocol');
  }
  return bytes;
}

const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
