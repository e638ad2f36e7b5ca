/** Certificates, private keys and chains of a context or a connection: one slot for each kind of key. */
import { provider } from '#provider';
import type { CertCallback, ClientCertCallback, PasswordCallback } from '../config/callbacks.ts';
import { type Credential, Credentials } from '../config/credentials.ts';
import { issuersOf } from '../handshake/common/chain.ts';
import { refuse, SslError } from '../registry/fatal.ts';
import type { CertificateSource, KeySource } from '../ssl/credentials.ts';
import { parseCertificate, parseCertificates } from '../x509/certificate.ts';
import { keyMatches, parsePrivateKey } from '../x509/private-key.ts';
import { X509Store } from '../x509/store.ts';
import { mapped, unwrap, wrap } from './callbacks.ts';
import * as c from './constants.ts';
import { ERR_clear_error } from './err.ts';
import { attempt, pushError } from './errors.ts';
import { checkFileType, readFile } from './files.ts';
import { passwordOf, type pem_password_cb } from './password.ts';
import { done, type Holder, putQuietly } from './settings.ts';
import { alive } from './state.ts';
import type { EVP_PKEY, SSL, SSL_CTX, X509, X509_STORE } from './types.ts';

interface Owner extends Holder {
  useCertificate(chain: CertificateSource): unknown;
  usePrivateKey(key: KeySource): unknown;
}

const slots = (owner: Holder): Credentials => owner.get('credentials');
const selected = (owner: Holder): Credential | undefined => slots(owner).selected;

const run = (func: string, work: () => unknown): number =>
  attempt(func, 0, () => {
    work();
    return 1;
  });

// ---- certificates. One that does not belong to the key in its slot drops that key

const useCertificate = (func: string, owner: Owner, x: X509 | null): number =>
  run(func, () => {
    const leaf = x ?? refuse('PASSED_NULL_PARAMETER');
    owner.set(
      'credentials',
      slots(owner).withCertificate(leaf, (key) => keyMatches(leaf, key)),
    );
  });

export const SSL_CTX_use_certificate = (ctx: SSL_CTX, x: X509 | null): number => useCertificate('SSL_CTX_use_certificate', ctx, x);
export const SSL_use_certificate = (ssl: SSL, x: X509 | null): number => useCertificate('SSL_use_certificate', ssl, x);

const useCertificateBytes = (func: string, owner: Owner, der: Uint8Array): number =>
  attempt(func, 0, () => useCertificate(func, owner, parseCertificate(der.slice())));

export const SSL_CTX_use_certificate_ASN1 = (ctx: SSL_CTX, der: Uint8Array): number =>
  useCertificateBytes('SSL_CTX_use_certificate_ASN1', ctx, der);
export const SSL_use_certificate_ASN1 = (ssl: SSL, der: Uint8Array): number => useCertificateBytes('SSL_use_certificate_ASN1', ssl, der);

/** The first certificate of a file. */
const useCertificateFile = (func: string, owner: Owner, file: string, type: number): number =>
  attempt(func, 0, () => {
    const bytes = readFile(func, file);
    if (bytes === null) return 0;
    const [leaf] = parseCertificates(checkFileType(bytes, type));
    return useCertificate(func, owner, leaf ?? refuse('NO_CERTIFICATE_SET', file));
  });

export const SSL_CTX_use_certificate_file = (ctx: SSL_CTX, file: string, type: number): number =>
  useCertificateFile('SSL_CTX_use_certificate_file', ctx, file, type);
export const SSL_use_certificate_file = (ssl: SSL, file: string, type: number): number =>
  useCertificateFile('SSL_use_certificate_file', ssl, file, type);

/** A PEM file: the leaf, then its issuers. The queue is empty after success. */
const useChainFile = (func: string, owner: Owner, file: string): number => {
  ERR_clear_error();
  return attempt(func, 0, () => {
    const bytes = readFile(func, file);
    if (bytes === null) return 0;
    owner.useCertificate(parseCertificates(checkFileType(bytes, c.SSL_FILETYPE_PEM)));
    return 1;
  });
};

