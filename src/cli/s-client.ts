import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { SecureContext, TLSSocket } from '../node/index.ts';
import { MODES, OPTIONS, VERIFY } from '../registry/options.ts';
import { TLS1_3_VERSION } from '../registry/versions.ts';
import { encodeSession } from '../session/asn1.ts';
import type { SslSession } from '../session/session.ts';
import { SslContext } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';
import { USUAL_DANE_DIGESTS } from '../x509/dane.ts';
import { parseIp } from '../x509/ip-address.ts';
import { type Address, parseAddress } from './address.ts';
import { type Arguments, helpText, type OptionGroup, parseArguments } from './arguments.ts';
import { DANE_OPTIONS, type DaneWords, daneOf, useDane } from './dane-options.ts';
import { errorLines } from './failure.ts';
import { IDENTITY_OPTIONS, loadIdentity, pskOf, readInput, trustOf } from './identity-options.ts';
import { DEBUG_OPTIONS, observe } from './observe.ts';
import { briefReport, clientReport, exporterReport } from './report.ts';
import { prepare, reach, TRANSPORT_OPTIONS } from './s-client-transport.ts';
import { readSessionPem, sessionPem, sessionText } from './session-file.ts';
import { type Command, type Terminal, UsageError } from './terminal.ts';
import { draftOf, TLS_OPTIONS, VALIDATION_OPTIONS } from './tls-options.ts';
import { verifyOutput } from './verify-output.ts';

const GROUPS: readonly OptionGroup[] = [
  {
    title: 'General options',
    options: [
      { name: 'help', help: 'Display this summary' },
      { name: 'connect', value: 'host:port', help: 'Where to connect; default: localhost:4433' },
      { name: 'host', value: 'val', help: 'Use -connect instead' },
      { name: 'port', value: 'int', help: 'Use -connect instead' },
      { name: 'servername', value: 'val', help: 'Name to ask for (SNI); default: the host' },
      { name: 'noservername', help: 'Do not send a name' },
      { name: 'alpn', value: 'val', help: 'Protocols to offer, joined by commas' },
      { name: 'verify', value: 'int', help: 'Verify the peer, with chains of at most so many intermediates' },
      { name: 'status', help: 'Ask for a stapled OCSP response' },
      { name: 'enable_pha', help: 'Offer post-handshake authentication' },
      { name: 'early_data', value: 'infile', help: 'File to send as early data' },
      { name: 'reconnect', help: 'Drop and make the connection anew five times, with the same session' },
      { name: 'sess_out', value: 'outfile', help: 'Write the session to a file' },
      { name: 'sess_in', value: 'infile', help: 'Read the session from a file' },
      { name: 'fallback_scsv', help: 'Say that this is another try with a lower version' },
    ],
  },
  TRANSPORT_OPTIONS,
  {
    title: 'Input and output options',
    options: [
      { name: 'quiet', help: 'No output but what the peer sends; implies -ign_eof' },
      { name: 'brief', help: 'A short summary of the connection' },
      { name: 'showcerts', help: 'Show all certificates of the chain' },
      { name: 'ign_eof', help: 'Ignore the end of the input' },
      { name: 'no_ign_eof', help: 'Do not ignore it' },
      { name: 'crlf', help: 'Convert LF of the input to CRLF' },
      { name: 'nocommands', help: 'No command letters' },
      { name: 'prexit', help: 'Print the summary once more at the end' },
    ],
  },
  DANE_OPTIONS,
  DEBUG_OPTIONS,
  IDENTITY_OPTIONS,
  TLS_OPTIONS,
  VALIDATION_OPTIONS,
];

export const sClient: Command = {
  summary: 'a TLS client at the terminal',
  async run(words, terminal) {
    const args = parseArguments(words, GROUPS);
    if (args.has('help')) {
      terminal.output.write(helpText('libssl s_client [options] [host:port]', GROUPS));
      return 0;
    }
    return await new Client(args, terminal).run();
  },
};

const RECONNECTIONS = 5;

/** How long to wait for a ticket before a connection is dropped to be made anew. */
const TICKET_MILLISECONDS = 300;

const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/** One run of s_client. */
class Client {
  private readonly args: Arguments;
  private readonly terminal: Terminal;
  /** Where the summary goes: OpenSSL's bio_c_out. */
  private readonly out: Writable;
  private readonly errors: Writable;
  private readonly address: Address;
  private readonly dane: DaneWords | undefined;
  private readonly context: SecureContext;
  private session: Uint8Array | undefined;
  private ticketArrived: (() => void) | undefined;

  constructor(args: Arguments, terminal: Terminal) {
    this.args = args;
    this.terminal = terminal;
    this.out = args.has('quiet') && !args.has('msg') ? nowhere() : terminal.output;
    this.errors = terminal.errors;
    const host = args.text('host') ?? 'localhost';
    this.address = parseAddress(args.text('connect') ?? args.rest[0] ?? `${host}:${args.text('port') ?? 4433}`, 'host', 4433);
    this.dane = daneOf(args, this.errors);
    this.context = this.makeContext();
    const sessionFile = args.text('sess_in');
    if (sessionFile !== undefined) this.session = this.readSession(sessionFile);
  }

