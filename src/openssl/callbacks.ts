/**
 * C's callbacks and the core's differ in what they answer. A C callback is kept inside the function made of it, so that a copy of a
 * setting (SSL_new, SSL_dup) carries both, and getters give back what was set.
 */
interface Wrapped {
  readonly c: unknown;
  readonly arg: unknown;
}

/** The core's form of a C callback. */
export const wrap = <F extends (...args: never[]) => unknown>(c: unknown, arg: unknown, adapted: F): F =>
  Object.assign(adapted, { c, arg });

/** The C callback inside a setting; null where none is set, or one of the core's own. */
export const unwrap = <C>(setting: unknown): C | null => (isWrapped(setting) ? ((setting.c ?? null) as C | null) : null);

export const argOf = (setting: unknown): unknown => (isWrapped(setting) ? (setting.arg ?? null) : null);

const isWrapped = (setting: unknown): setting is Wrapped => typeof setting === 'function' && 'c' in setting;

/** A value or a promise of it, turned into something else. */
export const mapped = <A, B>(value: A | Promise<A>, to: (value: A) => B): B | Promise<B> =>
  value instanceof Promise ? value.then(to) : to(value);
