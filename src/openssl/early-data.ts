/** 0-RTT data (SSL_read_early_data(3)). */
import type { AllowEarlyDataCallback } from '../config/callbacks.ts';
import { mapped, wrap } from './callbacks.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { enter } from './progress.ts';
import { asInt, put } from './settings.ts';
import { alive } from './state.ts';
import type { Out, SSL, SSL_CTX } from './types.ts';

export const SSL_CTX_set_max_early_data = (ctx: SSL_CTX, bytes: number): number =>
  put('SSL_CTX_set_max_early_data', ctx, 'maxEarlyData', bytes);
export const SSL_CTX_get_max_early_data = (ctx: SSL_CTX): number => ctx.get('maxEarlyData');
export const SSL_set_max_early_data = (ssl: SSL, bytes: number): number => put('SSL_set_max_early_data', ssl, 'maxEarlyData', bytes);
export const SSL_get_max_early_data = (ssl: SSL): number => alive(ssl).get('maxEarlyData');
export const SSL_CTX_set_recv_max_early_data = (ctx: SSL_CTX, bytes: number): number =>
  put('SSL_CTX_set_recv_max_early_data', ctx, 'recvMaxEarlyData', bytes);
export const SSL_CTX_get_recv_max_early_data = (ctx: SSL_CTX): number => ctx.get('recvMaxEarlyData');
export const SSL_set_recv_max_early_data = (ssl: SSL, bytes: number): number =>
  put('SSL_set_recv_max_early_data', ssl, 'recvMaxEarlyData', bytes);
export const SSL_get_recv_max_early_data = (ssl: SSL): number => alive(ssl).get('recvMaxEarlyData');

/** 1: accept; 0: refuse the early data and go on without it. */
export type SSL_allow_early_data_cb_fn = (ssl: SSL, arg: unknown) => number | Promise<number>;

const allowCallback = (cb: SSL_allow_early_data_cb_fn | null, arg: unknown): AllowEarlyDataCallback | undefined =>
  cb === null ? undefined : wrap(cb, arg, (ssl: SSL) => mapped(cb(ssl, arg), (answer) => answer === 1));

export const SSL_CTX_set_allow_early_data_cb = (ctx: SSL_CTX, cb: SSL_allow_early_data_cb_fn | null, arg: unknown): void =>
  void ctx.set('allowEarlyDataCallback', allowCallback(cb, arg));
export const SSL_set_allow_early_data_cb = (ssl: SSL, cb: SSL_allow_early_data_cb_fn | null, arg: unknown): void =>
  void ssl.set('allowEarlyDataCallback', allowCallback(cb, arg));

/** 1 and the count in `written`, or 0. */
export function SSL_write_early_data(ssl: SSL, buf: Uint8Array, num: number, written: Out<number>): number {
  if (ssl.role === undefined) ssl.setRole('client');
  enter(ssl);
  written.value = attempt('SSL_write_early_data', 0, () => ssl.writeEarlyData(buf.subarray(0, num)));
  return asInt(written.value > 0);
}

/** SSL_READ_EARLY_DATA_SUCCESS and the count, _FINISH when no more will come, or _ERROR: see SSL_get_error. */
export function SSL_read_early_data(ssl: SSL, buf: Uint8Array, num: number, readbytes: Out<number>): number {
  if (ssl.role === undefined) ssl.setRole('server');
  enter(ssl);
  readbytes.value = 0;
  return attempt('SSL_read_early_data', c.SSL_READ_EARLY_DATA_ERROR, () => {
    const chunk = ssl.readEarlyData();
    if (chunk === 'finish') return c.SSL_READ_EARLY_DATA_FINISH;
    if (chunk === undefined) return c.SSL_READ_EARLY_DATA_ERROR;
    const part = chunk.subarray(0, Math.min(num, buf.length));
    buf.set(part);
    if (part.length < chunk.length) ssl.connection?.earlyDataReceived.unshift(chunk.subarray(part.length));
    readbytes.value = part.length;
    return c.SSL_READ_EARLY_DATA_SUCCESS;
  });
}

export const SSL_get_early_data_status = (ssl: SSL): number => STATUS[alive(ssl).connection?.earlyData ?? 'none'];

const STATUS = {
  none: c.SSL_EARLY_DATA_NOT_SENT,
  wanted: c.SSL_EARLY_DATA_NOT_SENT,
  offered: c.SSL_EARLY_DATA_NOT_SENT,
  accepted: c.SSL_EARLY_DATA_ACCEPTED,
  rejected: c.SSL_EARLY_DATA_REJECTED,
} as const;
