import { describe, it } from 'vitest';
import { concat, EMPTY, utf8 } from '../../src/bytes/bytes.ts';
import { build } from '../../src/bytes/writer.ts';
import { alpn } from '../../src/extensions/alpn.ts';
import { encode } from '../../src/extensions/extension.ts';
import { extendedMasterSecret, renegotiationInfo } from '../../src/extensions/tls12.ts';
import { type AlertName, OPTIONS, type Reason, type SslContextOptions, VERIFY } from '../../src/index.ts';
import { DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12 } from '../../src/wire/server-hello.ts';
import { testAuthority, testCertificate } from '../support/pki.ts';
import { withExtension, without } from './peer.ts';
import { type Edits12, type Peer12, SESSION_ID, type Step12 } from './tls12-peer.ts';
import { againstClient12, againstServer12, type Scene } from './tls12-scene.ts';
import { expectRefusal } from './verdict.ts';

type Role = 'client' | 'server';

/** What is done to a victim of a role, and how it ends. */
interface Row {
  readonly name: string;
  readonly role: Role;
  readonly mutate: Edits12 | ((peer: Peer12) => unknown);
  readonly alert: AlertName;
  readonly reason: Reason;
  readonly scene?: Scene;
}

const SUITE = {
  dhe: 0x009e,
  rsa: 0x009c,
  psk: 0x00a8,
  dhePsk: 0x00aa,
  anonymous: 0x00a6,
  ecdheRsa: 0xc02f,
  cbc: 0xc009,
  triple: 0xc008,
} as const;
const RENEGOTIATES: Scene = { victim: { options: OPTIONS.LEGACY_SERVER_CONNECT } };
const LENIENT: Scene = { victim: { extendedMasterSecret: 'offer' } };
const ASKS: Scene = { victim: { ca: testAuthority, verifyMode: VERIFY.PEER } };
const KEY = new Uint8Array(16).fill(5);
const PSK: SslContextOptions = {
  pskClientCallback: () => [{ identity: utf8('a device'), key: KEY }],
  pskServerCallback: () => ({ identity: utf8('a device'), key: KEY }),
};
const pskScene = (suite: number, hint?: string): Scene => ({
  suite,
  victim: PSK,
  setUp: (peer) => {
    peer.psk = KEY;
    peer.hint = hint;
  },
});

/** A copy with one bit of the last byte turned. */
function turned(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  out[out.length - 1] = (out.at(-1) ?? 0) ^ 1;
  return out;
}
const marked = (mark: Uint8Array): Edits12 => ({ SH: (hello) => ({ ...hello, random: concat(hello.random.subarray(0, 24), mark) }) });
const point = (group: number, bytes: Uint8Array): Uint8Array => build((w) => w.u8(3).u16(group).vec8(bytes));
const dhParams = (prime: Uint8Array, generator: Uint8Array, value: Uint8Array): Uint8Array =>
  build((w) => w.vec16(prime).vec16(generator).vec16(value));
/** Connected, and then the peer wants another handshake; `edits` change that one. */
const again =
  (edits: Edits12 | ((peer: Peer12) => unknown)) =>
  (peer: Peer12): unknown => {
    peer.handshake();
    if (peer.role === 'server') peer.play('HR');
    if (typeof edits === 'function') return edits(peer);
    peer.edits = edits;
    return peer.handshake();
  };
const asksFor =
  (...steps: readonly Step12[]) =>
  (peer: Peer12) =>
    peer.play(...steps);

