/** The neighbours of libssl that its programs need: certificates, names, stores, verification parameters, keys. */
import { provider } from '#provider';
import type { HashName } from '../crypto/provider.ts';
import { VERIFY_TEXTS } from '../registry/verify-texts.ts';
import { parseCertificate } from '../x509/certificate.ts';
import { parseIp } from '../x509/ip-address.ts';
import { Name, parseName } from '../x509/name.ts';
import { nameText } from '../x509/name-text.ts';
import { keyMatches, parsePrivateKey } from '../x509/private-key.ts';
import { X509Store } from '../x509/store.ts';
import { X509VerifyParam } from '../x509/verify-params.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { resultName } from './result-names.ts';
import { asInt, done } from './settings.ts';
import type { EVP_PKEY, SSL, X509, X509_CRL, X509_NAME, X509_STORE, X509_STORE_CTX, X509_VERIFY_PARAM } from './types.ts';

// ---- certificates: they hold no secrets and nothing has to be released, so counting their references is a formality

export const d2i_X509 = (der: Uint8Array): X509 | null => attempt('d2i_X509', null, () => parseCertificate(der.slice()));
export const i2d_X509 = (x: X509): Uint8Array => x.der.slice();
export const X509_up_ref = (_x: X509): number => 1;
export const X509_free = (_x: X509 | null): void => undefined;
export const X509_dup = (x: X509): X509 => parseCertificate(x.der);
export const X509_get_subject_name = (x: X509): X509_NAME => x.subject;
export const X509_get_issuer_name = (x: X509): X509_NAME => x.issuer;
/** Big-endian. */
export const X509_get0_serialNumber = (x: X509): Uint8Array => x.serialNumber;
/** Seconds since 1970. */
export const X509_get0_notBefore = (x: X509): number => x.notBefore;
export const X509_get0_notAfter = (x: X509): number => x.notAfter;
export const X509_get_version = (x: X509): number => x.version - 1;
export const X509_cmp = (a: X509, b: X509): number => (a.equals(b) ? 0 : 1);
export const X509_digest = (x: X509, md: HashName): Uint8Array => x.fingerprint(provider, md);
export const X509_check_private_key = (x: X509, pkey: EVP_PKEY): number => asInt(keyMatches(x, pkey));

// ---- names

/** `/C=DE/CN=example`. */
export const X509_NAME_oneline = (name: X509_NAME): string => nameText(name, 'slash');
export const X509_NAME_cmp = (a: X509_NAME, b: X509_NAME): number => (a.matches(b) ? 0 : 1);
export const X509_NAME_dup = ({ raw, rdns }: X509_NAME): X509_NAME => new Name(raw.slice(), rdns);
export const X509_NAME_free = (_name: X509_NAME | null): void => undefined;
export const d2i_X509_NAME = (der: Uint8Array): X509_NAME | null => attempt('d2i_X509_NAME', null, () => parseName(der.slice()));
export const i2d_X509_NAME = (name: X509_NAME): Uint8Array => name.raw.slice();

// ---- private keys

export const d2i_AutoPrivateKey = (der: Uint8Array): EVP_PKEY | null =>
  attempt('d2i_AutoPrivateKey', null, () => provider.importPrivateKey(parsePrivateKey(der.slice())));
/** The kind is found in the key itself. */
export const d2i_PrivateKey = (_type: number, der: Uint8Array): EVP_PKEY | null => d2i_AutoPrivateKey(der);
export const EVP_PKEY_up_ref = (_pkey: EVP_PKEY): number => 1;
export const EVP_PKEY_free = (_pkey: EVP_PKEY | null): void => undefined;
export const EVP_PKEY_id = (pkey: EVP_PKEY): number => KEY_IDS[pkey.publicKey.kind];
export const EVP_PKEY_base_id: (pkey: EVP_PKEY) => number = EVP_PKEY_id;

