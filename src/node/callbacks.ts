/**
 * The callbacks and events of `node:tls` on top of the settings of a context. Settings belong to a context that many
 * connections may share, so what is set there asks the connection's own socket.
 */
import { EventEmitter } from 'node:events';
import { fromUtf8, sameBytes, utf8 } from '../bytes/bytes.ts';
import type { ExternalPsk } from '../config/credentials.ts';
import type { SettingInput, SettingName } from '../config/settings.ts';
import { ALERTS } from '../registry/alerts.ts';
import { encodeSession } from '../session/asn1.ts';
import type { SslSession } from '../session/session.ts';
import type { SslContext } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';
import type { ClientPskCallback, ServerPskCallback, TLSSocketOptions } from './options.ts';
import type { SecureContext } from './secure-context.ts';
import type { TLSSocket } from './tls-socket.ts';

const SOCKETS = new WeakMap<Ssl, { readonly socket: TLSSocket; readonly options: TLSSocketOptions }>();

/** Whose socket a connection is. */
export const register = (ssl: Ssl, socket: TLSSocket, options: TLSSocketOptions): unknown => SOCKETS.set(ssl, { socket, options });

/** Installs what the options and the listeners of a socket ask for, when its handshake is about to begin. */
export function installCallbacks(socket: TLSSocket, options: TLSSocketOptions): void {
  const { ssl } = socket;
  const { context } = ssl;
  if (options.pskCallback !== undefined) installPsk(ssl, socket, options.pskCallback);
  if (socket.listenerCount('keylog') > 0) install(context, 'keylogCallback', emitKeylog);
  if (!ssl.isServer) {
    install(context, 'newSessionCallback', emitSession);
    if (options.requestOCSP === true) install(context, 'statusCallback', settleStaple);
    return;
  }
  if (options.SNICallback !== undefined) install(context, 'serverNameCallback', chooseContext);
  if (options.ALPNCallback !== undefined) install(context, 'alpnSelectCallback', chooseProtocol);
  if (listens(socket.server, 'OCSPRequest')) install(context, 'statusCallback', settleStaple);
}

/** A callback that somebody set before stays. */
function install<K extends SettingName>(context: SslContext, name: K, callback: SettingInput<K>): void {
  if (context.get(name) === undefined) context.set(name, callback);
}

// ---- events: they wait until the connection's own work is done, so that a listener may write or destroy

function later(ssl: Ssl, event: string, argument: unknown): void {
  const socket = SOCKETS.get(ssl)?.socket;
  process.nextTick(() => socket?.emit(event, argument));
}

const emitKeylog = (ssl: Ssl, line: string): void => {
  SOCKETS.get(ssl)?.socket.emit('keylog', Buffer.from(`${line}\n`));
};

const emitSession = (ssl: Ssl, session: SslSession): void => {
  if (!ssl.isServer) later(ssl, 'session', Buffer.from(encodeSession(session)));
};

// ---- a server's choices

function chooseContext(ssl: Ssl, name: string | undefined): 'noack' | Promise<'ok' | 'noack'> {
  const ask = SOCKETS.get(ssl)?.options.SNICallback;
  if (ask === undefined || name === undefined) return 'noack';
  return new Promise((resolve, reject) => {
    ask(name, (error, chosen?: SecureContext) => {
      if (error !== null && error !== undefined) {
        reject(error);
        return;
      }
      if (chosen !== undefined && chosen !== null) ssl.setContext(chosen.context);
      resolve('ok');
    });
  });
}

function chooseProtocol(ssl: Ssl, offered: readonly Uint8Array[]): Uint8Array | 'noack' | { readonly alert: number } {
  const ask = SOCKETS.get(ssl)?.options.ALPNCallback;
  if (ask === undefined) return ownProtocol(ssl, offered);
  const chosen = ask({ servername: ssl.connection?.serverName ?? '', protocols: offered.map(fromUtf8) });
  return chosen === undefined ? { alert: ALERTS.no_application_protocol } : utf8(chosen);
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
    certificate: Uint8Array,
    issuer: Uint8Array | undefined,
    done: (error: Error | null, response?: Uint8Array) => void,
  ): boolean;
}

/** Server: 'OCSPRequest' asks for the response to staple. Client: 'OCSPResponse' shows the one that came, or null. */
function settleStaple(ssl: Ssl): boolean | undefined | Promise<Uint8Array | undefined> {
  if (ssl.isServer) return requestStaple(ssl);
  const response = ssl.connection?.ocspResponse;
  later(ssl, 'OCSPResponse', response === undefined ? null : Buffer.from(response));
  return true;
}

function requestStaple(ssl: Ssl): Promise<Uint8Array | undefined> | undefined {
  const server = SOCKETS.get(ssl)?.socket.server;
  const [leaf, issuer] = ssl.get('credentials').selected?.chain ?? [];
  if (leaf === undefined || !listens(server, 'OCSPRequest')) return undefined;
  return new Promise((resolve, reject) => {
    (server as StapleSource).emit('OCSPRequest', leaf.der, issuer?.der, (error, response) => {
      if (error !== null && error !== undefined) reject(error);
      else resolve(response ?? undefined);
    });
  });
}

const listens = (emitter: unknown, event: string): boolean => emitter instanceof EventEmitter && emitter.listenerCount(event) > 0;

// ---- pre-shared keys

function installPsk(ssl: Ssl, socket: TLSSocket, ask: ClientPskCallback | ServerPskCallback): void {
  if (ssl.isServer) {
    ssl.set('pskServerCallback', (_of, identity): ExternalPsk | undefined => {
      const key = (ask as ServerPskCallback)(socket, fromUtf8(identity));
      return key === null || key === undefined ? undefined : { identity, key: new Uint8Array(key) };
    });
    return;
  }
  ssl.set('pskClientCallback', (_of, hint): readonly ExternalPsk[] => {
    const answer = (ask as ClientPskCallback)(hint ?? null);
    return answer === null || answer === undefined ? [] : [{ identity: utf8(answer.identity), key: new Uint8Array(answer.psk) }];
  });
}