const ROWS: readonly Row[] = [
  // ---- ServerHello
  {
    name: 'compression',
    role: 'client',
    mutate: { SH: (h) => ({ ...h, legacyCompressionMethod: 1 }) },
    alert: 'illegal_parameter',
    reason: 'UNSUPPORTED_COMPRESSION_ALGORITHM',
  },
  {
    name: 'a suite that was not offered',
    role: 'client',
    mutate: { SH: (h) => ({ ...h, cipherSuite: 0xc02f }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_CIPHER_RETURNED',
  },
  {
    name: 'a suite of TLS 1.3',
    role: 'client',
    mutate: { SH: (h) => ({ ...h, cipherSuite: 0x1301 }) },
    scene: { victim: { maxProtoVersion: 0x0304 } },
    alert: 'illegal_parameter',
    reason: 'WRONG_CIPHER_RETURNED',
  },
  {
    name: 'a version that was not offered',
    role: 'client',
    mutate: { SH: (h) => ({ ...h, legacyVersion: 0x0302 }) },
    alert: 'protocol_version',
    reason: 'UNSUPPORTED_PROTOCOL',
  },
  {
    name: 'the sentinel of TLS 1.2 where TLS 1.3 was offered',
    role: 'client',
    mutate: marked(DOWNGRADE_TO_TLS12),
    scene: { victim: { maxProtoVersion: 0x0304 } },
    alert: 'illegal_parameter',
    reason: 'INAPPROPRIATE_FALLBACK',
  },
  {
    name: 'the sentinel of TLS 1.1 where TLS 1.3 was offered',
    role: 'client',
    mutate: marked(DOWNGRADE_TO_TLS11),
    scene: { victim: { maxProtoVersion: 0x0304 } },
    alert: 'illegal_parameter',
    reason: 'INAPPROPRIATE_FALLBACK',
  },
  {
    name: 'the sentinel of TLS 1.1 where TLS 1.2 was offered',
    role: 'client',
    mutate: marked(DOWNGRADE_TO_TLS11),
    scene: { suite: SUITE.cbc, version: 0x0302, victim: { maxProtoVersion: 0x0303 } },
    alert: 'illegal_parameter',
    reason: 'INAPPROPRIATE_FALLBACK',
  },
  {
    name: 'an extension nobody asked for',
    role: 'client',
    mutate: { SH: withExtension(alpn.id, encode(alpn, 'SH12', utf8('h2')).data) },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'a protocol that was not offered',
    role: 'client',
    mutate: { SH: withExtension(alpn.id, encode(alpn, 'SH12', utf8('h2')).data) },
    scene: { victim: { alpnProtocols: ['http/1.1'] } },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'an id that was not offered for a session',
    role: 'client',
    mutate: { SH: (h) => ({ ...h, legacySessionIdEcho: SESSION_ID }), CT: () => [] },
    alert: 'decode_error',
    reason: 'LENGTH_TOO_SHORT',
  },
  {
    name: 'an echo of an id that stands for no session',
    role: 'client',
    mutate: (p) =>
      p.play((s) => {
        s.edits = { SH: (h) => ({ ...h, legacySessionIdEcho: s.hello?.legacySessionId ?? EMPTY }) };
      }, 'SH'),
    scene: { victim: { maxProtoVersion: 0x0304 } },
    alert: 'illegal_parameter',
    reason: 'INVALID_SESSION_ID',
  },
  {
    name: 'no renegotiation_info',
    role: 'client',
    scene: { victim: { options: OPTIONS.NO_RENEGOTIATION } },
    mutate: { SH: without(renegotiationInfo) },
    alert: 'handshake_failure',
    reason: 'UNSAFE_LEGACY_RENEGOTIATION_DISABLED',
  },
  {
    name: 'a renegotiation_info that is not empty',
    role: 'client',
    mutate: { SH: withExtension(renegotiationInfo.id, Uint8Array.of(1, 0)) },
    alert: 'handshake_failure',
    reason: 'RENEGOTIATION_MISMATCH',
  },
  {
    name: 'no extended master secret',
    role: 'client',
    mutate: { SH: without(extendedMasterSecret) },
    alert: 'handshake_failure',
    reason: 'EXTENDED_MASTER_SECRET_REQUIRED',
  },
  // ---- the server's flight
  { name: 'an empty certificate', role: 'client', mutate: { CT: () => [] }, alert: 'decode_error', reason: 'LENGTH_TOO_SHORT' },
  {
    name: 'a certificate of another kind than the suite’s',
    role: 'client',
    mutate: { CT: () => [testCertificate({ key: 'rsa' }).der] },
    alert: 'illegal_parameter',
    reason: 'WRONG_CERTIFICATE_TYPE',
  },
  {
    name: 'an ECDSA certificate for an RSA suite',
    role: 'client',
    mutate: { CT: () => [testCertificate({ key: 'ec256' }).der] },
    scene: { suite: SUITE.ecdheRsa },
    alert: 'illegal_parameter',
    reason: 'WRONG_CERTIFICATE_TYPE',
  },
  {
    name: 'an RSASSA-PSS certificate to encrypt to',
    role: 'client',
    mutate: { CT: () => [testCertificate({ key: 'rsaPss' }).der] },
    scene: { suite: SUITE.rsa },
    alert: 'illegal_parameter',
    reason: 'WRONG_CERTIFICATE_TYPE',
  },
  {
    name: 'a broken signature',
    role: 'client',
    mutate: { SIGNED: (s) => ({ ...s, signature: turned(s.signature) }) },
    alert: 'decrypt_error',
    reason: 'BAD_SIGNATURE',
  },
  {
    name: 'parameters other than those signed',
    role: 'client',
    mutate: (p) => {
      p.tampers = {
        SKE: (raw) => {
          const out = raw.slice();
          out[10] = (out[10] ?? 0) ^ 1;
          return out;
        },
      };
      p.handshake();
    },
    alert: 'decrypt_error',
    reason: 'BAD_SIGNATURE',
  },
  {
    name: 'a scheme that was not offered',
    role: 'client',
    mutate: { SIGNED: (s) => ({ ...s, algorithm: 0x0203 }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'a scheme of another key',
    role: 'client',
    mutate: { SIGNED: (s) => ({ ...s, algorithm: 0x0401 }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'a scheme that does not exist',
    role: 'client',
    mutate: { SIGNED: (s) => ({ ...s, algorithm: 0xfafa }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'an explicit curve',
    role: 'client',
    mutate: { PARAMS: (b) => concat(Uint8Array.of(1), b.subarray(1)) },
    alert: 'illegal_parameter',
    reason: 'WRONG_CURVE',
  },
  {
    name: 'a curve that was not offered',
    role: 'client',
    mutate: { PARAMS: () => point(0x0018, new Uint8Array(97).fill(4)) },
    alert: 'illegal_parameter',
    reason: 'WRONG_CURVE',
  },
  {
    name: 'a point off its curve',
    role: 'client',
    mutate: { PARAMS: () => point(0x0017, new Uint8Array(65).fill(4)) },
    alert: 'illegal_parameter',
    reason: 'BAD_ECPOINT',
  },
  {
    name: 'a point that leads to zero',
    role: 'client',
    mutate: { PARAMS: () => point(0x001d, new Uint8Array(32)) },
    alert: 'illegal_parameter',
    reason: 'BAD_ECPOINT',
  },
  {
    name: 'a point that is too short',
    role: 'client',
    mutate: { PARAMS: () => point(0x001d, new Uint8Array(31).fill(9)) },
    alert: 'illegal_parameter',
    reason: 'BAD_ECPOINT',
  },
  { name: 'an empty point', role: 'client', mutate: { PARAMS: () => point(0x001d, EMPTY) }, alert: 'decode_error', reason: 'BAD_LENGTH' },
  ...[
    ['of 1', Uint8Array.of(1)],
    ['of 0', Uint8Array.of(0)],
  ].map(
    ([what, value]): Row => ({
      name: `a Diffie-Hellman value ${what}`,
      role: 'client',
      scene: { suite: SUITE.dhe },
      mutate: (p) => {
        p.edits = { PARAMS: () => dhParams(p.dh.prime, p.dh.generator, value as Uint8Array) };
        p.handshake();
      },
      alert: 'illegal_parameter',
      reason: 'BAD_DH_VALUE',
    }),
  ),
  {
    name: 'a Diffie-Hellman value of p - 1',
    role: 'client',
    scene: { suite: SUITE.dhe },
    mutate: (p) => {
      p.edits = { PARAMS: () => dhParams(p.dh.prime, p.dh.generator, turned(p.dh.prime)) };
      p.handshake();
    },
    alert: 'illegal_parameter',
    reason: 'BAD_DH_VALUE',
  },
  {
    name: 'a generator of 1',
    role: 'client',
    scene: { suite: SUITE.dhe },
    mutate: (p) => {
      p.edits = { PARAMS: () => dhParams(p.dh.prime, Uint8Array.of(1), p.dh.prime) };
      p.handshake();
    },
    alert: 'illegal_parameter',
    reason: 'BAD_DH_VALUE',
  },
  {
    name: 'an even prime',
    role: 'client',
    scene: { suite: SUITE.dhe },
    mutate: (p) => {
      p.edits = { PARAMS: () => dhParams(turned(p.dh.prime), p.dh.generator, Uint8Array.of(4)) };
      p.handshake();
    },
    alert: 'illegal_parameter',
    reason: 'BAD_DH_VALUE',
  },
  {
    name: 'a prime of 1024 bits',
    role: 'client',
    scene: { suite: SUITE.dhe },
    mutate: { PARAMS: () => dhParams(new Uint8Array(128).fill(255), Uint8Array.of(2), Uint8Array.of(4)) },
    alert: 'handshake_failure',
    reason: 'DH_KEY_TOO_SMALL',
  },
  {
    name: 'CertificateRequest of an anonymous server',
    role: 'client',
    scene: { suite: SUITE.anonymous, victim: { verifyMode: VERIFY.NONE } },
    mutate: asksFor('SH', 'SKE', 'CR'),
    alert: 'unexpected_message',
    reason: 'TLS_CLIENT_CERT_REQ_WITH_ANON_CIPHER',
  },
  {
    name: 'CertificateRequest beside a pre-shared key',
    role: 'client',
    scene: pskScene(SUITE.psk),
    mutate: asksFor('SH', 'CR'),
    alert: 'unexpected_message',
    reason: 'TLS_CLIENT_CERT_REQ_WITH_ANON_CIPHER',
  },
  {
    name: 'a CertificateRequest without certificate types',
    role: 'client',
    mutate: (p) => {
      p.edits = { CR: (r) => ({ ...r, certificateTypes: EMPTY }) };
      p.play('SH', 'CT', 'SKE', 'CR', 'SHD');
    },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'a wrong Finished',
    role: 'client',
    mutate: { FIN: ({ verifyData }) => ({ verifyData: turned(verifyData) }) },
    alert: 'decrypt_error',
    reason: 'DIGEST_CHECK_FAILED',
  },
  {
    name: 'a short Finished',
    role: 'client',
    mutate: { FIN: ({ verifyData }) => ({ verifyData: verifyData.subarray(0, 11) }) },
    alert: 'decrypt_error',
    reason: 'DIGEST_CHECK_FAILED',
  },
  {
    name: 'an empty Finished',
    role: 'client',
    mutate: { FIN: () => ({ verifyData: EMPTY }) },
    alert: 'decrypt_error',
    reason: 'DIGEST_CHECK_FAILED',
  },
  {
    name: 'a change_cipher_spec before ServerHelloDone',
    role: 'client',
    mutate: asksFor('SH', 'CT', 'SKE', 'CCS'),
    alert: 'unexpected_message',
    reason: 'CCS_RECEIVED_EARLY',
  },
  {
    name: 'a change_cipher_spec right after ServerHello',
    role: 'client',
    mutate: asksFor('SH', 'CCS'),
    alert: 'unexpected_message',
    reason: 'CCS_RECEIVED_EARLY',
  },
  {
    name: 'a change_cipher_spec in use',
    role: 'client',
    mutate: (p) => p.handshake().play('CCS'),
    alert: 'unexpected_message',
    reason: 'CCS_RECEIVED_EARLY',
  },
  {
    name: 'a change_cipher_spec of two bytes',
    role: 'client',
    mutate: (p) => p.play('SH', 'CT', 'SKE', 'SHD', (s) => s.sendRecord(20, Uint8Array.of(1, 1))),
    alert: 'unexpected_message',
    reason: 'BAD_CHANGE_CIPHER_SPEC',
  },
  {
    name: 'a change_cipher_spec within a message',
    role: 'client',
    mutate: (p) => p.play('SH', 'CT', 'SKE', 'SHD', (s) => s.sendRaw(Uint8Array.of(20, 0, 0, 12)), 'CCS'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'Finished without change_cipher_spec',
    role: 'client',
    mutate: asksFor('SH', 'CT', 'SKE', 'SHD', 'FIN'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'a Certificate after ServerHelloDone',
    role: 'client',
    mutate: asksFor('SH', 'CT', 'SKE', 'SHD', 'CT'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'no ServerKeyExchange',
    role: 'client',
    mutate: asksFor('SH', 'CT', 'SHD'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'two ServerKeyExchanges',
    role: 'client',
    mutate: asksFor('SH', 'CT', 'SKE', 'SKE'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'a ServerKeyExchange in an RSA key exchange (FREAK)',
    role: 'client',
    scene: { suite: SUITE.rsa },
    mutate: asksFor('SH', 'CT', 'SKE'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'a ticket that was not announced',
    role: 'client',
    mutate: asksFor('SH', 'CT', 'SKE', 'SHD', 'NST'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'a message behind ServerHelloDone in the same record',
    role: 'client',
    mutate: (p) =>
      p.play('SH', 'CT', 'SKE', (s) => {
        const done = Uint8Array.of(14, 0, 0, 0);
        s.transcript.push(done);
        s.sendRaw(concat(done, Uint8Array.of(0, 0, 0, 0)));
      }),
    alert: 'unexpected_message',
    reason: 'NOT_ON_RECORD_BOUNDARY',
  },
  {
    name: 'a message behind Finished in the same record',
    role: 'client',
    mutate: (p) => {
      p.tampers = { FIN: (raw) => concat(raw, Uint8Array.of(0, 0, 0, 0)) };
      p.handshake();
    },
    alert: 'unexpected_message',
    reason: 'NOT_ON_RECORD_BOUNDARY',
  },
  {
    name: 'a suite of a pre-shared key that it has not',
    role: 'client',
    scene: { ...pskScene(SUITE.psk), victim: { pskClientCallback: () => [] } },
    mutate: asksFor('SH', 'SHD'),
    alert: 'handshake_failure',
    reason: 'PSK_IDENTITY_NOT_FOUND',
  },
  // ---- ClientHello and what follows
  {
    name: 'no null compression',
    role: 'server',
    mutate: { CH: (h) => ({ ...h, legacyCompressionMethods: Uint8Array.of(1) }) },
    alert: 'illegal_parameter',
    reason: 'NO_COMPRESSION_SPECIFIED',
  },
  {
    name: 'a renegotiation_info that is not empty',
    role: 'server',
    mutate: { CH: withExtension(renegotiationInfo.id, Uint8Array.of(1, 0)) },
    alert: 'handshake_failure',
    reason: 'RENEGOTIATION_MISMATCH',
  },
  {
    name: 'no extended master secret',
    role: 'server',
    mutate: { CH: without(extendedMasterSecret) },
    alert: 'handshake_failure',
    reason: 'EXTENDED_MASTER_SECRET_REQUIRED',
  },
  {
    name: 'no suite that both have',
    role: 'server',
    mutate: { CH: (h) => ({ ...h, cipherSuites: [0xc030] }) },
    alert: 'handshake_failure',
    reason: 'NO_SHARED_CIPHER',
  },
  {
    name: 'SSL 3.0',
    role: 'server',
    mutate: { CH: (h) => ({ ...h, legacyVersion: 0x0300 }) },
    alert: 'protocol_version',
    reason: 'UNSUPPORTED_PROTOCOL',
  },
  {
    name: 'a fallback that none was needed for',
    role: 'server',
    scene: { suite: SUITE.cbc, version: 0x0302, victim: { maxProtoVersion: 0x0303 } },
    mutate: { CH: (h) => ({ ...h, cipherSuites: [...h.cipherSuites, 0x5600] }) },
    alert: 'inappropriate_fallback',
    reason: 'INAPPROPRIATE_FALLBACK',
  },
  {
    name: 'ec_point_formats without uncompressed',
    role: 'server',
    mutate: { CH: withExtension(11, Uint8Array.of(1, 1)) },
    alert: 'illegal_parameter',
    reason: 'TLS_INVALID_ECPOINTFORMAT_LIST',
  },
  {
    name: 'a point that leads to zero',
    role: 'server',
    mutate: { CKE: () => build((w) => w.vec8(new Uint8Array(32))) },
    alert: 'illegal_parameter',
    reason: 'BAD_ECPOINT',
  },
  { name: 'an empty point', role: 'server', mutate: { CKE: () => Uint8Array.of(0) }, alert: 'decode_error', reason: 'BAD_LENGTH' },
  {
    name: 'a byte behind the point',
    role: 'server',
    mutate: { CKE: (b) => concat(b, Uint8Array.of(0)) },
    alert: 'decode_error',
    reason: 'LENGTH_MISMATCH',
  },
  {
    name: 'a Diffie-Hellman value of 1',
    role: 'server',
    scene: { suite: SUITE.dhe },
    mutate: { CKE: () => build((w) => w.vec16(Uint8Array.of(1))) },
    alert: 'illegal_parameter',
    reason: 'BAD_DH_VALUE',
  },
  {
    name: 'a wrong Finished',
    role: 'server',
    mutate: { FIN: ({ verifyData }) => ({ verifyData: turned(verifyData) }) },
    alert: 'decrypt_error',
    reason: 'DIGEST_CHECK_FAILED',
  },
  {
    name: 'Finished without change_cipher_spec',
    role: 'server',
    mutate: asksFor('CH', 'CKE', 'FIN'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'a change_cipher_spec before ClientKeyExchange',
    role: 'server',
    mutate: asksFor('CH', 'CCS'),
    alert: 'unexpected_message',
    reason: 'CCS_RECEIVED_EARLY',
  },
  {
    name: 'a change_cipher_spec in use',
    role: 'server',
    mutate: (p) => p.handshake().play('CCS'),
    alert: 'unexpected_message',
    reason: 'CCS_RECEIVED_EARLY',
  },
  {
    name: 'a certificate nobody asked for',
    role: 'server',
    mutate: asksFor('CH', 'CT'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'no certificate where one is demanded',
    role: 'server',
    scene: { victim: { ca: testAuthority, verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT } },
    mutate: asksFor('CH', 'CT0'),
    alert: 'handshake_failure',
    reason: 'PEER_DID_NOT_RETURN_A_CERTIFICATE',
  },
  {
    name: 'a broken CertificateVerify',
    role: 'server',
    scene: ASKS,
    mutate: (p) => {
      p.edits = { CV: (s) => ({ ...s, signature: turned(s.signature) }) };
      p.play('CH', 'CT', 'CKE', 'CV');
    },
    alert: 'decrypt_error',
    reason: 'BAD_SIGNATURE',
  },
  {
    name: 'a CertificateVerify of a scheme that was not asked for',
    role: 'server',
    scene: ASKS,
    mutate: (p) => {
      p.edits = { CV: (s) => ({ ...s, algorithm: 0x0203 }) };
      p.play('CH', 'CT', 'CKE', 'CV');
    },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'no CertificateVerify',
    role: 'server',
    scene: ASKS,
    mutate: asksFor('CH', 'CT', 'CKE', 'CCS'),
    alert: 'unexpected_message',
    reason: 'CCS_RECEIVED_EARLY',
  },
  {
    name: 'a CertificateVerify without a certificate',
    role: 'server',
    scene: ASKS,
    mutate: asksFor('CH', 'CT0', 'CKE', 'CV'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  // ---- another handshake
  {
    name: 'another handshake without renegotiation_info',
    role: 'client',
    scene: RENEGOTIATES,
    mutate: again({ SH: without(renegotiationInfo) }),
    alert: 'handshake_failure',
    reason: 'RENEGOTIATION_MISMATCH',
  },
  {
    name: 'another handshake with an empty renegotiation_info',
    role: 'client',
    scene: RENEGOTIATES,
    mutate: again({ SH: withExtension(renegotiationInfo.id, Uint8Array.of(0)) }),
    alert: 'handshake_failure',
    reason: 'RENEGOTIATION_MISMATCH',
  },
  {
    name: 'another handshake that begins to be secure',
    role: 'client',
    scene: RENEGOTIATES,
    mutate: (p) => {
      p.edits = { SH: without(renegotiationInfo) };
      p.handshake();
      p.edits = {};
      p.victim.set('options', OPTIONS.LEGACY_SERVER_CONNECT | OPTIONS.ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
      p.play('HR').handshake();
    },
    alert: 'handshake_failure',
    reason: 'RENEGOTIATION_MISMATCH',
  },
  {
    name: 'another handshake with another certificate',
    role: 'client',
    scene: RENEGOTIATES,
    mutate: again({ CT: () => [testCertificate({ key: 'ec256', serial: 77 }).der] }),
    alert: 'illegal_parameter',
    reason: 'SERVER_CERT_CHANGED',
  },
  {
    name: 'another handshake that drops the extended master secret',
    role: 'client',
    scene: { victim: { ...RENEGOTIATES.victim, ...LENIENT.victim } },
    mutate: again({ SH: without(extendedMasterSecret) }),
    alert: 'handshake_failure',
    reason: 'INCONSISTENT_EXTMS',
  },
  {
    name: 'another handshake in another version',
    role: 'client',
    scene: RENEGOTIATES,
    mutate: again({ SH: (h) => ({ ...h, legacyVersion: 0x0302 }) }),
    alert: 'protocol_version',
    reason: 'UNSUPPORTED_PROTOCOL',
  },
  {
    name: 'a message behind HelloRequest',
    role: 'client',
    scene: RENEGOTIATES,
    mutate: (p) => p.handshake().play((s) => s.sendRaw(Uint8Array.of(0, 0, 0, 0, 0))),
    alert: 'unexpected_message',
    reason: 'NOT_ON_RECORD_BOUNDARY',
  },
  {
    name: 'a HelloRequest with a body',
    role: 'client',
    mutate: (p) => p.handshake().play((s) => s.sendRaw(Uint8Array.of(0, 0, 0, 1, 0))),
    alert: 'decode_error',
    reason: 'EXCESSIVE_MESSAGE_SIZE',
  },
  {
    name: 'another handshake without renegotiation_info',
    role: 'server',
    scene: RENEGOTIATES,
    mutate: again({ CH: without(renegotiationInfo) }),
    alert: 'handshake_failure',
    reason: 'RENEGOTIATION_MISMATCH',
  },
  {
    name: 'another handshake with an empty renegotiation_info',
    role: 'server',
    scene: RENEGOTIATES,
    mutate: again({ CH: withExtension(renegotiationInfo.id, Uint8Array.of(0)) }),
    alert: 'handshake_failure',
    reason: 'RENEGOTIATION_MISMATCH',
  },
  {
    name: 'another handshake with the signal of a first one',
    role: 'server',
    scene: RENEGOTIATES,
    mutate: again({ CH: (h) => ({ ...h, cipherSuites: [...h.cipherSuites, 0x00ff] }) }),
    alert: 'handshake_failure',
    reason: 'SCSV_RECEIVED_WHEN_RENEGOTIATING',
  },
  {
    name: 'another handshake that drops the extended master secret',
    role: 'server',
    scene: { victim: { ...RENEGOTIATES.victim, ...LENIENT.victim } },
    mutate: again({ CH: without(extendedMasterSecret) }),
    alert: 'handshake_failure',
    reason: 'INCONSISTENT_EXTMS',
  },
  {
    name: 'another handshake in another version',
    role: 'server',
    scene: RENEGOTIATES,
    mutate: again({ CH: (h) => ({ ...h, legacyVersion: 0x0302 }) }),
    alert: 'protocol_version',
    reason: 'UNSUPPORTED_PROTOCOL',
  },
  {
    name: 'data between change_cipher_spec and Finished of another handshake',
    role: 'server',
    scene: RENEGOTIATES,
    mutate: again(asksFor('CH', 'CKE', 'CCS', 'DATA')),
    alert: 'unexpected_message',
    reason: 'APP_DATA_IN_HANDSHAKE',
  },
  {
    name: 'data between change_cipher_spec and Finished of another handshake',
    role: 'client',
    scene: RENEGOTIATES,
    mutate: again(asksFor('SH', 'CT', 'SKE', 'SHD', 'CCS', 'DATA')),
    alert: 'unexpected_message',
    reason: 'APP_DATA_IN_HANDSHAKE',
  },
  {
    name: 'a HelloRequest',
    role: 'server',
    mutate: (p) => p.handshake().play('HR'),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
];

const begin = (role: Role, scene: Scene = {}): Peer12 => (role === 'client' ? againstClient12(scene) : againstServer12(scene));

describe.each(['client', 'server'] as const)('a %s of TLS 1.2 refuses', (role) => {
  it.each(ROWS.filter((row) => row.role === role))('$name', ({ scene, mutate, alert, reason }) => {
    const peer = begin(role, scene);
    if (typeof mutate === 'function') mutate(peer);
    else {
      peer.edits = mutate;
      peer.turn().handshake();
    }
    expectRefusal(peer, alert, reason);
  });
});
