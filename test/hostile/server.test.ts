import { describe, expect, it } from 'vitest';
import { concat, EMPTY, fromHex, utf8 } from '../../src/bytes/bytes.ts';
import { build } from '../../src/bytes/writer.ts';
import { alpn } from '../../src/extensions/alpn.ts';
import { cookie } from '../../src/extensions/cookie.ts';
import { earlyData } from '../../src/extensions/early-data.ts';
import { encode } from '../../src/extensions/extension.ts';
import { signatureAlgorithms, supportedGroups } from '../../src/extensions/id-lists.ts';
import { keyShare } from '../../src/extensions/key-share.ts';
import { preSharedKey, pskKeyExchangeModes } from '../../src/extensions/pre-shared-key.ts';
import { maxFragmentLength, recordSizeLimit } from '../../src/extensions/record-size.ts';
import { serverName } from '../../src/extensions/server-name.ts';
import { supportedVersions } from '../../src/extensions/supported-versions.ts';
import { type AlertName, OPTIONS, type Reason, SslContext, type SslContextOptions, VERIFY } from '../../src/index.ts';
import type { ClientHello } from '../../src/wire/client-hello.ts';
import type { RawExtension } from '../../src/wire/message.ts';
import { readsEarlyData } from '../orders/orders.ts';
import { testAuthority, testCertificate, testKey } from '../support/pki.ts';
import { againstServer, type ClientEdits, type ClientPeer, type ClientStep } from './client-peer.ts';
import { appending, type Edit, withExtension, without, withoutLastByte, withTrailingByte } from './peer.ts';
import { expectConnection, expectRefusal } from './verdict.ts';

interface Row {
  readonly name: string;
  readonly steps?: readonly (ClientStep | ((peer: ClientPeer) => unknown))[];
  readonly edits?: ClientEdits;
  readonly tampers?: Partial<Record<ClientStep, (raw: Uint8Array) => Uint8Array>>;
  readonly options?: SslContextOptions | SslContext;
  readonly setUp?: (peer: ClientPeer) => unknown;
  readonly alert: AlertName;
  readonly reason: Reason;
}

const FULL: readonly ClientStep[] = ['CH', 'FIN', 'DATA'];
const TWICE: readonly ClientStep[] = ['CH', 'CH', 'FIN', 'DATA'];
const WITH_CERTIFICATE: readonly ClientStep[] = ['CH', 'CT', 'CV', 'FIN', 'DATA'];

const RETRYING: SslContextOptions = { groups: ['P-256'] };
const DEMANDING: SslContextOptions = { ca: testAuthority, verifyMode: VERIFY.PEER | VERIFY.FAIL_IF_NO_PEER_CERT };
const LATER: SslContextOptions = { ca: testAuthority, verifyMode: VERIFY.PEER | VERIFY.POST_HANDSHAKE };
const PSK = { identity: utf8('id'), key: utf8('a key of both sides'), maxEarlyData: 20 };
const KNOWS_PSK: SslContextOptions = {
  pskServerCallback: (_ssl, identity) => (identity[0] === 0x69 ? PSK : undefined),
  allowEarlyDataCallback: () => true,
};
const offersPsk = (peer: ClientPeer): void => {
  peer.psk = { identity: PSK.identity, secret: PSK.key, kind: 'external' };
};
const sendsEarlyData = (peer: ClientPeer): void => {
  offersPsk(peer);
  peer.offersEarlyData = true;
  readsEarlyData(peer);
};
const asksLater = (peer: ClientPeer): void => {
  peer.offersPostHandshakeAuth = true;
};
const ask = ({ victim }: ClientPeer): void => victim.verifyClientPostHandshake();