  /** OpenSSL's sessions name no host where the server did not confirm one; whoever gives the file means the host that is asked for. */
  private readSession(path: string): Uint8Array {
    const session = readSessionPem(readInput(path, 'session').toString('latin1'), path);
    const name = this.serverName();
    if (session.data.serverName === undefined && name !== '') session.update({ serverName: name });
    return encodeSession(session);
  }

  private makeContext(): SecureContext {
    const { args } = this;
    const draft = draftOf(args, new SslContext().get('options') & ~OPTIONS.NO_RENEGOTIATION);
    if (args.has('fallback_scsv')) draft.settings.mode = new SslContext().get('mode') | MODES.SEND_FALLBACK_SCSV;
    observe(args, draft, this.out, this.errors);
    const depth = args.number('verify');
    if (depth !== undefined) this.errors.write(`verify depth is ${depth}\n`);
    const psk = pskOf(args);
    Object.assign(draft.settings, {
      options: draft.options,
      certStore: trustOf(args),
      verifyParam: draft.verify,
      verifyCallback: verifyOutput(this.errors, { returnError: args.has('verify_return_error'), quiet: args.has('verify_quiet'), depth }),
      ...(this.dane && { daneDigests: USUAL_DANE_DIGESTS }),
      postHandshakeAuth: args.has('enable_pha'),
      statusRequest: args.has('status'),
      newSessionCallback: (_ssl: Ssl, session: SslSession) => this.newSession(session),
      ...(psk !== undefined && { pskClientCallback: () => [psk] }),
      ...(args.has('status') && { statusCallback: (ssl: Ssl) => this.status(ssl) }),
    });
    const secure = new SecureContext({ ssl: draft.settings });
    const cert = args.text('cert');
    if (cert !== undefined) loadIdentity(secure.context, cert, args, args.text('key'));
    return secure;
  }

  async run(): Promise<number> {
    let again = this.args.has('reconnect') ? RECONNECTIONS : 0;
    for (;;) {
      const transport = await this.connect();
      if (transport === undefined) return 1;
      const socket = this.secure(transport);
      // The summary is printed also of a connection that failed and is gone.
      const ssl = socket.ssl.upRef();
      try {
        if (!(await this.handshake(socket, ssl))) return 1;
        if (again === 0) return await this.converse(socket, ssl);
        again--;
        this.out.write('drop connection and then reconnect\n');
        await this.drop(socket);
      } finally {
        ssl.free();
      }
    }
  }

  private async connect(): Promise<Socket | undefined> {
    const { args, address } = this;
    try {
      const transport = await reach(args, address);
      if (!args.has('brief')) this.out.write(`CONNECTED(${handleNumber(transport)})\n`);
      await prepare(args, address, transport);
      return transport;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const { errno, message } = error as NodeJS.ErrnoException;
      this.errors.write(`${message}\n${errno === undefined ? '' : `connect:errno=${Math.abs(errno)}\n`}`);
      return undefined;
    }
  }

  private secure(transport: Socket): TLSSocket {
    const { args } = this;
    const early = args.text('early_data');
    const socket = new TLSSocket(transport, {
      secureContext: this.context,
      // OpenSSL's command verifies, says what it found, and goes on; names are checked when they are asked for.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      servername: this.serverName(),
      session: this.session,
      earlyData: early !== undefined && this.mayUseEarlyData() ? readInput(early, 'early data') : undefined,
      ALPNProtocols: args
        .text('alpn')
        ?.split(',')
        .filter((name) => name !== ''),
    });
    // Whoever waits for something hears of a failure there; nobody else needs to.
    socket.on('error', () => undefined);
    if (this.dane !== undefined) useDane(socket.ssl, this.dane);
    socket.ssl.set('verifyMode', args.has('verify_return_error') || args.has('verify') ? VERIFY.PEER : VERIFY.NONE);
    return socket;
  }

  /** As OpenSSL's command has it: the name that was given, or the host if it is a name with a dot in it; never an address. */
  private serverName(): string {
    const { args, address } = this;
    if (args.has('noservername')) return '';
    const host = address.host ?? 'localhost';
    return args.text('servername') ?? (host.includes('.') && parseIp(host) === undefined ? host : '');
  }

  private mayUseEarlyData(): boolean {
    if (this.session === undefined) return pskOf(this.args) !== undefined;
    return true;
  }

  private async handshake(socket: TLSSocket, ssl: Ssl): Promise<boolean> {
    try {
      await once(socket, 'secureConnect');
    } catch (error) {
      this.errors.write(errorLines(error));
      if (!this.args.has('brief')) this.report(ssl, true);
      return false;
    }
    if (this.args.has('brief')) this.errors.write(`CONNECTION ESTABLISHED\n${briefReport(ssl)}`);
    else this.report(ssl, false);
    return true;
  }

