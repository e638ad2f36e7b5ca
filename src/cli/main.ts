#!/usr/bin/env node
import { runCommand } from './commands.ts';

const { argv, stdin, stdout, stderr } = process;
// Whoever reads us may go at any time: `libssl … | head`.
stdout.on('error', () => process.exit(1));
process.exitCode = await runCommand(argv.slice(2), { input: stdin, output: stdout, errors: stderr });
// A standard input that was read from keeps the process alive.
stdin.destroy();
