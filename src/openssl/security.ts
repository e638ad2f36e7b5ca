/** Security levels, and the callback that decides in their place (SSL_CTX_set_security_level(3)). */
import type { SecurityCallback } from '../config/callbacks.ts';
import type { SecurityOperation } from '../config/security.ts';
import { unwrap, wrap } from './callbacks.ts';
import * as c from './constants.ts';
import { groupNid } from './group-numbers.ts';
import type { Holder } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

export const SSL_CTX_set_security_level = (ctx: SSL_CTX, level: number): void => void ctx.set('securityLevel', level);
export const SSL_CTX_get_security_level = (ctx: SSL_CTX): number => ctx.get('securityLevel');
export const SSL_set_security_level = (ssl: SSL, level: number): void => void ssl.set('securityLevel', level);
export const SSL_get_security_level = (ssl: SSL): number => alive(ssl).get('securityLevel');
export const SSL_CTX_set0_security_ex_data = (ctx: SSL_CTX, ex: unknown): void => void ctx.set('securityExData', ex);
export const SSL_CTX_get0_security_ex_data = (ctx: SSL_CTX): unknown => ctx.get('securityExData') ?? null;
export const SSL_set0_security_ex_data = (ssl: SSL, ex: unknown): void => void ssl.set('securityExData', ex);
export const SSL_get0_security_ex_data = (ssl: SSL): unknown => alive(ssl).get('securityExData') ?? null;

/** `op` is one of SSL_SECOP_*; 1 allows, 0 does not. `other` is what is asked about: a suite, a group, a signature scheme, a key. */
export type security_cb = (
  ssl: SSL | null,
  ctx: SSL_CTX | null,
  op: number,
  bits: number,
  nid: number,
  other: unknown,
  ex: unknown,
) => number;

const callbackOf = (cb: security_cb | null): SecurityCallback | undefined =>
  cb === null
    ? undefined
    : wrap(
        cb,
        null,
        (ssl: SSL | undefined, operation: string, bits: number, what: unknown) =>
          cb(
            ssl ?? null,
            ssl?.context ?? null,
            OPERATIONS[operation as SecurityOperation],
            bits,
            nidOf(what),
            what,
            ssl?.get('securityExData') ?? null,
          ) !== 0,
      );

const OPERATIONS: Readonly<Record<SecurityOperation, number>> = {
  cipher: c.SSL_SECOP_CIPHER_SUPPORTED,
  group: c.SSL_SECOP_CURVE_SUPPORTED,
  signature: c.SSL_SECOP_SIGALG_SUPPORTED,
  'peer key': c.SSL_SECOP_PEER_EE_KEY,
  'own key': c.SSL_SECOP_EE_KEY,
  version: c.SSL_SECOP_VERSION,
  ticket: c.SSL_SECOP_TICKET,
  'ca digest': c.SSL_SECOP_CA_MD,
};

/** Groups have numbers; what is asked about otherwise is passed as `other` itself. */
const nidOf = (what: unknown): number =>
  typeof what === 'object' && what !== null && 'id' in what && 'parts' in what && typeof what.id === 'number'
    ? groupNid(what.id)
    : c.NID_undef;

const set = (holder: Holder, cb: security_cb | null): void => void holder.set('securityCallback', callbackOf(cb));

export const SSL_CTX_set_security_callback = (ctx: SSL_CTX, cb: security_cb | null): void => set(ctx, cb);
export const SSL_CTX_get_security_callback = (ctx: SSL_CTX): security_cb | null => unwrap(ctx.get('securityCallback'));
export const SSL_set_security_callback = (ssl: SSL, cb: security_cb | null): void => set(ssl, cb);
export const SSL_get_security_callback = (ssl: SSL): security_cb | null => unwrap(alive(ssl).get('securityCallback'));
