/** BIOs of a connection: those it reads from and writes to, and the filter that makes a BIO of a connection. */
import type { Bio } from '../bio/bio.ts';
import { refuse } from '../registry/fatal.ts';
import { Ssl } from '../ssl/ssl.ts';
import { BIO, BIO_f_buffer, BIO_find_type, type BIO_METHOD, BIO_pending, BIO_push, BIO_up_ref, BIO_wpending } from './bio.ts';
import { BIO_s_connect } from './bio-net.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { SSL_do_handshake } from './handshake.ts';
import { SSL_get_error, SSL_read, SSL_shutdown, SSL_write } from './io.ts';
import { Port } from './port.ts';
import { BIO_get_fd, BIO_new_socket, type Descriptor } from './socket.ts';
import { SSL_copy_session_id, SSL_dup, SSL_new, SSL_set_accept_state, SSL_set_connect_state } from './ssl.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

const portOf = (bio: BIO | null): Port | undefined => (bio === null ? undefined : new Port(bio));

/** A BIO of the core's that was given to the connection by other means shows as a BIO, too. */
const asBio = (port: Bio | undefined): BIO | null => (port === undefined ? null : port instanceof Port ? port.bio : foreign(port));

function foreign(port: Bio): BIO {
  return new BIO({
    type: c.BIO_TYPE_NONE,
    name: 'application',
    read: (_bio, max) => port.read(max),
    write: (_bio, bytes) => port.write(bytes),
  });
}

// ---- SSL_set_bio(3) and its references

export const SSL_get_rbio = (ssl: SSL): BIO | null => asBio(alive(ssl).rbio);
export const SSL_get_wbio = (ssl: SSL): BIO | null => asBio(alive(ssl).wbio);

/** Takes one reference of the caller's, also where it is the same BIO as before. */
export function SSL_set0_rbio(ssl: SSL, bio: BIO | null): void {
  const before = alive(ssl).rbio;
  setBoth(ssl, portOf(bio), ssl.wbio);
  before?.free?.();
}

export function SSL_set0_wbio(ssl: SSL, bio: BIO | null): void {
  const before = alive(ssl).wbio;
  setBoth(ssl, ssl.rbio, portOf(bio));
  before?.free?.();
}

const setBoth = (ssl: SSL, input: Bio | undefined, output: Bio | undefined): void => void ssl.setBio(input, output);

/**
 * Takes references of the caller's: none where nothing changes, one where both are the same or only one changes, else two. A
 * BIO that was the reader and the writer counts twice, so its reader is replaced together with its writer.
 */
export function SSL_set_bio(ssl: SSL, rbio: BIO | null, wbio: BIO | null): void {
  const [reader, writer] = [SSL_get_rbio(ssl), SSL_get_wbio(ssl)];
  if (rbio === reader && wbio === writer) return;
  if (rbio !== null && rbio === wbio) BIO_up_ref(rbio);
  if (rbio !== reader) SSL_set0_rbio(ssl, rbio);
  if (rbio === reader || wbio !== writer || reader === writer) SSL_set0_wbio(ssl, wbio);
}

// ---- BIO_f_ssl(3)

const connectionOf = (bio: BIO): SSL => (bio.data instanceof Ssl ? bio.data : refuse('UNINITIALIZED', 'an SSL BIO without a connection'));

const SSL_FILTER: BIO_METHOD = {
  type: c.BIO_TYPE_SSL,
  name: 'ssl',
  read: (bio, max) => {
    const ssl = connectionOf(bio);
    const buf = new Uint8Array(Math.min(max, 16_384));
    const count = SSL_read(ssl, buf);
    return count > 0 ? buf.subarray(0, count) : outcome(bio, ssl, count) === 'retry' ? 'retry' : 'eof';
  },
  write: (bio, bytes) => {
    const ssl = connectionOf(bio);
    const count = SSL_write(ssl, bytes);
    if (count > 0) return count;
    return outcome(bio, ssl, count) === 'retry' ? 0 : -1;
  },
  pending: (bio) => connectionOf(bio).pending || sumOf(SSL_get_rbio(connectionOf(bio)), BIO_pending),
  wpending: (bio) => sumOf(SSL_get_wbio(connectionOf(bio)), BIO_wpending),
  pushed: (bio) => {
    const ssl = connectionOf(bio);
    const { next } = bio;
    if (next === null || next === SSL_get_rbio(ssl)) return;
    BIO_up_ref(next);
    SSL_set_bio(ssl, next, next);
  },
  popped: (bio) => SSL_set_bio(connectionOf(bio), null, null),
  advance: (bio) =>
    attempt('BIO_do_handshake', -1, () => {
      const ssl = connectionOf(bio);
      const ret = SSL_do_handshake(ssl);
      if (ret <= 0) outcome(bio, ssl, ret);
      return ret;
    }),
  dup: (to, from) => {
    const copy = SSL_dup(connectionOf(from));
    return copy === null ? 0 : BIO_set_ssl(to, copy, from.close);
  },
  flush: (bio) => (connectionOf(bio).unwritten === 0 ? 1 : connectionOf(bio).flush() ? 1 : -1),
  destroy: (bio) => {
    if (bio.data instanceof Ssl && bio.close === c.BIO_CLOSE) {
      if (bio.data.isInitFinished) SSL_shutdown(bio.data);
      bio.data.free();
    }
    bio.data = undefined;
  },
};

const sumOf = (bio: BIO | null, count: (bio: BIO) => number): number => (bio === null ? 0 : count(bio));

