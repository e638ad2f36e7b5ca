import { describe, expect, it } from 'vitest';
import { clientContext, handshake, type Pair, pair } from '../../test/support/connect.ts';
import { type TestKeyName, testCertificate, testKey } from '../../test/support/pki.ts';
import { VERIFY } from '../registry/options.ts';
import { spkiElement } from '../x509/algorithms.ts';
import { X509Store } from '../x509/store.ts';
import { SslContext, type SslContextOptions } from './context.ts';
import type { CredentialOptions } from './credentials.ts';
import { Ssl } from './ssl.ts';

const now = (): number => 1_800_000_000_000;
const certified = (key: TestKeyName, more: Partial<CredentialOptions> = {}): CredentialOptions => ({
  cert: testCertificate({ key }),
  key: testKey(key),
  ...more,
});
const raw = (key: TestKeyName): CredentialOptions => ({ key: testKey(key), shows: 'rpk' });

function serverOf(list: readonly CredentialOptions[], options: SslContextOptions = {}): SslContext {
  const context = new SslContext({ role: 'server', now, ...options });
  for (const credential of list) context.addCredential(credential);
  return context;
}

/** Which of a list a server uses, or why none. */
function chosen(list: readonly CredentialOptions[], client: SslContextOptions = {}, options: SslContextOptions = {}): number | string {
  const both = pair(clientContext(client), serverOf(list, options));
  return outcome(both, () => indexOf(both.server));
}

const indexOf = (ssl: Ssl): number => ssl.get('credentials').list.findIndex((one) => one === ssl.selectedCredential);

function outcome<T>(both: Pair, read: () => T): T | string {
  try {
    handshake(both);
  } catch (error) {
    return (error as { readonly reason: string }).reason;
  }
  return read();
}

const P256 = 'ecdsa_secp256r1_sha256';
const P384 = 'ecdsa_secp384r1_sha384';
const PSS = 'rsa_pss_rsae_sha256';

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a list of credentials in %s', (maxProtoVersion) => {
  const meet = (list: readonly CredentialOptions[], client: SslContextOptions = {}, options: SslContextOptions = {}) =>
    chosen(list, { maxProtoVersion, ...client }, options);

  it('is tried in its order, and the slots after it', () => {
    expect(meet([certified('ec256'), certified('rsa')])).toBe(0);
    expect(meet([certified('rsa'), certified('ec256')])).toBe(0);
    const slot: SslContextOptions = { cert: testCertificate({ key: 'ed25519' }), key: testKey('ed25519') };
    expect(meet([certified('rsa')], {}, slot)).toBe(0);
    expect(meet([certified('rsa')], { sigalgs: ['ed25519', P384] }, slot)).toBe(-1);
  });

  it('may have several of one kind of key', () => {
    const second = certified('ec256', { cert: testCertificate({ subject: 'server.example', serial: 99 }) });
    const both = pair(clientContext({ maxProtoVersion }), serverOf([certified('ec256', { sigalgs: [P384] }), second]));
    handshake(both);
    // A curve is bound to a hash in TLS 1.3 alone, so there the first has nothing to sign with.
    expect(indexOf(both.server)).toBe(maxProtoVersion === 'TLSv1.3' ? 1 : 0);
  });

  it('is searched by what the client can verify', () => {
    expect(meet([certified('rsa'), certified('ec256')], { sigalgs: [P256] })).toBe(1);
    expect(meet([certified('ec256'), certified('rsa')], { sigalgs: [PSS, P384] })).toBe(maxProtoVersion === 'TLSv1.3' ? 1 : 0);
    expect(meet([certified('rsa')], { sigalgs: [P256] })).toBe('NO_SUITABLE_SIGNATURE_ALGORITHM');
  });

  it('lets each credential sign with schemes of its own', () => {
    const fussy = certified('rsa', { sigalgs: ['rsa_pss_rsae_sha512'] });
    expect(meet([fussy, certified('ec256')], { sigalgs: [PSS, P256] })).toBe(1);
    const both = pair(clientContext({ maxProtoVersion }), serverOf([fussy]));
    handshake(both);
    expect(both.server.connection?.ownSignatureScheme).toBe(0x0806);
  });

  it('has credentials for clients alone that know their issuer', () => {
    const gated = certified('ec256', { mustMatchIssuer: true });
    const named = [testCertificate().issuer.raw];
    expect(meet([gated, certified('rsa')])).toBe(1);
    expect(meet([gated, certified('rsa')], { caList: named })).toBe(0);
    expect(meet([gated])).toBe('NO_MATCHING_ISSUER');
  });

  it('mixes certificates and raw public keys, for each client what it takes', () => {
    const trust: SslContextOptions = { certStore: new X509Store(), expectedRawKeys: [spkiElement(testKey('ed25519').publicKey)] };
    const list = [certified('ec256'), raw('ed25519')];
    expect(meet(list)).toBe(0);
    expect(meet(list, { serverCertTypes: ['rpk'], ...trust })).toBe(1);
    expect(meet([raw('ed25519'), certified('ec256')])).toBe(1);
    expect(meet([raw('ed25519')])).toBe('BAD_EXTENSION');
    expect(meet([certified('ec256')], { serverCertTypes: ['rpk'], ...trust })).toBe('BAD_EXTENSION');
  });

  it('says in a resumption, too, which type it would show', () => {
    const trust: SslContextOptions = {
      maxProtoVersion,
      serverCertTypes: ['rpk'],
      expectedRawKeys: [spkiElement(testKey('ed25519').publicKey)],
    };
    const server = serverOf([raw('ed25519')]);
    const seen: number[] = [];
    const client = clientContext(trust);
    const first = pair(client, server);
    handshake(first);
    first.client.read();
    const again = pair(client, server);
    again.client.set('tlsextDebugCallback', (_ssl, _server, type) => void seen.push(type));
    again.client.setSession(first.client.session);
    handshake(again);
    expect(again.client.connection).toMatchObject({ reused: true, peerCertificateType: 2 });
    expect(again.client.connection?.peerRawKey?.spki).toEqual(spkiElement(testKey('ed25519').publicKey));
    expect(again.server.connection?.ownCertificateType).toBe(2);
    // What is encrypted is not shown to that callback.
    if (maxProtoVersion === 'TLSv1.2') expect(seen).toContain(20);
  });

  it('serves clients as well, which say in its order what they can show', () => {
    const server = new SslContext({
      role: 'server',
      now,
      cert: testCertificate(),
      key: testKey('ec256'),
      verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT,
      clientCertTypes: ['rpk'],
      expectedRawKeys: [spkiElement(testKey('ed25519').publicKey)],
    });
    const both = pair(clientContext({ maxProtoVersion }).addCredential(certified('ec256')).addCredential(raw('ed25519')), server);
    handshake(both);
    expect(indexOf(both.client)).toBe(1);
    expect(both.server.connection?.peerCertificateType).toBe(2);
  });

  it('ends a handshake that would go on without a certificate, where that was said to be worse', () => {
    const server: SslContextOptions = { verifyMode: VERIFY.PEER, clientSigalgs: [PSS] };
    const meetServer = (
      anonymousFallback: boolean,
      list: readonly CredentialOptions[],
      options: SslContextOptions = {},
    ): string | number => {
      const client = clientContext({ maxProtoVersion, anonymousFallback, ...options });
      for (const credential of list) client.addCredential(credential);
      const both = pair(client, server);
      return outcome(both, () => indexOf(both.client));
    };
    expect(meetServer(true, [certified('ec256')])).toBe(-1);
    expect(meetServer(false, [certified('ec256')])).toBe('NO_SUITABLE_SIGNATURE_ALGORITHM');
    expect(meetServer(false, [raw('ec256')], { clientCertTypes: ['x509'] })).toBe('UNKNOWN_CERTIFICATE_TYPE');
    expect(meetServer(false, [])).toBe(-1);
  });
});

