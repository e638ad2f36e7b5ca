/** Certificates, keys and trust anchors from PEM or DER, as contexts and connections take them. */
import { Asn1Error } from '../asn1/asn1-error.ts';
import { utf8 } from '../bytes/bytes.ts';
import type { PasswordCallback } from '../config/callbacks.ts';
import type { Credentials } from '../config/credentials.ts';
import type { CryptoProvider, PrivateKey } from '../crypto/provider.ts';
import { refuse } from '../registry/fatal.ts';
import { type Certificate, parseCertificates } from '../x509/certificate.ts';
import { keyMatches, parsePrivateKey } from '../x509/private-key.ts';

/** PEM text or bytes, DER, or what was parsed before. */
export type CertificateSource = string | Uint8Array | Certificate | readonly Certificate[];
export type KeySource = string | Uint8Array | PrivateKey;

export interface Password {
  readonly callback: PasswordCallback | undefined;
  readonly userdata: unknown;
}

/** A chain, leaf first (SSL_CTX_use_certificate_chain_file(3)). */
export const withChain = (credentials: Credentials, source: CertificateSource): Credentials => {
  const chain = certificatesOf(source);
  return credentials.withChain(chain, (key) => keyMatches(chain[0] as Certificate, key));
};

/** A private key (SSL_CTX_use_PrivateKey(3)); an encrypted one is read with the password callback. */
export function withKey(credentials: Credentials, source: KeySource, provider: CryptoProvider, password: Password): Credentials {
  const key = isPrivateKey(source) ? source : importKey(source, provider, password);
  return credentials.withKey(key, (leaf) => keyMatches(leaf, key));
}

/** Certificates of a PEM bundle or one of DER. Refuses a source that has none. */
export function certificatesOf(source: CertificateSource): readonly Certificate[] {
  const chain = typeof source === 'string' || source instanceof Uint8Array ? readable(() => parseCertificates(source)) : [source].flat();
  return chain.length > 0 ? chain : refuse('NO_CERTIFICATE_SET');
}

const isPrivateKey = (source: KeySource): source is PrivateKey => typeof source === 'object' && 'sign' in source;

function importKey(source: string | Uint8Array, provider: CryptoProvider, { callback, userdata }: Password): PrivateKey {
  const ask = callback && (() => asBytes(callback(false, userdata)));
  return provider.importPrivateKey(readable(() => parsePrivateKey(source, ask, provider)));
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
