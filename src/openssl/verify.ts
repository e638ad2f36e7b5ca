/** Verification of the peer: mode, callback, parameters, stores, and what came of it. */
import type { CertVerifyCallback, VerifyCallback } from '../config/callbacks.ts';
import { VERIFY_BY_ROLE } from '../config/settings.ts';
import type { Awaitable } from '../crypto/provider.ts';
import { refuse } from '../registry/fatal.ts';
import { X509_VERIFY_RESULTS } from '../registry/verify-results.ts';
import { parseIp } from '../x509/ip-address.ts';
import { mapped, unwrap, wrap } from './callbacks.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { looksHashed, readDirectory, readFile, systemBundle, systemDirectory } from './files.ts';
import { resultName } from './result-names.ts';
import { asInt, done, type Holder } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX, X509, X509_STORE, X509_STORE_CTX, X509_VERIFY_PARAM } from './types.ts';

/** Answers 1 to go on and 0 to fail, whatever `preverify_ok` was: 0 for a problem, 1 for a good certificate, 2 for policies (NOTIFY_POLICY). A promise of it waits with SSL_ERROR_WANT_RETRY_VERIFY. */
export type SSL_verify_cb = (preverify_ok: number, ctx: X509_STORE_CTX) => number | Promise<number>;

const verifyCallback = (cb: SSL_verify_cb): VerifyCallback =>
  wrap(cb, null, (preverifyOk: boolean, context: X509_STORE_CTX) =>
    mapped(cb(context.policiesProcessed ? 2 : asInt(preverifyOk), context), (answer) => answer > 0),
  );

/** null takes the context's callback away. */
export function SSL_CTX_set_verify(ctx: SSL_CTX, mode: number, cb: SSL_verify_cb | null): void {
  ctx.set('verifyMode', mode & 0xf);
  ctx.set('verifyCallback', cb === null ? undefined : verifyCallback(cb));
}

/** null leaves the connection's callback as it is. */
export function SSL_set_verify(ssl: SSL, mode: number, cb: SSL_verify_cb | null): void {
  ssl.set('verifyMode', mode & 0xf);
  if (cb !== null) ssl.set('verifyCallback', verifyCallback(cb));
}

/** The mode in force: where nobody chose one, clients verify. */
const modeOf = (mode: number, isServer: boolean): number =>
  mode === VERIFY_BY_ROLE ? (isServer ? c.SSL_VERIFY_NONE : c.SSL_VERIFY_PEER) : mode;

export const SSL_CTX_get_verify_mode = (ctx: SSL_CTX): number => modeOf(ctx.get('verifyMode'), ctx.role !== 'client');
export const SSL_get_verify_mode = (ssl: SSL): number => modeOf(alive(ssl).get('verifyMode'), ssl.isServer);
export const SSL_CTX_get_verify_callback = (ctx: SSL_CTX): SSL_verify_cb | null => unwrap(ctx.get('verifyCallback'));
export const SSL_get_verify_callback = (ssl: SSL): SSL_verify_cb | null => unwrap(alive(ssl).get('verifyCallback'));

export const SSL_CTX_set_verify_depth = (ctx: SSL_CTX, depth: number): void => void ctx.set('verifyDepth', Math.max(-1, depth));
export const SSL_CTX_get_verify_depth = (ctx: SSL_CTX): number => ctx.get('verifyDepth');
export const SSL_set_verify_depth = (ssl: SSL, depth: number): void => void ssl.set('verifyDepth', Math.max(-1, depth));
export const SSL_get_verify_depth = (ssl: SSL): number => alive(ssl).get('verifyDepth');

/** 1 to accept the chain in `ctx`, 0 to refuse it. X509_verify_cert(ctx) runs the built-in verification. */
export type cert_verify_cb = (ctx: X509_STORE_CTX, arg: unknown) => number | Promise<number>;

const BUILT_IN: WeakMap<X509_STORE_CTX, () => Awaitable<boolean>> = new WeakMap();

