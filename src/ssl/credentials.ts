/** Certificates, keys and trust anchors from PEM or DER, as contexts and connections take them. */
import { Asn1Error } from '../asn1/asn1-error.ts';
import { utf8 } from '../bytes/bytes.ts';
import type { Credential, Credentials, ExternalPsk } from '../config/credentials.ts';
import { accept, type Settings } from '../config/settings.ts';
import type { CryptoProvider, PrivateKey } from '../crypto/provider.ts';
import { fits } from '../handshake/common/certificate-verify.ts';
import { checkExternal } from '../handshake/common/psk.ts';
import { refuse } from '../registry/fatal.ts';
import { signatureScheme } from '../registry/signature-schemes.ts';
import { type DelegatedCredential, readDelegatedCredential } from '../wire/delegated-credential.ts';
import { parsePublicKey, samePublicKey } from '../x509/algorithms.ts';
import { type Certificate, parseCertificates } from '../x509/certificate.ts';
import { keyMatches, parsePrivateKey } from '../x509/private-key.ts';

/** PEM text or bytes, DER, or what was parsed before. */
export type CertificateSource = string | Uint8Array | Certificate | readonly Certificate[];
export type KeySource = string | Uint8Array | PrivateKey;

/** A credential to add to a list: a certificate chain and its key, or a key whose public half is shown as it is (RFC 7250). */
export interface CredentialOptions extends Omit<Credential, 'chain' | 'key' | 'sigalgs' | 'delegation'> {
  /** The chain, leaf first. Without one, `shows` is `'rpk'`. */
  readonly cert?: CertificateSource;
  readonly key: KeySource;
  /** Schemes it may sign with, by name or code point, in place of the connection's. */
  readonly sigalgs?: string | readonly (string | number)[];
  /** A DelegatedCredential (RFC 9345, 4), made with the certificate's key for `key`. When it ends is the application's to know. */
  readonly delegatedCredential?: Uint8Array;
}

/** A context or a connection: what it has, its primitives, and its password callback for encrypted keys. */
interface Holder {
  readonly provider: CryptoProvider;
  get<K extends 'credentials' | 'defaultPasswordCallback' | 'defaultPasswordUserdata'>(name: K): Settings[K];
}

/** A chain, leaf first (SSL_CTX_use_certificate_chain_file(3)). */
export const withChain = (credentials: Credentials, source: CertificateSource): Credentials => {
  const chain = certificatesOf(source);
  return credentials.withChain(chain, (key) => keyMatches(chain[0] as Certificate, key));
};

/** A private key (SSL_CTX_use_PrivateKey(3)); an encrypted one is read with the password callback. */
export function withKey(holder: Holder, source: KeySource): Credentials {
  const key = keyOf(holder, source);
  return holder.get('credentials').withKey(key, (leaf) => keyMatches(leaf, key));
}

/** One more at the end of the list. */
export const withCredential = (holder: Holder, credential: CredentialOptions | ExternalPsk): Credentials =>
  holder.get('credentials').add('identity' in credential ? checkExternal(credential) : credentialOf(holder, credential));

/** A credential of its own. Refuses a key that is not the certificate's, and one that has nothing to show. */
function credentialOf(holder: Holder, options: CredentialOptions): Credential {
  const { cert, key: source, sigalgs, delegatedCredential, ...rest } = options;
  const chain = cert === undefined ? [] : certificatesOf(cert);
  const key = keyOf(holder, source);
  const [leaf] = chain;
  const delegation = delegatedCredential && delegationTo(key, delegatedCredential);
  if (leaf !== undefined && delegation === undefined && !keyMatches(leaf, key))
    refuse('BAD_VALUE', 'the private key does not belong to the certificate');
  if (leaf === undefined && (rest.shows === 'x509' || delegation !== undefined)) refuse('NO_CERTIFICATE_SET');
  if (delegation !== undefined && rest.shows === 'rpk') refuse('UNKNOWN_CERTIFICATE_TYPE', 'a raw public key delegates nothing');
  const shows = rest.shows ?? (leaf === undefined ? 'rpk' : 'x509');
  return {
    ...rest,
    shows,
    chain,
    key,
    ...(sigalgs !== undefined && { sigalgs: accept('sigalgs', sigalgs) }),
    ...(delegation && { delegation }),
  };
}

function delegationTo(key: PrivateKey, bytes: Uint8Array): DelegatedCredential {
  const delegation = readDelegatedCredential(bytes) ?? refuse('BAD_SETTING_VALUE', 'not a delegated credential');
  const named = parsePublicKey(delegation.spki);
  if (named === undefined || named.kind !== key.publicKey.kind || !samePublicKey(named, key.publicKey))
    refuse('BAD_VALUE', 'the private key does not belong to the delegated credential');
  const scheme = signatureScheme(delegation.scheme);
  // RFC 9345, 4: the key of a delegated credential is not of rsaEncryption, and its scheme is one of TLS 1.3 for it.
  if (key.publicKey.kind === 'rsa' || scheme === undefined || !fits(scheme, key.publicKey))
    refuse('WRONG_SIGNATURE_TYPE', 'of a delegated credential');
  return delegation;
}

/** Certificates of a PEM bundle or one of DER. Refuses a source that has none. */
export function certificatesOf(source: CertificateSource): readonly Certificate[] {
  const chain = typeof source === 'string' || source instanceof Uint8Array ? readable(() => parseCertificates(source)) : [source].flat();
  return chain.length > 0 ? chain : refuse('NO_CERTIFICATE_SET');
}

const isPrivateKey = (source: KeySource): source is PrivateKey => typeof source === 'object' && 'sign' in source;

function keyOf(holder: Holder, source: KeySource): PrivateKey {
  if (isPrivateKey(source)) return source;
  const callback = holder.get('defaultPasswordCallback');
  const ask = callback && (() => asBytes(callback(false, holder.get('defaultPasswordUserdata'))));
  return holder.provider.importPrivateKey(readable(() => parsePrivateKey(source, ask, holder.provider)));
}

const asBytes = (password: string | Uint8Array): Uint8Array => (typeof password === 'string' ? utf8(password) : password);

/** A file that cannot be read is a refusal with the parser's words. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Asn1Error) return refuse('BAD_SETTING_VALUE', error.message);
    throw error;
  }
}
