import type { TLSSocket } from '../node/index.ts';
import { OPTIONS, VERIFY } from '../registry/options.ts';
import type { Arguments } from './arguments.ts';
import { errorLines } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** What the keyboard can reach of a running server. */
interface Reach {
  /** The connection that is typed to. */
  current(): TLSSocket | undefined;
  statistics(): string;
  quit(): void;
}

/** What is typed to s_server: data for the peer, and letters that mean something (openssl-s_server(1), CONNECTED COMMANDS). */
export class ServerKeyboard {
  private readonly args: Arguments;
  private readonly terminal: Terminal;
  private readonly run: Reach;

  constructor(args: Arguments, terminal: Terminal, run: Reach) {
    this.args = args;
    this.terminal = terminal;
    this.run = run;
  }

  /** Listens until `end`. */
  start(): void {
    const { input } = this.terminal;
    const quiet = this.args.has('quiet');
    const ignoreEnd = (quiet || this.args.has('ign_eof')) && !this.args.has('no_ign_eof');
    input.on('data', (chunk: Buffer) => this.typed(chunk, quiet || this.args.has('brief')));
    if (!ignoreEnd) input.once('end', () => this.run.quit());
  }

  private typed(chunk: Buffer, plain: boolean): void {
    const socket = this.run.current();
    const letter = plain ? '' : String.fromCharCode(chunk[0] ?? 0);
    if (letter === 'Q') this.run.quit();
    else if (letter === 'S') this.terminal.output.write(this.run.statistics());
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
}
