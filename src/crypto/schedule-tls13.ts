import { concat, EMPTY, utf8, wipe } from '../bytes/bytes.ts';
import type { CryptoProvider, HashName, HmacKey } from './provider.ts';

/** The labels of Derive-Secret (RFC 9846, 7.1; "imp binder" is RFC 9258, 5.2). */
export type SecretLabel =
  | 'ext binder'
  | 'res binder'
  | 'imp binder'
  | 'c e traffic'
  | 'e exp master'
  | 'derived'
  | 'c hs traffic'
  | 's hs traffic'
  | 'c ap traffic'
  | 's ap traffic'
  | 'exp master'
  | 'res master';

/** A secret as its bytes, or keyed: one that more than one thing is derived from is keyed once (`keyOf`). */
export type Secret = Uint8Array | HmacKey;

export type PskKind = 'external' | 'resumption' | 'imported';

/**
 * The key schedule of TLS 1.3 (RFC 9846, 7.1). Each main line is an HKDF-Extract, with what it takes in on the right;
 * what hangs off a secret is Derive-Secret with that label over the transcript up to that message:
 *
 *     early secret        = extract( 0, PSK or 0 )
 *       ├ "ext binder" | "res binder" | "imp binder"   nothing          → binder key
 *       ├ "c e traffic"                                ClientHello      → client early traffic secret
 *       ├ "e exp master"                               ClientHello      → early exporter secret
 *       └ "derived"                                    nothing          ↓
 *     handshake secret    = extract( derived, (EC)DHE or 0 )
 *       ├ "c hs traffic", "s hs traffic"               … ServerHello    → handshake traffic secrets
 *       └ "derived"                                    nothing          ↓
 *     main secret         = extract( derived, 0 )
 *       ├ "c ap traffic", "s ap traffic"               … server Finished → application traffic secrets, generation 0
 *       ├ "exp master"                                 … server Finished → exporter secret
 *       └ "res master"                                 … client Finished → resumption secret
 *
 * An instance holds no connection's secret: one for each hash serves them all (`keySchedule`). Every secret that is
 * returned is the caller's to wipe.
 */
export class KeySchedule {
  readonly hash: HashName;
  readonly hashLength: number;
  private readonly provider: CryptoProvider;
  private readonly prefix: string;
  private readonly infos = new Map<string, Info>();
  private readonly zeros: Uint8Array;
  private readonly hashOfNothing: Uint8Array;
  /** HKDF-Extract's salt where there is none. */
  private readonly noSalt: ConstantKey;
  /** What a handshake without PSK goes on from: a constant. */
  private readonly derivedWithoutPsk: ConstantKey;

  /** `prefix` is what labels begin with: `tls13 `, or `dtls13` for DTLS 1.3 (RFC 9147, 5.9). */
  constructor(provider: CryptoProvider, hash: HashName, prefix = 'tls13 ') {
    this.provider = provider;
    this.hash = hash;
    this.prefix = prefix;
    this.hashOfNothing = provider.digest(hash, EMPTY);
    this.hashLength = this.hashOfNothing.length;
    this.zeros = new Uint8Array(this.hashLength);
    this.noSalt = new ConstantKey(provider, hash, this.zeros);
    this.derivedWithoutPsk = new ConstantKey(provider, hash, this.deriveSecret(this.earlySecret(), 'derived'));
  }

  /** A secret made ready for what is derived from it; its bytes are wiped. */
  keyOf(secret: Uint8Array): HmacKey {
    const key = this.provider.prfKey(this.hash, secret);
    wipe(secret);
    return key;
  }

  /** Early secret, from a PSK if there is one. */
  earlySecret(psk: Uint8Array = this.zeros): Uint8Array {
    return this.noSalt.key.mac(psk);
  }

  /** Handshake secret. `early` is left out in a handshake without PSK, `shared` in one with a PSK alone (psk_ke). */
  handshakeSecret(early: Secret | undefined, shared: Uint8Array = this.zeros): Uint8Array {
    return early === undefined ? this.derivedWithoutPsk.key.mac(shared) : this.extractAfter(early, shared);
  }

  mainSecret(handshake: Secret): Uint8Array {
    return this.extractAfter(handshake, this.zeros);
  }

  /** Derive-Secret over a transcript hash; without one, over no messages. */
  deriveSecret(secret: Secret, label: SecretLabel, transcriptHash: Uint8Array = this.hashOfNothing): Uint8Array {
    return this.expandLabel(secret, label, transcriptHash, this.hashLength);
  }

  /** Several secrets from one and the same transcript, keyed once. */
  deriveSecrets<L extends readonly SecretLabel[]>(
    secret: Secret,
    transcriptHash: Uint8Array,
    ...labels: L
  ): { [I in keyof L]: Uint8Array } {
    return this.keyed(secret, (key) => labels.map((label) => this.expand(key, label, transcriptHash, this.hashLength))) as {
      [I in keyof L]: Uint8Array;
    };
  }

  /** Key and static IV of a traffic secret (7.3). */
  trafficKeys(secret: Uint8Array, keyLength: number, ivLength = 12): { readonly key: Uint8Array; readonly iv: Uint8Array } {
    return this.keyed(secret, (key) => ({ key: this.expand(key, 'key', EMPTY, keyLength), iv: this.expand(key, 'iv', EMPTY, ivLength) }));
  }

  /** The key under which a Finished, or a PSK binder, is an HMAC (4.4.4). */
  finishedKey(base: Uint8Array): Uint8Array {
    return this.expandLabel(base, 'finished', EMPTY, this.hashLength);
  }

