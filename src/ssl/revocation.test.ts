import { describe, expect, it } from 'vitest';
import { type Entity, freshKey, makeIntermediate, makeLeaf, makeRoot, NOW } from '../../test/support/authorities.ts';
import { clientContext, handshake, handshakeAsync, type Pair, pair } from '../../test/support/connect.ts';
import { makeCrl, makeOcsp, type OcspOptions } from '../../test/support/crls.ts';
import { octetString } from '../asn1/der-writer.ts';
import { build } from '../bytes/writer.ts';
import { Credentials } from '../config/credentials.ts';
import { nodeProvider } from '../crypto/node.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import { VERIFY } from '../registry/options.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import { spkiElement } from '../x509/algorithms.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { CtLog } from '../x509/sct.ts';
import { X509Store } from '../x509/store.ts';
import { X509VerifyParam } from '../x509/verify-params.ts';
import { SslContext, type SslContextOptions } from './context.ts';

const DAY = 86_400;
const now = (): number => NOW * 1000;
const root = makeRoot();
const ca = makeIntermediate(root);
const leaf = makeLeaf(ca);
const mustStaple = makeLeaf(ca, { tlsFeature: [5] });

interface Shown {
  readonly entity?: Entity;
  readonly staple?: Uint8Array;
  readonly issuerStaples?: readonly (Uint8Array | undefined)[];
  readonly timestamps?: Uint8Array;
  readonly chain?: readonly Certificate[];
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

/** A client that asks and a server that shows. */
function meeting(shown: Shown, client: SslContextOptions = {}, version: (typeof VERSIONS)[number] = 'TLSv1.3'): Pair {
  const { entity = leaf, staple, issuerStaples, timestamps, chain = [entity.certificate, ca.certificate] } = shown;
  const credentials = Credentials.none.with('ec', {
    chain,
    key: entity.key,
    ...(staple && { ocspResponse: staple }),
    ...(issuerStaples && { issuerOcspResponses: issuerStaples }),
    ...(timestamps && { signedCertificateTimestamps: timestamps }),
  });
  const both = pair(
    clientContext({ now, ca: root.certificate, statusRequest: true, ...client }),
    new SslContext({ role: 'server', now, credentials, maxProtoVersion: version }),
  );
  both.client.set('serverName', 'example.com');
  return both;
}

const ocsp = (options: OcspOptions = {}, entity: Entity = leaf): Uint8Array => makeOcsp(ca, [entity.certificate], options);
const refused = (reason: string, alert: string) => expect.objectContaining({ reason, alert });

describe.each(VERSIONS)('a stapled OCSP response in %s', (version) => {
  const attempt = (shown: Shown, client: SslContextOptions = {}): Pair => {
    const both = meeting(shown, client, version);
    handshake(both);
    return both;
  };

  it('that is good lets the connection stand, must-staple or not', () => {
    expect(attempt({ staple: ocsp() }).client.connection?.verifyResult).toBe('OK');
    expect(attempt({ entity: mustStaple, staple: ocsp({}, mustStaple) }).client.connection?.ocspResponse).toBeDefined();
  });

  it.each<[string, Uint8Array, string]>([
    ['has expired', ocsp({ thisUpdate: NOW - 3 * DAY, nextUpdate: NOW - 2 * DAY }), 'OCSP_VERIFY_FAILED'],
    ['is about another certificate', ocsp({}, mustStaple), 'OCSP_VERIFY_FAILED'],
    ['is by somebody else', makeOcsp(root, [leaf.certificate]), 'OCSP_VERIFY_FAILED'],
    ['is no response', Uint8Array.of(0x30, 0), 'OCSP_VERIFY_FAILED'],
    ['does not know the certificate', ocsp({ status: 'unknown' }), 'OCSP_CERT_UNKNOWN'],
  ])('that %s ends it', (_, staple, result) => {
    const both = meeting({ staple }, {}, version);
    expect(() => handshake(both)).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'bad_certificate_status_response'));
    expect(both.client.connection?.verifyResult).toBe(result);
  });

  it('that says "revoked" ends it', () => {
    expect(() => attempt({ staple: ocsp({ status: 'revoked' }) })).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'certificate_revoked'));
  });

  it('is missed where the certificate demands one and the client asked', () => {
    expect(() => attempt({ entity: mustStaple })).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'bad_certificate_status_response'));
    expect(attempt({ entity: mustStaple }, { statusRequest: false }).client.isInitFinished).toBe(true);
    expect(attempt({}).client.isInitFinished).toBe(true);
  });

  it('is only reported where the peer need not be verified, and may be waived by the callback', () => {
    const staple = ocsp({ status: 'unknown' });
    expect(attempt({ staple }, { verifyMode: VERIFY.NONE }).client.connection?.verifyResult).toBe('OCSP_CERT_UNKNOWN');
    expect(attempt({ staple }, { verifyCallback: () => true }).client.isInitFinished).toBe(true);
  });
});

