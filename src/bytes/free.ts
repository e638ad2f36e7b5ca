type Transfer = (this: ArrayBufferLike, length: number) => ArrayBuffer;
const transfer: Transfer | undefined = (ArrayBuffer.prototype as { readonly transfer?: Transfer }).transfer;

/** Below this the collector is as quick. */
const WORTH_FREEING = 4096;

/**
 * Gives the memory of a large buffer back at once, if the view is all of it, for the next one to reuse while it is still in the cache;
 * nobody may look at it any more. A third of the cost of a full record went into leaving that to the collector.
 */
export function free({ buffer, length }: Uint8Array): void {
  if (length < WORTH_FREEING || length !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  if (transfer !== undefined) transfer.call(buffer, 0);
  else {
    sink ??= closedPort();
    sink.postMessage(undefined, [buffer]);
  }
}

/** Before Node 22: what is transferred to a port that was closed is let go of. */
let sink: Port | undefined;
type Port = InstanceType<typeof MessageChannel>['port1'];

function closedPort(): Port {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  port2.close();
  return port1;
}