const certVerifyCallback = (cb: cert_verify_cb, arg: unknown): CertVerifyCallback =>
  wrap(cb, arg, (_ssl: SSL, context: X509_STORE_CTX, verify: () => Awaitable<boolean>) => {
    BUILT_IN.set(context, verify);
    return mapped(cb(context, arg), (answer) => answer > 0);
  });

export const SSL_CTX_set_cert_verify_callback = (ctx: SSL_CTX, cb: cert_verify_cb | null, arg: unknown): void =>
  void ctx.set('certVerifyCallback', cb === null ? undefined : certVerifyCallback(cb, arg));

/** Inside that callback: 1 or 0, with the result in `ctx`; a promise of it where look-ups or keys wait. */
export function X509_verify_cert(ctx: X509_STORE_CTX): number | Promise<number> {
  const verify = BUILT_IN.get(ctx);
  return verify === undefined ? -1 : mapped(verify(), asInt);
}

// ---- X509_VERIFY_PARAM

export const SSL_CTX_get0_param = (ctx: SSL_CTX): X509_VERIFY_PARAM => ctx.get('verifyParam');
export const SSL_get0_param = (ssl: SSL): X509_VERIFY_PARAM => alive(ssl).get('verifyParam');
export const SSL_CTX_set1_param = (ctx: SSL_CTX, param: X509_VERIFY_PARAM): number => done(ctx.get('verifyParam').set1(param));
export const SSL_set1_param = (ssl: SSL, param: X509_VERIFY_PARAM): number => done(alive(ssl).get('verifyParam').set1(param));

const setPurpose = (func: string, holder: Holder, purpose: number): number =>
  attempt(func, 0, () => (holder.get('verifyParam').setPurpose(purpose) ? 1 : refuse('BAD_VALUE', `purpose ${purpose}`)));
const setTrust = (func: string, holder: Holder, trust: number): number =>
  attempt(func, 0, () => (holder.get('verifyParam').setTrust(trust) ? 1 : refuse('BAD_VALUE', `trust ${trust}`)));

export const SSL_CTX_set_purpose = (ctx: SSL_CTX, purpose: number): number => setPurpose('SSL_CTX_set_purpose', ctx, purpose);
export const SSL_set_purpose = (ssl: SSL, purpose: number): number => setPurpose('SSL_set_purpose', alive(ssl), purpose);
export const SSL_CTX_set_trust = (ctx: SSL_CTX, trust: number): number => setTrust('SSL_CTX_set_trust', ctx, trust);
export const SSL_set_trust = (ssl: SSL, trust: number): number => setTrust('SSL_set_trust', alive(ssl), trust);

/** An address is checked as an address, as OpenSSL 3 does; null expects no name any more. */
export const SSL_set1_host = (ssl: SSL, hostname: string | null): number => {
  const param = alive(ssl).get('verifyParam');
  const address = hostname === null ? undefined : parseIp(hostname);
  return asInt(address === undefined ? param.setHost(hostname ?? undefined) : param.setIp(address));
};
export const SSL_add1_host = (ssl: SSL, hostname: string): number => asInt(alive(ssl).get('verifyParam').addHost(hostname));
export const SSL_set_hostflags = (ssl: SSL, flags: number): void => alive(ssl).get('verifyParam').setHostFlags(flags);
/** The name in the certificate that was accepted. */
export const SSL_get0_peername = (ssl: SSL): string | null => alive(ssl).connection?.peerName ?? null;

// ---- stores

/** Takes the caller's reference; the store before loses one. */
export function SSL_CTX_set_cert_store(ctx: SSL_CTX, store: X509_STORE): void {
  const before = ctx.get('certStore');
  ctx.set('certStore', store);
  if (before !== store) before.free();
}

