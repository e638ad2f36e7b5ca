import { describe, expect, it } from 'vitest';
import { clientContext, handshake, pair, serverContext } from '../../test/support/connect.ts';
import { testAuthority, testCertificate, testKey } from '../../test/support/pki.ts';
import { nodeProvider } from '../crypto/node.ts';
import type { Certificate } from '../x509/certificate.ts';
import { DANE_SELECTOR, DANE_USAGE, USUAL_DANE_DIGESTS } from '../x509/dane.ts';
import { X509Store } from '../x509/store.ts';
import type { Ssl } from './ssl.ts';

const leaf = testCertificate();
const digest = (der: Uint8Array): Uint8Array => nodeProvider.digest('sha256', der);
/** A client that trusts no authority at all. */
const distrustful = () => clientContext({ daneDigests: USUAL_DANE_DIGESTS, certStore: new X509Store() });

function verifiedBy(add: (client: Ssl) => void, cert = [leaf]): Ssl {
  const both = pair(distrustful(), serverContext({ cert, key: testKey('ec256') }));
  both.client.enableDane('server.example');
  add(both.client);
  handshake(both);
  return both.client;
}

describe('DANE', () => {
  it('verifies a server by its own certificate or key, without any authority', () => {
    const client = verifiedBy((ssl) => ssl.addTlsa(DANE_USAGE.DANE_EE, DANE_SELECTOR.SPKI, 1, digest(leaf.spki)));
    expect(client.connection?.verifyResult).toBe('OK');
    expect(client.connection?.daneMatch?.depth).toBe(0);
  });

  it('verifies a server by an authority that the record names', () => {
    const client = verifiedBy(
      (ssl) => ssl.addTlsa(DANE_USAGE.DANE_TA, DANE_SELECTOR.CERT, 1, digest(testAuthority.der)),
      [leaf, testAuthority],
    );
    expect(client.connection?.daneMatch?.depth).toBe(1);
  });

  it('asks for no timestamps of whom a record vouches for by itself (RFC 7671, 4.2)', () => {
    const meet = (usage: number, certificate: Certificate, trusting: boolean): Ssl => {
      const both = pair(
        clientContext({
          daneDigests: USUAL_DANE_DIGESTS,
          ctValidationCallback: 'strict',
          ...(trusting ? {} : { certStore: new X509Store() }),
        }),
        serverContext({ cert: [leaf, testAuthority], key: testKey('ec256') }),
      );
      both.client.enableDane('server.example').addTlsa(usage, DANE_SELECTOR.SPKI, 1, digest(certificate.spki));
      handshake(both);
      return both.client;
    };
    expect(meet(DANE_USAGE.DANE_EE, leaf, false).connection?.verifyResult).toBe('OK');
    expect(meet(DANE_USAGE.DANE_TA, testAuthority, false).connection?.verifyResult).toBe('OK');
    for (const [usage, certificate] of [[DANE_USAGE.PKIX_EE, leaf] as const, [DANE_USAGE.PKIX_TA, testAuthority] as const])
      expect(() => meet(usage, certificate, true)).toThrow(expect.objectContaining({ reason: 'NO_VALID_SCTS' }));
  });

  it('refuses a server that no record matches', () => {
    expect(() => verifiedBy((ssl) => ssl.addTlsa(DANE_USAGE.DANE_EE, DANE_SELECTOR.SPKI, 1, new Uint8Array(32)))).toThrow(
      expect.objectContaining({ reason: 'CERTIFICATE_VERIFY_FAILED' }),
    );
  });

  it('is for contexts that allow it, once, with records that can be used', () => {
    const both = pair();
    expect(() => both.client.enableDane('server.example')).toThrow(expect.objectContaining({ reason: 'CONTEXT_NOT_DANE_ENABLED' }));
    expect(() => both.client.addTlsa(3, 1, 1, new Uint8Array(32))).toThrow(expect.objectContaining({ reason: 'DANE_NOT_ENABLED' }));
    const allowed = pair(distrustful());
    allowed.client.enableDane('server.example');
    expect(() => allowed.client.enableDane('server.example')).toThrow(expect.objectContaining({ reason: 'DANE_ALREADY_ENABLED' }));
    expect(() => allowed.client.addTlsa(3, 1, 1, new Uint8Array(31))).toThrow(
      expect.objectContaining({ reason: 'DANE_TLSA_BAD_DIGEST_LENGTH' }),
    );
  });

  it('survives SSL_dup, enabled and with its records, and independent', () => {
    const both = pair(distrustful(), serverContext({ cert: leaf, key: testKey('ec256') }));
    both.client.enableDane('server.example').addTlsa(DANE_USAGE.DANE_EE, DANE_SELECTOR.SPKI, 1, digest(leaf.spki));
    const copy = both.client.dup();
    if (copy === undefined) throw new Error('no copy');
    both.client.addTlsa(DANE_USAGE.DANE_EE, DANE_SELECTOR.SPKI, 1, new Uint8Array(32));
    expect(copy.get('dane')?.records).toHaveLength(1);
    copy.setBio(both.client.rbio, both.client.wbio);
    handshake({ ...both, client: copy });
    expect(copy.connection?.daneMatch?.record.usage).toBe(DANE_USAGE.DANE_EE);
  });
});
