/** Values an application attaches to objects (CRYPTO_get_ex_new_index(3)). */
import { type ExClass, type ExData, newExIndex } from '../session/ex-data.ts';
import { attempt } from './errors.ts';
import { alive } from './state.ts';
import type { Out, SSL, SSL_CTX, SSL_SESSION } from './types.ts';

export type CRYPTO_EX_DATA = ExData;
export type CRYPTO_EX_new = (parent: unknown, ptr: unknown, ad: CRYPTO_EX_DATA, idx: number, argl: number, argp: unknown) => void;
export type CRYPTO_EX_free = CRYPTO_EX_new;
/** `from_d` holds the source's value; what it holds afterwards goes into the copy. 0 refuses the duplicate. */
export type CRYPTO_EX_dup = (
  to: CRYPTO_EX_DATA,
  from: CRYPTO_EX_DATA,
  from_d: Out<unknown>,
  idx: number,
  argl: number,
  argp: unknown,
) => number;

type NewIndex = (
  argl: number,
  argp: unknown,
  new_func: CRYPTO_EX_new | null,
  dup_func: CRYPTO_EX_dup | null,
  free_func: CRYPTO_EX_free | null,
) => number;

const indexOf =
  (kind: ExClass): NewIndex =>
  (argl, argp, new_func, dup_func, free_func) =>
    newExIndex(
      kind,
      argl,
      argp,
      new_func ?? undefined,
      dup_func === null
        ? undefined
        : (to, from, value, index, l, p) => {
            const held = { value };
            return dup_func(to, from, held, index, l, p) === 0 ? undefined : held;
          },
      free_func ?? undefined,
    );

export const SSL_get_ex_new_index: NewIndex = indexOf('SSL');
export const SSL_CTX_get_ex_new_index: NewIndex = indexOf('SSL_CTX');
export const SSL_SESSION_get_ex_new_index: NewIndex = indexOf('SSL_SESSION');

const set = (func: string, data: ExData, idx: number, value: unknown): number =>
  attempt(func, 0, () => {
    data.set(idx, value);
    return 1;
  });

export const SSL_set_ex_data = (ssl: SSL, idx: number, value: unknown): number => set('SSL_set_ex_data', alive(ssl).exData, idx, value);
export const SSL_get_ex_data = (ssl: SSL, idx: number): unknown => alive(ssl).exData.get(idx) ?? null;
export const SSL_CTX_set_ex_data = (ctx: SSL_CTX, idx: number, value: unknown): number =>
  set('SSL_CTX_set_ex_data', alive(ctx).exData, idx, value);
export const SSL_CTX_get_ex_data = (ctx: SSL_CTX, idx: number): unknown => ctx.exData.get(idx) ?? null;
export const SSL_SESSION_set_ex_data = (session: SSL_SESSION, idx: number, value: unknown): number =>
  set('SSL_SESSION_set_ex_data', session.exData, idx, value);
export const SSL_SESSION_get_ex_data = (session: SSL_SESSION, idx: number): unknown => session.exData.get(idx) ?? null;

/** Index 0 needs no registration. */
export const SSL_set_app_data = (ssl: SSL, value: unknown): number => SSL_set_ex_data(ssl, 0, value);
export const SSL_get_app_data = (ssl: SSL): unknown => SSL_get_ex_data(ssl, 0);
export const SSL_CTX_set_app_data = (ctx: SSL_CTX, value: unknown): number => SSL_CTX_set_ex_data(ctx, 0, value);
export const SSL_CTX_get_app_data = (ctx: SSL_CTX): unknown => SSL_CTX_get_ex_data(ctx, 0);
export const SSL_SESSION_set_app_data = (session: SSL_SESSION, value: unknown): number => SSL_SESSION_set_ex_data(session, 0, value);
export const SSL_SESSION_get_app_data = (session: SSL_SESSION): unknown => SSL_SESSION_get_ex_data(session, 0);

export const CRYPTO_get_ex_data = (ad: CRYPTO_EX_DATA, idx: number): unknown => ad.get(idx) ?? null;
export const CRYPTO_set_ex_data = (ad: CRYPTO_EX_DATA, idx: number, value: unknown): number => set('CRYPTO_set_ex_data', ad, idx, value);
