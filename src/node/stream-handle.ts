/**
 * `node:http2` reads and writes by the handle of a socket. A stream that has none gets one from it, with a socket of its own around, that knows nothing of
 * TLS: a session would not know that it is encrypted, and would begin before the handshake is complete. So ours brings the handle.
 */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { ON_NODE } from './builtins.ts';
import { native } from './native.ts';

/** A socket of the runtime that calls the methods of a stream in place of the system's. */
type StreamSocket = new (stream: Duplex) => Socket & { readonly _handle: object | null };

let known: { readonly StreamSocket: StreamSocket | undefined } | undefined;

/** The runtime's class, which has no public name: `node:tls` wraps a stream that is no socket into it. Undefined where that is not so. */
function streamSocket(): StreamSocket | undefined {
  if (known !== undefined) return known.StreamSocket;
  const { TLSSocket, createSecureContext } = native();
  const probe = new TLSSocket(new Duplex({ read() {}, write() {} }), { secureContext: createSecureContext() });
  const { _handle: handle } = probe as { readonly _handle?: { readonly _parentWrap?: Socket } };
  probe.destroy();
  known = { StreamSocket: handle?._parentWrap?.constructor as StreamSocket | undefined };
  return known.StreamSocket;
}

/** What tells the handle of a stream; null when that is gone. From now on it is the handle that reads. */
export function handleOf(stream: Duplex): () => object | null | undefined {
  const StreamSocket = ON_NODE ? streamSocket() : undefined;
  if (StreamSocket === undefined) return () => undefined;
  const wrapper = new StreamSocket(stream);
  // Errors of the stream are passed on to it; who uses the handle hears of them from the stream itself.
  wrapper.on('error', () => undefined);
  return () => wrapper._handle;
}
