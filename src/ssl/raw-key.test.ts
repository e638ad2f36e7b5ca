import { describe, expect, it } from 'vitest';
import { clientContext, handshake, type Pair, pair, serverContext } from '../../test/support/connect.ts';
import { testCertificate, testKey } from '../../test/support/pki.ts';
import { nodeProvider } from '../crypto/node.ts';
import { VERIFY } from '../registry/options.ts';
import { SIGNATURE_SCHEMES } from '../registry/signature-schemes.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import { spkiElement } from '../x509/algorithms.ts';
import { DANE_SELECTOR, DANE_USAGE, USUAL_DANE_DIGESTS } from '../x509/dane.ts';
import { X509Store } from '../x509/store.ts';
import { SslContext, type SslContextOptions } from './context.ts';

const spki = testCertificate().spki;
const otherSpki = spkiElement(testKey('ec384').publicKey);
const trustsNobody = (): SslContextOptions => ({ certStore: new X509Store() });

/** A server that has a key and no certificate at all. */
const bareServer = (options: SslContextOptions = {}): SslContext =>
  new SslContext({ role: 'server', key: testKey('ec256'), serverCertTypes: ['rpk'], ...options });

const refused = (reason: string, alert: string) => expect.objectContaining({ reason, alert });
const RPK: SslContextOptions = { serverCertTypes: ['rpk'] };

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('raw public keys in %s', (maxProtoVersion) => {
  const client = (options: SslContextOptions): SslContext => clientContext({ ...trustsNobody(), ...RPK, maxProtoVersion, ...options });
  const meet = (ours: SslContextOptions, server: SslContext = bareServer()): Pair => {
    const both = pair(client(ours), server);
    handshake(both);
    return both;
  };

  it('authenticate a server without certificates by the key that is expected', () => {
    const { client: ours, server } = meet({ expectedRawKeys: [otherSpki, spki] });
    expect(ours.connection).toMatchObject({ verifyResult: 'OK', peerChain: [], verifiedChain: [] });
    expect(ours.connection?.peerRawKey?.spki).toEqual(spki);
    expect(server.connection?.ownCertificateType).toBe(2);
  });

  it('are refused without an expected key, or with another one', () => {
    expect(() => meet({})).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'bad_certificate'));
    expect(() => meet({ expectedRawKeys: [otherSpki] })).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'bad_certificate'));
    const waived = meet({ verifyMode: VERIFY.NONE });
    expect(waived.client.connection?.verifyResult).toBe('RPK_UNTRUSTED');
    const overridden = meet({ verifyCallback: (ok, { result }) => !ok && result === 'RPK_UNTRUSTED' });
    expect(overridden.client.isInitFinished).toBe(true);
  });

  it('are vouched for by a DANE-EE record', () => {
    const by = (data: Uint8Array): Pair => {
      const both = pair(client({ daneDigests: USUAL_DANE_DIGESTS }), bareServer());
      both.client.enableDane('server.example').addTlsa(DANE_USAGE.DANE_EE, DANE_SELECTOR.SPKI, 1, data);
      handshake(both);
      return both;
    };
    expect(by(nodeProvider.digest('sha256', spki)).client.connection?.daneMatch?.depth).toBe(0);
    expect(() => by(new Uint8Array(32))).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'bad_certificate'));
  });

  it('stand back for certificates where the server prefers them, or knows nothing else', () => {
    const both = pair(clientContext({ maxProtoVersion, serverCertTypes: ['rpk', 'x509'] }), serverContext());
    handshake(both);
    expect(both.client.connection?.peerChain).toHaveLength(1);
    const ranked = pair(
      clientContext({ maxProtoVersion, serverCertTypes: ['rpk', 'x509'] }),
      serverContext({ serverCertTypes: ['x509', 'rpk'] }),
    );
    handshake(ranked);
    expect(ranked.client.connection?.peerRawKey).toBeUndefined();
  });

  it('end the handshake where the two sides have no type in common', () => {
    expect(() => meet({ serverCertTypes: ['x509'] })).toThrow(refused('BAD_EXTENSION', 'unsupported_certificate'));
    expect(() => meet({}, serverContext())).toThrow(refused('BAD_EXTENSION', 'unsupported_certificate'));
  });

  it('authenticate clients, too', () => {
    const clientKey = spkiElement(testKey('ed25519').publicKey);
    const server = (expectedRawKeys: readonly Uint8Array[]): SslContext =>
      serverContext({ clientCertTypes: ['rpk'], verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT, expectedRawKeys });
    const ours = (options: SslContextOptions = {}): SslContext =>
      clientContext({ maxProtoVersion, clientCertTypes: ['rpk', 'x509'], key: testKey('ed25519'), ...options });
    const both = pair(ours(), server([clientKey]));
    handshake(both);
    expect(both.server.connection?.peerRawKey?.spki).toEqual(clientKey);
    expect(() => handshake(pair(ours(), server([spki])))).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'bad_certificate'));
    const shy = pair(clientContext({ maxProtoVersion, clientCertTypes: ['rpk'] }), server([clientKey]));
    expect(() => handshake(shy)).toThrow(expect.objectContaining({ reason: 'PEER_DID_NOT_RETURN_A_CERTIFICATE' }));
    expect(() => handshake(pair(clientContext({ maxProtoVersion }), server([clientKey])))).toThrow(
      refused('BAD_EXTENSION', 'unsupported_certificate'),
    );
  });

  it.each(SIGNATURE_SCHEMES.map(({ name, id }) => [name, id] as const))('end or work out with a client that takes %s alone', (_, id) => {
    const both = pair(client({ sigalgs: [id], expectedRawKeys: [spki], securityLevel: 0 }), bareServer({ securityLevel: 0 }));
    let outcome: unknown = 'connected';
    try {
      handshake(both);
    } catch (error) {
      outcome = (error as { readonly name: string }).name;
    }
    expect(['connected', 'TlsFatal', 'PeerAlert']).toContain(outcome);
  });

  it('are remembered by the session, through a file as well, and by what it is resumed with', () => {
    const first = meet({ expectedRawKeys: [spki] });
    first.client.read();
    const session = first.client.session;
    expect(session?.data.peerRawKey).toEqual(spki);
    const again = pair(client({ expectedRawKeys: [spki] }), first.server.context);
    again.client.setSession(session && decodeSession(encodeSession(session)));
    handshake(again);
    expect(again.client.connection).toMatchObject({ reused: true, peerCertificateType: 2, verifyResult: 'OK' });
    expect(again.client.connection?.peerRawKey?.spki).toEqual(spki);
  });

  it('are looked at anew in a resumption where that is wanted', () => {
    const asked: unknown[] = [];
    const options: SslContextOptions = {
      reverifyOnResume: true,
      expectedRawKeys: [spki],
      verifyCallback: (ok) => {
        asked.push(ok);
        return ok;
      },
    };
    const first = meet(options);
    first.client.read();
    const again = pair(client(options), first.server.context);
    again.client.setSession(first.client.session);
    handshake(again);
    expect([again.client.connection?.reused, asked]).toEqual([true, [true, true]]);
  });

  it('of clients let a server that insists on them resume, but not one that has come to expect others', () => {
    const clientKey = spkiElement(testKey('ed25519').publicKey);
    const server = serverContext({
      clientCertTypes: ['rpk'],
      verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT,
      expectedRawKeys: [clientKey],
      sessionIdContext: clientKey.slice(0, 8),
    });
    const ours = clientContext({ maxProtoVersion, clientCertTypes: ['rpk'], key: testKey('ed25519') });
    const first = pair(ours, server);
    handshake(first);
    first.client.read();
    const resume = (): Pair => {
      const again = pair(ours, server);
      again.client.setSession(first.client.session);
      handshake(again);
      return again;
    };
    const again = resume();
    expect(again.server.connection).toMatchObject({ reused: true, peerCertificateType: 2 });
    expect(again.server.connection?.peerRawKey?.spki).toEqual(clientKey);
    server.set('expectedRawKeys', [spki]);
    expect(resume).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'bad_certificate'));
  });

  it('and certificates do not resume each other', () => {
    const first = meet({ serverCertTypes: ['rpk', 'x509'], expectedRawKeys: [spki] }, serverContext({ serverCertTypes: ['rpk', 'x509'] }));
    first.client.read();
    const again = pair(clientContext({ maxProtoVersion }), first.server.context);
    again.client.setSession(first.client.session);
    handshake(again);
    expect([again.client.connection?.reused, again.client.connection?.peerChain.length]).toEqual([false, 1]);
  });

  it('resume nothing that was not authenticated', () => {
    const first = meet({ expectedRawKeys: [spki] });
    first.client.read();
    const again = pair(client({ expectedRawKeys: [otherSpki] }), first.server.context);
    again.client.setSession(first.client.session);
    expect(() => handshake(again)).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'bad_certificate'));
  });
});
