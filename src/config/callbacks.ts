/**
 * What an application may be asked while a connection runs. Every callback gets the connection first. Those that may
 * have to wait return a promise as well as a value: the handshake then stops and says for what (SSL_get_error(3)).
 */
import type { DhGroup } from '../crypto/ffdhe.ts';
import type { Awaitable } from '../crypto/provider.ts';
import type { AeadSuite } from '../registry/cipher-suites.ts';
import type { SslSession } from '../session/session.ts';
import type { SslContext } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';
import type { RawExtension } from '../wire/message.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Crl } from '../x509/crl.ts';
import type { CheckedSct, CtLog } from '../x509/sct.ts';
import type { StoreContext } from '../x509/verify.ts';
import type { Credential, ExternalPsk } from './credentials.ts';

/** Sees every message and record header (SSL_set_msg_callback(3)). `contentType` is one of CONTENT_TYPE. */
export type MsgCallback = (write: boolean, version: number, contentType: number, bytes: Uint8Array, ssl: Ssl, arg: unknown) => void;

/** Sees states, alerts and the handshake's beginning and end (SSL_set_info_callback(3)). */
export type InfoCallback = (ssl: Ssl, where: number, ret: number) => void;

/** One line of the NSS key log (SSL_CTX_set_keylog_callback(3)). */
export type KeylogCallback = (ssl: Ssl, line: string) => void;

/** SSL_CTX_set_verify(3): may overrule each result; its answer is the verdict. May be asynchronous. */
export type VerifyCallback = (preverifyOk: boolean, context: StoreContext) => Awaitable<boolean>;

/**
 * SSL_CTX_set_cert_verify_callback(3): the verdict on the peer's chain, which is in `context`, as is the result to report. The
 * built-in verification runs when `verify` is called, and leaves what it finds there.
 */
export type CertVerifyCallback = (ssl: Ssl, context: StoreContext, verify: () => Awaitable<boolean>) => Awaitable<boolean>;

/** The raw ClientHello and its parts (SSL_CTX_set_client_hello_cb(3), SSL_client_hello_get0_ext(3)). */
export interface ClientHelloInfo {
  /** The whole handshake message, header included. */
  readonly raw: Uint8Array;
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: Uint8Array;
  readonly extensions: readonly RawExtension[];
}

/**
 * `'retry'` stops the handshake with WANT_CLIENT_HELLO_CB until it is called again; a number refuses with that alert. `'disable_ech'`
 * puts a hello that was sealed aside and is asked again with the open one; the client then hears that there is no ECH here (BoringSSL's
 * ssl_select_cert_disable_ech).
 */
export type ClientHelloCallback = (
  ssl: Ssl,
  hello: ClientHelloInfo,
) => Awaitable<'ok' | 'retry' | 'disable_ech' | { readonly alert: number }>;

/** SSL_CTX_set_tlsext_servername_callback(3): may call `ssl.setContext`. `'noack'` goes on without acknowledging the name. */
export type ServerNameCallback = (ssl: Ssl, name: string | undefined) => Awaitable<'ok' | 'noack' | { readonly alert: number }>;

/** SSL_CTX_set_alpn_select_cb(3): one of the offered names, `'noack'` to answer nothing, or an alert. */
export type AlpnSelectCallback = (ssl: Ssl, offered: readonly Uint8Array[]) => Awaitable<Uint8Array | 'noack' | { readonly alert: number }>;

/** SSL_CTX_set_cert_cb(3): may set certificates on the connection. `'retry'` stops with WANT_X509_LOOKUP. */
export type CertCallback = (ssl: Ssl) => Awaitable<boolean | 'retry'>;

/** SSL_CTX_set_client_cert_cb(3): a certificate for a server that asked, when none is configured. */
export type ClientCertCallback = (ssl: Ssl) => Awaitable<Credential | undefined | 'retry'>;