/** Whether to try again, with the flags that say for what. */
function outcome(bio: BIO, ssl: SSL, ret: number): 'retry' | 'end' {
  switch (SSL_get_error(ssl, ret)) {
    case c.SSL_ERROR_WANT_READ:
      bio.retry(c.BIO_FLAGS_READ);
      return 'retry';
    case c.SSL_ERROR_WANT_WRITE:
      bio.retry(c.BIO_FLAGS_WRITE);
      return 'retry';
    case c.SSL_ERROR_WANT_CONNECT:
      bio.retry(c.BIO_FLAGS_IO_SPECIAL, c.BIO_RR_CONNECT);
      return 'retry';
    case c.SSL_ERROR_WANT_X509_LOOKUP:
    case c.SSL_ERROR_WANT_ASYNC:
    case c.SSL_ERROR_WANT_CLIENT_HELLO_CB:
    case c.SSL_ERROR_WANT_RETRY_VERIFY:
      bio.retry(c.BIO_FLAGS_IO_SPECIAL, c.BIO_RR_SSL_X509_LOOKUP);
      return 'retry';
    default:
      return 'end';
  }
}

export const BIO_f_ssl = (): BIO_METHOD => SSL_FILTER;

/** A filter with a fresh connection of this context: push it onto the transport. */
export function BIO_new_ssl(ctx: SSL_CTX, client: number): BIO | null {
  const ssl = SSL_new(ctx);
  if (ssl === null) return null;
  if (client !== 0) SSL_set_connect_state(ssl);
  else SSL_set_accept_state(ssl);
  const bio = new BIO(SSL_FILTER);
  BIO_set_ssl(bio, ssl, c.BIO_CLOSE);
  return bio;
}

/** Puts a connection into a filter. With BIO_CLOSE it belongs to it. */
export function BIO_set_ssl(bio: BIO, ssl: SSL, close: number): number {
  bio.live().data = ssl;
  bio.close = close;
  const rbio = SSL_get_rbio(ssl);
  if (rbio !== null && bio.next === null) {
    BIO_up_ref(rbio);
    bio.next = rbio;
  }
  return 1;
}

/** The connection of the first filter in a chain; null where there is none. */
export function BIO_get_ssl(bio: BIO): SSL | null {
  const filter = BIO_find_type(bio, c.BIO_TYPE_SSL);
  return filter !== null && filter.data instanceof Ssl ? filter.data : null;
}

/** 1: client; 0: server. */
export function BIO_set_ssl_mode(bio: BIO, client: number): number {
  const ssl = BIO_get_ssl(bio);
  if (ssl === null) return 0;
  if (client !== 0) SSL_set_connect_state(ssl);
  else SSL_set_accept_state(ssl);
  return 1;
}

export const BIO_ssl_copy_session_id = (to: BIO, from: BIO): number => {
  const [target, source] = [BIO_get_ssl(to), BIO_get_ssl(from)];
  return target === null || source === null ? 0 : SSL_copy_session_id(target, source);
};

/** Shuts every connection in a chain down. */
export function BIO_ssl_shutdown(bio: BIO): void {
  for (let at: BIO | null = bio; at !== null; at = at.next) if (at.data instanceof Ssl) SSL_shutdown(at.data);
}

/** There are no renegotiations to count or to cause: a KeyUpdate comes by itself when a key is worn. */
export const BIO_get_num_renegotiates = (_bio: BIO): number => 0;
export const BIO_set_ssl_renegotiate_bytes = (_bio: BIO, _count: number): number => 0;
export const BIO_set_ssl_renegotiate_timeout = (_bio: BIO, _seconds: number): number => 0;

/** A client of a context over a BIO that connects: BIO_set_conn_hostname(3) says to whom. */
export function BIO_new_ssl_connect(ctx: SSL_CTX): BIO | null {
  const ssl = BIO_new_ssl(ctx, 1);
  return ssl === null ? null : BIO_push(ssl, new BIO(BIO_s_connect()));
}

/** The same behind a BIO that buffers. */
export function BIO_new_buffer_ssl_connect(ctx: SSL_CTX): BIO | null {
  const chain = BIO_new_ssl_connect(ctx);
  return chain === null ? null : BIO_push(new BIO(BIO_f_buffer()), chain);
}

// ---- sockets in place of descriptors: the BIO is made here, the socket stays the caller's

const overSocket = (fd: Descriptor): BIO => BIO_new_socket(fd, c.BIO_NOCLOSE);

export function SSL_set_fd(ssl: SSL, fd: Descriptor): number {
  const bio = overSocket(fd);
  SSL_set_bio(ssl, bio, bio);
  return 1;
}

export function SSL_set_rfd(ssl: SSL, fd: Descriptor): number {
  const writer = SSL_get_wbio(ssl);
  if (writer === null || BIO_get_fd(writer) !== fd) SSL_set0_rbio(ssl, overSocket(fd));
  else {
    BIO_up_ref(writer);
    SSL_set0_rbio(ssl, writer);
  }
  return 1;
}

export function SSL_set_wfd(ssl: SSL, fd: Descriptor): number {
  const reader = SSL_get_rbio(ssl);
  if (reader === null || BIO_get_fd(reader) !== fd) SSL_set0_wbio(ssl, overSocket(fd));
  else {
    BIO_up_ref(reader);
    SSL_set0_wbio(ssl, reader);
  }
  return 1;
}

const fdOf = (bio: BIO | null): Descriptor | -1 => (bio === null ? -1 : BIO_get_fd(bio));

/** The socket that it reads from; -1 where that is something else. */
export const SSL_get_rfd = (ssl: SSL): Descriptor | -1 => fdOf(SSL_get_rbio(ssl));
export const SSL_get_wfd = (ssl: SSL): Descriptor | -1 => fdOf(SSL_get_wbio(ssl));
export const SSL_get_fd: (ssl: SSL) => Descriptor | -1 = SSL_get_rfd;