const ext = ({ type, data }: RawExtension): Edit<ClientHello> => withExtension(type, data);
/** Changes the second ClientHello alone. */
function second(edit: Edit<ClientHello>): Edit<ClientHello> {
  let hellos = 0;
  return (hello) => (++hellos === 2 ? edit(hello) : hello);
}
const leaf = (data: Uint8Array) => ({ context: EMPTY, entries: [{ data, extensions: [] }] });
const unknownKey = (): Uint8Array => {
  const der = testCertificate({ key: 'ed25519' }).der.slice();
  const oid = fromHex('06032b6570');
  const at = der.findIndex((_, i) => oid.every((byte, j) => der[i + j] === byte));
  der[at + 4] = 0x7f;
  return der;
};
const shares = (...entries: readonly (readonly [group: number, share: Uint8Array])[]): Edit<ClientHello> =>
  ext(
    encode(
      keyShare,
      'CH',
      entries.map(([group, share]) => ({ group, share })),
    ),
  );
const x25519 = new Uint8Array(32).fill(9);
const binders = (...lengths: readonly number[]): Edit<ClientHello> =>
  withExtension(
    preSharedKey.id,
    encode(preSharedKey, 'CH', {
      identities: [{ identity: PSK.identity, obfuscatedTicketAge: 0 }],
      binders: lengths.map((length) => new Uint8Array(length)),
    }).data,
  );
const unbound = (peer: ClientPeer): void => {
  offersPsk(peer);
  peer.binds = false;
};

