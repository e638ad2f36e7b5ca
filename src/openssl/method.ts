/** SSL_METHOD: which protocol, and which side of it. */
import type { Role } from '../ssl/context.ts';
import { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_VERSION } from './constants.ts';
import { refused } from './refused.ts';
import { methodOf, stateOf } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

export interface SSL_METHOD {
  readonly name: string;
  readonly role: Role | undefined;
  /** The one version it speaks; undefined: all that are built. */
  readonly version?: number;
}

const TLS: SSL_METHOD = { name: 'TLS_method', role: undefined };
const TLS_CLIENT: SSL_METHOD = { name: 'TLS_client_method', role: 'client' };
const TLS_SERVER: SSL_METHOD = { name: 'TLS_server_method', role: 'server' };

/** Every version that is built, as client or server. */
export const TLS_method = (): SSL_METHOD => TLS;
export const TLS_client_method = (): SSL_METHOD => TLS_CLIENT;
export const TLS_server_method = (): SSL_METHOD => TLS_SERVER;
export const SSLv23_method: () => SSL_METHOD = TLS_method;
export const SSLv23_client_method: () => SSL_METHOD = TLS_client_method;
export const SSLv23_server_method: () => SSL_METHOD = TLS_server_method;

/** The method of a context made through the objects is the one that fits its role. */
export const SSL_CTX_get_ssl_method = (ctx: SSL_CTX): SSL_METHOD =>
  methodOf(ctx) ?? (ctx.role === undefined ? TLS : ctx.role === 'client' ? TLS_CLIENT : TLS_SERVER);
export const SSL_get_ssl_method = (ssl: SSL): SSL_METHOD =>
  (ssl.inBefore ? stateOf(ssl).method : undefined) ?? SSL_CTX_get_ssl_method(ssl.context);

type Method = () => SSL_METHOD | null;
const none = (name: string): Method => refused<SSL_METHOD | null>(name, null);

function fixed(name: string, role: Role | undefined, version: number): Method {
  const method: SSL_METHOD = { name, role, version };
  return () => method;
}

export const TLSv1_2_method: Method = fixed('TLSv1_2_method', undefined, TLS1_2_VERSION);
export const TLSv1_2_client_method: Method = fixed('TLSv1_2_client_method', 'client', TLS1_2_VERSION);
export const TLSv1_2_server_method: Method = fixed('TLSv1_2_server_method', 'server', TLS1_2_VERSION);
export const TLSv1_1_method: Method = fixed('TLSv1_1_method', undefined, TLS1_1_VERSION);
export const TLSv1_1_client_method: Method = fixed('TLSv1_1_client_method', 'client', TLS1_1_VERSION);
export const TLSv1_1_server_method: Method = fixed('TLSv1_1_server_method', 'server', TLS1_1_VERSION);
export const TLSv1_method: Method = fixed('TLSv1_method', undefined, TLS1_VERSION);
export const TLSv1_client_method: Method = fixed('TLSv1_client_method', 'client', TLS1_VERSION);
export const TLSv1_server_method: Method = fixed('TLSv1_server_method', 'server', TLS1_VERSION);
export const SSLv3_method: Method = none('SSLv3_method');
export const SSLv3_client_method: Method = none('SSLv3_client_method');
export const SSLv3_server_method: Method = none('SSLv3_server_method');
export const DTLS_method: Method = none('DTLS_method');
export const DTLS_client_method: Method = none('DTLS_client_method');
export const DTLS_server_method: Method = none('DTLS_server_method');
export const DTLSv1_2_method: Method = none('DTLSv1_2_method');
export const DTLSv1_2_client_method: Method = none('DTLSv1_2_client_method');
export const DTLSv1_2_server_method: Method = none('DTLSv1_2_server_method');
export const DTLSv1_method: Method = none('DTLSv1_method');
export const DTLSv1_client_method: Method = none('DTLSv1_client_method');
export const DTLSv1_server_method: Method = none('DTLSv1_server_method');
