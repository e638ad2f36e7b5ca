import { generatePrimeSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import * as native from 'node:tls';
import { inherits } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { TEST_KEYS } from '../../test/support/keys.ts';
import { closed, LIVE, listening, livePem } from '../../test/support/loopback.ts';
import { integer, sequence } from '../asn1/der-writer.ts';
import { pemText } from '../asn1/pem.ts';
import { OPTIONS } from '../registry/options.ts';
import tls, { type ConnectOptions, checkServerIdentity, connect, createServer, Server, type ServerOptions, TLSSocket } from './index.ts';

const { ca, cert, key } = LIVE;
const number = (bits: number): Uint8Array => new Uint8Array(generatePrimeSync(bits));
const SMALL_GROUP = pemText('DH PARAMETERS', sequence(integer(number(512)), integer(2)));
const SMALL_CERTIFICATE = livePem({ subject: 'small', publicKey: { kind: 'rsa', n: number(1024), e: Uint8Array.of(1, 0, 1) } });
const servers: net.Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) if (server.listening) await closed(server);
});

/** The first two cells of the rows of a table of the page. */
const rows = new Map(
  [...readFileSync(new URL('../../docs/node-tls.md', import.meta.url), 'utf8').matchAll(/^\| `([\w.]+)` \| (works|differs|absent)/gm)].map(
    ([, name = '', state = '']) => [name, state],
  ),
);

describe('docs/node-tls.md', () => {
  it('says of every name of node:tls whether it works, and the module agrees', () => {
    for (const name of Object.keys(native).filter((key) => key !== 'default' && key !== 'module.exports')) {
      expect([name, rows.get(name)]).toEqual([name, expect.stringMatching(/^(?:works|differs|absent)$/)]);
      expect([name, name in tls]).toEqual([name, rows.get(name) !== 'absent']);
    }
  });

  it.each([
    ['TLSSocket', native.TLSSocket.prototype, TLSSocket.prototype],
    ['Server', native.Server.prototype, Server.prototype],
  ] as const)('says of every method of %s whether it works, and the class agrees', (owner, theirs, ours) => {
    for (const name of Object.getOwnPropertyNames(theirs).filter((key) => !key.startsWith('_') && key !== 'constructor')) {
      const row = `${owner}.${name}`;
      expect([row, rows.get(row)]).toEqual([row, expect.stringMatching(/^(?:works|differs|absent)$/)]);
      expect([row, name in ours]).toEqual([row, rows.get(row) !== 'absent']);
    }
  });
});

describe('the module object', () => {
  it('has defaults that a program may set for contexts to come', () => {
    const before = tls.DEFAULT_MAX_VERSION;
    tls.DEFAULT_MAX_VERSION = 'TLSv1.2';
    expect(tls.createSecureContext({}).context.get('maxProtoVersion')).toBe(0x0303);
    tls.DEFAULT_MAX_VERSION = before;
    expect(tls.createSecureContext({}).context.get('maxProtoVersion')).toBe(0x0304);
  });

  it('has the authorities of node:tls', () => {
    expect(tls.rootCertificates).toBe(native.rootCertificates);
    expect(tls.getCACertificates('bundled')).toEqual(native.rootCertificates);
  });

  it.each([
    [{ minVersion: 'x' }],
    [{ minVersion: 'TLSv1.2', secureProtocol: 'TLSv1_2_method' }],
    [{ secureProtocol: 'SSLv3_method' }],
    [{ ciphers: 1 }],
    [{ ciphers: 'no-such' }],
    [{ ecdhCurve: 'x' }],
    [{ cert: 'x' }],
    [{ key: 'x' }],
    [{ cert, key: TEST_KEYS.client }],
    [{ crl: 'x' }],
    [{ sigalgs: '' }],
    [{ ticketKeys: Buffer.alloc(3) }],
    [{ sessionTimeout: -1 }],
    [{ passphrase: 1, key }],
    [{ privateKeyIdentifier: 'x' }],
    [{ key: { pem: key } }],
    [{ key: [key, true], cert }],
    [{ ca: {} }],
    [{ dhparam: SMALL_GROUP }],
    [{ cert: SMALL_CERTIFICATE, ciphers: 'DEFAULT@SECLEVEL=2' }],
  ])('refuses %j as node:tls does', (options) => {
    const failure = (create: (options: object) => unknown): object => {
      try {
        create(options);
      } catch (error) {
        const { name, message, code } = error as NodeJS.ErrnoException;
        // Detail of ours may follow.
        return { name, code, message: message.replace(/(SSL routines::[^:]*):.*/, '$1') };
      }
      return {};
    };
    expect(failure(tls.createSecureContext)).toEqual(failure(native.createSecureContext));
  });

  it.each([
    ['a.example', { subject: { CN: 'a.example' } }],
    ['b.example', { subject: { CN: 'a.example' } }],
    ['b.example', { subject: { CN: ['a.example', 'b.example'] } }],
    ['x.a.example', { subject: {}, subjectaltname: 'DNS:*.a.example' }],
    ['x.y.a.example', { subject: {}, subjectaltname: 'DNS:*.a.example' }],
    ['a.example', { subject: {}, subjectaltname: 'DNS:*.example' }],
    ['a.example', { subject: {}, subjectaltname: 'DNS:"evil\\u002c DNS:a.example"' }],
    ['10.0.0.1', { subject: { CN: '10.0.0.1' }, subjectaltname: 'IP Address:10.0.0.1' }],
    ['10.0.0.2', { subject: { CN: '10.0.0.2' }, subjectaltname: 'IP Address:10.0.0.1' }],
    ['::1', { subject: {}, subjectaltname: 'IP Address:0:0:0:0:0:0:0:1' }],
    ['a.example.', { subject: {} }],
  ])('checkServerIdentity judges %s as node:tls does', (host, certificate) => {
    const theirs = native.checkServerIdentity(host, certificate as unknown as native.PeerCertificate);
    const ours = checkServerIdentity(host, certificate);
    expect({ ...ours, message: ours?.message }).toEqual({ ...theirs, message: theirs?.message });
  });
});