/** Takes a reference of its own. */
export const SSL_CTX_set1_cert_store = (ctx: SSL_CTX, store: X509_STORE): void => SSL_CTX_set_cert_store(ctx, store.upRef());
export const SSL_CTX_get_cert_store = (ctx: SSL_CTX): X509_STORE => ctx.get('certStore');

const setVerifyStore = (holder: Holder, store: X509_STORE | null): number => {
  holder.set('verifyStore', store ?? undefined);
  return 1;
};

export const SSL_CTX_set0_verify_cert_store = (ctx: SSL_CTX, store: X509_STORE | null): number => setVerifyStore(ctx, store);
export const SSL_CTX_set1_verify_cert_store = (ctx: SSL_CTX, store: X509_STORE | null): number =>
  setVerifyStore(ctx, store?.upRef() ?? null);
export const SSL_set0_verify_cert_store = (ssl: SSL, store: X509_STORE | null): number => setVerifyStore(ssl, store);
export const SSL_set1_verify_cert_store = (ssl: SSL, store: X509_STORE | null): number => setVerifyStore(ssl, store?.upRef() ?? null);

/** A PEM bundle, a directory of hashed names, or both; they are read at once. */
export function SSL_CTX_load_verify_locations(ctx: SSL_CTX, file: string | null, directory: string | null): number {
  const func = 'SSL_CTX_load_verify_locations';
  if (file === null && directory === null) return 0;
  return asInt((file === null || trustFile(func, ctx, file)) && (directory === null || trustDirectory(func, ctx, directory)));
}

function trustFile(func: string, ctx: SSL_CTX, file: string): boolean {
  const bytes = readFile(func, file);
  return bytes !== null && attempt(func, false, () => ctx.trust(bytes) === ctx);
}

function trustDirectory(func: string, ctx: SSL_CTX, directory: string): boolean {
  const names = readDirectory(func, directory);
  return names?.filter(looksHashed).every((name) => trustFile(func, ctx, `${directory}/${name}`)) ?? false;
}

/** The system's certificates, where the runtime has files; that there are none is no failure. */
export function SSL_CTX_set_default_verify_paths(ctx: SSL_CTX): number {
  SSL_CTX_set_default_verify_file(ctx);
  return SSL_CTX_set_default_verify_dir(ctx);
}

export function SSL_CTX_set_default_verify_file(ctx: SSL_CTX): number {
  const file = systemBundle();
  const bytes = file === undefined ? null : readFile('SSL_CTX_set_default_verify_file', file);
  // A system's bundle is long and mostly not needed: it is parsed at the first look-up.
  if (bytes !== null) ctx.get('certStore').addPem(bytes);
  return 1;
}

export function SSL_CTX_set_default_verify_dir(ctx: SSL_CTX): number {
  const directory = systemDirectory();
  if (directory !== undefined) trustDirectory('SSL_CTX_set_default_verify_dir', ctx, directory);
  return 1;
}

// ---- what came of it

export const SSL_get_verify_result = (ssl: SSL): number => X509_VERIFY_RESULTS[alive(ssl).connection?.verifyResult ?? 'OK'];

export function SSL_set_verify_result(ssl: SSL, result: number): void {
  const { connection } = alive(ssl);
  if (connection !== undefined) connection.verifyResult = resultName(result);
}

/** null where the peer showed none. */
export const SSL_get_peer_certificate = (ssl: SSL): X509 | null => alive(ssl).connection?.peerChain[0] ?? null;

/** What the peer sent: on a server without its own certificate, as in C. */
export const SSL_get_peer_cert_chain = (ssl: SSL): X509[] | null => {
  const chain = alive(ssl).connection?.peerChain ?? [];
  if (chain.length === 0) return null;
  return ssl.isServer ? chain.slice(1) : [...chain];
};

/** The chain that was built, the trust anchor last. */
export const SSL_get0_verified_chain = (ssl: SSL): X509[] | null => {
  const chain = alive(ssl).connection?.verifiedChain ?? [];
  return chain.length === 0 ? null : [...chain];
};
