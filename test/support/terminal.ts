import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCommand } from '../../src/cli/commands.ts';

/** A command under way, with its keyboard and what it printed. */
export interface Session {
  readonly input: PassThrough;
  readonly exit: Promise<number>;
  /** Standard output so far. */
  output(): string;
  /** Standard error output so far. */
  errors(): string;
  /** Waits until the output, or the error output, matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Runs a command of ours in this process. */
export function start(...words: readonly string[]): Session {
  const input = new PassThrough();
  const streams = { output: new PassThrough(), errors: new PassThrough() };
  const text = { output: '', errors: '' };
  const waiting = new Set<() => void>();
  for (const name of ['output', 'errors'] as const) {
    streams[name].on('data', (chunk: Buffer) => {
      text[name] += chunk.toString('latin1');
      for (const look of waiting) look();
    });
  }
  return {
    input,
    exit: runCommand(words, { input, ...streams }),
    output: () => text.output,
    errors: () => text.errors,
    says: (pattern) =>
      new Promise((resolve) => {
        const look = (): void => {
          const match = pattern.exec(text.output) ?? pattern.exec(text.errors);
          if (match === null) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** A directory of its own with files in it. */
export function filesIn(files: Readonly<Record<string, string>>): { readonly path: (name: string) => string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'libssl-test-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return { path: (name) => join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
