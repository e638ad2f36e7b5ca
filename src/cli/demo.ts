/** `npm start`: an authority, a server, one connection to itself, and then the server for everybody on this machine. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeProvider } from '../crypto/node.ts';
import { connect, createServer, type Server, TLSSocket } from '../node/index.ts';
import { groupName } from '../registry/groups.ts';
import { signatureSchemeName } from '../registry/signature-schemes.ts';
import { demoPage, negotiatedRows } from './demo-page.ts';
import { drawLadder, recorder } from './ladder.ts';
import { measured, type Work, type WorkTimes } from './measured-provider.ts';
import { nameLine } from './names.ts';
import { type Paint, paintFor } from './paint.ts';
import { type Authority, throwAwayAuthority } from './throw-away-authority.ts';

/** Where the demonstration listens if nobody says otherwise and it is free. */
const PORT = 4433;

const { argv, env, stdout } = process;
const paint = paintFor(stdout, env);
const say = (...lines: readonly string[]): unknown => stdout.write(`${lines.join('\n')}\n`);

const authority = throwAwayAuthority(Math.floor(Date.now() / 1000));
const folder = mkdtempSync(join(tmpdir(), 'libssl-demo-'));
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, authority.ca);
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const serverWork = measured(nodeProvider);
const { server, web } = serve(authority);
const port = await listen(server);
say('', `  ${paint.bold('libssl')}  TLS 1.3, made here: a throw-away authority, a certificate for localhost, a server, a client.`, '');
await showHandshake(port, authority);

if (argv.includes('--once')) stop();
else {
  say(...invitation(port, caFile, paint));
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

function serve({ cert, key }: Authority): { readonly server: Server; readonly web: http.Server } {
  const page = http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(demoPage(request));
    if (!request.headers['user-agent']?.startsWith('libssl'))
      say(`  ${paint.dim(`${request.method} ${request.url} from ${request.socket.remotePort}: ${lineOf(request)}`)}`);
  });
  const tls = createServer({ cert, key, ALPNProtocols: ['http/1.1'], ssl: { provider: serverWork.provider } }, (socket) =>
    page.emit('connection', socket),
  );
  tls.on('tlsClientError', (error: Error & { readonly reason?: string }) =>
    say(`  ${paint.dim(`a client went away: ${error.reason ?? error.message}`)}`),
  );
  return { server: tls, web: page };
}

async function listen(target: Server): Promise<number> {
  const wanted = argv.includes('--once') ? 0 : Number(argv[argv.indexOf('--port') + 1] ?? PORT) || PORT;
  try {
    target.listen(wanted, '127.0.0.1');
    await once(target, 'listening');
  } catch {
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
  }
  return target.port;
}

// ---- the ladder

async function showHandshake(at: number, { ca }: Authority): Promise<void> {
  const { rungs, begin, callback } = recorder();
  const clientWork = measured(nodeProvider);
  const socket = connect({
    port: at,
    host: '127.0.0.1',
    servername: 'localhost',
    ca,
    ALPNProtocols: ['http/1.1'],
    ssl: { provider: clientWork.provider, msgCallback: callback },
  });
  socket.once('connect', begin);
  await once(socket, 'secureConnect');
  const connected = rungs.at(-1)?.at ?? 0;
  const [client, serving] = [{ ...clientWork.times }, { ...serverWork.times }];
  const notes = notesOf(socket);
  const summary = summaryOf(socket);
  const bytes = await getPage(socket);
  say(...drawLadder(rungs, notes, paint), '');
  say(`  ${paint.bold('Agreed')}   ${summary.join(' · ')}`);
  say(`  ${paint.bold('Served')}   GET / over it: ${bytes.toLocaleString('en')} bytes of HTML`, '');
  say(...timeTable(client, serving, connected), '');
}

function notesOf(socket: TLSSocket): ReadonlyMap<string, string> {
  const { connection } = socket.ssl;
  const [leaf] = connection?.peerChain ?? [];
  const offered = socket.ssl.get('groups').map(groupName);
  return new Map([
    ['ClientHello', `asks for localhost, offers ${offered.slice(0, 3).join(', ')} and ${offered.length - 3} more`],
    ['ServerHello', `chose ${socket.getCipher()?.name ?? ''}, ${groupName(connection?.group ?? 0)}`],
    ['EncryptedExtensions', `application protocol ${socket.alpnProtocol || 'none'}`],
    ['Certificate', leaf === undefined ? '' : `${nameLine(leaf.subject)}, verified up to the throw-away CA`],
    ['CertificateVerify', `${signatureSchemeName(connection?.peerSignatureScheme ?? 0)} over all of the above`],
    ['Finished', 'the whole conversation, confirmed'],
    ['NewSessionTicket', 'to come back without certificates'],
  ]);
}

function summaryOf(socket: TLSSocket): string[] {
  const { connection } = socket.ssl;
  return [
    socket.getProtocol() ?? '',
    socket.getCipher()?.name ?? '',
    groupName(connection?.group ?? 0),
    signatureSchemeName(connection?.peerSignatureScheme ?? 0),
  ];
}

/** One request over the connection; the bytes of the answer. */
async function getPage(socket: TLSSocket): Promise<number> {
  const request = http.get({
    createConnection: () => socket,
    headers: { host: 'localhost', 'user-agent': 'libssl-demo', connection: 'close' },
  });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Uint8Array).length;
  return bytes;
}

function timeTable(client: WorkTimes, serving: WorkTimes, total: number): string[] {
  const cell = (milliseconds: number): string => `${milliseconds.toFixed(2)} ms`.padStart(11);
  const row = (name: string, work: Work): string => `  ${name.padEnd(30)}${cell(client[work])}${cell(serving[work])}`;
  const sum = (times: WorkTimes): number => Object.values(times).reduce((a, b) => a + b, 0);
  return [
    `  ${paint.bold('Time in cryptography'.padEnd(30))}${paint.dim('client'.padStart(11))}${paint.dim('server'.padStart(11))}`,
    row('key agreement', 'key agreement'),
    row('signatures', 'signatures'),
    row('transcript and key schedule', 'hashing'),
    row('sealing and opening records', 'records'),
    `  ${'together'.padEnd(30)}${cell(sum(client))}${cell(sum(serving))}`,
    `  ${paint.dim(`From the open socket to Finished ${total.toFixed(1)} ms: the first handshake of a fresh process, when nothing is warm yet.`)}`,
  ];
}

const lineOf = ({ socket }: http.IncomingMessage): string =>
  socket instanceof TLSSocket
    ? negotiatedRows(socket)
        .slice(0, 3)
        .map(([, value]) => value)
        .join(', ')
    : '';

// ---- for everybody

function invitation(at: number, ca: string, { bold, cyan, dim }: Paint): string[] {
  return [
    `  ${bold('Now you')}  the server stays until Ctrl-C`,
    '',
    `  curl     ${cyan(`curl --cacert ${ca} https://localhost:${at}/`)}`,
    `  openssl  ${cyan(`openssl s_client -connect localhost:${at} -CAfile ${ca} -verify_return_error`)}`,
    `  libssl   ${cyan(`node dist/cli/main.js s_client -connect localhost:${at} -CAfile ${ca} -verify_return_error`)}`,
    `  browser  ${cyan(`https://localhost:${at}/`)}  ${dim('and go on past the warning, or trust the CA below for the time being')}`,
    '',
    `  ${dim(`CA file  ${ca}  (its key is gone already, it vouches for loopback only, and the file goes with Ctrl-C)`)}`,
    '',
  ];
}

function stop(): void {
  server.close();
  web.close();
  web.closeAllConnections();
  process.exit(0);
}
