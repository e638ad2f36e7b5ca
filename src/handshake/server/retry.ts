/** HelloRetryRequest, and the cookie that lets a server forget what it asked (RFC 9846, 4.1.4 and 4.2.2). */
import { concat, utf8 } from '../../bytes/bytes.ts';
import { Reader } from '../../bytes/reader.ts';
import { build } from '../../bytes/writer.ts';
import { cookie } from '../../extensions/cookie.ts';
import { earlyData } from '../../extensions/early-data.ts';
import { CONFIRMATION_LENGTH, encryptedClientHello } from '../../extensions/encrypted-client-hello.ts';
import { encode } from '../../extensions/extension.ts';
import { keyShare } from '../../extensions/key-share.ts';
import { supportedVersions } from '../../extensions/supported-versions.ts';
import { type CipherSuite, cipherSuite } from '../../registry/cipher-suites.ts';
import { fatal } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../../registry/versions.ts';
import { openTicket, sealTicket, type TicketKey } from '../../session/ticket.ts';
import { clientHello } from '../../wire/client-hello.ts';
import { encodeMessage, type RawExtension } from '../../wire/message.ts';
import { HELLO_RETRY_RANDOM, serverHello } from '../../wire/server-hello.ts';
import { customExtensionsFor, EXT } from '../common/custom-extensions.ts';
import { confirmation } from '../common/ech.ts';
import type { Connection } from '../connection.ts';
import type { Handshake } from '../handshake.ts';
import type { Step } from '../step.ts';
import { isInner, openSecondHello } from './ech.ts';
import { checkSecondHello, type ReadHello, readHello } from './select.ts';

/** What was asked in a retry, as far as the answer to the second hello depends on it. */
export interface Retry {
  readonly suite: CipherSuite;
  /** 0: no share was asked for, only the cookie. */
  readonly group: number;
}

/** Asks for another ClientHello and reads it. */
export function* retryHello(handshake: Handshake, first: ReadHello, retry: Retry): Step<ReadHello> {
  const { connection, transcript } = handshake;
  transcript.replaceByHash(retry.suite.hash);
  const raw = helloRetryRequest(connection, first, retry, undefined);
  if (isInner(connection, first.block)) confirmRetry(handshake, first, retry, raw);
  transcript.add(connection.io.sendRaw(raw));
  if (first.hello.legacySessionId.length > 0 && connection.middleboxCompat) connection.io.sendChangeCipherSpec();
  connection.enter('EARLY_DATA');
  yield* handshake.flush();
  // RFC 9846, 4.2.10: early data that is under way is protected, and is passed over until the second hello comes in the clear.
  if (first.block.has(earlyData)) connection.io.records.reader.skipEarlyData(connection.get('recvMaxEarlyData'), true);
  const received = openSecondHello(handshake, yield* handshake.receiveUncounted(clientHello));
  const second = readHello(received.value, received.raw);
  checkSecondHello(first, second);
  return second;
}

/** Writes the signal over the zeros that a retry for an opened hello ends with (RFC 9849, 7.2.1). */
function confirmRetry({ connection, transcript }: Handshake, { hello }: ReadHello, { suite }: Retry, raw: Uint8Array): void {
  const signal = confirmation(connection.provider, suite.hash, 'retry', hello.random, transcript, raw);
  raw.set(signal, raw.length - signal.length);
}

/** Asks for a cookie and forgets the client: the second hello brings all that is needed (SSL_stateless(3)). */
export function* demandCookie(handshake: Handshake, first: ReadHello, retry: Retry): Step<never> {
  const { connection, transcript } = handshake;
  transcript.start(retry.suite.hash);
  connection.io.sendRaw(helloRetryRequest(connection, first, retry, makeCookie(connection, retry, transcript.digest())));
  if (first.hello.legacySessionId.length > 0 && connection.middleboxCompat) connection.io.sendChangeCipherSpec();
  yield* handshake.flush();
  connection.cookieDemanded = true;
  // Whoever drives this drops it here; nothing of the client is kept.
  for (;;) yield { want: 'client_hello_cb' };
}