  private report(ssl: Ssl, failed: boolean): void {
    const { args } = this;
    const exporter = failed ? '' : exporterReport(ssl, args.text('keymatexport'), args.number('keymatexportlen') ?? 20);
    this.out.write(clientReport(ssl, { showCerts: args.has('showcerts'), exporter }));
  }

  private newSession(session: SslSession): void {
    this.session = encodeSession(session);
    this.ticketArrived?.();
    const file = this.args.text('sess_out');
    if (file !== undefined) writeFileSync(file, sessionPem(session), { mode: 0o600 });
    if (!this.args.has('brief') && session.data.version >= TLS1_3_VERSION)
      this.out.write(`---\nPost-Handshake New Session Ticket arrived:\n${sessionText(session)}---\nread R BLOCK\n`);
  }

  private status(ssl: Ssl): boolean {
    const response = ssl.connection?.ocspResponse;
    this.out.write(response === undefined ? 'OCSP response: no response sent\n' : `OCSP response: ${response.length} bytes of DER\n`);
    return true;
  }

  private async drop(socket: TLSSocket): Promise<void> {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, TICKET_MILLISECONDS);
      this.ticketArrived = resolve;
    });
    socket.resume().end();
    if (!socket.closed) await once(socket, 'close');
  }

  // ---- the conversation

  private async converse(socket: TLSSocket, ssl: Ssl): Promise<number> {
    const input = new Input(this.terminal, this.args, socket, this.errors);
    input.start();
    try {
      for await (const chunk of socket.iterator({ destroyOnReturn: false }))
        if (!this.terminal.output.write(chunk)) await once(this.terminal.output, 'drain');
      await finished(socket);
      if (!input.ended && !this.args.has('brief')) this.out.write('closed\n');
      if (this.args.has('prexit')) this.report(ssl, false);
      return 0;
    } catch (error) {
      if (input.ended) return 0;
      this.errors.write(errorLines(error));
      return 1;
    } finally {
      input.stop();
      socket.destroy();
    }
  }
}

/** What is typed, and the letters that mean something. */
class Input {
  /** Whether the end came from this side. */
  ended = false;
  private readonly terminal: Terminal;
  private readonly socket: TLSSocket;
  private readonly errors: Writable;
  private readonly commands: boolean;
  private readonly ignoreEnd: boolean;
  private readonly crlf: boolean;
  private readonly take: (chunk: Buffer) => void = (chunk) => this.read(chunk);
  private readonly end: () => void = () => this.finish();

  constructor(terminal: Terminal, args: Arguments, socket: TLSSocket, errors: Writable) {
    this.terminal = terminal;
    this.socket = socket;
    this.errors = errors;
    const quiet = args.has('quiet');
    this.commands = !quiet && !args.has('nocommands');
    this.ignoreEnd = (quiet || args.has('ign_eof')) && !args.has('no_ign_eof');
    this.crlf = args.has('crlf');
  }

  start(): void {
    const { input } = this.terminal;
    input.on('data', this.take);
    if (!this.ignoreEnd) input.once('end', this.end);
  }

  stop(): void {
    const { input } = this.terminal;
    input.off('data', this.take).off('end', this.end);
    input.pause();
  }

  private read(chunk: Buffer): void {
    const letter = this.commands ? String.fromCharCode(chunk[0] ?? 0) : '';
    if (letter === 'Q' && !this.ignoreEnd) this.finish();
    else if (letter === 'R') this.renegotiate();
    else if (letter === 'B') this.errors.write('HEARTBEATING\nheartbeats are not built\n');
    else if (letter === 'K' || letter === 'k') this.updateKeys(letter === 'K');
    else this.send(chunk);
  }

  private renegotiate(): void {
    this.errors.write('RENEGOTIATING\n');
    this.socket.renegotiate({}, (error) => {
      if (error !== null) this.errors.write(errorLines(error));
    });
  }

  private updateKeys(request: boolean): void {
    this.errors.write('KEYUPDATE\n');
    try {
      this.socket.updateKeys(request);
    } catch (error) {
      this.errors.write(errorLines(error));
    }
  }

  private send(chunk: Buffer): void {
    const bytes = this.crlf ? Buffer.from(chunk.toString('latin1').replaceAll('\n', '\r\n'), 'latin1') : chunk;
    if (this.socket.write(bytes)) return;
    this.terminal.input.pause();
    this.socket.once('drain', () => this.terminal.input.resume());
  }

  /** Says goodbye and goes: what the peer may still send is not waited for. */
  private finish(): void {
    if (this.ended) return;
    this.ended = true;
    this.errors.write('DONE\n');
    this.socket.end(() => this.socket.destroy());
  }
}

/** The number of the descriptor, as OpenSSL prints it; zeros where the runtime does not tell. */
function handleNumber(socket: Socket): string {
  const handle = (socket as { readonly _handle?: { readonly fd?: number } })._handle;
  return (handle?.fd ?? 0).toString(16).toUpperCase().padStart(8, '0');
}
