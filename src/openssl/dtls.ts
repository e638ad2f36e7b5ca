/** DTLS comes with an issue of its own; until then its functions say so. SRTP is agreed on over DTLS. */
import { refused } from './refused.ts';
import type { SSL, SSL_CTX } from './types.ts';

type Anything = (...args: readonly unknown[]) => unknown;
const number = (name: string): ((...args: readonly unknown[]) => number) => refused(name, 0);

export const DTLS_get_data_mtu: (ssl: SSL) => number = number('DTLS_get_data_mtu');
export const DTLS_get_link_min_mtu: (ssl: SSL) => number = number('DTLS_get_link_min_mtu');
export const DTLS_set_link_mtu: (ssl: SSL, mtu: number) => number = number('DTLS_set_link_mtu');
export const DTLS_set_timer_cb: (ssl: SSL, cb: Anything | null) => void = refused('DTLS_set_timer_cb', undefined);
export const DTLSv1_get_timeout: (ssl: SSL) => number = number('DTLSv1_get_timeout');
export const DTLSv1_handle_timeout: (ssl: SSL) => number = refused('DTLSv1_handle_timeout', -1);
export const DTLSv1_listen: (ssl: SSL, client: unknown) => number = refused('DTLSv1_listen', -1);
export const SSL_set_mtu: (ssl: SSL, mtu: number) => number = number('SSL_set_mtu');
export const SSL_CTX_set_cookie_generate_cb: (ctx: SSL_CTX, cb: Anything | null) => void = refused(
  'SSL_CTX_set_cookie_generate_cb',
  undefined,
);
export const SSL_CTX_set_cookie_verify_cb: (ctx: SSL_CTX, cb: Anything | null) => void = refused('SSL_CTX_set_cookie_verify_cb', undefined);
/** As in C, these two answer 0 for success: a refusal is 1. */
export const SSL_CTX_set_tlsext_use_srtp: (ctx: SSL_CTX, profiles: string) => number = refused('SSL_CTX_set_tlsext_use_srtp', 1);
export const SSL_set_tlsext_use_srtp: (ssl: SSL, profiles: string) => number = refused('SSL_set_tlsext_use_srtp', 1);
export const SSL_get_selected_srtp_profile: (ssl: SSL) => null = refused('SSL_get_selected_srtp_profile', null);
export const SSL_get_srtp_profiles: (ssl: SSL) => null = refused('SSL_get_srtp_profiles', null);
