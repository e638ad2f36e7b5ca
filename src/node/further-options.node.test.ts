import { once } from 'node:events';
import type { Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { TEST_KEYS } from '../../test/support/keys.ts';
import { closed, LIVE, listening, livePem } from '../../test/support/loopback.ts';
import { testKey } from '../../test/support/pki.ts';
import { fromUtf8, utf8 } from '../bytes/bytes.ts';
import type { CustomExtension } from '../config/callbacks.ts';
import { EXT } from '../handshake/common/custom-extensions.ts';
import { VERIFY } from '../registry/options.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import { parseCertificate } from '../x509/certificate.ts';
import { DaneRecords } from '../x509/dane.ts';
import { type ConnectOptions, connect, createServer, type ServerOptions, type TLSSocket } from './index.ts';

const { ca, cert, key, clientCert, clientKey } = LIVE;
const servers: NetServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await closed(server);
});

/** A connection over TCP: both of its ends where it is made, or the code of what the client failed of. */
async function meet(
  serving: ServerOptions,
  connecting: ConnectOptions = {},
): Promise<{ readonly client: TLSSocket; readonly server: TLSSocket } | string> {
  const server = createServer({ cert, key, ...serving });
  servers.push(server);
  const accepted = once(server, 'secureConnection');
  accepted.catch(() => undefined);
  const client = connect({ port: await listening(server), host: 'localhost', ca, ...connecting });
  try {
    await once(client, 'secureConnect');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
  const [socket] = (await accepted) as [TLSSocket];
  socket.on('error', () => undefined).resume();
  return { client, server: socket };
}

/** Both ends, of which the test says that they meet. */
async function met(
  serving: ServerOptions,
  connecting: ConnectOptions = {},
): Promise<{ readonly client: TLSSocket; readonly server: TLSSocket }> {
  const both = await meet(serving, connecting);
  if (typeof both === 'string') throw new Error(both);
  return both;
}

const leave = ({ client, server }: { readonly client: TLSSocket; readonly server: TLSSocket }): void => {
  for (const end of [client, server]) end.destroy();
};

const psk = { identity: utf8('me'), key: utf8('0123456789abcdef0123456789abcdef') };

describe('what node:tls has no option for, over TCP', () => {
  it.each([true, false])('certVerifyCallback judges after a while: %s', async (verdict) => {
    const certVerifyCallback = async (): Promise<boolean> => {
      await delay(5);
      return verdict;
    };
    const both = await meet({}, { ca: livePem({ subject: 'Nobody', ca: true }), ssl: { certVerifyCallback } });
    expect(typeof both === 'string' ? both : both.client.authorized).toBe(verdict ? true : 'UNSPECIFIED');
    if (typeof both !== 'string') leave(both);
  });

  it('alpnSelectCallback chooses after a while', async () => {
    const alpnSelectCallback = async (_ssl: unknown, offered: readonly Uint8Array[]): Promise<Uint8Array> => {
      await delay(5);
      return offered[1] as Uint8Array;
    };
    const both = await met({ ssl: { alpnSelectCallback } }, { ALPNProtocols: ['a', 'b'] });
    expect([both.client.alpnProtocol, both.server.alpnProtocol]).toEqual(['b', 'b']);
    leave(both);
  });

  it.each(['TLSv1.2', 'TLSv1.3'])('clientHelloCallback sees the hello and may refuse it: %s', async (maxVersion) => {
    const seen: number[][] = [];
    const clientHelloCallback = async (
      _ssl: unknown,
      hello: { readonly extensions: readonly { readonly type: number }[] },
    ): Promise<'ok' | { alert: number }> => {
      await delay(5);
      const types = hello.extensions.map(({ type }) => type);
      seen.push(types);
      return types.includes(16) ? 'ok' : { alert: 80 };
    };
    const serving = { maxVersion, ALPNProtocols: ['a'], ssl: { clientHelloCallback } };
    leave(await met(serving, { ALPNProtocols: ['a'] }));
    expect(await meet(serving)).toBe('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR');
    expect(seen.map((types) => types.includes(16))).toEqual([true, false]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'])('certCallback brings a certificate after a while: %s', async (maxVersion) => {
    const other = { cert: livePem({ subject: 'other', key: 'rsa', names: { dns: ['localhost'] } }), key: TEST_KEYS.rsa };
    const both = await met(
      {
        maxVersion,
        ssl: {
          certCallback: async (ssl) => {
            await delay(5);
            ssl.useCertificate(other.cert).usePrivateKey(other.key);
            return true;
          },
        },
      },
      { sigalgs: 'rsa_pss_rsae_sha256' },
    );
    expect(both.client.getPeerCertificate()).toMatchObject({ subject: { CN: 'other' } });
    leave(both);
  });

  it.each(['TLSv1.2', 'TLSv1.3'])('a key that lies elsewhere signs after a while, for servers and clients: %s', async (maxVersion) => {
    let signed = 0;
    const remote = (name: 'ec256' | 'client'): ReturnType<typeof testKey> => {
      const inner = testKey(name);
      return {
        publicKey: inner.publicKey,
        async sign(algorithm, data) {
          await delay(5);
          signed++;
          return inner.sign(algorithm, data);
        },
      };
    };
    const both = await met(
      { maxVersion, key: undefined, ca, requestCert: true, ssl: { key: remote('ec256') } },
      { cert: clientCert, ssl: { key: remote('client') } },
    );
    expect([both.client.authorized, both.server.authorized, signed]).toEqual([true, true, 2]);
    leave(both);
  });

  it('session callbacks keep sessions elsewhere, and answer after a while', async () => {
    const kept = new Map<string, Uint8Array>();
    const ssl: ServerOptions['ssl'] = {
      options: 1 << 14,
      sessionCacheMode: 0x302,
      newSessionCallback: (_ssl, session) => void kept.set(Buffer.from(session.data.id).toString('hex'), encodeSession(session)),
      getSessionCallback: async (_ssl, id) => {
        await delay(5);
        const data = kept.get(Buffer.from(id).toString('hex'));
        return data && decodeSession(data);
      },
    };
    const first = await met({ maxVersion: 'TLSv1.2', sessionIdContext: 'here', ssl });
    const session = first.client.getSession();
    leave(first);
    // Another server, with the same sessions.
    const second = await met({ maxVersion: 'TLSv1.2', sessionIdContext: 'here', ssl }, { session });
    expect([kept.size > 0, second.client.isSessionReused(), second.server.isSessionReused()]).toEqual([true, true, true]);
    leave(second);
  });

  it('custom extensions are sent and answered', async () => {
    const heard: string[] = [];
    const extension = (text: string): readonly CustomExtension[] => [
      {
        type: 1000,
        context: EXT.CLIENT_HELLO | EXT.TLS1_3_ENCRYPTED_EXTENSIONS,
        add: () => utf8(text),
        parse: (_ssl, _place, data) => {
          heard.push(fromUtf8(data));
          return undefined;
        },
      },
    ];
    leave(await met({ ssl: { customExtensions: extension('answer') } }, { ssl: { customExtensions: extension('question') } }));
    expect(heard).toEqual(['question', 'answer']);
  });

  it('an external key is found after a while, and takes the place of certificates', async () => {
    const pskServerCallback = async (_ssl: unknown, identity: Uint8Array): Promise<typeof psk | undefined> => {
      await delay(5);
      return fromUtf8(identity) === 'me' ? psk : undefined;
    };
    const pskClientCallback = async (): Promise<readonly (typeof psk)[]> => {
      await delay(5);
      return [psk];
    };
    const both = await met(
      { cert: undefined, key: undefined, ssl: { pskServerCallback } },
      { ssl: { pskClientCallback }, checkServerIdentity: () => undefined },
    );
    expect([both.client.getProtocol(), both.client.getPeerCertificate()]).toEqual(['TLSv1.3', {}]);
    leave(both);
  });

  it('TLSA records say whom to trust, where no authority does', async () => {
    const records = (of: string): DaneRecords => {
      const dane = new DaneRecords();
      dane.add(3, 0, 0, parseCertificate(Buffer.from(of.replace(/-----[^-]+-----|\s/g, ''), 'base64')).der);
      return dane;
    };
    const nobody = livePem({ subject: 'Nobody', ca: true });
    const both = await met({}, { ca: nobody, ssl: { dane: records(cert) } });
    expect(both.client.authorized).toBe(true);
    leave(both);
    expect(await meet({}, { ca: nobody, ssl: { dane: records(clientCert) } })).toBe('UNSPECIFIED');
  });

  it('a client is asked for its certificate after the handshake', async () => {
    const both = await met(
      { ca, ssl: { verifyMode: VERIFY.PEER | VERIFY.POST_HANDSHAKE } },
      { cert: clientCert, key: clientKey, ssl: { postHandshakeAuth: true } },
    );
    expect(both.server.getPeerCertificate()).toEqual({});
    both.client.resume();
    both.server.ssl.verifyClientPostHandshake();
    const heard = once(both.server, 'data');
    // What the client sends arrives behind its answer.
    both.server.write('who are you?');
    both.client.once('data', () => both.client.write('it is me'));
    expect(String((await heard)[0])).toBe('it is me');
    expect(both.server.getPeerCertificate()).toMatchObject({ subject: { CN: 'client' } });
    leave(both);
  });

  it('ticket keys are a list: the first seals, all open', async () => {
    const [old, young] = [Buffer.alloc(48, 1), Buffer.alloc(48, 2)];
    const first = await met({ ticketKeys: [old] });
    const [session] = (await once(first.client, 'session')) as [Buffer];
    leave(first);
    const reused = async (ticketKeys: Buffer[]): Promise<boolean> => {
      const both = await met({ ticketKeys }, { session });
      const answer = both.client.isSessionReused();
      leave(both);
      return answer;
    };
    expect(await reused([young, old])).toBe(true);
    expect(await reused([young])).toBe(false);
  });
});
