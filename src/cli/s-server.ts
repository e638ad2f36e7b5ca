import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { fromUtf8, sameBytes, utf8 } from '../bytes/bytes.ts';
import { Credentials } from '../config/credentials.ts';
import { readDhParameters } from '../config/dh-parameters.ts';
import { EchKeys, echKeysFromPem } from '../config/ech-keys.ts';
import { SecureContext, TLSSocket } from '../node/index.ts';
import { ALERTS } from '../registry/alerts.ts';
import { OPTIONS, SESSION_CACHE, VERIFY } from '../registry/options.ts';
import { SslContext } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';
import { parseAddress } from './address.ts';
import { type Arguments, helpText, type OptionGroup, parseArguments } from './arguments.ts';
import { errorLines } from './failure.ts';
import { type AnswerMode, answerRequest } from './http-answers.ts';
import { IDENTITY_OPTIONS, loadIdentity, pskOf, readInput, trustOf } from './identity-options.ts';
import { DEBUG_OPTIONS, observe } from './observe.ts';
import { briefReport, exporterReport, serverReport } from './report.ts';
import { sessionPem } from './session-file.ts';
import type { Command, Terminal } from './terminal.ts';
import { draftOf, TLS_OPTIONS, VALIDATION_OPTIONS } from './tls-options.ts';
import { verifyOutput } from './verify-output.ts';

const GROUPS: readonly OptionGroup[] = [
  {
    title: 'General options',
    options: [
      { name: 'help', help: 'Display this summary' },
      { name: 'accept', value: 'val', help: 'Host and port to listen on; default: *:4433. Port 0 takes a free one and says which' },
      { name: 'port', value: 'int', help: 'Port to listen on' },
      { name: 'unix', value: 'path', help: 'Unix-domain socket to listen on' },
      { name: '4', help: 'Use IPv4 only' },
      { name: '6', help: 'Use IPv6 only' },
      { name: 'naccept', value: 'int', help: 'End after so many connections' },
      { name: 'verify', value: 'int', help: 'Ask for a certificate' },
      { name: 'Verify', value: 'int', help: 'Demand a certificate' },
      { name: 'servername', value: 'val', help: 'Name for which -cert2 and -key2 are used' },
      { name: 'servername_fatal', help: 'Refuse other names' },
      { name: 'cert2', value: 'infile', help: 'Certificate for that name; default: server2.pem' },
      { name: 'key2', value: 'infile', help: 'Its key' },
      { name: 'dcert', value: 'infile', help: 'Second certificate, with another kind of key' },
      { name: 'dkey', value: 'infile', help: 'Its key' },
      { name: 'nocert', help: 'No certificate: pre-shared keys only' },
      { name: 'alpn', value: 'val', help: 'Protocols, best first, joined by commas' },
      { name: 'context', value: 'val', help: 'Session id context' },
      { name: 'num_tickets', value: 'int', help: 'Tickets after a handshake' },
      { name: 'no_cache', help: 'No session cache' },
      { name: 'max_early_data', value: 'int', help: 'Bytes of early data that tickets allow' },
      { name: 'recv_max_early_data', value: 'int', help: 'Most bytes of early data that are taken or passed over' },
      { name: 'early_data', help: 'Read early data' },
      { name: 'anti_replay', help: 'Protect early data against replay (default)' },
      { name: 'no_anti_replay', help: 'Do not' },
      { name: 'stateless', help: 'Demand cookies of clients (TLS 1.3)' },
      { name: 'dhparam', value: 'infile', help: 'DH parameters, PEM or DER; default: the groups of RFC 7919' },
      { name: 'no_dhe', help: 'No ephemeral DH over integers' },
      { name: 'psk_hint', value: 'val', help: 'Hint at the identity of the pre-shared key (TLS 1.2 and below)' },
      { name: 'ech_key', value: 'infile', help: 'Key of Encrypted ClientHello, with its configs; may be repeated' },
      { name: 'status_file', value: 'infile', help: 'OCSP response to staple, DER' },
      { name: 'no_ca_names', help: 'Do not send names of authorities' },
    ],
  },
  {
    title: 'Input and output options',
    options: [
      { name: 'www', help: "Answer 'GET /' with a page about the connection" },
      { name: 'WWW', help: "Answer 'GET' with the file ./path" },
      { name: 'HTTP', help: 'The same for files that hold their own headers' },
      { name: 'rev', help: 'Send each line back reversed' },
      { name: 'quiet', help: 'No output but what the peer sends' },
      { name: 'brief', help: 'A short summary of each connection' },
      { name: 'ign_eof', help: 'Ignore the end of the input' },
      { name: 'no_ign_eof', help: 'Do not ignore it' },
      { name: 'crlf', help: 'Convert LF of the input to CRLF' },
    ],
  },
  DEBUG_OPTIONS,
  IDENTITY_OPTIONS,
  TLS_OPTIONS,
  VALIDATION_OPTIONS,
];

