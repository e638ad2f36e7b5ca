/** SSL_CONF_cmd(3): settings by the words of command lines and configuration files. */

import { versionByName } from '../registry/versions.ts';
import { parseCertificates } from '../x509/certificate.ts';
import { BIO_new_mem_buf } from './bio.ts';
import {
  SSL_CTX_use_certificate_chain_file,
  SSL_CTX_use_PrivateKey_file,
  SSL_use_certificate_chain_file,
  SSL_use_PrivateKey_file,
} from './certificates.ts';
import { SSL_CTX_set_cipher_list, SSL_CTX_set_ciphersuites, SSL_set_cipher_list, SSL_set_ciphersuites } from './ciphers.ts';
import * as c from './constants.ts';
import { SSL_CTX_use_serverinfo_file } from './custom-extensions.ts';
import { attempt, pushSslError } from './errors.ts';
import { readDirectory, readFile } from './files.ts';
import { SSL_add_dir_cert_subjects_to_stack, SSL_add_file_cert_subjects_to_stack } from './names-ca.ts';
import { PEM_read_bio_DHparams } from './pem.ts';
import type { Holder } from './settings.ts';
import { done, putQuietly } from './settings.ts';
import {
  SSL_CTX_set1_client_sigalgs_list,
  SSL_CTX_set1_sigalgs_list,
  SSL_set1_client_sigalgs_list,
  SSL_set1_sigalgs_list,
} from './sigalgs.ts';
import type { SSL, SSL_CTX, X509_NAME } from './types.ts';
import { X509_STORE_new } from './x509.ts';

/** What commands are applied to, and which of them are understood. */
export class SSL_CONF_CTX {
  flags = 0;
  prefix: string | null = null;
  ctx: SSL_CTX | null = null;
  ssl: SSL | null = null;
  /** Certificates whose key has not been named: SSL_CONF_CTX_finish looks for it in the same file. */
  certificateFile: string | null = null;
  keyFile: string | null = null;
  authorities: X509_NAME[] = [];
  clientAuthorities: X509_NAME[] = [];

  get target(): Holder | null {
    return this.ssl ?? this.ctx;
  }
}

export const SSL_CONF_CTX_new = (): SSL_CONF_CTX => new SSL_CONF_CTX();
export const SSL_CONF_CTX_free = (_cctx: SSL_CONF_CTX | null): void => undefined;
export const SSL_CONF_CTX_set_flags = (cctx: SSL_CONF_CTX, flags: number): number => (cctx.flags |= flags);
export const SSL_CONF_CTX_clear_flags = (cctx: SSL_CONF_CTX, flags: number): number => (cctx.flags &= ~flags);

export function SSL_CONF_CTX_set_ssl_ctx(cctx: SSL_CONF_CTX, ctx: SSL_CTX | null): void {
  cctx.ctx = ctx;
  cctx.ssl = null;
}

export function SSL_CONF_CTX_set_ssl(cctx: SSL_CONF_CTX, ssl: SSL | null): void {
  cctx.ssl = ssl;
  cctx.ctx = null;
}

export function SSL_CONF_CTX_set1_prefix(cctx: SSL_CONF_CTX, prefix: string): number {
  cctx.prefix = prefix;
  return 1;
}

/** Takes up what was collected: keys beside certificates, lists of authorities. */
export function SSL_CONF_CTX_finish(cctx: SSL_CONF_CTX): number {
  const { certificateFile, keyFile, target } = cctx;
  const looksForKey = certificateFile !== null && keyFile === null && (cctx.flags & c.SSL_CONF_FLAG_REQUIRE_PRIVATE) !== 0;
  if (looksForKey && usePrivateKey(cctx, certificateFile) <= 0) return 0;
  if (cctx.authorities.length > 0)
    target?.set(
      'caList',
      cctx.authorities.map(({ raw }) => raw),
    );
  if (cctx.clientAuthorities.length > 0)
    target?.set(
      'clientCaList',
      cctx.clientAuthorities.map(({ raw }) => raw),
    );
  return 1;
}

