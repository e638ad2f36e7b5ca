import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { Duplex, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { pemText } from '../../src/asn1/pem.ts';
import type { IssueRequest } from '../../src/x509/issue.ts';
import { TEST_KEYS } from './keys.ts';
import { type TestKeyName, testCertificate } from './pki.ts';

const now = Math.floor(Date.now() / 1000);

/** A certificate that is valid today, as PEM: sockets of the runtime know no other time. */
export const livePem = (request: Partial<IssueRequest> & { readonly key?: TestKeyName; readonly issuerKey?: TestKeyName } = {}): string =>
  pemText('CERTIFICATE', testCertificate({ notBefore: now - 3600, notAfter: now + 86_400, ...request }).der);

/** An authority, and certificates for `localhost` and for a client, valid today. */
export const LIVE: Readonly<Record<'ca' | 'cert' | 'key' | 'clientCert' | 'clientKey', string>> = {
  ca: livePem({ subject: 'Test CA', key: 'ca', ca: true, serial: 1 }),
  cert: livePem({ subject: 'localhost', names: { dns: ['localhost', 'server.example'], ip: [Uint8Array.of(127, 0, 0, 1)] } }),
  key: TEST_KEYS.ec256,
  clientCert: livePem({ subject: 'client', key: 'client', extKeyUsage: ['clientAuth'], names: { dns: ['client.example'] } }),
  clientKey: TEST_KEYS.client,
};

/** Lets a server listen on loopback and gives its port. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Closes a server and waits until its last connection is gone. */
export async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

/** Everything that can be read from a stream until its end; it is not destroyed then, so that it may still be written to. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  await finished(stream, { writable: false });
  return Buffer.concat(chunks);
}

/** One end of a pair of streams: what is written here is read there, and a writer waits until it was read. */
class PairEnd extends Duplex {
  other: PairEnd | undefined;
  private taken: (() => void) | undefined;

  override _read(): void {
    const taken = this.taken;
    this.taken = undefined;
    taken?.();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    const { other } = this;
    if (other === undefined || other.push(chunk)) done();
    else other.taken = done;
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }
}

/** Two connected streams that are no sockets. */
export function duplexPair(): readonly [Duplex, Duplex] {
  const a = new PairEnd();
  const b = new PairEnd();
  a.other = b;
  b.other = a;
  return [a, b];
}