export const SSL_CTX_use_certificate_chain_file = (ctx: SSL_CTX, file: string): number =>
  useChainFile('SSL_CTX_use_certificate_chain_file', ctx, file);
export const SSL_use_certificate_chain_file = (ssl: SSL, file: string): number => useChainFile('SSL_use_certificate_chain_file', ssl, file);

// ---- private keys. One that does not belong to the certificate in its slot is refused

const useKey = (func: string, owner: Owner, pkey: EVP_PKEY | null): number =>
  attempt(func, 0, () => {
    const key = pkey ?? refuse('PASSED_NULL_PARAMETER');
    try {
      owner.usePrivateKey(key);
      return 1;
    } catch (error) {
      if (!(error instanceof SslError) || error.reason !== 'BAD_VALUE') throw error;
      pushError(c.ERR_LIB_X509, func, c.X509_R_KEY_VALUES_MISMATCH);
      return 0;
    }
  });

export const SSL_CTX_use_PrivateKey = (ctx: SSL_CTX, pkey: EVP_PKEY | null): number => useKey('SSL_CTX_use_PrivateKey', ctx, pkey);
export const SSL_use_PrivateKey = (ssl: SSL, pkey: EVP_PKEY | null): number => useKey('SSL_use_PrivateKey', ssl, pkey);

const importKey = (owner: Holder, bytes: Uint8Array): EVP_PKEY => {
  const callback = owner.get('defaultPasswordCallback');
  const ask =
    callback &&
    ((): Uint8Array => passwordOf(null, callback(false, owner.get('defaultPasswordUserdata'))) ?? refuse('BAD_DATA', 'no password'));
  return provider.importPrivateKey(parsePrivateKey(bytes, ask, provider));
};

const useKeyBytes = (func: string, owner: Owner, der: Uint8Array): number =>
  attempt(func, 0, () => useKey(func, owner, importKey(owner, der.slice())));

/** The kind of key is found in the key itself. */
export const SSL_CTX_use_PrivateKey_ASN1 = (_type: number, ctx: SSL_CTX, der: Uint8Array): number =>
  useKeyBytes('SSL_CTX_use_PrivateKey_ASN1', ctx, der);
export const SSL_use_PrivateKey_ASN1 = (_type: number, ssl: SSL, der: Uint8Array): number =>
  useKeyBytes('SSL_use_PrivateKey_ASN1', ssl, der);

/** An encrypted file asks the default password callback. */
const useKeyFile = (func: string, owner: Owner, file: string, type: number): number =>
  attempt(func, 0, () => {
    const bytes = readFile(func, file);
    return bytes === null ? 0 : useKey(func, owner, importKey(owner, checkFileType(bytes, type)));
  });

export const SSL_CTX_use_PrivateKey_file = (ctx: SSL_CTX, file: string, type: number): number =>
  useKeyFile('SSL_CTX_use_PrivateKey_file', ctx, file, type);
export const SSL_use_PrivateKey_file = (ssl: SSL, file: string, type: number): number =>
  useKeyFile('SSL_use_PrivateKey_file', ssl, file, type);
export const SSL_CTX_use_RSAPrivateKey = (ctx: SSL_CTX, rsa: EVP_PKEY | null): number => useKey('SSL_CTX_use_RSAPrivateKey', ctx, rsa);
export const SSL_use_RSAPrivateKey = (ssl: SSL, rsa: EVP_PKEY | null): number => useKey('SSL_use_RSAPrivateKey', ssl, rsa);
export const SSL_CTX_use_RSAPrivateKey_ASN1 = (ctx: SSL_CTX, der: Uint8Array): number =>
  useKeyBytes('SSL_CTX_use_RSAPrivateKey_ASN1', ctx, der);
export const SSL_use_RSAPrivateKey_ASN1 = (ssl: SSL, der: Uint8Array): number => useKeyBytes('SSL_use_RSAPrivateKey_ASN1', ssl, der);
export const SSL_CTX_use_RSAPrivateKey_file = (ctx: SSL_CTX, file: string, type: number): number =>
  useKeyFile('SSL_CTX_use_RSAPrivateKey_file', ctx, file, type);