/** SSL_CTX_sess_set_new_cb(3). */
export type NewSessionCallback = (ssl: Ssl, session: SslSession) => void;
/** SSL_CTX_sess_set_remove_cb(3). */
export type RemoveSessionCallback = (context: SslContext, session: SslSession) => void;
/** SSL_CTX_sess_set_get_cb(3): a session by its id; may be asynchronous. */
export type GetSessionCallback = (ssl: Ssl, id: Uint8Array) => Awaitable<SslSession | undefined>;

/** Opens or names the keys of tickets (SSL_CTX_set_tlsext_ticket_key_cb(3)): undefined as key name asks for the key to seal with; undefined as answer: no ticket. */
export type TicketKeyCallback = (
  ssl: Ssl,
  keyName: Uint8Array | undefined,
) => Awaitable<{ readonly name: Uint8Array; readonly key: Uint8Array; readonly renew?: boolean } | undefined>;

/** SSL_CTX_set_psk_use_session_callback(3), SSL_CTX_set_psk_client_callback(3): the keys a client may offer, best first. */
export type PskClientCallback = (ssl: Ssl, hint: string | undefined) => Awaitable<readonly ExternalPsk[]>;

/** SSL_CTX_set_psk_find_session_callback(3), SSL_CTX_set_psk_server_callback(3): the key of an identity. */
export type PskServerCallback = (ssl: Ssl, identity: Uint8Array) => Awaitable<ExternalPsk | undefined>;

/** SSL_CTX_set_record_padding_callback(3): zero bytes to add to a record of a type with `length` content bytes. */
export type RecordPaddingCallback = (ssl: Ssl, contentType: number, length: number, arg: unknown) => number;

/** SSL_CTX_set_allow_early_data_cb(3). */
export type AllowEarlyDataCallback = (ssl: Ssl) => Awaitable<boolean>;

/** SSL_CTX_set_stateless_cookie_generate_cb(3) and its counterpart. */
export type CookieGenerateCallback = (ssl: Ssl) => Uint8Array;
export type CookieVerifyCallback = (ssl: Ssl, cookie: Uint8Array) => boolean;

/**
 * SSL_CTX_set_tlsext_status_cb(3): on a server, the DER of the response to staple, or in TLS 1.3 one for each certificate of the
 * chain; on a client, whether what came is good enough.
 */
export type StatusCallback = (ssl: Ssl) => Awaitable<Uint8Array | readonly (Uint8Array | undefined)[] | boolean | undefined>;

