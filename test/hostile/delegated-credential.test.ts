import { describe, expect, it } from 'vitest';
import { concat, fromHex, utf8 } from '../../src/bytes/bytes.ts';
import { build } from '../../src/bytes/writer.ts';
import { SslContext, type SslContextOptions } from '../../src/index.ts';
import type { CredentialOptions } from '../../src/ssl/credentials.ts';
import { decodeMessage } from '../../src/wire/message.ts';
import { certificate, certificateVerify } from '../../src/wire/tls13-messages.ts';
import { spkiElement } from '../../src/x509/algorithms.ts';
import { type TestKeyName, testCertificate, testKey } from '../support/pki.ts';
import { againstServer, type ClientPeer, QUICK_SERVER } from './client-peer.ts';
import { withExtension } from './peer.ts';

const ED25519 = 0x0807;
const P256 = 0x0403;
const leaf = testCertificate();

/** Made with the certificate's P-256 key, as RFC 9345, 4 has it. */
function delegate(key: TestKeyName, scheme: number): Uint8Array {
  const spki = spkiElement(testKey(key).publicKey);
  const credential = build((w) => w.u32(86_400).u16(scheme).vec24(spki));
  const prefix = concat(new Uint8Array(64).fill(0x20), utf8('TLS, server delegated credentials'), Uint8Array.of(0));
  const signed = concat(prefix, leaf.der, credential, fromHex('0403'));
  const signature = testKey('ec256').sign({ kind: 'ecdsa', hash: 'sha256' }, signed);
  if (signature instanceof Promise) throw new TypeError('the test keys are synchronous');
  return concat(
    credential,
    build((w) => w.u16(P256).vec16(signature)),
  );
}

const delegated: CredentialOptions = { cert: leaf, key: testKey('ed25519'), delegatedCredential: delegate('ed25519', ED25519) };
const ordinary: CredentialOptions = { cert: leaf, key: testKey('ec256') };

function serverOf(options: SslContextOptions = {}): SslContext {
  const context = new SslContext({ role: 'server', now: () => 1_800_000_000_000, ...QUICK_SERVER, ...options });
  return context.addCredential(delegated).addCredential(ordinary);
}

/** A client that takes signatures of a delegated credential's key under some schemes. */
const meet = (schemes: string | undefined, sigalgs: string): ClientPeer =>
  againstServer(serverOf(), (peer) => {
    const signatureAlgorithms = withExtension(13, fromHex(sigalgs));
    const asks = schemes === undefined ? signatureAlgorithms : withExtension(34, fromHex(schemes));
    peer.edits = { CH: (hello: Parameters<typeof asks>[0]) => asks(signatureAlgorithms(hello)) };
  }).play('CH', 'FIN');

const chosen = ({ victim }: ClientPeer): number => victim.get('credentials').list.findIndex((one) => one === victim.selectedCredential);

describe('a delegated credential', () => {
  it('is shown beside its certificate, and its key signs', () => {
    const peer = meet('00020807', '00020403');
    expect([chosen(peer), peer.victim.isInitFinished]).toEqual([0, true]);
    const [shown, proof] = [11, 15].map((type) => peer.messages.find((raw) => raw[0] === type) ?? new Uint8Array());
    const [entry] = decodeMessage(certificate, shown as Uint8Array).value.entries;
    expect(entry?.data).toEqual(leaf.der);
    expect(entry?.extensions).toEqual([{ type: 34, data: delegated.delegatedCredential }]);
    expect(decodeMessage(certificateVerify, proof as Uint8Array).value.algorithm).toBe(ED25519);
  });

  it('is for clients that take both signatures: its own, and the one that made it', () => {
    expect(chosen(meet(undefined, '00020403'))).toBe(1);
    expect(chosen(meet('00020403', '00020403'))).toBe(1);
    const neither = meet('00020807', '00020804');
    expect([neither.victim.selectedCredential, neither.alerts]).toEqual([undefined, [[2, 40]]]);
  });

  it('is refused with another key, with rsaEncryption, without a certificate, and malformed', () => {
    const add = (options: CredentialOptions) => (): unknown => new SslContext().addCredential(options);
    const reason = (name: string) => expect.objectContaining({ reason: name });
    expect(add({ ...delegated, key: testKey('ec384') })).toThrow(reason('BAD_VALUE'));
    expect(add({ cert: leaf, key: testKey('rsa'), delegatedCredential: delegate('rsa', 0x0804) })).toThrow(reason('WRONG_SIGNATURE_TYPE'));
    expect(add({ ...delegated, delegatedCredential: delegate('ed25519', P256) })).toThrow(reason('WRONG_SIGNATURE_TYPE'));
    expect(add({ key: testKey('ed25519'), delegatedCredential: delegate('ed25519', ED25519) })).toThrow(reason('NO_CERTIFICATE_SET'));
    for (const bytes of [
      new Uint8Array(),
      delegate('ed25519', ED25519).subarray(1),
      concat(delegate('ed25519', ED25519), Uint8Array.of(0)),
    ])
      expect(add({ ...delegated, delegatedCredential: bytes })).toThrow(reason('BAD_SETTING_VALUE'));
  });
});
