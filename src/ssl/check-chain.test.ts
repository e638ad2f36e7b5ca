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