/** 2: the value was used; 1: none was needed; 0: a bad value; -2: not a command; -3: the value is missing. */
export function SSL_CONF_cmd(cctx: SSL_CONF_CTX, cmd: string, value: string | null): number {
  const name = withoutPrefix(cctx, cmd);
  const row = name === undefined ? undefined : rowOf(cctx, name);
  if (row === undefined) {
    if ((cctx.flags & c.SSL_CONF_FLAG_SHOW_ERRORS) !== 0) pushSslError('SSL_CONF_cmd', 'UNKNOWN_CMD_NAME', `cmd=${cmd}`);
    return -2;
  }
  if (row.type === c.SSL_CONF_TYPE_NONE) return row.run(cctx, '') > 0 ? 1 : 0;
  if (value === null) return -3;
  if (row.run(cctx, value) > 0) return 2;
  if ((cctx.flags & c.SSL_CONF_FLAG_SHOW_ERRORS) !== 0) pushSslError('SSL_CONF_cmd', 'BAD_VALUE', `cmd=${cmd}, value=${value}`);
  return 0;
}

/** Takes one command off the front of `argv`: how many words it was, 0 where the first is none of ours, below 0 for a bad one. */
export function SSL_CONF_cmd_argv(cctx: SSL_CONF_CTX, argv: string[]): number {
  const [cmd, value = null] = argv;
  if (cmd === undefined) return 0;
  const result = SSL_CONF_cmd(cctx, cmd, value);
  if (result === -2) return 0;
  if (result === 0) return -1;
  if (result > 0) argv.splice(0, result);
  return result;
}

/** SSL_CONF_TYPE_*. */
export function SSL_CONF_cmd_value_type(cctx: SSL_CONF_CTX, cmd: string): number {
  const name = withoutPrefix(cctx, cmd);
  return (name === undefined ? undefined : rowOf(cctx, name))?.type ?? c.SSL_CONF_TYPE_UNKNOWN;
}

// ---- the commands

interface Row {
  /** In configuration files, in any case of letters. */
  readonly file: string | undefined;
  /** On command lines. */
  readonly line: string | undefined;
  readonly type: number;
  /** SSL_CONF_FLAG_* that must be set. */
  readonly needs: number;
  readonly run: (cctx: SSL_CONF_CTX, value: string) => number;
}

function withoutPrefix({ flags, prefix }: SSL_CONF_CTX, cmd: string): string | undefined {
  if (prefix !== null) {
    const same = (flags & c.SSL_CONF_FLAG_CMDLINE) !== 0 ? cmd.startsWith(prefix) : cmd.toLowerCase().startsWith(prefix.toLowerCase());
    return same && cmd.length > prefix.length ? cmd.slice(prefix.length) : undefined;
  }
  if ((flags & c.SSL_CONF_FLAG_CMDLINE) === 0) return cmd;
  return cmd.startsWith('-') && cmd.length > 1 ? cmd.slice(1) : undefined;
}

function rowOf({ flags }: SSL_CONF_CTX, name: string): Row | undefined {
  return ROWS.find(({ file, line, needs }) => {
    if ((needs & ~flags) !== 0) return false;
    if ((flags & c.SSL_CONF_FLAG_CMDLINE) !== 0 && line === name) return true;
    return (flags & c.SSL_CONF_FLAG_FILE) !== 0 && file?.toLowerCase() === name.toLowerCase();
  });
}

const yes = (work: () => unknown): number => attempt('SSL_CONF_cmd', 0, () => done(work()));

/** Switches bits on or off. */
const bitsOf =
  (name: 'options' | 'certFlags') =>
  (line: string, bits: number, on: boolean, needs = 0): Row => ({
    ...{ file: undefined, line, type: c.SSL_CONF_TYPE_NONE, needs },
    run: ({ target }) => yes(() => target?.set(name, on ? target.get(name) | bits : target.get(name) & ~bits)),
  });

const option = bitsOf('options');
const certFlag = bitsOf('certFlags');

const text = (file: string | undefined, line: string | undefined, run: Row['run'], needs = 0): Row => ({
  file,
  line,
  type: c.SSL_CONF_TYPE_STRING,
  needs,
  run,
});
const path = (file: string | undefined, line: string | undefined, run: Row['run'], needs = 0): Row => ({
  file,
  line,
  type: c.SSL_CONF_TYPE_FILE,
  needs,
  run,
});
const directory = (file: string | undefined, line: string | undefined, run: Row['run'], needs = 0): Row => ({
  file,
  line,
  type: c.SSL_CONF_TYPE_DIR,
  needs,
  run,
});