/** A second hello on a server that remembers nothing: the transcript is rebuilt from the cookie. Undefined where it does not hold. */
export function takeUpCookie(handshake: Handshake, read: ReadHello): Retry | undefined {
  const { connection, transcript } = handshake;
  const bytes = read.block.get(cookie);
  const state = bytes && openCookie(connection, bytes);
  if (bytes === undefined || state === undefined) return undefined;
  transcript.restart(state.retry.suite.hash, state.helloHash);
  transcript.add(helloRetryRequest(connection, read, state.retry, bytes));
  connection.cookieVerified = true;
  return state.retry;
}

function helloRetryRequest(
  connection: Connection,
  first: ReadHello,
  { suite, group }: Retry,
  cookieBytes: Uint8Array | undefined,
): Uint8Array {
  const extensions: RawExtension[] = [encode(supportedVersions, 'HRR', TLS1_3_VERSION)];
  if (group !== 0) extensions.push(encode(keyShare, 'HRR', group));
  if (cookieBytes !== undefined) extensions.push(encode(cookie, 'HRR', cookieBytes));
  extensions.push(
    ...customExtensionsFor(connection, EXT.TLS1_3_HELLO_RETRY_REQUEST, new Set(first.hello.extensions.map(({ type }) => type))),
  );
  // The signal, once it is known; it stands at the end.
  if (isInner(connection, first.block)) extensions.push(encode(encryptedClientHello, 'HRR', new Uint8Array(CONFIRMATION_LENGTH)));
  return encodeMessage(serverHello, {
    legacyVersion: TLS1_2_VERSION,
    random: HELLO_RETRY_RANDOM,
    legacySessionIdEcho: first.hello.legacySessionId,
    cipherSuite: suite.id,
    legacyCompressionMethod: 0,
    extensions,
  });
}

function makeCookie(connection: Connection, { suite, group }: Retry, helloHash: Uint8Array): Uint8Array {
  const callback = connection.get('cookieGenerateCallback');
  const own = callback?.(connection.owner.handle) ?? new Uint8Array(0);
  const state = build((w) => {
    w.u16(suite.id)
      .u16(group)
      .u32(Math.floor(connection.owner.now() / 1000))
      .vec8(helloHash)
      .vec16(own);
  });
  const [key] = cookieKeys(connection);
  return sealTicket(connection.provider, key ?? fatal('internal_error', 'INTERNAL_ERROR', 'no ticket key'), state);
}

function openCookie(connection: Connection, bytes: Uint8Array): { readonly retry: Retry; readonly helloHash: Uint8Array } | undefined {
  const [state] = cookieKeys(connection).flatMap((key) => openTicket(connection.provider, key, bytes) ?? []);
  if (state === undefined) return undefined;
  const r = new Reader(state);
  const suite = cipherSuite(r.u16());
  const group = r.u16();
  const madeAt = r.u32();
  const helloHash = r.vec8();
  const own = r.vec16();
  r.finish();
  if (suite === undefined || Math.floor(connection.owner.now() / 1000) - madeAt > LIMITS.retryCookieAge.value) return undefined;
  const verify = connection.get('cookieVerifyCallback');
  return verify === undefined || verify(connection.owner.handle, own) ? { retry: { suite, group }, helloHash } : undefined;
}

/**
 * Cookies are sealed like tickets, under keys made from theirs: a fleet that shares tickets shares cookies, the keys change on the same
 * day, and neither is ever taken for the other.
 */
function cookieKeys({ owner, provider }: Connection): readonly TicketKey[] {
  const keys = owner.sessions.ticketKeys(provider, owner.get('ticketKeys'), owner.now());
  return keys.map(({ name, key }) => ({ name, key: provider.digest('sha256', concat(COOKIE_LABEL, key)) }));
}

const COOKIE_LABEL: Uint8Array = utf8('HelloRetryRequest cookie');
