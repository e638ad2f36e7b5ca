/** What the C functions remember of objects beside what the objects know themselves. */
import type { ClientHelloInfo } from '../config/callbacks.ts';
import { refuse } from '../registry/fatal.ts';
import type { SslContext } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';
import type { SSL_METHOD } from './method.ts';

export interface SslState {
  /** While the ClientHello callback runs. */
  clientHello: ClientHelloInfo | undefined;
  /** SSL_key_update(3) was called and the next write sends it. */
  keyUpdate: number;
  /** SSL_set_tlsext_status_ocsp_resp(3). */
  ocspResponse: Uint8Array | undefined;
  /** SSL_set_ssl_method(3). */
  method: SSL_METHOD | undefined;
}

const CONNECTIONS: WeakMap<Ssl, SslState> = new WeakMap();

export function stateOf(ssl: Ssl): SslState {
  const known = CONNECTIONS.get(ssl);
  if (known !== undefined) return known;
  const state = { clientHello: undefined, keyUpdate: -1, ocspResponse: undefined, method: undefined };
  CONNECTIONS.set(ssl, state);
  return state;
}

const METHODS: WeakMap<SslContext, SSL_METHOD> = new WeakMap();

export const methodOf = (context: SslContext): SSL_METHOD | undefined => METHODS.get(context);

export function rememberMethod(context: SslContext, method: SSL_METHOD): void {
  METHODS.set(context, method);
}

/** A handle after its last free is C's undefined behaviour; here it is an exception. */
export function alive<T extends { readonly referenceCount: number }>(handle: T): T {
  return handle.referenceCount > 0 ? handle : refuse('USE_AFTER_FREE', 'a handle after its last free');
}

/** An answer that does not depend on the handle, which has to be alive all the same. */
export function ofLiving<T>(handle: { readonly referenceCount: number }, answer: T): T {
  alive(handle);
  return answer;
}