/** The same function on a context and on a connection; without either a command is only checked for its name. */
const either =
  (onCtx: (ctx: SSL_CTX, value: string) => number, onSsl: (ssl: SSL, value: string) => number): Row['run'] =>
  ({ ctx, ssl }, value) => {
    if (ssl !== null) return onSsl(ssl, value);
    return ctx === null ? 1 : onCtx(ctx, value);
  };

const groupsList: Row['run'] = ({ target }, value) => (target === null ? 1 : putQuietly(target, 'groups', value));

function usePrivateKey(cctx: SSL_CONF_CTX, file: string): number {
  cctx.keyFile = file;
  return either(
    (ctx, name) => SSL_CTX_use_PrivateKey_file(ctx, name, c.SSL_FILETYPE_PEM),
    (ssl, name) => SSL_use_PrivateKey_file(ssl, name, c.SSL_FILETYPE_PEM),
  )(cctx, file);
}

function useCertificate(cctx: SSL_CONF_CTX, file: string): number {
  cctx.certificateFile = file;
  return either(SSL_CTX_use_certificate_chain_file, SSL_use_certificate_chain_file)(cctx, file);
}

function bound(name: 'minProtoVersion' | 'maxProtoVersion'): Row['run'] {
  return ({ target }, value) => {
    const version = value === 'None' ? 0 : versionByName(value);
    return version === undefined ? 0 : target === null ? 1 : putQuietly(target, name, version);
  };
}

/** Words with a sign, separated by commas. */
function words(value: string): readonly { readonly word: string; readonly on: boolean }[] {
  return value.split(',').map((part) => {
    const signed = part.trim();
    const on = !signed.startsWith('-');
    return { word: signed.replace(/^[+-]/, ''), on };
  });
}

/** A word's option bits; `inverse` means that the word stands for the bits being off. */
type Words = Readonly<Record<string, { readonly bits: number; readonly inverse?: true }>>;

const OPTION_WORDS: Words = {
  SessionTicket: { bits: c.SSL_OP_NO_TICKET, inverse: true },
  EmptyFragments: { bits: c.SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS, inverse: true },
  Bugs: { bits: c.SSL_OP_ALL },
  Compression: { bits: c.SSL_OP_NO_COMPRESSION, inverse: true },
  ServerPreference: { bits: c.SSL_OP_CIPHER_SERVER_PREFERENCE },
  NoResumptionOnRenegotiation: { bits: c.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION },
  DHSingle: { bits: c.SSL_OP_SINGLE_DH_USE },
  ECDHSingle: { bits: c.SSL_OP_SINGLE_ECDH_USE },
  UnsafeLegacyRenegotiation: { bits: c.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION },
  UnsafeLegacyServerConnect: { bits: c.SSL_OP_LEGACY_SERVER_CONNECT },
  EncryptThenMac: { bits: c.SSL_OP_NO_ENCRYPT_THEN_MAC, inverse: true },
  NoRenegotiation: { bits: c.SSL_OP_NO_RENEGOTIATION },
  AllowNoDHEKEX: { bits: c.SSL_OP_ALLOW_NO_DHE_KEX },
  PrioritizeChaCha: { bits: c.SSL_OP_PRIORITIZE_CHACHA },
  MiddleboxCompat: { bits: c.SSL_OP_ENABLE_MIDDLEBOX_COMPAT },
  AntiReplay: { bits: c.SSL_OP_NO_ANTI_REPLAY, inverse: true },
};

const PROTOCOL_WORDS: Words = {
  ALL: { bits: c.SSL_OP_NO_SSL_MASK, inverse: true },
  SSLv2: { bits: c.SSL_OP_NO_SSLv2, inverse: true },
  SSLv3: { bits: c.SSL_OP_NO_SSLv3, inverse: true },
  TLSv1: { bits: c.SSL_OP_NO_TLSv1, inverse: true },
  'TLSv1.1': { bits: c.SSL_OP_NO_TLSv1_1, inverse: true },
  'TLSv1.2': { bits: c.SSL_OP_NO_TLSv1_2, inverse: true },
  'TLSv1.3': { bits: c.SSL_OP_NO_TLSv1_3, inverse: true },
};

