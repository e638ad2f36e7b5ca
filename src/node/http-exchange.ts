/** One request over plain HTTP to an address that was chosen beforehand, and its answer. */
import type { IncomingMessage } from 'node:http';

export interface HttpExchange {
  readonly url: URL;
  /** The address connected to: the name in `url` is not looked up again, so it cannot mean another one by then. */
  readonly address: string;
  /** With a body the method is POST. */
  readonly body?: { readonly type: string; readonly bytes: Uint8Array } | undefined;
  /** Most bytes of the answer. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * The body of an answer with status 200; undefined where there is another status, a redirection included, or too much of it. Rejects where there
 * is no answer.
 */
export async function exchange({ url, address, body, maxBytes, signal }: HttpExchange): Promise<Uint8Array | undefined> {
  // Loaded when it is needed: most programs never fetch anything.
  const { request } = await import('node:http');
  const headers = { host: url.host, connection: 'close', ...(body && { 'content-type': body.type, 'content-length': body.bytes.length }) };
  const method = body === undefined ? 'GET' : 'POST';
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const path = `${url.pathname}${url.search}`;
    const port = url.port === '' ? 80 : Number(url.port);
    const asked = request({ host: address, port, path, method, headers, agent: false, signal }, resolve);
    asked.once('error', reject);
    asked.end(body?.bytes);
  });
  try {
    return response.statusCode === 200 ? await bodyOf(response, maxBytes) : undefined;
  } finally {
    response.destroy();
  }
}

/** The body as long as it stays within the limit, whatever its headers say. */
async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