export const sServer: Command = {
  summary: 'a TLS server at the terminal',
  async run(words, terminal) {
    const args = parseArguments(words, GROUPS);
    if (args.has('help')) {
      terminal.output.write(helpText('libssl s_server [options]', GROUPS));
      return 0;
    }
    return await new ServerRun(args, words, terminal).run();
  },
};

/** OpenSSL's command numbers its session id context 1. */
const DEFAULT_ID_CONTEXT = Uint8Array.of(1, 0, 0, 0);

/** One run of s_server. */
class ServerRun {
  private readonly args: Arguments;
  private readonly commandLine: string;
  private readonly terminal: Terminal;
  private readonly context: SecureContext;
  private readonly second: SslContext | undefined;
  private readonly server: Server = createServer({ noDelay: true });
  private readonly counts = { accepts: 0, renegotiations: 0, finished: 0, reused: 0 };
  /** Connections that were accepted and wait for the one before them to end. */
  private readonly waiting: Socket[] = [];
  private typing: TLSSocket | undefined;
  private stopped = false;

  constructor(args: Arguments, words: readonly string[], terminal: Terminal) {
    this.args = args;
    this.commandLine = `s_server ${words.join(' ')} `;
    this.terminal = terminal;
    this.announceVerification();
    this.context = this.makeContext();
    if (!args.has('nocert')) this.loadCertificates();
    this.second = args.has('servername') ? this.makeSecond(args) : undefined;
  }

  private announceVerification(): void {
    const { args, terminal } = this;
    const demanded = args.number('Verify');
    const depth = demanded ?? args.number('verify');
    if (depth === undefined || args.has('quiet')) return;
    terminal.errors.write(`verify depth is ${depth}${demanded === undefined ? '' : ', must return a certificate'}\n`);
  }

  private makeContext(): SecureContext {
    const { args, terminal } = this;
    const draft = draftOf(args, new SslContext().get('options'));
    if (args.has('no_anti_replay')) draft.options |= OPTIONS.NO_ANTI_REPLAY;
    observe(args, draft, terminal.output, terminal.errors);
    const depth = args.number('Verify') ?? args.number('verify');
    const psk = pskOf(args);
    const status = args.text('status_file');
    const response = status === undefined ? undefined : new Uint8Array(readInput(status, 'OCSP response'));
    const context = args.text('context');
    const recvMax = args.number('recv_max_early_data');
    const earlyData = args.number('max_early_data') ?? (args.has('early_data') ? 16_384 : 0);
    const trust = trustOf(args);
    const dhParameters = args.text('dhparam');
    Object.assign(draft.settings, {
      options: draft.options,
      certStore: trust,
      verifyParam: draft.verify,
      verifyMode:
        depth === undefined ? VERIFY.NONE : VERIFY.PEER | VERIFY.CLIENT_ONCE | (args.has('Verify') ? VERIFY.FAIL_IF_NO_PEER_CERT : 0),
      verifyCallback: verifyOutput(terminal.errors, {
        returnError: args.has('verify_return_error'),
        quiet: args.has('verify_quiet'),
        depth,
      }),
      sessionIdContext: context === undefined ? DEFAULT_ID_CONTEXT : utf8(context),
      maxEarlyData: earlyData,
      serverNameCallback: (ssl: Ssl, name: string | undefined) => this.chooseContext(ssl, name),
      ...(earlyData > 0 && { recvMaxEarlyData: recvMax ?? earlyData }),
      ...(args.has('num_tickets') && { numTickets: args.number('num_tickets') }),
      ...(args.has('no_cache') && { sessionCacheMode: SESSION_CACHE.OFF }),
      ...(args.has('alpn') && { alpnSelectCallback: (_ssl: Ssl, offered: readonly Uint8Array[]) => this.chooseProtocol(offered) }),
      ...(psk !== undefined && {
        pskServerCallback: (_ssl: Ssl, identity: Uint8Array) => (sameBytes(identity, psk.identity) ? psk : undefined),
      }),
      ...(dhParameters !== undefined && { tmpDh: readDhParameters(readInput(dhParameters, 'DH parameters')) }),
      ...(args.has('no_dhe') && { dhAuto: 0 }),
      ...(args.has('psk_hint') && { pskIdentityHint: args.text('psk_hint') }),
      ...(args.has('ech_key') && {
        echKeys: new EchKeys(args.all('ech_key').flatMap((path) => echKeysFromPem(readInput(path, 'ECH key')))),
      }),
      ...(response !== undefined && { statusCallback: () => response }),
      ...(depth !== undefined && !args.has('no_ca_names') && namesFrom(args, trust.certificates)),
    });
    return new SecureContext({ ssl: draft.settings });
  }

