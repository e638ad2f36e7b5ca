/** The life of a context, and what is set on it as a whole. */

import { refuse } from '../registry/fatal.ts';
import { SslContext } from '../ssl/context.ts';
import { attempt } from './errors.ts';
import type { SSL_METHOD } from './method.ts';
import { configureBySystem } from './nconf.ts';
import { refused } from './refused.ts';
import { ofLiving, rememberMethod } from './state.ts';
import type { SSL_CTX } from './types.ts';

/** A context with one reference. Its defaults are this library's, not 1.1.1's: docs/deviations.md. */
export const SSL_CTX_new = (method: SSL_METHOD | null): SSL_CTX | null =>
  attempt('SSL_CTX_new', null, () => {
    if (method === null) return refuse('NULL_SSL_METHOD_PASSED');
    const bounds = method.version === undefined ? {} : { minProtoVersion: method.version, maxProtoVersion: method.version };
    // C's programs may look into the BIO for what follows a record.
    const context = new SslContext({ role: method.role, readAhead: false, ...bounds });
    rememberMethod(context, method);
    configureBySystem(context);
    return context;
  });

export function SSL_CTX_up_ref(ctx: SSL_CTX): number {
  ctx.upRef();
  return 1;
}

export const SSL_CTX_free = (ctx: SSL_CTX | null): void => ctx?.free();

/** Nothing has to be set up: these are for code that says so. */
export const OPENSSL_init_ssl = (_opts: number, _settings: unknown): number => 1;
export const SSL_library_init = (): number => 1;
export const SSL_load_error_strings = (): number => 1;
export const OpenSSL_add_ssl_algorithms = (): number => 1;
export const SSLeay_add_ssl_algorithms = (): number => 1;
export const SSL_add_ssl_module = (): void => undefined;

/** Curves are always chosen by what both sides have. */
export const SSL_CTX_set_ecdh_auto = (ctx: SSL_CTX, _onoff: number): number => ofLiving(ctx, 1);

const not = (name: string): ((...args: readonly unknown[]) => number) => refused(name, 0);

/** Another method, with the lists of suites as they were at first. A context stays a client's or a server's. */
export const SSL_CTX_set_ssl_version = (ctx: SSL_CTX, method: SSL_METHOD | null): number =>
  attempt('SSL_CTX_set_ssl_version', 0, () => {
    if (method === null) return refuse('NULL_SSL_METHOD_PASSED');
    if (method.role !== ctx.role) return refuse('BAD_VALUE', `${method.name} is for another side`);
    const { version } = method;
    const first = new SslContext();
    for (const name of ['cipherList', 'cipherSuites'] as const) ctx.set(name, first.get(name));
    ctx.set('minProtoVersion', version ?? first.get('minProtoVersion'));
    ctx.set('maxProtoVersion', version ?? 0);
    first.free();
    rememberMethod(ctx, method);
    return 1;
  });
export const SSL_CTX_set_client_cert_engine: (ctx: SSL_CTX, engine: unknown) => number = not('SSL_CTX_set_client_cert_engine');
export const SSL_COMP_add_compression_method: (id: number, method: unknown) => number = not('SSL_COMP_add_compression_method');
export const SSL_COMP_get_compression_methods = (): readonly unknown[] => [];
export const SSL_COMP_free_compression_methods = (): void => undefined;
export const SSL_CTX_set_srp_username: (ctx: SSL_CTX, name: string) => number = not('SSL_CTX_set_srp_username');
export const SSL_CTX_set_srp_password: (ctx: SSL_CTX, password: string) => number = not('SSL_CTX_set_srp_password');