const KEY_IDS: Readonly<Record<EVP_PKEY['publicKey']['kind'], number>> = {
  rsa: c.EVP_PKEY_RSA,
  'rsa-pss': c.EVP_PKEY_RSA_PSS,
  ec: c.EVP_PKEY_EC,
  ed25519: c.EVP_PKEY_ED25519,
  ed448: c.EVP_PKEY_ED448,
  'ml-dsa-44': c.EVP_PKEY_ML_DSA_44,
  'ml-dsa-65': c.EVP_PKEY_ML_DSA_65,
  'ml-dsa-87': c.EVP_PKEY_ML_DSA_87,
};

export function EVP_PKEY_bits({ publicKey }: EVP_PKEY): number {
  if ('n' in publicKey) return 8 * publicKey.n.length - Math.clz32(publicKey.n[0] ?? 0) + 24;
  if ('curve' in publicKey) return Number(publicKey.curve.slice(2));
  return publicKey.kind === 'ed25519' ? 253 : publicKey.kind === 'ed448' ? 456 : 8 * publicKey.key.length;
}

// ---- stores

export const X509_STORE_new = (): X509_STORE => new X509Store();
export const X509_STORE_up_ref = (store: X509_STORE): number => done(store.upRef());
export const X509_STORE_free = (store: X509_STORE | null): void => store?.free();

export function X509_STORE_add_cert(store: X509_STORE, x: X509): number {
  // OpenSSL takes a certificate twice without complaint since 1.1.1.
  store.add(x);
  return 1;
}

export const X509_STORE_add_crl = (store: X509_STORE, crl: X509_CRL): number => done(store.addCrl(crl));
export const X509_STORE_set_flags = (store: X509_STORE, flags: number): number => done(store.setFlags(flags));
export const X509_STORE_get0_param = (store: X509_STORE): X509_VERIFY_PARAM => store.params;
export const X509_STORE_set1_param = (store: X509_STORE, param: X509_VERIFY_PARAM): number => done(store.params.set1(param));
export const X509_STORE_get0_objects = (store: X509_STORE): X509[] => store.certificates;

// ---- what a verify callback is shown

export const X509_STORE_CTX_get_error = (ctx: X509_STORE_CTX): number => ctx.resultCode;
export function X509_STORE_CTX_set_error(ctx: X509_STORE_CTX, error: number): void {
  ctx.result = resultName(error);
}
export const X509_STORE_CTX_get_error_depth = (ctx: X509_STORE_CTX): number => ctx.depth;
export const X509_STORE_CTX_get_current_cert = (ctx: X509_STORE_CTX): X509 | null => ctx.certificate ?? null;
export const X509_STORE_CTX_get0_current_issuer = (ctx: X509_STORE_CTX): X509 | null => ctx.issuer ?? null;
export const X509_STORE_CTX_get0_current_crl = (ctx: X509_STORE_CTX): X509_CRL | null => ctx.crl ?? null;
export const X509_STORE_CTX_get0_chain = (ctx: X509_STORE_CTX): X509[] => [...ctx.chain];
export const X509_STORE_CTX_get0_cert = (ctx: X509_STORE_CTX): X509 | null => ctx.chain[0] ?? null;
export const X509_STORE_CTX_get0_param = (ctx: X509_STORE_CTX): X509_VERIFY_PARAM => ctx.params;

/** The index under which a verification carries its connection. */
export const SSL_get_ex_data_X509_STORE_CTX_idx = (): number => 0;
export const X509_STORE_CTX_get_ex_data = (ctx: X509_STORE_CTX, index: number): SSL | null =>
  index === SSL_get_ex_data_X509_STORE_CTX_idx() ? ((ctx.connection ?? null) as SSL | null) : null;

export const X509_verify_cert_error_string = (error: number): string => VERIFY_TEXTS[resultName(error)];

// ---- parameters

