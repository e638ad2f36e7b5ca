/** Extensions that the application sends and reads itself (SSL_CTX_add_custom_ext(3)). */

import type { CustomExtension } from '../../config/callbacks.ts';
import type { ServerInfo } from '../../config/credentials.ts';
import { signedCertificateTimestamp } from '../../extensions/certificate-status.ts';
import { alertByCode } from '../../registry/alerts.ts';
import { fatal } from '../../registry/fatal.ts';
import { TLS1_3_VERSION } from '../../registry/versions.ts';
import type { RawExtension } from '../../wire/message.ts';
import type { Certificate } from '../../x509/certificate.ts';
import type { Connection } from '../connection.ts';

/** `SSL_EXT_*`: where an extension may stand. */
export const EXT = {
  TLS_ONLY: 0x1,
  DTLS_ONLY: 0x2,
  TLS1_2_AND_BELOW_ONLY: 0x10,
  TLS1_3_ONLY: 0x20,
  IGNORE_ON_RESUMPTION: 0x40,
  CLIENT_HELLO: 0x80,
  TLS1_2_SERVER_HELLO: 0x100,
  TLS1_3_SERVER_HELLO: 0x200,
  TLS1_3_ENCRYPTED_EXTENSIONS: 0x400,
  TLS1_3_HELLO_RETRY_REQUEST: 0x800,
  TLS1_3_CERTIFICATE: 0x1000,
  TLS1_3_NEW_SESSION_TICKET: 0x2000,
  TLS1_3_CERTIFICATE_REQUEST: 0x4000,
} as const;

/** The custom extensions of a message. An answer goes only to what was asked; `asked` undefined: this message asks. */
export function customExtensionsFor(
  connection: Connection,
  place: number,
  asked: ReadonlySet<number> | undefined,
  certificate?: Certificate,
  index = 0,
): readonly RawExtension[] {
  const out: RawExtension[] = [];
  for (const extension of inForce(connection, place)) {
    if (asked !== undefined && !asked.has(extension.type)) continue;
    const data = extension.add?.(connection.owner.handle, place, certificate, index);
    if (data instanceof Uint8Array) out.push({ type: extension.type, data });
    else if (data !== undefined) refusal(data.alert);
  }
  if (asked !== undefined && index === 0)
    for (const { type, data } of serverInfoFor(connection, place))
      if (asked.has(type) && !out.some((other) => other.type === type)) out.push({ type, data });
  return out;
}

/** What our certificate brings along; timestamps that the library sends itself go before those. */
function serverInfoFor(connection: Connection, place: number): readonly ServerInfo[] {
  const { isServer, ownCredential } = connection;
  if (!isServer || ownCredential?.serverInfo === undefined) return [];
  const hasTimestamps = ownCredential.signedCertificateTimestamps !== undefined;
  return ownCredential.serverInfo.filter(
    ({ type, context }) => standsIn(connection, context, place) && !(hasTimestamps && type === signedCertificateTimestamp.id),
  );
}

/** Lets the application judge its extensions in a message that came. */
export function parseCustomExtensions(
  connection: Connection,
  place: number,
  extensions: readonly RawExtension[],
  certificate?: Certificate,
  index = 0,
): void {
  const own = inForce(connection, place);
  if (own.length === 0) return;
  for (const { type, data } of extensions) {
    const verdict = own.find((extension) => extension.type === type)?.parse?.(connection.owner.handle, place, data, certificate, index);
    if (verdict !== undefined) refusal(verdict.alert);
  }
}

const inForce = (connection: Connection, place: number): readonly CustomExtension[] =>
  connection.get('customExtensions').filter(({ context }) => standsIn(connection, context, place));

function standsIn(connection: Connection, context: number, place: number): boolean {
  if ((context & place) === 0 || (context & EXT.DTLS_ONLY) !== 0) return false;
  if (connection.reused && (context & EXT.IGNORE_ON_RESUMPTION) !== 0) return false;
  // Before a version is known, only the ClientHello is at hand, and it is for all of them.
  if (connection.version === 0) return true;
  return (context & (connection.version >= TLS1_3_VERSION ? EXT.TLS1_2_AND_BELOW_ONLY : EXT.TLS1_3_ONLY)) === 0;
}

const refusal = (alert: number): never => fatal(alertByCode(alert), 'BAD_EXTENSION', 'refused by the application');
