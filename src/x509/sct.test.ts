import { describe, expect, it } from 'vitest';
import type { IssueOptions } from '../../test/support/authorities.ts';
import { freshKey, makeIntermediate, makeLeaf, makeRoot, NOW } from '../../test/support/authorities.ts';
import { octetString } from '../asn1/der-writer.ts';
import { fromHex } from '../bytes/bytes.ts';
import { build } from '../bytes/writer.ts';
import { nodeProvider } from '../crypto/node.ts';
import type { PrivateKey } from '../crypto/provider.ts';
import { LIMITS } from '../registry/limits.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import { spkiElement } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import { type CtLog, embeddedScts, parseSctList, type Sct, type SctSource, type SctStatus, verifyScts } from './sct.ts';

const root = makeRoot();
const ca = makeIntermediate(root);
const key = freshKey();
const log: CtLog = { name: 'Log', publicKey: key.publicKey, logId: nodeProvider.digest('sha256', spkiElement(key.publicKey)) };
const TIMESTAMP = (NOW - 100) * 1000;

/** An SCT over an entry, by the log's key or another. */
function makeSct(entry: Uint8Array, signer: PrivateKey = key, timestamp = TIMESTAMP): Uint8Array {
  const stamp = build((w) => w.u32(Math.floor(timestamp / 2 ** 32)).u32(timestamp % 2 ** 32));
  const signature = signer.sign(
    { kind: 'ecdsa', hash: 'sha256' },
    build((w) => w.u8(0).u8(0).bytes(stamp).bytes(entry).u16(0)),
  );
  if (signature instanceof Promise) throw new TypeError('the provider of the tests is synchronous');
  return build((w) => w.u8(0).bytes(log.logId).bytes(stamp).u16(0).u8(4).u8(3).vec16(signature));
}

const listOf = (...scts: readonly Uint8Array[]): Uint8Array =>
  build((w) =>
    w.vec16(
      build((x) => {
        for (const sct of scts) x.vec16(sct);
      }),
    ),
  );
const certificateEntry = (certificate: Certificate): Uint8Array => build((w) => w.u16(0).vec24(certificate.der));

function check(scts: readonly Sct[], source: SctSource, certificate: Certificate, logs = [log], now = NOW): SctStatus[] {
  const checked = verifyScts(scts, source, certificate, ca.certificate, logs, nodeProvider, now);
  if (checked instanceof Promise) throw new TypeError('the verification was not synchronous');
  return checked.map(({ status }) => status);
}

const leaf = makeLeaf(ca).certificate;
const parsed = (...scts: readonly Uint8Array[]): readonly Sct[] => parseSctList(listOf(...scts)) ?? [];

describe('SCTs from the handshake', () => {
  const good = parsed(makeSct(certificateEntry(leaf)));

  it('sign the certificate', () => {
    expect(check(good, 'tls', leaf)).toEqual(['valid']);
    expect(check(good, 'ocsp', leaf)).toEqual(['valid']);
    expect(check(good, 'tls', makeLeaf(ca).certificate)).toEqual(['invalid']);
    expect(check(good, 'certificate', leaf)).toEqual(['unverified']);
  });

  it('are looked at up to a limit', () => {
    const { value } = LIMITS.certificateTimestamps;
    const one = makeSct(certificateEntry(leaf));
    const many = (count: number): SctStatus[] => check(parsed(...Array.from({ length: count }, () => one)), 'tls', leaf);
    expect(many(value)).toHaveLength(value);
    expect(many(value + 1)).toHaveLength(value);
  });

  it('are by a log that is known', () => {
    expect(check(good, 'tls', leaf, [])).toEqual(['unknown-log']);
    expect(check(parsed(makeSct(certificateEntry(leaf), freshKey())), 'tls', leaf)).toEqual(['invalid']);
  });

  it('are not from the future, nor of a version yet to come', () => {
    expect(check(good, 'tls', leaf, [log], TIMESTAMP / 1000)).toEqual(['valid']);
    expect(check(good, 'tls', leaf, [log], TIMESTAMP / 1000 - 1)).toEqual(['invalid']);
    expect(check(parsed(fromHex('01aabbcc')), 'tls', leaf)).toEqual(['unknown-version']);
  });
});

describe('SCTs in the certificate', () => {
  it('sign the precertificate: the same without the list, under the issuer’s key', () => {
    // The list takes part in nothing but its own place, so a certificate with any list gives the bytes the log signed.
    const options: IssueOptions = { serial: 77, key: freshKey() };
    const withList = (list: Uint8Array): Certificate =>
      makeLeaf(ca, { ...options, extensions: [{ oid: EXTENSION_OIDS.signedCertificateTimestamps, value: octetString(list) }] }).certificate;
    const precertificate = makeLeaf(ca, options).certificate;
    const entry = build((w) => w.u16(1).bytes(nodeProvider.digest('sha256', ca.certificate.spki)).vec24(precertificate.tbs));
    const certificate = withList(listOf(makeSct(entry), makeSct(certificateEntry(leaf))));
    const scts = embeddedScts(certificate) ?? [];
    expect(scts).toHaveLength(2);
    expect(check(scts, 'certificate', certificate)).toEqual(['valid', 'invalid']);
    const unissued = verifyScts(scts, 'certificate', certificate, undefined, [log], nodeProvider, NOW);
    expect(unissued).toMatchObject([{ status: 'unverified' }, { status: 'unverified' }]);
  });

  it('may be none', () => {
    expect(embeddedScts(leaf)).toEqual([]);
  });
});

describe('parseSctList', () => {
  it.each(['', '0000', '0001', '000100', '00020000', '000300', '0004000100'])('refuses %s', (hex) => {
    expect(parseSctList(fromHex(hex))).toBeUndefined();
  });

  it('refuses an SCT with something after it', () => {
    const sct = makeSct(certificateEntry(leaf));
    expect(parseSctList(listOf(build((w) => w.bytes(sct).u8(0))))).toBeUndefined();
    expect(parseSctList(listOf(sct.subarray(0, -1)))).toBeUndefined();
  });
});
