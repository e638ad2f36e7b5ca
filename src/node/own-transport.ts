import type { Socket } from 'node:net';
import { net } from './builtins.ts';

/**
 * Where all sockets that we made ourselves read to, one after the other: a chunk is opened before the next one comes. No Buffer, whose `slice`
 * does not copy.
 */
let landing: Uint8Array | undefined;
const LANDING_SIZE = 256 * 1024;

/** A socket to be connected. `arrived` is lent what it reads; where that cannot be, it comes as 'data'. */
export function ownTransport(arrived: (bytes: Uint8Array) => void): Socket {
  // Our end stays open when the peer's ends: close_notify is still to be said.
  const options = { allowHalfOpen: true };
  // Reads of Windows have their buffers long before there is anything to read.
  if (process.platform === 'win32') return new net.Socket(options);
  landing ??= new Uint8Array(LANDING_SIZE);
  const buffer = landing;
  const callback = (length: number): boolean => {
    arrived(buffer.subarray(0, length));
    return true;
  };
  return new net.Socket({ ...options, onread: { buffer, callback } });
}
