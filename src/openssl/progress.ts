/** What every call that goes on with a connection does first. */
import * as c from './constants.ts';
import { ERR_clear_error } from './err.ts';
import { alive, stateOf } from './state.ts';
import type { SSL } from './types.ts';

/** SSL_key_update(3) was called: what is written next goes under new keys. */
export function sendKeyUpdate(ssl: SSL): void {
  const state = stateOf(ssl);
  if (state.keyUpdate === c.SSL_KEY_UPDATE_NONE) return;
  const request = state.keyUpdate === c.SSL_KEY_UPDATE_REQUESTED;
  state.keyUpdate = c.SSL_KEY_UPDATE_NONE;
  ssl.keyUpdate(request);
}

/** Whoever enters the state machine starts with an empty queue, as in C; on a connection in use the caller clears it. */
export function enter(ssl: SSL): void {
  if (!alive(ssl).isInitFinished) ERR_clear_error();
}
