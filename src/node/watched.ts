/** What the flags `--tls-keylog` and `--trace-tls` of the runtime want to be told of each connection. */
import { fs } from './builtins.ts';
import { runtimeFlag } from './runtime-flags.ts';

const keylogFile = runtimeFlag('--tls-keylog');
const traces = runtimeFlag('--trace-tls') !== undefined;
const warned = new Set<string>();

/** Whether messages are traced where an option does not say. */
export function tracesByDefault(): boolean {
  if (traces) warnOnce('Enabling --trace-tls can expose sensitive data in the resulting log.');
  return traces;
}

/** Who writes the secrets of connections to the file that was named; undefined where none was. */
export const keylogWriter: ((line: Buffer) => void) | undefined = keylogFile
  ? (line) => {
      warnOnce(`Using --tls-keylog makes TLS connections insecure by writing secret key material to file ${keylogFile}`);
      fs.appendFile(keylogFile, line, { mode: 0o600 }, (error) => {
        if (error) warnOnce(`Failed to write TLS keylog (this warning will not be repeated): ${error}`);
      });
    }
  : undefined;

function warnOnce(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  process.emitWarning(text);
}
