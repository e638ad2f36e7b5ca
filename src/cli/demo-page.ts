import type { IncomingMessage } from 'node:http';
import { TLSSocket } from '../node/index.ts';
import { cipherSuiteName } from '../registry/cipher-suites.ts';
import { groupName } from '../registry/groups.ts';
import { signatureSchemeName } from '../registry/signature-schemes.ts';

/** What was negotiated on the connection of a request, in words. */
export function negotiatedRows(socket: TLSSocket): readonly (readonly [string, string])[] {
  const { connection } = socket.ssl;
  if (connection === undefined) return [];
  return [
    ['Protocol', socket.getProtocol() ?? ''],
    ['Cipher suite', socket.getCipher()?.name ?? ''],
    ['Key agreement', connection.group === 0 ? 'none: pre-shared key alone' : groupName(connection.group)],
    ['Signature of the server', connection.reused ? 'none: resumed session' : signatureSchemeName(connection.ownSignatureScheme)],
    ['Server name (SNI)', connection.serverName ?? 'none'],
    ['Application protocol (ALPN)', socket.alpnProtocol || 'none'],
    ['Session', connection.reused ? 'resumed' : 'new'],
    ['Suites you offered', connection.peerCipherSuites.map(cipherSuiteName).join(', ')],
    ['Groups you offered', connection.peerGroups.map(groupName).join(', ')],
  ];
}

/** The page that the demonstration serves. */
export function demoPage(request: IncomingMessage): string {
  const rows = request.socket instanceof TLSSocket ? negotiatedRows(request.socket) : [];
  const table = rows.map(([name, value]) => `      <tr><th>${escaped(name)}</th><td>${escaped(value)}</td></tr>`).join('\n');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>TLS by libssl</title>
    <style>
      :root { color-scheme: light dark; }
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 10vh auto; padding: 0 1rem; }
      h1 { font-weight: 600; }
      table { border-collapse: collapse; width: 100%; }
      th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
      th { font-weight: 500; white-space: nowrap; opacity: .7; }
      td { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
    </style>
  </head>
  <body>
    <h1>This page came over ${escaped(rows[0]?.[1] ?? 'TLS')}</h1>
    <p>Every byte of the connection was made and read by libssl, in TypeScript. This is what your client and it agreed on:</p>
    <table>
${table}
    </table>
  </body>
</html>
`;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
