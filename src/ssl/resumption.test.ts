/** What both sides keep of a handshake, and what of it is told and used again. */
import { describe, expect, it } from 'vitest';
import { clientContext, connected, drain, handshake, join, serverContext } from '../../test/support/connect.ts';
import { testCertificate } from '../../test/support/pki.ts';
import { OPTIONS, VERIFY } from '../registry/options.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../registry/versions.ts';
import type { SslSession } from '../session/session.ts';
import { SslContext, type SslContextOptions } from './context.ts';
import { Ssl } from './ssl.ts';

const TLS12: SslContextOptions = { maxProtoVersion: TLS1_2_VERSION };

/** Two connections one after the other, the second with what the first left. */
function twice(client: SslContextOptions, server: SslContextOptions | SslContext, before2nd: (second: Ssl) => void = () => {}) {
  const contexts = [clientContext(client), server instanceof SslContext ? server : serverContext(server)] as const;
  const first = join(new Ssl(contexts[0]), new Ssl(contexts[1]));
  handshake(first);
  drain(first.client);
  const second = join(new Ssl(contexts[0]).setSession(first.client.session), new Ssl(contexts[1]));
  before2nd(second.client);
  handshake(second);
  drain(second.client);
  return { first, second };
}

describe('sessions of TLS 1.2', () => {
  it('are told again where a resumption brings another ticket', () => {
    const told: SslSession[] = [];
    const client: SslContextOptions = { ...TLS12, newSessionCallback: (_ssl, session) => void told.push(session.upRef()) };
    const [older, newer] = [new Uint8Array(80).fill(1), new Uint8Array(80).fill(2)];
    const server = serverContext({ ...TLS12, ticketKeys: [older] });
    const { second } = twice(client, server, () => void server.set('ticketKeys', [newer, older]));
    expect(second.client.connection?.reused).toBe(true);
    expect(told).toHaveLength(2);
    expect(told[1]?.data.ticket).not.toEqual(told[0]?.data.ticket);
  });

  it('keep the ticket they came by while its key is the newest', () => {
    const told: SslSession[] = [];
    const { first, second } = twice({ ...TLS12, newSessionCallback: (_ssl, session) => void told.push(session.upRef()) }, TLS12);
    expect(second.client.connection?.reused).toBe(true);
    expect(told).toHaveLength(1);
    expect(second.client.session?.data.ticket).toEqual(first.client.session?.data.ticket);
  });

  it.each([
    [1, 1],
    [2, 2],
  ])('get another ticket where a key callback says so (%i)', (answer, times) => {
    const told: SslSession[] = [];
    const key = new Uint8Array(32);
    const name = new Uint8Array(16);
    const client: SslContextOptions = { ...TLS12, newSessionCallback: (_ssl, session) => void told.push(session.upRef()) };
    const { second } = twice(client, { ...TLS12, ticketKeyCallback: () => ({ name, key, renew: answer === 2 }) });
    expect(second.client.connection?.reused).toBe(true);
    expect(told).toHaveLength(times);
  });

  it('are not told to a server that gave them away as tickets', () => {
    const told: Ssl[] = [];
    const newSessionCallback = (ssl: Ssl): void => void told.push(ssl);
    connected(TLS12, { ...TLS12, newSessionCallback });
    expect(told).toHaveLength(0);
    connected(TLS12, { ...TLS12, newSessionCallback, options: OPTIONS.NO_TICKET });
    expect(told).toHaveLength(1);
  });

  it('are not offered by an id that only stood for a ticket', () => {
    const { second } = twice(TLS12, TLS12, (ssl) => ssl.set('options', ssl.get('options') | OPTIONS.NO_TICKET));
    expect(second.client.connection?.reused).toBe(false);
  });

  it('know the group of the handshake they come from', () => {
    const { first, second } = twice({ ...TLS12, groups: ['P-384', 'P-256'] }, { ...TLS12, groups: ['P-384', 'P-256'] });
    expect(second.server.connection?.reused).toBe(true);
    for (const ssl of [second.client, second.server]) expect(ssl.connection?.group).toBe(first.client.connection?.group);
  });

  it('are left by the ticket alone where the application has a key for it', () => {
    const { first, second } = twice(TLS12, { ...TLS12, ticketKeyCallback: () => undefined });
    expect(first.client.session?.data.ticket).toHaveLength(0);
    expect(second.client.connection?.reused).toBe(false);
  });
});

describe('sessions of TLS 1.3', () => {
  it('are left by tickets alone where the application has a key for them', () => {
    const told: SslSession[] = [];
    const { client } = connected(
      { newSessionCallback: (_ssl, session) => void told.push(session) },
      { ticketKeyCallback: () => undefined },
    );
    drain(client);
    expect(told).toHaveLength(0);
  });

  it.each([TLS1_2_VERSION, TLS1_3_VERSION])('bring along what was stapled, in version %s', (maxProtoVersion) => {
    const staple = Uint8Array.of(1, 2, 3);
    // What these bytes say is nobody's business here.
    const asking: SslContextOptions = { maxProtoVersion, statusRequest: true, verifyMode: VERIFY.NONE };
    const { first, second } = twice(asking, { maxProtoVersion, statusCallback: () => staple });
    expect(first.client.connection?.ocspResponse).toEqual(staple);
    expect(second.client.connection?.reused).toBe(true);
    expect(second.client.connection?.ocspResponse).toEqual(staple);
  });
});

describe('a certificate of a session', () => {
  it.each([TLS1_2_VERSION, TLS1_3_VERSION])('is verified anew where that was asked for, in version %s', (maxProtoVersion) => {
    const refusing = (ssl: Ssl): void => void ssl.set('verifyCallback', () => false);
    expect(twice({ maxProtoVersion }, { maxProtoVersion }, refusing).second.client.connection?.reused).toBe(true);
    expect(() => twice({ maxProtoVersion, reverifyOnResume: true }, { maxProtoVersion }, refusing)).toThrow('certificate verify failed');
  });

  it('is not asked of a client that has none', () => {
    const { second } = twice({}, { reverifyOnResume: true, verifyMode: VERIFY.NONE, cert: testCertificate() });
    expect(second.server.connection?.reused).toBe(true);
  });
});
