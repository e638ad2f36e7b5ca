/** Credentials in an ordered list, by BoringSSL's names: the first that suits the peer is used, before those in the slots of SSL_use_certificate(3). */
import type { Credential, ExternalPsk } from '../config/credentials.ts';
import { checkExternal } from '../handshake/common/psk.ts';
import { refuse } from '../registry/fatal.ts';
import type { CredentialOptions } from '../ssl/credentials.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import { attempt } from './errors.ts';
import { asInt, type Holder } from './settings.ts';
import { alive } from './state.ts';
import type { EVP_PKEY, SSL, SSL_CTX, X509 } from './types.ts';

/** Filled in by the functions below; what was added to a list is not changed by them any more. */
export class SSL_CREDENTIAL {
  referenceCount = 1;
  readonly psk: ExternalPsk | undefined;
  parts: Partial<CredentialOptions>;

  constructor(parts: Partial<CredentialOptions>, psk?: ExternalPsk) {
    this.parts = parts;
    this.psk = psk;
  }
}

export const SSL_CREDENTIAL_new_x509 = (): SSL_CREDENTIAL => new SSL_CREDENTIAL({ shows: 'x509' });

/** Its public half is what peers see that take raw public keys (RFC 7250). */
export const SSL_CREDENTIAL_new_raw_public_key = (pkey: EVP_PKEY): SSL_CREDENTIAL => new SSL_CREDENTIAL({ shows: 'rpk', key: pkey });

/** A certificate, and a key that it vouches for (RFC 9345). */
export const SSL_CREDENTIAL_new_delegated = (): SSL_CREDENTIAL =>
  new SSL_CREDENTIAL({ shows: 'x509', delegatedCredential: new Uint8Array() });

/** A key for TLS 1.3, imported by RFC 9258. `md`: the hash it belongs to. Null for a key or an identity of a length that is refused. */
export const SSL_CREDENTIAL_new_pre_shared_key = (
  key: Uint8Array,
  id: Uint8Array,
  md: 'sha256' | 'sha384',
  context: Uint8Array,
): SSL_CREDENTIAL | null =>
  attempt('SSL_CREDENTIAL_new_pre_shared_key', null, () => {
    const psk = checkExternal({ key: key.slice(), identity: id.slice(), hash: md, importContext: context.slice() });
    return new SSL_CREDENTIAL({}, psk);
  });

/** Null for a credential of another kind. */
export const SSL_CREDENTIAL_get0_pre_shared_key_id = (cred: SSL_CREDENTIAL): Uint8Array | null => alive(cred).psk?.identity ?? null;

export const SSL_CREDENTIAL_up_ref = (cred: SSL_CREDENTIAL): void => void alive(cred).referenceCount++;
export const SSL_CREDENTIAL_free = (cred: SSL_CREDENTIAL | null): void => void (cred && alive(cred).referenceCount--);

/** Whether it can be added to a list. */
export const SSL_CREDENTIAL_is_complete = (cred: SSL_CREDENTIAL): number =>
  asInt(alive(cred).psk !== undefined || optionsOf(cred) !== undefined);

function optionsOf({ parts }: SSL_CREDENTIAL): CredentialOptions | undefined {
  const { key, cert, shows } = parts;
  return key === undefined || (shows === 'x509' && cert === undefined) ? undefined : { ...parts, key };
}

/** Sets parts of a credential that has certificates or a raw public key. */
const fill = (func: string, cred: SSL_CREDENTIAL, parts: () => Partial<CredentialOptions>): number =>
  attempt(func, 0, () => {
    if (alive(cred).psk !== undefined) refuse('UNKNOWN_CERTIFICATE_TYPE', 'a pre-shared key');
    cred.parts = { ...cred.parts, ...parts() };
    return 1;
  });

export const SSL_CREDENTIAL_set1_private_key = (cred: SSL_CREDENTIAL, key: EVP_PKEY): number =>
  fill('SSL_CREDENTIAL_set1_private_key', cred, () => ({ key }));

/** The structure of RFC 9345, 4. */
export const SSL_CREDENTIAL_set1_delegated_credential = (cred: SSL_CREDENTIAL, dc: Uint8Array): number =>
  fill('SSL_CREDENTIAL_set1_delegated_credential', cred, () => {
    if (cred.parts.delegatedCredential === undefined) refuse('UNKNOWN_CERTIFICATE_TYPE', 'not a delegated credential');
    return { delegatedCredential: dc.slice() };
  });

/** Leaf first. */
export const SSL_CREDENTIAL_set1_cert_chain = (cred: SSL_CREDENTIAL, certs: readonly (X509 | Uint8Array)[]): number =>
  fill('SSL_CREDENTIAL_set1_cert_chain', cred, () => {
    if (cred.parts.shows !== 'x509') refuse('UNKNOWN_CERTIFICATE_TYPE', 'a raw public key');
    const cert = certs.map((one): Certificate => (one instanceof Uint8Array ? parseCertificate(one.slice()) : one));
    return { cert };
  });

export const SSL_CREDENTIAL_set1_signing_algorithm_prefs = (cred: SSL_CREDENTIAL, prefs: readonly number[]): number =>
  fill('SSL_CREDENTIAL_set1_signing_algorithm_prefs', cred, () => ({ sigalgs: [...prefs] }));
export const SSL_CREDENTIAL_set1_ocsp_response = (cred: SSL_CREDENTIAL, ocsp: Uint8Array): number =>
  fill('SSL_CREDENTIAL_set1_ocsp_response', cred, () => ({ ocspResponse: ocsp.slice() }));
export const SSL_CREDENTIAL_set1_signed_cert_timestamp_list = (cred: SSL_CREDENTIAL, sct_list: Uint8Array): number =>
  fill('SSL_CREDENTIAL_set1_signed_cert_timestamp_list', cred, () => ({ signedCertificateTimestamps: sct_list.slice() }));
/** The credential is for peers alone that name one of its chain's issuers. */
export const SSL_CREDENTIAL_set_must_match_issuer = (cred: SSL_CREDENTIAL, match: number): void =>
  void fill('SSL_CREDENTIAL_set_must_match_issuer', cred, () => ({ mustMatchIssuer: match !== 0 }));

// ---- lists

interface Owner extends Holder {
  addCredential(credential: CredentialOptions | ExternalPsk): unknown;
}

/** Which handle a credential of a list came from. */
const HANDLES: WeakMap<Credential | ExternalPsk, SSL_CREDENTIAL> = new WeakMap();

/** Adds it behind those that are there. 0 for one that is not complete, or whose key is not the certificate's. */
const add = (func: string, owner: Owner, cred: SSL_CREDENTIAL): number =>
  attempt(func, 0, () => {
    owner.addCredential(alive(cred).psk ?? optionsOf(cred) ?? refuse('NO_CERTIFICATE_SET', 'the credential is not complete'));
    const added = owner.get('credentials').list.at(-1);
    if (added !== undefined) HANDLES.set(added, cred);
    return 1;
  });

export const SSL_CTX_add1_credential = (ctx: SSL_CTX, cred: SSL_CREDENTIAL): number => add('SSL_CTX_add1_credential', ctx, cred);
export const SSL_add1_credential = (ssl: SSL, cred: SSL_CREDENTIAL): number => add('SSL_add1_credential', ssl, cred);

/** What this side authenticated with; null where that was nothing, or not out of the list. */
export function SSL_get0_selected_credential(ssl: SSL): SSL_CREDENTIAL | null {
  const { selectedCredential } = alive(ssl);
  return (selectedCredential && HANDLES.get(selectedCredential)) ?? null;
}
