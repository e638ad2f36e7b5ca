import { describe, expect, it } from 'vitest';
import { concat, EMPTY, fromHex, utf8 } from '../../src/bytes/bytes.ts';
import { alpn } from '../../src/extensions/alpn.ts';
import { statusRequest } from '../../src/extensions/certificate-status.ts';
import { earlyData } from '../../src/extensions/early-data.ts';
import { encode } from '../../src/extensions/extension.ts';
import { signatureAlgorithms } from '../../src/extensions/id-lists.ts';
import { keyShare } from '../../src/extensions/key-share.ts';
import { preSharedKey } from '../../src/extensions/pre-shared-key.ts';
import { maxFragmentLength, recordSizeLimit } from '../../src/extensions/record-size.ts';
import { supportedVersions } from '../../src/extensions/supported-versions.ts';
import { type AlertName, OPTIONS, type Reason, type SslContextOptions, VERIFY } from '../../src/index.ts';
import type { RawExtension } from '../../src/wire/message.ts';
import type { ServerHello } from '../../src/wire/server-hello.ts';
import { testCertificate, testKey } from '../support/pki.ts';
import { appending, type Edit, withExtension, without, withoutLastByte, withTrailingByte } from './peer.ts';
import { againstClient, type ServerEdits, type ServerPeer, type ServerStep } from './server-peer.ts';
import { expectConnection, expectRefusal } from './verdict.ts';

interface Row {
  readonly name: string;
  readonly steps?: readonly (ServerStep | ((peer: ServerPeer) => unknown))[];
  readonly edits?: ServerEdits;
  readonly tampers?: Partial<Record<ServerStep, (raw: Uint8Array) => Uint8Array>>;
  readonly options?: SslContextOptions;
  readonly setUp?: (peer: ServerPeer) => unknown;
  readonly alert: AlertName;
  readonly reason: Reason;
}

const FULL: readonly ServerStep[] = ['SH', 'EE', 'CT', 'CV', 'FIN', 'DATA'];
const RETRY: readonly ServerStep[] = ['HRR', ...FULL];
const ASKED: readonly ServerStep[] = ['SH', 'EE', 'CR', 'CT', 'CV', 'FIN', 'DATA'];
const RESUMED: readonly ServerStep[] = ['SH', 'EE', 'FIN', 'DATA'];

const ext = ({ type, data }: RawExtension): Edit<ServerHello> => withExtension(type, data);
const share = (group: number, bytes: Uint8Array): Edit<ServerHello> =>
  withExtension(keyShare.id, encode(keyShare, 'SH13', { group, share: bytes }).data);

const PSK = { identity: utf8('id'), key: utf8('a key of both sides'), maxEarlyData: 1000 };
const pskOptions: SslContextOptions = { pskClientCallback: () => [PSK, { ...PSK, identity: utf8('another') }] };
const resumes = (peer: ServerPeer): void => {
  peer.psk = { identity: PSK.identity, secret: PSK.key, kind: 'external' };
  peer.usePsk = true;
};
const sendsEarlyData = (peer: ServerPeer): void => {
  resumes(peer);
  peer.acceptEarlyData = true;
  peer.victim.writeEarlyData(utf8('early'));
};

/** A certificate with some bytes replaced by others of the same length, the first time they stand there. */
function patched(key: 'ed25519' | 'ec256', from: Uint8Array, to: Uint8Array): Uint8Array {
  const der = testCertificate({ key }).der.slice();
  const at = der.findIndex((_, i) => from.every((byte, j) => der[i + j] === byte));
  if (at < 0) throw new Error('the bytes are not there');
  der.set(to, at);
  return der;
}
const entry = (data: Uint8Array) => ({ data, extensions: [] });
const leaf = (data: Uint8Array) => ({ context: EMPTY, entries: [entry(data)] });
/** A server that says it will show a raw key. */
const RAW: ServerEdits = { EE: appending(20, Uint8Array.of(2)) };
const point = testKey('ec256').publicKey;
const offCurve = (): Uint8Array => {
  if (point.kind !== 'ec') throw new Error('an EC key');
  const bad = point.point.slice();
  bad[64] = (bad[64] as number) ^ 1;
  return patched('ec256', point.point, bad);
};

