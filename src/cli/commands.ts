import { SslError } from '../registry/fatal.ts';
import { ciphers } from './ciphers.ts';
import { ech } from './ech.ts';
import { errorLines } from './failure.ts';
import { sClient } from './s-client.ts';
import { sServer } from './s-server.ts';
import { sessId } from './sess-id.ts';
import { type Command, type Terminal, UsageError } from './terminal.ts';
import { verify } from './verify.ts';
import { version } from './version.ts';
import { x509 } from './x509.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  ciphers,
  ech,
  s_client: sClient,
  s_server: sServer,
  sess_id: sessId,
  verify,
  version,
  x509,
};

/** Runs a command by its name; resolves with the exit code. */
export async function runCommand([name, ...words]: readonly string[], terminal: Terminal): Promise<number> {
  if (name === undefined || name === 'help' || name === '-help' || name === '--help') {
    terminal.output.write(overview());
    return 0;
  }
  const command = COMMANDS[name.replaceAll('-', '_')];
  if (command === undefined) {
    terminal.errors.write(`Invalid command '${name}'; type "help" for a list.\n`);
    return 1;
  }
  try {
    return await command.run(words, terminal);
  } catch (error) {
    if (error instanceof UsageError) terminal.errors.write(`${name}: ${error.message}\n${name}: Use -help for summary.\n`);
    else if (error instanceof SslError) terminal.errors.write(errorLines(error));
    else throw error;
    return 1;
  }
}

const overview = (): string =>
  `libssl: OpenSSL's commands over a TLS of its own\n\n${Object.entries(COMMANDS)
    .map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}\n`)
    .join('')}\nlibssl COMMAND -help shows the options of a command.\n`;
