import type { Awaitable } from '../crypto/provider.ts';

/**
 * A computation that may have to wait. It is written once as a generator; while nothing it asks for is a promise it
 * runs through synchronously, so verification under `node:crypto` never leaves the caller's turn.
 */
export type Flow<T> = Generator<Promise<unknown>, T, unknown>;

/** The value itself, or the outcome of the promise. */
export function* settle<T>(value: Awaitable<T>): Flow<T> {
  return value instanceof Promise ? ((yield value) as T) : value;
}

/** Runs a flow to its end: at once where it never waits, else by promise. */
export function runFlow<T>(flow: Flow<T>): Awaitable<T> {
  const step = flow.next();
  return step.done === true ? step.value : resume(flow, step.value);
}

async function resume<T>(flow: Flow<T>, first: Promise<unknown>): Promise<T> {
  for (let pending = first; ; ) {
    const step = await pending.then(
      (value) => flow.next(value),
      (error: unknown) => flow.throw(error),
    );
    if (step.done === true) return step.value;
    pending = step.value;
  }
}