describe('OCSP responses about authorities', () => {
  const about = (options: OcspOptions = {}): Uint8Array => makeOcsp(root, [ca.certificate], options);

  it('stand at their certificates in TLS 1.3 and are verified', () => {
    const both = meeting({ staple: ocsp(), issuerStaples: [about()] });
    handshake(both);
    expect(both.client.connection?.issuerOcspResponses).toHaveLength(1);
    expect(() => handshake(meeting({ staple: ocsp(), issuerStaples: [about({ status: 'revoked' })] }))).toThrow(
      refused('CERTIFICATE_VERIFY_FAILED', 'certificate_revoked'),
    );
  });

  it('may be given by the callback, and have no place in TLS 1.2', () => {
    const given = (version: (typeof VERSIONS)[number]): Pair => {
      const both = meeting({}, {}, version);
      both.server.context.set('statusCallback', () => [ocsp(), about({ status: 'revoked' })]);
      return both;
    };
    expect(() => handshake(given('TLSv1.3'))).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'certificate_revoked'));
    expect(() => handshake(given('TLSv1.2'))).not.toThrow();
  });
});

// ---- certificate transparency

const logKey = freshKey();
const log: CtLog = { name: 'Log', publicKey: logKey.publicKey, logId: nodeProvider.digest('sha256', spkiElement(logKey.publicKey)) };

/** A list with one timestamp over a certificate as it stands, or over its precertificate. */
function timestamps(entry: Uint8Array): Uint8Array {
  const stamp = build((w) => w.u32(Math.floor(((NOW - 100) * 1000) / 2 ** 32)).u32(((NOW - 100) * 1000) % 2 ** 32));
  const signed = build((w) => w.u8(0).u8(0).bytes(stamp).bytes(entry).u16(0));
  const signature = logKey.sign({ kind: 'ecdsa', hash: 'sha256' }, signed);
  if (signature instanceof Promise) throw new TypeError('the provider of the tests is synchronous');
  const sct = build((w) => w.u8(0).bytes(log.logId).bytes(stamp).u16(0).u8(4).u8(3).vec16(signature));
  return build((w) => w.vec16(build((x) => x.vec16(sct))));
}

const entryOf = ({ certificate }: Entity): Uint8Array => build((w) => w.u16(0).vec24(certificate.der));

function withEmbedded(): Entity {
  const options = { serial: 99, key: freshKey() };
  const before = makeLeaf(ca, options).certificate;
  const entry = build((w) => w.u16(1).bytes(nodeProvider.digest('sha256', ca.certificate.spki)).vec24(before.tbs));
  return makeLeaf(ca, {
    ...options,
    extensions: [{ oid: EXTENSION_OIDS.signedCertificateTimestamps, value: octetString(timestamps(entry)) }],
  });
}

describe.each(VERSIONS)('certificate timestamps in %s', (version) => {
  const inResponse = ocsp({
    singleExtensions: [
      { oid: EXTENSION_OIDS.ocspSignedCertificateTimestamps, critical: false, value: octetString(timestamps(entryOf(leaf))) },
    ],
  });
  const strict = { ctValidationCallback: 'strict', ctLogStore: [log], statusRequest: false } as const;

  it.each<[string, Shown]>([
    ['tls', { timestamps: timestamps(entryOf(leaf)) }],
    ['ocsp', { staple: inResponse }],
    ['certificate', { entity: withEmbedded() }],
  ])('satisfy the strict policy out of: %s', (source, shown) => {
    const both = meeting(shown, strict, version);
    handshake(both);
    expect(both.client.connection?.peerScts).toMatchObject([{ source, status: 'valid' }]);
  });

  it('are missed by the strict policy and not by the permissive one', () => {
    expect(() => handshake(meeting({}, strict, version))).toThrow(refused('NO_VALID_SCTS', 'handshake_failure'));
    expect(() => handshake(meeting({ timestamps: timestamps(entryOf(mustStaple)) }, strict, version))).toThrow(
      refused('NO_VALID_SCTS', 'handshake_failure'),
    );
    expect(() => handshake(meeting({ timestamps: timestamps(entryOf(leaf)) }, { ...strict, ctLogStore: [] }, version))).toThrow(
      refused('NO_VALID_SCTS', 'handshake_failure'),
    );
    const lenient = meeting({ timestamps: timestamps(entryOf(mustStaple)) }, { ...strict, ctValidationCallback: 'permissive' }, version);
    handshake(lenient);
    expect(lenient.client.connection?.peerScts).toMatchObject([{ status: 'invalid' }]);
    const unverified = meeting({}, { ...strict, verifyMode: VERIFY.NONE }, version);
    handshake(unverified);
    expect(unverified.client.connection?.verifyResult).toBe('NO_VALID_SCTS');
  });

  it('go to the callback, which may take its time', async () => {
    const seen: unknown[] = [];
    const judge = (verdict: boolean): Pair =>
      meeting(
        { timestamps: timestamps(entryOf(leaf)) },
        {
          ...strict,
          ctValidationCallback: async (_ssl, scts, { certificate, issuer, logs, time }) => {
            seen.push(scts[0]?.log === log, certificate.equals(leaf.certificate), issuer.equals(ca.certificate), logs.length, time);
            return verdict;
          },
        },
        version,
      );
    await handshakeAsync(judge(true));
    expect(seen).toEqual([true, true, true, 1, NOW * 1000]);
    await expect(handshakeAsync(judge(false))).rejects.toThrow(refused('CALLBACK_FAILED', 'handshake_failure'));
  });
});