  private loadCertificates(): void {
    const { args } = this;
    this.say(args.has('dhparam') ? 'Setting temp DH parameters\n' : 'Using default temp DH parameters\n');
    const cert = args.text('cert') ?? (existsSync('server.pem') || !args.has('psk') ? 'server.pem' : undefined);
    if (cert !== undefined) loadIdentity(this.context.context, cert, args, args.text('key') ?? cert);
    const second = args.text('dcert');
    if (second !== undefined) loadIdentity(this.context.context, second, args, args.text('dkey') ?? second);
  }

  /** The same settings with another certificate. */
  private makeSecond(args: Arguments): SslContext {
    this.say('Setting secondary ctx parameters\n');
    const other = this.context.context.clone().set('credentials', Credentials.none);
    const cert = args.text('cert2') ?? 'server2.pem';
    loadIdentity(other, cert, args, args.text('key2') ?? cert);
    return other;
  }

  private chooseContext(ssl: Ssl, name: string | undefined): 'ok' | 'noack' | { readonly alert: number } {
    if (name !== undefined) this.say(`Hostname in TLS extension: "${name}"\n`);
    if (this.second === undefined) return 'noack';
    if (name === undefined) return 'ok';
    if (name.toLowerCase() !== this.args.text('servername')?.toLowerCase())
      return this.args.has('servername_fatal') ? { alert: ALERTS.unrecognized_name } : 'ok';
    this.say('Switching server context.\n');
    ssl.setContext(this.second);
    return 'ok';
  }

  private chooseProtocol(offered: readonly Uint8Array[]): Uint8Array | { readonly alert: number } {
    const own = (this.args.text('alpn') ?? '')
      .split(',')
      .filter((name) => name !== '')
      .map(utf8);
    this.say(`ALPN protocols advertised by the client: ${offered.map(fromUtf8).join(', ')}\n`);
    const chosen = own.find((name) => offered.some((other) => sameBytes(name, other)));
    if (chosen === undefined) return { alert: ALERTS.no_application_protocol };
    this.say(`ALPN protocols selected: ${fromUtf8(chosen)}\n`);
    return chosen;
  }

  private say(text: string): void {
    if (!this.args.has('quiet') && !this.args.has('brief')) this.terminal.output.write(text);
  }

  // ---- accepting

