import { describe, expect, it } from 'vitest';
import { testCertificate } from '../../test/support/pki.ts';
import vectors from '../../test/vectors/sessions/openssl.json' with { type: 'json' };
import { pemBlocks } from '../asn1/pem.ts';
import { fromUtf8, toHex, utf8 } from '../bytes/bytes.ts';
import { cipherSuiteName } from '../registry/cipher-suites.ts';
import { X509_VERIFY_RESULTS } from '../registry/verify-results.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION, versionName } from '../registry/versions.ts';
import { decodeSession, encodeSession } from './asn1.ts';
import { SslSession } from './session.ts';

const derOf = (pem: readonly string[]): Uint8Array => {
  for (const { label, bytes } of pemBlocks(pem.join('\n'))) if (label === 'SSL SESSION PARAMETERS') return bytes;
  throw new Error('no session in the file');
};

/** What `openssl sess_id -text` says of a session, from ours. */
function textOf({ data: s }: SslSession): unknown {
  return {
    Protocol: versionName(s.version),
    Cipher: cipherSuiteName(s.cipherSuite),
    'Session-ID': toHex(s.id).toUpperCase(),
    'Session-ID-ctx': toHex(s.idContext).toUpperCase(),
    secret: toHex(s.secret).toUpperCase(),
    'PSK identity': s.pskIdentity === undefined ? null : fromUtf8(s.pskIdentity),
    'PSK identity hint': s.pskIdentityHint ?? null,
    'lifetime hint': s.ticketLifetime,
    ticket: toHex(s.ticket),
    'Start Time': s.createdAt / 1000,
    Timeout: s.timeout,
    'Verify return code': X509_VERIFY_RESULTS[s.verifyResult],
    'Extended master secret': s.extendedMasterSecret && s.version < TLS1_3_VERSION ? 'yes' : 'no',
    'Max Early Data': s.maxEarlyData,
  };
}

const session = (change: ConstructorParameters<typeof SslSession>[0] = {}): SslSession =>
  new SslSession({ version: TLS1_2_VERSION, cipherSuite: 0xc02b, secret: new Uint8Array(48).fill(1), id: new Uint8Array(32), ...change });

describe('a session file of OpenSSL', () => {
  it.each(vectors.sessions)('says the same here: $name', ({ pem, text }) => {
    expect(textOf(decodeSession(derOf(pem)))).toEqual(text);
  });

  it.each(vectors.sessions)('is written as it was read: $name', ({ pem }) => {
    const der = derOf(pem);
    expect(toHex(encodeSession(decodeSession(der)))).toBe(toHex(der));
  });

  it('has what the text does not tell', () => {
    const [acknowledged, byId, , psk, tls13] = vectors.sessions.map(({ pem }) => decodeSession(derOf(pem)).data);
    expect(acknowledged?.serverName).toBe('server.example');
    expect(byId?.maxFragmentLength).toBe(2);
    expect(byId?.peerChain[0]?.subject.values('2.5.4.3')).toEqual(['server.example']);
    expect(psk?.peerChain).toEqual([]);
    expect(fromUtf8(tls13?.alpn ?? new Uint8Array(0))).toBe('h2');
    expect(tls13?.ticketAgeAdd).toBeGreaterThan(0);
    expect(tls13?.group).toBe(29);
  });
});

describe('a session file of ours', () => {
  it('brings everything back', () => {
    const full = session({
      idContext: utf8('app'),
      createdAt: 1_700_000_000_000,
      timeout: 300,
      verifyResult: 'CERT_HAS_EXPIRED',
      serverName: 'server.example',
      alpn: utf8('h2'),
      ticket: utf8('a ticket'),
      ticketLifetime: 7200,
      ticketAgeAdd: 0xffff_fffe,
      maxEarlyData: 0xffff_ffff,
      extendedMasterSecret: true,
      maxFragmentLength: 4,
      group: 23,
      pskIdentityHint: 'which one',
      pskIdentity: utf8('a device'),
      ticketAppData: utf8('state'),
      peerRawKey: testCertificate().spki,
    });
    expect(decodeSession(encodeSession(full)).data).toEqual(full.data);
  });

  it('has a raw public key where OpenSSL 3.2 has it: an OCTET STRING under the tag 20', () => {
    const { spki } = testCertificate();
    const header = `b4${(spki.length + 2).toString(16)}04${spki.length.toString(16)}`;
    expect(toHex(encodeSession(session({ peerRawKey: spki })))).toContain(`${header}${toHex(spki)}`);
  });

  it('is refused with a raw public key that is none', () => {
    expect(() => decodeSession(encodeSession(session({ peerRawKey: utf8('none') })))).toThrow(
      expect.objectContaining({ reason: 'BAD_DATA_RETURNED_BY_CALLBACK' }),
    );
  });

  it('leaves out what was never set', () => {
    const bare = session({ verifyResult: 'OK' });
    expect(decodeSession(encodeSession(bare)).data).toEqual({ ...bare.data, timeout: 304 });
  });
});

describe('what is no session', () => {
  const der = encodeSession(session());
  const without = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const copy = der.slice();
    change(copy);
    return copy;
  };

  it('is refused at every length but its own', () => {
    for (let length = 0; length < der.length; length++) {
      expect(() => decodeSession(der.subarray(0, length))).toThrow(expect.objectContaining({ reason: 'BAD_DATA_RETURNED_BY_CALLBACK' }));
    }
  });

  it('is refused where the structure is of another version', () => {
    expect(der.subarray(2, 5)).toEqual(Uint8Array.of(2, 1, 1));
    expect(() => decodeSession(without((bytes) => bytes.set([9], 4)))).toThrow(expect.objectContaining({ reason: 'UNKNOWN_SSL_VERSION' }));
  });
});
