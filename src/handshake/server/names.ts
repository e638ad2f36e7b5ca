/** The host a client means and the protocol it will speak: what a server lets the application decide first. */
import { fromUtf8, sameBytes } from '../../bytes/bytes.ts';
import { alpn } from '../../extensions/alpn.ts';
import { isHostName, serverName } from '../../extensions/server-name.ts';
import { alertByCode } from '../../registry/alerts.ts';
import { fatal } from '../../registry/fatal.ts';
import type { Connection } from '../connection.ts';
import { type Step, settle } from '../step.ts';
import type { ReadHello } from './select.ts';

/** Reads server_name and asks the callback, which may switch context. Returns whether to acknowledge the name (RFC 6066, 3). */
export function* settleServerName(connection: Connection, { block }: ReadHello): Step<boolean> {
  const bytes = block.get(serverName);
  if (bytes !== undefined) {
    // RFC 6066, 3: a DNS name in ASCII, without a trailing dot. Bytes are compared as bytes: no NUL, no other text.
    if (!isHostName(bytes)) fatal('unrecognized_name', 'SSL3_EXT_INVALID_SERVERNAME');
    connection.serverName = fromUtf8(bytes);
  }
  const callback = connection.get('serverNameCallback');
  if (callback === undefined) return false;
  const verdict = yield* settle(callback(connection.owner.handle, connection.serverName));
  if (typeof verdict === 'object') fatal(alertByCode(verdict.alert), 'CALLBACK_FAILED', 'server name callback');
  return verdict === 'ok' && bytes !== undefined;
}

/** Chooses the application protocol (RFC 7301, 3.2). */
export function* settleAlpn(connection: Connection, { block }: ReadHello): Step<void> {
  const offered = block.get(alpn);
  if (offered === undefined) return;
  const callback = connection.get('alpnSelectCallback');
  if (callback !== undefined) {
    const verdict = yield* settle(callback(connection.owner.handle, offered));
    if (verdict === 'noack') return;
    if (!(verdict instanceof Uint8Array)) fatal(alertByCode(verdict.alert), 'NO_APPLICATION_PROTOCOL');
    else if (!offered.some((name) => sameBytes(name, verdict)))
      fatal('internal_error', 'INVALID_ALPN_PROTOCOLS', 'the callback chose what was not offered');
    else connection.alpn = verdict.slice();
    return;
  }
  const own = connection.get('alpnProtocols');
  if (own.length === 0) return;
  const chosen = own.find((name) => offered.some((other) => sameBytes(name, other)));
  // RFC 7301, 3.2: nothing in common is no_application_protocol; going on would let two protocols meet (ALPACA).
  if (chosen === undefined) fatal('no_application_protocol', 'NO_APPLICATION_PROTOCOL');
  connection.alpn = chosen;
}
