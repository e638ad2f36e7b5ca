import { UsageError } from './terminal.ts';

/** One option as it is written: `-name`, with a value behind it or without. */
export interface OptionSpec {
  readonly name: string;
  /** What the value is, as the help shows it; absent for a flag. */
  readonly value?: string;
  readonly help: string;
}

/** Options under a heading of the help. */
export interface OptionGroup {
  readonly title: string;
  readonly options: readonly OptionSpec[];
}

/** What was written on a command line. Of an option that stands twice the last one counts, unless all are asked for. */
export class Arguments {
  private readonly values: ReadonlyMap<string, string>;
  private readonly pairs: readonly (readonly [string, string])[];
  /** What is no option. */
  readonly rest: readonly string[];

  constructor(pairs: readonly (readonly [string, string])[], rest: readonly string[]) {
    this.values = new Map(pairs);
    this.pairs = pairs;
    this.rest = rest;
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  text(name: string): string | undefined {
    return this.values.get(name);
  }

  /** Every value of an option that may be repeated, in their order. */
  all(name: string): readonly string[] {
    return this.pairs.flatMap(([given, value]) => (given === name ? [value] : []));
  }

  /** The first of several spellings that was used. */
  first(...names: readonly string[]): string | undefined {
    return names.map((name) => this.values.get(name)).find((value) => value !== undefined);
  }

  number(name: string): number | undefined {
    const text = this.values.get(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : usage(`Can't parse "${text}" as a number for -${name}`);
  }

  /** Every option that was given, in its order. */
  get given(): Iterable<readonly [string, string]> {
    return this.values;
  }
}

/** Reads a command line the way OpenSSL's commands do: one dash or two, the value in the next word; after `--` nothing is an option. */
export function parseArguments(words: readonly string[], groups: readonly OptionGroup[]): Arguments {
  const known = new Map(groups.flatMap(({ options }) => options.map((option) => [option.name, option] as const)));
  const pairs: (readonly [string, string])[] = [];
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--') {
      rest.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    const name = word.slice(word.startsWith('--') ? 2 : 1);
    const option = known.get(name) ?? usage(`Unknown option: ${word}`);
    if (option.value !== undefined && at + 1 >= words.length) usage(`Option -${name} needs a value`);
    pairs.push([name, option.value === undefined ? '' : (words[++at] as string)]);
  }
  return new Arguments(pairs, rest);
}

/** The help of a command. */
export function helpText(usageLine: string, groups: readonly OptionGroup[]): string {
  const sections = groups.map(({ title, options }) => {
    const lines = options.map(({ name, value, help }) => ` ${`-${name}${value === undefined ? '' : ` ${value}`}`.padEnd(26)} ${help}`);
    return `\n${title}:\n${lines.join('\n')}\n`;
  });
  return `Usage: ${usageLine}\n${sections.join('')}`;
}

export function usage(message: string): never {
  throw new UsageError(message);
}
