/** The flags that the runtime was started with, as `node:tls` follows them: on the command line, or in NODE_OPTIONS. */

const WORDS = /(?:[^\s"]|"(?:\\.|[^"\\])*")+/g;

/** The words of NODE_OPTIONS, in which quotes hold together what has spaces. */
const wordsOf = (text: string): string[] => (text.match(WORDS) ?? []).map((word) => word.replace(/\\(.)|"/g, '$1'));

const given: readonly string[] = [...wordsOf(process.env['NODE_OPTIONS'] ?? ''), ...process.execArgv];

/** The value of a flag, `--name=value` or `--name value`, the last of several; undefined where it is not there, and empty where it has none. */
export function runtimeFlag(name: string): string | undefined {
  const at = given.findLastIndex((word) => word === name || word.startsWith(`${name}=`));
  if (at < 0) return undefined;
  const word = given[at] as string;
  if (word !== name) return word.slice(name.length + 1);
  const next = given[at + 1];
  return next === undefined || next.startsWith('-') ? '' : next;
}

/** Whether there is a flag whose name begins so. */
export const hasRuntimeFlags = (prefix: string): boolean => given.some((word) => word.startsWith(prefix));
