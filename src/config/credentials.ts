import type { KeyKind, PrivateKey } from '../crypto/provider.ts';
import type { CertificateTypeName } from '../registry/certificate-types.ts';
import { refuse } from '../registry/fatal.ts';
import type { DelegatedCredential } from '../wire/delegated-credential.ts';
import type { Certificate } from '../x509/certificate.ts';

/** A certificate chain, leaf first, and the key that signs for it. Either may be missing while it is being configured. */
export interface Credential {
  readonly chain: readonly Certificate[];
  readonly key: PrivateKey | undefined;
  /** DER of an OCSP response to staple, if the application keeps one. */
  readonly ocspResponse?: Uint8Array;
  /** TLS 1.3: DER of OCSP responses about the certificates above the leaf, in the chain's order. */
  readonly issuerOcspResponses?: readonly (Uint8Array | undefined)[];
  /** A SignedCertificateTimestampList to send along. */
  readonly signedCertificateTimestamps?: Uint8Array;
  /** Extensions to answer with where this is what we show (SSL_CTX_use_serverinfo_ex(3)). */
  readonly serverInfo?: readonly ServerInfo[];
  /** The one form it is shown in: its certificates, or its raw public key (RFC 7250). Where nothing is said, whichever the peer takes. */
  readonly shows?: CertificateTypeName;
  /** Code points of the signature schemes it may sign with, in place of the connection's. */
  readonly sigalgs?: readonly number[];
  /** A key that the certificate's own vouches for (RFC 9345): `key` is that one, and TLS 1.3 alone shows it, to peers that take it. */
  readonly delegation?: DelegatedCredential;
  /** It is for peers alone that name one of its chain's issuers in certificate_authorities. */
  readonly mustMatchIssuer?: boolean;
}

/** An extension of a server, ready to be sent to clients that send one of its type. */
export interface ServerInfo {
  readonly type: number;
  /** SSL_EXT_* bits: where it may stand. */
  readonly context: number;
  readonly data: Uint8Array;
}

/** An external pre-shared key. */
export interface ExternalPsk {
  readonly identity: Uint8Array;
  readonly key: Uint8Array;
  /** The hash it belongs to; SHA-256 unless said (RFC 9846, 4.2.11). */
  readonly hash?: 'sha256' | 'sha384';
  /** Import it by RFC 9258, so that it serves every hash and cannot be reflected; its `context` goes into the identity. */
  readonly importContext?: Uint8Array;
  /** Bytes of 0-RTT data the two sides agreed on beforehand. */
  readonly maxEarlyData?: number;
}

/** A credential that can sign; without a certificate it can show its raw public key (RFC 7250). */
export interface KeyedCredential extends Credential {
  readonly leaf: Certificate | undefined;
  readonly key: PrivateKey;
  /** What it was made of, as it was configured. */
  readonly configured: Credential;
}

/** What is tried at once: a pre-shared key, or credentials among which the peer's order of schemes decides. */
export type Rank = { readonly psk: ExternalPsk } | { readonly keyed: readonly KeyedCredential[] };

/**
 * All that a side can authenticate with: a list in order of preference, and behind it one slot for each kind of key (RSA,
 * RSA-PSS, EC, Ed25519, Ed448 …), side by side. Immutable: a change makes a new value, so contexts, connections and
 * duplicates share them without seeing each other's changes.
 */
export class Credentials {
  /** The list, best first: certificates and raw public keys, several of a kind of key if need be, and pre-shared keys. */
  readonly list: readonly (Credential | ExternalPsk)[];
  private readonly slots: ReadonlyMap<KeyKind, Credential>;
  /** The slot that was set last or selected: what chain functions act on (SSL_CTX_set_current_cert(3)). */
  readonly current: KeyKind | undefined;
  /** What can be tried, best first. Each credential of the list is a rank of its own; the slots share the last one. */
  readonly ranks: readonly Rank[];
  /** Pre-shared keys of the list. */
  readonly psks: readonly ExternalPsk[];
  /** Nothing to authenticate with by a signature. */
  readonly isKeyless: boolean;

  static readonly none: Credentials = new Credentials([], new Map(), undefined);

  private constructor(list: readonly (Credential | ExternalPsk)[], slots: ReadonlyMap<KeyKind, Credential>, current: KeyKind | undefined) {
    this.list = list;
    this.slots = slots;
    this.current = current;
    const listed = list.map((one): Rank => ('identity' in one ? { psk: one } : { keyed: keyed([one]) }));
    this.ranks = [...listed, { keyed: keyed(slots.values()) }];
    this.psks = list.filter((one) => 'identity' in one);
    this.isKeyless = this.ranks.every((rank) => 'psk' in rank || rank.keyed.length === 0);
  }

  get(kind: KeyKind): Credential | undefined {
    return this.slots.get(kind);
  }

  get selected(): Credential | undefined {
    return this.current === undefined ? undefined : this.slots.get(this.current);
  }

  /** Every slot, in the order they were first filled. */
  get kinds(): readonly KeyKind[] {
    return [...this.slots.keys()];
  }

  /** Fills the slot of a kind and makes it the current one. */
  with(kind: KeyKind, credential: Credential): Credentials {
    return new Credentials(this.list, new Map(this.slots).set(kind, credential), kind);
  }

  select(kind: KeyKind): Credentials {
    return new Credentials(this.list, this.slots, kind);
  }

  /** Puts one more at the end of the list. */
  add(credential: Credential | ExternalPsk): Credentials {
    return new Credentials([...this.list, credential], this.slots, this.current);
  }

  /** A leaf certificate; a key in its slot that does not belong to it is dropped (SSL_CTX_use_certificate(3)). */
  withCertificate(leaf: Certificate, belongs: (key: PrivateKey) => boolean): Credentials {
    const kind = leaf.publicKey?.kind ?? refuse('UNKNOWN_CERTIFICATE_TYPE');
    const before = this.slots.get(kind);
    const key = before?.key !== undefined && belongs(before.key) ? before.key : undefined;
    return this.with(kind, { ...before, chain: [leaf, ...(before?.chain.slice(1) ?? [])], key });
  }

  /** A leaf with its chain. */
  withChain(chain: readonly Certificate[], belongs: (key: PrivateKey) => boolean): Credentials {
    const leaf = chain[0] ?? refuse('NO_CERTIFICATE_SET');
    const filled = this.withCertificate(leaf, belongs);
    const kind = filled.current as KeyKind;
    return filled.with(kind, { ...(filled.get(kind) as Credential), chain });
  }

  /** A private key; a certificate in its slot that it does not belong to is refused (SSL_CTX_use_PrivateKey(3)). */
  withKey(key: PrivateKey, belongs: (leaf: Certificate) => boolean): Credentials {
    const kind = key.publicKey.kind;
    const before = this.slots.get(kind);
    const leaf = before?.chain[0];
    if (leaf !== undefined && !belongs(leaf)) refuse('BAD_VALUE', 'the private key does not belong to the certificate');
    return this.with(kind, { ...before, chain: before?.chain ?? [], key });
  }
}

function keyed(credentials: Iterable<Credential>): readonly KeyedCredential[] {
  const out: KeyedCredential[] = [];
  for (const configured of credentials) {
    const { chain, key } = configured;
    if (key !== undefined) out.push({ ...configured, leaf: chain[0], key, configured });
  }
  return out;
}
