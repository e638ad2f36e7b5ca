import { describe, expect, it } from 'vitest';
import { clientContext, handshake, handshakeAsync, type Pair, pair, serverContext } from '../../test/support/connect.ts';
import { testCertificate, testKey } from '../../test/support/pki.ts';
import { utf8 } from '../bytes/bytes.ts';
import type { ExternalPsk } from '../config/credentials.ts';
import { VERIFY } from '../registry/options.ts';
import { SslContext, type SslContextOptions } from './context.ts';
import type { CredentialOptions } from './credentials.ts';
import type { Ssl } from './ssl.ts';

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const first: ExternalPsk = { identity: utf8('first'), key: key(1), importContext: utf8('context') };
const second: ExternalPsk = { identity: utf8('second'), key: key(2), importContext: utf8('context'), hash: 'sha384' };
const third: ExternalPsk = { identity: utf8('third'), key: key(3), importContext: utf8('context') };
const bare: ExternalPsk = { identity: utf8('bare'), key: key(4) };
const certified: CredentialOptions = { cert: testCertificate(), key: testKey('ec256') };

type AnyCredential = CredentialOptions | ExternalPsk;
const now = (): number => 1_800_000_000_000;

function withList(context: SslContext, list: readonly AnyCredential[]): SslContext {
  for (const credential of list) context.addCredential(credential);
  return context;
}

const serverOf = (list: readonly AnyCredential[], options: SslContextOptions = {}): SslContext =>
  withList(new SslContext({ role: 'server', now, ...options }), list);
/** A client that knows keys, and takes no certificate instead. */
const clientOf = (list: readonly AnyCredential[], options: SslContextOptions = {}): SslContext =>
  withList(clientContext({ verifyMode: VERIFY.NONE, ...options }), list);

const chosen = (ssl: Ssl): ExternalPsk | undefined | string => {
  const { selectedCredential } = ssl;
  return selectedCredential === undefined || 'identity' in selectedCredential ? selectedCredential : 'a certificate';
};

function meet(client: SslContext, server: SslContext): Pair {
  const both = pair(client, server);
  handshake(both);
  return both;
}

const fails = (reason: string, alert?: string) => expect.objectContaining({ reason, ...(alert && { alert }) });

describe('pre-shared keys among the credentials', () => {
  it('authenticate both sides, without certificates, and can be resumed', () => {
    const [client, server] = [clientOf([first]), serverOf([first])];
    const both = meet(client, server);
    expect([chosen(both.client), chosen(both.server)]).toEqual([first, first]);
    expect([both.client.connection?.peerChain, both.client.connection?.reused]).toEqual([[], false]);
    both.client.read();
    const again = pair(client, server);
    again.client.setSession(both.client.session);
    handshake(again);
    expect([again.client.connection?.reused, chosen(again.client)]).toEqual([true, undefined]);
  });

  it.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'])('of either hash serve %s', (cipherSuites) => {
    for (const psk of [first, second]) expect(chosen(meet(clientOf([psk], { cipherSuites }), serverOf([psk])).server)).toBe(psk);
  });

  it('need not be imported', () => {
    expect(chosen(meet(clientOf([bare]), serverOf([first, bare])).client)).toBe(bare);
  });

  it('are chosen in the server’s order', () => {
    const both = meet(clientOf([second, first]), serverOf([third, first, second]));
    expect([chosen(both.client), chosen(both.server)]).toEqual([first, first]);
  });

  it('stand in one order with certificates', () => {
    const trusting = () => withList(clientContext(), [first]);
    expect(chosen(meet(trusting(), serverOf([first, certified])).server)).toBe(first);
    expect(chosen(meet(trusting(), serverOf([certified, first])).server)).toBe('a certificate');
    expect(chosen(meet(trusting(), serverOf([third, certified])).server)).toBe('a certificate');
    const deaf = withList(clientContext({ sigalgs: ['ed25519'] }), [first]);
    expect(chosen(meet(deaf, serverOf([certified, first])).server)).toBe(first);
  });

  it('are matched whole: another context is another key', () => {
    const elsewhere: ExternalPsk = { ...first, importContext: utf8('elsewhere') };
    expect(() => meet(clientOf([elsewhere]), serverOf([first, third]))).toThrow(fails('PSK_IDENTITY_NOT_FOUND', 'handshake_failure'));
  });

  it('fail with the right identity and the wrong key', () => {
    expect(() => meet(clientOf([{ ...first, key: key(9) }]), serverOf([first]))).toThrow(fails('BINDER_DOES_NOT_VERIFY', 'decrypt_error'));
  });

  it('are bound anew after a retry, in the forms that go with the suite', () => {
    const both = meet(clientOf([first, second], { keyShares: [] }), serverOf([second]));
    expect([chosen(both.client), chosen(both.server)]).toEqual([second, second]);
  });

  it('may come from a callback, which is asked once, retry or not', async () => {
    let asked = 0;
    const server = serverOf([], {
      certCallback: async (ssl) => {
        asked++;
        await null;
        ssl.addCredential(first);
        return true;
      },
    });
    const both = pair(clientOf([first], { keyShares: [] }), server);
    await handshakeAsync(both);
    expect([chosen(both.server), asked]).toEqual([first, 1]);
  });

  it('ask no client for a certificate', () => {
    const server = serverOf([first], { verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT });
    expect(meet(clientOf([first]), server).server.connection?.peerChain).toEqual([]);
  });

  it('are refused empty', () => {
    expect(() => new SslContext().addCredential({ identity: utf8('x'), key: new Uint8Array() })).toThrow(fails('BAD_PSK'));
    expect(() => new SslContext().addCredential({ identity: new Uint8Array(), key: key(1) })).toThrow(fails('BAD_PSK_IDENTITY'));
  });
});

describe('a client that has keys and verifies nothing', () => {
  it('takes no certificate in their place', () => {
    expect(() => meet(clientOf([first]), serverContext())).toThrow(fails('MISSING_SIGALGS_EXTENSION', 'missing_extension'));
    expect(() => meet(clientOf([first]), serverContext({ maxProtoVersion: 'TLSv1.2' }))).toThrow(
      fails('UNSUPPORTED_PROTOCOL', 'protocol_version'),
    );
  });

  it('does not resume a session that was made with one', () => {
    const server = serverContext();
    const made = meet(clientContext({ verifyMode: VERIFY.NONE }), server);
    made.client.read();
    const both = pair(clientOf([first]), server);
    both.client.setSession(made.client.session);
    expect(() => handshake(both)).toThrow(fails('MISSING_SIGALGS_EXTENSION'));
  });
});

describe('a client that has keys and verifies certificates', () => {
  it('takes either, in TLS 1.2 as well', () => {
    const client = (): SslContext => withList(clientContext(), [first]);
    expect(meet(client(), serverContext()).client.connection?.peerChain).toHaveLength(1);
    expect(meet(client(), serverContext({ maxProtoVersion: 'TLSv1.2' })).client.connection?.peerChain).toHaveLength(1);
    expect(meet(client(), serverOf([first])).client.connection?.peerChain).toHaveLength(0);
  });
});
