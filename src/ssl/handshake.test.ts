import { describe, expect, it } from 'vitest';
import { clientContext, connected, drain, handshake, handshakeAsync, join, pair, serverContext } from '../../test/support/connect.ts';
import { type TestKeyName, testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import { fromUtf8, utf8 } from '../bytes/bytes.ts';
import { jsProvider } from '../crypto/js.ts';
import { nodeProvider } from '../crypto/node.ts';
import { CIPHER_SUITES } from '../registry/cipher-suites.ts';
import { PeerAlert, TlsFatal } from '../registry/fatal.ts';
import { NAMED_GROUPS } from '../registry/groups.ts';
import { OPTIONS, VERIFY } from '../registry/options.ts';
import { signatureSchemeName } from '../registry/signature-schemes.ts';
import type { Certificate } from '../x509/certificate.ts';
import { Ssl } from './ssl.ts';

const PROVIDERS = [nodeProvider, jsProvider];
const TLS13_SUITES = CIPHER_SUITES.filter(({ minVersion }) => minVersion === 0x0304);
/** Finite fields above 3072 bits take a JavaScript-only provider whole seconds. */
const slow = (provider: string, group: string): boolean => provider === 'js' && /^ffdhe[468]/.test(group);

describe.each(PROVIDERS)('TLS 1.3 over the $name provider', (provider) => {
  it('connects and carries data both ways', () => {
    const { client, server } = connected({ provider }, { provider });
    expect(client.connection?.version).toBe(0x0304);
    expect(client.isInitFinished && server.isInitFinished).toBe(true);
    expect(client.write(utf8('hello'))).toBe(5);
    expect(fromUtf8(drain(server))).toBe('hello');
    expect(server.write(utf8('world'))).toBe(5);
    expect(fromUtf8(drain(client))).toBe('world');
  });

  it.each(TLS13_SUITES)('speaks $name', ({ name, id }) => {
    const { client, server } = connected(
      { provider, cipherSuites: [name], securityLevel: 0 },
      { provider, cipherSuites: [name], securityLevel: 0 },
    );
    expect(client.connection?.suite?.id).toBe(id);
    const text = 'x'.repeat(40_000);
    expect(server.write(utf8(text))).toBe(text.length);
    expect(fromUtf8(drain(client))).toBe(text);
  });

  it.each(NAMED_GROUPS.filter(({ name }) => !slow(provider.name, name)))('agrees on $name', ({ name, id }) => {
    const { client, server } = connected({ provider, groups: [name] }, { provider, groups: [name] });
    expect([client.connection?.group, server.connection?.group]).toEqual([id, id]);
  });

  it.each<[TestKeyName, string]>([
    ['ec256', 'ecdsa_secp256r1_sha256'],
    ['ec384', 'ecdsa_secp384r1_sha384'],
    ['ec521', 'ecdsa_secp521r1_sha512'],
    ['ed25519', 'ed25519'],
    ['ed448', 'ed448'],
    ['rsa', 'rsa_pss_rsae_sha256'],
    ['rsaPss', 'rsa_pss_pss_sha256'],
    ['mlDsa44', 'mldsa44'],
    ['mlDsa65', 'mldsa65'],
    ['mlDsa87', 'mldsa87'],
  ])('signs with a key of kind %s', (key, scheme) => {
    const { client } = connected({ provider }, { provider }, key);
    expect(signatureSchemeName(client.connection?.peerSignatureScheme ?? 0)).toBe(scheme);
  });

  it('asks again for a share the client did not send', () => {
    const { client, server } = connected({ provider, groups: ['X25519', 'P-384'] }, { provider, groups: ['P-384'] });
    expect(client.connection?.group).toBe(24);
    client.write(utf8('after a retry'));
    expect(fromUtf8(drain(server))).toBe('after a retry');
  });

  it('resumes with a ticket', () => {
    const [clients, servers] = [clientContext({ provider }), serverContext({ provider })];
    const first = connected(clients, servers);
    drain(first.client);
    const again = pair(clients, servers);
    again.client.setSession(first.client.session);
    handshake(again);
    expect(again.client.connection?.reused && again.server.connection?.reused).toBe(true);
    expect(again.client.connection?.peerChain[0]?.subject.values('2.5.4.3')).toEqual(
      first.client.connection?.peerChain[0]?.subject.values('2.5.4.3'),
    );
  });
});

describe('choosing', () => {
  it('prefers the client’s order of suites, or the server’s own where it says so', () => {
    const suites = { cipherSuites: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384' };
    const own = { cipherSuites: 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256' };
    expect(connected(suites, own).client.connection?.suite?.name).toBe('TLS_AES_128_GCM_SHA256');
    expect(connected(suites, { ...own, options: OPTIONS.CIPHER_SERVER_PREFERENCE }).client.connection?.suite?.name).toBe(
      'TLS_AES_256_GCM_SHA384',
    );
  });

  it('offers X25519MLKEM768 first by default', () => {
    expect(connected().client.connection?.group).toBe(0x11ec);
  });

  it('takes the certificate that fits the client’s signature schemes', () => {
    const server = serverContext();
    server.useCertificate(testCertificate({ key: 'rsa' })).usePrivateKey(testKey('rsa'));
    expect(
      connected({ sigalgs: ['rsa_pss_rsae_sha256'], sigalgsCert: ['ecdsa_secp256r1_sha256'] }, server).client.connection?.peerChain[0]
        ?.publicKey?.kind,
    ).toBe('rsa');
    expect(connected({ sigalgs: ['ecdsa_secp256r1_sha256'] }, server).client.connection?.peerChain[0]?.publicKey?.kind).toBe('ec');
  });

  it.each([
    ['suite', { cipherSuites: 'TLS_AES_128_GCM_SHA256' }, { cipherSuites: 'TLS_AES_256_GCM_SHA384' }, 'NO_SHARED_CIPHER', 40],
    ['group', { groups: 'X25519' }, { groups: 'P-256' }, 'NO_SUITABLE_KEY_SHARE', 40],
    ['signature scheme', { sigalgs: 'ed25519' }, {}, 'NO_SUITABLE_SIGNATURE_ALGORITHM', 40],
    ['signature scheme of any key', { sigalgs: 'ed25519' }, { sigalgs: 'ecdsa_secp256r1_sha256' }, 'NO_SHARED_SIGNATURE_ALGORITHMS', 40],
    ['version', { minProtoVersion: 0x0304 }, { options: OPTIONS.NO_TLSv1_3 }, 'UNSUPPORTED_PROTOCOL', 70],
    ['protocol', { alpnProtocols: ['a'] }, { alpnProtocols: ['b'] }, 'NO_APPLICATION_PROTOCOL', 120],
  ])('refuses a client without a common %s', (_what, client, server, reason, alert) => {
    const both = pair(client, server);
    both.client.doHandshake();
    expect(() => both.server.doHandshake()).toThrow(expect.objectContaining({ reason }));
    expect(() => both.client.doHandshake()).toThrow(expect.objectContaining({ alertCode: alert }));
  });
});

describe('ML-DSA', () => {
  it('authenticates clients, under certificates that ML-DSA signed too', () => {
    const root = testCertificate({ subject: 'Test CA', key: 'mlDsa65', issuerKey: 'mlDsa65', ca: true });
    const issued = (subject: string): Certificate => testCertificate({ subject, key: 'mlDsa44', issuerKey: 'mlDsa65' });
    const key = testKey('mlDsa44');
    const { client, server } = connected(
      { ca: root, cert: issued('client'), key },
      serverContext({ ca: root, verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT, cert: issued('server.example'), key }),
    );
    for (const { connection } of [client, server]) {
      expect(connection?.verifyResult).toBe('OK');
      expect([connection?.peerSignatureScheme, connection?.ownSignatureScheme]).toEqual([0x0904, 0x0904]);
    }
  });

  it('signs nothing where TLS 1.3 is out of the question', () => {
    const both = pair({}, { maxProtoVersion: 0x0303 }, 'mlDsa65');
    both.client.doHandshake();
    expect(() => both.server.doHandshake()).toThrow(expect.objectContaining({ reason: 'NO_SUITABLE_SIGNATURE_ALGORITHM' }));
  });

  it('is offered first, and only where TLS 1.3 is', () => {
    const offered = (maxProtoVersion: number): readonly number[] => {
      const { server } = connected({ maxProtoVersion }, {});
      return server.connection?.peerSignatureSchemes ?? [];
    };
    expect(offered(0x0304).slice(0, 4)).toEqual([0x0905, 0x0906, 0x0904, 0x0403]);
    expect(offered(0x0303)[0]).toBe(0x0403);
  });
});

describe('ALPN and SNI', () => {
  it('chooses the server’s first protocol that the client offers', () => {
    const { client, server } = connected({ alpnProtocols: ['http/1.1', 'h2'] }, { alpnProtocols: ['h2', 'http/1.1'] });
    expect(fromUtf8(client.connection?.alpn ?? utf8(''))).toBe('h2');
    expect(fromUtf8(server.connection?.alpn ?? utf8(''))).toBe('h2');
  });

  it('lets a callback choose, later if it must', async () => {
    const both = pair({ alpnProtocols: ['x', 'y'] }, { alpnSelectCallback: async (_ssl, offered) => offered[1] ?? 'noack' });
    await handshakeAsync(both);
    expect(fromUtf8(both.client.connection?.alpn ?? utf8(''))).toBe('y');
  });

  it('switches context by the name, later if it must', async () => {
    const other = serverContext({}, 'rsa');
    const names: (string | undefined)[] = [];
    const server = serverContext({
      serverNameCallback: async (ssl, name) => {
        names.push(name);
        ssl.setContext(other);
        return 'ok' as const;
      },
    });
    const both = pair({}, server);
    await handshakeAsync(both);
    expect(names).toEqual(['server.example']);
    expect(both.client.connection?.peerChain[0]?.publicKey?.kind).toBe('rsa');
    expect(both.server.context).toBe(other);
  });

  it('sends no name for an address and verifies the address', () => {
    const both = pair();
    both.client.set('serverName', '127.0.0.1');
    handshake(both);
    expect(both.server.connection?.serverName).toBeUndefined();
    expect(both.client.connection?.verifyResult).toBe('OK');
  });
});

describe('verification', () => {
  const refusal = (
    client: Parameters<typeof pair>[0],
    server: Parameters<typeof pair>[1],
    name?: string,
  ): [string, string, number | undefined] => {
    const both = pair(client, server);
    if (name !== undefined) both.client.set('serverName', name);
    try {
      handshake(both);
    } catch (error) {
      if (!(error instanceof TlsFatal)) throw error;
      let alert: number | undefined;
      try {
        both.server.doHandshake();
      } catch (peer) {
        alert = peer instanceof PeerAlert ? peer.alertCode : undefined;
      }
      return [error.reason, error.message.replace(/^.*: /, ''), alert];
    }
    throw new Error('the handshake succeeded');
  };

  it('refuses another host', () => {
    expect(refusal({}, {}, 'other.example')).toEqual(['CERTIFICATE_VERIFY_FAILED', 'HOSTNAME_MISMATCH at depth 0', 42]);
  });

  it('refuses an authority it does not know', () => {
    expect(refusal({ ca: testCertificate({ subject: 'Other CA', issuer: 'Other CA', key: 'ca', ca: true }) }, {})).toEqual([
      'CERTIFICATE_VERIFY_FAILED',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY at depth 0',
      48,
    ]);
  });

  it('refuses an expired certificate', () => {
    const cert = testCertificate({ notBefore: 1_600_000_000, notAfter: 1_700_000_000 });
    expect(refusal({}, serverContext({ cert, key: testKey('ec256') }))).toEqual([
      'CERTIFICATE_VERIFY_FAILED',
      'CERT_HAS_EXPIRED at depth 0',
      45,
    ]);
  });

  it('begins nothing when it does not know whom it means', () => {
    const both = pair();
    both.client.set('serverName', undefined);
    expect(() => both.client.doHandshake()).toThrow(expect.objectContaining({ reason: 'NO_HOST_NAME_TO_VERIFY' }));
    const unchecked = pair({ checkHostName: false });
    unchecked.client.set('serverName', undefined);
    handshake(unchecked);
    expect(unchecked.client.connection?.verifyResult).toBe('OK');
  });

  it('keeps the result and goes on where the mode says so', () => {
    const both = pair({ verifyMode: VERIFY.NONE });
    both.client.set('serverName', 'other.example');
    handshake(both);
    expect(both.client.connection?.verifyResult).toBe('HOSTNAME_MISMATCH');
  });

  it('waits for a verify callback that takes its time', async () => {
    const seen: number[] = [];
    const both = pair({
      verifyCallback: async (ok, context) => {
        seen.push(context.depth);
        await undefined;
        return ok;
      },
    });
    both.client.doHandshake();
    both.server.doHandshake();
    expect(both.client.doHandshake()).toBe(false);
    expect(both.client.want).toBe('retry_verify');
    await handshakeAsync(both);
    expect(seen).toEqual([1, 0]);
  });
});

describe('client certificates', () => {
  const asClient = {
    cert: testCertificate({ key: 'client', subject: 'a client', names: { dns: ['client.example'] } }),
    key: testKey('client'),
  };
  const demanding = { ca: testAuthority, verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT };

  it('are asked for, shown and verified', () => {
    const { client, server } = connected(asClient, demanding);
    expect(server.connection?.peerChain[0]?.subject.values('2.5.4.3')).toEqual(['a client']);
    expect(server.connection?.verifyResult).toBe('OK');
    client.write(utf8('hi'));
    expect(fromUtf8(drain(server))).toBe('hi');
  });

  it('may be missing where the mode allows it', () => {
    expect(connected({}, { ...demanding, verifyMode: VERIFY.PEER }).server.connection?.peerChain).toEqual([]);
  });

  it('must be there where it does not', () => {
    const both = pair({}, demanding);
    expect(() => handshake(both)).toThrow(expect.objectContaining({ reason: 'PEER_DID_NOT_RETURN_A_CERTIFICATE' }));
    expect(() => both.client.read()).toThrow(expect.objectContaining({ alertCode: 116 }));
  });

  it('come from a callback, later if it must', async () => {
    let calls = 0;
    const both = pair(
      {
        certCallback: async (ssl) => {
          if (++calls === 1) return 'retry';
          ssl.useCertificate(asClient.cert).usePrivateKey(asClient.key);
          return true;
        },
      },
      demanding,
    );
    await handshakeAsync(both);
    expect(calls).toBe(2);
    expect(both.server.connection?.peerChain.length).toBe(1);
  });

  it('are asked for after the handshake', () => {
    const { client, server } = connected(
      { ...asClient, postHandshakeAuth: true },
      { ...demanding, verifyMode: VERIFY.PEER | VERIFY.POST_HANDSHAKE },
    );
    expect(server.connection?.peerChain).toEqual([]);
    server.verifyClientPostHandshake();
    client.write(utf8('before'));
    expect(client.read()).toBeUndefined();
    client.write(utf8(' after'));
    expect(fromUtf8(drain(server))).toBe('before after');
    expect(server.connection?.peerChain[0]?.subject.values('2.5.4.3')).toEqual(['a client']);
  });

  it('cannot be asked for after the handshake of a client that did not say it would answer', () => {
    const { client, server } = connected(asClient, { ...demanding, verifyMode: VERIFY.PEER | VERIFY.POST_HANDSHAKE });
    expect(() => server.verifyClientPostHandshake()).toThrow(expect.objectContaining({ reason: 'EXTENSION_NOT_RECEIVED' }));
    server.write(utf8('still here'));
    expect(fromUtf8(drain(client))).toBe('still here');
  });
});

describe('keys that sign elsewhere', () => {
  it('make the handshake wait with WANT_ASYNC', async () => {
    const key = testKey('ec256');
    const remote = { publicKey: key.publicKey, sign: async (...args: Parameters<typeof key.sign>) => key.sign(...args) };
    const both = pair({}, serverContext({ cert: testCertificate(), key: remote }));
    both.client.doHandshake();
    expect(both.server.doHandshake()).toBe(false);
    expect(both.server.want).toBe('async');
    await handshakeAsync(both);
    both.server.write(utf8('signed elsewhere'));
    expect(fromUtf8(drain(both.client))).toBe('signed elsewhere');
  });

  it('end the connection with internal_error when they fail', async () => {
    const key = { publicKey: testKey('ec256').publicKey, sign: () => Promise.reject(new Error('the module is gone')) };
    const both = pair({}, serverContext({ cert: testCertificate(), key }));
    await expect(handshakeAsync(both)).rejects.toThrow('the module is gone');
    expect(() => both.client.doHandshake()).toThrow(expect.objectContaining({ alertCode: 80 }));
  });
});

describe('the ClientHello callback', () => {
  it('sees the raw message and may wait', async () => {
    let calls = 0;
    const both = pair(
      {},
      {
        clientHelloCallback: (_ssl, hello) => {
          calls++;
          expect(hello.raw[0]).toBe(1);
          expect(hello.extensions.some(({ type }) => type === 0)).toBe(true);
          return calls === 1 ? 'retry' : Promise.resolve('ok' as const);
        },
      },
    );
    both.client.doHandshake();
    both.server.doHandshake();
    expect(both.server.want).toBe('client_hello_cb');
    await handshakeAsync(both);
    expect(calls).toBe(2);
  });

  it('refuses with the alert it names', () => {
    const both = pair({}, { clientHelloCallback: () => ({ alert: 49 }) });
    both.client.doHandshake();
    expect(() => both.server.doHandshake()).toThrow(expect.objectContaining({ alert: 'access_denied' }));
  });
});

describe('a client on request', () => {
  it('sends GREASE and permutes its extensions, the same in both hellos', () => {
    const hellos: number[][] = [];
    const server = {
      groups: ['P-384'],
      clientHelloCallback: (_ssl: Ssl, hello: { readonly extensions: readonly { readonly type: number }[] }) => {
        hellos.push(hello.extensions.map(({ type }) => type));
        return 'ok' as const;
      },
    };
    const { client } = connected({ grease: true, permuteExtensions: true }, server);
    expect(client.connection?.group).toBe(24);
    expect(hellos[0]?.filter((type) => (type & 0x0f0f) === 0x0a0a)).toHaveLength(2);
  });

  it('joins connections made before the context was freed', () => {
    const context = clientContext();
    const ssl = new Ssl(context);
    context.free();
    expect(context.referenceCount).toBe(2);
    handshake(join(ssl, new Ssl(serverContext())));
    ssl.free();
    expect(context.referenceCount).toBe(0);
  });
});
