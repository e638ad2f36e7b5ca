/** Options that s_client and s_server share: each is a row that says how it is written and what it does to the settings. */

import type { FurtherSettings } from '../node/index.ts';
import { echListOf } from '../node/secure-context.ts';
import { sigalgList } from '../node/sigalg-names.ts';
import { LIMITS } from '../registry/limits.ts';
import { OPTIONS } from '../registry/options.ts';
import { X509_PURPOSE, X509_V_FLAG } from '../registry/x509-flags.ts';
import { parseIp } from '../x509/ip-address.ts';
import { X509VerifyParam } from '../x509/verify-params.ts';
import { type Arguments, type OptionGroup, type OptionSpec, usage } from './arguments.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Settings under way: what the options of a command line add up to. */
export interface Draft {
  readonly settings: Writable<FurtherSettings>;
  readonly verify: X509VerifyParam;
  /** SSL_OP_* bits, from those of a new context on. */
  options: number;
}

interface TlsOption extends OptionSpec {
  readonly apply: (draft: Draft, value: string) => void;
}

const flag = (name: string, help: string, apply: TlsOption['apply']): TlsOption => ({ name, help, apply });
const taking = (name: string, value: string, help: string, apply: TlsOption['apply']): TlsOption => ({ name, value, help, apply });

const on = (name: string, help: string, bit: number): TlsOption =>
  flag(name, help, (draft) => {
    draft.options |= bit;
  });

const off = (name: string, help: string, bit: number): TlsOption =>
  flag(name, help, (draft) => {
    draft.options &= ~bit;
  });

/** Taken so that scripts go on working; it changes nothing here. */
const idle = (name: string, help: string): TlsOption => flag(name, help, () => undefined);

const just = (name: string, version: string): TlsOption =>
  flag(name, `Just use ${version}`, ({ settings }) => {
    settings.minProtoVersion = version;
    settings.maxProtoVersion = version;
  });

const numeric =
  (name: string, set: (draft: Draft, value: number) => void): TlsOption['apply'] =>
  (draft, value) =>
    set(draft, Number.isSafeInteger(Number(value)) ? Number(value) : usage(`Can't parse "${value}" as a number for -${name}`));

const number = (name: string, help: string, set: (draft: Draft, value: number) => void): TlsOption =>
  taking(name, 'int', help, numeric(name, set));

const groupList: TlsOption['apply'] = ({ settings }, value) => {
  settings.groups = value;
};

const FRAGMENT_CODES: ReadonlyMap<number, number> = new Map([
  [512, 1],
  [1024, 2],
  [2048, 3],
  [4096, 4],
]);