export const SSL_use_RSAPrivateKey_file = (ssl: SSL, file: string, type: number): number =>
  useKeyFile('SSL_use_RSAPrivateKey_file', ssl, file, type);

/** Certificate, key and chain in one step. Without `override` a slot that is taken stays as it is (0). */
const useBoth = (func: string, owner: Owner, x: X509, pkey: EVP_PKEY, chain: readonly X509[] | null, override: number): number =>
  run(func, () => {
    if (!keyMatches(x, pkey)) refuse('PRIVATE_KEY_MISMATCH');
    const { kind } = pkey.publicKey;
    const before = slots(owner).get(kind);
    if (override === 0 && before !== undefined) refuse('NOT_REPLACING_CERTIFICATE');
    owner.set('credentials', slots(owner).with(kind, { ...before, chain: [x, ...(chain ?? [])], key: pkey }));
  });

export const SSL_CTX_use_cert_and_key = (ctx: SSL_CTX, x: X509, pkey: EVP_PKEY, chain: readonly X509[] | null, override: number): number =>
  useBoth('SSL_CTX_use_cert_and_key', ctx, x, pkey, chain, override);
export const SSL_use_cert_and_key = (ssl: SSL, x: X509, pkey: EVP_PKEY, chain: readonly X509[] | null, override: number): number =>
  useBoth('SSL_use_cert_and_key', ssl, x, pkey, chain, override);

/** Whether the current certificate and key are there; that they belong together was checked when the second came. */
const checkKey = (func: string, owner: Holder): number =>
  run(func, () => {
    const current = selected(owner);
    if (current?.chain[0] === undefined) refuse('NO_CERTIFICATE_ASSIGNED');
    if (current?.key === undefined) refuse('NO_PRIVATE_KEY_ASSIGNED');
  });

export const SSL_CTX_check_private_key = (ctx: SSL_CTX): number => checkKey('SSL_CTX_check_private_key', ctx);
export const SSL_check_private_key = (ssl: SSL): number => checkKey('SSL_check_private_key', alive(ssl));

export const SSL_CTX_get0_certificate = (ctx: SSL_CTX): X509 | null => selected(ctx)?.chain[0] ?? null;
export const SSL_CTX_get0_privatekey = (ctx: SSL_CTX): EVP_PKEY | null => selected(ctx)?.key ?? null;
/** Our certificate: the one that was shown, before that the current one. */
export const SSL_get_certificate = (ssl: SSL): X509 | null => alive(ssl).connection?.ownCredential?.leaf ?? selected(ssl)?.chain[0] ?? null;
export const SSL_get_privatekey = (ssl: SSL): EVP_PKEY | null => alive(ssl).connection?.ownCredential?.key ?? selected(ssl)?.key ?? null;

/** Drops every certificate and key of the connection. */
export const SSL_certs_clear = (ssl: SSL): void => void ssl.set('credentials', Credentials.none);

// ---- which slot is current

const setCurrent = (owner: Holder, op: number): number => {
  const { kinds, current } = slots(owner);
  const filled = kinds.filter((kind) => {
    const { chain = [], key } = slots(owner).get(kind) ?? {};
    return chain.length > 0 && key !== undefined;
  });
  const at = { [c.SSL_CERT_SET_FIRST]: 0, [c.SSL_CERT_SET_NEXT]: 1 + (current === undefined ? -1 : filled.indexOf(current)) }[op];
  const next = at === undefined ? undefined : filled[at];
  if (next === undefined) return 0;
  owner.set('credentials', slots(owner).select(next));
  return 1;
};

const selectCurrent = (owner: Holder, x: X509 | null): number => {
  const kind = x === null ? undefined : slots(owner).kinds.find((one) => slots(owner).get(one)?.chain[0]?.equals(x) === true);
  if (kind === undefined) return 0;
  owner.set('credentials', slots(owner).select(kind));
  return 1;
};

