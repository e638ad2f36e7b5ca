/** What s_server answers to a request under -www, -WWW and -HTTP: a page about the connection, or a file. */
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pemText } from '../asn1/pem.ts';
import type { TLSSocket } from '../node/index.ts';
import { cipherVersion } from '../registry/cipher-description.ts';
import { cipherSuite, cipherSuiteName } from '../registry/cipher-suites.ts';
import { versionName } from '../registry/versions.ts';
import type { Ssl } from '../ssl/ssl.ts';
import { negotiable, ownSuites, secureRenegotiation, sharedSuites } from './report.ts';
import { sessionText } from './session-file.ts';
import type { Terminal } from './terminal.ts';

export type AnswerMode = 'www' | 'WWW' | 'HTTP';

/** Most bytes of a request that are read before it is given up. */
const REQUEST_BYTES = 16_384;

/** Reads one request and answers it; the connection ends with the answer. */
export async function answerRequest(socket: TLSSocket, mode: AnswerMode, commandLine: string, { output }: Terminal): Promise<void> {
  const path = await requestedPath(socket);
  if (path === undefined) socket.end();
  else if (mode === 'www') socket.end(`HTTP/1.0 200 ok\r\nContent-type: text/html\r\n\r\n${statusPage(socket.ssl, commandLine)}`);
  else await sendFile(socket, path, mode, output);
  if (!socket.writableFinished) await once(socket, 'finish');
}

async function requestedPath(socket: TLSSocket): Promise<string | undefined> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += (chunk as Buffer).toString('latin1');
    const end = /\r?\n\r?\n/.exec(text);
    if (end !== null || text.length > REQUEST_BYTES) break;
  }
  return /^GET (?:\/([^ \r\n]*))/.exec(text)?.[1];
}

async function sendFile(socket: TLSSocket, path: string, mode: AnswerMode, output: Terminal['output']): Promise<void> {
  const header = 'HTTP/1.0 200 ok\r\nContent-type: text/plain\r\n\r\n';
  const problem = refusal(path);
  if (problem !== undefined) {
    socket.end(header + problem);
    return;
  }
  output.write(`FILE:${path}\n`);
  if (mode === 'WWW') socket.write(/\.(?:html?|php)$/.test(path) ? header.replace('plain', 'html') : header);
  await pipeline(createReadStream(path), socket);
}

/** What is wrong with a path: it must stay below the directory the server was started in. */
function refusal(path: string): string | undefined {
  if (path.split('/').includes('..') || path.includes(':')) return `'${path}' contains '..' or ':'\r\n`;
  if (path.startsWith('/') || path.includes('\\') || path.includes('\0')) return `'${path}' is an invalid path\r\n`;
  try {
    return statSync(path).isFile() ? undefined : `'${path}' is a directory\r\n`;
  } catch {
    return `Error opening '${path}' mode='r'\r\n`;
  }
}

/** The page of -www. Whatever the peer chose is escaped. */
function statusPage(ssl: Ssl, commandLine: string): string {
  const { connection } = ssl;
  const [leaf] = connection?.peerChain ?? [];
  const body = [
    '',
    commandLine,
    secureRenegotiation(ssl),
    'Ciphers supported in s_server binary',
    ownSuites(ssl)
      .map((id) => `${versionOf(id).padEnd(11)}:${cipherSuiteName(id).padEnd(25)}`)
      .join(' '),
    '---',
    'Ciphers common between both SSL end points:',
    sharedSuites(ssl)
      .map((id) => cipherSuiteName(id).padEnd(26))
      .join(' '),
    ...negotiable(ssl),
    '---',
    `${connection?.reused === true ? 'Reused' : 'New'}, ${versionName(connection?.version ?? 0)}, Cipher is ${connection?.suite?.name ?? '(NONE)'}`,
    ...(ssl.session === undefined ? [] : [withoutSecret(sessionText(ssl.session))]),
    '---',
    leaf === undefined ? 'no client certificate available' : pemText('CERTIFICATE', leaf.der),
  ].join('\n');
  return `<HTML><BODY BGCOLOR="#ffffff">\n<pre>\n${escaped(body)}</pre></BODY></HTML>\r\n\r\n`;
}

const versionOf = (id: number): string => {
  const suite = cipherSuite(id);
  return suite === undefined ? '' : cipherVersion(suite);
};

/** OpenSSL puts the session's secret on this page; it is of no use there but to a thief. */
const withoutSecret = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.includes('Resumption PSK') && !line.includes('Master-Key'))
    .join('\n');

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
