import { utf8 } from '../bytes/bytes.ts';

/** C's callback fills a buffer of `size` bytes; here it gives the password, or 0 where there is none. */
export type pem_password_cb = (size: number, rwflag: number, userdata: unknown) => string | Uint8Array | number;

/** As C's PEM_BUFSIZE. */
const PASSWORD_SIZE = 1024;

/** The password that a callback or, without one, the user data gives. */
export function passwordOf(cb: pem_password_cb | null, userdata: unknown): Uint8Array | undefined {
  const answer = cb === null ? userdata : cb(PASSWORD_SIZE, 0, userdata);
  if (typeof answer === 'string') return utf8(answer);
  return answer instanceof Uint8Array ? answer : undefined;
}