const ROWS: readonly Row[] = [
  // ServerHello and HelloRetryRequest
  { name: 'a second HelloRetryRequest', steps: ['HRR', 'HRR'], alert: 'unexpected_message', reason: 'UNEXPECTED_MESSAGE' },
  {
    name: 'another suite than the HelloRetryRequest promised',
    steps: RETRY,
    options: { cipherSuites: ['TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'] },
    edits: { SH: (hello) => ({ ...hello, cipherSuite: 0x1303 }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_CIPHER_RETURNED',
  },
  {
    name: 'another session id',
    edits: { SH: (hello) => ({ ...hello, legacySessionIdEcho: fromHex('00'.repeat(32)) }) },
    alert: 'illegal_parameter',
    reason: 'INVALID_SESSION_ID',
  },
  {
    name: 'no session id',
    edits: { SH: (hello) => ({ ...hello, legacySessionIdEcho: EMPTY }) },
    alert: 'illegal_parameter',
    reason: 'INVALID_SESSION_ID',
  },
  {
    name: 'another session id in a retry',
    steps: RETRY,
    edits: { HRR: (hello) => ({ ...hello, legacySessionIdEcho: EMPTY }) },
    alert: 'illegal_parameter',
    reason: 'INVALID_SESSION_ID',
  },
  {
    name: 'compression',
    edits: { SH: (hello) => ({ ...hello, legacyCompressionMethod: 1 }) },
    alert: 'illegal_parameter',
    reason: 'UNSUPPORTED_COMPRESSION_ALGORITHM',
  },
  {
    name: 'a suite it did not offer',
    edits: { SH: (hello) => ({ ...hello, cipherSuite: 0x1302 }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_CIPHER_RETURNED',
  },
  {
    name: 'a suite nobody knows',
    edits: { SH: (hello) => ({ ...hello, cipherSuite: 0x0a0a }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_CIPHER_RETURNED',
  },
  { name: 'an older version', edits: { SH: without(supportedVersions) }, alert: 'protocol_version', reason: 'UNSUPPORTED_PROTOCOL' },
  {
    name: 'an older version, marked as a downgrade to TLS 1.2',
    options: { minProtoVersion: 0x0301 },
    edits: {
      SH: (hello) => ({ ...without<ServerHello>(supportedVersions)(hello), random: fromHex(`${'00'.repeat(24)}444f574e47524401`) }),
    },
    alert: 'illegal_parameter',
    reason: 'INAPPROPRIATE_FALLBACK',
  },
  {
    name: 'an older version, marked as a downgrade to TLS 1.1',
    options: { minProtoVersion: 0x0301 },
    edits: {
      SH: (hello) => ({ ...without<ServerHello>(supportedVersions)(hello), random: fromHex(`${'00'.repeat(24)}444f574e47524400`) }),
    },
    alert: 'illegal_parameter',
    reason: 'INAPPROPRIATE_FALLBACK',
  },
  {
    name: 'TLS 1.2 in supported_versions',
    edits: { SH: ext(encode(supportedVersions, 'SH13', 0x0303)) },
    alert: 'illegal_parameter',
    reason: 'BAD_PROTOCOL_VERSION_NUMBER',
  },
  {
    name: 'a version from the future',
    edits: { SH: ext(encode(supportedVersions, 'SH13', 0x0305)) },
    alert: 'illegal_parameter',
    reason: 'BAD_PROTOCOL_VERSION_NUMBER',
  },
  {
    name: 'TLS 1.2 in the supported_versions of a retry',
    steps: RETRY,
    edits: { HRR: ext(encode(supportedVersions, 'HRR', 0x0303)) },
    alert: 'illegal_parameter',
    reason: 'BAD_PROTOCOL_VERSION_NUMBER',
  },
  {
    name: 'a wrong legacy_version',
    edits: { SH: (hello) => ({ ...hello, legacyVersion: 0x0304 }) },
    alert: 'illegal_parameter',
    reason: 'BAD_LEGACY_VERSION',
  },
  {
    name: 'a retry that asks for nothing',
    steps: RETRY,
    setUp: (peer) => {
      peer.retryGroup = undefined;
    },
    alert: 'illegal_parameter',
    reason: 'EMPTY_HELLO_RETRY_REQUEST',
  },
  {
    name: 'a retry for a group it did not offer',
    steps: RETRY,
    setUp: (peer) => {
      peer.retryGroup = 0x0018;
    },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'a retry for a share it sent',
    steps: RETRY,
    setUp: (peer) => {
      peer.retryGroup = 0x001d;
    },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'an unknown extension in a retry',
    steps: RETRY,
    edits: { HRR: appending(0x1234) },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'an extension that does not belong into a retry',
    steps: RETRY,
    edits: { HRR: appending(0) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'an empty cookie',
    steps: RETRY,
    edits: { HRR: appending(44, Uint8Array.of(0, 0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'an unknown extension in the ServerHello',
    edits: { SH: appending(0x1234) },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'a cookie in the ServerHello',
    edits: { SH: appending(44, Uint8Array.of(0, 1, 1)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'ALPN in the ServerHello',
    edits: { SH: appending(16, Uint8Array.of(0, 2, 1, 0x61)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'an extension twice',
    edits: { SH: appending(supportedVersions.id, Uint8Array.of(3, 4)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a PSK it did not offer',
    edits: { SH: appending(preSharedKey.id, Uint8Array.of(0, 0)) },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'a PSK number it did not offer',
    steps: RESUMED,
    options: pskOptions,
    setUp: resumes,
    edits: { SH: ext(encode(preSharedKey, 'SH13', 2)) },
    alert: 'illegal_parameter',
    reason: 'BAD_PSK',
  },
  {
    name: 'a PSK that is not for the hash of the suite',
    steps: RESUMED,
    options: { ...pskOptions, cipherSuites: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] },
    setUp: resumes,
    edits: { SH: (hello) => ({ ...hello, cipherSuite: 0x1302 }) },
    alert: 'illegal_parameter',
    reason: 'BAD_PSK',
  },
  { name: 'no share', edits: { SH: without(keyShare) }, alert: 'missing_extension', reason: 'NO_SUITABLE_KEY_SHARE' },
  {
    name: 'a PSK without a share, which it did not allow',
    steps: RESUMED,
    options: pskOptions,
    setUp: resumes,
    edits: { SH: without(keyShare) },
    alert: 'missing_extension',
    reason: 'NO_SUITABLE_KEY_SHARE',
  },
  {
    name: 'a share of a group it sent none for',
    edits: { SH: share(0x0017, new Uint8Array(65).fill(4)) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'a share that is too short',
    edits: { SH: share(0x001d, new Uint8Array(31).fill(4)) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'a share that is too long',
    edits: { SH: share(0x001d, new Uint8Array(33).fill(4)) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  { name: 'a share of small order', edits: { SH: share(0x001d, new Uint8Array(32)) }, alert: 'illegal_parameter', reason: 'BAD_KEY_SHARE' },
  {
    name: 'a share off the curve',
    steps: RETRY,
    edits: { SH: share(0x0017, new Uint8Array(65).fill(4)) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'an empty share',
    edits: { SH: withExtension(keyShare.id, Uint8Array.of(0, 0x1d, 0, 0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'the share of the first hello after a retry',
    steps: RETRY,
    edits: { SH: share(0x001d, new Uint8Array(32).fill(9)) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },

  {
    name: 'TLS 1.2 after a retry for TLS 1.3',
    steps: RETRY,
    options: { minProtoVersion: 0x0303 },
    edits: { SH: (hello) => ({ ...without<ServerHello>(supportedVersions)(hello), cipherSuite: 0xc02b }) },
    alert: 'protocol_version',
    reason: 'BAD_PROTOCOL_VERSION_NUMBER',
  },
  {
    name: 'TLS 1.2 where it sent early data',
    options: { ...pskOptions, minProtoVersion: 0x0303 },
    setUp: sendsEarlyData,
    edits: { SH: (hello) => ({ ...without<ServerHello>(supportedVersions)(hello), cipherSuite: 0xc02b }) },
    alert: 'protocol_version',
    reason: 'BAD_PROTOCOL_VERSION_NUMBER',
  },

  // EncryptedExtensions
  {
    name: 'ALPN that it did not offer',
    edits: { EE: appending(alpn.id, Uint8Array.of(0, 2, 1, 0x61)) },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'another protocol',
    options: { alpnProtocols: ['b'] },
    edits: { EE: appending(alpn.id, Uint8Array.of(0, 2, 1, 0x61)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'two protocols',
    options: { alpnProtocols: ['a', 'b'] },
    edits: { EE: appending(alpn.id, Uint8Array.of(0, 4, 1, 0x61, 1, 0x62)) },
    alert: 'decode_error',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'no protocol in ALPN',
    options: { alpnProtocols: ['a'] },
    edits: { EE: appending(alpn.id, Uint8Array.of(0, 0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'an empty protocol in ALPN',
    options: { alpnProtocols: ['a'] },
    edits: { EE: appending(alpn.id, Uint8Array.of(0, 1, 0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'a server_name with something in it',
    edits: { EE: appending(0, Uint8Array.of(0)) },
    alert: 'decode_error',
    reason: 'LENGTH_MISMATCH',
  },
  {
    name: 'a key_share in EncryptedExtensions',
    edits: { EE: appending(keyShare.id, Uint8Array.of(0, 0x1d, 0, 1, 1)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'an unknown extension in EncryptedExtensions',
    edits: { EE: appending(0x1234) },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'early data that it did not offer',
    edits: { EE: appending(earlyData.id) },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'early data without its PSK',
    steps: FULL,
    options: pskOptions,
    setUp: (peer) => {
      sendsEarlyData(peer);
      peer.usePsk = false;
    },
    alert: 'illegal_parameter',
    reason: 'BAD_EARLY_DATA',
  },
  {
    name: 'early data with the second PSK',
    steps: RESUMED,
    options: pskOptions,
    setUp: sendsEarlyData,
    edits: { SH: ext(encode(preSharedKey, 'SH13', 1)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EARLY_DATA',
  },
  {
    name: 'two limits of record size',
    options: { recordSizeLimit: 1000, maxFragmentLength: 1 },
    edits: {
      EE: (ee) =>
        appending<typeof ee>(maxFragmentLength.id, Uint8Array.of(1))(appending<typeof ee>(recordSizeLimit.id, Uint8Array.of(1, 0))(ee)),
    },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a record_size_limit of 63',
    options: { recordSizeLimit: 1000 },
    edits: { EE: appending(recordSizeLimit.id, Uint8Array.of(0, 63)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'another max_fragment_length',
    options: { maxFragmentLength: 1 },
    edits: { EE: appending(maxFragmentLength.id, Uint8Array.of(2)) },
    alert: 'illegal_parameter',
    reason: 'SSL3_EXT_INVALID_MAX_FRAGMENT_LENGTH',
  },
  {
    name: 'a max_fragment_length that does not exist',
    options: { maxFragmentLength: 1 },
    edits: { EE: appending(maxFragmentLength.id, Uint8Array.of(5)) },
    alert: 'illegal_parameter',
    reason: 'SSL3_EXT_INVALID_MAX_FRAGMENT_LENGTH',
  },
  {
    name: 'an extension that the application refuses',
    options: { customExtensions: [{ type: 0x1234, context: 0x480, add: () => EMPTY, parse: () => ({ alert: 49 }) }] },
    edits: { EE: appending(0x1234) },
    alert: 'access_denied',
    reason: 'BAD_EXTENSION',
  },

  // CertificateRequest, Certificate, CertificateVerify, Finished
  {
    name: 'a certificate request with a context',
    steps: ASKED,
    edits: { CR: (value) => ({ ...value, context: Uint8Array.of(1) }) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CONTEXT',
  },
  {
    name: 'a certificate request without signature algorithms',
    steps: ASKED,
    edits: { CR: without(signatureAlgorithms) },
    alert: 'missing_extension',
    reason: 'MISSING_SIGALGS_EXTENSION',
  },
  {
    name: 'a certificate request with no signature algorithm',
    steps: ASKED,
    edits: { CR: withExtension(signatureAlgorithms.id, Uint8Array.of(0, 0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'a certificate request with half a signature algorithm',
    steps: ASKED,
    edits: { CR: withExtension(signatureAlgorithms.id, Uint8Array.of(0, 1, 4)) },
    alert: 'decode_error',
    reason: 'LENGTH_TOO_SHORT',
  },
  {
    name: 'a certificate request with an extension of ClientHellos',
    steps: ASKED,
    edits: { CR: appending(keyShare.id, Uint8Array.of(0, 0)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a certificate request where a PSK was taken',
    steps: ['SH', 'EE', 'CR'],
    options: pskOptions,
    setUp: resumes,
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'a certificate with a context',
    edits: { CT: (value) => ({ ...value, context: Uint8Array.of(1) }) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CONTEXT',
  },
  { name: 'no certificate', edits: { CT: (value) => ({ ...value, entries: [] }) }, alert: 'decode_error', reason: 'LENGTH_TOO_SHORT' },
  { name: 'an empty certificate', edits: { CT: () => leaf(EMPTY) }, alert: 'decode_error', reason: 'BAD_LENGTH' },
  {
    name: 'a certificate that is none',
    edits: { CT: () => leaf(utf8('none')) },
    alert: 'bad_certificate',
    reason: 'CANNOT_PARSE_CERTIFICATE',
  },
  {
    name: 'a certificate with a byte too many',
    edits: { CT: () => leaf(concat(testCertificate().der, Uint8Array.of(0))) },
    alert: 'bad_certificate',
    reason: 'CANNOT_PARSE_CERTIFICATE',
  },
  {
    name: 'a certificate cut short',
    edits: { CT: () => leaf(testCertificate().der.slice(0, -1)) },
    alert: 'bad_certificate',
    reason: 'CANNOT_PARSE_CERTIFICATE',
  },
  {
    name: 'rubbish behind its certificate',
    edits: { CT: (value) => ({ ...value, entries: [...value.entries, { data: utf8('none'), extensions: [] }] }) },
    alert: 'bad_certificate',
    reason: 'CANNOT_PARSE_CERTIFICATE',
  },
  {
    name: 'a key of a kind nobody knows',
    edits: { CT: () => leaf(patched('ed25519', fromHex('06032b6570'), fromHex('06032b657f'))) },
    alert: 'unsupported_certificate',
    reason: 'UNKNOWN_CERTIFICATE_TYPE',
  },
  {
    name: 'a key off its curve',
    edits: { CT: () => leaf(offCurve()) },
    alert: 'bad_certificate',
    reason: 'UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS',
  },
  {
    name: 'a staple it did not ask for',
    edits: {
      CT: (value) => ({
        ...value,
        entries: value.entries.map((entry) => ({ ...entry, extensions: [encode(statusRequest, 'CT', Uint8Array.of(1))] })),
      }),
    },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'an extension that does not belong to certificates',
    edits: { CT: (value) => ({ ...value, entries: value.entries.map((entry) => ({ ...entry, extensions: [{ type: 0, data: EMPTY }] })) }) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a staple that the application finds wanting',
    options: { statusRequest: true, statusCallback: () => false },
    alert: 'bad_certificate_status_response',
    reason: 'INVALID_STATUS_RESPONSE',
  },
  {
    name: 'a certificate for another host',
    setUp: (peer) => {
      peer.victim.set('serverName', 'elsewhere.example');
    },
    alert: 'bad_certificate',
    reason: 'CERTIFICATE_VERIFY_FAILED',
  },
  {
    name: 'a certificate of nobody it trusts',
    setUp: (peer) => {
      peer.victim.set('verifyStore', peer.victim.context.clone().get('certStore'));
    },
    options: { ca: testCertificate({ subject: 'Another CA', issuer: 'Another CA', key: 'ca', ca: true }) },
    alert: 'unknown_ca',
    reason: 'CERTIFICATE_VERIFY_FAILED',
  },
  {
    name: 'an unknown signature scheme',
    edits: { CV: (value) => ({ ...value, algorithm: 0x0a0a }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'a scheme for another kind of key',
    edits: { CV: (value) => ({ ...value, algorithm: 0x0804 }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'a scheme for another curve',
    edits: { CV: (value) => ({ ...value, algorithm: 0x0503 }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'a scheme of TLS 1.2',
    edits: { CV: (value) => ({ ...value, algorithm: 0x0401 }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'a scheme it did not offer',
    options: { sigalgs: ['ed25519'], sigalgsCert: ['ecdsa_secp256r1_sha256'] },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'a signature of something else',
    edits: { CV: (value) => ({ ...value, signature: flipped(value.signature) }) },
    alert: 'decrypt_error',
    reason: 'BAD_SIGNATURE',
  },
  {
    name: 'an empty signature',
    edits: { CV: (value) => ({ ...value, signature: EMPTY }) },
    alert: 'decrypt_error',
    reason: 'BAD_SIGNATURE',
  },
  {
    name: 'a signature by another key',
    setUp: (peer) => {
      peer.key = 'client';
    },
    edits: { CT: () => leaf(testCertificate({ key: 'ec256' }).der) },
    alert: 'decrypt_error',
    reason: 'BAD_SIGNATURE',
  },
  {
    name: 'a key that the policy finds too weak',
    options: { securityCallback: (_ssl, operation) => operation !== 'peer key' },
    alert: 'handshake_failure',
    reason: 'EE_KEY_TOO_SMALL',
  },
  {
    name: 'a Finished that does not hold',
    edits: { FIN: ({ verifyData }) => ({ verifyData: flipped(verifyData) }) },
    alert: 'decrypt_error',
    reason: 'DIGEST_CHECK_FAILED',
  },
  { name: 'an empty Finished', edits: { FIN: () => ({ verifyData: EMPTY }) }, alert: 'decrypt_error', reason: 'DIGEST_CHECK_FAILED' },
  { name: 'a Finished with a byte more', tampers: { FIN: withTrailingByte }, alert: 'decrypt_error', reason: 'DIGEST_CHECK_FAILED' },
  { name: 'a Finished with a byte less', tampers: { FIN: withoutLastByte }, alert: 'decrypt_error', reason: 'DIGEST_CHECK_FAILED' },

  // raw public keys
  {
    name: 'a type of certificate it cannot take',
    options: { serverCertTypes: [2, 0] },
    edits: { EE: appending(20, Uint8Array.of(1)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a type of certificate it cannot show',
    options: { clientCertTypes: [2, 0] },
    edits: { EE: appending(19, Uint8Array.of(1)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a type of certificate where it asked for none',
    edits: { EE: appending(20, Uint8Array.of(2)) },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'a certificate where only a raw key will do',
    options: { serverCertTypes: [2] },
    alert: 'unsupported_certificate',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'two raw keys',
    options: { serverCertTypes: [2] },
    edits: { ...RAW, CT: () => ({ context: EMPTY, entries: [entry(utf8('one')), entry(utf8('two'))] }) },
    alert: 'illegal_parameter',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'a raw key that is none',
    options: { serverCertTypes: [2] },
    edits: { ...RAW, CT: () => leaf(utf8('none')) },
    alert: 'decode_error',
    reason: 'CANNOT_PARSE_PUBLIC_KEY',
  },
  {
    name: 'a raw key of a kind nobody knows',
    options: { serverCertTypes: [2] },
    edits: { ...RAW, CT: () => leaf(fromHex('300b300506032a0304030200ff')) },
    alert: 'unsupported_certificate',
    reason: 'UNKNOWN_CERTIFICATE_TYPE',
  },
  {
    name: 'a certificate in place of a raw key',
    options: { serverCertTypes: [2] },
    edits: RAW,
    alert: 'decode_error',
    reason: 'CANNOT_PARSE_PUBLIC_KEY',
  },
  {
    name: 'no raw key',
    options: { serverCertTypes: [2] },
    edits: { ...RAW, CT: (value) => ({ ...value, entries: [] }) },
    alert: 'decode_error',
    reason: 'LENGTH_TOO_SHORT',
  },
  {
    name: 'a raw key nobody expects',
    options: { serverCertTypes: [2] },
    edits: { ...RAW, CT: () => leaf(testCertificate().spki) },
    alert: 'bad_certificate',
    reason: 'CERTIFICATE_VERIFY_FAILED',
  },

  // after the handshake
  {
    name: 'a KeyUpdate of an unknown kind',
    steps: [...FULL, 'KU'],
    edits: { KU: () => ({ requestUpdate: 2 }) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_UPDATE',
  },
  {
    name: 'an empty KeyUpdate',
    steps: [...FULL, 'KU'],
    tampers: { KU: withoutLastByte },
    alert: 'decode_error',
    reason: 'LENGTH_TOO_SHORT',
  },
  {
    name: 'a request for a certificate that it did not allow',
    steps: [...FULL, 'PCR'],
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'a late request without signature algorithms',
    steps: [...FULL, 'PCR'],
    options: { postHandshakeAuth: true },
    edits: { PCR: without(signatureAlgorithms) },
    alert: 'missing_extension',
    reason: 'MISSING_SIGALGS_EXTENSION',
  },
  {
    name: 'an empty ticket',
    steps: [...FULL, 'NST'],
    edits: { NST: (ticket) => ({ ...ticket, ticket: EMPTY }) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'a ticket with an extension of ClientHellos',
    steps: [...FULL, 'NST'],
    edits: { NST: appending(0) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a ticket with half a limit of early data',
    steps: [...FULL, 'NST'],
    edits: { NST: appending(earlyData.id, Uint8Array.of(0, 1)) },
    alert: 'decode_error',
    reason: 'LENGTH_TOO_SHORT',
  },
  {
    name: 'a ClientHello',
    steps: [...FULL, (peer) => peer.sendRaw(Uint8Array.of(1, 0, 0, 0))],
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'a HelloRequest',
    steps: [...FULL, (peer) => peer.sendRaw(Uint8Array.of(0, 0, 0, 0))],
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'a message of a type nobody knows',
    steps: [...FULL, (peer) => peer.sendRaw(Uint8Array.of(77, 0, 0, 0))],
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },

  // the application's word
  {
    name: 'a request for a certificate, and its application fails',
    steps: ASKED,
    options: { certCallback: () => false },
    alert: 'internal_error',
    reason: 'CERT_CB_ERROR',
  },
  // RFC 9846, 6.1: nothing was verified if nobody said whom to expect.
  {
    name: 'a certificate where it meant a PSK and named no host',
    options: pskOptions,
    setUp: (peer) => {
      peer.victim.set('serverName', undefined);
    },
    alert: 'internal_error',
    reason: 'NO_HOST_NAME_TO_VERIFY',
  },
];

function flipped(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  out[out.length - 1] = (out.at(-1) as number) ^ 1;
  return out;
}

describe('a client refuses', () => {
  it.each(ROWS)('$name', ({ steps = FULL, edits = {}, tampers = {}, options = {}, setUp = () => {}, alert, reason }) => {
    const peer = againstClient(options, setUp);
    peer.edits = edits;
    peer.tampers = tampers;
    peer.play(...steps);
    expectRefusal(peer, alert, reason);
  });

  const NOT_BEGUN: readonly { readonly name: string; readonly options: SslContextOptions; readonly reason: Reason }[] = [
    {
      name: 'no version',
      options: { maxProtoVersion: 0x0304, minProtoVersion: 0x0304, options: OPTIONS.NO_TLSv1_3 },
      reason: 'NO_PROTOCOLS_AVAILABLE',
    },
    { name: 'no suite', options: { cipherSuites: '' }, reason: 'NO_CIPHERS_AVAILABLE' },
    { name: 'no suite that is strong enough', options: { securityLevel: 5 }, reason: 'NO_CIPHERS_AVAILABLE' },
  ];
  it.each(NOT_BEGUN)('to begin with $name', ({ options, reason }) => {
    const peer = againstClient(options).turn();
    expect(peer.messages).toEqual([]);
    expectRefusal(peer, 'internal_error', reason);
  });

  it('to begin without a host to verify', () => {
    const peer = againstClient({}, ({ victim }) => victim.set('serverName', undefined)).turn();
    expect(peer.messages).toEqual([]);
    expectRefusal(peer, 'internal_error', 'NO_HOST_NAME_TO_VERIFY');
  });
});

describe('a client takes', () => {
  const ACCEPTED: readonly Omit<Row, 'alert' | 'reason'>[] = [
    {
      name: 'a retry for a cookie alone',
      steps: RETRY,
      setUp: (peer) => {
        peer.retryGroup = undefined;
        peer.retryCookie = utf8('cookie');
      },
    },
    {
      name: 'a retry for a cookie and a group',
      steps: RETRY,
      setUp: (peer) => {
        peer.retryCookie = utf8('cookie');
      },
    },
    { name: 'an unknown extension in a certificate request', steps: ASKED, edits: { CR: appending(0x1234) } },
    { name: 'an unknown extension in a ticket', steps: [...FULL, 'NST'], edits: { NST: appending(0x1234) } },
    {
      name: 'a ticket with a lifetime of zero, and keeps none',
      steps: [...FULL, 'NST'],
      edits: { NST: (ticket) => ({ ...ticket, lifetime: 0 }) },
    },
    { name: 'supported_groups in EncryptedExtensions', edits: { EE: appending(10, Uint8Array.of(0, 2, 0x0a, 0x0a)) } },
    { name: 'a server name that is acknowledged', edits: { EE: appending(0) } },
    {
      name: 'a certificate of anybody, where it does not verify',
      options: { verifyMode: VERIFY.NONE },
      setUp: (peer) => {
        peer.victim.set('serverName', 'elsewhere.example');
      },
    },
    {
      name: 'a PSK without a share, which it allowed',
      steps: RESUMED,
      options: { ...pskOptions, options: OPTIONS.ALLOW_NO_DHE_KEX },
      setUp: (peer) => {
        resumes(peer);
        peer.sendsShare = false;
      },
    },
    {
      name: 'the second of its PSKs',
      steps: RESUMED,
      options: pskOptions,
      setUp: resumes,
      edits: { SH: ext(encode(preSharedKey, 'SH13', 1)) },
    },
  ];
  it.each(ACCEPTED)('$name', ({ steps = FULL, edits = {}, options = {}, setUp = () => {} }) => {
    const peer = againstClient(options, setUp);
    peer.edits = edits;
    peer.play(...steps);
    expectConnection(peer);
    expect(peer.text).toBe('data');
  });
});