const TLS: readonly TlsOption[] = [
  just('tls1', 'TLSv1'),
  just('tls1_1', 'TLSv1.1'),
  just('tls1_2', 'TLSv1.2'),
  just('tls1_3', 'TLSv1.3'),
  on('no_tls1', 'Just disable TLSv1', OPTIONS.NO_TLSv1),
  on('no_tls1_1', 'Just disable TLSv1.1', OPTIONS.NO_TLSv1_1),
  on('no_tls1_2', 'Just disable TLSv1.2', OPTIONS.NO_TLSv1_2),
  on('no_tls1_3', 'Just disable TLSv1.3', OPTIONS.NO_TLSv1_3),
  idle('no_ssl3', 'Just disable SSLv3 (it is never built)'),
  taking('min_protocol', 'val', 'Oldest version: TLSv1, TLSv1.1, TLSv1.2 (default), TLSv1.3', ({ settings }, value) => {
    settings.minProtoVersion = value;
  }),
  taking('max_protocol', 'val', 'Newest version', ({ settings }, value) => {
    settings.maxProtoVersion = value;
  }),
  taking('ciphersuites', 'val', 'TLS 1.3 suites, joined by colons', ({ settings }, value) => {
    settings.cipherSuites = value;
  }),
  taking('cipher', 'val', 'Cipher list of TLS 1.2 and below; default: forward secrecy and AEADs only', ({ settings }, value) => {
    settings.cipherList = value;
  }),
  taking('groups', 'val', 'Groups, joined by colons', groupList),
  taking('curves', 'val', 'The same', groupList),
  taking('sigalgs', 'val', 'Signature algorithms, joined by colons', ({ settings }, value) => {
    settings.sigalgs = sigalgList(value);
  }),
  taking('client_sigalgs', 'val', 'The same for client certificates', ({ settings }, value) => {
    settings.clientSigalgs = sigalgList(value);
  }),
  on('no_ticket', 'Disable use of session tickets', OPTIONS.NO_TICKET),
  on('serverpref', "Use the server's cipher preferences", OPTIONS.CIPHER_SERVER_PREFERENCE),
  on('prioritize_chacha', 'Prioritize ChaCha20 where the client prefers it', OPTIONS.PRIORITIZE_CHACHA),
  on('allow_no_dhe_kex', 'Allow resumption without (EC)DHE', OPTIONS.ALLOW_NO_DHE_KEX),
  off('no_middlebox', 'Disable middlebox compatibility mode', OPTIONS.ENABLE_MIDDLEBOX_COMPAT),
  on('ignore_unexpected_eof', 'Take an end without close_notify for a proper one', OPTIONS.IGNORE_UNEXPECTED_EOF),
  on('no_renegotiation', 'Disable renegotiation', OPTIONS.NO_RENEGOTIATION),
  off('client_renegotiation', 'Let clients begin renegotiations', OPTIONS.NO_RENEGOTIATION),
  on('legacy_renegotiation', 'Allow renegotiation without RFC 5746 (dangerous)', OPTIONS.ALLOW_UNSAFE_LEGACY_RENEGOTIATION),
  on('legacy_server_connect', 'Allow servers without RFC 5746 (default)', OPTIONS.LEGACY_SERVER_CONNECT),
  off('no_legacy_server_connect', 'Do not allow them', OPTIONS.LEGACY_SERVER_CONNECT),
  on('no_resumption_on_reneg', 'No resumption in a renegotiation', OPTIONS.NO_SESSION_RESUMPTION_ON_RENEGOTIATION),
  idle('no_comp', 'Disable compression (always)'),
  on('no_etm', 'Disable encrypt-then-MAC (TLS 1.2 and below)', OPTIONS.NO_ENCRYPT_THEN_MAC),
  flag('no_ems', 'Disable the extended master secret (TLS 1.2 and below)', ({ settings }) => {
    settings.extendedMasterSecret = 'off';
  }),
  idle('bugs', 'Bug compatibility (there is none)'),
  number('record_padding', 'Pad records to a multiple of so many bytes', ({ settings }, value) => {
    settings.blockPadding = value;
  }),
  number('max_send_frag', 'Most plaintext bytes of a record', ({ settings }, value) => {
    settings.maxSendFragment = value;
  }),
  number('split_send_frag', 'Bytes at which data is split', ({ settings }, value) => {
    settings.splitSendFragment = value;
  }),
  number('maxfraglen', 'Ask for records of 512, 1024, 2048 or 4096 bytes', ({ settings }, value) => {
    settings.maxFragmentLength = FRAGMENT_CODES.get(value) ?? usage(`Max Fragment Len ${value} is out of permitted values`);
  }),
  number('record_size_limit', `Ask for records of so many bytes, 64 to ${LIMITS.plaintext.value} (RFC 8449)`, ({ settings }, value) => {
    settings.recordSizeLimit = value;
  }),
  flag('grease', 'Send reserved values (RFC 8701)', ({ settings }) => {
    settings.grease = true;
  }),
  taking('ech_config_list', 'val', 'Seal the ClientHello for a key of this ECHConfigList, in base64 (RFC 9849)', ({ settings }, value) => {
    settings.echConfigList = echListOf(value);
  }),
  flag('ech_grease', 'Send random bytes in the place of a sealed ClientHello', ({ settings }) => {
    settings.echGrease = true;
  }),
  flag('ech_required', 'Do not connect without a sealed ClientHello', ({ settings }) => {
    settings.rejectUnusableEchConfig = true;
  }),
];

const verifyFlag = (name: string, help: string, bits: number): TlsOption => flag(name, help, ({ verify }) => verify.setFlags(bits));

