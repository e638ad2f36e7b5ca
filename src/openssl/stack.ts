/** STACK_OF(T) is an array; these are for code that says `sk_X509_num`. */
export const sk_num = (stack: readonly unknown[] | null): number => stack?.length ?? -1;
export const sk_value = <T>(stack: readonly T[] | null, i: number): T | null => stack?.[i] ?? null;
export const sk_new_null = <T>(): T[] => [];
export const sk_push = <T>(stack: T[], item: T): number => stack.push(item);
export const sk_pop = <T>(stack: T[]): T | null => stack.pop() ?? null;
export const sk_shift = <T>(stack: T[]): T | null => stack.shift() ?? null;
export const sk_dup = <T>(stack: readonly T[]): T[] => [...stack];
export const sk_free = (_stack: readonly unknown[] | null): void => undefined;
export const sk_pop_free = (_stack: readonly unknown[] | null, _free: unknown): void => undefined;

export const sk_X509_num: typeof sk_num = sk_num;
export const sk_X509_value: typeof sk_value = sk_value;
export const sk_X509_new_null: typeof sk_new_null = sk_new_null;
export const sk_X509_push: typeof sk_push = sk_push;
export const sk_X509_pop_free: typeof sk_pop_free = sk_pop_free;
export const sk_X509_free: typeof sk_free = sk_free;
export const sk_X509_NAME_num: typeof sk_num = sk_num;
export const sk_X509_NAME_value: typeof sk_value = sk_value;
export const sk_X509_NAME_new_null: typeof sk_new_null = sk_new_null;
export const sk_X509_NAME_push: typeof sk_push = sk_push;
export const sk_X509_NAME_pop_free: typeof sk_pop_free = sk_pop_free;
export const sk_SSL_CIPHER_num: typeof sk_num = sk_num;
export const sk_SSL_CIPHER_value: typeof sk_value = sk_value;
export const sk_SSL_CIPHER_free: typeof sk_free = sk_free;
