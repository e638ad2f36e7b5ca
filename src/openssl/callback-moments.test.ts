import { describe, expect, it } from 'vitest';
import { canDecrypt, testCertificate, testKey } from '../../test/support/pki.ts';
import recorded from '../../test/vectors/callback-traces.json' with { type: 'json' };
import * as o from './index.ts';

/** What tools/record-callback-traces.c does, call by call. */
interface Scene {
  readonly version: number;
  readonly clientGroups?: string;
  readonly serverGroups?: string;
  readonly ciphers?: string;
  readonly resume?: true;
  readonly tickets?: false;
  readonly clientAuth?: true;
  readonly lateAuth?: true;
  readonly renegotiate?: 'client' | 'server';
  readonly keyUpdate?: true;
  readonly mismatch?: true;
}

const TLS13: Scene = { version: o.TLS1_3_VERSION, clientGroups: 'X25519' };
const TLS12: Scene = { version: o.TLS1_2_VERSION, clientGroups: 'X25519', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' };

const SCENES: Readonly<Record<string, Scene>> = {
  'TLS 1.3': TLS13,
  'TLS 1.3, HelloRetryRequest': { ...TLS13, clientGroups: 'X25519:P-256', serverGroups: 'P-256' },
  'TLS 1.3, client certificate': { ...TLS13, clientAuth: true },
  'TLS 1.3, resumed': { ...TLS13, resume: true },
  'TLS 1.3, key update': { ...TLS13, keyUpdate: true },
  'TLS 1.3, client certificate after the handshake': { ...TLS13, lateAuth: true },
  'TLS 1.3, no group in common': { ...TLS13, serverGroups: 'P-256', mismatch: true },
  'TLS 1.2': TLS12,
  'TLS 1.2, no ticket': { ...TLS12, tickets: false },
  'TLS 1.2, RSA key exchange': { version: o.TLS1_2_VERSION, ciphers: 'AES128-GCM-SHA256' },
  'TLS 1.2, client certificate': { ...TLS12, clientAuth: true },
  'TLS 1.2, resumed by ticket': { ...TLS12, resume: true },
  'TLS 1.2, resumed by id': { ...TLS12, resume: true, tickets: false },
  'TLS 1.2, renegotiated by the client': { ...TLS12, renegotiate: 'client' },
  'TLS 1.2, renegotiated by the server': { ...TLS12, renegotiate: 'server' },
  'TLS 1.2, no group in common': { ...TLS12, serverGroups: 'P-256', mismatch: true },
};

type Heard = Record<'client' | 'server', string[]>;

const INFO_WORDS: ReadonlyMap<number, string> = new Map([
  [o.SSL_CB_HANDSHAKE_START, 'start'],
  [o.SSL_CB_HANDSHAKE_DONE, 'done'],
  [o.SSL_CB_CONNECT_LOOP, 'loop'],
  [o.SSL_CB_ACCEPT_LOOP, 'loop'],
]);

function context(method: o.SSL_METHOD, scene: Scene, heard: Heard): o.SSL_CTX {
  const ctx = o.SSL_CTX_new(method) as o.SSL_CTX;
  const say = (ssl: o.SSL, line: string) => heard[o.SSL_is_server(ssl) === 1 ? 'server' : 'client'].push(line);
  o.SSL_CTX_set_min_proto_version(ctx, scene.version);
  o.SSL_CTX_set_max_proto_version(ctx, scene.version);
  if (scene.ciphers !== undefined) o.SSL_CTX_set_cipher_list(ctx, scene.ciphers);
  o.SSL_CTX_use_certificate(ctx, testCertificate({ key: 'rsa' }));
  o.SSL_CTX_use_PrivateKey(ctx, testKey('rsa'));
  if (scene.tickets === false) o.SSL_CTX_set_options(ctx, o.SSL_OP_NO_TICKET);
  o.SSL_CTX_clear_options(ctx, o.SSL_OP_NO_RENEGOTIATION);
  o.SSL_CTX_set_verify(ctx, o.SSL_VERIFY_NONE, null);
  o.SSL_CTX_set_info_callback(ctx, (ssl, where, ret) => {
    if ((where & o.SSL_CB_ALERT) !== 0) say(ssl, `info ${(where & o.SSL_CB_READ) !== 0 ? 'read' : 'write'} alert ${ret >> 8} ${ret & 255}`);
    else say(ssl, `info ${INFO_WORDS.get(where) ?? 'exit'} ${ret} ${o.SSL_state_string(ssl).trim()}`);
  });
  o.SSL_CTX_set_msg_callback(ctx, (written, version, type, buf, ssl) => {
    if (type === o.SSL3_RT_HEADER || type === o.SSL3_RT_INNER_CONTENT_TYPE) return;
    const what = type === o.SSL3_RT_HANDSHAKE ? ` ${buf[0]}` : type === o.SSL3_RT_ALERT ? ` ${buf[0]} ${buf[1]}` : '';
    say(ssl, `${written === 1 ? 'sent' : 'got'} ${version.toString(16).padStart(4, '0')} ${type}${what}`);
  });
  return ctx;
}

function both(c: o.SSL, s: o.SSL): void {
  let [rc, rs] = [0, 0];
  for (let i = 0; i < 20 && (rc !== 1 || rs !== 1); i++) {
    if (rc !== 1) rc = o.SSL_do_handshake(c);
    if (rc !== 1 && o.SSL_get_error(c, rc) !== o.SSL_ERROR_WANT_READ) return;
    if (rs !== 1) rs = o.SSL_do_handshake(s);
    if (rs === 1 || o.SSL_get_error(s, rs) === o.SSL_ERROR_WANT_READ) continue;
    o.SSL_do_handshake(c);
    return;
  }
}

function connectOnce(cctx: o.SSL_CTX, sctx: o.SSL_CTX, session: o.SSL_SESSION | null, scene: Scene): o.SSL_SESSION | null {
  const [c, s] = [o.SSL_new(cctx) as o.SSL, o.SSL_new(sctx) as o.SSL];
  const [a, b] = o.BIO_new_bio_pair(1 << 16, 1 << 16) as [o.BIO, o.BIO];
  o.SSL_set_bio(c, a, a);
  o.SSL_set_bio(s, b, b);
  o.SSL_set_connect_state(c);
  o.SSL_set_accept_state(s);
  if (scene.clientGroups !== undefined) o.SSL_set1_groups_list(c, scene.clientGroups);
  if (scene.serverGroups !== undefined) o.SSL_set1_groups_list(s, scene.serverGroups);
  if (scene.clientAuth) o.SSL_set_verify(s, o.SSL_VERIFY_PEER, () => 1);
  if (scene.lateAuth) o.SSL_set_post_handshake_auth(c, 1);
  if (session !== null) o.SSL_set_session(c, session);
  const byte = new Uint8Array(1);
  const read = (...turns: readonly o.SSL[]): void => {
    for (const ssl of turns) o.SSL_read(ssl, byte);
  };
  both(c, s);
  if (scene.renegotiate === 'client') {
    o.SSL_renegotiate(c);
    o.SSL_do_handshake(c);
    read(s, c, s, c);
  }
  if (scene.renegotiate === 'server') {
    o.SSL_renegotiate(s);
    o.SSL_do_handshake(s);
    read(c, s, c, s, c);
  }
  if (scene.lateAuth) {
    read(c);
    o.SSL_set_verify(s, o.SSL_VERIFY_PEER, () => 1);
    o.SSL_verify_client_post_handshake(s);
    o.SSL_do_handshake(s);
    read(c, s);
  }
  if (scene.keyUpdate) {
    o.SSL_key_update(c, o.SSL_KEY_UPDATE_REQUESTED);
    o.SSL_do_handshake(c);
    read(s);
    o.SSL_write(s, Uint8Array.of(0x78));
  }
  if (!scene.mismatch) {
    read(c);
    o.SSL_shutdown(c);
    read(s);
    o.SSL_shutdown(s);
    o.SSL_shutdown(c);
  }
  return o.SSL_get1_session(c);
}

/** Our clients send the compatibility record of TLS 1.3 as soon as they have keys, so that an alert has it before it: docs/deviations.md. */
const compared = ({ version }: Scene, heard: readonly string[]): readonly string[] =>
  version < o.TLS1_3_VERSION ? heard : heard.filter((line) => line !== 'sent 0304 20' && line !== 'info loop 1 TWCCS');

const scenes = recorded.scenes.filter(({ name }) => canDecrypt || name !== 'TLS 1.2, RSA key exchange');

describe(`the info and message callbacks hear what they hear in ${recorded.openssl}`, () => {
  it.each(scenes)('$name', ({ name, client, server }) => {
    const scene = SCENES[name] as Scene;
    const heard: Heard = { client: [], server: [] };
    const [cctx, sctx] = [context(o.TLS_client_method(), scene, heard), context(o.TLS_server_method(), scene, heard)];
    o.SSL_CTX_set_session_id_context(sctx, Uint8Array.of(0x78));
    const session = connectOnce(cctx, sctx, null, scene);
    if (scene.resume) {
      heard.client.length = 0;
      heard.server.length = 0;
      connectOnce(cctx, sctx, session, scene);
    }
    expect({ client: compared(scene, heard.client), server: heard.server }).toEqual({ client: compared(scene, client), server });
  });
});