const VERIFY_WORDS: Words = {
  Peer: { bits: c.SSL_VERIFY_PEER },
  Request: { bits: c.SSL_VERIFY_PEER },
  Require: { bits: c.SSL_VERIFY_PEER | c.SSL_VERIFY_FAIL_IF_NO_PEER_CERT },
  Once: { bits: c.SSL_VERIFY_PEER | c.SSL_VERIFY_CLIENT_ONCE },
  RequestPostHandshake: { bits: c.SSL_VERIFY_PEER | c.SSL_VERIFY_POST_HANDSHAKE },
  RequirePostHandshake: { bits: c.SSL_VERIFY_PEER | c.SSL_VERIFY_POST_HANDSHAKE | c.SSL_VERIFY_FAIL_IF_NO_PEER_CERT },
};

/** Applies signed words to a mask; an unknown word refuses all of them. */
const masked =
  (name: 'options' | 'verifyMode', known: Words): Row['run'] =>
  ({ target }, value) => {
    if (target === null) return 1;
    let mask = Math.max(0, target.get(name));
    for (const { word, on } of words(value)) {
      const entry = Object.entries(known).find(([key]) => key.toLowerCase() === word.toLowerCase())?.[1];
      if (entry === undefined) return 0;
      mask = on !== (entry.inverse === true) ? mask | entry.bits : mask & ~entry.bits;
    }
    return putQuietly(target, name, mask);
  };

/** Authorities in a store of their own: for the peer's chain alone, or for building our own. */
const store =
  (which: 'verifyStore' | 'chainStore', files: (value: string) => readonly string[] | null): Row['run'] =>
  ({ target }, value) =>
    attempt('SSL_CONF_cmd', 0, () => {
      const names = files(value);
      if (target === null || names === null) return target === null ? 1 : 0;
      const authorities = target.get(which) ?? X509_STORE_new();
      for (const name of names) {
        const bytes = readFile('SSL_CONF_cmd', name);
        if (bytes === null) return 0;
        for (const certificate of parseCertificates(bytes)) authorities.add(certificate);
      }
      target.set(which, authorities);
      return 1;
    });

const inDirectory = (name: string): readonly string[] | null =>
  readDirectory('SSL_CONF_cmd', name)?.map((file) => `${name}/${file}`) ?? null;

const alone = (name: string): readonly string[] => [name];

const dhParameters: Row['run'] = ({ target }, value) => {
  const bytes = readFile('SSL_CONF_cmd', value);
  const group = bytes === null ? null : PEM_read_bio_DHparams(BIO_new_mem_buf(bytes));
  return group === null ? 0 : target === null ? 1 : putQuietly(target, 'tmpDh', group);
};

const CLIENT = c.SSL_CONF_FLAG_CLIENT;
const SERVER = c.SSL_CONF_FLAG_SERVER;
const CERTIFICATE = c.SSL_CONF_FLAG_CERTIFICATE;
const SERVER_CERTIFICATE = SERVER | CERTIFICATE;

