/** What a handshake shows of a setting: the parts that the probes of the settings table are made of. */

import { toHex } from '../../src/bytes/bytes.ts';
import type { ClientHelloInfo } from '../../src/config/callbacks.ts';
import { Ssl, type SslContextOptions, SslError } from '../../src/index.ts';
import { CONTENT_TYPE } from '../../src/registry/content-types.ts';
import { clientContext, drain, handshake, join, type Pair, serverContext } from './connect.ts';

/** Whatever is seen when a connection is used; it has to be comparable. */
export type See = (subject: Ssl) => unknown;

/** How an attempt ended: `ok`, or the reason of the first failure. */
export function outcome(work: () => unknown): string {
  try {
    work();
    return 'ok';
  } catch (error) {
    if (error instanceof SslError) return error.reason;
    throw error;
  }
}

/** Connects a client with a server of the test, or a server with a client of the test. */
export function meet(subject: Ssl, peer: SslContextOptions = {}): Pair {
  return subject.isServer ? join(new Ssl(clientContext(peer)), subject) : join(subject, new Ssl(serverContext(peer)));
}

/** The same, connected. What the server sends after the handshake has been read. */
export function met(subject: Ssl, peer: SslContextOptions = {}): Pair {
  const pair = meet(subject, peer);
  handshake(pair);
  drain(pair.client);
  return pair;
}

/** Whether it works out. */
export const works =
  (peer: SslContextOptions = {}): See =>
  (subject) =>
    outcome(() => met(subject, peer));

/** The ClientHello a client sends. */
export function helloOf(client: Ssl, peer: SslContextOptions = {}): ClientHelloInfo {
  let seen: ClientHelloInfo | undefined;
  outcome(() =>
    met(client, {
      ...peer,
      clientHelloCallback: (_ssl, hello) => {
        seen = {
          ...hello,
          random: hello.random.slice(),
          extensions: hello.extensions.map(({ type, data }) => ({ type, data: data.slice() })),
        };
        return 'ok';
      },
    }),
  );
  if (seen === undefined) throw new Error('no ClientHello');
  return seen;
}

/** One of its extensions in hexadecimal; undefined where it is not there. */
export const extension =
  (type: number): See =>
  (client) => {
    const found = helloOf(client).extensions.find((one) => one.type === type);
    return found && toHex(found.data);
  };

/** Its suites. */
export const suites: See = (client) => helloOf(client).cipherSuites;

/** Plaintext bytes of the records a connection sends for 20,000 bytes of data, as its peer reads them. */
export const recordSizes: See = (subject) => {
  const { client, server } = met(subject);
  const peer = subject === client ? server : client;
  const sizes: number[] = [];
  peer.set('msgCallback', (write, _version, type, bytes) => {
    if (!write && type === CONTENT_TYPE.recordHeader) sizes.push((((bytes[3] as number) << 8) | (bytes[4] as number)) - 17);
  });
  subject.write(new Uint8Array(20_000));
  drain(peer);
  return sizes;
};

/** How many bytes at a time a client asks its BIO for, to read two records of 100 bytes. */
export const asked = (client: Ssl): readonly number[] => {
  const { server, toClient } = met(client);
  const sizes: number[] = [];
  client.setBio(
    {
      read: (max) => {
        sizes.push(max);
        return toClient.read(max);
      },
      write: (bytes) => bytes.length,
    },
    client.wbio,
  );
  server.write(new Uint8Array(100));
  server.write(new Uint8Array(100));
  drain(client);
  return sizes;
};

/** Marks that callbacks leave while something runs: which of two values was at work. */
export class Marks {
  private readonly left: unknown[] = [];

  /** Gives the answer back, so that a callback can leave a mark and answer in one. */
  leave<T>(mark: unknown, answer?: T): T {
    this.left.push(mark);
    return answer as T;
  }

  /** What was left by `work`, each once. */
  during(work: () => unknown): unknown {
    this.left.length = 0;
    outcome(work);
    return [...new Set(this.left)];
  }
}
