import type { Awaitable } from '../crypto/provider.ts';

/**
 * Why a handshake stops: what `SSL_get_error` reports. It never yields data, so values come back typed through
 * `yield*`, and whoever drives it only has to read the reason.
 */
export type Want =
  | 'read'
  | 'write'
  | 'async'
  | 'x509_lookup'
  | 'client_hello_cb'
  | 'retry_verify'
  /** Early data may be written or was read; only the early-data calls see it. */
  | 'early_data'
  /** The peer sent close_notify. */
  | 'closed';

export interface Stop {
  readonly want: Want;
  /** Settles when it is worth going on; absent where the caller knows better (bytes, a callback's answer). */
  readonly settled?: Promise<unknown>;
}

/** A part of a handshake: runs until it has a value, stopping where it must wait. */
export type Step<T> = Generator<Stop, T, void>;

/** A value at once where it is there; a promised one after stopping for it. A rejected promise is thrown here. */
export function* settle<T>(value: Awaitable<T>, want: Want = 'async'): Step<T> {
  if (!(value instanceof Promise)) return value;
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  const settled = value.then(
    (result) => {
      outcome = { value: result };
    },
    (error: unknown) => {
      outcome = { error };
    },
  );
  const finished = (): typeof outcome => outcome;
  for (;;) {
    const done = finished();
    if (done === undefined) {
      yield { want, settled };
      continue;
    }
    if ('error' in done) throw done.error;
    return done.value;
  }
}

/** Asks again until the answer is something else than `'retry'`, stopping in between (SSL_get_error(3), WANT_X509_LOOKUP and its kin). */
export function* untilAnswered<T>(ask: () => Awaitable<T | 'retry'>, want: Want): Step<T> {
  for (;;) {
    const answer = yield* settle(ask(), want);
    if (answer !== 'retry') return answer;
    yield { want };
  }
}

declare const proof: unique symbol;

/**
 * Evidence that a check ran: only the function that checks can make one, and what comes after cannot be built
 * without it. It costs nothing at run time.
 */
export type Proof<Kind extends string> = { readonly [proof]: Kind };
