/**
 * The callbacks and events of `node:tls` on top of the settings of a context. Settings belong to a context that many
 * connections may share, so what is set there asks the connection's own socket.
 */
import { EventEmitter } from 'node:events';
import { fromUtf8, sameBytes, utf8 } from '../bytes/bytes.ts';
import type { CertVerifyCallback } from '../config/callbacks.ts';
import type { ExternalPsk } from '../config/credentials.ts';
import type { SettingInput, SettingName } from '../config/settings.ts';
import { ALERTS } from '../registry/alerts.ts';
import { SslUsageError } from '../registry/fatal.ts';
import { SESSION_CACHE } from '../registry/options.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import type { SslSession } from '../session/session.ts';
import type { SslContext } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';
import { checkBuffer, checkObject, checkString, invalidValue } from './arguments.ts';
import { withCode } from './errors.ts';
import type { ALPNCallback, ClientPskCallback, ServerPskCallback, TLSSocketOptions } from './options.ts';
import { SecureContext } from './secure-context.ts';
import type { TLSSocket } from './tls-socket.ts';

const SOCKETS = new WeakMap<Ssl, { readonly socket: TLSSocket; readonly options: TLSSocketOptions }>();

/** Whose socket a connection is. */
export const register = (ssl: Ssl, socket: TLSSocket, options: TLSSocketOptions): unknown => SOCKETS.set(ssl, { socket, options });

/** Installs what the options and the listeners of a socket ask for, when its handshake is about to begin. */
export function installCallbacks(socket: TLSSocket, options: TLSSocketOptions): void {
  const { ssl } = socket;
  const { context } = ssl;
  if (options.pskCallback) installPsk(ssl, socket, options.pskCallback);
  if (socket.listenerCount('keylog') > 0) install(context, 'keylogCallback', emitKeylog);
  if (!ssl.isServer) {
    install(context, 'newSessionCallback', emitSession);
    install(context, 'certVerifyCallback', verifyWithName);
    if (options.requestOCSP === true) install(context, 'statusCallback', settleStaple);
    return;
  }
  if (options.SNICallback) install(context, 'serverNameCallback', chooseContext);
  if (options.ALPNCallback) install(context, 'alpnSelectCallback', chooseProtocol);
  if (listens(socket.server, 'OCSPRequest')) install(context, 'statusCallback', settleStaple);
  if (listens(socket.server, 'newSession')) install(context, 'newSessionCallback', emitSession);
  if (listens(socket.server, 'resumeSession')) {
    install(context, 'getSessionCallback', findSession);
    // Whoever answers for sessions is asked each time.
    context.set('sessionCacheMode', context.get('sessionCacheMode') | SESSION_CACHE.NO_INTERNAL);
  }
}

/** A callback that somebody set before stays. */
function install<K extends SettingName>(context: SslContext, name: K, callback: SettingInput<K>): void {
  if (context.get(name) === undefined) context.set(name, callback);
}

/** The certificate's name is judged with its chain, while the peer can still be told. */
const verifyWithName: CertVerifyCallback = (ssl, store, verify) => {
  const judge = (trusted: boolean): boolean => {
    const { connection } = ssl;
    if (!trusted || ssl.isServer || connection === undefined || store.result !== 'OK') return trusted;
    if (SOCKETS.get(ssl)?.socket.checkIdentity(connection, store.chain) === undefined) return true;
    store.result = 'HOSTNAME_MISMATCH';
    return false;
  };
  const verdict = verify();
  return verdict instanceof Promise ? verdict.then(judge) : judge(verdict);
};

// ---- events: they wait until the connection's own work is done, so that a listener may write or destroy

const emitKeylog = (ssl: Ssl, line: string): void => {
  SOCKETS.get(ssl)?.socket.emit('keylog', Buffer.from(`${line}\n`));
};

