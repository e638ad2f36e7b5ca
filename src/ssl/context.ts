import { provider as defaultProvider } from '#provider';
import type { ExternalPsk } from '../config/credentials.ts';
import type { Scope, SettingInput, SettingName, Settings } from '../config/settings.ts';
import { duplicateValues, initialValues, setValue, type Values } from '../config/values.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { refuse } from '../registry/fatal.ts';
import { ExData } from '../session/ex-data.ts';
import { SessionStore } from '../session/store.ts';
import { systemClock } from './clock.ts';
import {
  type CertificateSource,
  type CredentialOptions,
  certificatesOf,
  type KeySource,
  withChain,
  withCredential,
  withKey,
} from './credentials.ts';

export type Role = 'client' | 'server';

/** Any setting by its name, and what is not a setting: the role, the primitives, the clock, and PEM to load. */
export type SslContextOptions = { readonly [K in SettingName]?: SettingInput<K> } & {
  /** Connections of this context are clients, or servers; undefined: each says for itself. */
  readonly role?: Role | undefined;
  readonly provider?: CryptoProvider;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Certificate chain, leaf first, as PEM or DER. */
  readonly cert?: CertificateSource;
  /** Its key, as PEM or DER, or an object that signs. */
  readonly key?: KeySource;
  /** Trust anchors as PEM or DER. */
  readonly ca?: CertificateSource;
};

const SETTABLE: readonly Scope[] = ['snapshot', 'lookup', 'context', 'session'];

/**
 * SSL_CTX: what connections have in common. Reference counted; each connection holds two references (SSL_new(3)). Unknown
 * options are refused.
 */
export class SslContext {
  readonly role: Role | undefined;
  readonly provider: CryptoProvider;
  readonly now: () => number;
  readonly sessions: SessionStore;
  readonly exData: ExData;
  private readonly settings: Values = initialValues();
  private references = 1;

  constructor(options: SslContextOptions = {}) {
    const { role, provider = defaultProvider, now = systemClock, cert, key, ca, ...settings } = options;
    this.role = role;
    this.provider = provider;
    this.now = now;
    this.sessions = new SessionStore((session) => this.settings.removeSessionCallback?.(this, session));
    for (const name of Object.keys(settings) as SettingName[]) {
      const value = settings[name];
      if (value !== undefined) this.set(name, value as SettingInput<typeof name>);
    }
    if (cert !== undefined) this.useCertificate(cert);
    if (key !== undefined) this.usePrivateKey(key);
    if (ca !== undefined) this.trust(ca);
    this.exData = new ExData('SSL_CTX', this);
  }

  get<K extends SettingName>(name: K): Settings[K] {
    return this.live().settings[name];
  }

  /** Sets a setting for the connections to come; those that are there keep what they have, but for what is looked up. */
  set<K extends SettingName>(name: K, value: SettingInput<K>): this {
    setValue(this.live().settings, name, value, SETTABLE);
    return this;
  }

  /** The values a new connection starts from. */
  get values(): Readonly<Values> {
    return this.live().settings;
  }

  /** Loads a certificate chain, leaf first, into the slot of its kind of key. */
  useCertificate(chain: CertificateSource): this {
    return this.set('credentials', withChain(this.get('credentials'), chain));
  }

  /** Loads a private key; the certificate in its slot must be its own. */
  usePrivateKey(key: KeySource): this {
    return this.set('credentials', withKey(this, key));
  }

  /**
   * Adds a credential to the list, behind those that are there (SSL_CTX_add1_credential). The first that suits the peer is used,
   * before any that `useCertificate` and `usePrivateKey` loaded.
   */
  addCredential(credential: CredentialOptions | ExternalPsk): this {
    return this.set('credentials', withCredential(this, credential));
  }

  /** Adds trust anchors. A PEM bundle is parsed when it is first needed. */
  trust(anchors: CertificateSource): this {
    const store = this.get('certStore');
    if (typeof anchors === 'string') store.addPem(anchors);
    else for (const certificate of certificatesOf(anchors)) store.add(certificate);
    return this;
  }

  /** Drops sessions that have expired (SSL_CTX_flush_sessions(3)). */
  flushSessions(): void {
    this.live().sessions.cache.flush(this.now());
  }

  /** A context with the same settings and sessions of its own. */
  clone(): SslContext {
    const copy = new SslContext({ role: this.role, provider: this.provider, now: this.now });
    Object.assign(copy.settings, duplicateValues(this.settings));
    return copy;
  }

  get referenceCount(): number {
    return this.references;
  }

  upRef(): this {
    this.live().references++;
    return this;
  }

  /** Gives up one reference; with the last one sessions leave the cache, keys are wiped and the store is let go of. */
  free(): void {
    this.live();
    if (this.references > 1) {
      this.references--;
      return;
    }
    this.sessions.wipe();
    this.exData.free(this);
    this.settings.certStore.free();
    this.references = 0;
  }

  [Symbol.dispose](): void {
    this.free();
  }

  private live(): this {
    if (this.references === 0) refuse('USE_AFTER_FREE', 'a context after its last free');
    return this;
  }
}