export const X509_VERIFY_PARAM_new = (): X509_VERIFY_PARAM => new X509VerifyParam();
export const X509_VERIFY_PARAM_free = (_param: X509_VERIFY_PARAM | null): void => undefined;
export const X509_VERIFY_PARAM_inherit = (to: X509_VERIFY_PARAM, from: X509_VERIFY_PARAM): number => done(to.inherit(from));
export const X509_VERIFY_PARAM_set1 = (to: X509_VERIFY_PARAM, from: X509_VERIFY_PARAM): number => done(to.set1(from));
export const X509_VERIFY_PARAM_set1_name = (param: X509_VERIFY_PARAM, name: string): number => done(param.assign({ name }));
export const X509_VERIFY_PARAM_get0_name = (param: X509_VERIFY_PARAM): string | null => param.name ?? null;
export const X509_VERIFY_PARAM_set_flags = (param: X509_VERIFY_PARAM, flags: number): number => done(param.setFlags(flags));
export const X509_VERIFY_PARAM_clear_flags = (param: X509_VERIFY_PARAM, flags: number): number => done(param.clearFlags(flags));
export const X509_VERIFY_PARAM_get_flags = (param: X509_VERIFY_PARAM): number => param.flags;
export const X509_VERIFY_PARAM_set_inh_flags = (param: X509_VERIFY_PARAM, inheritanceFlags: number): number =>
  done(param.assign({ inheritanceFlags }));
export const X509_VERIFY_PARAM_get_inh_flags = (param: X509_VERIFY_PARAM): number => param.inheritanceFlags;
export const X509_VERIFY_PARAM_set_purpose = (param: X509_VERIFY_PARAM, purpose: number): number => asInt(param.setPurpose(purpose));
export const X509_VERIFY_PARAM_set_trust = (param: X509_VERIFY_PARAM, trust: number): number => asInt(param.setTrust(trust));
export const X509_VERIFY_PARAM_set_depth = (param: X509_VERIFY_PARAM, depth: number): void => param.setDepth(depth);
export const X509_VERIFY_PARAM_get_depth = (param: X509_VERIFY_PARAM): number => param.depth;
export const X509_VERIFY_PARAM_set_auth_level = (param: X509_VERIFY_PARAM, level: number): void => param.setAuthLevel(level);
export const X509_VERIFY_PARAM_get_auth_level = (param: X509_VERIFY_PARAM): number => param.authLevel;
export const X509_VERIFY_PARAM_set_time = (param: X509_VERIFY_PARAM, seconds: number): void => param.setTime(seconds);
export const X509_VERIFY_PARAM_get_time = (param: X509_VERIFY_PARAM): number => param.time;
export const X509_VERIFY_PARAM_set1_host = (param: X509_VERIFY_PARAM, name: string | null): number =>
  asInt(param.setHost(name ?? undefined));
export const X509_VERIFY_PARAM_add1_host = (param: X509_VERIFY_PARAM, name: string): number => asInt(param.addHost(name));
export const X509_VERIFY_PARAM_set_hostflags = (param: X509_VERIFY_PARAM, flags: number): void => param.setHostFlags(flags);
export const X509_VERIFY_PARAM_get_hostflags = (param: X509_VERIFY_PARAM): number => param.hostFlags;
export const X509_VERIFY_PARAM_get0_peername = (param: X509_VERIFY_PARAM): string | null => param.peername ?? null;
export const X509_VERIFY_PARAM_set1_email = (param: X509_VERIFY_PARAM, email: string | null): number =>
  asInt(param.setEmail(email ?? undefined));
export const X509_VERIFY_PARAM_set1_ip = (param: X509_VERIFY_PARAM, ip: Uint8Array | null): number => asInt(param.setIp(ip ?? undefined));
export function X509_VERIFY_PARAM_set1_ip_asc(param: X509_VERIFY_PARAM, text: string): number {
  const address = parseIp(text);
  return address === undefined ? 0 : asInt(param.setIp(address));
}
