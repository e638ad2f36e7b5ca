import { base64Text } from '../asn1/base64.ts';
import { utf8 } from '../bytes/bytes.ts';
import type { PlainDialogue } from './plain-dialogue.ts';

/** Asks an HTTP proxy for a tunnel (RFC 9110, 9.3.6). `credentials` are user and password for the Basic scheme (RFC 7617). */
export async function openTunnel(
  proxy: PlainDialogue,
  target: string,
  credentials: { readonly user: string; readonly password: string } | undefined,
): Promise<void> {
  const authorization =
    credentials === undefined ? '' : `Proxy-Authorization: Basic ${base64Text(utf8(`${credentials.user}:${credentials.password}`))}\r\n`;
  proxy.say(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`);
  const [status = ''] = await proxy.linesTo(/^$/);
  if (!/^HTTP\/1\.[01] 2\d\d\b/.test(status)) throw new Error(`HTTP CONNECT failed: ${status.slice(0, 200)}`);
}
