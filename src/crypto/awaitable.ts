import type { Awaitable } from './provider.ts';

/** Goes on with a value at once, or with a promised one later: what is synchronous stays so. */
export function chain<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** All values in their order, a promise only if one of them is. */
export function all<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  // Seen to hold no promise, the values are what the type allows besides.
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[]);
}