/** SSL_CERT_SET_FIRST or SSL_CERT_SET_NEXT: 0 where there is no such certificate. On a server SSL_CERT_SET_SERVER takes the one in use. */
export const SSL_CTX_set_current_cert = (ctx: SSL_CTX, op: number): number => setCurrent(ctx, op);
export const SSL_set_current_cert = (ssl: SSL, op: number): number =>
  op === c.SSL_CERT_SET_SERVER ? selectCurrent(ssl, alive(ssl).connection?.ownCredential?.leaf ?? null) : setCurrent(ssl, op);
export const SSL_CTX_select_current_cert = (ctx: SSL_CTX, x: X509 | null): number => selectCurrent(ctx, x);
export const SSL_select_current_cert = (ssl: SSL, x: X509 | null): number => selectCurrent(ssl, x);

// ---- the chain behind the current certificate

const setChain = (func: string, owner: Holder, chain: readonly X509[] | null): number =>
  run(func, () => {
    const { current } = slots(owner);
    const before = selected(owner);
    const leaf = before?.chain[0];
    if (current === undefined || before === undefined || leaf === undefined) return refuse('NO_CERTIFICATE_ASSIGNED');
    return owner.set('credentials', slots(owner).with(current, { ...before, chain: [leaf, ...(chain ?? [])] }));
  });

const chainOf = (owner: Holder): X509[] => selected(owner)?.chain.slice(1) ?? [];

/** Replaces the chain; null empties it. Of set0 and set1 neither has references to count. */
export const SSL_CTX_set0_chain = (ctx: SSL_CTX, chain: readonly X509[] | null): number => setChain('SSL_CTX_set0_chain', ctx, chain);
export const SSL_CTX_set1_chain = (ctx: SSL_CTX, chain: readonly X509[] | null): number => setChain('SSL_CTX_set1_chain', ctx, chain);
export const SSL_set0_chain = (ssl: SSL, chain: readonly X509[] | null): number => setChain('SSL_set0_chain', ssl, chain);
export const SSL_set1_chain = (ssl: SSL, chain: readonly X509[] | null): number => setChain('SSL_set1_chain', ssl, chain);
export const SSL_CTX_add0_chain_cert = (ctx: SSL_CTX, x: X509): number => setChain('SSL_CTX_add0_chain_cert', ctx, [...chainOf(ctx), x]);
export const SSL_CTX_add1_chain_cert = (ctx: SSL_CTX, x: X509): number => setChain('SSL_CTX_add1_chain_cert', ctx, [...chainOf(ctx), x]);
export const SSL_add0_chain_cert = (ssl: SSL, x: X509): number => setChain('SSL_add0_chain_cert', ssl, [...chainOf(ssl), x]);
export const SSL_add1_chain_cert = (ssl: SSL, x: X509): number => setChain('SSL_add1_chain_cert', ssl, [...chainOf(ssl), x]);
export const SSL_CTX_clear_chain_certs = (ctx: SSL_CTX): number => setChain('SSL_CTX_clear_chain_certs', ctx, null);
export const SSL_clear_chain_certs = (ssl: SSL): number => setChain('SSL_clear_chain_certs', ssl, null);
export const SSL_CTX_get0_chain_certs = (ctx: SSL_CTX): X509[] => chainOf(ctx);
export const SSL_get0_chain_certs = (ssl: SSL): X509[] => chainOf(alive(ssl));

// ---- certificates that go behind a leaf without a chain of its own; they stay on the context

export const SSL_CTX_add_extra_chain_cert = (ctx: SSL_CTX, x: X509): number => done(ctx.set('extraChain', [...ctx.get('extraChain'), x]));
export const SSL_CTX_clear_extra_chain_certs = (ctx: SSL_CTX): number => done(ctx.set('extraChain', []));
/** They, or where there are none the chain of the current certificate. */
export const SSL_CTX_get_extra_chain_certs = (ctx: SSL_CTX): X509[] => {
  const extra = ctx.get('extraChain');
  return extra.length > 0 ? [...extra] : chainOf(ctx);
};
export const SSL_CTX_get_extra_chain_certs_only = (ctx: SSL_CTX): X509[] => [...ctx.get('extraChain')];

// ---- chains out of a store

