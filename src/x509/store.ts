import { unlessMalformed } from '../asn1/asn1-error.ts';
import { pemBlocks } from '../asn1/pem.ts';
import type { Awaitable, PublicKeySpec } from '../crypto/provider.ts';
import { CERTIFICATE_LABELS, type Certificate, parseLabelled } from './certificate.ts';
import { type Crl, parseCrl } from './crl.ts';
import type { NameConstraints } from './extensions.ts';
import type { Name } from './name.ts';
import type { TrustSettings } from './trust-settings.ts';
import { X509VerifyParam } from './verify-params.ts';

/** Trust in a key under a name, without a certificate (RFC 5280, 6.1.1 (d)). */
export interface BareAnchor {
  readonly subject: Name;
  readonly publicKey: PublicKeySpec;
  readonly nameConstraints?: NameConstraints;
}

/** Finds trusted certificates by subject when the store has none: hashed directories, databases, operating systems. */
export type StoreLookup = (subject: Name) => Awaitable<readonly Certificate[]>;

/**
 * Trust anchors, CRLs and the parameters that verification starts from: X509_STORE. One store serves many contexts;
 * PEM bundles given to it are read when a certificate is first looked up. Reference counts are as in C.
 */
export class X509Store {
  /** Merged into every verification that uses this store (X509_STORE_get0_param). */
  readonly params: X509VerifyParam = new X509VerifyParam();
  private bySubject: Map<string, Certificate[]> = new Map();
  private bundles: (Uint8Array | string)[] = [];
  private anchors: BareAnchor[] = [];
  private crlList: Crl[] = [];
  private lookupList: StoreLookup[] = [];
  private hasSettings = false;
  private references = 1;

  /** Trusts a certificate, for some purposes alone where its settings say so. Returns false where the store has it already. */
  add(certificate: Certificate): boolean {
    this.readBundles();
    return this.insert(certificate);
  }

  /** Trusts the certificates of a PEM bundle and takes its CRLs; blocks that cannot be parsed are left out. */
  addPem(bundle: Uint8Array | string): void {
    this.bundles.push(bundle);
  }

  /** Trusts a key without a certificate. */
  addAnchor(anchor: BareAnchor): void {
    this.anchors.push(anchor);
  }

  addCrl(crl: Crl): void {
    this.crlList.push(crl);
  }

  addLookup(lookup: StoreLookup): void {
    this.lookupList.push(lookup);
  }

  /** Turns on verification flags (`X509_V_FLAG`) for all who use the store. */
  setFlags(flags: number): void {
    this.params.setFlags(flags);
  }

  get certificates(): Certificate[] {
    this.readBundles();
    return [...this.bySubject.values()].flat();
  }

  get crls(): readonly Crl[] {
    this.readBundles();
    return this.crlList;
  }

  get bareAnchors(): readonly BareAnchor[] {
    return this.anchors;
  }

  get lookups(): readonly StoreLookup[] {
    return this.lookupList;
  }

  /** The trusted certificates with this subject. */
  withSubject(subject: Name): readonly Certificate[] {
    this.readBundles();
    return this.bySubject.get(subject.key) ?? [];
  }

  /** The trusted certificate with these bytes. */
  has(certificate: Certificate): boolean {
    return this.withSubject(certificate.subject).some((trusted) => trusted.equals(certificate));
  }

  /** What the store says about purposes of a certificate it has. */
  settingsOf(certificate: Certificate): TrustSettings | undefined {
    if (!this.hasSettings) return undefined;
    return this.withSubject(certificate.subject).find((trusted) => trusted.equals(certificate))?.trustSettings;
  }

  /** Takes one more reference. */
  upRef(): this {
    this.references++;
    return this;
  }

  /** Gives up one reference; with the last one the contents go. */
  free(): void {
    if (this.references === 0 || --this.references > 0) return;
    this.bySubject = new Map();
    this.bundles = [];
    this.anchors = [];
    this.crlList = [];
    this.lookupList = [];
    this.hasSettings = false;
  }

  private insert(certificate: Certificate): boolean {
    const { key } = certificate.subject;
    const same = this.bySubject.get(key);
    if (same === undefined) this.bySubject.set(key, [certificate]);
    else if (same.some((other) => other.equals(certificate))) return false;
    else same.push(certificate);
    if (certificate.trustSettings !== undefined) this.hasSettings = true;
    return true;
  }

  private readBundles(): void {
    if (this.bundles.length === 0) return;
    const bundles = this.bundles;
    this.bundles = [];
    for (const bundle of bundles) unlessMalformed(() => this.readBundle(bundle));
  }

  private readBundle(bundle: Uint8Array | string): void {
    for (const { label, bytes } of pemBlocks(bundle)) {
      if (CERTIFICATE_LABELS.has(label)) {
        const certificate = unlessMalformed(() => parseLabelled(label, bytes));
        if (certificate !== undefined) this.insert(certificate);
      } else if (label === 'X509 CRL') {
        const crl = unlessMalformed(() => parseCrl(bytes));
        if (crl !== undefined) this.crlList.push(crl);
      }
    }
  }
}