const VALIDATION: readonly TlsOption[] = [
  taking('verify_hostname', 'val', 'Expected host name of the peer', ({ verify }, value) => verify.setHost(value)),
  taking('verify_email', 'val', 'Expected mail address of the peer', ({ verify }, value) => verify.setEmail(value)),
  taking('verify_ip', 'val', 'Expected address of the peer', ({ verify }, value) =>
    verify.setIp(parseIp(value) ?? usage(`Invalid IP address "${value}"`)),
  ),
  number('verify_depth', 'Most intermediates of a chain', ({ verify }, value) => verify.setDepth(value)),
  number('auth_level', 'Security level of chains, 0 to 5', ({ verify }, value) => verify.setAuthLevel(value)),
  number('attime', 'Verify as of a moment, in seconds since 1970', ({ verify }, value) => verify.setTime(value)),
  taking('purpose', 'val', 'Purpose of the chain: sslclient, sslserver …', ({ verify }, value) =>
    verify.setPurpose(Object.entries(X509_PURPOSE).find(([name]) => name === value)?.[1] ?? usage(`unknown purpose ${value}`)),
  ),
  verifyFlag('crl_check', 'Look for the leaf in CRLs', X509_V_FLAG.CRL_CHECK),
  verifyFlag('crl_check_all', 'Look for the whole chain in CRLs', X509_V_FLAG.CRL_CHECK | X509_V_FLAG.CRL_CHECK_ALL),
  verifyFlag('x509_strict', 'No work-arounds for bad certificates', X509_V_FLAG.X509_STRICT),
  verifyFlag('partial_chain', 'Accept chains that end in a trusted intermediate', X509_V_FLAG.PARTIAL_CHAIN),
  verifyFlag('trusted_first', 'Search the trust store first (default)', X509_V_FLAG.TRUSTED_FIRST),
  verifyFlag('no_check_time', 'Ignore the time of validity', X509_V_FLAG.NO_CHECK_TIME),
  verifyFlag('ignore_critical', 'Ignore unknown critical extensions', X509_V_FLAG.IGNORE_CRITICAL),
  verifyFlag('check_ss_sig', 'Check signatures of trust anchors', X509_V_FLAG.CHECK_SS_SIGNATURE),
  verifyFlag('allow_proxy_certs', 'Allow proxy certificates', X509_V_FLAG.ALLOW_PROXY_CERTS),
  verifyFlag('policy_check', 'Process certificate policies', X509_V_FLAG.POLICY_CHECK),
  verifyFlag('explicit_policy', 'Require an explicit policy', X509_V_FLAG.EXPLICIT_POLICY),
  verifyFlag('suiteB_128_only', 'Suite B at 128 bits: P-256 only', X509_V_FLAG.SUITEB_128_LOS_ONLY),
  verifyFlag('suiteB_128', 'Suite B at 128 bits: P-256 and, above it, P-384', X509_V_FLAG.SUITEB_128_LOS),
  verifyFlag('suiteB_192', 'Suite B at 192 bits: P-384 only', X509_V_FLAG.SUITEB_192_LOS),
  verifyFlag('use_deltas', 'Use delta CRLs', X509_V_FLAG.USE_DELTAS),
  verifyFlag('extended_crl', 'Use indirect CRLs and the like', X509_V_FLAG.EXTENDED_CRL_SUPPORT),
];

export const TLS_OPTIONS: OptionGroup = { title: 'TLS options', options: TLS };
export const VALIDATION_OPTIONS: OptionGroup = { title: 'Validation options', options: VALIDATION };

const BY_NAME: ReadonlyMap<string, TlsOption> = new Map([...TLS, ...VALIDATION].map((option) => [option.name, option]));

/** Everything of a command line that is a setting. `options`: the SSL_OP_* bits to begin with. */
export function draftOf(args: Arguments, options: number): Draft {
  // As OpenSSL's commands have it: peers without the extended master secret are talked to.
  const draft: Draft = { settings: { extendedMasterSecret: 'offer' }, verify: new X509VerifyParam(), options };
  for (const [name, value] of args.given) BY_NAME.get(name)?.apply(draft, value);
  return draft;
}