const setChainStore = (holder: Holder, store: X509_STORE | null): number => done(holder.set('chainStore', store ?? undefined));

export const SSL_CTX_set0_chain_cert_store = (ctx: SSL_CTX, store: X509_STORE | null): number => setChainStore(ctx, store);
export const SSL_CTX_set1_chain_cert_store = (ctx: SSL_CTX, store: X509_STORE | null): number => setChainStore(ctx, store?.upRef() ?? null);
export const SSL_set0_chain_cert_store = (ssl: SSL, store: X509_STORE | null): number => setChainStore(ssl, store);
export const SSL_set1_chain_cert_store = (ssl: SSL, store: X509_STORE | null): number => setChainStore(ssl, store?.upRef() ?? null);

/**
 * Builds the chain of the current certificate: 1; 0 where an issuer is missing; 2 where that was to be ignored. Issuers come from the
 * chain store or the trust store, with SSL_BUILD_CHAIN_FLAG_UNTRUSTED from the chain that is there, with _CHECK from nowhere else.
 * The root, which a peer has or does not trust, is left out.
 */
const buildChain = (func: string, owner: Holder, flags: number): number =>
  attempt(func, 0, () => {
    const [leaf, ...present] = selected(owner)?.chain ?? [];
    if (leaf === undefined) return refuse('NO_CERTIFICATE_SET');
    const store = (flags & c.SSL_BUILD_CHAIN_FLAG_CHECK) === 0 ? (owner.get('chainStore') ?? owner.get('certStore')) : new X509Store();
    const source = new X509Store();
    const known = (flags & (c.SSL_BUILD_CHAIN_FLAG_UNTRUSTED | c.SSL_BUILD_CHAIN_FLAG_CHECK)) === 0 ? [] : present;
    for (const certificate of [...known, ...store.certificates]) source.add(certificate);
    const issuers = issuersOf(leaf, source);
    const last = issuers.at(-1) ?? leaf;
    const complete = last.selfIssued || source.withSubject(last.issuer).length > 0;
    if (!complete && (flags & c.SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR) === 0) refuse('CERTIFICATE_VERIFY_FAILED', 'an issuer is missing');
    setChain(func, owner, issuers);
    return complete ? 1 : 2;
  });

export const SSL_CTX_build_cert_chain = (ctx: SSL_CTX, flags: number): number => buildChain('SSL_CTX_build_cert_chain', ctx, flags);
export const SSL_build_cert_chain = (ssl: SSL, flags: number): number => buildChain('SSL_build_cert_chain', alive(ssl), flags);

/** Sets and clears SSL_CERT_FLAG_* bits; both answer the mask. */
const certFlags = (owner: Holder, change: (flags: number) => number): number => {
  owner.set('certFlags', change(owner.get('certFlags')));
  return owner.get('certFlags');
};

export const SSL_CTX_set_cert_flags = (ctx: SSL_CTX, flags: number): number => certFlags(ctx, (before) => before | flags);
export const SSL_CTX_clear_cert_flags = (ctx: SSL_CTX, flags: number): number => certFlags(ctx, (before) => before & ~flags);
export const SSL_set_cert_flags = (ssl: SSL, flags: number): number => certFlags(alive(ssl), (before) => before | flags);
export const SSL_clear_cert_flags = (ssl: SSL, flags: number): number => certFlags(alive(ssl), (before) => before & ~flags);

// ---- callbacks

/** 1: go on; 0: fail; -1: stop with SSL_ERROR_WANT_X509_LOOKUP and ask again. A promise of it waits with SSL_ERROR_WANT_ASYNC. */
export type SSL_cert_cb = (ssl: SSL, arg: unknown) => number | Promise<number>;

const certCallback = (cb: SSL_cert_cb | null, arg: unknown): CertCallback | undefined =>
  cb === null ? undefined : wrap(cb, arg, (ssl: SSL) => mapped(cb(ssl, arg), (answer) => (answer < 0 ? 'retry' : answer > 0)));

export const SSL_CTX_set_cert_cb = (ctx: SSL_CTX, cb: SSL_cert_cb | null, arg: unknown): void =>
  void ctx.set('certCallback', certCallback(cb, arg));
