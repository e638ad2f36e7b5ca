import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { there } from '../../test/support/openssl.ts';
import { testAuthority, testCertificate } from '../../test/support/pki.ts';
import { pemText } from '../asn1/pem.ts';
import { nodeProvider } from '../crypto/node.ts';
import { makePrivateKey, privateKeyPem } from '../x509/make-key.ts';
import * as o from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'libssl-conf-cmd-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => o.ERR_clear_error());

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const CA = file('ca.pem', pemText('CERTIFICATE', testAuthority.der));
const CERT = file('cert.pem', pemText('CERTIFICATE', testCertificate().der));
const KEY = file('key.pem', privateKeyPem(makePrivateKey(nodeProvider, 'P-256')));
const INFO = file('info.pem', pemText('SERVERINFOV2 FOR TEST', Uint8Array.of(0, 0, 1, 0x80, 0x23, 0x45, 0, 1, 0x61)));
const FFDHE2048 = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
`;
const DH = file('dh.pem', FFDHE2048);

const CLIENT = o.SSL_CONF_FLAG_CLIENT;
const SERVER = o.SSL_CONF_FLAG_SERVER;
const CERTIFICATE = o.SSL_CONF_FLAG_CERTIFICATE;
const { SSL_CONF_TYPE_STRING: STRING, SSL_CONF_TYPE_FILE: FILE, SSL_CONF_TYPE_DIR: DIR, SSL_CONF_TYPE_NONE: NONE } = o;

type Effect = (ctx: o.SSL_CTX) => unknown;
type Command = readonly [inFiles: string | null, onLines: string | null, type: number, needs: number, value: string, effect: Effect];

const option =
  (bit: number): Effect =>
  (ctx) =>
    (o.SSL_CTX_get_options(ctx) & bit) !== 0;

/** Every command of 1.1.1k: its name in files and on command lines, the kind of its value, the flags it needs, and what it changes. */
const COMMANDS: readonly Command[] = [
  [null, 'no_ssl3', NONE, 0, '', option(o.SSL_OP_NO_SSLv3)],
  [null, 'no_tls1', NONE, 0, '', option(o.SSL_OP_NO_TLSv1)],
  [null, 'no_tls1_1', NONE, 0, '', option(o.SSL_OP_NO_TLSv1_1)],
  [null, 'no_tls1_2', NONE, 0, '', option(o.SSL_OP_NO_TLSv1_2)],
  [null, 'no_tls1_3', NONE, 0, '', option(o.SSL_OP_NO_TLSv1_3)],
  [null, 'bugs', NONE, 0, '', (ctx) => o.SSL_CTX_get_options(ctx) & o.SSL_OP_ALL],
  [null, 'no_comp', NONE, 0, '', (ctx) => o.SSL_CTX_get_options(ctx) & o.SSL_OP_NO_COMPRESSION],
  [null, 'comp', NONE, 0, '', option(o.SSL_OP_NO_COMPRESSION)],
  [null, 'ecdh_single', NONE, SERVER, '', option(o.SSL_OP_SINGLE_ECDH_USE)],
  [null, 'no_ticket', NONE, 0, '', option(o.SSL_OP_NO_TICKET)],
  [null, 'serverpref', NONE, SERVER, '', option(o.SSL_OP_CIPHER_SERVER_PREFERENCE)],
  [null, 'legacy_renegotiation', NONE, 0, '', option(o.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION)],
  [null, 'legacy_server_connect', NONE, CLIENT, '', option(o.SSL_OP_LEGACY_SERVER_CONNECT)],
  [null, 'no_renegotiation', NONE, 0, '', option(o.SSL_OP_NO_RENEGOTIATION)],
  [null, 'no_resumption_on_reneg', NONE, SERVER, '', option(o.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION)],
  [null, 'no_legacy_server_connect', NONE, CLIENT, '', option(o.SSL_OP_LEGACY_SERVER_CONNECT)],
  [null, 'allow_no_dhe_kex', NONE, 0, '', option(o.SSL_OP_ALLOW_NO_DHE_KEX)],
  [null, 'prioritize_chacha', NONE, SERVER, '', option(o.SSL_OP_PRIORITIZE_CHACHA)],
  [null, 'strict', NONE, 0, '', (ctx) => ctx.get('certFlags') & o.SSL_CERT_FLAG_TLS_STRICT],
  [null, 'no_middlebox', NONE, 0, '', option(o.SSL_OP_ENABLE_MIDDLEBOX_COMPAT)],
  [null, 'anti_replay', NONE, SERVER, '', option(o.SSL_OP_NO_ANTI_REPLAY)],
  [null, 'no_anti_replay', NONE, SERVER, '', option(o.SSL_OP_NO_ANTI_REPLAY)],
  ['SignatureAlgorithms', 'sigalgs', STRING, 0, 'ECDSA+SHA256', (ctx) => ctx.get('sigalgs').length],
  ['ClientSignatureAlgorithms', 'client_sigalgs', STRING, 0, 'ECDSA+SHA256', (ctx) => ctx.get('clientSigalgs')?.length],
  ['Curves', 'curves', STRING, 0, 'P-384', (ctx) => ctx.get('groups').length],
  ['Groups', 'groups', STRING, 0, 'P-384', (ctx) => ctx.get('groups').length],
  ['ECDHParameters', 'named_curve', STRING, SERVER, 'P-384', (ctx) => ctx.get('groups').length],
  ['CipherString', 'cipher', STRING, 0, 'ECDHE-RSA-AES128-GCM-SHA256', (ctx) => ctx.get('cipherList')],
  ['Ciphersuites', 'ciphersuites', STRING, 0, 'TLS_AES_128_GCM_SHA256', (ctx) => ctx.get('cipherSuites').length],
  ['Protocol', null, STRING, 0, '-TLSv1.2', option(o.SSL_OP_NO_TLSv1_2)],
  ['MinProtocol', 'min_protocol', STRING, 0, 'TLSv1.3', o.SSL_CTX_get_min_proto_version],
  ['MaxProtocol', 'max_protocol', STRING, 0, 'TLSv1.2', o.SSL_CTX_get_max_proto_version],
  ['Options', null, STRING, 0, '-SessionTicket,ServerPreference', option(o.SSL_OP_NO_TICKET)],
  ['VerifyMode', null, STRING, 0, 'Require', o.SSL_CTX_get_verify_mode],
  ['Certificate', 'cert', FILE, CERTIFICATE, CERT, (ctx) => o.SSL_CTX_get0_certificate(ctx) !== null],
  ['PrivateKey', 'key', FILE, CERTIFICATE, KEY, (ctx) => o.SSL_CTX_get0_privatekey(ctx) !== null],
  ['ServerInfoFile', null, FILE, SERVER | CERTIFICATE, INFO, (ctx) => ctx.get('credentials').kinds.length],
  ['ChainCAPath', 'chainCApath', DIR, CERTIFICATE, '', (ctx) => ctx.get('chainStore') !== undefined],
  ['ChainCAFile', 'chainCAfile', FILE, CERTIFICATE, CA, (ctx) => ctx.get('chainStore') !== undefined],
  ['VerifyCAPath', 'verifyCApath', DIR, CERTIFICATE, '', (ctx) => ctx.get('verifyStore') !== undefined],
  ['VerifyCAFile', 'verifyCAfile', FILE, CERTIFICATE, CA, (ctx) => ctx.get('verifyStore') !== undefined],
  ['RequestCAFile', 'requestCAFile', FILE, CERTIFICATE, CA, (ctx) => ctx.get('caList')?.length],
  ['ClientCAFile', null, FILE, SERVER | CERTIFICATE, CA, (ctx) => ctx.get('clientCaList')?.length],
  ['RequestCAPath', null, DIR, CERTIFICATE, '', (ctx) => ctx.get('caList')?.length],
  ['ClientCAPath', null, DIR, SERVER | CERTIFICATE, '', (ctx) => ctx.get('clientCaList')?.length],
  ['DHParameters', 'dhparam', FILE, SERVER | CERTIFICATE, DH, (ctx) => ctx.get('tmpDh')?.prime.length],
  ['RecordPadding', 'record_padding', STRING, 0, '512', (ctx) => ctx.get('blockPadding')],
  ['NumTickets', 'num_tickets', STRING, SERVER, '5', o.SSL_CTX_get_num_tickets],
];

const directory = mkdtempSync(join(folder, 'cas-'));
writeFileSync(join(directory, 'one.pem'), pemText('CERTIFICATE', testAuthority.der));

const ALL = CLIENT | SERVER | CERTIFICATE;
/** Commands that ask for what is so at first, or for what 1.1.1 has no bit for any more. */
const NO_CHANGE = ['no_comp', 'ecdh_single', 'legacy_server_connect', 'anti_replay', 'no_renegotiation'];

describe('a list of logs', () => {
  it('is read from a file, or from where the system has it', () => {
    const ctx = there(o.SSL_CTX_new(o.TLS_client_method()));
    const list = file('logs.cnf', 'enabled_logs =\n');
    expect([o.SSL_CTX_set_ctlog_list_file(ctx, list), o.SSL_CTX_set_ctlog_list_file(ctx, join(folder, 'nowhere'))]).toEqual([1, 0]);
    const before = process.env['CTLOG_FILE'];
    process.env['CTLOG_FILE'] = list;
    expect(o.SSL_CTX_set_default_ctlog_list_file(ctx)).toBe(1);
    process.env['CTLOG_FILE'] = join(folder, 'nowhere');
    expect(o.SSL_CTX_set_default_ctlog_list_file(ctx)).toBe(0);
    if (before === undefined) delete process.env['CTLOG_FILE'];
    else process.env['CTLOG_FILE'] = before;
  });
});

describe('SSL_CONF_cmd', () => {
  const withFlags = (flags: number): { readonly cctx: o.SSL_CONF_CTX; readonly ctx: o.SSL_CTX } => {
    const cctx = o.SSL_CONF_CTX_new();
    const ctx = there(o.SSL_CTX_new(o.TLS_method()));
    o.SSL_CONF_CTX_set_flags(cctx, flags);
    o.SSL_CONF_CTX_set_ssl_ctx(cctx, ctx);
    return { cctx, ctx };
  };

  it.each(COMMANDS)('%s, %s', (inFiles, onLines, type, needs, given, effect) => {
    const value = type === DIR ? directory : given;
    for (const [name, how] of [
      [inFiles, o.SSL_CONF_FLAG_FILE],
      [onLines === null ? null : `-${onLines}`, o.SSL_CONF_FLAG_CMDLINE],
    ] as const) {
      if (name === null) continue;
      const { cctx, ctx } = withFlags(how | ALL);
      expect(o.SSL_CONF_cmd_value_type(cctx, name)).toBe(type);
      const before = effect(ctx);
      expect(o.SSL_CONF_cmd(cctx, name, type === NONE ? null : value)).toBe(type === NONE ? 1 : 2);
      expect(o.SSL_CONF_CTX_finish(cctx)).toBe(1);
      if (NO_CHANGE.includes(onLines ?? '')) expect(effect(ctx)).toEqual(before);
      else expect(effect(ctx)).not.toEqual(before);
      // Names of files are read in any case of letters, those of command lines as they are.
      const other = withFlags(how | ALL);
      expect(o.SSL_CONF_cmd(other.cctx, name.toUpperCase(), type === NONE ? null : value)).toBe(how === o.SSL_CONF_FLAG_FILE ? 2 : -2);
      // Each flag that it needs is needed, and a name of one kind means nothing to the other.
      for (const flag of [CLIENT, SERVER, CERTIFICATE].filter((one) => (needs & one) !== 0))
        expect(o.SSL_CONF_cmd(withFlags(how | (ALL & ~flag)).cctx, name, value)).toBe(-2);
      expect(o.SSL_CONF_cmd(withFlags(how | needs).cctx, name, type === NONE ? null : value)).toBeGreaterThan(0);
      const wrong = how === o.SSL_CONF_FLAG_FILE ? o.SSL_CONF_FLAG_CMDLINE : o.SSL_CONF_FLAG_FILE;
      expect(o.SSL_CONF_cmd(withFlags(wrong | ALL).cctx, name, value)).toBe(-2);
      if (type !== NONE) expect(o.SSL_CONF_cmd(withFlags(how | ALL).cctx, name, null)).toBe(-3);
      if (type === FILE || type === DIR) expect(o.SSL_CONF_cmd(withFlags(how | ALL).cctx, name, join(folder, 'nowhere'))).toBe(0);
    }
  });

  it('works on a connection, too', () => {
    const { cctx, ctx } = withFlags(o.SSL_CONF_FLAG_CMDLINE | ALL);
    const ssl = there(o.SSL_new(ctx));
    o.SSL_CONF_CTX_set_ssl(cctx, ssl);
    const argv = ['-max_protocol', 'TLSv1.2', '-no_ticket', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256', 'the rest'];
    expect([o.SSL_CONF_cmd_argv(cctx, argv), o.SSL_CONF_cmd_argv(cctx, argv), o.SSL_CONF_cmd_argv(cctx, argv)]).toEqual([2, 1, 2]);
    expect([o.SSL_CONF_cmd_argv(cctx, argv), argv]).toEqual([0, ['the rest']]);
    expect([o.SSL_get_max_proto_version(ssl), o.SSL_CTX_get_max_proto_version(ctx)]).toEqual([o.TLS1_2_VERSION, 0]);
  });

  it('looks for the key of a certificate in its file where it is told to', () => {
    const { cctx, ctx } = withFlags(o.SSL_CONF_FLAG_FILE | o.SSL_CONF_FLAG_CERTIFICATE | o.SSL_CONF_FLAG_REQUIRE_PRIVATE);
    expect(o.SSL_CONF_cmd(cctx, 'Certificate', CERT)).toBe(2);
    expect(o.SSL_CONF_CTX_finish(cctx)).toBe(0);
    expect(o.SSL_CTX_get0_privatekey(ctx)).toBeNull();
  });
});
