/** Certificates, keys and trust anchors from PEM or DER, as contexts and connections take them. */
import { Asn1Error } from '../asn1/asn1-error.ts';
import { utf8 } from '../bytes/bytes.ts';
import type { Credential, Credentials, ExternalPsk } from '../config/credentials.ts';
import { accept, type Settings } from '../config/settings.ts';
import type { CryptoProvider, PrivateKey } from '../crypto/provider.ts';
import { checkExternal } from '../handshake/common/psk.ts';
import { refuse } from '../registry/fatal.ts';
import { type Certificate, parseCertificates } from '../x509/certificate.ts';
import { keyMatches, parsePrivateKey } from '../x509/private-key.ts';

/** PEM text or bytes, DER, or what was parsed before. */
export type CertificateSource = string | Uint8Array | Certificate | readonly Certificate[];
export type KeySource = string | Uint8Array | PrivateKey;

/** A credential to add to a list: a certificate chain and its key, or a key whose public half is shown as it is (RFC 7250). */
export interface CredentialOptions extends Omit<Credential, 'chain' | 'key' | 'sigalgs'> {
  /** The chain, leaf first. Without one, `shows` is `'rpk'`. */
  readonly cert?: CertificateSource;
  readonly key: KeySource;
  /** Schemes it may sign with, by name or code point, in place of the connection's. */
  readonly sigalgs?: string | readonly (string | number)[];
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
function credentialOf(holder: Holder, { cert, key: source, sigalgs, ...rest }: CredentialOptions): Credential {
  const chain = cert === undefined ? [] : certificatesOf(cert);
  const key = keyOf(holder, source);
  const [leaf] = chain;
  if (leaf !== undefined && !keyMatches(leaf, key)) refuse('BAD_VALUE', 'the private key does not belong to the certificate');
  if (leaf === undefined && rest.shows === 'x509') refuse('NO_CERTIFICATE_SET');
  const shows = rest.shows ?? (leaf === undefined ? 'rpk' : 'x509');
  return { ...rest, shows, chain, key, ...(sigalgs !== undefined && { sigalgs: accept('sigalgs', sigalgs) }) };
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
