/** OpenSSL's libssl as objects: contexts, connections, sessions, and the TLS beneath them. */
export type { Bio } from './bio/bio.ts';
export { MemBio } from './bio/mem.ts';
export { bioPair, PairBio } from './bio/pair.ts';
export type * from './config/callbacks.ts';
export { type Credential, Credentials, type ExternalPsk, type Rank } from './config/credentials.ts';
export {
  type EchKey,
  type EchKeyOptions,
  EchKeys,
  echKey,
  echKeyPem,
  echKeysFromPem,
  makeEchKey,
  marshalEchConfig,
} from './config/ech-keys.ts';
export { type Scope, SETTING_NAMES, SETTINGS, type SettingInput, type SettingName, type Settings } from './config/settings.ts';
export type { Awaitable, Compressor, CryptoProvider, PrivateKey, PublicKey, PublicKeySpec, SignatureAlgorithm } from './crypto/provider.ts';
export type { Connection, EarlyDataState, EchState } from './handshake/connection.ts';
export { ALERTS, type AlertName, alertName } from './registry/alerts.ts';
export { CIPHER_SUITES, type CipherSuite, cipherSuite, cipherSuiteByName, cipherSuiteName } from './registry/cipher-suites.ts';
export { CONTENT_TYPE, HANDSHAKE_TYPE, handshakeTypeName } from './registry/content-types.ts';
export { EchRejected, PeerAlert, SslError, SslUsageError, TlsFatal, UnexpectedEof } from './registry/fatal.ts';
export { groupByName, groupName, NAMED_GROUPS, type NamedGroup } from './registry/groups.ts';
export { LIMITS, type Limit } from './registry/limits.ts';
export { INFO, MODES, OPTIONS, SESSION_CACHE, SHUTDOWN, VERIFY } from './registry/options.ts';
export { REASONS, type Reason } from './registry/reasons.ts';
export {
  SIGNATURE_SCHEMES,
  type SignatureScheme,
  signatureScheme,
  signatureSchemeByName,
  signatureSchemeName,
} from './registry/signature-schemes.ts';
export { STATES, type StateName } from './registry/states.ts';
export { X509_VERIFY_RESULTS, type X509VerifyResult } from './registry/verify-results.ts';
export { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION, TLS1_VERSION, versionByName, versionName } from './registry/versions.ts';
export { decodeSession, encodeSession } from './session/asn1.ts';
export { type ExClass, ExData, newExIndex } from './session/ex-data.ts';
export { type SessionData, SslSession } from './session/session.ts';
export { type Role, SslContext, type SslContextOptions } from './ssl/context.ts';
export type { CertificateSource, CredentialOptions, KeySource } from './ssl/credentials.ts';
export { Ssl, type SslWant } from './ssl/ssl.ts';
export { DANE_SELECTOR, DANE_USAGE, DaneRecords, USUAL_DANE_DIGESTS } from './x509/dane.ts';
