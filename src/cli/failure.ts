import { PeerAlert, SslError, sentence } from '../registry/fatal.ts';

/** Failures as ERR_print_errors(3) prints them, less what only C has: the thread, the function, the file. */
export function errorLines(error: unknown): string {
  const tls = tlsCause(error);
  if (tls === undefined) return `${error instanceof Error ? error.message : String(error)}\n`;
  const code = ((20 << 23) | tls.reasonCode).toString(16).toUpperCase().padStart(8, '0');
  const reason = sentence(tls.reason);
  const detail = tls instanceof PeerAlert ? `SSL alert number ${tls.alertCode}` : tls.message.slice(reason.length + 2);
  return `0000000000000000:error:${code}:SSL routines::${reason}::0:${detail}\n`;
}

/** The failure of TLS behind an error in Node's form. */
function tlsCause(error: unknown): SslError | undefined {
  if (error instanceof SslError) return error;
  return error instanceof Error && error.cause !== undefined ? tlsCause(error.cause) : undefined;
}