describe('Server', () => {
  it('may be called on another object, as https.Server does, and subclassed', async () => {
    function Old(this: Server, options: ServerOptions): void {
      (Server as unknown as (this: Server, options: ServerOptions) => void).call(this, options);
    }
    inherits(Old, Server);
    class New extends Server {}
    for (const server of [new (Old as unknown as new (options: ServerOptions) => Server)({ cert, key }), new New({ cert, key })]) {
      servers.push(server);
      expect([server instanceof Server, server instanceof net.Server]).toEqual([true, true]);
      server.on('secureConnection', (socket: TLSSocket) => socket.on('error', () => undefined).end('hello'));
      const client = connect({ port: await listening(server), host: 'localhost', ca });
      expect(String((await once(client, 'data'))[0])).toBe('hello');
    }
  });

  it('gives and takes its ticket keys, so that another resumes its sessions', async () => {
    const first = createServer({ cert, key }, quiet);
    const second = createServer({ cert, key }, quiet);
    second.setTicketKeys(first.getTicketKeys());
    servers.push(first, second);
    const { session } = await visit(await listening(first));
    expect((await visit(await listening(second), { session })).reused).toBe(true);
    // A list moves a fleet from one key to the next.
    second.setTicketKeys([Buffer.alloc(48, 1), first.getTicketKeys()]);
    expect((await visit(second.port, { session })).reused).toBe(true);
    second.setTicketKeys(Buffer.alloc(48, 2));
    expect((await visit(second.port, { session })).reused).toBe(false);
  });
});

function quiet(socket: TLSSocket): void {
  socket.on('error', () => undefined).write('hello');
}

/** A connection until its data and, where there is to be one, its session arrived. */
async function visit(
  port: number,
  options: ConnectOptions = {},
): Promise<{ readonly reused: boolean; readonly session: Buffer | undefined }> {
  const client = connect({ port, host: 'localhost', ca, ...options });
  let session: Buffer | undefined;
  client.on('session', (data: Buffer) => {
    session = data;
  });
  await once(client, 'data');
  const reused = client.isSessionReused();
  client.end();
  await once(client, 'close');
  return { reused, session };
}

describe('resumption (the table of nodejs/node#60847)', () => {
  const cases = ['TLSv1.3', 'TLSv1.2'].flatMap((maxVersion) =>
    [true, false].flatMap((serverTickets) =>
      [true, false].flatMap((clientTickets) =>
        [true, false].flatMap((ticketKeys) =>
          [true, false].map((events) => ({ maxVersion, serverTickets, clientTickets, ticketKeys, events })),
        ),
      ),
    ),
  );

  it.each(cases)('%j', async ({ maxVersion, serverTickets, clientTickets, ticketKeys, events }) => {
    const secureOptions = (tickets: boolean): number => (tickets ? 0 : OPTIONS.NO_TICKET);
    const server = createServer({ cert, key, maxVersion, secureOptions: secureOptions(serverTickets) }, quiet);
    servers.push(server);
    if (ticketKeys) server.setTicketKeys(Buffer.alloc(48, 7));
    const kept = new Map<string, Buffer>();
    const asked: string[] = [];
    if (events) {
      server.on('newSession', (id: Buffer, data: Buffer, done: () => void) => {
        kept.set(id.toString('hex'), data);
        setImmediate(done);
      });
      server.on('resumeSession', (id: Buffer, done: (error: null, data: Buffer | null) => void) => {
        asked.push(id.toString('hex'));
        setImmediate(() => done(null, kept.get(id.toString('hex')) ?? null));
      });
    }
    const port = await listening(server);
    const options = { secureOptions: secureOptions(clientTickets) };
    const { session } = await visit(port, options);
    // A client that speaks TLS 1.3 sends an id that is none.
    asked.length = 0;
    // SSL_OP_NO_TICKET is a matter of TLS 1.2 for a client: TLS 1.3 has tickets alone.
    expect((await visit(port, { ...options, session })).reused).toBe(true);
    const stateful = !serverTickets || (maxVersion === 'TLSv1.2' && !clientTickets);
    expect(asked.length > 0).toBe(events && stateful);
  });
});

describe('getPeerCertificate', () => {
  const rsa = { cert: livePem({ subject: 'localhost', key: 'rsa', names: { dns: ['localhost'] } }), key: TEST_KEYS.rsa };
  const ed25519 = { cert: livePem({ subject: 'localhost', key: 'ed25519', names: { dns: ['localhost'] } }), key: TEST_KEYS.ed25519 };

  it.each([
    ['EC', { cert, key }],
    ['RSA', rsa],
    ['Ed25519', ed25519],
  ])('is that of node:tls, field by field: %s', async (_kind, own) => {
    const server = createServer(own, quiet);
    servers.push(server);
    const port = await listening(server);
    const ours = connect({ port, host: 'localhost', ca });
    const theirs = native.connect({ port, host: 'localhost', ca });
    await Promise.all([once(ours, 'secureConnect'), once(theirs, 'secureConnect')]);
    for (const detailed of [false, true]) expect(ours.getPeerCertificate(detailed)).toEqual(theirs.getPeerCertificate(detailed));
    expect(ours.getPeerX509Certificate()?.raw).toEqual(theirs.getPeerX509Certificate()?.raw);
    for (const end of [ours, theirs]) end.destroy();
  });
});