describe('a suite of TLS 1.2', () => {
  it('is chosen for the first credential, not the other way round', () => {
    const client: SslContextOptions = {
      maxProtoVersion: 'TLSv1.2',
      cipherList: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
    };
    expect(chosen([certified('ec256'), certified('rsa')], client)).toBe(0);
    const both = pair(clientContext(client), serverOf([certified('ec256'), certified('rsa')]));
    handshake(both);
    expect(both.server.connection?.suite?.authentication).toBe('ecdsa');
  });
});

describe('addCredential', () => {
  it('refuses a key of another certificate, and a certificate that is not there', () => {
    const context = new SslContext();
    expect(() => context.addCredential({ cert: testCertificate(), key: testKey('rsa') })).toThrow(
      expect.objectContaining({ reason: 'BAD_VALUE' }),
    );
    expect(() => context.addCredential({ key: testKey('rsa'), shows: 'x509' })).toThrow(
      expect.objectContaining({ reason: 'NO_CERTIFICATE_SET' }),
    );
    expect(() => context.addCredential(certified('rsa', { sigalgs: ['rot13'] }))).toThrow(
      expect.objectContaining({ reason: 'BAD_SETTING_VALUE' }),
    );
    expect(context.get('credentials').list).toHaveLength(0);
  });

  it('takes nothing from a context, connection or duplicate that was there before', () => {
    const context = serverOf([certified('ec256')]);
    const before = new Ssl(context);
    context.addCredential(certified('rsa'));
    expect(before.get('credentials').list).toHaveLength(1);
    const copy = before.dup();
    before.addCredential(raw('ed25519'));
    expect(copy?.get('credentials').list).toHaveLength(1);
    expect(before.get('credentials').list).toHaveLength(2);
    expect(new Ssl(context).get('credentials').list).toHaveLength(2);
  });
});