export const SSL_set_cert_cb = (ssl: SSL, cb: SSL_cert_cb | null, arg: unknown): void =>
  void ssl.set('certCallback', certCallback(cb, arg));

/** The certificate and its key; 0: none; -1: ask again later. */
export type SSL_client_cert_cb = (ssl: SSL) => ClientCertificate | Promise<ClientCertificate>;
export type ClientCertificate = readonly [X509, EVP_PKEY] | 0 | -1;

export const SSL_CTX_set_client_cert_cb = (ctx: SSL_CTX, cb: SSL_client_cert_cb | null): void =>
  void ctx.set('clientCertCallback', cb === null ? undefined : clientCertCallback(cb));

const clientCertCallback = (cb: SSL_client_cert_cb): ClientCertCallback =>
  wrap(cb, null, (ssl: SSL) =>
    mapped(cb(ssl), (answer) => {
      if (answer === -1) return 'retry' as const;
      return answer === 0 ? undefined : { chain: [answer[0]], key: answer[1] };
    }),
  );

export const SSL_CTX_get_client_cert_cb = (ctx: SSL_CTX): SSL_client_cert_cb | null => unwrap(ctx.get('clientCertCallback'));

// ---- passwords of encrypted keys

const passwordCallback = (cb: pem_password_cb | null): PasswordCallback | undefined =>
  cb === null
    ? undefined
    : wrap(cb, null, (_writing: boolean, userdata: unknown) => passwordOf(cb, userdata) ?? refuse('BAD_DATA', 'no password'));

export const SSL_CTX_set_default_passwd_cb = (ctx: SSL_CTX, cb: pem_password_cb | null): void =>
  void ctx.set('defaultPasswordCallback', passwordCallback(cb));
export const SSL_CTX_get_default_passwd_cb = (ctx: SSL_CTX): pem_password_cb | null => unwrap(ctx.get('defaultPasswordCallback'));
export const SSL_CTX_set_default_passwd_cb_userdata = (ctx: SSL_CTX, u: unknown): void => void ctx.set('defaultPasswordUserdata', u);
export const SSL_CTX_get_default_passwd_cb_userdata = (ctx: SSL_CTX): unknown => ctx.get('defaultPasswordUserdata') ?? null;
export const SSL_set_default_passwd_cb = (ssl: SSL, cb: pem_password_cb | null): void =>
  void ssl.set('defaultPasswordCallback', passwordCallback(cb));
export const SSL_get_default_passwd_cb = (ssl: SSL): pem_password_cb | null => unwrap(alive(ssl).get('defaultPasswordCallback'));
export const SSL_set_default_passwd_cb_userdata = (ssl: SSL, u: unknown): void => void ssl.set('defaultPasswordUserdata', u);
export const SSL_get_default_passwd_cb_userdata = (ssl: SSL): unknown => alive(ssl).get('defaultPasswordUserdata') ?? null;

/** In a certificate callback: CERT_PKEY_* of a certificate, its key and its issuers, as the peer would judge them. */
export const SSL_check_chain = (ssl: SSL, x: X509, pkey: EVP_PKEY, chain: readonly X509[] | null): number =>
  alive(ssl).checkChain(x, pkey, chain ?? []);

// ---- the types a TLS 1.2 server asks for

export const SSL_CTX_set1_client_certificate_types = (ctx: SSL_CTX, types: Uint8Array | null): number =>
  putQuietly(ctx, 'clientCertificateTypes', types ?? undefined);
/** Only on a server (0). */
export const SSL_set1_client_certificate_types = (ssl: SSL, types: Uint8Array | null): number =>
  alive(ssl).isServer ? putQuietly(ssl, 'clientCertificateTypes', types ?? undefined) : 0;
/** On a client, what the server asked for; on a server, what was set. */
export const SSL_get0_certificate_types = (ssl: SSL): Uint8Array =>
  (alive(ssl).isServer ? ssl.get('clientCertificateTypes') : ssl.connection?.peerCertificateTypes) ?? new Uint8Array(0);