/** What timestamps are judged by (CT_POLICY_EVAL_CTX_new(3)). */
export interface CtPolicyContext {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly logs: readonly CtLog[];
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** SSL_CTX_set_ct_validation_callback(3): whether the timestamps of a verified server are enough. */
export type CtValidationCallback = (ssl: Ssl, scts: readonly CheckedSct[], context: CtPolicyContext) => Awaitable<boolean>;

/** CRLs that may list a certificate, from wherever they can be had; they are verified. */
export type CrlLookup = (ssl: Ssl, certificate: Certificate) => Awaitable<readonly Crl[]>;

/** DER of an OCSP response about a certificate that none was stapled for; it is verified. */
export type OcspLookup = (ssl: Ssl, certificate: Certificate, issuer: Certificate) => Awaitable<Uint8Array | undefined>;

/** Certificates that may have issued one, from wherever they can be had; they are not trusted for that. */
export type IssuerLookup = (ssl: Ssl, certificate: Certificate) => Awaitable<readonly Certificate[]>;

/** SSL_CTX_set_security_callback(3): whether an operation of a kind with so many bits is allowed. */
export type SecurityCallback = (ssl: Ssl | undefined, operation: string, bits: number, what: unknown) => boolean;

/** pem_password_cb(3). */
export type PasswordCallback = (writing: boolean, userdata: unknown) => string | Uint8Array;

/** SSL_CTX_set_generate_session_id(3): an id of at most 32 bytes. */
export type GenerateSessionIdCallback = (ssl: Ssl, length: number) => Uint8Array;

/** One custom extension (SSL_CTX_add_custom_ext(3)); `context` is the place it stands in. */
export interface CustomExtension {
  readonly type: number;
  /** SSL_EXT_* bits. */
  readonly context: number;
  /** The bytes to send, undefined to send nothing, or an alert. */
  readonly add?: (
    ssl: Ssl,
    context: number,
    certificate: Certificate | undefined,
    chainIndex: number,
  ) => Uint8Array | undefined | { readonly alert: number };
  /** An alert to refuse what came. */
  readonly parse?: (
    ssl: Ssl,
    context: number,
    data: Uint8Array,
    certificate: Certificate | undefined,
    chainIndex: number,
  ) => undefined | { readonly alert: number };
}

/** SSL_set_tmp_dh_callback(3): a group for a certificate key of so many bits. `isExport` is always false. */
export type TmpDhCallback = (ssl: Ssl, isExport: boolean, keyLength: number) => DhGroup | undefined;

/** SSL_set_not_resumable_session_callback(3): true where the session of this handshake shall not be resumed. */
export type NotResumableCallback = (ssl: Ssl, isForwardSecure: boolean) => boolean;

/** SSL_set_tlsext_debug_callback(3): each extension of the peer's hello, as it came. */
export type TlsextDebugCallback = (ssl: Ssl, fromServer: boolean, type: number, data: Uint8Array, arg: unknown) => void;

/** SSL_CTX_set_session_ticket_cb(3): false where no ticket shall be made. `ssl.session` is what goes into it. */
export type TicketGenerateCallback = (ssl: Ssl) => boolean;

/** How a ticket fared: there was none (`empty`), its key is not known or it was changed (`no_decrypt`), or it was opened. */
export type TicketStatus = 'empty' | 'no_decrypt' | 'success';

/** What becomes of it; `…_renew`: another ticket is sent. */
export type TicketVerdict = 'abort' | 'ignore' | 'ignore_renew' | 'use' | 'use_renew';

/** SSL_CTX_set_session_ticket_cb(3). `keyName` is the first 16 bytes of the ticket. */
export type TicketDecryptCallback = (ssl: Ssl, session: SslSession | undefined, keyName: Uint8Array, status: TicketStatus) => TicketVerdict;

/**
 * SSL_CTX_add_cert_compression_alg: an algorithm of RFC 8879 by its number; a direction that is absent is not spoken of. `compress` runs once
 * for each message that is not the same as before, `decompress` gives the `length` bytes that were compressed and never makes more. Either may throw.
 */
export interface CertCompressor {
  readonly id: number;
  readonly compress?: ((data: Uint8Array, ssl: Ssl) => Uint8Array) | undefined;
  readonly decompress?: ((data: Uint8Array, length: number, ssl: Ssl) => Uint8Array) | undefined;
}

/** Whose keys protect what: those anybody can know, those of 0-RTT, of the handshake, and of application data (RFC 9001, 4.1.4). */
export type EncryptionLevel = 'initial' | 'early_data' | 'handshake' | 'application';

/**
 * SSL_QUIC_METHOD: what a QUIC implementation does for the handshake that it carries (RFC 9001). What one of these throws ends the connection
 * with internal_error. Bytes and secrets are the callee's to keep.
 */
export interface QuicMethod {
  /** The traffic secret from which the keys come that open packets of a level (RFC 9001, 5.1). */
  readonly setReadSecret: (ssl: Ssl, level: EncryptionLevel, suite: AeadSuite, secret: Uint8Array) => void;
  /** The same for packets that are sent. */
  readonly setWriteSecret: (ssl: Ssl, level: EncryptionLevel, suite: AeadSuite, secret: Uint8Array) => void;
  /** Bytes for the CRYPTO stream of a level. */
  readonly addHandshakeData: (ssl: Ssl, level: EncryptionLevel, data: Uint8Array) => void;
  /** A flight is complete, and its packets can go. */
  readonly flushFlight: (ssl: Ssl) => void;
  /** The connection ends with CONNECTION_CLOSE of type 0x0100 + `alert` (RFC 9001, 4.8). */
  readonly sendAlert: (ssl: Ssl, level: EncryptionLevel, alert: number) => void;
}