  async run(): Promise<number> {
    const { server, args, terminal } = this;
    const limit = args.number('naccept') ?? Number.POSITIVE_INFINITY;
    server.on('connection', (socket) => {
      this.counts.accepts++;
      if (this.counts.accepts >= limit) server.close();
      if (this.answersByItself || this.typing === undefined) this.serve(socket);
      else this.waiting.push(socket);
    });
    server.listen(this.listenOptions());
    try {
      await once(server, 'listening');
    } catch (error) {
      terminal.errors.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
    this.announce();
    if (!this.answersByItself) this.readInput();
    await once(server, 'close');
    terminal.output.write(this.statistics());
    return 0;
  }

  private get answersByItself(): boolean {
    return this.answerMode !== undefined || this.args.has('rev');
  }

  private get answerMode(): AnswerMode | undefined {
    return (['www', 'WWW', 'HTTP'] as const).find((mode) => this.args.has(mode));
  }

  private listenOptions(): ListenOptions {
    const { args } = this;
    const path = args.text('unix');
    if (path !== undefined) return { path };
    const { host, port } = parseAddress(args.text('accept') ?? args.text('port') ?? '4433', 'port', 4433);
    const any = args.has('4') ? '0.0.0.0' : args.has('6') ? '::' : undefined;
    const chosen = host ?? any;
    return { port: Number(port), ...(chosen !== undefined && { host: chosen }), ipv6Only: args.has('6') };
  }

  /** `ACCEPT`, with the address where a free port was taken. */
  private announce(): void {
    const address = this.server.address();
    const wanted = this.args.text('accept') ?? this.args.text('port') ?? '';
    const tell = typeof address === 'object' && address !== null && /(?:^|:)0$/.test(wanted);
    const where = tell ? ` ${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}` : '';
    this.terminal.output.write(`ACCEPT${where}\n`);
  }

  private serve(transport: Socket): void {
    const socket = new TLSSocket(transport, {
      isServer: true,
      secureContext: this.context,
      requestCert: false,
      stateless: this.args.has('stateless'),
    });
    // Whoever waits for something hears of a failure there; nobody else needs to.
    socket.on('error', () => undefined);
    // The summary is printed also of a connection that is gone.
    const ssl = socket.ssl.upRef();
    if (!this.answersByItself) this.typing = socket;
    this.attend(socket, ssl)
      .catch((error: unknown) => {
        this.terminal.output.write('ERROR\n');
        this.terminal.errors.write(errorLines(error));
      })
      .finally(() => {
        socket.destroy();
        ssl.free();
        this.next();
      });
  }

  private next(): void {
    if (this.typing === undefined) return;
    this.typing = undefined;
    const waiting = this.waiting.shift();
    if (waiting !== undefined && !this.stopped) this.serve(waiting);
    else if (!this.server.listening) this.terminal.input.pause();
  }

  private async attend(socket: TLSSocket, ssl: Ssl): Promise<void> {
    this.readEarlyData(socket);
    await once(socket, 'secure');
    this.counts.finished++;
    socket.on('secure', () => this.counts.renegotiations++);
    if (ssl.connection?.reused === true) this.counts.reused++;
    const mode = this.answerMode;
    if (mode !== undefined) return await answerRequest(socket, mode, this.commandLine, this.terminal);
    this.report(ssl);
    if (this.args.has('rev')) return await sendBack(socket);
    await this.print(socket);
    await finished(socket).catch(() => undefined);
    this.say('shutting down SSL\nCONNECTION CLOSED\n');
  }

  private readEarlyData(socket: TLSSocket): void {
    if (!this.args.has('early_data')) return;
    const { output } = this.terminal;
    let received = false;
    socket.on('earlyData', (chunk: Buffer) => {
      if (!received) output.write('Early data received:\n');
      received = true;
      output.write(chunk);
    });
    socket.once('secure', () => output.write(received ? '\nEnd of early data\n' : 'No early data received\n'));
  }

  private report(ssl: Ssl): void {
    const { args, terminal } = this;
    if (args.has('brief') || args.has('rev')) terminal.errors.write(`CONNECTION ESTABLISHED\n${briefReport(ssl)}`);
    else if (!args.has('quiet')) {
      const exporter = exporterReport(ssl, args.text('keymatexport'), args.number('keymatexportlen') ?? 20);
      terminal.output.write(`${ssl.session === undefined ? '' : sessionPem(ssl.session)}${serverReport(ssl, exporter)}`);
    }
  }

  private async print(socket: TLSSocket): Promise<void> {
    const { output } = this.terminal;
    try {
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) if (!output.write(chunk)) await once(output, 'drain');
    } catch (error) {
      if (this.stopped || socket.writableEnded) return;
      throw error;
    }
    if (!socket.writableEnded) this.say('DONE\n');
  }

  // ---- the keyboard

  private readInput(): void {
    const { input } = this.terminal;
    const quiet = this.args.has('quiet');
    const ignoreEnd = (quiet || this.args.has('ign_eof')) && !this.args.has('no_ign_eof');
    input.on('data', (chunk: Buffer) => this.typed(chunk, quiet || this.args.has('brief')));
    if (!ignoreEnd) input.once('end', () => this.quit());
    this.server.once('close', () => input.pause());
  }

