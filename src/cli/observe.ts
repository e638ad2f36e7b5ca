import { appendFileSync, createWriteStream, existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { Arguments, OptionGroup } from './arguments.ts';
import type { Draft } from './tls-options.ts';
import { traceMessages, traceStates } from './trace.ts';

export const DEBUG_OPTIONS: OptionGroup = {
  title: 'Debug options',
  options: [
    { name: 'msg', help: 'Show protocol messages' },
    { name: 'msgfile', value: 'outfile', help: 'Where -msg writes, in place of the standard output' },
    { name: 'state', help: 'Print the SSL states' },
    { name: 'debug', help: 'Has no effect; see -msg' },
    { name: 'keylogfile', value: 'outfile', help: 'Write TLS secrets to a file' },
    { name: 'keymatexport', value: 'label', help: 'Export keying material' },
    { name: 'keymatexportlen', value: 'int', help: 'So many bytes of it; default 20' },
  ],
};

/** Hangs the callbacks of -msg, -state and -keylogfile into the settings. */
export function observe(args: Arguments, draft: Draft, output: Writable, errors: Writable): void {
  const { settings } = draft;
  const msgFile = args.text('msgfile');
  if (args.has('msg')) settings.msgCallback = traceMessages(msgFile === undefined ? output : createWriteStream(msgFile));
  if (args.has('state')) settings.infoCallback = traceStates(errors);
  const keylog = args.text('keylogfile');
  if (keylog === undefined) return;
  if (!existsSync(keylog)) appendFileSync(keylog, '# SSL/TLS secrets log file\n', { mode: 0o600 });
  settings.keylogCallback = (_ssl, line) => appendFileSync(keylog, `${line}\n`, { mode: 0o600 });
}
