/** Application data: SSL_read(3), SSL_write(3), SSL_shutdown(3), SSL_get_error(3). */

import { refuse } from '../registry/fatal.ts';
import type { SslWant } from '../ssl/ssl.ts';
import { BIO_should_io_special } from './bio.ts';
import * as c from './constants.ts';
import { ERR_GET_LIB, ERR_peek_error } from './err.ts';
import { attempt } from './errors.ts';
import { Port } from './port.ts';
import { enter, sendKeyUpdate } from './progress.ts';
import { asInt } from './settings.ts';
import { alive, ofLiving } from './state.ts';
import type { Out, SSL } from './types.ts';

// ---- reading

/** Bytes read into `buf`; 0 at the peer's close_notify, -1 where it must wait or failed: ask SSL_get_error. */
export const SSL_read = (ssl: SSL, buf: Uint8Array, num: number = buf.length): number => readInto('SSL_read', ssl, buf, num, false);
export const SSL_peek = (ssl: SSL, buf: Uint8Array, num: number = buf.length): number => readInto('SSL_peek', ssl, buf, num, true);

/** 1 and the count in `readbytes`, or 0. */
export const SSL_read_ex = (ssl: SSL, buf: Uint8Array, num: number, readbytes: Out<number>): number =>
  counted(readInto('SSL_read_ex', ssl, buf, num, false), readbytes);
export const SSL_peek_ex = (ssl: SSL, buf: Uint8Array, num: number, readbytes: Out<number>): number =>
  counted(readInto('SSL_peek_ex', ssl, buf, num, true), readbytes);

function readInto(func: string, ssl: SSL, buf: Uint8Array, num: number, peek: boolean): number {
  enter(ssl);
  return attempt(func, -1, () => {
    if (num < 0) refuse('BAD_LENGTH');
    const max = Math.min(num, buf.length);
    const bytes = peek ? ssl.peek(max) : ssl.read(max);
    if (bytes === undefined) return ssl.want === 'zero_return' ? 0 : -1;
    buf.set(bytes);
    return bytes.length;
  });
}

function counted(result: number, count: Out<number>): number {
  count.value = Math.max(0, result);
  return asInt(result > 0);
}

export const SSL_pending = (ssl: SSL): number => alive(ssl).pending;
export const SSL_has_pending = (ssl: SSL): number => asInt(alive(ssl).hasPending);

// ---- writing

/** Bytes taken, all of them unless SSL_MODE_ENABLE_PARTIAL_WRITE is set; -1 where it must be called again with the same. */
export const SSL_write = (ssl: SSL, buf: Uint8Array, num: number = buf.length): number => writeFrom('SSL_write', ssl, buf, num);

export const SSL_write_ex = (ssl: SSL, buf: Uint8Array, num: number, written: Out<number>): number =>
  counted(writeFrom('SSL_write_ex', ssl, buf, num), written);

function writeFrom(func: string, ssl: SSL, buf: Uint8Array, num: number): number {
  enter(ssl);
  return attempt(func, -1, () => {
    if (num < 0 || num > buf.length) refuse('BAD_LENGTH');
    sendKeyUpdate(ssl);
    if (num === 0) return 0;
    return ssl.write(buf.subarray(0, num)) || -1;
  });
}

// ---- closing

/** 1: both sides have said close_notify; 0: ours is out, call again for the peer's; -1: it must wait, or failed. */
export const SSL_shutdown = (ssl: SSL): number =>
  attempt('SSL_shutdown', -1, () => {
    if (ssl.shutdown()) return 1;
    return ssl.want === 'nothing' ? 0 : -1;
  });

export const SSL_get_shutdown = (ssl: SSL): number => alive(ssl).shutdownState;

export function SSL_set_shutdown(ssl: SSL, mode: number): void {
  alive(ssl).shutdownState = mode;
}

// ---- why it stopped

/** What the result of the last call on this connection means. The error queue must have been empty before that call. */
export function SSL_get_error(ssl: SSL, ret: number): number {
  if (ret > 0) return c.SSL_ERROR_NONE;
  const error = ERR_peek_error();
  if (error !== 0) return ERR_GET_LIB(error) === c.ERR_LIB_SYS ? c.SSL_ERROR_SYSCALL : c.SSL_ERROR_SSL;
  const { want, wbio } = alive(ssl);
  // The transport is not there yet: C asks the BIO what for.
  if (want === 'write' && wbio instanceof Port && BIO_should_io_special(wbio.bio) !== 0)
    return SPECIAL[wbio.bio.retryReason] ?? ERROR_OF[want];
  return ERROR_OF[want];
}

const SPECIAL: Readonly<Record<number, number>> = {
  [c.BIO_RR_CONNECT]: c.SSL_ERROR_WANT_CONNECT,
  [c.BIO_RR_ACCEPT]: c.SSL_ERROR_WANT_ACCEPT,
};

const ERROR_OF: Readonly<Record<SslWant, number>> = {
  nothing: c.SSL_ERROR_SYSCALL,
  read: c.SSL_ERROR_WANT_READ,
  write: c.SSL_ERROR_WANT_WRITE,
  async: c.SSL_ERROR_WANT_ASYNC,
  x509_lookup: c.SSL_ERROR_WANT_X509_LOOKUP,
  client_hello_cb: c.SSL_ERROR_WANT_CLIENT_HELLO_CB,
  retry_verify: c.SSL_ERROR_WANT_RETRY_VERIFY,
  early_data: c.SSL_ERROR_WANT_READ,
  zero_return: c.SSL_ERROR_ZERO_RETURN,
};

export const SSL_want = (ssl: SSL): number => WANT_OF[alive(ssl).want];

const WANT_OF: Readonly<Record<SslWant, number>> = {
  nothing: c.SSL_NOTHING,
  read: c.SSL_READING,
  write: c.SSL_WRITING,
  async: c.SSL_ASYNC_PAUSED,
  x509_lookup: c.SSL_X509_LOOKUP,
  client_hello_cb: c.SSL_CLIENT_HELLO_CB,
  retry_verify: c.SSL_RETRY_VERIFY,
  early_data: c.SSL_NOTHING,
  zero_return: c.SSL_NOTHING,
};

export const SSL_want_nothing = (ssl: SSL): number => asInt(SSL_want(ssl) === c.SSL_NOTHING);
export const SSL_want_read = (ssl: SSL): number => asInt(SSL_want(ssl) === c.SSL_READING);
export const SSL_want_write = (ssl: SSL): number => asInt(SSL_want(ssl) === c.SSL_WRITING);
export const SSL_want_x509_lookup = (ssl: SSL): number => asInt(SSL_want(ssl) === c.SSL_X509_LOOKUP);
export const SSL_want_client_hello_cb = (ssl: SSL): number => asInt(SSL_want(ssl) === c.SSL_CLIENT_HELLO_CB);
export const SSL_want_async = (ssl: SSL): number => asInt(SSL_want(ssl) === c.SSL_ASYNC_PAUSED);
export const SSL_want_async_job = (ssl: SSL): number => asInt(SSL_want(ssl) === c.SSL_ASYNC_NO_JOBS);
/** Whether a callback's or a key's promise is awaited; `ssl.settled` is the promise. */
export const SSL_waiting_for_async = (ssl: SSL): number => asInt(alive(ssl).want === 'async');

/** Buffers come and go by themselves. */
export const SSL_alloc_buffers = (ssl: SSL): number => ofLiving(ssl, 1);
export const SSL_free_buffers = (ssl: SSL): number => ofLiving(ssl, 1);
