import { MemBio, Ssl, SslContext, type SslContextOptions } from '../../src/index.ts';
import { TEST_TIME, type TestKeyName, testAuthority, testCertificate, testKey } from './pki.ts';

/** Two connections over memory. */
export interface Pair {
  readonly client: Ssl;
  readonly server: Ssl;
  readonly toServer: MemBio;
  readonly toClient: MemBio;
}

const now = (): number => 1000 * TEST_TIME;

export const serverContext = (options: SslContextOptions = {}, key: TestKeyName = 'ec256'): SslContext =>
  new SslContext({ role: 'server', now, cert: testCertificate({ key }), key: testKey(key, options.provider), ...options });

export const clientContext = (options: SslContextOptions = {}): SslContext =>
  new SslContext({ role: 'client', now, ca: testAuthority, ...options });

/** Puts two connections back to back. The client means the test server unless it says otherwise. */
export function join(client: Ssl, server: Ssl): Pair {
  const toServer = new MemBio();
  const toClient = new MemBio();
  if (client.get('serverName') === undefined && client.get('verifyParam').hosts.length === 0) client.set('serverName', 'server.example');
  client.setBio(toClient, toServer);
  server.setBio(toServer, toClient);
  return { client, server, toServer, toClient };
}

export const pair = (client: SslContextOptions | SslContext = {}, server: SslContextOptions | SslContext = {}, key?: TestKeyName): Pair =>
  join(
    new Ssl(client instanceof SslContext ? client : clientContext(client)),
    new Ssl(server instanceof SslContext ? server : serverContext(server, key)),
  );

/** Lets both sides go on by turns until both are connected; a failure of either is thrown, the first one. */
export function handshake({ client, server }: Pair): void {
  for (let turn = 0; turn < 40; turn++) {
    const done = [client.doHandshake(), server.doHandshake()];
    if (done[0] && done[1]) return;
  }
  throw new Error(`no progress: client wants ${client.want}, server wants ${server.want}`);
}

/** The same where callbacks or keys are asynchronous. */
export async function handshakeAsync({ client, server }: Pair): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    const done = [client.doHandshake(), server.doHandshake()];
    if (done[0] && done[1]) return;
    const awaited = [client.settled, server.settled].filter((promise) => promise !== undefined);
    if (awaited.length > 0) await Promise.race(awaited);
  }
  throw new Error(`no progress: client wants ${client.want}, server wants ${server.want}`);
}

/** A connected pair. */
export function connected(
  client: SslContextOptions | SslContext = {},
  server: SslContextOptions | SslContext = {},
  key?: TestKeyName,
): Pair {
  const both = pair(client, server, key);
  handshake(both);
  return both;
}

/** Everything one side can read now, joined. */
export function drain(ssl: Ssl): Uint8Array {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = ssl.read();
    if (part === undefined) break;
    parts.push(part);
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
