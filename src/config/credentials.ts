import type { KeyKind, PrivateKey } from '../crypto/provider.ts';
import { refuse } from '../registry/fatal.ts';
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
}

/** A credential that can sign; without a certificate it can show its raw public key (RFC 7250). */
export interface KeyedCredential extends Credential {
  readonly leaf: Certificate | undefined;
  readonly key: PrivateKey;
}

/** A credential that can show certificates. */
export interface ReadyCredential extends KeyedCredential {
  readonly leaf: Certificate;
}

/**
 * Certificates and keys, one slot for each kind of key (RSA, RSA-PSS, EC, Ed25519, Ed448 …), side by side. Immutable:
 * a change makes a new value, so contexts, connections and duplicates share them without seeing each other's changes.
 */
export class Credentials {
  private readonly slots: ReadonlyMap<KeyKind, Credential>;
  /** The slot that was set last or selected: what chain functions act on (SSL_CTX_set_current_cert(3)). */
  readonly current: KeyKind | undefined;

  static readonly none: Credentials = new Credentials(new Map(), undefined);

  private constructor(slots: ReadonlyMap<KeyKind, Credential>, current: KeyKind | undefined) {
    this.slots = slots;
    this.current = current;
  }

  get(kind: KeyKind): Credential | undefined {
    return this.slots.get(kind);
  }

  get selected(): Credential | undefined {
    return this.current === undefined ? undefined : this.slots.get(this.current);
  }

  /** Every slot that has both a certificate and its key. */
  get ready(): readonly ReadyCredential[] {
    return this.keyed.filter((credential): credential is ReadyCredential => credential.leaf !== undefined);
  }

  /** Every slot that has a key, with a certificate or without. */
  get keyed(): readonly KeyedCredential[] {
    const out: KeyedCredential[] = [];
    for (const credential of this.slots.values()) {
      const { chain, key } = credential;
      if (key !== undefined) out.push({ ...credential, leaf: chain[0], key });
    }
    return out;
  }

  /** Every slot, in the order they were first filled. */
  get kinds(): readonly KeyKind[] {
    return [...this.slots.keys()];
  }

  /** Fills the slot of a kind and makes it the current one. */
  with(kind: KeyKind, credential: Credential): Credentials {
    return new Credentials(new Map(this.slots).set(kind, credential), kind);
  }

  select(kind: KeyKind): Credentials {
    return new Credentials(this.slots, kind);
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