const emitSession = (ssl: Ssl, session: SslSession): void => {
  const data = Buffer.from(encodeSession(session));
  if (ssl.isServer) offerSession(ssl, Buffer.from(session.data.id), data);
  else {
    const ticket = Buffer.from(session.data.ticket);
    process.nextTick(() => SOCKETS.get(ssl)?.socket.announceSession(data, ticket));
  }
};

// ---- sessions that a server's program keeps

interface SessionKeeper {
  emit(event: 'newSession', id: Buffer, data: Buffer, done: () => void): boolean;
  emit(event: 'resumeSession', id: Buffer, done: (error: Error | null, data?: Uint8Array | null) => void): boolean;
}

/** 'newSession': the connection is announced, and answers, when it is stored. */
function offerSession(ssl: Ssl, id: Buffer, data: Buffer): void {
  const socket = SOCKETS.get(ssl)?.socket;
  if (socket !== undefined && listens(socket.server, 'newSession'))
    socket.waitFor((done) => (socket.server as SessionKeeper).emit('newSession', id, data, done));
}

/** 'resumeSession': what the program kept under an id. */
function findSession(ssl: Ssl, id: Uint8Array): Promise<SslSession | undefined> | undefined {
  const server = SOCKETS.get(ssl)?.socket.server;
  if (!listens(server, 'resumeSession')) return undefined;
  return answered<Uint8Array | null | undefined>((done) => (server as SessionKeeper).emit('resumeSession', Buffer.from(id), done)).then(
    (data) => (data ? readSession(data) : undefined),
  );
}

/** What cannot be read is no session: the handshake is a full one. */
function readSession(data: Uint8Array): SslSession | undefined {
  try {
    return decodeSession(new Uint8Array(data));
  } catch (error) {
    if (error instanceof SslUsageError) return undefined;
    throw error;
  }
}

/** A question with a Node callback as its answer, which may be given once. What the asking throws is an answer, too. */
function answered<T>(ask: (done: (error?: Error | null, answer?: T) => void) => unknown): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    ask((error, answer) => {
      if (error !== null && error !== undefined) reject(error);
      else resolve(answer);
    });
  });
}

// ---- a server's choices

function chooseContext(ssl: Ssl, name: string | undefined): 'noack' | Promise<'ok' | 'noack'> {
  const { socket, options } = SOCKETS.get(ssl) ?? {};
  const ask = options?.SNICallback;
  if (!ask || name === undefined) return 'noack';
  return answered<SecureContext | null>((done) => ask.call(socket, name, done)).then((chosen) => {
    if (chosen !== undefined && chosen !== null) ssl.setContext(contextOf(chosen));
    return 'ok';
  });
}

/** Node takes what `createSecureContext` gave, and its `context`. */
function contextOf(chosen: unknown): SslContext {
  if (chosen instanceof SecureContext) return chosen.context;
  throw withCode('ERR_TLS_INVALID_SNI_CONTEXT', 'Invalid SNI context', {}, TypeError);
}

function chooseProtocol(ssl: Ssl, offered: readonly Uint8Array[]): Uint8Array | 'noack' | { readonly alert: number } {
  const { socket, options } = SOCKETS.get(ssl) ?? {};
  const ask = options?.ALPNCallback;
  if (!ask || socket === undefined) return ownProtocol(ssl, offered);
  try {
    const chosen = askForProtocol(ask.bind(socket), { servername: ssl.connection?.serverName ?? '', protocols: offered.map(fromUtf8) });
    if (chosen !== undefined) return utf8(chosen);
  } catch (error) {
    socket.fault = error instanceof Error ? error : new Error(String(error));
  }
  return { alert: ALERTS.no_application_protocol };
}

function askForProtocol(ask: ALPNCallback, offer: Parameters<ALPNCallback>[0]): string | undefined {
  const { protocols } = offer;
  const chosen = ask(offer);
  if (chosen === undefined || protocols.includes(chosen)) return chosen;
  const text = `ALPN callback returned a value (${chosen}) that did not match any of the client's offered protocols (${protocols.join(', ')})`;
  throw withCode('ERR_TLS_ALPN_CALLBACK_INVALID_RESULT', text, {}, TypeError);
}

