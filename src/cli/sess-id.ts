import { writeFileSync } from 'node:fs';
import { pemText } from '../asn1/pem.ts';
import { utf8 } from '../bytes/bytes.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import type { SslSession } from '../session/session.ts';
import { type Arguments, helpText, type OptionGroup, parseArguments, usage } from './arguments.ts';
import { readInput } from './identity-options.ts';
import { readSessionPem, sessionPem, sessionText } from './session-file.ts';
import type { Command } from './terminal.ts';

const GROUPS: readonly OptionGroup[] = [
  {
    title: 'General options',
    options: [
      { name: 'help', help: 'Display this summary' },
      { name: 'context', value: 'val', help: 'Set the session ID context' },
    ],
  },
  {
    title: 'Input options',
    options: [
      { name: 'in', value: 'infile', help: 'Session file' },
      { name: 'inform', value: 'PEM|DER', help: 'Form of the input; default: PEM' },
    ],
  },
  {
    title: 'Output options',
    options: [
      { name: 'out', value: 'outfile', help: 'Where to write; default: the standard output' },
      { name: 'outform', value: 'PEM|DER', help: 'Form of the output; default: PEM' },
      { name: 'text', help: 'Print what is in the session, with its secret' },
      { name: 'cert', help: "Write the peer's certificate in place of the session" },
      { name: 'noout', help: 'Do not write the session' },
    ],
  },
];

export const sessId: Command = {
  summary: 'shows and converts session files',
  run(words, { output }) {
    const args = parseArguments(words, GROUPS);
    if (args.has('help')) output.write(helpText('libssl sess_id [options]', GROUPS));
    else write(args, output);
    return Promise.resolve(0);
  },
};

function write(args: Arguments, output: NodeJS.WritableStream): void {
  const session = read(args);
  const context = args.text('context');
  if (context !== undefined) session.update({ idContext: utf8(context) });
  if (args.has('text')) output.write(sessionText(session));
  if (args.has('noout')) return;
  const bytes = isDer(args, 'outform') ? derOf(session, args) : pemOf(session, args);
  const path = args.text('out');
  if (path === undefined) output.write(bytes);
  else writeFileSync(path, bytes, { mode: 0o600 });
}

function read(args: Arguments): SslSession {
  const path = args.text('in') ?? usage('-in is needed: the standard input is not read');
  const bytes = readInput(path, 'session');
  return isDer(args, 'inform') ? decodeSession(new Uint8Array(bytes)) : readSessionPem(bytes.toString('latin1'), path);
}

function isDer(args: Arguments, option: string): boolean {
  const form = (args.text(option) ?? 'PEM').toUpperCase();
  return form === 'DER' || (form !== 'PEM' && usage(`Invalid format "${form}" for option -${option}`));
}

const pemOf = (session: SslSession, args: Arguments): string =>
  args.has('cert') ? pemText('CERTIFICATE', derOf(session, args)) : sessionPem(session);

function derOf(session: SslSession, args: Arguments): Uint8Array {
  if (!args.has('cert')) return encodeSession(session);
  return session.data.peerChain[0]?.der ?? usage('No certificate present');
}