  /** Generation N+1 of an application traffic secret (7.2). */
  nextTrafficSecret(secret: Uint8Array): Uint8Array {
    return this.expandLabel(secret, 'traffic upd', EMPTY, this.hashLength);
  }

  /** The PSK that belongs to a ticket (4.6.1). */
  resumptionPsk(resumptionSecret: Uint8Array, ticketNonce: Uint8Array): Uint8Array {
    return this.expandLabel(resumptionSecret, 'resumption', ticketNonce, this.hashLength);
  }

  binderKey(early: Secret, kind: PskKind): Uint8Array {
    return this.deriveSecret(early, BINDER_LABELS[kind]);
  }

  /** Keying material for an application (7.5), from the exporter secret or the early one. At most 255 hashes long. */
  exporter(exporterSecret: Uint8Array, label: string, context: Uint8Array, length: number): Uint8Array {
    const secret = this.expandLabel(exporterSecret, label, this.hashOfNothing, this.hashLength);
    const out = this.expandLabel(secret, 'exporter', this.provider.digest(this.hash, context), length);
    wipe(secret);
    return out;
  }

  /** HKDF-Extract (RFC 5869, 2.2), which is an HMAC under the salt. */
  extract(salt: Uint8Array, input: Uint8Array): Uint8Array {
    return this.hmac(salt, input);
  }

  /** A single HMAC with the schedule's hash: `verify_data` of a Finished, a binder. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
    return this.keyed(key, (keyed) => keyed.mac(data));
  }

  /** HKDF-Expand-Label: Derive-Secret and everything else that comes out of a secret is this. */
  expandLabel(secret: Secret, label: string, context: Uint8Array, length: number): Uint8Array {
    return this.keyed(secret, (key) => this.expand(key, label, context, length));
  }

  private extractAfter(secret: Secret, input: Uint8Array): Uint8Array {
    const salt = this.deriveSecret(secret, 'derived');
    const extracted = this.extract(salt, input);
    wipe(salt);
    return extracted;
  }

  /** HKDF-Expand (RFC 5869, 2.3) of an HkdfLabel; nearly always its first block is enough. */
  private expand(key: HmacKey, label: string, context: Uint8Array, length: number): Uint8Array {
    if (length > 255 * this.hashLength) throw new RangeError(`HKDF cannot make ${length} bytes`);
    const info = this.infoOf(label, context.length, length);
    const first = key.mac(info, context, FIRST);
    if (length === first.length) return first;
    const out = new Uint8Array(length);
    for (let block = first, at = 0, counter = 1; ; ) {
      for (let i = 0; i < block.length && at < length; i++) out[at++] = block[i] as number;
      const last = block;
      if (at < length) block = key.mac(last, info, context, Uint8Array.of(++counter));
      last.fill(0);
      if (block === last) return out;
    }
  }

  /** The HkdfLabel structure up to its context: the output's length, the prefixed label, the context's length. */
  private infoOf(label: string, contextLength: number, length: number): Uint8Array {
    const known = this.infos.get(label);
    if (known !== undefined && known.length === length && known.contextLength === contextLength) return known.bytes;
    const text = utf8(this.prefix + label);
    if (text.length > 255) throw new RangeError('a label of more than 255 bytes');
    const bytes = concat(Uint8Array.of(length >>> 8, length & 0xff, text.length), text, Uint8Array.of(contextLength));
    if (known !== undefined || this.infos.size < LABELS_KEPT) this.infos.set(label, { length, contextLength, bytes });
    return bytes;
  }

  private keyed<T>(secret: Secret, use: (key: HmacKey) => T): T {
    if (!(secret instanceof Uint8Array)) return use(secret);
    const key = this.provider.prfKey(this.hash, secret);
    const result = use(key);
    key.wipe();
    return result;
  }
}

/** A key that is the same in every handshake. It is made anew after a while, since a provider makes quicker ones once it has run for some time. */
class ConstantKey {
  private readonly make: () => HmacKey;
  private made: HmacKey;
  private uses = 0;

  constructor(provider: CryptoProvider, hash: HashName, bytes: Uint8Array) {
    this.make = () => provider.prfKey(hash, bytes);
    this.made = this.make();
  }

  get key(): HmacKey {
    if (++this.uses % RENEWED_AFTER === 0) this.made = this.make();
    return this.made;
  }
}

const RENEWED_AFTER = 512;

/** What was last asked for under a label, as the bytes before the context. */
interface Info {
  readonly length: number;
  readonly contextLength: number;
  readonly bytes: Uint8Array;
}

/** HKDF-Expand's counter at its first block. */
const FIRST: Uint8Array = Uint8Array.of(1);

/** The schedule of a provider and a hash, made once. */
export function keySchedule(provider: CryptoProvider, hash: HashName): KeySchedule {
  const schedules = made.get(provider) ?? new Map<HashName, KeySchedule>();
  const schedule = schedules.get(hash) ?? new KeySchedule(provider, hash);
  made.set(provider, schedules.set(hash, schedule));
  return schedule;
}

const made = new WeakMap<CryptoProvider, Map<HashName, KeySchedule>>();

const BINDER_LABELS = { external: 'ext binder', resumption: 'res binder', imported: 'imp binder' } as const satisfies Record<
  PskKind,
  SecretLabel
>;

/** More than the protocol's own labels; those of exporters are the application's, and could be without end. */
const LABELS_KEPT = 32;
