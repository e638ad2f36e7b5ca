import { describe, expect, it } from 'vitest';
import { clientContext, connected, drain, handshake, pair, serverContext } from '../../test/support/connect.ts';
import { type TestKeyName, testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import { fromUtf8, utf8 } from '../bytes/bytes.ts';
import type { TicketStatus, TicketVerdict } from '../config/callbacks.ts';
import { CERT_PKEY } from '../handshake/common/check-chain.ts';
import { CERT_FLAGS } from '../registry/options.ts';
import type { SslContext, SslContextOptions } from './context.ts';

describe('SSL_check_chain', () => {
  /** What a certificate callback is told of a certificate. */
  function verdict(client: SslContextOptions, key: TestKeyName, issuerKey: TestKeyName = 'ca'): number {
    let result = 0;
    const both = pair(client, {
      certCallback: (ssl) => {
        result = ssl.checkChain(testCertificate({ key, issuerKey }), testKey(key), [testAuthority]);
        return true;
      },
    });
    handshake(both);
    return result;
  }

  const TLS12: SslContextOptions = { maxProtoVersion: 0x0303 };

  it('says that all is well', () => {
    for (const settings of [{}, TLS12]) {
      expect(verdict(settings, 'ec256') & CERT_PKEY.VALID).toBe(CERT_PKEY.VALID);
      expect(verdict(settings, 'rsa') & CERT_PKEY.VALID).toBe(CERT_PKEY.VALID);
    }
  });

  it('says what the peer cannot do', () => {
    const ecdsaAlone = { sigalgs: ['ecdsa_secp256r1_sha256'] };
    expect(verdict(ecdsaAlone, 'rsa') & (CERT_PKEY.VALID | CERT_PKEY.SIGN | CERT_PKEY.EE_SIGNATURE)).toBe(CERT_PKEY.EE_SIGNATURE);
    expect(verdict(ecdsaAlone, 'ec256', 'rsa') & (CERT_PKEY.VALID | CERT_PKEY.SIGN | CERT_PKEY.EE_SIGNATURE)).toBe(CERT_PKEY.SIGN);
    expect(verdict({ ...TLS12, groups: ['X25519', 'P-256'] }, 'ec384') & (CERT_PKEY.VALID | CERT_PKEY.EE_PARAM)).toBe(0);
  });

  it('says nothing of another’s key, nor before the peer spoke', () => {
    const both = pair();
    expect(both.server.checkChain(testCertificate(), testKey('ec256'))).toBe(0);
    handshake(both);
    expect(both.server.checkChain(testCertificate(), testKey('rsa'))).toBe(0);
  });
});

describe('certificate flags', () => {
  it('keep chains back that the peer did not say it can verify', () => {
    const byRsa = { cert: testCertificate({ issuerKey: 'rsa' }), key: testKey('ec256') };
    const client = { sigalgs: ['ecdsa_secp256r1_sha256'], verifyMode: 0 };
    for (const maxProtoVersion of [0, 0x0303]) {
      connected({ ...client, maxProtoVersion }, serverContext(byRsa));
      expect(() => connected({ ...client, maxProtoVersion }, serverContext({ ...byRsa, certFlags: CERT_FLAGS.TLS_STRICT }))).toThrow(
        expect.objectContaining({ alert: 'handshake_failure' }),
      );
    }
  });

  it.each([
    [CERT_FLAGS.SUITEB_128_LOS_ONLY, 0x17],
    [CERT_FLAGS.SUITEB_192_LOS, 0x18],
  ])('keep to the curves of Suite B (%i)', (certFlags, group) => {
    const key = group === 0x17 ? 'ec256' : 'ec384';
    const issuer = testCertificate({ subject: 'Suite B CA', issuer: 'Suite B CA', key, issuerKey: key, ca: true });
    const server = serverContext({ cert: testCertificate({ key, issuer: 'Suite B CA', issuerKey: key }), key: testKey(key) });
    const { client } = connected({ certFlags, ca: issuer }, server);
    expect(client.connection?.group).toBe(group);
  });

  const top = (key: 'ec256' | 'ec384') => testCertificate({ subject: `${key} CA`, issuer: `${key} CA`, key, issuerKey: key, ca: true });
  const below = (key: 'ec256' | 'ec384', issuerKey: 'ec256' | 'ec384'): SslContext =>
    serverContext({ cert: testCertificate({ key, issuer: `${issuerKey} CA`, issuerKey }), key: testKey(key) });
  const ca = [top('ec256'), top('ec384')];

  it.each([
    ['SUITEB128ONLY', 'ec256', 0xc02b, 0x17],
    ['SUITEB128', 'ec256', 0xc02b, 0x17],
    ['SUITEB128C2', 'ec384', 0xc02c, 0x18],
    ['SUITEB192', 'ec384', 0xc02c, 0x18],
  ] as const)('a cipher string %s has suites with their curves, and no other signatures', (cipherList, key, suite, group) => {
    const { client } = connected({ ca, cipherList, maxProtoVersion: 'TLSv1.2' }, below(key, key).set('cipherList', cipherList));
    expect([client.connection?.suite?.id, client.connection?.group]).toEqual([suite, group]);
    expect(client.get('certFlags')).toBe(cipherList === 'SUITEB128ONLY' ? 0x1_0000 : cipherList === 'SUITEB192' ? 0x2_0000 : 0x3_0000);
  });

  it('a server in Suite B pairs each suite with its curve', () => {
    const server = below('ec384', 'ec384').set('cipherList', 'SUITEB128');
    const [suite128, suite256] = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'];
    const tls12 = { ca, maxProtoVersion: 'TLSv1.2' } as const;
    expect(connected({ ...tls12, cipherList: suite256, groups: 'P-256:P-384' }, server).client.connection?.group).toBe(0x18);
    expect(connected({ ...tls12, cipherList: suite128, groups: 'P-384:P-256' }, server).client.connection?.group).toBe(0x17);
    expect(() => connected({ ...tls12, cipherList: suite128, groups: 'P-384' }, server)).toThrow(
      expect.objectContaining({ alert: 'handshake_failure' }),
    );
    // A client in Suite B takes no other pair either.
    expect(() => connected({ ...tls12, cipherList: 'SUITEB128C2' }, below('ec384', 'ec384').set('groups', 'P-256'))).toThrow(
      expect.objectContaining({ reason: 'WRONG_CURVE' }),
    );
  });

  it.each([
    ['SUITEB128ONLY', 'ec384', 'ec384'],
    ['SUITEB192', 'ec256', 'ec256'],
    ['SUITEB128', 'ec384', 'ec256'],
  ] as const)('%s refuses a %s key below an %s authority', (cipherList, key, issuerKey) => {
    expect(() => connected({ ca, cipherList }, below(key, issuerKey))).toThrow();
    // Without the flags the chain holds.
    expect(connected({ ca }, below(key, issuerKey)).client.connection?.verifyResult).toBe('OK');
  });

  it('the chain is verified by the rules of Suite B', () => {
    expect(() => connected({ ca, cipherList: 'SUITEB128' }, below('ec384', 'ec256'))).toThrow(
      expect.objectContaining({ reason: 'CERTIFICATE_VERIFY_FAILED', message: expect.stringContaining('SUITE_B') }),
    );
  });
});

describe('session ticket callbacks', () => {
  const resume = (client: SslContext, server: SslContext, settings: SslContextOptions = {}): boolean => {
    const first = pair(client, server);
    handshake(first);
    drain(first.client);
    first.client.shutdown();
    const again = pair(client, server);
    again.client.setSession(first.client.session);
    handshake(again);
    expect(settings).toBeDefined();
    return again.server.connection?.reused === true;
  };

  it.each([0, 0x0303])('put data into a ticket and see it come back (newest version %i)', (maxProtoVersion) => {
    const seen: [TicketStatus, string][] = [];
    const server = serverContext({
      ticketGenerateCallback: (ssl) => {
        ssl.session?.update({ ticketAppData: utf8('who it was') });
        return true;
      },
      ticketDecryptCallback: (_ssl, session, _name, status) => {
        seen.push([status, fromUtf8(session?.data.ticketAppData ?? utf8(''))]);
        return 'use';
      },
    });
    expect(resume(clientContext({ maxProtoVersion }), server)).toBe(true);
    expect(seen.at(-1)).toEqual(['success', 'who it was']);
  });

  it.each<[TicketVerdict, boolean]>([
    ['use_renew', true],
    ['ignore', false],
    ['ignore_renew', false],
  ])('decide that a ticket is to %s', (answer, reused) => {
    expect(resume(clientContext(), serverContext({ ticketDecryptCallback: () => answer }))).toBe(reused);
  });

  it('end the handshake, or make no ticket at all', () => {
    expect(() => resume(clientContext(), serverContext({ ticketDecryptCallback: () => 'abort' }))).toThrow(
      expect.objectContaining({ alert: 'internal_error' }),
    );
    const { client } = connected({}, { ticketGenerateCallback: () => false });
    drain(client);
    expect(client.session?.isResumable).toBe(false);
  });
});