const ROWS: readonly Row[] = [
  option('no_ssl3', c.SSL_OP_NO_SSLv3, true),
  option('no_tls1', c.SSL_OP_NO_TLSv1, true),
  option('no_tls1_1', c.SSL_OP_NO_TLSv1_1, true),
  option('no_tls1_2', c.SSL_OP_NO_TLSv1_2, true),
  option('no_tls1_3', c.SSL_OP_NO_TLSv1_3, true),
  option('bugs', c.SSL_OP_ALL, true),
  option('no_comp', c.SSL_OP_NO_COMPRESSION, true),
  option('comp', c.SSL_OP_NO_COMPRESSION, false),
  option('ecdh_single', c.SSL_OP_SINGLE_ECDH_USE, true, SERVER),
  option('no_ticket', c.SSL_OP_NO_TICKET, true),
  option('serverpref', c.SSL_OP_CIPHER_SERVER_PREFERENCE, true, SERVER),
  option('legacy_renegotiation', c.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION, true),
  option('legacy_server_connect', c.SSL_OP_LEGACY_SERVER_CONNECT, true, CLIENT),
  option('no_legacy_server_connect', c.SSL_OP_LEGACY_SERVER_CONNECT, false, CLIENT),
  option('no_renegotiation', c.SSL_OP_NO_RENEGOTIATION, true),
  option('no_resumption_on_reneg', c.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION, true, SERVER),
  option('allow_no_dhe_kex', c.SSL_OP_ALLOW_NO_DHE_KEX, true),
  option('prioritize_chacha', c.SSL_OP_PRIORITIZE_CHACHA, true, SERVER),
  certFlag('strict', c.SSL_CERT_FLAG_TLS_STRICT, true),
  option('no_middlebox', c.SSL_OP_ENABLE_MIDDLEBOX_COMPAT, false),
  option('anti_replay', c.SSL_OP_NO_ANTI_REPLAY, false, SERVER),
  option('no_anti_replay', c.SSL_OP_NO_ANTI_REPLAY, true, SERVER),
  option('no_etm', c.SSL_OP_NO_ENCRYPT_THEN_MAC, true),
  text('SignatureAlgorithms', 'sigalgs', either(SSL_CTX_set1_sigalgs_list, SSL_set1_sigalgs_list)),
  text('ClientSignatureAlgorithms', 'client_sigalgs', either(SSL_CTX_set1_client_sigalgs_list, SSL_set1_client_sigalgs_list)),
  text('Curves', 'curves', groupsList),
  text('Groups', 'groups', groupsList),
  // Curves are chosen among the groups; the old command names one to be used, or "auto".
  text('ECDHParameters', 'named_curve', (cctx, value) => (/^(\+)?auto(matic)?$/i.test(value) ? 1 : groupsList(cctx, value)), SERVER),
  text('CipherString', 'cipher', either(SSL_CTX_set_cipher_list, SSL_set_cipher_list)),
  text('Ciphersuites', 'ciphersuites', either(SSL_CTX_set_ciphersuites, SSL_set_ciphersuites)),
  text('Protocol', undefined, masked('options', PROTOCOL_WORDS)),
  text('MinProtocol', 'min_protocol', bound('minProtoVersion')),
  text('MaxProtocol', 'max_protocol', bound('maxProtoVersion')),
  text('Options', undefined, masked('options', OPTION_WORDS)),
  text('VerifyMode', undefined, masked('verifyMode', VERIFY_WORDS)),
  path('Certificate', 'cert', useCertificate, CERTIFICATE),
  path('PrivateKey', 'key', usePrivateKey, CERTIFICATE),
  path('ServerInfoFile', undefined, ({ ctx }, value) => (ctx === null ? 1 : SSL_CTX_use_serverinfo_file(ctx, value)), SERVER_CERTIFICATE),
  directory('ChainCAPath', 'chainCApath', store('chainStore', inDirectory), CERTIFICATE),
  path('ChainCAFile', 'chainCAfile', store('chainStore', alone), CERTIFICATE),
  directory('VerifyCAPath', 'verifyCApath', store('verifyStore', inDirectory), CERTIFICATE),
  path('VerifyCAFile', 'verifyCAfile', store('verifyStore', alone), CERTIFICATE),
  path('RequestCAFile', 'requestCAFile', ({ authorities }, value) => SSL_add_file_cert_subjects_to_stack(authorities, value), CERTIFICATE),
  path(
    'ClientCAFile',
    undefined,
    ({ clientAuthorities }, value) => SSL_add_file_cert_subjects_to_stack(clientAuthorities, value),
    SERVER_CERTIFICATE,
  ),
  directory('RequestCAPath', undefined, ({ authorities }, value) => SSL_add_dir_cert_subjects_to_stack(authorities, value), CERTIFICATE),
  directory(
    'ClientCAPath',
    undefined,
    ({ clientAuthorities }, value) => SSL_add_dir_cert_subjects_to_stack(clientAuthorities, value),
    SERVER_CERTIFICATE,
  ),
  path('DHParameters', 'dhparam', dhParameters, SERVER_CERTIFICATE),
  text('RecordPadding', 'record_padding', ({ target }, value) => (target === null ? 1 : putQuietly(target, 'blockPadding', Number(value)))),
  text('NumTickets', 'num_tickets', ({ target }, value) => (target === null ? 1 : putQuietly(target, 'numTickets', Number(value))), SERVER),
];