const ROWS: readonly Row[] = [
  // ClientHello
  {
    name: 'compression',
    edits: { CH: (hello) => ({ ...hello, legacyCompressionMethods: Uint8Array.of(1) }) },
    alert: 'illegal_parameter',
    reason: 'INVALID_COMPRESSION_ALGORITHM',
  },
  {
    name: 'compression besides none',
    edits: { CH: (hello) => ({ ...hello, legacyCompressionMethods: Uint8Array.of(0, 1) }) },
    alert: 'illegal_parameter',
    reason: 'INVALID_COMPRESSION_ALGORITHM',
  },
  {
    name: 'no compression method',
    edits: { CH: (hello) => ({ ...hello, legacyCompressionMethods: EMPTY }) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'a session id of 33 bytes',
    edits: { CH: (hello) => ({ ...hello, legacySessionId: new Uint8Array(33) }) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  { name: 'no suites', edits: { CH: (hello) => ({ ...hello, cipherSuites: [] }) }, alert: 'decode_error', reason: 'BAD_LENGTH' },
  { name: 'half a suite', tampers: { CH: withoutLastByte }, alert: 'decode_error', reason: 'LENGTH_TOO_SHORT' },
  { name: 'a byte behind the ClientHello', tampers: { CH: withTrailingByte }, alert: 'decode_error', reason: 'LENGTH_MISMATCH' },
  {
    name: 'suites it does not have',
    edits: { CH: (hello) => ({ ...hello, cipherSuites: [0x1300, 0x0a0a] }) },
    alert: 'handshake_failure',
    reason: 'NO_SHARED_CIPHER',
  },
  {
    name: 'a version that is too old',
    edits: { CH: ext(encode(supportedVersions, 'CH', [0x0301, 0x0302, 0x0303])) },
    alert: 'protocol_version',
    reason: 'UNSUPPORTED_PROTOCOL',
  },
  {
    name: 'versions from the future alone',
    edits: { CH: ext(encode(supportedVersions, 'CH', [0x0305, 0x0a0a])) },
    alert: 'protocol_version',
    reason: 'UNSUPPORTED_PROTOCOL',
  },
  { name: 'a hello of TLS 1.2', edits: { CH: without(supportedVersions) }, alert: 'protocol_version', reason: 'UNSUPPORTED_PROTOCOL' },
  {
    name: 'a hello of SSL 3',
    edits: { CH: (hello) => ({ ...without<ClientHello>(supportedVersions)(hello), legacyVersion: 0x0300 }) },
    alert: 'protocol_version',
    reason: 'UNSUPPORTED_PROTOCOL',
  },
  {
    name: 'no versions in supported_versions',
    edits: { CH: withExtension(supportedVersions.id, Uint8Array.of(0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'no signature algorithms',
    edits: { CH: without(signatureAlgorithms) },
    alert: 'missing_extension',
    reason: 'MISSING_SIGALGS_EXTENSION',
  },
  {
    name: 'signature algorithms it has no key for',
    edits: { CH: ext(encode(signatureAlgorithms, 'CH', [0x0807])) },
    alert: 'handshake_failure',
    reason: 'NO_SUITABLE_SIGNATURE_ALGORITHM',
  },
  {
    name: 'anybody without a certificate of its own',
    options: new SslContext({ role: 'server', minProtoVersion: 0x0304 }),
    alert: 'handshake_failure',
    reason: 'NO_SUITABLE_SIGNATURE_ALGORITHM',
  },
  { name: 'no groups', edits: { CH: without(supportedGroups) }, alert: 'missing_extension', reason: 'MISSING_SUPPORTED_GROUPS_EXTENSION' },
  {
    name: 'groups without shares',
    edits: { CH: without(keyShare) },
    alert: 'missing_extension',
    reason: 'MISSING_SUPPORTED_GROUPS_EXTENSION',
  },
  {
    name: 'groups it does not have',
    edits: { CH: (hello) => shares()(ext(encode(supportedGroups, 'CH', [0x0018]))(hello)) },
    alert: 'handshake_failure',
    reason: 'NO_SUITABLE_KEY_SHARE',
  },
  {
    name: 'a share of a group outside the list',
    edits: { CH: shares([0x0018, new Uint8Array(97)]) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'shares in another order than the list',
    edits: { CH: shares([0x0017, new Uint8Array(65)], [0x001d, x25519]) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'two shares of a group',
    edits: { CH: shares([0x001d, x25519], [0x001d, x25519]) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'a share that is too short',
    edits: { CH: shares([0x001d, x25519.subarray(1)]) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'an empty share',
    edits: { CH: withExtension(keyShare.id, Uint8Array.of(0, 4, 0, 0x1d, 0, 0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'a share of small order',
    edits: { CH: shares([0x001d, new Uint8Array(32)]) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'a share off the curve',
    edits: { CH: shares([0x0017, new Uint8Array(65).fill(4)]) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'an extension twice',
    edits: { CH: appending(supportedGroups.id, Uint8Array.of(0, 2, 0, 0x1d)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'an unknown extension twice',
    edits: { CH: (hello) => appending<ClientHello>(0x1234)(appending<ClientHello>(0x1234)(hello)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a name with a NUL',
    setUp: (peer) => {
      peer.name = 'server.example\0.org';
    },
    alert: 'unrecognized_name',
    reason: 'SSL3_EXT_INVALID_SERVERNAME',
  },
  {
    name: 'a name with a dot at its end',
    setUp: (peer) => {
      peer.name = 'server.example.';
    },
    alert: 'unrecognized_name',
    reason: 'SSL3_EXT_INVALID_SERVERNAME',
  },
  {
    name: 'an empty name',
    edits: { CH: appending(serverName.id, Uint8Array.of(0, 3, 0, 0, 0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'no name in server_name',
    edits: { CH: appending(serverName.id, Uint8Array.of(0, 0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'two names',
    edits: { CH: appending(serverName.id, Uint8Array.of(0, 8, 0, 0, 1, 0x61, 0, 0, 1, 0x62)) },
    alert: 'decode_error',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a name of a type nobody knows',
    edits: { CH: appending(serverName.id, Uint8Array.of(0, 4, 1, 0, 1, 0x61)) },
    alert: 'decode_error',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'protocols it does not speak',
    options: { alpnProtocols: ['a'] },
    edits: { CH: ext(encode(alpn, 'CH', [utf8('b')])) },
    alert: 'no_application_protocol',
    reason: 'NO_APPLICATION_PROTOCOL',
  },
  { name: 'an empty protocol', edits: { CH: appending(alpn.id, Uint8Array.of(0, 1, 0)) }, alert: 'decode_error', reason: 'BAD_LENGTH' },
  {
    name: 'a max_fragment_length that does not exist',
    edits: { CH: appending(maxFragmentLength.id, Uint8Array.of(5)) },
    alert: 'illegal_parameter',
    reason: 'SSL3_EXT_INVALID_MAX_FRAGMENT_LENGTH',
  },
  {
    name: 'a max_fragment_length of zero',
    edits: { CH: appending(maxFragmentLength.id, Uint8Array.of(0)) },
    alert: 'illegal_parameter',
    reason: 'SSL3_EXT_INVALID_MAX_FRAGMENT_LENGTH',
  },
  {
    name: 'a record_size_limit of 63',
    edits: { CH: appending(recordSizeLimit.id, Uint8Array.of(0, 63)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },

  {
    name: 'a client that fell back although both speak TLS 1.3',
    options: { minProtoVersion: 0x0303 },
    edits: { CH: (hello) => ({ ...ext(encode(supportedVersions, 'CH', [0x0303]))(hello), cipherSuites: [0xc02b, 0x5600] }) },
    alert: 'inappropriate_fallback',
    reason: 'INAPPROPRIATE_FALLBACK',
  },
  {
    name: 'anybody, where its staple cannot be had',
    options: { statusCallback: () => false },
    edits: { CH: appending(5, Uint8Array.of(1, 0, 0, 0, 0)) },
    alert: 'internal_error',
    reason: 'OCSP_CALLBACK_FAILURE',
  },

  // a second ClientHello
  {
    name: 'a second hello with another random',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second((hello) => ({ ...hello, random: fromHex('ab'.repeat(32)) })) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello with another session id',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second((hello) => ({ ...hello, legacySessionId: EMPTY })) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello with other suites',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second((hello) => ({ ...hello, cipherSuites: [0x1302] })) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello with more suites',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second((hello) => ({ ...hello, cipherSuites: [0x1301, 0x1302] })) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello with another legacy_version',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second((hello) => ({ ...hello, legacyVersion: 0x0302 })) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello without TLS 1.3',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second(without(supportedVersions)) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello with other versions',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second(ext(encode(supportedVersions, 'CH', [0x0303]))) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello with other groups',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second(ext(encode(supportedGroups, 'CH', [0x0017]))) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello with an extension more',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second(appending(0x1234)) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello with a PSK that the first had not',
    options: RETRYING,
    steps: ['CH', offersPsk, 'CH', 'FIN'],
    alert: 'illegal_parameter',
    reason: 'INVALID_CLIENT_HELLO_AFTER_RETRY',
  },
  {
    name: 'a second hello without the PSK that was chosen',
    options: { ...RETRYING, ...KNOWS_PSK },
    setUp: offersPsk,
    steps: [
      'CH',
      (peer) => {
        peer.psk = undefined;
      },
      'CH',
      'FIN',
    ],
    alert: 'illegal_parameter',
    reason: 'BAD_PSK',
  },
  {
    name: 'a second hello with early data',
    options: { ...RETRYING, ...KNOWS_PSK },
    steps: TWICE,
    setUp: offersPsk,
    edits: { CH: second((hello) => withExtension<ClientHello>(earlyData.id, EMPTY)(hello)) },
    alert: 'illegal_parameter',
    reason: 'BAD_EARLY_DATA',
  },
  {
    name: 'a second hello with compression',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second((hello) => ({ ...hello, legacyCompressionMethods: Uint8Array.of(0, 1) })) },
    alert: 'illegal_parameter',
    reason: 'INVALID_COMPRESSION_ALGORITHM',
  },
  {
    name: 'the first share again',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second(shares([0x001d, x25519])) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'no share in the second hello',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second(shares()) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },
  {
    name: 'two shares in the second hello',
    options: RETRYING,
    steps: TWICE,
    edits: { CH: second(shares([0x001d, x25519], [0x0017, new Uint8Array(65).fill(4)])) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_SHARE',
  },

  // pre-shared keys
  {
    name: 'a PSK that is not the last extension',
    options: KNOWS_PSK,
    setUp: unbound,
    edits: { CH: appending(0x1234) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'a PSK without its modes',
    options: KNOWS_PSK,
    setUp: offersPsk,
    edits: { CH: without(pskKeyExchangeModes) },
    alert: 'missing_extension',
    reason: 'MISSING_PSK_KEX_MODES_EXTENSION',
  },
  {
    name: 'no modes',
    options: KNOWS_PSK,
    setUp: (peer) => {
      offersPsk(peer);
      peer.modes = EMPTY;
    },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  { name: 'a binder that does not hold', options: KNOWS_PSK, setUp: unbound, alert: 'decrypt_error', reason: 'BINDER_DOES_NOT_VERIFY' },
  {
    name: 'a binder of the wrong kind of PSK',
    options: KNOWS_PSK,
    setUp: (peer) => {
      peer.psk = { identity: PSK.identity, secret: PSK.key, kind: 'resumption' };
    },
    alert: 'decrypt_error',
    reason: 'BINDER_DOES_NOT_VERIFY',
  },
  {
    name: 'a binder by another key',
    options: KNOWS_PSK,
    setUp: (peer) => {
      peer.psk = { identity: PSK.identity, secret: utf8('another'), kind: 'external' };
    },
    alert: 'decrypt_error',
    reason: 'BINDER_DOES_NOT_VERIFY',
  },
  {
    name: 'a binder that is too long',
    options: KNOWS_PSK,
    setUp: unbound,
    edits: { CH: binders(33) },
    alert: 'illegal_parameter',
    reason: 'BAD_PSK',
  },
  {
    name: 'a binder that is too short',
    options: KNOWS_PSK,
    setUp: unbound,
    edits: { CH: binders(31) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  { name: 'no binder', options: KNOWS_PSK, setUp: unbound, edits: { CH: binders() }, alert: 'decode_error', reason: 'BAD_LENGTH' },
  {
    name: 'a binder too many',
    options: KNOWS_PSK,
    setUp: unbound,
    edits: { CH: binders(32, 32) },
    alert: 'illegal_parameter',
    reason: 'BAD_PSK',
  },
  {
    name: 'an empty identity',
    options: KNOWS_PSK,
    setUp: unbound,
    edits: {
      CH: withExtension(
        preSharedKey.id,
        build((w) => w.vec16((l) => l.u16(0).u32(0)).vec16((l) => l.vec8(new Uint8Array(32)))),
      ),
    },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'no identity',
    options: KNOWS_PSK,
    setUp: unbound,
    edits: { CH: withExtension(preSharedKey.id, Uint8Array.of(0, 0, 0, 0)) },
    alert: 'decode_error',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'a PSK alone, with nothing to fall back on',
    options: { ...KNOWS_PSK, options: OPTIONS.ALLOW_NO_DHE_KEX },
    setUp: (peer) => {
      peer.modes = Uint8Array.of(0);
      peer.psk = { identity: utf8('unknown'), secret: PSK.key, kind: 'external' };
    },
    edits: { CH: without(keyShare) },
    alert: 'missing_extension',
    reason: 'MISSING_SUPPORTED_GROUPS_EXTENSION',
  },

  // early data
  {
    name: 'more early data than it allows',
    options: KNOWS_PSK,
    setUp: sendsEarlyData,
    steps: ['CH', 'EARLY', 'EARLY', 'EARLY', 'EARLY', 'EARLY'],
    alert: 'unexpected_message',
    reason: 'TOO_MUCH_EARLY_DATA',
  },
  {
    name: 'an end within early data',
    options: KNOWS_PSK,
    setUp: sendsEarlyData,
    steps: ['CH', 'EARLY', (peer) => peer.toVictim.end()],
    alert: 'decode_error',
    reason: 'UNEXPECTED_EOF_WHILE_READING',
  },
  {
    name: 'an EndOfEarlyData with something in it',
    options: KNOWS_PSK,
    setUp: sendsEarlyData,
    steps: ['CH', 'EOED'],
    tampers: { EOED: withTrailingByte },
    alert: 'decode_error',
    reason: 'EXCESSIVE_MESSAGE_SIZE',
  },
  {
    name: 'early_data with something in it',
    edits: { CH: appending(earlyData.id, Uint8Array.of(0)) },
    alert: 'decode_error',
    reason: 'LENGTH_MISMATCH',
  },

  // client authentication
  {
    name: 'no certificate where it wants one',
    options: DEMANDING,
    steps: ['CH', 'CT0'],
    alert: 'certificate_required',
    reason: 'PEER_DID_NOT_RETURN_A_CERTIFICATE',
  },
  {
    name: 'a certificate with a context',
    options: DEMANDING,
    steps: WITH_CERTIFICATE,
    edits: { CT: (value) => ({ ...value, context: Uint8Array.of(1) }) },
    alert: 'illegal_parameter',
    reason: 'INVALID_CONTEXT',
  },
  {
    name: 'a certificate that is none',
    options: DEMANDING,
    steps: WITH_CERTIFICATE,
    edits: { CT: () => leaf(utf8('none')) },
    alert: 'bad_certificate',
    reason: 'CANNOT_PARSE_CERTIFICATE',
  },
  {
    name: 'a key of a kind nobody knows',
    options: DEMANDING,
    steps: WITH_CERTIFICATE,
    edits: { CT: () => leaf(unknownKey()) },
    alert: 'unsupported_certificate',
    reason: 'UNKNOWN_CERTIFICATE_TYPE',
  },
  {
    name: 'a certificate of nobody it trusts',
    options: { verifyMode: VERIFY.PEER },
    steps: WITH_CERTIFICATE,
    alert: 'unknown_ca',
    reason: 'CERTIFICATE_VERIFY_FAILED',
  },
  {
    name: 'an extension of a certificate that it did not ask for',
    options: DEMANDING,
    steps: WITH_CERTIFICATE,
    edits: {
      CT: (value) => ({
        ...value,
        entries: value.entries.map((entry) => ({ ...entry, extensions: [{ type: 18, data: Uint8Array.of(0, 3, 0, 1, 1) }] })),
      }),
    },
    alert: 'unsupported_extension',
    reason: 'UNSOLICITED_EXTENSION',
  },
  {
    name: 'a signature scheme it did not offer',
    options: DEMANDING,
    steps: WITH_CERTIFICATE,
    edits: { CV: (value) => ({ ...value, algorithm: 0x0401 }) },
    alert: 'illegal_parameter',
    reason: 'WRONG_SIGNATURE_TYPE',
  },
  {
    name: 'a signature by another key',
    options: DEMANDING,
    steps: WITH_CERTIFICATE,
    edits: { CT: () => leaf(testCertificate({ key: 'ec256' }).der) },
    alert: 'decrypt_error',
    reason: 'BAD_SIGNATURE',
  },
  {
    name: 'a key that the policy finds too weak',
    options: { ...DEMANDING, securityCallback: (_ssl, operation) => operation !== 'peer key' },
    steps: WITH_CERTIFICATE,
    alert: 'handshake_failure',
    reason: 'EE_KEY_TOO_SMALL',
  },
  {
    name: 'a Finished that does not hold',
    edits: { FIN: () => ({ verifyData: new Uint8Array(32) }) },
    alert: 'decrypt_error',
    reason: 'DIGEST_CHECK_FAILED',
  },
  { name: 'a Finished with a byte more', tampers: { FIN: withTrailingByte }, alert: 'decrypt_error', reason: 'DIGEST_CHECK_FAILED' },

  // after the handshake
  {
    name: 'an answer to no request',
    options: LATER,
    setUp: asksLater,
    steps: ['CH', 'FIN', 'PCT'],
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  {
    name: 'an answer to another request',
    options: LATER,
    setUp: asksLater,
    steps: ['CH', 'FIN', ask, 'PCT'],
    edits: { PCT: (value) => ({ ...value, context: Uint8Array.of(1) }) },
    alert: 'unexpected_message',
    reason: 'INVALID_CONTEXT',
  },
  {
    name: 'an answer whose context is cut short',
    options: LATER,
    setUp: asksLater,
    steps: ['CH', 'FIN', ask, (peer) => peer.sendRaw(Uint8Array.of(11, 0, 0, 1, 9))],
    alert: 'decode_error',
    reason: 'LENGTH_TOO_SHORT',
  },
  {
    name: 'no late certificate where it wants one',
    options: { ...LATER, verifyMode: VERIFY.PEER | VERIFY.POST_HANDSHAKE | VERIFY.FAIL_IF_NO_PEER_CERT },
    setUp: asksLater,
    steps: ['CH', 'FIN', ask, 'PCT0'],
    alert: 'certificate_required',
    reason: 'PEER_DID_NOT_RETURN_A_CERTIFICATE',
  },
  {
    name: 'a late Finished that does not hold',
    options: LATER,
    setUp: asksLater,
    steps: ['CH', 'FIN', ask, 'PCT', 'PCV', (peer) => peer.sendRaw(concat(Uint8Array.of(20, 0, 0, 32), new Uint8Array(32)))],
    alert: 'decrypt_error',
    reason: 'DIGEST_CHECK_FAILED',
  },
  {
    name: 'data within a late answer',
    options: LATER,
    setUp: asksLater,
    steps: ['CH', 'FIN', ask, 'PCT', 'DATA'],
    alert: 'unexpected_message',
    reason: 'APP_DATA_IN_HANDSHAKE',
  },
  {
    name: 'a ticket',
    steps: [...FULL, (peer) => peer.sendRaw(Uint8Array.of(4, 0, 0, 0))],
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_MESSAGE',
  },
  { name: 'a renegotiation', steps: [...FULL, 'CH'], alert: 'unexpected_message', reason: 'UNEXPECTED_MESSAGE' },
  {
    name: 'a KeyUpdate of an unknown kind',
    steps: [...FULL, 'KU'],
    edits: { KU: () => ({ requestUpdate: 255 }) },
    alert: 'illegal_parameter',
    reason: 'BAD_KEY_UPDATE',
  },

  // the application's word
  {
    name: 'what the ClientHello callback refuses',
    options: { clientHelloCallback: () => ({ alert: 49 }) },
    alert: 'access_denied',
    reason: 'CALLBACK_FAILED',
  },
  {
    name: 'what the ClientHello callback refuses with an alert nobody knows',
    options: { clientHelloCallback: () => ({ alert: 200 }) },
    alert: 'handshake_failure',
    reason: 'CALLBACK_FAILED',
  },
  {
    name: 'what the server name callback refuses',
    options: { serverNameCallback: () => ({ alert: 112 }) },
    alert: 'unrecognized_name',
    reason: 'CALLBACK_FAILED',
  },
  {
    name: 'what the ALPN callback refuses',
    options: { alpnSelectCallback: () => ({ alert: 120 }) },
    edits: { CH: ext(encode(alpn, 'CH', [utf8('b')])) },
    alert: 'no_application_protocol',
    reason: 'NO_APPLICATION_PROTOCOL',
  },
  {
    name: 'a protocol that the ALPN callback made up',
    options: { alpnSelectCallback: () => utf8('c') },
    edits: { CH: ext(encode(alpn, 'CH', [utf8('b')])) },
    alert: 'internal_error',
    reason: 'INVALID_ALPN_PROTOCOLS',
  },
  {
    name: 'what the certificate callback refuses',
    options: { certCallback: () => false },
    alert: 'internal_error',
    reason: 'CERT_CB_ERROR',
  },
  {
    name: 'an extension that the application refuses',
    options: { customExtensions: [{ type: 0x1234, context: 0x80, parse: () => ({ alert: 47 }) }] },
    edits: { CH: appending(0x1234) },
    alert: 'illegal_parameter',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'an extension that the application would not answer',
    options: { customExtensions: [{ type: 0x1234, context: 0x400, add: () => ({ alert: 80 }) }] },
    edits: { CH: appending(0x1234) },
    alert: 'internal_error',
    reason: 'BAD_EXTENSION',
  },
  {
    name: 'whoever makes a callback throw',
    options: {
      serverNameCallback: () => {
        throw new Error('a fault of the application');
      },
    },
    alert: 'internal_error',
    reason: 'INTERNAL_ERROR',
  },
];

describe('a server refuses', () => {
  it.each(ROWS)('$name', ({ steps = FULL, edits, tampers, options = {}, setUp = () => {}, alert, reason }) => {
    const peer = againstServer(options, setUp);
    if (edits !== undefined) peer.edits = edits;
    if (tampers !== undefined) peer.tampers = tampers;
    peer.play(...steps);
    expectRefusal(peer, alert, reason);
  });
});

/** A server that forgets whoever shows no cookie, as SSL_stateless(3) has it. */
function stateless(peer: ClientPeer): void {
  const { advance } = peer;
  let free = false;
  peer.advance = () => {
    if (free) return advance();
    const verdict = peer.victim.stateless();
    if (verdict) free = true;
    return verdict === true;
  };
}

describe('a server that remembers nothing', () => {
  const settings = { groups: 'P-256' } as const;
  const first = (context: SslContext): ClientPeer => againstServer(context, stateless).play('CH');
  /** Goes on with another server of the same context, as if the first had never been. */
  function goOn(before: ClientPeer, context: SslContext, edit: Edit<ClientHello> = (hello) => hello): ClientPeer {
    const next = againstServer(context, stateless);
    before.moveTo(next.victim);
    before.edits = { CH: edit };
    return before.play('CH');
  }
  const context = (now = (): number => 1_800_000_000_000): SslContext => {
    const one = new SslContext({ role: 'server', now, ...settings, minProtoVersion: 0x0304 });
    return one.useCertificate(testCertificate()).usePrivateKey(KEY);
  };
  const KEY = testKey('ec256');

  it('is convinced by its cookie', () => {
    const shared = context();
    const peer = goOn(first(shared), shared);
    expect(peer.retries).toHaveLength(1);
    expectConnection(peer.play('FIN', 'DATA'));
    expect(peer.text).toBe('data');
  });

  it('refuses a second hello with other suites', () => {
    const shared = context();
    expectRefusal(
      goOn(first(shared), shared, (hello) => ({ ...hello, cipherSuites: [0x1302] })),
      'illegal_parameter',
      'BAD_CIPHER',
    );
  });

  it('refuses a second hello that has not the share it asked for', () => {
    const shared = context();
    const edit = shares([0x001d, x25519]);
    expectRefusal(goOn(first(shared), shared, edit), 'illegal_parameter', 'BAD_KEY_SHARE');
  });

  it('asks again where a ticket stands in place of its cookie', () => {
    const shared = context();
    shared.set('numTickets', 1);
    const before = againstServer(shared).play('CH', 'CH', 'FIN');
    const ticket = before.tickets[0]?.ticket ?? EMPTY;
    expect(ticket.length).toBeGreaterThan(0);
    const edit: Edit<ClientHello> = (hello) =>
      withExtension<ClientHello>(
        cookie.id,
        build((w) => w.vec16(ticket)),
      )(hello);
    expect(goOn(first(shared), shared, edit).retries).toHaveLength(2);
  });

  it('takes no cookie for a ticket', () => {
    const shared = context();
    const data = first(shared).retries[0]?.extensions.find(({ type }) => type === cookie.id)?.data ?? EMPTY;
    const peer = againstServer(shared, (self) => {
      self.psk = { identity: data.subarray(2), secret: new Uint8Array(32), kind: 'resumption' };
    }).play('CH', 'CH', 'FIN', 'DATA');
    expectConnection(peer);
    expect(peer.victim.connection?.reused).toBe(false);
  });

  it('knows a cookie of the keys of yesterday', () => {
    let clock = 1_800_000_000_000;
    const shared = context(() => clock);
    expectConnection(againstServer(shared).play('CH', 'CH', 'FIN'));
    first(shared);
    clock += 86_399_000;
    const before = first(shared);
    clock += 2_000;
    expect(goOn(before, shared).retries).toHaveLength(1);
  });

  it('asks again where the cookie was changed, or is not its own', () => {
    const shared = context();
    const edit: Edit<ClientHello> = (hello) => {
      const data = hello.extensions.find(({ type }) => type === cookie.id)?.data.slice() ?? EMPTY;
      data[data.length - 1] = (data.at(-1) as number) ^ 1;
      return withExtension<ClientHello>(cookie.id, data)(hello);
    };
    expect(goOn(first(shared), shared, edit).retries).toHaveLength(2);
    expect(goOn(first(context()), shared).retries).toHaveLength(2);
  });
});
