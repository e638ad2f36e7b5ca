// What the cases of all modules ask.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { TLSSocket } from '../../dist/node/index.js';

export const AT_ONCE = 50;
export const TEN_MEGABYTES = 10_000_000;

/** Of a certificate whose issuer is not among those that are trusted: not sent, or sent along. */
export const UNKNOWN_AUTHORITY = ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN'];
/** Of a connection that ended without a goodbye, where that is an error at all. */
export const CUT_OFF = 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING';

/** Text that a database stores as it is, and no two parts of which are alike. */
export function text(length) {
  const parts = [];
  for (let i = 0, made = 0; made < length; i++) {
    parts.push(createHash('sha256').update(String(i)).digest('hex'));
    made += 64;
  }
  return parts.join('').slice(0, length);
}

export const digest = (data) => createHash('sha256').update(data).digest('hex');

/** That a connection is made by this library and not by the runtime's, and that it was verified. */
export function overOurs(socket, { version = 'TLSv1.3' } = {}) {
  assert.ok(socket instanceof TLSSocket, `the connection is a ${socket?.constructor?.name} and not ours`);
  assert.equal(socket.encrypted, true);
  assert.equal(socket.authorized, true, socket.authorizationError ?? 'not authorized');
  assert.equal(socket.getProtocol(), version);
}

/** Waits for a failure, and wants its code, or the code of the failure behind it, to be one of these. */
export async function fails(promise, ...codes) {
  const error = await promise.then(
    () => assert.fail(`no failure, where one of ${codes} was due`),
    (reason) => reason,
  );
  const found = [];
  for (let one = error; one instanceof Error; one = one.cause) found.push(one.code ?? one.message);
  assert.ok(
    found.some((code) => codes.includes(code)),
    `failed with ${found} in place of ${codes}: ${error.message}`,
  );
  return error;
}

/** So many at once. */
export const together = (work, count = AT_ONCE) => Promise.all(Array.from({ length: count }, (_, i) => work(i)));

/** Waits for an event; an 'error' before it is a failure. */
export function event(emitter, name) {
  return new Promise((resolve, reject) => {
    emitter.once(name, (...args) => resolve(args));
    if (name !== 'error') emitter.once('error', reject);
  });
}

/** Asks again until it is true. */
export async function until(ask, seconds = 10) {
  const end = Date.now() + 1000 * seconds;
  while (!(await ask())) {
    if (Date.now() > end) throw new Error(`not so after ${seconds} s: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