// ---- issuers from elsewhere, lists, parameters

describe('the issuer look-up', () => {
  it('finds what neither the peer nor the store has while the handshake waits', async () => {
    const asked: string[] = [];
    const both = meeting(
      { chain: [leaf.certificate] },
      {
        issuerLookup: async (ssl, certificate) => {
          asked.push(`${ssl.isServer} ${certificate.equals(leaf.certificate)}`);
          return [ca.certificate];
        },
      },
    );
    await handshakeAsync(both);
    expect(asked).toEqual(['false true']);
    expect(both.client.connection?.verifiedChain).toHaveLength(3);
  });

  it('does not make trusted what it finds', () => {
    const stranger = makeRoot('Stranger');
    const below = makeLeaf(stranger);
    expect(() => handshake(meeting({ entity: below, chain: [below.certificate] }, { issuerLookup: () => [stranger.certificate] }))).toThrow(
      refused('CERTIFICATE_VERIFY_FAILED', 'unknown_ca'),
    );
  });
});

describe('CRLs of the store', () => {
  const withCrls = (...crls: Parameters<X509Store['addCrl']>[0][]): SslContextOptions => {
    const certStore = new X509Store();
    certStore.add(root.certificate);
    for (const crl of crls) certStore.addCrl(crl);
    return { certStore, statusRequest: false };
  };
  const flagged = (flags: number): SslContextOptions => ({ verifyParam: new X509VerifyParam({ flags }) });
  const attempt = (options: SslContextOptions): void => handshake(meeting({}, options));

  it('count where the parameters say so', () => {
    const revoked = withCrls(makeCrl(ca, { revoked: [{ serial: leaf.certificate.serialNumber }] }));
    expect(() => attempt(revoked)).not.toThrow();
    expect(() => attempt({ ...revoked, ...flagged(X509_V_FLAG.CRL_CHECK) })).toThrow(
      refused('CERTIFICATE_VERIFY_FAILED', 'certificate_revoked'),
    );
    expect(() => attempt({ ...withCrls(makeCrl(ca)), ...flagged(X509_V_FLAG.CRL_CHECK) })).not.toThrow();
    expect(() => attempt({ ...withCrls(), ...flagged(X509_V_FLAG.CRL_CHECK) })).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'unknown_ca'));
    expect(() => attempt({ ...withCrls(makeCrl(ca)), ...flagged(X509_V_FLAG.CRL_CHECK | X509_V_FLAG.CRL_CHECK_ALL) })).toThrow(
      refused('CERTIFICATE_VERIFY_FAILED', 'unknown_ca'),
    );
  });
});

describe('verification parameters', () => {
  const attempt = (param: X509VerifyParam): void => handshake(meeting({}, { verifyParam: param }));

  it('may set another purpose, level and depth than the connection’s', () => {
    expect(() => attempt(new X509VerifyParam())).not.toThrow();
    expect(() => attempt(new X509VerifyParam({ purpose: 1 }))).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'unsupported_certificate'));
    expect(() => attempt(new X509VerifyParam({ authLevel: 4 }))).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'bad_certificate'));
    expect(() => attempt(new X509VerifyParam({ depth: 0 }))).toThrow(refused('CERTIFICATE_VERIFY_FAILED', 'unknown_ca'));
  });
});