  private typed(chunk: Buffer, plain: boolean): void {
    const socket = this.typing;
    const letter = plain ? '' : String.fromCharCode(chunk[0] ?? 0);
    if (letter === 'Q') this.quit();
    else if (letter === 'S') this.terminal.output.write(this.statistics());
    else if (socket === undefined || socket.secureConnecting || socket.destroyed) return;
    else if (letter === 'q') this.hangUp(socket);
    else if (letter === 'K' || letter === 'k') this.updateKeys(socket, letter === 'K');
    else if (letter === 'c') this.requestCertificate(socket);
    else if (letter === 'r' || letter === 'R') this.renegotiate(socket, letter === 'R');
    else if (letter === 'P') socket.transport.write('Lets print some clear text\n');
    else this.send(socket, chunk);
  }

  private send(socket: TLSSocket, chunk: Buffer): void {
    const bytes = this.args.has('crlf') ? Buffer.from(chunk.toString('latin1').replaceAll('\n', '\r\n'), 'latin1') : chunk;
    if (socket.write(bytes)) return;
    this.terminal.input.pause();
    const go = (): unknown => this.terminal.input.resume();
    socket.once('drain', go).once('close', go);
  }

  private hangUp(socket: TLSSocket): void {
    this.terminal.output.write('DONE\n');
    socket.end(() => socket.destroy());
  }

  private updateKeys(socket: TLSSocket, request: boolean): void {
    try {
      socket.updateKeys(request);
    } catch (error) {
      this.terminal.errors.write(errorLines(error));
    }
  }

  private requestCertificate(socket: TLSSocket): void {
    try {
      socket.ssl.verifyClientPostHandshake();
      this.terminal.output.write('SSL_verify_client_post_handshake -> 1\n');
    } catch (error) {
      this.terminal.output.write(`Failed to initiate request\n${errorLines(error)}`);
    }
  }

  /** OpenSSL's servers let nobody renegotiate of their own accord, but ask for it themselves. */
  private renegotiate(socket: TLSSocket, askForCertificate: boolean): void {
    const { ssl } = socket;
    const { output, errors } = this.terminal;
    if (!this.args.has('no_renegotiation')) ssl.set('options', ssl.get('options') & ~OPTIONS.NO_RENEGOTIATION);
    if (askForCertificate) ssl.set('verifyMode', VERIFY.PEER | VERIFY.CLIENT_ONCE);
    const begun = socket.renegotiate({}, (error) => {
      if (error !== null) errors.write(errorLines(error));
    });
    if (begun) output.write('SSL_do_handshake -> 1\n');
  }

  private quit(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.terminal.output.write('DONE\nshutdown accept socket\n');
    for (const socket of this.waiting) socket.destroy();
    if (this.typing !== undefined) this.typing.end(() => this.typing?.destroy());
    this.server.close();
  }

  private statistics(): string {
    const { accepts, renegotiations, finished, reused } = this.counts;
    const { cache } = this.context.context.sessions;
    const { statistics } = cache;
    const size = this.context.context.get('sessionCacheSize');
    const rows: readonly (readonly [number, string])[] = [
      [cache.size, 'items in the session cache'],
      [0, 'client connects (SSL_connect())'],
      [0, 'client renegotiates (SSL_connect())'],
      [0, 'client connects that finished'],
      [accepts, 'server accepts (SSL_accept())'],
      [renegotiations, 'server renegotiates (SSL_accept())'],
      [finished, 'server accepts that finished'],
      [reused, 'session cache hits'],
      [statistics.misses, 'session cache misses'],
      [statistics.timeouts, 'session cache timeouts'],
      [0, 'callback cache hits'],
      [statistics.cacheFull, `cache full overflows (${size} allowed)`],
    ];
    return rows.map(([count, what]) => `${String(count).padStart(4)} ${what}\n`).join('');
  }
}

/** -rev: each line comes back from its end to its beginning; `CLOSE` closes. */
async function sendBack(socket: TLSSocket): Promise<void> {
  let rest = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const bare = line.replace(/\r$/, '');
      if (bare === 'CLOSE') {
        socket.end();
        return;
      }
      if (!socket.write(`${[...bare].reverse().join('')}\n`, 'latin1')) await once(socket, 'drain');
    }
  }
}

/** Names of the authorities in -CAfile, for clients to choose a certificate by. */
function namesFrom(args: Arguments, certificates: readonly { readonly subject: { readonly raw: Uint8Array } }[]): object {
  return args.has('CAfile') ? { clientCaList: certificates.map(({ subject }) => subject.raw) } : {};
}
