// What one case holds: programs, sockets, servers and files. When the case is over, however it ended, all of it is gone.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

export class Scope {
  /** @param {string} base a directory for the case's own */
  constructor(base) {
    this.base = base;
    /** @type {(() => unknown)[]} */
    this.endings = [];
    /** @type {Program[]} */
    this.programs = [];
    this.failed = new Promise((_resolve, reject) => {
      this.fail = reject;
    });
    this.failed.catch(() => undefined);
  }

  /** Something to do when the case is over. */
  onEnd(ending) {
    this.endings.push(ending);
  }

  start(command, args, options) {
    const program = new Program(this, command, args, options);
    this.programs.push(program);
    return program;
  }

  async file(name, content) {
    this.directory ??= await mkdtemp(join(this.base, 'case-'));
    const path = join(this.directory, name);
    if (content !== undefined) await writeFile(path, content);
    return path;
  }

  async end() {
    for (const ending of this.endings.reverse()) await ending();
    for (const program of this.programs) program.kill();
    await Promise.all(this.programs.map(({ exit }) => exit));
    if (this.directory !== undefined) await rm(this.directory, { recursive: true, force: true });
  }

  /** The last lines of what the programs said, for a failure's report. */
  get transcript() {
    return this.programs.map((program) => `$ ${program.line}\n${program.output.split('\n').slice(-25).join('\n')}`).join('\n');
  }
}

/** A program under way. Its standard output and errors are kept as one text, unless `digest` says that output is data. */
export class Program {
  constructor(scope, command, args, { digest = false, env = {}, input, ...account } = {}) {
    this.line = [command, ...args].join(' ');
    this.output = '';
    this.received = { length: 0, hash: createHash('sha256') };
    this.waiting = new Set();
    this.child = spawn(command, args, { ...account, stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    // A program that ends early closes its input; what it said tells more than EPIPE does.
    this.child.stdin.on('error', () => undefined);
    this.child.stdout.on('data', (data) => {
      this.received.length += data.length;
      if (digest) this.received.hash.update(data);
      else this.output += data.toString('latin1');
      this.wake();
    });
    this.child.stderr.on('data', (data) => {
      this.output += data.toString('latin1');
      this.wake();
    });
    this.exit = new Promise((resolve) => {
      this.child.on('error', (error) => {
        scope.fail(error);
        this.exited = { code: undefined, signal: undefined };
        resolve(this.exited);
      });
      this.child.on('close', (code, signal) => {
        this.exited = { code, signal };
        this.wake();
        resolve(this.exited);
      });
    });
    if (input !== undefined) this.feed(input);
  }

  wake() {
    for (const look of this.waiting) look();
  }

  /** Waits until `ready` gives something. Fails when the program ends before. */
  until(ready, what) {
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          const found = ready();
          if (found) resolve(found);
          else if (this.exited)
            throw new Error(`${this.line.split(' ')[0]} ended (${this.exited.code ?? this.exited.signal}) without ${what}`);
          else return;
        } catch (error) {
          reject(error);
        }
        this.waiting.delete(look);
      };
      this.waiting.add(look);
      look();
    });
  }

  /** Waits for something in the output; gives the match. */
  says(pattern) {
    const find = typeof pattern === 'string' ? () => this.output.includes(pattern) : () => pattern.exec(this.output);
    return this.until(find, `saying ${pattern}`);
  }

  write(text) {
    this.child.stdin.write(text);
  }

  endInput() {
    this.child.stdin.end();
  }

  /** Pipes a file into its input, which stays open. */
  feed(path) {
    createReadStream(path).pipe(this.child.stdin, { end: false });
  }

  kill(signal = 'SIGKILL') {
    if (!this.exited) this.child.kill(signal);
  }
}

/** A port nobody listens on. For programs that cannot be told "any" and say which; the chance of losing it in between is taken. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
