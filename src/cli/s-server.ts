import { once } from 'node:events';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { TLSSocket } from '../node/index.ts';
import type { Ssl } from '../ssl/ssl.ts';
import { parseAddress } from './address.ts';
import { type Arguments, helpText, parseArguments } from './arguments.ts';
import { errorLines } from './failure.ts';
import { type AnswerMode, answerRequest } from './http-answers.ts';
import { briefReport, exporterReport, serverReport } from './report.ts';
import { ServerContext } from './s-server-context.ts';
import { ServerKeyboard } from './s-server-keyboard.ts';
import { SERVER_OPTIONS } from './s-server-options.ts';
import { sessionPem } from './session-file.ts';
import type { Command, Terminal } from './terminal.ts';

export const sServer: Command = {
  summary: 'a TLS server at the terminal',
  async run(words, terminal) {
    const args = parseArguments(words, SERVER_OPTIONS);
    if (args.has('help')) {
      terminal.output.write(helpText('libssl s_server [options]', SERVER_OPTIONS));
      return 0;
    }
    return await new ServerRun(args, words, terminal).run();
  },
};

/** One run of s_server. */
class ServerRun {
  private readonly args: Arguments;
  private readonly commandLine: string;
  private readonly terminal: Terminal;
  private readonly context: ServerContext;
  private readonly keyboard: ServerKeyboard;
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
    this.context = new ServerContext(args, terminal);
    this.keyboard = new ServerKeyboard(args, terminal, {
      current: () => this.typing,
      statistics: () => this.statistics(),
      quit: () => this.quit(),
    });
  }

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
    if (!this.answersByItself) this.keyboard.start();
    await once(server, 'close');
    if (!this.answersByItself) terminal.input.pause();
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
      secureContext: this.context.secure,
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
    this.context.say('shutting down SSL\nCONNECTION CLOSED\n');
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
    if (!socket.writableEnded) this.context.say('DONE\n');
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
    const { cache } = this.context.secure.context.sessions;
    const { statistics } = cache;
    const size = this.context.secure.context.get('sessionCacheSize');
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
        await finished(socket.end(), { readable: false }).catch(() => undefined);
        return;
      }
      if (!socket.write(`${[...bare].reverse().join('')}\n`, 'latin1')) await once(socket, 'drain');
    }
  }
}