/** What happens where nobody is asked: a server in the same context may have its list only. */
function ownProtocol(ssl: Ssl, offered: readonly Uint8Array[]): Uint8Array | 'noack' | { readonly alert: number } {
  const own = ssl.get('alpnProtocols');
  if (own.length === 0) return 'noack';
  return own.find((name) => offered.some((other) => sameBytes(name, other))) ?? { alert: ALERTS.no_application_protocol };
}

// ---- stapled OCSP responses

interface StapleSource {
  emit(
    event: 'OCSPRequest',
    certificate: Buffer,
    issuer: Buffer | null,
    done: (error?: Error | null, response?: Uint8Array | null) => void,
  ): boolean;
}

/** Server: 'OCSPRequest' asks for the response to staple. Client: 'OCSPResponse' shows the one that came, or null. */
function settleStaple(ssl: Ssl): boolean | undefined | Promise<Uint8Array | undefined> {
  if (ssl.isServer) return requestStaple(ssl);
  const response = ssl.connection?.ocspResponse;
  const socket = SOCKETS.get(ssl)?.socket;
  // Who does not like it destroys the socket before the handshake is complete.
  socket?.waitFor((done) =>
    process.nextTick(() => {
      socket.emit('OCSPResponse', response === undefined ? null : Buffer.from(response));
      done();
    }),
  );
  return true;
}

function requestStaple(ssl: Ssl): Promise<Uint8Array | undefined> | undefined {
  const server = SOCKETS.get(ssl)?.socket.server;
  const [leaf, issuer] = ssl.get('credentials').selected?.chain ?? [];
  if (leaf === undefined || !listens(server, 'OCSPRequest')) return undefined;
  const found = issuer ?? ssl.get('certStore').withSubject(leaf.issuer)[0];
  const above = found === undefined ? null : Buffer.from(found.der);
  return answered<Uint8Array | null>((done) => (server as StapleSource).emit('OCSPRequest', Buffer.from(leaf.der), above, done)).then(
    (response) => response ?? undefined,
  );
}

const listens = (emitter: unknown, event: string): boolean => emitter instanceof EventEmitter && emitter.listenerCount(event) > 0;

// ---- pre-shared keys

/** PSK_MAX_PSK_LEN and PSK_MAX_IDENTITY_LEN of OpenSSL. */
const MAX_KEY_LENGTH = 512;
const MAX_IDENTITY_LENGTH = 256;

function installPsk(ssl: Ssl, socket: TLSSocket, ask: ClientPskCallback | ServerPskCallback): void {
  if (ssl.isServer) {
    ssl.set('pskServerCallback', (_of, identity): ExternalPsk | undefined => {
      const answer = (ask as ServerPskCallback).call(socket, socket, fromUtf8(identity));
      if (answer === null || answer === undefined) return undefined;
      return { identity, key: keyOf(ArrayBuffer.isView(answer) ? answer : answer.psk) };
    });
    return;
  }
  ssl.set('pskClientCallback', (_of, hint): readonly ExternalPsk[] => {
    const answer = (ask as ClientPskCallback).call(socket, hint ?? null);
    if (answer === null || answer === undefined) return [];
    checkObject('ret', answer);
    const key = keyOf(answer.psk);
    checkString('identity', answer.identity);
    const identity = utf8(answer.identity);
    if (identity.length > MAX_IDENTITY_LENGTH)
      throw invalidValue('identity', answer.identity, `PSK identity exceeds ${MAX_IDENTITY_LENGTH} bytes`);
    return [{ identity, key }];
  });
}

function keyOf(psk: ArrayBufferView): Uint8Array {
  checkBuffer('psk', psk);
  if (psk.byteLength > MAX_KEY_LENGTH) throw invalidValue('psk', psk, `Pre-shared key exceeds ${MAX_KEY_LENGTH} bytes`);
  return Uint8Array.from(new Uint8Array(psk.buffer, psk.byteOffset, psk.byteLength));
}
