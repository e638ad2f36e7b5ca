import type {
  Aead,
  CryptoProvider,
  DecapsulationKey,
  EphemeralKey,
  HmacKey,
  PrivateKey,
  PublicKey,
  RunningHash,
} from '../crypto/provider.ts';

/** What the time of primitives is spent on. */
export type Work = 'key agreement' | 'signatures' | 'hashing' | 'records';

/** Milliseconds by kind of work. */
export type WorkTimes = Record<Work, number>;

/** A provider that keeps the time of every primitive of another one. Work that is awaited counts until it is begun. */
export function measured(provider: CryptoProvider): { readonly provider: CryptoProvider; readonly times: WorkTimes } {
  const times: WorkTimes = { 'key agreement': 0, signatures: 0, hashing: 0, records: 0 };
  const timed = <T>(work: Work, run: () => T): T => {
    const start = performance.now();
    try {
      return run();
    } finally {
      times[work] += performance.now() - start;
    }
  };
  const awaited = <T, R>(value: T | Promise<T>, wrap: (value: T) => R): R | Promise<R> =>
    value instanceof Promise ? value.then(wrap) : wrap(value);

  const hash = (inner: RunningHash): RunningHash => ({
    update: (data) => timed('hashing', () => inner.update(data)),
    snapshot: () => timed('hashing', () => inner.snapshot()),
    clone: () => hash(timed('hashing', () => inner.clone())),
  });
  const hmac = (inner: HmacKey): HmacKey => ({ mac: (...parts) => timed('hashing', () => inner.mac(...parts)), wipe: () => inner.wipe() });
  const aead = (inner: Aead): Aead => ({
    tagLength: inner.tagLength,
    seal: (...args) => timed('records', () => inner.seal(...args)),
    open: (...args) => timed('records', () => inner.open(...args)),
    wipe: () => inner.wipe(),
  });
  const ephemeral = (inner: EphemeralKey): EphemeralKey => ({
    publicKey: inner.publicKey,
    agree: (peer) => timed('key agreement', () => inner.agree(peer)),
    wipe: () => inner.wipe(),
  });
  const decapsulation = (inner: DecapsulationKey): DecapsulationKey => ({
    encapsulationKey: inner.encapsulationKey,
    decapsulate: (ciphertext) => timed('key agreement', () => inner.decapsulate(ciphertext)),
    wipe: () => inner.wipe(),
  });
  const publicKey = (inner: PublicKey): PublicKey => ({
    spec: inner.spec,
    verify: (...args) => timed('signatures', () => inner.verify(...args)),
  });
  const privateKey = (inner: PrivateKey): PrivateKey => ({
    publicKey: inner.publicKey,
    sign: (...args) => timed('signatures', () => inner.sign(...args)),
  });

  return {
    times,
    provider: {
      ...provider,
      hash: (name) => hash(timed('hashing', () => provider.hash(name))),
      digest: (name, data) => timed('hashing', () => provider.digest(name, data)),
      hmac: (name, key) => hmac(timed('hashing', () => provider.hmac(name, key))),
      prfKey: (name, key) => hmac(timed('hashing', () => provider.prfKey(name, key))),
      aead: (name, key) => aead(timed('records', () => provider.aead(name, key))),
      ephemeral: (name) =>
        awaited(
          timed('key agreement', () => provider.ephemeral(name)),
          ephemeral,
        ),
      decapsulationKey: (name) =>
        awaited(
          timed('key agreement', () => provider.decapsulationKey(name)),
          decapsulation,
        ),
      encapsulate: (name, key) => timed('key agreement', () => provider.encapsulate(name, key)),
      importPublicKey: (spec) => publicKey(timed('signatures', () => provider.importPublicKey(spec))),
      importPrivateKey: (spec) => privateKey(timed('signatures', () => provider.importPrivateKey(spec))),
    },
  };
}
