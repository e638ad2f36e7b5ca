/** Configuration files as OpenSSL has them (config(5)): sections of `name = value`, with quotes, escapes, variables and continued lines. */

/** One `name = value` of a section. */
export interface ConfValue {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

/** A line that is none of such a file, counted from 1. */
export interface ConfProblem {
  readonly line: number;
  readonly detail: string;
}

/** The section of what stands before any other, where names are looked for that other sections lack. */
export const DEFAULT_SECTION = 'default';

/** What was read from files, in their order. */
export class ConfFile {
  readonly values: ConfValue[] = [];
  private readonly environment: (name: string) => string | undefined;

  /** `environment` answers for variables of the section ENV. */
  constructor(environment: (name: string) => string | undefined = () => undefined) {
    this.environment = environment;
  }

  section(name: string): readonly ConfValue[] {
    return this.values.filter(({ section }) => section === name);
  }

  /** The last value of a name in a section, or for want of one in the default section. */
  find(section: string, name: string): string | undefined {
    if (section === 'ENV') return this.environment(name);
    const last = (place: string): string | undefined =>
      this.values.findLast((value) => value.section === place && value.name === name)?.value;
    return last(section) ?? last(DEFAULT_SECTION);
  }

  /** Takes in the lines of a file as far as they are good ones; the first that is not ends it. */
  read(text: string): ConfProblem | undefined {
    let section = DEFAULT_SECTION;
    let joined = '';
    for (const [i, part] of text.split('\n').entries()) {
      joined += part.endsWith('\r') ? part.slice(0, -1) : part;
      if (isContinued(joined)) {
        joined = joined.slice(0, -1);
        continue;
      }
      const line = withoutComment(joined).trim();
      joined = '';
      if (line === '') continue;
      const problem = line.startsWith('[') ? undefined : this.take(line, section);
      const header = line.startsWith('[') ? headerOf(line) : section;
      if (header === undefined || problem !== undefined) return { line: i + 1, detail: problem ?? 'a section without its end' };
      section = header;
    }
    return undefined;
  }

  /** Takes in one `name = value` or `section::name = value`; what is wrong with it. */
  private take(line: string, current: string): string | undefined {
    const equals = line.indexOf('=');
    const path = line.slice(0, Math.max(equals, 0)).trim();
    const at = path.indexOf('::');
    const [section, name] = at < 0 ? [current, path] : [path.slice(0, at), path.slice(at + 2)];
    if (name === '' || ![...section, ...name].every(isNameCharacter)) return 'neither a name with a value nor a section';
    const value = new Expansion(this, section).of(line.slice(equals + 1).trim());
    if (value === undefined) return 'a variable without a value';
    this.values.push({ section, name, value });
    return undefined;
  }
}

/** An odd number of backslashes at its end joins the next line to a line. */
function isContinued(line: string): boolean {
  let at = line.length;
  while (at > 0 && line.charAt(at - 1) === '\\') at--;
  return (line.length - at) % 2 === 1;
}

/** A `#` outside of quotes begins a comment. */
function withoutComment(line: string): string {
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const letter = line.charAt(at);
    if (letter === '\\') at++;
    else if (letter === quote) quote = '';
    else if (quote === '' && (letter === '"' || letter === "'")) quote = letter;
    else if (quote === '' && letter === '#') return line.slice(0, at);
  }
  return line;
}

function headerOf(line: string): string | undefined {
  const end = line.indexOf(']');
  return end < 0 ? undefined : line.slice(1, end).trim();
}

const isAlphanumeric = (letter: string): boolean =>
  (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter === '_';

const isNameCharacter = (letter: string): boolean => isAlphanumeric(letter) || '!.%&*+,/;?@^~|- '.includes(letter);

/** The characters that some letters stand for after a backslash; any other stands for itself. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
]);

const CLOSING: ReadonlyMap<string, string> = new Map([
  ['{', '}'],
  ['(', ')'],
]);

/** Quotes, escapes and variables of a value resolved. */
class Expansion {
  private readonly file: ConfFile;
  private readonly section: string;
  private raw = '';
  private at = 0;

  constructor(file: ConfFile, section: string) {
    this.file = file;
    this.section = section;
  }

  /** Undefined where a variable has no value. */
  of(raw: string): string | undefined {
    this.raw = raw;
    this.at = 0;
    let out = '';
    while (this.at < raw.length) {
      const letter = raw.charAt(this.at++);
      const piece = letter === '$' ? this.variable() : letter === '"' || letter === "'" ? this.quoted(letter) : this.plain(letter);
      if (piece === undefined) return undefined;
      out += piece;
    }
    return out;
  }

  private plain(letter: string): string {
    if (letter !== '\\') return letter;
    const escaped = this.raw.charAt(this.at++);
    return ESCAPES.get(escaped) ?? escaped;
  }

  /** Inside of quotes a backslash does no more than to take the next letter as it is. */
  private quoted(quote: string): string {
    let out = '';
    while (this.at < this.raw.length) {
      const letter = this.raw.charAt(this.at++);
      if (letter === quote) break;
      out += letter === '\\' ? this.raw.charAt(this.at++) : letter;
    }
    return out;
  }

  /** `$name`, `$section::name`, or either in braces or parentheses. */
  private variable(): string | undefined {
    const closing = CLOSING.get(this.raw.charAt(this.at));
    if (closing !== undefined) this.at++;
    const first = this.word();
    const inSection = this.raw.startsWith('::', this.at);
    if (inSection) this.at += 2;
    const [section, name] = inSection ? [first, this.word()] : [this.section, first];
    if (closing !== undefined && this.raw.charAt(this.at++) !== closing) return undefined;
    return this.file.find(section, name);
  }

  private word(): string {
    const start = this.at;
    while (this.at < this.raw.length && isAlphanumeric(this.raw.charAt(this.at))) this.at++;
    return this.raw.slice(start, this.at);
  }
}
